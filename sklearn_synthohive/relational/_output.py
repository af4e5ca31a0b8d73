"""Generated tables as folders of files, put in place whole."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from pathlib import Path

from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.io import TableWriter
from sklearn_synthohive.logging import get_logger

__all__ = ["ON_WRITE_FAILURE", "OutputFolder", "suffix_of"]

log = get_logger(__name__)

ON_WRITE_FAILURE = ("raise", "cleanup", "retry")
# Seconds before a file is tried again.
WAITS = (1.0, 2.0, 4.0)
SUFFIXES = {"parquet": ".parquet", "csv": ".csv", "csv.gz": ".csv.gz"}


def suffix_of(io) -> str:
    """The suffix of the files of an ``io``: a format's name, None for Parquet."""
    if io is None:
        return SUFFIXES["parquet"]
    if isinstance(io, str) and io in SUFFIXES:
        return SUFFIXES[io]
    if hasattr(io, "read") and hasattr(io, "writer") and hasattr(io, "suffix"):
        return io.suffix
    raise ValueError(
        f"io must be None, one of {list(SUFFIXES)}, or an object with suffix, "
        f"read(path) and writer(path), got {io!r}."
    )


class OutputFolder:
    """One folder of files for each table, in a common one.

    Files are written to a hidden folder beside their place. When all tables are
    written each folder takes the place of the one that was there.

    Parameters
    ----------
    path : path-like
        Made where it does not exist.
    tables : sequence of str
    on_write_failure : {"raise", "cleanup", "retry"}
        What happens when a file cannot be written: tables that are whole are put in
        place and the error is raised; nothing of this call stays and what was there
        before does; the file is tried again three times first.
    io : None, str or object
        As of :func:`suffix_of`.

    Raises
    ------
    SerializationError
        When the folder cannot be written to, or a table's place is taken by something
        else than files of a table.
    """

    def __init__(self, path, tables, on_write_failure="raise", io=None):
        self.path = Path(path)
        self.suffix = suffix_of(io)
        self._writer = io.writer if hasattr(io, "writer") else TableWriter
        self._policy = on_write_failure
        self._whole: list[str] = []
        try:
            self._check(tables)
            self._staging = self.path / f".generating-{uuid.uuid4().hex[:8]}"
            self._staging.mkdir(parents=True)
        except OSError as error:
            if isinstance(error, SerializationError):
                raise
            raise _cannot_write(self.path, error) from error

    @property
    def work(self) -> Path:
        """A folder for what is needed only while tables are made."""
        return self._staging / ".work"

    def _check(self, tables):
        if self.path.exists() and not self.path.is_dir():
            raise SerializationError(
                f"{str(self.path)!r} is a file; name a folder for the tables."
            )
        for name in tables:
            if name in (".", "..") or set(name) & set('/\\:\0*?"<>|'):
                raise SerializationError(
                    f"The table {name!r} cannot be a folder's name; rename it, or "
                    "generate frames."
                )
            place = self.path / name
            if not place.exists():
                continue
            strange = not place.is_dir() or [
                p.name for p in place.iterdir() if not p.name.startswith("part-")
            ]
            if strange:
                raise SerializationError(
                    f"{str(place)!r} holds something else than the parts of a table, "
                    "so it is not replaced; give another path."
                )

    def write(self, name: str, frames) -> None:
        """Write a table.

        Parameters
        ----------
        name : str
        frames : iterable of DataFrame
            One file each.
        """
        folder = self._staging / name
        try:
            folder.mkdir()
            for i, frame in enumerate(frames):
                self._write_file(folder / f"part-{i:05d}{self.suffix}", frame)
        except OSError as error:
            raise _cannot_write(self.path / name, error) from error
        self._whole.append(name)

    def _write_file(self, path, frame):
        waits = WAITS if self._policy == "retry" else ()
        for wait in (*waits, None):
            try:
                with self._writer(path) as writer:
                    writer.write(frame)
                return
            except OSError as error:
                if wait is None:
                    raise
                log.warning(
                    "write_failed", file=path.name, again_in=wait, why=str(error)
                )
                time.sleep(wait)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            if kind is None or self._policy == "raise":
                for name in self._whole:
                    self._put_in_place(name)
            elif self._whole:
                log.warning("output_removed", tables=self._whole)
        finally:
            shutil.rmtree(self._staging, ignore_errors=True)

    def _put_in_place(self, name):
        place, old = self.path / name, self._staging / f".old-{name}"
        if place.exists():
            os.rename(place, old)
        try:
            os.rename(self._staging / name, place)
        except BaseException:
            if old.exists():
                os.rename(old, place)
            raise


def _cannot_write(path, error):
    reason = getattr(error, "strerror", None) or error
    return SerializationError(
        f"{str(path)!r} cannot be written: {reason}. Free space or choose another path."
    )
