"""The critic of groups of rows, with its gradient in closed form."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from sklearn_synthohive.neural._layers import Given, linear, uniform
from sklearn_synthohive.neural._row import RowSpec

__all__ = ["Critic"]


class Critic(nn.Module):
    """Scores groups of ``pac`` rows (PacGAN, Lin et al. 2018, arXiv:1712.04086).

    Linear, LeakyReLU(0.2), dropout(0.5) per hidden layer. Real rows are read by
    looking up the weights of their states, generated ones by a product; both give the
    first layer's outputs, which are linear in the row, so that those of a mixture of
    rows are the mixture of theirs. The network is piecewise linear, so the gradient
    that the penalty of WGAN-GP needs is the product of its weights and slopes.

    Parameters
    ----------
    spec : RowSpec
    n_states : int
        Number of states that can be forced.
    n_rest : int
        Width of ``Given.rest``.
    hidden : sequence of int
        At least one width.
    pac : int
    rng : torch.Generator
    dropout : float
    """

    slope = 0.2

    def __init__(
        self,
        spec: RowSpec,
        n_states: int,
        n_rest: int,
        hidden: Sequence[int],
        pac: int,
        rng: torch.Generator,
        dropout: float = 0.5,
    ):
        super().__init__()
        self.pac = pac
        self.dropout = dropout
        self.n_states = spec.n_states
        self.nothing = n_states
        n_plain = spec.width - spec.n_states + n_rest
        bound = 1 / math.sqrt(max(1, pac * (spec.n_states + n_states + n_plain)))
        width, *others = hidden
        self.states = uniform((pac * spec.n_states, width), rng, bound)
        self.forced = uniform((pac * n_states + 1, width), rng, bound)
        self.plain = linear(pac * n_plain, width, rng, bound)
        self.layers = nn.ModuleList()
        for n_out in others:
            self.layers.append(linear(width, n_out, rng))
            width = n_out
        self.head = linear(width, 1, rng)
        self.register_buffer("slots", torch.arange(pac)[:, None], persistent=False)

    def read_real(self, states, scalars, vectors, given: Given) -> torch.Tensor:
        """First layer's outputs for real rows.

        Parameters
        ----------
        states : tensor of shape (n, n_onehot), int64
            Positions among all one-hot states.
        scalars, vectors : tensor of shape (n, n_continuous), (n, n_vectors)
        given : Given

        Returns
        -------
        tensor of shape (n / pac, hidden[0])
        """
        out = self._read_plain(scalars, vectors, given)
        if not states.shape[1]:
            return out
        index = self._by_slot(states, self.n_states)
        return out + nn.functional.embedding_bag(index, self.states, mode="sum")

    def read_generated(self, dense, vectors, given: Given) -> torch.Tensor:
        """First layer's outputs for generated rows.

        Parameters
        ----------
        dense : tensor of shape (n, n_states + n_continuous)
        vectors : tensor of shape (n, n_vectors)
        given : Given

        Returns
        -------
        tensor of shape (n / pac, hidden[0])
        """
        states, scalars = dense[:, : self.n_states], dense[:, self.n_states :]
        grouped = states.reshape(len(dense) // self.pac, -1)
        return self._read_plain(scalars, vectors, given) + grouped @ self.states

    def _read_plain(self, scalars, vectors, given):
        plain = torch.cat([scalars, vectors, given.rest], dim=1)
        out = self.plain(plain.reshape(len(plain) // self.pac, -1))
        if not self.nothing:
            return out
        known = given.state < self.nothing
        index = self._by_slot(given.state[:, None], self.nothing)
        last = self.pac * self.nothing
        index = torch.where(known.reshape(index.shape), index, last)
        return out + nn.functional.embedding_bag(
            index, self.forced, mode="sum", padding_idx=last
        )

    def _by_slot(self, columns, size):
        """Positions in a table with one block of rows a slot of the group."""
        grouped = columns.reshape(len(columns) // self.pac, self.pac, -1)
        return (grouped + self.slots * size).flatten(1)

    def forward(
        self, x: torch.Tensor, rng: torch.Generator | None = None
    ) -> torch.Tensor:
        """Scores from the first layer's outputs.

        Parameters
        ----------
        x : tensor of shape (n_groups, hidden[0])
        rng : torch.Generator, optional
            Draws the dropout masks; None switches dropout off.

        Returns
        -------
        tensor of shape (n_groups, 1)
        """
        x = x * self._slopes(x, rng)
        for layer in self.layers:
            x = layer(x)
            x = x * self._slopes(x, rng)
        return self.head(x)

    def squared_gradient(self, x: torch.Tensor, rng: torch.Generator | None):
        """Squared norm of each score's gradient with respect to its rows.

        Parameters
        ----------
        x : tensor of shape (n_groups, hidden[0])
            First layer's outputs.
        rng : torch.Generator or None

        Returns
        -------
        tensor of shape (n_groups,)
            Slopes and masks are constants in it: their derivative is zero almost
            everywhere.
        """
        slopes = []
        with torch.no_grad():
            for layer in [None, *self.layers]:
                x = x if layer is None else layer(x)
                slopes.append(self._slopes(x, rng))
                x = x * slopes[-1]
        gradient = self.head.weight * slopes.pop()
        weights = [layer.get_parameter("weight") for layer in self.layers]
        for weight, slope in zip(reversed(weights), reversed(slopes), strict=True):
            gradient = (gradient @ weight) * slope
        parts = [self.states.T, self.forced[:-1].T, self.plain.weight]
        return sum((gradient @ part).square().sum(1) for part in parts)

    def _slopes(self, x, rng):
        """Slopes of LeakyReLU at x, with the dropout mask on them."""
        slope = torch.where(x > 0, 1.0, self.slope)
        if rng is None or not self.dropout:
            return slope
        keep = torch.rand(x.shape, generator=rng, device=x.device) >= self.dropout
        return slope * keep / (1 - self.dropout)
