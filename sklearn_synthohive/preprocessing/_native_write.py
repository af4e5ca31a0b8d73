"""Numbers as the columns they were read from."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
from pandas.api.types import is_object_dtype

from sklearn_synthohive.preprocessing._kinds import as_objects
from sklearn_synthohive.preprocessing._native import EPOCH, HOLES

__all__ = ["write_native"]


def write_native(native, values, gaps, decimals=0):
    """Undo :func:`read_native`.

    Parameters
    ----------
    native : Native
    values : ndarray of int64, uint64 or float64
    gaps : ndarray of bool
        Where the value is missing.
    decimals : int
        As in :class:`Numbers`.

    Returns
    -------
    array-like
        Of the native dtype.
    """
    if is_object_dtype(native.dtype):
        return _write_objects(native, values, gaps, decimals)
    if native.kind != "number":
        return _write_times(native, values, gaps)
    if isinstance(native.dtype, pd.ArrowDtype):
        return _write_arrow_numbers(native, values, gaps, decimals)
    if decimals:
        values = values / 10.0**decimals
    if isinstance(native.dtype, np.dtype):
        values = values.astype(native.dtype)
        if gaps.any():
            values[gaps] = np.nan
        return values
    array = pd.array(values.astype(native.dtype.numpy_dtype), dtype=native.dtype)
    if gaps.any():
        array[gaps] = pd.NA
    return array


def _write_times(native, values, gaps):
    if isinstance(native.dtype, pd.ArrowDtype):
        return _write_arrow_times(native, values, gaps)
    values = values.astype(np.int64)
    values[gaps] = np.iinfo(np.int64).min  # NaT
    if native.kind == "period":
        return pd.PeriodIndex.from_ordinals(values, freq=native.dtype.freq).array
    letter = "m" if native.kind == "timedelta" else "M"
    values = values.view(f"{letter}8[{native.unit}]")
    if native.kind == "datetime with time zone":
        index = pd.DatetimeIndex(values).tz_localize("UTC")
        return index.tz_convert(native.dtype.tz).array
    return values


def _write_arrow_times(native, values, gaps):
    import pyarrow as pa

    stored = native.dtype.pyarrow_dtype
    if native.kind == "date":
        array = pa.array(values.astype(np.int32), mask=gaps).view(pa.date32())
        array = array.cast(stored)
    elif pa.types.is_time32(stored):
        array = pa.array(values.astype(np.int32), mask=gaps).view(stored)
    else:
        array = pa.array(values.astype(np.int64), mask=gaps).view(stored)
    return pd.arrays.ArrowExtensionArray(array)


def _write_arrow_numbers(native, values, gaps, decimals):
    import pyarrow as pa

    stored = native.dtype.pyarrow_dtype
    if native.box == "decimal":
        boxed = _box_unique(_boxer(native, decimals), values)
        boxed[gaps] = None
        return pd.arrays.ArrowExtensionArray(pa.array(boxed, type=stored))
    if decimals:
        values = values / 10.0**decimals
    values = values.astype(native.dtype.numpy_dtype)
    return pd.arrays.ArrowExtensionArray(pa.array(values, mask=gaps).cast(stored))


def _write_objects(native, values, gaps, decimals):
    if native.box in ("int", "float"):
        if decimals:
            values = values / 10.0**decimals
        out = values.astype(np.float64) if native.box == "float" else values
        out = out.astype(object)
    else:
        out = _box_unique(_boxer(native, decimals), values)
    out[gaps] = HOLES[native.hole]
    return out


def _box_unique(box, values):
    unique, inverse = np.unique(values, return_inverse=True)
    return as_objects([box(v) for v in unique.tolist()])[inverse]


def _boxer(native, decimals):
    """A function from one number to one object."""
    if native.box == "decimal":
        return lambda v: _to_decimal(v, decimals)
    if native.box == "date":
        return lambda v: dt.date.fromordinal(v + EPOCH)
    if native.box == "period":
        return lambda v: pd.Period(ordinal=v, freq=native.unit)
    if native.box == "time":
        origin = dt.datetime.min
        return lambda v: (origin + dt.timedelta(microseconds=v)).time()
    if native.box == "datetime":
        origin = dt.datetime.fromordinal(EPOCH)
        return lambda v: origin + dt.timedelta(microseconds=v)
    if native.box == "timedelta":
        return lambda v: dt.timedelta(microseconds=v)
    make = pd.Timedelta if native.kind == "timedelta" else pd.Timestamp
    return lambda v: make(v, unit=native.unit)


def _to_decimal(value, decimals):
    with decimal.localcontext(prec=60):
        return decimal.Decimal(round(value)).scaleb(-decimals)
