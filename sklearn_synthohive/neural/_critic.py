"""The critic of groups of rows, with its gradient in closed form."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from sklearn_synthohive.neural._layers import Given, linear, uniform
from sklearn_synthohive.neural._products import look_up, product, product_back
from sklearn_synthohive.neural._row import RowSpec

__all__ = ["Critic"]


class Critic(nn.Module):
    """Scores groups of ``pac`` rows (PacGAN, Lin et al. 2018, arXiv:1712.04086).

    Linear, LeakyReLU(0.2), dropout(0.5) per hidden layer. The first layer's outputs are
    linear in the row, so that those of a mixture of rows are the mixture of theirs. The
    network is piecewise linear, so the gradient that the penalty of WGAN-GP needs is
    the product of its weights and slopes.

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
    dtype : torch.dtype
        Of the factors of the first layer's products.
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
        dtype: torch.dtype = torch.float32,
    ):
        super().__init__()
        self.slots: torch.Tensor
        self.pac = pac
        self.dropout = dropout
        self.nothing = n_states
        self.dtype = dtype
        n_dense = spec.width + n_rest
        bound = 1 / math.sqrt(max(1, pac * (n_dense + n_states)))
        width, *others = hidden
        self.rows = uniform((pac * n_dense, width), rng, bound)
        self.forced = uniform((pac * n_states + 1, width), rng, bound)
        # The last row stands for no state.
        nn.init.zeros_(self.forced[-1])
        self.bias = uniform((width,), rng, bound)
        self.layers = nn.ModuleList()
        for n_out in others:
            self.layers.append(linear(width, n_out, rng))
            width = n_out
        self.head = linear(width, 1, rng)
        self.register_buffer("slots", torch.arange(pac), persistent=False)

    def read(self, dense, vectors, given: Given) -> torch.Tensor:
        """First layer's outputs, linear in the rows.

        Parameters
        ----------
        dense : tensor of shape (n, n_states + n_continuous)
        vectors : tensor of shape (n, n_vectors)
        given : Given

        Returns
        -------
        tensor of shape (n / pac, hidden[0])
        """
        n_groups = len(dense) // self.pac
        rows = torch.cat([dense, vectors, given.rest], dim=1).reshape(n_groups, -1)
        out = product(rows, self.rows, self.dtype).add_(self.bias)
        if not self.nothing:
            return out
        state = given.state.reshape(n_groups, self.pac)
        last = self.pac * self.nothing
        index = torch.where(
            state < self.nothing, state + self.slots * self.nothing, last
        )
        return out.add_(look_up(index, self.forced))

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
            The rows without their forced states, which are the same in all rows that
            are compared. Slopes and masks are constants in it: their derivative is
            zero almost everywhere.
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
        return product_back(gradient, self.rows, self.dtype).square().sum(1)

    def _slopes(self, x, rng):
        """Slopes of LeakyReLU at x, with the dropout mask on them."""
        slope = torch.where(x > 0, 1.0, self.slope)
        if rng is None or not self.dropout:
            return slope
        keep = torch.rand(x.shape, generator=rng, device=x.device) >= self.dropout
        return slope * keep / (1 - self.dropout)
