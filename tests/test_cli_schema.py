"""The commands on folders of tables."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive.cli import main
from sklearn_synthohive.metadata import Metadata
from sklearn_synthohive.metrics import referential_integrity


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Tables in files of several kinds, their metadata, and a model of them."""
    folder = tmp_path_factory.mktemp("schema")
    tables = folder / "tables"
    (tables / "orders").mkdir(parents=True)
    rng = np.random.default_rng(0)
    users = pd.DataFrame(
        {"user_id": range(100, 160), "plan": ["free", "paid"] * 30, "age": range(60)}
    )
    orders = pd.DataFrame(
        {"order_id": range(150), "user_id": rng.integers(100, 160, 150)}
    )
    orders["sum"] = rng.gamma(2.0, 10.0, 150).round(2)
    users.to_csv(tables / "users.csv", index=False)
    for i, part in enumerate((orders[:80], orders[80:])):
        part.to_parquet(tables / "orders" / f"part-{i}.parquet")
    (tables / "notes.txt").write_text("not a table")
    options = ["-o", str(folder / "metadata.json")]
    assert main(["schema", str(tables), *options]) == 0
    options = ["--metadata", f"{folder}/metadata.json", "-o", f"{folder}/model"]
    options += ["--epochs", "1", "--seed", "3", "--quiet"]
    assert main(["fit", str(tables), *options]) == 0
    return folder


def _fails(arguments, capsys, *words):
    capsys.readouterr()
    assert main([str(a) for a in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("synthohive: error: ")
    assert captured.err.count("\n") == 1
    for word in words:
        assert word in captured.err


def test_schema_prints_its_reasons_and_writes_what_can_be_corrected(folder, capsys):
    path = folder / "again.json"
    assert main(["schema", str(folder / "tables"), "-o", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "fk orders.user_id -> users.user_id" in printed
    assert f"{path}: 2 tables, 1 relations" in printed
    metadata = Metadata.from_json(path)
    assert metadata.get_table("users").pk == "user_id"
    assert '"user_id": "users.user_id"' in path.read_text()
    _fails(["schema", folder / "tables", "-o", path], capsys, "--overwrite")
    command = ["schema", str(folder / "tables"), "-o", str(path), "--overwrite"]
    assert main(command) == 0


def test_sample_writes_a_folder_of_tables(folder, tmp_path, capsys):
    out = tmp_path / "out"
    command = ["sample", str(folder / "model"), "--seed", "1", "--format", "csv"]
    assert main([*command, "-o", str(out)]) == 0
    assert str(out / "users") in capsys.readouterr().out
    tables = {
        name: pd.read_csv(out / name / "part-00000.csv") for name in ("users", "orders")
    }
    # As many users as there were, unless told otherwise.
    assert len(tables["users"]) == 60
    metadata = Metadata.from_json(folder / "metadata.json")
    assert (referential_integrity(tables, metadata)["score"] == 1).all()
    for rows in ("40", "users=40"):
        few = tmp_path / rows
        assert main([*command, "-n", rows, "-o", str(few)]) == 0
        assert len(pd.read_csv(few / "users" / "part-00000.csv")) == 40
    again = tmp_path / "again"
    assert main([*command, "-o", str(again)]) == 0
    for name in tables:
        parts = [p / name / "part-00000.csv" for p in (out, again)]
        assert parts[0].read_bytes() == parts[1].read_bytes()


def test_what_was_written_can_be_learned_again(folder, tmp_path):
    out = tmp_path / "out"
    assert main(["sample", str(folder / "model"), "-o", str(out)]) == 0
    assert main(["schema", str(out), "-o", str(tmp_path / "m.json")]) == 0
    found = Metadata.from_json(tmp_path / "m.json")
    assert found.relations == Metadata.from_json(folder / "metadata.json").relations


def test_bad_input_is_refused_before_long_work(folder, tmp_path, capsys, monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("it started to learn")

    from sklearn_synthohive.relational import StagedOrchestrator

    monkeypatch.setattr(StagedOrchestrator, "fit_all", never)
    tables, metadata = folder / "tables", folder / "metadata.json"
    fit = ["fit", tables, "-o", tmp_path / "model"]
    described = [*fit, "--metadata", metadata]
    _fails(fit, capsys, "--metadata", "synthohive schema")
    _fails([*described, "--table", "users"], capsys, "--table")
    _fails(
        ["fit", tables, "-o", folder / "model", "--metadata", metadata],
        capsys,
        "--overwrite",
    )
    _fails([*fit, "--metadata", tmp_path / "no.json"], capsys, "no.json")
    parts = json.loads(metadata.read_text())
    parts["tables"].append({"name": "shops"})
    (tmp_path / "more.json").write_text(json.dumps(parts))
    _fails(
        [*fit, "--metadata", tmp_path / "more.json"], capsys, "shops", "does not hold"
    )
    parts["tables"][-1]["fk"] = {"a": "towns.a"}
    (tmp_path / "more.json").write_text(json.dumps(parts))
    _fails([*fit, "--metadata", tmp_path / "more.json"], capsys, "no table 'towns'")
    (tmp_path / "empty").mkdir()
    empty = ["fit", tmp_path / "empty", "-o", tmp_path / "model"]
    _fails([*empty, "--metadata", metadata], capsys, "holds no table")
    twice = tmp_path / "twice"
    twice.mkdir()
    shutil.copy(tables / "users.csv", twice)
    shutil.copy(tables / "users.csv", twice / "users.csv.gz")
    again = ["fit", twice, "-o", tmp_path / "model", "--metadata", metadata]
    _fails(again, capsys, "both called 'users'")
    single = ["fit", tables / "users.csv", "-o", tmp_path / "m"]
    _fails([*single, "--jobs", 2], capsys, "--jobs")
    _fails([*single, "--orphans", "parent"], capsys, "--orphans")
    assert not (tmp_path / "model").exists()


def test_orphans_get_parents_where_asked(folder, tmp_path):
    tables = tmp_path / "tables"
    shutil.copytree(folder / "tables", tables)
    orders = pd.read_parquet(tables / "orders").astype({"user_id": float})
    shutil.rmtree(tables / "orders")
    orders.loc[::5, "user_id"] = 9999
    orders.loc[1, "user_id"] = np.nan
    orders.to_csv(tables / "orders.csv", index=False)
    fit = ["fit", tables, "-o", tmp_path / "model", "--epochs", "1", "--quiet"]
    fit += ["--metadata", folder / "metadata.json", "--orphans", "parent"]
    assert main([str(part) for part in fit]) == 0
    out = tmp_path / "out"
    sample = ["sample", str(tmp_path / "model"), "-o", str(out), "--format", "csv"]
    assert main([*sample, "--seed", "0"]) == 0
    made = pd.read_csv(out / "orders" / "part-00000.csv")
    assert made["user_id"].isna().mean() < 0.05


def test_bad_tables_are_all_named_at_once(folder, tmp_path, capsys):
    tables = tmp_path / "tables"
    shutil.copytree(folder / "tables", tables)
    users = pd.read_csv(tables / "users.csv")
    users.assign(user_id=users["user_id"].iloc[0]).to_csv(
        tables / "users.csv", index=False
    )
    fit = ["fit", tables, "-o", tmp_path / "model"]
    fit += ["--metadata", folder / "metadata.json"]
    _fails(fit, capsys, "repeated in 59 rows", "users.user_id")
    assert not (tmp_path / "model").exists()


def test_bad_requests_to_a_schema_are_named(folder, tmp_path, capsys):
    sample = ["sample", folder / "model", "-o", tmp_path / "out"]
    _fails([*sample, "--calibrated"], capsys, "--calibrated")
    _fails([*sample, "--condition", "plan=free"], capsys, "--condition")
    _fails([*sample, "-n", "orders=3"], capsys, "follow those of 'users'")
    _fails([*sample, "-n", "towns=3"], capsys, "no table")
    (tmp_path / "file").write_text("mine")
    _fails([*sample[:-1], tmp_path / "file"], capsys, "is a file")
    schema = ["schema", folder / "tables", "-o"]
    _fails([*schema, tmp_path], capsys, "is a folder")
    _fails([*schema, tmp_path / "none" / "m.json"], capsys, "no folder")
    _fails(
        ["schema", tmp_path / "nowhere", "-o", tmp_path / "m.json"], capsys, "nowhere"
    )
    (tmp_path / "a.xlsx").write_text("x")
    _fails(["schema", tmp_path / "a.xlsx", "-o", tmp_path / "m.json"], capsys, "a.xlsx")
    assert not (tmp_path / "out").exists()


def test_two_folders_are_judged_on_one_page(folder, tmp_path, capsys):
    out, page = tmp_path / "out", tmp_path / "report.html"
    assert main(["sample", str(folder / "model"), "-o", str(out)]) == 0
    tables = folder / "tables"
    described = ["--metadata", folder / "metadata.json", "-o", page]
    assert main([str(a) for a in ["report", tables, out, *described]]) == 0
    printed = capsys.readouterr().out
    assert "referential integrity" in printed
    assert f"{page}: written" in printed
    text = page.read_text()
    assert "orders.user_id -&gt; users.user_id" in text
    assert "data:image/svg" in text
    _fails(["report", tables, out, "-o", page], capsys, "--metadata", "schema")
    target = [*described, "--target", "plan"]
    _fails(["report", tables, out, *target], capsys, "--target")
    _fails(["report", tables, out, *described[:3], tmp_path], capsys, "name a file")
    (tmp_path / "one").mkdir()
    shutil.copy(tables / "users.csv", tmp_path / "one")
    short = ["report", tables, tmp_path / "one", *described]
    _fails(short, capsys, "orders", "does not hold")
    file = tables / "users.csv"
    _fails(["report", file, file, *described], capsys, "--metadata")


def test_two_unrelated_tables(tmp_path, capsys):
    tables, out = tmp_path / "tables", tmp_path / "out"
    tables.mkdir()
    rng = np.random.default_rng(0)
    for name in ("rivers", "songs"):
        frame = pd.DataFrame({"length": rng.normal(size=60), "kind": ["a", "b"] * 30})
        frame.to_csv(tables / f"{name}.csv", index=False)
    described = ["--metadata", f"{tmp_path}/m.json"]
    assert main(["schema", str(tables), "-o", f"{tmp_path}/m.json"]) == 0
    options = ["-o", f"{tmp_path}/model", "--epochs", "1", "--seed", "3", "--quiet"]
    assert main(["fit", str(tables), *described, *options]) == 0
    assert main(["sample", f"{tmp_path}/model", "-o", str(out), "--seed", "1"]) == 0
    page = tmp_path / "page.html"
    capsys.readouterr()
    assert main(["report", str(tables), str(out), *described, "-o", str(page)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("The metadata describe no relations")
    assert "rivers" in page.read_text()


def test_codes_of_a_table_in_parts_are_text_in_all_of_them(tmp_path, capsys):
    parts = tmp_path / "tables" / "places"
    parts.mkdir(parents=True)
    codes = [["09901", "09902", "09903"], ["10001", "10002", "10003"]]
    for i, zips in enumerate(codes):
        frame = pd.DataFrame({"id": range(30 * i, 30 * i + 30), "zip": zips * 10})
        frame.to_csv(parts / f"part-{i}.csv", index=False)
    described = ["--metadata", f"{tmp_path}/m.json"]
    tables, model, out = (str(tmp_path / name) for name in ("tables", "model", "out"))
    assert main(["schema", tables, "-o", f"{tmp_path}/m.json"]) == 0
    assert "of mixed types" not in capsys.readouterr().out
    options = ["-o", model, "--epochs", "1", "--seed", "3", "--quiet"]
    assert main(["fit", tables, *described, *options]) == 0
    assert main(["sample", model, "-o", out, "--seed", "1"]) == 0
    drawn = pd.read_parquet(f"{out}/places")
    assert set(drawn["zip"]) <= {*codes[0], *codes[1]}
