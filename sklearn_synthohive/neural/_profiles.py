"""What the rows of a level have in common, as a point for each level."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csr_array

from sklearn_synthohive.layout import CompactTable, Layout
from sklearn_synthohive.neural._columns import Columns
from sklearn_synthohive.neural._levels import LevelGroups
from sklearn_synthohive.neural._order import (
    MAX_SEEN,
    WIDE,
    coarse_codes,
    dependences,
    learn_order,
    most_informative,
)
from sklearn_synthohive.neural._pairs import find_determined, sources_first

__all__ = ["group_levels", "learn_columns", "level_profiles"]

MAX_ROWS = 400_000

N_FEATURES = 8
# Added to the variance within levels of each indicator, whose own is a share of rows.
RIDGE = 1e-3
# Levels of a column that may all but determine others.
LEAST_LEVELS = 8
# Fewest rows beyond one a level: what is within a level is learnt from them.
LEAST_REPEATS = 100


def learn_columns(
    layout: Layout,
    table: CompactTable,
    counts: Sequence[np.ndarray],
    context_layout: Layout | None = None,
    context: CompactTable | None = None,
    last: Collection[int] = (),
) -> tuple[Columns, np.ndarray]:
    """What the network is to know of a table's columns before it learns.

    Parameters
    ----------
    layout, table : Layout, CompactTable
    counts : sequence of ndarray
        Rows in each state of the table's columns, also of rows that are not in it.
    context_layout, context : Layout, CompactTable, optional
    last : collection of int
        Columns of the table that are to tell nothing of others.

    Returns
    -------
    columns : Columns
    information : ndarray of shape (n_columns, n_columns)
        Mutual information in nats, context first; see :func:`dependences`.
    """
    groups = group_levels(layout, table, counts, context_layout, context)
    parts = [(layout, table)]
    if context_layout is not None and context is not None:
        parts.insert(0, (context_layout, context))
    information = dependences(parts)
    n_context = len(information) - len(layout.spans)
    own_information = information[n_context:, n_context:]
    order = learn_order(layout, table, own_information)
    pairs = {}
    spans = [*(context_layout.spans if context_layout else ()), *layout.spans]
    categories = [
        c
        for c, span in enumerate(spans)
        if span.kind != "continuous" and span.n_states >= LEAST_LEVELS
    ]
    if categories:
        codes = table.codes
        if context is not None:
            codes = np.concatenate([context.codes, codes], axis=1)
        sizes, targets = [s.n_states for s in spans], range(n_context, len(spans))
        pairs = find_determined(codes, sizes, categories, targets)
        order = sources_first([n_context + c for c in order], pairs)
        order = [c - n_context for c in order]
    order.sort(key=lambda c: c in last)
    seen = None
    if len(order) > WIDE:
        given = list(range(n_context))
        own = most_informative(own_information, order, MAX_SEEN)
        seen = [[*given, *(n_context + c for c in part)] for part in own]
    columns = Columns.of(layout, context_layout, order, groups, pairs, seen)
    return columns, information


def group_levels(
    layout: Layout,
    table: CompactTable,
    counts: Sequence[np.ndarray],
    context_layout: Layout | None = None,
    context: CompactTable | None = None,
) -> dict[int, LevelGroups]:
    """Groups of the levels of all columns that have many.

    Parameters
    ----------
    layout, table : Layout, CompactTable
    counts : sequence of ndarray
        Rows in each state of the table's columns, also of rows that are not in it.
    context_layout, context : Layout, CompactTable, optional

    Returns
    -------
    dict of int to LevelGroups
        By column, context first.
    """
    parts = [(layout, table)]
    if context_layout is not None and context is not None:
        parts.insert(0, (context_layout, context))
    spans = [span for part, _ in parts for span in part.spans]
    large = [c for c, span in enumerate(spans) if Columns.is_large(span)]
    if not large:
        return {}
    n = len(table)
    rows = np.linspace(0, n - 1, min(n, MAX_ROWS)).astype(int)
    coarse = np.concatenate(
        [coarse_codes(part, data.take(rows)) for part, data in parts], axis=1
    )
    every = np.concatenate([data.codes for _, data in parts], axis=1)
    groups = {}
    for c in large:
        levels, n_levels = every[:, c].astype(np.int64), spans[c].n_states
        others = np.delete(coarse, c, axis=1)
        profiles, doubt = level_profiles(levels[rows], n_levels, others)
        own = c - (len(spans) - len(layout.spans))
        count = np.bincount(levels, minlength=n_levels) if own < 0 else counts[own]
        groups[c] = LevelGroups.of(count, profiles, doubt)
    return groups


def level_profiles(
    levels: np.ndarray, n_levels: int, codes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Posterior means of the levels in the directions in which they differ most.

    Linear discriminants of the levels over indicators of the other columns' codes,
    scaled to unit variance within a level. The means are shrunk to zero as far as the
    variance between levels and the number of rows say (James and Stein; Efron and
    Morris 1973): the few rows of a rare level move it only where levels do differ.

    Parameters
    ----------
    levels : ndarray of shape (n,), int
    n_levels : int
    codes : ndarray of shape (n, m), int64
        Of the other columns, from zero.

    Returns
    -------
    profiles : ndarray of shape (n_levels, n_features), float64
        At most 8 features; zeros where levels do not differ.
    doubt : ndarray of the same shape
        Posterior variances.
    """
    n, m = codes.shape
    counts = np.bincount(levels, minlength=n_levels).astype(np.float64)
    n_seen = int((counts > 0).sum())
    nothing = np.zeros((n_levels, 1)), np.ones((n_levels, 1))
    if m == 0 or n_seen < 2 or n - n_seen < LEAST_REPEATS:
        return nothing
    indicators = _indicators(codes)
    member = csr_array(
        (np.ones(n, dtype=np.float32), levels, np.arange(n + 1)), (n, n_levels)
    )
    sums = (member.T @ indicators).tocsr()
    mean = np.asarray(indicators.sum(axis=0)).ravel() / n
    centre = n * np.outer(mean, mean)
    between = _weighted_gram(sums, 1 / np.maximum(counts, 1)) - centre
    total = _weighted_gram(indicators, np.ones(n)) - centre
    within = (total - between) / (n - n_seen)
    within[np.diag_indices_from(within)] += RIDGE
    typical = (n - (counts**2).sum() / n) / (n_seen - 1)
    excess = (between / (n_seen - 1) - within) / max(typical, 1e-9)
    first = max(0, len(mean) - N_FEATURES)
    ratio, directions = eigh(excess, within, subset_by_index=[first, len(mean) - 1])
    useful = ratio > 0
    if not useful.any():
        return nothing
    ratio, directions = ratio[useful][::-1], directions[:, useful][:, ::-1]
    means = (sums @ directions) / np.maximum(counts, 1)[:, None] - mean @ directions
    trust = counts[:, None] / (counts[:, None] + 1 / ratio)
    return means * trust, ratio * (1 - trust)


def _indicators(codes):
    """Sparse one-hot blocks side by side."""
    n, m = codes.shape
    starts = np.concatenate([[0], np.cumsum(codes.max(axis=0) + 1)])
    return csr_array(
        (
            np.ones(n * m, dtype=np.float32),
            (codes + starts[:-1]).ravel(),
            np.arange(0, n * m + 1, m),
        ),
        (n, int(starts[-1])),
    )


def _weighted_gram(matrix, weights):
    """The dense product of a sparse matrix with itself, its rows weighted."""
    scaled = matrix.multiply(np.sqrt(weights)[:, None]).tocsr().astype(np.float64)
    return np.asarray((scaled.T @ scaled).todense())
