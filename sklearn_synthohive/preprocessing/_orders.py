"""Columns that are never above others, put in order in decoded rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.preprocessing._order_search import (
    SAMPLE_ROWS,
    Order,
    likely_orders,
    reduced,
)
from sklearn_synthohive.preprocessing._put import put_values
from sklearn_synthohive.preprocessing._scales import scales_of

__all__ = ["Orders"]

# Rows whose amounts are read at a time.
MAX_ROWS = 200_000


class Orders:
    """What is never above what in a table, and puts decoded rows in order.

    Two cells that are out of order are swapped, which keeps the values that either
    column takes.

    Parameters
    ----------
    transformer : DataTransformer
        Fitted on the table.
    items : list of Order
        By position of the modelled columns.
    """

    def __init__(self, transformer, items: list[Order]):
        self.transformer = transformer
        self.items = items

    @classmethod
    def fit(cls, transformer, X, fixed=(), results=(), terms=()) -> Orders:
        """Find the orders of a table.

        Parameters
        ----------
        transformer : DataTransformer
            Fitted on X.
        X : table
        fixed : collection of int
            Columns that must not be moved.
        results, terms : collection of int
            Columns that identities compute, and compute with.

        Returns
        -------
        Orders
        """
        frame = transformer.own(transformer.modelled(X))
        scales = {i: s for i, s in scales_of(transformer).items() if i < frame.shape[1]}
        n = len(frame)
        few = frame.iloc[np.linspace(0, n - 1, min(n, SAMPLE_ROWS)).astype(int)]
        amounts = {i: scale.read(few.iloc[:, i]) for i, scale in scales.items()}
        pairs = []
        for family in dict.fromkeys(scale.family for scale in scales.values()):
            own = {i: scale for i, scale in scales.items() if scale.family == family}
            pairs += likely_orders(own, amounts, n)
        fixed, results, terms = set(fixed), set(results), set(terms)

        def is_implied(pair):
            # An identity says the same, mostly, and comes after its terms.
            return {pair.low, pair.high} & results and {pair.low, pair.high} & terms

        pairs = [p for p in pairs if is_implied(p) or not {p.low, p.high} <= fixed]
        for start in range(0, n, MAX_ROWS):
            pairs = [pair for pair in pairs if pair.holds]
            part = frame.iloc[start : start + MAX_ROWS]
            columns = {i for pair in pairs for i in (pair.low, pair.high)}
            amounts = {i: scales[i].read(part.iloc[:, i]) for i in columns}
            for pair in pairs:
                pair.add(amounts[pair.low], amounts[pair.high])
        found = [order for pair in pairs if (order := pair.order) is not None]
        columns = {i for item in found for i in (item.low, item.high)}
        gaps = {i: frame.iloc[:, i].isna().to_numpy() for i in columns}
        found = [item for item in reduced(found, gaps) if not is_implied(item)]
        return cls(transformer, found)

    @property
    def columns(self) -> set[int]:
        """Columns that have an order."""
        return {i for item in self.items for i in (item.low, item.high)}

    def hold(
        self, frame: pd.DataFrame, given=None, fixed=(), without=(), *, clip=True
    ) -> pd.DataFrame:
        """Put cells in order: by swaps, else by moving one of them as far as needed.

        Parameters
        ----------
        frame : DataFrame
            Decoded rows; changed.
        given : ndarray of shape (n_rows, n_columns), bool, optional
            Cells that stay.
        fixed : collection of int
            Columns that stay.
        without : collection of int
            Columns whose orders are left out.
        clip : bool, default=True
            As in ``DataTransformer.decode``.

        Returns
        -------
        DataFrame
        """
        orders = Orders(
            self.transformer,
            [item for item in self.items if not {item.low, item.high} & set(without)],
        )
        if not orders.items or not len(frame):
            return frame
        scales = scales_of(self.transformer)
        rows = np.flatnonzero(~orders.holding(frame))
        if not len(rows):
            return frame
        part = frame.iloc[rows]
        old = {i: scales[i].read(part.iloc[:, i]) for i in orders.columns}
        free = {i: np.full(len(rows), i not in fixed) for i in old}
        if given is not None:
            free = {i: free[i] & ~given[rows, i] for i in old}
        new = orders._sorted(old, free, scales)
        for i, amounts in new.items():
            moved = np.flatnonzero(amounts != old[i])
            moved = moved[~np.isnan(amounts[moved])]
            if len(moved):
                values = scales[i].write(amounts[moved])
                put_values(self.transformer, frame, i, rows[moved], values, clip)
        return frame

    def holding(self, frame: pd.DataFrame) -> np.ndarray:
        """Which rows are in order.

        Parameters
        ----------
        frame : DataFrame

        Returns
        -------
        ndarray of bool
        """
        out = np.ones(len(frame), dtype=bool)
        if not self.items:
            return out
        scales = scales_of(self.transformer)
        amounts = {i: scales[i].read(frame.iloc[:, i]) for i in self.columns}
        for item in self.items:
            out &= ~_broken(item, amounts, scales)
        return out

    def texts(self, names) -> list[str]:
        """The orders, for people.

        Parameters
        ----------
        names : list of str
            Of the columns.

        Returns
        -------
        list of str
        """
        return [
            f"{names[item.low]} {'<' if item.strict else '<='} {names[item.high]}"
            for item in self.items
        ]

    def to_state(self) -> list[dict]:
        """Plain data, for a file."""
        return [dict(vars(item)) for item in self.items]

    @classmethod
    def from_state(cls, transformer, state: list[dict]) -> Orders:
        """Undo :meth:`to_state`."""
        return cls(transformer, [Order(**item) for item in state])

    def _sorted(self, amounts, free, scales):
        """Amounts in order, as far as they may move."""
        amounts = {i: own.copy() for i, own in amounts.items()}
        for turn in range(2 * len(amounts)):
            still = True
            for item in self.items:
                broken = _broken(item, amounts, scales)
                if broken.any():
                    _swap(item, amounts, broken, free, scales)
                    _move(item, amounts, broken, free, scales, turn == 0)
                    still = False
            if still:
                break
        return amounts


def _slack(item, scales):
    return min(scales[item.low].slack, scales[item.high].slack)


def _broken(item, amounts, scales):
    return item.broken(amounts[item.low], amounts[item.high], _slack(item, scales))


def _swap(item, amounts, rows, free, scales):
    """Each cell takes the other's value, or the nearest that its column holds."""
    rows = rows & free[item.low] & free[item.high]
    low, high = amounts[item.low][rows], amounts[item.high][rows]
    slack = _slack(item, scales)
    amounts[item.low][rows] = scales[item.low].nearest(high, -1, slack)
    amounts[item.high][rows] = scales[item.high].nearest(low, 1, slack)


def _move(item, amounts, rows, free, scales, mirrored):
    """A free cell goes to the other side of the other, or as far as that one."""
    ends, slack = (item.low, item.high), _slack(item, scales)
    for own, other, side in ((item.high, item.low, 1), (item.low, item.high, -1)):
        still = _broken(item, {i: amounts[i][rows] for i in ends}, scales)
        at = np.flatnonzero(rows)[still]
        at = at[free[own][at]]
        scale, bound = scales[own], amounts[other][at]
        new = scale.nearest(bound, side, slack, item.strict)
        if mirrored:
            # Not all onto the same value, lest these look equal too often.
            beyond = 2 * bound - amounts[own][at]
            inside = (beyond >= scale.ends[0]) & (beyond <= scale.ends[1])
            beyond = scale.nearest(beyond, side, slack)
            new = np.where(inside & (side * (beyond - new) > 0), beyond, new)
        amounts[own][at] = new
