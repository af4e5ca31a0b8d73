"""The search for numbers that are names: ids and codes, whose order says nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import rankdata

from sklearn_synthohive.preprocessing._amounts import Ruler
from sklearn_synthohive.preprocessing._axis import Axis
from sklearn_synthohive.preprocessing._identities import find_identities
from sklearn_synthohive.preprocessing._kinds import (
    is_category,
    kind_of,
    listed_as_categories,
)
from sklearn_synthohive.preprocessing._native import read_native

__all__ = ["chosen_as_categories", "find_nominal"]

# Fewer distinct values are states of their own anyway; names repeat so often, and none
# of them makes up most rows.
MOST_STATES, ROWS_A_VALUE, MOST_COMMON = 64, 5, 0.5
# Rows that are looked at.
MAX_ROWS = 10_000
# Rows of a state that is looked at, and how many states of a category.
LEAST_OF_STATE, STATES = 30, 4
# Rows at which a value's mean counts half as much as at infinitely many.
HALF_WEIGHT = 10
# Share of a column's variance between the values of a name, standard errors of the F
# ratio under independence, and of the variance between values.
LEAST_SHARE, LEAST_F, LEAST_Z = 0.1, 10.0, 3.0
# Share of the variance between values that goes with order or arithmetic.
MOST_ORDER = 0.5
# What neighbours have in common in a number, and standard errors of it, from which on
# the order says something.
ORDERED, ORDERED_Z = 0.4, 4.0
# Share of the ranks' variance that another column's levels explain where they tell all.
TOLD = 0.9
# Variance below which there is none but for rounding.
EXACT = 1e-9
# Neighbours up to so far apart are compared; rests of division that may matter (digits,
# weekdays, dozens, hours, minutes, cents).
LAGS, PERIODS = 3, (7, 10, 12, 24, 25, 60, 100, 365)
ROUND = (5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 1_000_000)


def chosen_as_categories(transformer, table, positions, config) -> list[bool]:
    """The columns that are categories though their dtype does not say so.

    Parameters
    ----------
    transformer : DataTransformer
    table : Table
    positions : list of int
        Of the modelled columns.
    config : TableConfig or None

    Returns
    -------
    list of bool
        One a column of the table.
    """
    given = transformer.categorical_features
    listed = listed_as_categories(given, table.labels)
    if not isinstance(given, str) or given != "auto":
        return listed
    rules = {} if config is None else config.constraints
    barred = {
        i
        for i in positions
        for rule in [rules.get(table.labels[i])]
        if rule is not None and rule.violations(table.frame.iloc[:, i]).any()
    }
    found = find_nominal(
        table.frame,
        keys=set(range(len(listed))) - set(positions),
        barred=barred,
        most_states=max(MOST_STATES, transformer.max_distinct),
        least=transformer.min_count_,
    )
    return [i in found for i in range(len(listed))]


def find_nominal(
    frame: pd.DataFrame, *, keys=(), barred=(), most_states=MOST_STATES, least=1
) -> list[int]:
    """Columns of whole numbers on whose values others depend, but not on their order.

    A candidate's values repeat. It is a name where the means of another column (ranks,
    indicators of levels) differ between its values, and the means of neighbours are no
    more alike than those of any two values; rests of division and roundness explain
    no more either. It is a number where another number goes smoothly with it, where
    a category tells it, or where it is part of a sum. Variances and covariances are
    unbiased whatever the noise within values.

    Parameters
    ----------
    frame : DataFrame
    keys : collection of int
        Columns that may tell others and are nothing else.
    barred : collection of int
        Columns that stay numbers.
    most_states : int
        Distinct values up to which a column is none.
    least : int
        Rows below which a value is not kept.

    Returns
    -------
    list of int
    """
    candidates = []
    for i in range(frame.shape[1]):
        if i not in barred and i not in keys:
            candidates += _candidate(i, frame.iloc[:, i], most_states, least)
    if not candidates or len(frame.columns) < 2:
        return []
    rows = np.arange(len(frame))
    if len(rows) > MAX_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MAX_ROWS, replace=False))
    few = frame.iloc[rows]
    views = [v for i in range(few.shape[1]) if i not in keys for v in _views(i, few)]
    if not views:
        return []
    values = np.column_stack([view.cells for view in views])
    squares = values**2
    owners = np.array([view.column for view in views])
    numeric = np.array([view.is_number for view in views])
    found = []
    for candidate in candidates:
        candidate.take(rows)
        others = owners != candidate.column
        if _is_name(candidate, values, squares, numeric, others):
            found.append(candidate)
    if not found:
        return []
    terms = _terms(found, few)
    return [i for i in _untold(found, few, keys) if i not in terms]


@dataclass
class _Candidate:
    """A column of whole numbers that repeat.

    Attributes
    ----------
    column : int
    whole : ndarray of int64 or uint64
        Its value in each row.
    gaps : ndarray of bool
    n_values : int
    """

    column: int
    whole: np.ndarray
    gaps: np.ndarray
    n_values: int
    # Rows that are looked at, sorted by value, and where each value begins.
    order: np.ndarray = field(init=False, repr=False)
    starts: np.ndarray = field(init=False, repr=False)
    counts: np.ndarray = field(init=False, repr=False)

    def take(self, rows):
        """Look at these rows, at values of two rows or more."""
        self.whole, self.gaps = self.whole[rows], self.gaps[rows]
        present = np.flatnonzero(~self.gaps)
        order = present[np.argsort(self.whole[present], kind="stable")]
        own = self.whole[order]
        starts = np.flatnonzero(np.append(True, own[1:] != own[:-1])[: len(own)])
        counts = np.diff(np.append(starts, len(own)))
        self.order = order[np.repeat(counts > 1, counts)]
        self.counts = counts[counts > 1]
        self.starts = np.cumsum(self.counts) - self.counts

    def sums(self, values):
        """Sums over the rows of each value, shape (n_values, n_columns)."""
        ends = np.append(self.starts, len(self.order))
        shape = (len(self.starts), len(values))
        ones = np.ones(len(self.order))
        return sparse.csr_array((ones, self.order, ends), shape=shape) @ values

    @property
    def values(self):
        """The values that are looked at, ascending."""
        return self.whole[self.order[self.starts]]


@dataclass(frozen=True)
class _View:
    """A column as numbers whose means are compared."""

    column: int
    is_number: bool
    cells: np.ndarray


def _candidate(i, series, most_states, least):
    """A candidate in a list, or an empty list."""
    if is_category(series) or kind_of(series) != "number":
        return []
    if len(series) <= ROWS_A_VALUE * most_states:
        return []
    numbers = read_native(series, "number")
    stored, gaps = numbers.stored, numbers.missing
    if not all(_are_whole(part, numbers.decimals) for part in (stored[:100], stored)):
        return []
    counts = pd.Series(stored[~gaps]).value_counts(sort=False).to_numpy()
    repeats = len(counts) > most_states and ROWS_A_VALUE * len(counts) <= counts.sum()
    if not repeats or counts.max() > MOST_COMMON * counts.sum():
        return []
    # Rare values become missing, which a column that never was cannot hold.
    if counts.min() < least and not gaps.any():
        return []
    if stored.dtype == np.float64:
        if np.abs(stored).max() >= 2.0**53:
            return []
        stored = stored.astype(np.int64)
    return [_Candidate(i, stored // 10**numbers.decimals, gaps, len(counts))]


def _are_whole(stored, decimals):
    if stored.dtype == np.float64:
        return decimals == 0 and bool((np.rint(stored) == stored).all())
    return decimals == 0 or (decimals < 19 and not (stored % 10**decimals).any())


def _views(i, frame):
    """What of a column may depend on a name: levels, ranks, and what is missing."""
    series = frame.iloc[:, i]
    out = []
    gaps = series.isna().to_numpy(dtype=bool)
    if is_category(series):
        codes = pd.factorize(series)[0]
        counts = np.bincount(codes[codes >= 0])
        for code in np.argsort(-counts, kind="stable")[:STATES]:
            out.append((False, codes == code))
        if len(counts) > STATES + 1:
            # Two random halves of the levels stand for all of them.
            halves = np.random.default_rng(0).random((2, len(counts) + 1)) < 0.5
            out += [(False, half[codes]) for half in halves]
    else:
        numbers = read_native(series, kind_of(series))
        gaps = numbers.missing
        ranks = np.full(len(gaps), np.nan)
        ranks[~gaps] = rankdata(numbers.stored[~gaps])
        if len(np.unique(ranks[~gaps])) > 1:
            ranks -= np.nanmean(ranks)
            ranks = np.where(gaps, 0.0, ranks / np.nanstd(ranks))
            out.append((numbers.native.kind == "number", ranks))
    out.append((False, gaps))
    return [
        _View(i, is_number, values.astype(float))
        for is_number, values in out
        if values.dtype != bool or _is_common(values)
    ]


def _is_common(state):
    return LEAST_OF_STATE <= state.sum() <= len(state) - LEAST_OF_STATE


def _is_name(candidate, values, squares, numeric, others):
    """Whether other columns depend on a candidate as on names only."""
    counts = candidate.counts[:, None].astype(float)
    n_values, n_rows = len(counts), counts.sum()
    if n_values <= LEAST_OF_STATE:
        return False
    means = candidate.sums(values) / counts
    grand = (counts * means).sum(axis=0) / n_rows
    between = (counts * (means - grand) ** 2).sum(axis=0)
    here = np.zeros(len(values))
    here[candidate.order] = 1
    within = (here @ squares - n_rows * grand**2 - between) / (n_rows - n_values)
    error = np.sqrt(2 / (n_values - 1) + 2 / (n_rows - n_values))
    tells = between / (n_values - 1) > within * (1 + LEAST_F * error)
    tells &= others & (between > EXACT * n_rows)
    if not tells.any():
        return False
    numeric, means = numeric[tells], means[:, tells]
    rest = candidate.sums(squares[:, tells]) - counts * means**2
    rest[rest < EXACT * counts] = 0.0
    within = rest.sum(axis=0) / (n_rows - n_values)
    weights = counts / (counts + HALF_WEIGHT)
    away = means - (weights * means).sum(axis=0) / weights.sum()
    signal = weights * (away**2 - rest / (counts - 1) / counts)
    z = signal.sum(axis=0) / np.sqrt((signal**2).sum(axis=0))
    signal = signal.sum(axis=0) / weights.sum()
    share = signal / (signal + within)
    tells = (z >= LEAST_Z) & (share >= LEAST_SHARE)
    if not tells.any():
        return False
    away, signal, share = away[:, tells], signal[tells], share[tells]
    alike, clear = _alike_in_order(away, weights)
    alike /= signal
    is_measured = numeric[tells] & (within[tells] > 0)
    if (is_measured & (alike >= ORDERED) & (clear >= ORDERED_Z)).any():
        return False
    cyclic = _alike_by_arithmetic(candidate.values, away, weights) / signal
    ordered = np.maximum(alike, 0) + np.maximum(cyclic, 0)
    names = (ordered <= MOST_ORDER) & ((1 - ordered) * share >= LEAST_SHARE)
    return bool(names.any())


def _alike_in_order(away, weights):
    """Largest covariance of means of neighbours, and in standard errors."""
    found, clear = [], []
    for lag in range(1, LAGS + 1):
        both = np.sqrt(weights[lag:] * weights[:-lag])
        products = both * away[lag:] * away[:-lag]
        total = products.sum(axis=0)
        found.append(total / both.sum())
        clear.append(total / np.sqrt((products**2).sum(axis=0)))
    return np.max(found, axis=0), np.max(clear, axis=0)


def _alike_by_arithmetic(values, away, weights):
    """Largest covariance of means of values that leave one rest, or are as round."""
    groupings = [values % period for period in PERIODS]
    groupings.append(sum((values % base == 0).astype(int) for base in ROUND))
    out = np.zeros(away.shape[1])
    for rests in groupings:
        _, group = np.unique(rests, return_inverse=True)
        if group.max() == 0 or group.max() >= len(values) // 4:
            continue
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.append(True, np.diff(group[order]) > 0))
        own, mass = (weights * away)[order], weights[order]
        sums, masses = np.add.reduceat(own, starts), np.add.reduceat(mass, starts)
        pairs = (masses**2).sum() - (mass**2).sum()
        products = (sums**2).sum(axis=0) - (own**2).sum(axis=0)
        out = np.maximum(out, products / pairs)
    return out


def _untold(found, frame, keys):
    """Columns of candidates whose values no category, key or finer name tells."""
    columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
    kept = []
    for candidate in sorted(found, key=lambda c: (-c.n_values, c.column)):
        told = any(
            _explained(candidate, _codes(series)) >= TOLD
            for i, series in enumerate(columns)
            if i in keys or is_category(series)
        )
        told = told or any(
            _explained(candidate, _codes(columns[other.column])) >= TOLD
            for other in kept
        )
        if not told:
            kept.append(candidate)
    return sorted(c.column for c in kept)


def _codes(series):
    return pd.factorize(series)[0]


def _explained(candidate, codes):
    """Share of the variance of a candidate's ranks that levels explain."""
    both = ~candidate.gaps & (codes >= 0)
    codes = codes[both]
    if not len(codes):
        return 0.0
    ranks = rankdata(candidate.whole[both], method="dense").astype(float)
    counts = np.bincount(codes)
    sums = np.bincount(codes, weights=ranks)
    free = len(codes) - np.count_nonzero(counts)
    # Levels of a single row tell nothing.
    if free < LEAST_OF_STATE or ranks.var() == 0:
        return 0.0
    rest = (ranks**2).sum() - (sums**2 / np.maximum(counts, 1)).sum()
    return 1 - rest / free / ranks.var(ddof=1)


def _terms(found, frame):
    """Columns that are part of a sum; names that are multiples of names are not."""
    rulers = {}
    for i in range(frame.shape[1]):
        series = frame.iloc[:, i]
        if not is_category(series):
            kind = kind_of(series)
            ruler = Ruler.of(Axis.fit(series, kind)[0], kind)
            if ruler is not None:
                rulers[i] = ruler
    columns = list(rulers)
    sums = find_identities(
        [ruler.read(frame.iloc[:, i]) for i, ruler in rulers.items()],
        [ruler.step for ruler in rulers.values()],
    )
    names = {candidate.column for candidate in found}
    parts = [{columns[k] for k in (item.target, *item.terms)} for item in sums]
    return {i for part in parts if len(part) > 2 or not part <= names for i in part}
