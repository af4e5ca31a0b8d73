"""The real tables: read from where they are, with the rows their keys refer to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api import types

from sklearn_synthohive.exceptions import SchemaValidationError
from sklearn_synthohive.io import read_parts, read_table
from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.metadata import Metadata, Relation
from sklearn_synthohive.metadata._keys import NO_KEY, ORPHAN, parent_rows
from sklearn_synthohive.utils.validation import is_polars

__all__ = ["Schema", "can_be_missing", "read_schema"]

log = get_logger(__name__)


class Schema:
    """Real tables and their links.

    Attributes
    ----------
    tables : dict of str to DataFrame
    rows : dict of Relation to ndarray of int64
        The position of the row that each child row refers to, -1 for none; rows whose
        key leads nowhere have none.
    orphans, missing : dict of Relation to int
    lost : dict of Relation to ndarray of bool
        The rows whose key leads nowhere and that are to have a parent like their likes.
    policy : {"missing", "parent"}
        What becomes of a key that leads nowhere where others are missing.
    """

    def __init__(self, tables: dict[str, pd.DataFrame], relations, policy="missing"):
        self.tables = tables
        self.policy = policy
        self.lost: dict[Relation, np.ndarray] = {}
        self.rows: dict[Relation, np.ndarray] = {}
        self.orphans: dict[Relation, int] = {}
        self.missing: dict[Relation, int] = {}
        for relation in relations:
            self.link(relation)

    def link(self, relation: Relation) -> None:
        """Find the rows that one more relation refers to."""
        rows = parent_rows(relation, self.tables)
        self.orphans[relation] = int((rows == ORPHAN).sum())
        self.missing[relation] = int((rows == NO_KEY).sum())
        gone = rows == ORPHAN
        rows[gone] = NO_KEY
        self.rows[relation] = rows
        found = self.policy == "parent" or not self.nullable(relation)
        self.lost[relation] = gone if found else np.zeros(len(rows), dtype=bool)

    def counts(self, relation: Relation) -> np.ndarray:
        """The number of children of each row of the parent."""
        rows = self.rows[relation]
        size = len(self.tables[relation.parent])
        return np.bincount(rows[rows >= 0], minlength=size)

    def nullable(self, relation: Relation) -> bool:
        """Whether generated rows may be without this key.

        A key that is missing nowhere is missing nowhere in the output: rows whose key
        leads nowhere then get a parent like their likes.
        """
        child = self.tables[relation.child]
        possible = any(can_be_missing(child[c].dtype) for c in relation.columns)
        return possible and self.missing[relation] > 0


def can_be_missing(dtype) -> bool:
    """Whether a column of a dtype holds missing values."""
    return not (
        isinstance(dtype, np.dtype)
        and (types.is_integer_dtype(dtype) or types.is_bool_dtype(dtype))
    )


def read_schema(metadata: Metadata, tables, reader=None, policy="missing") -> Schema:
    """Read, validate and link the tables of a schema.

    Parameters
    ----------
    metadata : Metadata
    tables : mapping of str to DataFrame, or to a path
    reader : callable, optional
        Reads one path.
    policy : {"missing", "parent"}
        As :class:`Schema` has it.

    Returns
    -------
    Schema

    Raises
    ------
    SchemaValidationError
        With every problem of schema, files and tables.
    """
    if not isinstance(metadata, Metadata) or not metadata.tables:
        raise TypeError(
            "metadata must be a Metadata that describes at least one table, got "
            f"{metadata!r}."
        )
    if not isinstance(tables, Mapping):
        raise TypeError(
            "tables must map each table's name to a frame or a path, got "
            f"{type(tables).__name__}."
        )
    frames, problems = {}, []
    for name, source in tables.items():
        try:
            frames[name] = _frame_of(source, reader or read_table)
        except (OSError, ValueError) as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise SchemaValidationError(problems)
    metadata.validate_schema(frames)
    frames = {
        name: frames[name].reset_index(drop=True).copy(deep=False)
        for name in metadata.tables
    }
    schema = Schema(frames, metadata.relations, policy)
    for relation, count in schema.orphans.items():
        if count:
            log.warning(
                "orphan_keys",
                key=relation.label,
                rows=count,
                becomes="another parent" if schema.lost[relation].any() else "missing",
            )
    return schema


def _frame_of(source, read):
    """A frame from a frame, a file, or a folder of files."""
    if isinstance(source, pd.DataFrame):
        return source
    if is_polars(source):
        return source.to_pandas(use_pyarrow_extension_array=False)
    if not isinstance(source, str | os.PathLike):
        raise ValueError(
            f"a table must be a frame or a path, got {type(source).__name__}."
        )
    path = Path(source)
    if not path.is_dir():
        return read(path)
    parts = sorted(p for p in path.iterdir() if not p.name.startswith((".", "_")))
    if not parts:
        raise ValueError(f"the folder {str(path)!r} holds no files.")
    if read is read_table:
        return read_parts(parts)
    return pd.concat([read(part) for part in parts], ignore_index=True)
