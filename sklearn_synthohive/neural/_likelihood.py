"""One epoch of maximum likelihood, as pure torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from sklearn_synthohive.neural._autoregressive import AutoregressiveNet
from sklearn_synthohive.neural._columns import affordable_rows
from sklearn_synthohive.neural._flat import descend, follow
from sklearn_synthohive.neural._normal_scores import REACH

__all__ = [
    "LikelihoodData",
    "LikelihoodRecipe",
    "likelihood_epoch",
    "mean_log_likelihood",
]

# Rows whose scores are drawn at once.
SCORED_ROWS = 100_000


@dataclass(frozen=True)
class LikelihoodRecipe:
    """What a step of maximum likelihood does.

    Attributes
    ----------
    batch_size : int
    steps : int
        Steps an epoch.
    passes : int
        Passes an epoch.
    average_decay : float
        Decay of the moving average; zero keeps the last weights.
    warm_up : int
        Steps over which the learning rate rises.
    clip : float
        Largest norm of the gradient.
    """

    batch_size: int
    steps: int
    passes: int = 1
    average_decay: float = 0.995
    warm_up: int = 50
    clip: float = 20.0


class LikelihoodData:
    """Rows as states and normal scores on the device.

    Tied values (those on a grid, most of all) have an interval of scores, not one: a
    fresh place in it is drawn every epoch.

    Parameters
    ----------
    tables : sequence of (CompactTable, NormalScores)
        Context first.
    rng : torch.Generator
        On the device; draws the order of the rows and the places in the intervals.
    device : str
    """

    def __init__(self, tables, rng: torch.Generator, device="cpu"):
        self.rng = rng
        self.states = _beside([t.codes for t, _ in tables]).to(device)
        pairs = [scores.intervals(table) for table, scores in tables]
        self.low = _beside([low for low, _ in pairs]).to(device)
        self.high = _beside([high for _, high in pairs]).to(device)

    def extend(self, other: LikelihoodData):
        """Add the rows of another table of the same columns."""
        self.states = torch.cat([self.states, other.states])
        self.low = torch.cat([self.low, other.low])
        self.high = torch.cat([self.high, other.high])

    def __len__(self) -> int:
        return len(self.states)

    def scores(self, rows: torch.Tensor | None = None) -> torch.Tensor:
        """Normal scores of some rows, or of all, freshly placed, (n, n_continuous)."""
        low, high = self.low, self.high
        if rows is not None:
            low, high = low.index_select(0, rows), high.index_select(0, rows)
        place = torch.rand(low.shape, generator=self.rng, device=low.device)
        between = torch.lerp(low, high, place)
        return torch.special.ndtri(between).clamp_(-REACH, REACH)


def _beside(arrays):
    """Arrays side by side as one tensor; a single one is not copied."""
    first, *others = arrays
    return torch.as_tensor(np.concatenate(arrays, axis=1) if others else first)


def likelihood_epoch(
    net: AutoregressiveNet,
    average: torch.nn.Module | None,
    data: LikelihoodData,
    recipe: LikelihoodRecipe,
    optimizer: torch.optim.Optimizer,
    step: int = 0,
    cooling: tuple[float, float] = (0.0, 0.0),
    *,
    counted: bool = True,
) -> dict[str, torch.Tensor]:
    """Passes over the rows in random order.

    Parameters
    ----------
    net : AutoregressiveNet
    average : nn.Module or None
    data : LikelihoodData
    recipe : LikelihoodRecipe
    optimizer : torch.optim.Optimizer
    step : int
        Steps taken in earlier epochs.
    cooling : tuple of float
        Where this epoch begins and ends on the way of the learning rate from its value
        (0) to zero (1), along half a cosine.
    counted : bool
        Whether the rows are among those of the pairs' counts.

    Returns
    -------
    dict of str to tensor
        Mean negative log-likelihood a row.
    """
    net.train()
    device = data.states.device
    total = torch.zeros((), device=device)
    rates = [group["lr"] for group in optimizer.param_groups]
    n_steps = max(1, len(data) // recipe.batch_size) * recipe.passes
    for k, (states, scores) in enumerate(_batches(data, recipe)):
        share = min(1.0, (step + k + 1) / recipe.warm_up)
        done = cooling[0] + (cooling[1] - cooling[0]) * k / n_steps
        share *= 0.5 + 0.5 * math.cos(math.pi * done)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * share
        terms = net(states, scores, counted=counted)
        loss = -terms.sum(1).mean()
        descend(loss, optimizer, recipe.clip)
        total += loss.detach()
        if average is not None:
            follow(average, net, optimizer, recipe.average_decay, step + k)
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate
    return {"nll_loss": total / n_steps}


def _batches(data, recipe):
    """States and scores, every pass in another order and with fresh scores."""
    size = recipe.batch_size
    for _ in range(recipe.passes):
        device = data.states.device
        order = torch.randperm(len(data), generator=data.rng, device=device)
        # Scores are drawn for many batches at a time, but not for millions of rows.
        order = order[: max(1, len(data) // size) * size]
        for block in order.split(max(1, SCORED_ROWS // size) * size):
            scores = data.scores(block)
            states = data.states.index_select(0, block)
            batches = zip(states.split(size), scores.split(size), strict=True)
            for own, placed in batches:
                yield own.long(), placed


@torch.no_grad()
def mean_log_likelihood(
    net: AutoregressiveNet,
    states: torch.Tensor,
    scores: torch.Tensor,
    batch_size: int | None = None,
    *,
    counted: bool = False,
) -> float:
    """Mean log-likelihood a row, in nats, of given states and scores.

    Parameters
    ----------
    net : AutoregressiveNet
    states : tensor of shape (n, n_columns)
    scores : tensor of shape (n, n_continuous)
    batch_size : int, optional
        Rows at a time; as many as memory bears when not given.
    counted : bool
        Whether the rows are among those of the pairs' counts.
    """
    total, batch_size = 0.0, batch_size or affordable_rows(net.columns)
    for start in range(0, len(states), batch_size):
        rows = slice(start, start + batch_size)
        terms = net(states[rows].long(), scores[rows], counted=counted)
        total += float(terms.double().sum())
    return total / len(states)
