"""Conditions on single columns: parsed, typed as the column is, checked and met."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from pandas.api.types import (
    is_bool_dtype,
    is_float_dtype,
    is_list_like,
    is_numeric_dtype,
    is_object_dtype,
)

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.generators._codec import RawCodec
from sklearn_synthohive.generators._typed import (
    inner_end,
    never_missing,
    noun_of,
    typed_values,
)
from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.utils.validation import is_polars, read_table

__all__ = [
    "Between",
    "OneOf",
    "PerRow",
    "encode_allowed",
    "example_row",
    "missing_state",
    "parse_conditions",
]


class OneOf:
    """Some allowed values, missing among them or not.

    Parameters
    ----------
    column : label
    values : list
    dtype : dtype
        Of the column.
    cell : object, optional
        A value of the column, see ``typed_values``.
    """

    def __init__(self, column, values, dtype, cell=None):
        self.column = column
        self.values = typed_values(column, values, dtype, cell).drop_duplicates()
        if self.values.empty:
            raise ValueError(f"The condition on {column!r} allows no value.")

    def confined(self, codec):
        """Itself, if the fitted column can hold its values."""
        self.values = _held(self.column, self.values, codec)
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
    cell : object
        A value of the column.
    """

    def __init__(self, column, interval, dtype, cell):
        self.column = column
        self.dtype = dtype
        if isinstance(interval, slice):
            if interval.step is not None:
                raise ValueError(f"The interval on {column!r} must have no step.")
            low, high, closed = interval.start, interval.stop, "both"
        else:
            low, high, closed = interval.left, interval.right, interval.closed
        opens = closed in ("right", "neither"), closed in ("left", "neither")
        self.low, self.high = (
            inner_end(column, bound, dtype, cell, is_open=is_open, inwards=inwards)
            for bound, is_open, inwards in zip((low, high), opens, (1, -1), strict=True)
        )
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(
                f"The interval on {column!r} is empty: no {noun_of(dtype, cell)} lies "
                f"between {low!r} and {high!r}."
            )

    def confined(self, codec):
        """With the ends on the column's grid and in its range, or as levels inside."""
        transformer = codec.transformer
        ends, is_range = transformer.values_of(self.column)
        if not is_range:
            if is_numeric_dtype(self.dtype) and not is_bool_dtype(self.dtype):
                return self._levels(ends)
            raise TypeError(
                f"{self.column!r} is a column of categories: give a list of values."
            )
        smallest, largest = ends.iloc[0], ends.iloc[1]
        asked, empty = (self.low, self.high), ends.isna().any()
        if not empty:
            try:
                self.low = self._inside(transformer, self.low, smallest, largest, 1)
                self.high = self._inside(transformer, self.high, smallest, largest, -1)
            except TypeError as error:
                raise TypeError(
                    f"The interval {asked} on {self.column!r} does not compare with "
                    f"{self.dtype}: {error}."
                ) from error
            empty = self.low is None or self.high is None or self.low > self.high
        if empty:
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
        met = series.notna().to_numpy(dtype=bool, copy=True)
        cells = series[met]
        inside = pd.Series(data=True, index=cells.index)
        if self.low is not None:
            inside &= cells >= self.low
        if self.high is not None:
            inside &= cells <= self.high
        met[met] = inside.to_numpy(dtype=bool)
        return met

    def clip(self, series):
        """Cells moved into the interval."""
        if not is_object_dtype(series.dtype):
            return series.clip(self.low, self.high)
        # Missing objects compare with nothing.
        present = series[series.notna()]
        cells = [min(max(v, self.low), self.high) for v in present]
        out = series.copy()
        out[present.index] = pd.Series(cells, index=present.index, dtype=object)
        return out

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
    cell : object
        A value of the column, see ``typed_values``.
    """

    def __init__(self, column, values, dtype, cell):
        self.column = column
        self.fixed = values.notna().to_numpy()
        self.values = typed_values(column, values[self.fixed].tolist(), dtype, cell)
        # Where the value of each fixed row stands.
        self.place = np.cumsum(self.fixed) - 1

    def confined(self, codec):
        """Itself, if the fitted column can hold its values."""
        self.values = _held(self.column, self.values, codec)
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
    example = example_row(codec)
    parse = PerRow if is_frame else _parse_one
    requirements = [
        parse(c, conditions[c], example[c].dtype, example[c].iloc[0])
        for c in conditions
    ]
    return [requirement.confined(codec) for requirement in requirements]


def _parse_one(column, value, dtype, cell):
    if isinstance(value, (pd.Interval, slice)):
        return Between(column, value, dtype, cell)
    if isinstance(value, tuple):
        raise TypeError(
            f"The condition on {column!r} is a tuple: write [a, b] for either value or "
            "slice(a, b) for an interval."
        )
    values = list(value) if is_list_like(value) else [value]
    return OneOf(column, values, dtype, cell)


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


def missing_state(codec, i):
    """The state that stands for a missing value in the i-th span, or None."""
    span = codec.layout.spans[i]
    if span.states:
        return len(span.states) - 1 if span.states[-1].kind == "missing" else None
    if codec.transformer is None:
        return None
    levels = codec.transformer.values_of(codec.transformer.columns_[i])[0]
    return span.n_states - 1 if span.n_states > len(levels) else None


def _held(column, values, codec):
    """Values as the fitted column writes them; an error for what it cannot hold."""
    transformer = codec.transformer
    position = list(transformer.columns_).index(column)
    if values.hasnans and missing_state(codec, position) is None:
        raise never_missing(column)
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
        return near if is_range and is_object_dtype(values.dtype) else values
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
