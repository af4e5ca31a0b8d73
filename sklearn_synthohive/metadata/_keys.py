"""The rows that foreign keys refer to, and the kinds of values that keys hold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from pandas.api import types

from sklearn_synthohive.metadata._relation import Relation

__all__ = ["NO_KEY", "ORPHAN", "key_kind", "parent_rows", "plain_values"]

NO_KEY, ORPHAN = -1, -2

_INFERRED = {
    "string": "text",
    "integer": "numbers",
    "floating": "numbers",
    "mixed-integer-float": "numbers",
    "decimal": "numbers",
    "boolean": "booleans",
    "datetime": "dates",
    "datetime64": "dates",
    "date": "dates",
    "period": "periods",
    "timedelta": "durations",
    "timedelta64": "durations",
    "bytes": "bytes",
    "empty": "nothing",
}


def key_kind(column: pd.Series) -> str:
    """What a key column holds; two kinds never match, two dtypes of one kind do.

    Parameters
    ----------
    column : Series

    Returns
    -------
    str
        ``"nothing"`` for a column of missing values, which matches every kind.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return key_kind(dtype.categories.to_series())
    if column.isna().all():
        return "nothing"
    if types.is_bool_dtype(dtype):
        return "booleans"
    if types.is_numeric_dtype(dtype):
        return "numbers"
    if types.is_datetime64_any_dtype(dtype):
        aware = getattr(column.dt, "tz", None) is not None
        return "dates with a time zone" if aware else "dates"
    if types.is_timedelta64_dtype(dtype):
        return "durations"
    if isinstance(dtype, pd.PeriodDtype):
        return "periods"
    if isinstance(dtype, pd.StringDtype):
        return "text"
    inferred = types.infer_dtype(column, skipna=True)
    return _INFERRED.get(inferred, f"{inferred} values")


def plain_values(column: pd.Series) -> pd.Index:
    """The values of a column without missing ones, in a dtype that compares."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if types.is_extension_array_dtype(column.dtype):
        if types.is_numeric_dtype(column.dtype):
            kind = "float64" if types.is_float_dtype(column.dtype) else "int64"
            return pd.Index(column.to_numpy(dtype=kind))
        if not types.is_datetime64_any_dtype(column.dtype):
            return pd.Index(column.astype(object))
    return pd.Index(column)


def parent_rows(relation: Relation, tables: Mapping[str, pd.DataFrame]) -> np.ndarray:
    """The position of the row that each child row refers to.

    Parameters
    ----------
    relation : Relation
    tables : mapping of str to DataFrame

    Returns
    -------
    ndarray of int64 of shape (n_child_rows,)
        ``NO_KEY`` (-1) where a part of the key is missing, ``ORPHAN`` (-2) where no
        row of the parent has it. Of parents that repeat a key the first counts.
    """
    child, parent = tables[relation.child], tables[relation.parent]
    theirs = np.zeros(len(parent), dtype=np.int64)
    mine = np.zeros(len(child), dtype=np.int64)
    for a, b in zip(relation.columns, relation.parent_columns, strict=True):
        if len(parent) and theirs.max() >= 2**31:
            # The codes so far become small again, before they overflow.
            seen, theirs = np.unique(theirs, return_inverse=True)
            mine = _look_up(seen, mine)
        levels = plain_values(parent[b].dropna()).unique()
        theirs = _append(theirs, _codes(parent[b], levels), len(levels))
        mine = _append(mine, _codes(child[a], levels), len(levels))
    keys, first = np.unique(theirs, return_index=True)
    place = _look_up(keys, mine)
    rows = np.full(len(mine), ORPHAN, dtype=np.int64)
    rows[place >= 0] = first[place[place >= 0]]
    rows[child[list(relation.columns)].isna().any(axis=1).to_numpy(dtype=bool)] = NO_KEY
    return rows


def _codes(column: pd.Series, levels: pd.Index) -> np.ndarray:
    """The place of each value among the levels, -1 where it is none of them."""
    known = column.notna().to_numpy(dtype=bool)
    codes = np.full(len(column), -1, dtype=np.int64)
    codes[known] = levels.get_indexer(plain_values(column[known]))
    return codes


def _append(codes: np.ndarray, digits: np.ndarray, base: int) -> np.ndarray:
    """Codes of tuples from those of all but the last part; -1 stays -1."""
    return np.where((codes < 0) | (digits < 0), -1, codes * base + digits)


def _look_up(levels: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The place of each code among ascending levels, -1 where it is none of them."""
    if not len(levels):
        return np.full(len(codes), -1, dtype=np.int64)
    place = np.searchsorted(levels, codes)
    place[place == len(levels)] = 0
    return np.where((levels[place] == codes) & (codes >= 0), place, -1)
