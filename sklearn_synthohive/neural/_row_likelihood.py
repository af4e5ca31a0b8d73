"""The log-likelihood of rows of values, cell by cell of the grid they lie on."""

from __future__ import annotations

from typing import NamedTuple

import torch

from sklearn_synthohive.neural._autoregressive import (
    AutoregressiveNet,
    mixture_parameters,
)
from sklearn_synthohive.neural._columns import affordable_rows
from sklearn_synthohive.neural._draw_columns import hidden_units, see, see_context
from sklearn_synthohive.neural._mass import log_mass
from sklearn_synthohive.neural._state_law import StateLaw

__all__ = ["ScoreCells", "row_log_likelihood"]


class ScoreCells(NamedTuple):
    """Where each mode of a column decodes to a row's value.

    Attributes
    ----------
    low, high : tensor of shape (n, n_modes), float64
        Scores between which a mode decodes to the value; equal for a density.
    base : tensor of shape (n, n_modes), float64
        Added to the log-mass or log-density; -inf where the mode never does.
    """

    low: torch.Tensor
    high: torch.Tensor
    base: torch.Tensor


@torch.no_grad()
def row_log_likelihood(
    net: AutoregressiveNet,
    states: torch.Tensor,
    scores: torch.Tensor,
    cells: list[ScoreCells | None],
    known: dict[int, torch.Tensor] | None = None,
) -> torch.Tensor:
    """Log-likelihood of each row, given its context columns.

    Parameters
    ----------
    net : AutoregressiveNet
        In float64, so that the result does not depend on the rows beside a row.
    states : tensor of shape (n, n_columns), int64
    scores : tensor of shape (n, n_continuous), float64
        What later columns see.
    cells : list of ScoreCells or None
        Per generated column in the order; None for a column without modes.
    known : dict of int to tensor of shape (n,), bool, optional
        By place in the order, rows in which the column follows from others for sure.

    Returns
    -------
    tensor of shape (n,), float64
    """
    total = torch.zeros(len(states), dtype=torch.float64, device=states.device)
    size = affordable_rows(net.columns)
    for start in range(0, len(states), size):
        rows = slice(start, start + size)
        own = [
            None if c is None else ScoreCells(*(part[rows] for part in c))
            for c in cells
        ]
        sure = {j: told[rows] for j, told in (known or {}).items()}
        total[rows] = _part(net, states[rows], scores[rows], own, sure)
    return total


def _part(net, states, scores, cells, known):
    sweep = see_context(net, states, scores)
    total = torch.zeros(len(states), dtype=torch.float64, device=states.device)
    for j, c in enumerate(net.columns.order):
        x = hidden_units(net, j, sweep)
        law = StateLaw(net, j, x, states)
        own = law.log_probability(states[:, c])
        if cells[j] is not None:
            own = torch.where(net.present(c, states[:, c]) > 0, -torch.inf, own)
            log_p = law.log_probabilities()
            modes = _mode_terms(net, j, x, log_p, *cells[j])
            own = torch.logsumexp(torch.stack([own, *modes]), dim=0)
        total += torch.where(known[j], 0.0, own) if j in known else own
        see(net, j, sweep, states, scores)
    return total


def _mode_terms(net, j, x, log_p, low, high, base):
    """Per mode of column j: log-probability that it comes and decodes to the value."""
    row = net.numeric.index(j)
    raw = x @ net.mixture_weight[row] + net.mixture_bias[row]
    raw = raw.reshape(len(x), net.most_modes, raw.shape[1] // net.most_modes)
    for k, state in enumerate(net.columns.modes[net.columns.order[j]]):
        mixture = mixture_parameters(raw[:, k])
        yield log_p[:, state] + log_mass(low[:, k], high[:, k], base[:, k], *mixture)
