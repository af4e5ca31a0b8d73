"""Scalars as normal scores inside their mode, so that margins are exact by design."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from sklearn_synthohive.layout import CompactTable, Layout

__all__ = ["NormalScores", "ScoreTable"]

MAX_KNOTS = 1_000
# Half the share of the rows that a density at a value is taken from.
NEIGHBOURS = 0.05
# Scores beyond this many standard deviations would be single rows' own.
REACH = 4.0


@dataclass(frozen=True)
class ScoreTable:
    """A monotone table between scalars and their probabilities within one mode.

    Attributes
    ----------
    values : ndarray of shape (n_knots,), float64
        Increasing scalars.
    lower, upper : ndarray of shape (n_knots,), float64
        Share of the mode's rows below each knot, and up to it; they differ where rows
        are tied.
    """

    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @classmethod
    def fit(cls, scalars: np.ndarray) -> ScoreTable:
        """The empirical distribution, thinned to at most ``MAX_KNOTS`` knots.

        Parameters
        ----------
        scalars : ndarray of shape (n,)

        Returns
        -------
        ScoreTable
        """
        values, counts = np.unique(scalars.astype(np.float64), return_counts=True)
        cumulative = np.cumsum(counts) / counts.sum()
        if len(values) > MAX_KNOTS:
            levels = np.linspace(0, 1, MAX_KNOTS)
            middles = cumulative - 0.5 * counts / counts.sum()
            positions = np.interp(levels, middles, np.arange(len(values)))
            kept = np.unique(np.rint(positions).astype(int))
            upper = middles[kept].copy()
            upper[0], upper[-1] = 0.0, 1.0
            return cls(values[kept], upper, upper)
        if len(values) * 2 > counts.sum():
            # Hardly any ties: the values themselves are the knots of a smooth law.
            middles = cumulative - 0.5 * counts / counts.sum()
            if len(values) > 1:
                middles[0], middles[-1] = 0.0, 1.0
            return cls(values, middles, middles)
        return cls(values, np.concatenate([[0.0], cumulative[:-1]]), cumulative)

    @property
    def is_tied(self) -> bool:
        """Whether the knots are values of their own, with nothing between them."""
        return bool((self.lower < self.upper).any())

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
        if self.is_tied:
            return high - low
        low, high = np.maximum(low - NEIGHBOURS, 0), np.minimum(high + NEIGHBOURS, 1)
        spread = self.invert(high) - self.invert(low)
        reach = self.values[-1] - self.values[0]
        return (high - low) / spread * reach / len(self.values)

    def interval(self, scalars: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The probabilities between which each scalar's score is spread.

        Parameters
        ----------
        scalars : ndarray of shape (n,)

        Returns
        -------
        low, high : ndarray of shape (n,)
        """
        x = np.asarray(scalars, dtype=np.float64)
        low = np.interp(x, self.values, self.lower)
        high = np.interp(x, self.values, self.upper)
        return low, high

    def invert(self, probabilities: np.ndarray) -> np.ndarray:
        """Scalars of the given probabilities.

        Parameters
        ----------
        probabilities : ndarray of shape (n,)

        Returns
        -------
        ndarray of shape (n,)
        """
        if len(self.values) == 1:
            return np.full(len(probabilities), self.values[0])
        if self.is_tied:
            index = np.searchsorted(self.upper, probabilities, side="left")
            return self.values[np.minimum(index, len(self.values) - 1)]
        return np.interp(probabilities, self.upper, self.values)


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
    def fit(cls, layout: Layout, table: CompactTable) -> NormalScores:
        """Learn the tables.

        Parameters
        ----------
        layout : Layout
        table : CompactTable

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
                row.append(ScoreTable.fit(scalars) if known else None)
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
        low = np.full(table.scalars.shape, 0.5)
        high = low.copy()
        for k, rows, scores in self._cells(table.codes):
            low[rows, k], high[rows, k] = scores.interval(table.scalars[rows, k])
        return low.astype(np.float32), high.astype(np.float32)

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
