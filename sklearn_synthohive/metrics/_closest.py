"""Distances between synthetic rows and the real records nearest to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sklearn_synthohive.metrics._auc import auc_with_error
from sklearn_synthohive.metrics._columns import check_pair
from sklearn_synthohive.metrics._features import neighbour_features
from sklearn_synthohive.metrics._neighbours import TIE, nearest_distances

__all__ = ["ClosestRecords", "closest_records"]

# Parts of the training rows that are each compared with the holdout.
_MAX_PARTS = 4


@dataclass(frozen=True)
class ClosestRecords:
    """Distances to the closest training records; see :func:`closest_records`.

    Attributes
    ----------
    synthetic_distances, holdout_distances : ndarray of float64
        Of each synthetic and each holdout row to the closest of the same training rows.
    synthetic_ratios, holdout_ratios : ndarray of float64
        That distance over the one to the second closest; 1 where both are 0.
    closer_to_train : float
        Share of synthetic rows that are closer to a part of the training rows than to
        an equally large holdout, ties one half.
    closer_to_train_error : float
        Its standard error where train and holdout are exchangeable: each real record
        is on either side by chance, with all synthetic rows that it is nearest to.
    member_distances, other_distances : ndarray of float64
        Of training and of holdout records to the closest synthetic row.
    """

    synthetic_distances: np.ndarray
    holdout_distances: np.ndarray
    synthetic_ratios: np.ndarray
    holdout_ratios: np.ndarray
    closer_to_train: float
    closer_to_train_error: float
    member_distances: np.ndarray
    other_distances: np.ndarray

    @property
    def membership(self) -> tuple[float, float]:
        """AUC, and its standard error, of guessing by the distance who is a member."""
        labels = np.repeat(
            [1, 0], [len(self.member_distances), len(self.other_distances)]
        )
        distances = np.concatenate([self.member_distances, self.other_distances])
        # Below the tie distances only differ by rounding.
        return auc_with_error(labels, -np.round(distances, 9))


def closest_records(
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame,
    *,
    max_rows: int = 10_000,
    seed: int = 0,
) -> ClosestRecords:
    """Distances of synthetic rows to training rows, beside those of held-out rows.

    :func:`privacy` sums them up and defines them.

    Parameters
    ----------
    train, synthetic, holdout : DataFrame
        With the same columns, in any order.
    max_rows : int, default=10_000
        At most so many synthetic rows and holdout rows are used, and four times as many
        training rows; the membership attack sees four times as many synthetic rows.
    seed : int, default=0
        For the draws.

    Returns
    -------
    ClosestRecords

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_synthohive.metrics import closest_records
    >>> train, holdout = pd.DataFrame({"x": [0, 1, 5]}), pd.DataFrame({"x": [2, 3, 9]})
    >>> found = closest_records(train, train, holdout)
    >>> found.synthetic_distances.tolist(), found.closer_to_train
    ([0.0, 0.0, 0.0], 1.0)
    """
    train, synthetic = check_pair(train, synthetic, names=("train", "synthetic"))
    train, holdout = check_pair(train, holdout, names=("train", "holdout"))
    rng = np.random.default_rng(seed)
    n = min(len(train), len(holdout), max_rows)
    n_parts = min(_MAX_PARTS, len(train) // n)
    parts = train.iloc[rng.choice(len(train), n * n_parts, replace=False)]
    others = holdout.iloc[rng.choice(len(holdout), n, replace=False)]
    m = min(len(synthetic), max_rows)
    rows = synthetic.iloc[rng.choice(len(synthetic), m, replace=False)]
    # The attacker of membership has more of the synthetic rows.
    known = synthetic.iloc[rng.permutation(len(synthetic))[: _MAX_PARTS * max_rows]]
    points, part_points, other_points, known_points = neighbour_features(
        train, rows, parts, others, known
    )
    away, away_rows = nearest_distances(points, other_points, return_index=True)
    shares, errors, near, held_out = [], [], [], []
    for k in range(n_parts):
        part = part_points[k * n : (k + 1) * n]
        distances, index = nearest_distances(points, part, 2, return_index=True)
        share, error = _closer(
            distances[:, 0], index[:, 0], away[:, 0], away_rows[:, 0], n
        )
        shares.append(share)
        errors.append(error)
        near.append(distances)
        held_out.append(nearest_distances(other_points, part, 2))
    synthetic_distances, synthetic_ratios = _closest_two(near)
    holdout_distances, holdout_ratios = _closest_two(held_out)
    return ClosestRecords(
        synthetic_distances=synthetic_distances,
        holdout_distances=holdout_distances,
        synthetic_ratios=synthetic_ratios,
        holdout_ratios=holdout_ratios,
        closer_to_train=float(np.mean(shares)),
        # The parts share the holdout: their errors do not average out.
        closer_to_train_error=float(np.mean(errors)),
        member_distances=nearest_distances(part_points[:n], known_points)[:, 0],
        other_distances=nearest_distances(other_points, known_points)[:, 0],
    )


def _closer(near, near_rows, away, away_rows, n) -> tuple[float, float]:
    """Share of rows closer to train, and its error when labels are exchangeable."""
    tie = np.abs(near - away) <= TIE * (1 + away)
    closer = (near < away) & ~tie
    farther = ~closer & ~tie
    # A record's label decides for all synthetic rows that it is nearest to.
    hits = np.concatenate(
        [
            np.bincount(near_rows[closer], minlength=n),
            np.bincount(away_rows[farther], minlength=n),
        ]
    )
    # Equally many labels of either kind: only the differences of the hits count.
    error = np.sqrt(((hits - hits.mean()) ** 2).sum()) / 2 / len(near)
    return float(closer.mean() + tie.mean() / 2), float(error)


def _closest_two(parts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Distances to the closest over all parts, and their ratio to the second."""
    both = np.sort(np.concatenate(parts, axis=1), axis=1)[:, :2]
    closest, second = both.T
    ratios = np.ones(len(closest))
    apart = second > TIE
    ratios[apart] = closest[apart] / second[apart]
    return closest, ratios
