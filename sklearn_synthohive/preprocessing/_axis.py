"""A column's values as positions on a line, and exactly back.

Values that lie on a grid (integers, times, decimals) become whole positions: the
number of grid steps from the smallest value seen, counted in integer arithmetic. All
others become floats, scaled by a power of two; where they span more orders of magnitude
than such a line resolves, it is bent to their logarithms.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sklearn_synthohive.preprocessing._native import Native, read_native
from sklearn_synthohive.preprocessing._native_write import write_native

__all__ = ["Axis", "cut_ends"]

# More digits than a double tells apart are no grid.
MAX_DECIMALS = 15
LARGEST_EXACT = 2.0**53
# Values not on a grid are told apart up to so many times the range seen.
FAR = 1e9
# From here on the inverse hyperbolic sine is log(2x), to the last bit of a double.
LOGARITHMIC = 1e9


@dataclass(frozen=True)
class Axis:
    """The line on which the values of one column lie.

    Attributes
    ----------
    native : Native
        What the values look like in the table.
    integral : bool
        Whether they lie on a grid.
    decimals : int
        Values are stored as ``value * 10**decimals`` when integral.
    step : int
        Distance of two neighbours on the grid, in stored units.
    exponent : int
        Values not on a grid are scaled by ``2**exponent``.
    low, high : int or float
        Smallest and largest stored value seen.
    unit : float
        Where it is positive, positions are ``arcsinh(value / unit)``: logarithms of
        all that is larger than the unit, on either side of zero.
    """

    native: Native
    integral: bool
    decimals: int
    step: int
    exponent: int
    low: int | float
    high: int | float
    unit: float = 0.0

    @classmethod
    def fit(cls, series, kind):
        """Find the grid and the ends of a column.

        Parameters
        ----------
        series : Series
        kind : str
            One of the ordered kinds.

        Returns
        -------
        axis : Axis
        values : ndarray
            The distinct stored values, ascending.
        counts : ndarray of int
            Their number of rows.
        n_missing : int
        """
        numbers = read_native(series, kind)
        present = numbers.stored[~numbers.missing]
        values, counts = np.unique(present, return_counts=True)
        decimals, exponent, step = numbers.decimals, 0, 1
        if values.dtype == np.float64 and numbers.native.box != "decimal":
            dtype = getattr(numbers.native.dtype, "numpy_dtype", numbers.native.dtype)
            found = _find_decimals(values, dtype)
            if found is not None:
                decimals = found
                values = np.rint(values * 10.0**decimals).astype(np.int64)
        integral = values.dtype != np.float64
        low, high = (values[0].item(), values[-1].item()) if len(values) else (0, 0)
        if integral:
            step = _find_step(values)
        else:
            exponent = _find_exponent(low, high)
        axis = cls(numbers.native, integral, decimals, step, exponent, low, high)
        return axis, values, counts, int(numbers.missing.sum())

    def bent(self, values, counts, least):
        """This line, bent to logarithms from the smallest of the magnitudes on.

        Parameters
        ----------
        values : ndarray of float64
            Distinct stored values; not zero only.
        counts : ndarray of int
            Their number of rows.
        least : int
            Rows whose mean magnitude the unit is taken from.

        Returns
        -------
        Axis
        """
        sizes, rows = np.abs(values[values != 0]), counts[values != 0]
        order = np.argsort(sizes, kind="stable")
        first = np.repeat(sizes[order], np.minimum(rows[order], least))[:least]
        # A power of two: no row's own value.
        _, exponent = np.frexp(first.mean())
        return replace(self, unit=float(np.ldexp(1.0, max(exponent - 1, -1074))))

    @property
    def start(self):
        """Where the smallest value lies, if zero is where it is on a bent line."""
        return float(_arcsinh(np.array([float(self.low)]), self.unit)[0])

    def read(self, series, kind):
        """Stored values of a column.

        Values between two points of the grid move to the nearer one.

        Parameters
        ----------
        series : Series
        kind : str

        Returns
        -------
        stored : ndarray of int64, uint64 or float64
        missing : ndarray of bool
        """
        numbers = read_native(series, kind, self.native)
        stored = self._store(numbers.stored, numbers.decimals)
        if self.integral and self.step > 1:
            stored = self._unstep(*self._steps(stored))
        return stored, numbers.missing

    def positions(self, stored):
        """Steps from the smallest value seen, as float64.

        Parameters
        ----------
        stored : ndarray

        Returns
        -------
        ndarray of float64
        """
        if self.unit:
            return _arcsinh(stored, self.unit) - self.start
        if not self.integral:
            with np.errstate(over="ignore"):
                scaled = np.ldexp(stored, self.exponent)
            positions = scaled - np.ldexp(self.low, self.exponent)
            return np.clip(positions, -FAR, FAR)
        steps, below = self._steps(stored)
        positions = steps.astype(np.float64)
        return np.where(below, -positions, positions) if below.any() else positions

    def stored(self, positions, *, clip=True):
        """Undo :meth:`positions`, onto the grid.

        Parameters
        ----------
        positions : ndarray of float64
        clip : bool, default=True
            Whether to stay between the smallest and the largest value seen; if not,
            only what the dtype can hold is a limit.

        Returns
        -------
        ndarray of int64, uint64 or float64
        """
        if not self.integral:
            values = self._unscale(positions)
            return np.clip(values, self.low, self.high) if clip else values
        low, high = (self.low, self.high) if clip else self._reach()
        up = _to_uint64(positions, (high - self.low) // self.step)
        down = _to_uint64(-positions, (self.low - low) // self.step)
        below = positions < 0
        return self._unstep(np.where(below, down, up), below)

    def write(self, stored, missing):
        """Stored values as the column looked.

        Parameters
        ----------
        stored : ndarray
        missing : ndarray of bool

        Returns
        -------
        array-like of the native dtype
        """
        return write_native(self.native, stored, missing, self.decimals)

    def mean(self, values, counts, least):
        """Mean of the first rows, on the grid."""
        before = np.concatenate([[0], np.cumsum(counts)[:-1]])
        taken = np.clip(least - before, 0, counts)
        pairs = [(v, int(c)) for v, c in zip(values.tolist(), taken, strict=True) if c]
        if not self.integral:
            # Shares first: the sum of the largest doubles overflows.
            mean = sum(v * (c / least) for v, c in pairs)
            return float(np.clip(mean, values.min(), values.max()))
        steps = sum((v - self.low) // self.step * c for v, c in pairs)
        return self.low + (steps + least // 2) // least * self.step

    def range_as(self, dtype):
        """The smallest and the largest stored value seen, as arrays of a dtype."""
        return (np.asarray(end, dtype=dtype) for end in (self.low, self.high))

    def texts(self, stored):
        """One text a stored value, distinct.

        Parameters
        ----------
        stored : ndarray

        Returns
        -------
        list of str
        """
        values = self.write(stored, np.zeros(len(stored), dtype=bool))
        if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
            return [str(v) for v in values]
        return [str(v) for v in pd.Series(values).astype(object)]

    def _store(self, values, decimals):
        if not self.integral:
            return values / 10.0 ** (decimals - self.decimals)
        target = np.uint64 if self._unsigned else np.int64
        if values.dtype == np.float64 or decimals > self.decimals:
            values = np.rint(values * 10.0 ** (self.decimals - decimals))
            info = np.iinfo(target)
            # float(info.max) rounds up to a number that the type cannot hold
            top = np.nextafter(float(info.max), 0)
            return np.clip(values, float(info.min), top).astype(target)
        if decimals < self.decimals:
            factor = 10 ** (self.decimals - decimals)
            limit = np.iinfo(np.int64).max // factor
            values = np.clip(values, -limit if values.dtype == np.int64 else 0, limit)
            values = values * values.dtype.type(factor)
        if values.dtype != target:
            signed = values.dtype == np.int64
            low, high = (0, None) if signed else (None, np.iinfo(np.int64).max)
            values = np.clip(values, low, high).astype(target)
        return values

    @property
    def _unsigned(self):
        return self.native.bounds[1] > 2**63 - 1 or self.high > 2**63 - 1

    def _steps(self, stored):
        """Distance from the smallest value in whole steps, and its sign."""
        low = np.asarray(self.low, dtype=stored.dtype)
        below = stored < low
        # Differences of 64-bit integers fit in uint64; subtraction wraps exactly.
        raw, start = stored.view(np.uint64), low.view(np.uint64)
        distance = np.where(below, start - raw, raw - start)
        if self.step == 1:
            return distance, below
        steps, rest = np.divmod(distance, np.uint64(self.step))
        return steps + (rest > np.uint64(self.step) - rest), below

    def _unstep(self, steps, below):
        dtype = np.uint64 if self._unsigned else np.int64
        distance = steps * np.uint64(self.step)
        start = np.asarray(self.low, dtype=dtype).view(np.uint64)
        return np.where(below, start - distance, start + distance).view(dtype)

    def _reach(self):
        low, high = self.native.bounds
        if self._unsigned:
            low, high = 0, 2**64 - 1
        return min(low, self.low), max(high, self.high)

    def _unscale(self, positions):
        with np.errstate(over="ignore", under="ignore"):
            if self.unit:
                values = _sinh(positions + self.start, self.unit)
            else:
                values = positions + np.ldexp(self.low, self.exponent)
                values = np.ldexp(values, -self.exponent)
        dtype = getattr(self.native.dtype, "numpy_dtype", self.native.dtype)
        narrow = isinstance(dtype, np.dtype) and dtype.kind == "f"
        top = float(np.finfo(dtype if narrow else np.float64).max)
        return np.clip(values, -top, top)


def cut_ends(axis, values, counts, least):
    """An axis whose ends are means of rows, and the values moved to within.

    Parameters
    ----------
    axis : Axis
    values : ndarray
        Distinct stored values, ascending.
    counts : ndarray of int
        Their number of rows.
    least : int
        Rows that an end averages; with fewer rows than that no value is left.

    Returns
    -------
    axis : Axis
    values, counts : ndarray
    """
    if counts.sum() < least:
        return replace(axis, low=0, high=0), values[:0], counts[:0]
    low = axis.mean(values, counts, least)
    high = axis.mean(values[::-1], counts[::-1], least)
    axis = replace(axis, low=low, high=high)
    moved, place = np.unique(
        np.clip(values, *axis.range_as(values.dtype)), return_inverse=True
    )
    return axis, moved, np.bincount(place, weights=counts).astype(np.int64)


def _find_decimals(values, dtype):
    """The fewest decimals that write every value exactly, or None."""
    if not len(values):
        return 0
    dtype = dtype if isinstance(dtype, np.dtype) and dtype.kind == "f" else np.float64
    largest = max(abs(values[0]), abs(values[-1]))
    few = values[:: max(1, len(values) // 500)]
    for decimals in range(MAX_DECIMALS + 1):
        if largest * 10.0**decimals >= LARGEST_EXACT:
            return None
        if _has_decimals(few, decimals, dtype) and _has_decimals(
            values, decimals, dtype
        ):
            return decimals
    return None


def _has_decimals(values, decimals, dtype):
    power = 10.0**decimals
    return np.array_equal((np.rint(values * power) / power).astype(dtype), values)


def _find_step(values):
    if len(values) < 2:
        return 1
    raw = values.view(np.uint64)
    return int(np.gcd.reduce(raw[1:] - raw[0]))


def _find_exponent(low, high):
    """A power of two that brings the range to about one, without overflow."""
    with np.errstate(over="ignore"):
        width = np.float64(high) - np.float64(low)
    if np.isfinite(width):
        return -int(np.frexp(width)[1])
    return -int(np.frexp(np.ldexp(high, -1) - np.ldexp(low, -1))[1]) - 1


def _arcsinh(values, unit):
    """The inverse hyperbolic sine of values in a unit, beyond a double's range, too."""
    sizes = np.abs(values)
    with np.errstate(over="ignore", divide="ignore"):
        near = np.arcsinh(sizes / unit)
        far = np.log(sizes) - np.log(unit) + np.log(2.0)
    return np.copysign(np.where(sizes / LOGARITHMIC > unit, far, near), values)


def _sinh(places, unit):
    """Undo :func:`_arcsinh`."""
    sizes = np.abs(places)
    near = np.sinh(np.minimum(sizes, np.log(LOGARITHMIC))) * unit
    far = np.exp(sizes + np.log(unit) - np.log(2.0))
    return np.copysign(np.where(sizes > np.log(LOGARITHMIC), far, near), places)


def _to_uint64(steps, limit):
    """Float steps rounded to unsigned integers in [0, limit]."""
    steps = np.rint(np.maximum(steps, 0.0))
    inside = steps < float(limit)
    out = np.full(steps.shape, limit, dtype=np.uint64)
    out[inside] = steps[inside].astype(np.uint64)
    return out
