"""What the estimators of this room share: reading tables, naming columns."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_synthohive.preprocessing._derived import Ties, derived_names
from sklearn_synthohive.preprocessing._frames import to_container
from sklearn_synthohive.preprocessing._kinds import check_same_kind, kind_of
from sklearn_synthohive.preprocessing._matrix import (
    build_layout,
    decode_columns,
    encode_columns,
    expand_frame,
    read_matrix,
)
from sklearn_synthohive.utils.validation import read_table

__all__ = ["ColumnEncoder"]


class ColumnEncoder(TransformerMixin, BaseEstimator):
    """Base of the transformers that encode a table column by column.

    A subclass finds the encodings in ``fit`` and hands them to ``_set_encodings``.
    Pickles hold parameters, encodings and names, never a row.
    """

    # Columns that are encoded behind the table's own ones.
    _derived = ()
    _ties = Ties()

    def _set_encodings(self, table, encodings, positions=None):
        """Keep the encodings of the columns at these positions of the table."""
        if positions is None:
            positions = list(range(len(table.names)))
        self._restore(
            encodings,
            names=[table.names[i] for i in positions],
            labels=[table.labels[i] for i in positions],
            positions=positions,
            container=table.container,
            schema=table.schema,
        )

    def _restore(self, encodings, *, names, labels, positions, container, schema):
        self._encodings = list(encodings)
        self._names = names
        self._positions = positions
        self._container = container
        self._schema = schema
        self.columns_ = labels
        self.layout_ = build_layout(names, self._encodings)

    @classmethod
    def _of_encoding(cls, encoding, name, **params):
        """A fitted estimator of one column, from its encoding."""
        encoder = cls(**params)
        encoder._restore(
            [encoding],
            names=[name],
            labels=[name],
            positions=[0],
            container="pandas",
            schema=None,
        )
        encoder.n_features_in_ = 1
        encoder.feature_names_in_ = np.array([name], dtype=object)
        return encoder

    def _read(self, X):
        """The modelled columns of a table, checked against those of fit."""
        check_is_fitted(self)
        table = read_table(X, estimator=self, reset=False, allow_series=self._is_1d)
        frame = table.frame
        if len(self._positions) < frame.shape[1]:
            frame = frame.iloc[:, self._positions]
        # An array is known by position, whatever the columns were called in fit.
        frame = frame.copy(deep=False)
        frame.columns = pd.Index(self._names[: frame.shape[1]], dtype=object)
        return frame

    @property
    def _labels(self):
        """Of the table's own columns, and of the derived ones."""
        return [*self.columns_, *self._names[len(self.columns_) :]]

    @property
    def _is_1d(self):
        return False

    def transform(self, X):
        """Encode a table.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            The columns of fit, of the same kinds.

        Returns
        -------
        DataFrame of shape (n_rows, layout_.width)
            float32, its layout in its names. ``set_output`` chooses another container.
        """
        frame = self._read(X)
        table = encode_columns(frame, self._encodings, self.layout_)
        return expand_frame(table, self.layout_, frame.index)

    def encode(self, X):
        """Encode a table compactly: one code a column, one scalar a continuous one.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)

        Returns
        -------
        CompactTable
            The same content as that of ``transform``.
        """
        return encode_columns(self._read(X), self._encodings, self.layout_)

    def modelled(self, X):
        """The modelled columns of a table as they are, new levels included.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            The columns of fit, of the same kinds.

        Returns
        -------
        DataFrame
            Under the labels of fit, in pandas; of the type of their constraints.
        """
        frame = self._read(X)
        columns = {}
        for i, encoding in enumerate(self._encodings):
            series = frame.iloc[:, i]
            kind = kind_of(series)
            check_same_kind(series.name, encoding.kind, kind, series.dtype)
            label = self._labels[i]
            columns[i] = series.rename(label)
            if kind != "empty":
                columns[i] = self._constrain(label, columns[i], False)
        frame = pd.DataFrame(columns, index=frame.index)
        return frame.set_axis(pd.Index(self._labels), axis=1)

    def nearest(self, label, series, *, side=0):
        """The nearest values that a column can hold.

        Numbers and dates go into the range and onto the grid that fit saw, and into
        the column's constraint.

        Parameters
        ----------
        label : str or int
            Of a modelled column.
        series : Series
            Values of the column's dtype.
        side : {-1, 0, 1}, default=0
            Take the grid's next value below or above, or the nearer one.

        Returns
        -------
        Series
            Missing for a level that fit never saw.
        """
        encoding = self._encodings[self.columns_.index(label)]
        values = encoding.nearest(series, side)
        # Told its dtype, pandas does not guess what objects might be.
        dtype = values.dtype
        values = pd.Series(values, index=series.index, name=label, dtype=dtype)
        return self._constrain(label, values, True) if values.notna().any() else values

    def values_of(self, label):
        """What a column can hold: its levels, or its smallest and largest value.

        Parameters
        ----------
        label : str or int
            Of a modelled column.

        Returns
        -------
        values : Series
        is_range : bool
        """
        encoding = self._encodings[self.columns_.index(label)]
        values, is_range = encoding.values_of()
        values = pd.Series(values, name=label, dtype=values.dtype)
        return self._constrain(label, values, True) if is_range else values, is_range

    def line(self, label):
        """Where the modes and spikes of a column lie.

        Parameters
        ----------
        label : str or int
            Of a modelled column.

        Returns
        -------
        Line or None
            None for a column of categories.
        """
        return self._encodings[self.columns_.index(label)].line()

    def decode(self, table, *, clip=True, index=None):
        """Undo :meth:`encode`.

        Parameters
        ----------
        table : CompactTable
        clip : bool, default=True
            Whether values stay within the range seen in fit.
        index : Index, optional
            Of the result; 0, 1, ... by default.

        Returns
        -------
        DataFrame
            Columns, order and dtypes as in fit. A Series or a polars frame where fit
            saw one.
        """
        frame = self.decode_pandas(table, clip=clip, index=index)
        return self.to_container(self._computed(frame, clip))

    def decode_pandas(self, table, *, clip=True, index=None):
        """As :meth:`decode`, cell by cell, and a pandas frame whatever fit saw.

        Parameters
        ----------
        table : CompactTable
        clip : bool, default=True
        index : Index, optional

        Returns
        -------
        DataFrame
        """
        check_is_fitted(self)
        labels = self._labels
        clips = [clip or not self._unclipped(label) for label in labels]
        if index is None:
            index = pd.RangeIndex(len(table))
        columns = decode_columns(table, self._encodings, self.layout_, clips, index)
        series = [
            self._constrain(label, column.rename(label), clip)
            for label, column in zip(labels, columns, strict=True)
        ]
        frame = pd.DataFrame(dict(enumerate(series)), index=index, copy=False)
        frame.columns = pd.Index(labels)
        return frame

    def _computed(self, frame, clip):
        """Decoded columns in which those with a known difference are computed."""
        return frame

    def to_container(self, frame):
        """Decoded rows in the container that fit saw.

        Parameters
        ----------
        frame : DataFrame
            Of :meth:`decode_pandas`, or some of its rows; derived columns are dropped.

        Returns
        -------
        DataFrame, polars DataFrame or Series
        """
        return to_container(self.own(frame), self._container, self._schema)

    def own(self, frame):
        """The table's own columns, without derived ones.

        Parameters
        ----------
        frame : DataFrame
            Of :meth:`decode_pandas` or :meth:`modelled`, or some of its rows.

        Returns
        -------
        DataFrame
        """
        return frame.iloc[:, : len(self.columns_)] if self._derived else frame

    def inverse_transform(self, Xt, *, clip=True):
        """Undo :meth:`transform`.

        Parameters
        ----------
        Xt : DataFrame or array-like of shape (n_rows, layout_.width)
            One-hot blocks may be soft: their largest entry is taken.
        clip : bool, default=True
            Whether values stay within the range seen in fit.

        Returns
        -------
        DataFrame
            Columns, order and dtypes as in fit. A Series or a polars frame where fit
            saw one.

        Raises
        ------
        SchemaError
            When the matrix is not one that ``transform`` returns.
        """
        check_is_fitted(self)
        values, index = read_matrix(Xt, self.layout_)
        return self.decode(self.layout_.compress(values), clip=clip, index=index)

    def _unclipped(self, label):
        """Whether ``clip=False`` concerns a column."""
        return True

    def _constrain(self, label, series, clip):
        """A decoded column after the rules that hold for it."""
        return series

    def get_feature_names_out(self, input_features=None):
        """Names of the encoded columns; they carry the layout.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the columns of the table where fit saw none.

        Returns
        -------
        ndarray of str objects
        """
        check_is_fitted(self)
        layout = self.layout_
        if input_features is not None:
            given = [str(name) for name in input_features]
            known = getattr(self, "feature_names_in_", None)
            if known is not None and given != known.tolist():
                raise ValueError("input_features is not equal to feature_names_in_")
            if len(given) != self.n_features_in_:
                raise ValueError(
                    "input_features should have length equal to number of features "
                    f"({self.n_features_in_}), got {len(given)}"
                )
            names = [given[i] for i in self._positions]
            names += derived_names(names, self._derived)
            layout = build_layout(names, self._encodings)
        return np.asarray(layout.names, dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags
