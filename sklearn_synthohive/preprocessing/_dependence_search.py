"""The search for columns that another column determines on every row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from sklearn_synthohive.layout import CompactTable, Layout, Span

__all__ = [
    "Dependence",
    "cell_keys",
    "find_dependences",
    "gap_of",
    "is_evident",
    "place_of",
]

# Pairs are rejected on few rows first; only what survives is looked at on all rows.
STAGES = (256, 4096)
# Odds against the finding under independence, after all pairs were looked at.
SIGNIFICANCE = np.log(1e6)
# Rows that repeat the finding, at least: of values other than the commonest, and all.
LEAST_RARE_REPEATS, LEAST_REPEATS = 5, 30
# A determinant has few states, or so many rows a state on average. Rare states are left
# out then, or where values are told that nothing else keeps: they are single rows' own.
FEW_STATES, ROWS_A_STATE, LEAST_ROWS = 64, 10, 3


@dataclass(frozen=True)
class Dependence:
    """One column as a function of another one's state.

    Attributes
    ----------
    source, target : int
        Spans of the layout.
    source_gap, target_gap : bool
        Whether only "is missing" counts, not the state.
    codes : ndarray of int64
        The target's state for each state of the source, -1 where it is not told; with
        ``target_gap`` whether it is missing.
    scalars : ndarray of float32
        The target's scalar for each state of the source.
    counts : ndarray of int64
        Training rows in each state of the source.
    """

    source: int
    target: int
    source_gap: bool
    target_gap: bool
    codes: np.ndarray
    scalars: np.ndarray
    counts: np.ndarray

    @property
    def keys(self) -> np.ndarray:
        """What each state of the source asks of the target, as one integer."""
        return self.codes if self.target_gap else cell_keys(self.codes, self.scalars)


def find_dependences(
    layout: Layout, table: CompactTable, least: int = 1, n_own: int | None = None
) -> list[Dependence]:
    """Dependences that hold on every row, determinants before what they determine.

    What counts repeats too often to be an accident: the number of ways to deal the
    values of B to the rows, against the number of ways to deal them to the states of A
    (a permutation test of an exact dependence).

    Parameters
    ----------
    layout : Layout
    table : CompactTable
    least : int
        Rows of a state of the determinant below which it tells nothing.
    n_own : int, optional
        Columns from this one on are derived, and tell nothing of those before: they
        have their last value after rows are decoded.

    Returns
    -------
    list of Dependence
    """
    n_own = len(layout.spans) if n_own is None else n_own
    views = _views(layout, table)
    # Fine views first: what determines stands before what is determined.
    views.sort(key=lambda v: (-v.n_values, v.gap, v.span))
    items, whole = [], set()
    for b, candidates in enumerate(_parents(views, len(table))):
        target = views[b]
        if target.gap and target.span in whole:
            continue
        for a in candidates:
            if views[a].span >= n_own > target.span:
                continue
            if is_evident(views[a].values, target.values, len(views)):
                items.append(_dependence(views[a], target, layout, table, least))
                whole.add(target.span)
                break
    return items


def place_of(layout, span):
    """Where the scalars of a span stand, or None."""
    return layout.continuous.index(span) if span in layout.continuous else None


def cell_keys(codes, scalars=None):
    """State and scalar as one integer; negative where the state is."""
    keys = codes.astype(np.int64)
    if scalars is None:
        return keys << 32
    return keys << 32 | np.ascontiguousarray(scalars).view(np.uint32)


@dataclass(frozen=True)
class _View:
    """A span as one integer a row: its value, or whether it is missing."""

    span: int
    gap: bool
    values: np.ndarray
    # Those that occur.
    n_values: int
    # Whether other columns can be looked up by it: no value of it needs a scalar.
    is_state: bool

    @classmethod
    def of(cls, span, gap, values, is_state):
        n_values = int(np.count_nonzero(np.bincount(values)))
        return cls(span, gap, values, n_values, is_state)


def _views(layout, table):
    out, k = [], 0
    for i, span in enumerate(layout.spans):
        codes = values = table.codes[:, i]
        if span.kind == "continuous":
            cells = cell_keys(codes, table.scalars[:, k])
            values = np.unique(cells, return_inverse=True)[1].astype(np.int32)
            k += 1
        is_state = span.kind != "continuous"
        out.append(_View.of(i, False, values, is_state))
        gap = gap_of(span)
        if gap is not None:
            empty = (codes == gap).astype(np.uint8)
            out.append(_View.of(i, True, empty, not is_state))
    return [v for v in out if v.n_values > 1]


def gap_of(span: Span):
    """The state that says missing, or None."""
    kinds = [state.kind for state in span.states]
    return kinds.index("missing") if "missing" in kinds else None


def _parents(views, n):
    """For each view the earlier ones that determine it on every row, closest first."""
    if not views:
        return []
    columns = [v.values for v in views]
    alive = {
        a: np.array([b for b in range(a + 1, len(views)) if _may(view, views[b], n)])
        for a, view in enumerate(views)
        if view.is_state
    }
    for size in (*STAGES, n):
        rows = np.linspace(0, n - 1, min(size, n)).astype(int)
        if size == STAGES[0]:
            # All pairs are looked at: by arithmetic on a copy of few rows.
            own, rows = np.stack([c[rows] for c in columns]), np.arange(len(rows))
        else:
            own = columns
        for a, others in alive.items():
            if len(others):
                alive[a] = others[_determines(own, a, others, rows)]
        if size >= n:
            break
    out = [[] for _ in views]
    # Of views as fine as each other the first, which nothing else determines.
    for a in sorted(alive, key=lambda a: (views[a].n_values, a)):
        for b in alive[a]:
            out[b].append(a)
    return out


def _may(source, target, n):
    """Whether a dependence of one view on another could be kept."""
    few = source.n_values <= FEW_STATES or source.n_values * ROWS_A_STATE <= n
    return few and source.span != target.span


def _determines(columns, a, others, rows):
    order = rows[np.argsort(columns[a][rows], kind="stable")]
    source = columns[a][order]
    same = np.flatnonzero(source[1:] == source[:-1])
    left, right = order[same], order[same + 1]
    if isinstance(columns, np.ndarray):
        return (columns[np.ix_(others, left)] == columns[np.ix_(others, right)]).all(1)
    return np.array([(columns[b][left] == columns[b][right]).all() for b in others])


def is_evident(source, target, n_views):
    """Whether an exact dependence is more than an accident.

    Parameters
    ----------
    source, target : ndarray of int of shape (n,)
        Codes of the determinant and of what it determines.
    n_views : int
        How many columns were looked at for one.

    Returns
    -------
    bool
    """
    counts = np.bincount(target)
    first = np.full(source.max() + 1, -1)
    first[source] = target
    states = np.bincount(first[first >= 0], minlength=len(counts))
    rare = np.arange(len(counts)) != counts.argmax()
    repeats = counts - states
    if repeats.sum() < LEAST_REPEATS or repeats[rare].sum() < LEAST_RARE_REPEATS:
        return False
    ways = gammaln(counts.sum() + 1) - gammaln(counts + 1).sum()
    ways_of_states = gammaln(states.sum() + 1) - gammaln(states + 1).sum()
    return ways - ways_of_states > SIGNIFICANCE + 2 * np.log(n_views)


def _dependence(source, target, layout, table, least):
    span = layout.spans[source.span]
    seen = source.values if source.gap else table.codes[:, source.span].astype(np.intp)
    n_states = 2 if source.gap else span.n_states
    counts = np.bincount(seen, minlength=n_states)
    codes = np.full(n_states, -1, dtype=np.int64)
    scalars = np.zeros(n_states, dtype=np.float32)
    codes[seen] = target.values if target.gap else table.codes[:, target.span]
    k = None if target.gap else place_of(layout, target.span)
    if k is not None:
        scalars[seen] = table.scalars[:, k]
    if source.n_values > FEW_STATES or k is not None:
        least = max(least, LEAST_ROWS)
    rare = counts < least
    codes[rare], scalars[rare] = -1, 0
    return Dependence(
        source.span, target.span, source.gap, target.gap, codes, scalars, counts
    )
