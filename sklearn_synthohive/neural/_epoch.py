"""One epoch of adversarial training, as pure torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch

from sklearn_synthohive.neural._activations import (
    GeneratedRows,
    activate,
    conditioned_loss,
)
from sklearn_synthohive.neural._conditions import Conditions, Forced, MatchingRows
from sklearn_synthohive.neural._ema import update_average
from sklearn_synthohive.neural._generator import ConditionalGAN, TabularGenerator
from sklearn_synthohive.neural._layers import Given
from sklearn_synthohive.neural._losses import (
    gradient_penalty,
    moment_loss,
    second_moments,
)
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

    def segments(self, n):
        """The free rows of n and the forced ones, as slices, where there are some.

        Forced states follow another law, so the moments of the two are compared
        apart. An estimate of moments that is unbiased takes two rows.
        """
        n_free = n - round(self.forced_share * n)
        parts = {"free": slice(0, n_free), "forced": slice(n_free, n)}
        return {k: rows for k, rows in parts.items() if rows.stop - rows.start > 1}

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
        self.scale = torch.zeros(0)
        self.moments: dict[str, torch.Tensor] = {}

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

    def given(
        self, generator: TabularGenerator, forced: Forced, rows: torch.Tensor
    ) -> Given:
        """Conditions and contexts as the networks take them."""
        parts = [self.conditions.coded(forced, generator.embeddings)]
        if self.context is not None:
            codes = self.context.codes(rows)
            parts.append(self.context.dense(rows))
            parts.append(generator.context_embeddings(codes))
        rest = torch.cat(parts, dim=1)
        return Given(self.conditions.states(forced), rest)

    def measure_moments(self, rng: torch.Generator, recipe: Recipe):
        """Second moments of the rows as training draws them.

        Scalars are divided by their root mean square over the rows that have one, so
        that each column weighs the same and rare values do not dominate.
        """
        if not recipe.moment_weight:
            return
        n_chunks = -(-MOMENT_ROWS // 5_000)
        chunks = [self.draw(5_000, rng, recipe)[1] for _ in range(n_chunks)]
        parts = [self.dense(chunk) for chunk in chunks]
        self.scale = _moment_scale(parts, self.widths)
        for name, rows in recipe.segments(5_000).items():
            moments = [second_moments(part[rows], self.scale) for part in parts]
            self.moments[name] = torch.stack(moments).mean(0)

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


class Batch(NamedTuple):
    """Conditions, training rows that meet them, and rows generated for them."""

    forced: Forced
    rows: torch.Tensor
    given: Given
    generated: GeneratedRows


def draw_batch(net: ConditionalGAN, data: AdversarialData, recipe, rng) -> Batch:
    """Fresh conditions, contexts and noise, and the rows that come of them."""
    forced, rows = data.draw(recipe.batch_size, rng, recipe)
    generator = net.generator
    known = data.given(generator, forced, rows)
    generated = recipe.activate(generator, generator(known, rng), rng, forced)
    return Batch(forced, rows, known, generated)


def critic_loss(net: ConditionalGAN, data: AdversarialData, recipe, batch, rng):
    """Wasserstein loss of the critic with its penalty; embeddings learn from it."""
    generator, critic = net.generator, net.critic
    # The batch's own inputs hang on the generator's graph: the embeddings anew.
    known = data.given(generator, batch.forced, batch.rows)
    real = data.table.dense(batch.rows)
    vectors = generator.embeddings(data.table.codes(batch.rows))
    fake, own = batch.generated.dense.detach(), batch.generated.vectors.detach()
    both = critic.read(
        torch.cat([real, fake]),
        torch.cat([vectors, own]),
        Given(known.state.repeat(2), known.rest.repeat(2, 1)),
    )
    half = len(both) // 2
    penalty = gradient_penalty(critic, both[:half], both[half:], rng)
    true, made = critic(both, rng).chunk(2)
    distance = true.mean() - made.mean()
    return recipe.penalty_weight * penalty - distance


def generator_losses(
    net: ConditionalGAN, data: AdversarialData, recipe, batch, rng
) -> dict[str, torch.Tensor]:
    """The generator's losses on a batch that the critic has not seen."""
    generated = batch.generated
    fake = net.critic.read(generated.dense, generated.vectors, batch.given)
    losses = {"generator_loss": -net.critic(fake, rng).mean()}
    if not recipe.clamp:
        losses["condition_loss"] = conditioned_loss(generated, batch.forced)
    if recipe.moment_weight:
        dense = generated.dense
        if data.context is not None:
            dense = torch.cat([dense, data.context.dense(batch.rows)], dim=1)
        total = dense.new_zeros(())
        for name, rows in recipe.segments(len(dense)).items():
            if name in data.moments:
                moments = moment_loss(dense[rows], data.scale, data.moments[name])
                total = total + moments
        losses["moment_loss"] = recipe.moment_weight * total
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
    """Alternate generator and critic steps over about one pass of the rows.

    The critic's first step takes the rows that the generator has just made, so that a
    round with one critic step runs the generator once, not twice.

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
        net.critic.requires_grad_(False)
        batch = draw_batch(net, data, recipe, rng)
        losses = generator_losses(net, data, recipe, batch, rng)
        generator_optimizer.zero_grad(set_to_none=False)
        torch.stack(list(losses.values())).sum().backward()
        generator_optimizer.step()
        net.critic.requires_grad_(True)
        for name, value in losses.items():
            _add(totals, name, value)
        for again in range(recipe.critic_steps):
            if again:
                with torch.no_grad():
                    batch = draw_batch(net, data, recipe, rng)
            loss = critic_loss(net, data, recipe, batch, rng)
            # The critic adds to its gradients in place: they keep their memory.
            critic_optimizer.zero_grad(set_to_none=False)
            loss.backward()
            critic_optimizer.step()
            _add(totals, "critic_loss", loss, recipe.critic_steps)
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
