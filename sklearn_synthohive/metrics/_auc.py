"""The area under a ROC curve with its standard error."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

__all__ = ["auc_with_error"]


def auc_with_error(labels: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """ROC AUC and its standard error by DeLong's method.

    Parameters
    ----------
    labels : ndarray of bool or int
        True for the class that should score high; both classes must occur.
    scores : ndarray of float64

    Returns
    -------
    auc, standard_error : float

    References
    ----------
    .. [1] E. DeLong, D. DeLong, D. Clarke-Pearson, "Comparing the areas under two or
       more correlated receiver operating characteristic curves", Biometrics 44 (1988).

    Examples
    --------
    >>> auc_with_error(np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 2.0, 3.0]))[0]
    0.875
    """
    high = np.asarray(labels, dtype=bool)
    ranks = rankdata(scores)
    # Share of the other class that each row is ranked above, ties one half.
    above = (ranks[high] - rankdata(scores[high])) / (~high).sum()
    below = 1 - (ranks[~high] - rankdata(scores[~high])) / high.sum()
    variance = sum(
        part.var(ddof=1) / len(part) for part in (above, below) if len(part) > 1
    )
    return float(above.mean()), float(np.sqrt(variance))
