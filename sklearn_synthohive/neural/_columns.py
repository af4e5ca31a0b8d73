"""What the autoregressive network knows of the columns before it learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sklearn_synthohive.layout import Layout
from sklearn_synthohive.neural._levels import OWN_GROUP, LevelGroups
from sklearn_synthohive.neural._pairs import PairCounts
from sklearn_synthohive.neural._unseen import UnseenPairs, find_unseen

__all__ = ["MAX_DENSE_STATES", "Columns", "affordable_rows"]

# Above this, the law of the states has a cluster as its first step.
MAX_DENSE_STATES = 200
# Width of the embeddings of columns with few and with many states.
SMALL, LARGE = 8, 16
MAX_NUMBERS = 20_000_000


@dataclass(frozen=True)
class Columns:
    """The columns that the network sees, context first.

    Attributes
    ----------
    sizes : tuple of int
        Number of states of each column.
    modes : tuple of tuple of int
        Per column the states that a scalar goes with.
    n_context : int
        How many of the columns are given, not generated.
    order : tuple of int
        The generated columns in the order in which they are generated.
    groups : tuple of LevelGroups or None
        Of each column with many states.
    pairs : tuple of PairCounts or None
        Of each column that another one all but determines.
    seen : tuple of tuple of int, or None
        The columns that each generated column sees, in the order; None for all before.
    unseen : tuple of tuple of UnseenPairs
        Of each column, what does not go with states of columns before it, of those
        eight where it says most; empty as long as rows were not counted.
    """

    sizes: tuple[int, ...]
    modes: tuple[tuple[int, ...], ...]
    n_context: int
    order: tuple[int, ...]
    groups: tuple[LevelGroups | None, ...]
    pairs: tuple[PairCounts | None, ...]
    seen: tuple[tuple[int, ...], ...] | None = None
    unseen: tuple[tuple[UnseenPairs, ...], ...] = ()

    @classmethod
    def of(
        cls,
        layout: Layout,
        context: Layout | None,
        order,
        groups: Mapping[int, LevelGroups] | None = None,
        pairs: Mapping[int, PairCounts] | None = None,
        seen: Sequence[Sequence[int]] | None = None,
    ) -> Columns:
        """Columns of a table's layout and that of its context.

        Parameters
        ----------
        layout : Layout
        context : Layout or None
        order : sequence of int
            Of the table's spans.
        groups : mapping of int to LevelGroups, optional
            By column, context first; levels that it does not hold are learnt one by
            one.
        pairs : mapping of int to PairCounts, optional
            By the determined column, context first; the order must hold its source
            before it.
        seen : sequence of sequence of int, optional
            The columns that each generated column sees, context first.
        """
        spans = [*(context.spans if context else ()), *layout.spans]
        n_context = len(spans) - len(layout.spans)
        groups = {
            c: LevelGroups.of(np.full(s.n_states, OWN_GROUP))
            for c, s in enumerate(spans)
            if cls.is_large(s)
        } | dict(groups or {})
        return cls(
            tuple(s.n_states for s in spans),
            tuple(
                tuple(np.flatnonzero(s.has_value).tolist()) if s.states else ()
                for s in spans
            ),
            n_context,
            tuple(n_context + k for k in order),
            tuple(groups.get(c) for c in range(len(spans))),
            tuple((pairs or {}).get(c) for c in range(len(spans))),
            None if seen is None else tuple(tuple(map(int, own)) for own in seen),
        )

    def recounted(
        self, codes: np.ndarray, context: np.ndarray | None, least: int = 1
    ) -> Columns:
        """The same with pairs counted on other rows, the unseen ones, too.

        Parameters
        ----------
        codes : ndarray of shape (n, n_generated), int
        context : ndarray of shape (n, n_context), int, or None
        least : int
            Pairs of fewer rows count as unseen.

        Returns
        -------
        Columns
        """

        def of(c):
            if context is not None and c < self.n_context:
                return context[:, c]
            return codes[:, c - self.n_context]

        pairs = tuple(
            p and PairCounts.of(p.source, of(p.source), of(c), p.n_levels, p.n_states)
            for c, p in enumerate(self.pairs)
        )
        return replace(self, pairs=pairs, unseen=find_unseen(self, of, least))

    def to_state(self) -> dict:
        """Plain data beside the layouts, for a file."""
        return {
            "order": [c - self.n_context for c in self.order],
            "groups": {str(c): g.to_state() for c, g in enumerate(self.groups) if g},
            "pairs": {str(c): p.to_state() for c, p in enumerate(self.pairs) if p},
            "seen": None if self.seen is None else [list(own) for own in self.seen],
            "unseen": [[u.to_state() for u in own] for own in self.unseen],
        }

    @classmethod
    def from_state(cls, layout: Layout, context: Layout | None, state: dict) -> Columns:
        """Undo :meth:`to_state`."""
        groups = {int(c): LevelGroups.from_state(g) for c, g in state["groups"].items()}
        pairs = {int(c): PairCounts.from_state(p) for c, p in state["pairs"].items()}
        found = cls.of(layout, context, state["order"], groups, pairs, state["seen"])
        unseen = tuple(
            tuple(UnseenPairs.from_state(u) for u in own)
            for own in state.get("unseen", ())
        )
        return replace(found, unseen=unseen)

    @staticmethod
    def is_large(span) -> bool:
        """Whether a span's levels are grouped."""
        return span.n_states > MAX_DENSE_STATES and span.kind != "continuous"

    @property
    def continuous(self) -> tuple[int, ...]:
        """Columns with a scalar."""
        return tuple(c for c, modes in enumerate(self.modes) if modes)

    @property
    def widths(self) -> tuple[int, ...]:
        """Width of each column's embedding."""
        return tuple(SMALL if g is None else LARGE for g in self.groups)

    @property
    def table_sizes(self) -> tuple[int, ...]:
        """Entries of each column's embedding: its states, or the groups of them."""
        return tuple(
            n if g is None else g.n_clusters * g.width
            for n, g in zip(self.sizes, self.groups, strict=True)
        )

    @property
    def first_sizes(self) -> tuple[int, ...]:
        """Outcomes of the first step of each generated column: states or clusters."""
        return tuple(
            self.sizes[c] if (g := self.groups[c]) is None else g.n_clusters
            for c in self.order
        )

    @property
    def rank(self) -> np.ndarray:
        """Place of each column in the order; context columns share the first."""
        rank = np.full(len(self.sizes), -1)
        rank[list(self.order)] = np.arange(len(self.order))
        return rank


def affordable_rows(columns: Columns) -> int:
    """Rows whose widest intermediate result takes no more than some 80 MB.

    Parameters
    ----------
    columns : Columns

    Returns
    -------
    int
        At most 4096.
    """
    widest = max([*columns.first_sizes, 1])
    blocks = [g.width * LARGE for g in columns.groups if g is not None]
    return int(np.clip(MAX_NUMBERS // max([widest, *blocks]), 16, 4096))
