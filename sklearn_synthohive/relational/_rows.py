"""Rows of one table, block by block, from its model and its parents' rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from sklearn_synthohive.relational._balance import (
    MAX_BALANCED,
    MAX_BALANCED_CHILDREN,
    MAX_FREE,
    choose_rows,
    mend_names,
    statistics_of,
)
from sklearn_synthohive.relational._bases import own_base, take_rows
from sklearn_synthohive.relational._context import MAX_WAVES
from sklearn_synthohive.relational._contract import draw
from sklearn_synthohive.relational._spool import Block

__all__ = ["Family", "child_families", "make_rows", "root_families"]

# Rows a block: what is held at a time when tables are written to files.
BLOCK_ROWS = 50_000
# Rows that few are chosen from: so many for each, as far as the pool has room.
MIN_COPIES, MAX_COPIES, MAX_POOL = 4, 64, 5000
WEIGHT_SEGMENT = 5.0


class Family:
    """Rows to be made together, with what is known of their parents.

    Attributes
    ----------
    size : int
        Number of rows.
    base : DataFrame or None
        Of the parents that occur.
    local : ndarray of int64
        Each row's place in ``base``, -1 without a parent.
    parents : ndarray of int64
        Each row's parent in its table, -1 for none.
    siblings, position : ndarray of int64
    chain : dict of relation name to ndarray of int64
        Keys of the parents, by place in ``base``.
    """

    def __init__(self, size, base=None, local=None, parents=None, **rest):
        nobody = np.full(size, -1, dtype=np.int64)
        self.size = size
        self.base: Any = base
        self.local = nobody if local is None else local
        self.parents = nobody if parents is None else parents
        self.siblings = rest.get("siblings", np.ones(size, dtype=np.int64))
        self.position = rest.get("position", np.zeros(size, dtype=np.int64))
        self.chain = rest.get("chain", {})


def root_families(n_rows: int) -> Iterator[Family]:
    """Blocks of rows without parents."""
    for start in range(0, n_rows, BLOCK_ROWS):
        yield Family(min(BLOCK_ROWS, n_rows - start))


def child_families(blocks, relation: str, lone_rate: float) -> Iterator[Family]:
    """Blocks of children, in the order of their parents, those without one last.

    Parameters
    ----------
    blocks : iterable of Block
        Of the parent's table.
    relation : str
        Name of the driver.
    lone_rate : float
        Rows without a parent per row with one.
    """
    made, base = 0, pd.DataFrame()
    for block in blocks:
        counts = block.counts[relation]
        base = block.base
        made += int(counts.sum())
        ends = np.cumsum(counts)
        first = 0
        while first < len(counts):
            done = ends[first - 1] if first else 0
            last = int(np.searchsorted(ends, done + BLOCK_ROWS, side="right"))
            # A parent with more children than a block holds has one to itself.
            last = max(last, first + 1)
            if ends[last - 1] > done:
                yield _family(block, first, last, counts)
            first = last
    lone = round(made * lone_rate)
    for start in range(0, lone, BLOCK_ROWS):
        yield Family(min(BLOCK_ROWS, lone - start), base=base.iloc[:0])


def _family(block, first, last, counts):
    sizes = counts[first:last]
    local = np.repeat(np.arange(first, last), sizes)
    starts = np.cumsum(sizes) - sizes
    return Family(
        len(local),
        base=block.base,
        local=local,
        parents=local + block.start,
        siblings=np.repeat(sizes, sizes),
        position=np.arange(len(local)) - np.repeat(starts, sizes),
        chain=block.keys,
    )


def make_rows(table, family: Family, start: int, seed: int) -> Block:
    """Attributes of rows, and the segments of the parents that they want.

    Parameters
    ----------
    table : TableModel
    family : Family
    start : int
        Place of the first row in the table.
    seed : int

    Returns
    -------
    Block
        With the model's columns, segments included, in ``frame``.
    """
    frame = _draw_frame(table, family, seed)
    base = pd.DataFrame(index=pd.RangeIndex(family.size))
    if family.base is not None:
        base = take_rows(family.base, family.local)
        known = family.local >= 0
        _put_copies(table, frame, base, known, seed)
    keys = {
        name: np.where(family.local >= 0, at[np.maximum(family.local, 0)], -1)
        for name, at in family.chain.items()
        if len(at)
    }
    return Block(start, frame, base, keys)


def _draw_frame(table, family, seed):
    if table.model is None:
        return pd.DataFrame(index=pd.RangeIndex(family.size))
    plan = table.context
    if plan is None or not plan.width:
        context = None
    else:
        parents = take_rows(family.base[plan.columns], family.local)
        if plan.previous:
            return _draw_waves(table, family, parents, seed)
        empty = pd.DataFrame(index=parents.index)
        context = plan.frame(parents, family.siblings, family.position, empty)
    most = MAX_BALANCED if context is None else MAX_BALANCED_CHILDREN
    if 0 < family.size <= most:
        return _draw_balanced(table, family, context, seed)
    return draw(table.model, family.size, context, seed)


def _draw_balanced(table, family, context, seed):
    """Few rows: chosen from more, such that together they are what many would be.

    Levels are as frequent as they are, names come as often as in the real rows, and
    the segments of the counts of children hold as many rows as they should.
    """
    n = family.size
    copies = int(np.clip(MAX_POOL // n, MIN_COPIES, MAX_COPIES))
    if context is not None:
        context = take_rows(context, np.repeat(np.arange(n), copies))
    pool = draw(table.model, n * copies, context, seed)
    described = pool[[c for c in pool if c not in table.names]]
    statistics, target = statistics_of(described, table.shares, n)
    free = context is None and n <= MAX_FREE
    places = None if free else np.arange(n * copies).reshape(n, copies)
    for model in table.cardinalities.values():
        more, wanted = _segments_of(model, table, family, pool, copies)
        statistics = np.concatenate([statistics, more], axis=1)
        target = np.concatenate([target, wanted])
    rng = np.random.default_rng([seed, 2])
    chosen = choose_rows(statistics, target, n, rng, places)
    rows = pool.take(chosen).reset_index(drop=True)
    for column in table.names:
        shares = table.shares.get(str(column), {})
        rows[column] = mend_names(rows[column], pool[column], shares, rng)
    return rows


def _segments_of(model, table, family, pool, copies):
    """The segments of counts in which drawn rows lie, and how many should."""
    base = own_base(table.name, pool, [c for c in pool if c in table.dtypes])
    if family.base is not None:
        rows = np.repeat(family.local, copies)
        base = pd.concat([base, take_rows(family.base, rows)], axis=1)
    if not all(c in base for c in model.tree.encoder.columns):
        # It depends on what is not known yet.
        return np.zeros((len(pool), 0), np.float32), np.zeros(0, np.float32)
    segment = model.tree.apply(base)
    block = segment[:, None] == np.arange(model.tree.n_segments)[None, :]
    block = block.astype(np.float32) * WEIGHT_SEGMENT
    share = model.shares * WEIGHT_SEGMENT
    if family.base is not None:
        # Other parents than the real ones: what the model makes of them.
        share = block.mean(axis=0)
    return block, (share * family.size).astype(np.float32)


def _draw_waves(table, family, parents, seed):
    """Siblings in turn, each with its previous one in sight.

    The first ones come one by one; later ones in waves that double, whose previous
    sibling is one of the wave before: siblings that many are alike in any order.
    """
    plan = table.context
    seeds = np.random.SeedSequence(seed).spawn(2 * MAX_WAVES)
    position = family.position
    where = np.full(family.size, -1, dtype=np.int64)
    rows = _no_rows(plan, table)
    low, width, wave, done = 0, 1, 0, 0
    while low <= position.max(initial=0):
        turn = np.flatnonzero((position >= low) & (position < low + width))
        previous = where[turn - width] if low else np.full(len(turn), -1)
        context = plan.frame(
            parents.take(turn),
            family.siblings[turn],
            position[turn],
            take_rows(plan.seen(rows), previous),
        )
        part = draw(
            table.model, len(turn), context, int(seeds[wave].generate_state(1)[0])
        )
        where[turn] = done + np.arange(len(turn))
        done += len(turn)
        rows = pd.concat([rows, part], ignore_index=True) if low else part
        low += width
        width = 1 if low < MAX_WAVES else low
        wave += 1
    return rows.take(where).reset_index(drop=True)


def _no_rows(plan, table):
    """An empty frame of the model's columns and dtypes."""
    return pd.DataFrame({c: _empty(table, c) for c in plan.previous})


def _empty(table, column):
    dtype = table.dtypes.get(column)
    return pd.Series([], dtype=object if dtype is None else dtype)


def _put_copies(table, frame, base, known, seed):
    """Columns that repeat the parent's; rows without one repeat another row's."""
    if not table.copies:
        return
    rows = np.arange(len(base))
    if not known.all():
        donors = np.flatnonzero(known)
        rng = np.random.default_rng([seed, 1])
        if len(donors):
            rows[~known] = donors[rng.integers(0, len(donors), (~known).sum())]
    for column, there in table.copies.items():
        values = base[there].take(rows).reset_index(drop=True)
        frame[column] = _as_dtype(values, table.dtypes[column])


def _as_dtype(values, dtype):
    if isinstance(dtype, pd.CategoricalDtype):
        return values.astype("category")
    if values.isna().any() and isinstance(dtype, np.dtype) and dtype.kind in "iu":
        return values.astype("Int64")
    if isinstance(dtype, np.dtype) and dtype.kind == "b":
        return values.map({"True": True, "False": False}).astype(dtype)
    return values.astype(dtype)
