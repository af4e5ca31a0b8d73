"""Tables on disk: whole or not at all, block by block."""

import errno
import os
import pickle

import pandas as pd
import pytest
from resampler import Resampler
from small_schemas import company, shop

from sklearn_synthohive import StagedOrchestrator
from sklearn_synthohive.exceptions import SchemaValidationError, SerializationError
from sklearn_synthohive.io import TableWriter
from sklearn_synthohive.relational import _output, _rows
from sklearn_synthohive.relational._spool import Spool


@pytest.fixture(scope="module")
def schema():
    metadata, tables = shop(n_users=100)
    schema = StagedOrchestrator(metadata, Resampler, random_state=0)
    return schema.fit_all(tables, progress_bar=False)


@pytest.fixture
def full_disk(monkeypatch):
    """A disk that is full when the orders are written, for some tries."""
    monkeypatch.setattr(_output, "WAITS", (0.0, 0.0, 0.0))
    left = {"failures": 10**9}

    class FullDisk(TableWriter):
        def write(self, frame):
            super().write(frame)
            if "amount" in frame and left["failures"]:
                left["failures"] -= 1
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_output, "TableWriter", FullDisk)
    return left


def names(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def generate(schema, policy, path, n=40, seed=1):
    schema.on_write_failure = policy
    try:
        return schema.generate(n, path, seed=seed)
    finally:
        schema.on_write_failure = "raise"


def test_raise_keeps_what_is_whole(schema, full_disk, tmp_path):
    with pytest.raises(SerializationError, match=r"orders.*No space left"):
        generate(schema, "raise", tmp_path / "out")
    assert names(tmp_path / "out") == ["users", "users/part-00000.parquet"]


def test_cleanup_leaves_what_was_there(schema, full_disk, tmp_path):
    full_disk["failures"] = 0
    generate(schema, "raise", tmp_path, n=30, seed=2)
    before = {n: (tmp_path / n).read_bytes() for n in names(tmp_path) if "part" in n}
    full_disk["failures"] = 10**9
    with pytest.raises(SerializationError, match="No space left"):
        generate(schema, "cleanup", tmp_path)
    after = {n: (tmp_path / n).read_bytes() for n in names(tmp_path) if "part" in n}
    assert before == after
    assert names(tmp_path) == [
        "orders",
        "orders/part-00000.parquet",
        "users",
        "users/part-00000.parquet",
    ]


def test_retry_outlasts_a_short_failure(schema, full_disk, tmp_path):
    full_disk["failures"] = 2
    paths = generate(schema, "retry", tmp_path)
    frames = schema.generate(40, seed=1)
    pd.testing.assert_frame_equal(pd.read_parquet(paths["orders"]), frames["orders"])
    full_disk["failures"] = 10**9
    with pytest.raises(SerializationError, match="No space left"):
        generate(schema, "retry", tmp_path / "other")
    assert names(tmp_path / "other") == []


def test_a_full_disk_under_the_waiting_blocks(schema, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pickle, "dump", full)
    with pytest.raises(SerializationError, match="No space left"):
        schema.generate(10, tmp_path / "out")
    assert names(tmp_path / "out") == []


def test_paths_that_cannot_be_written(schema, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SerializationError, match="is a file"):
        schema.generate(5, tmp_path / "file")
    with pytest.raises(SerializationError, match="cannot be written"):
        schema.generate(5, tmp_path / "file" / "below")
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / "diary.txt").write_text("mine")
    with pytest.raises(SerializationError, match="something else"):
        schema.generate(5, tmp_path)
    assert names(tmp_path) == ["file", "users", "users/diary.txt"]


def test_a_checkpoint_folder_that_cannot_be_made_is_told_before_fitting(tmp_path):
    (tmp_path / "file").write_text("")
    metadata, tables = shop(n_users=20)
    with pytest.raises(SerializationError, match="checkpoint_dir"):
        StagedOrchestrator(metadata, Resampler).fit_all(
            tables, checkpoint_dir=tmp_path / "file" / "x"
        )


def test_blocks_are_the_same_on_disk_and_in_memory(tmp_path, monkeypatch):
    """Many small blocks, of every kind of relation."""
    monkeypatch.setattr(_rows, "BLOCK_ROWS", 30)
    metadata, tables = company()
    schema = StagedOrchestrator(metadata, Resampler, random_state=0)
    schema.fit_all(tables, progress_bar=False)
    wanted = {name: len(tables[name]) for name in schema.plan_.roots}
    frames = schema.generate(wanted, seed=3)
    paths = schema.generate(wanted, tmp_path, seed=3)
    for name, path in paths.items():
        pd.testing.assert_frame_equal(pd.read_parquet(path), frames[name])
    assert len(list(paths["people"].iterdir())) > 3
    assert frames["people"]["team"].isin(frames["teams"]["team"]).all()
    assert not frames["has"].duplicated().any()


def test_few_blocks_are_in_memory_at_a_time(schema, tmp_path, monkeypatch):
    """Blocks that wait lie on the disk, so that memory does not grow with them."""
    monkeypatch.setattr(_rows, "BLOCK_ROWS", 50)
    held = []
    append = Spool.append

    def count(self, block):
        append(self, block)
        held.append(sum(not hasattr(b, "unlink") for b in self._blocks))

    monkeypatch.setattr(Spool, "append", count)
    schema.generate(500, tmp_path / "out")
    assert len(held) > 20
    assert max(held) == 0


@pytest.mark.parametrize("form", ["csv", "csv.gz"])
def test_other_formats_and_writers(form, tmp_path):
    metadata, tables = shop(n_users=30)
    schema = StagedOrchestrator(metadata, Resampler, random_state=0, io=form)
    paths = schema.fit_all(tables, progress_bar=False).generate(20, tmp_path, seed=0)
    back = pd.read_csv(paths["orders"] / f"part-00000.{form}")
    pd.testing.assert_frame_equal(back, schema.generate(20, seed=0)["orders"])
    schema.io = "xlsx"
    with pytest.raises(ValueError, match="io must be"):
        schema.generate(20, tmp_path)


def test_an_io_of_ones_own(tmp_path):
    class Pickles:
        suffix = ".pkl"

        @staticmethod
        def read(path):
            return pd.read_pickle(path)

        class writer:
            def __init__(self, path):
                self.path = path

            def __enter__(self):
                return self

            def write(self, frame):
                frame.to_pickle(self.path)

            def __exit__(self, *error):
                pass

    metadata, tables = shop(n_users=30)
    sources = {}
    for name, table in tables.items():
        sources[name] = tmp_path / f"{name}.pkl"
        table.to_pickle(sources[name])
    schema = StagedOrchestrator(metadata, Resampler, random_state=0, io=Pickles())
    paths = schema.fit_all(sources, progress_bar=False).generate(20, tmp_path / "out")
    assert len(pd.read_pickle(paths["users"] / "part-00000.pkl")) == 20


def test_an_empty_folder_is_no_table(tmp_path):
    metadata, tables = shop(n_users=20)
    (tmp_path / "orders").mkdir()
    with pytest.raises(SchemaValidationError, match="holds no files"):
        StagedOrchestrator(metadata, Resampler).fit_all(
            {"users": tables["users"], "orders": tmp_path / "orders"}
        )
