"""A schema's tables with their keys looked up, as the relational scores need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metadata import Metadata, Relation
from sklearn_synthohive.metadata._keys import parent_rows
from sklearn_synthohive.metrics._bins import QuantileBins
from sklearn_synthohive.metrics._columns import ColumnReader, check_columns, check_table

__all__ = ["Linked", "attributes", "few_codes", "link", "split_in_two"]

# A category with fewer rows a level names its rows rather than describes them.
ROWS_A_LEVEL = 5
# Smaller parents are lists (airlines, media types) whose halves have nothing in common.
SMALL_PARENT = 30


class Linked:
    """Tables, and for every foreign key the row that each child row refers to.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    metadata : Metadata
    """

    def __init__(self, tables: Mapping[str, pd.DataFrame], metadata: Metadata) -> None:
        self.tables = tables
        self.metadata = metadata
        self.relations = metadata.relations
        self._rows: dict[Relation, np.ndarray] = {}

    def rows(self, relation: Relation) -> np.ndarray:
        """The parent row of each child row: -1 without a key, -2 without a parent."""
        if relation not in self._rows:
            self._rows[relation] = parent_rows(relation, self.tables)
        return self._rows[relation]

    def counts(self, relation: Relation) -> np.ndarray:
        """The number of children of each parent."""
        rows = self.rows(relation)
        return np.bincount(rows[rows >= 0], minlength=len(self.tables[relation.parent]))

    def ancestors(self, path: Sequence[Relation]) -> np.ndarray:
        """The row at the end of a way up, for each row at its start; -1 without one."""
        positions = np.maximum(self.rows(path[0]), -1)
        for relation in path[1:]:
            onward = np.append(self.rows(relation), -1)
            positions = np.maximum(onward[positions], -1)
        return positions

    @cached_property
    def paths(self) -> list[tuple[Relation, ...]]:
        """Every way up to a parent, and to a parent's parent."""
        ways: list[tuple[Relation, ...]] = [(relation,) for relation in self.relations]
        ways += [
            (first, second)
            for first in self.relations
            for second in self.relations
            if first.parent == second.child and not (first.is_self or second.is_self)
        ]
        return ways


def link(real: Any, synthetic: Any, metadata: Metadata) -> tuple[Linked, Linked]:
    """Check two sets of tables against a schema, and look their keys up.

    Parameters
    ----------
    real, synthetic : mapping of str to DataFrame
    metadata : Metadata

    Returns
    -------
    real, synthetic : Linked
        The synthetic tables with their columns in the order of the real ones.
    """
    if not isinstance(metadata, Metadata):
        raise TypeError(f"metadata must be Metadata, got {type(metadata).__name__}.")
    metadata.validate_schema()
    sides: tuple[dict[str, pd.DataFrame], ...] = ({}, {})
    for name in metadata.tables:
        for told, side in (("real", real), ("synthetic", synthetic)):
            if name not in side:
                raise SchemaError(
                    f"The {told} tables lack {name!r}; there are {list(side)}."
                )
        sides[0][name] = check_table(real[name], f"real {name}")
        if len(synthetic[name]):
            names = (f"real {name}", f"synthetic {name}")
            columns = list(real[name].columns)
            sides[1][name] = check_columns(columns, synthetic[name], names)
        else:
            # A table whose parents have no children is empty, and no error.
            sides[1][name] = synthetic[name]
    return Linked(sides[0], metadata), Linked(sides[1], metadata)


def attributes(linked: Linked, table: str) -> list[ColumnReader]:
    """Readers of the columns that describe a table's rows.

    Keys are left out, constants, and categories with fewer than five rows a level,
    which name the rows; in a table of less than thirty rows names count.
    """
    frame = linked.tables[table]
    keys = linked.metadata.get_table(table).columns_excluded
    readers = []
    for column in frame.columns:
        n_levels = 0 if column in keys else frame[column].nunique(dropna=False)
        if n_levels < 2:
            continue
        reader = ColumnReader(frame[column])
        if (
            reader.is_continuous
            or len(frame) < SMALL_PARENT
            or n_levels * ROWS_A_LEVEL <= len(frame)
        ):
            readers.append(reader)
    return readers


def few_codes(
    reader: ColumnReader, real: pd.Series, synthetic: pd.Series, n_quantiles: int
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """A column as codes: levels, or bins of equal share, the last codes for missing.

    Parameters
    ----------
    reader : ColumnReader
    real, synthetic : Series
    n_quantiles : int
        Bins of a continuous column.

    Returns
    -------
    real, synthetic : ndarray of int64
    labels : list of str
        What each code means.
    """
    if not reader.is_continuous:
        labels = [f"= {level}" for level in reader.levels] + ["missing", "unseen"]
        return reader.codes(real), reader.codes(synthetic), labels
    values = reader.numbers(real)
    bins = QuantileBins.fit(values, n_quantiles)
    n = bins.n_codes
    codes = bins.codes(values)
    drawn = bins.codes(reader.numbers(synthetic))
    return codes, drawn, [f"bin {i + 1} of {n - 1}" for i in range(n - 1)] + ["missing"]


def split_in_two(n: int, rng: np.random.Generator) -> np.ndarray:
    """A random half of n rows, as a mask."""
    half = np.zeros(n, dtype=bool)
    half[rng.permutation(n)[: n // 2]] = True
    return half
