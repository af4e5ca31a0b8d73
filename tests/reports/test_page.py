"""The page: self-contained, escaped, readable in a real browser."""

import html
import html.parser
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from report_cases import rows

from sklearn_synthohive.reports import QualityReport, Section

EVIL = '<img src=x onerror="alert(1)">'


def evil_rows(seed):
    """Names and values that would be markup, formulas or attributes."""
    frame = rows(300, seed)[["size", "city", "buys", "since"]]
    frame["city"] = frame["city"].replace("Rome", EVIL)
    names = {"size": "<script>alert('x')</script>", "buys": '"a" & $b_{c$', "since": 7}
    return frame.rename(columns=names)


class Tags(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def result():
    history = pd.DataFrame(
        {"epoch": [1, 2, 3], "nll_loss": [3.0, 2.0, 1.8], "fidelity": [0.7, None, 0.9]}
    )
    section = Section(EVIL, EVIL, tables={EVIL: pd.DataFrame({EVIL: [EVIL]})})
    report = QualityReport(
        evil_rows(0),
        evil_rows(1),
        evil_rows(2),
        '"a" & $b_{c$',
        history=history,
        sections=[section],
        title=EVIL,
    )
    return report.compute()


@pytest.fixture(scope="module")
def text(result):
    return result.to_html()


def test_whatever_comes_from_the_data_is_escaped(text, result):
    tags = Tags(text).found
    assert {tag for tag, _ in tags} & {
        "script",
        "iframe",
        "object",
        "link",
        "a",
    } == set()
    # Each picture is one of ours, and no tag listens to an event.
    assert all(a["src"].startswith("data:") for tag, a in tags if tag == "img")
    assert not [a for _, attributes in tags for a in attributes if a.startswith("on")]
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in text
    begun = Tags(result._repr_html_()).found
    assert {tag for tag, _ in begun} & {"script", "img"} == set()


def test_the_page_asks_nothing_of_the_network(text):
    beyond = re.sub(r"data:image/svg\+xml;base64,[\w+/=]+", "", text)
    assert "http:" not in beyond
    assert "https:" not in beyond
    assert "url(" not in beyond
    assert "default-src 'none'" in text
    assert len(re.findall("data:image", text)) >= 10
    # Told by words and signs, not by colour alone.
    assert "✓ good" in text or "✗ not good" in text or "! have a look" in text


def test_the_same_figures_give_the_same_page(result, text, tmp_path):
    again = result.to_html(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == again
    undated = [re.sub(r"Written [^<]*", "", page) for page in (again, text)]
    assert undated[0] == undated[1]


def test_without_matplotlib_the_page_says_what_to_install(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    text = result.to_html()
    assert "sklearn-synthohive[plots]" in text
    assert "<img" not in text
    assert "All figures" in text
    with pytest.raises(ImportError, match="plots"):
        result.plot_roc()


def test_wide_tables_are_drawn_in_part():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(200, 40)).round(2)).rename(columns=str)
    page = QualityReport(table, table[::-1], table).compute().to_html()
    assert "The other 16 columns are not drawn." in page


LOOK = """<!DOCTYPE html><body><iframe id="f" src="report.html"
  style="width: {width}px; height: 900px; border: 0"></iframe><script>
  document.getElementById("f").onload = () => {{
    const page = document.getElementById("f").contentDocument;
    const images = [...page.images];
    document.title = JSON.stringify({{
      overflow: page.documentElement.scrollWidth - {width},
      images: images.length,
      broken: images.filter(i => i.naturalWidth === 0).length,
      wide: images.filter(i => i.getBoundingClientRect().right > {width}).length,
      heading: page.querySelector("h1").textContent,
    }});
  }};</script></body>"""


@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_shows_it(result, tmp_path, width):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium: apt-get install chromium")
    result.to_html(tmp_path / "report.html")
    (tmp_path / "look.html").write_text(LOOK.format(width=width))
    options = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
    options += " --disable-background-networking --disable-component-update"
    options += " --disable-sync --allow-file-access-from-files"
    command = [browser, *options.split(), f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--virtual-time-budget=10000", "--window-size=1400,1000", "--dump-dom"]
    done = subprocess.run(
        [*command, (tmp_path / "look.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    seen = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert seen, done.stderr[-2000:]
    facts = json.loads(html.unescape(seen[1]))
    assert facts["heading"] == EVIL
    assert facts["images"] >= 10
    assert facts["broken"] == facts["wide"] == 0
    assert facts["overflow"] <= 0
