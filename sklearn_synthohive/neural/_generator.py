"""The generator of Xu et al. 2019 (arXiv:1907.00503), with entity embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from sklearn_synthohive.neural._critic import Critic
from sklearn_synthohive.neural._layers import (
    ConditionedLinear,
    EntityEmbeddings,
    Given,
)
from sklearn_synthohive.neural._row import RowSpec

__all__ = ["ConditionalGAN", "ResidualGenerator", "TabularGenerator"]


class ResidualGenerator(nn.Module):
    """Noise, condition and context to the raw outputs of one row.

    Each hidden layer is linear, batch norm, ReLU, and is concatenated with its input
    (Xu et al. 2019, section 4.4).

    Parameters
    ----------
    n_in : int
        Width of noise, context and coded conditions together.
    n_states : int
        Number of states that can be forced.
    hidden : sequence of int
    n_out : int
    rng : torch.Generator
    normalize : bool
        Whether hidden layers are batch-normalised.
    """

    def __init__(
        self,
        n_in: int,
        n_states: int,
        hidden: Sequence[int],
        n_out: int,
        rng: torch.Generator,
        normalize: bool = True,
    ):
        super().__init__()
        self.layers = nn.ModuleList()
        self.norms = nn.ModuleList()
        for width in hidden:
            self.layers.append(ConditionedLinear(n_in, n_states, width, rng))
            self.norms.append(nn.BatchNorm1d(width) if normalize else nn.Identity())
            n_in += width
        self.head = ConditionedLinear(n_in, n_states, n_out, rng)

    def forward(self, x: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Raw outputs, shape (n, n_out)."""
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = torch.cat([torch.relu(norm(layer(x, state))), x], dim=1)
        return self.head(x, state)


class TabularGenerator(nn.Module):
    """All that sampling needs: network, embeddings, margins of the coded columns.

    Parameters
    ----------
    spec : RowSpec
        Of the table.
    context_spec : RowSpec or None
        Of the parent's attributes.
    n_states : int
        Number of states that can be forced.
    n_rest : int
        Width of ``Given.rest``.
    noise_width : int
    hidden : sequence of int
    rng : torch.Generator
    normalize : bool
    """

    def __init__(
        self,
        spec: RowSpec,
        context_spec: RowSpec | None,
        n_states: int,
        n_rest: int,
        noise_width: int,
        hidden: Sequence[int],
        rng: torch.Generator,
        normalize: bool,
    ):
        super().__init__()
        self.bounds: torch.Tensor
        self.has_value: torch.Tensor
        self.spec = spec
        self.noise_width = noise_width
        n_in = noise_width + n_rest
        self.network = ResidualGenerator(
            n_in, n_states, hidden, spec.width, rng, normalize
        )
        self.embeddings = EntityEmbeddings(spec, rng)
        self.context_embeddings = EntityEmbeddings(context_spec, rng)
        self.level_biases = nn.ParameterList(
            nn.Parameter(torch.zeros(n)) for n in spec.levels
        )
        bounds = torch.tensor(spec.bounds, dtype=torch.float32)
        self.register_buffer("bounds", bounds)
        has_value = torch.as_tensor(spec.has_value)
        self.register_buffer("has_value", has_value, persistent=False)

    def forward(self, given: Given, rng: torch.Generator) -> torch.Tensor:
        """Raw outputs (n, width of a row) for what is given, with fresh noise."""
        shape = (len(given.state), self.noise_width)
        noise = torch.randn(shape, generator=rng, device=given.state.device)
        return self.network(torch.cat([noise, given.rest], dim=1), given.state)

    def split(self, raw: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Raw outputs as state logits, scalars and queries of the coded columns."""
        spec = self.spec
        parts = [spec.n_states, len(spec.continuous), sum(spec.embedding_widths)]
        return raw.split(parts, dim=1)

    def level_logits(self, queries: torch.Tensor) -> list[torch.Tensor]:
        """Low-rank logits over the levels, tied to the embeddings."""
        if not self.spec.levels:
            return []
        split = queries.split(list(self.spec.embedding_widths), dim=1)
        return [
            query @ self.embeddings.vectors(k).T + self.level_biases[k]
            for k, query in enumerate(split)
        ]

    def start_from_margins(self, levels: list[torch.Tensor]):
        """Start the levels of coded columns at their log-frequencies.

        Parameters
        ----------
        levels : list of tensor
            Log-frequencies, one tensor a coded column.
        """
        with torch.no_grad():
            for bias, margin in zip(self.level_biases, levels, strict=True):
                bias.copy_(margin)


class ConditionalGAN(nn.Module):
    """A generator and its critic, initialised from one seed.

    Parameters
    ----------
    spec : RowSpec
        Of the table.
    context_spec : RowSpec or None
        Of the parent's attributes.
    n_states : int
        Number of one-hot states that can be forced.
    n_coded : int
        Width of the vector that forces a level of a coded column.
    noise_width : int
    generator_dim, discriminator_dim : sequence of int
    pac : int
    normalize : bool
    seed : int
    """

    def __init__(
        self,
        spec: RowSpec,
        context_spec: RowSpec | None,
        n_states: int,
        n_coded: int,
        noise_width: int,
        generator_dim: Sequence[int],
        discriminator_dim: Sequence[int],
        pac: int,
        normalize: bool,
        seed: int,
    ):
        super().__init__()
        rng = torch.Generator().manual_seed(seed)
        n_rest = n_coded + (context_spec.width if context_spec else 0)
        self.generator = TabularGenerator(
            spec,
            context_spec,
            n_states,
            n_rest,
            noise_width,
            generator_dim,
            rng,
            normalize,
        )
        self.critic = Critic(spec, n_states, n_rest, discriminator_dim, pac, rng)
