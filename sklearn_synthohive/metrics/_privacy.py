"""Are synthetic rows closer to the training rows than they should be?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import pairwise_distances_argmin

from sklearn_synthohive.metrics._columns import check_pair
from sklearn_synthohive.metrics._features import exact_rows, neighbour_features

__all__ = ["privacy"]

# Parts of the training rows that are each compared with the holdout.
_MAX_PARTS = 4
# Distances that differ by less are ties: rounding must not decide.
_TIE = 1e-9


def privacy(
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame,
    *,
    max_rows: int = 10_000,
    seed: int = 0,
) -> pd.Series:
    """How much closer synthetic rows are to the training rows than to other real ones.

    The distance of two rows is Euclidean over columns: numbers and dates count by
    their difference in standard deviations of ``train``, categories by 0 or 1; a
    missing number stands at the mean and adds 1 against one that is there. The
    training rows are cut at random into parts of the holdout's size (four at most);
    in each, it is counted how many synthetic rows have their nearest neighbour there
    and not in the holdout. Ties count one half.

    Parameters
    ----------
    train, synthetic, holdout : DataFrame
        With the same columns, in any order. ``holdout``: real rows that the generator
        has not seen.
    max_rows : int, default=10_000
        At most so many synthetic rows and holdout rows are used for distances.
    seed : int, default=0
        For the draws.

    Returns
    -------
    Series
        ``closer_to_train``: share of synthetic rows closer to train, 0.5 is ideal
        (standard error about 0.01 at thousands of rows). ``copies``: share of
        synthetic rows that equal a training row in every cell. ``holdout_copies``:
        the same of the holdout rows, the rate at which real rows repeat.
        ``excess_copies``: what the first has beyond the second.

    References
    ----------
    .. [1] M. Platzer and T. Reutterer, "Holdout-based empirical assessment of
       mixed-type synthetic data", Frontiers in Big Data 4 (2021).
       https://doi.org/10.3389/fdata.2021.679939

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_synthohive.metrics import privacy
    >>> rng = np.random.default_rng(0)
    >>> train = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    >>> holdout = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    >>> privacy(train, train, holdout)[["closer_to_train", "copies"]].to_dict()
    {'closer_to_train': 1.0, 'copies': 1.0}
    """
    train, synthetic = check_pair(train, synthetic, names=("train", "synthetic"))
    train, holdout = check_pair(train, holdout, names=("train", "holdout"))
    rng = np.random.default_rng(seed)
    known = exact_rows(train, train)
    copies = float(np.isin(exact_rows(train, synthetic), known).mean())
    repeats = float(np.isin(exact_rows(train, holdout), known).mean())
    n = min(len(train), len(holdout), max_rows)
    n_parts = min(_MAX_PARTS, len(train) // n)
    drawn = rng.choice(len(train), n * n_parts, replace=False)
    parts = train.iloc[drawn]
    others = holdout.iloc[rng.choice(len(holdout), n, replace=False)]
    m = min(len(synthetic), max_rows)
    rows = synthetic.iloc[rng.choice(len(synthetic), m, replace=False)]
    points, part_points, other_points = neighbour_features(train, rows, parts, others)
    away = _nearest_distance(points, other_points)
    shares = []
    for k in range(n_parts):
        near = _nearest_distance(points, part_points[k * n : (k + 1) * n])
        tie = np.abs(near - away) <= _TIE * (1 + away)
        shares.append(np.mean((near < away) & ~tie) + tie.mean() / 2)
    return pd.Series(
        {
            "closer_to_train": float(np.mean(shares)),
            "copies": copies,
            "holdout_copies": repeats,
            "excess_copies": max(0.0, copies - repeats),
        }
    )


def _nearest_distance(points, reference) -> np.ndarray:
    nearest = pairwise_distances_argmin(points, reference)
    # The search expands (a - b)^2, whose rounding would break ties at random.
    difference = points - reference[nearest]
    return np.sqrt(np.asarray((difference * difference).sum(axis=1)).ravel())
