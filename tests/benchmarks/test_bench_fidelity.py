"""The benchmark runs its models in their own processes and judges them."""

import json
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def datasets(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import datasets

    return datasets


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    # The workers import the package from here, installed or not.
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    import bench_fidelity

    return bench_fidelity


@pytest.fixture
def data_dir(tmp_path):
    """A folder with one small set in the layout of the real ones."""
    folder = tmp_path / "data" / "titanic"
    folder.mkdir(parents=True)
    n = 200
    table = pd.DataFrame(
        {
            "key": range(n),
            "when": pd.date_range("2020", periods=n).strftime("%Y-%m-%d"),
            "fare": [k % 17 + 0.1 for k in range(n)],
            "deck": ["NA" if k % 3 else "" for k in range(n)],
            "alive": [k % 17 > 8 for k in range(n)],
        }
    )
    table.to_csv(folder / "data.csv.gz", index=False)
    kinds = {"key": "id", "when": "datetime", "fare": "numerical"}
    meta = {
        "target": "alive",
        "task": "binary classification",
        "columns": {name: {"sdtype": kind} for name, kind in kinds.items()},
    }
    (folder / "meta.json").write_text(json.dumps(meta))
    return folder.parent


def test_a_set_is_read_and_split_the_same_way_each_time(datasets, data_dir):
    data = datasets.load("titanic", data_dir)
    again = datasets.load("titanic", data_dir)
    assert list(data.train.columns) == ["when", "fare", "deck", "alive"]
    assert (len(data.train), len(data.holdout)) == (160, 40)
    pd.testing.assert_frame_equal(data.train, again.train)
    assert data.train["when"].dtype.kind == "M"
    assert set(data.train["deck"].dropna()) == {"NA"}
    assert (data.target, data.task) == ("alive", "classification")


def test_rows_survive_the_way_through_a_file(datasets, data_dir, tmp_path):
    train = datasets.load("titanic", data_dir).train
    train.to_csv(tmp_path / "rows.csv", index=False)
    pd.testing.assert_frame_equal(
        datasets.read_like(tmp_path / "rows.csv", train), train
    )


def test_unknown_sets_and_folders_are_named(datasets, data_dir):
    with pytest.raises(ValueError, match="No data set 'moons'"):
        datasets.load("moons", data_dir)
    with pytest.raises(FileNotFoundError, match="SYNTHOHIVE_DATA"):
        datasets.load("adult", data_dir)


@pytest.mark.slow
def test_models_run_side_by_side_and_are_judged(bench, data_dir, tmp_path, capsys):
    arguments = [
        "--data",
        "titanic",
        "--models",
        "cart",
        "cart:leaf=40",
        "cart:leaves=5",
    ]
    arguments += ["--data-dir", str(data_dir), "--out", str(tmp_path), "--jobs", "2"]
    # One of the models is given an option that it does not have.
    assert bench.main(arguments) == 1
    printed = capsys.readouterr().out
    assert "unexpected keyword argument 'leaves'" in printed
    assert "real held-out rows" in printed
    result = json.loads((tmp_path / "fidelity-titanic.json").read_text())
    assert result["failed"] == 1
    cart, coarse, floor = result["runs"]
    assert [r["model"] for r in result["runs"]] == [
        "cart",
        "cart:leaf=40",
        "independent",
    ]
    assert coarse["options"] == {"leaf": 40}
    assert all(run["peak_memory_mb"] > 10 for run in result["runs"])
    # Real values from small leaves are far better than independent columns.
    assert cart["tstr"] > 0.9 > floor["tstr"]
    assert cart["nmi_error"] < floor["nmi_error"]
    assert result["real held-out rows"]["tstr"] > 0.9

    for name in ("fidelity.json", "fidelity.md", "fidelity.png"):
        assert (tmp_path / name).stat().st_size > 500
    assert "| titanic, cart:leaf=40 | 1 |" in (tmp_path / "fidelity.md").read_text()

    # Runs that are kept are not judged again, unless that is asked for.
    bench.main([*arguments[:4], *arguments[6:], "--reuse", "--only-judge"])
    printed = capsys.readouterr().out
    assert printed.count(": kept") == 2
    assert "judged in" not in printed


def test_the_table_shows_the_mean_and_the_range(bench):
    runs = [
        {"model": "m", "seconds": {"fit": fit}, "shape": 0.9, "dcr": dcr}
        for fit, dcr in ((1.0, 0.5), (2.0, 0.52))
    ]
    from fidelity_tables import table_of

    table = table_of({"runs": runs, "real held-out rows": {"shape": 0.99}})
    assert table.loc["m", "fit s"] == "1.5 [1.0, 2.0]"
    assert table.loc["m", "dcr"] == "0.510 [0.500, 0.520]"
    assert table.loc["m", "shape"] == "0.900"
    assert table.loc["real held-out rows", "fit s"] == ""


def test_options_of_a_model(bench):
    model = bench.Model("ours:generator=mlp,epochs=5,pac=1")
    assert model.peer == "ours"
    assert model.options(300) == {"generator": "mlp", "epochs": 5, "pac": 1}
    assert bench.Model("ours").options(300) == {"epochs": 300}
    assert bench.Model("cart").options(300) == {}
    with pytest.raises(ValueError, match="'fast' of 'ours:fast' has no value"):
        bench.Model("ours:fast").options(None)
    with pytest.raises(SystemExit):
        bench.parse(["--models", "nobody"])


def test_a_model_over_its_limit_is_stopped_and_said_so(
    bench, data_dir, tmp_path, capsys
):
    out = tmp_path / "results"
    # Loading the packages alone takes the processor more than a second.
    arguments = ["--data", "titanic", "--data-dir", str(data_dir), "--out", str(out)]
    arguments += ["--models", "ours", "--limit", "1"]
    assert bench.main(arguments) == 0
    assert "not done in 1 s of the processor" in capsys.readouterr().out
    result = json.loads((out / "fidelity-titanic.json").read_text())
    stopped = {"seed": 0, "limit": 1}
    assert {"model": "ours", **stopped} in result["stopped"]
    assert "titanic, ours" in (out / "fidelity.md").read_text()
    assert "not done in 1" in (out / "fidelity.md").read_text()
    bench.main([*arguments, "--reuse"])
    assert "not there" in capsys.readouterr().out
