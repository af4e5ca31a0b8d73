"""Runs taken into the page on benchmarks."""

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def publish(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import publish_fidelity

    return publish_fidelity


def run(model, seed, auc=0.5):
    scores = dict.fromkeys(
        ["shape", "trend", "tstr", "dcr", "membership_auc", "copies_percent"], 0.5
    )
    return {
        "model": model,
        "seed": seed,
        "seconds": {"fit": 2.0, "sample": 1.0},
        "cpu_seconds": {"fit": 1.0, "sample": 0.5},
        "peak_memory_mb": 1234.0,
        "c2st_train": auc,
        "c2st_holdout": auc,
        **scores,
    }


def result(data, runs, stopped=()):
    return {
        "data": data,
        "machine": {"cores": 2, "threads": 1, "platform": "of no interest"},
        "stopped": list(stopped),
        "runs": runs,
        "real held-out rows": {"shape": 0.9, "c2st_holdout": 0.5, "copies_percent": 0},
    }


def test_new_runs_replace_their_like_and_join_the_others(publish):
    stop = {"model": "ctgan", "seed": 0, "limit": 900}
    old = [
        result("adult", [run("ours", 0), run("ours", 1), run("cart", 0)], [stop]),
        result("magic", [run("ours", 0)]),
    ]
    new = [result("adult", [run("ctgan", 0), run("ours", 1, auc=0.6)])]
    adult, magic = publish.merged(old, new)
    found = [(r["model"], r["seed"], r["c2st_train"]) for r in adult["runs"]]
    assert found == [
        ("ours", 0, 0.5),
        ("ours", 1, 0.6),
        ("ctgan", 0, 0.5),
        ("cart", 0, 0.5),
    ]
    assert adult["stopped"] == []
    assert adult["machine"] == {"cores": 2, "threads": 1}
    assert magic == old[1]


def test_the_table_has_names_and_no_zeros_before_points(publish):
    stop = {"model": "tvae", "seed": 0, "limit": 900}
    table = publish.page_table(
        [result("adult", [run("ours", 0), run("ours", 1, auc=0.6)], [stop])]
    )
    heads, rule, ours, real, stopped = table.splitlines()
    assert heads.startswith("| set, model | seeds | CPU s | peak, MB | shape |")
    assert rule.count("---") == heads.count("|") - 1 == 12
    assert ours == (
        "| adult, **ours** | 2 | 1.5 | 1,234 | .500 | .500 | .550 (.500-.600) | "
        ".550 (.500-.600) | .500 | .500 | .500 | 0.50 |"
    )
    assert real.startswith("| adult, real held-out rows |  |  |  | .900 |")
    assert stopped.startswith("| adult, TVAE |  | not done in 900 |")


@pytest.mark.parametrize(
    ("cell", "short"),
    [("0.513", ".513"), ("-0.038", "-.038"), ("0.06", "0.06"), ("10.25", "10.25")],
)
def test_cells(publish, cell, short):
    assert publish._short(cell) == short
