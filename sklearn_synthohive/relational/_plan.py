"""In which order tables are made, and for which of their parents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sklearn_synthohive.exceptions import SchemaValidationError
from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.metadata import Metadata, Relation
from sklearn_synthohive.metadata._cycles import cycle_cuts
from sklearn_synthohive.relational._features import profile_matrix, usable
from sklearn_synthohive.relational._sources import Schema

__all__ = ["Plan", "TablePlan", "make_plan", "wide_first"]

log = get_logger(__name__)

MAX_SCORED_ROWS = 50_000


@dataclass(frozen=True)
class TablePlan:
    """How the rows of one table come about.

    Attributes
    ----------
    name : str
    driver : Relation or None
        The key for whose parents the rows are made; None in root tables.
    attached : tuple of Relation
        Keys that rows get afterwards.
    deferred : tuple of Relation
        Those of the attached ones whose parents are made later.
    own : tuple of Relation
        Keys that refer to the table itself.
    """

    name: str
    driver: Relation | None
    attached: tuple[Relation, ...]
    deferred: tuple[Relation, ...]
    own: tuple[Relation, ...]


@dataclass(frozen=True)
class Plan:
    """The tables in the order in which they are made.

    Attributes
    ----------
    tables : tuple of TablePlan
    implied : tuple of Relation
        Relations that no one has declared and that others rest on.
    """

    tables: tuple[TablePlan, ...]
    implied: tuple[Relation, ...]

    def to_state(self) -> dict:
        """Plain data."""
        write = _relation_state
        return {
            "tables": [
                {
                    "name": t.name,
                    "driver": write(t.driver),
                    "attached": [write(r) for r in t.attached],
                    "deferred": [write(r) for r in t.deferred],
                    "own": [write(r) for r in t.own],
                }
                for t in self.tables
            ],
            "implied": [write(r) for r in self.implied],
        }

    @classmethod
    def from_state(cls, state: dict):
        """Undo :meth:`to_state`."""
        read = _relation_from
        tables = [
            TablePlan(
                t["name"],
                read(t["driver"]),
                *(tuple(map(read, t[k])) for k in ("attached", "deferred", "own")),
            )
            for t in state["tables"]
        ]
        return cls(tuple(tables), tuple(map(read, state["implied"])))

    @property
    def roots(self) -> list[str]:
        """The tables whose numbers of rows are to be given."""
        return [t.name for t in self.tables if t.driver is None]

    def relations_to(self, name: str) -> list[Relation]:
        """The relations in which a table is the parent, its own ones left out."""
        found = []
        for table in self.tables:
            mine = ([table.driver] if table.driver else []) + list(table.attached)
            found += [r for r in mine if r.parent == name]
        return found


def _relation_state(relation):
    if relation is None:
        return None
    columns = [list(relation.columns), list(relation.parent_columns)]
    return [relation.child, relation.parent, *columns]


def _relation_from(state):
    if state is None:
        return None
    child, parent, columns, parent_columns = state
    return Relation(child, tuple(columns), parent, tuple(parent_columns))


def make_plan(metadata: Metadata, schema: Schema) -> Plan:
    """Order the tables and choose the drivers.

    Parameters
    ----------
    metadata : Metadata
    schema : Schema
        Implied relations are linked in it.

    Returns
    -------
    Plan
    """
    implied = tuple(_implied(metadata, schema))
    relations = [*metadata.relations, *implied]
    deferred = _cut(metadata, schema, relations)
    kept = [r for r in relations if r not in deferred and not r.is_self]
    plans = []
    for name in _order(list(metadata.tables), kept):
        mine = [r for r in relations if r.child == name and not r.is_self]
        ready = [r for r in mine if r in kept and r not in implied]
        ready = [r for r in ready if (schema.rows[r] >= 0).any()]
        driver = _choose_driver(metadata, schema, name, ready)
        plans.append(
            TablePlan(
                name,
                driver,
                tuple(r for r in mine if r != driver),
                tuple(r for r in mine if r in deferred),
                tuple(r for r in relations if r.child == name and r.is_self),
            )
        )
    return Plan(tuple(plans), implied)


def _implied(metadata, schema):
    """Parts of a parent's composite key that must be keys of another table.

    Where the key (a, b) leads to one table and its part a to another one, the first
    table's column has to hold keys of the second: else no row could have both.
    """
    relations = metadata.relations
    found: list[Relation] = []
    for wide in relations:
        for narrow in relations:
            if narrow.child != wide.child or narrow.parent == wide.parent:
                continue
            if not set(narrow.columns) < set(wide.columns):
                continue
            place = [wide.columns.index(c) for c in narrow.columns]
            columns = tuple(wide.parent_columns[i] for i in place)
            new = Relation(wide.parent, columns, narrow.parent, narrow.parent_columns)
            if new in relations or new in found:
                continue
            schema.link(new)
            if schema.orphans[new] or schema.missing[new]:
                del schema.rows[new]
                log.warning("shared_key_does_not_hold", key=new.label)
                continue
            log.info("implied_relation", relation=new.name)
            found.append(new)
    return found


def _cut(metadata, schema, relations):
    """Relations of circles that are filled in at the end."""
    missing = {
        r: schema.missing[r] / max(len(schema.rows[r]), 1)
        for r in relations
        if schema.nullable(r)
    }
    movable = [r for r in relations if not _in_primary_key(metadata, r)]
    fixed = [r for r in relations if r not in movable and not r.is_self]
    if cycle_cuts(fixed, {}):
        names = ", ".join(r.label for r in fixed)
        raise SchemaValidationError(
            [
                f"{names}: these keys form a circle and are all primary keys, so that "
                "none can be filled in later; let one of them be a column of its own."
            ]
        )
    cuts: list[Relation] = []
    while True:
        circles = cycle_cuts([*fixed, *movable], missing)
        if not circles:
            return cuts
        # The first cut that can be made; a primary key cannot wait.
        able = [r for r in circles if r in movable] or _on_circle(fixed, movable)
        cut = able[0]
        log.warning(
            "circle_of_keys",
            cut=cut.name,
            meaning="filled in after both tables are made",
        )
        cuts.append(cut)
        movable.remove(cut)


def _on_circle(fixed, movable):
    return [r for r in movable if not cycle_cuts([*fixed, r], {})] or movable


def _in_primary_key(metadata, relation):
    primary = metadata.tables[relation.child].pk_columns
    return bool(set(relation.columns) & set(primary))


def _order(names, relations):
    """Parents before children, otherwise as described."""
    left, done = list(names), []
    while left:
        ready = [
            n for n in left if all(r.parent in done for r in relations if r.child == n)
        ]
        done += ready
        left = [n for n in left if n not in ready]
    return done


def _choose_driver(metadata, schema, name, candidates):
    """The named driver, else the key that explains the rows best."""
    if not candidates:
        return None
    config = metadata.tables[name]
    if config.driver is not None:
        named = metadata.resolve(name, config.driver)
        if named in candidates:
            return named
        log.warning("driver_closes_a_circle", table=name, driver=config.driver)
    one_to_one = [r for r in candidates if set(r.columns) == set(config.pk_columns)]
    if one_to_one:
        return one_to_one[0]
    wanted = _context_parents(config.parent_context_cols or (), candidates)
    if wanted:
        candidates = wanted
    if len(candidates) == 1:
        return candidates[0]
    excluded = set(config.columns_excluded)
    frame = schema.tables[name]
    frame = frame[[c for c in frame.columns if c not in excluded]]
    scores = {r: _explained(schema, r, frame, candidates) for r in candidates}
    best = max(candidates, key=lambda r: scores[r])
    told = {r.label: round(scores[r][1], 3) for r in candidates}
    log.info("driver", table=name, key=best.label, explained=told)
    return best


def _context_parents(columns, candidates):
    """Candidates that ``parent_context_cols`` name, as in "users.region"."""
    named = {text.partition(".")[0] for text in columns if "." in text}
    return [r for r in candidates if r.parent in named]


def _explained(schema, relation, frame, candidates):
    """How many other keys follow from this one, and how alike its children are."""
    rows = schema.rows[relation]
    follows = 0
    for other in candidates:
        if other == relation:
            continue
        for via in schema.rows:
            if via.child == relation.parent and via.parent == other.parent:
                at = schema.rows[via][np.maximum(rows, 0)]
                both = (rows >= 0) & (schema.rows[other] >= 0)
                same = (at == schema.rows[other])[both]
                follows += bool(len(same)) and same.mean() > 0.95
        wide = set(other.columns) < set(relation.columns)
        follows += wide
    score = _alikeness(rows, frame) if len(frame.columns) else 0.0
    # Without attributes to tell: a key that most parents have, then small groups, in
    # which pairs of keys are easier to keep apart.
    groups = len(np.unique(rows[rows >= 0]))
    used = round(groups / len(schema.tables[relation.parent]), 1)
    return follows, round(float(score), 4) + used * 1e-5 + groups * 1e-12


def _alikeness(rows, frame):
    """Mean size of the intraclass correlation: of siblings alike, or unlike."""
    known = rows >= 0
    if not known.any():
        return 0.0
    take = np.flatnonzero(known)
    if len(take) > MAX_SCORED_ROWS:
        # Whole groups, so that siblings stay together.
        groups = np.unique(rows[take])
        rng = np.random.default_rng(0)
        share = MAX_SCORED_ROWS / len(take)
        kept = rng.permutation(groups)[: max(int(np.ceil(share * len(groups))), 2)]
        take = take[np.isin(rows[take], kept)]
    columns = [c for c in frame.columns if usable(frame[c], 10_000)]
    if not columns:
        return 0.0
    sample = frame[columns].iloc[take]
    shares = []
    codes, _ = pd.factorize(rows[take])
    n_groups = codes.max() + 1
    if n_groups < 2 or n_groups == len(codes):
        return 0.0
    sizes = np.bincount(codes)
    n0 = (len(codes) - (sizes**2).sum() / len(codes)) / (n_groups - 1)
    for column in columns:
        Y = profile_matrix(sample[[column]])
        means = np.stack([np.bincount(codes, y) / sizes for y in Y.T], axis=1)
        total = Y.var(axis=0).sum() * len(codes)
        within = ((Y - means[codes]) ** 2).sum()
        between = (total - within) / (n_groups - 1)
        within /= len(codes) - n_groups
        spread = between + (n0 - 1) * within
        share = (between - within) / spread if spread > 0 else 0.0
        # Siblings that always differ, as an owner and a user, are tied as well.
        share = float(np.clip(share, -1.0, 1.0))
        shares.append(abs(share) if abs(share) > 3 / np.sqrt(len(codes)) else 0.0)
    return float(np.mean(shares)) * known.mean()


def wide_first(relations):
    """Wider keys first: narrower ones may share their columns."""
    return sorted(relations, key=lambda r: -len(r.columns))
