"""Do the synthetic rows lie where real ones do, and everywhere there?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.metrics._columns import check_pair
from sklearn_synthohive.metrics._features import neighbour_features
from sklearn_synthohive.metrics._neighbours import (
    TIE,
    distances_from,
    nearest_distances,
)

__all__ = ["precision_recall"]

_LEVELS = np.linspace(0, 1, 101)


def precision_recall(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    *,
    max_rows: int = 5_000,
    seed: int = 0,
) -> pd.Series:
    """Alpha-precision and beta-recall, each summed up over all its levels [1]_.

    Rows are points as in :func:`privacy`, without a learnt embedding. The
    alpha-support of a table is the ball around its mean that holds a share alpha of
    its rows. Precision at alpha is the share of synthetic rows in the real
    alpha-support; recall at beta is the share of real rows whose nearest synthetic row
    is in the synthetic beta-support and no farther than their nearest other real row.
    Both should equal their level; each score is 1 minus twice the mean absolute
    difference.

    Parameters
    ----------
    real, synthetic : DataFrame
        With the same columns, in any order.
    max_rows : int, default=5_000
        Equally many rows of both frames are used, at most so many.
    seed : int, default=0
        For the draws.

    Returns
    -------
    Series
        ``alpha_precision``, 1 is best; ``beta_recall``, about 0.5 for fresh real rows,
        since every other real row has its nearest neighbour among the real ones, and
        more for copies.

    References
    ----------
    .. [1] A. Alaa, B. van Breugel, E. Saveliev, M. van der Schaar, "How faithful is
       your synthetic data?", ICML 2022. https://arxiv.org/abs/2102.08921

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_synthohive.metrics import precision_recall
    >>> rng = np.random.default_rng(0)
    >>> real = pd.DataFrame(rng.normal(size=(500, 2)), columns=["x", "y"])
    >>> (precision_recall(real, real / 10) < 0.3).to_dict()
    {'alpha_precision': True, 'beta_recall': True}
    """
    real, synthetic = check_pair(real, synthetic)
    rng = np.random.default_rng(seed)
    n = min(len(real), len(synthetic), max_rows)
    frames = [
        frame.iloc[rng.choice(len(frame), n, replace=False)]
        for frame in (real, synthetic)
    ]
    real_points, points = neighbour_features(real, *frames)
    return pd.Series(
        {
            "alpha_precision": _alpha_precision(real_points, points),
            "beta_recall": _beta_recall(real_points, points),
        }
    )


def _alpha_precision(real, synthetic) -> float:
    centre = np.asarray(real.mean(axis=0)).ravel()
    inner, outer = distances_from(real, centre), distances_from(synthetic, centre)
    radii = _radii(inner)
    shares = np.searchsorted(np.sort(outer), radii * (1 + TIE), side="right")
    return _agreement(shares / len(outer))


def _beta_recall(real, synthetic) -> float:
    centre = np.asarray(synthetic.mean(axis=0)).ravel()
    from_centre = distances_from(synthetic, centre)
    radii = _radii(from_centre)
    # The first neighbour of a row among its own is the row itself.
    to_real = nearest_distances(real, real, 2)[:, 1]
    to_synthetic, index = _nearest(real, synthetic)
    covered = to_synthetic <= to_real * (1 + TIE) + TIE
    depth = np.sort(from_centre[index[covered]])
    shares = np.searchsorted(depth, radii * (1 + TIE), side="right")
    return _agreement(shares / len(to_real))


def _radii(distances: np.ndarray) -> np.ndarray:
    """The radius of the ball with each level's share of the rows."""
    # Less a rounding: 0.55 * 120 is a little more than 66.
    places = np.ceil(_LEVELS * len(distances) - 1e-9).astype(np.int64)
    return np.sort(distances)[np.maximum(places, 1) - 1]


def _nearest(points, reference):
    distances, index = nearest_distances(points, reference, return_index=True)
    return distances[:, 0], index[:, 0]


def _agreement(shares: np.ndarray) -> float:
    error = np.abs(shares - _LEVELS)
    # The trapezoidal rule on a grid of equal steps.
    integral = (error.sum() - (error[0] + error[-1]) / 2) / (len(_LEVELS) - 1)
    return float(1 - 2 * integral)
