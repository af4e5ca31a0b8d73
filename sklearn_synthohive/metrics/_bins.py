"""Ordered values in bins of about equal share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["QuantileBins"]


@dataclass(frozen=True)
class QuantileBins:
    """Bins between quantiles; a value that holds several of them is its own bin.

    Attributes
    ----------
    edges : ndarray of float64
        Ascending; a bin reaches up to its edge, the edge included.
    heavy : ndarray of float64
        Those edges that are bins of their own.
    """

    edges: np.ndarray
    heavy: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray, n_quantiles: int) -> QuantileBins:
        """Cut a column.

        Parameters
        ----------
        values : ndarray of float64
            NaN where missing.
        n_quantiles : int
            Parts of equal share; at most twice as many bins come of them.

        Returns
        -------
        QuantileBins
        """
        present = values[~np.isnan(values)]
        cuts = np.zeros(0)
        if len(present):
            levels = np.arange(1, n_quantiles) / n_quantiles
            cuts = np.quantile(present, levels, method="lower")
        edges, counts = np.unique(cuts, return_counts=True)
        return cls(edges, edges[counts > 1])

    @property
    def n_codes(self) -> int:
        """The bins, and one code for missing."""
        return len(self.edges) + len(self.heavy) + 2

    def codes(self, values: np.ndarray) -> np.ndarray:
        """The bin of each value, ascending with the values; the last code is missing.

        Parameters
        ----------
        values : ndarray of float64

        Returns
        -------
        ndarray of int64
        """
        below = np.searchsorted(self.edges, values)
        at_heavy = np.searchsorted(self.heavy, values, side="right")
        return np.where(np.isnan(values), self.n_codes - 1, below + at_heavy)
