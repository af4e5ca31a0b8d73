"""What is known of one table."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

import pandas as pd

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metadata._constraint import Constraint
from sklearn_synthohive.metadata._frozen import FrozenDict
from sklearn_synthohive.metadata._relation import label_of

__all__ = ["TableConfig"]

Key = Hashable | tuple[Hashable, ...] | None
LinkageMethod = Literal["empirical", "negbinom"]


@dataclass(frozen=True)
class TableConfig:
    """The keys, the context and the constraints of one table.

    Parameters
    ----------
    name : str
    pk : column, tuple of columns or None
        The primary key.
    fk : mapping, optional
        Column to ``"table.column"`` of the parent. A composite key is a tuple of
        columns to the tuple of those it refers to:
        ``{("shop", "no"): ("orders.shop", "orders.no")}``.
    parent_context_cols : sequence of str
        Attributes of the parent that the rows depend on, as ``"region"`` or
        ``"users.region"``. None means all.
    constraints : mapping of column to Constraint, optional
        A mapping of the constraint's parts is read as one.
    high_cardinality_cols : sequence of columns
        Categories that are always embedded, never one-hot.
    linkage_method : {"empirical", "negbinom"}
        How the number of children of a parent is modelled.
    driver : column, tuple of columns or None
        The foreign key, one of ``fk``, whose parent the rows are generated for; the
        other keys are attached afterwards. None leaves the choice to the orchestrator.

    Raises
    ------
    SchemaError
        When the parts contradict each other.

    Examples
    --------
    >>> from sklearn_synthohive.metadata import Constraint, TableConfig
    >>> orders = TableConfig(
    ...     "orders",
    ...     pk="order_id",
    ...     fk={"user_id": "users.user_id"},
    ...     constraints={"amount": Constraint(min=0)},
    ... )
    >>> orders.columns_excluded
    ('order_id', 'user_id')
    """

    name: str
    pk: Key = None
    fk: Mapping[Any, Any] = field(default_factory=FrozenDict)
    parent_context_cols: tuple[str, ...] | None = None
    constraints: Mapping[Any, Constraint] = field(default_factory=FrozenDict)
    high_cardinality_cols: tuple[Hashable, ...] = ()
    linkage_method: LinkageMethod = "empirical"
    driver: Key = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise SchemaError(f"The name of a table must be a text, got {self.name!r}.")
        read = {
            "pk": self._read_key(self.pk),
            "fk": self._read_fk(self.fk),
            "parent_context_cols": self.parent_context_cols
            if self.parent_context_cols is None
            else self._read_columns("parent_context_cols"),
            "constraints": self._read_constraints(self.constraints),
            "high_cardinality_cols": self._read_columns("high_cardinality_cols"),
            "driver": self._read_key(self.driver),
        }
        for part, value in read.items():
            object.__setattr__(self, part, value)
        if self.linkage_method not in get_args(LinkageMethod):
            raise SchemaError(
                f"Table {self.name!r}: linkage_method={self.linkage_method!r} is "
                f"unknown; choose one of {list(get_args(LinkageMethod))}."
            )
        if self.driver is not None and self.driver not in self.fk:
            raise SchemaError(
                f"Table {self.name!r}: driver={self.driver!r} is none of its foreign "
                f"keys {list(self.fk)}."
            )
        self._check_keys_are_not_modelled()

    @property
    def pk_columns(self) -> tuple[Hashable, ...]:
        """The columns of the primary key; empty when there is none."""
        if self.pk is None:
            return ()
        return self.pk if isinstance(self.pk, tuple) else (self.pk,)

    @property
    def columns_excluded(self) -> tuple[Hashable, ...]:
        """The columns of all keys, which are minted rather than modelled."""
        columns = [*self.pk_columns]
        for key in self.fk:
            columns += key if isinstance(key, tuple) else (key,)
        return tuple(dict.fromkeys(columns))

    def find_problems(self, data: pd.DataFrame) -> list[str]:
        """Everything that does not fit between this description and a table.

        Columns that are not there, primary keys that are missing or repeated, and
        constraints on columns of another kind. Values outside the range of a
        constraint are no problem of the schema; :meth:`Constraint.violations` finds
        them.

        Parameters
        ----------
        data : DataFrame

        Returns
        -------
        list of str
            One sentence a problem, each with the table, the column and the remedy.
        """
        problems = [
            f"{self.name}.{column}: {role} names a column that the data does not have; "
            f"the columns are {list(data.columns)}."
            for role, columns in self._named_columns().items()
            for column in columns
            if column not in data.columns
        ]
        problems += self._find_key_problems(data)
        for column, constraint in self.constraints.items():
            if column in data.columns:
                try:
                    constraint.violations(data[column])
                except SchemaError as error:
                    problems.append(f"{self.name}.{column}: {error}")
        return problems

    def _named_columns(self) -> dict[str, tuple[Hashable, ...]]:
        primary = self.pk_columns
        return {
            "pk": primary,
            "fk": tuple(c for c in self.columns_excluded if c not in primary),
            "constraints": tuple(self.constraints),
            "high_cardinality_cols": self.high_cardinality_cols,
        }

    def _find_key_problems(self, data: pd.DataFrame) -> list[str]:
        columns = list(self.pk_columns)
        if not columns or not set(columns) <= set(data.columns):
            return []
        label = label_of(self.name, tuple(columns))
        problems = []
        missing = int(data[columns].isna().any(axis=1).sum())
        if missing:
            problems.append(
                f"{label}: the primary key is missing in {missing} rows; fill it or "
                "drop the rows."
            )
        repeated = int(data[columns].dropna().duplicated().sum())
        if repeated:
            problems.append(
                f"{label}: the primary key is repeated in {repeated} rows; drop them "
                "or choose another pk."
            )
        return problems

    def to_dict(self) -> dict[str, Any]:
        """The description as JSON holds it; parts at their default are left out.

        Returns
        -------
        dict

        Examples
        --------
        >>> TableConfig("users", pk="user_id").to_dict()
        {'name': 'users', 'pk': 'user_id'}
        """
        parts: dict[str, Any] = {"name": self.name}
        if self.pk is not None:
            parts["pk"] = list(self.pk) if isinstance(self.pk, tuple) else self.pk
        if self.fk:
            parts["fk"] = _write_mapping(self.fk)
        if self.parent_context_cols is not None:
            parts["parent_context_cols"] = list(self.parent_context_cols)
        if self.constraints:
            plain = {c: rule.to_dict() for c, rule in self.constraints.items()}
            parts["constraints"] = _write_mapping(plain)
        if self.high_cardinality_cols:
            parts["high_cardinality_cols"] = list(self.high_cardinality_cols)
        if self.linkage_method != "empirical":
            parts["linkage_method"] = self.linkage_method
        if self.driver is not None:
            driver = self.driver
            parts["driver"] = list(driver) if isinstance(driver, tuple) else driver
        return parts

    @classmethod
    def from_dict(cls, parts: dict[str, Any]) -> TableConfig:
        """Undo :meth:`to_dict`.

        Parameters
        ----------
        parts : dict
            Mappings may be given as lists of pairs: the spelling that keeps composite
            and integer names in JSON.

        Returns
        -------
        TableConfig
        """
        known = [f.name for f in fields(cls)]
        unknown = sorted(set(parts) - set(known))
        if unknown or "name" not in parts:
            raise SchemaError(
                f"A TableConfig has a name and {known[1:]}; got {sorted(parts)}."
            )
        return cls(**parts)

    def _read_key(self, key: Any) -> Any:
        if isinstance(key, list):
            key = tuple(key)
        if not all(isinstance(column, Hashable) for column in _as_tuple(key)):
            raise SchemaError(
                f"Table {self.name!r}: a key is a column or a list of columns, got "
                f"{key!r}."
            )
        if isinstance(key, tuple):
            if not key or len(set(key)) < len(key) or None in key:
                raise SchemaError(
                    f"Table {self.name!r}: the key {key!r} must name its columns once "
                    "each; use None for no key."
                )
            return key[0] if len(key) == 1 else key
        return key

    def _read_fk(self, fk: Any) -> FrozenDict:
        read = {}
        for key, reference in _pairs(fk, f"Table {self.name!r}: fk"):
            key = self._read_key(key)
            references = _as_tuple(reference)
            if key is None or len(references) != len(_as_tuple(key)):
                raise SchemaError(
                    f"Table {self.name!r}: the foreign key {key!r} must refer to as "
                    f"many columns as it has, got {reference!r}."
                )
            for text in references:
                if not isinstance(text, str) or "." not in text.strip("."):
                    raise SchemaError(
                        f"Table {self.name!r}: the foreign key {key!r} must refer to "
                        f"'table.column', got {text!r}."
                    )
            read[key] = references if isinstance(key, tuple) else references[0]
        return FrozenDict(read)

    def _read_constraints(self, constraints: Any) -> FrozenDict:
        read = {}
        for column, rule in _pairs(constraints, f"Table {self.name!r}: constraints"):
            if isinstance(rule, Mapping):
                rule = Constraint.from_dict(dict(rule))
            if not isinstance(rule, Constraint):
                raise SchemaError(
                    f"Table {self.name!r}: the constraint of {column!r} must be a "
                    f"Constraint, got {type(rule).__name__}."
                )
            read[column] = rule
        return FrozenDict(read)

    def _read_columns(self, part: str) -> tuple[Any, ...]:
        columns = getattr(self, part)
        if isinstance(columns, str) or not isinstance(columns, Iterable):
            raise SchemaError(
                f"Table {self.name!r}: {part} must be a list of columns, got "
                f"{columns!r}."
            )
        if not all(isinstance(c, Hashable) for c in columns):
            raise SchemaError(
                f"Table {self.name!r}: {part} holds what is no column: {columns!r}."
            )
        return tuple(columns)

    def _check_keys_are_not_modelled(self) -> None:
        for part in ("constraints", "high_cardinality_cols"):
            keys = [c for c in getattr(self, part) if c in self.columns_excluded]
            if keys:
                raise SchemaError(
                    f"Table {self.name!r}: {part} names the key {keys[0]!r}; keys are "
                    "minted, not modelled, so leave it out there."
                )


def _as_tuple(key: Any) -> tuple[Any, ...]:
    return tuple(key) if isinstance(key, tuple | list) else (key,)


def _pairs(mapping: Any, told: str) -> list[tuple[Any, Any]]:
    if mapping is None:
        return []
    if isinstance(mapping, Mapping):
        return list(mapping.items())
    try:
        return [(key, value) for key, value in mapping]
    except (TypeError, ValueError):
        raise SchemaError(f"{told} must be a mapping, got {mapping!r}.") from None


def _write_mapping(mapping: Mapping[Any, Any]) -> Any:
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in mapping.items()}
    if all(isinstance(key, str) for key in plain):
        return plain
    return [[list(k) if isinstance(k, tuple) else k, v] for k, v in plain.items()]
