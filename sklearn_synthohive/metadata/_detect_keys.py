"""Which columns name the rows of each table."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from sklearn_synthohive.metadata._names import core, is_id_like, likeness, tokens
from sklearn_synthohive.metadata._profile import ColumnProfile
from sklearn_synthohive.metadata._relation import label_of

__all__ = ["Keys", "Profiles", "find_primary_keys"]

Profiles = Mapping[str, Mapping[Hashable, ColumnProfile]]
Keys = dict[str, tuple[Hashable, ...]]

# A column needs so much in its favour to be a key; see _points.
ENOUGH = 2.0
# Repeated pairs to expect by chance, below which their absence says nothing.
FEW_COLLISIONS = 3.0
N_FIRST_ROWS = 2_000
MAX_PARTS = 3


def find_primary_keys(
    frames: Mapping[str, pd.DataFrame], profiles: Profiles
) -> tuple[Keys, dict[str, str]]:
    """Propose the primary key of each table.

    Parameters
    ----------
    frames : mapping of str to DataFrame
    profiles : mapping of str to mapping of column to ColumnProfile

    Returns
    -------
    keys : dict of str to tuple of columns
        Empty where there is none.
    reasons : dict of str to str
    """
    keys: Keys = {}
    reasons: dict[str, str] = {}
    left = {}
    for table in frames:
        scored = _candidates(table, profiles)
        if scored and scored[0][0] >= ENOUGH:
            _, column, why = scored[0]
            keys[table], reasons[table] = (column,), f"unique, {why}"
        else:
            left[table] = scored
    for table, scored in left.items():
        found = (
            _bridge(table, frames[table], profiles, keys, bool(scored))
            or _numbered(table, frames[table], profiles, keys)
            or _shared(table, frames, profiles)
        )
        if found is None and scored and _named_after(table, scored[0][1], profiles):
            found = (scored[0][1],), "unique, one row for one of another table"
        keys[table], reasons[table] = found or ((), _why_none(table, profiles))
    return {table: keys[table] for table in frames}, reasons


def _candidates(table: str, profiles: Profiles) -> list[tuple[float, Hashable, str]]:
    """Unique columns that could be keys, the best first."""
    scored = []
    for place, (column, facts) in enumerate(profiles[table].items()):
        if facts.is_unique and facts.holds in {"integers", "texts"}:
            points = _points(table, column, place, profiles)
            total = sum(points.values())
            told = [reason for reason, value in points.items() if value > 0]
            scored.append((total, column, ", ".join(told) or "first of its kind"))
    return sorted(scored, key=lambda candidate: -candidate[0])


def _points(
    table: str, column: Hashable, place: int, profiles: Profiles
) -> dict[str, float]:
    """What speaks for a unique column as the key of its table, and what against."""
    facts = profiles[table][column]
    words, own = core(column), core(table)
    points: dict[str, float] = {}
    if words == own or not words:
        points["named after the table"] = 4
    elif words == own[-len(words) :]:
        points["named after the table"] = 3
    referring = [
        label_of(other, (twin,))
        for other, columns in profiles.items()
        for twin, theirs in columns.items()
        if other != table
        and _refers(tokens(twin), column, table)
        and not theirs.is_unique
        and theirs.share_in(facts) >= 0.5
    ]
    if referring:
        points[f"{referring[0]} holds its values"] = 3
    if is_id_like(column):
        points["its name says so"] = 1
    if place == 0:
        points["first"] = 1
    if facts.is_prose:
        points["prose"] = -3
    elif facts.holds == "texts" and np.ptp(facts.lengths) == 0:
        points["codes of one length"] = 1
    if _named_after(table, column, profiles):
        points["named after another table"] = -6
    return points


def _refers(twin: tuple[str, ...], column: Hashable, table: str) -> bool:
    """Whether a column elsewhere has the name of the key, or of the table."""
    return twin == tokens(column) or twin == core(table)


def _named_after(table: str, column: Hashable, profiles: Profiles) -> bool:
    """Whether a column has the name of another table, and values that it holds."""
    facts = profiles[table][column]
    return any(
        core(column) == core(other)
        and any(facts.share_in(c) >= 0.5 for c in columns.values() if c.is_unique)
        for other, columns in profiles.items()
        if other != table and core(column) != core(table)
    )


def _bridge(
    table: str, frame: pd.DataFrame, profiles: Profiles, keys: Keys, narrow: bool
) -> tuple[tuple[Hashable, ...], str] | None:
    """Foreign keys that name the rows together; ``narrow`` where one does alone."""
    found: dict[Hashable, str] = {}
    for column, facts in profiles[table].items():
        for parent, key in keys.items():
            if len(key) == 1 and parent != table and not facts.n_missing:
                strength, _ = likeness(column, parent, key[0], table)
                if strength >= 0.8 and facts.share_in(profiles[parent][key[0]]) >= 0.5:
                    found.setdefault(column, parent)
    others = [
        c
        for c, facts in profiles[table].items()
        if c not in found and facts.kind[0] not in {"constant", "empty", "date"}
    ]
    for n in range(2, MAX_PARTS + 1):
        for columns in combinations(found, n):
            parents = [found[c] for c in columns]
            named = set(tokens(table)) <= {w for p in parents for w in tokens(p)}
            if (narrow and not named and others) or not _is_key(frame, columns):
                continue
            cells = np.prod([float(profiles[table][c].n_distinct) for c in columns])
            if named or not others or len(frame) ** 2 / (2 * cells) >= FEW_COLLISIONS:
                told = " and ".join(dict.fromkeys(parents))
                return columns, f"a row for a pair of {told}, no pair twice"
    return None


def _numbered(
    table: str, frame: pd.DataFrame, profiles: Profiles, keys: Keys
) -> tuple[tuple[Hashable, ...], str] | None:
    """A parent's key and a number that counts its rows: order 7, line 1, 2, 3."""
    facts = profiles[table]
    outer = [
        c
        for c in facts
        if any(
            len(key) == 1 and likeness(c, parent, key[0], table)[0] >= 0.8
            for parent, key in keys.items()
            if parent != table
        )
        and not facts[c].n_missing
    ]
    inner = [c for c in facts if facts[c].holds == "integers" and c not in outer]
    for a in outer:
        for b in inner:
            if facts[b].n_missing or not _is_key(frame, (a, b)):
                continue
            groups = pd.Series(frame[b].to_numpy()).groupby(frame[a].to_numpy())
            low, high, size = groups.min(), groups.max(), groups.size()
            from_start = bool((low == low.iloc[0]).all()) and low.iloc[0] in (0, 1)
            if from_start and ((high - low + 1) == size).all() and (size > 1).any():
                return (a, b), f"{b} counts the rows of each {a}"
    return None


def _shared(
    table: str, frames: Mapping[str, pd.DataFrame], profiles: Profiles
) -> tuple[tuple[Hashable, ...], str] | None:
    """Columns that another table has too, and whose tuples it looks up here."""
    best: tuple[float, tuple[Hashable, ...], str] | None = None
    frame = frames[table]
    for other in frames:
        common = [
            c
            for c, facts in profiles[table].items()
            if c in profiles[other]
            and other != table
            and facts.holds in {"integers", "texts", "dates"}
            and facts.n_distinct > 1
            and not facts.n_missing
            and profiles[other][c].share_in(facts) >= 0.5
        ]
        for n in range(2, MAX_PARTS + 1):
            for columns in combinations(common, n):
                if not _is_key(frame, columns):
                    continue
                share = _share_of_rows(frames[other], frame, columns)
                if share >= 0.5 and (best is None or share > best[0]):
                    best = share, columns, other
            if best is not None:
                break
    if best is None:
        return None
    share, columns, other = best
    return columns, f"unique together, and in {other} too ({100 * share:.1f} % of rows)"


def _share_of_rows(
    child: pd.DataFrame, parent: pd.DataFrame, columns: Iterable[Hashable]
) -> float:
    """The share of a table's rows whose values in some columns another one has."""
    columns = list(columns)
    marked = child[columns].merge(parent[columns].assign(**{"": 1}), "left", columns)
    return float(marked[""].notna().mean())


def _is_key(frame: pd.DataFrame, columns: tuple[Hashable, ...]) -> bool:
    part = frame[list(columns)]
    if part.iloc[:N_FIRST_ROWS].duplicated().any():
        return False
    return not (part.isna().to_numpy().any() or part.duplicated().any())


def _why_none(table: str, profiles: Profiles) -> str:
    unique = [str(c) for c, facts in profiles[table].items() if facts.is_unique]
    if unique:
        return f"none: {', '.join(unique[:3])} may be unique by chance, or prose"
    return "none: no column is unique, and no pair that other tables look up"
