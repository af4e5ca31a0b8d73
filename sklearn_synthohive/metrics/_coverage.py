"""Which of the real values a synthetic table reaches."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.metrics._columns import check_pair, readers_of

__all__ = ["coverage"]


def coverage(real: pd.DataFrame, synthetic: pd.DataFrame) -> pd.Series:
    """Share of each column's real levels, or real range, that is reached.

    Categories: the share of the real levels that occur in the synthetic column
    (missing is not counted). Numbers and dates: 1 minus the parts of the real range
    below the synthetic minimum and above the synthetic maximum, at least 0. These are
    SDMetrics' ``CategoryCoverage`` and ``RangeCoverage``, with 1 for a real column
    that has no value, and for a constant one that the synthetic column hits.

    Parameters
    ----------
    real, synthetic : DataFrame
        With the same columns, in any order.

    Returns
    -------
    Series
        Indexed by column, values in [0, 1], 1 is best.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.metrics import coverage
    >>> real = pd.DataFrame({"x": [0, 5, 10], "c": ["a", "b", "b"]})
    >>> synthetic = pd.DataFrame({"x": [1, 5, 8], "c": ["b", "b", "b"]})
    >>> coverage(real, synthetic).round(2).to_dict()
    {'x': 0.7, 'c': 0.5}
    """
    real, synthetic = check_pair(real, synthetic)
    scores = []
    for reader in readers_of(real):
        column = synthetic[reader.name]
        if reader.is_continuous:
            values = reader.numbers(real[reader.name])
            scores.append(_range_coverage(values, reader.numbers(column)))
            continue
        hit = np.unique(reader.codes(column))
        n_levels = len(reader.levels)
        scores.append((hit < n_levels).sum() / n_levels if n_levels else 1.0)
    return pd.Series(scores, index=real.columns, name="coverage", dtype=float)


def _range_coverage(real: np.ndarray, synthetic: np.ndarray) -> float:
    real, synthetic = real[~np.isnan(real)], synthetic[~np.isnan(synthetic)]
    if len(real) == 0:
        return 1.0
    if len(synthetic) == 0:
        return 0.0
    low, high = real.min(), real.max()
    if low == high:
        return float((synthetic == low).any())
    missed = max(synthetic.min() - low, 0) + max(high - synthetic.max(), 0)
    return float(max(0.0, 1 - missed / (high - low)))
