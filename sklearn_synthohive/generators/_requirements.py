"""Conditions on single columns: parsed, typed as the column is, checked and met."""

from __future__ import annotations

import numbers
from collections.abc import Mapping

import numpy as np
import pandas as pd
from pandas.api.types import (
    is_bool_dtype,
    is_float_dtype,
    is_integer_dtype,
    is_list_like,
    is_numeric_dtype,
)

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.generators._codec import RawCodec
from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.utils.validation import is_polars, read_table

__all__ = ["Between", "OneOf", "PerRow", "encode_allowed", "parse_conditions"]


class OneOf:
    """Some allowed values, missing among them or not.

    Parameters
    ----------
    column : label
    values : list
    dtype : dtype
        Of the column.
    """

    def __init__(self, column, values, dtype):
        self.column = column
        self.values = _typed(column, values, dtype).drop_duplicates()
        if self.values.empty:
            raise ValueError(f"The condition on {column!r} allows no value.")

    def confined(self, transformer):
        """Itself, if the fitted column can hold its values."""
        _check_held(self.column, self.values, transformer)
        return self

    def met(self, series, rows):
        """Which cells, of the given rows, are as required."""
        met = series.isin(self.values.dropna()).to_numpy(dtype=bool)
        return met | series.isna().to_numpy() if self.values.hasnans else met

    def replacement(self, series, rows, rng):
        """Allowed values for the given rows, uniformly."""
        return self.values.iloc[rng.integers(len(self.values), size=len(rows))]


class Between:
    """Numbers, dates, durations or periods in an interval.

    Parameters
    ----------
    column : label
    interval : pandas.Interval or slice
        A slice is closed on both sides, as in ``.loc``.
    dtype : dtype
        Of the column.
    """

    def __init__(self, column, interval, dtype):
        self.column = column
        self.dtype = dtype
        if isinstance(interval, slice):
            if interval.step is not None:
                raise ValueError(f"The interval on {column!r} must have no step.")
            low, high, closed = interval.start, interval.stop, "both"
        else:
            low, high, closed = interval.left, interval.right, interval.closed
        self.low = self._bound(low, closed in ("right", "neither"), 1)
        self.high = self._bound(high, closed in ("left", "neither"), -1)
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(
                f"The interval on {column!r} is empty: no {dtype} lies between "
                f"{low!r} and {high!r}."
            )

    def _bound(self, bound, is_open, inwards):
        """An end of the interval as the next value that the column can hold."""
        dtype = self.dtype
        if bound is None or (isinstance(bound, float) and np.isinf(bound)):
            return None
        if isinstance(dtype, pd.CategoricalDtype) or is_bool_dtype(dtype):
            raise self._no_interval()
        try:
            if is_numeric_dtype(dtype):
                return _number(bound, dtype, is_open, inwards)
            if isinstance(dtype, pd.PeriodDtype):
                return pd.Period(bound, freq=dtype.freq) + inwards * is_open
            if dtype.kind == "M":
                bound, zone = pd.Timestamp(bound), getattr(dtype, "tz", None)
                if zone is not None and bound.tz is None:
                    bound = bound.tz_localize(zone)
                return bound + inwards * is_open * pd.Timedelta(1, _unit(dtype))
            if dtype.kind == "m":
                step = pd.Timedelta(1, _unit(dtype))
                return pd.Timedelta(bound) + inwards * is_open * step
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"The interval on {self.column!r} ends at {bound!r}, which is no "
                f"{dtype}: {error}."
            ) from error
        raise self._no_interval()

    def _no_interval(self):
        return TypeError(
            f"{self.column!r} is no column of numbers or dates: give a list of values."
        )

    def confined(self, transformer):
        """With the ends on the column's grid and in its range, or as levels inside."""
        ends, is_range = transformer.values_of(self.column)
        if not is_range:
            return self._levels(ends)
        smallest, largest = ends.iloc[0], ends.iloc[1]
        asked = (self.low, self.high)
        try:
            self.low = self._inside(transformer, self.low, smallest, largest, 1)
            self.high = self._inside(transformer, self.high, smallest, largest, -1)
        except TypeError as error:
            raise TypeError(
                f"The interval {asked} on {self.column!r} does not compare with "
                f"{self.dtype}: {error}."
            ) from error
        empty = self.low is None or self.high is None or self.low > self.high
        if empty or ends.isna().any():
            raise SchemaError(
                f"The interval on {self.column!r} from {asked[0]} to {asked[1]} holds "
                f"no value of the column, whose values lie from {smallest} to "
                f"{largest}: choose an interval that meets them."
            )
        return self

    def _levels(self, levels):
        inside = levels[self.met(levels, None)]
        if inside.empty:
            raise SchemaError(
                f"The interval on {self.column!r} from {self.low} to {self.high} holds "
                f"none of its {len(levels)} levels, which lie from {levels.min()} to "
                f"{levels.max()}."
            )
        return OneOf(self.column, inside.tolist(), self.dtype)

    def _inside(self, transformer, bound, smallest, largest, side):
        """An end as the next value inwards that the column holds; None beyond all."""
        if side > 0:
            if bound is None or bound <= smallest:
                return smallest
            beyond = bound > largest
        else:
            if bound is None or bound >= largest:
                return largest
            beyond = bound < smallest
        if beyond:
            return None
        series = pd.Series([bound]).astype(self.dtype)
        near = transformer.nearest(self.column, series, side=side).iloc[0]
        # A constraint may round outwards; the end that was asked for stays then.
        return max(near, bound) if side > 0 else min(near, bound)

    def met(self, series, rows):
        """Which cells, of the given rows, are as required."""
        met = series.notna()
        if self.low is not None:
            met &= series >= self.low
        if self.high is not None:
            met &= series <= self.high
        return met.fillna(False).to_numpy(dtype=bool)

    def replacement(self, series, rows, rng):
        """Values of generated rows inside the interval, else an end of it."""
        inside = series[self.met(series, None)]
        if len(inside):
            return inside.iloc[rng.integers(len(inside), size=len(rows))]
        bound = self.high if self.low is None else self.low
        return pd.Series([bound] * len(rows), dtype=series.dtype)


class PerRow:
    """A partial frame's column: each row fixed to its value, or free where missing.

    Parameters
    ----------
    column : label
    values : Series
    dtype : dtype
        Of the column.
    """

    def __init__(self, column, values, dtype):
        self.column = column
        self.fixed = values.notna().to_numpy()
        self.values = _typed(column, values[self.fixed].tolist(), dtype)
        # Where the value of each fixed row stands.
        self.place = np.cumsum(self.fixed) - 1

    def confined(self, transformer):
        """Itself, if the fitted column can hold its values."""
        _check_held(self.column, self.values, transformer)
        return self

    def met(self, series, rows):
        """Which cells, of the given rows, are as required."""
        fixed = self.fixed[rows]
        cells = series[fixed].reset_index(drop=True)
        wanted = self.values.iloc[self.place[rows[fixed]]].reset_index(drop=True)
        met = ~fixed
        met[fixed] = (cells == wanted).fillna(False).to_numpy(dtype=bool)
        return met

    def replacement(self, series, rows, rng):
        """The values of the given rows."""
        return self.values.iloc[self.place[rows]]


def parse_conditions(conditions, codec, num_rows):
    """Read conditions and check them against the columns.

    Parameters
    ----------
    conditions : mapping of column to condition, or frame of num_rows rows
    codec : RawCodec
    num_rows : int

    Returns
    -------
    list of OneOf, Between or PerRow

    Raises
    ------
    ValueError, TypeError, SchemaError
        Before any row is drawn.
    """
    if not isinstance(codec, RawCodec):
        raise ValueError(
            "conditions name values of the raw table, and this model was fitted on an "
            "encoded matrix: fit on raw rows to sample with conditions."
        )
    if is_polars(conditions):
        conditions = read_table(conditions, reset=False).frame
    is_frame = isinstance(conditions, pd.DataFrame)
    if not is_frame and not isinstance(conditions, Mapping):
        raise TypeError(
            "conditions must be a mapping from columns to values, or a DataFrame of "
            f"partial rows, got {type(conditions).__name__}."
        )
    if is_frame and len(conditions) != num_rows:
        raise ValueError(
            f"conditions has {len(conditions)} partial rows, but num_rows is "
            f"{num_rows}: give one partial row for each row to sample."
        )
    known = list(codec.transformer.columns_)
    unknown = [c for c in conditions if c not in known]
    if unknown:
        raise SchemaError(f"Unknown columns in conditions: {unknown}; known: {known}.")
    dtypes = example_row(codec).dtypes
    parse = PerRow if is_frame else _parse_one
    requirements = [parse(c, conditions[c], dtypes[c]) for c in conditions]
    return [requirement.confined(codec.transformer) for requirement in requirements]


def _parse_one(column, value, dtype):
    if isinstance(value, (pd.Interval, slice)):
        return Between(column, value, dtype)
    if isinstance(value, tuple):
        raise TypeError(
            f"The condition on {column!r} is a tuple: write [a, b] for either value or "
            "slice(a, b) for an interval."
        )
    if is_list_like(value):
        return OneOf(column, list(value), dtype)
    return OneOf(column, [value], dtype)


def example_row(codec):
    """One decoded row: each column's first state."""
    layout = codec.layout
    codes = np.zeros((1, len(layout.spans)), dtype=np.uint8)
    scalars = np.zeros((1, len(layout.continuous)), dtype=np.float32)
    return codec.decode(CompactTable(codes, scalars))


def encode_allowed(codec, requirement):
    """The compact cells of a requirement's values.

    Parameters
    ----------
    codec : RawCodec
    requirement : OneOf or PerRow

    Returns
    -------
    codes : ndarray of int64
        In the order of the values.
    scalars : ndarray of float32 or None
        None for a column without scalars.
    """
    column, values = requirement.column, requirement.values  # noqa: PD011
    frame = example_row(codec)
    frame = frame.loc[frame.index.repeat(len(values))].reset_index(drop=True)
    frame[column] = values.set_axis(frame.index)
    position = list(codec.transformer.columns_).index(column)
    table, continuous = codec.encode_cells(frame), codec.layout.continuous
    codes = table.codes[:, position].astype(np.int64)
    if position not in continuous:
        return codes, None
    return codes, table.scalars[:, continuous.index(position)]


def _typed(column, values, dtype):
    """Values as the column holds them; a value that it cannot hold is an error."""
    missing = [v is None or v is pd.NA or v is pd.NaT or v != v for v in values]
    present = [v for v, gone in zip(values, missing, strict=True) if not gone]
    wrong = []
    if isinstance(dtype, pd.CategoricalDtype):
        wrong = [v for v in present if v not in dtype.categories]
    elif is_bool_dtype(dtype):
        wrong = [v for v in present if not isinstance(v, (bool, np.bool_))]
    if wrong:
        raise SchemaError(
            f"A condition on {column!r} names {wrong}, which its dtype {dtype} does "
            "not hold."
        )
    if any(missing) and isinstance(dtype, np.dtype) and dtype.kind in "iub":
        raise SchemaError(
            f"A condition on {column!r} is missing, which its dtype {dtype} never is."
        )
    cells = [None if gone else v for v, gone in zip(values, missing, strict=True)]
    try:
        return pd.Series(cells, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise SchemaError(
            f"A condition on {column!r} does not fit its dtype {dtype}: {error}."
        ) from error


def _check_held(column, values, transformer):
    """Refuse values that the fitted column cannot hold, and say which it can."""
    near = transformer.nearest(column, values)
    known, is_range = transformer.values_of(column)
    held = near.notna()
    if is_range and is_float_dtype(values.dtype):
        left, right = (v.to_numpy(dtype=float, na_value=np.nan) for v in (values, near))
        # What a float32, or a sum of decimals, misses in its last bits is the value.
        slack = 1e-6 if "32" in str(values.dtype) else 1e-12
        held = np.isclose(left, right, rtol=slack, atol=0)
    elif is_range:
        held = (near == values).fillna(False)
    wrong = values[values.notna() & ~np.asarray(held, dtype=bool)]
    if wrong.empty:
        return
    first = wrong.drop_duplicates().iloc[:5]
    names = ", ".join(str(v) for v in first)
    if not is_range:
        some = ", ".join(str(v) for v in known.iloc[:10])
        more = ", ..." if len(known) > 10 else ""
        raise SchemaError(
            f"A condition on {column!r} names {names}, which fit never saw in it; it "
            f"saw {len(known)} levels: {some}{more}."
        )
    nearest = ", ".join(str(v) for v in near[first.index])
    raise SchemaError(
        f"A condition on {column!r} names {names}, which the column cannot hold: it "
        f"holds values from {known.iloc[0]} to {known.iloc[1]}, on the grid seen in "
        f"fit and within its constraint; nearest: {nearest}."
    )


def _number(bound, dtype, is_open, inwards):
    if not isinstance(bound, numbers.Real):
        raise TypeError("a number is needed")
    if is_integer_dtype(dtype):
        whole = int(np.ceil(bound) if inwards > 0 else np.floor(bound))
        return whole + inwards * (is_open and whole == bound)
    if is_open and is_float_dtype(dtype):
        width = np.float32 if "32" in str(dtype) or "float[" in str(dtype) else float
        return float(np.nextafter(width(bound), width(inwards * np.inf)))
    return bound


def _unit(dtype):
    if isinstance(dtype, pd.ArrowDtype):
        return dtype.pyarrow_dtype.unit
    return getattr(dtype, "unit", None) or np.datetime_data(dtype)[0]
