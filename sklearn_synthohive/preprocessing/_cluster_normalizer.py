"""Continuous columns as the mode of a mixture and a scalar relative to it."""

import numbers

import numpy as np
from sklearn.utils import check_random_state

from sklearn_synthohive.preprocessing._continuous import ContinuousColumn, SpikeRule
from sklearn_synthohive.preprocessing._encoder import ColumnEncoder
from sklearn_synthohive.utils.params import Interval, _fit_context
from sklearn_synthohive.utils.random import chunk_seeds, draw_seed
from sklearn_synthohive.utils.validation import read_table

__all__ = ["ClusterBasedNormalizer"]


class ClusterBasedNormalizer(ColumnEncoder):
    """Encode continuous columns by the modes of a variational Gaussian mixture.

    Each column becomes a scalar and a one-hot state. The state is a mode of the
    mixture, or a spike (a value that many rows share, kept exactly), or missing. In
    mode c a value x has the scalar ``(x - mu_c) / (4 sigma_c)``, elsewhere zero. The
    mode is the likeliest one, so that a value always encodes the same way; values out
    of reach of every Gaussian, eight deviations away, get modes of their own, so that
    outliers do not stretch the scalar.

    Decoding gives integers, dates, decimals on a grid, spikes, missing values and the
    smallest and largest value back exactly, other floats within 1e-6 of the column's
    range. Where more than 0.5 % of the rows would be off by a thousandth of themselves
    then, as where floats span many orders of magnitude, the mixture and the scalar are
    those of ``arcsinh(x / unit)`` and the floats come back within a thousandth.

    The 24 bits of a float32 tell six million grid steps apart on either side of a
    mode's mean; wider modes are split, up to 32 modes a column. A column that would
    need more (nanoseconds over years) comes back within 6e-8 of its range. Values are
    decoded onto the grid of those that fit saw, and clipped to their range.

    Parameters
    ----------
    n_components : int, default=10
        Largest number of Gaussians a column.
    weight_threshold : float, default=0.005
        Gaussians of less weight are dropped.
    spike_threshold : float, default=0.01
        A value that at least this share of the rows holds (missing ones not counted,
        and at least three rows) is a spike.
    max_spikes : int, default=64
        At most so many spikes a column; the most frequent ones.
    max_distinct : int, default=64
        A column of at most so many distinct values, each in three rows on average, is
        made of spikes alone; so is one of two values. There a value never seen is
        encoded as the nearest spike.
    max_fit_rows : int, default=2000
        The mixture is fitted on so many evenly spaced order statistics.
    min_count : int, default=1
        Rows that each kept value stands for: spikes and modes have as many, and the
        ends of the range are means of as many; values beyond count as the ends.
    random_state : int, RandomState instance or None, default=None
        Draws the centres from which the mixture starts.

    Attributes
    ----------
    layout_ : Layout
        The spans of the encoded matrix.
    columns_ : list
        Labels of the columns.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in fit; only when all are strings.

    See Also
    --------
    DataTransformer : Encodes whole tables, categories too.

    Notes
    -----
    Mode-specific normalisation is that of Xu et al. 2019 [1]_, with the likeliest mode
    in place of a random one, and with spikes and missing values as states.

    References
    ----------
    .. [1] L. Xu, M. Skoularidou, A. Cuesta-Infante, K. Veeramachaneni, Modeling
       tabular data using conditional GAN, NeurIPS 2019, arXiv:1907.00503.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import ClusterBasedNormalizer
    >>> gains = pd.DataFrame({"gain": [0, 0, 0, 0, 310, 325, 342, 7300, 7450, None]})
    >>> normalizer = ClusterBasedNormalizer(random_state=0)
    >>> Xt = normalizer.fit_transform(gains)
    >>> Xt.columns.tolist()
    ['gain~value', 'gain~mode0', 'gain~atom[0.0]', 'gain~missing']
    >>> normalizer.inverse_transform(Xt).equals(gains)
    True
    """

    _parameter_constraints = {  # noqa: RUF012
        "n_components": [Interval(numbers.Integral, 1, None, closed="left")],
        "weight_threshold": [Interval(numbers.Real, 0, 1, closed="left")],
        "spike_threshold": [Interval(numbers.Real, 0, None, closed="neither")],
        "max_spikes": [Interval(numbers.Integral, 0, None, closed="left")],
        "max_distinct": [Interval(numbers.Integral, 0, None, closed="left")],
        "max_fit_rows": [Interval(numbers.Integral, 10, None, closed="left")],
        "min_count": [Interval(numbers.Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_components=10,
        *,
        weight_threshold=0.005,
        spike_threshold=0.01,
        max_spikes=64,
        max_distinct=64,
        max_fit_rows=2000,
        min_count=1,
        random_state=None,
    ):
        self.n_components = n_components
        self.weight_threshold = weight_threshold
        self.spike_threshold = spike_threshold
        self.max_spikes = max_spikes
        self.max_distinct = max_distinct
        self.max_fit_rows = max_fit_rows
        self.min_count = min_count
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find spikes and modes of each column.

        Parameters
        ----------
        X : Series, DataFrame or array-like of shape (n_rows, n_columns)
            Numbers, dates, durations or periods; missing values allowed.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For text, booleans, infinity and an empty table.
        """
        table = read_table(X, estimator=self, allow_series=True)
        seed = draw_seed(None, self.random_state)
        encodings = [
            self._fit_column(table.frame.iloc[:, i], column_seed)
            for i, column_seed in enumerate(chunk_seeds(seed, len(table.names)))
        ]
        self._set_encodings(table, encodings)
        return self

    def _fit_column(self, series, seed):
        return ContinuousColumn.fit(
            series,
            SpikeRule(self.spike_threshold, self.max_spikes, self.max_distinct),
            check_random_state(seed % 2**32),
            least=self.min_count,
            n_components=self.n_components,
            weight_threshold=max(self.weight_threshold, np.finfo(float).tiny),
            max_fit_rows=self.max_fit_rows,
        )

    @property
    def _is_1d(self):
        return True
