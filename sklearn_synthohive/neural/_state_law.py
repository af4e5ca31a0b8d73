"""The law of one column's states for rows whose earlier columns are there."""

from __future__ import annotations

import torch

from sklearn_synthohive.neural._autoregressive import AutoregressiveNet
from sklearn_synthohive.neural._heads import draw_index, odds

__all__ = ["StateLaw"]

# Lowest log-probability of a state.
FLOOR = -69.0


class StateLaw:
    """What a column's states may be, row by row.

    Parameters
    ----------
    net : AutoregressiveNet
    j : int
        Place of the column in the order.
    x : tensor of shape (n, hidden)
        Its last hidden layer.
    rows : tensor of shape (n, n_columns), int64
        The states of the columns before it.
    """

    def __init__(self, net: AutoregressiveNet, j: int, x: torch.Tensor, rows):
        self.x = x
        self.pair = net.pairs.get(j)
        self.levels = None if self.pair is None else rows[:, self.pair.source]
        self.logits = net.unseen(j, net.heads.logits(j, x), rows)
        self.below = net.levels[net.tied.index(j)] if j in net.tied else None
        self.table = net.tables[net.columns.order[j]]

    def draw(self, rng: torch.Generator) -> torch.Tensor:
        """One state a row.

        Parameters
        ----------
        rng : torch.Generator
        """
        drawn = draw_index(odds(self.logits), rng)
        if self.below is not None:
            drawn = self.below.draw(self.x, self.table, drawn, rng)
        if self.pair is not None:
            drawn = self.pair.draw(self.x, drawn, self.levels, rng)
        return drawn

    def log_probability(self, states: torch.Tensor) -> torch.Tensor:
        """Of one state a row.

        Parameters
        ----------
        states : tensor of shape (n,), int64
        """
        first = states if self.below is None else self.below.cluster(states)
        log_first = self.logits.log_softmax(1)
        term = log_first.gather(1, first[:, None])[:, 0]
        if self.below is not None:
            term = term + self.below(self.x, self.table, states)
        if self.pair is not None:
            term = self.pair(self.x, term, self.levels, states, counted=False)
        return term.clamp(min=FLOOR)

    def log_probabilities(self) -> torch.Tensor:
        """Of all states, shape (n, n_states)."""
        terms = self.logits.log_softmax(1)
        if self.below is not None:
            terms = self.below.every(self.x, self.table, terms)
        if self.pair is not None:
            terms = self.pair.every(self.x, terms, self.levels)
        return terms
