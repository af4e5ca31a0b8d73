"""Nearest rows, exactly: rounding must not break ties."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

__all__ = ["TIE", "distances_from", "nearest_distances"]

# Distances that differ by less are ties.
TIE = 1e-9


def nearest_distances(points, reference, n_neighbors=1, *, return_index=False):
    """Distances to the nearest rows of a reference, ascending.

    Parameters
    ----------
    points, reference : ndarray or csr_array of shape (n, d) and (m, d)
    n_neighbors : int, default=1
    return_index : bool, default=False

    Returns
    -------
    distances : ndarray of float64 of shape (n, n_neighbors)
        Infinite where the reference has too few rows.
    index : ndarray of int64 of shape (n, n_neighbors)
        The rows of the reference, when asked for; 0 where there are too few.
    """
    found = min(n_neighbors, reference.shape[0])
    search = NearestNeighbors(n_neighbors=found, algorithm="brute").fit(reference)
    index = search.kneighbors(points, return_distance=False)
    distances = np.full((points.shape[0], n_neighbors), np.inf)
    for k in range(found):
        # The search expands (a - b)^2, whose rounding would break ties at random.
        difference = points - reference[index[:, k]]
        squares = (difference * difference).sum(axis=1)
        distances[:, k] = np.sqrt(np.asarray(squares).ravel())
    order = np.argsort(distances, axis=1, kind="stable")
    distances = np.take_along_axis(distances, order, axis=1)
    if not return_index:
        return distances
    rows = np.zeros(distances.shape, dtype=np.int64)
    rows[:, :found] = index
    return distances, np.take_along_axis(rows, order, axis=1)


def distances_from(points, centre: np.ndarray) -> np.ndarray:
    """Euclidean distance of each row to one point.

    Parameters
    ----------
    points : ndarray or csr_array of shape (n, d)
    centre : ndarray of float64 of shape (d,)

    Returns
    -------
    ndarray of float64 of shape (n,)
    """
    if sparse.issparse(points):
        squares = np.asarray((points * points).sum(axis=1)).ravel()
        squares = squares - 2 * (points @ centre) + centre @ centre
        return np.sqrt(np.maximum(squares, 0.0))
    return np.sqrt(((points - centre) ** 2).sum(axis=1))
