"""Learning a schema: every table by itself, from the real rows of its parents."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.metadata import Metadata, Relation
from sklearn_synthohive.preprocessing._rare import count_of
from sklearn_synthohive.relational._attachment import (
    Attachment,
    Middles,
    fit_segments,
)
from sklearn_synthohive.relational._balance import MAX_BALANCED, level_shares
from sklearn_synthohive.relational._bases import base_name, own_base, take_rows
from sklearn_synthohive.relational._cardinality import MIN_PARENTS, CardinalityModel
from sklearn_synthohive.relational._context import ContextPlan
from sklearn_synthohive.relational._copies import copied_columns
from sklearn_synthohive.relational._features import (
    MAX_UNIQUE_SHARE,
    is_numeric_like,
    usable,
)
from sklearn_synthohive.relational._key_plans import learn_keys
from sklearn_synthohive.relational._levels import levels, naming_columns
from sklearn_synthohive.relational._plan import Plan, TablePlan, wide_first
from sklearn_synthohive.relational._sources import Schema
from sklearn_synthohive.relational._table_model import (
    TableModel,
    level_column,
    segment_column,
)
from sklearn_synthohive.relational._trees import SegmentTree
from sklearn_synthohive.utils.random import chunk_seeds

__all__ = ["Lesson", "prepare"]

FEW_PARENTS = 50
MAX_BORROWED = 12
FEW_FAMILIES = 20
MAX_LIKES = 20_000
SAME = 0.999


class Lesson:
    """One table, ready for its model to be fitted.

    Attributes
    ----------
    table : TableModel
        All but its model.
    frame : DataFrame
        What the model learns; without columns where there is nothing to learn.
    context : DataFrame or None
    metadata : Metadata
        Constraints of the columns of ``frame``.
    """

    def __init__(self, table, frame, context, metadata):
        self.table = table
        self.frame = frame
        self.context = context
        self.metadata = metadata


def prepare(
    metadata: Metadata, schema: Schema, plan: Plan, seed: int, min_frequency=None
) -> list[Lesson]:
    """Learn all but the models of the tables.

    Parameters
    ----------
    metadata : Metadata
    schema : Schema
    plan : Plan
    seed : int
    min_frequency : int, float or None
        Rows, or share of a table's rows, that a level has to have to be kept.

    Returns
    -------
    list of Lesson
        In the order of the plan.
    """
    learner = _Learner(metadata, schema, plan, seed, min_frequency)
    for table in plan.tables:
        learner.base(table)
    for table in plan.tables:
        learner.attach(table)
    for table in plan.tables:
        learner.widen(table)
    return [learner.lesson(table) for table in plan.tables]


class _Learner:
    def __init__(self, metadata, schema, plan, seed, min_frequency):
        sizes = {name: len(frame) for name, frame in schema.tables.items()}
        self.least = {name: count_of(min_frequency, n) for name, n in sizes.items()}
        self.metadata, self.schema, self.plan = metadata, schema, plan
        self.bases: dict[str, pd.DataFrame] = {}
        self.namings: set[str] = set()
        self.chains: dict[str, dict[Relation, np.ndarray]] = {}
        self.models: dict[str, TableModel] = {}
        self.segments: dict[str, dict[Relation, np.ndarray]] = {}
        names = [t.name for t in plan.tables]
        self.seeds = dict(zip(names, chunk_seeds(seed, len(names)), strict=True))

    def base(self, table: TablePlan):
        """The table's attributes and those of its driver's ancestors."""
        name = table.name
        frame = self.schema.tables[name]
        keys = self._key_columns(table)
        model = TableModel(name, dict(frame.dtypes.items()), n_rows=len(frame))
        model.primary = list(self.metadata.tables[name].pk_columns)
        model.modelled = [c for c in frame.columns if c not in keys]
        self.models[name] = model
        base = own_base(name, frame, model.modelled)
        texts = [c for c in base if not is_numeric_like(base[c])]
        self.namings |= {str(c) for c in texts if not usable(base[c])}
        chain = {r: self.schema.rows[r] for r in (*table.attached,)}
        if table.driver is not None:
            rows = self.schema.rows[table.driver]
            above = take_rows(self.bases[table.driver.parent], rows)
            base = pd.concat([base, above], axis=1)
            chain[table.driver] = rows
            for relation, at in self.chains[table.driver.parent].items():
                chain[relation] = np.where(rows >= 0, at[np.maximum(rows, 0)], -1)
        self.bases[name], self.chains[name] = base, chain

    def _key_columns(self, table):
        config = self.metadata.tables[table.name]
        implied = [c for r in table.attached for c in r.columns]
        return {*config.columns_excluded, *implied}

    def attach(self, table: TablePlan):
        """Segments of the parents of the keys that rows get afterwards."""
        model = self.models[table.name]
        self.segments[table.name] = {}
        for relation in wide_first(table.attached):
            follows = self._followed(table, relation)
            rows = self.schema.rows[relation]
            parents = self.bases[relation.parent]
            if follows:
                tree = SegmentTree.fit(parents[[]], np.zeros((len(parents), 1)))
            else:
                known = parents.take(np.unique(rows[rows >= 0]))
                columns = self._names(relation.parent) or self._telling(known)
                children = self._known_of(table, relation)
                tree = fit_segments(
                    parents[columns],
                    children,
                    rows,
                    least=self.least[relation.parent],
                    seed=self.seeds[table.name],
                )
            counts = self.schema.counts(relation)
            positive = counts[counts > 0]
            of_parent = tree.apply(parents)
            used = np.bincount(of_parent, counts > 0, minlength=tree.n_segments)
            model.attachments[relation.name] = Attachment(
                tree,
                follows=follows,
                nullable=self.schema.nullable(relation),
                least=int(positive.min(initial=1)) if len(positive) else 1,
                most=int(positive.max(initial=1)),
                used=used / max(len(parents), 1),
                middles=Middles.fit(tree, parents, counts, self.least[relation.parent]),
            )
            wanted = np.where(rows >= 0, of_parent[np.maximum(rows, 0)], -1)
            lost = np.flatnonzero(self.schema.lost[relation])
            wanted = self._guess(table, wanted, lost, tree.n_segments)
            self.segments[table.name][relation] = wanted

    def _names(self, name):
        """The column that names the rows of a list, as its base has it.

        Its rows are made once each, so what is learned of one holds for it again;
        their other attributes tell nothing beyond.
        """
        frame = self.schema.tables[name]
        if len(frame) > FEW_PARENTS or self.least[name] > 1:
            return []
        texts = naming_columns(frame, self.models[name].modelled)
        return [base_name(name, c) for c in texts[:1]]

    def _telling(self, base):
        """Columns of a base that say something of more rows than one of their table."""
        return [c for c in base if c not in self.namings and usable(base[c])]

    def _followed(self, table, relation):
        """The relation whose parent this key repeats, if there is one."""
        rows = self.schema.rows[relation]
        mine = [*table.attached, *([table.driver] if table.driver else [])]
        for wide in mine:
            if not set(relation.columns) < set(wide.columns):
                continue
            for via in self.plan.implied:
                if via.child == wide.parent and via.parent == relation.parent:
                    return f"{wide.name} / {via.name}"
        if table.driver is None:
            return None
        above = self.chains[table.driver.parent]
        driver = self.schema.rows[table.driver]
        for via, at in above.items():
            if via.parent != relation.parent or via.child == table.name:
                continue
            there = np.where(driver >= 0, at[np.maximum(driver, 0)], -1)
            both = (there >= 0) & (rows >= 0)
            if both.sum() > 1 and (there == rows)[both].mean() >= SAME:
                return f"{table.driver.name} / {via.name}"
        return None

    def _known_of(self, table, relation):
        """What is known of the children: attributes, driver, other parents."""
        frame = self.bases[table.name]
        parts = [frame[self._telling(frame)]]
        for other in table.attached:
            if other == relation:
                continue
            rows = self.schema.rows[other]
            parents = self.bases[other.parent]
            if len(parents) <= FEW_PARENTS:
                texts = pd.Series(rows).map(str)
                parts.append(pd.DataFrame({f"key {other.name}": texts}))
            else:
                own = self._telling(parents)[:6]
                above = take_rows(parents[own], rows)
                parts.append(above.add_prefix(f"{other.name} "))
        return pd.concat(parts, axis=1)

    def _guess(self, table, wanted, lost, n_segments):
        """Segments for rows whose key leads nowhere: those of their likes."""
        wanted = wanted.copy()
        wanted[lost] = 0
        if not len(lost) or n_segments == 1:
            return wanted
        wanted[lost] = -1
        rng = np.random.default_rng(self.seeds[table.name])
        known = rng.permutation(np.flatnonzero(wanted >= 0))[:MAX_LIKES]
        base = self.bases[table.name]
        base = base[self._telling(base)]
        targets = np.eye(n_segments)[wanted[known]]
        tree = SegmentTree.fit(
            base.take(known), targets, max_segments=64, min_rows=20, choose=False
        )
        law = np.cumsum(tree.means[tree.apply(base.take(lost))], axis=1)
        points = rng.random((len(lost), 1)) * law[:, -1:]
        wanted[lost] = (law < points).sum(axis=1).clip(max=n_segments - 1)
        return wanted

    def widen(self, table: TablePlan):
        """Let descendants know the segments of a row's other parents."""
        name = table.name
        columns = {}
        for relation, wanted in self.segments[name].items():
            attachment = self.models[name].attachments[relation.name]
            if attachment.is_modelled:
                told = base_name(name, segment_column(relation))
                columns[told] = attachment.column(wanted)
        base = self.bases[name]
        if table.driver is not None:
            rows = self.schema.rows[table.driver]
            above = self.bases[table.driver.parent]
            above = above[[c for c in above if c not in base]]
            base = pd.concat([base, take_rows(above, rows)], axis=1)
        base = base.assign(**columns)
        if self.plan.relations_to(name):
            base = pd.concat([base, *self._borrow(table)], axis=1)
        self.bases[name] = base

    def _borrow(self, table):
        """Attributes of a row's further parents, for its descendants to see."""
        model = self.models[table.name]
        for relation in table.attached:
            if relation in table.deferred:
                continue
            attachment = model.attachments[relation.name]
            if attachment.follows is not None or attachment.middles is not None:
                # Where few of many parents have children the segment says which.
                continue
            parent = self.models[relation.parent]
            rows = self.schema.rows[relation]
            above = own_base(
                relation.parent, self.schema.tables[relation.parent], parent.attributes
            )
            above = above[[c for c in above if usable(above[c])][:MAX_BORROWED]]
            names = {f"{_told(relation)} -> {c}": c for c in above}
            model.borrowed[relation.name] = names
            taken = take_rows(above, rows)
            taken.columns = pd.Index(list(names), dtype=object)
            yield taken

    def lesson(self, table: TablePlan) -> Lesson:
        """What the table's model learns, and everything around it."""
        name, model = table.name, self.models[table.name]
        real, seed = self.schema.tables[name], self.seeds[table.name]
        learn_keys(self.metadata, self.schema, table, model, seed, self.least[name])
        self._count_children(table, model, seed)
        used = np.arange(len(real))
        if table.driver is not None:
            rows = self.schema.rows[table.driver]
            lost = self.schema.lost[table.driver]
            lone = ((rows < 0) & ~lost).sum()
            model.lone_rate = float(lone / max((rows >= 0).sum(), 1))
            used = np.flatnonzero(~lost)
            above = self.bases[table.driver.parent]
            model.copies = copied_columns(real[model.modelled], above, rows)
            model.modelled = [c for c in model.modelled if c not in model.copies]
        frame = real[model.modelled].copy(deep=False)
        for relation, wanted in self.segments[name].items():
            attachment = model.attachments[relation.name]
            if attachment.is_modelled:
                frame[segment_column(relation)] = attachment.column(wanted)
        for relation in table.own:
            level, on_itself = levels(self.schema.rows[relation])
            frame[level_column(relation)] = level.astype(str).astype(object)
            model.own[relation.name] = on_itself
        frame = frame.take(used).reset_index(drop=True)
        context = None
        if table.driver is not None and len(frame.columns):
            context = self._context(table, model, frame, rows[used], seed)
        if len(real) <= MAX_BALANCED:
            texts = [c for c in model.modelled if not is_numeric_like(real[c])]
            model.shares = level_shares(real[texts], self.least[name])
            few = MAX_UNIQUE_SHARE * len(real)
            told = model.shares
            model.names = [c for c in texts if len(told.get(str(c), ())) > few]
        return Lesson(model, frame, context, self._described(model, frame))

    def _context(self, table, model, frame, rows, seed):
        config = self.metadata.tables[table.name]
        base = self.bases[table.driver.parent]
        wanted = config.parent_context_cols
        offered = base
        if wanted is None:
            offered = base[[c for c in base if c not in self.namings]]
        plan = ContextPlan.fit(
            frame,
            offered,
            rows,
            self._family(table, rows),
            wanted,
            seed,
            names=[n for t in self.models for n in self._names(t)],
        )
        model.context = plan
        return plan.real(frame, base, rows) if plan.width else None

    def _family(self, table, rows):
        """The highest ancestor of each row of which there are some."""
        chain, found = self.chains[table.driver.parent], rows
        drivers = {t.name: t.driver for t in self.plan.tables}
        up = drivers[table.driver.parent]
        while up is not None:
            above = np.where(rows >= 0, chain[up][np.maximum(rows, 0)], -1)
            if len(np.unique(above)) >= FEW_FAMILIES:
                found = above
            up = drivers[up.parent]
        return found

    def _count_children(self, table, model, seed):
        base = self.bases[table.name]
        few = len(base) <= FEW_PARENTS
        least = self.least[table.name]
        columns = self._names(table.name) or self._telling(base)
        seen = base[columns].copy(deep=False)
        relations = [*self.plan.relations_to(table.name), *table.own]
        for relation in relations:
            child = self.metadata.tables[relation.child]
            counts = self.schema.counts(relation)
            model.cardinalities[relation.name] = CardinalityModel.fit(
                seen,
                counts,
                method=child.linkage_method,
                # Of a list each row may be a segment of its own.
                min_rows=least if few else max(least, MIN_PARENTS),
                choose=not few,
                seed=seed,
            )
            if few:
                continue
            # Later counts may depend on this one.
            seen[f"number of {relation.name}"] = counts.astype(np.float64)

    def _described(self, model, frame):
        config = self.metadata.tables[model.name]
        modelled = set(frame.columns)
        return Metadata().add_table(
            model.name,
            constraints={c: r for c, r in config.constraints.items() if c in modelled},
            high_cardinality_cols=[
                c for c in config.high_cardinality_cols if c in modelled
            ],
        )


def _told(relation):
    return ", ".join(str(c) for c in relation.columns)
