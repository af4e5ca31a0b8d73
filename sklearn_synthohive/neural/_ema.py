"""Moving average of a network's weights."""

from __future__ import annotations

import copy

import torch
from torch import nn

__all__ = ["average_weight", "update_average", "warm_copy"]


def warm_copy(module: nn.Module) -> nn.Module:
    """A copy of a network that gradients do not reach."""
    twin = copy.deepcopy(module)
    for parameter in twin.parameters():
        parameter.requires_grad_(False)
    return twin


def average_weight(decay: float, step: int) -> float:
    """Weight of the current value in a moving average.

    Parameters
    ----------
    decay : float
        Weight of the past, once ``step`` is large.
    step : int
        Steps taken so far; the weight of the past is
        ``min(decay, (step + 1) / (step + 20))``.
    """
    return 1 - min(decay, (step + 1) / (step + 20))


@torch.no_grad()
def update_average(average: nn.Module, module: nn.Module, decay: float, step: int):
    """Move the average towards the current weights, faster in the first steps.

    Parameters
    ----------
    average, module : nn.Module
        Of the same architecture.
    decay : float
    step : int
        As for :func:`average_weight`.
    """
    weight = average_weight(decay, step)
    means: list[torch.Tensor] = list(average.parameters())
    values: list[torch.Tensor] = list(module.parameters())
    torch._foreach_lerp_(means, values, weight)
    for mean, value in zip(average.buffers(), module.buffers(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, weight)
        else:
            mean.copy_(value)
