"""Rows that meet conditions: parsed, forced where possible, always met."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.generators._codec import RawCodec
from sklearn_synthohive.layout import CompactTable

__all__ = ["parse_conditions", "sample_conditioned"]

# Bounds on the search for rows that meet what cannot be forced: then the nearest rows
# are taken and the cells that differ are overwritten.
MAX_ROUNDS = 40
MAX_POOL_PER_ROW = 200
MIN_ROUND, MAX_ROUND = 2_000, 50_000


class OneOf:
    """Some allowed values, missing among them or not.

    Parameters
    ----------
    column : str
    values : list
    """

    def __init__(self, column, values):
        self.column = column
        self.missing = any(_is_missing(v) for v in values)
        self.values = [v for v in values if not _is_missing(v)]
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


def _is_missing(value):
    return value is None or value is pd.NA or value is pd.NaT or value != value


def sample_conditioned(
    fitted, requirements, n, seed, *, context=None, n_jobs=None, clip=True
):
    """Rows that meet every requirement, from the model's conditional distribution.

    One discrete condition a row is forced through the conditional vector (the rarest),
    the others are met by drawing again, for a bounded number of rounds; rows that are
    still short then take their nearest candidate, with the differing cells overwritten.

    Parameters
    ----------
    fitted : FittedGAN
    requirements : list
    n, seed : int
    context : CompactTable of n rows, optional
    n_jobs : int, optional
    clip : bool

    Returns
    -------
    DataFrame of shape (n, n_columns)
    """
    rng = np.random.default_rng(seed)
    example = fitted.codec.decode(fitted.draw(1, seed), clip=clip) if n else None
    if example is None:
        return fitted.codec.decode(fitted.draw(0, seed))
    _check_kinds(requirements, example)
    per_row = context is not None or any(isinstance(r, PerRow) for r in requirements)
    force = _Forcing(fitted, requirements, n, example)
    best = _Best(n)
    drawn, pool_limit = 0, MAX_POOL_PER_ROW * n + MAX_ROUND
    for _ in range(MAX_ROUNDS):
        pending = best.pending(len(requirements))
        if not len(pending) or drawn >= pool_limit:
            break
        rows = pending
        if not per_row:
            rate = max(best.hits / max(drawn, 1), 1 / 50)
            size = int(np.clip(1.2 * len(pending) / rate, MIN_ROUND, MAX_ROUND))
            rows = np.resize(pending, size)
        table = fitted.draw(
            len(rows),
            int(rng.integers(2**62)),
            context=None if context is None else context.take(rows),
            forced=force.draw(rows, rng),
            n_jobs=n_jobs,
        )
        drawn += len(rows)
        frame = fitted.codec.decode(table, clip=clip)
        met = np.stack([r.met(frame[r.column], rows) for r in requirements], axis=1)
        best.take(table, met, rows, exchangeable=not per_row)
    frame = fitted.codec.decode(best.table(), clip=clip)
    return _overwrite(frame, requirements, rng)


def _check_kinds(requirements, example):
    for r in requirements:
        series = example[r.column]
        if isinstance(r, Between) and (
            isinstance(series.dtype, pd.CategoricalDtype)
            or is_bool_dtype(series.dtype)
            or not (is_numeric_dtype(series.dtype) or series.dtype.kind in "mM")
        ):
            raise TypeError(
                f"{r.column!r} is no column of numbers or dates: give a list of values."
            )


class _Forcing:
    """Which state to force in each row: of the fixed ones, the rarest."""

    def __init__(self, fitted, requirements, n, example):
        self.conditions = fitted.conditions
        spec, layout = fitted.spec, fitted.codec.layout
        spans = [*spec.onehot, *spec.coded]
        labels = list(fitted.codec.transformer.columns_)
        self.choices = []
        for r in requirements:
            position = spans.index(labels.index(r.column))
            span = layout.spans[spans[position]]
            if isinstance(r, Between):
                continue
            values = r.allowed()
            if isinstance(r, PerRow):
                free = example[r.column].iloc[0]
                values = [
                    v if f else free for v, f in zip(values, r.fixed, strict=True)
                ]
            codes = _encode_values(fitted.codec, example, r.column, values)
            if not len(self.conditions.counts[position]):
                continue
            fixed = r.fixed if isinstance(r, PerRow) else None
            self.choices.append((position, codes[:, spans[position]], fixed, span))

    def draw(self, rows, rng):
        """Position of the forced column and its state, shape (n, 2)."""
        n = len(rows)
        forced = np.full((n, 2), -1, dtype=np.int64)
        forced[:, 1] = 0
        rarest = np.full(n, np.inf)
        for position, codes, fixed, _ in self.choices:
            counts = self.conditions.counts[position]
            if fixed is None:
                share = counts[codes] + 1e-9
                states = rng.choice(codes, size=n, p=share / share.sum())
                weight = np.full(n, float(share.sum()))
                use = np.ones(n, dtype=bool)
            else:
                states, use = codes[rows], fixed[rows]
                weight = counts[states].astype(float)
            better = use & (weight < rarest)
            forced[better, 0] = position
            forced[better, 1] = states[better]
            rarest[better] = weight[better]
        return forced


def _encode_values(codec, example, column, values):
    """Codes of values of one column, in an otherwise arbitrary row."""
    frame = example.loc[example.index.repeat(len(values))].reset_index(drop=True)
    dtype = example[column].dtype
    values = list(values)
    if any(_is_missing(v) for v in values) and dtype.kind in "iub":
        dtype = object
    try:
        wanted = pd.Series(values, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise SchemaError(
            f"A condition on {column!r} does not fit its dtype {dtype}: {error}."
        ) from error
    if not isinstance(dtype, pd.CategoricalDtype) or not wanted.isna().any():
        frame[column] = wanted
    return codec.encode(frame).codes


class _Best:
    """For each row the candidate that meets most requirements so far."""

    def __init__(self, n):
        self.met = np.full(n, -1)
        self.codes = None
        self.scalars = None
        self.hits = 0

    def pending(self, wanted):
        return np.flatnonzero(self.met < wanted)

    def table(self):
        return CompactTable(self.codes, self.scalars)

    def take(self, table, met, rows, exchangeable):
        n = len(self.met)
        if self.codes is None:
            self.codes = np.zeros((n, table.codes.shape[1]), dtype=table.codes.dtype)
            self.scalars = np.zeros((n, table.scalars.shape[1]), dtype=np.float32)
        score = met.sum(axis=1)
        self.hits += int((score == met.shape[1]).sum())
        source = np.arange(len(rows))
        if exchangeable:
            # Hits go to whichever rows still wait, in the order they were drawn.
            order = np.argsort(-score, kind="stable")
            rows = np.unique(rows)
            source = order[: len(rows)]
            rows = rows[: len(source)]
        better = score[source] > self.met[rows]
        rows, source = rows[better], source[better]
        self.met[rows] = score[source]
        self.codes[rows] = table.codes[source]
        self.scalars[rows] = table.scalars[source]


def _overwrite(frame, requirements, rng):
    rows = np.arange(len(frame))
    for r in requirements:
        series = frame[r.column]
        wrong = np.flatnonzero(~r.met(series, rows))
        if not len(wrong):
            continue
        values = r.replacement(series, wrong, rng)
        try:
            fixed = pd.Series(values, index=series.index[wrong], dtype=series.dtype)
        except (TypeError, ValueError):
            series = series.astype(object)
            fixed = pd.Series(values, index=series.index[wrong], dtype=object)
        series = series.copy()
        series.iloc[wrong] = fixed
        frame[r.column] = series
    return frame
