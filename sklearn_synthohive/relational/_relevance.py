"""Which of the things known of a row tell something of rows like it elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeRegressor

from sklearn_synthohive.relational._features import AttributeEncoder, profile_matrix

__all__ = ["telling_columns"]

MAX_ROWS = 20_000
MAX_LEAVES = 8
FOLDS = 3
MIN_GAIN = 0.003


def telling_columns(context: pd.DataFrame, frame: pd.DataFrame, family, seed=0) -> list:
    """Context columns that bear themselves out on other families.

    A table whose 4,500 rows have 77 parents has thirteen attributes of these to read:
    enough to tell every parent apart, and so to learn what its rows were, of which
    nothing holds for a new parent. Each column on its own has to explain some column
    of the rows of families that it was not fitted on.

    Parameters
    ----------
    context : DataFrame of shape (n_rows, n_context_columns)
    frame : DataFrame of shape (n_rows, n_columns)
    family : ndarray of int of shape (n_rows,)
        Rows of one family are left out together.
    seed : int

    Returns
    -------
    list of str
    """
    rng = np.random.default_rng(seed)
    take = _whole_families(family, rng)
    codes, families = pd.factorize(family[take])
    if len(families) < FOLDS:
        return list(context.columns)
    fold = rng.permutation(len(families))[codes] % FOLDS
    context = context.take(take).reset_index(drop=True)
    blocks = [profile_matrix(frame[[c]].take(take)) for c in frame.columns]
    targets = np.concatenate(blocks, axis=1)
    block = np.repeat(np.arange(len(blocks)), [b.shape[1] for b in blocks])
    least = max(MIN_GAIN, 2 / len(families))
    return [
        column
        for column in context.columns
        if _gain(context[[column]], targets, block, fold) > least
    ]


def _whole_families(family, rng):
    if len(family) <= MAX_ROWS:
        return np.arange(len(family))
    names = np.unique(family)
    share = MAX_ROWS / len(family)
    kept = rng.permutation(names)[: max(int(share * len(names)), 20)]
    rows = np.flatnonzero(np.isin(family, kept))
    # A few families may still be very long.
    return np.sort(rng.permutation(rows)[:MAX_ROWS])


def _gain(column, targets, block, fold):
    """The largest share of a column's variance that is explained on rows left out."""
    before, after = np.zeros(block[-1] + 1), np.zeros(block[-1] + 1)
    for k in range(FOLDS):
        a, b = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        if not len(a) or not len(b):
            continue
        encoder = AttributeEncoder.fit(column.take(a), targets[a])
        tree = DecisionTreeRegressor(
            max_leaf_nodes=MAX_LEAVES, min_samples_leaf=10, random_state=0
        ).fit(encoder.transform(column.take(a)), targets[a])
        guess = tree.predict(encoder.transform(column.take(b))).reshape(len(b), -1)
        mean = targets[a].mean(axis=0)
        before += np.bincount(block, ((targets[b] - mean) ** 2).sum(axis=0))
        after += np.bincount(block, ((targets[b] - guess) ** 2).sum(axis=0))
    gains = 1 - after / np.maximum(before, 1e-12)
    return float(gains.max(initial=0.0))
