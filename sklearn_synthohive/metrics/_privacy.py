"""Are synthetic rows closer to the training rows than they should be?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.metrics._closest import ClosestRecords, closest_records
from sklearn_synthohive.metrics._columns import check_pair
from sklearn_synthohive.metrics._features import exact_rows

__all__ = ["privacy"]


def privacy(
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame,
    *,
    max_rows: int = 10_000,
    seed: int = 0,
    records: ClosestRecords | None = None,
) -> pd.Series:
    """How much closer synthetic rows are to the training rows than to other real ones.

    The distance of two rows is Euclidean over columns: numbers and dates count by
    their difference in standard deviations of ``train``, categories by 0 or 1; a
    missing number stands at the mean and adds 1 against one that is there. The
    training rows are cut at random into parts of the holdout's size (four at most);
    in each, it is counted how many synthetic rows have their nearest neighbour there
    and not in the holdout [1]_. Ties count one half.

    Parameters
    ----------
    train, synthetic, holdout : DataFrame
        With the same columns, in any order. ``holdout``: real rows that the generator
        has not seen.
    max_rows : int, default=10_000
        At most so many synthetic rows and holdout rows are used for distances. Copies
        are looked for among all rows.
    seed : int, default=0
        For the draws.
    records : ClosestRecords, optional
        The distances, where :func:`closest_records` has found them already;
        ``max_rows`` and ``seed`` are then those that it was called with.

    Returns
    -------
    Series
        - ``closer_to_train``: share of synthetic rows closer to train, 0.5 is ideal,
          and ``closer_to_train_error``, its standard error;
        - ``copies``: share of synthetic rows that equal a training row in every cell,
          ``holdout_copies``: the same of the holdout rows, the rate at which real rows
          repeat, ``excess_copies``: what the first has beyond the second;
        - ``dcr_5`` and ``dcr_50``: quantiles at 5 and 50 % of the distances to the
          closest training record, ``holdout_dcr_5`` and ``holdout_dcr_50`` those of
          the holdout rows. Smaller than the holdout's: too close;
        - ``nndr_5`` and ``holdout_nndr_5``: the 5 % quantile of the nearest neighbour's
          distance over the second nearest's. Near 0 a row points at one record;
        - ``membership_auc``: of an attacker who takes those records for training rows
          that have a synthetic row near them [2]_, 0.5 is ideal, and
          ``membership_error``, its standard error.

    References
    ----------
    .. [1] M. Platzer and T. Reutterer, "Holdout-based empirical assessment of
       mixed-type synthetic data", Frontiers in Big Data 4 (2021).
       https://doi.org/10.3389/fdata.2021.679939
    .. [2] D. Chen, N. Yu, Y. Zhang, M. Fritz, "GAN-Leaks: a taxonomy of membership
       inference attacks against generative models", CCS 2020 (the full black-box
       attack). https://arxiv.org/abs/1909.03935

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_synthohive.metrics import privacy
    >>> rng = np.random.default_rng(0)
    >>> train = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    >>> holdout = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    >>> scores = privacy(train, train, holdout)
    >>> scores[["closer_to_train", "copies", "membership_auc"]].round(2).to_dict()
    {'closer_to_train': 1.0, 'copies': 1.0, 'membership_auc': 1.0}
    """
    train, synthetic = check_pair(train, synthetic, names=("train", "synthetic"))
    train, holdout = check_pair(train, holdout, names=("train", "holdout"))
    known = exact_rows(train, train)
    copies = float(np.isin(exact_rows(train, synthetic), known).mean())
    repeats = float(np.isin(exact_rows(train, holdout), known).mean())
    if records is None:
        records = closest_records(
            train, synthetic, holdout, max_rows=max_rows, seed=seed
        )
    near, held_out = records.synthetic_distances, records.holdout_distances
    membership, membership_error = records.membership
    return pd.Series(
        {
            "closer_to_train": records.closer_to_train,
            "closer_to_train_error": records.closer_to_train_error,
            "copies": copies,
            "holdout_copies": repeats,
            "excess_copies": max(0.0, copies - repeats),
            "dcr_5": float(np.quantile(near, 0.05)),
            "holdout_dcr_5": float(np.quantile(held_out, 0.05)),
            "dcr_50": float(np.quantile(near, 0.5)),
            "holdout_dcr_50": float(np.quantile(held_out, 0.5)),
            "nndr_5": float(np.quantile(records.synthetic_ratios, 0.05)),
            "holdout_nndr_5": float(np.quantile(records.holdout_ratios, 0.05)),
            "membership_auc": membership,
            "membership_error": membership_error,
        }
    )
