"""Raw tables as users hand them in, checked and brought into one form."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils.validation import check_array, validate_data

__all__ = ["Table", "read_table"]


@dataclass(frozen=True)
class Table:
    """A raw table as a pandas frame, and what it was before.

    Attributes
    ----------
    frame : DataFrame
        The values, under ``names``. Shares its data with the input where it can.
    names : list of str
        One text a column, unique; ``x0, x1, ...`` where the input had no names.
    labels : list
        The column labels as the user wrote them, strings or integers.
    container : {"pandas", "polars", "array", "series"}
        What the input was.
    schema : object
        The schema of a polars frame, else None.
    """

    frame: pd.DataFrame
    names: list[str]
    labels: list[Any]
    container: Literal["pandas", "polars", "array", "series"]
    schema: Any = None


def read_table(X, *, estimator=None, reset=True, allow_series=False):
    """Bring a raw table into one form, or say what is wrong with it.

    Parameters
    ----------
    X : DataFrame, polars DataFrame, array-like of shape (n_rows, n_columns)
        Values of a column may be of any kind; they are not looked at here.
    estimator : estimator, optional
        When given, number and names of the features are recorded on it
        (``reset=True``) or compared with those recorded.
    reset : bool, default=True
        Whether this is ``fit``; then an empty table is an error.
    allow_series : bool, default=False
        Whether a Series is a table of one column.

    Returns
    -------
    Table

    Raises
    ------
    TypeError
        On sparse input, and on column names of mixed types.
    ValueError
        On input that is empty, complex, not two-dimensional, has duplicate names, or
        other columns than in fit.

    Examples
    --------
    >>> import pandas as pd
    >>> read_table(pd.DataFrame({3: [1, 2], 4: ["a", "b"]})).names
    ['3', '4']
    >>> read_table([[1, "a"], [2, "b"]]).frame.dtypes.astype(str).tolist()[0]
    'int64'
    """
    if sparse.issparse(X):
        raise TypeError(
            "Sparse data was passed for X, but dense data is required. Use "
            "'.toarray()' to convert to a dense numpy array."
        )
    if isinstance(X, pd.Series):
        if not allow_series:
            raise ValueError(
                "Expected a 2D table, got a Series: it is 1D. Use series.to_frame()."
            )
        name = "x0" if X.name is None else X.name
        table = _from_frame(X.to_frame(name), "series")
        table.labels[:] = [X.name]
    elif isinstance(X, pd.DataFrame):
        table = _from_frame(X, "pandas")
    elif is_polars(X):
        table = _from_polars(X)
    else:
        X = _as_object_array(X)
        table = _from_array(X, allow_empty=not reset)
    if estimator is not None:
        # scikit-learn before 1.8 finds no names on a frame of a recent polars.
        checked = table.frame if table.container in ("series", "polars") else X
        validate_data(estimator, checked, reset=reset, skip_check_array=True)
    if reset:
        _check_not_empty(table.frame)
    return table


def is_polars(X):
    """Whether an object is a polars frame, without importing polars.

    Parameters
    ----------
    X : object

    Returns
    -------
    bool
    """
    return type(X).__module__.partition(".")[0] == "polars"


def _from_frame(X, container):
    labels = X.columns.tolist()
    _check_labels(X.columns)
    for label, dtype in zip(labels, X.dtypes, strict=True):
        if isinstance(dtype, pd.SparseDtype):
            raise TypeError(
                f"Column {label!r} is sparse, but dense data is required. Use "
                "X.sparse.to_dense()."
            )
        if getattr(dtype, "kind", "") == "c":
            raise ValueError(
                f"Complex data not supported: column {label!r} holds {dtype}; split "
                "it into its real and its imaginary part."
            )
    frame = X.copy(deep=False)
    names = [str(label) for label in labels]
    frame.columns = pd.Index(names, dtype=object)
    return Table(frame, names, labels, container)


def _check_labels(columns):
    if isinstance(columns, pd.MultiIndex):
        raise ValueError(
            "The columns are a MultiIndex; flatten them first: "
            "X.columns = ['_'.join(map(str, c)) for c in X.columns]."
        )
    types = {type(label) for label in columns}
    text = [issubclass(t, str) for t in types]
    whole = [issubclass(t, int | np.integer) and not issubclass(t, bool) for t in types]
    if not (all(text) or all(whole)):
        found = sorted(t.__name__ for t in types)
        raise TypeError(
            "Feature names are only supported if all input features have string "
            "names, or all have integer names, but your input has "
            f"{found} as feature name / column name types. Convert them by "
            "X.columns = X.columns.astype(str)."
        )
    for label in columns:
        try:
            str(label).encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"The column name {label!a} is not Unicode: it holds half of a "
                "surrogate pair. Rename the column."
            ) from None
    if not columns.is_unique:
        repeated = columns[columns.duplicated()].unique().tolist()
        raise ValueError(
            f"The column names {repeated} occur more than once; rename the columns."
        )


def _as_object_array(X):
    """Lists as objects, so that [1, "a"] does not become two strings."""
    if isinstance(X, list | tuple):
        rows = np.asarray(X, dtype=object)
        if rows.ndim == 1 and any(isinstance(row, list | tuple) for row in X):
            raise ValueError(
                "Expected a 2D table, but the rows differ in length: the shape is "
                "inhomogeneous. Give each row the same number of values."
            )
        return rows
    return X if hasattr(X, "dtype") and hasattr(X, "ndim") else np.asarray(X)


def _from_array(X, allow_empty):
    least = 0 if allow_empty else 1
    X = check_array(
        X,
        dtype=None,
        ensure_all_finite=False,
        ensure_min_samples=least,
        ensure_min_features=1,
    )
    frame = pd.DataFrame(X, copy=False)
    if X.dtype == object:
        frame = frame.infer_objects()
    labels = list(range(X.shape[1]))
    names = [f"x{i}" for i in labels]
    frame.columns = pd.Index(names, dtype=object)
    return Table(frame, names, labels, "array")


def _from_polars(X):
    import polars as pl

    if isinstance(X, pl.LazyFrame):
        raise TypeError("X is a lazy polars frame; pass X.collect().")
    if not isinstance(X, pl.DataFrame):
        raise ValueError(
            f"Expected a 2D table, got a polars {type(X).__name__}: it is 1D. Use "
            ".to_frame()."
        )
    frame = pd.DataFrame({s.name: _polars_column(s, pl) for s in X})
    frame.columns = pd.Index(X.columns, dtype=object)
    return Table(frame, X.columns, X.columns, "polars", X.schema)


def _polars_column(series, pl):
    if series.dtype == pl.Null:
        return pd.Series([None] * len(series), dtype=object)
    # Categories as such; everything else as Arrow, which holds missing integers.
    if series.dtype in (pl.Categorical, pl.Enum):
        text = series.cast(pl.String)
        if series.dtype == pl.Enum:
            levels, ordered = series.dtype.categories.to_list(), True
        else:
            levels, ordered = text.drop_nulls().unique().sort().to_list(), False
        dtype = pd.CategoricalDtype(levels, ordered=ordered)
        return pd.Series(pd.Categorical(text.to_list(), dtype=dtype))
    return series.to_pandas(use_pyarrow_extension_array=True)


def _check_not_empty(frame):
    for axis, noun in ((0, "sample"), (1, "feature")):
        if frame.shape[axis] == 0:
            raise ValueError(
                f"Found array with 0 {noun}(s) (shape={frame.shape}) while a minimum "
                "of 1 is required."
            )
