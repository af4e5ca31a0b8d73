"""The command that judges two files."""

import json

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive.cli import main


def rows(n, seed):
    rng = np.random.default_rng(seed)
    size = rng.normal(size=n)
    return pd.DataFrame(
        {
            "size": size,
            "zip": np.where(size > 0, "00501", "10115"),
            "since": pd.Timestamp("2020")
            + pd.to_timedelta(rng.integers(0, 99, n), "D"),
            "buys": np.where(size + rng.normal(size=n) > 0, "yes", None),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    for seed, name in enumerate(["real", "holdout"]):
        rows(250, seed).to_csv(folder / f"{name}.csv", index=False)
    # Without a leading zero the codes look like numbers.
    rows(250, 2).assign(zip="10115").to_csv(folder / "synthetic.csv", index=False)
    history = pd.DataFrame({"epoch": [1, 2], "nll_loss": [2.0, 1.0]})
    history.to_csv(folder / "training_metrics.csv", index=False)
    return folder


def test_report_writes_a_page_and_figures(folder, capsys):
    files = ["real.csv", "synthetic.csv", "--holdout", "holdout.csv"]
    files += ["--history", "training_metrics.csv", "-o", "out.html", "--json", "o.json"]
    command = [f if f.startswith("-") else str(folder / f) for f in files]
    assert main(["report", *command, "--target", "buys", "--seed", "3"]) == 0
    printed = capsys.readouterr().out
    assert "Privacy: " in printed
    assert "zip: never produced: '00501'" in printed
    page = (folder / "out.html").read_text(encoding="utf-8")
    assert "250 held-out real rows" in page
    assert "Losses and score by epoch" in page
    found = json.loads((folder / "o.json").read_text(encoding="utf-8"))
    assert found["seed"] == 3
    assert found["columns"]["since"]["kind"] == "date"
    assert "ROC AUC" in found["summary"]


def test_errors_are_one_line_and_come_before_long_work(folder, capsys):
    real, out = str(folder / "real.csv"), str(folder / "out2.html")
    cases = [
        (["no.csv", real, "-o", str(folder / "none" / "r.html")], "none"),
        (["no.csv", real, "-o", str(folder)], "is a folder"),
        ([str(folder / "no.csv"), real, "-o", out], "no.csv"),
        ([real, real, "-o", out, "--target", "price"], "price"),
        ([real, real, "-o", out, "--max-rows", "7"], "max_rows"),
    ]
    for arguments, word in cases:
        assert main(["report", *arguments]) == 2
        error = capsys.readouterr().err
        assert error.startswith("synthohive: error: ")
        assert error.count("\n") == 1
        assert word in error
    assert not (folder / "out2.html").exists()
