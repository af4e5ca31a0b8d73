"""The benchmark on schemas reads, runs and judges."""

import json
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    import bench_relational

    return bench_relational


@pytest.fixture
def schemas(bench):
    import schemas

    return schemas


@pytest.fixture
def data_dir(tmp_path):
    """A folder with one small schema in the layout of the real ones."""
    folder = tmp_path / "data" / "chinook"
    folder.mkdir(parents=True)
    users = pd.DataFrame({"id": [1, 2, 3], "born": ["2000-01-02"] * 3})
    orders = pd.DataFrame({"no": [1, 2, 3, 4], "user": [1, 1, 9, None], "town": "a"})
    towns = pd.DataFrame({"town": ["a", "b"]})
    for name, table in (("users", users), ("orders", orders), ("towns", towns)):
        table.to_csv(folder / f"{name}.csv.gz", index=False)
    meta = {
        "files": {f"{n}.csv.gz": {} for n in ("users", "orders", "towns")},
        "primary_keys": {
            "users": {"columns": ["id"]},
            "orders": {"columns": ["no"]},
            "towns": {"columns": ["town"]},
        },
        "foreign_keys": [
            {
                "child": "orders",
                "child_columns": [column],
                "parent": parent,
                "parent_columns": [key],
            }
            for column, parent, key in (
                ("user", "users", "id"),
                ("town", "towns", "town"),
            )
        ],
        "columns": {
            "users": {"born": {"sdtype": "datetime"}},
            "orders": {},
            "towns": {},
        },
    }
    (folder / "meta.json").write_text(json.dumps(meta))
    return folder.parent


def test_a_schema_is_read_with_its_keys(schemas, data_dir):
    schema = schemas.load("chinook", data_dir)
    assert schema.name == "chinook"
    assert schema.roots == ["users", "towns"]
    assert schema.tables["users"]["born"].dtype.kind == "M"
    assert schema.foreign[0] == schemas.Key("orders", ("user",), "users", ("id",))
    assert schema.primary["orders"] == ("no",)
    with pytest.raises(ValueError, match="No schema 'moons'"):
        schemas.load("moons", data_dir)
    with pytest.raises(FileNotFoundError, match="SYNTHOHIVE_DATA"):
        schemas.load("sakila", data_dir)


def test_parts_of_a_schema_lose_their_other_keys(schemas, data_dir):
    part = schemas.load("chinook", data_dir).part("users", "orders")
    assert list(part.tables) == ["users", "orders"]
    assert list(part.tables["orders"].columns) == ["no", "user"]
    assert len(part.foreign) == 1
    clean = part.without_orphans()
    assert clean.tables["orders"]["no"].tolist() == [1, 2]


def test_a_copy_misses_no_target(bench, schemas):
    schema = schemas.load("segments")
    metadata = bench.metadata_of(schema)
    result = bench.judge(schema, metadata, schema.tables)
    assert result["orphans"] == 0
    assert result["column shape"] == 1
    assert {v.partition(" of ")[0] for v in result["targets"].values()} == {"0"}
    real, synthetic = result["segments"]
    assert real == synthetic
    assert real["high"]["children"] == 6
    # Children of the wrong parents.
    children = schema.tables["children"]
    shuffled = children.assign(
        parent_id=children["parent_id"].sample(frac=1, random_state=0).to_numpy()
    )
    worse = bench.judge(schema, metadata, schema.tables | {"children": shuffled})
    assert worse["targets"]["trends below ceiling - .02"] == "1 of 1"
    record = {"model": "m", "seed": 0, "failed": "", "peak_memory_mb": 1.0}
    record["seconds"] = {"fit": 1.0, "sample": 2.0}
    record["cpu_seconds"] = {"fit": 0.5, "sample": 1.5}
    failed = {"model": "n", "seed": 0, "failed": "refused"}
    halves = bench.other_halves(schema, metadata)
    assert halves[0].keys() == worse["targets"].keys()
    table = bench.table_of({"runs": [record | worse, failed], "other halves": halves})
    assert list(table.columns) == ["ceiling", "other halves", "m, seed 0"]
    assert table.loc["two parents below .93", "other halves"] == "0.0 of 0"
    assert table.loc["fit s", "m, seed 0"] == "1.0"
    assert table.loc["fit CPU s", "m, seed 0"] == "0.5"
    assert "high: children (real 6.00)" in table.index
    assert bench.over_seeds({"runs": [record | worse, failed]}).empty
    other = record | bench.judge(schema, metadata, schema.tables) | {"seed": 1}
    means = bench.over_seeds({"runs": [record | worse, other, failed]})
    told = means["m, 2 seeds / ceiling"]
    assert told["trends below ceiling - .02"] == "0.5 (0.0 to 1.0) of 1"
    assert told["referential integrity"] == "1.000 / 1.000"
    assert told["fit CPU s"] == "0.5"


def test_the_error_that_ended_a_run_is_told(bench, tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("x\nTraceback (most recent\n  File a\n    b\nValueError: no\nway\n")
    assert bench.reason(log, 1) == "ValueError: no way"
    log.write_text("killed")
    assert bench.reason(log, 137) == "ended by exit code 137"
    with pytest.raises(SystemExit):
        bench.parse(["--models", "nobody"])


@pytest.mark.slow
def test_models_run_and_are_judged(bench, tmp_path, capsys):
    models = ["ours:epochs=1", "ours:epoch=1"]
    arguments = ["--data", "segments", "--models", *models, "--out", str(tmp_path)]
    # One of the models is given an option that it does not have.
    assert bench.main(arguments) == 1
    printed = capsys.readouterr().out
    assert "low: children (real 1.00)" in printed
    assert "ours:epoch=1, seed 0: TypeError" in printed
    result = json.loads((tmp_path / "relational-segments.json").read_text())
    assert result["runs"][0]["orphans"] == 0
    assert bench.main([*arguments, "--reuse"]) == 1
    assert capsys.readouterr().out.count(": kept") == 1
