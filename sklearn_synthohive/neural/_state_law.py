"""The law of one column's states for rows whose earlier columns are there."""

from __future__ import annotations

import torch

from sklearn_synthohive.neural._autoregressive import AutoregressiveNet
from sklearn_synthohive.neural._heads import draw_index

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
    """

    def __init__(self, net: AutoregressiveNet, j: int, x: torch.Tensor):
        self.x = x
        self.logits = net.heads.logits(j, x)
        self.below = net.levels[net.tied.index(j)] if j in net.tied else None
        self.table = net.tables[net.columns.order[j]]

    def draw(self, rng: torch.Generator) -> torch.Tensor:
        """One state a row.

        Parameters
        ----------
        rng : torch.Generator
        """
        first = draw_index(self.logits.softmax(1), rng)
        if self.below is None:
            return first
        return self.below.draw(self.x, self.table, first, rng)

    def log_probability(self, states: torch.Tensor) -> torch.Tensor:
        """Of one state a row.

        Parameters
        ----------
        states : tensor of shape (n,), int64
        """
        log_first = self.logits.log_softmax(1)
        if self.below is None:
            return log_first.gather(1, states[:, None])[:, 0].clamp(min=FLOOR)
        first = self.below.cluster(states)
        inside = self.below(self.x, self.table, states)
        return (log_first.gather(1, first[:, None])[:, 0] + inside).clamp(min=FLOOR)

    def log_probabilities(self) -> torch.Tensor:
        """Of all states, shape (n, n_states)."""
        log_first = self.logits.log_softmax(1)
        if self.below is None:
            return log_first
        return self.below.every(self.x, self.table, log_first)
