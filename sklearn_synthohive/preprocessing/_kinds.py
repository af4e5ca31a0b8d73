"""What a column holds: one kind a column, whatever dtype it is stored in.

A column may change its dtype between fit and transform (integers become floats once
a value is missing) but not its kind.
"""

import numpy as np
import pandas as pd
from pandas.api import types

__all__ = [
    "as_objects",
    "check_same_kind",
    "column_error",
    "is_category",
    "kind_of",
    "listed_as_categories",
    "missing",
]

# Kinds without an order that a mixture could use.
CATEGORY_KINDS = frozenset({"string", "bool", "bytes", "interval"})

_INFERRED = {
    "string": "string",
    "boolean": "bool",
    "bytes": "bytes",
    "integer": "number",
    "floating": "number",
    "mixed-integer-float": "number",
    "decimal": "number",
    "date": "date",
    "datetime": "datetime",
    "datetime64": "datetime",
    "timedelta": "timedelta",
    "timedelta64": "timedelta",
    "time": "time",
    "period": "period",
    "interval": "interval",
    "empty": "empty",
}
_NOUNS = {
    "string": "text",
    "bool": "booleans",
    "number": "numbers",
    "datetime": "dates with time",
    "datetime with time zone": "dates with time and zone",
    "timedelta": "durations",
    "time": "times of day",
    "date": "dates",
    "empty": "missing values only",
}


def column_error(name, text, error=ValueError):
    """An error about a column, which it names first."""
    return error(f"Column {name!r} {text}")


def missing(series):
    """Boolean array: where a column holds nothing (NaN is nothing)."""
    return series.isna().to_numpy(dtype=bool)


def kind_of(series):
    """The kind of a column, ``"empty"`` when an object column is all missing.

    Raises
    ------
    ValueError
        When the column mixes kinds, or holds things that are no values of a table.
    """
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _kind_of_categories(series)
    if isinstance(dtype, pd.ArrowDtype):
        return _kind_of_arrow(series)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return "datetime with time zone"
    if isinstance(dtype, pd.PeriodDtype):
        return "period"
    if isinstance(dtype, pd.IntervalDtype):
        return "interval"
    if isinstance(dtype, pd.StringDtype):
        return "string"
    kind = dtype.kind
    if kind == "b":
        return "bool"
    if kind in "iuf":
        return "number"
    if kind == "M":
        return "datetime"
    if kind == "m":
        return "timedelta"
    if kind == "O" and types.is_object_dtype(dtype):
        return _kind_of_objects(series)
    raise column_error(
        series.name, f"holds {dtype}, which is not supported; convert or drop it."
    )


def _kind_of_categories(series):
    categories = series.dtype.categories
    if len(categories) == 0:
        return "empty"
    inner = categories.to_series().rename(series.name)
    try:
        return kind_of(inner)
    except ValueError as error:
        raise column_error(
            series.name,
            f"has categories that cannot be told apart by their text: {error}",
        ) from None


def _kind_of_arrow(series):
    import pyarrow.types as pat

    arrow = series.dtype.pyarrow_dtype
    if pat.is_dictionary(arrow):
        raise column_error(
            series.name,
            "is dictionary-encoded by Arrow; use series.astype('category').",
        )
    tests = {
        "bool": pat.is_boolean,
        "date": pat.is_date,
        "timedelta": pat.is_duration,
        "time": pat.is_time,
        "empty": pat.is_null,
    }
    for kind, test in tests.items():
        if test(arrow):
            return kind
    if pat.is_timestamp(arrow):
        return "datetime" if arrow.tz is None else "datetime with time zone"
    if pat.is_integer(arrow) or pat.is_floating(arrow) or pat.is_decimal(arrow):
        return "number"
    if pat.is_string(arrow) or pat.is_large_string(arrow) or pat.is_string_view(arrow):
        return "string"
    if pat.is_binary(arrow) or pat.is_large_binary(arrow):
        return "bytes"
    raise column_error(
        series.name, f"holds {series.dtype}, which is not supported; convert or drop it"
    )


def _kind_of_objects(series):
    inferred = types.infer_dtype(series, skipna=True)
    kind = _INFERRED.get(inferred)
    if inferred == "complex":
        raise column_error(
            series.name, "holds complex numbers. Complex data not supported."
        )
    if kind is None:
        names = sorted({type(v).__name__ for v in series[~missing(series)]})
        raise column_error(
            series.name,
            f"is of mixed type or of a type that is not supported: it holds {names}; "
            "convert it to one type, for instance by astype(str).",
            TypeError,
        )
    if kind == "datetime" and any(
        getattr(v, "tzinfo", None) is not None for v in series[~missing(series)]
    ):
        raise column_error(
            series.name,
            "holds datetime objects with a time zone; convert it by "
            "pd.to_datetime(series, utc=True).",
            TypeError,
        )
    return kind


def check_same_kind(name, fitted, found, dtype):
    """Refuse a column that holds another kind than in fit.

    Raises
    ------
    ValueError
    """
    if found == fitted or "empty" in (fitted, found):
        return
    raise column_error(
        name,
        f"held {_NOUNS.get(fitted, fitted)} in fit and holds "
        f"{_NOUNS.get(found, found)} now (dtype {dtype}); convert it, or fit anew.",
    )


def as_objects(values):
    """Python objects as a one-dimensional object array, whatever they are."""
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def is_category(series):
    """Whether a column can only be encoded by its levels."""
    kind = kind_of(series)
    by_dtype = isinstance(series.dtype, pd.CategoricalDtype)
    return by_dtype or kind in CATEGORY_KINDS or kind == "empty"


def listed_as_categories(given, labels):
    """Boolean list: the columns that a parameter ``categorical_features`` names.

    Parameters
    ----------
    given : str, None, or list of names, of positions, or mask
    labels : list

    Returns
    -------
    list of bool
    """
    if given is None or isinstance(given, str):
        return [False] * len(labels)
    entries = np.asarray(given)
    if entries.ndim != 1 or entries.dtype.kind not in "biuUOT":
        raise ValueError(
            "categorical_features must be a list of names or positions, or a mask, got "
            f"{given!r}."
        )
    if entries.dtype.kind == "b":
        if len(entries) != len(labels):
            raise ValueError(
                f"categorical_features is a mask of {len(entries)} entries, but there "
                f"are {len(labels)} columns."
            )
        return entries.tolist()
    known = range(len(labels)) if entries.dtype.kind in "iu" else labels
    unknown = [c for c in entries.tolist() if c not in known]
    if unknown:
        raise ValueError(
            f"categorical_features names {unknown}, which are no columns; there are "
            f"{list(known)}."
        )
    chosen = set(entries.tolist())
    return [c in chosen for c in known]
