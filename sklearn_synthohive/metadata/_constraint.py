"""The rule that the values of one column obey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from pandas.api import types

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metadata._bounds import (
    Kind,
    fit_to_dtype,
    kind_of,
    on_grid,
    read_bound,
    write_bound,
)
from sklearn_synthohive.metadata._boxed import boxed_like

__all__ = ["Constraint"]

DtypeName = Literal["int", "float", "datetime"]
_KIND_OF_DTYPE: dict[str | None, Kind] = {
    "int": "number",
    "float": "number",
    "datetime": "datetime",
}
_PLURAL = {"number": "numbers", "datetime": "dates", "timedelta": "durations"}


@dataclass(frozen=True)
class Constraint:
    """The type, precision and range of one column of numbers, dates or durations.

    Parameters
    ----------
    dtype : {"int", "float", "datetime"}, optional
        The type of the values. A column that already has it keeps its own (``int16``
        stays ``int16``); None leaves the type alone.
    min, max : number, date, duration or str, optional
        The ends of the range, both inside it. A string is a date in ISO 8601, or a
        duration such as ``"PT1H"``. Columns of float32 are compared in float32.
    decimals : int, optional
        The values are rounded to so many decimals.

    Raises
    ------
    SchemaError
        When the parts contradict each other: ``min`` above ``max``, a range without
        a value of the type or precision, dates for a number.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.metadata import Constraint
    >>> rule = Constraint(dtype="int", min=0.5, max=10)
    >>> rule.apply(pd.Series([-3.2, 4.4, 99.0])).tolist()
    [1, 4, 10]
    >>> rule.violations(pd.Series([0, 4, 99])).tolist()
    [True, False, True]
    >>> rule.describe()
    'an integer, 0.5 to 10'
    """

    dtype: DtypeName | None = None
    min: Any = None
    max: Any = None
    decimals: int | None = None

    def __post_init__(self) -> None:
        if self.dtype is not None and self.dtype not in get_args(DtypeName):
            raise SchemaError(
                f"dtype={self.dtype!r} of a Constraint is unknown; choose one of "
                f"{list(get_args(DtypeName))} or None."
            )
        object.__setattr__(self, "min", read_bound(self.min, "min"))
        object.__setattr__(self, "max", read_bound(self.max, "max"))
        if self.decimals is not None:
            object.__setattr__(self, "decimals", _read_decimals(self.decimals))
        self._check_kinds()
        self._check_range()

    def _check_kinds(self) -> None:
        found = {
            "min": kind_of(self.min),
            "max": kind_of(self.max),
            "dtype": _KIND_OF_DTYPE.get(self.dtype),
            "decimals": None if self.decimals is None else "number",
        }
        given = {part: kind for part, kind in found.items() if kind is not None}
        if len(set(given.values())) > 1:
            told = ", ".join(f"{p} is for {_PLURAL[k]}" for p, k in given.items())
            raise SchemaError(
                f"The parts of a Constraint contradict each other: {told}."
            )
        if self.dtype == "int" and self.decimals:
            raise SchemaError(
                f"dtype='int' and decimals={self.decimals} contradict each other; drop "
                "one of them."
            )

    def _check_range(self) -> None:
        if self.min is None or self.max is None:
            return
        zones = [getattr(end, "tz", None) for end in (self.min, self.max)]
        if self.kind == "datetime" and zones.count(None) == 1:
            raise SchemaError(
                f"min={self.min} and max={self.max}: only one has a time zone; give "
                "both one, or neither."
            )
        if self.min > self.max:
            raise SchemaError(
                f"min={self.min} is above max={self.max}; swap them or widen the range."
            )
        low, high = self._range(integral=self.dtype == "int")
        if low > high:
            raise SchemaError(
                f"No value of {self.describe()} exists; widen the range, or change "
                "dtype or decimals."
            )

    @property
    def kind(self) -> Kind | None:
        """What the column must hold: ``"number"``, ``"datetime"``, ``"timedelta"``.

        None when the constraint says nothing.
        """
        if self.decimals is not None:
            return "number"
        return _KIND_OF_DTYPE.get(self.dtype) or kind_of(self.min) or kind_of(self.max)

    def apply(self, series: pd.Series, *, clip: bool = True) -> pd.Series:
        """Bring values to the type, the precision and into the range.

        In this order: type, rounding, range, the ends of which are themselves rounded
        inwards, so that the result is inside *and* an integer or on the grid. Missing
        values stay missing.

        Parameters
        ----------
        series : Series
        clip : bool, default=True
            False leaves values outside the range where they are, for
            :meth:`violations` to see.

        Returns
        -------
        Series
            Of the same dtype where that can hold the result, objects (decimals, dates)
            of the same class if no dtype is asked for; else ``int64``,
            ``float64`` or datetime, the nullable ``Int64`` for integers with missing
            values.

        Raises
        ------
        SchemaError
            When the column holds something else than the constraint is for.
        """
        if self.kind is None:
            return series
        values = read = self._readable(series)
        if self.kind == "number":
            values = self._cast(values)
        if clip:
            low, high = self._ends(values)
            if low is not None:
                values = _replace(values, _mask(values < low), low)
            if high is not None:
                values = _replace(values, _mask(values > high), high)
        return values if self.dtype else boxed_like(series, read, values)

    def violations(self, series: pd.Series) -> np.ndarray:
        """Where a value breaks the rule.

        Parameters
        ----------
        series : Series

        Returns
        -------
        ndarray of shape (n_rows,), bool
            True outside the range, for fractions where integers are asked for, and
            off the grid of ``decimals``. Missing values break no rule.

        Raises
        ------
        SchemaError
            When the column holds something else than the constraint is for.
        """
        broken = np.zeros(len(series), dtype=bool)
        if self.kind is None:
            return broken
        values = self._readable(series)
        if self._grid is not None and types.is_float_dtype(values.dtype):
            # A float on the grid may differ from its rounded self in the last bits.
            dtype: Any = values.dtype
            bits = 2.5e-7 if dtype.itemsize == 4 else 1e-15
            slack = 1e-6 * 10.0**-self._grid + bits * values.abs()
            broken |= _mask((values.round(self._grid) - values).abs() > slack)
        low, high = self._ends(values, grid=False)
        if low is not None:
            broken |= _mask(values < low)
        if high is not None:
            broken |= _mask(values > high)
        return broken

    def describe(self) -> str:
        """The rule in words.

        Returns
        -------
        str

        Examples
        --------
        >>> Constraint(min=0, decimals=2).describe()
        'a number with at most 2 decimals, at least 0'
        """
        noun = {
            "number": "an integer" if self.dtype == "int" else "a number",
            "datetime": "a date",
            "timedelta": "a duration",
            None: "any value",
        }[self.kind]
        if self.decimals:
            noun += f" with at most {self.decimals} decimals"
        elif self.decimals == 0 and self.dtype != "int":
            noun = "a whole number"
        if self.min is not None and self.max is not None:
            return f"{noun}, {self.min} to {self.max}"
        if self.min is not None:
            return f"{noun}, at least {self.min}"
        if self.max is not None:
            return f"{noun}, at most {self.max}"
        return noun

    def to_dict(self) -> dict[str, Any]:
        """The parts that are set, as JSON holds them.

        Returns
        -------
        dict

        Examples
        --------
        >>> Constraint(dtype="float", min=0).to_dict()
        {'dtype': 'float', 'min': 0}
        """
        parts = {
            "dtype": self.dtype,
            "min": write_bound(self.min),
            "max": write_bound(self.max),
            "decimals": self.decimals,
        }
        return {name: part for name, part in parts.items() if part is not None}

    @classmethod
    def from_dict(cls, parts: dict[str, Any]) -> Constraint:
        """Undo :meth:`to_dict`.

        Parameters
        ----------
        parts : dict

        Returns
        -------
        Constraint
        """
        unknown = set(parts) - {"dtype", "min", "max", "decimals"}
        if unknown:
            raise SchemaError(
                f"A Constraint has no {sorted(unknown)}; it has dtype, min, max and "
                "decimals."
            )
        return cls(**parts)

    @property
    def _grid(self) -> int | None:
        return 0 if self.dtype == "int" else self.decimals

    def _range(self, *, integral: bool) -> tuple[Any, Any]:
        if self.kind != "number":
            return self.min, self.max
        decimals = 0 if integral else self.decimals
        return on_grid(self.min, decimals, up=True), on_grid(
            self.max, decimals, up=False
        )

    def _ends(self, values: pd.Series, *, grid: bool = True) -> tuple[Any, Any]:
        """The ends of the range as they compare with a column of this dtype."""
        if self.kind == "number":
            integral = types.is_integer_dtype(values.dtype)
            if not grid and not integral:
                return self.min, self.max
            return self._range(integral=integral)
        dtype = values.dtype
        try:
            low = None if self.min is None else fit_to_dtype(self.min, dtype, up=True)
            high = None if self.max is None else fit_to_dtype(self.max, dtype, up=False)
        except SchemaError as error:
            raise SchemaError(f"Column {values.name!r}: {error}.") from None
        return low, high

    def _readable(self, series: pd.Series) -> pd.Series:
        """The column as numbers or dates, read from objects (or text if asked)."""
        text = types.is_string_dtype(series.dtype) and series.dtype != object
        if series.dtype == object or (text and self.dtype is not None):
            read: Any = {
                "number": pd.to_numeric,
                "datetime": pd.to_datetime,
                "timedelta": pd.to_timedelta,
            }[self.kind or "number"]
            try:
                series = read(series)
            except (TypeError, ValueError):
                raise self._wrong_kind(series) from None
        if not _holds(series.dtype, self.kind):
            raise self._wrong_kind(series)
        return series

    def _wrong_kind(self, series: pd.Series) -> SchemaError:
        return SchemaError(
            f"Column {series.name!r} holds {series.dtype}, but its constraint "
            f"({self.describe()}) is for {_PLURAL[self.kind or 'number']}; convert the "
            "column or drop the constraint."
        )

    def _cast(self, values: pd.Series) -> pd.Series:
        if types.is_integer_dtype(values.dtype):
            return (
                values.astype(_float_like(values)) if self.dtype == "float" else values
            )
        if self._grid is not None:
            values = values.round(self._grid)
        if self.dtype != "int":
            return values
        ends = (float(values.min()), float(values.max())) if values.count() else ()
        if any(abs(end) >= 2.0**63 for end in ends):
            low, high = self._range(integral=True)
            if low is None or high is None:
                raise SchemaError(
                    f"Column {values.name!r} holds numbers beyond the range of int64; "
                    "give its constraint min and max, or drop dtype='int'."
                )
            values = values.clip(low, high)
        return values.astype(_int_like(values))


def _read_decimals(decimals: Any) -> int:
    if isinstance(decimals, bool) or not isinstance(decimals, int | np.integer):
        raise SchemaError(f"decimals={decimals!r} must be an integer, 0 or more.")
    if not 0 <= decimals <= 15:
        raise SchemaError(f"decimals={decimals} must lie between 0 and 15.")
    return int(decimals)


def _holds(dtype: Any, kind: Kind | None) -> bool:
    if kind == "number":
        return types.is_numeric_dtype(dtype) and not types.is_bool_dtype(dtype)
    if kind == "datetime":
        return types.is_datetime64_any_dtype(dtype) or isinstance(dtype, pd.PeriodDtype)
    return types.is_timedelta64_dtype(dtype) or (
        isinstance(dtype, pd.ArrowDtype) and dtype.kind == "m"
    )


def _int_like(values: pd.Series) -> Any:
    dtype = values.dtype
    if isinstance(dtype, pd.ArrowDtype):
        return "int64[pyarrow]"
    if types.is_extension_array_dtype(dtype) or values.isna().any():
        return "Int64"
    return "int64"


def _float_like(values: pd.Series) -> Any:
    if isinstance(values.dtype, pd.ArrowDtype):
        return "double[pyarrow]"
    return "Float64" if types.is_extension_array_dtype(values.dtype) else "float64"


def _mask(flags: Any) -> np.ndarray:
    mask: np.ndarray = flags.to_numpy(dtype=bool, na_value=False)
    return mask


def _replace(values: pd.Series, where: np.ndarray, value: Any) -> pd.Series:
    if not where.any():
        return values
    dtype: Any = values.dtype
    if types.is_integer_dtype(dtype):
        info = np.iinfo(getattr(dtype, "numpy_dtype", dtype))
        if not info.min <= value <= info.max:
            values = values.astype(_int_like(values))
    return values.mask(where, value)
