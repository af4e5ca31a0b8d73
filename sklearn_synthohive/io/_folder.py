"""Which files of a folder are tables, and what they are called."""

from __future__ import annotations

from pathlib import Path

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.io._formats import CSV, CSV_GZ, PARQUET

__all__ = ["find_tables"]

SUFFIXES = (CSV_GZ, CSV, PARQUET)


def find_tables(sources):
    """The tables among files and folders, by name.

    A file is named by what stands before its suffix. A folder holds one table a file;
    a folder in it that holds files is a table in parts, as a schema is written.

    Parameters
    ----------
    sources : path-like or sequence of path-like
        Files that end in ``.csv``, ``.csv.gz`` or ``.parquet``, or folders of such.

    Returns
    -------
    dict of str to Path
        In the order of the names.

    Raises
    ------
    FileNotFoundError
        When a file or folder is not there.
    ValueError
        When a file is no table, or a folder holds none.
    SchemaError
        When two tables have one name.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "users.csv").write_text("id\\n1\\n")
    >>> _ = (folder / "orders.csv").write_text("id,user\\n1,1\\n")
    >>> list(find_tables(folder))
    ['orders', 'users']
    """
    if isinstance(sources, str | Path):
        sources = [sources]
    found: dict[str, Path] = {}
    for source in map(Path, sources):
        if not source.exists():
            raise FileNotFoundError(f"There is no file or folder {str(source)!r}.")
        if source.is_dir():
            inside = [path for path in sorted(source.iterdir()) if _is_table(path)]
            if not inside:
                raise ValueError(
                    f"The folder {str(source)!r} holds no table; files that end in "
                    f"{', '.join(SUFFIXES)} are."
                )
        elif _name(source) is None:
            raise ValueError(
                f"{str(source)!r} is not a table: its name must end in one of "
                f"{', '.join(SUFFIXES)}."
            )
        else:
            inside = [source]
        for path in inside:
            name = path.name if path.is_dir() else _name(path)
            if name in found:
                raise SchemaError(
                    f"{str(found[name])!r} and {str(path)!r} are both called {name!r}; "
                    "rename one of them, or take it away."
                )
            found[name] = path
    return dict(sorted(found.items()))


def _is_table(path):
    if path.name.startswith("."):
        return False
    if path.is_dir():
        return any(_name(part) is not None for part in path.iterdir())
    return _name(path) is not None


def _name(path):
    """A file's name without its suffix; None for one that is no table."""
    for suffix in SUFFIXES:
        if path.name.lower().endswith(suffix) and not path.name.startswith("."):
            return path.name[: -len(suffix)]
    return None
