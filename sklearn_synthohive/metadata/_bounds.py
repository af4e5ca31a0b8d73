"""Ends of a range: read from what users write, fitted to a column's dtype."""

from __future__ import annotations

import datetime as dt
import math
import numbers
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Literal

import numpy as np
import pandas as pd

from sklearn_synthohive.exceptions import SchemaError

Kind = Literal["number", "datetime", "timedelta"]


def read_bound(value: Any, name: str) -> Any:
    """A bound as a Python number, a Timestamp or a Timedelta.

    Strings are dates (ISO 8601), or durations when they start with ``P``: the
    spelling that JSON keeps.
    """
    if value is None:
        return None
    try:
        bound = _parse(value)
    except (TypeError, ValueError, OverflowError):
        bound = None
    # NaT and NaN are the only ones that differ from themselves.
    if bound is None or bound != bound or bound in (math.inf, -math.inf):
        raise SchemaError(
            f"{name}={value!r} is not a finite number, a date or a duration; leave it "
            "None for no limit."
        )
    return bound


def _parse(value: Any) -> Any:
    if isinstance(value, str):
        text = value.strip()
        if text.lstrip("-").startswith("P"):
            return pd.Timedelta(text)
        return pd.Timestamp(text)
    if isinstance(value, dt.date | np.datetime64):
        return pd.Timestamp(value)
    if isinstance(value, dt.timedelta | np.timedelta64):
        return pd.Timedelta(value)
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real | Decimal):
        return float(value)
    return None


def kind_of(bound: Any) -> Kind | None:
    """The kind of column that a bound is for."""
    if bound is None:
        return None
    if isinstance(bound, pd.Timestamp):
        return "datetime"
    return "timedelta" if isinstance(bound, pd.Timedelta) else "number"


def write_bound(bound: Any) -> int | float | str | None:
    """A bound as JSON holds it."""
    if bound is None or isinstance(bound, int | float):
        return bound
    text: str = bound.isoformat()
    return text


def on_grid(bound: Any, decimals: int | None, *, up: bool) -> Any:
    """The nearest number inside the range that has at most so many decimals."""
    if bound is None or decimals is None:
        return bound
    # repr is the shortest text that names the float, which is what the user wrote.
    exact = Decimal(bound) if isinstance(bound, int) else Decimal(repr(bound))
    if -exact.as_tuple().exponent <= decimals:  # type: ignore[operator]
        return int(exact) if decimals == 0 else bound
    rounding = ROUND_CEILING if up else ROUND_FLOOR
    scaled = int(exact.scaleb(decimals).to_integral_value(rounding))
    return scaled if decimals == 0 else float(Decimal(scaled).scaleb(-decimals))


def fit_to_dtype(bound: Any, dtype: Any, *, up: bool) -> Any:
    """A date or duration in the type and resolution of a column, still inside."""
    if isinstance(dtype, pd.PeriodDtype):
        return pd.Period(bound.tz_localize(None), freq=dtype.freq)  # type: ignore[arg-type]
    if getattr(dtype, "type", None) is dt.date:
        day = bound.tz_localize(None)
        return (day.ceil("D") if up else day.floor("D")).date()
    tz = getattr(getattr(dtype, "pyarrow_dtype", dtype), "tz", None)
    if isinstance(bound, pd.Timestamp) and tz is not None:
        bound = bound.tz_localize(tz) if bound.tz is None else bound.tz_convert(tz)
    elif isinstance(bound, pd.Timestamp) and bound.tz is not None:
        raise SchemaError(
            f"the limit {bound} has a time zone and the column has none; give the "
            "limit without one"
        )
    unit = _unit(dtype)
    if unit is None:
        return bound
    coarse = bound.as_unit(unit)
    step = pd.Timedelta(1, unit).as_unit(unit)
    if up and coarse < bound:
        coarse += step
    elif not up and coarse > bound:
        coarse -= step
    return coarse


def _unit(dtype: Any) -> Any:
    if isinstance(dtype, pd.ArrowDtype):
        return getattr(dtype.pyarrow_dtype, "unit", None)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return dtype.unit
    return np.datetime_data(dtype)[0]
