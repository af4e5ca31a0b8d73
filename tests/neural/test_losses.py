"""Losses against plain versions."""

import numpy as np
import torch
from reference import neural as plain

from sklearn_synthohive.neural._losses import moment_loss, second_moments


def test_second_moments_equal_a_loop(rng):
    rows = torch.randn(30, 7, generator=rng)
    scale = torch.rand(7, generator=rng)
    torch.testing.assert_close(
        second_moments(rows, scale), plain.second_moments(rows, scale)
    )


def test_moments_of_states_are_two_way_tables():
    rows = torch.tensor([[1.0, 0, 1, 0], [1, 0, 0, 1], [0, 1, 0, 1], [1, 0, 1, 0]])
    table = second_moments(rows, torch.ones(4)) * 4
    assert table[:2, 2:].tolist() == [[2, 1], [0, 1]]
    assert table.diagonal().tolist() == [3, 1, 2, 2]


def test_moment_loss_is_unbiased(rng):
    """Its mean is the distance of the laws, however small the batch is."""
    mixing = torch.randn(3, 3, generator=rng, dtype=torch.float64)
    scale = torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)
    target = torch.eye(3, dtype=torch.float64)
    scaled = mixing * scale
    expected = ((scaled.T @ scaled - target) ** 2).sum().item()
    losses = [
        moment_loss(
            torch.randn(8, 3, generator=rng, dtype=torch.float64) @ mixing,
            scale,
            target,
        ).item()
        for _ in range(20_000)
    ]
    error = np.std(losses) / np.sqrt(len(losses))
    assert abs(np.mean(losses) - expected) < 4 * error
    # A biased estimate, from the batch as a whole, is far off.
    biased = [
        ((second_moments(rows, scale) - target) ** 2).sum().item()
        for rows in torch.randn(2_000, 8, 3, generator=rng, dtype=torch.float64)
        @ mixing
    ]
    assert np.mean(biased) - expected > 20 * error


def test_moment_loss_of_the_right_law_is_about_zero(rng):
    rows = torch.randn(100_000, 3, generator=rng)
    assert abs(moment_loss(rows, torch.ones(3), torch.eye(3)).item()) < 1e-3
