"""A word to the user where a table is too small for what it holds."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from sklearn_synthohive.logging import get_logger

__all__ = ["independent_log_likelihood", "warn_if_little"]

log = get_logger(__name__)


def independent_log_likelihood(layout, counts, table, scores) -> float:
    """Mean log-likelihood of rows under independent columns.

    Parameters
    ----------
    layout : Layout
    counts : list of ndarray
        Training rows in each state, per span.
    table : CompactTable
    scores : ndarray of shape (n, n_continuous)
        Normal scores of the table.
    """
    total = np.zeros(len(table))
    for i, count in enumerate(counts):
        margin = np.log((count + 0.5) / (count.sum() + 0.5 * len(count)))
        total += margin[table.codes[:, i]]
    for k, i in enumerate(layout.continuous):
        present = layout.spans[i].has_value[table.codes[:, i]]
        total += norm.logpdf(scores[:, k]) * present
    return float(total.mean())


def warn_if_little(n_rows: int, best: float, independent: float):
    """Warn where what was learnt is no better than independent columns.

    Parameters
    ----------
    n_rows : int
        Of the table.
    best, independent : float
        Log-likelihoods of held-out rows, of the network and of independent columns.
    """
    if best <= independent:
        log.warning(
            "too_little_to_learn",
            rows=n_rows,
            log_likelihood=round(best, 3),
            independent_columns=round(independent, 3),
            meaning="no dependence between columns was found that held-out rows bear "
            "out: give more rows, or fewer columns",
        )
