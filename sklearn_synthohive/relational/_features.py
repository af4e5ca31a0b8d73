"""Attributes as numbers that a tree can split on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

__all__ = ["AttributeEncoder", "is_numeric_like", "profile_matrix", "usable"]

# A category with more levels than this share of the rows names its row.
MAX_UNIQUE_SHARE = 0.5
FEW_ROWS = 50
MAX_PROFILE_LEVELS = 20
MIN_SPREAD = 0.2


def is_numeric_like(column: pd.Series) -> bool:
    """Whether a column is ordered on a line: numbers, dates, durations."""
    dtype = column.dtype
    return (
        types.is_numeric_dtype(dtype)
        or types.is_datetime64_any_dtype(dtype)
        or types.is_timedelta64_dtype(dtype)
        or isinstance(dtype, pd.PeriodDtype)
    ) and not types.is_bool_dtype(dtype)


def usable(column: pd.Series, max_levels: int = 1000) -> bool:
    """Whether a column says something of more rows than one.

    Parameters
    ----------
    column : Series
    max_levels : int
        Of a category.
    """
    n_levels = column.nunique(dropna=False)
    if n_levels < 2:
        return False
    if is_numeric_like(column):
        return True
    few = len(column) <= FEW_ROWS
    return few or n_levels <= min(MAX_UNIQUE_SHARE * len(column), max_levels)


def as_numbers(column: pd.Series) -> np.ndarray:
    """Numbers, dates and durations as float64 with NaN where missing."""
    dtype = column.dtype
    if isinstance(dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
        dtype = column.dtype
    if types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        missing = column.isna().to_numpy()
        plain = column
        if getattr(dtype, "tz", None) is not None:
            plain = column.dt.tz_convert("UTC").dt.tz_localize(None)
        numbers = np.array(plain.astype("int64"), dtype=np.float64) / 1e9
        numbers[missing] = np.nan
        return numbers
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def as_levels(column: pd.Series) -> np.ndarray:
    """Categories as text; missing is the empty one."""
    missing = column.isna().to_numpy(dtype=bool)
    texts = np.array(column.astype(object).map(str), dtype=object)
    texts[missing] = ""
    return texts


class AttributeEncoder:
    """Columns to one number each: lines as they are, categories by their targets.

    A category's levels are put on a line by the first principal component of their
    mean targets, the classical ordering in which a tree needs one split to part them
    (Breiman et al. 1984, section 4.2, for one target). Levels with little weight share
    one place.

    Parameters
    ----------
    columns : dict of str to dict
        How each column is encoded: plain data.
    """

    def __init__(self, columns: dict):
        self.columns = columns

    @classmethod
    def fit(cls, frame: pd.DataFrame, targets, weight=None, min_weight=10.0):
        """Place the levels of categories.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
        targets : ndarray of shape (n_rows, n_targets)
        weight : ndarray of shape (n_rows,), optional
        min_weight : float
            Levels with less share one place.

        Returns
        -------
        AttributeEncoder
        """
        weight = np.ones(len(frame)) if weight is None else weight
        columns = {}
        for name in frame.columns:
            if is_numeric_like(frame[name]):
                numbers = as_numbers(frame[name])
                known = numbers[np.isfinite(numbers)]
                low, high = (known.min(), known.max()) if len(known) else (0.0, 0.0)
                # One place for missing values, apart from all others.
                columns[str(name)] = {"missing": float(low - (high - low) - 1.0)}
            else:
                levels = as_levels(frame[name])
                columns[str(name)] = _place(levels, targets, weight, min_weight)
        return cls(columns)

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        """The numbers.

        Parameters
        ----------
        frame : DataFrame
            With the columns of ``fit``.

        Returns
        -------
        ndarray of float64 of shape (n_rows, n_columns)
        """
        out = np.empty((len(frame), len(self.columns)))
        for i, (name, told) in enumerate(self.columns.items()):
            column = frame[name]
            if "levels" not in told:
                numbers = as_numbers(column)
                out[:, i] = np.where(np.isfinite(numbers), numbers, told["missing"])
                continue
            places = dict(zip(told["levels"], told["places"], strict=True))
            levels = pd.Series(as_levels(column))
            out[:, i] = levels.map(places).fillna(told["other"]).to_numpy(float)
        return out


def _place(levels, targets, weight, min_weight):
    codes, names = pd.factorize(levels, sort=True)
    mass = np.bincount(codes, weight, minlength=len(names))
    kept = np.flatnonzero(mass >= min_weight)
    if not len(kept):
        return {"levels": [], "places": [], "other": 0.0}
    means = np.stack(
        [np.bincount(codes, weight * t, minlength=len(names)) for t in targets.T], 1
    ).astype(np.float64)
    means = means[kept] / mass[kept][:, None]
    centre = np.average(means, axis=0, weights=mass[kept])
    spread = (means - centre) * np.sqrt(mass[kept])[:, None]
    axis = np.linalg.svd(spread, full_matrices=False)[2][0]
    places = (means - centre) @ axis
    # The sign of an axis is arbitrary: fixed, so that fits repeat.
    places *= 1.0 if axis[np.argmax(np.abs(axis))] >= 0 else -1.0
    names = [str(names[i]) for i in kept]
    # Distinct places even where the means are equal, so that trees can part levels.
    order = np.argsort(places, kind="stable")
    ranks = np.empty(len(order))
    ranks[order] = np.arange(len(order))
    other = float(np.interp(0.0, places[order], np.arange(len(order)))) + 0.25
    return {"levels": names, "places": ranks.tolist(), "other": other}


def profile_matrix(frame: pd.DataFrame, max_columns: int = 64) -> np.ndarray:
    """Rows as targets of a tree: ranks of numbers, indicators of frequent levels.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
    max_columns : int
        At most; the first ones.

    Returns
    -------
    ndarray of float64 of shape (n_rows, n_targets)
        Each number has variance 1, as has each category over its indicators, and less
        where nearly all rows are alike.
    """
    blocks, width = [], 0
    for name in frame.columns:
        if width >= max_columns:
            break
        column = frame[name]
        if is_numeric_like(column):
            block = _rank_block(as_numbers(column))
        else:
            block = _level_block(as_levels(column))
        spread = np.sqrt(block.var(axis=0).sum())
        if spread > 0:
            # What is nearly constant is not blown up to the weight of the others.
            blocks.append(block / max(spread, MIN_SPREAD))
            width += block.shape[1]
    if not blocks:
        return np.zeros((len(frame), 1))
    return np.concatenate(blocks, axis=1)


def _rank_block(numbers):
    missing = ~np.isfinite(numbers)
    ranks = pd.Series(numbers).rank(pct=True).fillna(0.5).to_numpy()
    if missing.any() and not missing.all():
        return np.stack([ranks, missing.astype(float)], axis=1)
    return ranks[:, None]


def _level_block(levels):
    codes, _ = pd.factorize(levels)
    counts = np.bincount(codes)
    kept = np.argsort(-counts, kind="stable")[:MAX_PROFILE_LEVELS]
    return (codes[:, None] == kept[None, :]).astype(float)
