"""Real and synthetic rows as points on a plane."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

from sklearn_synthohive.metrics._columns import check_pair
from sklearn_synthohive.metrics._features import neighbour_features
from sklearn_synthohive.reports._canvas import REAL, SYNTHETIC
from sklearn_synthohive.reports._display import Display, drawn, some_rows

__all__ = ["EmbeddingDisplay"]


class EmbeddingDisplay(Display):
    """Real and synthetic rows on the two main axes of the real ones.

    Rows are points as for :func:`~sklearn_synthohive.metrics.privacy` (numbers in
    standard deviations, categories one-hot); the plane is that of the first two
    principal components of the real rows.

    Parameters
    ----------
    real, synthetic : ndarray of shape (n_rows, 2)
    explained : float
        Share of the real variance that the plane shows.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.reports import EmbeddingDisplay
    >>> real = pd.DataFrame({"x": [1, 2, 3, 4], "y": [1.0, 3.0, 2.0, 4.0]})
    >>> EmbeddingDisplay.from_frames(real, real).synthetic.shape
    (4, 2)
    """

    def __init__(self, real, synthetic, explained):
        self.real = real
        self.synthetic = synthetic
        self.explained = explained

    @classmethod
    def from_frames(cls, real, synthetic, *, max_rows=1_500, seed=0, ax=None):
        """Compute and draw.

        Parameters
        ----------
        real, synthetic : DataFrame
            With the same columns, in any order.
        max_rows : int, default=1_500
            Equally many points of both, at most so many.
        seed : int, default=0
        ax : matplotlib Axes, optional

        Returns
        -------
        EmbeddingDisplay
        """
        return cls._of(real, synthetic, max_rows, seed).plot(ax=ax)

    @classmethod
    def _of(cls, real, synthetic, max_rows, seed):
        real, synthetic = check_pair(real, synthetic)
        n = min(len(real), len(synthetic), max_rows)
        frames = [some_rows(frame, n, seed) for frame in (real, synthetic)]
        points = neighbour_features(real, *frames)
        n_axes = min(2, *points[0].shape)
        options = {"svd_solver": "arpack"} if not _is_dense(points[0]) else {}
        if options and n_axes >= min(points[0].shape):
            points, options = [p.toarray() for p in points], {}
        pca = PCA(n_axes, random_state=seed, **options).fit(points[0])
        # A table of one row, or of one column, has fewer axes than the plane.
        planes = [np.zeros((p.shape[0], 2)) for p in points]
        for plane, p in zip(planes, points, strict=True):
            plane[:, :n_axes] = pca.transform(p)
        return cls(*planes, float(np.nansum(pca.explained_variance_ratio_)))

    @classmethod
    def from_estimator(
        cls, estimator, X, *, n_rows=None, max_rows=1_500, seed=0, ax=None
    ):
        """Compute and draw for rows of a fitted generator or pipeline.

        Parameters
        ----------
        estimator : fitted generator or Pipeline
        X : DataFrame
            Real rows.
        n_rows : int, optional
        max_rows : int, default=1_500
        seed : int, default=0
        ax : matplotlib Axes, optional

        Returns
        -------
        EmbeddingDisplay
        """
        synthetic = drawn(estimator, X, n_rows, seed)
        return cls.from_frames(X, synthetic, max_rows=max_rows, seed=seed, ax=ax)

    def plot(self, ax=None):
        """Draw the points.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        EmbeddingDisplay
        """
        ax = self._axes(ax)
        for points, colour, marker, label in (
            (self.real, REAL, "o", "real"),
            (self.synthetic, SYNTHETIC, "x", "synthetic"),
        ):
            style = {"s": 8, "alpha": 0.45, "linewidths": 0.6, "rasterized": True}
            ax.scatter(*points.T, color=colour, marker=marker, label=label, **style)
        # A few far rows would press all others into a corner.
        low, high = np.quantile(self.real, [0.002, 0.998], axis=0)
        margin = np.maximum(0.15 * (high - low), 1e-6)
        (left, bottom), (right, top) = low - margin, high + margin
        ax.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
        ax.set_xlabel(
            f"plane with {100 * self.explained:.0f} % of the variance", fontsize=8
        )
        ax.legend(fontsize=8, frameon=False, loc="best")
        return self._finished()


def _is_dense(points):
    return isinstance(points, np.ndarray)
