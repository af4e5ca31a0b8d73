"""Grids, ends and positions of ordered columns."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import preprocessing as plain

from sklearn_synthohive.preprocessing._axis import Axis
from sklearn_synthohive.preprocessing._kinds import kind_of


def fit(values, dtype=None):
    column = pd.Series(values, dtype=dtype, name="x")
    return Axis.fit(column, kind_of(column))[0]


@given(
    st.lists(st.integers(-(10**7), 10**7), min_size=2, max_size=40), st.integers(0, 5)
)
@settings(deadline=None)
def test_fewest_decimals(values, digits):
    floats = [v / 10**digits for v in values]
    axis = fit(floats)
    assert axis.integral
    assert axis.decimals == plain.decimals(floats)


@given(
    st.lists(st.integers(0, 2**62), min_size=2, max_size=20, unique=True),
    st.sampled_from([1, 2, 7, 86_400]),
    st.sampled_from(["int64", "uint64"]),
)
@settings(deadline=None)
def test_widest_grid(values, factor, dtype):
    values = [v // factor * factor for v in values]
    assert fit(values, dtype).step == plain.step(values)


@given(
    st.integers(-(2**63), 2**63 - 2**21), st.lists(st.integers(0, 2**20), min_size=1)
)
@settings(deadline=None)
def test_positions_of_large_integers_are_exact(base, offsets):
    values = np.array([base + 2 * k for k in offsets], dtype=np.int64)
    axis = fit(values)
    positions = axis.positions(values)
    assert [int(p) * axis.step for p in positions] == [
        int(v) - int(values.min()) for v in values
    ]
    np.testing.assert_array_equal(axis.stored(positions), values)


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_the_whole_range_of_64_bits(dtype):
    info = np.iinfo(dtype)
    values = np.array([info.min, info.min + 1, info.max - 1, info.max], dtype=dtype)
    axis = fit(values)
    back = axis.stored(axis.positions(values))
    assert back.dtype == dtype
    assert [back[0], back[-1]] == [info.min, info.max]
    unclipped = axis.stored(np.array([-1e30, 1e30]), clip=False)
    assert unclipped.tolist() == [info.min, info.max]


@pytest.mark.parametrize(
    ("dtype", "ends"),
    [("int8", (-128, 127)), ("uint16", (0, 65_535)), ("Int32", (-(2**31), 2**31 - 1))],
)
def test_without_clipping_the_dtype_is_the_limit(dtype, ends):
    axis = fit([3, 4, 9], dtype)
    stored = axis.stored(np.array([-1e12, 1e12, -2.0, 8.0]), clip=False)
    assert stored.tolist() == [*ends, 1, 11]
    assert axis.stored(np.array([-1e12, 1e12])).tolist() == [3, 9]
    written = axis.write(stored, np.zeros(4, dtype=bool))
    assert pd.Series(written).dtype == dtype


def test_dates_do_not_leave_what_dates_can_hold():
    axis = fit([Decimal("1.5"), Decimal("2.5")])
    assert axis.texts(axis.stored(np.array([0.0, 1.0]))) == ["1.5", "2.5"]
    days = fit([pd.Timestamp("2020-01-01").date(), pd.Timestamp("2020-01-02").date()])
    ends = days.write(days.stored(np.array([-1e9, 1e9]), clip=False), np.zeros(2, bool))
    assert [d.year for d in ends] == [1, 9999]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_without_clipping_are_times(unit):
    values = pd.to_datetime(["2020-01-01", "2020-01-03"]).as_unit(unit)
    for zone in (None, "Asia/Tokyo"):
        axis = fit(values.tz_localize(zone))
        stored = axis.stored(np.array([-1e25, 1e25, 1.0]), clip=False)
        written = pd.Series(axis.write(stored, np.zeros(3, dtype=bool)))
        assert written.notna().all()
        assert written.dtype == values.tz_localize(zone).dtype


def test_values_between_grid_points_move_to_the_nearer_one():
    axis = fit([10, 20, 50])
    read = pd.Series([10, 14, 16, 3, -4, 71])
    stored, _ = axis.read(read, "number")
    assert stored.tolist() == [10, 10, 20, 0, 0, 70]
    halves, _ = fit([0.5, 1.0, 2.5]).read(pd.Series([0.6, 0.8]), "number")
    assert halves.tolist() == [5, 10]


def test_other_dtypes_of_the_same_kind_are_read():
    axis = fit([1, 2, 4], "int64")
    for other in ("float64", "Int8", "uint64", "object", "double[pyarrow]"):
        stored, missing = axis.read(pd.Series([2, 4], dtype=other), "number")
        assert stored.dtype == np.int64
        assert stored.tolist() == [2, 4]
        assert not missing.any()
    grid = fit([0.25, 0.5, 1.0])
    stored, _ = grid.read(pd.Series([1, 0], dtype="int64"), "number")
    assert stored.tolist() == [100, 0]
    boxed = fit([Decimal("0.25"), Decimal("1.00")])
    assert boxed.read(pd.Series([1, 0.5]), "number")[0].tolist() == [100, 25]


def test_values_far_beyond_any_type_do_not_overflow():
    axis = fit([1, 2, 4], "int64")
    stored, _ = axis.read(pd.Series([1e300, -1e300, 2.0]), "number")
    assert stored[0] > 2**62
    assert stored[1] < -(2**62)
    unsigned = fit([1, 2], "uint64")
    assert unsigned.read(pd.Series([-5, 7]), "number")[0].tolist() == [0, 7]
    signed = fit([1, 2], "int64")
    big = pd.Series([2**64 - 1], dtype="uint64")
    assert signed.read(big, "number")[0].tolist() == [2**63 - 1]
    scaled = fit([0.001, 0.002])
    assert scaled.read(pd.Series([2**62]), "number")[0][0] > 2**60


@pytest.mark.parametrize(
    "values",
    [
        np.array([-1.7e308, 0.3, 1.7e308]),
        np.array([5e-324, 1e-310, 3e-310]),
        np.array([1e300, 1e300 + 1e285, 2e300]),
        np.array([np.pi, np.e, 1 / 3]),
    ],
)
def test_floats_of_any_size(values):
    axis = fit(values)
    assert not axis.integral
    positions = axis.positions(values)
    assert np.isfinite(positions).all()
    assert 0.2 < np.ptp(positions) <= 2
    width = values.max() / 2 - values.min() / 2
    error = np.abs(axis.stored(positions) / 2 - values / 2)
    assert (error <= 1e-13 * np.maximum(width, np.abs(values) / 2)).all()
    assert np.isfinite(axis.positions(np.array([-1.7e308, 1.7e308]))).all()
    assert np.isfinite(axis.stored(np.array([-1e30, 1e30]), clip=False)).all()


@pytest.mark.parametrize("unit", [5e-324, 1e-300, 1.0, 1e300])
def test_a_bent_line_has_the_relative_precision_of_a_double(unit):
    axis = replace(fit(np.array([-1.7e308, 0.3, 1.7e308])), unit=unit)
    sizes = np.concatenate([[0.0, 5e-324, 1e-310], np.logspace(-300, 308, 97)])
    values = np.concatenate([-sizes[::-1], sizes])
    positions = axis.positions(values)
    assert positions[0] >= 0
    assert np.isfinite(positions).all()
    assert (np.diff(positions) >= 0).all()
    error = np.abs(axis.stored(positions) / 2 - values / 2)
    # A logarithm of 700 leaves three digits fewer than a double has.
    assert (error <= 1e-12 * np.maximum(np.abs(values), unit)).all()
    assert np.isfinite(axis.stored(np.array([-1e5, 1e5]), clip=False)).all()


def test_the_unit_of_a_bent_line_is_no_rows_own_value():
    values, counts = np.array([-3e-9, 0.0, 1e-9, 5.0]), np.array([2, 9, 1, 7])
    axis = fit(np.array([np.pi, np.e]))
    assert axis.bent(values, counts, 1).unit == 2.0**-30
    # The mean of 1e-9 and twice 3e-9.
    assert axis.bent(values, counts, 3).unit == 2.0**-29


def test_text_of_a_value_is_short():
    assert fit([0.1, 0.25]).texts(np.array([10, 25])) == ["0.1", "0.25"]
    assert fit(np.array([0.1], "f4")).texts(np.array([1])) == ["0.1"]
    assert fit([7]).texts(np.array([7])) == ["7"]
