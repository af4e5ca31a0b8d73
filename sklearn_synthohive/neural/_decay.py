"""How strongly each weight of the first layer is drawn to zero."""

from __future__ import annotations

import math

import numpy as np

from sklearn_synthohive.neural._columns import Columns

__all__ = ["WEIGHT_DECAY", "input_decay"]

# Decay of weights that nothing is known of.
WEIGHT_DECAY = 0.05
# More for an input that tells nothing, of batches of all rows.
STRENGTH = 10.0
# Nats that halve what there is more.
ENOUGH = 0.03


def input_decay(
    columns: Columns, information: np.ndarray, n_rows: int, batch_size: int
) -> np.ndarray:
    """Decay of what each generated column makes of each column that it may see.

    Where two columns tell nothing about each other, what a weight between them learns
    is mostly the training rows by heart. A weight that only fits noise is where its
    gradient and the decay balance: the one is about ``sqrt(batch_size / n_rows)`` of a
    batch's own spread, so the decay is in proportion to that.

    Parameters
    ----------
    columns : Columns
    information : ndarray of shape (n_columns, n_columns)
        Mutual information in nats.
    n_rows, batch_size : int

    Returns
    -------
    ndarray of shape (n_columns, n_generated), float32
    """
    more = STRENGTH * math.sqrt(min(1.0, batch_size / n_rows))
    order = list(columns.order)
    decay = WEIGHT_DECAY + more / (1 + (information[:, order] / ENOUGH) ** 2)
    # Of grouped levels only the frequent ones were measured.
    grouped = np.array([group is not None for group in columns.groups])
    decay[grouped] = WEIGHT_DECAY
    decay[:, grouped[order]] = WEIGHT_DECAY
    return decay.astype(np.float32)
