"""Raking of any generator's rows, as an estimator."""

from __future__ import annotations

import numbers

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_synthohive.calibration._coarse import FrameBins
from sklearn_synthohive.calibration._raking import RakingRule, rake
from sklearn_synthohive.calibration._selection import pool_ratio, select_rows
from sklearn_synthohive.metrics._columns import check_columns, check_pair
from sklearn_synthohive.utils.params import Interval, _fit_context
from sklearn_synthohive.utils.random import draw_seed

__all__ = ["RakingCalibrator"]


class RakingCalibrator(BaseEstimator):
    """Weigh or select generated rows so that their coarse tables are the real ones.

    Learns weights for the rows of a generator, whichever it is, under which all one-
    and two-way tables of coarse codes come close to those of real rows: raking [1]_.
    A weight is a product of terms of the row's cells, so that it is known for any row
    of the generator, also for one that is drawn later. What the real tables leave
    uncertain is left as the generator has it [2]_: deviations within the sampling
    error are not followed, so that rows that nobody has seen are met better too.

    Parameters
    ----------
    max_bins : int, default=20
        Codes of a category: its frequent levels, the rest in one. Numbers and dates
        are cut at so many quantiles; a value that holds several is a bin of its own.
    n_passes : int, default=6
        Times that each table is met, at most.
    max_ratio : float, default=5.0
        A cell's weight changes by at most this factor at a time.
    tolerance : float, default=1.5
        Deviations of so many standard errors are left alone; at 0, and
        ``prior_count=0``, raking is plain.
    prior_count : float, default=100.0
        Rows that the generator itself is worth in each cell.

    Attributes
    ----------
    pool_ratio_ : int
        How many rows to generate for each that ``select`` keeps: with fewer some rows
        would be needed more than once.
    columns_ : list
        Names of the columns, in order.
    n_features_in_ : int

    References
    ----------
    .. [1] W. E. Deming and F. F. Stephan, "On a least squares adjustment of a sampled
       frequency table when the expected marginal totals are known", Annals of
       Mathematical Statistics 11 (1940), 427-444.
    .. [2] M. Dudík, S. J. Phillips and R. E. Schapire, "Performance guarantees for
       regularized maximum entropy density estimation", COLT 2004, for constraints
       relaxed by the sampling error.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_synthohive.calibration import RakingCalibrator
    >>> rng = np.random.default_rng(0)
    >>> age = rng.integers(18, 90, 5_000)
    >>> real = pd.DataFrame({"age": age, "retired": age >= 65})
    >>> drawn = pd.DataFrame(
    ...     {"age": rng.integers(18, 90, 15_000), "retired": rng.random(15_000) < 0.4}
    ... )
    >>> calibrator = RakingCalibrator(n_passes=30).fit(real, pool=drawn)
    >>> selected = calibrator.select(drawn, 5_000, seed=0)
    >>> def wrong(rows):
    ...     return np.mean(rows["retired"] != (rows["age"] >= 65))
    >>> bool(wrong(selected) < wrong(drawn) / 5)
    True
    """

    _parameter_constraints = {  # noqa: RUF012
        "max_bins": [Interval(numbers.Integral, 2, None, closed="left")],
        "n_passes": [Interval(numbers.Integral, 1, None, closed="left")],
        "max_ratio": [Interval(numbers.Real, 1, None, closed="neither")],
        "tolerance": [Interval(numbers.Real, 0, None, closed="left")],
        "prior_count": [Interval(numbers.Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        max_bins=20,
        n_passes=6,
        max_ratio=5.0,
        tolerance=1.5,
        prior_count=100.0,
    ):
        self.max_bins = max_bins
        self.n_passes = n_passes
        self.max_ratio = max_ratio
        self.tolerance = tolerance
        self.prior_count = prior_count

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, *, pool):
        """Learn the weights.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns)
            Real rows: those that the generator learned from.
        y : ignored
        pool : DataFrame of shape (n_pool, n_columns)
            Generated rows, the more the better; twice as many as real ones and 20,000
            at least are plenty.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError, SchemaError
            When the frames do not have the same columns of the same kinds, or no rows.
        """
        real, pool = check_pair(X, pool, ("real", "pool"))
        bins = FrameBins(real, self.max_bins)
        codes = bins.codes(pool)
        rule = RakingRule(
            self.n_passes, self.max_ratio, self.tolerance, self.prior_count
        )
        tables = rake(bins.codes(real), codes, bins.sizes, rule)
        self._bins, self._tables = bins, tables
        self.pool_ratio_ = pool_ratio(tables.log_weights(codes))
        self.columns_ = list(real.columns)
        self.n_features_in_ = len(self.columns_)
        return self

    def log_weights(self, rows):
        """Logarithm of each row's weight, relative to the mean of the pool.

        Parameters
        ----------
        rows : DataFrame of shape (n, n_columns)
            Of the same generator.

        Returns
        -------
        ndarray of shape (n,)
        """
        check_is_fitted(self)
        rows = check_columns(self.columns_, rows, ("real", "pool"))
        return self._tables.log_weights(self._bins.codes(rows))

    def select(self, rows, n_rows, *, seed=None):
        """Choose rows with probabilities in proportion to their weights.

        Parameters
        ----------
        rows : DataFrame of shape (n, n_columns)
            Of the same generator; ``pool_ratio_`` times ``n_rows`` of them.
        n_rows : int
            No row is taken twice, so at most n.
        seed : int, optional
            Repeats the choice.

        Returns
        -------
        DataFrame of shape (n_rows, n_columns)
            With a fresh index.
        """
        check_is_fitted(self)
        if isinstance(n_rows, bool) or not isinstance(n_rows, numbers.Integral):
            raise TypeError(f"n_rows must be an integer, got {n_rows!r}.")
        if n_rows < 0:
            raise ValueError(f"n_rows must be at least 0, got {n_rows}.")
        rng = np.random.default_rng(draw_seed(seed))
        chosen = select_rows(self.log_weights(rows), int(n_rows), rng)
        return rows.iloc[chosen].reset_index(drop=True)
