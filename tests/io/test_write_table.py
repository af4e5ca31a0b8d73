"""Writing is whole or not at all, in steady types, batch by batch."""

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.io import TableWriter, read_table, write_table

SUFFIXES = [".csv", ".csv.gz", ".parquet"]


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path):
    return tmp_path / f"out{request.param}"


def table(n_rows=10):
    return pd.DataFrame(
        {
            "n": np.arange(n_rows),
            "x": np.arange(n_rows) / 3,
            "s": ["a,b", 'q"', "line\nbreak", "Zoë", None] * (n_rows // 5),
            "t": pd.Series(
                np.datetime64("2024-01-01T07", "us") + 10**6 * np.arange(n_rows)
            ),
        }
    )


def write_all(path, *frames):
    with TableWriter(path) as writer:
        for frame in frames:
            writer.write(frame)


def test_batches_are_one_table(path):
    whole = table()
    with TableWriter(path) as writer:
        for start, stop in ((0, 0), (0, 3), (3, 4), (4, 10)):
            writer.write(whole.iloc[start:stop])
    assert writer.rows == 10
    # pandas 2 reads a missing text as None or NaN, by the format.
    read, whole = (
        frame.fillna({"s": "missing"}).astype({"t": "datetime64[us]"})
        for frame in (read_table(path), whole)
    )
    pd.testing.assert_frame_equal(read, whole)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_batches_and_a_whole_table_give_the_same_lines(tmp_path):
    write_table(table(), tmp_path / "whole.csv")
    with TableWriter(tmp_path / "parts.csv") as writer:
        for row in range(10):
            writer.write(table().iloc[[row]])
    parts = (tmp_path / "parts.csv").read_bytes()
    assert parts == (tmp_path / "whole.csv").read_bytes()


def test_the_same_rows_give_the_same_compressed_bytes(tmp_path):
    write_table(table(), tmp_path / "one.csv.gz")
    write_table(table(), tmp_path / "two.csv.gz")
    one = (tmp_path / "one.csv.gz").read_bytes()
    assert one == (tmp_path / "two.csv.gz").read_bytes()


def test_whole_days_are_written_as_in_the_rest_of_the_column(tmp_path):
    times = pd.to_datetime(["2024-01-01 10:00", "2024-01-02 00:00", "2024-01-03 11:00"])
    days = pd.to_datetime(["2024-01-01", "2024-01-02", None])
    with TableWriter(tmp_path / "out.csv") as writer:
        for row in range(3):
            writer.write(pd.DataFrame({"t": times[[row]], "d": days[[row]]}))
    assert (tmp_path / "out.csv").read_text() == (
        "t,d\n2024-01-01 10:00:00,2024-01-01\n2024-01-02 00:00:00,2024-01-02\n"
        "2024-01-03 11:00:00,\n"
    )


def test_types_of_the_first_parquet_batch_hold(tmp_path):
    path = tmp_path / "out.parquet"
    with TableWriter(path) as writer:
        writer.write(pd.DataFrame({"n": [1], "s": pd.Series([None], dtype=object)}))
        writer.write(pd.DataFrame({"n": pd.array([None], dtype="Int64"), "s": ["a"]}))
    frame = read_table(path)
    assert frame["n"].isna().tolist() == [False, True]
    assert frame["s"].isna().tolist() == [True, False]
    assert frame["s"].iloc[1] == "a"


def test_a_batch_of_another_type_is_refused(tmp_path):
    path = tmp_path / "out.parquet"
    with pytest.raises(SchemaError, match="does not fit the types of the first"):
        write_all(path, pd.DataFrame({"n": [1]}), pd.DataFrame({"n": ["one"]}))
    assert list(tmp_path.iterdir()) == []


def test_batches_of_other_columns_are_refused(path):
    frame = pd.DataFrame({"n": [1], "x": [2.0]})
    with pytest.raises(SchemaError, match=r"a later batch has \['x', 'n'\]"):
        write_all(path, frame, frame[["x", "n"]])
    assert list(path.parent.iterdir()) == []


def test_a_failure_leaves_nothing_and_the_old_file(path):
    write_table(table(5), path)
    before = path.read_bytes()

    def fail():
        with TableWriter(path) as writer:
            writer.write(table())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_disk_that_is_full_at_the_end_leaves_nothing(path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_table(table(), path)
    assert list(path.parent.iterdir()) == []


def test_a_file_that_was_there_is_replaced(path):
    write_table(table(10), path)
    write_table(table(5), path)
    assert len(read_table(path)) == 5


def test_nothing_written_is_an_error(path):
    with pytest.raises(SchemaError, match="Nothing was written"), TableWriter(path):
        pass
    assert list(path.parent.iterdir()) == []


def test_an_empty_table_has_its_columns(path):
    write_table(table(0), path)
    with pytest.raises(SchemaError, match="holds no rows"):
        read_table(path)


def test_paths_that_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match="must end in"):
        TableWriter(tmp_path / "out.xlsx")
    with pytest.raises(FileNotFoundError, match="no folder"):
        write_table(table(), tmp_path / "no" / "out.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write_table(table(), tmp_path / "folder.csv")


def test_a_writer_outside_its_block_says_so(path):
    writer = TableWriter(path)
    with pytest.raises(ValueError, match="with block"):
        writer.write(table())
    with writer:
        writer.write(table())
    with pytest.raises(ValueError, match="with block"):
        writer.write(table())
