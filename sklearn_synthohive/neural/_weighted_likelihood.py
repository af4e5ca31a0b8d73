"""One epoch of adversarial training by weighted likelihood."""

from __future__ import annotations

import torch

from sklearn_synthohive.neural._autoregressive import AutoregressiveNet
from sklearn_synthohive.neural._ema import update_average
from sklearn_synthohive.neural._likelihood import LikelihoodData, LikelihoodRecipe

__all__ = ["weighted_epoch"]


def weighted_epoch(
    net: AutoregressiveNet,
    average: torch.nn.Module,
    data: LikelihoodData,
    pool: LikelihoodData,
    ratio: torch.Tensor,
    recipe: LikelihoodRecipe,
    optimizer: torch.optim.Optimizer,
    weight: float = 1.0,
) -> dict[str, torch.Tensor]:
    """Raise the likelihood of sampled rows that are too rare and lower that of others.

    With rows drawn from the network's own law q and r = p / q as a critic estimates it,
    the gradient of KL(p || q) is that of ``-E_q[(r - 1) log q]`` (maximum-likelihood
    augmented GAN, Che et al. 2017, arXiv:1702.07983): no gradient passes through the
    rows, so the critic may be any classifier. The likelihood of real rows anchors it.

    Parameters
    ----------
    net : AutoregressiveNet
    average : nn.Module
        Moving average of the network.
    data : LikelihoodData
        Real rows.
    pool : LikelihoodData
        Rows drawn from the network.
    ratio : tensor of shape (n_pool,)
        The critic's p / q of the pool's rows, with a mean of one.
    recipe : LikelihoodRecipe
    optimizer : torch.optim.Optimizer
    weight : float
        Of the adversarial term.

    Returns
    -------
    dict of str to tensor
        Mean of both terms over the epoch.
    """
    net.train()
    device = data.states.device
    scores, own = data.scores(), pool.scores()
    real = torch.randperm(len(data), generator=data.rng, device=device)
    drawn = torch.randperm(len(pool), generator=data.rng, device=device)
    size = min(recipe.batch_size, len(data), len(pool))
    n_steps = min(len(data), len(pool)) // size
    totals = torch.zeros(2, device=device)
    for k in range(n_steps):
        rows = real[k * size : (k + 1) * size]
        likelihood = net(data.states[rows].long(), scores[rows]).sum(1)
        anchor = -likelihood.mean()
        rows = drawn[k * size : (k + 1) * size]
        likelihood = net(pool.states[rows].long(), own[rows]).sum(1)
        adversarial = -((ratio[rows] - 1) * likelihood).mean()
        optimizer.zero_grad(set_to_none=True)
        (anchor + weight * adversarial).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), recipe.clip)
        optimizer.step()
        update_average(average, net, recipe.average_decay, recipe.steps + k)
        totals += torch.stack([anchor.detach(), adversarial.detach()])
    anchor, adversarial = totals / n_steps
    return {"nll_loss": anchor, "generator_loss": adversarial}
