"""Conditions on columns: what a user may write, and what it asks of a row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.generators._codec import RawCodec

__all__ = ["Between", "OneOf", "PerRow", "is_missing", "parse_conditions"]


class OneOf:
    """Some allowed values, missing among them or not.

    Parameters
    ----------
    column : str
    values : list
    """

    def __init__(self, column, values):
        self.column = column
        self.missing = any(is_missing(v) for v in values)
        self.values = [v for v in values if not is_missing(v)]
        if not self.values and not self.missing:
            raise ValueError(f"The condition on {column!r} allows no value.")

    def met(self, series, rows):
        met = series.isin(self.values).to_numpy(dtype=bool)
        return met | series.isna().to_numpy() if self.missing else met

    def allowed(self):
        """Every allowed value, as a list."""
        return [*self.values, None] if self.missing else list(self.values)

    def replacement(self, series, rows, rng):
        """Allowed values for the given rows, uniformly."""
        allowed = self.allowed()
        return [allowed[k] for k in rng.integers(len(allowed), size=len(rows))]


class Between:
    """Numbers or dates in an interval.

    Parameters
    ----------
    column : str
    interval : pandas.Interval or slice
        A slice is closed on both sides, as in ``.loc``.
    """

    def __init__(self, column, interval):
        self.column = column
        if isinstance(interval, slice):
            if interval.step is not None:
                raise ValueError(f"The interval on {column!r} must have no step.")
            low, high, closed = interval.start, interval.stop, "both"
        else:
            low, high, closed = interval.left, interval.right, interval.closed
        if low is not None and high is not None and low > high:
            raise ValueError(f"The interval on {column!r} is empty: {low} > {high}.")
        self.low, self.high = low, high
        self.open_low = closed in ("right", "neither")
        self.open_high = closed in ("left", "neither")

    def met(self, series, rows):
        met = series.notna()
        if self.low is not None:
            met &= series > self.low if self.open_low else series >= self.low
        if self.high is not None:
            met &= series < self.high if self.open_high else series <= self.high
        return met.fillna(False).to_numpy(dtype=bool)

    def allowed(self):
        return None

    def replacement(self, series, rows, rng):
        """Values of generated rows inside the interval, else the nearest bound."""
        inside = series[self.met(series, None)]
        if len(inside):
            return inside.iloc[rng.integers(len(inside), size=len(rows))].tolist()
        bound = self.high if self.low is None else self.low
        if (self.open_low and bound is self.low) or (
            self.open_high and bound is self.high
        ):
            bound = self.low + (self.high - self.low) / 2
        return [bound] * len(rows)


class PerRow:
    """A partial frame's column: each row fixed to its value, or free where missing.

    Parameters
    ----------
    column : str
    values : Series
    """

    def __init__(self, column, values):
        self.column = column
        self.values = values.reset_index(drop=True)
        self.fixed = self.values.notna().to_numpy()

    def met(self, series, rows):
        wanted = self.values.iloc[rows].reset_index(drop=True)
        same = series.astype(object).to_numpy() == wanted.astype(object).to_numpy()
        return ~self.fixed[rows] | np.asarray(same, dtype=bool)

    def allowed(self):
        """The value of each row, missing where it is free."""
        return self.values.tolist()

    def replacement(self, series, rows, rng):
        """The values of the given rows."""
        return self.values.iloc[rows].tolist()


def parse_conditions(conditions, codec, num_rows):
    """Read conditions and check them against the columns.

    Parameters
    ----------
    conditions : mapping of column to condition, or DataFrame of num_rows rows
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
    if isinstance(conditions, pd.DataFrame):
        if len(conditions) != num_rows:
            raise ValueError(
                f"conditions has {len(conditions)} partial rows, but num_rows is "
                f"{num_rows}: give one partial row for each row to sample."
            )
        pairs = [(c, PerRow(c, conditions[c])) for c in conditions.columns]
    elif isinstance(conditions, Mapping):
        pairs = [(c, _parse_one(c, v)) for c, v in conditions.items()]
    else:
        raise TypeError(
            "conditions must be a mapping from columns to values, or a DataFrame of "
            f"partial rows, got {type(conditions).__name__}."
        )
    known = list(codec.transformer.columns_)
    unknown = [c for c, _ in pairs if c not in known]
    if unknown:
        raise SchemaError(f"Unknown columns in conditions: {unknown}; known: {known}.")
    return [requirement for _, requirement in pairs]


def _parse_one(column, value):
    if isinstance(value, (pd.Interval, slice)):
        return Between(column, value)
    if isinstance(value, (list, set, frozenset, np.ndarray, pd.Series, pd.Index)):
        return OneOf(column, list(value))
    if isinstance(value, tuple):
        raise TypeError(
            f"The condition on {column!r} is a tuple: write [a, b] for either value or "
            "slice(a, b) for an interval."
        )
    return OneOf(column, [value])


def is_missing(value):
    """Whether a value of a condition stands for missing."""
    return value is None or value is pd.NA or value is pd.NaT or value != value
