"""Generating a schema: parents before children, keys after rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.relational._bases import base_name, own_base
from sklearn_synthohive.relational._dealing import Dealer, keep_pairs_apart
from sklearn_synthohive.relational._loads import NoParents, refer_by_levels, settled
from sklearn_synthohive.relational._made import Made
from sklearn_synthohive.relational._plan import wide_first
from sklearn_synthohive.relational._rows import child_families, make_rows, root_families
from sklearn_synthohive.relational._spool import Spool
from sklearn_synthohive.relational._table_model import level_column, segment_column

__all__ = ["Maker"]

log = get_logger(__name__)


class Maker:
    """Makes the rows of all tables, in the order of the plan.

    Parameters
    ----------
    plan : Plan
    models : dict of str to TableModel
    seed : int
    folder : Path, optional
        Where blocks wait that are not to be held in memory.
    """

    def __init__(self, plan, models, seed, folder: Path | None = None):
        self.plan, self.models = plan, models
        self.folder = folder
        self.made: dict[str, Made] = {}
        self._demand: dict[str, np.ndarray | None] = {}
        names = [t.name for t in plan.tables]
        spawned = np.random.SeedSequence(seed).spawn(len(names))
        self._seeds = dict(zip(names, spawned, strict=True))
        self._relations = {
            r.name: r
            for t in plan.tables
            for r in (*t.attached, *([t.driver] if t.driver else []), *t.own)
        }

    def run(self, wanted: dict[str, int]):
        """Make all tables.

        Parameters
        ----------
        wanted : dict of str to int
            Rows of the root tables.

        Yields
        ------
        name : str
        frames : iterator of DataFrame
            The table, block by block; to be used before the next one.
        """
        waiting = []
        for table in self.plan.tables:
            self.make(table, wanted.get(table.name))
            if table.deferred:
                waiting.append(table)
            else:
                yield table.name, self.frames(table)
        for table in waiting:
            self.finish(table)
        for table in waiting:
            yield table.name, self.frames(table)

    def make(self, table, n_rows: int | None) -> None:
        """Make the rows of one table, with all keys but the deferred ones.

        Parameters
        ----------
        table : TablePlan
        n_rows : int or None
            Of a root table.
        """
        model = self.models[table.name]
        spool = Spool(self.folder and self.folder / f"raw {len(self.made)}")
        if table.driver is None:
            families = root_families(n_rows or 0)
        else:
            above = self.made[table.driver.parent].spool
            families = child_families(above, table.driver.name, model.lone_rate)
        demand: dict[str, np.ndarray] = {}
        for i, family in enumerate(families):
            block = make_rows(model, family, 0, self._seed(table.name, 0, i))
            if table.driver is not None:
                block.keys[table.driver.name] = family.parents
            self._take_segments(table, model, block, demand)
            spool.append(block)
        kept = Spool(self.folder and self.folder / f"made {len(self.made)}")
        self.made[table.name] = made = Made(kept)
        now = [r for r in wide_first(table.attached) if r not in table.deferred]
        dealers = {r.name: self._dealer(r, demand) for r in now}
        for i, block in enumerate(spool):
            rng = np.random.default_rng(self._seed(table.name, 1, i))
            block = self._deal(table, model, block, now, dealers, rng)
            block.start = kept.n_rows
            self._refer_to_own(table, model, block, rng)
            self._count(table, model, block, made, rng)
            kept.append(block)
        spool.clear()
        self._demand |= {r.name: demand.get(r.name) for r in table.deferred}
        self._number_parts(table, model, made)

    def finish(self, table) -> None:
        """Deal the deferred keys of a table, once all tables are made."""
        model, made = self.models[table.name], self.made[table.name]
        if not table.deferred:
            return
        dealers = {r.name: self._dealer(r, self._demand) for r in table.deferred}
        for i, block in enumerate(made.spool):
            rng = np.random.default_rng(self._seed(table.name, 2, i))
            full = self._deal(table, model, block, table.deferred, dealers, rng, False)
            made.spool.put(i, full)

    def frames(self, table):
        """The finished rows of a table, block by block, as the real table has them.

        Parameters
        ----------
        table : TablePlan

        Yields
        ------
        DataFrame
        """
        model, made = self.models[table.name], self.made[table.name]
        relations = wide_first(
            [*table.attached, *([table.driver] if table.driver else []), *table.own]
        )
        for block in made.spool:
            place = np.arange(block.start, block.start + len(block))
            columns = {c: block.frame[c] for c in model.attributes}
            grouped = model.groups.columns if model.groups else ()
            for column in (*grouped, *model.serial, *model.parts):
                dtype = model.dtypes[column]
                columns[column] = self._key(table.name, column, place, dtype)
            for relation in relations:
                at = block.keys[relation.name]
                for mine, theirs in zip(
                    relation.columns, relation.parent_columns, strict=True
                ):
                    dtype = model.dtypes[mine]
                    columns[mine] = self._key(relation.parent, theirs, at, dtype)
            yield pd.DataFrame({c: columns[c] for c in model.dtypes})
        if not made.spool.n_rows:
            # No rows, but the columns.
            yield pd.DataFrame({c: pd.Series(dtype=t) for c, t in model.dtypes.items()})

    def _seed(self, name, step, i) -> int:
        entropy = self._seeds[name].generate_state(2)
        sequence = np.random.SeedSequence([*entropy.tolist(), step, i])
        return int(sequence.generate_state(1, np.uint64)[0] >> 2)

    def _take_segments(self, table, model, block, demand):
        """Segment columns of the model to numbers, and how many rows want each."""
        for relation in table.attached:
            attachment = model.attachments[relation.name]
            n = attachment.segments.n_segments
            if attachment.is_modelled:
                drawn = block.frame.pop(segment_column(relation))
                wanted = attachment.wanted(drawn)
                told = base_name(table.name, segment_column(relation))
                block.base[told] = attachment.column(wanted)
            else:
                wanted = np.zeros(len(block), dtype=np.int64)
            block.wanted[relation.name] = wanted
            sums = demand.setdefault(relation.name, np.zeros(n, dtype=np.int64))
            sums += np.bincount(wanted[wanted >= 0], minlength=n)
        for relation in table.own:
            drawn = block.frame.pop(level_column(relation))
            block.wanted[relation.name] = drawn.astype(int).to_numpy()

    def _dealer(self, relation, demand):
        attachment = self.models[relation.child].attachments[relation.name]
        parent = self.made[relation.parent]
        none = [np.empty(0, dtype=np.int64)]
        loads = np.concatenate(none + parent.loads.get(relation.name, []))
        segment = np.concatenate(none + parent.segments.get(relation.name, []))
        if not len(loads):
            return NoParents()
        rng = np.random.default_rng(
            self._seed(relation.child, 3, list(self._relations).index(relation.name))
        )
        wanted = demand.get(relation.name)
        if wanted is None:
            wanted = np.zeros(attachment.segments.n_segments, dtype=np.int64)
        if len(loads) and not loads.sum():
            loads = np.ones(len(loads), dtype=np.int64)
        if attachment.follows is None:
            points = parent.points_of(relation.name)
            told = loads, segment, wanted, rng, points
            loads, segment = settled(attachment, *told)
        once = attachment.most == 1
        return Dealer(loads, segment, attachment.nearest(), once=once, rng=rng)

    def _deal(self, table, model, block, relations, dealers, rng, drop=True):
        """The block with the keys of some relations, without rows that get none."""
        lost = np.zeros(len(block), dtype=bool)
        for relation in relations:
            attachment = model.attachments[relation.name]
            wanted = block.wanted.pop(relation.name)
            found = np.full(len(block), -1, dtype=np.int64)
            free = np.ones(len(block), dtype=bool)
            if attachment.follows is not None:
                found = self._follow(attachment.follows, block)
                free = (found < 0) & (not attachment.nullable)
            chosen = np.where(free, wanted, -1)
            dealt = dealers[relation.name].deal(chosen)
            found = np.where(free, dealt, found)
            if relation.name == (model.apart or [None])[-1] and len(model.apart) > 1:
                group = self._group(model, block)
                bad = keep_pairs_apart(group, found, np.where(free, wanted, -1), rng)
                lost[bad] = True
            lost |= (found < 0) & free & (wanted >= 0)
            block.keys[relation.name] = found
            names = model.borrowed.get(relation.name)
            if names and self.made[relation.parent].lent:
                seen = self.made[relation.parent].lend(names, found)
                block.base = pd.concat([block.base, seen], axis=1)
        if not lost.any() or not drop:
            return block
        log.warning(
            "rows_without_a_free_parent", table=table.name, rows=int(lost.sum())
        )
        return block.take(np.flatnonzero(~lost))

    def _follow(self, path, block):
        """Parents that another key of the row, or the driver's row, has."""
        first, via = path.split(" / ")
        if via in block.keys:
            return block.keys[via].copy()
        relation = self._relations[first]
        there = np.concatenate(self.made[relation.parent].keys[via])
        at = block.keys[first]
        return np.where(at >= 0, there[np.maximum(at, 0)], -1)

    def _group(self, model, block):
        """One number for the other keys of a row that are to differ together."""
        others = [block.keys[name] for name in model.apart[:-1]]
        if len(others) == 1:
            return others[0]
        return pd.MultiIndex.from_arrays(others).factorize()[0]

    def _refer_to_own(self, table, model, block, rng):
        """Keys to rows of the same block, one level up."""
        for relation in table.own:
            level = block.wanted.pop(relation.name)
            law = model.cardinalities[relation.name]
            block.keys[relation.name] = refer_by_levels(
                level,
                law.draw(self._base(table, model, block), rng),
                block.start,
                model.own[relation.name],
                rng,
            )

    def _base(self, table, model, block):
        """The block's attributes under the names that descendants know them by."""
        mine = own_base(table.name, block.frame, model.attributes)
        return pd.concat([mine, block.base], axis=1)

    def _count(self, table, model, block, made, rng):
        """How many children each row is to have, and in which segment it lies."""
        relations = self.plan.relations_to(table.name)
        if relations:
            block.base = self._base(table, model, block)
            wanted = self._lent(table)
            if wanted:
                made.lent.append(block.base[wanted])
            seen = block.base.copy(deep=False)
            drivers = {t.driver.name for t in self.plan.tables if t.driver}
            for relation in relations:
                counts = model.cardinalities[relation.name].draw(seen, rng)
                seen[f"number of {relation.name}"] = counts.astype(np.float64)
                if relation.name in drivers:
                    block.counts[relation.name] = counts
                    continue
                attachment = self.models[relation.child].attachments[relation.name]
                made.take(relation.name, attachment, counts, seen)
        else:
            block.base = block.base[[]]
        for name, at in block.keys.items():
            if name in self._kept(table):
                made.keys.setdefault(name, []).append(at)

    def _lent(self, table):
        """Columns that rows of other tables show to their children."""
        return sorted(
            {
                column
                for relation in self.plan.relations_to(table.name)
                for column in self.models[relation.child]
                .borrowed.get(relation.name, {})
                .values()
            }
        )

    def _kept(self, table):
        """Keys that other tables look up: those that primary keys consist of."""
        if not self.plan.relations_to(table.name):
            return set()
        return {
            r.name for r in (*table.attached, *([table.driver] if table.driver else []))
        }

    def _number_parts(self, table, model, made):
        """Own parts of the primary key, different within the other parts."""
        rng = np.random.default_rng(self._seed(table.name, 4, 0))
        drawn = None
        if model.groups:
            drawn = model.groups.draw(made.spool.n_rows, rng)
            for column in model.groups.columns:
                made.place(column, drawn)
        primary = [
            r.name
            for r in (*table.attached, *([table.driver] if table.driver else []))
            if set(r.columns) & set(model.primary)
        ]
        for column, part in model.parts.items():
            groups: list[np.ndarray] = []
            frames = []
            for block in made.spool:
                keys = [block.keys[n] for n in primary if n in block.keys]
                if keys:
                    groups.append(np.stack(keys, axis=1))
                frames.append(block.frame[list(part.order)])
            frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
            group = np.zeros(len(frame), dtype=np.int64)
            if groups:
                stacked = np.concatenate(groups)
                group = np.unique(stacked, axis=0, return_inverse=True)[1].ravel()
            group = group if drawn is None else drawn
            made.place(column, part.places(group, frame, rng))

    def _key(self, name, column, place, dtype):
        """Values of a table's primary key at some places, as a column of a dtype."""
        model, made = self.models[name], self.made[name]
        primary = model.dtypes[column]
        if column in model.serial:
            last = made.spool.n_rows - 1
            minter = model.serial[column].fitting(last, primary)
            return minter.column(place, dtype, last)
        if column in made.places:
            places, last = made.places[column], made.last[column]
            at = np.where(place >= 0, places[np.maximum(place, 0)], -1)
            if column not in model.parts:
                return model.groups.column(column, at, dtype, primary, last)
            minter = model.parts[column].minter.fitting(last, primary)
            return minter.column(at, dtype, last)
        relation = next(
            r
            for r in self._relations.values()
            if r.child == name and column in r.columns
        )
        above = np.concatenate(made.keys[relation.name])
        at = np.where(place >= 0, above[np.maximum(place, 0)], -1)
        theirs = relation.parent_columns[relation.columns.index(column)]
        return self._key(relation.parent, theirs, at, dtype)
