"""Decoded columns as the container that the user works with."""

import io

import pandas as pd

__all__ = ["schema_from_bytes", "schema_to_bytes", "to_container"]


def to_container(frame, container, schema):
    """A table in the container that the user works with.

    Parameters
    ----------
    frame : DataFrame
    container : {"pandas", "polars", "array", "series"}
        What fit saw; arrays come back as frames.
    schema : polars Schema or None

    Returns
    -------
    DataFrame, polars DataFrame or Series
    """
    if container == "series":
        return frame.iloc[:, 0]
    return _to_polars(frame, schema) if container == "polars" else frame


def _to_polars(frame, schema):
    import polars as pl

    columns = []
    for name in frame.columns:
        values, dtype = frame[name], schema[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype(object).where(values.notna(), None)
            columns.append(
                pl.Series(name, values.to_list(), dtype=pl.String).cast(dtype)
            )
        elif isinstance(values.dtype, pd.ArrowDtype):
            array = values.array.__arrow_array__()
            columns.append(pl.Series(name, array).cast(dtype))
        else:
            columns.append(pl.Series(name, values.to_list(), strict=False).cast(dtype))
    return pl.DataFrame(columns)


def schema_to_bytes(schema):
    """A polars schema as the bytes of an empty Arrow file; None stays None."""
    if schema is None:
        return None
    import polars as pl

    buffer = io.BytesIO()
    pl.DataFrame(schema=schema).write_ipc(buffer)
    return buffer.getvalue()


def schema_from_bytes(data):
    """Undo :func:`schema_to_bytes`."""
    if data is None:
        return None
    import polars as pl

    return pl.read_ipc(io.BytesIO(data)).schema
