"""Whole tables as one model-ready matrix, and back."""

import copy
import numbers

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metadata import Metadata
from sklearn_synthohive.preprocessing._categorical_encoder import CategoricalEncoder
from sklearn_synthohive.preprocessing._category import CategoryColumn
from sklearn_synthohive.preprocessing._cluster_normalizer import ClusterBasedNormalizer
from sklearn_synthohive.preprocessing._encoder import ColumnEncoder
from sklearn_synthohive.preprocessing._nominal import CHOICES, are_categories
from sklearn_synthohive.preprocessing._rare import count_of, warn_of_single_rows
from sklearn_synthohive.preprocessing._state import read_state, write_state
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
        self._check_metadata(table_name)
        table = read_table(X, estimator=self)
        config = self._find_config(table, table_name)
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
        fitted = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_encoder)(encoder, frame.iloc[:, [i]])
            for i, encoder in enumerate(encoders)
        )
        self._set_encodings(table, [e._encodings[0] for e in fitted], positions)
        self._compose(fitted, frame.iloc[:1])
        warn_of_single_rows(self._names, self._encodings)
        return self

    def _check_metadata(self, table_name):
        if self.metadata is not None and not self.metadata.tables:
            raise ValueError(
                "metadata describe no table; call metadata.add_table(...) or leave "
                "metadata out."
            )
        if self.metadata is None and table_name is not None:
            raise SchemaError(
                f"table_name={table_name!r} needs metadata that describe the table: "
                "DataTransformer(metadata)."
            )

    def _find_config(self, table, table_name):
        """The description of the table, checked against its columns."""
        if table_name is None:
            return None
        config = self.metadata.get_table(table_name)
        named = [*config.columns_excluded, *config.constraints]
        named += config.high_cardinality_cols
        unknown = [c for c in named if c not in table.labels]
        if unknown:
            raise SchemaError(
                f"Table {table_name!r} is described with the columns {unknown}, which "
                f"the data do not have; they have {table.labels}."
            )
        for i, label in enumerate(table.labels):
            rule = config.constraints.get(label)
            if rule is not None:
                # Raises for a rule on a column of another kind.
                rule.violations(table.frame.iloc[:, i].rename(label))
        return config

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

    def _compose(self, encoders, row):
        """Put fitted encoders side by side; one row is enough to join them."""
        self.column_transformer_ = ColumnTransformer(
            [(f"column{i}", FrozenEstimator(e), [i]) for i, e in enumerate(encoders)],
            verbose_feature_names_out=False,
            sparse_threshold=0,
            n_jobs=self.n_jobs,
        )
        # The container is chosen once, by set_output on this estimator.
        self.column_transformer_.set_output(transform="default").fit(row)

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
        self._compose(encoders, pd.DataFrame(row))

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
            return read_table(X).frame
        return super()._read(X)

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


def _fit_encoder(encoder, frame):
    return clone(encoder).fit(frame)
