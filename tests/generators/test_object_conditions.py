"""Conditions on columns of Python objects and of Arrow's types, of which pandas knows
no order or no exact arithmetic: met exactly, in the class that fit saw."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, same, small_gan

from sklearn_synthohive import CTGAN, SchemaError
from sklearn_synthohive.cli import main

pa = pytest.importorskip("pyarrow")

DAY, NOON = dt.date(2024, 5, 1), dt.datetime(2024, 5, 1, 12)
OBJECTS = {
    "price": Decimal,
    "day": dt.date,
    "time": dt.time,
    "moment": dt.datetime,
    "lasting": dt.timedelta,
    "month": pd.Period,
    "whole": int,
}
ARROW = {
    "arrow_price": ("price", pa.decimal128(10, 2)),
    "arrow_day": ("day", pa.date32()),
    "arrow_day64": ("day", pa.date64()),
    "arrow_time": ("time", pa.time64("us")),
    "arrow_seconds": ("time", pa.time32("s")),
    "arrow_moment": ("moment", pa.timestamp("us")),
    "arrow_lasting": ("lasting", pa.duration("ms")),
}


def table(n=300):
    """Steps of five cents, of days, of minutes and of months; one column has gaps."""
    rng = np.random.default_rng(0)
    minutes = [dt.timedelta(minutes=int(k)) for k in rng.integers(0, 1440, n)]
    values = {
        "price": [Decimal(5 * int(k)).scaleb(-2) for k in rng.integers(20, 800, n)],
        "day": [dt.date(2024, 1, 1) + dt.timedelta(k) for k in range(n)],
        "time": [(dt.datetime.min + gap).time() for gap in minutes],
        "moment": [dt.datetime(2024, 1, 1) + 180 * gap for gap in minutes],
        "lasting": minutes,
        "month": [pd.Period("2000-01", "M") + int(k) for k in rng.integers(0, 90, n)],
        "whole": [int(k) for k in rng.integers(0, 900, n)],
    }
    columns = {name: pd.Series(v, dtype=object) for name, v in values.items()}
    for name, (source, dtype) in ARROW.items():
        array = pa.array(values[source], type=dtype)
        columns[name] = pd.Series(pd.array(array, dtype=pd.ArrowDtype(dtype)))
    gone = rng.random(n) < 0.2
    for name in ("price", "day"):
        columns[f"{name}_gaps"] = columns[name].mask(gone, None)
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def model(network):
    return fit(small_gan(generator=network, epochs=1, rules=None), table())


def draw(model, conditions, n=40):
    drawn = model.sample(n, seed=1, conditions=conditions)
    same(drawn[:0], table()[:0])
    for name, kind in OBJECTS.items():
        assert {type(v) for v in drawn[name]} == {kind}, name
    return drawn


@pytest.mark.parametrize("column", ["price", "price_gaps", "arrow_price"])
@pytest.mark.parametrize(
    "value", [Decimal("12.50"), Decimal("12.5"), 12.5, np.float32(12.5), "12.50"]
)
def test_a_decimal(model, column, value):
    drawn = draw(model, {column: value})[column]
    assert [str(v) for v in drawn] == ["12.50"] * 40


def test_a_decimal_that_floats_do_not_hold(model):
    drawn = draw(model, {"price": 0.1 + 1})["price"]
    assert set(drawn) == {Decimal("1.10")}


@pytest.mark.parametrize("column", ["day", "day_gaps", "arrow_day", "arrow_day64"])
@pytest.mark.parametrize(
    "value",
    [
        DAY,
        "2024-05-01",
        dt.datetime(2024, 5, 1),
        pd.Timestamp("2024-05-01"),
        np.datetime64("2024-05-01"),
    ],
)
def test_a_day(model, column, value):
    drawn = draw(model, {column: value})[column]
    assert {type(v) for v in drawn} == {dt.date}
    assert set(drawn) == {DAY}


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("time", "12:30", dt.time(12, 30)),
        ("arrow_time", "12:30", dt.time(12, 30)),
        ("arrow_seconds", dt.time(12, 30), dt.time(12, 30)),
        ("moment", pd.Timestamp(NOON), NOON),
        ("moment", "2024-05-01 12:00", NOON),
        ("lasting", "1h", dt.timedelta(hours=1)),
        ("lasting", pd.Timedelta("1h"), dt.timedelta(hours=1)),
        ("arrow_lasting", dt.timedelta(hours=1), dt.timedelta(hours=1)),
        ("month", "2003-04", pd.Period("2003-04", "M")),
        ("whole", 150.0, 150),
        ("whole", "150", 150),
    ],
    ids=str,
)
def test_a_value_of_another_class(model, column, value, expected):
    assert (draw(model, {column: value})[column] == expected).all()


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("price", {12.5, Decimal("13.05")}, {Decimal("12.50"), Decimal("13.05")}),
        ("arrow_price", ["12.5", 13], {Decimal("12.50"), Decimal("13.00")}),
        ("day", ["2024-05-01", dt.date(2024, 5, 2)], {DAY, dt.date(2024, 5, 2)}),
    ],
)
def test_values(model, column, values, expected):
    drawn = draw(model, {column: values})[column]
    assert set(drawn) <= expected
    assert {type(v) for v in drawn} <= {Decimal, dt.date}


def test_missing_among_values(model):
    drawn = draw(model, {"price_gaps": [Decimal("12.50"), None]})["price_gaps"]
    assert drawn.isna().any()
    assert {str(v) for v in drawn.dropna()} <= {"12.50"}


@pytest.mark.parametrize("column", ["price", "price_gaps", "arrow_price"])
@pytest.mark.parametrize(
    ("interval", "low", "high"),
    [
        (slice(10, 20), "10", "20"),
        (slice(Decimal("10.01"), Decimal("10.19")), "10.05", "10.15"),
        (slice(10.1, 10.1), "10.10", "10.10"),
        (slice("10.10", "10.20"), "10.10", "10.20"),
        (slice(None, 1.52), "1", "1.50"),
        (slice(Decimal("39.5"), Decimal("Infinity")), "39.50", "40"),
        (pd.Interval(10, 10.1, closed="neither"), "10.05", "10.05"),
        (pd.Interval(10, 10.05, closed="left"), "10", "10"),
        (pd.Interval(10.001, np.inf, closed="neither"), "10.05", "40"),
    ],
    ids=str,
)
def test_an_interval_of_decimals(model, column, interval, low, high):
    drawn = draw(model, {column: interval})[column]
    assert {type(v) for v in drawn} == {Decimal}
    assert drawn.between(Decimal(low), Decimal(high)).all()
    assert all(v % Decimal("0.05") == 0 for v in drawn)


@pytest.mark.parametrize("column", ["day", "day_gaps", "arrow_day", "arrow_day64"])
@pytest.mark.parametrize(
    ("interval", "low", "high"),
    [
        (slice(dt.date(2024, 3, 1), dt.date(2024, 3, 3)), "2024-03-01", "2024-03-03"),
        (slice("2024-03-01", "2024-03-03"), "2024-03-01", "2024-03-03"),
        (slice("2024-03-01 12:00", NOON), "2024-03-02", "2024-05-01"),
        (slice("2024-10-20", None), "2024-10-20", "2024-10-26"),
        (
            pd.Interval(
                pd.Timestamp("2024-03-01"), pd.Timestamp("2024-03-03"), "neither"
            ),
            "2024-03-02",
            "2024-03-02",
        ),
        (
            pd.Interval(
                pd.Timestamp("2024-03-01 12:00"),
                pd.Timestamp("2024-03-03 12:00"),
                "neither",
            ),
            "2024-03-02",
            "2024-03-03",
        ),
    ],
    ids=str,
)
def test_an_interval_of_days(model, column, interval, low, high):
    drawn = draw(model, {column: interval})[column]
    assert {type(v) for v in drawn} == {dt.date}
    low, high = dt.date.fromisoformat(low), dt.date.fromisoformat(high)
    assert drawn.between(low, high).all()
    assert len(set(drawn)) > 1 or low == high


@pytest.mark.parametrize("column", ["time", "arrow_time", "arrow_seconds"])
@pytest.mark.parametrize(
    "interval", [slice(dt.time(8), dt.time(9)), slice("07:59:00.5", "09:00:00.5")]
)
def test_an_interval_of_times(model, column, interval):
    drawn = draw(model, {column: interval})[column]
    assert drawn.between(dt.time(8), dt.time(9)).all()


@pytest.mark.parametrize(
    ("column", "interval", "low", "high"),
    [
        ("moment", slice("2024-05-01", NOON), dt.datetime(2024, 5, 1), NOON),
        (
            "moment",
            slice(pd.Timestamp("2024-05-01 11:59:59.999999999"), NOON),
            NOON,
            NOON,
        ),
        ("lasting", slice("1h", "2h"), dt.timedelta(hours=1), dt.timedelta(hours=2)),
        (
            "lasting",
            pd.Interval(pd.Timedelta("58m"), pd.Timedelta("60m"), "neither"),
            dt.timedelta(minutes=59),
            dt.timedelta(minutes=59),
        ),
        (
            "month",
            slice("2001-03", "2001-05"),
            pd.Period("2001-03", "M"),
            pd.Period("2001-05", "M"),
        ),
        ("whole", pd.Interval(100, 102, closed="neither"), 101, 101),
        ("whole", slice(Decimal("100.5"), 101.5), 101, 101),
    ],
    ids=str,
)
def test_an_interval_of_other_objects(model, column, interval, low, high):
    drawn = draw(model, {column: interval})[column]
    assert all(low <= v <= high for v in drawn)


def test_partial_rows(model):
    partial = pd.DataFrame(
        {
            "price": [12.5, np.nan, 13.0, np.nan],
            "price_gaps": pd.Series([Decimal("12.5"), None] * 2, dtype=object),
            "arrow_price": [Decimal("12.50"), None] * 2,
            "day": ["2024-05-01", None] * 2,
            "arrow_day": pd.to_datetime(["2024-05-01", None] * 2),
            "time": ["12:30", None] * 2,
        }
    )
    drawn = draw(model, partial, n=4)
    assert [str(v) for v in drawn["price"][::2]] == ["12.50", "13.00"]
    for column in ("price_gaps", "arrow_price"):
        assert [str(v) for v in drawn[column][::2]] == ["12.50"] * 2
    for column in ("day", "arrow_day"):
        assert drawn[column][::2].tolist() == [DAY] * 2
    assert drawn["time"][::2].tolist() == [dt.time(12, 30)] * 2


@pytest.mark.parametrize(
    ("conditions", "error", "match"),
    [
        ({"price": Decimal("12.51")}, SchemaError, "'price'.*12.51.*nearest: 12.50"),
        ({"price": "cheap"}, SchemaError, r"'price'.*number.*such as Decimal\('"),
        ({"arrow_price": Decimal("1.234")}, SchemaError, "'arrow_price'.*such as"),
        ({"price": slice("a", "b")}, TypeError, r"'price'.*ends such as Decimal\('"),
        ({"price": slice(10.01, 10.04)}, SchemaError, "'price'.*holds no value"),
        ({"price": slice(10.001, 10.009)}, ValueError, "'price'.*no Decimal lies"),
        ({"price": slice(50, None)}, SchemaError, "'price'.*from 1.* to .*choose"),
        ({"day": "someday"}, SchemaError, r"'day'.*such as datetime.date\("),
        ({"day": 5}, SchemaError, "'day'.*a date is needed"),
        ({"day": NOON}, SchemaError, "'day'.*no whole day"),
        ({"arrow_day": NOON}, SchemaError, "'arrow_day'.*no whole day"),
        ({"day": "2030-01-01"}, SchemaError, "'day'.*nearest: 2024-10-26"),
        ({"day": pd.Timestamp("2024-05-01", tz="UTC")}, SchemaError, "'day'.*zone"),
        ({"day": slice(5, 7)}, TypeError, "'day'.*a date is needed"),
        ({"arrow_day": slice("a", "b")}, TypeError, "'arrow_day'.*such as"),
        ({"time": "noon"}, SchemaError, r"'time'.*such as datetime.time\("),
        ({"time": NOON}, SchemaError, "'time'.*a time of day is needed"),
        ({"moment": ""}, SchemaError, "'moment'.*a date is needed"),
        ({"lasting": "long"}, SchemaError, r"'lasting'.*such as datetime.timedelta\("),
        ({"lasting": 5}, SchemaError, "'lasting'.*a duration is needed"),
        ({"whole": 150.5}, SchemaError, "'whole'.*150.5"),
        ({"whole": slice("a", "b")}, TypeError, "'whole'.*a number is needed"),
    ],
    ids=str,
)
def test_refused(model, conditions, error, match):
    with pytest.raises(error, match=match):
        model.sample(5, conditions=conditions)


def test_polars():
    pl = pytest.importorskip("polars")
    rows = table()[["price", "day", "time"]]
    frame = pl.DataFrame(
        {
            "price": pl.Series(rows["price"].tolist(), dtype=pl.Decimal(10, 2)),
            "day": rows["day"].tolist(),
            "time": rows["time"].tolist(),
        }
    )
    model = fit(small_gan(generator="autoregressive", epochs=1), frame)
    conditions = {"price": slice(10, 20), "day": "2024-05-01", "time": dt.time(8)}
    drawn = model.sample(20, seed=0, conditions=conditions)
    assert drawn.schema == frame.schema
    assert drawn["price"].is_between(Decimal(10), Decimal(20)).all()
    assert set(drawn["day"]) == {DAY}
    assert set(drawn["time"]) == {dt.time(8)}
    partial = pl.DataFrame(
        {"price": pl.Series([Decimal("12.5"), None], dtype=pl.Decimal(10, 2))}
    )
    drawn = model.sample(2, seed=0, conditions=partial)
    assert drawn.schema == frame.schema
    assert drawn["price"][0] == Decimal("12.50")


def test_of_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    table()[["price", "day"]].to_parquet("data.parquet")
    model = fit(CTGAN(epochs=1), pd.read_parquet("data.parquet"))
    model.save("model")
    command = ["sample", "model", "-n", "9", "-o", "out.parquet", "--condition"]
    given = ["price=12.5", "--condition", "day=2024-05-01"]
    assert main([*command, *given]) == 0
    drawn = pd.read_parquet("out.parquet")
    assert [str(v) for v in drawn["price"]] == ["12.50"] * 9
    assert set(drawn["day"]) == {DAY}
    for text in ("price=cheap", "day=someday"):
        assert main([*command, text]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert text.split("=")[0] in error
        assert "Give values such as" in error
