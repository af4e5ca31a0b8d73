"""The command line, in this process and as a program."""

import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive import CTGAN, Constraint, Metadata
from sklearn_synthohive.cli import main


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    n_rows = 200
    return pd.DataFrame(
        {
            "id": np.arange(n_rows),
            "age": rng.integers(18, 90, n_rows),
            "weight": rng.normal(70, 10, n_rows).round(1),
            "city": rng.choice(["Bonn", "Oslo", "Rome"], n_rows),
            "member": rng.random(n_rows) < 0.4,
        }
    )


@pytest.fixture(scope="module")
def folder(table, tmp_path_factory):
    """A folder with data.csv and a model that the command learned from it."""
    folder = tmp_path_factory.mktemp("cli")
    table.drop(columns="id").to_csv(folder / "data.csv", index=False)
    arguments = ["--epochs", "2", "--batch-size", "100", "--seed", "3", "--quiet"]
    assert main(["fit", f"{folder}/data.csv", "-o", f"{folder}/model", *arguments]) == 0
    return folder


def _fails(arguments, capsys, *words):
    capsys.readouterr()
    assert main([str(a) for a in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("synthohive: error: ")
    assert captured.err.count("\n") == 1
    for word in words:
        assert word in captured.err


def test_fit_saves_a_model_with_the_options_given(folder):
    model = CTGAN.from_saved(folder / "model")
    assert model.epochs == 2
    assert model.batch_size == 100
    assert model.seed_ == 3


def test_sample_writes_the_rows_of_the_model(folder, table):
    out = folder / "out.csv"
    command = ["sample", f"{folder}/model", "-n", "150", "--seed", "1", "-o", str(out)]
    assert main(command) == 0
    rows = pd.read_csv(out)
    assert list(rows.columns) == ["age", "weight", "city", "member"]
    assert len(rows) == 150
    assert set(rows["city"]) <= set(table["city"])
    again = folder / "again.csv"
    assert main([*command[:-1], str(again)]) == 0
    assert again.read_bytes() == out.read_bytes()
    assert main([*command[:-3], "2", "-o", str(again)]) == 0
    assert again.read_bytes() != out.read_bytes()


def test_calibrated_rows_are_those_of_the_model(folder):
    out = folder / "calibrated.csv"
    options = ["-n", "60", "--seed", "1", "-o", str(out), "--calibrated"]
    assert main(["sample", f"{folder}/model", *options]) == 0
    model = CTGAN.from_saved(folder / "model")
    expected = model.sample(60, seed=1, calibrated=True)
    assert pd.read_csv(out)["age"].tolist() == expected["age"].tolist()
    options += ["--condition", "city=Rome"]
    assert main(["sample", f"{folder}/model", *options]) == 0
    assert (pd.read_csv(out)["city"] == "Rome").all()


def test_sample_in_several_batches(folder, monkeypatch):
    monkeypatch.setattr("sklearn_synthohive.cli.SAMPLE_ROWS", 40)
    out = folder / "batches.parquet"
    assert main(["sample", f"{folder}/model", "-n", "90", "-o", str(out)]) == 0
    assert len(pd.read_parquet(out)) == 90


def test_sample_meets_conditions_of_each_kind(folder):
    out = folder / "conditions.csv"
    given = ["city=Rome", "member=true", "age=40"]
    options = [part for text in given for part in ("--condition", text)]
    assert (
        main(["sample", f"{folder}/model", "-n", "30", "-o", str(out), *options]) == 0
    )
    rows = pd.read_csv(out)
    assert len(rows) == 30
    assert (rows["city"] == "Rome").all()
    assert rows["member"].all()
    assert (rows["age"] == 40).all()


def test_metadata_keep_keys_out_and_constraints_on(table, tmp_path):
    table.to_parquet(tmp_path / "data.parquet")
    metadata = Metadata().add_table(
        "people", pk="id", constraints={"age": Constraint(dtype="int", min=18, max=60)}
    )
    metadata.to_json(tmp_path / "metadata.json")
    options = ["--metadata", str(tmp_path / "metadata.json"), "--table", "people"]
    model, out = str(tmp_path / "model"), tmp_path / "out.parquet"
    command = ["fit", str(tmp_path / "data.parquet"), "-o", model, *options]
    checkpoints = tmp_path / "run"
    assert main([*command, "--epochs", "1", "--checkpoint-dir", str(checkpoints)]) == 0
    assert (checkpoints / "final_checkpoint").is_dir()
    assert main(["sample", model, "-n", "50", "-o", str(out)]) == 0
    rows = pd.read_parquet(out)
    assert "id" not in rows
    assert rows["age"].max() <= 60


def test_errors_are_one_line(folder, capsys, tmp_path):
    data, model, out = folder / "data.csv", folder / "model", tmp_path / "out.csv"
    _fails(["fit", tmp_path / "no.csv", "-o", tmp_path / "m"], capsys, "no.csv")
    _fails(["fit", data, "-o", model], capsys, "--overwrite")
    _fails(["fit", data, "-o", tmp_path / "m", "--table", "t"], capsys, "--metadata")
    _fails(["sample", tmp_path / "none", "-n", 1, "-o", out], capsys, "none")
    _fails(["sample", model, "-n", 1, "-o", tmp_path / "out.xyz"], capsys, "out.xyz")
    condition = ["sample", model, "-n", 1, "-o", out, "--condition"]
    _fails([*condition, "town=Rome"], capsys, "town=Rome", "city")
    _fails([*condition, "age=young"], capsys, "young", "age")
    _fails([*condition, "city=Atlantis"], capsys, "Atlantis", "city")
    twice = ["age=30", "--condition", "age=40"]
    _fails([*condition, *twice], capsys, "'age' twice")
    _fails(["sample", tmp_path / "none", "-o", out], capsys, "no model", "none")
    lists = pd.DataFrame({"a": [[1, 2], [3]] * 20, "b": range(40)})
    lists.to_parquet(tmp_path / "lists.parquet")
    _fails(["fit", tmp_path / "lists.parquet", "-o", tmp_path / "m"], capsys, "a")
    assert not out.exists()


def test_metadata_needs_a_table(folder, capsys, tmp_path):
    Metadata().add_table("people").to_json(tmp_path / "m.json")
    fit = ["fit", folder / "data.csv", "-o", tmp_path / "m", "--metadata"]
    _fails([*fit, tmp_path / "m.json"], capsys, "--table")
    _fails([*fit, tmp_path / "m.json", "--table", "orders"], capsys, "orders", "people")


def test_conditions_hold_in_every_batch(folder, monkeypatch):
    monkeypatch.setattr("sklearn_synthohive.cli.SAMPLE_ROWS", 40)
    out = folder / "batches.csv"
    options = ["-n", "90", "-o", str(out), "--condition", "city=Rome", "--seed", "1"]
    assert main(["sample", f"{folder}/model", *options]) == 0
    rows = pd.read_csv(out)
    assert len(rows) == 90
    assert (rows["city"] == "Rome").all()
    assert not rows[:40].equals(rows[40:80].reset_index(drop=True))


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fit"],
        ["sample", "model", "-n", "0", "-o", "out.csv"],
        ["sample", "model", "-n", "many", "-o", "out.csv"],
        ["demo", "--seed", "-1"],
        ["fit", "data.csv", "-o", "model", "--epoch-count", "3"],
    ],
)
def test_usage_errors(arguments, capsys):
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert "usage: synthohive" in capsys.readouterr().err


def test_overwrite_replaces_the_model(folder, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(folder / "model", model)
    command = ["fit", f"{folder}/data.csv", "-o", str(model), "--epochs", "1"]
    assert main([*command, "--quiet", "--overwrite", "--seed", "8"]) == 0
    assert CTGAN.from_saved(model).seed_ == 8


def test_demo(tmp_path, capsys):
    command = ["demo", "--rows", "600", "--epochs", "1", "-o", str(tmp_path / "out")]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "480 rows to learn from, 120 held out." in printed
    for column in ("scheduled", "tailnum", "air_time", "mean"):
        assert f"\n{column} " in printed
    rows = pd.read_csv(tmp_path / "out" / "synthetic.csv", parse_dates=["scheduled"])
    assert len(rows) == 480
    assert rows["scheduled"].dt.year.eq(2013).all()
    assert (tmp_path / "out" / "marginals.png").stat().st_size > 10_000
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "480 real rows, 480 synthetic rows, 120 held-out real rows" in page
    assert "Losses and score by epoch" in page


def test_demo_without_its_data(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda *names: None)
    _fails(["demo", "-o", tmp_path / "out"], capsys, "sklearn-synthohive[demo]")


def test_program_prints_no_traceback(tmp_path):
    command = [sys.executable, "-m", "sklearn_synthohive", "sample", "none", "-n", "1"]
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "out.csv")], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("synthohive: error: ")
    assert done.stderr.count("\n") == 1


def test_the_output_is_checked_before_the_data_are_read(capsys, tmp_path):
    """A model that cannot be written is not worth hours of training."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    fit = ["fit", tmp_path / "no.csv", "-o"]
    _fails([*fit, tmp_path / "mine"], capsys, "--overwrite")
    _fails([*fit, tmp_path / "mine", "--overwrite"], capsys, "no saved model")
    _fails([*fit, tmp_path / "file", "--overwrite"], capsys, "is a file")
    _fails([*fit, tmp_path / "none" / "model"], capsys, "no folder", "none")
    # An empty folder is taken: the data come next.
    (tmp_path / "empty").mkdir()
    _fails([*fit, tmp_path / "empty"], capsys, "no.csv")


def test_fit_with_the_other_network(folder, tmp_path):
    options = ["--generator", "mlp", "--epochs", "1", "--batch-size", "100", "--quiet"]
    model = tmp_path / "model"
    assert main(["fit", f"{folder}/data.csv", "-o", str(model), *options]) == 0
    assert CTGAN.from_saved(model).generator == "mlp"
