"""Rows chosen from a pool by weight, each at most once."""

from __future__ import annotations

import numpy as np

__all__ = ["choose_one", "inclusion_probabilities", "pool_ratio", "select_rows"]

# Sizes of a pool that are tried, and the weight that may lie above what one copy of a
# row can stand for.
POOL_RATIOS = (2, 3, 4, 6)
MAX_LOSS = 0.01


def inclusion_probabilities(log_weights: np.ndarray, n: int) -> np.ndarray:
    """Probabilities in proportion to weights, none above one, that sum to ``n``.

    Parameters
    ----------
    log_weights : ndarray of shape (n_pool,)
    n : int
        At most ``n_pool``.

    Returns
    -------
    ndarray of shape (n_pool,)
    """
    if not n:
        return np.zeros(len(log_weights))
    weights = np.exp(log_weights - log_weights.max(initial=-np.inf))
    certain = np.zeros(len(weights), dtype=bool)
    while True:
        free = weights[~certain].sum()
        scale = (n - certain.sum()) / free if free > 0 else 0.0
        above = ~certain & (weights * scale > 1)
        if not above.any():
            return np.where(certain, 1.0, np.minimum(weights * scale, 1.0))
        certain |= above


def select_rows(log_weights: np.ndarray, n: int, rng) -> np.ndarray:
    """Choose ``n`` different rows with probabilities in proportion to their weights.

    Order sampling with the ranking of Rosén (1997), "On sampling with probability
    proportional to size", Journal of Statistical Planning and Inference 62: of a
    fixed number of rows, with inclusion probabilities that differ from the wanted ones
    by next to nothing.

    Parameters
    ----------
    log_weights : ndarray of shape (n_pool,)
    n : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n,), int64
        Ascending.
    """
    if n > len(log_weights):
        raise ValueError(
            f"{n} rows cannot be chosen from {len(log_weights)} without copies: "
            "generate more rows to choose from."
        )
    if n == len(log_weights) or not n:
        return np.arange(n)
    wanted = inclusion_probabilities(log_weights, n)
    uniform = rng.random(len(wanted))
    with np.errstate(divide="ignore"):
        key = uniform / (1 - uniform) * (1 - wanted) / wanted
    return np.sort(np.argpartition(key, n - 1)[:n])


def choose_one(log_weights: np.ndarray, rng) -> np.ndarray:
    """Choose one candidate in each row of a table of weights.

    Parameters
    ----------
    log_weights : ndarray of shape (n, n_candidates)
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n,), int64
    """
    return (log_weights + rng.gumbel(size=log_weights.shape)).argmax(axis=1)


def pool_ratio(log_weights: np.ndarray) -> int:
    """How many rows to generate for each row that is kept.

    Parameters
    ----------
    log_weights : ndarray of shape (n_pool,)

    Returns
    -------
    int
        The least with which hardly any row would have to be taken twice.
    """
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.mean()
    for ratio in POOL_RATIOS:
        if np.maximum(weights - ratio, 0).mean() <= MAX_LOSS:
            return ratio
    return POOL_RATIOS[-1]
