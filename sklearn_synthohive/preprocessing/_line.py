"""The line of a column of ordered values, and its modes and spikes on it."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Line"]


@dataclass(frozen=True)
class Line:
    """Positions of modes and spikes; values on a grid have whole positions.

    Attributes
    ----------
    means, scales : ndarray of shape (n_modes,)
        The scalar of position p in mode c is ``(p - means[c]) / scales[c]``.
    atoms : ndarray of shape (n_spikes,)
        Positions of the spikes, ascending; their states follow those of the modes.
    on_grid : bool
        Whether only whole positions are values.
    log_unit : float
        Logarithm of the positions that a unit of the column's values spans, at zero if
        the line is bent; zero on a grid.
    start : float or None
        Position from which a bent line has its zero, to the left; None for a straight
        one.
    """

    means: np.ndarray
    scales: np.ndarray
    atoms: np.ndarray
    on_grid: bool
    log_unit: float
    start: float | None = None

    def log_units(self, positions):
        """Logarithm of the positions that a unit of the values spans at each of them.

        Parameters
        ----------
        positions : ndarray of float64

        Returns
        -------
        float or ndarray of float64
        """
        if self.start is None:
            return self.log_unit
        places = positions + self.start
        return self.log_unit + np.log(2.0) - np.logaddexp(places, -places)

    def positions(self, codes, scalars):
        """Positions of states and scalars; NaN where missing.

        Parameters
        ----------
        codes : ndarray of int
        scalars : ndarray or None
            None for a column without modes.

        Returns
        -------
        ndarray of float64
        """
        n_modes = len(self.means)
        states = np.concatenate([np.zeros(n_modes), self.atoms, [np.nan]])
        out = states[np.minimum(codes, len(states) - 1)]
        if scalars is None:
            return out
        inside = codes < n_modes
        own = codes[inside]
        out[inside] = self.means[own] + self.scales[own] * scalars[inside].astype(float)
        return np.rint(out) if self.on_grid else out
