"""Losses of the adversarial stage."""

from __future__ import annotations

import torch

from sklearn_synthohive.neural._critic import Critic

__all__ = ["gradient_penalty", "moment_loss", "second_moments"]


def gradient_penalty(
    critic: Critic, real: torch.Tensor, fake: torch.Tensor, rng: torch.Generator
) -> torch.Tensor:
    """Penalty of WGAN-GP (Gulrajani et al. 2017, arXiv:1704.00028) in closed form.

    The critic's gradient is the product of its weights and slopes, so one backward
    pass through that product replaces the double backward through the network; and
    its first layer is linear, so mixtures of rows need no pass of their own.

    Parameters
    ----------
    critic : Critic
    real, fake : tensor of shape (n_groups, hidden[0])
        First layer's outputs for real and generated rows.
    rng : torch.Generator
        Draws one mixing weight a group of ``pac`` rows, and the dropout masks.

    Returns
    -------
    tensor, scalar
        Mean squared deviation of the gradient's norm from one.
    """
    mix = torch.rand(len(real), 1, generator=rng, device=real.device)
    between = torch.lerp(real.detach(), fake.detach(), mix)
    norm = (critic.squared_gradient(between, rng) + 1e-12).sqrt()
    return ((norm - 1) ** 2).mean()


def second_moments(rows: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Mean outer product of the scaled rows, E[x x'].

    Parameters
    ----------
    rows : tensor of shape (n, width)
    scale : tensor of shape (width,)

    Returns
    -------
    tensor of shape (width, width)
        For one-hot blocks these are the two-way tables, with the margins on the
        diagonal.
    """
    scaled = rows * scale
    return scaled.T @ scaled / len(rows)


def moment_loss(
    rows: torch.Tensor, scale: torch.Tensor, target: torch.Tensor
) -> torch.Tensor:
    """Squared distance between the second moments of the rows' law and the real ones.

    The two halves of the batch give two independent estimates of the deviation; their
    inner product has the squared distance as its mean, without the variance of a
    batch in it, which would reward rows that are all alike.

    Parameters
    ----------
    rows : tensor of shape (n, width)
    scale : tensor of shape (width,)
    target : tensor of shape (width, width)

    Returns
    -------
    tensor, scalar
        Can be negative.
    """
    half = len(rows) // 2
    first = second_moments(rows[:half], scale) - target
    second = second_moments(rows[half:], scale) - target
    return (first * second).sum()
