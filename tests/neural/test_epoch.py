"""Losses of a step, and an epoch that repeats."""

import numpy as np
import pytest
import torch
from neural_cases import (
    NAMES,
    on_device,
    small_networks,
    small_recipe,
    training_data,
)
from reference import neural as plain

from sklearn_synthohive.neural._ema import warm_copy
from sklearn_synthohive.neural._epoch import (
    critic_loss,
    draw_batch,
    generator_losses,
    train_epoch,
)


def adam(net):
    generator, critic = net.generator, net.critic
    shared = [
        *generator.embeddings.parameters(),
        *generator.context_embeddings.parameters(),
    ]
    return (
        torch.optim.Adam(generator.parameters(), lr=1e-3),
        torch.optim.Adam([*critic.parameters(), *shared], lr=1e-3),
    )


def run(own, recipe, seed=5, context=None, step=0):
    """One epoch of fresh networks: the losses, the networks and their average."""
    net = small_networks(own, context)
    average = warm_copy(net.generator)
    data = training_data(own, recipe, context, seed)
    losses = train_epoch(net, average, data, recipe, *adam(net), data.rng, step)
    return {k: v.item() for k, v in losses.items()}, net, average


def test_an_epoch_repeats_with_its_seed(own, context):
    recipe = small_recipe(forced_share=0.5)
    before = torch.get_rng_state()
    losses, net, average = run(own, recipe, context=context)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    again, same, same_average = run(own, recipe, context=context)
    other, _, _ = run(own, recipe, seed=6, context=context)
    assert losses == again
    assert losses != other
    for first, second in ((net, same), (average, same_average)):
        state = second.state_dict()
        assert all(torch.equal(v, state[k]) for k, v in first.state_dict().items())


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, {"critic_loss", "generator_loss", "moment_loss"}),
        ({"moment_weight": 0}, {"critic_loss", "generator_loss"}),
        (
            {"clamp": False},
            {"critic_loss", "generator_loss", "moment_loss", "condition_loss"},
        ),
    ],
)
def test_only_losses_that_apply_are_computed(own, changes, names):
    losses, _, _ = run(own, small_recipe(**changes))
    assert set(losses) == names
    assert all(np.isfinite(list(losses.values())))


@pytest.mark.parametrize("critic_steps", [1, 3])
def test_every_weight_learns(own, context, critic_steps):
    recipe = small_recipe(critic_steps=critic_steps, forced_share=0.5, steps=8)
    before = dict(small_networks(own, context).named_parameters())
    _, net, average = run(own, recipe, context=context)
    # The distance of two scores does not know the critic's last bias.
    for name, weight in net.named_parameters():
        learnt = not torch.equal(weight, before[name])
        assert learnt == (name != "critic.head.bias"), name
    followed = dict(average.named_parameters())
    for name, weight in net.generator.named_parameters():
        assert not torch.equal(followed[name], weight), name


class TestGradients:
    """Who learns from which loss."""

    @pytest.fixture
    def parts(self, own, context):
        recipe = small_recipe(forced_share=0.5, clamp=False)
        net = small_networks(own, context).train()
        data = training_data(own, recipe, context)
        return net, data, recipe

    @staticmethod
    def gradients(net):
        return {n for n, p in net.named_parameters() if p.grad is not None}

    def test_the_critics_loss_teaches_critic_and_embeddings(self, parts):
        net, data, recipe = parts
        batch = draw_batch(net, data, recipe, data.rng)
        critic_loss(net, data, recipe, batch, data.rng).backward()
        embeddings = [*net.generator.embeddings.tables]
        embeddings += net.generator.context_embeddings.tables
        assert len(embeddings) == 3
        assert all(t.grad.abs().sum() > 0 for t in embeddings)
        learnt = self.gradients(net)
        assert {n for n, _ in net.named_parameters() if n.startswith("critic.")} <= (
            learnt
        )
        assert not any("network" in n or "biases" in n for n in learnt)

    @pytest.mark.parametrize(
        "loss", ["generator_loss", "moment_loss", "condition_loss"]
    )
    def test_the_generators_losses_teach_the_generator(self, parts, loss):
        net, data, recipe = parts
        net.critic.requires_grad_(False)
        batch = draw_batch(net, data, recipe, data.rng)
        generator_losses(net, data, recipe, batch, data.rng)[loss].backward()
        learnt = self.gradients(net)
        assert not any(n.startswith("critic.") for n in learnt)
        assert any("network" in n for n in learnt)
        if loss == "generator_loss":
            tables = [*net.generator.embeddings.tables]
            tables += net.generator.context_embeddings.tables
            assert all(t.grad.abs().sum() > 0 for t in tables)

    def test_the_critic_is_told_more_than_the_rows(self, parts):
        """Its loss is the distance of the scores and the penalty."""
        net, data, recipe = parts
        net.critic.dropout = 0.0
        batch = draw_batch(net, data, recipe, data.rng)
        rng = torch.Generator().manual_seed(3)
        loss = critic_loss(net, data, recipe, batch, rng).item()
        whole = whole_rows(net, data, batch)
        rng = torch.Generator().manual_seed(3)
        penalty = plain.gradient_penalty(net.critic, *whole, rng).item()
        real, fake = (plain.critic_scores(net.critic, r).mean().item() for r in whole)
        assert loss == pytest.approx(10 * penalty - (real - fake), rel=1e-4)


def whole_rows(net, data, batch):
    """Real and generated rows of a batch as the plain critic takes them."""
    n_states = data.table.spec.n_states
    n_forced = data.conditions.n_states
    forced = [plain.one_hot(s, n_forced) for s in batch.given.state.tolist()]
    rows = []
    dense = data.table.dense(batch.rows)
    vectors = net.generator.embeddings(data.table.codes(batch.rows))
    for block, own in (
        (dense, vectors),
        (batch.generated.dense, batch.generated.vectors),
    ):
        states, scalars = block[:, :n_states], block[:, n_states:]
        parts = [states, scalars, own, batch.given.rest, torch.tensor(forced)]
        rows.append(torch.cat(parts, dim=1).detach())
    return rows


def test_batches_match_their_conditions_and_contexts(own, context):
    recipe = small_recipe(forced_share=0.5)
    net, data = small_networks(own, context), training_data(own, recipe, context)
    batch = draw_batch(net, data, recipe, data.rng)
    assert (batch.forced.span[:10] == -1).all()
    assert (batch.forced.span[10:] >= 0).all()
    places = [*own.spec.onehot, *own.spec.coded]
    for row, span, state in zip(
        batch.rows.tolist()[10:],
        batch.forced.span.tolist()[10:],
        batch.forced.state.tolist()[10:],
        strict=True,
    ):
        assert own.table.codes[row, places[span]] == state
    # The context is that of the rows drawn, its dense part before its embeddings.
    n_coded = own.conditions.n_coded
    parents = context.device.dense(batch.rows)
    start = n_coded + parents.shape[1]
    assert torch.equal(batch.given.rest[:, n_coded:start], parents)
    vectors = net.generator.context_embeddings(context.device.codes(batch.rows))
    assert torch.equal(batch.given.rest[:, start:], vectors)


class TestMoments:
    def test_they_are_those_of_the_table(self, own, context):
        """With nothing forced, rows are drawn uniformly: the table's own moments."""
        data = training_data(own, small_recipe(forced_share=0.0), context)
        rows = data.dense(torch.arange(len(own.table)))
        own_part, parent_part = rows[:, :12], rows[:, 12:]
        scale = torch.cat(
            [plain.moment_scale(own_part, 10), plain.moment_scale(parent_part, 3)]
        )
        # 50,000 rows are drawn from 400.
        torch.testing.assert_close(data.scale, scale, rtol=0.03, atol=0)
        expected = plain.second_moments(rows, scale)
        assert set(data.moments) == {"free"}
        assert (data.moments["free"] - expected).abs().max() < 0.05

    def test_free_and_forced_rows_have_their_own(self):
        """Forced states are drawn by log-frequency, so they follow another law."""
        case = on_device([f"city={k}" for k in range(8)])
        counts = case.conditions.counts[0].tolist()
        moments = training_data(case, small_recipe(forced_share=0.5)).moments
        assert set(moments) == {"free", "forced"}
        for name, log in (("free", False), ("forced", True)):
            shares = torch.tensor(plain.shares(counts, log=log))
            assert (moments[name].diagonal() - shares).abs().max() < 0.02
        whole = training_data(case, small_recipe(forced_share=1.0)).moments
        assert set(whole) == {"forced"}

    @pytest.mark.parametrize(
        ("share", "n", "segments"),
        [
            (0.0, 10, {"free": slice(0, 10)}),
            (0.2, 10, {"free": slice(0, 8), "forced": slice(8, 10)}),
            (0.1, 10, {"free": slice(0, 9)}),
            (0.9, 10, {"forced": slice(1, 10)}),
            (1.0, 10, {"forced": slice(0, 10)}),
            (0.5, 2, {}),
        ],
    )
    def test_one_row_has_no_unbiased_estimate(self, own, share, n, segments):
        recipe = small_recipe(forced_share=share, batch_size=n)
        assert recipe.segments(n) == segments
        net, data = small_networks(own), training_data(own, recipe)
        batch = draw_batch(net, data, recipe, data.rng)
        losses = generator_losses(net, data, recipe, batch, data.rng)
        assert all(loss.isfinite() for loss in losses.values())
        assert (losses["moment_loss"] != 0) == bool(segments)

    def test_the_loss_is_the_sum_over_both_laws(self, own, context):
        recipe = small_recipe(forced_share=0.5, moment_weight=2.0)
        net, data = small_networks(own, context), training_data(own, recipe, context)
        batch = draw_batch(net, data, recipe, data.rng)
        losses = generator_losses(net, data, recipe, batch, data.rng)
        rows = torch.cat([batch.generated.dense, context.device.dense(batch.rows)], 1)
        expected = 0.0
        for name, start in (("free", 0), ("forced", 10)):
            first, second = (
                plain.second_moments(rows[i : i + 5], data.scale) - data.moments[name]
                for i in (start, start + 5)
            )
            expected += 2.0 * (first * second).sum().item()
        assert losses["moment_loss"].item() == pytest.approx(expected, rel=1e-3)

    def test_they_are_not_measured_in_vain(self, own):
        data = training_data(own, small_recipe(moment_weight=0))
        assert data.moments == {}

    def test_a_column_that_is_always_zero_has_a_scale(self):
        case = on_device(["x~value", "x~mode0"])
        case.device.scalars.zero_()
        data = training_data(case, small_recipe())
        assert data.scale.isfinite().all()
        assert data.moments["forced"].isfinite().all()


def test_learning_rates_halve_without_a_horizon(own):
    recipe = small_recipe(halving_steps=10, steps=1)
    net = small_networks(own)
    optimizers = adam(net)
    data = training_data(own, recipe)
    rates = []
    for step in (0, 10, 30, 0):
        train_epoch(net, None, data, recipe, *optimizers, data.rng, step)
        rates.append([g["lr"] for o in optimizers for g in o.param_groups])
    expected = [[r, r] for r in (1e-3, 5e-4, 2.5e-4, 1e-3)]
    np.testing.assert_allclose(rates, expected)


def test_constant_rates_stay(own):
    recipe = small_recipe(halving_steps=0)
    net = small_networks(own)
    optimizers = adam(net)
    data = training_data(own, recipe)
    train_epoch(net, None, data, recipe, *optimizers, data.rng, 1000)
    assert [g["lr"] for o in optimizers for g in o.param_groups] == [1e-3, 1e-3]


@pytest.mark.parametrize("names", [["x~value", "x~mode0"], ["a=x", "a=y"], NAMES[:1]])
def test_any_kind_of_table_trains(names):
    case = on_device(names)
    losses, _, _ = run(case, small_recipe(forced_share=0.5))
    assert all(np.isfinite(list(losses.values())))
