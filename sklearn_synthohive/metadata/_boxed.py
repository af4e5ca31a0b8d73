"""Columns of Python's own decimals, dates and durations, kept as what they are."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["boxed_like"]


def boxed_like(series: pd.Series, read: pd.Series, values: pd.Series) -> pd.Series:
    """A column of objects with its changed cells as objects of the same class.

    Parameters
    ----------
    series : Series
        The column.
    read : Series
        As numbers or dates.
    values : Series
        The same after a rule.

    Returns
    -------
    Series
        ``values`` where the column does not hold decimals, dates, times of a day, or
        durations.
    """
    here = series[series.notna()]
    if series.dtype != object or here.empty:
        return values
    box = _BOXES.get(type(here.iloc[0]))
    if box is None:
        return values
    changed = np.asarray((values != read) & values.notna(), dtype=bool)
    if not changed.any():
        return series
    cells = series.to_numpy(dtype=object, copy=True)
    for place in np.flatnonzero(changed):
        cells[place] = box(values.iloc[place], here.iloc[0])
    return pd.Series(cells, index=series.index, dtype=object, name=series.name)


def _decimal(value: Any, like: Decimal) -> Decimal:
    number = Decimal(repr(float(value)))
    exponent = like.as_tuple().exponent
    if isinstance(exponent, int):
        rounded = number.quantize(Decimal(1).scaleb(exponent))
        # An end of a range may be finer than the column.
        return rounded if rounded == number else number
    return number


_BOXES: dict[type, Any] = {
    Decimal: _decimal,
    dt.date: lambda value, _: pd.Timestamp(value).date(),
    dt.datetime: lambda value, _: pd.Timestamp(value).to_pydatetime(),
    dt.timedelta: lambda value, _: pd.Timedelta(value).to_pytimedelta(),
}
