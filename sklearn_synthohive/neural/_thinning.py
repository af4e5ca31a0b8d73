"""Weighted candidates, thinned while they are drawn: work goes to likely ones."""

from __future__ import annotations

import torch

__all__ = ["GroupThinning", "PoolThinning", "inclusion"]

# Candidates are thinned when they are worth no more than this share of their number.
WORTH = 0.5


class PoolThinning:
    """Drops light candidates; no candidate is repeated.

    Each stays with probability min(1, w / t) and then weighs max(w, t): the rejection
    control of Liu, Chen and Wong 1998. The threshold t leaves as many as the weights
    are worth (their effective sample size).

    Parameters
    ----------
    rng : torch.Generator
    """

    def __init__(self, rng: torch.Generator):
        self.rng = rng

    def __call__(self, log_weight):
        """Which candidates stay (None for all), and their log-weights."""
        largest = log_weight.max()
        w = (log_weight - largest).exp()
        worth = w.sum() ** 2 / (w**2).sum()
        if worth > WORTH * len(w):
            return None, log_weight
        threshold, share = inclusion(w, max(1, int(worth)))
        u = torch.rand((), generator=self.rng, device=w.device, dtype=w.dtype)
        steps = torch.floor(share.cumsum(0) + u)
        before = torch.cat([steps.new_zeros(1), steps[:-1]])
        index = torch.nonzero(steps > before)[:, 0]
        return index, torch.clamp(log_weight[index], min=largest + threshold.log())


def inclusion(w, size):
    """Probabilities min(1, w / t) that sum to a size.

    Parameters
    ----------
    w : tensor of shape (n,)
    size : int
        Below n.

    Returns
    -------
    threshold : tensor of shape ()
        The t.
    probabilities : tensor of shape (n,)
    """
    down = w.sort(descending=True).values
    rest = down.flip(0).cumsum(0).flip(0)[:size]
    down = down[:size]
    thresholds = rest / (size - torch.arange(size, device=w.device))
    # So many of the heaviest stay for certain.
    first = torch.nonzero(down <= thresholds)[:, 0]
    threshold = thresholds[first[0] if len(first) else -1]
    return threshold, (w / threshold).clamp(max=1.0)


class GroupThinning:
    """Resamples the candidates of each row among themselves.

    Systematic resampling, where the weights of a row are worth no more than half of
    their number (Gordon, Salmond and Smith 1993).

    Parameters
    ----------
    size : int
        Candidates a row; they stand side by side.
    n_rows : int
    rng : torch.Generator

    Attributes
    ----------
    worth : tensor of shape (n_rows,)
        The smallest effective sample size on the way.
    """

    def __init__(self, size: int, n_rows: int, rng: torch.Generator):
        self.size = size
        self.rng = rng
        self.worth = torch.full((n_rows,), float(size), dtype=torch.float64)

    def __call__(self, log_weight):
        """Which candidates stay, side by side again, and their log-weights."""
        k = self.size
        log_w = log_weight.reshape(-1, k)
        share = log_w.softmax(1)
        worth = 1 / (share**2).sum(1)
        self.worth = torch.minimum(self.worth, worth.cpu())
        rows = torch.nonzero(worth <= WORTH * k)[:, 0]
        if not len(rows):
            return None, log_weight
        shape = (len(rows), 1)
        u = torch.rand(shape, generator=self.rng, device=share.device)
        places = (torch.arange(k, device=share.device) + u.to(share.dtype)) / k
        cumulative = share[rows].cumsum(1)
        chosen = torch.searchsorted(cumulative, places * cumulative[:, -1:])
        index = torch.arange(len(log_weight), device=share.device).reshape(-1, k)
        index[rows] = rows[:, None] * k + chosen.clamp(max=k - 1)
        log_w = log_w.clone()
        log_w[rows] = log_w[rows].logsumexp(1, keepdim=True) - torch.log(
            torch.tensor(float(k), dtype=log_w.dtype)
        )
        return index.reshape(-1), log_w.reshape(-1)
