"""The search for numbers that are names: ids and codes, whose order says nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
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
from sklearn_synthohive.preprocessing._unordered import Repeats, Views
from sklearn_synthohive.utils.params import StrOptions

__all__ = ["CHOICES", "are_categories", "find_nominal"]

# What may be said of the columns to treat as categories.
CHOICES = ["array-like", StrOptions({"auto", "from_dtype"}), None]
# Fewer distinct values are states of their own anyway; names repeat so often, and none
# of them makes up most rows.
MOST_STATES, ROWS_A_VALUE, MOST_COMMON = 64, 5, 0.5
# Rows that are looked at.
MAX_ROWS = 10_000
# Share of the ranks' variance that another column's levels explain where they tell all,
# with so many rows more than levels.
TOLD, LEAST_FREE = 0.9, 30
# Whole numbers below are exact as doubles.
LARGEST_EXACT = 2.0**53


def are_categories(transformer, table, positions, config) -> list[bool]:
    """Which columns are encoded by their levels.

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
    for i in positions:
        listed[i] = listed[i] or is_category(table.frame.iloc[:, i])
    if not isinstance(given, str) or given != "auto":
        return listed
    found = find_nominal(
        table.frame,
        [i for i in positions if not _is_moved(table, i, config)],
        keys=set(range(len(listed))) - set(positions),
        most_states=max(MOST_STATES, transformer.max_distinct),
        least=transformer.min_count_,
    )
    return [known or i in found for i, known in enumerate(listed)]


def _is_moved(table, i, config):
    """Whether a constraint changes values of a column, to what may be no level."""
    rule = None if config is None else config.constraints.get(table.labels[i])
    return rule is not None and rule.violations(table.frame.iloc[:, i]).any()


def find_nominal(
    frame: pd.DataFrame, columns=None, *, keys=(), most_states=MOST_STATES, least=1
) -> list[int]:
    """Columns of whole numbers on whose values others depend, but not on their order.

    A number stays one where a category, a key or a finer name tells it, and where it is
    part of a sum.

    Parameters
    ----------
    frame : DataFrame
    columns : list of int, optional
        Those that may be names.
    keys : collection of int
        Columns that may tell others and are nothing else.
    most_states : int
        Distinct values up to which a column is none.
    least : int
        Rows below which a value is not kept.

    Returns
    -------
    list of int
    """
    columns = range(frame.shape[1]) if columns is None else columns
    candidates = [
        candidate
        for i in columns
        for candidate in [_candidate(i, frame.iloc[:, i], most_states, least)]
        if candidate is not None
    ]
    if not candidates:
        return []
    rows = np.arange(len(frame))
    if len(rows) > MAX_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MAX_ROWS, replace=False))
    few = frame.iloc[rows]
    others = [i for i in range(frame.shape[1]) if i not in keys]
    views = Views(few, others)
    found = []
    for candidate in candidates:
        candidate.whole, candidate.gaps = candidate.whole[rows], candidate.gaps[rows]
        repeats = Repeats(candidate.whole, candidate.gaps)
        if views.depend_on_names(candidate.column, repeats):
            found.append(candidate)
    if not found:
        return []
    terms = _terms(found, few, others)
    return [i for i in _untold(found, few, keys) if i not in terms]


@dataclass
class _Candidate:
    """A column of whole numbers that repeat."""

    column: int
    whole: np.ndarray
    gaps: np.ndarray
    n_values: int


def _candidate(i, series, most_states, least):
    """A column as a candidate, or None."""
    if len(series) <= ROWS_A_VALUE * most_states or is_category(series):
        return None
    if kind_of(series) != "number":
        return None
    numbers = read_native(series, "number")
    stored, gaps = numbers.stored, numbers.missing
    if not all(_are_whole(part, numbers.decimals) for part in (stored[:100], stored)):
        return None
    counts = pd.Series(stored[~gaps]).value_counts(sort=False).to_numpy()
    if len(counts) <= most_states or counts.sum() < ROWS_A_VALUE * len(counts):
        return None
    if counts.max() > MOST_COMMON * counts.sum():
        return None
    # Rare levels become missing, which a column that never was may be unable to hold.
    if counts.min() < least and not gaps.any():
        return None
    if stored.dtype == np.float64:
        stored = stored.astype(np.int64)
    return _Candidate(i, stored // 10**numbers.decimals, gaps, len(counts))


def _are_whole(stored, decimals):
    if stored.dtype == np.float64:
        small = np.abs(stored) < LARGEST_EXACT
        return decimals == 0 and bool((small & (np.rint(stored) == stored)).all())
    return decimals < 19 and not (stored % 10**decimals).any()


def _untold(found, frame, keys):
    """Columns of candidates whose values no category, key or finer name tells."""
    tellers = [
        frame.iloc[:, i]
        for i in range(frame.shape[1])
        if i in keys or is_category(frame.iloc[:, i])
    ]
    kept = []
    for candidate in sorted(found, key=lambda c: (-c.n_values, c.column)):
        names = [frame.iloc[:, other] for other in kept]
        if all(_explained(candidate, by) < TOLD for by in tellers + names):
            kept.append(candidate.column)
    return sorted(kept)


def _explained(candidate, series):
    """Share of the variance of a candidate's ranks that a column's levels explain."""
    codes = pd.factorize(series)[0]
    both = ~candidate.gaps & (codes >= 0)
    codes = codes[both]
    free = len(codes) - len(np.unique(codes))
    ranks = rankdata(candidate.whole[both], method="dense").astype(float)
    if free < LEAST_FREE or ranks.min() == ranks.max():
        return 0.0
    counts = np.maximum(np.bincount(codes), 1)
    rest = (ranks**2).sum() - (np.bincount(codes, weights=ranks) ** 2 / counts).sum()
    return 1 - rest / free / ranks.var(ddof=1)


def _terms(found, frame, columns):
    """Columns that are part of a sum; names that are multiples of names are not."""
    rulers = {}
    for i in columns:
        series = frame.iloc[:, i]
        if not is_category(series):
            kind = kind_of(series)
            ruler = Ruler.of(Axis.fit(series, kind)[0], kind)
            if ruler is not None:
                rulers[i] = ruler
    places = list(rulers)
    sums = find_identities(
        [ruler.read(frame.iloc[:, i]) for i, ruler in rulers.items()],
        [ruler.step for ruler in rulers.values()],
    )
    names = {candidate.column for candidate in found}
    parts = [{places[k] for k in (item.target, *item.terms)} for item in sums]
    return {i for part in parts if len(part) > 2 or not part <= names for i in part}
