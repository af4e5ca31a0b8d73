"""All that was learned of one table of a schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from pandas.api import types

from sklearn_synthohive.relational._attachment import Attachment
from sklearn_synthohive.relational._cardinality import CardinalityModel
from sklearn_synthohive.relational._context import ContextPlan
from sklearn_synthohive.relational._key_groups import GroupKey
from sklearn_synthohive.relational._keys import KeyMinter
from sklearn_synthohive.relational._natural import PartKey

__all__ = ["TableModel", "level_column", "segment_column"]


def segment_column(relation) -> str:
    """The model's column for the segment of a key's parent."""
    return f"segment of {_told(relation)}"


def level_column(relation) -> str:
    """The model's column for the depth in a table that refers to itself."""
    return f"level by {_told(relation)}"


def _told(relation):
    return ", ".join(str(c) for c in relation.columns)


@dataclass
class TableModel:
    """What a table's rows, keys and children are made from.

    Attributes
    ----------
    name : str
    dtypes : dict of column to dtype
        Of all columns, in their order.
    primary : list of columns
        The primary key.
    modelled : list of columns
        That the model makes.
    copies : dict of column to str
        Columns that repeat one of the parent's base, to the name of that.
    serial : dict of column to KeyMinter
        Primary keys that number the rows.
    parts : dict of column to PartKey
        Own parts of composite primary keys.
    groups : GroupKey or None
        The other columns of a composite primary key without a foreign key.
    context : ContextPlan or None
    attachments : dict of relation name to Attachment
    own : dict of relation name to bool
        Keys to the table itself; whether rows on top refer to themselves.
    cardinalities : dict of relation name to CardinalityModel
        Of the relations in which the table is the parent.
    borrowed : dict of relation name to dict of str to str
        What descendants see of the rows' further parents: the name that they see it
        by, and the name in that parent's base.
    apart : list of relation name
        Keys that together are different in every row.
    lone_rate : float
        Rows without a driver per row with one.
    model : ConditionalGenerativeModel or None
    names : list of columns
        Texts of a small table that say which row it is: most levels have one row.
    shares : dict of str to dict
        Shares of the levels of a small table's categories.
    n_rows : int
    """

    name: str
    dtypes: dict
    primary: list = field(default_factory=list)
    modelled: list = field(default_factory=list)
    copies: dict = field(default_factory=dict)
    serial: dict = field(default_factory=dict)
    parts: dict = field(default_factory=dict)
    groups: GroupKey | None = None
    context: ContextPlan | None = None
    attachments: dict = field(default_factory=dict)
    own: dict = field(default_factory=dict)
    cardinalities: dict = field(default_factory=dict)
    borrowed: dict = field(default_factory=dict)
    apart: list = field(default_factory=list)
    lone_rate: float = 0.0
    model: Any = None
    names: list = field(default_factory=list)
    shares: dict = field(default_factory=dict)
    n_rows: int = 0

    @property
    def attributes(self) -> list:
        """The columns that are no keys, in the table's order."""
        made = {*self.modelled, *self.copies}
        return [c for c in self.dtypes if c in made]

    def to_state(self) -> dict:
        """Plain data, without the model."""
        return {
            "name": self.name,
            "dtypes": [[c, write_dtype(t)] for c, t in self.dtypes.items()],
            "primary": self.primary,
            "modelled": self.modelled,
            "copies": list(self.copies.items()),
            "serial": [[c, m.to_state()] for c, m in self.serial.items()],
            "parts": [[c, p.to_state()] for c, p in self.parts.items()],
            "groups": self.groups and self.groups.to_state(),
            "context": self.context and self.context.to_state(),
            "attachments": {r: a.to_state() for r, a in self.attachments.items()},
            "own": self.own,
            "cardinalities": {r: c.to_state() for r, c in self.cardinalities.items()},
            "borrowed": self.borrowed,
            "apart": self.apart,
            "lone_rate": self.lone_rate,
            "names": self.names,
            "shares": self.shares,
            "n_rows": self.n_rows,
        }

    @classmethod
    def from_state(cls, state: dict):
        """Undo :meth:`to_state`."""
        told = dict(state)
        told["dtypes"] = {c: read_dtype(t) for c, t in told["dtypes"]}
        told["copies"] = dict(told["copies"])
        told["serial"] = {c: KeyMinter.from_state(m) for c, m in told["serial"]}
        told["parts"] = {c: PartKey.from_state(p) for c, p in told["parts"]}
        groups = told.get("groups")
        told["groups"] = groups and GroupKey.from_state(groups)
        context = told["context"]
        told["context"] = context and ContextPlan(**context)
        for part, of in (
            ("attachments", Attachment),
            ("cardinalities", CardinalityModel),
        ):
            told[part] = {r: of.from_state(s) for r, s in told[part].items()}
        return cls(**told)


def write_dtype(dtype) -> Any:
    """A dtype as plain data; the levels of categories stay with their model."""
    if isinstance(dtype, pd.CategoricalDtype):
        return {"categories": write_dtype(dtype.categories.dtype)}
    return str(dtype)


def read_dtype(told) -> Any:
    """Undo :func:`write_dtype`."""
    if isinstance(told, dict):
        return pd.CategoricalDtype(pd.Index([], dtype=read_dtype(told["categories"])))
    return types.pandas_dtype(told)
