"""Rows from the autoregressive network, column by column."""

from __future__ import annotations

import math

import torch
from torch import nn

from sklearn_synthohive.neural._activations import gumbel
from sklearn_synthohive.neural._autoregressive import (
    AutoregressiveNet,
    mixture_parameters,
)
from sklearn_synthohive.neural._normal_scores import REACH

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
    columns, h = net.columns, net.hidden
    m = len(columns.order)
    states, scores = states.clone(), scores.clone()
    a = net.first_bias.repeat(len(states), 1)
    for c in range(columns.n_context):
        e = _embed_one(net, c, states[:, c], scores)
        a += e @ net.first[net.starts[c] : net.starts[c + 1]]
    log_weight = torch.zeros(len(states), device=states.device)
    for j, c in enumerate(columns.order):
        x = nn.functional.silu(a[:, j * h : (j + 1) * h])
        for weight, bias in zip(net.deeper, net.deeper_bias, strict=True):
            x = x + nn.functional.silu(x @ weight[j] + bias[j])
        logits = _logits(net, j, x)
        drawn = (logits + gumbel(logits.shape, rng, x.device)).argmax(dim=1)
        keep = fixed[:, j]
        states[:, c] = torch.where(keep, states[:, c], drawn)
        chosen = logits.log_softmax(1).gather(1, states[:, c, None])[:, 0]
        log_weight += chosen * keep
        if j in net.numeric:
            k = columns.continuous.index(c)
            z, density = _score(net, j, x, states[:, c], scores[:, k], rng)
            present = net._present(c, states[:, c])
            z = torch.where(keep, scores[:, k], z.clamp(-REACH, REACH) * present)
            scores[:, k] = z
            log_weight += density * keep * present
        if j + 1 < m:
            e = _embed_one(net, c, states[:, c], scores)
            rows = slice(net.starts[c], net.starts[c + 1])
            a[:, (j + 1) * h :] += e @ net.first[rows, (j + 1) * h :]
    return states, scores, log_weight


def _embed_one(net, c, states, scores):
    e = nn.functional.embedding(states, net.tables[c])
    if net.columns.modes[c]:
        k = net.columns.continuous.index(c)
        extra = net.scalars.one(k, scores[:, k])
        e = e + extra * net._present(c, states)[:, None]
    return e


def _logits(net, j, x):
    if j in net.tied:
        return net.level_logits(net.tied.index(j), x)
    row = net.dense.index(j)
    size = net.columns.sizes[net.columns.order[j]]
    return (x @ net.logit_weight[row] + net.logit_bias[row])[:, :size]


def _score(net, j, x, states, given, rng):
    """A drawn score and the log-density of the given one, under each row's mode."""
    row = net.numeric.index(j)
    raw = x @ net.mixture_weight[row] + net.mixture_bias[row]
    # Not -1: that is ambiguous where there are no rows.
    raw = raw.reshape(len(x), net.most_modes, raw.shape[1] // net.most_modes)
    mode = net.mode_of[row][states]
    own = raw[torch.arange(len(x), device=x.device), mode]
    weight, mean, deviation = mixture_parameters(own)
    component = (weight + gumbel(weight.shape, rng, x.device)).argmax(1, keepdim=True)
    noise = torch.randn(len(x), generator=rng, device=x.device)
    drawn = (
        mean.gather(1, component)[:, 0] + deviation.gather(1, component)[:, 0] * noise
    )
    standard = (given[:, None] - mean) / deviation
    parts = -0.5 * standard**2 - deviation.log() - 0.5 * math.log(2 * math.pi)
    density = torch.logsumexp(weight.log_softmax(1) + parts, dim=1)
    return drawn, density
