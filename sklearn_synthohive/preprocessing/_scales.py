"""Amounts that compare across columns, and the nearest values that a column holds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sklearn_synthohive.preprocessing._amounts import DAYS, Ruler, rulers_of

__all__ = ["Scale", "scales_of"]

# Share of a sum of days that rounding may reach.
ROUNDED = 1e-15
# Whole numbers up to here are doubles.
LARGEST = 2.0**53


@dataclass(frozen=True)
class Scale:
    """A column's cells as amounts on a scale that its family shares.

    Attributes
    ----------
    ruler : Ruler
    shift : float
        What to add to the ruler's amounts.
    levels : ndarray or None
        Amounts of the only values of a column that has few; ascending.
    """

    ruler: Ruler
    shift: float
    levels: np.ndarray | None = None

    @property
    def family(self) -> str:
        """Columns of one family compare."""
        return self.ruler.family

    @property
    def step(self) -> float:
        """Width of the grid; 0 where there is none."""
        return self.ruler.step

    @property
    def slack(self) -> float:
        """Largest difference that is none: numbers are exact, days are summed up."""
        if self.ruler.kind == "number":
            return 0.0
        unit = DAYS[self.ruler.axis.native.unit]
        return max(0.25 * unit, ROUNDED * max(map(abs, self.ends)))

    @property
    def ends(self) -> tuple[float, float]:
        """Smallest and largest amount that fit saw."""
        low, high = self.ruler.ends
        return low + self.shift, high + self.shift

    def read(self, series: pd.Series) -> np.ndarray:
        """Amounts, NaN where missing.

        Parameters
        ----------
        series : Series

        Returns
        -------
        ndarray of float64
        """
        return self._cast(self._plain(self.ruler.read(series) + self.shift))

    def write(self, amounts: np.ndarray):
        """Undo :meth:`read`.

        Parameters
        ----------
        amounts : ndarray of float64

        Returns
        -------
        array-like of the column's dtype
        """
        return self.ruler.write(amounts - self.shift)

    def nearest(self, amounts, side, slack=0.0, strict=False) -> np.ndarray:
        """The column's next value at amounts or beyond, or the end of its range.

        Parameters
        ----------
        amounts : ndarray of float64
        side : {-1, 1}
            Below or above.
        slack : float
            Smallest difference that counts.
        strict : bool
            Whether the amount itself is not beyond.

        Returns
        -------
        ndarray of float64
        """
        least = amounts + side * (slack if strict else -slack)
        if self.levels is not None:
            after = strict == (side > 0)
            at = np.searchsorted(self.levels, least, "right" if after else "left")
            at = at - (side < 0)
            return self.levels[np.clip(at, 0, len(self.levels) - 1)]
        low, high = self.ends
        if not self.step:
            return np.clip(self._narrow(amounts, side), low, high)
        steps = np.rint((amounts - low) / self.step)
        away = side * (self._plain(low + steps * self.step) - least)
        steps += side * ((away <= 0) if strict else (away < 0))
        steps = np.clip(steps, 0, np.rint((high - low) / self.step))
        return self._narrow(self._plain(low + steps * self.step), side)

    def _amounts(self, stored):
        ruler = self.ruler
        if not self.step:
            return stored.astype(np.float64)
        amounts = ruler.axis.positions(stored) * self.step + ruler.offset
        return self._cast(self._plain(amounts + self.shift))

    def _plain(self, amounts):
        """Decimals as the nearest doubles."""
        if self.ruler.kind != "number" or not self.step:
            return amounts
        return np.round(amounts, self.ruler.axis.decimals)

    @property
    def _dtype(self):
        """What holds the cells, where it is narrower than a double."""
        dtype = self.ruler.axis.native.dtype
        dtype = getattr(dtype, "numpy_dtype", dtype)
        return dtype if dtype.kind == "f" and dtype.itemsize < 8 else None

    def _cast(self, amounts):
        """As they stand in the column."""
        dtype = self._dtype
        return amounts if dtype is None else amounts.astype(dtype).astype(np.float64)

    def _narrow(self, amounts, side):
        """As :meth:`_cast`, but rounded to one side."""
        dtype = self._dtype
        if dtype is None:
            return amounts
        narrow = amounts.astype(dtype)
        beyond = side * (narrow.astype(np.float64) - amounts) < 0
        further = np.nextafter(narrow, dtype.type(side * np.inf))
        return np.where(beyond, further, narrow).astype(np.float64)


def scales_of(transformer) -> dict[int, Scale]:
    """The scales of all columns whose amounts compare exactly, by position.

    Parameters
    ----------
    transformer : DataTransformer

    Returns
    -------
    dict
    """
    rulers = rulers_of(transformer)
    starts = {i: _start(ruler) for i, ruler in rulers.items() if ruler.is_date}
    first = min(starts.values(), default=0)
    out = {}
    for i, ruler in rulers.items():
        encoding, axis = transformer._encodings[i], ruler.axis
        largest = max(abs(axis.low), abs(axis.high))
        if ruler.kind == "number" and axis.integral and largest > LARGEST:
            continue
        shift = (starts[i] - first) * DAYS["ns"] if ruler.is_date else 0.0
        scale = Scale(ruler, shift)
        if encoding.modes is None:
            scale = replace(scale, levels=scale._amounts(encoding.atoms))
        if scale.levels is None or len(scale.levels):
            out[i] = scale
    return out


def _start(ruler):
    """The earliest date in nanoseconds since 1970, exactly."""
    return ruler.axis.low * round(DAYS[ruler.axis.native.unit] / DAYS["ns"])
