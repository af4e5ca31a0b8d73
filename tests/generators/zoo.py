"""Tables as odd as users' own, drawn by hypothesis: every dtype, name and size."""

import datetime as dt
import decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from sklearn_synthohive.layout._grammar import NAME

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
NULLABLE = ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"]
ROWS = [1, 2, 3, 7, 40, 90]

NAMES = [
    *["a", "b~", "c=d", "e.f", "g[h]", " ", "", "🐝", "naïve column", "x" * 300],
    *["~value", "a~value", "a=1", "a~missing", "a~mode0", "a~code[3]", "k\\~", "=\n"],
    *["index", "level_0", "0", "__ndarray__", "NaN", "None", "context.a", "own.a"],
]
TEXTS = [
    *["", " ", "nan", "None", "NA", "<NA>", "NaT", "missing", "~", "a=b", "[x]", "\\"],
    *["Zoë", "東京", "🐝🐝", "e\u0301", "\u202eabc", "x" * 10_000, "\0", "a\nb", "1"],
    *["1.0", "True", "other", "2020-01-01", "\ufeff", "İ", "ß"],
]
FLOATS = [
    *[0.0, -0.0, 1.0, -1.5, 0.1, 5e-324, -2.2e-308, 1e-300, 1e300, -1e300],
    *[1.7e308, -1.7e308, 2.0**53, 2.0**53 + 2, 1e16, 3.3333333333, 123456.78],
]
DAYS = ["0001-01-01", "1582-10-15", "1899-12-31", "1900-01-01", "1969-12-31"]
DAYS += ["1970-01-01", "2000-02-29", "2024-12-31", "2262-04-12", "2999-01-01"]
LAST_DAY = dt.date(9999, 12, 31)


def spread(draw, values, n, gaps=False):
    """A drawn handful of values over n rows; None where missing."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    picked = [values[i] for i in rng.integers(0, len(values), n)]
    if gaps:
        share = draw(st.sampled_from([0.0, 0.3, 1.0]))
        picked = [None if rng.random() < share else v for v in picked]
    return picked


def handful(draw, values):
    return draw(st.lists(values, min_size=1, max_size=6))


def integers(draw, n):
    dtype = draw(st.sampled_from(INTEGERS))
    info = np.iinfo(dtype)
    ends = [int(info.min), int(info.max), int(info.max) - 1, 0]
    values = handful(draw, st.sampled_from(ends) | st.integers(info.min, info.max))
    return pd.Series(np.array(spread(draw, values, n), dtype=dtype))


def nullable_integers(draw, n):
    dtype = draw(st.sampled_from(NULLABLE))
    info = np.iinfo(dtype.lower())
    values = handful(draw, st.integers(info.min, info.max))
    return pd.Series(pd.array(spread(draw, values, n, gaps=True), dtype=dtype))


def floats(draw, n):
    dtype = draw(
        st.sampled_from(["float64", "float32", "float16", "Float64", "Float32"])
    )
    width = {"float64": 64, "Float64": 64, "float16": 16}.get(dtype, 32)
    drawn = st.floats(allow_nan=False, allow_infinity=False, width=width)
    if width == 64:
        drawn |= st.sampled_from(FLOATS)
    values = np.array(handful(draw, drawn), dtype=dtype.lower())
    picked = spread(draw, values.tolist(), n, gaps=True)
    if dtype[0] == "F":
        return pd.Series(pd.array(picked, dtype=dtype))
    return pd.Series(np.array(picked, dtype="float64").astype(dtype))


def many_floats(draw, n):
    """Each row its own value, over a scale that no rounding survives."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    scale = draw(st.sampled_from([1e-310, 1e-30, 1.0, 1e30, 1e290]))
    shift = draw(st.sampled_from([0.0, 1.0, 1e6]))
    return pd.Series((rng.lognormal(0, 3, n) + shift) * scale)


def booleans(draw, n):
    dtype = draw(st.sampled_from(["bool", "boolean", "object"]))
    values = handful(draw, st.booleans())
    return pd.Series(spread(draw, values, n, gaps=dtype != "bool"), dtype=dtype)


def text(draw, n):
    dtype = draw(
        st.sampled_from(["object", "str", "string[python]", "string[pyarrow]"])
    )
    values = handful(draw, st.sampled_from(TEXTS) | st.text(max_size=8))
    values = [v.encode("utf8", "replace").decode() for v in values]
    return pd.Series(spread(draw, values, n, gaps=True), dtype=dtype)


def many_levels(draw, n):
    return pd.Series([f"id {i}" for i in np.random.default_rng(0).permutation(n)])


def blobs(draw, n):
    values = handful(draw, st.binary(max_size=4))
    return pd.Series(spread(draw, values, n, gaps=True), dtype=object)


def categories(draw, n):
    pools = [
        ["b", "a", "unused", ""],
        [3, 1, 2],
        [0.5, 1e300, -1.0],
        [True, False],
        list(pd.date_range("1800-01-01", periods=3, unit="s")),
        list(pd.interval_range(0, 3)),
        ["only"],
    ]
    seen = draw(st.sampled_from(pools))
    dtype = pd.CategoricalDtype(seen, ordered=draw(st.booleans()))
    codes = spread(draw, list(range(-1, max(1, len(seen) - 1))), n)
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype))


def dates(draw, n):
    unit = draw(st.sampled_from(["s", "ms", "us", "ns"]))
    days = [d for d in DAYS if unit != "ns" or "1700" < d < "2262-04-11"]
    values = [np.datetime64(d, unit) for d in handful(draw, st.sampled_from(days))]
    shift = draw(st.sampled_from([0, 1, 86_399]))
    picked = np.array(spread(draw, values, n), dtype=f"M8[{unit}]") + np.timedelta64(
        shift, "s"
    )
    column = pd.Series(picked)
    gaps = spread(draw, [True], n, gaps=True)
    return column.where(pd.Series([g is True for g in gaps]))


def zoned_dates(draw, n):
    """Hours around both changes of the clock."""
    zone = draw(
        st.sampled_from(["Europe/Paris", "America/New_York", "UTC", "Asia/Kathmandu"])
    )
    start = draw(st.sampled_from(["2024-03-31", "2024-10-27", "1890-06-01"]))
    hours = spread(draw, list(range(0, 30)), n)
    column = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(hours, "h")
    return pd.Series(column).dt.tz_convert(ZoneInfo(zone))


def durations(draw, n):
    unit = draw(st.sampled_from(["s", "ms", "us", "ns"]))
    values = handful(draw, st.integers(-(10**15), 10**15))
    return pd.Series(np.array(spread(draw, values, n), dtype=f"m8[{unit}]"))


def periods(draw, n):
    freq = draw(st.sampled_from(["D", "M", "Q", "Y", "W-SUN", "h"]))
    year = draw(st.sampled_from(["1600-01-01", "1990-01-01", "2500-01-01"]))
    start = pd.Period(year, freq)
    values = [start + k for k in handful(draw, st.integers(0, 300))]
    dtype = draw(st.sampled_from([start.freqstr, "object"]))
    picked = spread(draw, values, n, gaps=True)
    if dtype == "object":
        return pd.Series(picked, dtype=object)
    return pd.Series(pd.PeriodIndex(picked, freq=freq))


def intervals(draw, n):
    values = list(pd.interval_range(0, 4))
    return pd.Series(pd.arrays.IntervalArray(spread(draw, values, n)))


def boxed(draw, n):
    """Python objects of one kind."""
    day = st.dates() | st.just(LAST_DAY) | st.just(dt.date.min)
    pools = [
        day,
        st.times(),
        st.datetimes(),
        st.timedeltas(dt.timedelta(-(10**5)), dt.timedelta(10**5)),
        st.integers(-(2**63), 2**63 - 1),
        st.integers(0, 2**64 - 1),
        st.decimals(-(10**9), 10**9, places=draw(st.integers(0, 6))),
        st.just(decimal.Decimal("1E+3")) | st.just(decimal.Decimal("0.001")),
    ]
    values = handful(draw, draw(st.sampled_from(pools)))
    return pd.Series(spread(draw, values, n, gaps=True), dtype=object)


def nothing(draw, n):
    dtype = draw(
        st.sampled_from(["object", "float64", "Int64", "string", "M8[ns]", "category"])
    )
    return pd.Series([None] * n, dtype=dtype)


def constant(draw, n):
    value = draw(st.sampled_from([0, 2**63 - 1, 1e300, "", True, 5e-324]))
    return pd.Series([value] * n)


def arrow(draw, n):
    import pyarrow as pa

    kinds = [
        (pa.int8(), st.integers(-128, 127)),
        (pa.uint64(), st.integers(0, 2**64 - 1)),
        (pa.int64(), st.sampled_from([2**63 - 1, -(2**63), 0])),
        (pa.float32(), st.floats(allow_nan=False, allow_infinity=False, width=32)),
        (pa.float64(), st.sampled_from(FLOATS)),
        (pa.bool_(), st.booleans()),
        (pa.string(), st.sampled_from(TEXTS)),
        (pa.large_string(), st.sampled_from(TEXTS)),
        (pa.binary(), st.binary(max_size=3)),
        (pa.date32(), st.dates()),
        (pa.date64(), st.dates()),
        (pa.time32("s"), st.times().map(lambda t: t.replace(microsecond=0))),
        (pa.time64("us"), st.times()),
        (pa.timestamp("us"), st.datetimes()),
        (pa.timestamp("s", "Europe/Paris"), st.integers(-(10**10), 10**10)),
        (pa.duration("ms"), st.integers(-(10**12), 10**12)),
        (pa.decimal128(20, 4), st.decimals(-(10**9), 10**9, places=4)),
        (pa.null(), st.none()),
    ]
    dtype, values = draw(st.sampled_from(kinds))
    picked = spread(draw, handful(draw, values), n, gaps=True)
    return pd.Series(pd.array(pa.array(picked, type=dtype), dtype=pd.ArrowDtype(dtype)))


GOOD = [
    *[integers, nullable_integers, floats, many_floats, booleans, text, many_levels],
    *[blobs, categories, dates, zoned_dates, durations, periods],
    *[intervals, boxed, nothing, constant, arrow],
]


class Thing:
    """No value of a table."""


def _of(*values):
    def column(draw, n):
        return pd.Series([values[i % len(values)] for i in range(n)], dtype=object)

    return column


# Refused by name. A column of one row cannot be of mixed types.
BAD = {
    "mixed": _of(1, "a"),
    "truths and numbers": _of(True, 2),
    "dates and texts": _of(dt.date(2020, 1, 1), "x"),
    "lists": _of([1], [2]),
    "things": _of(Thing(), Thing()),
    "complex": lambda draw, n: pd.Series(np.full(n, 1j)),
    "infinite": lambda draw, n: pd.Series(np.full(n, np.inf)),
    "sparse": lambda draw, n: pd.Series(pd.arrays.SparseArray(np.zeros(n))),
    "beyond 64 bits": _of(2**70, -(2**70)),
    "infinite decimals": _of(decimal.Decimal("Infinity")),
    "half characters": _of("\ud800", "a"),
    "times of a zone": _of(dt.time(1, tzinfo=dt.UTC)),
}


@st.composite
def names_of(draw, width):
    """Names, not all of them those of an encoded matrix, which is never guessed at."""
    names = st.lists(st.sampled_from(NAMES), min_size=width, max_size=width)
    names = draw(names.filter(lambda found: len(set(found)) == len(found)))
    if all(NAME.fullmatch(name) for name in names):
        names[0] = "plain"
    return names


@st.composite
def tables(draw, bad=False):
    """A frame, and the name of the column that must be refused, if any."""
    n = draw(st.sampled_from(ROWS[1:] if bad else ROWS))
    width = draw(st.integers(1, 3))
    names = draw(names_of(width))
    columns = [draw(st.sampled_from(GOOD))(draw, n) for _ in names]
    culprit = None
    if bad:
        at = draw(st.integers(0, width - 1))
        columns[at] = BAD[draw(st.sampled_from(sorted(BAD)))](draw, n)
        culprit = names[at]
    frame = pd.concat(columns, axis=1, keys=range(width))
    frame.columns = pd.Index(names, dtype=object)
    return _dressed(draw, frame), culprit


def _dressed(draw, frame):
    """Other rows' names, and now and then numbers for names."""
    n = len(frame)
    dress = draw(
        st.sampled_from(["plain", "text", "repeated", "multi", "dates", "whole"])
    )
    if dress == "text":
        frame.index = [f"row {i}" for i in range(n)]
    elif dress == "repeated":
        frame.index = [0] * n
    elif dress == "multi":
        frame.index = pd.MultiIndex.from_arrays([range(n), ["x"] * n])
    elif dress == "dates":
        frame.index = pd.date_range("2020", periods=n)
    return frame


@st.composite
def polars_tables(draw):
    """A polars frame of its own dtypes."""
    import polars as pl

    kinds = [
        (pl.Int8, st.integers(-128, 127)),
        (pl.UInt64, st.integers(0, 2**64 - 1)),
        (pl.Int64, st.sampled_from([2**63 - 1, -(2**63) + 1, 0])),
        (pl.Float32, st.floats(allow_nan=False, allow_infinity=False, width=32)),
        (pl.Float64, st.sampled_from(FLOATS)),
        (pl.Boolean, st.booleans()),
        (pl.String, st.sampled_from(TEXTS)),
        (pl.Categorical, st.sampled_from(["", "a", "🐝"])),
        (pl.Enum(["x", "y", "unused"]), st.sampled_from(["x", "y"])),
        (pl.Binary, st.binary(max_size=3)),
        (pl.Date, st.dates()),
        (pl.Time, st.times()),
        (pl.Datetime("us"), st.datetimes()),
        (pl.Datetime("ms", "Europe/Paris"), st.integers(-(10**12), 10**12)),
        (pl.Duration("us"), st.integers(-(10**12), 10**12)),
        (pl.Decimal(20, 2), st.decimals(-(10**6), 10**6, places=2)),
        (pl.Null, st.none()),
    ]
    n = draw(st.sampled_from(ROWS))
    names = draw(names_of(draw(st.integers(1, 3))))
    columns = []
    for name in names:
        dtype, values = draw(st.sampled_from(kinds))
        picked = spread(draw, handful(draw, values), n, gaps=True)
        columns.append(pl.Series(name, picked, dtype=dtype))
    return pl.DataFrame(columns)
