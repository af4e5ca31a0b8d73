"""How far the strengths of the dependences are from the real ones."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from sklearn_synthohive.metrics._bins import QuantileBins
from sklearn_synthohive.metrics._columns import ColumnReader, check_pair, readers_of

__all__ = ["nmi_error"]

_N_QUANTILES = 10


def nmi_error(real: pd.DataFrame, synthetic: pd.DataFrame) -> float:
    """Sum over pairs of columns of the absolute difference of their NMI.

    The normalised mutual information of two columns is their mutual information over
    the mean of their entropies. Numbers and dates are cut at the real deciles, where a
    value that holds several deciles is a bin of its own; missing is a level. Columns
    that hardly depend on each other add next to nothing, so that the sum is weighted
    to the pairs that carry information, which neither shapes nor trends are.

    Parameters
    ----------
    real, synthetic : DataFrame
        With the same columns, in any order. Equal numbers of rows are advisable when
        there are many levels: the estimate of the information is biased upwards.

    Returns
    -------
    float
        0 is best; 0 for a table of one column.

    References
    ----------
    .. [1] A. Strehl and J. Ghosh, "Cluster ensembles", Journal of Machine Learning
       Research 3 (2002), 583-617, for the normalised mutual information.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.metrics import nmi_error
    >>> real = pd.DataFrame({"a": list("uuvv"), "b": list("xxyy")})
    >>> nmi_error(real, real), nmi_error(real, real.assign(b=list("xyxy")))
    (0.0, 1.0)
    """
    real, synthetic = check_pair(real, synthetic)
    codes = [_codes(r, real[r.name], synthetic[r.name]) for r in readers_of(real)]
    error = 0.0
    for (real_1, synthetic_1, _), (real_2, synthetic_2, n) in combinations(codes, 2):
        difference = _nmi(real_1, real_2, n) - _nmi(synthetic_1, synthetic_2, n)
        error += abs(difference)
    return error


def _codes(reader: ColumnReader, real: pd.Series, synthetic: pd.Series):
    if not reader.is_continuous:
        return reader.codes(real), reader.codes(synthetic), reader.n_codes
    values = reader.numbers(real)
    bins = QuantileBins.fit(values, _N_QUANTILES)
    drawn = reader.numbers(synthetic)
    return bins.codes(values), bins.codes(drawn), bins.n_codes


def _nmi(first: np.ndarray, second: np.ndarray, n_second: int) -> float:
    entropy_1, entropy_2 = _entropy(first), _entropy(second)
    if entropy_1 + entropy_2 == 0:
        return 0.0
    joint = _entropy(first * n_second + second)
    information = max(0.0, entropy_1 + entropy_2 - joint)
    return 2 * information / (entropy_1 + entropy_2)


def _entropy(codes: np.ndarray) -> float:
    largest = int(codes.max())
    # Counting beats sorting while the table is about as long as the column.
    if largest < 4 * len(codes):
        counts = np.bincount(codes)
        counts = counts[counts > 0]
    else:
        counts = np.unique(codes, return_counts=True)[1]
    shares = counts / len(codes)
    return float(-(shares * np.log(shares)).sum())
