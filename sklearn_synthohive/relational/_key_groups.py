"""Groups of rows in tables whose composite primary key holds no foreign key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sklearn_synthohive.relational._keys import KeyMinter, as_column
from sklearn_synthohive.relational._numbers import wide_enough

__all__ = ["GroupKey"]

MAX_LEVELS = 50
MIN_LEVEL_ROWS = 5


class GroupKey:
    """All columns of a composite key but the one that differs within each group.

    A few groups of several rows each ("JFK", "LGA") are levels: they are kept, and
    have their real shares of the rows. Other groups get sizes as the real ones have,
    and minted values.

    Parameters
    ----------
    columns : list of columns
    levels : list of list or None
        The values of each column in each group, where these are kept.
    minters : list of KeyMinter
        Of each column, where they are not.
    sizes : ndarray of int
        Rows of the real groups.
    in_runs : bool
        The rows of a group come one after the other.
    """

    def __init__(self, columns, *, levels, minters, sizes, in_runs):
        self.columns = columns
        self.levels = levels
        self.minters = minters
        self.sizes = sizes
        self.in_runs = in_runs

    @classmethod
    def fit(cls, keys: pd.DataFrame, seed: int = 0, least: int = 1):
        """Learn the groups of real rows.

        Parameters
        ----------
        keys : DataFrame
            The columns that make the groups.
        seed : int
        least : int
            Rows that a level has to have to be kept.

        Returns
        -------
        GroupKey
        """
        columns = list(keys.columns)
        group = keys.groupby(columns, sort=False, observed=True).ngroup().to_numpy()
        sizes = np.bincount(group)
        in_runs = int((np.diff(group) != 0).sum()) < len(sizes)
        first = np.unique(group, return_index=True)[1]
        values = [keys[c].iloc[first].astype(object).tolist() for c in columns]
        few = len(sizes) <= MAX_LEVELS and sizes.min() >= max(MIN_LEVEL_ROWS, least)
        if few and all(isinstance(v, str | int) for each in values for v in each):
            return cls(columns, levels=values, minters=[], sizes=sizes, in_runs=in_runs)
        minters = [KeyMinter.fit(keys[c], seed) for c in columns]
        # In order the sizes tell nothing of the groups.
        sizes = np.sort(sizes)
        return cls(columns, levels=None, minters=minters, sizes=sizes, in_runs=in_runs)

    def draw(self, n_rows: int, rng) -> np.ndarray:
        """The group of each generated row.

        Parameters
        ----------
        n_rows : int
        rng : Generator

        Returns
        -------
        ndarray of int64 of shape (n_rows,)
        """
        if self.levels is not None:
            ends = np.cumsum(self.sizes) * (n_rows / self.sizes.sum())
            ends = np.floor(ends + rng.random()).astype(np.int64).clip(max=n_rows)
            ends[-1] = n_rows
            sizes = np.diff(ends, prepend=0)
        else:
            sizes = np.empty(0, dtype=np.int64)
            while (left := n_rows - sizes.sum()) > 0:
                number = int(np.ceil(left / self.sizes.mean()))
                sizes = np.append(sizes, rng.choice(self.sizes, number))
        group = np.repeat(np.arange(len(sizes)), sizes)[:n_rows]
        return group if self.in_runs else rng.permutation(group)

    def column(self, column, group, dtype: Any, primary: Any, last: int) -> pd.Series:
        """One column of the key.

        Parameters
        ----------
        column : label
        group : ndarray of int64 of shape (n_rows,)
            Negative ones are missing.
        dtype, primary : dtype
            Of the column to be made, and of the primary key's.
        last : int
            The last group.

        Returns
        -------
        Series
        """
        i = self.columns.index(column)
        if self.levels is None:
            return self.minters[i].fitting(last, primary).column(group, dtype, last)
        levels = self.levels[i]
        if not isinstance(levels[0], str):
            low = min(levels)
            dtype = wide_enough(dtype, low, 1, max(levels) - low)
        values = [levels[g] for g in np.maximum(group, 0).tolist()]
        return as_column(values, group >= 0, dtype)

    def to_state(self) -> dict:
        """Plain data."""
        return {
            "columns": self.columns,
            "levels": self.levels,
            "minters": [m.to_state() for m in self.minters],
            "sizes": self.sizes,
            "in_runs": self.in_runs,
        }

    @classmethod
    def from_state(cls, state: dict):
        """Undo :meth:`to_state`."""
        minters = [KeyMinter.from_state(m) for m in state["minters"]]
        return cls(**{**state, "minters": minters})
