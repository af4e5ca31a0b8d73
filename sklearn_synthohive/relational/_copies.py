"""Columns that repeat the parent's in every row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.relational._bases import plain, take_rows

__all__ = ["copied_columns"]


def copied_columns(frame: pd.DataFrame, base: pd.DataFrame, rows) -> dict:
    """Columns that need no model, and what they repeat.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
    base : DataFrame of shape (n_parents, n_base_columns)
    rows : ndarray of int64 of shape (n_rows,)
        The parent of each row, -1 for none.

    Returns
    -------
    dict of column to str
        The column of ``base`` that each repeats.
    """
    known = np.flatnonzero(rows >= 0)
    parents = take_rows(base, rows[known])
    copies = {}
    for column in frame:
        mine = plain(frame[column].take(known)).reset_index(drop=True)
        if mine.nunique() < 2:
            continue
        for there in parents:
            if _equal(mine, parents[there]):
                copies[column] = there
                break
    return copies


def _equal(mine, theirs):
    if mine.dtype.kind != theirs.dtype.kind:
        return False
    try:
        same = (mine == theirs) | (mine.isna() & theirs.isna())
    except TypeError:
        return False
    return bool(same.all())
