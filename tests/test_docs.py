"""The code, the links and the names in README and docs are right."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sklearn_synthohive
from sklearn_synthohive import calibration, metadata, metrics, reports

ROOT = Path(__file__).resolve().parents[1]
BERKA = ROOT.parent / "shared" / "data" / "berka_no_trans"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGES.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*.md")),
]


def _blocks(page, language):
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return fence.findall(page.read_text(encoding="utf-8"))


def _name(page):
    return str(page.relative_to(ROOT))


def _customers(n_rows=300):
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, n_rows)
    income = np.round(rng.gamma(4.0, 800.0, n_rows) + 10 * age, 2)
    income[rng.random(n_rows) < 0.1] = np.nan
    days = rng.integers(0, 2_000, n_rows)
    return pd.DataFrame(
        {
            "age": age,
            "income": income,
            "city": rng.choice(["Bonn", "Lima", "Oslo", "Rome"], n_rows),
            "joined": pd.Timestamp("2018-01-01") + pd.to_timedelta(days, unit="D"),
            "member": rng.random(n_rows) < 0.4,
        }
    )


def _write_shop():
    """A folder with users, and orders that refer to them."""
    rng = np.random.default_rng(0)
    users = pd.DataFrame(
        {"user_id": range(1, 201), "plan": rng.choice(["free", "paid"], 200)}
    )
    n_orders = rng.poisson(np.where(users["plan"] == "free", 1, 4))
    orders = pd.DataFrame({"user_id": np.repeat(users["user_id"], n_orders)})
    orders.insert(0, "order_id", range(len(orders)))
    orders["amount"] = rng.gamma(2.0, 10.0, len(orders)).round(2)
    Path("shop").mkdir()
    users.to_csv("shop/users.csv", index=False)
    orders.to_csv("shop/orders.csv", index=False)


@pytest.mark.parametrize("page", [p for p in PAGES if _blocks(p, "python")], ids=_name)
def test_code_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _customers().to_csv("customers.csv", index=False)
    _write_shop()
    if 'find_tables("berka")' in page.read_text(encoding="utf-8"):
        if not BERKA.is_dir():
            pytest.skip(f"the real tables are not beside the project ({BERKA})")
        Path("berka").symlink_to(BERKA)
    names = {"__name__": "__main__"}
    for i, block in enumerate(_blocks(page, "python")):
        code = compile(block, f"{_name(page)}, block {i}", "exec")
        exec(code, names)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    local = [t for t in targets if "://" not in t]
    assert [t for t in local if not (page.parent / t).exists()] == []


def test_ci_runs_the_command_of_the_readme():
    commands = [b.strip() for b in _blocks(ROOT / "README.md", "bash")]
    assert "./run-tests" in commands
    assert "./run-tests\n" in (ROOT / ".ci" / "run").read_text()


def test_pictures_are_small():
    pictures = list((ROOT / "docs").rglob("*.png"))
    assert pictures
    assert [p for p in pictures if p.stat().st_size >= 150_000] == []


@pytest.mark.parametrize(
    "module", [sklearn_synthohive, calibration, metadata, metrics, reports]
)
def test_public_names_are_listed(module):
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    section = text.split(f"## `{module.__name__}`")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert sorted(listed) == sorted(module.__all__)
