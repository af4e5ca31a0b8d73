"""A table in parts has one type a column, whatever each part alone looks like."""

import pandas as pd
import pytest

from sklearn_synthohive.io import read_parts, write_table


def read(tmp_path, *texts):
    paths = [tmp_path / f"{i}.csv" for i in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return read_parts(paths)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (["09901", "1"], ["10001", "1.50"]),
        (["unknown", "x"], ["1.50", "-0.0"]),
        (["2024-02-29", "soon"], ["2024-02-29", "2024-03-01"]),
        (["2024-02-29T01:00Z"], ["2024-02-29T01:00"]),
        (["True", "False"], ["1", "0"]),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_what_parts_take_for_different_things_is_text(tmp_path, first, second, turned):
    parts = [second, first] if turned else [first, second]
    texts = ["n,x\n" + "".join(f"1,{value}\n" for value in part) for part in parts]
    frame = read(tmp_path, *texts)
    assert frame["x"].tolist() == [*parts[0], *parts[1]]
    assert frame["n"].dtype == "int64"


def test_a_column_without_a_name(tmp_path):
    frame = read(tmp_path, ",x\n007,1\n", ",x\n12,2\n")
    assert frame.iloc[:, 0].tolist() == ["007", "12"]


def test_gaps_and_columns_of_one_part_stay(tmp_path):
    frame = read(tmp_path, "x,y\n007,1\n", 'x\n12\n""\n', "y,x\n2,\n3,\n")
    assert frame["x"].iloc[:2].tolist() == ["007", "12"]
    assert frame["x"].isna().tolist() == [False, False, True, True, True]
    assert frame["y"].dropna().tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        ("7", "Int64"),
        ("True", "boolean"),
        ("0.5", "float64"),
        ("2024-02-29", "datetime64"),
        ("2024-02-29T01:00Z", "datetime64"),
        ("word", ""),
    ],
)
@pytest.mark.parametrize("turned", [1, -1])
def test_a_part_without_values_changes_no_type(tmp_path, text, dtype, turned):
    texts = [f"n,x\n1,{text}\n", "n,x\n1,\n"][::turned]
    frame = read(tmp_path, *texts)
    assert frame["x"].isna().tolist() == [False, True][::turned]
    alone = read(tmp_path, f"n,x\n1,{text}\n1,\n")["x"]
    assert frame["x"].dtype == alone.dtype
    assert str(alone.dtype).startswith(dtype)
    assert frame["x"].dropna().tolist() == alone.dropna().tolist()


def test_parts_that_agree_keep_their_types(tmp_path):
    frame = read(tmp_path, "a,b\n1,2024-01-01\n", "a,b\n,2024-01-02\n2,\n")
    assert frame["a"].dtype == "Int64"
    assert frame["b"].dtype.kind == "M"


def test_parquet_parts_say_their_types(tmp_path):
    write_table(pd.DataFrame({"zip": ["00501"]}), tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_text("zip\n10001\n")
    frame = read_parts([tmp_path / "a.parquet", tmp_path / "b.csv"])
    assert frame["zip"].tolist() == ["00501", "10001"]
