"""The descriptions of several tables, and how one of their lines is corrected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metadata._relation import Relation
from sklearn_synthohive.metadata._table_config import Key, LinkageMethod, TableConfig
from sklearn_synthohive.metadata._validation import relations_of

__all__ = ["TableSet"]


class TableSet:
    """What :class:`Metadata` holds, and the lines of it that a person changes."""

    def __init__(self, tables: Any = ()) -> None:
        self.tables: dict[str, TableConfig] = {}
        self.reasons: tuple[str, ...] = ()
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
    ) -> Self:
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
        TableSet
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

    def update_table(self, name: str, **parts: Any) -> Self:
        """Replace parts of a table's description, its ``pk`` for instance.

        Parameters
        ----------
        name : str
        **parts
            Parameters of :class:`TableConfig` but the name.

        Returns
        -------
        TableSet
            Itself.

        Examples
        --------
        >>> from sklearn_synthohive import Metadata
        >>> metadata = Metadata().add_table("users", pk="name")
        >>> metadata.update_table("users", pk="user_id").get_table("users").pk
        'user_id'
        """
        self.tables[name] = replace(self.get_table(name), **parts)
        return self

    def add_foreign_key(self, table: str, key: Key, reference: Any) -> Self:
        """Say that a column refers to another table, or what else it refers to.

        Parameters
        ----------
        table : str
        key : column or tuple of columns
        reference : str or tuple of str
            ``"table.column"``, as many as the key has columns.

        Returns
        -------
        TableSet
            Itself.

        Examples
        --------
        >>> from sklearn_synthohive import Metadata
        >>> metadata = Metadata().add_table("users", pk="id").add_table("orders")
        >>> metadata = metadata.add_foreign_key("orders", "buyer", "users.id")
        >>> metadata.relations[0].name
        'orders.buyer -> users.id'
        """
        return self.update_table(table, fk={**self.get_table(table).fk, key: reference})

    def drop_foreign_key(self, table: str, key: Key) -> Self:
        """Make a foreign key a column like any other.

        Parameters
        ----------
        table : str
        key : column or tuple of columns

        Returns
        -------
        TableSet
            Itself.

        Raises
        ------
        SchemaError
            When there is no such key.
        """
        config = self.get_table(table)
        if key not in config.fk:
            raise SchemaError(
                f"{key!r} is no foreign key of {table!r}; these are {list(config.fk)}."
            )
        left = {k: to for k, to in config.fk.items() if k != key}
        driver = None if config.driver == key else config.driver
        context = config.parent_context_cols if left else None
        return self.update_table(
            table, fk=left, driver=driver, parent_context_cols=context
        )

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Every foreign key of every table, in their order."""
        return relations_of(self.tables)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TableSet):
            return NotImplemented
        return self.tables == other.tables

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.tables)})"
