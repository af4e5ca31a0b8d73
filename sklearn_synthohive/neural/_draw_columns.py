"""Rows from the autoregressive network, column by column."""

from __future__ import annotations

import torch
from torch import nn

from sklearn_synthohive.neural._autoregressive import (
    AutoregressiveNet,
    mixture_log_density,
    mixture_parameters,
)
from sklearn_synthohive.neural._columns import affordable_rows
from sklearn_synthohive.neural._heads import draw_index
from sklearn_synthohive.neural._normal_scores import REACH
from sklearn_synthohive.neural._state_law import StateLaw

__all__ = ["draw_columns"]


@torch.no_grad()
def draw_columns(
    net: AutoregressiveNet,
    states: torch.Tensor,
    scores: torch.Tensor,
    fixed: torch.Tensor,
    rng: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Complete rows; each hidden unit is computed once.

    Parameters
    ----------
    net : AutoregressiveNet
    states : tensor of shape (n, n_columns), int64
        Context columns and fixed cells hold their states.
    scores : tensor of shape (n, n_continuous), float32
        Likewise.
    fixed : tensor of shape (n, n_generated), bool
        Cells that keep their state and score, per generated column in the order.
    rng : torch.Generator

    Returns
    -------
    states, scores : tensor
        Complete.
    log_weight : tensor of shape (n,)
        Log-density of the fixed cells given the cells before them.
    """
    # With very wide columns a chunk is drawn in parts, to bound the memory of logits.
    size = affordable_rows(net.columns)
    parts = zip(states.split(size), scores.split(size), fixed.split(size), strict=True)
    drawn = [_draw_part(net, *part, rng) for part in parts]
    drawn_states, drawn_scores, log_weight = zip(*drawn, strict=True)
    return torch.cat(drawn_states), torch.cat(drawn_scores), torch.cat(log_weight)


def _draw_part(net, states, scores, fixed, rng):
    columns = net.columns
    states, scores = states.clone(), scores.clone()
    sweep = net.first.sweep(len(states))
    for c in range(columns.n_context):
        sweep.see(c, net.embed_one(c, states, scores))
    log_weight = torch.zeros(len(states), device=states.device)
    anything_fixed = fixed.any(dim=0).tolist()
    for j, c in enumerate(columns.order):
        x = nn.functional.silu(sweep.units(j))
        for weight, bias in zip(net.deeper, net.deeper_bias, strict=True):
            x = x + nn.functional.silu(x @ weight[j] + bias[j])
        law = StateLaw(net, j, x, states)
        keep = fixed[:, j]
        states[:, c] = torch.where(keep, states[:, c], law.draw(rng))
        if anything_fixed[j]:
            log_weight += law.log_probability(states[:, c]) * keep
        if j in net.numeric:
            k = columns.continuous.index(c)
            present = net.present(c, states[:, c])
            mixture = _mixture(net, j, x, states[:, c])
            z = _draw_score(mixture, rng).clamp(-REACH, REACH) * present
            if anything_fixed[j]:
                density = mixture_log_density(scores[:, k], *mixture)
                log_weight += density * keep * present
            scores[:, k] = torch.where(keep, scores[:, k], z)
        if j + 1 < len(columns.order):
            sweep.see(c, net.embed_one(c, states, scores))
    return states, scores, log_weight


def _mixture(net, j, x, states):
    """Weights (as logits), means and deviations under each row's mode."""
    row = net.numeric.index(j)
    raw = x @ net.mixture_weight[row] + net.mixture_bias[row]
    # Not -1: that is ambiguous where there are no rows.
    raw = raw.reshape(len(x), net.most_modes, raw.shape[1] // net.most_modes)
    if net.most_modes == 1:
        return mixture_parameters(raw[:, 0])
    mode = net.mode_of[row][states]
    return mixture_parameters(raw[torch.arange(len(x), device=x.device), mode])


def _draw_score(mixture, rng):
    weight, mean, deviation = mixture
    component = draw_index(weight.softmax(1), rng)[:, None]
    noise = torch.randn(component.shape, generator=rng, device=weight.device)
    return (mean.gather(1, component) + deviation.gather(1, component) * noise)[:, 0]
