"""A constraint brings any column inside, says what breaks it, and refuses nonsense."""

import datetime as dt
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metadata import Constraint

DATES = pd.to_datetime(["2019-06-01", None, "2021-06-01"])


@pytest.mark.parametrize(
    ("rule", "values", "dtype", "expected", "expected_dtype"),
    [
        ({"dtype": "int", "min": 0.5}, [0.0, 2.6], "float64", [1, 3], "int64"),
        ({"dtype": "int", "min": 0.5}, [0.0, None], "float64", [1, None], "Int64"),
        ({"dtype": "int", "max": 9.9}, [9.96, 3], "float32", [9, 3], "int64"),
        ({"dtype": "int", "min": 0.5}, [0, 7], "int8", [1, 7], "int8"),
        ({"dtype": "int"}, [1.4, None], "Float64", [1, None], "Int64"),
        ({"min": 0.5}, [0, 7], "uint16", [1, 7], "uint16"),
        ({"min": -5}, [0, 7], "uint8", [0, 7], "uint8"),
        ({"min": 1000}, [0, 7], "int8", [1000, 1000], "int64"),
        ({"min": 1000}, [0, None], "Int8", [1000, None], "Int64"),
        ({"min": 2**62 + 1}, [2**62, 2**62 + 2], "int64", None, "int64"),
        ({"dtype": "float"}, [1, 2], "int32", [1.0, 2.0], "float64"),
        ({"dtype": "float"}, [1, None], "Int32", [1.0, None], "Float64"),
        ({"dtype": "float", "max": 2}, [1, 3], "float32", [1, 2], "float32"),
        (
            {"decimals": 2},
            [1.005, 2.344, None],
            "float64",
            [1.0, 2.34, None],
            "float64",
        ),
        ({"decimals": 2, "max": 0.105}, [0.2, 0.1], "float64", [0.1, 0.1], "float64"),
        ({"decimals": 1, "min": 0.01}, [0.0, 0.3], "float64", [0.1, 0.3], "float64"),
        ({"decimals": 0, "min": -0.5}, [-3, 0.4], "float64", [0, 0], "float64"),
        ({"decimals": 2}, [1, 2], "int64", [1, 2], "int64"),
        ({"min": 3}, [1, None, 5], "object", [3, None, 5], "float64"),
        ({"min": 3, "dtype": "int"}, ["1", "7"], "str", [3, 7], "int64"),
        (
            {"dtype": "int", "min": 0, "max": 5},
            [1e30, -np.inf],
            "float64",
            [5, 0],
            "int64",
        ),
        ({"dtype": "int"}, [], "float64", [], "int64"),
        ({"min": 1}, [None, None], "float64", [None, None], "float64"),
    ],
)
def test_apply(rule, values, dtype, expected, expected_dtype):
    series = pd.Series(values, dtype=dtype, name="x", index=range(5, 5 + len(values)))
    before = series.copy()
    rule = Constraint(**rule)
    result = rule.apply(series)
    if expected is None:
        expected = [2**62 + 1, 2**62 + 2]
    expected = pd.Series(expected, dtype=expected_dtype, name="x", index=series.index)
    pd.testing.assert_series_equal(result, expected)
    pd.testing.assert_series_equal(series, before)
    assert not rule.violations(result).any()


@pytest.mark.parametrize(
    ("rule", "series", "expected"),
    [
        ({"min": "2020-01-01"}, pd.Series(DATES), ["2020-01-01", "NaT", "2021-06-01"]),
        (
            {"min": dt.date(2020, 1, 1), "max": np.datetime64("2021-01-01")},
            pd.Series(DATES).astype("datetime64[ns]"),
            ["2020-01-01", "NaT", "2021-01-01"],
        ),
        (
            {"min": "2020-01-01T00:00:00.5"},
            pd.Series(DATES).astype("datetime64[s]"),
            ["2020-01-01T00:00:01", "NaT", "2021-06-01"],
        ),
        (
            {"max": "2020-01-01T00:00:00.5"},
            pd.Series(DATES).astype("datetime64[s]"),
            ["2019-06-01", "NaT", "2020-01-01"],
        ),
        (
            {"min": "2020-01-01"},
            pd.Series(DATES).dt.tz_localize("Europe/Berlin"),
            ["2020-01-01", "NaT", "2021-06-01"],
        ),
        (
            {"min": "2019-12-31T23:00Z"},
            pd.Series(DATES).dt.tz_localize("Europe/Berlin"),
            ["2020-01-01", "NaT", "2021-06-01"],
        ),
        (
            {"min": "2020-02-15"},
            pd.Series(pd.PeriodIndex(["2020-01", None, "2020-05"], freq="M")),
            ["2020-02", "NaT", "2020-05"],
        ),
        (
            {"min": pd.Timedelta(0), "max": "P1D"},
            pd.to_timedelta(pd.Series([-1.0, None, 40.0]), unit="h"),
            ["0h", "NaT", "24h"],
        ),
    ],
)
def test_apply_to_times(rule, series, expected):
    result = Constraint(**rule).apply(series)
    assert result.dtype == series.dtype
    expected = pd.Series(expected).astype(object).where(series.notna(), None)
    if series.dtype.kind == "m":
        expected = pd.to_timedelta(expected)
    elif isinstance(series.dtype, pd.PeriodDtype):
        expected = pd.Series(pd.PeriodIndex(expected, freq="M"))
    else:
        expected = pd.to_datetime(expected, format="ISO8601")
        if series.dt.tz is not None:
            expected = expected.dt.tz_localize(series.dt.tz)
    assert result.dropna().tolist() == expected.dropna().tolist()
    assert result.isna().tolist() == [False, True, False]
    assert not Constraint(**rule).violations(result).any()
    assert Constraint(**rule).violations(series).tolist() == [
        series[0] != result[0],
        False,
        series[2] != result[2],
    ]


@pytest.mark.parametrize(
    "kind", ["int64[pyarrow]", "double[pyarrow]", "timestamp[us][pyarrow]", "date32"]
)
def test_arrow_columns_keep_their_type(kind):
    pytest.importorskip("pyarrow")
    if kind == "date32":
        series = pd.Series([dt.date(2019, 1, 1), None], dtype="date32[pyarrow]")
    elif kind.startswith("timestamp"):
        series = pd.Series(pd.to_datetime(["2019-01-01", None])).astype(kind)
    else:
        series = pd.Series([1, None], dtype=kind)
    rule = Constraint(min=5 if "p[" not in kind and kind != "date32" else "2020-01-01")
    result = rule.apply(series)
    assert result.dtype == series.dtype
    assert rule.violations(series).tolist() == [True, False]
    assert rule.violations(result).tolist() == [False, False]


@settings(deadline=None)
@given(
    values=st.lists(
        st.one_of(st.none(), st.floats(-1e6, 1e6), st.integers(-100, 100)), max_size=8
    ),
    low=st.one_of(st.none(), st.floats(-1000, 0)),
    width=st.one_of(st.none(), st.floats(2, 1000)),
    dtype=st.sampled_from([None, "int", "float"]),
    decimals=st.sampled_from([None, 0, 1, 3]),
    column=st.sampled_from(["float64", "float32", "Float64"]),
)
def test_applied_values_are_inside_on_the_grid_and_stay(
    values, low, width, dtype, decimals, column
):
    rule = Constraint(
        dtype=dtype,
        min=low,
        max=None if width is None else (low or 0) + width,
        decimals=None if dtype == "int" else decimals,
    )
    series = pd.Series(values, dtype=column)
    result = rule.apply(series)
    assert result.isna().equals(series.isna())
    assert not rule.violations(result).any()
    pd.testing.assert_series_equal(rule.apply(result), result)
    unbroken = ~rule.violations(series) & series.notna().to_numpy()
    kept = np.abs((result - series)[unbroken].to_numpy(dtype=float))
    size = np.abs(series[unbroken].to_numpy(dtype=float))
    assert (kept <= 1e-2 + 1e-6 * size).all()
    if dtype == "int":
        assert pd.api.types.is_integer_dtype(result.dtype)


def test_without_clipping_violations_can_be_seen():
    rule = Constraint(dtype="int", min=0, max=10)
    rows = rule.apply(pd.Series([-3.4, 2.2, 11.0]), clip=False)
    assert rows.tolist() == [-3, 2, 11]
    assert rule.violations(rows).tolist() == [True, False, True]


def test_violations_of_type_and_grid():
    assert Constraint(dtype="int").violations(
        pd.Series([1.0, 1.5, np.nan])
    ).tolist() == [
        False,
        True,
        False,
    ]
    rule = Constraint(decimals=2)
    assert rule.violations(pd.Series([0.29, 0.295])).tolist() == [False, True]
    prices = pd.Series(np.arange(1, 5000) / 100, dtype="float32")
    assert not rule.violations(prices).any()


def test_an_empty_constraint_says_nothing():
    series = pd.Series(["a", None])
    assert Constraint().apply(series) is series
    assert Constraint().violations(series).tolist() == [False, False]
    assert Constraint().describe() == "any value"


@pytest.mark.parametrize(
    ("rule", "series"),
    [
        ({"min": 0}, pd.Series(["a", "b"])),
        ({"min": 0, "dtype": "int"}, pd.Series(["1", "b"])),
        ({"min": 0}, pd.Series([True, False])),
        ({"min": 0}, pd.Series([1, "b"], dtype=object)),
        ({"min": 0}, pd.Series(DATES)),
        ({"min": "2020-01-01"}, pd.Series([1.0])),
        ({"min": pd.Timedelta(0)}, pd.Series([1.0])),
        ({"decimals": 1}, pd.Series(["a"], dtype="category")),
    ],
)
def test_a_column_of_another_kind_is_named(rule, series):
    for method in (Constraint(**rule).apply, Constraint(**rule).violations):
        with pytest.raises(SchemaError, match=r"Column 'x' holds .*convert the column"):
            method(series.rename("x"))


def test_a_time_zone_must_be_on_both_sides():
    rule = Constraint(min="2020-01-01T00:00Z")
    with pytest.raises(SchemaError, match=r"Column 'x'.*time zone"):
        rule.apply(pd.Series(DATES, name="x"))


def test_numbers_beyond_int64_are_named():
    with pytest.raises(
        SchemaError, match="'x' holds numbers beyond the range of int64"
    ):
        Constraint(dtype="int").apply(pd.Series([1e30], name="x"))


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"min": 2, "max": 1}, "min=2 is above max=1; swap"),
        ({"min": "2021-01-01", "max": "2020-01-01"}, "is above"),
        ({"dtype": "int", "min": 0.2, "max": 0.7}, "No value .* exists; widen"),
        ({"decimals": 1, "min": 0.01, "max": 0.09}, "No value .* exists; widen"),
        (
            {"dtype": "string"},
            r"'string' .*choose one of \['int', 'float', 'datetime'\]",
        ),
        ({"min": float("nan")}, "min=nan is not"),
        ({"max": float("inf")}, "max=inf is not .*None for no limit"),
        ({"min": pd.NaT}, "is not a finite"),
        ({"min": True}, "is not a finite"),
        ({"min": "soon"}, "min='soon' is not"),
        ({"min": [1]}, "is not a finite"),
        ({"min": 1, "max": "2020-01-01"}, "min is for numbers, max is for dates"),
        ({"dtype": "datetime", "min": 1}, "contradict"),
        ({"dtype": "datetime", "decimals": 0}, "contradict"),
        ({"dtype": "int", "decimals": 2}, "contradict each other; drop"),
        ({"min": "2020-01-01", "max": "2021-01-01T00:00Z"}, "only one has a time zone"),
        ({"decimals": -1}, "between 0 and 15"),
        ({"decimals": 1.0}, "must be an integer"),
        ({"decimals": True}, "must be an integer"),
    ],
)
def test_contradictions_are_refused(parts, told):
    with pytest.raises(SchemaError, match=told):
        Constraint(**parts)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Constraint(dtype="int", min=0, max=5), "an integer, 0 to 5"),
        (Constraint(dtype="float", max=5), "a number, at most 5"),
        (Constraint(decimals=0), "a whole number"),
        (Constraint(min="2020-01-01"), "a date, at least 2020-01-01 00:00:00"),
        (Constraint(max="P1D"), "a duration, at most 1 days 00:00:00"),
    ],
)
def test_describe(rule, words):
    assert rule.describe() == words


ROUND_TRIPS = [
    Constraint(),
    Constraint(dtype="int", min=0, max=2**60),
    Constraint(min=0.1, decimals=2),
    Constraint(dtype="datetime", min="2020-01-01", max=dt.datetime(2021, 1, 1, 12)),
    Constraint(min=pd.Timestamp("2020-01-01", tz="Europe/Berlin")),
    Constraint(min=pd.Timedelta(-3, "h"), max=dt.timedelta(days=1)),
    Constraint(min=np.int16(3), max=np.float32(4.5), decimals=np.int64(1)),
]


@pytest.mark.parametrize("rule", ROUND_TRIPS, ids=str)
def test_round_trips(rule):
    assert Constraint.from_dict(rule.to_dict()) == rule
    assert pickle.loads(pickle.dumps(rule)) == rule
    assert hash(Constraint.from_dict(rule.to_dict())) == hash(rule)
    for part in rule.to_dict().values():
        assert type(part) in (int, float, str)


def test_unknown_parts_and_changes_are_refused():
    with pytest.raises(SchemaError, match=r"no \['minimum'\]; it has dtype, min"):
        Constraint.from_dict({"minimum": 0})
    with pytest.raises(AttributeError):
        Constraint().min = 3


@pytest.mark.parametrize(
    ("rule", "cells", "expected"),
    [
        (
            Constraint(min=0, max=9.995),
            [Decimal("-1.50"), Decimal("2.50"), Decimal("10.00"), None],
            [Decimal("0.00"), Decimal("2.50"), Decimal("9.995"), None],
        ),
        (
            Constraint(decimals=1),
            [Decimal("1.26"), Decimal("1.30")],
            [Decimal("1.30"), Decimal("1.30")],
        ),
        (
            Constraint(min="2024-02-01"),
            [dt.date(2024, 1, 5), None, dt.date(2024, 3, 5)],
            [dt.date(2024, 2, 1), None, dt.date(2024, 3, 5)],
        ),
        (
            Constraint(max="PT1H"),
            [dt.timedelta(hours=2), dt.timedelta(minutes=3)],
            [dt.timedelta(hours=1), dt.timedelta(minutes=3)],
        ),
    ],
)
def test_objects_stay_what_they_are(rule, cells, expected):
    series = pd.Series(cells, dtype=object, name="x")
    out = rule.apply(series)
    assert out.dtype == object
    assert out.tolist() == expected
    assert [type(cell) for cell in out] == [type(cell) for cell in expected]
    assert series.tolist() == cells
    assert not rule.violations(out).any()


def test_a_dtype_that_is_asked_for_is_given():
    series = pd.Series([Decimal("1.50")], dtype=object)
    assert Constraint(dtype="float", min=2).apply(series).tolist() == [2.0]
