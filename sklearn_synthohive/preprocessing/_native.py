"""Columns of ordered values as numbers and back, exactly, for every dtype.

Whole numbers and times become ``int64`` (``uint64`` where the dtype is), everything
else ``float64``. Decimals are integers with a power of ten beside them.
"""

import datetime as dt
import decimal
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_object_dtype

from sklearn_synthohive.preprocessing._kinds import column_error, missing

__all__ = ["HOLES", "Native", "Numbers", "hole_of", "read_native"]

HOLES = {"none": None, "nan": np.nan, "NA": pd.NA, "NaT": pd.NaT}
EPOCH = dt.date(1970, 1, 1).toordinal()
MICROSECONDS_A_DAY = 86_400_000_000


@dataclass(frozen=True)
class Native:
    """How the values of a column looked before they became numbers.

    Attributes
    ----------
    kind : str
        See ``_kinds``; one of the ordered ones.
    dtype : dtype
        Of the column.
    unit : str or None
        Of time: ``"ns"``, ``"D"``, or the frequency of a period.
    box : str or None
        The class of the values of an object column.
    hole : str
        What an object column holds where a value is missing, a key of ``HOLES``.
    """

    kind: str
    dtype: Any
    unit: str | None = None
    box: str | None = None
    hole: str = "none"

    @property
    def bounds(self):
        """Smallest and largest integer that the dtype can hold."""
        info = np.iinfo(np.int64)
        if self.kind == "number":
            return _integer_bounds(self)
        if self.kind == "time":
            scale = {"s": 10**6, "ms": 10**3, "us": 1}
            day = MICROSECONDS_A_DAY
            top = day * 1000 if self.unit == "ns" else day // scale[self.unit]
            return 0, top - 1
        if self.kind == "date":
            return 1 - EPOCH, dt.date.max.toordinal() - EPOCH
        if self.box in ("datetime", "timedelta"):
            day = MICROSECONDS_A_DAY
            return (1 - EPOCH) * day, (dt.date.max.toordinal() - EPOCH) * day
        # The smallest int64 is pandas' NaT; a margin keeps time zones inside.
        margin = 0 if self.kind in ("timedelta", "period") else 10**15
        return info.min + 1 + margin, info.max - margin


@dataclass(frozen=True)
class Numbers:
    """The values of a column: ``stored / 10**decimals`` where not missing.

    ``stored`` is zero where missing.
    """

    stored: np.ndarray
    missing: np.ndarray
    native: Native
    decimals: int = 0


def read_native(series, kind, like=None):
    """The numbers behind a column.

    Parameters
    ----------
    series : Series
    kind : str
        The kind of the column.
    like : Native, optional
        Times are given in its unit.

    Returns
    -------
    Numbers

    Raises
    ------
    ValueError
        On infinity, and on periods of another frequency.
    """
    gaps = missing(series)
    if kind == "number":
        return _read_numbers(series, gaps)
    return _read_times(series, kind, gaps, like)


def _integer_bounds(native):
    dtype = native.dtype
    if isinstance(dtype, pd.ArrowDtype):
        dtype = np.dtype("int64") if dtype.kind not in "iuf" else dtype.numpy_dtype
    dtype = getattr(dtype, "numpy_dtype", dtype)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return int(info.min), int(info.max)
    if dtype.kind == "f":
        digits = {2: 11, 4: 24}.get(dtype.itemsize, 53)
        return -(2**digits), 2**digits
    return -(2**63) + 1, 2**63 - 1


def _read_numbers(series, gaps):
    dtype = series.dtype
    if is_object_dtype(dtype):
        return _read_number_objects(series, gaps)
    if isinstance(dtype, pd.ArrowDtype) and dtype.kind not in "iuf":
        decimals = dtype.pyarrow_dtype.scale
        values, decimals = _scale_decimals(series, gaps, decimals)
        return Numbers(values, gaps, Native("number", dtype, box="decimal"), decimals)
    native = Native("number", dtype)
    kind = dtype.kind
    target = {"i": np.int64, "u": np.uint64, "f": np.float64}[kind]
    if kind == "u" and dtype.itemsize < 8:
        target = np.int64
    if isinstance(dtype, np.dtype):
        values = series.to_numpy(dtype=target)
    else:
        hole = np.nan if kind == "f" else 0
        values = series.to_numpy(dtype=target, na_value=hole)
    if kind == "f":
        values, gaps = _without_holes(series.name, values, gaps)
    return Numbers(values, gaps, native)


def _without_holes(name, values, gaps):
    # A nullable float may hold NaN beside NA; both are missing.
    gaps = gaps | np.isnan(values)
    if gaps.any():
        values = np.where(gaps, 0.0, values)
    if not np.isfinite(values).all():
        raise column_error(
            name,
            f"contains infinity in {int((~np.isfinite(values)).sum())} rows; replace "
            "it by NaN or by a finite value.",
        )
    return values, gaps


def _read_number_objects(series, gaps):
    present = series[~gaps].to_numpy(dtype=object)
    hole = hole_of(series, gaps)
    whole = all(isinstance(v, int | np.integer) for v in present)
    if any(isinstance(v, decimal.Decimal) for v in present):
        values, decimals = _scale_decimals(series, gaps)
        native = Native("number", series.dtype, box="decimal", hole=hole)
        return Numbers(values, gaps, native, decimals)
    values = np.zeros(len(series), dtype=np.int64)
    native = Native(
        "number",
        series.dtype,
        box="int" if whole and len(present) else "float",
        hole=hole,
    )
    if not whole:
        values = values.astype(np.float64)
        values[~gaps] = present.astype(np.float64)
        values, gaps = _without_holes(series.name, values, gaps)
        return Numbers(values, gaps, native)
    if any(v > 2**63 - 1 for v in present):
        values = values.astype(np.uint64)
    try:
        values[~gaps] = present.astype(values.dtype)
    except OverflowError:
        raise column_error(
            series.name,
            "holds integers of more than 64 bits; convert it to float or to text.",
        ) from None
    return Numbers(values, gaps, native)


def _scale_decimals(series, gaps, decimals=None):
    """Decimals as integers, or as floats where 64 bits do not suffice."""
    present = [decimal.Decimal(v) for v in series[~gaps]]
    if not all(v.is_finite() for v in present):
        raise column_error(series.name, "contains infinity; replace it by a number.")
    if decimals is None:
        decimals = max((-v.as_tuple().exponent for v in present), default=0)
        decimals = max(decimals, 0)
    with decimal.localcontext(prec=60):
        scaled = [v.scaleb(decimals).to_integral_value() for v in present]
    fits = all(abs(v) < 2**63 for v in scaled)
    values = np.zeros(len(gaps), dtype=np.int64 if fits else np.float64)
    values[~gaps] = [int(v) for v in scaled]
    return values, decimals


def hole_of(series, gaps):
    if not gaps.any():
        return "none"
    hole = series[gaps].iloc[0]
    if hole is None:
        return "none"
    if hole is pd.NaT:
        return "NaT"
    return "NA" if hole is pd.NA else "nan"


def _read_times(series, kind, gaps, like):
    dtype = series.dtype
    unit = like.unit if like is not None else None
    if isinstance(dtype, pd.ArrowDtype):
        values, unit = _read_arrow_times(series, kind, unit)
        return Numbers(values, gaps, Native(kind, dtype, unit))
    if is_object_dtype(dtype):
        return _read_time_objects(series, kind, gaps, unit)
    index = pd.Index(series)
    if kind == "period":
        _check_frequency(series.name, index, unit)
        unit = index.freqstr
    else:
        unit = unit or index.unit
        index = index.as_unit(unit)
    values = np.where(gaps, 0, index.asi8)
    return Numbers(values, gaps, Native(kind, dtype, unit))


def _check_frequency(name, index, unit):
    if unit is not None and index.freqstr != unit:
        raise column_error(
            name,
            f"held periods of frequency {unit!r} in fit and {index.freqstr!r} now; "
            "convert it by series.dt.asfreq.",
        )


def _read_arrow_times(series, kind, unit):
    import pyarrow as pa

    array = pa.chunked_array(series.array.__arrow_array__())
    stored = array.type
    if kind == "date":
        array, unit = array.cast(pa.date32()).cast(pa.int32()), "D"
    else:
        unit = unit or stored.unit
        if kind == "time":
            wide = pa.time64("us" if unit in ("s", "ms") else unit)
            array = array.cast(wide).cast(pa.int64())
            divide = {"s": 10**6, "ms": 10**3}.get(unit, 1)
        else:
            make = pa.duration(unit)
            if kind != "timedelta":
                make = pa.timestamp(unit, tz=stored.tz)
            array, divide = array.cast(make, safe=False).cast(pa.int64()), 1
        values = array.fill_null(0).to_numpy() // divide
        return values, unit
    return array.fill_null(0).to_numpy().astype(np.int64), unit


def _read_time_objects(series, kind, gaps, unit):
    present = series[~gaps].to_numpy(dtype=object)
    hole = hole_of(series, gaps)
    values = np.zeros(len(series), dtype=np.int64)
    if kind == "period":
        index = pd.PeriodIndex(list(present))
        _check_frequency(series.name, index, unit)
        values[~gaps] = index.asi8
        native = Native(kind, series.dtype, index.freqstr, "period", hole)
        return Numbers(values, gaps, native)
    if kind == "date":
        values[~gaps] = np.array(list(present), dtype="M8[D]").view(np.int64)
        return Numbers(values, gaps, Native(kind, series.dtype, "D", "date", hole))
    if kind == "time":
        if any(v.tzinfo is not None for v in present):
            raise column_error(series.name, "holds times with a time zone; drop it.")
        values[~gaps] = [_microseconds(v) for v in present]
        values = _rescale(values, "us", unit or "us")
        native = Native(kind, series.dtype, unit or "us", "time", hole)
        return Numbers(values, gaps, native)
    plain = dt.timedelta if kind == "timedelta" else dt.datetime
    letter = "m8" if kind == "timedelta" else "M8"
    boxed = all(type(v) is plain for v in present)
    own = "us" if boxed else "ns"
    raw = np.array([np.array(v, dtype=letter) for v in present], f"{letter}[{own}]")
    if not boxed:
        index = pd.to_timedelta if kind == "timedelta" else pd.to_datetime
        raw = index(list(present)).as_unit(own).to_numpy()
    values[~gaps] = raw.view(np.int64)
    values = _rescale(values, own, unit or own)
    box = kind if boxed else "pandas"
    return Numbers(values, gaps, Native(kind, series.dtype, unit or own, box, hole))


def _rescale(values, unit, target):
    power = {"s": 0, "ms": 3, "us": 6, "ns": 9, "D": None}
    shift = power[target] - power[unit]
    return values * 10**shift if shift >= 0 else values // 10**-shift


def _microseconds(time):
    seconds = (time.hour * 60 + time.minute) * 60 + time.second
    return seconds * 10**6 + time.microsecond
