"""Few rows that together are what many would be: chosen, not merely drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.relational._features import (
    as_levels,
    as_numbers,
    is_numeric_like,
)

__all__ = [
    "MAX_BALANCED",
    "MAX_BALANCED_CHILDREN",
    "MAX_FREE",
    "choose_rows",
    "level_shares",
    "mend_names",
    "statistics_of",
]

# More rows than these are balanced enough as they are drawn; tables under another one
# have as many as their parents want, and come sooner to that.
MAX_BALANCED, MAX_BALANCED_CHILDREN = 30_000, 1000
# More rows choose among some each, not among all.
MAX_FREE = 200
MAX_LEVELS = 100
# A share of all rows, less what floating point makes of it.
ALMOST = 1e-6
QUANTILES = 8
# Exchanges, at most: each row some times.
SWEEPS, MAX_EXCHANGES = 4, 60_000


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
        if len(counts) > len(frame) // 2 and len(frame) > MAX_BALANCED_CHILDREN:
            # Names; there are too many of them to be counted.
            continue
        counts = counts[counts >= least].sort_index()
        told[str(column)] = {k: float(v / len(frame)) for k, v in counts.items()}
    return told


def statistics_of(pool: pd.DataFrame, shares: dict, n_rows: int):
    """What is to be met, as columns of zeros and ones, and the number of rows each.

    Parameters
    ----------
    pool : DataFrame of shape (n_pool, n_columns)
        Drawn rows; what shares do not tell is to be as in them.
    shares : dict
        As of :func:`level_shares`.
    n_rows : int
        To be chosen.

    Returns
    -------
    statistics : ndarray of float32 of shape (n_pool, n_statistics)
    target : ndarray of float32 of shape (n_statistics,)
    """
    blocks, targets = [np.zeros((len(pool), 0))], [np.zeros(0)]
    for column in pool:
        values = pool[column]
        if is_numeric_like(values):
            block = _bins(as_numbers(values))
            wanted = block.mean(axis=0) * n_rows
        else:
            block, wanted = _levels(values, shares.get(str(column), {}), n_rows)
        blocks.append(block)
        targets.append(wanted)
    return (
        np.concatenate(blocks, axis=1).astype(np.float32),
        np.concatenate(targets).astype(np.float32),
    )


def _levels(values, shares, n_rows):
    codes, names = pd.factorize(as_levels(values), sort=True)
    counts = np.bincount(codes, minlength=len(names))
    kept = np.argsort(-counts, kind="stable")[:MAX_LEVELS]
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
    for _ in range(min(SWEEPS, max(MAX_EXCHANGES // n_rows, 1))):
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


def mend_names(values: pd.Series, pool: pd.Series, shares: dict, rng) -> pd.Series:
    """Names as often as they should be: what came too often becomes what is missing.

    A column of names says which row it is, and depends on nothing that could be
    learned: the other cells of a row go with any of them.

    Parameters
    ----------
    values : Series of shape (n_rows,)
    pool : Series
        Drawn values, of which those that are missing are taken.
    shares : dict of str to float
        Of the levels, as of :func:`level_shares`.
    rng : Generator

    Returns
    -------
    Series of shape (n_rows,)
    """
    n = len(values)
    codes, names = pd.factorize(as_levels(pd.concat([values, pool])))
    first = np.unique(codes, return_index=True)[1]
    share = np.array([shares.get(name, np.nan) for name in names]) * n
    codes = codes[:n]
    place = pd.Series(np.arange(n)).sample(frac=1, random_state=rng).index.to_numpy()
    rank = pd.Series(codes[place]).groupby(codes[place]).cumcount().to_numpy()
    surplus = place[rank >= np.ceil(share - ALMOST)[codes[place]]]
    counts = np.bincount(codes, minlength=len(names))
    kept = np.bincount(np.delete(codes, surplus), minlength=len(names))
    lacking = np.maximum(np.ceil(np.nan_to_num(share) - ALMOST) - kept, 0)
    # The ones that lack most come first; whole rows before parts of one.
    urgent = np.nan_to_num(share) - counts + 1e-3 * rng.random(len(names))
    order = np.argsort(-urgent, kind="stable")
    wanted = np.repeat(order, lacking[order].astype(int))[: len(surplus)]
    source = np.arange(n)
    source[rng.permutation(surplus)[: len(wanted)]] = first[wanted]
    return pd.concat([values, pool]).iloc[source].reset_index(drop=True)
