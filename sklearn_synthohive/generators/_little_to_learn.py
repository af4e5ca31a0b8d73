"""A word to the user where a table is too small for what it holds."""

from __future__ import annotations

import torch

from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.neural import AutoregressiveNet, mean_log_likelihood

__all__ = ["shuffled_log_likelihoods", "warn_if_little"]

log = get_logger(__name__)

# One in twenty tables without dependences is not warned of.
N_SHUFFLES = 19
MOST_ROWS = 500


def warn_if_little(
    network: AutoregressiveNet, n_rows: int, states, scores, rng: torch.Generator
):
    """Warn where rows are no likelier than rows whose columns were shuffled.

    A permutation test: the margins are the same, what differs is what the network
    knows of dependences.

    Parameters
    ----------
    network : AutoregressiveNet
    n_rows : int
        Of the table.
    states : tensor of shape (n, n_columns)
        Of held-out rows, context first.
    scores : tensor of shape (n, n_continuous), float32
    rng : torch.Generator
        On the device.
    """
    # Not the first ones: tables are often sorted.
    rows = torch.randperm(len(states), generator=rng, device=states.device)[:MOST_ROWS]
    states, scores = states[rows], scores[rows]
    own = mean_log_likelihood(network, states, scores, counted=True)
    shuffled = shuffled_log_likelihoods(network, states, scores, rng)
    if own <= max(shuffled):
        log.warning(
            "too_little_to_learn",
            rows=n_rows,
            log_likelihood=round(own, 3),
            shuffled_columns=round(max(shuffled), 3),
            meaning="no dependence between columns was found that held-out rows bear "
            "out: give more rows, or fewer columns",
        )


def shuffled_log_likelihoods(network, states, scores, rng) -> list[float]:
    """Mean log-likelihoods of the rows, every generated column in an order of its own.

    Parameters
    ----------
    network, states, scores, rng
        As in :func:`warn_if_little`.

    Returns
    -------
    list of float
        Of ``N_SHUFFLES`` shuffles.
    """
    columns = network.columns
    found = []
    for _ in range(N_SHUFFLES):
        mixed, placed = states.clone(), scores.clone()
        for c in columns.order:
            order = torch.randperm(len(states), generator=rng, device=states.device)
            mixed[:, c] = states[order, c]
            if columns.modes[c]:
                k = columns.continuous.index(c)
                placed[:, k] = scores[order, k]
        found.append(mean_log_likelihood(network, mixed, placed, counted=True))
    return found
