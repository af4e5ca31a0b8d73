"""Which columns refer to the rows of which table."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklearn_synthohive.metadata._detect_keys import Keys, Profiles
from sklearn_synthohive.metadata._keys import NO_KEY, ORPHAN, parent_rows
from sklearn_synthohive.metadata._names import (
    PEOPLE,
    core,
    is_id_like,
    likeness,
    role,
    tokens,
)
from sklearn_synthohive.metadata._profile import ColumnProfile, comparable
from sklearn_synthohive.metadata._relation import Relation

__all__ = ["Found", "find_relations"]

# Named like a key: so many distinct values must be there, orphans are the rest.
DIRTY = 0.5
# Not named like one: all but a few, and more than chance would put there.
CLEAN, CHANCE = 0.9, 1e-6
# Codes of one and the same length are less likely to be there by chance than it seems.
CHANCE_OF_CODES = 1e-3
_ENDINGS = {("id",), ("key",), ("fk",), ("uuid",), ("guid",), ("ref",)}


class Found(NamedTuple):
    """A relation that was found, and why; or a sentence about one that was not."""

    relation: Relation | None
    reason: str


class _Choice(NamedTuple):
    strength: float
    share: float
    parent: str
    reason: str


def find_relations(
    frames: Mapping[str, pd.DataFrame], profiles: Profiles, keys: Keys
) -> list[Found]:
    """Propose the foreign keys of every table.

    Parameters
    ----------
    frames : mapping of str to DataFrame
    profiles : mapping of str to mapping of column to ColumnProfile
    keys : dict of str to tuple of columns
        The primary keys.

    Returns
    -------
    list of Found
    """
    found: list[Found] = []
    for table in frames:
        for column, facts in profiles[table].items():
            found += _of_column(table, column, facts, frames, profiles, keys)
        for parent, key in keys.items():
            if len(key) > 1 and parent != table:
                found += _composite(table, parent, key, frames, profiles)
    return found


def _of_column(
    table: str,
    column: Hashable,
    facts: ColumnProfile,
    frames: Mapping[str, pd.DataFrame],
    profiles: Profiles,
    keys: Keys,
) -> list[Found]:
    if facts.holds in {"booleans", "other", "numbers", "dates"}:
        return []
    choices, notes = [], []
    for parent, key in keys.items():
        if len(key) != 1 or (parent, key[0]) == (table, column):
            continue
        theirs = profiles[parent][key[0]]
        strength, reason = likeness(column, parent, key[0], table)
        if (column,) == keys[table] and not _is_subtype(table, parent, column, keys):
            continue
        if strength and facts.holds == "nothing":
            choices.append(_Choice(strength, 0.0, parent, reason))
        elif strength and not comparable(facts, theirs):
            notes.append(
                f"{reason}, but {table}.{column} holds {facts.holds} and "
                f"{parent}.{key[0]} {theirs.holds}: convert one of them first"
            )
        elif strength:
            share = facts.share_in(theirs)
            if share >= DIRTY:
                choices.append(_Choice(strength, share, parent, reason))
            else:
                notes.append(
                    f"{reason}, but {100 * share:.0f} % of its values are there"
                )
    choices = choices or _by_role(table, column, facts, profiles, keys)
    choices = choices or _by_values(table, column, facts, profiles, keys)
    if choices and choices[0].strength < 0.5 and column in keys[table]:
        # Part of a key that is made otherwise: values alone are too little to say so.
        told = f"all its values are in {choices[0].parent} too; if that is meant"
        return [Found(None, f"{table}.{column}: {told}, add_foreign_key.")]
    if not choices:
        return _unfound(table, column, facts, notes, keys)
    best = max(
        choices, key=lambda c: (c.strength, core(c.parent) == core(column), c.share)
    )
    relation = Relation(table, (column,), best.parent, keys[best.parent])
    return [Found(relation, f"{best.reason}; {_coverage(relation, frames)}")]


def _is_subtype(table: str, parent: str, column: Hashable, keys: Keys) -> bool:
    """Whether a table's own key leads to a wider table: a profile to its user."""
    named = core(column) == core(parent) or core(column) == core(parent)[-1:]
    return named and core(table) != core(column) and len(keys[parent]) == 1


def _by_role(
    table: str, column: Hashable, facts: ColumnProfile, profiles: Profiles, keys: Keys
) -> list[_Choice]:
    if (column,) == keys[table]:
        return []
    people = [t for t in keys if len(keys[t]) == 1 and PEOPLE & set(tokens(t))]
    said = role(column, table, people)
    if said is None or len(keys[said[0]]) != 1 or keys[said[0]] == (column,):
        return []
    share = facts.share_in(profiles[said[0]][keys[said[0]][0]])
    if share < CLEAN and facts.holds != "nothing":
        return []
    return [_Choice(0.5, share, *said)]


def _by_values(
    table: str, column: Hashable, facts: ColumnProfile, profiles: Profiles, keys: Keys
) -> list[_Choice]:
    """Parents that hold nearly all values although the names say nothing."""
    if (column,) == keys[table] or facts.is_prose or facts.n_distinct < 3:
        return []
    choices = []
    for parent, key in keys.items():
        if len(key) != 1 or (parent, key[0]) == (table, column):
            continue
        theirs = profiles[parent][key[0]]
        share = facts.share_in(theirs)
        limit = CHANCE_OF_CODES if _same_codes(facts, theirs) else CHANCE
        if share >= CLEAN and _chance(column, facts, theirs) < limit:
            choices.append(
                _Choice(0.2, share, parent, "the names differ, not the values")
            )
    return choices


def _same_codes(facts: ColumnProfile, theirs: ColumnProfile) -> bool:
    if facts.holds != "texts" or theirs.holds != "texts":
        return False
    lengths = np.concatenate([facts.lengths, theirs.lengths])
    return bool(np.ptp(lengths) == 0 and lengths[0] >= 3)


def _chance(column: Hashable, facts: ColumnProfile, theirs: ColumnProfile) -> float:
    """How likely as many values of that kind are all there by chance, roughly."""
    if facts.holds == "integers":
        if not is_id_like(column):
            return 1.0
        span = float(theirs.distinct.max() - theirs.distinct.min() + 1)
        return float((theirs.n_distinct / span) ** facts.n_distinct)
    # Codes of so many letters: each could be any of 26 in each place.
    letters = min(float(np.min(facts.lengths)), 6.0)
    return float((theirs.n_distinct / 26.0**letters) ** min(facts.n_distinct, 50))


def _unfound(
    table: str, column: Hashable, facts: ColumnProfile, notes: list[str], keys: Keys
) -> list[Found]:
    """Say what was considered and left, so that a person can add it."""
    if notes:
        return [Found(None, f"{table}.{column}: not proposed: {notes[0]}.")]
    if (
        tokens(column)[-1:] in _ENDINGS
        and (column,) != keys[table]
        and column not in keys[table]
    ):
        return [
            Found(
                None,
                f"{table}.{column}: looks like a key, but nothing tells of which "
                "table; if you know, add_foreign_key.",
            )
        ]
    return []


def _composite(
    table: str,
    parent: str,
    key: tuple[Hashable, ...],
    frames: Mapping[str, pd.DataFrame],
    profiles: Profiles,
) -> list[Found]:
    mine = {tokens(c): c for c in profiles[table]}
    if not all(tokens(part) in mine for part in key):
        return []
    columns = tuple(mine[tokens(part)] for part in key)
    facts = [profiles[table][c] for c in columns]
    if not all(
        comparable(a, profiles[parent][b]) for a, b in zip(facts, key, strict=True)
    ):
        return []
    relation = Relation(table, columns, parent, key)
    rows = parent_rows(relation, frames)
    known = rows != NO_KEY
    if not known.any() or (rows[known] >= 0).mean() < DIRTY:
        return []
    return [
        Found(
            relation,
            f"it has the columns of the key of {parent}; {_coverage(relation, frames)}",
        )
    ]


def _coverage(relation: Relation, frames: Mapping[str, pd.DataFrame]) -> str:
    rows = parent_rows(relation, frames)
    n_missing, n_orphans = int((rows == NO_KEY).sum()), int((rows == ORPHAN).sum())
    if n_missing == len(rows):
        return "every value is missing, so the names alone say so"
    told = "all its values are there"
    if n_orphans:
        told = f"{n_orphans:,} of {len(rows):,} rows lead nowhere"
    if n_missing:
        told += f", missing in {n_missing:,}"
    return told
