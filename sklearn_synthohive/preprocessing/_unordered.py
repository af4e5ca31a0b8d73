"""A test of whether others depend on a number's values but not on their order."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import rankdata

from sklearn_synthohive.preprocessing._kinds import is_category, kind_of
from sklearn_synthohive.preprocessing._native import read_native

__all__ = ["Repeats", "Views"]

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
# Variance below which there is none but for rounding.
EXACT = 1e-9
# Neighbours up to so far apart are compared; rests of division that may matter (digits,
# weekdays, dozens, hours, minutes, cents); what round values are multiples of.
LAGS, PERIODS = 3, (7, 10, 12, 24, 25, 60, 100, 365)
ROUND = (5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 1_000_000)


class Repeats:
    """A column of whole numbers by its values of two rows or more, ascending.

    Parameters
    ----------
    whole : ndarray of int
    gaps : ndarray of bool

    Attributes
    ----------
    order : ndarray of int
        Rows, sorted by value.
    counts : ndarray of int
        Rows of each value.
    values : ndarray
    """

    def __init__(self, whole: np.ndarray, gaps: np.ndarray):
        present = np.flatnonzero(~gaps)
        values, place, counts = np.unique(
            whole[present], return_inverse=True, return_counts=True
        )
        order = np.argsort(place, kind="stable")
        self.order = present[order[counts[place[order]] > 1]]
        self.counts = counts[counts > 1]
        self.values = values[counts > 1]

    def sums(self, cells: np.ndarray) -> np.ndarray:
        """Sums over the rows of each value, shape (n_values, n_columns)."""
        ends = np.append(0, np.cumsum(self.counts))
        shape = (len(self.counts), len(cells))
        ones = np.ones(len(self.order))
        return sparse.csr_array((ones, self.order, ends), shape=shape) @ cells


class Views:
    """What of the columns of a table may depend on a name.

    Numbers and dates are ranks; categories are their commonest levels and random
    halves of all; and what is missing.

    Parameters
    ----------
    frame : DataFrame
    columns : list of int
        Positions of those that are looked at.
    """

    def __init__(self, frame: pd.DataFrame, columns: list[int]):
        views = [(i, *view) for i in columns for view in _views(frame.iloc[:, i])]
        self.owners = np.array([i for i, _, _ in views], dtype=int)
        self.is_number = np.array([number for _, number, _ in views], dtype=bool)
        self.cells = np.zeros((len(frame), len(views)))
        for k, (_, _, cells) in enumerate(views):
            self.cells[:, k] = cells
        self.squares = self.cells**2

    def depend_on_names(self, column: int, repeats: Repeats) -> bool:
        """Whether other columns depend on a column's values as on names only.

        One's means by value must differ far beyond chance; those of neighbours, of
        values with the same rest of division, and of values as round as each other must
        have little in common; and no number may go with the order. All variances and
        covariances of means are unbiased, whatever the noise within values.

        Parameters
        ----------
        column : int
        repeats : Repeats
            Of the column.
        """
        counts = repeats.counts[:, None].astype(float)
        n_values, n_rows = len(counts), counts.sum()
        if n_values <= LEAST_OF_STATE:
            return False
        means = repeats.sums(self.cells) / counts
        tells = (self.owners != column) & self._differ(repeats, means)
        if not tells.any():
            return False
        is_number, means = self.is_number[tells], means[:, tells]
        rest = repeats.sums(self.squares[:, tells]) - counts * means**2
        rest[rest < EXACT * counts] = 0.0
        within = rest.sum(axis=0) / (n_rows - n_values)
        weights = counts / (counts + HALF_WEIGHT)
        away = means - (weights * means).sum(axis=0) / weights.sum()
        parts = weights * (away**2 - rest / (counts - 1) / counts)
        signal = parts.sum(axis=0) / weights.sum()
        share = signal / (signal + within)
        z = parts.sum(axis=0) / np.sqrt((parts**2).sum(axis=0))
        tells = (z >= LEAST_Z) & (share >= LEAST_SHARE)
        if not tells.any():
            return False
        away, signal, share = away[:, tells], signal[tells], share[tells]
        alike, z = _alike_in_order(away, weights)
        alike /= signal
        steps = np.diff(away, axis=0)
        # Ids that were given out in order tell a year, say.
        is_counted = (steps > -EXACT).all(axis=0) | (steps < EXACT).all(axis=0)
        is_counted &= within[tells] == 0
        is_ordered = (alike >= ORDERED) & (z >= ORDERED_Z)
        if (is_number[tells] & is_ordered & ~is_counted).any():
            return False
        cyclic = _alike_by_arithmetic(repeats.values, away, weights) / signal
        order = np.maximum(alike, 0) + np.maximum(cyclic, 0)
        names = (order <= MOST_ORDER) & ((1 - order) * share >= LEAST_SHARE)
        return bool(names.any())

    def _differ(self, repeats, means):
        """Which views' means differ between values, by analysis of variance."""
        counts = repeats.counts[:, None]
        n_values, n_rows = len(counts), counts.sum()
        grand = (counts * means).sum(axis=0) / n_rows
        between = (counts * (means - grand) ** 2).sum(axis=0)
        here = np.zeros(len(self.cells))
        here[repeats.order] = 1
        within = here @ self.squares - n_rows * grand**2 - between
        error = np.sqrt(2 / (n_values - 1) + 2 / (n_rows - n_values))
        most = (1 + LEAST_F * error) * within / (n_rows - n_values)
        return (between / (n_values - 1) > most) & (between > EXACT * n_rows)


def _views(series):
    """Pairs of whether it is a measured number, and cells."""
    gaps = series.isna().to_numpy(dtype=bool)
    if is_category(series):
        codes = pd.factorize(series)[0]
        counts = np.bincount(codes[codes >= 0])
        states = [codes == k for k in np.argsort(-counts, kind="stable")[:STATES]]
        if len(counts) > STATES + 1:
            halves = np.random.default_rng(0).random((2, len(counts) + 1)) < 0.5
            states += [half[codes] for half in halves]
    else:
        kind, states = kind_of(series), []
        numbers = read_native(series, kind)
        gaps = numbers.missing
        present = numbers.stored[~gaps]
        if len(present) and present.min() < present.max():
            ranks = rankdata(present)
            cells = np.zeros(len(gaps))
            cells[~gaps] = (ranks - ranks.mean()) / ranks.std()
            yield kind == "number", cells
    for state in (*states, gaps):
        if LEAST_OF_STATE <= state.sum() <= len(state) - LEAST_OF_STATE:
            yield False, state


def _alike_in_order(away, weights):
    """Largest covariance of means of neighbours, and in standard errors."""
    found, errors = [], []
    for lag in range(1, LAGS + 1):
        both = np.sqrt(weights[lag:] * weights[:-lag])
        products = both * away[lag:] * away[:-lag]
        total = products.sum(axis=0)
        found.append(total / both.sum())
        errors.append(total / np.sqrt((products**2).sum(axis=0)))
    return np.max(found, axis=0), np.max(errors, axis=0)


def _alike_by_arithmetic(values, away, weights):
    """Largest covariance of means of values that leave one rest, or are as round."""
    groupings = [values % period for period in PERIODS]
    groupings.append(sum((values % base == 0).astype(int) for base in ROUND))
    out = np.zeros(away.shape[1])
    for rests in groupings:
        _, group = np.unique(rests, return_inverse=True)
        # A group of one or two values says nothing of what they share.
        if group.max() == 0 or group.max() >= len(values) // 4:
            continue
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.append(True, np.diff(group[order]) > 0))
        own, mass = (weights * away)[order], weights[order]
        sums, masses = np.add.reduceat(own, starts), np.add.reduceat(mass, starts)
        pairs = masses**2 - np.add.reduceat(mass**2, starts)
        products = sums**2 - np.add.reduceat(own**2, starts)
        alone = np.diff(np.append(starts, len(order))) == 1
        shared = np.where(alone[:, None], 0, products / np.where(pairs > 0, pairs, 1))
        out = np.maximum(out, (masses * shared).sum(axis=0) / masses.sum())
    return out
