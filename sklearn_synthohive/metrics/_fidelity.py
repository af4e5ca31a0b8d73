"""One- and two-way agreement of a synthetic table with the real one."""

from __future__ import annotations

from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd

from sklearn_synthohive.metrics._columns import (
    ColumnReader,
    check_pair,
    check_table,
    readers_of,
)

__all__ = ["FidelityScorer", "column_shapes", "fidelity", "pair_trends"]

# Above this size a two-way table is kept as its non-zero cells.
_DENSE_CELLS = 2**16


class FidelityScorer:
    """Scores many synthetic tables against one real table.

    What depends on the real table alone is computed once, at the first use.

    Parameters
    ----------
    real : DataFrame of shape (n_rows, n_columns)

    Notes
    -----
    The definitions are those of SDMetrics' quality report (``KSComplement``,
    ``TVComplement``, ``CorrelationSimilarity``, ``ContingencySimilarity``), to which
    the scores are equal on complete columns when the bins come from the real column.
    Where SDMetrics drops missing numbers, they count here:

    - *column shape*: 1 minus the Kolmogorov-Smirnov distance for numbers and dates,
      where a missing value ranks above every other; 1 minus the total variation
      distance for categories, where missing is a level.
    - *pair trend*: 1 - abs(r - s) / 2 for two continuous columns, where r and s are
      Pearson's correlations in the real and the synthetic rows that have both values
      (0 when a column is constant there); otherwise 1 minus the total variation
      distance of the two-way tables, continuous columns in ten bins of equal width
      over the real column, of which the outermost hold what lies outside, too, and
      one bin for missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.metrics import FidelityScorer
    >>> real = pd.DataFrame({"x": [1, 2, 3, 4], "c": ["a", "a", "b", "b"]})
    >>> scorer = FidelityScorer(real)
    >>> scorer.score(real)
    1.0
    >>> scorer.score(real.assign(c=["b", "b", "a", "a"]))
    0.5
    """

    def __init__(self, real: pd.DataFrame) -> None:
        self._real = check_table(real, "real")
        self._readers = readers_of(real)
        self._codes = {
            r.name: r.codes(real[r.name]) for r in self._readers if not r.is_continuous
        }

    @property
    def readers(self) -> list[ColumnReader]:
        """How each column is read, in the order of the columns."""
        return self._readers

    def column_shapes(self, synthetic: pd.DataFrame) -> pd.Series:
        """The shape score of each column.

        Parameters
        ----------
        synthetic : DataFrame
            With the columns of the real frame, in any order.

        Returns
        -------
        Series
            Indexed by column, values in [0, 1].
        """
        _, synthetic = check_pair(self._real, synthetic)
        return self._shapes(synthetic)

    def pair_trends(self, synthetic: pd.DataFrame) -> pd.DataFrame:
        """The trend score of each pair of columns.

        Parameters
        ----------
        synthetic : DataFrame
            With the columns of the real frame, in any order.

        Returns
        -------
        DataFrame
            Columns ``column_1``, ``column_2``, ``score``; one row a pair.
        """
        _, synthetic = check_pair(self._real, synthetic)
        return self._trends(synthetic)

    def score(self, synthetic: pd.DataFrame) -> float:
        """The mean of the mean column shape and the mean pair trend.

        Parameters
        ----------
        synthetic : DataFrame
            With the columns of the real frame, in any order.

        Returns
        -------
        float
            In [0, 1]; of a table of one column, its shape.
        """
        _, synthetic = check_pair(self._real, synthetic)
        shape = float(self._shapes(synthetic).mean())
        if len(self._readers) == 1:
            return shape
        return (shape + float(self._trends(synthetic)["score"].mean())) / 2

    def _shapes(self, synthetic: pd.DataFrame) -> pd.Series:
        scores = []
        for reader in self._readers:
            column = synthetic[reader.name]
            if reader.is_continuous:
                distance = _ks_distance(
                    self._steps[reader.name], _steps_of(reader.numbers(column))
                )
                scores.append(1.0 - distance)
            else:
                shares = _shares(reader.codes(column), reader.n_codes)
                scores.append(_similarity(self._level_shares[reader.name], shares))
        return pd.Series(scores, index=self._real.columns, name="shape", dtype=float)

    def _trends(self, synthetic: pd.DataFrame) -> pd.DataFrame:
        names = [r.name for r in self._readers]
        codes = self._pair_codes(synthetic)
        scores = np.ones((len(names), len(names)))
        continuous = np.flatnonzero([r.is_continuous for r in self._readers])
        if len(continuous) > 1:
            block = np.ix_(continuous, continuous)
            difference = self._correlations - _correlations(self._numbers(synthetic))
            scores[block] = 1 - np.abs(difference) / 2
        for (i, j), table in self._tables.items():
            keys = codes[names[i]] * self._readers[j].n_codes + codes[names[j]]
            scores[i, j] = table.similarity(keys)
        first, second = np.triu_indices(len(names), k=1)
        columns = self._real.columns
        return pd.DataFrame(
            {
                "column_1": columns[first],
                "column_2": columns[second],
                "score": scores[first, second],
            }
        )

    @cached_property
    def _steps(self):
        return {
            r.name: _steps_of(r.numbers(self._real[r.name]))
            for r in self._readers
            if r.is_continuous
        }

    @cached_property
    def _level_shares(self):
        return {
            r.name: _shares(self._codes[r.name], r.n_codes)
            for r in self._readers
            if not r.is_continuous
        }

    @cached_property
    def _correlations(self) -> np.ndarray:
        return _correlations(self._numbers(self._real))

    @cached_property
    def _tables(self) -> dict[tuple[int, int], _PairTable]:
        codes = self._pair_codes(self._real)
        tables = {}
        for (i, a), (j, b) in combinations(enumerate(self._readers), 2):
            if a.is_continuous and b.is_continuous:
                continue
            keys = codes[a.name] * b.n_codes + codes[b.name]
            tables[i, j] = _PairTable(keys, a.n_codes * b.n_codes)
        return tables

    def _numbers(self, frame: pd.DataFrame) -> np.ndarray:
        columns = [r.numbers(frame[r.name]) for r in self._readers if r.is_continuous]
        return np.column_stack(columns)

    def _pair_codes(self, frame: pd.DataFrame) -> dict:
        # Pairs of numbers need no bins.
        if all(r.is_continuous for r in self._readers):
            return {}
        if frame is self._real:
            known = self._codes
        else:
            known = {}
        return {
            r.name: known[r.name] if r.name in known else r.codes(frame[r.name])
            for r in self._readers
        }


class _PairTable:
    """The shares of a two-way table's cells, looked up by the cells' numbers."""

    def __init__(self, keys: np.ndarray, n_cells: int) -> None:
        self._cells = None
        if n_cells <= _DENSE_CELLS:
            self._shares = _shares(keys, n_cells)
        else:
            self._cells, counts = np.unique(keys, return_counts=True)
            self._shares = counts / len(keys)

    def similarity(self, keys: np.ndarray) -> float:
        """1 minus the total variation distance to the table of other rows."""
        if self._cells is None:
            return _similarity(self._shares, _shares(keys, len(self._shares)))
        position = np.searchsorted(self._cells, keys)
        position[position == len(self._cells)] = 0
        hits = position[self._cells[position] == keys]
        counts = np.bincount(hits, minlength=len(self._cells))
        elsewhere = 1 - len(hits) / len(keys)
        return _similarity(self._shares, counts / len(keys), elsewhere)


def _shares(codes: np.ndarray, n_codes: int) -> np.ndarray:
    return np.bincount(codes, minlength=n_codes) / len(codes)


def _similarity(p: np.ndarray, q: np.ndarray, elsewhere: float = 0.0) -> float:
    """1 minus the total variation distance; ``elsewhere`` is q's share outside."""
    # Rounding must not lead below zero.
    return max(0.0, 1 - (float(np.abs(p - q).sum()) + elsewhere) / 2)


def _steps_of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The points where the distribution function jumps, and its values there."""
    points, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    return points, np.concatenate([[0.0], np.cumsum(counts) / len(values)])


def _ks_distance(real, synthetic) -> float:
    """Largest difference of two distribution functions given by their steps."""
    points = np.concatenate([real[0], synthetic[0]])
    if len(points) == 0:
        return 0.0
    difference = [
        steps[np.searchsorted(at, points, side="right")]
        for at, steps in (real, synthetic)
    ]
    return float(np.abs(difference[0] - difference[1]).max())


def _correlations(values: np.ndarray) -> np.ndarray:
    """Pearson's correlations over the rows that have both values; 0 if constant."""
    present = ~np.isnan(values)
    known = present.astype(np.float64)
    # By powers of two, which change no digit: sums of the largest doubles overflow.
    largest = np.abs(np.where(present, values, 0.0)).max(axis=0, initial=0.0)
    values = np.ldexp(values, -np.frexp(largest)[1])
    centre = np.where(present, values, 0.0).sum(axis=0) / np.maximum(known.sum(0), 1)
    x = np.where(present, values - centre, 0.0)
    scale = np.abs(x).max(axis=0)
    x /= np.where(scale > 0, scale, 1.0)
    n = known.T @ known
    sums = x.T @ known
    squares = (x * x).T @ known
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = x.T @ x - sums * sums.T / n
        deviation = squares - sums**2 / n
        r = covariance / np.sqrt(deviation * deviation.T)
    # What is left of a constant column is rounding, at most 1e-12 of its square sum.
    constant = ~(deviation > 1e-12 * np.maximum(squares, 1e-300))
    return np.where(constant | constant.T, 0.0, np.clip(r, -1.0, 1.0))


def column_shapes(real: pd.DataFrame, synthetic: pd.DataFrame) -> pd.Series:
    """How well each column's distribution is met.

    1 minus the Kolmogorov-Smirnov distance for numbers and dates, 1 minus the total
    variation distance for categories; see :class:`FidelityScorer` for missing values.

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
    >>> from sklearn_synthohive.metrics import column_shapes
    >>> real = pd.DataFrame({"x": [1, 2, 3, 4], "c": ["a", "a", "b", "b"]})
    >>> column_shapes(real, real.assign(c="a")).to_dict()
    {'x': 1.0, 'c': 0.5}
    """
    return FidelityScorer(real).column_shapes(synthetic)


def pair_trends(real: pd.DataFrame, synthetic: pd.DataFrame) -> pd.DataFrame:
    """How well the dependence of each pair of columns is met.

    Correlation similarity for two continuous columns, contingency similarity
    otherwise; see :class:`FidelityScorer`.

    Parameters
    ----------
    real, synthetic : DataFrame
        With the same columns, in any order.

    Returns
    -------
    DataFrame
        Columns ``column_1``, ``column_2``, ``score`` (in [0, 1], 1 is best).

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.metrics import pair_trends
    >>> real = pd.DataFrame({"x": [1, 2, 3, 4], "y": [1, 2, 3, 4]})
    >>> pair_trends(real, real.assign(y=[4, 3, 2, 1]))["score"].tolist()
    [0.0]
    """
    return FidelityScorer(real).pair_trends(synthetic)


def fidelity(real: pd.DataFrame, synthetic: pd.DataFrame) -> float:
    """The mean of the mean column shape and the mean pair trend.

    Parameters
    ----------
    real, synthetic : DataFrame
        With the same columns, in any order.

    Returns
    -------
    float
        In [0, 1], 1 is best. Independent columns score high on it too: read it
        beside :func:`detection_auc`.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.metrics import fidelity
    >>> real = pd.DataFrame({"x": [1, 2, 3, 4], "y": [1, 2, 3, 4]})
    >>> fidelity(real, real.assign(y=[4, 3, 2, 1]))
    0.5
    """
    return FidelityScorer(real).score(synthetic)
