"""Write a table to a file, batch by batch, whole or not at all."""

import contextlib
import gzip
import io
import os
import uuid
from pathlib import Path

from pandas.api import types

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.io._formats import CSV_GZ, PARQUET, format_of, import_parquet

__all__ = ["TableWriter", "write_table"]


def write_table(frame, path):
    """Write a frame to a CSV or Parquet file, without its index.

    Parameters
    ----------
    frame : DataFrame
    path : str or path-like
        Its name ends in ``.csv``, ``.csv.gz`` or ``.parquet``. A file that is there
        is replaced once the new one is whole.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import pandas as pd
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "ages.csv"
    >>> write_table(pd.DataFrame({"age": [31, 57]}), path)
    >>> path.read_text()
    'age\\n31\\n57\\n'
    """
    with TableWriter(path) as writer:
        writer.write(frame)


class TableWriter:
    """Append frames to a new CSV or Parquet file.

    The rows go to a file beside the target, which takes its name when the ``with``
    block ends; when that fails, or an exception leaves it, nothing is left behind and
    a file that was there stays as it was.

    Parameters
    ----------
    path : str or path-like
        Its name ends in ``.csv``, ``.csv.gz`` or ``.parquet``, the last one with the
        extra ``parquet``.

    Attributes
    ----------
    rows : int
        The number of rows written so far.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import pandas as pd
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "ages.csv"
    >>> with TableWriter(path) as writer:
    ...     for age in (31, 57):
    ...         writer.write(pd.DataFrame({"age": [age]}))
    >>> path.read_text(), writer.rows
    ('age\\n31\\n57\\n', 2)
    """

    def __init__(self, path):
        self._form = format_of(path)
        self._path = Path(path)
        self._part = None
        self._sink = None
        self._columns = None
        self.rows = 0
        if self._form == PARQUET:
            import_parquet()

    def __enter__(self):
        folder = self._path.absolute().parent
        if not folder.is_dir():
            raise FileNotFoundError(
                f"There is no folder {str(folder)!r}; make it before writing to it."
            )
        if self._path.is_dir():
            raise IsADirectoryError(f"{str(self._path)!r} is a folder; name a file.")
        self._part = folder / f".{self._path.name}.{uuid.uuid4().hex[:8]}.part"
        self._sink = _SINKS[self._form](self._part)
        return self

    def write(self, frame):
        """Append a frame.

        Parameters
        ----------
        frame : DataFrame
            With the columns of the first one, in the same order.

        Raises
        ------
        SchemaError
            When the columns differ, or hold what the column's type cannot.
        """
        if self._sink is None:
            raise ValueError(
                f"The writer of {str(self._path)!r} is not open: use it in a with "
                "block."
            )
        columns = list(frame.columns)
        if self._columns is None:
            self._columns = columns
        elif columns != self._columns:
            raise SchemaError(
                f"{str(self._path)!r} has the columns {self._columns}, a later batch "
                f"has {columns}."
            )
        self._sink.write(frame)
        self.rows += len(frame)

    def __exit__(self, kind, error, trace):
        sink, self._sink = self._sink, None
        try:
            if kind is None and self._columns is not None:
                sink.close()
                _sync(self._part)
                os.replace(self._part, self._path)
                return
            with contextlib.suppress(Exception):
                sink.close()
            if kind is None:
                raise SchemaError(f"Nothing was written to {str(self._path)!r}.")
        finally:
            self._part.unlink(missing_ok=True)


class _CsvSink:
    """Text lines, the header before the first frame."""

    def __init__(self, path):
        self._handle = self._open(path)
        self._whole_days = None

    @staticmethod
    def _open(path):
        return open(path, "w", encoding="utf-8", newline="")

    def write(self, frame):
        first = self._whole_days is None
        frame.pipe(self._with_steady_dates, first).to_csv(
            self._handle, index=False, header=first, lineterminator="\n"
        )

    def _with_steady_dates(self, frame, first):
        """Keep the time of day in a batch that happens to hold whole days only."""
        positions = [
            i for i, t in enumerate(frame.dtypes) if types.is_datetime64_any_dtype(t)
        ]
        whole = {i: _whole_days(frame.iloc[:, i]) for i in positions}
        if first:
            self._whole_days = whole
        late = [i for i in positions if whole[i] and not self._whole_days[i]]
        self._whole_days = {i: whole[i] and self._whole_days[i] for i in positions}
        if not late:
            return frame
        texts = {
            frame.columns[i]: frame.iloc[:, i].dt.strftime("%Y-%m-%d %H:%M:%S")
            for i in late
        }
        return frame.assign(**texts)

    def close(self):
        self._handle.close()


class _GzipCsvSink(_CsvSink):
    """The same, compressed."""

    @staticmethod
    def _open(path):
        # Without a name and a time inside, the same rows give the same bytes.
        packed = gzip.GzipFile("", "wb", 6, path.open("wb"), mtime=0)
        return io.TextIOWrapper(packed, encoding="utf-8", newline="")

    def close(self):
        raw = self._handle.buffer.fileobj
        self._handle.close()
        raw.close()


class _ParquetSink:
    """Row groups, all of the schema of the first frame."""

    def __init__(self, path):
        self._arrow, self._parquet = import_parquet()
        self._path = path
        self._schema = None
        self._writer = None
        path.touch(exist_ok=False)

    def write(self, frame):
        if self._schema is None:
            self._schema = self._read_schema(frame)
            self._writer = self._parquet.ParquetWriter(self._path, self._schema)
        try:
            table = self._arrow.Table.from_pandas(
                frame, schema=self._schema, preserve_index=False
            )
        except (self._arrow.ArrowInvalid, self._arrow.ArrowTypeError) as error:
            raise SchemaError(
                f"A batch does not fit the types of the first one: {error}"
            ) from error
        self._writer.write_table(table)

    def _read_schema(self, frame):
        pa = self._arrow
        schema = pa.Schema.from_pandas(frame, preserve_index=False)
        for i, field in enumerate(schema):
            # Objects that are all missing say nothing of their type: as a rule, text.
            if pa.types.is_null(field.type):
                schema = schema.set(i, field.with_type(pa.string()))
        return schema

    def close(self):
        if self._writer is not None:
            self._writer.close()


_SINKS = {".csv": _CsvSink, CSV_GZ: _GzipCsvSink, PARQUET: _ParquetSink}


def _whole_days(values):
    known = values.dropna()
    return bool((known == known.dt.normalize()).all())


def _sync(path):
    with open(path, "rb+") as handle:
        os.fsync(handle.fileno())
