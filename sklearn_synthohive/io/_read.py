"""Read a table from a file, without changing what its values mean."""

import gzip
import re
import warnings
from itertools import islice
from pathlib import Path

import pandas as pd
from pandas.api import types

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.io._formats import CSV_GZ, PARQUET, format_of, import_parquet

__all__ = ["read_table", "written_text"]

_ISO_DATE = (
    r"\d{4}-\d{2}-\d{2}"
    r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?"
)

_OPTIONS = {"encoding": "utf-8-sig", "keep_default_na": False, "na_values": [""]}
# A field that reads as a number and may be a code: 00501, +4915, 12E4.
_CODE_FIELD = re.compile(
    rb'[,"\r\n][ \t]*(?:[-+]?0\d|\+\d|\d+[eE]\d)[-+.\deE]*[ \t]*(?:[,"\r\n]|\Z)'
)
_BLOCK, _LONGEST_FIELD = 1 << 22, 256
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "'|'"}


def read_table(path, *, parse_dates=True):
    """Read a CSV or Parquet file.

    In a CSV file only an empty field is missing: ``NA``, ``None``, ``nan`` or ``null``
    are values like any other, so a column of numbers that spells its missing values
    so is text. Numbers that are written like codes stay text, with all of their column:
    with leading zeros (``00501``, ``001.0``); with a plus (``+4915``), where none has a
    minus; and with a bare exponent (``12E4``), where none has a decimal point. Integers
    and booleans with missing values become the nullable ``Int64`` and ``boolean``, not
    floats.

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


def written_text(path, positions):
    """Columns of a CSV file as they are written; none of a Parquet file.

    Parameters
    ----------
    path : path-like
    positions : sequence of int

    Returns
    -------
    DataFrame
    """
    if format_of(path) == PARQUET or not len(positions):
        return pd.DataFrame()
    wanted = list(positions)
    return _or_explain(
        path, pd.read_csv, path, usecols=wanted, dtype=str, index_col=False, **_OPTIONS
    )


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
    if len(header) == 1:
        _check_separator(path)
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


def _check_separator(path):
    """Refuse a table that is separated by something else than commas.

    It would be one column, whose values are whole rows.
    """
    with _open(path, "rt", encoding="utf-8-sig", errors="replace") as file:
        lines = [re.sub('"[^"]*"', "", line) for line in islice(file, 20)]
    lines = [line for line in lines if line.strip()]
    for separator, name in _SEPARATORS.items():
        counts = {line.count(separator) for line in lines}
        if len(lines) > 1 and len(counts) == 1 and counts != {0}:
            raise SchemaError(
                f"The file {str(path)!r} seems to be separated by {name}, not by "
                "commas. Convert it first, for instance by "
                f"pandas.read_csv(..., sep={separator!r}).to_csv(..., index=False)."
            )


def _open(path, mode, **options):
    opener = gzip.open if format_of(path) == CSV_GZ else open
    return opener(path, mode, **options)


def _as_written(frame, path, options):
    """Mend what pandas makes of codes, of integers and of booleans with gaps."""
    numbers, gaps = [], []
    for position, dtype in enumerate(frame.dtypes):
        known = frame.iloc[:, position].dropna()
        if dtype.kind == "O" and len(known) and known.isin([True, False]).all():
            frame[frame.columns[position]] = frame.iloc[:, position].astype("boolean")
        elif dtype.kind in "iuf" and len(known):
            numbers.append(position)
            if dtype.kind == "f" and (known % 1 == 0).all():
                gaps.append(position)
    again = numbers if numbers and _may_hold_codes(path) else gaps
    if not again:
        return frame
    texts = pd.read_csv(path, usecols=again, dtype=str, **options)
    whole = set(frame.columns[gaps])
    for column in texts.columns:
        known = texts[column].dropna()
        if _are_codes(known):
            frame[column] = texts[column]
        elif column in whole and known.str.fullmatch(r"[-+]?\d+").all():
            integers = pd.to_numeric(known)
            if integers.dtype.kind in "iu":
                frame[column] = integers.astype("Int64").reindex(frame.index)
    return frame


def _may_hold_codes(path):
    """Whether any field of a file looks like a code, so that a second look pays."""
    rest = b"\n"
    with _open(path, "rb") as file:
        while block := file.read(_BLOCK):
            block = rest + block
            if _CODE_FIELD.search(block):
                return True
            # A field may go on in the next block.
            rest = block[-_LONGEST_FIELD:]
    return False


def _are_codes(texts):
    """Whether what reads as numbers is codes: as numbers they would not come back.

    A plus is the sign of a number where others have a minus, and an exponent is that
    of a number where it has a sign, as programs write it, or others have a decimal
    point.
    """
    texts = texts.str.strip()
    if texts.str.match(r"[-+]?0\d").any():
        return True
    if texts.str.match(r"\+\d").any() and not texts.str.startswith("-").any():
        return True
    exponents = texts.str.fullmatch(r"\d+[eE]\d+")
    return exponents.any() and not texts.str.contains(".", regex=False).any()


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
