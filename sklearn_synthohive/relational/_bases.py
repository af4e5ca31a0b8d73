"""What is known of a row beyond itself: its ancestors' attributes, its siblings."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

from sklearn_synthohive.relational._features import is_numeric_like

__all__ = ["base_name", "own_base", "plain", "previous_rows", "take_rows"]


def base_name(table: str, column) -> str:
    """A column as descendants know it."""
    return f"{table}.{column}"


def own_base(table: str, frame: pd.DataFrame, columns) -> pd.DataFrame:
    """The attributes of a table under the names that descendants know them by."""
    return pd.DataFrame(
        {base_name(table, c): plain(frame[c]) for c in columns}, index=frame.index
    )


def plain(column: pd.Series) -> pd.Series:
    """A column in a dtype that also holds missing values.

    Numbers are float64, dates and durations stay, everything else is text.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.PeriodDtype):
        return column.dt.to_timestamp()
    if is_numeric_like(column):
        if types.is_numeric_dtype(dtype):
            numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
            return pd.Series(numbers, index=column.index, name=column.name)
        return column
    missing = column.isna().to_numpy(dtype=bool)
    texts = np.array(column.astype(object).map(str), dtype=object)
    texts[missing] = None
    return pd.Series(texts, index=column.index, name=column.name, dtype=object)


def take_rows(frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """Rows of a base by position; all missing for -1.

    Parameters
    ----------
    frame : DataFrame of dtypes as of :func:`plain`
    rows : ndarray of int64

    Returns
    -------
    DataFrame
        With a fresh index.
    """
    if (rows >= 0).all():
        taken = frame.take(rows)
    else:
        taken = frame.reindex(np.where(rows >= 0, rows, -1))
    return taken.reset_index(drop=True)


def previous_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place among the siblings, and the sibling before, in the order of the table.

    Parameters
    ----------
    rows : ndarray of int64 of shape (n_rows,)
        The parent of each row; rows without one have no siblings.

    Returns
    -------
    position : ndarray of int64
        From 0.
    previous : ndarray of int64
        The row of the sibling before, -1 for the first.
    """
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(rows)])
    rank = np.arange(len(rows)) - np.repeat(starts, sizes)
    position = np.empty(len(rows), dtype=np.int64)
    previous = np.full(len(rows), -1, dtype=np.int64)
    position[order] = rank
    later = np.flatnonzero(rank > 0)
    previous[order[later]] = order[later - 1]
    position[rows < 0] = 0
    previous[rows < 0] = -1
    return position, previous
