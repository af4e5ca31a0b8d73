"""Scalars as normal scores inside their mode, so that margins are exact by design."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from sklearn_synthohive.layout import CompactTable, Layout

__all__ = ["NormalScores", "ScoreTable"]

# Knots of a column without ties, and the fewest rows that each of them averages: none
# is a single row's own value.
MAX_KNOTS, ROWS_A_KNOT = 1_000, 10
# A column whose values occur so often on average is a set of values, up to this many.
REPEATS, MAX_VALUES = 3, 16_384
# Half the share of the rows that a density at a value is taken from.
NEIGHBOURS = 0.05
# Scores beyond this many standard deviations would be single rows' own.
REACH = 4.0
BLOCK_ROWS = 2**19


@dataclass(frozen=True)
class ScoreTable:
    """A monotone table between scalars and their probabilities within one mode.

    A value with a share of its own is a step; between knots the table is linear.

    Attributes
    ----------
    values : ndarray of shape (n_knots,), float64
        Increasing scalars.
    lower, upper : ndarray of shape (n_knots,), float64
        Share of the mode's rows below each knot, and up to it; they differ at steps.
    """

    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @classmethod
    def fit(cls, scalars: np.ndarray, least: int = 1) -> ScoreTable:
        """The empirical distribution, thinned.

        Where values repeat three times on average all of them are steps (at most
        16,384). Else the steps are the values with more than a thousandth of the rows,
        and between them stand at most 1,000 knots, each the mean of ten neighbouring
        rows or more; the ends are kept. With ``least`` above one no knot stands for
        fewer rows than that, and the ends are not kept.

        Parameters
        ----------
        scalars : ndarray of shape (n,)
        least : int

        Returns
        -------
        ScoreTable
        """
        values, counts = np.unique(scalars.astype(np.float64), return_counts=True)
        n = int(counts.sum())
        cumulative = np.cumsum(counts) / n
        below = np.concatenate([[0.0], cumulative[:-1]])
        is_set = len(values) * REPEATS <= n and len(values) <= MAX_VALUES
        if (is_set and counts.min() >= least) or len(values) == 1:
            return cls(values, below, cumulative)
        heavy = counts > max(n / MAX_KNOTS, REPEATS, least - 1)
        rest = np.repeat(values[~heavy], counts[~heavy])
        n_blocks = min(MAX_KNOTS - 2, len(rest) // max(ROWS_A_KNOT, least))
        if not n_blocks and not heavy.any():
            n_blocks = 1
        blocks = np.array_split(rest, n_blocks) if n_blocks else []
        ends = values[[0, -1]] if least <= 1 else values[:0]
        means = [block.mean() for block in blocks if len(block)]
        knots = np.unique(np.concatenate([values[heavy], means, ends]))
        if len(knots) == 1:
            return cls(knots, np.zeros(1), np.ones(1))
        place = np.searchsorted(values, knots, side="right") - 1
        known = values[place] == knots
        upper = cumulative[place]
        lower = np.where(known, below[place], upper)
        # A knot that is no step stands at the middle of its rows, the ends at theirs.
        middle = (lower + upper) / 2
        step = known & heavy[place]
        lower, upper = np.where(step, lower, middle), np.where(step, upper, middle)
        if not step[0]:
            lower[0] = upper[0] = 0.0
        if not step[-1]:
            lower[-1] = upper[-1] = 1.0
        return cls(knots, lower, upper)

    def mass(self, scalars: np.ndarray) -> np.ndarray:
        """Share of the mode's rows at each scalar.

        Where there are no ties it is the density there, in units of which the average
        knot has one of the equal shares.

        Parameters
        ----------
        scalars : ndarray of shape (n,)

        Returns
        -------
        ndarray of shape (n,)
        """
        low, high = self.interval(scalars)
        if len(self.values) == 1:
            return np.ones(len(low))
        share = high - low
        low, high = np.maximum(low - NEIGHBOURS, 0), np.minimum(high + NEIGHBOURS, 1)
        spread = self.invert(high) - self.invert(low)
        reach = self.values[-1] - self.values[0]
        spread = np.maximum(spread, reach / (len(self.values) * MAX_KNOTS))
        density = (high - low) / spread * reach / len(self.values)
        return np.where(share > 0, share, density)

    def interval(self, scalars: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The probabilities between which each scalar's score is spread.

        Parameters
        ----------
        scalars : ndarray of shape (n,)

        Returns
        -------
        low, high : ndarray of shape (n,)
        """
        x = np.clip(scalars.astype(np.float64), self.values[0], self.values[-1])
        left = np.searchsorted(self.values, x, side="right") - 1
        right = np.minimum(left + 1, len(self.values) - 1)
        between = _interpolate(
            x,
            self.values[left],
            self.values[right],
            self.upper[left],
            self.lower[right],
        )
        at_knot = self.values[left] == x
        low = np.where(at_knot, self.lower[left], between)
        return low, np.where(at_knot, self.upper[left], between)

    def cell(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The probabilities between which scalars lie between two ends.

        Parameters
        ----------
        low, high : ndarray of shape (n,)

        Returns
        -------
        below, above : ndarray of shape (n,)
            Equal where there are none.
        """
        below, above = self.interval(low)[0], self.interval(high)[1]
        outside = (high < self.values[0]) | (low > self.values[-1])
        return below, np.where(outside, below, above)

    def slope(self, scalars: np.ndarray) -> np.ndarray:
        """Density between the steps; zero beyond the ends.

        Parameters
        ----------
        scalars : ndarray of shape (n,)

        Returns
        -------
        ndarray of shape (n,)
        """
        last = len(self.values) - 1
        if not last:
            return np.zeros(len(scalars))
        left = np.searchsorted(self.values, scalars, side="right") - 1
        left = np.clip(left, 0, last - 1)
        rise = self.lower[left + 1] - self.upper[left]
        slope = rise / (self.values[left + 1] - self.values[left])
        inside = (scalars >= self.values[0]) & (scalars <= self.values[last])
        return np.where(inside, slope, 0.0)

    def invert(self, probabilities: np.ndarray) -> np.ndarray:
        """Scalars of the given probabilities.

        Parameters
        ----------
        probabilities : ndarray of shape (n,)

        Returns
        -------
        ndarray of shape (n,)
        """
        last = len(self.values) - 1
        right = np.minimum(np.searchsorted(self.upper, probabilities), last)
        left = np.maximum(right - 1, 0)
        between = _interpolate(
            probabilities,
            self.upper[left],
            self.lower[right],
            self.values[left],
            self.values[right],
        )
        return np.where(probabilities >= self.lower[right], self.values[right], between)


def _interpolate(x, x0, x1, y0, y1):
    """The line through two points at x; the first point where they coincide."""
    width = x1 - x0
    share = np.divide(x - x0, width, out=np.zeros(len(x)), where=width > 0)
    return y0 + np.clip(share, 0, 1) * (y1 - y0)


class NormalScores:
    """Normal scores of the scalars of a layout, mode by mode.

    Parameters
    ----------
    layout : Layout
    tables : list of list of ScoreTable
        Per continuous span, per state; None for a state without a scalar, or without
        training rows.
    """

    def __init__(self, layout: Layout, tables: list):
        self.layout = layout
        self.tables = tables

    @classmethod
    def fit(cls, layout: Layout, table: CompactTable, least: int = 1) -> NormalScores:
        """Learn the tables.

        Parameters
        ----------
        layout : Layout
        table : CompactTable
        least : int
            Rows that a kept scalar stands for, at least.

        Returns
        -------
        NormalScores
        """
        tables = []
        for k, i in enumerate(layout.continuous):
            row: list[ScoreTable | None] = []
            for state, has_value in enumerate(layout.spans[i].has_value):
                scalars = table.scalars[table.codes[:, i] == state, k]
                known = has_value and len(scalars) > 0
                row.append(ScoreTable.fit(scalars, least) if known else None)
            tables.append(row)
        return cls(layout, tables)

    def intervals(self, table: CompactTable) -> tuple[np.ndarray, np.ndarray]:
        """The probabilities between which each scalar's score is spread.

        Parameters
        ----------
        table : CompactTable

        Returns
        -------
        low, high : ndarray of shape (n, n_continuous), float32
            A half where there is no scalar.
        """
        low = np.full(table.scalars.shape, 0.5, dtype=np.float32)
        high = low.copy()
        # In blocks: the steps between take ten times the memory of the result.
        for start in range(0, len(table), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            for k, rows, scores in self._cells(table.codes[block]):
                rows = start + rows
                low[rows, k], high[rows, k] = scores.interval(table.scalars[rows, k])
        return low, high

    def masses(self, table: CompactTable) -> np.ndarray:
        """Share of its mode's rows at each scalar; one where there is none.

        Parameters
        ----------
        table : CompactTable

        Returns
        -------
        ndarray of shape (n, n_continuous)
        """
        out = np.ones(table.scalars.shape)
        for k, rows, scores in self._cells(table.codes):
            out[rows, k] = scores.mass(table.scalars[rows, k])
        return out

    @staticmethod
    def place(low: np.ndarray, high: np.ndarray, share) -> np.ndarray:
        """Normal scores at a place between two probabilities.

        Parameters
        ----------
        low, high : ndarray of one shape
        share : float or ndarray
            Zero for the lower end, one for the upper.

        Returns
        -------
        ndarray
            Within ``REACH`` standard deviations.
        """
        return np.clip(ndtri(low + (high - low) * share), -REACH, REACH)

    def invert(self, codes: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Scalars of normal scores.

        Parameters
        ----------
        codes : ndarray of shape (n, n_spans)
        scores : ndarray of shape (n, n_continuous)

        Returns
        -------
        ndarray of shape (n, n_continuous), float32
        """
        out = np.zeros(scores.shape, dtype=np.float32)
        probabilities = ndtr(scores)
        for k, rows, table in self._cells(codes):
            out[rows, k] = table.invert(probabilities[rows, k])
        return out

    def invert_one(self, k: int, codes: np.ndarray, probabilities: np.ndarray):
        """Scalars of one continuous span; zero where there is none.

        Parameters
        ----------
        k : int
            Which of the continuous spans.
        codes : ndarray of shape (n,), int
        probabilities : ndarray of shape (n,)
            Of the scores.

        Returns
        -------
        ndarray of shape (n,), float32
        """
        out = np.zeros(len(codes), dtype=np.float32)
        for state, table in enumerate(self.tables[k]):
            rows = np.flatnonzero(codes == state)
            if table is not None and len(rows):
                out[rows] = table.invert(probabilities[rows])
        return out

    def _cells(self, codes):
        for k, i in enumerate(self.layout.continuous):
            for state, scores in enumerate(self.tables[k]):
                if scores is not None:
                    rows = np.flatnonzero(codes[:, i] == state)
                    if len(rows):
                        yield k, rows, scores

    def to_state(self) -> list:
        """Plain data, for a file."""
        return [
            [None if t is None else [t.values, t.lower, t.upper] for t in row]
            for row in self.tables
        ]

    @classmethod
    def from_state(cls, layout: Layout, state: list) -> NormalScores:
        """Undo :meth:`to_state`."""
        tables = [
            [
                None if t is None else ScoreTable(*(np.asarray(a) for a in t))
                for t in row
            ]
            for row in state
        ]
        return cls(layout, tables)
