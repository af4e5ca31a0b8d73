"""What is known of a set of tables."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sklearn_synthohive.exceptions import SchemaError, SchemaValidationError
from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.metadata._relation import Relation
from sklearn_synthohive.metadata._table_config import Key, LinkageMethod, TableConfig
from sklearn_synthohive.metadata._validation import (
    check_data,
    relations_of,
    structure_problems,
)

__all__ = ["Metadata"]

_LOG = get_logger(__name__)


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
        driver: Key = None,
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
        driver : column, tuple of columns or None

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
                driver=driver,
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

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Every foreign key of every table, in their order."""
        return relations_of(self.tables)

    def validate_schema(
        self, real_data: Mapping[str, pd.DataFrame] | None = None
    ) -> tuple[str, ...]:
        """Check the tables against each other, and against their data.

        Real keys are dirty: some are missing, some lead nowhere. Such rows are counted
        and told of, not refused. Refused is what nothing can be learned from: tables
        or columns that are not there, primary keys that are missing or repeated,
        foreign keys of another type than what they refer to or without a single
        parent, a table that refers to itself in every row, and constraints on columns
        of another kind.

        Parameters
        ----------
        real_data : mapping of str to DataFrame, optional
            The table of each name. Without it only the descriptions are compared.

        Returns
        -------
        tuple of str
            What was found and is no obstacle, one sentence each: keys without a
            parent, missing keys, and where circles of keys are cut. Each is also a
            warning in the log.

        Raises
        ------
        SchemaValidationError
            With every problem that was found.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklearn_synthohive.exceptions import SchemaValidationError
        >>> metadata = Metadata().add_table("orders", fk={"user_id": "users.user_id"})
        >>> try:
        ...     metadata.validate_schema()
        ... except SchemaValidationError as error:
        ...     print(error.problems[0])
        orders.user_id: fk refers to 'users.user_id', but there is no table 'users'; \
the tables are ['orders']. Describe it with add_table.
        >>> users = pd.DataFrame({"user_id": [1, 2]})
        >>> orders = pd.DataFrame({"user_id": [1, 2, 2, 9]})
        >>> for finding in metadata.add_table("users", pk="user_id").validate_schema(
        ...     {"users": users, "orders": orders}
        ... ):
        ...     print(finding)
        orders.user_id: 1 of 4 keys are not in users; these rows tell nothing of their \
parent, and no such key is generated.
        """
        problems = structure_problems(self.tables)
        findings: list[str] = []
        if real_data is not None:
            more, findings = check_data(self.tables, real_data)
            problems += more
        if problems:
            raise SchemaValidationError(problems)
        for finding in findings:
            _LOG.warning("schema_finding", finding=finding)
        return tuple(findings)

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
