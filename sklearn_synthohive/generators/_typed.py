"""What users write as values of a column, read as the column holds them."""

from __future__ import annotations

import datetime as dt
import math
import numbers
from decimal import Decimal, InvalidOperation, localcontext

import numpy as np
import pandas as pd
from pandas.api.types import (
    is_bool_dtype,
    is_float_dtype,
    is_integer_dtype,
    is_numeric_dtype,
    is_object_dtype,
)

from sklearn_synthohive.exceptions import SchemaError

__all__ = ["inner_end", "never_missing", "noun_of", "typed_values"]

# Digits of decimals while they are rounded.
PRECISION = 60
FAILURES = (TypeError, ValueError, OverflowError, InvalidOperation)
STEPS = {"s": 10**6, "ms": 10**3, "us": 1, "ns": 1}
MICROSECOND = dt.timedelta(microseconds=1)


def typed_values(column, values, dtype, cell=None):
    """Values as the column holds them; a value that it cannot hold is an error.

    Parameters
    ----------
    column : label
    values : list
    dtype : dtype
        Of the column.
    cell : object, optional
        A value of the column: what is written otherwise becomes one of its class,
        where the dtype does not say which.

    Returns
    -------
    Series
    """
    missing = [v is None or v is pd.NA or v is pd.NaT or v != v for v in values]
    present = [v for v, gone in zip(values, missing, strict=True) if not gone]
    wrong = []
    if isinstance(dtype, pd.CategoricalDtype):
        wrong = [v for v in present if v not in dtype.categories]
    elif is_bool_dtype(dtype):
        wrong = [v for v in present if not isinstance(v, (bool, np.bool_))]
    if wrong:
        raise SchemaError(
            f"A condition on {column!r} names {wrong}, which its dtype {dtype} does "
            "not hold."
        )
    if any(missing) and isinstance(dtype, np.dtype) and dtype.kind in "iub":
        raise never_missing(column)
    try:
        cells = [
            None if gone else _read(v, dtype, cell)
            for v, gone in zip(values, missing, strict=True)
        ]
        return pd.Series(cells, dtype=dtype)
    except FAILURES as error:
        such = "" if cell is None else f" Give values such as {cell!r}."
        raise SchemaError(
            f"A condition on {column!r} does not fit the column, which holds "
            f"{noun_of(dtype, cell)}: {_reason(error)}.{such}"
        ) from error


def never_missing(column):
    """The error where a missing value is asked for that fit never saw."""
    return SchemaError(
        f"A condition on {column!r} asks for missing values, and fit saw none in it: "
        "name values, or fit on rows that show missing ones."
    )


def noun_of(dtype, cell):
    """What a column holds, for people: the class of objects, else the dtype."""
    return type(cell).__name__ if is_object_dtype(dtype) else str(dtype)


def inner_end(column, bound, dtype, cell, *, is_open, inwards):
    """An end of an interval as the next value that a column of this dtype can hold.

    Parameters
    ----------
    column : label
    bound : object
    dtype : dtype
    cell : object
        A value of the column.
    is_open : bool
        Whether the end itself is left out.
    inwards : {-1, 1}

    Returns
    -------
    object
        None for no end.

    Raises
    ------
    TypeError
        When the column has no order, or the end is no value of its kind.
    """
    if bound is None or _is_infinite(bound):
        return None
    move = _mover(dtype, cell)
    if move is None:
        raise TypeError(
            f"{column!r} is no column of numbers or dates: give a list of values."
        )
    try:
        return move(bound, is_open, inwards)
    except FAILURES as error:
        raise TypeError(
            f"The interval on {column!r} ends at {bound!r}, which does not fit the "
            f"column of {noun_of(dtype, cell)}: {_reason(error)}. Give ends such as "
            f"{cell!r}."
        ) from error


def _reason(error):
    if isinstance(error, InvalidOperation):
        return "a number is needed"
    return str(error).rstrip(".")


def _is_infinite(bound):
    return isinstance(bound, numbers.Real | Decimal) and math.isinf(bound)


def _read(value, dtype, cell):
    """A value in the class of the column's cells, which is exact or fails."""
    is_arrow = isinstance(dtype, pd.ArrowDtype)
    if not is_object_dtype(dtype) and not is_arrow:
        return value
    if isinstance(cell, Decimal):
        return _decimal(value)
    if isinstance(cell, dt.time):
        return _time(value)
    if isinstance(cell, dt.date) and not isinstance(cell, dt.datetime):
        day, rest = _day(value)
        if rest:
            raise ValueError(f"{value!r} is no whole day")
        return day
    if is_arrow:
        # Its own reading is as good.
        return value
    if isinstance(cell, dt.datetime):
        return _moment(value, cell)
    if isinstance(cell, dt.timedelta):
        return _duration(value, cell)
    if isinstance(cell, pd.Period) and not isinstance(value, pd.Period):
        return pd.Period(value, freq=cell.freq)
    return _number_object(value, cell)


def _mover(dtype, cell):
    """A function that reads an end and moves it inwards, or None without an order."""
    if isinstance(dtype, pd.CategoricalDtype) or is_bool_dtype(dtype):
        return None
    if isinstance(cell, Decimal):
        return lambda *end: _move_decimal(*end, cell)
    if is_numeric_dtype(dtype):
        return lambda *end: _move_number(*end, dtype)
    if isinstance(dtype, pd.PeriodDtype):
        return lambda *end: _move_period(*end, dtype.freq)
    if isinstance(cell, dt.time):
        return lambda *end: _move_time(*end, _unit(dtype))
    if isinstance(cell, dt.date) and not isinstance(cell, dt.datetime):
        return _move_day
    if is_object_dtype(dtype):
        return _mover_of_objects(cell)
    if dtype.kind == "M":
        return lambda *end: _move_moment(*end, dtype)
    if dtype.kind == "m":
        return lambda *end: _move_duration(*end, dtype)
    return None


def _mover_of_objects(cell):
    if isinstance(cell, dt.datetime | dt.timedelta):
        read = _moment if isinstance(cell, dt.datetime) else _duration
        return lambda *end: _move_object(*end, cell, read)
    if isinstance(cell, pd.Period):
        return lambda *end: _move_period(*end, cell.freq)
    if isinstance(cell, bool | np.bool_) or not isinstance(cell, numbers.Real):
        return None
    dtype = np.dtype("int64" if isinstance(cell, numbers.Integral) else "float64")
    return lambda *end: _move_number(*end, dtype)


def _move_number(bound, is_open, inwards, dtype):
    if not isinstance(bound, numbers.Real | Decimal):
        raise TypeError("a number is needed")
    if is_integer_dtype(dtype):
        whole = _whole(bound, inwards)
        return whole + inwards * (is_open and whole == bound)
    if isinstance(bound, Decimal):
        bound = float(bound)
    if is_open and is_float_dtype(dtype):
        width = np.float32 if "32" in str(dtype) or "float[" in str(dtype) else float
        return float(np.nextafter(width(bound), width(inwards * np.inf)))
    return bound


def _whole(bound, inwards):
    if isinstance(bound, numbers.Integral):
        return int(bound)
    return math.ceil(bound) if inwards > 0 else math.floor(bound)


def _move_decimal(bound, is_open, inwards, cell):
    exponent = cell.as_tuple().exponent
    with localcontext(prec=PRECISION):
        scaled = _decimal(bound).scaleb(-exponent)
        whole = _whole(scaled, inwards)
        whole += inwards * (is_open and whole == scaled)
        return Decimal(whole).scaleb(exponent)


def _move_period(bound, is_open, inwards, freq):
    return pd.Period(bound, freq=freq) + inwards * is_open


def _move_moment(bound, is_open, inwards, dtype):
    bound, zone = pd.Timestamp(bound), getattr(dtype, "tz", None)
    if zone is not None and bound.tz is None:
        bound = bound.tz_localize(zone)
    return bound + inwards * is_open * pd.Timedelta(1, _unit(dtype))


def _move_duration(bound, is_open, inwards, dtype):
    step = pd.Timedelta(1, _unit(dtype))
    return pd.Timedelta(bound) + inwards * is_open * step


def _move_object(bound, is_open, inwards, cell, read):
    """The end of a column of datetime or timedelta objects, Python's or pandas'."""
    end = read(bound, cell)
    if isinstance(cell, pd.Timestamp | pd.Timedelta):
        return end + inwards * is_open * pd.Timedelta(1, "ns")
    if isinstance(end, pd.Timestamp | pd.Timedelta):
        # It has nanoseconds, so that a whole microsecond is not the end itself.
        end = end.ceil("us") if inwards > 0 else end.floor("us")
        boxed = isinstance(end, pd.Timestamp)
        return end.to_pydatetime() if boxed else end.to_pytimedelta()
    return end + inwards * is_open * MICROSECOND


def _move_day(bound, is_open, inwards):
    day, rest = _day(bound)
    days = (is_open or rest) if inwards > 0 else -(is_open and not rest)
    return day + dt.timedelta(days=int(days))


def _move_time(bound, is_open, inwards, unit):
    time, step = _time(bound), STEPS[unit]
    gap = dt.datetime.combine(dt.date.min, time) - dt.datetime.min
    whole, rest = divmod(gap // MICROSECOND, step)
    whole += rest > 0 if inwards > 0 else 0
    whole += inwards * (is_open and not rest)
    if not 0 <= whole * step < dt.timedelta(days=1) // MICROSECOND:
        raise ValueError("no time of the day lies beyond it")
    return (dt.datetime.min + whole * step * MICROSECOND).time()


def _decimal(value):
    if isinstance(value, Decimal):
        return value
    # The shortest text that names a float is what the user wrote.
    value = Decimal(str(value))
    if not value.is_finite():
        raise ValueError("a finite number is needed")
    return value


def _timestamp(value):
    """A moment, as Timestamp or as the datetime it is, without a time zone."""
    if isinstance(value, numbers.Number):
        raise TypeError("a date is needed")
    if not isinstance(value, dt.datetime):
        value = pd.Timestamp(value)
    if value is pd.NaT:
        raise ValueError("a date is needed")
    if value.tzinfo is not None:
        raise ValueError(f"{value!r} has a time zone, the column has none")
    return value


def _day(value):
    """A day, and whether the value lies after its beginning."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value, False
    moment = _timestamp(value)
    return moment.date(), moment != pd.Timestamp(moment).normalize()


def _moment(value, cell):
    moment = _timestamp(value)
    if isinstance(cell, pd.Timestamp):
        return pd.Timestamp(moment)
    exact = isinstance(moment, pd.Timestamp) and not moment.nanosecond
    return moment.to_pydatetime() if exact else moment


def _duration(value, cell):
    if isinstance(value, numbers.Number):
        raise TypeError("a duration is needed")
    if type(value) is dt.timedelta and not isinstance(cell, pd.Timedelta):
        return value
    value = pd.Timedelta(value)
    if value is pd.NaT:
        raise ValueError("a duration is needed")
    if isinstance(cell, pd.Timedelta) or value.nanoseconds:
        return value
    return value.to_pytimedelta()


def _time(value):
    if isinstance(value, str):
        value = dt.time.fromisoformat(value.strip())
    if not isinstance(value, dt.time):
        raise TypeError("a time of day is needed")
    if value.tzinfo is not None:
        raise ValueError(f"{value!r} has a time zone, the column has none")
    return value


def _number_object(value, cell):
    """Numbers of object columns; whatever else stays as it is."""
    if isinstance(cell, bool | np.bool_) or not isinstance(cell, numbers.Real):
        return value
    if not isinstance(cell, numbers.Integral):
        return float(value)
    exact = _decimal(value)
    return int(exact) if exact == exact.to_integral_value() else value


def _unit(dtype):
    if isinstance(dtype, pd.ArrowDtype):
        # Dates, where fit saw no value, have none.
        return getattr(dtype.pyarrow_dtype, "unit", "s")
    if is_object_dtype(dtype):
        return "us"
    return getattr(dtype, "unit", None) or np.datetime_data(dtype)[0]
