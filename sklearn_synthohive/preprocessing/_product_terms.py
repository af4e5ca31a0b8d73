"""Two terms of a product that make it a given number."""

from __future__ import annotations

import numpy as np

__all__ = ["two_terms"]

# Values that the first of the terms may take, and cells that are tried at a time.
MOST_VALUES, MOST_CELLS = 200, 1_000_000


def two_terms(item, amounts, rulers, free):
    """For each row the nearest value of one term with which another makes the target.

    64.50 is no multiple of 7, but of 6: where no term alone can make a product of
    numbers on grids what it should be, one that has few values moves, too.

    Parameters
    ----------
    item : Product
    amounts : dict of int to ndarray of shape (n_rows,)
        Of the target and the terms.
    rulers : mapping of int to Ruler
    free : dict of int to ndarray of shape (n_rows,), bool
        Which cells of a term may move.

    Yields
    ------
    rows : ndarray of int
        Each at most once.
    moved : dict of int to ndarray
        New amounts of the two terms in these rows.
    """
    open_rows = np.ones(len(amounts[item.target]), dtype=bool)
    for first in item.terms:
        values = _values(rulers[first])
        for second in item.terms:
            if second == first or not len(values):
                continue
            able = np.flatnonzero(open_rows & free[first] & free[second])
            size = max(1, MOST_CELLS // len(values))
            for rows in np.split(able, range(size, len(able), size)):
                part = {i: a[rows] for i, a in amounts.items()}
                good, moved = _solved(item, part, rulers, first, second, values)
                rows = rows[good]
                open_rows[rows] = False
                if len(rows):
                    yield rows, moved


def _values(ruler):
    """All amounts within the range of a column, if they are few."""
    low, high = ruler.ends
    if not ruler.step or (high - low) / ruler.step >= MOST_VALUES:
        return np.array([])
    return low + ruler.step * np.arange(round((high - low) / ruler.step) + 1)


def _solved(item, amounts, rulers, first, second, values):
    """Where two terms can make the target, and their amounts there."""
    grid = {i: np.repeat(a, len(values)) for i, a in amounts.items()}
    grid[first] = np.tile(values, len(amounts[first]))
    ruler = rulers[second]
    low, high = ruler.ends
    result = item.solved_for(second).result(grid)
    if ruler.step:
        result = low + np.rint((result - low) / ruler.step) * ruler.step
    grid[second] = result
    good = (result >= low) & (result <= high) & ~np.isnan(item.result(grid))
    good &= item.holds(grid, rulers[item.target].step)
    shape = (len(amounts[first]), len(values))
    far = np.abs(values - amounts[first][:, None])
    nearest = np.where(good.reshape(shape), far, np.inf).argmin(axis=1)
    at = np.arange(shape[0]) * shape[1] + nearest
    good = good[at]
    return good, {i: grid[i][at[good]] for i in (first, second)}
