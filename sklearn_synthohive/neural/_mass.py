"""Masses of intervals under mixtures of Gaussians, and draws from within them."""

from __future__ import annotations

import torch

from sklearn_synthohive.neural._autoregressive import mixture_log_density

__all__ = ["NOTHING", "draw_between", "log_mass"]

# The logarithm of what the network gives no probability; finite, so that the
# proportions of impossible candidates stay defined.
NOTHING = -1e4


def log_mass(low, high, base, weight, mean, deviation):
    """Log-probability of intervals of scores; log-density where both ends are equal.

    Parameters
    ----------
    low, high, base : tensor of shape (...), float64
        ``base`` is added.
    weight, mean, deviation : tensor of shape (..., n_gaussians), float64
        Weights are logits.

    Returns
    -------
    tensor of shape (...)
    """
    inside = _log_normal_mass(low, high, mean, deviation)
    mass = torch.logsumexp(weight.log_softmax(-1) + inside, dim=-1)
    point = low == high
    if point.any():
        at = torch.where(point, low, 0.0)
        density = mixture_log_density(at, weight, mean, deviation)
        mass = torch.where(point, density, mass)
    return mass + base


def _log_normal_mass(low, high, mean, deviation):
    """Log of Phi(b) - Phi(a), with a and b the standardised ends; -inf where empty."""
    a, b, _ = _lower_half(low, high, mean, deviation)
    upper, lower = torch.special.log_ndtr(b), torch.special.log_ndtr(a)
    # Equal ends have no mass; without the clamp their difference is log(0) or NaN.
    gap = torch.where(b > a, lower - upper, 0.0).clamp(max=0.0)
    return upper + torch.log(-torch.expm1(gap))


def _lower_half(low, high, mean, deviation):
    """Standardised ends, mirrored where both are positive: tails keep their digits."""
    a = (low[..., None] - mean) / deviation
    b = (high[..., None] - mean) / deviation
    mirrored = a > 0
    return torch.where(mirrored, -b, a), torch.where(mirrored, -a, b), mirrored


def draw_between(low, high, mixture, rng):
    """Scores from a mixture cut to intervals, by inverting its components.

    Parameters
    ----------
    low, high : tensor of shape (n,), float64
        Equal where the score is given.
    mixture : tuple of three tensors of shape (n, n_gaussians), float64
        Weights as logits, means, deviations.
    rng : torch.Generator

    Returns
    -------
    tensor of shape (n,), float64
    """
    weight, mean, deviation = mixture
    inside = _log_normal_mass(low, high, mean, deviation)
    shares = (weight.log_softmax(-1) + inside).clamp(min=NOTHING).softmax(-1)
    u = torch.rand(len(low), 2, generator=rng, device=low.device, dtype=low.dtype)
    index = torch.searchsorted(shares.cumsum(1), u[:, :1].contiguous()).clamp(
        max=shares.shape[1] - 1
    )
    mean, deviation = mean.gather(1, index), deviation.gather(1, index)
    a, b, mirrored = _lower_half(low, high, mean, deviation)
    # torch's ndtr is zero from ten deviations on; this one from 38.
    start, stop = (torch.special.log_ndtr(end).exp() for end in (a, b))
    z = torch.special.ndtri(start + (stop - start) * u[:, 1:])
    z = torch.where(mirrored, -z, z) * deviation + mean
    # What is infinite there becomes the nearer end.
    return torch.minimum(torch.maximum(z[:, 0], low), high)
