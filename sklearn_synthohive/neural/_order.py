"""The order of columns: few levels first, numbers last, each near its like."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_synthohive.layout import CompactTable, Layout

__all__ = [
    "MAX_SEEN",
    "WIDE",
    "coarse_codes",
    "dependence_order",
    "dependences",
    "learn_order",
    "most_informative",
    "mutual_information",
]

MAX_BINS, MAX_ROWS = 24, 20_000
# Above so many columns, each sees its most informative predecessors only, and how many.
WIDE, MAX_SEEN = 64, 32
# A column counts as one of categories if so few of its rows have a score.
FEW_SCORES = 0.05
# What is spent on the dependences of wide tables: codes of all columns together, rows.
MAX_CODES, WIDE_ROWS = 3_000, 10_000


def coarse_codes(
    layout: Layout, table: CompactTable, max_bins: int = MAX_BINS
) -> np.ndarray:
    """A few codes a column: frequent states, quantiles of the scalars.

    Parameters
    ----------
    layout : Layout
    table : CompactTable
    max_bins : int
        Codes a column, at most.

    Returns
    -------
    ndarray of shape (n, n_spans), int64
    """
    out = np.empty(table.codes.shape, dtype=np.int64)
    k = 0
    for i, span in enumerate(layout.spans):
        codes = table.codes[:, i].astype(np.int64)
        if span.kind == "continuous":
            has_value = span.has_value[codes]
            bins = max(2, max_bins // 2 // max(1, int(span.has_value.sum())))
            scalars = table.scalars[has_value, k]
            if len(scalars):
                edges = np.quantile(scalars, np.linspace(0, 1, bins + 1)[1:-1])
                fine = np.searchsorted(edges, table.scalars[:, k])
                codes = codes * bins + np.where(has_value, fine, 0)
            k += 1
        values, codes, counts = np.unique(
            codes, return_inverse=True, return_counts=True
        )
        rank = np.empty(len(values), dtype=np.int64)
        rank[np.argsort(-counts, kind="stable")] = np.arange(len(values))
        out[:, i] = np.minimum(rank, max_bins - 1)[codes]
    return out


def mutual_information(codes: np.ndarray) -> np.ndarray:
    """Mutual information of all pairs of columns, corrected for its bias.

    The plug-in estimate exceeds the truth by about ``(a - 1) (b - 1) / 2n`` for tables
    with a and b levels (Miller 1955).

    Parameters
    ----------
    codes : ndarray of shape (n, m), int64

    Returns
    -------
    ndarray of shape (m, m), float64
        In nats, zero on the diagonal and where the correction exceeds the estimate.
    """
    n, m = codes.shape
    sizes = codes.max(axis=0, initial=0) + 1
    onehots = np.zeros((n, int(sizes.sum())), dtype=np.float32)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    onehots[np.arange(n)[:, None], starts[:-1] + codes] = 1.0
    joint = onehots.T @ onehots
    entropy = np.empty((m, m))
    for a in range(m):
        p = joint[starts[a] : starts[a + 1]].astype(np.float64) / n
        p *= np.log(np.where(p > 0, p, 1.0))
        entropy[a] = -np.add.reduceat(p.sum(axis=0), starts[:-1])
    own = np.diag(entropy)
    bias = np.outer(sizes - 1, sizes - 1) / (2 * n)
    out = np.maximum(own[:, None] + own - entropy - bias, 0.0)
    np.fill_diagonal(out, 0.0)
    return (out + out.T) / 2


def dependence_order(information: np.ndarray, first: Sequence[int] = ()) -> list[int]:
    """Prim's order: from the given columns, always the closest one next.

    Parameters
    ----------
    information : ndarray of shape (m, m)
    first : sequence of int
        The columns that the order begins with; the most informative one if there are
        none.

    Returns
    -------
    list of int
        A permutation of the columns.
    """
    m = len(information)
    if not m:
        return []
    order = list(first) or [int(information.sum(axis=1).argmax())]
    closest = information[order].max(axis=0)
    closest[order] = -1.0
    while len(order) < m:
        following = int(closest.argmax())
        order.append(following)
        closest = np.maximum(closest, information[following])
        closest[order] = -1.0
    return order


def most_informative(
    information: np.ndarray, order: list[int], most: int
) -> list[list[int]]:
    """The columns before each one that tell most about it.

    Parameters
    ----------
    information : ndarray of shape (m, m)
    order : list of int
    most : int
        Columns that one may see.

    Returns
    -------
    list of list of int
        Per column of the order.
    """
    seen = []
    for j, column in enumerate(order):
        before = np.array(order[:j], dtype=int)
        best = np.argsort(-information[column, before], kind="stable")[:most]
        seen.append(sorted(before[best].tolist()))
    return seen


def dependences(parts: Sequence[tuple[Layout, CompactTable]]) -> np.ndarray:
    """Mutual information of all columns, measured on evenly spaced rows.

    Parameters
    ----------
    parts : sequence of (Layout, CompactTable)
        Tables of the same rows, one beside the other.

    Returns
    -------
    ndarray of shape (n_spans, n_spans), float64
        In nats, of codes that lump a column's rarer values together.
    """
    n, m = len(parts[0][1]), sum(len(layout.spans) for layout, _ in parts)
    wide = m > WIDE
    rows = _evenly(n, WIDE_ROWS if wide else MAX_ROWS)
    bins = min(max(4, MAX_CODES // m) if wide else MAX_BINS, MAX_BINS)
    codes = [coarse_codes(layout, table.take(rows), bins) for layout, table in parts]
    return mutual_information(np.concatenate(codes, axis=1))


def _evenly(n, most):
    """At most so many of n rows, evenly spaced."""
    return np.linspace(0, n - 1, min(n, most)).astype(int)


def learn_order(
    layout: Layout, table: CompactTable, information: np.ndarray
) -> list[int]:
    """The order of a table's spans: categories, few levels first, then numbers.

    A mixture of Gaussians bends to what it is given more easily than a softmax to sharp
    borders between numbers. So a column counts as a number only if some of its rows are
    in modes.

    Parameters
    ----------
    layout : Layout
    table : CompactTable
    information : ndarray of shape (n_spans, n_spans)
        As :func:`dependences` returns it.

    Returns
    -------
    list of int
    """
    total = information.sum(axis=1)
    codes = table.codes[_evenly(len(table), MAX_ROWS)]
    categories = [
        i
        for i, span in enumerate(layout.spans)
        if span.kind != "continuous"
        or span.has_value[codes[:, i].astype(np.int64)].mean() < FEW_SCORES
    ]
    categories.sort(key=lambda i: (layout.spans[i].n_states, -total[i]))
    return dependence_order(information, categories)
