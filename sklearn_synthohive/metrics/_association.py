"""How far the strengths of the dependences are from the real ones."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from sklearn_synthohive.metrics._bins import QuantileBins
from sklearn_synthohive.metrics._columns import ColumnReader, check_pair, readers_of

__all__ = ["nmi_error", "nmi_matrix"]

_N_QUANTILES = 10


def nmi_matrix(real: pd.DataFrame, frame: pd.DataFrame | None = None) -> pd.DataFrame:
    """Normalised mutual information of each pair of columns.

    The mutual information of two columns over the mean of their entropies [1]_.
    Numbers and dates are cut at the real deciles, where a value that holds several
    deciles is a bin of its own; missing is a level.

    Parameters
    ----------
    real : DataFrame
        Decides how columns are read and cut.
    frame : DataFrame, optional
        The rows whose dependences are measured; ``real`` itself by default.

    Returns
    -------
    DataFrame
        Symmetric, indexed by column on both sides, values in [0, 1]; 1 on the
        diagonal. The estimate is biased upwards, the more the fewer rows and the more
        levels there are: compare frames of equal length.

    References
    ----------
    .. [1] A. Strehl and J. Ghosh, "Cluster ensembles", Journal of Machine Learning
       Research 3 (2002), 583-617.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.metrics import nmi_matrix
    >>> nmi_matrix(pd.DataFrame({"a": list("uuvv"), "b": list("xxyy")})).loc["a", "b"]
    np.float64(1.0)
    """
    real, frame = check_pair(real, real if frame is None else frame)
    columns = [_codes(r, real[r.name], frame[r.name]) for r in readers_of(real)]
    entropies = [_entropy(codes) for codes, _ in columns]
    matrix = np.eye(len(columns))
    for i, j in combinations(range(len(columns)), 2):
        total = entropies[i] + entropies[j]
        if total == 0:
            continue
        joint = _entropy(columns[i][0] * columns[j][1] + columns[j][0])
        matrix[i, j] = matrix[j, i] = 2 * max(0.0, total - joint) / total
    return pd.DataFrame(matrix, index=real.columns, columns=real.columns)


def nmi_error(real: pd.DataFrame, synthetic: pd.DataFrame) -> float:
    """Sum over pairs of columns of the absolute difference of their NMI.

    The normalised mutual information is that of :func:`nmi_matrix`. Columns that hardly
    depend on each other add next to nothing, so that the sum is weighted to the pairs
    that carry information, which neither shapes nor trends are.

    Parameters
    ----------
    real, synthetic : DataFrame
        With the same columns, in any order. Equal numbers of rows are advisable when
        there are many levels: the estimate of the information is biased upwards.

    Returns
    -------
    float
        0 is best; 0 for a table of one column.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.metrics import nmi_error
    >>> real = pd.DataFrame({"a": list("uuvv"), "b": list("xxyy")})
    >>> nmi_error(real, real), nmi_error(real, real.assign(b=list("xyxy")))
    (0.0, 1.0)
    """
    difference = nmi_matrix(real, synthetic) - nmi_matrix(real)
    return float(np.abs(difference.to_numpy()).sum() / 2)


def _codes(reader: ColumnReader, real: pd.Series, frame: pd.Series):
    """Codes of a frame's column, and how many there can be."""
    if not reader.is_continuous:
        return reader.codes(frame), reader.n_codes
    bins = QuantileBins.fit(reader.numbers(real), _N_QUANTILES)
    return bins.codes(reader.numbers(frame)), bins.n_codes


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
