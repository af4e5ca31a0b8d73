"""One column of ordered values as a discrete state and a scalar, and back."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sklearn_synthohive.layout import State
from sklearn_synthohive.preprocessing._axis import Axis, cut_ends
from sklearn_synthohive.preprocessing._kinds import (
    check_same_kind,
    column_error,
    is_category,
    kind_of,
)
from sklearn_synthohive.preprocessing._line import Line
from sklearn_synthohive.preprocessing._modes import Modes, fit_modes, without_small

__all__ = ["ContinuousColumn", "SpikeRule"]

# A spike holds at least so many rows, however few rows there are.
MIN_SPIKE_ROWS = 3
# So many, where it is only the rows without taller spikes that it stands out from.
MIN_LOWER_ROWS = 20
# A column has few distinct values only if they repeat so often on average.
MIN_REPEATS = 3
# Where more than this share of the rows come back further off than that part of their
# value, a straight line has not the resolution that the column needs.
LOST_ROWS, LOST_SIZE = 0.005, 1e-3


@dataclass(frozen=True)
class SpikeRule:
    """Which values are exact states rather than points of the mixture.

    A column that is zero in most rows has few others, and what these look like is not
    to depend on how many zeros there are: values that are common among the rows
    without spikes are spikes, too.

    Attributes
    ----------
    threshold : float
        Share of the rows that are not missing, or of those left without such spikes.
    max_spikes : int
    max_distinct : int
        Columns of at most so many distinct values consist of spikes only.
    """

    threshold: float
    max_spikes: int
    max_distinct: int

    def find(self, counts, least=1):
        """Boolean array: which of the distinct values are spikes.

        Where all are, those of fewer rows than ``least`` are to move to the others.
        """
        n_rows, n_distinct = counts.sum(), len(counts)
        few = n_distinct <= self.max_distinct and n_rows >= MIN_REPEATS * n_distinct
        if (few or n_distinct <= 2) and (counts >= least).any():
            return np.ones(n_distinct, dtype=bool)
        tall = counts >= max(self.threshold * n_rows, MIN_SPIKE_ROWS, least)
        rest = n_rows - counts[tall].sum()
        tall |= counts >= max(self.threshold * rest, MIN_LOWER_ROWS, least)
        if tall.sum() > self.max_spikes:
            keep = np.argsort(-counts, kind="stable")[: self.max_spikes]
            tall = np.zeros(n_distinct, dtype=bool)
            tall[keep] = True
        return tall


@dataclass(frozen=True)
class ContinuousColumn:
    """The fitted encoding of one column: modes, then spikes, then missing.

    Attributes
    ----------
    kind : str
        What the column holds.
    axis : Axis
    modes : Modes or None
        None when every value is a spike.
    atoms : ndarray
        Stored values of the spikes, ascending.
    has_missing : bool
    ends : tuple of float
        Positions that the smallest and largest value decode to.
    is_cut : bool
        Whether values beyond the range of the axis occur, and count as its ends.
    """

    kind: str
    axis: Axis
    modes: Modes | None
    atoms: np.ndarray
    has_missing: bool
    ends: tuple[float, float] = (0.0, 0.0)
    is_cut: bool = False

    @classmethod
    def fit(cls, series, spikes, rng, *, least=1, **mixture):
        """Fit the encoding of a column.

        Parameters
        ----------
        series : Series
        spikes : SpikeRule
        rng : RandomState
        least : int
            Rows that whatever is kept of the values must stand for.
        **mixture
            Passed to ``fit_modes``.

        Returns
        -------
        ContinuousColumn
        """
        if is_category(series):
            if not series.isna().all():
                raise column_error(
                    series.name,
                    f"holds categories ({series.dtype}), which have no order that a "
                    "mixture could use; encode it by DataTransformer, or convert it.",
                )
            # Missing values only: any line will do.
            series = series.astype(object)
        kind = kind_of(series)
        kind = "number" if kind == "empty" else kind
        axis, values, counts, n_missing = Axis.fit(series, kind)
        if is_cut := least > 1:
            axis, values, counts = cut_ends(axis, values, counts, least)
        is_spike = spikes.find(counts, least)
        if is_spike.any() and counts[~is_spike].sum() < least:
            is_spike[:] = True
        modes, ends = None, (0.0, 0.0)
        if not is_spike.all():
            rest, cut = ~is_spike, {"rng": rng, "least": least, **mixture}
            modes = _modes_of(axis, values[rest], counts[rest], **cut)
            if _loses(axis, modes, values[rest], counts[rest]):
                axis = axis.bent(values[rest], counts[rest], least)
                modes = _modes_of(axis, values[rest], counts[rest], **cut)
            extremes = axis.positions(values[[0, -1]])
            codes = modes.assign(extremes)
            scalars = _scalars(extremes, codes, modes)
            ends = tuple(_points(scalars, codes, modes).tolist())
        atoms = values[is_spike & (counts >= least)]
        gone = is_cut and not len(values)
        return cls(kind, axis, modes, atoms, n_missing > 0 or gone, ends, is_cut)

    @property
    def n_modes(self):
        """Number of states that a scalar goes with."""
        return 0 if self.modes is None else len(self.modes.means)

    @property
    def n_states(self):
        """Number of modes and spikes, and missing."""
        return self.n_modes + len(self.atoms) + self.has_missing

    @property
    def is_code(self):
        """Never an integer code."""
        return False

    @property
    def states(self):
        """The states, as the layout names them."""
        modes = [State("mode", str(i)) for i in range(self.n_modes)]
        atoms = [State("atom", text) for text in self.axis.texts(self.atoms)]
        return (*modes, *atoms, *[State("missing")] * self.has_missing)

    def encode(self, series):
        """State and scalar of each row.

        Parameters
        ----------
        series : Series

        Returns
        -------
        codes : ndarray of intp
        scalars : ndarray of float32 or None
            None when no state has one.

        Raises
        ------
        ValueError
            For another kind of column, infinity, or a missing value where fit saw
            none.
        """
        kind = kind_of(series)
        check_same_kind(series.name, self.kind, kind, series.dtype)
        if kind == "empty":
            missing = np.ones(len(series), dtype=bool)
            stored = np.zeros(len(series), dtype=self.atoms.dtype)
        else:
            stored, missing = self.axis.read(series, kind)
        if self.is_cut:
            stored = np.clip(stored, *self.axis.range_as(stored.dtype))
            if not self.n_modes + len(self.atoms):
                missing = np.ones(len(series), dtype=bool)
        self._check_missing(series.name, missing)
        codes, scalars = self._encode_stored(stored)
        if missing.any():
            codes[missing] = self.n_states - 1
            if scalars is not None:
                scalars[missing] = 0.0
        return codes, scalars

    def _check_missing(self, name, missing):
        if missing.any() and not self.has_missing:
            raise column_error(
                name,
                f"is missing in {int(missing.sum())} rows, but never was in fit; fill "
                "them, or fit on rows that show missing values.",
            )
        if not missing.all() and self.n_modes + len(self.atoms) == 0:
            raise column_error(
                name,
                "holds values, but was all missing in fit; fit on rows with values.",
            )

    def _encode_stored(self, stored):
        if self.modes is None:
            if not len(self.atoms):
                return np.zeros(len(stored), dtype=np.intp), None
            return self._nearest_atom(stored), None
        positions = self.axis.positions(stored)
        codes = self.modes.assign(positions)
        scalars = _scalars(positions, codes, self.modes)
        if len(self.atoms):
            atom = np.searchsorted(self.atoms, stored)
            atom[atom == len(self.atoms)] = 0
            hit = self.atoms[atom] == stored
            codes = np.where(hit, self.n_modes + atom, codes)
            scalars[hit] = 0.0
        return codes, scalars

    def _nearest_atom(self, stored):
        places = self.axis.positions(self.atoms)
        middles = (places[1:] + places[:-1]) / 2
        exact = np.searchsorted(self.atoms, stored)
        exact[exact == len(self.atoms)] = 0
        hit = self.atoms[exact] == stored
        if hit.all():
            return exact
        nearest = np.searchsorted(middles, self.axis.positions(stored))
        return np.where(hit, exact, nearest)

    def nearest(self, series, side=0):
        """The nearest values in the range and on the grid that fit saw.

        Parameters
        ----------
        series : Series
        side : {-1, 0, 1}
            Take the grid's next value below or above, or the nearer one.

        Returns
        -------
        array-like of the column's dtype
            Missing where fit saw missing values only.
        """
        axis = self.axis
        stored, gaps = axis.read(series, self.kind)
        if not self.n_modes + len(self.atoms):
            return axis.write(stored, np.ones_like(gaps))
        low, high = axis.range_as(stored.dtype)
        stored = np.clip(stored, low, high)
        if side and axis.integral:
            values = pd.Series(axis.write(stored, gaps), index=series.index)
            short = values < series if side > 0 else values > series
            # An end of the range has no neighbour further on.
            inner = stored < high if side > 0 else stored > low
            short = inner & short.fillna(False).to_numpy(dtype=bool)
            step = np.asarray(axis.step, dtype=stored.dtype)
            stored[short] = stored[short] + step if side > 0 else stored[short] - step
        return axis.write(stored, gaps)

    def values_of(self):
        """The smallest and the largest value, and that they are a range."""
        gone = np.full(2, not self.n_modes + len(self.atoms))
        ends = np.array([self.axis.low, self.axis.high], dtype=self.atoms.dtype)
        return self.axis.write(ends, gone), True

    def line(self):
        """Where the modes and spikes lie on the axis."""
        axis, modes = self.axis, self.modes
        scale = 0.0 if axis.integral else axis.exponent * np.log(2.0)
        return Line(
            np.zeros(0) if modes is None else modes.means,
            np.zeros(0) if modes is None else modes.scales,
            axis.positions(self.atoms),
            axis.integral,
            (-np.log(axis.unit) if axis.unit else scale)
            + axis.decimals * np.log(10.0) * (not axis.integral),
            axis.start if axis.unit else None,
        )

    def decode(self, codes, scalars, *, clip=True):
        """Values of states and scalars.

        Parameters
        ----------
        codes : ndarray of int
        scalars : ndarray or None
        clip : bool, default=True
            Whether to stay within the range seen in fit.

        Returns
        -------
        array-like of the column's dtype
        """
        n_modes, n_atoms = self.n_modes, len(self.atoms)
        table = np.zeros(n_modes + n_atoms + 1, dtype=self.atoms.dtype)
        table[n_modes : n_modes + n_atoms] = self.atoms
        missing = codes >= n_modes + n_atoms
        stored = table[codes]
        if n_modes:
            in_mode = codes < n_modes
            whole = in_mode.all()
            chosen = codes if whole else codes[in_mode]
            points = _points(scalars if whole else scalars[in_mode], chosen, self.modes)
            decoded = self._decode_points(points, clip)
            if whole:
                stored = decoded
            else:
                stored[in_mode] = decoded
        return self.axis.write(stored, missing)

    def _decode_points(self, points, clip):
        values = self.axis.stored(points, clip=clip)
        # The scalar of an end may have lost its last bits; the ends come back whole.
        low, high = self.ends
        at_low, at_high = (
            (points <= low, points >= high) if clip else (points == low, points == high)
        )
        values[at_low] = self.axis.low
        values[at_high] = self.axis.high
        return values


def _modes_of(axis, values, counts, *, least, **mixture):
    positions = axis.positions(values)
    modes = fit_modes(positions, counts, on_grid=axis.integral, **mixture)
    return without_small(modes, positions, counts, least)


def _loses(axis, modes, values, counts):
    """Whether scalars lose the size of numbers in more than a few rows."""
    if axis.integral:
        return False
    positions = axis.positions(values)
    codes = modes.assign(positions)
    back = axis.stored(_points(_scalars(positions, codes, modes), codes, modes))
    lost = np.abs(back - values) > LOST_SIZE * np.abs(values)
    return counts[lost].sum() > LOST_ROWS * counts.sum()


def _scalars(positions, codes, modes):
    scalars = (positions - modes.means[codes]) / modes.scales[codes]
    return scalars.astype(np.float32)


def _points(scalars, codes, modes):
    return modes.means[codes] + modes.scales[codes] * scalars.astype(np.float64)
