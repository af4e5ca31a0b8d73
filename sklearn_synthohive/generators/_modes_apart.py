"""Whether a table has numbers whose values lie in groups apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.metrics._columns import ColumnReader

__all__ = ["has_modes_apart"]

BINS = 24
MIN_DISTINCT = 50
MIN_SHARE = 0.03
VALLEY = 0.05
MIN_WIDTH = 3


def has_modes_apart(frame: pd.DataFrame) -> bool:
    """Whether some number has two groups of values with next to nothing between.

    Such groups usually belong to different parents. A network that sees the column on
    one axis learns the edge between them slowly; as components of a mixture they are
    states, which it tells apart at once.

    Parameters
    ----------
    frame : DataFrame

    Returns
    -------
    bool

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> low = np.random.default_rng(0).normal(0, 1, 200)
    >>> has_modes_apart(pd.DataFrame({"x": low}))
    False
    >>> has_modes_apart(pd.DataFrame({"x": np.r_[low, low + 10]}))
    True
    """
    readers = [ColumnReader(frame[c]) for c in frame]
    return any(_apart(r.numbers(frame[r.name])) for r in readers if r.is_continuous)


def _apart(numbers):
    numbers = numbers[np.isfinite(numbers)]
    if len(np.unique(numbers[:5000])) < MIN_DISTINCT:
        return False
    low, high = np.quantile(numbers, [0.005, 0.995])
    if low == high:
        return False
    counts, _ = np.histogram(numbers, BINS, (low, high))
    below, above = np.cumsum(counts), np.cumsum(counts[::-1])[::-1]
    total = counts.sum()
    for i in range(1, BINS - MIN_WIDTH):
        # A valley of some bins, with a peak and some rows on both sides.
        between = counts[i : i + MIN_WIDTH].max()
        left, right = below[i - 1] / total, above[i + MIN_WIDTH] / total
        peaks = min(counts[:i].max(), counts[i + MIN_WIDTH :].max())
        if min(left, right) >= MIN_SHARE and between <= VALLEY * peaks:
            return True
    return False
