"""Columns that a column of many levels all but determines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import nn

__all__ = ["PairCounts", "PairHead", "find_determined", "sources_first"]

# Rows that a pair of states needs, lest it give away a single one.
LEAST_ROWS = 2
# Two rows of one level may disagree this often, relative to two rows of the table.
MAX_DISAGREEMENT = 0.1
# Of more targets than this, those are left out first that few pairs of rows rule out.
FEW_TARGETS, SAMPLE_PAIRS = 16, 2_000
# A column that hardly varies is not worth a table.
MOST_ALIKE = 0.99
# The log-odds that counts are right begin at no more than this.
LARGEST_START = 5.0


@dataclass(frozen=True, eq=False)
class PairCounts:
    """How often the states of one column go with the levels of another.

    Attributes
    ----------
    source : int
        The column of many levels.
    keys : ndarray of shape (n_pairs,), int64
        ``level * n_states + state``, increasing; pairs of two rows or more.
    counts : ndarray of shape (n_pairs,), int64
    n_levels, n_states : int
    """

    source: int
    keys: np.ndarray
    counts: np.ndarray
    n_levels: int
    n_states: int

    @classmethod
    def of(cls, source, levels, states, n_levels, n_states) -> PairCounts:
        """Count the pairs of two columns.

        Parameters
        ----------
        source : int
        levels, states : ndarray of shape (n,), int
        n_levels, n_states : int
        """
        # Half the memory where that is wide enough for a level and a state.
        fits = int(n_levels) * int(n_states) < 2**31
        width = np.dtype(np.int32 if fits else np.int64)
        together = levels.astype(width) * int(n_states) + states.astype(width)
        keys, counts = np.unique(together, return_counts=True)
        keys, kept = keys.astype(np.int64), counts >= LEAST_ROWS
        return cls(source, keys[kept], counts[kept], n_levels, n_states)

    @cached_property
    def totals(self) -> np.ndarray:
        """Rows of each level, those of single pairs not counted."""
        level = self.keys // self.n_states
        return np.bincount(level, self.counts, self.n_levels).astype(np.int64)

    @cached_property
    def agreement(self) -> float:
        """Share of the pairs of counted rows of one level that have one state."""
        same = float((self.counts * (self.counts - 1.0)).sum())
        every = float((self.totals * (self.totals - 1.0)).sum())
        return (same + 1) / (every + 2)

    def to_state(self) -> list:
        """Plain data, for a file."""
        return [self.source, self.keys, self.counts, self.n_levels, self.n_states]

    @classmethod
    def from_state(cls, state: list) -> PairCounts:
        """Undo :meth:`to_state`."""
        source, keys, counts, n_levels, n_states = state
        keys, counts = np.asarray(keys), np.asarray(counts)
        return cls(int(source), keys, counts, int(n_levels), int(n_states))


def find_determined(codes: np.ndarray, sizes, large, targets) -> dict[int, PairCounts]:
    """The columns that a column of many levels all but determines.

    Two rows of one level must agree in the column nearly always: at most a tenth as
    often as two rows of the table they may differ.

    Parameters
    ----------
    codes : ndarray of shape (n, n_columns)
    sizes : sequence of int
        States of each column.
    large : sequence of int
        The columns of many levels.
    targets : sequence of int
        The columns that may be determined.

    Returns
    -------
    dict of int to PairCounts
        By the determined column; its source has more levels, or comes first.
    """
    found: dict[int, tuple[float, PairCounts]] = {}
    # The most of its pairs of rows that may differ in each column that varies enough.
    limits = {}
    for b in targets:
        alike = float(((np.bincount(codes[:, b]) / len(codes)) ** 2).sum())
        if alike <= MOST_ALIKE:
            limits[b] = MAX_DISAGREEMENT * (1 - alike)
    for a in large:
        levels = codes[:, a]
        rows = np.bincount(levels, minlength=sizes[a])
        n_pairs = float((rows * (rows - 1.0)).sum())
        if (rows[rows > 1].sum()) * 2 < len(levels):
            continue
        smaller = [
            b for b in limits if sizes[b] >= 2 and (sizes[b], -b) < (sizes[a], -a)
        ]
        if len(smaller) > FEW_TARGETS:
            smaller = _not_hopeless(codes, levels, rows, smaller, limits)
        for b in smaller:
            # Half the memory where that is wide enough for a level and a state.
            fits = int(sizes[a]) * int(sizes[b]) < 2**31
            width = np.dtype(np.int32 if fits else np.int64)
            levels, states = (codes[:, c].astype(width) for c in (a, b))
            keys: np.ndarray = levels * int(sizes[b]) + states
            _, counts = np.unique(keys, return_counts=True)
            agree = float((counts * (counts - 1.0)).sum()) / n_pairs
            if 1 - agree > limits[b]:
                continue
            if b not in found or agree > found[b][0]:
                pairs = PairCounts.of(a, levels, states, sizes[a], sizes[b])
                found[b] = agree, pairs
    return {b: pairs for b, (_, pairs) in found.items()}


def _not_hopeless(codes, levels, rows, targets, limits):
    """Columns that some pairs of rows of one level do not rule out.

    What would be kept disagrees in so many pairs by chance less than once in a
    million times.
    """
    rng = np.random.default_rng(0)
    order = np.argsort(levels, kind="stable")
    starts = np.cumsum(rows) - rows
    weights = rows * (rows - 1.0)
    level = rng.choice(len(rows), SAMPLE_PAIRS, p=weights / weights.sum())
    first = rng.integers(0, rows[level])
    other = (first + 1 + rng.integers(0, rows[level] - 1)) % rows[level]
    left, right = (codes[order[starts[level] + place]] for place in (first, other))
    left, right = left[:, targets], right[:, targets]
    apart = (left != right).mean(axis=0)
    limit = np.array([limits[b] for b in targets])
    limit += 5 * np.sqrt(limit / SAMPLE_PAIRS) + 5 / SAMPLE_PAIRS
    return np.array(targets)[apart <= limit].tolist()


def sources_first(order, pairs: dict[int, PairCounts]) -> list[int]:
    """An order in which each determined column comes after its source.

    Parameters
    ----------
    order : sequence of int
    pairs : dict of int to PairCounts
        By the determined column.
    """
    placed: list[int] = []
    for column in order:
        chain = []
        while column is not None and column in order and column not in placed:
            chain.append(column)
            column = pairs[column].source if column in pairs else None
        placed += reversed(chain)
    return placed


class PairHead(nn.Module):
    """A mixture of the network's law and the states seen with the level.

    A gate says how far the counts are to be trusted, given the hidden layer and how
    many rows the level has (as the pointers of Merity et al. 2017, arXiv:1609.07843).

    Parameters
    ----------
    pairs : PairCounts
    hidden : int
    """

    def __init__(self, pairs: PairCounts, hidden: int):
        super().__init__()
        self.source = pairs.source
        self.n_states = pairs.n_states
        self.gate = nn.Parameter(torch.zeros(hidden))
        self.gate_rows = nn.Parameter(torch.zeros(()))
        # Rare levels see too few steps to learn it from nothing.
        start = min(np.log(pairs.agreement / (1 - pairs.agreement)), LARGEST_START)
        self.gate_bias = nn.Parameter(torch.tensor(float(start)))
        self.keys: torch.Tensor
        self.counts: torch.Tensor
        self.totals: torch.Tensor
        self.ends: torch.Tensor
        ends = np.cumsum(pairs.counts)
        arrays = [pairs.keys, pairs.counts, pairs.totals, ends]
        for name, array in zip(
            ("keys", "counts", "totals", "ends"), arrays, strict=True
        ):
            values = torch.as_tensor(array.astype(np.int64))
            self.register_buffer(name, values, persistent=False)

    def forward(self, x, log_probability, levels, states, *, counted: bool):
        """Log-probabilities of the states under the mixture, shape (n,).

        Parameters
        ----------
        x : tensor of shape (n, hidden)
        log_probability : tensor of shape (n,)
            Of the states under the network's law.
        levels, states : tensor of shape (n,), int64
        counted : bool
            Whether the rows are among those counted: each is left out for itself.
        """
        pair = self._count(levels * self.n_states + states)
        total = self.totals[levels]
        if counted:
            less = torch.where(pair > LEAST_ROWS, pair - 1, 0)
            pair, total = less, total - pair + less
        gate = self._gate(x, total)
        share = pair / total.clamp(min=1)
        seen = nn.functional.logsigmoid(gate) + share.clamp(min=1e-30).log()
        mixed = torch.logaddexp(nn.functional.logsigmoid(-gate) + log_probability, seen)
        return torch.where(total > 0, mixed, log_probability)

    def every(self, x, log_probabilities, levels):
        """As forward for all states, shape (n, n_states)."""
        n, k = log_probabilities.shape
        states = torch.arange(k, device=levels.device).repeat(n)
        mixed = self(
            x.repeat_interleave(k, 0),
            log_probabilities.flatten(),
            levels.repeat_interleave(k),
            states,
            counted=False,
        )
        return mixed.view(n, k)

    def draw(self, x, drawn, levels, rng: torch.Generator):
        """Replace some of the network's draws by states seen with the level.

        Parameters
        ----------
        x : tensor of shape (n, hidden)
        drawn, levels : tensor of shape (n,), int64
        rng : torch.Generator
        """
        total = self.totals[levels]
        u = torch.rand(2, len(x), generator=rng, device=x.device, dtype=torch.float64)
        seen = (u[0] < self._gate(x, total).sigmoid()) & (total > 0)
        # The pairs of a level are neighbours, so their rows are an interval.
        before = torch.cat([self.totals.new_zeros(1), self.totals.cumsum(0)])[levels]
        row = before + (u[1] * total).long().clamp(max=(total - 1).clamp(min=0))
        pair = torch.searchsorted(self.ends, row, right=True)
        states = self.keys[pair.clamp(max=len(self.keys) - 1)] % self.n_states
        return torch.where(seen, states, drawn)

    def _gate(self, x, total):
        rows = total.clamp(min=1).to(x.dtype).log()
        return x @ self.gate + self.gate_rows * rows + self.gate_bias

    def _count(self, keys):
        place = torch.searchsorted(self.keys, keys).clamp(max=len(self.keys) - 1)
        return torch.where(self.keys[place] == keys, self.counts[place], 0)
