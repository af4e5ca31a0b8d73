"""Read a table from a file, without changing what its values mean."""

import re
import warnings
from pathlib import Path

import pandas as pd
from pandas.api import types

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.io._formats import PARQUET, format_of, import_parquet

__all__ = ["read_parts", "read_table"]

_ISO_DATE = (
    r"\d{4}-\d{2}-\d{2}"
    r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?"
)
# Digits that are no number: zeros in front, or a telephone's plus.
_CODE = r"[-+]?0\d|\+\d{4}"
# Rows in which columns of fractions show that they are codes.
_CODE_ROWS = 1_000
_OPTIONS = {"encoding": "utf-8-sig", "keep_default_na": False, "na_values": [""]}
_SEPARATORS = {"semicolons": ";", "tabs": "\t", "bars": "|"}


def read_table(path, *, parse_dates=True):
    """Read a CSV or Parquet file.

    In a CSV file only an empty field is missing: ``NA``, ``None``, ``nan`` or ``null``
    are values like any other, so a column of numbers that spells its missing values
    so is text. Numbers with leading zeros (``00501``, ``001.0``), with a telephone's
    plus (``+4915``) and codes that look like powers (``12E4``, where all others are
    digits) stay text. Integers and booleans with missing values become the nullable
    ``Int64`` and ``boolean``, not floats.

    Parameters
    ----------
    path : str or path-like
        Its name ends in ``.csv``, ``.csv.gz`` (both UTF-8) or ``.parquet``, the last
        one with the extra ``parquet``.
    parse_dates : bool, default=True
        In a CSV file, read as dates the columns whose every value is an ISO 8601 date
        (``2024-02-29``, ``2024-02-29 13:30:00``, ``2024-02-29T13:30Z``), all without
        or all with the same offset from UTC. Columns with anything else stay text.

    Returns
    -------
    DataFrame

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        For an unknown suffix, or a file that is not a table.
    SchemaError
        When it holds no rows, or a name twice.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "people.csv"
    >>> _ = path.write_text("name,born\\nNone,1969-07-20\\nAda,\\n")
    >>> people = read_table(path)
    >>> people["name"].tolist(), people["born"].dt.year.tolist()
    (['None', 'Ada'], [1969.0, nan])
    """
    form = format_of(path)
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    if not path.is_file():
        raise ValueError(f"{str(path)!r} is not a file; give one table at a time.")
    if path.stat().st_size == 0:
        raise SchemaError(f"The file {str(path)!r} is empty.")
    if form == PARQUET:
        import_parquet()
        frame = _or_explain(path, pd.read_parquet, path)
    else:
        frame = _read_csv(path, parse_dates)
    if len(frame) == 0 or frame.shape[1] == 0:
        raise SchemaError(f"The file {str(path)!r} holds no rows.")
    return frame


def read_parts(paths, read=read_table):
    """Read a table that lies in several files, one below the other.

    Parameters
    ----------
    paths : sequence of path-like
        In their order.
    read : callable, default=read_table
        Reads one of them.

    Returns
    -------
    DataFrame
        What is text in one CSV file (``09901``) is text in all, as it is written there.
    """
    paths = [Path(path) for path in paths]
    frames = [read(path) for path in paths]
    text: dict = {}
    for frame in frames:
        for column in frame.columns:
            text.setdefault(column, set()).add(_is_text(frame[column]))
    mixed = [column for column, kinds in text.items() if len(kinds) > 1]
    for path, frame in zip(paths, frames, strict=True):
        own = [c for c in frame.columns if c in mixed and not _is_text(frame[c])]
        if own and read is read_table and format_of(path) != PARQUET:
            frame[own] = pd.read_csv(path, usecols=own, dtype=str, **_OPTIONS)[own]
    return pd.concat(frames, ignore_index=True)


def _is_text(column):
    return column.dtype == object or types.is_string_dtype(column.dtype)


def _or_explain(path, read, *args, **kwargs):
    try:
        return read(*args, **kwargs)
    except pd.errors.ParserWarning as error:
        raise ValueError(
            f"{str(path)!r} has more fields in its rows than names in its first line."
        ) from error
    except (ValueError, EOFError, OSError) as error:
        # An EmptyDataError and a UnicodeDecodeError are ValueErrors too.
        if isinstance(error, PermissionError):
            raise
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{str(path)!r} cannot be read: {first}") from error


def _read_csv(path, parse_dates):
    options = dict(_OPTIONS)
    header = _or_explain(
        path, pd.read_csv, path, header=None, nrows=1, dtype=str, **options
    ).iloc[0]
    repeated = header[header.duplicated() & header.notna()]
    if len(repeated):
        raise SchemaError(
            f"The file {str(path)!r} has the column {repeated.iloc[0]!r} twice; rename "
            "one of them."
        )
    _refuse_other_separators(path, header, options)
    with warnings.catch_warnings():
        # Else fields beyond the names are dropped, or become the index.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        options |= {"index_col": False}
        frame = _or_explain(path, pd.read_csv, path, low_memory=False, **options)
    frame = _as_written(frame, path, options)
    if parse_dates:
        for column in frame.columns:
            dates = _as_dates(frame[column])
            if dates is not None:
                frame[column] = dates
    return frame


def _refuse_other_separators(path, header, options):
    """One column whose rows all hold the same number of another separator."""
    if len(header) != 1:
        return
    lines = _or_explain(
        path, pd.read_csv, path, header=None, nrows=20, dtype=str, **options
    )[0].dropna()
    for name, separator in _SEPARATORS.items():
        counts = lines.str.count(re.escape(separator))
        if len(lines) > 1 and counts.iloc[0] and (counts == counts.iloc[0]).all():
            raise SchemaError(
                f"The file {str(path)!r} seems to be separated by {name}; write it "
                "with commas, or read it with pandas.read_csv(..., sep=...)."
            )


def _as_written(frame, path, options):
    """Mend what pandas makes of codes, of integers and of booleans with gaps."""
    whole = []
    first = pd.read_csv(path, nrows=_CODE_ROWS, dtype=str, **options)
    for position, dtype in enumerate(frame.dtypes):
        known = frame.iloc[:, position].dropna()
        if dtype.kind == "O" and len(known) and known.isin([True, False]).all():
            frame[frame.columns[position]] = frame.iloc[:, position].astype("boolean")
        elif dtype.kind in "iuf" and len(known):
            texts = first.iloc[:, position].dropna()
            if (known % 1 == 0).all() or texts.str.match(_CODE).any():
                whole.append(position)
    if not whole:
        return frame
    texts = pd.read_csv(path, usecols=whole, dtype=str, **options)
    for column in texts.columns:
        known = texts[column].dropna()
        powers = known.str.fullmatch(r"\d+E\d+")
        powers = powers.any() and known[~powers].str.isdecimal().all()
        if powers or known.str.match(_CODE).any():
            frame[column] = texts[column]
        elif frame[column].dtype.kind == "f" and known.str.fullmatch(r"[-+]?\d+").all():
            numbers = pd.to_numeric(known)
            if numbers.dtype.kind in "iu":
                frame[column] = numbers.astype("Int64").reindex(frame.index)
    return frame


def _as_dates(values):
    """The column as dates, or None when it holds anything else."""
    if values.dtype != object and not types.is_string_dtype(values.dtype):
        return None
    known = values.dropna()
    if not len(known) or not all(isinstance(v, str) for v in known):
        return None
    # Most columns are settled by a few values; uniques spare the rest of the work.
    for sample in (known.iloc[:20], known.drop_duplicates()):
        if not sample.str.fullmatch(_ISO_DATE).astype(bool).all():
            return None
    offsets = known.drop_duplicates().str.extract(_ISO_DATE, expand=False)
    if len(offsets.drop_duplicates()) > 1:
        return None
    try:
        return pd.to_datetime(values, format="ISO8601")
    except ValueError:
        return None
