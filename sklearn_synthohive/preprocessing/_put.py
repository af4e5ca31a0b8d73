"""Values put into some cells of a column of decoded rows."""

import pandas as pd

__all__ = ["put_values"]


def put_values(transformer, frame, i, rows, values, clip):
    """Put values into a column, under its constraint.

    Parameters
    ----------
    transformer : DataTransformer
    frame : DataFrame
        Decoded rows; changed.
    i : int
        Position of the column.
    rows : ndarray of int
    values : array-like of the column's dtype
        One a row.
    clip : bool
        As in ``DataTransformer.decode``.
    """
    column = frame.iloc[:, i].copy()
    new = pd.Series(values, index=column.index[rows], dtype=column.dtype)
    new = transformer._constrain(column.name, new.rename(column.name), clip)
    column.iloc[rows] = new.astype(column.dtype).array
    frame.isetitem(i, column)
