"""Few rows that together are what many would be: chosen, not merely drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.relational._features import (
    as_levels,
    as_numbers,
    is_numeric_like,
)

__all__ = ["MAX_BALANCED", "choose_rows", "level_shares", "statistics_of"]

# More rows than these are balanced enough as they are drawn.
MAX_BALANCED = 1000
MAX_LEVELS = 100
QUANTILES = 8
SWEEPS = 4
# Repetitions in a column without any weigh as much as so many of the other deviations.
WEIGHT_DISTINCT = 25.0


def level_shares(frame: pd.DataFrame, least: int = 1) -> dict:
    """The shares of the levels of categories, as plain data.

    Parameters
    ----------
    frame : DataFrame
    least : int
        Levels of fewer rows are left out.

    Returns
    -------
    dict of str to dict of str to float
    """
    told = {}
    for column in frame:
        if is_numeric_like(frame[column]):
            continue
        counts = pd.Series(as_levels(frame[column])).value_counts()
        counts = counts[counts >= least].head(MAX_LEVELS).sort_index()
        told[str(column)] = {k: float(v / len(frame)) for k, v in counts.items()}
    return told


def statistics_of(pool: pd.DataFrame, distinct, shares: dict, n_rows: int):
    """What is to be met, as columns of zeros and ones, and the number of rows each.

    Parameters
    ----------
    pool : DataFrame of shape (n_pool, n_columns)
        Drawn rows; what shares do not tell is to be as in them.
    distinct : list of columns
        Whose values are to differ in all rows.
    shares : dict
        As of :func:`level_shares`.
    n_rows : int
        To be chosen.

    Returns
    -------
    statistics : ndarray of float32 of shape (n_pool, n_statistics)
    target : ndarray of float32 of shape (n_statistics,)
    """
    blocks, targets = [], []
    for column in pool:
        values = pool[column]
        if is_numeric_like(values) and column not in distinct:
            block = _bins(as_numbers(values))
            wanted = block.mean(axis=0) * n_rows
        else:
            block, wanted = _levels(values, shares.get(str(column), {}), n_rows)
            if column in distinct:
                wanted = np.full(block.shape[1], min(n_rows / block.shape[1], 1.0))
                block, wanted = block * WEIGHT_DISTINCT, wanted * WEIGHT_DISTINCT
        blocks.append(block)
        targets.append(wanted)
    if not blocks:
        return np.zeros((len(pool), 0), dtype=np.float32), np.zeros(0, np.float32)
    return (
        np.concatenate(blocks, axis=1).astype(np.float32),
        np.concatenate(targets).astype(np.float32),
    )


def _levels(values, shares, n_rows):
    codes, names = pd.factorize(as_levels(values), sort=True)
    counts = np.bincount(codes, minlength=len(names))
    kept = np.argsort(-counts, kind="stable")[: 10 * MAX_LEVELS]
    block = (codes[:, None] == kept[None, :]).astype(np.float32)
    told = [shares.get(names[k], counts[k] / len(codes)) for k in kept]
    return block, np.array(told) * n_rows


def _bins(numbers):
    """Cumulated, so that near misses count less; and the missing ones."""
    known = numbers[np.isfinite(numbers)]
    missing = ~np.isfinite(numbers)
    if not len(known):
        return np.zeros((len(numbers), 0))
    edges = np.unique(np.quantile(known, np.arange(1, QUANTILES) / QUANTILES))
    block = np.where(missing, np.inf, numbers)[:, None] <= edges[None, :]
    return np.column_stack([block, missing]).astype(np.float32)


def choose_rows(statistics, target, n_rows: int, rng, candidates=None) -> np.ndarray:
    """Choose rows whose statistics sum to the target, by exchanges.

    Parameters
    ----------
    statistics : ndarray of shape (n_pool, n_statistics)
    target : ndarray of shape (n_statistics,)
    n_rows : int
    rng : Generator
    candidates : ndarray of int of shape (n_rows, n_candidates), optional
        The rows of the pool that may take each place; by default any may, once.

    Returns
    -------
    ndarray of int64 of shape (n_rows,)
    """
    if candidates is None:
        chosen = rng.permutation(len(statistics))[:n_rows]
    else:
        chosen = candidates[:, 0].copy()
    rest = statistics[chosen].sum(axis=0) - target
    squares = (statistics**2).sum(axis=1)
    taken = np.zeros(len(statistics), dtype=bool)
    for _ in range(SWEEPS):
        before = chosen.copy()
        for i in rng.permutation(n_rows):
            rest -= statistics[chosen[i]]
            open_ = slice(None) if candidates is None else candidates[i]
            error = squares[open_] + 2 * (statistics[open_] @ rest)
            if candidates is None:
                taken[:] = False
                taken[np.delete(chosen, i)] = True
                error = np.where(taken, np.inf, error)
                best = int(error.argmin())
            else:
                best = int(candidates[i][error.argmin()])
            # The row that is there stays unless another one is better.
            mine = squares[chosen[i]] + 2 * (statistics[chosen[i]] @ rest)
            if error.min() < mine - 1e-6:
                chosen[i] = best
            rest += statistics[chosen[i]]
        if (before == chosen).all():
            break
    return chosen
