"""The order of columns: each one close to a column that tells much about it."""

from __future__ import annotations

import numpy as np

from sklearn_synthohive.layout import CompactTable, Layout

__all__ = ["coarse_codes", "dependence_order", "learn_order", "mutual_information"]

MAX_BINS = 24
MAX_ROWS = 20_000


def coarse_codes(layout: Layout, table: CompactTable) -> np.ndarray:
    """At most ``MAX_BINS`` codes a column: frequent states, quantiles of the scalars.

    Parameters
    ----------
    layout : Layout
    table : CompactTable

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
            bins = max(2, MAX_BINS // 2 // max(1, int(span.has_value.sum())))
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
        out[:, i] = np.minimum(rank, MAX_BINS - 1)[codes]
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
    joint = (onehots.T @ onehots).astype(np.float64) / n
    out = np.zeros((m, m))
    for a in range(m):
        for b in range(a + 1, m):
            p = joint[starts[a] : starts[a + 1], starts[b] : starts[b + 1]]
            expected = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
            seen = p > 0
            estimate = (p[seen] * np.log(p[seen] / expected[seen])).sum()
            bias = (sizes[a] - 1) * (sizes[b] - 1) / (2 * n)
            out[a, b] = out[b, a] = max(0.0, estimate - bias)
    return out


def dependence_order(information: np.ndarray) -> list[int]:
    """Prim's order: from the most informative column, always the closest one next.

    Parameters
    ----------
    information : ndarray of shape (m, m)

    Returns
    -------
    list of int
        A permutation of the columns.
    """
    m = len(information)
    if not m:
        return []
    order = [int(information.sum(axis=1).argmax())]
    closest = information[order[0]].copy()
    closest[order[0]] = -1.0
    while len(order) < m:
        following = int(closest.argmax())
        order.append(following)
        closest = np.maximum(closest, information[following])
        closest[order] = -1.0
    return order


def learn_order(layout: Layout, table: CompactTable) -> list[int]:
    """The order of a table's spans, from at most ``MAX_ROWS`` evenly spaced rows.

    Parameters
    ----------
    layout : Layout
    table : CompactTable

    Returns
    -------
    list of int
    """
    n = len(table)
    rows = np.linspace(0, n - 1, min(n, MAX_ROWS)).astype(int)
    return dependence_order(mutual_information(coarse_codes(layout, table.take(rows))))
