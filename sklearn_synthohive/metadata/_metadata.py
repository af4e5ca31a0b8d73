"""What is known of a set of tables."""

from __future__ import annotations

import json
import os
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from pandas.api import types

from sklearn_synthohive.exceptions import SchemaError, SchemaValidationError
from sklearn_synthohive.metadata._table_config import Key, LinkageMethod, TableConfig

__all__ = ["Metadata"]


class _Reference(NamedTuple):
    """A foreign key, taken apart."""

    columns: tuple[Hashable, ...]
    table: str
    parent_columns: tuple[str, ...]


class Metadata:
    """The tables of a schema: keys, relations, context and constraints.

    It is mutable and compares by content; estimators that hold one copy it when they
    are cloned.

    Parameters
    ----------
    tables : iterable of TableConfig

    Attributes
    ----------
    tables : dict of str to TableConfig
        In the order in which they were added.

    Examples
    --------
    >>> from sklearn_synthohive.metadata import Constraint, Metadata
    >>> metadata = (
    ...     Metadata()
    ...     .add_table("users", pk="user_id")
    ...     .add_table(
    ...         "orders",
    ...         pk="order_id",
    ...         fk={"user_id": "users.user_id"},
    ...         constraints={"amount": Constraint(dtype="float", min=0)},
    ...     )
    ... )
    >>> metadata
    Metadata(users, orders)
    >>> metadata.get_table("orders").columns_excluded
    ('order_id', 'user_id')
    >>> Metadata.from_json(metadata.to_json()) == metadata
    True
    """

    def __init__(self, tables: Any = ()) -> None:
        self.tables: dict[str, TableConfig] = {}
        for table in tables:
            if not isinstance(table, TableConfig):
                raise SchemaError(
                    f"Metadata takes TableConfig objects, got {type(table).__name__}; "
                    "use add_table to describe a table."
                )
            self._add(table)

    def add_table(
        self,
        name: str,
        *,
        pk: Key = None,
        fk: Mapping[Any, Any] | None = None,
        parent_context_cols: Any = None,
        constraints: Mapping[Any, Any] | None = None,
        high_cardinality_cols: Any = (),
        linkage_method: LinkageMethod = "empirical",
    ) -> Metadata:
        """Describe one more table; the parameters are those of :class:`TableConfig`.

        Parameters
        ----------
        name : str
        pk : column, tuple of columns or None
        fk : mapping of column to "table.column", optional
        parent_context_cols : sequence of str, optional
        constraints : mapping of column to Constraint, optional
        high_cardinality_cols : sequence of columns
        linkage_method : {"empirical", "negbinom"}

        Returns
        -------
        Metadata
            Itself.

        Raises
        ------
        SchemaError
            When the table is already described, or its parts contradict each other.
        """
        self._add(
            TableConfig(
                name,
                pk=pk,
                fk={} if fk is None else fk,
                parent_context_cols=parent_context_cols,
                constraints={} if constraints is None else constraints,
                high_cardinality_cols=high_cardinality_cols,
                linkage_method=linkage_method,
            )
        )
        return self

    def _add(self, table: TableConfig) -> None:
        if table.name in self.tables:
            raise SchemaError(
                f"Table {table.name!r} is already described; delete it first: "
                f"del metadata.tables[{table.name!r}]."
            )
        self.tables[table.name] = table

    def get_table(self, name: str) -> TableConfig:
        """The description of a table.

        Parameters
        ----------
        name : str

        Returns
        -------
        TableConfig

        Raises
        ------
        SchemaError
            When it is not described.
        """
        if name not in self.tables:
            raise SchemaError(
                f"Table {name!r} is unknown; the tables are {list(self.tables)}. "
                "Describe it with add_table."
            )
        return self.tables[name]

    def validate_schema(
        self, real_data: Mapping[str, pd.DataFrame] | None = None
    ) -> None:
        """Check the tables against each other, and against their data.

        Parameters
        ----------
        real_data : mapping of str to DataFrame, optional
            The table of each name. With it, columns that are not there, keys that are
            missing, repeated, without a parent or of another type, and constraints on
            columns of another kind are problems too.

        Raises
        ------
        SchemaValidationError
            With every problem that was found.

        Examples
        --------
        >>> from sklearn_synthohive.exceptions import SchemaValidationError
        >>> metadata = Metadata().add_table("orders", fk={"user_id": "users.user_id"})
        >>> try:
        ...     metadata.validate_schema()
        ... except SchemaValidationError as error:
        ...     print(error.problems[0])
        orders.user_id: fk refers to 'users.user_id', but there is no table 'users'; \
the tables are ['orders']. Describe it with add_table.
        """
        problems = [p for table in self.tables.values() for p in self._structure(table)]
        if real_data is not None:
            problems += self._data_problems(real_data)
        if problems:
            raise SchemaValidationError(problems)

    def _structure(self, table: TableConfig) -> Iterator[str]:
        if table.parent_context_cols and not table.fk:
            yield (
                f"{table.name}: parent_context_cols={list(table.parent_context_cols)} "
                "but the table has no parent; give its fk."
            )
        for key, to in table.fk.items():
            reference = self._resolve(key, to)
            label = _label(table.name, key if isinstance(key, tuple) else (key,))
            if reference is None:
                yield f"{label}: a foreign key refers to one table, got {list(to)}."
                continue
            wanted = " and ".join(
                repr(f"{reference.table}.{c}") for c in reference.parent_columns
            )
            if reference.table not in self.tables:
                yield (
                    f"{label}: fk refers to {wanted}, but there is no table "
                    f"{reference.table!r}; the tables are {list(self.tables)}. "
                    "Describe it with add_table."
                )
                continue
            parent = self.tables[reference.table]
            if set(parent.pk_columns) != set(reference.parent_columns):
                yield (
                    f"{label}: fk refers to {wanted}, but the primary key of "
                    f"{parent.name!r} is {parent.pk!r}; make them agree."
                )

    def _data_problems(self, real_data: Mapping[str, pd.DataFrame]) -> list[str]:
        problems = []
        for name in real_data:
            if name not in self.tables:
                problems.append(
                    f"{name}: there is data but no description; the tables are "
                    f"{list(self.tables)}. Describe it with add_table."
                )
        for name, table in self.tables.items():
            if name not in real_data:
                problems.append(f"{name}: described but without data; pass its frame.")
                continue
            problems += table.find_problems(real_data[name])
            problems += self._context_problems(table, real_data)
            for reference in self._references(table):
                problems += _link_problems(name, reference, real_data)
        return problems

    def _context_problems(
        self, table: TableConfig, real_data: Mapping[str, pd.DataFrame]
    ) -> Iterator[str]:
        parents = [r.table for r in self._references(table) if r.table in real_data]
        offered = {str(c): p for p in parents for c in real_data[p].columns}
        offered |= {f"{p}.{c}": p for p in parents for c in real_data[p].columns}
        for column in table.parent_context_cols or ():
            if parents and column not in offered:
                yield (
                    f"{table.name}: parent_context_cols names {column!r}, which its "
                    f"parents {parents} do not have."
                )

    def _references(self, table: TableConfig) -> list[_Reference]:
        found = [self._resolve(key, to) for key, to in table.fk.items()]
        return [reference for reference in found if reference is not None]

    def _resolve(self, key: Any, to: Any) -> _Reference | None:
        split = [self._split(text) for text in (to if isinstance(to, tuple) else (to,))]
        if len({parent for parent, _ in split}) > 1:
            return None
        columns = key if isinstance(key, tuple) else (key,)
        return _Reference(columns, split[0][0], tuple(column for _, column in split))

    def _split(self, text: str) -> tuple[str, str]:
        # Names may hold dots: the longest table that is known wins.
        cuts = [i for i, character in enumerate(text) if character == "."]
        for cut in reversed(cuts):
            if text[:cut] in self.tables:
                return text[:cut], text[cut + 1 :]
        parent, _, column = text.rpartition(".")
        return parent, column

    def to_dict(self) -> dict[str, Any]:
        """The schema as JSON holds it.

        Returns
        -------
        dict
        """
        return {"tables": [table.to_dict() for table in self.tables.values()]}

    @classmethod
    def from_dict(cls, parts: Mapping[str, Any]) -> Metadata:
        """Undo :meth:`to_dict`.

        Parameters
        ----------
        parts : mapping

        Returns
        -------
        Metadata

        Raises
        ------
        SchemaError
            When it holds anything else than tables.
        """
        if not isinstance(parts, Mapping) or set(parts) != {"tables"}:
            raise SchemaError(
                "Metadata are a mapping with the one entry 'tables', got "
                f"{sorted(parts) if isinstance(parts, Mapping) else parts!r}."
            )
        return cls(TableConfig.from_dict(dict(table)) for table in parts["tables"])

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """The schema as JSON text, which is also written where a path is given.

        Parameters
        ----------
        path : str or path-like, optional

        Returns
        -------
        str
        """
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False)
        if path is not None:
            Path(path).write_text(text + "\n", encoding="utf-8")
        return text

    @classmethod
    def from_json(cls, source: str | os.PathLike[str]) -> Metadata:
        """Read JSON text, or the file that holds it.

        Parameters
        ----------
        source : str or path-like
            A text that starts with ``{`` is the JSON itself.

        Returns
        -------
        Metadata

        Raises
        ------
        SchemaError
            When the text is not the JSON of a schema.
        """
        is_text = isinstance(source, str) and source.lstrip().startswith("{")
        text = str(source) if is_text else Path(source).read_text(encoding="utf-8")
        try:
            parts = json.loads(text)
        except ValueError as error:
            told = "The text" if is_text else f"The file {os.fspath(source)!r}"
            raise SchemaError(f"{told} is not JSON: {error}.") from error
        return cls.from_dict(parts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Metadata):
            return NotImplemented
        return self.tables == other.tables

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Metadata({', '.join(self.tables)})"


def _label(table: str, columns: tuple[Hashable, ...]) -> str:
    return f"{table}.{columns[0] if len(columns) == 1 else columns}"


def _link_problems(
    name: str, reference: _Reference, real_data: Mapping[str, pd.DataFrame]
) -> list[str]:
    """Keys of a child without a parent, or of another type."""
    child, parent = real_data[name], real_data.get(reference.table)
    mine, theirs = list(reference.columns), list(reference.parent_columns)
    if parent is None or not set(mine) <= set(child.columns):
        return []
    label = _label(name, reference.columns)
    absent = [column for column in theirs if column not in parent.columns]
    if absent:
        return [
            f"{label}: fk refers to {reference.table}.{absent[0]}, a column that the "
            "data does not have."
        ]
    for a, b in zip(mine, theirs, strict=True):
        numeric = types.is_numeric_dtype(child[a]), types.is_numeric_dtype(parent[b])
        if numeric[0] != numeric[1] and child[a].notna().any():
            return [
                f"{label}: fk holds {child[a].dtype} but {reference.table}.{b} holds "
                f"{parent[b].dtype}; convert one of them."
            ]
    keys = pd.MultiIndex.from_frame(child[mine].dropna())
    orphans = int((~keys.isin(pd.MultiIndex.from_frame(parent[theirs]))).sum())
    if orphans:
        return [
            f"{label}: {orphans} keys are not in {reference.table}; "
            "drop the rows, clear the key, or add the parents."
        ]
    return []
