"""Read a table that lies in several files."""

import numpy as np
import pandas as pd
from pandas.api import types

from sklearn_synthohive.io._read import read_table, written_text

__all__ = ["read_parts"]


def read_parts(paths):
    """Read the parts of one table, whose columns have one type throughout.

    A CSV file says nothing of its types: codes such as 00501 are text, and look like
    numbers in a part where none of them begins with a zero. A column that parts take
    for different things is text in all of them, as it is written there.

    Parameters
    ----------
    paths : sequence of path-like
        As :func:`read_table` takes them.

    Returns
    -------
    DataFrame
        The rows in the order of the files.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("zip\\n00501\\n")
    >>> _ = (folder / "b.csv").write_text("zip\\n10001\\n")
    >>> read_parts([folder / "a.csv", folder / "b.csv"])["zip"].tolist()
    ['00501', '10001']
    """
    frames = [read_table(path) for path in paths]
    kinds: dict = {}
    for frame in frames:
        for name in frame.columns:
            kinds.setdefault(name, set()).add(_kind(frame[name]))
    mixed = [name for name, found in kinds.items() if len(found - {None}) > 1]
    if mixed:
        for path, frame in zip(paths, frames, strict=True):
            texts = written_text(path, np.flatnonzero(frame.columns.isin(mixed)))
            for name in texts:
                frame[name] = texts[name]
    for name, found in kinds.items():
        if None in found and len(found) > 1:
            _fill_in(frames, name)
    return pd.concat(frames, ignore_index=True)


def _fill_in(frames, name):
    """Give a column the type of the other parts where all of it is missing."""
    frames = [frame for frame in frames if name in frame.columns]
    known = [frame[name] for frame in frames if frame[name].notna().any()]
    dtype = pd.concat(known).dtype
    if types.is_integer_dtype(dtype):
        dtype = "Int64"
    elif types.is_bool_dtype(dtype):
        dtype = "boolean"
    for frame in frames:
        if frame[name].notna().any():
            frame[name] = frame[name].astype(dtype)
        else:
            frame[name] = pd.Series(index=frame.index, dtype=dtype)


def _kind(column):
    """What a column was read as; None where nothing is known."""
    if not column.notna().any():
        return None
    for kind, is_kind in (
        ("truth", types.is_bool_dtype),
        ("number", types.is_numeric_dtype),
        ("date", types.is_datetime64_any_dtype),
    ):
        if is_kind(column.dtype):
            # Dates with and without a zone do not go together.
            return kind, str(getattr(column.dtype, "tz", ""))
    return "text", ""
