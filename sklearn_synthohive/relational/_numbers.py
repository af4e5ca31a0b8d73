"""Keys that are whole numbers: their steps, and the dtypes that hold them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

__all__ = ["fitting_steps", "learn_steps", "nullable", "whole_numbers", "wide_enough"]

MAX_INT64, MAX_UINT64 = 2**63 - 1, 2**64 - 1


def whole_numbers(values: pd.Series) -> np.ndarray:
    """Numbers, or texts of digits, without loss.

    Parameters
    ----------
    values : Series
        None missing.

    Returns
    -------
    ndarray of int64, uint64 or Python int
        What lies between two whole numbers is cut off.
    """
    dtype = _numpy_dtype(values.dtype)
    if dtype.kind in "biu":
        return values.to_numpy(dtype=np.uint64 if dtype.kind == "u" else np.int64)
    if dtype.kind == "f":
        numbers = values.to_numpy(dtype=np.float64)
        if (np.abs(numbers) < 2.0**63).all():
            return numbers.astype(np.int64)
        values = pd.Series(numbers)
    whole = np.empty(len(values), dtype=object)
    whole[:] = [int(v) for v in values]
    return whole


def learn_steps(numbers: np.ndarray) -> dict:
    """Where whole numbers start, and the step that fits all of their gaps."""
    if not len(numbers):
        return {"start": 1, "step": 1}
    distinct = np.unique(numbers)
    if distinct.dtype == object:
        step = math.gcd(*np.diff(distinct).tolist())
    else:
        # Gaps may be wider than int64, but never than uint64.
        gaps = np.diff(distinct.astype(np.uint64))
        step = int(np.gcd.reduce(gaps)) if len(gaps) else 1
    return {"start": int(distinct[0]), "step": max(step, 1)}


def fitting_steps(start: int, step: int, largest: int, dtype: Any) -> tuple[int, int]:
    """Start and step with which the numbers of all places fit.

    Parameters
    ----------
    start, step : int
        The real ones, kept where they fit the dtype. Else the step is 1; where the
        dtype is too narrow even then it is the real one, for 64 bits; where these do
        not do the counting starts lower.
    largest : int
        The last place.
    dtype : dtype
        Of the primary key.

    Returns
    -------
    start, step : int
    """
    for narrow in (step, 1):
        if _holds(dtype, start, narrow, largest):
            return start, narrow
    unsigned = start > MAX_INT64 or _numpy_dtype(dtype).kind == "u"
    most = MAX_UINT64 if unsigned else MAX_INT64
    for wide in (step, 1):
        if start + wide * largest <= most:
            return start, wide
    return most - largest, 1


def wide_enough(dtype: Any, start: int, step: int, largest: int) -> Any:
    """A dtype, or where it does not hold the numbers one of 64 bits.

    Parameters
    ----------
    dtype : dtype
        Those of anything but numbers hold everything.
    start, step, largest : int
        The numbers are ``start``, ``start + step``, ..., up to place ``largest``.

    Returns
    -------
    dtype
        Nullable where ``dtype`` is.
    """
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    if not types.is_numeric_dtype(dtype) or _holds(dtype, start, step, largest):
        return dtype
    wide = "int64" if start + step * largest <= MAX_INT64 else "uint64"
    if isinstance(dtype, pd.ArrowDtype):
        return types.pandas_dtype(f"{wide}[pyarrow]")
    plain = isinstance(dtype, np.dtype)
    return types.pandas_dtype(wide if plain else nullable(np.dtype(wide)))


def nullable(dtype: Any) -> str:
    """The name of the nullable dtype of integers that stands in for another one."""
    return _numpy_dtype(dtype).name.replace("i", "I", 1).replace("uI", "UI", 1)


def _holds(dtype, start, step, largest):
    """Whether a dtype of numbers has each of them, and without rounding."""
    plain = _numpy_dtype(dtype)
    end = start + step * largest
    if plain.kind == "b":
        return start >= 0 and end <= 1
    if plain.kind in "iu":
        limits = np.iinfo(plain)
        return bool(limits.min <= start and end <= limits.max)
    if plain.kind == "f":
        # Above 2**53 float64 holds multiples only.
        apart = max(abs(float(start)), abs(float(end)))
        unit = max(int(np.spacing(plain.type(apart))), 1)
        return start % unit == 0 and (step % unit == 0 or not largest)
    return True


def _numpy_dtype(dtype):
    """The dtype of the values that a column holds."""
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    if isinstance(dtype, np.dtype):
        return dtype
    return np.dtype(getattr(dtype, "numpy_dtype", object))
