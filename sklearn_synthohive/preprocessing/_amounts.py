"""Ordered columns as amounts that can be added up, and back onto their grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sklearn_synthohive.preprocessing._axis import Axis
from sklearn_synthohive.preprocessing._continuous import ContinuousColumn

__all__ = ["Ruler", "rulers_of"]

# Units of time in days, so that dates and durations can be added to each other and to
# numbers of days.
DAYS = {
    "D": 1.0,
    "s": 1 / 86_400,
    "ms": 1 / 86_400_000,
    "us": 1 / 86_400_000_000,
    "ns": 1 / 86_400_000_000_000,
}
# Kinds of columns that have amounts, and with which others these compare.
FAMILIES = {
    "number": "number",
    "timedelta": "timedelta",
    "datetime": "date",
    "date": "date",
    "datetime with time zone": "date with time zone",
}
DATES = ("datetime", "datetime with time zone", "date")
# Positions up to here leave a double some bits for sums.
MOST_STEPS = 2.0**50
# Sums of squares of numbers up to here, or of differences down to its inverse, are
# still doubles.
LARGEST = 1e100


@dataclass(frozen=True)
class Ruler:
    """Reads a column as amounts and writes amounts as the column.

    Numbers are their own amounts; durations are days; dates are days since the
    earliest one that fit saw.

    Attributes
    ----------
    axis : Axis
    kind : str
    step : float
        Width of the column's grid; 0 where it has none.
    offset : float
        Amount at the start of the axis.
    """

    axis: Axis
    kind: str
    step: float
    offset: float

    @classmethod
    def of(cls, axis: Axis, kind: str) -> Ruler | None:
        """The ruler of a column; None where amounts would not be exact.

        Parameters
        ----------
        axis : Axis
        kind : str

        Returns
        -------
        Ruler or None
        """
        if kind not in FAMILIES:
            return None
        if not axis.integral:
            largest = max(abs(axis.low), abs(axis.high))
            squares = largest < LARGEST and axis.high - axis.low > 1 / LARGEST
            return cls(axis, kind, 0.0, 0.0) if kind == "number" and squares else None
        if (axis.high - axis.low) / axis.step >= MOST_STEPS:
            return None
        unit = 10.0**-axis.decimals
        if kind != "number":
            unit = DAYS[axis.native.unit]
        offset = 0.0 if kind in DATES else axis.low * unit
        return cls(axis, kind, axis.step * unit, offset)

    @property
    def origin(self) -> float:
        """What to add to amounts of a date to have days since 1970."""
        return self.axis.low * DAYS[self.axis.native.unit] if self.is_date else 0.0

    @property
    def family(self) -> str:
        """Columns of one family compare."""
        return FAMILIES[self.kind]

    @property
    def is_date(self) -> bool:
        """Whether amounts are counted from the earliest value."""
        return self.kind in DATES

    @property
    def ends(self) -> tuple[float, float]:
        """Smallest and largest amount that fit saw."""
        axis = self.axis
        if not self.step:
            return float(axis.low), float(axis.high)
        return self.offset, self.offset + (axis.high - axis.low) / axis.step * self.step

    def read(self, series: pd.Series) -> np.ndarray:
        """Amounts, NaN where missing.

        Parameters
        ----------
        series : Series

        Returns
        -------
        ndarray of float64
        """
        stored, gaps = self.axis.read(series, self.kind)
        if self.step:
            amounts = self.axis.positions(stored) * self.step + self.offset
        else:
            amounts = stored.astype(np.float64)
        return np.where(gaps, np.nan, amounts)

    def write(self, amounts: np.ndarray):
        """Amounts as values of the column, on its grid; an arbitrary one for NaN.

        Parameters
        ----------
        amounts : ndarray of float64

        Returns
        -------
        array-like of the column's dtype
        """
        amounts = np.where(np.isnan(amounts), self.ends[0], amounts)
        if self.step:
            positions = (amounts - self.offset) / self.step
            stored = self.axis.stored(positions, clip=False)
        else:
            stored = amounts
        return self.axis.write(stored, np.zeros(len(stored), dtype=bool))


def rulers_of(transformer) -> dict[int, Ruler]:
    """The rulers of all columns that have one, by position.

    Parameters
    ----------
    transformer : DataTransformer

    Returns
    -------
    dict
    """
    rulers = {
        i: Ruler.of(encoding.axis, encoding.kind)
        for i, encoding in enumerate(transformer._encodings)
        if isinstance(encoding, ContinuousColumn)
    }
    return {i: ruler for i, ruler in rulers.items() if ruler is not None}
