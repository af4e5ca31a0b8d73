"""Columns that another column determines on every row: found, and held."""

from __future__ import annotations

import numpy as np

from sklearn_synthohive.layout import CompactTable, Layout
from sklearn_synthohive.preprocessing._dependence_search import (
    Dependence,
    cell_keys,
    find_dependences,
    gap_of,
    place_of,
)

__all__ = ["Dependences"]


class Dependences:
    """Functional dependences among the columns of a compact table.

    A column B depends on a column A when every state of A comes with one value of B.
    Whether B is missing may depend on A, too, or on whether A is missing.

    Parameters
    ----------
    layout : Layout
    items : list of Dependence
        In an order in which determinants come before what they determine.
    """

    def __init__(self, layout: Layout, items: list[Dependence]):
        self.layout = layout
        self.items = items

    @classmethod
    def fit(
        cls,
        layout: Layout,
        table: CompactTable,
        least: int = 1,
        n_own: int | None = None,
    ) -> Dependences:
        """Find what holds on every row.

        Parameters
        ----------
        layout : Layout
        table : CompactTable
        least : int
            Rows that each state of a determinant must have to tell something.
        n_own : int, optional
            Columns from this one on tell nothing of those before.

        Returns
        -------
        Dependences
        """
        return cls(layout, find_dependences(layout, table, least, n_own))

    def hold(self, table: CompactTable, given, seed: int) -> CompactTable:
        """Put what is determined in place of what was drawn.

        Parameters
        ----------
        table : CompactTable
        given : CompactTable or None
            Cells that must stay have a code that is not negative. Where such a cell is
            determined, its determinant moves to a state that fits, by frequency.
        seed : int
            Draws among such states.

        Returns
        -------
        CompactTable
        """
        if not self.items or not len(table):
            return table
        codes, scalars = table.codes.copy(), table.scalars.copy()
        held = np.zeros(codes.shape, dtype=bool)
        if given is not None:
            held = given.codes >= 0
            rng = np.random.default_rng(seed)
            for item in reversed(self.items):
                self._move_source(item, codes, scalars, held, rng)
        for item in self.items:
            self._set_target(item, codes, scalars, held)
        return CompactTable(codes, scalars)

    def told(self, table: CompactTable, given) -> CompactTable:
        """What is determined, in place of what is there and not given.

        Parameters
        ----------
        table : CompactTable
        given : ndarray of shape (n_rows, n_columns), bool

        Returns
        -------
        CompactTable
        """
        codes, scalars, held = table.codes.copy(), table.scalars.copy(), given.copy()
        for item in self.items:
            self._set_target(item, codes, scalars, held)
        return CompactTable(codes, scalars)

    def of(self, target: int) -> Dependence | None:
        """What determines a column by the states of another one, if anything does.

        Parameters
        ----------
        target : int
            Of the span.

        Returns
        -------
        Dependence or None
        """
        for item in self.items:
            if item.target == target and not (item.target_gap or item.source_gap):
                return item
        return None

    def rows(self, item: Dependence) -> CompactTable:
        """One row for each state of the source that tells the target.

        Parameters
        ----------
        item : Dependence
            Without gaps.

        Returns
        -------
        CompactTable
            Other columns are in their first state.
        """
        states = np.flatnonzero(item.codes >= 0)
        codes = np.zeros((len(states), len(self.layout.spans)), dtype=np.int64)
        scalars = np.zeros((len(states), len(self.layout.continuous)), np.float32)
        codes[:, item.source], codes[:, item.target] = states, item.codes[states]
        k = place_of(self.layout, item.target)
        if k is not None:
            scalars[:, k] = item.scalars[states]
        return CompactTable(codes, scalars)

    def to_state(self) -> list[dict]:
        """Plain data, for a file."""
        return [dict(vars(item)) for item in self.items]

    @classmethod
    def from_state(cls, layout: Layout, state: list[dict]) -> Dependences:
        """Undo :meth:`to_state`."""
        return cls(layout, [Dependence(**item) for item in state])

    def _seen(self, item, codes):
        """The source's states as the item counts them."""
        seen = codes[:, item.source].astype(np.intp)
        if item.source_gap:
            return (seen == gap_of(self.layout.spans[item.source])).astype(np.intp)
        return seen

    def _cells(self, item, codes, scalars):
        """The target's cells as the item's keys have them."""
        own = codes[:, item.target]
        if item.target_gap:
            return (own == gap_of(self.layout.spans[item.target])).astype(np.int64)
        k = place_of(self.layout, item.target)
        return cell_keys(own, None if k is None else scalars[:, k])

    def _set_target(self, item, codes, scalars, held):
        seen, k = self._seen(item, codes), place_of(self.layout, item.target)
        cells, keys = self._cells(item, codes, scalars), item.keys[seen]
        told = item.codes[seen] >= 0
        rows = np.flatnonzero(told & ~held[:, item.target] & (cells != keys))
        new_codes, new_scalars = item.codes[seen[rows]], item.scalars[seen[rows]]
        if item.target_gap:
            # A value where there must be one comes from a row that looks the same; in
            # a chunk without one it is the first state.
            donors = _donors(rows, np.flatnonzero(cells == 0), seen)
            empty, known = keys[rows] == 1, donors >= 0
            gap = gap_of(self.layout.spans[item.target])
            new_codes = np.where(known, codes[donors, item.target], 0)
            new_codes = np.where(empty, gap, new_codes)
            if k is not None:
                new_scalars = np.where(known & ~empty, scalars[donors, k], 0)
        codes[rows, item.target] = new_codes
        if k is not None:
            scalars[rows, k] = new_scalars

    def _move_source(self, item, codes, scalars, held, rng):
        """Where the target is given, let the source fit it."""
        if item.source_gap:
            return
        seen, cells = self._seen(item, codes), self._cells(item, codes, scalars)
        fixed = held[:, item.target] & ~held[:, item.source]
        wrong = fixed & (cells != item.keys[seen])
        for cell in np.unique(cells[wrong]):
            rows = np.flatnonzero(wrong & (cells == cell))
            weight = item.counts * ((item.keys == cell) & (item.codes >= 0))
            if weight.any():
                p = weight / weight.sum()
                codes[rows, item.source] = rng.choice(len(p), size=len(rows), p=p)
        held[fixed, item.source] = True


def _donors(rows, donors, seen):
    """For each row in turn a donor, of the same state of the source where there is one.

    Returns
    -------
    ndarray of int
        -1 where there are no donors.
    """
    if not len(donors):
        return np.full(len(rows), -1)
    out = np.resize(donors, len(rows))
    for value in np.unique(seen[rows]):
        here, there = seen[rows] == value, donors[seen[donors] == value]
        if len(there):
            out[here] = np.resize(there, np.count_nonzero(here))
    return out
