"""What the model of a table sees of each row's parent and siblings."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.relational._bases import plain, previous_rows, take_rows
from sklearn_synthohive.relational._features import profile_matrix, usable
from sklearn_synthohive.relational._relevance import telling_columns
from sklearn_synthohive.relational._seen import conform, learn_seen
from sklearn_synthohive.relational._trees import SegmentTree

__all__ = ["MAX_WAVES", "ContextPlan"]

MAX_LEVELS = 100
MAX_COLUMNS = 40
MIN_COHERENCE = 0.1
MAX_DRIFT = 0.1
MAX_WAVES = 64
MAX_SCORED_ROWS = 20_000
MAX_POSITION, MAX_SIZE = 32, 10_000
SIZE, POSITION, SHARE = "number of siblings", "position", "share of siblings before"


class ContextPlan:
    """The context columns of a table.

    Attributes of the driver's row and of its ancestors, the number of siblings and the
    place among them, as far as they tell something of rows of other families; and the
    previous sibling's values in those columns in which siblings are alike beyond that.

    Parameters
    ----------
    columns : list of str
        Of the parent's base.
    siblings : list
        Which of the number of siblings, the place among them, and the place as a
        share of the number are seen.
    previous : list
        Columns of the model's frame whose previous value is seen.
    seen : dict, optional
        What the real context holds, as of :func:`learn_seen`.
    """

    def __init__(self, columns, siblings: list, previous: list, seen=None):
        self.columns = list(columns)
        self.known = dict(seen or {})
        self.siblings = list(siblings)
        self.previous = list(previous)

    @classmethod
    def fit(cls, frame, base, rows, family, wanted=None, seed=0, names=()):
        """Choose what is seen.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
            What the model learns.
        base : DataFrame of shape (n_parents, n_base_columns)
        rows : ndarray of int64 of shape (n_rows,)
            The parent of each row, -1 for none.
        family : ndarray of int64 of shape (n_rows,)
            The ancestor of each row, across which what is seen must hold.
        wanted : sequence of str, optional
            ``parent_context_cols``: names with or without their table.
        seed : int
        names : sequence of str
            Columns that name the rows of lists, which come again: what they tell has
            to hold for other rows, not for other families.

        Returns
        -------
        ContextPlan
        """
        columns = [c for c in base.columns if _asked(c, wanted)]
        if wanted is None:
            known = base.take(np.unique(rows[rows >= 0]))
            columns = [c for c in columns if usable(known[c], MAX_LEVELS)]
            columns = _without_aliases(known, columns)
        position, before = previous_rows(rows)
        many = bool(position.max(initial=0) > 0)
        plan = cls(columns, [SIZE, POSITION, SHARE] if many else [], [])
        context = plan.real(frame, base, rows)
        telling = telling_columns(context, frame, family, seed)
        listed = [c for c in columns if c in names]
        if listed:
            each = np.arange(len(frame))
            telling += telling_columns(context[listed], frame, each, seed)
        kept = columns if wanted is not None else [c for c in columns if c in telling]
        kept = kept[:MAX_COLUMNS]
        siblings = [c for c in plan.siblings if c in telling]
        previous = []
        if many:
            told = context[kept + siblings]
            previous = _coherent(frame, told, rows, position, before, seed)
        return cls(kept, siblings, previous)

    def real(self, frame, base, rows) -> pd.DataFrame:
        """The context of the real rows, which generated ones will be held to."""
        position, before = previous_rows(rows)
        known = rows >= 0
        sizes = np.bincount(rows[known], minlength=len(base))
        size = np.where(known, sizes[np.maximum(rows, 0)], 1)
        earlier = take_rows(self.seen(frame), before)
        parents = take_rows(base[self.columns], rows)
        context = self.frame(parents, size, position, earlier)
        self.known = learn_seen(context)
        return context

    def seen(self, frame) -> pd.DataFrame:
        """The columns of rows that their next sibling sees."""
        seen = {f"previous {c}": plain(frame[c]) for c in self.previous}
        return pd.DataFrame(seen, index=pd.RangeIndex(len(frame)))

    def frame(self, parents, size, position, earlier) -> pd.DataFrame:
        """Context columns from their parts, aligned by position.

        Parameters
        ----------
        parents : DataFrame of shape (n_rows, n_columns)
        size, position : ndarray of int of shape (n_rows,)
        earlier : DataFrame
            As of :meth:`seen`, of the previous siblings.
        """
        parts = {c: _bare(parents[c]) for c in self.columns}
        if SIZE in self.siblings:
            parts[SIZE] = np.minimum(size, MAX_SIZE).astype(np.float64)
        if POSITION in self.siblings:
            parts[POSITION] = np.minimum(position, MAX_POSITION).astype(np.float64)
        if SHARE in self.siblings:
            parts[SHARE] = (position + 0.5) / size
        parts |= {c: _bare(earlier[c]) for c in earlier.columns}
        context = pd.DataFrame(parts, index=pd.RangeIndex(len(position)))
        return conform(context, self.known) if self.known else context

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.columns) + len(self.siblings) + len(self.previous)

    def to_state(self) -> dict:
        """Plain data."""
        return {
            "columns": self.columns,
            "siblings": self.siblings,
            "previous": self.previous,
            "seen": self.known,
        }


def _bare(column):
    """The column with a plain index and the dtype that it has."""
    return pd.Series(column.array, dtype=column.dtype)


def _asked(column, wanted):
    if wanted is None:
        return True
    # A further parent's column is told by its key: "client_id -> client.birth".
    column = column.rpartition(" -> ")[2]
    return any(column == w or column.partition(".")[2] == w for w in wanted)


def _without_aliases(frame, columns):
    """Columns, less those that tell the same rows apart as an earlier one."""
    seen, kept = set(), []
    for column in columns:
        codes, _ = pd.factorize(frame[column])
        if codes.tobytes() not in seen:
            kept.append(column)
        seen.add(codes.tobytes())
    return kept


def _coherent(frame, context, rows, position, before, seed):
    """Columns in which siblings are alike, given all else that is seen."""
    later = np.flatnonzero(before >= 0)
    if len(later) < 50:
        return []
    rng = np.random.default_rng(seed)
    if len(later) > MAX_SCORED_ROWS:
        later = np.sort(rng.permutation(later)[:MAX_SCORED_ROWS])
    pairs = [before[later]]
    if position.max() >= MAX_WAVES:
        # Later siblings are made many at a time, each with some earlier one in sight:
        # they have to be as alike as neighbours are.
        pairs.append(_some_before(rows, position, later, rng))
    used = np.unique(np.concatenate([later, *pairs]))
    place = [np.searchsorted(used, at) for at in (later, *pairs)]
    frame = frame.take(used).reset_index(drop=True)
    context = context.take(used).reset_index(drop=True)
    least = max(MIN_COHERENCE, 4 / np.sqrt(len(later)))
    found = []
    for column in frame.columns:
        if not usable(frame[column], MAX_LEVELS):
            continue
        Y = profile_matrix(frame[[column]])
        tree = SegmentTree.fit(
            context, Y, max_segments=32, min_rows=20, choose=False, seed=seed
        )
        rest = Y - tree.means[tree.apply(context)]
        spread = (rest**2).sum(axis=1).mean()
        if spread < 1e-12:
            continue
        alike = [
            (rest[place[0]] * rest[at]).sum(axis=1).mean() / spread for at in place[1:]
        ]
        if min(map(abs, alike)) >= least and np.ptp(alike) < MAX_DRIFT:
            found.append(column)
    return found


def _some_before(rows, position, later, rng):
    """An earlier sibling of each of some rows."""
    order = np.lexsort((position, rows))
    where = np.empty(len(order), dtype=np.int64)
    where[order] = np.arange(len(order))
    back = 1 + np.floor(rng.random(len(later)) * position[later]).astype(np.int64)
    return order[where[later] - back]
