"""Whole tables as one model-ready matrix, and back."""

import copy
import numbers

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metadata import Metadata
from sklearn_synthohive.preprocessing._categorical_encoder import CategoricalEncoder
from sklearn_synthohive.preprocessing._category import CategoryColumn
from sklearn_synthohive.preprocessing._cluster_normalizer import ClusterBasedNormalizer
from sklearn_synthohive.preprocessing._composition import fit_encoders, side_by_side
from sklearn_synthohive.preprocessing._derived import (
    Ties,
    derived_names,
    find_derived,
    with_derived,
)
from sklearn_synthohive.preprocessing._encoder import ColumnEncoder
from sklearn_synthohive.preprocessing._matrix import build_layout
from sklearn_synthohive.preprocessing._nominal import CHOICES, are_categories
from sklearn_synthohive.preprocessing._rare import count_of, warn_of_single_rows
from sklearn_synthohive.preprocessing._rules import Rules
from sklearn_synthohive.preprocessing._state import read_state, write_state
from sklearn_synthohive.preprocessing._table_config import check_metadata, find_config
from sklearn_synthohive.utils.params import (
    Interval,
    RealNotInt,
    _fit_context,
)
from sklearn_synthohive.utils.random import chunk_seeds, draw_seed
from sklearn_synthohive.utils.validation import read_table

__all__ = ["DataTransformer"]


class DataTransformer(ColumnEncoder):
    """Encode a table of any dtypes as a float32 matrix that carries its layout.

    Numbers, dates and durations go through :class:`ClusterBasedNormalizer`. Categories
    (text, booleans, pandas categories) become one-hot blocks, or one integer code
    where they have many levels. Missing values are states of their own and come back
    missing. The encoders of the columns stand side by side in a
    :class:`~sklearn.compose.ColumnTransformer`.

    Parameters
    ----------
    metadata : Metadata or None, default=None
        Describes tables; with ``fit(..., table_name=...)`` the keys of that table are
        left out of the matrix and its constraints hold for the decoded columns.
    embedding_threshold : int, default=50
        Categories of more levels become an integer code, for an entity embedding.
    n_components : int, default=10
        Largest number of Gaussians of a continuous column.
    categorical_features : "auto", "from_dtype" or array-like, default="auto"
        Columns to treat as categories besides text, booleans and pandas categories,
        which always are: names, positions or a mask. "auto" finds numbers that are
        names (ids, codes, on whose values others depend, but not on their order).
    handle_unknown : {"error", "missing"}, default="error"
        Whether a level never seen in fit is an error or becomes missing. Columns of
        integers or booleans come back nullable then, where a value is missing.
    min_frequency : int or float, optional
        Rows, or share of the rows, below which a level is rare and not kept. Nor is a
        number kept of fewer rows then: spikes have so many, and the ends of ranges are
        means of so many, which values beyond count as.
    rare_levels : {"merge", "missing"}, default="merge"
        What rare levels are: one level named "other", or missing. Levels that are no
        names or have an order cannot be merged and become missing. So do levels never
        seen in fit, or "other".
    spike_threshold, max_spikes, max_distinct, weight_threshold, max_fit_rows
        As in :class:`ClusterBasedNormalizer`.
    derived_columns : bool, default=True
        Whether further columns are encoded where others depend on them: what a number
        or date differs by from one that it lies close to (an end, minutes after its
        start), which then computes it; the month, the day, the weekday or the hour of
        a date, which the date moves to when rows are decoded.
    random_state : int, RandomState instance or None, default=None
        Draws the centres from which the mixtures start.
    n_jobs : int or None, default=None
        Number of columns that are fitted and transformed in parallel.

    Attributes
    ----------
    layout_ : Layout
        The spans of the encoded matrix.
    columns_ : list
        Labels of the modelled columns, in order.
    excluded_columns_ : list
        Labels of the keys that are left out.
    column_transformer_ : ColumnTransformer
        Fitted, one encoder a modelled column.
    metadata_ : Metadata or None
        The description that fit used.
    table_name_ : str or None
        The table that fit was told of.
    min_count_ : int
        Rows that a kept value stands for, at least.
    seed_ : int
        What the mixtures were drawn with.
    n_features_in_ : int
        Number of columns seen in fit, keys included.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in fit; only when all are strings.

    See Also
    --------
    ClusterBasedNormalizer : Encodes continuous columns only.

    Notes
    -----
    No row is kept: a fitted transformer holds levels, spikes, the ends of ranges and
    the parameters of the mixtures.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import DataTransformer
    >>> df = pd.DataFrame({"age": [23, 35, 35, 61], "city": ["NY", "LA", None, "NY"]})
    >>> transformer = DataTransformer(random_state=0).fit(df)
    >>> Xt = transformer.transform(df)
    >>> Xt.columns.tolist()
    ['age~value', 'age~mode0', 'city=LA', 'city=NY', 'city~missing']
    >>> transformer.inverse_transform(Xt).equals(df)
    True
    """

    _parameter_constraints = {  # noqa: RUF012
        **ClusterBasedNormalizer._parameter_constraints,
        **CategoricalEncoder._parameter_constraints,
        "metadata": [Metadata, None],
        "categorical_features": CHOICES,
        "min_frequency": [
            Interval(numbers.Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
        "derived_columns": ["boolean"],
        "n_jobs": [numbers.Integral, None],
        "n_components": [Interval(numbers.Integral, 1, None, closed="left")],
    }
    # A table has a min_frequency instead.
    del _parameter_constraints["min_count"]

    def __init__(
        self,
        metadata=None,
        *,
        embedding_threshold=50,
        n_components=10,
        categorical_features="auto",
        handle_unknown="error",
        min_frequency=None,
        rare_levels="merge",
        spike_threshold=0.01,
        max_spikes=64,
        max_distinct=64,
        weight_threshold=0.005,
        max_fit_rows=2000,
        derived_columns=True,
        random_state=None,
        n_jobs=None,
    ):
        self.metadata = metadata
        self.embedding_threshold = embedding_threshold
        self.n_components = n_components
        self.categorical_features = categorical_features
        self.handle_unknown = handle_unknown
        self.min_frequency = min_frequency
        self.rare_levels = rare_levels
        self.spike_threshold = spike_threshold
        self.max_spikes = max_spikes
        self.max_distinct = max_distinct
        self.weight_threshold = weight_threshold
        self.max_fit_rows = max_fit_rows
        self.derived_columns = derived_columns
        self.random_state = random_state
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, *, table_name=None, seed=None):
        """Find the encoding of each column.

        Parameters
        ----------
        X : DataFrame, polars DataFrame or array-like of shape (n_rows, n_columns)
        y : ignored
        table_name : str, optional
            The table of ``metadata`` that X is.
        seed : int, optional
            In place of ``random_state``, for this run.

        Returns
        -------
        self

        Raises
        ------
        SchemaError
            When the table or one of its columns is unknown, or its constraints do not
            fit the data.
        ValueError
            When metadata describe no table; on infinite values and columns of mixed
            types, by name; on an empty table.
        """
        check_metadata(self.metadata, table_name)
        table = read_table(X, estimator=self)
        config = find_config(self.metadata, table, table_name)
        self.seed_ = draw_seed(seed, self.random_state)
        self.min_count_ = count_of(self.min_frequency, len(table.frame))
        # A copy: metadata are mutable, what fit used is not.
        self.metadata_ = copy.deepcopy(self.metadata)
        self.table_name_ = table_name
        excluded = set(() if config is None else config.columns_excluded)
        self.excluded_columns_ = [c for c in table.labels if c in excluded]
        positions = [i for i, c in enumerate(table.labels) if c not in excluded]
        if not positions:
            raise SchemaError(
                f"All columns of table {table_name!r} are keys; there is nothing to "
                "encode."
            )
        encoders = self._choose_encoders(table, positions, config)
        frame = table.frame.iloc[:, positions]
        fitted = fit_encoders(encoders, frame, self.n_jobs)
        self._derived, self._ties = (), Ties()
        self._set_encodings(table, [e._encodings[0] for e in fitted], positions)
        frame = frame.set_axis(pd.Index(self._names, dtype=object), axis=1)
        if self.derived_columns:
            frame, fitted = self._add_derived(frame, fitted)
        self.column_transformer_ = side_by_side(fitted, frame.iloc[:1], self.n_jobs)
        warn_of_single_rows(self._names, self._encodings)
        return self

    def _add_derived(self, frame, encoders):
        """Encode what can be told of the columns, behind them."""
        self._derived, self._ties = find_derived(self, frame)
        if not self._derived:
            return frame, encoders
        n_own = len(encoders)
        seeds = chunk_seeds(self.seed_, n_own + len(self._derived))[n_own:]
        self._names += derived_names(self._names, self._derived)
        frame = with_derived(self, frame)
        more = fit_encoders(
            [ClusterBasedNormalizer(**self._normalizer_params(seed)) for seed in seeds],
            frame.iloc[:, n_own:],
            self.n_jobs,
        )
        self._encodings += [encoder._encodings[0] for encoder in more]
        self.layout_ = build_layout(self._names, self._encodings)
        return frame, [*encoders, *more]

    def _computed(self, frame, clip):
        return Rules.of_encoding(self).add_up(frame, clip=clip)

    @property
    def derived_columns_(self):
        """Names of the columns that are encoded behind the table's own."""
        return self._names[len(self.columns_) :]

    def _choose_encoders(self, table, positions, config):
        """One unfitted encoder a modelled column."""
        embedded = () if config is None else config.high_cardinality_cols
        categories = are_categories(self, table, positions, config)
        seeds = chunk_seeds(self.seed_, len(positions))
        encoders = []
        for i, seed in zip(positions, seeds, strict=True):
            label = table.labels[i]
            if label in embedded or categories[i]:
                params = self._category_params(label in embedded)
                encoders.append(CategoricalEncoder(**params))
            else:
                params = self._normalizer_params(seed)
                encoders.append(ClusterBasedNormalizer(**params))
        return encoders

    def _category_params(self, embedded):
        threshold = 0 if embedded else self.embedding_threshold
        return {
            "embedding_threshold": threshold,
            "handle_unknown": self.handle_unknown,
            "min_count": self.min_count_,
            "rare_levels": self.rare_levels,
        }

    def _normalizer_params(self, seed):
        return {
            "n_components": self.n_components,
            "weight_threshold": self.weight_threshold,
            "spike_threshold": self.spike_threshold,
            "max_spikes": self.max_spikes,
            "max_distinct": self.max_distinct,
            "max_fit_rows": self.max_fit_rows,
            "min_count": self.min_count_,
            "random_state": seed % 2**32,
        }

    def _compose_fitted(self):
        """The ColumnTransformer of encodings that were read from a state."""
        seeds = chunk_seeds(self.seed_, len(self._encodings))
        encoders, row = [], {}
        for name, encoding, seed in zip(
            self._names, self._encodings, seeds, strict=True
        ):
            if isinstance(encoding, CategoryColumn):
                embedded = encoding.is_code
                cls, params = CategoricalEncoder, self._category_params(embedded)
            else:
                cls, params = ClusterBasedNormalizer, self._normalizer_params(seed)
            encoders.append(cls._of_encoding(encoding, name, **params))
            row[name] = encoding.decode(np.zeros(1, dtype=np.intp), np.zeros(1))
        self.column_transformer_ = side_by_side(
            encoders, pd.DataFrame(row), self.n_jobs
        )

    def transform(self, X):
        """Encode a table.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            The columns of fit, of the same kinds; the keys may be left out.

        Returns
        -------
        DataFrame of shape (n_rows, layout_.width)
            float32, its layout in its names. ``set_output`` chooses another container.

        Raises
        ------
        ValueError
            On other columns than in fit, a column of another kind, a level or missing
            value that fit never saw, infinity; with the column's name.
        """
        frame = self._read(X)
        matrix = self.column_transformer_.transform(frame)
        return pd.DataFrame(
            matrix, index=frame.index, columns=self.layout_.names, copy=False
        )

    def _read(self, X):
        check_is_fitted(self)
        if self.excluded_columns_ and self._holds_no_keys(X):
            return with_derived(self, read_table(X).frame)
        return with_derived(self, super()._read(X))

    def _holds_no_keys(self, X):
        columns = getattr(X, "columns", None)
        return columns is not None and list(columns) == self.columns_

    def _constraint(self, label):
        if self.table_name_ is None:
            return None
        return self.metadata_.get_table(self.table_name_).constraints.get(label)

    def _unclipped(self, label):
        return self._constraint(label) is not None

    def _constrain(self, label, series, clip):
        rule = self._constraint(label)
        return series if rule is None else rule.apply(series, clip=clip)

    def to_state(self):
        """The fitted transformer as plain data, to be saved without pickle.

        Returns
        -------
        dict
            Of strings, numbers, bytes, lists, dicts and numeric arrays. A
            ``random_state`` that is no integer is not kept: ``seed_`` is.
        """
        check_is_fitted(self)
        return write_state(self)

    @classmethod
    def from_state(cls, state):
        """Undo :meth:`to_state`.

        Parameters
        ----------
        state : dict

        Returns
        -------
        DataTransformer

        Raises
        ------
        SerializationError
            When the state is not whole, or from a newer version.
        """
        return read_state(cls, state)
