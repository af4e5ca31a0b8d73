"""Rows from the autoregressive network whose cells obey rules.

A rule cuts the law of its column: to some states, and to intervals of the scores of a
mode. The mass of what it leaves is the weight of the row, so that rows drawn and then
resampled by their weights follow the network's conditional law (Gordon, Salmond and
Smith 1993; the rejection control of Liu, Chen and Wong 1998 may thin them on the way).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from sklearn_synthohive.neural._autoregressive import (
    AutoregressiveNet,
    mixture_parameters,
)
from sklearn_synthohive.neural._draw_columns import (
    draw_free,
    hidden_units,
    mixture_of,
    see,
    see_context,
)
from sklearn_synthohive.neural._heads import draw_index, odds
from sklearn_synthohive.neural._mass import NOTHING, draw_between, log_mass
from sklearn_synthohive.neural._normal_scores import REACH
from sklearn_synthohive.neural._state_law import StateLaw

__all__ = ["ANY", "FREE", "ConditionedDraw", "Rule", "draw_conditioned"]

# What a rule says of a row instead of the number of a piece: nothing, or any of the
# shared pieces.
FREE, ANY = -1, -2
# Numbers of a product that are held at a time, some 30 MB.
MAX_PRODUCT = 4_000_000
# So few states are looked up one by one.
FEW = 8


class Rule(NamedTuple):
    """What one column may hold, as pieces of its law.

    Attributes
    ----------
    states : tensor of shape (n_pieces,), int64
    low, high : tensor of shape (n_pieces,), float64
        Scores that a mode may have; infinite where all may, or where there is none.
        Equal for one score: its density counts then.
    base : tensor of shape (n_pieces,), float64
        Added to the log-mass.
    own : tensor of shape (n,), int64
        The piece of each row, ``FREE`` or ``ANY``.
    n_shared : int
        ``ANY`` means the first so many pieces.
    possible : callable, optional
        Given states and scores, of which those before the column count: which of the
        shared pieces each row may have, bool of shape (n, n_shared).
    concerned : callable, optional
        Likewise, which rows the rule is for, bool of shape (n,).
    """

    states: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor
    base: torch.Tensor
    own: torch.Tensor
    n_shared: int
    possible: Callable | None = None
    concerned: Callable | None = None


class ConditionedDraw(NamedTuple):
    """Rows drawn under rules.

    Attributes
    ----------
    states, scores : tensor
        Complete.
    log_weight : tensor, float64
        Log-mass of what the rules allowed, given the cells before.
    origin : tensor, int64
        The row that each one was drawn for.
    pieces : tensor of shape (n, n_generated), int64
        The piece drawn, per generated column in the order; -1 without a rule.
    """

    states: torch.Tensor
    scores: torch.Tensor
    log_weight: torch.Tensor
    origin: torch.Tensor
    pieces: torch.Tensor


@torch.no_grad()
def draw_conditioned(
    net: AutoregressiveNet,
    states: torch.Tensor,
    scores: torch.Tensor,
    rules: list[Rule | None],
    rng: torch.Generator,
    thin: Callable | None = None,
) -> ConditionedDraw:
    """Rows under rules: each ruled column is drawn from its law cut to what is allowed.

    Parameters
    ----------
    net : AutoregressiveNet
    states, scores : tensor
        As for :func:`draw_columns`.
    rules : list of Rule or None
        Per generated column in the order.
    rng : torch.Generator
    thin : callable, optional
        After each ruled column it is given the log-weights, and returns which rows go
        on (an index, or None for all) and their weights.

    Returns
    -------
    ConditionedDraw
    """
    states, scores = states.clone(), scores.clone()
    sweep = see_context(net, states, scores)
    log_weight = torch.zeros(len(states), dtype=torch.float64, device=states.device)
    origin = torch.arange(len(states), device=states.device)
    shape = (len(states), len(net.columns.order))
    pieces = torch.full(shape, -1, device=states.device)
    for j, c in enumerate(net.columns.order):
        x, rule = hidden_units(net, j, sweep), rules[j]
        if rule is None:
            states[:, c], z = draw_free(net, j, x, states, rng)
        else:
            own = rule.own[origin]
            if rule.concerned is not None:
                own = torch.where(rule.concerned(states, scores), own, FREE)
            drawn = _draw_ruled(net, j, x, (states, scores), rule, own, rng)
            states[:, c], z, pieces[:, j], mass = drawn
            log_weight += mass
        if z is not None:
            scores[:, net.columns.continuous.index(c)] = z
        if rule is not None and thin is not None:
            index, log_weight = thin(log_weight)
            if index is not None:
                states, scores = states[index], scores[index]
                origin, pieces = origin[index], pieces[index]
                sweep.keep(index)
        see(net, j, sweep, states, scores)
    return ConditionedDraw(states, scores, log_weight, origin, pieces)


def _draw_ruled(net, j, x, before, rule, own, rng):
    """States, scores, pieces and log-masses under a rule."""
    n, (rows, scores) = len(x), before
    states = torch.zeros(n, dtype=torch.long, device=x.device)
    z = torch.zeros(n, device=x.device)
    mass = torch.zeros(n, dtype=torch.float64, device=x.device)
    piece = own.clamp(min=-1)
    kinds = own == FREE, own == ANY, own >= 0
    free, several, one = (torch.nonzero(kind)[:, 0] for kind in kinds)
    if len(free):
        states[free], drawn = draw_free(net, j, x[free], rows[free], rng)
        z[free] = z[free] if drawn is None else drawn
    # The masses of all pieces stand side by side: some rows at a time.
    widest = max(net.columns.sizes[net.columns.order[j]], rule.n_shared)
    size = max(1, MAX_PRODUCT // widest)
    for start in range(0, len(several), size):
        part = several[start : start + size]
        log_p = _shared_log_masses(net, j, x[part], rows[part], rule)
        if rule.possible is not None:
            possible = rule.possible(rows[part], scores[part])
            log_p = torch.where(possible, log_p, NOTHING)
        mass[part] = log_p.logsumexp(1)
        piece[part] = draw_index(odds(log_p), rng)
    if len(one):
        mass[one] = _own_log_masses(net, j, x[one], rows[one], rule, piece[one])
    bound = torch.nonzero(piece >= 0)[:, 0]
    states[bound] = rule.states[piece[bound]]
    if j in net.numeric and len(bound):
        scored = bound[net.present(net.columns.order[j], states[bound]) > 0]
        chosen = piece[scored]
        mixture = _exact(mixture_of(net, j, x[scored], states[scored]))
        drawn = draw_between(rule.low[chosen], rule.high[chosen], mixture, rng)
        z[scored] = drawn.clamp(-REACH, REACH).to(z.dtype)
    return states, (z if j in net.numeric else None), piece, mass


def _shared_log_masses(net, j, x, rows, rule):
    """Log-masses of the shared pieces, (n, n_shared)."""
    states = rule.states[: rule.n_shared]
    law = StateLaw(net, j, x, rows)
    if len(states) < FEW:
        each = [law.log_probability(s.expand(len(x))) for s in states]
        log_p = torch.stack(each, dim=1).double()
    else:
        log_p = law.log_probabilities()[:, states].double()
    log_p += rule.base[: rule.n_shared]
    cut = torch.isfinite(rule.low) | torch.isfinite(rule.high)
    cut = torch.nonzero(cut[: rule.n_shared])[:, 0]
    if len(cut):
        low, high = rule.low[cut], rule.high[cut]
        size = max(1, MAX_PRODUCT // (len(cut) * 8))
        for start in range(0, len(x), size):
            part = slice(start, start + size)
            mixture = _mixtures_of(net, j, x[part], states[cut])
            ends = low.expand(len(x[part]), -1), high.expand(len(x[part]), -1)
            log_p[part, cut] += log_mass(*ends, 0.0, *mixture)
    return log_p.clamp(min=NOTHING)


def _own_log_masses(net, j, x, rows, rule, piece):
    """Log-mass of each row's own piece."""
    states = rule.states[piece]
    mass = StateLaw(net, j, x, rows).log_probability(states).double() + rule.base[piece]
    low, high = rule.low[piece], rule.high[piece]
    cut = torch.nonzero(torch.isfinite(low) | torch.isfinite(high))[:, 0]
    if len(cut):
        mixture = _exact(mixture_of(net, j, x[cut], states[cut]))
        mass[cut] += log_mass(low[cut], high[cut], 0.0, *mixture)
    return mass.clamp(min=NOTHING)


def _mixtures_of(net, j, x, states):
    """The mixtures of each row under several modes: (n, n_states, n_gaussians)."""
    row = net.numeric.index(j)
    raw = x @ net.mixture_weight[row] + net.mixture_bias[row]
    raw = raw.reshape(len(x), net.most_modes, raw.shape[1] // net.most_modes)
    return _exact(mixture_parameters(raw[:, net.mode_of[row][states]]))


def _exact(mixture):
    """In float64: masses are differences of close numbers."""
    return tuple(part.double() for part in mixture)
