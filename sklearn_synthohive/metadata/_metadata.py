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
from sklearn_synthohive.metadata._detect import detect_schema
from sklearn_synthohive.metadata._json import to_text
from sklearn_synthohive.metadata._table_config import TableConfig
from sklearn_synthohive.metadata._table_set import TableSet
from sklearn_synthohive.metadata._validation import (
    check_data,
    structure_problems,
)

__all__ = ["Metadata"]

_LOG = get_logger(__name__)


class Metadata(TableSet):
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
    reasons : tuple of str
        Why :meth:`detect` proposed what it did, a line each; empty otherwise. It is
        not compared and not saved.

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

    @classmethod
    def detect(
        cls, frames: Mapping[str, pd.DataFrame], *, verbose: bool = True
    ) -> Metadata:
        """Propose a schema: keys, relations, context columns, with the reasons.

        Primary keys are unique columns that are named like one, or whose values other
        tables hold; or pairs and triples: those of a bridge, a parent's key with a
        running number, and columns that another table looks up. Foreign keys are found
        by name and value: a column that has the name of a key, or ends with it, needs
        half of its distinct values there (real keys are dirty); one that plays a role
        (``ReportsTo``, ``parent_id``, ``SupportRepId``) nearly all; one whose name
        says nothing needs values that are not there by chance. Of the columns of
        parents, those that do not describe (constants, names, free text) are left out
        of ``parent_context_cols``.

        It is a proposal: read the reasons, and correct a line by
        :meth:`add_foreign_key`, :meth:`drop_foreign_key` or :meth:`update_table`.

        Parameters
        ----------
        frames : mapping of str to DataFrame
            The table of each name.
        verbose : bool, default=True
            Print the reasons; they are in :attr:`reasons` and in the log in any case.

        Returns
        -------
        Metadata

        Raises
        ------
        TypeError
            When a table is no DataFrame.
        SchemaError
            When a table has no rows, or a column twice.

        Examples
        --------
        >>> import pandas as pd
        >>> users = pd.DataFrame({"user_id": [7, 8, 9], "age": [31, 31, 67]})
        >>> orders = pd.DataFrame(
        ...     {"order_id": [1, 2, 3, 4], "user_id": [7, 7, 9, 5], "sum": [3, 4, 4, 1]}
        ... )
        >>> metadata = Metadata.detect({"users": users, "orders": orders})
        users: 3 rows, 2 columns
          pk users.user_id: unique, named after the table, orders.user_id holds its \
values, its name says so, first
          two values: age
        orders: 4 rows, 3 columns
          pk orders.order_id: unique, named after the table, its name says so, first
          fk orders.user_id -> users.user_id: it has the name of the key \
users.user_id; 1 of 4 rows lead nowhere
          numbers: sum
        >>> metadata.drop_foreign_key("orders", "user_id").relations
        ()
        """
        tables, reasons = detect_schema(frames)
        metadata = cls(tables)
        metadata.reasons = reasons
        for reason in reasons:
            _LOG.info("schema_detected", reason=reason.strip())
        if verbose:
            print("\n".join(reasons))
        return metadata

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
        tables = parts["tables"]
        if not isinstance(tables, list | tuple) or not all(
            isinstance(table, Mapping) for table in tables
        ):
            raise SchemaError(
                "Metadata's 'tables' are a list of mappings, each with the 'name' of "
                f"its table, got {tables!r:.100}."
            )
        return cls(TableConfig.from_dict(dict(table)) for table in tables)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """The schema as JSON text, which is also written where a path is given.

        Parameters
        ----------
        path : str or path-like, optional

        Returns
        -------
        str
        """
        text = to_text(self.to_dict())
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
