"""Rows from the autoregressive network, column by column."""

from __future__ import annotations

import torch
from torch import nn

from sklearn_synthohive.neural._autoregressive import (
    AutoregressiveNet,
    mixture_parameters,
)
from sklearn_synthohive.neural._columns import affordable_rows
from sklearn_synthohive.neural._heads import draw_index, odds
from sklearn_synthohive.neural._normal_scores import REACH
from sklearn_synthohive.neural._state_law import StateLaw

__all__ = [
    "draw_columns",
    "draw_free",
    "hidden_units",
    "mixture_of",
    "see",
    "see_context",
]


@torch.no_grad()
def draw_columns(
    net: AutoregressiveNet,
    states: torch.Tensor,
    scores: torch.Tensor,
    rng: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows; each hidden unit is computed once.

    Parameters
    ----------
    net : AutoregressiveNet
    states : tensor of shape (n, n_columns), int64
        Context columns hold their states.
    scores : tensor of shape (n, n_continuous), float32
        Likewise.
    rng : torch.Generator

    Returns
    -------
    states, scores : tensor
        Complete.
    """
    # With very wide columns a chunk is drawn in parts, to bound the memory of logits.
    size = affordable_rows(net.columns)
    parts = zip(states.split(size), scores.split(size), strict=True)
    drawn = [_draw_part(net, *part, rng) for part in parts]
    drawn_states, drawn_scores = zip(*drawn, strict=True)
    return torch.cat(drawn_states), torch.cat(drawn_scores)


def _draw_part(net, states, scores, rng):
    states, scores = states.clone(), scores.clone()
    sweep = see_context(net, states, scores)
    for j, c in enumerate(net.columns.order):
        x = hidden_units(net, j, sweep)
        states[:, c], z = draw_free(net, j, x, states, rng)
        if z is not None:
            scores[:, net.columns.continuous.index(c)] = z
        see(net, j, sweep, states, scores)
    return states, scores


def see_context(net, states, scores):
    """The first hidden layer, ready for its columns: it has seen the context."""
    sweep = net.first.sweep(len(states))
    for c in range(net.columns.n_context):
        sweep.see(c, net.embed_one(c, states, scores))
    return sweep


def see(net, j, sweep, states, scores):
    """Let the columns after column j see it."""
    if j + 1 < len(net.columns.order):
        c = net.columns.order[j]
        sweep.see(c, net.embed_one(c, states, scores))


def hidden_units(net, j, sweep):
    """The last hidden layer of column j."""
    x = nn.functional.silu(sweep.units(j))
    for weight, bias in zip(net.deeper, net.deeper_bias, strict=True):
        x = x + nn.functional.silu(x @ weight[j] + bias[j])
    return x


def draw_free(net, j, x, rows, rng):
    """States of column j and their scores; None for a column without scores."""
    states = StateLaw(net, j, x, rows).draw(rng)
    if j not in net.numeric:
        return states, None
    z = _draw_score(mixture_of(net, j, x, states), rng).clamp(-REACH, REACH)
    return states, z * net.present(net.columns.order[j], states)


def mixture_of(net, j, x, states):
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
    component = draw_index(odds(weight), rng)[:, None]
    noise = torch.randn(component.shape, generator=rng, device=weight.device)
    return (mean.gather(1, component) + deviation.gather(1, component) * noise)[:, 0]
