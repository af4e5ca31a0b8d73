"""The generator of Xu et al. 2019 (arXiv:1907.00503), with entity embeddings."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from sklearn_synthohive.neural._critic import Critic
from sklearn_synthohive.neural._layers import EntityEmbeddings, Given
from sklearn_synthohive.neural._products import look_up, product
from sklearn_synthohive.neural._row import RowSpec

__all__ = ["ConditionalGAN", "ResidualGenerator", "TabularGenerator"]


class ResidualGenerator(nn.Module):
    """Noise, condition and context to the raw outputs of one row.

    Each hidden layer is linear, batch norm, ReLU, and is concatenated with its input
    (Xu et al. 2019, section 4.4): every layer sees the input and all layers before it.
    So each source is multiplied once by its weights for all later layers together; the
    one-hot of the forced state is looked up.

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
    dtype : torch.dtype
        Of the factors of products in training.
    """

    def __init__(
        self,
        n_in: int,
        n_states: int,
        hidden: Sequence[int],
        n_out: int,
        rng: torch.Generator,
        normalize: bool = True,
        dtype: torch.dtype = torch.float32,
    ):
        super().__init__()
        self.widths = [*hidden, n_out]
        self.nothing = n_states
        self.dtype = dtype
        total = sum(self.widths)
        # The last state stands for none: its weights are zero, and stay so.
        self.states = nn.Parameter(torch.zeros(n_states + 1, total))
        self.bias = nn.Parameter(torch.zeros(total))
        self.sources = nn.ParameterList(
            nn.Parameter(torch.empty(width, sum(self.widths[k:])))
            for k, width in enumerate([n_in, *hidden])
        )
        self.norms = nn.ModuleList(
            nn.BatchNorm1d(width) if normalize else nn.Identity() for width in hidden
        )
        self._initialise(n_in + n_states, rng)

    @torch.no_grad()
    def _initialise(self, n_in: int, rng: torch.Generator):
        """Each layer uniform in the inverse root of its number of inputs."""
        for layer, width in enumerate(self.widths):
            bound = 1 / math.sqrt(n_in + sum(self.widths[:layer]))
            ahead = sum(self.widths[:layer])
            own = slice(ahead, ahead + width)
            self.states[:-1, own].uniform_(-bound, bound, generator=rng)
            self.bias[own].uniform_(-bound, bound, generator=rng)
            for k in range(layer + 1):
                done = sum(self.widths[:k])
                here = slice(own.start - done, own.stop - done)
                self.sources[k][:, here].uniform_(-bound, bound, generator=rng)

    def forward(self, x: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Raw outputs, shape (n, n_out)."""
        dtype = self.dtype if self.training else self.bias.dtype
        out = product(x, self.sources[0], dtype).add_(self.bias)
        if self.nothing:
            out = out.add_(look_up(state[:, None], self.states))
        for norm, weight in zip(self.norms, list(self.sources)[1:], strict=True):
            own, later = out.split([len(weight), weight.shape[1]], dim=1)
            # Batch norm is several times as fast on rows without gaps.
            own = torch.relu(norm(own.contiguous()))
            out = product(own, weight, dtype).add_(later)
        return out


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
    dtype : torch.dtype
        Of the factors of products in training.
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
        dtype: torch.dtype = torch.float32,
    ):
        super().__init__()
        self.bounds: torch.Tensor
        self.has_value: torch.Tensor
        self.owner: torch.Tensor
        self.spec = spec
        self.noise_width = noise_width
        n_in = noise_width + n_rest
        self.network = ResidualGenerator(
            n_in, n_states, hidden, spec.width, rng, normalize, dtype
        )
        self.embeddings = EntityEmbeddings(spec, rng)
        self.context_embeddings = EntityEmbeddings(context_spec, rng)
        self.level_biases = nn.ParameterList(
            nn.Parameter(torch.zeros(n)) for n in spec.levels
        )
        bounds = torch.tensor(spec.bounds, dtype=torch.float32)
        self.register_buffer("bounds", bounds)
        owner = torch.repeat_interleave(torch.tensor(spec.sizes, dtype=torch.long))
        self.register_buffer("owner", owner, persistent=False)
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
    dtype : torch.dtype
        Of the factors of products in training.
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
        dtype: torch.dtype = torch.float32,
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
            dtype,
        )
        self.critic = Critic(
            spec, n_states, n_rest, discriminator_dim, pac, rng, dtype=dtype
        )
