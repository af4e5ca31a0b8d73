"""What the rows of one table tell: how deep they lie, and which columns name them."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["levels", "naming_columns"]

MAX_LEVEL = 12
MAX_NAMED_ROWS = 1000


def levels(rows: np.ndarray) -> tuple[np.ndarray, bool]:
    """The depth of each row in a table that refers to itself.

    Parameters
    ----------
    rows : ndarray of int64 of shape (n_rows,)
        The row that each refers to; -1, or its own place, on top.

    Returns
    -------
    level : ndarray of int64
        0 on top, at most MAX_LEVEL.
    on_itself : bool
        Whether most rows on top refer to themselves.
    """
    place = np.arange(len(rows))
    itself = rows == place
    above = np.where(itself, -1, rows)
    level = np.where(above < 0, 0, MAX_LEVEL)
    for depth in range(1, MAX_LEVEL):
        under = (above >= 0) & (level[np.maximum(above, 0)] == depth - 1)
        if not under.any():
            break
        level[under & (level == MAX_LEVEL)] = depth
    top = above < 0
    return level, bool(itself[top].mean() > 0.5) if top.any() else False


def naming_columns(real, columns):
    """Texts that differ in every row of a small table."""
    if not 2 <= len(real) <= MAX_NAMED_ROWS:
        return []
    found = []
    for column in columns:
        values = real[column]
        text = values.dtype == object or isinstance(
            values.dtype, pd.StringDtype | pd.CategoricalDtype
        )
        if text and values.notna().all() and values.is_unique:
            found.append(column)
    return found
