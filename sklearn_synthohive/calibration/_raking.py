"""Weights under which coarse one- and two-way tables of a pool are the real ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

__all__ = ["RakingRule", "WeightTables", "rake"]

# No row counts for more than so many average ones.
MAX_WEIGHT = 10.0
# Ratios closer to one than this are as good as one.
SMALL_STEP = 1e-3
# Wide tables: at most so many pairs of columns.
MAX_PAIRS = 2_000


@dataclass(frozen=True)
class RakingRule:
    """How raking goes about it.

    Attributes
    ----------
    n_passes : int
        Times that each table is met, at most.
    max_ratio : float
        A cell's weight changes by at most this factor at a time.
    tolerance : float
        Deviations of so many standard errors are left alone; zero is plain raking.
    prior_count : float
        Rows that the model itself is worth in each cell; zero is plain raking.
    """

    n_passes: int = 6
    max_ratio: float = 5.0
    tolerance: float = 1.5
    prior_count: float = 100.0


@dataclass(frozen=True)
class WeightTables:
    """Log-weights of rows as sums over cells of one- and two-way tables.

    Attributes
    ----------
    sizes : list of int
        Number of codes of each column.
    columns : list of tuple
        One or two columns a table.
    terms : list of ndarray
        For each table the term of each cell; a two-way table is flattened.
    log_mean : float
        Log of the mean weight of the pool.
    """

    sizes: list
    columns: list
    terms: list
    log_mean: float

    def log_weights(self, codes: np.ndarray) -> np.ndarray:
        """Log-weights relative to the mean of the pool that the tables were fitted on.

        Parameters
        ----------
        codes : ndarray of shape (n_columns, n_rows), int64

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        return np.minimum(self.raw(codes) - self.log_mean, np.log(MAX_WEIGHT))

    def raw(self, codes: np.ndarray) -> np.ndarray:
        """The sums of the terms, neither centred nor capped."""
        out = np.zeros(codes.shape[1])
        for columns, terms in zip(self.columns, self.terms, strict=True):
            out += terms[_cells(codes, columns, self.sizes)]
        return out

    def to_state(self) -> dict:
        """Plain data, for a file."""
        return {
            "sizes": [int(size) for size in self.sizes],
            "columns": [tuple(int(c) for c in columns) for columns in self.columns],
            "terms": list(self.terms),
            "log_mean": float(self.log_mean),
        }

    @classmethod
    def from_state(cls, state: dict) -> WeightTables:
        """Undo :meth:`to_state`."""
        return cls(**state)


def rake(
    real: np.ndarray,
    pool: np.ndarray,
    sizes: list[int],
    rule: RakingRule,
    *,
    n_given: int = 0,
    n_candidates: int = 1,
) -> WeightTables:
    """Weigh a pool so that its one- and two-way tables become those of real rows.

    Iterative proportional fitting (Deming and Stephan 1940): table after table the
    weights of a cell's rows are multiplied by the ratio of its real to its present
    share. The weight of a row is then a product of terms of its cells, which is what
    is kept: it can be looked up for any row. The real tables are samples themselves:
    a cell is moved only to within its standard error (relaxed constraints: Dudík,
    Phillips and Schapire, COLT 2004), and ratios are shrunk by a prior count.

    Parameters
    ----------
    real : ndarray of shape (n_columns, n_real), int64
    pool : ndarray of shape (n_columns, n_pool), int64
    sizes : list of int
        Number of codes of each column.
    rule : RakingRule
    n_given : int
        So many columns at the start are given, not generated: only their tables with
        the others are met.
    n_candidates : int
        With given columns the pool holds, one after the other, so many rows for each
        row of them, whose weights sum to one.

    Returns
    -------
    WeightTables
    """
    n_real, n_pool = real.shape[1], pool.shape[1]
    n_free = n_pool // n_candidates
    chosen = _choose_tables(real, pool, sizes, n_given)
    terms = [np.zeros(int(np.prod([sizes[c] for c in t]))) for t in chosen]
    targets = [
        np.bincount(_cells(real, t, sizes), minlength=len(own)).astype(np.float64)
        for t, own in zip(chosen, terms, strict=True)
    ]
    # Both the real table and the pool are samples.
    inflation = 1 + n_real / n_free
    weights = np.full(n_pool, n_real / n_pool)
    for _ in range(rule.n_passes):
        largest = 0.0
        for columns, target, own in zip(chosen, targets, terms, strict=True):
            cells = _cells(pool, columns, sizes)
            present = np.bincount(cells, weights=weights, minlength=len(own))
            step = _log_ratio(target, present, rule, inflation)
            if step.any():
                own += step
                weights *= np.exp(step)[cells]
                groups = weights.reshape(
                    -1, n_pool if n_candidates == 1 else n_candidates
                )
                groups *= n_real / len(groups) / groups.sum(axis=1, keepdims=True)
                largest = max(largest, float(np.abs(step).max()))
        if largest < SMALL_STEP:
            break
    kept = [k for k, own in enumerate(terms) if own.any()]
    tables = WeightTables(
        list(sizes),
        [chosen[k] for k in kept],
        [terms[k].astype(np.float32) for k in kept],
        0.0,
    )
    return replace(tables, log_mean=_log_mean(tables.raw(pool)))


def _log_mean(log_weights):
    top = log_weights.max(initial=0.0)
    return float(top + np.log(np.exp(log_weights - top).mean()))


def _log_ratio(target, present, rule, inflation):
    """What each cell's log-weight changes by."""
    gap = target - present
    slack = rule.tolerance * np.sqrt(np.maximum(present, 1.0) * inflation)
    target = present + np.sign(gap) * np.maximum(np.abs(gap) - slack, 0)
    upper = target + rule.prior_count
    lower = present + rule.prior_count
    # A cell without a row of the pool has nothing to weigh.
    ratio = np.divide(upper, lower, out=np.ones(len(lower)), where=present > 0)
    return np.log(np.clip(ratio, 1 / rule.max_ratio, rule.max_ratio))


def _cells(codes, columns, sizes):
    if len(columns) == 1:
        return codes[columns[0]]
    first, second = columns
    return codes[first] * sizes[second] + codes[second]


def _choose_tables(real, pool, sizes, n_given):
    """One-way tables, then two-way tables, of columns with more than one code."""
    varied = [c for c, size in enumerate(sizes) if size > 1]
    pairs = [p for p in combinations(varied, 2) if p[1] >= n_given]
    if len(pairs) > MAX_PAIRS:
        difference = np.abs(_correlation(real) - _correlation(pool))
        order = np.argsort([-difference[p] for p in pairs], kind="stable")
        pairs = [pairs[k] for k in np.sort(order[:MAX_PAIRS])]
    return [(c,) for c in varied if c >= n_given] + pairs


def _correlation(codes):
    centred = codes - codes.mean(axis=1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=1))
    centred /= np.where(deviation > 0, deviation, 1.0)[:, None]
    return centred @ centred.T / codes.shape[1]
