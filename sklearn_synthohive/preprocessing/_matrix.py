"""Between frames of columns and the encoded matrix, one encoding a column."""

import numpy as np
import pandas as pd

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.layout import CompactTable, Layout, Span, code_dtype

__all__ = [
    "build_layout",
    "decode_columns",
    "encode_columns",
    "expand_frame",
    "read_matrix",
]


def build_layout(names, encodings):
    """The layout of the blocks of the encodings, side by side.

    Parameters
    ----------
    names : list of str
    encodings : list of ContinuousColumn or CategoryColumn

    Returns
    -------
    Layout
    """
    spans, start = [], 0
    for name, encoding in zip(names, encodings, strict=True):
        n_states = encoding.n_states
        if encoding.is_code:
            spans.append(Span(name, "code", start, start + 1, (), n_states))
        else:
            kind = "continuous" if encoding.n_modes else "discrete"
            stop = start + n_states + (kind == "continuous")
            spans.append(Span(name, kind, start, stop, encoding.states, n_states))
        start = spans[-1].stop
    return Layout(tuple(spans))


def encode_columns(frame, encodings, layout):
    """The compact form of a frame.

    Parameters
    ----------
    frame : DataFrame
        One column an encoding, in order.
    encodings : list
    layout : Layout

    Returns
    -------
    CompactTable
    """
    largest = max(e.n_states for e in encodings)
    codes = np.empty((len(frame), len(encodings)), dtype=code_dtype(largest))
    scalars = np.zeros((len(frame), len(layout.continuous)), dtype=np.float32)
    k = 0
    for i, encoding in enumerate(encodings):
        codes[:, i], values = encoding.encode(frame.iloc[:, i])
        if values is not None:
            scalars[:, k] = values
            k += 1
    return CompactTable(codes, scalars)


def decode_columns(table, encodings, layout, clips, index):
    """The columns behind a compact table, without their names.

    Parameters
    ----------
    table : CompactTable
    encodings : list
    layout : Layout
    clips : list of bool
        Whether each column stays within the range seen.
    index : Index

    Returns
    -------
    list of Series
    """
    if table.codes.shape[1:] != (len(encodings),) or table.scalars.shape[1:] != (
        len(layout.continuous),
    ):
        raise SchemaError(
            f"Expected a compact table of {len(encodings)} codes and "
            f"{len(layout.continuous)} scalars, got {table.codes.shape[1:]} and "
            f"{table.scalars.shape[1:]}."
        )
    scalars = dict(zip(layout.continuous, table.scalars.T, strict=True))
    columns = []
    for i, encoding in enumerate(encodings):
        codes = table.codes[:, i].astype(np.intp)
        values = encoding.decode(codes, scalars.get(i), clip=clips[i])
        # Told its dtype, pandas does not guess what objects might be.
        dtype = getattr(values, "dtype", None)
        columns.append(pd.Series(values, index=index, dtype=dtype, copy=False))
    return columns


def expand_frame(table, layout, index, names=None):
    """The encoded matrix of a compact table, its layout in its names.

    Parameters
    ----------
    table : CompactTable
    layout : Layout
    index : Index
    names : list of str, optional

    Returns
    -------
    DataFrame of float32
    """
    columns = layout.names if names is None else names
    return pd.DataFrame(layout.expand(table), index=index, columns=columns, copy=False)


def read_matrix(Xt, layout):
    """Values and index of an encoded matrix.

    Parameters
    ----------
    Xt : DataFrame, polars DataFrame or array-like of shape (n_rows, layout.width)
    layout : Layout

    Returns
    -------
    values : ndarray
    index : Index

    Raises
    ------
    SchemaError
        On another width, other names, or values that are not finite numbers.
    """
    names = getattr(Xt, "columns", None)
    if names is not None:
        _check_names(list(names), layout.names)
    try:
        values = np.asarray(Xt)
        if values.dtype.kind != "f":
            values = values.astype(np.float32)
    except (TypeError, ValueError) as error:
        raise SchemaError(f"The encoded matrix must hold numbers: {error}.") from None
    if values.ndim != 2 or values.shape[1] != layout.width:
        raise SchemaError(
            f"Expected a matrix of {layout.width} encoded columns, got an array of "
            f"shape {values.shape}."
        )
    for span in layout.spans:
        if not np.isfinite(values[:, span.start : span.stop]).all():
            raise SchemaError(
                f"The encoded columns of {span.column!r} hold NaN or infinity."
            )
    index = Xt.index if isinstance(Xt, pd.DataFrame) else pd.RangeIndex(len(values))
    return values, index


def _check_names(found, expected):
    if not all(isinstance(name, str) for name in found) or found == expected:
        return
    if len(found) == len(expected):
        # An outer ColumnTransformer puts a prefix in front.
        pairs = list(zip(found, expected, strict=True))
        if all(f == e or f.endswith("__" + e) for f, e in pairs):
            return
        first = next(f"{f!r} instead of {e!r}" for f, e in pairs if f != e)
    else:
        first = f"{len(found)} columns instead of {len(expected)}"
    raise SchemaError(
        f"The columns are not those that transform returned: {first}. Pass the frame "
        "of transform, or a plain array in the order of get_feature_names_out()."
    )
