"""Pairs of states that hardly a row has, where chance alone would bring many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

__all__ = ["UnseenPairs", "UnseenPenalty", "find_unseen"]

# A pair of fewer rows is unseen: that it has one would give that row away.
LEAST_ROWS = 2
# Times as many rows it would have if its columns told nothing of each other.
LEAST_EXPECTED = 10.0
# States of either column, and columns that one column is held against.
MOST_STATES, MOST_SOURCES = 200, 8


@dataclass(frozen=True, eq=False)
class UnseenPairs:
    """States of one column that do not go with states of an earlier one.

    A network that has learnt a few thousand steps leaves such pairs a part of the
    probability that they would have by chance: the flights of an airline that are
    cancelled have no aeroplane, except for one generated in five. The odds of each
    such state are divided by how many rows were to be expected, over half of the
    fewest that would have made the pair a seen one.

    Attributes
    ----------
    source : int
        The earlier column.
    keys : ndarray of shape (n_pairs,), int64
        ``source's state * n_states + state``, increasing.
    expected : ndarray of shape (n_pairs,), float32
        Rows that each pair would have if the columns were independent.
    n_levels, n_states : int
        States of the earlier column, and of the later one.
    least : int
        Fewer rows do not count as some.
    """

    source: int
    keys: np.ndarray
    expected: np.ndarray
    n_levels: int
    n_states: int
    least: int = LEAST_ROWS

    @classmethod
    def of(
        cls, source, levels, states, n_levels, n_states, least=LEAST_ROWS
    ) -> UnseenPairs | None:
        """Count the pairs of two columns; None where all that might be are there.

        Parameters
        ----------
        source : int
        levels, states : ndarray of shape (n,), int
            Of the earlier and the later column.
        n_levels, n_states : int
        least : int

        Returns
        -------
        UnseenPairs or None
        """
        pairs = levels * np.int64(n_states) + states
        counts = np.bincount(pairs, minlength=n_levels * n_states)
        table = counts.reshape(n_levels, n_states)
        own, other = table.sum(axis=1), table.sum(axis=0)
        expected = np.outer(own, other / max(len(pairs), 1)).ravel()
        keys = np.flatnonzero((counts < least) & (expected >= LEAST_EXPECTED * least))
        if not len(keys):
            return None
        told = expected[keys].astype(np.float32)
        return cls(source, keys, told, n_levels, n_states, least)

    def penalties(self) -> np.ndarray:
        """What is taken off the logit of each state, (n_levels, n_states), float32."""
        table = np.zeros(self.n_levels * self.n_states, dtype=np.float32)
        table[self.keys] = np.log(self.expected / (self.least / 2))
        return table.reshape(self.n_levels, self.n_states)

    def to_state(self) -> dict:
        """Plain data."""
        return {
            "source": self.source,
            "keys": self.keys,
            "expected": self.expected,
            "n_levels": self.n_levels,
            "n_states": self.n_states,
            "least": self.least,
        }

    @classmethod
    def from_state(cls, state: dict) -> UnseenPairs:
        """Undo :meth:`to_state`."""
        return cls(**state)


def find_unseen(
    columns, of: Callable[[int], np.ndarray], least: int = LEAST_ROWS
) -> tuple:
    """The pairs of each generated column with the columns before it.

    Parameters
    ----------
    columns : Columns
    of : callable
        Returns the states of a column, shape (n,), context first.
    least : int
        Pairs of fewer rows are unseen; of one row they always are.

    Returns
    -------
    tuple of tuple of UnseenPairs
        Per column, context first; those with the most rows to be expected.
    """
    found: list = [()] * len(columns.sizes)
    small = [
        group is None and 1 < size <= MOST_STATES
        for group, size in zip(columns.groups, columns.sizes, strict=True)
    ]
    least = max(least, LEAST_ROWS)
    # Columns one after another in memory, and the most rows of one state.
    own = {c: np.ascontiguousarray(of(c)) for c in np.flatnonzero(small).tolist()}
    most = {c: np.bincount(codes).max(initial=0) for c, codes in own.items()}
    for j, c in enumerate(columns.order):
        if not small[c] or columns.pairs[c] is not None:
            continue
        before = [*range(columns.n_context), *columns.order[:j]]
        if columns.seen is not None:
            before = list(columns.seen[j])
        likely = LEAST_EXPECTED * least * max(len(own[c]), 1)
        told = [
            UnseenPairs.of(b, own[b], own[c], columns.sizes[b], columns.sizes[c], least)
            for b in before
            if small[b] and most[b] * float(most[c]) >= likely
        ]
        kept = [pairs for pairs in told if pairs is not None]
        kept.sort(key=lambda pairs: -pairs.expected.sum())
        found[c] = tuple(kept[:MOST_SOURCES])
    return tuple(found)


class UnseenPenalty(nn.Module):
    """What states of earlier columns take off the logits of a column's states.

    Parameters
    ----------
    columns : Columns
    """

    def __init__(self, columns):
        super().__init__()
        # By place in the order, earlier columns.
        self.sources: dict[int, list[int]] = {}
        for j, c in enumerate(columns.order):
            for pairs in columns.unseen[c] if columns.unseen else ():
                self.sources.setdefault(j, []).append(pairs.source)
                table = torch.as_tensor(pairs.penalties())
                # Few of the states are frequent enough to be missed.
                at = table.any(dim=0).nonzero()[:, 0]
                name = f"{j}_{pairs.source}"
                # Counted, not learnt: kept with the columns, not with the weights.
                self.register_buffer(name, table[:, at], persistent=False)
                self.register_buffer(f"{name}_at", at, persistent=False)

    def forward(self, j: int, logits: torch.Tensor, states) -> torch.Tensor:
        """The logits of the column at a place in the order, less the penalties.

        Parameters
        ----------
        j : int
        logits : tensor of shape (n, n_states)
            Is changed.
        states : tensor of shape (n, n_columns), int64

        Returns
        -------
        tensor of shape (n, n_states)
        """
        for source in self.sources.get(j, ()):
            name = f"{j}_{source}"
            taken = getattr(self, name)[states[:, source]]
            logits.index_add_(1, getattr(self, f"{name}_at"), taken, alpha=-1)
        return logits
