"""Fitted encodings as plain data: strings, numbers, bytes, lists, arrays."""

import numpy as np
import pandas as pd

from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.preprocessing._axis import Axis
from sklearn_synthohive.preprocessing._category import CategoryColumn
from sklearn_synthohive.preprocessing._continuous import ContinuousColumn
from sklearn_synthohive.preprocessing._kinds import as_objects, kind_of
from sklearn_synthohive.preprocessing._modes import Modes
from sklearn_synthohive.preprocessing._native import Native, read_native
from sklearn_synthohive.preprocessing._native_write import write_native

__all__ = ["encoding_from_plain", "encoding_to_plain"]


def encoding_to_plain(encoding):
    """The fitted encoding of one column as plain data.

    Parameters
    ----------
    encoding : ContinuousColumn or CategoryColumn

    Returns
    -------
    dict
    """
    if isinstance(encoding, CategoryColumn):
        return {
            "type": "category",
            "kind": encoding.kind,
            "dtype": _dtype_to_plain(encoding.dtype),
            "levels": _index_to_plain(encoding.levels),
            "has_missing": encoding.has_missing,
            "holds_missing": encoding.holds_missing,
            "hole": encoding.hole,
            "is_code": encoding.is_code,
            "to_missing": encoding.to_missing,
            "to_other": encoding.to_other,
        }
    axis, modes = encoding.axis, encoding.modes
    return {
        "type": "continuous",
        "kind": encoding.kind,
        "axis": {**vars(axis), "native": _native_to_plain(axis.native)},
        "modes": None if modes is None else dict(vars(modes)),
        "atoms": encoding.atoms,
        "has_missing": encoding.has_missing,
        "ends": list(encoding.ends),
        "is_cut": encoding.is_cut,
    }


def encoding_from_plain(plain):
    """Undo :func:`encoding_to_plain`.

    Parameters
    ----------
    plain : dict

    Returns
    -------
    ContinuousColumn or CategoryColumn
    """
    parts = dict(plain)
    kind = parts.pop("type")
    if kind == "category":
        parts["dtype"] = _dtype_from_plain(parts["dtype"])
        parts["levels"] = _index_from_plain(parts["levels"])
        return CategoryColumn(**parts)
    axis = dict(parts["axis"])
    axis["native"] = _native_from_plain(axis["native"])
    parts["axis"] = Axis(**axis)
    parts["modes"] = None if parts["modes"] is None else Modes(**parts["modes"])
    parts["ends"] = tuple(parts["ends"])
    return ContinuousColumn(**parts)


def _native_to_plain(native):
    return {**vars(native), "dtype": _dtype_to_plain(native.dtype)}


def _native_from_plain(plain):
    return Native(**{**plain, "dtype": _dtype_from_plain(plain["dtype"])})


def _dtype_to_plain(dtype):
    """A dtype as a list: its family, and what tells it apart there."""
    if isinstance(dtype, np.dtype):
        return ["numpy", dtype.str]
    if isinstance(dtype, pd.CategoricalDtype):
        return ["category", _index_to_plain(dtype.categories), bool(dtype.ordered)]
    if isinstance(dtype, pd.DatetimeTZDtype):
        return ["zoned", dtype.unit, _zone_to_plain(dtype)]
    if isinstance(dtype, pd.PeriodDtype):
        # Its own spelling of the frequency: that of freq is for offsets ("ME").
        return ["period", dtype.name]
    if isinstance(dtype, pd.IntervalDtype):
        return ["interval", _dtype_to_plain(dtype.subtype), dtype.closed]
    if isinstance(dtype, pd.StringDtype):
        return ["string", dtype.storage, "NA" if dtype.na_value is pd.NA else "nan"]
    if isinstance(dtype, pd.ArrowDtype):
        import pyarrow as pa

        schema = pa.schema([pa.field("column", dtype.pyarrow_dtype)])
        return ["arrow", schema.serialize().to_pybytes()]
    return ["nullable", dtype.name]


def _dtype_from_plain(plain):
    family, *parts = plain
    if family == "category":
        return pd.CategoricalDtype(_index_from_plain(parts[0]), ordered=parts[1])
    if family == "zoned":
        return pd.DatetimeTZDtype(*parts)
    if family == "period":
        return pd.PeriodDtype.construct_from_string(*parts)
    if family == "interval":
        return pd.IntervalDtype(_dtype_from_plain(parts[0]), parts[1])
    if family == "string":
        return _string_dtype(*parts)
    if family == "arrow":
        import pyarrow as pa

        return pd.ArrowDtype(pa.ipc.read_schema(pa.py_buffer(parts[0])).field(0).type)
    if family == "numpy":
        return np.dtype(*parts)
    return pd.api.types.pandas_dtype(*parts)


def _zone_to_plain(dtype):
    text = str(dtype.tz)
    try:
        known = pd.DatetimeTZDtype(dtype.unit, text).tz
    except Exception:
        known = None
    now = pd.Timestamp("2024-01-01")
    if known is None or now.tz_localize(known) != now.tz_localize(dtype.tz):
        raise SerializationError(
            f"The time zone {dtype.tz!r} has no name to save it by; convert the column "
            "to a named one, for instance by series.dt.tz_convert('UTC')."
        )
    return text


def _string_dtype(storage, na):
    if na == "NA":
        return pd.StringDtype(storage)
    return pd.StringDtype(storage, na_value=np.nan)


def _index_to_plain(index):
    """Distinct values, none missing, as plain data."""
    dtype = _dtype_to_plain(index.dtype)
    kind = kind_of(index.to_series())
    if kind == "interval":
        index = pd.IntervalIndex(index)
        ends = [_index_to_plain(index.left), _index_to_plain(index.right)]
        return {"dtype": dtype, "kind": kind, "values": ends, "closed": index.closed}
    if kind in ("string", "bytes", "bool", "empty"):
        values = index.astype(object).tolist()
        return {"dtype": dtype, "kind": kind, "values": values}
    numbers = read_native(index.to_series(), kind)
    return {
        "dtype": dtype,
        "kind": kind,
        "values": numbers.stored,
        "native": _native_to_plain(numbers.native),
        "decimals": numbers.decimals,
    }


def _index_from_plain(plain):
    dtype, kind, values = (
        _dtype_from_plain(plain["dtype"]),
        plain["kind"],
        plain["values"],
    )
    if kind == "interval":
        left, right = (_index_from_plain(v) for v in values)
        index = pd.IntervalIndex.from_arrays(left, right, closed=plain["closed"])
        return index.astype(dtype)
    if kind in ("string", "bytes", "bool", "empty"):
        return pd.Index(as_objects(values), dtype=dtype)
    none = np.zeros(len(values), dtype=bool)
    native = _native_from_plain(plain["native"])
    return pd.Index(write_native(native, values, none, plain["decimals"]), dtype=dtype)
