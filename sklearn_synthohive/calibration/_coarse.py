"""Coarse codes of rows: frames by their columns, compact rows by their states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sklearn_synthohive.layout import CompactTable, Layout, Span
from sklearn_synthohive.metrics._bins import QuantileBins
from sklearn_synthohive.metrics._columns import readers_of

__all__ = ["FrameBins", "StateBins", "is_ordered"]


def fold_levels(counts: np.ndarray, max_bins: int) -> np.ndarray:
    """A bin for each level: the most frequent ones have their own, the rest share one.

    Parameters
    ----------
    counts : ndarray of int
    max_bins : int

    Returns
    -------
    ndarray of int64
    """
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    # Levels that were never seen join the rare ones, however few levels there are.
    n_bins = min(max_bins, np.count_nonzero(counts) + 1)
    return np.minimum(rank, n_bins - 1)


class FrameBins:
    """Codes of the columns of frames.

    Parameters
    ----------
    real : DataFrame
        Gives the kinds of the columns, quantiles and frequent levels.
    max_bins : int
        Bins of a category; quantiles of a number or date.
    """

    def __init__(self, real, max_bins: int):
        self.readers = readers_of(real)
        self.rules: list = []
        for reader in self.readers:
            column = real[reader.name]
            if reader.is_continuous:
                self.rules.append(QuantileBins.fit(reader.numbers(column), max_bins))
            else:
                counts = np.bincount(reader.codes(column), minlength=reader.n_codes)
                self.rules.append(fold_levels(counts, max_bins))
            reader.let_go()

    @property
    def sizes(self) -> list[int]:
        """Number of codes of each column."""
        return [
            rule.n_codes if isinstance(rule, QuantileBins) else int(rule.max()) + 1
            for rule in self.rules
        ]

    def codes(self, frame) -> np.ndarray:
        """Codes of a frame with the same columns.

        Parameters
        ----------
        frame : DataFrame

        Returns
        -------
        ndarray of shape (n_columns, n_rows), int64
        """
        out = np.empty((len(self.readers), len(frame)), dtype=np.int64)
        for row, reader, rule in zip(out, self.readers, self.rules, strict=True):
            column = frame[reader.name]
            if reader.is_continuous:
                row[:] = rule.codes(reader.numbers(column))
            else:
                row[:] = rule[reader.codes(column)]
        return out


def is_ordered(span: Span) -> bool:
    """Whether the states of a span stand for places on a line.

    Parameters
    ----------
    span : Span
    """
    return any(state.kind in ("mode", "atom") for state in span.states)


@dataclass(frozen=True)
class StateBins:
    """Codes of compact rows, without decoding them.

    Attributes
    ----------
    layout : Layout
    states : list of ndarray
        Per span, the bin of each state.
    cuts : list of dict
        Per span, for each state that several bins lie in: the scalars between them,
        and their bins.
    """

    layout: Layout
    states: list
    cuts: list

    @classmethod
    def fit(
        cls, layout: Layout, table: CompactTable, values: list, max_bins: int
    ) -> StateBins:
        """Cut the spans of a table.

        Parameters
        ----------
        layout : Layout
        table : CompactTable
        values : list of ndarray or None
            For each ordered span the values of the rows, NaN where missing, increasing
            with the scalar within a state.
        max_bins : int

        Returns
        -------
        StateBins
        """
        states, cuts = [], []
        for i, (span, column) in enumerate(zip(layout.spans, values, strict=True)):
            codes = table.codes[:, i]
            if column is None:
                counts = np.bincount(codes, minlength=span.n_states)
                states.append(fold_levels(counts, max_bins))
                cuts.append({})
                continue
            bins = QuantileBins.fit(column, max_bins).codes(column)
            bins = np.unique(bins, return_inverse=True)[1]
            own = np.zeros(span.n_states, dtype=np.int64)
            own[codes] = bins
            # A state of many values, such as those of another column, is a bin itself.
            many = _many_valued(span, codes, bins)
            own[many] = bins.max(initial=0) + 1 + np.arange(len(many))
            states.append(own)
            if span.kind == "continuous":
                scalars = table.scalars[:, layout.continuous.index(i)]
                cuts.append(_cut_modes(span, codes, scalars, bins))
            else:
                cuts.append({})
        return cls(layout, states, cuts)

    @property
    def sizes(self) -> list[int]:
        """Number of codes of each span."""
        tops = [int(own.max()) for own in self.states]
        for i, cuts in enumerate(self.cuts):
            for _, bins in cuts.values():
                tops[i] = max(tops[i], int(bins.max()))
        return [top + 1 for top in tops]

    def codes(self, table: CompactTable) -> np.ndarray:
        """Codes of compact rows.

        Parameters
        ----------
        table : CompactTable

        Returns
        -------
        ndarray of shape (n_spans, n_rows), int64
        """
        out = np.empty((len(self.states), len(table)), dtype=np.int64)
        for i, (own, cuts) in enumerate(zip(self.states, self.cuts, strict=True)):
            out[i] = own[table.codes[:, i]]
            for state, (edges, bins) in cuts.items():
                rows = np.flatnonzero(table.codes[:, i] == state)
                k = self.layout.continuous.index(i)
                out[i, rows] = bins[np.searchsorted(edges, table.scalars[rows, k])]
        return out

    def to_state(self) -> dict:
        """Plain data, for a file."""
        cuts = [[(s, *pair) for s, pair in one.items()] for one in self.cuts]
        return {"states": list(self.states), "cuts": cuts}

    @classmethod
    def from_state(cls, layout: Layout, state: dict) -> StateBins:
        """Undo :meth:`to_state`."""
        cuts = [{s: (edges, bins) for s, edges, bins in one} for one in state["cuts"]]
        return cls(layout, list(state["states"]), cuts)


def _many_valued(span, codes, bins):
    """States without a scalar whose rows lie in several bins."""
    low = np.full(span.n_states, len(bins))
    high = np.full(span.n_states, -1)
    np.minimum.at(low, codes, bins)
    np.maximum.at(high, codes, bins)
    return np.flatnonzero((low < high) & ~span.has_value)


def _cut_modes(span, codes, scalars, bins):
    """Where the bins meet on the scalar of each mode, halfway between two rows."""
    cuts = {}
    for state in np.flatnonzero(span.has_value):
        rows = np.flatnonzero(codes == state)
        found = np.unique(bins[rows])
        if len(found) < 2:
            continue
        place = np.searchsorted(found, bins[rows])
        highest = np.full(len(found), -np.inf)
        lowest = np.full(len(found), np.inf)
        np.maximum.at(highest, place, scalars[rows].astype(np.float64))
        np.minimum.at(lowest, place, scalars[rows].astype(np.float64))
        cuts[int(state)] = (highest[:-1] + lowest[1:]) / 2, found
    return cuts
