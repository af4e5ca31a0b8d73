"""One epoch of adversarial training, as pure torch."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from sklearn_synthohive.neural._activations import activate, conditioned_loss
from sklearn_synthohive.neural._conditions import Conditions, Forced, MatchingRows
from sklearn_synthohive.neural._ema import update_average
from sklearn_synthohive.neural._losses import (
    gradient_penalty,
    moment_loss,
    second_moments,
)
from sklearn_synthohive.neural._networks import ConditionalGAN
from sklearn_synthohive.neural._row import DeviceTable

__all__ = ["AdversarialData", "Recipe", "train_epoch"]

MOMENT_ROWS = 50_000


@dataclass(frozen=True)
class Recipe:
    """What an adversarial step does.

    Attributes
    ----------
    batch_size : int
    steps : int
        Generator steps an epoch.
    critic_steps : int
        Critic steps before each generator step.
    moment_weight : float
        Weight of the second-moment loss; zero switches it off.
    average_decay : float
        Decay of the generator's moving average; zero keeps the last weights.
    penalty_weight : float
        Weight of the gradient penalty.
    forced_share : float
        Share of the rows with a forced state.
    clamp : bool
        Forced states are put in place; else the generator learns to produce them by
        cross-entropy, as in the paper.
    state_noise : float
        Scale of the Gumbel noise on one-hot states, in training and sampling.
    halving_steps : int
        Steps after which both learning rates have halved, as 1 / (1 + step / halving);
        zero keeps them constant.
    """

    batch_size: int
    steps: int
    critic_steps: int
    moment_weight: float
    average_decay: float
    penalty_weight: float = 10.0
    forced_share: float = 1.0
    clamp: bool = True
    state_noise: float = 1.0
    halving_steps: int = 0

    def activate(self, net, raw, rng, forced):
        """Rows from raw outputs, in the manner of this recipe."""
        return activate(
            net,
            raw,
            rng,
            state_noise=self.state_noise,
            forced=forced if self.clamp else None,
        )


class AdversarialData:
    """The training rows on the device, and what is precomputed from them.

    Parameters
    ----------
    table : DeviceTable
    context : DeviceTable or None
    conditions : Conditions
    rng : torch.Generator
        On the tables' device; draws all that training draws.
    """

    def __init__(
        self,
        table: DeviceTable,
        context: DeviceTable | None,
        conditions: Conditions,
        rng: torch.Generator,
    ):
        self.table = table
        self.context = context
        self.conditions = conditions
        self.rng = rng
        self.matching = MatchingRows(table, conditions)
        self.scale: torch.Tensor | None = None
        self.moments: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.table)

    def draw(
        self, n: int, rng: torch.Generator, recipe: Recipe
    ) -> tuple[Forced, torch.Tensor]:
        """Conditions and, for each, a training row that meets it."""
        forced = self.conditions.draw(
            n, rng, log_frequency=True, share=recipe.forced_share
        )
        return forced, self.matching.draw(forced, rng)

    def dense(self, rows: torch.Tensor) -> torch.Tensor:
        """States and scalars of the rows, then those of their context."""
        own = self.table.dense(rows)
        if self.context is None:
            return own
        return torch.cat([own, self.context.dense(rows)], dim=1)

    def measure_moments(self, rng: torch.Generator, recipe: Recipe):
        """Second moments of the rows as training draws them.

        Scalars are divided by their root mean square over the rows that have one, so
        that each column weighs the same and rare values do not dominate.
        """
        if not recipe.moment_weight:
            return
        n_chunks = -(-MOMENT_ROWS // 5_000)
        chunks = [self.draw(5_000, rng, recipe)[1] for _ in range(n_chunks)]
        parts = [self.dense(rows) for rows in chunks]
        self.scale = _moment_scale(parts, self.widths)
        moments = [second_moments(part, self.scale) for part in parts]
        self.moments = torch.stack(moments).mean(0)

    @property
    def widths(self) -> list[tuple[int, int]]:
        """Widths of the states and scalars of the table, then of the context."""
        tables = [t for t in (self.table, self.context) if t is not None]
        return [(t.spec.n_states, len(t.spec.continuous)) for t in tables]


def _moment_scale(parts, widths) -> torch.Tensor:
    """One for states; for scalars the inverse root mean square where there is one."""
    total = sum(part.square().sum(0) for part in parts)
    present = sum((part != 0).sum(0) for part in parts).clamp(min=1)
    rms = (total / present).clamp(min=1e-6).sqrt()
    scale, start = torch.ones_like(rms), 0
    for n_states, n_scalars in widths:
        values = slice(start + n_states, start + n_states + n_scalars)
        scale[values] = 1 / rms[values]
        start = values.stop
    return scale


def given(net: ConditionalGAN, data: AdversarialData, forced: Forced, rows):
    """Condition and context as the networks' input, shape (n, n_given)."""
    parts = [data.conditions.vectors(forced, net.generator.embeddings)]
    if data.context is not None:
        parts.append(data.context.dense(rows))
        parts.append(net.generator.context_embeddings(data.context.codes(rows)))
    return torch.cat(parts, dim=1)


def critic_loss(net, data, recipe, rng) -> torch.Tensor:
    """Wasserstein loss of the critic with its penalty; embeddings learn from it."""
    forced, rows = data.draw(recipe.batch_size, rng, recipe)
    known = given(net, data, forced, rows)
    with torch.no_grad():
        raw = net.generator(known, rng)
        generated = recipe.activate(net.generator, raw, rng, forced)
    vectors = net.generator.embeddings(data.table.codes(rows))
    real = torch.cat([data.table.dense(rows), vectors, known], dim=1)
    fake = torch.cat([generated.dense, generated.vectors, known], dim=1)
    penalty = gradient_penalty(net.critic, real.detach(), fake.detach(), rng)
    distance = net.critic(real, rng).mean() - net.critic(fake, rng).mean()
    return recipe.penalty_weight * penalty - distance


def generator_losses(net, data, recipe, rng) -> dict[str, torch.Tensor]:
    """The generator's losses on a fresh draw of conditions, contexts and noise."""
    forced, rows = data.draw(recipe.batch_size, rng, recipe)
    known = given(net, data, forced, rows)
    raw = net.generator(known, rng)
    generated = recipe.activate(net.generator, raw, rng, forced)
    fake = torch.cat([generated.dense, generated.vectors, known], dim=1)
    losses = {"generator_loss": -net.critic(fake, rng).mean()}
    if not recipe.clamp:
        losses["condition_loss"] = conditioned_loss(generated, forced)
    if recipe.moment_weight:
        dense = generated.dense
        if data.context is not None:
            dense = torch.cat([dense, data.context.dense(rows)], dim=1)
        moments = moment_loss(dense, data.scale, data.moments)
        losses["moment_loss"] = recipe.moment_weight * moments
    return losses


def train_epoch(
    net: ConditionalGAN,
    average: torch.nn.Module | None,
    data: AdversarialData,
    recipe: Recipe,
    generator_optimizer: torch.optim.Optimizer,
    critic_optimizer: torch.optim.Optimizer,
    rng: torch.Generator,
    step: int = 0,
) -> dict[str, torch.Tensor]:
    """Alternate critic and generator steps over about one pass of the rows.

    Parameters
    ----------
    net : ConditionalGAN
    average : nn.Module or None
        Moving average of ``net.generator``.
    data : AdversarialData
    recipe : Recipe
    generator_optimizer, critic_optimizer : torch.optim.Optimizer
    rng : torch.Generator
        Draws everything that is random.
    step : int
        Generator steps taken in earlier epochs.

    Returns
    -------
    dict of str to tensor
        Mean of each loss over the epoch, still on the device.
    """
    net.train()
    totals: dict[str, torch.Tensor] = {}
    for k in range(recipe.steps):
        for optimizer in (generator_optimizer, critic_optimizer):
            _decay_rate(optimizer, recipe.halving_steps, step + k)
        for _ in range(recipe.critic_steps):
            loss = critic_loss(net, data, recipe, rng)
            critic_optimizer.zero_grad(set_to_none=True)
            loss.backward()
            critic_optimizer.step()
            _add(totals, "critic_loss", loss, recipe.critic_steps)
        net.critic.requires_grad_(False)
        losses = generator_losses(net, data, recipe, rng)
        generator_optimizer.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        generator_optimizer.step()
        net.critic.requires_grad_(True)
        for name, value in losses.items():
            _add(totals, name, value)
        if average is not None:
            update_average(average, net.generator, recipe.average_decay, step + k)
    return {name: total / recipe.steps for name, total in totals.items()}


def _decay_rate(optimizer, halving_steps, step):
    """A schedule without a horizon: nobody knows beforehand when training ends."""
    if halving_steps:
        for group in optimizer.param_groups:
            initial = group.setdefault("initial_lr", group["lr"])
            group["lr"] = initial / (1 + step / halving_steps)


def _add(totals, name, loss, share=1):
    value = loss.detach() / share
    totals[name] = totals[name] + value if name in totals else value
