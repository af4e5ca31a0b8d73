"""Primary keys of which a part is neither a foreign key nor a running number."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from sklearn_synthohive.relational._bases import previous_rows
from sklearn_synthohive.relational._features import as_numbers, is_numeric_like
from sklearn_synthohive.relational._keys import KeyMinter
from sklearn_synthohive.relational._numbers import whole_numbers

__all__ = ["PartKey"]

MIN_ORDER_R2 = 0.5


class PartKey:
    """The own part of a composite key: different within each group of the other parts.

    Lines ("1, 2, 3 of each order") are numbered; other values (the hours of each
    station) are spread evenly over the real range. Where the row's attributes tell the
    order of the real keys, as a month does of dates, keys are dealt in that order.

    Parameters
    ----------
    minter : KeyMinter
    lines : bool
    size : int
        Places in the real range.
    order : dict of column to float
        Weights of the row's numbers in the order.
    """

    def __init__(self, minter: KeyMinter, *, lines, size, order):
        self.minter = minter
        self.lines = lines
        self.size = size
        self.order = order

    @classmethod
    def fit(cls, values: pd.Series, group: np.ndarray, frame: pd.DataFrame, seed=0):
        """Learn one column of the key.

        Parameters
        ----------
        values : Series
        group : ndarray of int of shape (n_rows,)
            The other parts of the key.
        frame : DataFrame
            The attributes.
        seed : int

        Returns
        -------
        PartKey
        """
        minter = KeyMinter.fit(values, seed)
        distinct = pd.Index(values.unique()).sort_values()
        rank = distinct.get_indexer(pd.Index(values))
        size = len(distinct)
        if minter.kind in ("integer", "date"):
            steps = minter.told["step"]
            ends = _as_steps(values, minter)
            size = int((ends.max() - ends.min()) // steps) + 1
        ordered = pd.Series(rank).groupby(group).rank().to_numpy() - 1
        lines = minter.kind == "integer" and bool(
            (_as_steps(values, minter) - minter.told["start"] == ordered).mean() > 0.95
        )
        return cls(minter, lines=lines, size=size, order=_learn_order(rank, frame))

    def places(self, group: np.ndarray, frame: pd.DataFrame, rng) -> np.ndarray:
        """Places of the keys of generated rows, for ``minter``.

        Parameters
        ----------
        group : ndarray of int of shape (n_rows,)
        frame : DataFrame
        rng : Generator

        Returns
        -------
        ndarray of int64 of shape (n_rows,)
        """
        if self.lines:
            return previous_rows(group)[0]
        score = rng.random(len(group)) * 1e-9
        for column, weight in self.order.items():
            numbers = as_numbers(frame[column])
            score += weight * np.nan_to_num(numbers, nan=np.nanmean(numbers))
        order = np.lexsort((score, group))
        ordered = group[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        sizes = np.diff(np.r_[starts, len(group)])
        rank = np.arange(len(group)) - np.repeat(starts, sizes)
        room = np.maximum(np.repeat(sizes, sizes), self.size)
        offset = np.repeat(rng.random(len(sizes)), sizes)
        places = np.empty(len(group), dtype=np.int64)
        share = (rank + offset) / np.repeat(sizes, sizes)
        places[order] = np.floor(share * room).astype(np.int64)
        return places

    def to_state(self) -> dict:
        """Plain data."""
        return {
            "minter": self.minter.to_state(),
            "lines": self.lines,
            "size": self.size,
            "order": list(self.order.items()),
        }

    @classmethod
    def from_state(cls, state: dict):
        """Undo :meth:`to_state`."""
        return cls(
            KeyMinter.from_state(state["minter"]),
            lines=state["lines"],
            size=state["size"],
            order=dict(state["order"]),
        )


def _as_steps(values, minter):
    if minter.kind == "date" and minter.told["iso"] is not None:
        return (
            pd.to_datetime(values, utc=True, format="ISO8601")
            .dt.as_unit("ns")
            .astype("int64")
            .to_numpy()
        )
    if minter.kind == "date":
        return values.astype("int64").to_numpy()
    return whole_numbers(values)


def _learn_order(rank, frame):
    columns = [
        c for c in frame if is_numeric_like(frame[c]) and (frame[c].nunique() >= 2)
    ]
    if not columns or len(frame) < 10:
        return {}
    X = np.stack([as_numbers(frame[c]) for c in columns], axis=1)
    X = np.where(np.isfinite(X), X, np.nanmean(X, axis=0))
    spread = X.std(axis=0)
    ridge = Ridge(alpha=1e-6 * len(X)).fit(X / spread, rank)
    if ridge.score(X / spread, rank) < MIN_ORDER_R2:
        return {}
    return dict(zip(columns, (ridge.coef_ / spread).tolist(), strict=True))
