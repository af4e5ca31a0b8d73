"""Counts change rows until each level of the attributes has its own law of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.relational._features import (
    as_levels,
    as_numbers,
    is_numeric_like,
)

__all__ = ["LevelLaws"]

# A level has a law of its own where so many rows have it.
LEAST_ROWS = 50
BINS = 8
MAX_LEVELS = 64
MAX_COLUMNS = 40
MIN_ROUNDS, MAX_ROUNDS, PATIENCE = 20, 200, 8
# Codes that are looked at in all rounds together, beyond the fewest rounds.
MAX_CODES = 50_000_000
# Counts above so many times those of nearly all rows with any stay where they are.
TOWERING, NEARLY_ALL = 2.0, 0.95
# Of what is missed, in PATIENCE rounds.
LEAST_GAIN = 0.02
# Of the exchanges that bring something.
MOST_AT_ONCE = 0.5
ROUNDING = 1e-12


class LevelLaws:
    """The laws of a count in single levels of attributes, whatever the rest may be.

    Segments are few, and drawn counts fall on their rows by chance: a level of a few
    percent of the rows gets a law that is off by what the segments do not tell and by
    the luck of the draw. Pairs of rows of one segment exchange their counts as long as
    that brings the table of level and "at most t" closer to the real shares, in squared
    differences over the number of rows of the level. The law in each segment stays as
    it is. The eighths of a number are levels, and what is missing is one. Rows whose
    count towers above nearly all others keep it: to all thresholds they are alike, and
    they are few and known for it.

    Parameters
    ----------
    columns : dict of str to dict
        For each column either the ``levels`` or the ``edges`` of its bins.
    shares : ndarray of shape (n_levels, n_thresholds)
        The real share of "at most t". Levels of all columns one after another; -1 where
        too few rows have one, or too few have another one.
    thresholds : ndarray of int of shape (n_thresholds,)
    """

    def __init__(self, columns: dict, shares, thresholds):
        self.columns = columns
        self.shares = shares
        self.thresholds = thresholds

    @classmethod
    def fit(cls, frame: pd.DataFrame, counts, thresholds, least: int = 1):
        """Learn from real rows; None where no level has enough of them.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
        counts : ndarray of int of shape (n_rows,)
        thresholds : ndarray of int of shape (n_thresholds,)
        least : int
            No law stands for fewer rows.

        Returns
        -------
        LevelLaws or None
        """
        least = max(least, LEAST_ROWS)
        if len(frame) < 2 * least or (counts == counts[0]).all():
            return None
        columns: dict = {}
        for name in frame.columns:
            told = _describe(frame[name], least)
            sizes = np.bincount(_code(frame[name], told))
            if _enough(sizes, len(frame), least).any() and len(columns) < MAX_COLUMNS:
                columns[str(name)] = told
        laws = cls(columns, np.zeros((0, len(thresholds))), thresholds)
        codes, width = laws.codes(frame), laws._width
        sizes = np.bincount(codes.ravel(), minlength=width)
        enough = _enough(sizes, len(frame), least)
        if not enough.any():
            return None
        table = _table(counts, codes, thresholds, width)
        shares = table / np.maximum(sizes, 1)[:, None]
        laws.shares = np.where(enough[:, None], shares, -1.0)
        return laws

    def settle(self, codes, counts, segment, rng) -> np.ndarray:
        """Counts in other rows of their segments.

        Parameters
        ----------
        codes : ndarray of int32 of shape (n_columns, n_rows)
            Of :meth:`codes`.
        counts : ndarray of int of shape (n_rows,)
        segment : ndarray of int of shape (n_rows,)
        rng : Generator

        Returns
        -------
        ndarray of int of shape (n_rows,)
        """
        counts = counts.copy()
        weight, off = self._missed(codes, counts)
        missed, share = [_miss(off, weight)], MOST_AT_ONCE
        free = _free(counts)
        most = int(np.clip(MAX_CODES / max(codes.size, 1), MIN_ROUNDS, MAX_ROUNDS))
        for _ in range(most):
            if missed[-1] <= ROUNDING:
                break
            a, b = _pairs(segment, counts, free, rng)
            gain, change = self._gains(counts, a, b, codes, weight, off)
            best = np.argsort(-gain, kind="stable")[: 1 + int(share * (gain > 0).sum())]
            best = best[gain[best] > 0]
            after = off.copy()
            for code in codes:
                np.add.at(after, code[a[best]], change[best])
                np.subtract.at(after, code[b[best]], change[best])
            now = _miss(after, weight)
            if now <= missed[-1]:
                off, share = after, min(2 * share, MOST_AT_ONCE)
                a, b = a[best], b[best]
                counts[a], counts[b] = counts[b], counts[a]
            else:
                # So many at once overshoot.
                now, share = missed[-1], share / 2
            missed.append(now)
            if len(missed) > PATIENCE and now > (1 - LEAST_GAIN) * missed[-PATIENCE]:
                break
        return counts

    def _missed(self, codes, counts):
        """How many rows of each level have at most t, less how many should."""
        width = self._width
        sizes = np.bincount(codes.ravel(), minlength=width)
        weight = np.where(self.shares[:, 0] >= 0, 1 / np.maximum(sizes, 1), 0.0)
        off = _table(counts, codes, self.thresholds, width)
        return weight, off - self.shares * sizes[:, None]

    def _gains(self, counts, a, b, codes, weight, off):
        """What each exchange brings alone, and what it changes in the row of ``a``."""
        most = self.thresholds[None, :]
        change = (counts[b, None] <= most).astype(np.float64)
        change -= counts[a, None] <= most
        slope, curve = np.zeros(change.shape), np.zeros(len(a))
        pull = weight[:, None] * off
        for code in codes:
            i, j = code[a], code[b]
            slope += pull[i] - pull[j]
            curve += np.where(i == j, 0.0, weight[i] + weight[j])
        gain = -2 * (change * slope).sum(axis=1) - curve * (change**2).sum(axis=1)
        return np.where(gain > ROUNDING, gain, 0.0), change

    def codes(self, frame: pd.DataFrame) -> np.ndarray:
        """Which level each row has of each column.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
            With the columns of ``fit``.

        Returns
        -------
        ndarray of int32 of shape (n_columns, n_rows)
            Levels of all columns are numbered one after another.
        """
        codes = np.zeros((len(self.columns), len(frame)), dtype=np.int32)
        start = 0
        for k, (name, told) in enumerate(self.columns.items()):
            codes[k] = start + _code(frame[name], told)
            start += _n_levels(told)
        return codes

    @property
    def _width(self):
        return sum(_n_levels(told) for told in self.columns.values())

    def to_state(self) -> dict:
        """Plain data."""
        return {
            "columns": self.columns,
            "shares": self.shares,
            "thresholds": self.thresholds,
        }

    @classmethod
    def from_state(cls, state: dict):
        """Undo :meth:`to_state`."""
        return cls(**state)


def _describe(column, least):
    if is_numeric_like(column):
        numbers = as_numbers(column)
        known = np.sort(numbers[np.isfinite(numbers)])
        # Means of so many values: an edge is no row's own.
        if len(known) < least:
            return {"edges": []}
        places = np.arange(1, BINS) * len(known) // BINS - least // 2
        starts = np.clip(places, 0, len(known) - least)
        edges = np.unique([known[k : k + least].mean() for k in starts])
        return {"edges": edges.tolist()}
    names, sizes = np.unique(as_levels(column), return_counts=True)
    kept = np.argsort(-sizes, kind="stable")[:MAX_LEVELS]
    kept = np.sort(kept[sizes[kept] >= least])
    return {"levels": [str(names[k]) for k in kept]}


def _table(counts, codes, thresholds, width):
    """How many rows of each level have at most t."""
    table = np.zeros((width, len(thresholds)))
    for t, threshold in enumerate(thresholds):
        below = (counts <= threshold).astype(np.float64)
        table[:, t] = sum(np.bincount(code, below, minlength=width) for code in codes)
    return table


def _miss(off, weight):
    return float((weight[:, None] * off**2).sum())


def _code(column, told):
    """Levels in their order and all others, or bins in their order and missing."""
    if "edges" in told:
        numbers = as_numbers(column)
        code = np.searchsorted(told["edges"], numbers, side="left")
        return np.where(np.isnan(numbers), len(told["edges"]) + 1, code)
    places = {level: k for k, level in enumerate(told["levels"])}
    texts = pd.Series(as_levels(column))
    return texts.map(places).fillna(len(places)).to_numpy(np.int64)


def _n_levels(told):
    return len(told["edges"]) + 2 if "edges" in told else len(told["levels"]) + 1


def _enough(sizes, n_rows, least):
    """Levels that so many rows have, and so many have not."""
    return (sizes >= least) & (n_rows - sizes >= least)


def _free(counts):
    """Rows whose counts may move."""
    some = counts[counts > 0]
    most = TOWERING * np.quantile(some, NEARLY_ALL) if len(some) else 0.0
    return np.flatnonzero(counts <= most)


def _pairs(segment, counts, free, rng):
    """Rows of the same segment with other counts, each at most once."""
    order = rng.permutation(free)
    order = order[np.argsort(segment[order], kind="stable")][rng.integers(2) :]
    a, b = order[: len(order) // 2 * 2 : 2], order[1::2]
    use = (segment[a] == segment[b]) & (counts[a] != counts[b])
    return a[use], b[use]
