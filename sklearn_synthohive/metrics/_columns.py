"""How a column of a frame is read by every metric: as numbers or as levels."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from sklearn_synthohive.exceptions import SchemaError

__all__ = ["ColumnReader", "check_columns", "check_pair", "check_table", "readers_of"]

_NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal"}
_DATES = {"datetime", "datetime64", "date", "timedelta", "timedelta64", "period"}
N_BINS = 10


def check_table(X: Any, name: str) -> pd.DataFrame:
    """Check that ``X`` is a frame with rows, columns and no repeated name.

    Parameters
    ----------
    X : object
    name : str
        What the frame is called in messages.

    Returns
    -------
    DataFrame
    """
    if not isinstance(X, pd.DataFrame):
        raise TypeError(
            f"{name} must be a pandas DataFrame, got {type(X).__name__}. "
            "Wrap an array by pd.DataFrame(array, columns=...)."
        )
    if X.shape[0] == 0 or X.shape[1] == 0:
        raise ValueError(
            f"{name} has {X.shape[0]} rows and {X.shape[1]} columns; at least one of "
            "each is needed."
        )
    if not X.columns.is_unique:
        repeated = list(dict.fromkeys(X.columns[X.columns.duplicated()]))
        raise SchemaError(f"{name} has more than one column named {repeated}.")
    return X


def check_pair(
    real: Any, other: Any, names: tuple[str, str] = ("real", "synthetic")
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Check that two frames have the same columns; the second in the first's order.

    Parameters
    ----------
    real, other : DataFrame
    names : tuple of str
        What the frames are called in messages.

    Returns
    -------
    real, other : DataFrame
    """
    real = check_table(real, names[0])
    return real, check_columns(list(real.columns), other, names)


def check_columns(
    columns: list, other: Any, names: tuple[str, str] = ("real", "synthetic")
) -> pd.DataFrame:
    """Check that a frame has the columns of another; the frame in their order.

    Parameters
    ----------
    columns : list
        Of the other frame.
    other : DataFrame
    names : tuple of str
        What the frames are called in messages.

    Returns
    -------
    DataFrame
    """
    other = check_table(other, names[1])
    absent = [c for c in columns if c not in other.columns]
    extra = [c for c in other.columns if c not in columns]
    if absent:
        raise SchemaError(f"The {names[1]} frame lacks the columns {absent}.")
    if extra:
        raise SchemaError(
            f"The {names[1]} frame has columns that the {names[0]} one lacks: {extra}. "
            "Drop them first."
        )
    return other[columns]


def readers_of(real: pd.DataFrame) -> list[ColumnReader]:
    """One reader per column of the real frame."""
    return [ColumnReader(real[column]) for column in real.columns]


def _kind(column: pd.Series) -> str:
    dtype = column.dtype
    if types.is_bool_dtype(dtype):
        return "category"
    if isinstance(dtype, pd.PeriodDtype) or types.is_datetime64_any_dtype(dtype):
        return "date"
    if types.is_timedelta64_dtype(dtype):
        return "date"
    if types.is_numeric_dtype(dtype):
        return "number"
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    inferred = types.infer_dtype(column, skipna=True)
    if inferred in _NUMBERS:
        return "number"
    return "date" if inferred in _DATES else "category"


class ColumnReader:
    """Reads a column as the real frame's column of that name suggests.

    Numbers, dates and durations are continuous; everything else, Booleans included,
    is a category whose levels are those of the real column.

    Parameters
    ----------
    real : Series

    Attributes
    ----------
    name : hashable
    kind : {"number", "date", "category"}
    levels : Index
        The real column's levels; empty for a continuous column.
    n_codes : int
        Number of values that :meth:`codes` can return.
    """

    def __init__(self, real: pd.Series) -> None:
        self.name = real.name
        self.kind = _kind(real)
        self._real = real
        self._origin = None
        self.levels = pd.Index([], dtype=object)
        if self.kind == "date":
            self._origin = _stamps(real).min()
        elif self.kind == "category":
            self.levels = self.factorize(real)[1]

    def let_go(self) -> None:
        """Forget the real rows; codes of a continuous column then need ``edges``."""
        self._real = self._real.iloc[:0]

    @property
    def is_continuous(self) -> bool:
        """Whether the column has an order and distances."""
        return self.kind != "category"

    @cached_property
    def edges(self) -> np.ndarray:
        """Edges of ten bins of equal width over the real column."""
        values = self.numbers(self._real)
        return _even_edges(values[~np.isnan(values)])

    @property
    def n_codes(self) -> int:
        """Levels, missing, unseen; or the bins, and missing."""
        return len(self.edges) + 2 if self.is_continuous else len(self.levels) + 2

    def numbers(self, column: pd.Series) -> np.ndarray:
        """A continuous column as float64: dates as seconds from the first real one.

        Parameters
        ----------
        column : Series

        Returns
        -------
        ndarray of float64, NaN where missing

        Raises
        ------
        SchemaError
            When the values are of another kind, or infinite.
        """
        try:
            if self.kind == "date":
                stamps = _stamps(column)
                if pd.isna(self._origin):
                    return np.where(stamps.isna(), np.nan, 0.0)
                values = (stamps - self._origin).dt.total_seconds()
            else:
                values = column
            if types.is_extension_array_dtype(values.dtype):
                array = values.to_numpy(dtype=np.float64, na_value=np.nan)
            else:
                array = values.to_numpy().astype(np.float64)
        except (TypeError, ValueError, AttributeError) as error:
            raise SchemaError(
                f"Column {self.name!r} is a {self.kind} in the real frame; a column of "
                f"dtype {column.dtype} does not compare with it ({error}). Convert it "
                "to the real dtype."
            ) from error
        if np.isinf(array).any():
            raise SchemaError(
                f"Column {self.name!r} holds infinite values; replace them by missing "
                "ones or drop the rows."
            )
        return array

    def codes(self, column: pd.Series, edges: np.ndarray | None = None) -> np.ndarray:
        """A column as small integers.

        Parameters
        ----------
        column : Series
        edges : ndarray, optional
            Edges of the bins of a continuous column; ten of equal width by default.

        Returns
        -------
        ndarray of int64
            A category gives the level's position, then one code for missing and one
            for levels that the real column lacks. A continuous one gives the bin's
            number from 1, where the first and the last bin hold what lies outside, too,
            and one code for missing.
        """
        if self.is_continuous:
            edges = self.edges if edges is None else edges
            values = self.numbers(column)
            codes = np.searchsorted(edges, values, side="right")
            # The outermost bins reach to infinity, as SDMetrics' do.
            codes = np.clip(codes, 1, len(edges) - 1)
            return np.where(np.isnan(values), len(edges) + 1, codes)
        codes, found = self.factorize(column)
        n_levels = len(self.levels)
        position = np.append(self.levels.get_indexer(found), n_levels)
        position[position < 0] = n_levels + 1
        return position[codes]

    def factorize(self, column: pd.Series) -> tuple[np.ndarray, pd.Index]:
        """Codes of a column on its own levels (-1 where missing), and the levels.

        Parameters
        ----------
        column : Series

        Returns
        -------
        codes : ndarray of int64
        levels : Index of objects
        """
        try:
            codes, found = pd.factorize(column)
        except TypeError as error:
            raise SchemaError(
                f"Column {self.name!r} holds values that are not hashable, such as "
                f"lists ({error}). Convert them to text or drop the column."
            ) from error
        return codes, pd.Index(found).astype(object)


def _even_edges(values: np.ndarray) -> np.ndarray:
    """Edges of bins of equal width; of one bin where doubles are too coarse for ten."""
    low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    # Halved, since the range of the largest doubles overflows.
    edges = np.linspace(low / 2, high / 2, N_BINS + 1) * 2
    if (np.diff(edges / 2) > 0).all():
        return edges
    with np.errstate(over="ignore"):
        return np.array([np.nextafter(low, -np.inf), np.nextafter(high, np.inf)])


def _stamps(column: pd.Series) -> pd.Series:
    """Dates or durations as a datetime64 or timedelta64 series."""
    dtype = column.dtype
    if isinstance(dtype, pd.PeriodDtype):
        return column.dt.to_timestamp()
    if isinstance(dtype, pd.ArrowDtype):
        column = column.astype(object)
    elif types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        return column
    elif not types.is_object_dtype(dtype):
        raise TypeError("not dates")
    inferred = types.infer_dtype(column, skipna=True)
    if inferred == "period":
        return pd.Series(pd.PeriodIndex(column)).dt.to_timestamp()
    if inferred in {"timedelta", "timedelta64"}:
        return pd.to_timedelta(column)
    if inferred not in _DATES and inferred != "empty":
        raise TypeError(f"values are {inferred}")
    return pd.to_datetime(column)
