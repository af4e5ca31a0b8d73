"""Context that a model has seen: what it has not is replaced by what is nearest."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
from pandas.api import types

from sklearn_synthohive.relational._features import is_numeric_like

__all__ = ["conform", "learn_seen"]


def learn_seen(frame: pd.DataFrame) -> dict:
    """What each column of a context holds.

    Parameters
    ----------
    frame : DataFrame

    Returns
    -------
    dict of str to dict
        Plain data: ``levels`` of a category, ``missing`` (whether it is, somewhere),
        ``usual`` (the most frequent level, the median).

    Examples
    --------
    >>> seen = learn_seen(pd.DataFrame({"kind": ["a", "b", "b"], "x": [1.0, 2.0, 9.0]}))
    >>> conform(pd.DataFrame({"kind": ["z"], "x": [float("nan")]}), seen)
      kind    x
    0    b  2.0
    """
    return {name: _learn(frame[name]) for name in frame}


def _learn(column):
    told: dict[str, Any] = {"missing": bool(column.isna().any()), "usual": None}
    known = column.dropna()
    if not is_numeric_like(column):
        told["levels"] = sorted(known.unique().tolist())
        told["usual"] = known.mode().iloc[0] if len(known) else None
    elif len(known):
        middle = known.sort_values().iloc[len(known) // 2]
        told["usual"] = float(middle) if _is_number(column) else middle.isoformat()
    return told


def conform(frame: pd.DataFrame, seen: dict) -> pd.DataFrame:
    """A context in which nothing is new to the model.

    A level that it never saw (of a parent whose likes had no children) becomes the
    usual one, a segment its neighbour; a gap where it never saw one the usual value.

    Parameters
    ----------
    frame : DataFrame
    seen : dict
        As :func:`learn_seen` returns it.

    Returns
    -------
    DataFrame
    """
    return pd.DataFrame({name: _conform(frame[name], seen[name]) for name in frame})


def _conform(column, told):
    if told["usual"] is None:
        return pd.Series([None] * len(column), dtype=column.dtype)
    if "levels" in told:
        column = _known_levels(column, told)
    missing = column.isna()
    if told["missing"] or not missing.any():
        return column
    usual = told["usual"]
    if is_numeric_like(column) and not _is_number(column):
        usual = _as_time(usual, column.dtype)
    return column.fillna(usual)


def _known_levels(column, told):
    levels = told["levels"]
    strange = column.notna() & ~column.isin(levels)
    if not strange.any():
        return column
    instead = {level: _nearest(level, told) for level in column[strange].unique()}
    return column.where(~strange, column.map(instead))


def _nearest(level, told):
    """The neighbour of a segment; else the usual level."""
    if re.fullmatch(r"s\d+", level):
        segments = [s for s in told["levels"] if re.fullmatch(r"s\d+", s)]
        if segments:
            return min(segments, key=lambda s: abs(int(s[1:]) - int(level[1:])))
    return told["usual"]


def _is_number(column):
    return types.is_numeric_dtype(column.dtype)


def _as_time(text, dtype):
    if types.is_timedelta64_dtype(dtype):
        return pd.Timedelta(text)
    return pd.Timestamp(text)
