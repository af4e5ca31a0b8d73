"""Values of a column as pieces of the autoregressive network's law of it.

The network knows states and normal scores. A value on a grid is an interval of scores
(all that decode to it), a value that many rows share is a step, another number is a
point with a density.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri
from scipy.stats import norm

__all__ = ["Pieces", "exact_pieces", "interval_pieces", "value_cells"]

# Forced scores stay where there were rows to learn the density from: an end of the
# range stands for all that is this far out.
FORCED_REACH = 3.0
# No score is beyond this.
REACH = 4.0
LEAST_MASS = 1e-30
# Share of a mode's range that float32 loses of a scalar.
ROUNDED = 1e-6


class Pieces(NamedTuple):
    """Parts of a column's law.

    Attributes
    ----------
    states : ndarray of int64
    low, high : ndarray
        Scores that a mode may have; infinite where all may, or where there is none.
    base : ndarray
        Added to the log-mass, or to the log-density where both ends are equal.
    """

    states: np.ndarray
    low: np.ndarray
    high: np.ndarray
    base: np.ndarray

    @classmethod
    def whole(cls, states):
        """States as they are, with any score."""
        states = np.asarray(states, dtype=np.int64)
        ends = np.full(len(states), np.inf)
        return cls(states, -ends, ends, np.zeros(len(states)))

    @classmethod
    def join(cls, parts):
        """Pieces one after the other."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def exact_pieces(scores, i, line, codes, scalars):
    """One piece a value.

    Values that the network gives no probability of their own (numbers on no grid,
    whole numbers that fit never saw) become points, with the density of the training
    rows around them.

    Parameters
    ----------
    scores : NormalScores
    i : int
        The span.
    line : Line or None
    codes : ndarray of int
    scalars : ndarray of float32 or None
        None for a span without scalars.

    Returns
    -------
    Pieces
    """
    pieces = Pieces.whole(codes)
    if scalars is None:
        return pieces
    k = scores.layout.continuous.index(i)
    for c, table in enumerate(scores.tables[k]):
        rows = np.flatnonzero(codes == c)
        if table is None or not len(rows):
            continue
        s = scalars[rows].astype(np.float64)
        half = 0.5 / line.scales[c] if line is not None and line.on_grid else 0.0
        below, above = table.cell(s - half, s + half) if half else table.interval(s)
        middle = np.mean(table.interval(s), axis=0)
        z = np.clip(ndtri(middle), -FORCED_REACH, FORCED_REACH)
        near = np.log(np.maximum(table.mass(s), LEAST_MASS)) - norm.logpdf(z)
        wide = above > below
        pieces.low[rows] = np.where(wide, ndtri(below), z)
        pieces.high[rows] = np.where(wide, ndtri(above), z)
        pieces.base[rows] = np.where(wide, 0.0, near)
    return pieces


def interval_pieces(scores, i, line, low, high):
    """What lies between two positions of a line, both included.

    Parameters
    ----------
    scores : NormalScores
    i : int
        The span.
    line : Line
    low, high : float

    Returns
    -------
    Pieces
        None of them where the network never goes.
    """
    n_modes = len(line.means)
    inside = (line.atoms >= low) & (line.atoms <= high)
    parts = [Pieces.whole(n_modes + np.flatnonzero(inside))]
    half = 0.5 * line.on_grid
    for c in range(n_modes):
        table = scores.tables[scores.layout.continuous.index(i)][c]
        if table is None:
            continue
        ends = np.array([[low - half], [high + half]])
        ends = (ends - line.means[c]) / line.scales[c]
        below, above = (ndtri(p) for p in table.cell(*ends))
        if above > below:
            parts.append(Pieces(np.array([c]), below, above, np.zeros(1)))
    return Pieces.join(parts)


def value_cells(scores, k, line, codes, scalars):
    """Where each mode of a column decodes to each row's value, and how likely.

    Parameters
    ----------
    scores : NormalScores
    k : int
        Which of the continuous spans.
    line : Line or None
        None where nothing is known but states and scalars.
    codes : ndarray of int
    scalars : ndarray of float32

    Returns
    -------
    low, high, base : ndarray of shape (n, n_modes)
        Scores between which the mode decodes to the value. Equal for a density, in
        units of the column where there is a line; ``base`` is added to the log.
    """
    tables = scores.tables[k]
    n_modes = int(scores.layout.spans[scores.layout.continuous[k]].has_value.sum())
    low = np.zeros((len(codes), n_modes))
    high, base = low.copy(), np.full(low.shape, -np.inf)
    own = codes[:, None] == np.arange(n_modes)
    if line is None:
        s = np.where(own, scalars[:, None].astype(np.float64), np.nan)
    else:
        positions = line.positions(codes, scalars)
        s = (positions[:, None] - line.means) / line.scales
    if line is not None and line.on_grid:
        half = 0.5 / line.scales
        for c in range(n_modes):
            rows = np.flatnonzero(np.isfinite(s[:, c]))
            if tables[c] is not None:
                at = s[rows, c]
                ends = tables[c].cell(at - half[c], at + half[c])
                low[rows, c], high[rows, c] = ndtri(ends)
                base[rows, c] = 0.0
                # On a fine grid a cell is lost to rounding: its density, and its width.
                lost = rows[~(high[rows, c] > low[rows, c])]
                at = _within(tables[c], s[lost, c])
                low[lost, c] = high[lost, c] = _scores_at(tables[c], at)
                base[lost, c] = _density(tables[c], at, low[lost, c])
                base[lost, c] += np.log(2 * half[c])
        return low, high, base
    # What is no spike and no step is reached with a density, by any mode.
    s[codes >= n_modes] = np.nan
    for c in range(n_modes):
        at = np.where(own[:, c], scalars, s[:, c]).astype(np.float64)
        rows = np.flatnonzero(np.isfinite(at))
        if tables[c] is not None:
            unit = 0.0
            if line is not None:
                unit = line.log_units(positions[rows]) - np.log(line.scales[c])
            low[rows, c] = high[rows, c] = _scores_at(tables[c], at[rows])
            base[rows, c] = _density(tables[c], at[rows], low[rows, c]) + unit
    for c in range(n_modes):
        rows = np.flatnonzero(own[:, c])
        if tables[c] is not None:
            ends = np.array(tables[c].interval(scalars[rows]))
            step = rows[ends[1] > ends[0]]
            base[step] = -np.inf
            low[step, c], high[step, c] = ndtri(ends[:, ends[1] > ends[0]])
            base[step, c] = 0.0
    return low, high, base


def _scores_at(table, scalars):
    return np.clip(ndtri(np.mean(table.interval(scalars), axis=0)), -REACH, REACH)


def _within(table, scalars):
    """Scalars that rounding has put beyond the ends, back at them."""
    first, last = table.values[0], table.values[-1]
    near = np.clip(scalars, first, last)
    return np.where(np.abs(scalars - near) <= ROUNDED * (last - first), near, scalars)


def _density(table, scalars, scores):
    """Log-density of scalars, over that of their normal scores."""
    with np.errstate(divide="ignore"):
        return np.log(table.slope(scalars)) - norm.logpdf(scores)
