"""What is wrong with a schema, and what is merely dirty in its data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from sklearn_synthohive.metadata._cycles import cycle_cuts
from sklearn_synthohive.metadata._keys import NO_KEY, ORPHAN, key_kind, parent_rows
from sklearn_synthohive.metadata._relation import (
    Relation,
    ancestors_of,
    label_of,
    read_relation,
)
from sklearn_synthohive.metadata._table_config import TableConfig

__all__ = ["check_data", "relations_of", "structure_problems"]


Configs = Mapping[str, TableConfig]


def relations_of(configs: Configs) -> tuple[Relation, ...]:
    """Every foreign key of every table, in their order."""
    found = [
        read_relation(name, key, to, configs)
        for name, table in configs.items()
        for key, to in table.fk.items()
    ]
    return tuple(relation for relation in found if relation is not None)


def structure_problems(configs: Configs) -> list[str]:
    """What contradicts itself in the descriptions alone."""
    return [p for table in configs.values() for p in _structure(configs, table)]


def _structure(configs: Configs, table: TableConfig) -> Iterator[str]:
    if table.parent_context_cols and not table.fk:
        yield (
            f"{table.name}: parent_context_cols={list(table.parent_context_cols)} "
            "but the table has no parent; give its fk."
        )
    for key, to in table.fk.items():
        relation = read_relation(table.name, key, to, configs)
        if relation is None:
            label = label_of(table.name, key if isinstance(key, tuple) else (key,))
            yield f"{label}: a foreign key refers to one table, got {list(to)}."
            continue
        wanted = label_of(relation.parent, relation.parent_columns)
        if relation.parent not in configs:
            yield (
                f"{relation.label}: fk refers to {wanted!r}, but there is no table "
                f"{relation.parent!r}; the tables are {list(configs)}. "
                "Describe it with add_table."
            )
            continue
        parent = configs[relation.parent]
        if set(parent.pk_columns) != set(relation.parent_columns):
            yield (
                f"{relation.label}: fk refers to {wanted!r}, but the primary key of "
                f"{parent.name!r} is {parent.pk!r}; make them agree."
            )


def check_data(
    configs: Configs, tables: Mapping[str, pd.DataFrame]
) -> tuple[list[str], list[str]]:
    """Compare a schema with its data.

    Parameters
    ----------
    configs : mapping of str to TableConfig
    tables : mapping of str to DataFrame

    Returns
    -------
    problems : list of str
        What has to be mended before anything can be learned.
    findings : list of str
        What is dirty but can be learned from: orphans, missing keys, circles.
    """
    problems = [
        f"{name}: there is data but no description; the tables are "
        f"{list(configs)}. Describe it with add_table."
        for name in tables
        if name not in configs
    ]
    sound = {}
    for name, table in configs.items():
        if name not in tables:
            problems.append(f"{name}: described but without data; pass its frame.")
            continue
        found = _frame_problems(name, tables[name])
        if not found:
            sound[name] = tables[name]
            found = table.find_problems(tables[name])
        problems += found
    findings: list[str] = []
    missing: dict[Relation, float] = {}
    for name in configs:
        if name in sound:
            problems += _context_problems(configs, name, sound)
    for relation in relations_of(configs):
        wrong, told = _key_problems(relation, sound, missing)
        problems += wrong
        findings += told
    return problems, findings + _circles(configs, missing)


def _frame_problems(name: str, frame: object) -> list[str]:
    if not isinstance(frame, pd.DataFrame):
        kind = type(frame).__name__
        return [f"{name}: the data must be a pandas DataFrame, got {kind}."]
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        return [f"{name}.{repeated[0]}: the data have this column twice; rename one."]
    if not len(frame):
        return [f"{name}: the data have no rows; leave the table out of the schema."]
    return []


def _context_problems(
    configs: Configs, name: str, tables: Mapping[str, pd.DataFrame]
) -> Iterator[str]:
    ancestors = [a for a in ancestors_of(name, relations_of(configs)) if a in tables]
    offered = {str(c) for a in ancestors for c in tables[a].columns}
    offered |= {f"{a}.{c}" for a in ancestors for c in tables[a].columns}
    for column in configs[name].parent_context_cols or ():
        if ancestors and column not in offered:
            yield (
                f"{name}: parent_context_cols names {column!r}, which its parents "
                f"{ancestors} do not have."
            )


def _key_problems(
    relation: Relation,
    tables: Mapping[str, pd.DataFrame],
    missing: dict[Relation, float],
) -> tuple[list[str], list[str]]:
    """Problems and findings of one foreign key; notes how often it is missing."""
    child, parent = tables.get(relation.child), tables.get(relation.parent)
    if child is None or parent is None:
        return [], []
    if not set(relation.columns) <= set(child.columns):
        # The table itself tells of these.
        return [], []
    wrong = _mismatches(relation, child, parent)
    if wrong:
        return wrong, []
    rows = parent_rows(relation, tables)
    n_missing, n_orphans = int((rows == NO_KEY).sum()), int((rows == ORPHAN).sum())
    missing[relation] = n_missing / len(rows)
    n_keys = len(rows) - n_missing
    label = relation.label
    if n_keys and n_orphans == n_keys:
        return [
            f"{label}: none of its {n_keys:,} keys is in {relation.parent}; is it "
            "written in another way there (leading zeros, case), or meant for another "
            "table?"
        ], []
    if relation.is_self and not n_missing and not (rows == np.arange(len(rows))).any():
        return [
            f"{label}: every row refers to another one of the table, so that there is "
            "no first one; clear the key of the rows at the top."
        ], []
    findings = []
    if n_orphans:
        findings.append(
            f"{label}: {n_orphans:,} of {n_keys:,} keys are not in {relation.parent}; "
            "these rows tell nothing of their parent, and no such key is generated."
        )
    if n_missing:
        findings.append(
            f"{label}: missing in {n_missing:,} of {len(rows):,} rows; the share is "
            "kept."
        )
    return [], findings


def _mismatches(
    relation: Relation, child: pd.DataFrame, parent: pd.DataFrame
) -> list[str]:
    for a, b in zip(relation.columns, relation.parent_columns, strict=True):
        there = label_of(relation.parent, (b,))
        if b not in parent.columns:
            return [
                f"{relation.label}: fk refers to {there}, a column that the data does "
                "not have."
            ]
        kinds = key_kind(child[a]), key_kind(parent[b])
        if kinds[0] != kinds[1] and "nothing" not in kinds:
            return [
                f"{relation.label}: fk holds {child[a].dtype} ({kinds[0]}) but {there} "
                f"holds {parent[b].dtype} ({kinds[1]}); convert one of them."
            ]
    return []


def _circles(configs: Configs, missing: Mapping[Relation, float]) -> list[str]:
    return [
        f"{cut.label}: closes a circle of keys ({_way_back(configs, cut)}); it is "
        "filled in after both tables are made"
        + (", where it may be missing." if missing.get(cut) else ".")
        for cut in cycle_cuts(relations_of(configs), missing)
    ]


def _way_back(configs: Configs, cut: Relation) -> str:
    """The circle that a relation closes, from its child round to its child."""
    onward: dict[str, list[str]] = {}
    for relation in relations_of(configs):
        onward.setdefault(relation.child, []).append(relation.parent)
    ways = [[cut.child, cut.parent]]
    while ways:
        way = ways.pop(0)
        if way[-1] == cut.child:
            return " -> ".join(way)
        ways += [[*way, to] for to in onward.get(way[-1], ()) if to not in way[1:]]
    return f"{cut.child} -> {cut.parent}"
