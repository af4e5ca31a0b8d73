"""Propose a schema from tables, with the reasons of every line."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import pandas as pd

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metadata._detect_keys import Profiles, find_primary_keys
from sklearn_synthohive.metadata._detect_relations import Found, find_relations
from sklearn_synthohive.metadata._profile import profile
from sklearn_synthohive.metadata._relation import Relation, ancestors_of, label_of
from sklearn_synthohive.metadata._table_config import TableConfig

__all__ = ["detect_schema"]

_KINDS = {
    "number": "numbers",
    "category": "categories",
    "binary": "two values",
    "date": "dates",
    "text": "texts or names, which describe nothing",
    "constant": "constant",
    "empty": "empty",
    "other": "of mixed types",
}


def detect_schema(
    frames: Mapping[str, pd.DataFrame],
) -> tuple[list[TableConfig], tuple[str, ...]]:
    """Propose the description of every table.

    Parameters
    ----------
    frames : mapping of str to DataFrame

    Returns
    -------
    tables : list of TableConfig
    reasons : tuple of str
        One line a proposal, in the order of the tables.
    """
    _check(frames)
    profiles = {name: profile(frame) for name, frame in frames.items()}
    keys, why = find_primary_keys(frames, profiles)
    found = find_relations(frames, profiles, keys)
    relations = [f.relation for f in found if f.relation is not None]
    tables, reasons = [], []
    for name, frame in frames.items():
        mine = [f for f in found if f.relation is None or f.relation.child == name]
        mine = [f for f in mine if f.relation or f.reason.startswith(f"{name}.")]
        context, left_out = _context(name, relations, profiles, keys)
        tables.append(
            TableConfig(
                name,
                pk=keys[name] or None,
                fk={f.relation.key: _reference(f.relation) for f in mine if f.relation},
                parent_context_cols=context,  # type: ignore[arg-type]
            )
        )
        reasons.append(f"{name}: {len(frame):,} rows, {frame.shape[1]} columns")
        told = label_of(name, keys[name]) if keys[name] else "no key"
        reasons.append(f"  pk {told}: {why[name]}")
        reasons += [f"  {_line(f)}" for f in mine]
        reasons += [f"  {line}" for line in _kinds(name, frame, profiles, tables[-1])]
        if left_out:
            reasons.append(
                f"  context without {', '.join(left_out)}: they describe nothing"
            )
    return tables, tuple(reasons)


def _check(frames: Mapping[str, pd.DataFrame]) -> None:
    if not isinstance(frames, Mapping) or not frames:
        raise TypeError(
            "detect takes a mapping of table names to DataFrames, got "
            f"{type(frames).__name__ if not isinstance(frames, Mapping) else 'none'}."
        )
    for name, frame in frames.items():
        if not isinstance(frame, pd.DataFrame):
            raise TypeError(
                f"{name}: detect takes DataFrames, got {type(frame).__name__}; "
                "read_table reads one from a file."
            )
        repeated = frame.columns[frame.columns.duplicated()]
        if len(repeated):
            raise SchemaError(f"{name}.{repeated[0]}: the data have this column twice.")
        if not len(frame) or not frame.shape[1]:
            raise SchemaError(f"{name}: the data have no rows; leave the table out.")


def _reference(relation: Relation) -> str | tuple[str, ...]:
    to = tuple(f"{relation.parent}.{column}" for column in relation.parent_columns)
    return to if len(to) > 1 else to[0]


def _line(found: Found) -> str:
    if found.relation is None:
        return found.reason
    return f"fk {found.relation.name}: {found.reason}"


def _context(
    table: str,
    relations: list[Relation],
    profiles: Profiles,
    keys: Mapping[str, tuple[Hashable, ...]],
) -> tuple[list[str] | None, list[str]]:
    """The columns of a table's ancestors that describe, and those that do not.

    None stands for all of them, where there is nothing to leave out.
    """
    kept: list[str] = []
    left_out: list[str] = []
    for parent in ancestors_of(table, relations):
        taken = {c for r in relations if r.child == parent for c in r.columns}
        for column, facts in profiles[parent].items():
            if column in taken or column in keys[parent]:
                continue
            where = kept if facts.describes else left_out
            where.append(f"{parent}.{column}")
    return (kept or None) if left_out else None, left_out


def _kinds(
    table: str, frame: pd.DataFrame, profiles: Profiles, config: TableConfig
) -> list[str]:
    """One line a kind, with the columns of that kind."""
    by_kind: dict[str, list[str]] = {}
    for column, facts in profiles[table].items():
        if column not in config.columns_excluded:
            by_kind.setdefault(facts.kind[0], []).append(str(column))
    lines = [
        f"{told}: {', '.join(by_kind[kind])}"
        for kind, told in _KINDS.items()
        if kind in by_kind
    ]
    written = [
        str(column)
        for column in by_kind.get("date", ())
        if column in frame and profiles[table][column].distinct.dtype.kind != "M"
    ]
    if written:
        lines.append(
            f"dates written as text, which are learned as categories: "
            f"{', '.join(written)}; pd.to_datetime or read_table makes them dates"
        )
    return lines
