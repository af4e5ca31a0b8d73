"""One foreign key of a schema, taken apart."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass

__all__ = ["Relation", "ancestors_of", "label_of", "read_relation"]


@dataclass(frozen=True)
class Relation:
    """The rows of one table refer to the rows of another, or to their own table's.

    Parameters
    ----------
    child : str
        The table that holds the foreign key.
    columns : tuple of columns
        The foreign key.
    parent : str
        The table that is referred to.
    parent_columns : tuple of columns
        What ``columns`` refer to, in their order.

    Examples
    --------
    >>> from sklearn_synthohive.metadata import Metadata
    >>> metadata = Metadata().add_table("users", pk="id")
    >>> metadata = metadata.add_table("orders", fk={"user_id": "users.id"})
    >>> relation = metadata.relations[0]
    >>> relation.name
    'orders.user_id -> users.id'
    >>> relation.is_self
    False
    """

    child: str
    columns: tuple[Hashable, ...]
    parent: str
    parent_columns: tuple[Hashable, ...]

    @property
    def key(self) -> Hashable:
        """The foreign key as :attr:`TableConfig.fk` spells it: a column or a tuple."""
        return self.columns[0] if len(self.columns) == 1 else self.columns

    @property
    def label(self) -> str:
        """The foreign key with its table, as messages name it."""
        return label_of(self.child, self.columns)

    @property
    def name(self) -> str:
        """Both ends, as a person reads them."""
        return f"{self.label} -> {label_of(self.parent, self.parent_columns)}"

    @property
    def is_self(self) -> bool:
        """Whether a table refers to itself."""
        return self.child == self.parent


def label_of(table: str, columns: tuple[Hashable, ...]) -> str:
    """A table's columns as messages name them."""
    if len(columns) == 1:
        return f"{table}.{columns[0]}"
    return f"{table}.({', '.join(map(str, columns))})"


def ancestors_of(table: str, relations: Iterable[Relation]) -> list[str]:
    """The parents of a table, their parents, and so on, the nearest first."""
    relations = list(relations)
    ancestors: list[str] = []
    todo = [table]
    while todo:
        child = todo.pop(0)
        for relation in relations:
            parent = relation.parent
            if relation.child == child and parent not in (*ancestors, table):
                ancestors.append(parent)
                todo.append(parent)
    return ancestors


def read_relation(
    child: str, key: Hashable, to: str | tuple[str, ...], tables: Collection[str]
) -> Relation | None:
    """An entry of ``TableConfig.fk`` as a relation.

    Parameters
    ----------
    child : str
    key : column or tuple of columns
    to : str or tuple of str
        What the columns refer to, each ``"table.column"``.
    tables : collection of str
        The tables that are known, by which names with dots are told apart.

    Returns
    -------
    Relation or None
        None when the columns refer to different tables.
    """
    split = [_split(text, tables) for text in (to if isinstance(to, tuple) else (to,))]
    if len({parent for parent, _ in split}) > 1:
        return None
    columns = key if isinstance(key, tuple) else (key,)
    return Relation(child, columns, split[0][0], tuple(column for _, column in split))


def _split(text: str, tables: Collection[str]) -> tuple[str, Hashable]:
    # Names may hold dots: the longest table that is known wins.
    cuts = [i for i, character in enumerate(text) if character == "."]
    for cut in reversed(cuts):
        if text[:cut] in tables:
            return text[:cut], text[cut + 1 :]
    parent, _, column = text.rpartition(".")
    return parent, column
