"""From raw outputs to rows: Gumbel-softmax states, bounded scalars, embeddings."""

from __future__ import annotations

import torch
from torch import nn

from sklearn_synthohive.neural._conditions import Forced
from sklearn_synthohive.neural._generator import TabularGenerator
from sklearn_synthohive.neural._layers import span_softmax

__all__ = ["GeneratedRows", "activate", "draw_codes", "gumbel"]


class GeneratedRows:
    """A generated batch as the critic sees it, with the logits behind it.

    Attributes
    ----------
    dense : tensor of shape (n, n_states + n_continuous)
        Soft (or straight-through hard) one-hot states, then scalars.
    vectors : tensor of shape (n, sum of embedding widths)
    logits : tuple of tensor
        Per one-hot span, shape (n, n_states of the span).
    level_logits : list of tensor
        Per coded span, shape (n, n_levels).
    """

    def __init__(self, dense, vectors, logits, level_logits):
        self.dense = dense
        self.vectors = vectors
        self.logits = logits
        self.level_logits = level_logits

    @property
    def rows(self) -> torch.Tensor:
        """The whole row, shape (n, width)."""
        return torch.cat([self.dense, self.vectors], dim=1)


def gumbel(shape, rng: torch.Generator, device) -> torch.Tensor:
    """Standard Gumbel noise, -log(-log(u)); faster than torch's exponential_ on CPU."""
    u = torch.rand(shape, generator=rng, device=device).clamp_(min=1e-20)
    return u.log_().neg_().log_().neg_()


def activate(
    net: TabularGenerator,
    raw: torch.Tensor,
    rng: torch.Generator,
    temperature: float = 0.2,
    state_noise: float = 1.0,
    forced: Forced | None = None,
) -> GeneratedRows:
    """Rows with gradients: Gumbel-softmax (Jang et al. 2017) and tanh scalars.

    Parameters
    ----------
    net : TabularGenerator
    raw : tensor of shape (n, n_out)
    rng : torch.Generator
    temperature : float
    state_noise : float
        Scale of the Gumbel noise on one-hot states. Levels of coded columns always
        get full noise: the noise of the generator cannot tell thousands apart.
    forced : Forced, optional
        States to put in place of the network's own.

    Returns
    -------
    GeneratedRows
    """
    spec = net.spec
    logits, scalars, queries = net.split(raw)
    noisy = _perturb(logits, state_noise, rng) / temperature
    states = span_softmax(noisy, list(spec.sizes), net.owner) if spec.sizes else logits
    if forced is not None and spec.sizes:
        states = _clamp(states, forced, net)
    # A scalar counts as far as the row's state is one that has a scalar.
    values = torch.tanh(scalars) * net.bounds * (states @ net.has_value)
    vectors = []
    levels = net.level_logits(queries)
    for k, level in enumerate(levels):
        table = net.embeddings.vectors(k)
        vector = (_perturb(level, 1.0, rng) / temperature).softmax(dim=1) @ table
        if forced is not None:
            here = forced.span == len(spec.onehot) + k
            own = table[torch.where(here, forced.state, 0)]
            vector = torch.where(here[:, None], own, vector)
        vectors.append(vector)
    return GeneratedRows(
        torch.cat([states, values], dim=1),
        torch.cat(vectors, dim=1) if vectors else queries,
        logits.split(list(spec.sizes), dim=1),
        levels,
    )


def _perturb(logits: torch.Tensor, scale: float, rng: torch.Generator):
    return (
        logits + scale * gumbel(logits.shape, rng, logits.device) if scale else logits
    )


def _clamp(states: torch.Tensor, forced: Forced, net: TabularGenerator):
    """Put the forced one-hot blocks in place."""
    spec = net.spec
    here = (forced.span >= 0) & (forced.span < len(spec.sizes))
    offsets = torch.tensor(spec.offsets, device=states.device)
    column = (offsets[forced.span.clamp(0, len(spec.sizes) - 1)] + forced.state).where(
        here, 0
    )
    block = torch.zeros_like(states)
    block.scatter_(1, column[:, None], here.to(states.dtype)[:, None])
    return torch.where(net.owner == forced.span[:, None], block, states)


@torch.no_grad()
def draw_codes(
    net: TabularGenerator,
    raw: torch.Tensor,
    rng: torch.Generator,
    state_noise: float = 1.0,
):
    """Draw each span's state and scalar, as in a compact table.

    Parameters
    ----------
    net : TabularGenerator
    raw : tensor of shape (n, n_out)
    rng : torch.Generator
    state_noise : float
        As in training.

    Returns
    -------
    states : tensor of shape (n, n_onehot), int64
    levels : tensor of shape (n, n_coded), int64
    scalars : tensor of shape (n, n_continuous), float32
    """
    spec = net.spec
    logits, scalars, queries = net.split(raw)
    noisy = _perturb(logits, state_noise, rng)
    states = [part.argmax(dim=1) for part in noisy.split(list(spec.sizes), dim=1)]
    levels = [
        _perturb(level, 1.0, rng).argmax(dim=1) for level in net.level_logits(queries)
    ]
    values = torch.tanh(scalars) * net.bounds
    return _stack(states, raw), _stack(levels, raw), values


def _stack(columns: list[torch.Tensor], raw: torch.Tensor) -> torch.Tensor:
    if columns:
        return torch.stack(columns, dim=1)
    return torch.zeros((len(raw), 0), dtype=torch.long, device=raw.device)


def conditioned_loss(generated: GeneratedRows, forced: Forced) -> torch.Tensor:
    """Cross-entropy between the forced states and the logits of their spans.

    Parameters
    ----------
    generated : GeneratedRows
    forced : Forced

    Returns
    -------
    tensor, scalar
        Mean over the rows of the batch.
    """
    total = generated.dense.new_zeros(())
    for k, logits in enumerate([*generated.logits, *generated.level_logits]):
        here = forced.span == k
        # The rows of other spans take part with weight zero: no host sync.
        target = torch.where(here, forced.state, 0)
        loss = nn.functional.cross_entropy(logits, target, reduction="none")
        total = total + (loss * here).sum()
    return total / len(forced)
