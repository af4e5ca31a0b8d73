"""Reading keeps what the values mean, and says what is wrong with a file."""

import gzip
import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.io import read_table, write_table


def read(tmp_path, text, name="data.csv", **options):
    path = tmp_path / name
    path.write_bytes(text.encode())
    return read_table(path, **options)


def test_only_an_empty_field_is_missing(tmp_path):
    frame = read(tmp_path, "a,b\nNone,1\nNA,2\nnan,\nnull,4\n,5\n")
    assert frame["a"].iloc[:4].tolist() == ["None", "NA", "nan", "null"]
    assert frame["a"].isna().tolist() == [False] * 4 + [True]
    assert frame["b"].isna().tolist() == [False, False, True, False, False]


def test_integers_and_booleans_with_gaps_keep_their_type(tmp_path):
    frame = read(tmp_path, f"a,b,c,d\n1,True,1.0,{2**62 + 1}\n,,,\n3,False,3.5,7\n")
    assert frame.dtypes.astype(str).tolist() == ["Int64", "boolean", "float64", "Int64"]
    assert frame["d"].dropna().tolist() == [2**62 + 1, 7]
    assert frame["b"].isna().tolist() == [False, True, False]


def test_whole_floats_stay_floats(tmp_path):
    frame = read(tmp_path, "a,b\n1.0,1e+03\n2.0,\n")
    assert frame.dtypes.tolist() == [np.float64, np.float64]


def test_an_empty_column_is_missing_throughout(tmp_path):
    frame = read(tmp_path, "a,b\n1,\n2,\n")
    assert frame["b"].isna().all()


def test_codes_keep_their_leading_zeros(tmp_path):
    frame = read(tmp_path, "zip,n,zero\n00501,10,0\n10001,20,0\n,,0\n")
    assert frame["zip"].iloc[:2].tolist() == ["00501", "10001"]
    assert frame["zip"].isna().tolist() == [False, False, True]
    assert frame["zero"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "texts",
    [
        ["001.0", "250.00"],
        ["250.25", "001.5"],
        ["-07", "12"],
        ["+4915", "+4917"],
        ["+4915", "12.5"],
        ["12E4", "3E2"],
        ["1200", "3e2"],
    ],
)
@pytest.mark.parametrize("first", ["", "y"])
def test_codes_keep_their_look(tmp_path, texts, first):
    lines = [f"{first},{text},{i}.5" for i, text in enumerate(texts)]
    frame = read(tmp_path, "x,code,n\n" + "\n".join(lines))
    assert frame["code"].tolist() == texts
    assert frame["n"].tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    "texts",
    [
        ["0.5", "-0.25"],
        ["+1.5", "-0.3"],
        ["1e-05", "0.5"],
        ["1e-05", "2"],
        ["1E+20", "3"],
        ["2.5", "1e3"],
    ],
)
def test_signs_and_exponents_of_numbers_are_numbers(tmp_path, texts):
    frame = read(tmp_path, "n,code\n" + "".join(f"{text},007\n" for text in texts))
    assert frame["n"].tolist() == [float(text) for text in texts]


def test_codes_are_found_anywhere_in_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr("sklearn_synthohive.io._read._BLOCK", 64)
    for at in range(60, 75):
        lines = ["0.5"] * 40
        lines[at // 4] = "9" * (at % 4 + 1) + ".5"
        lines[30] = "0012.5"
        frame = read(tmp_path, "code\n" + "\n".join(lines))
        assert frame["code"].tolist() == lines


def test_numbers_alone_are_read_once(tmp_path, monkeypatch):
    calls = []
    read_csv = pd.read_csv
    monkeypatch.setattr(
        pd, "read_csv", lambda *a, **k: calls.append(k) or read_csv(*a, **k)
    )
    text = "day,n,x,name\n2024-01-01,10,0.5,a1\n2024-01-02,20,-1e-05,b2\n"
    frame = read(tmp_path, text)
    assert frame["n"].tolist() == [10, 20]
    assert [call.get("nrows") for call in calls] == [1, None]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2024-02-29", ""], ["2024-02-29", "NaT"]),
        (["2024-02-29", "2024-03-01 12:30:00"], ["2024-02-29", "2024-03-01T12:30"]),
        (["2024-02-29T01:02:03.5", ""], ["2024-02-29T01:02:03.5", "NaT"]),
    ],
)
def test_iso_dates_are_read_as_dates(tmp_path, texts, expected):
    frame = read(tmp_path, "t,x\n" + "".join(f"{text},1\n" for text in texts))
    assert frame["t"].dtype.kind == "M"
    expected = pd.Series(np.array(expected, dtype="datetime64[ms]"))
    assert frame["t"].equals(expected.astype(frame["t"].dtype))


def test_dates_with_one_offset_have_a_time_zone(tmp_path):
    frame = read(tmp_path, "t\n2024-02-29T01:00Z\n2024-02-29T02:00Z\n")
    assert str(frame["t"].dtype.tz) == "UTC"


@pytest.mark.parametrize(
    "texts",
    [
        ["2024-02-29", "tomorrow"],
        ["2024-02-30", "2024-02-29"],
        ["2024", "2023"],
        ["01/02/2024", "02/02/2024"],
        ["2024-02-29T01:00Z", "2024-02-29T01:00+01:00"],
        ["2024-02-29T01:00Z", "2024-02-29T01:00"],
    ],
)
def test_anything_else_stays_what_it_was(tmp_path, texts):
    frame = read(tmp_path, "t\n" + "\n".join(texts) + "\n")
    assert frame["t"].astype(str).tolist() == texts


def test_dates_can_be_left_as_text(tmp_path):
    frame = read(tmp_path, "t\n2024-02-29\n", parse_dates=False)
    assert frame["t"].tolist() == ["2024-02-29"]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    assert list(read(tmp_path, "\ufeffa,b\n1,2\n").columns) == ["a", "b"]


def test_compressed_files_and_suffixes_in_capitals(tmp_path):
    (tmp_path / "DATA.CSV.GZ").write_bytes(gzip.compress(b"a\n1\n"))
    assert read_table(str(tmp_path / "DATA.CSV.GZ"))["a"].tolist() == [1]


def test_parquet_comes_back_with_its_types(tmp_path):
    frame = pd.DataFrame(
        {
            "a": np.arange(3, dtype=np.int16),
            "b": pd.Categorical(["x", "y", None], ordered=True),
            "c": pd.to_datetime(["2024-01-01", None, "2024-01-03"]),
            "d": pd.array([1, None, 3], dtype="Int32"),
        }
    )
    write_table(frame, tmp_path / "data.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "data.parquet"), frame)


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        ("", SchemaError, "is empty"),
        ("a,b\n", SchemaError, "holds no rows"),
        ("a,b,a\n1,2,3\n", SchemaError, "the column 'a' twice"),
        ("a,b\n1,2\n1,2,3\n", ValueError, "cannot be read: .*fields"),
        ("a,b\n1,2,3\n4,5,6\n", ValueError, "more fields in its rows than names"),
    ],
)
def test_what_is_wrong_with_a_csv_is_told(tmp_path, text, error, told):
    with pytest.raises(error, match=told) as caught:
        read(tmp_path, text)
    assert "data.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("separator", "told"), [(";", "semicolons"), ("\t", "tabs"), ("|", "'\\|'")]
)
@pytest.mark.parametrize("name", ["data.csv", "data.csv.gz"])
def test_other_separators_are_told(tmp_path, separator, told, name):
    lines = ["\ufeffa;b;c", '1;"x;y";2', "", "3;z;4,5"]
    text = "\r\n".join(line.replace(";", separator) for line in lines).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    with pytest.raises(SchemaError, match=f"{name}' seems to be separated by {told}"):
        read_table(path)


@pytest.mark.parametrize(
    "lines", [["a;b", "x", "y"], ["a", "x;y", "z;w"], ['"a;b"', '"x;y"']]
)
def test_a_single_column_may_hold_separators(tmp_path, lines):
    frame = read(tmp_path, "\n".join(lines) + "\n")
    assert [*frame.columns, *frame.iloc[:, 0]] == [s.strip('"') for s in lines]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.csv", "naïve\n1\n".encode("latin-1")),
        ("data.csv.gz", b"not compressed"),
        ("data.csv.gz", gzip.compress(b"a\n" + b"1\n" * 999, mtime=0)[:-12]),
        ("data.parquet", b"PAR1 no"),
    ],
)
def test_damaged_files_are_told(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}' cannot be read"):
        read_table(tmp_path / name)


def test_paths_that_are_no_table(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.csv, \.csv\.gz or \.parquet"):
        read_table(tmp_path / "data.xlsx")
    with pytest.raises(FileNotFoundError, match=r"no file .*data\.csv"):
        read_table(tmp_path / "data.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ValueError, match="not a file"):
        read_table(tmp_path / "folder.csv")


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    write_table(pd.DataFrame({"a": [1]}), tmp_path / "data.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"sklearn-synthohive\[parquet\]"):
        read_table(tmp_path / "data.parquet")
    with pytest.raises(ImportError, match=r"sklearn-synthohive\[parquet\]"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "other.parquet")
    assert not (tmp_path / "other.parquet").exists()


def test_a_real_table_keeps_its_values(read_real, tmp_path):
    adult = read_real("adult").iloc[:2000]
    write_table(adult, tmp_path / "adult.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "adult.csv"), adult)
