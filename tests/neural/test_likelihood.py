"""Epochs of maximum likelihood: repeatable, resumable, and with a sound average."""

import copy

import numpy as np
import pytest
import torch
from neural_cases import NAMES, compact

from sklearn_synthohive.layout import CompactTable, Layout
from sklearn_synthohive.neural import (
    AutoregressiveNet,
    Columns,
    LikelihoodData,
    LikelihoodNet,
    LikelihoodRecipe,
    NormalScores,
    mean_log_likelihood,
    weighted_epoch,
)
from sklearn_synthohive.neural import _likelihood as likelihood
from sklearn_synthohive.neural._ema import warm_copy
from sklearn_synthohive.neural._heads import chosen_log_probability, odds
from sklearn_synthohive.neural._likelihood import likelihood_epoch
from sklearn_synthohive.neural._normal_scores import REACH

LAYOUT = Layout.from_names(NAMES)
TABLE = compact(LAYOUT, 300, 0)
COLUMNS = Columns.of(LAYOUT, None, [3, 5, 0, 4, 1, 2])
RECIPE = LikelihoodRecipe(batch_size=50, steps=6, average_decay=0.9, warm_up=10)


def training_data(seed=5, table=TABLE):
    rng = torch.Generator().manual_seed(seed)
    return LikelihoodData([(table, NormalScores.fit(LAYOUT, table))], rng)


def epoch(recipe=RECIPE, seed=5, step=0, lr=1e-2):
    """One epoch of a fresh network."""
    net = AutoregressiveNet(COLUMNS, (4, 4), seed=0)
    average = warm_copy(net)
    optimizer = torch.optim.AdamW(net.parameters(), lr=lr)
    data = training_data(seed)
    loss = likelihood_epoch(net, average, data, recipe, optimizer, step)
    return loss["nll_loss"].item(), net, average, optimizer


def skorch_net(recipe=RECIPE):
    net = LikelihoodNet(
        recipe=recipe,
        lr=1e-2,
        max_epochs=9,
        module__columns=COLUMNS,
        module__hidden=(4, 4),
        module__seed=0,
    )
    return net.initialize()


def equal(first, second):
    return all(torch.equal(v, second[k]) for k, v in first.items())


class TestEpoch:
    def test_it_repeats_with_its_seed_and_leaves_the_global_one(self):
        before = torch.get_rng_state()
        numpy_before = np.random.get_state()[1].copy()  # noqa: NPY002
        loss, net, average, _ = epoch()
        assert torch.equal(torch.get_rng_state(), before)
        assert np.array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002
        again, same, same_average, _ = epoch()
        other, _, _, _ = epoch(seed=6)
        assert loss == again != other
        assert equal(net.state_dict(), same.state_dict())
        assert equal(average.state_dict(), same_average.state_dict())

    @pytest.mark.parametrize("step", [0, 4, 500])
    def test_the_learning_rate_is_as_it_was(self, step):
        optimizer = epoch(step=step)[3]
        assert optimizer.param_groups[0]["lr"] == 1e-2

    def test_the_rate_warms_up_over_the_epochs(self):
        """A first step at a tenth of the rate moves a tenth as far."""
        one = LikelihoodRecipe(batch_size=300, steps=1, warm_up=10)
        first = AutoregressiveNet(COLUMNS, (4, 4), seed=0).first.bias
        cold, warm = (
            (epoch(one, step=step)[1].first.bias - first).abs().max().item()
            for step in (0, 9)
        )
        assert cold == pytest.approx(warm / 10, rel=1e-3)

    def test_the_loss_falls_and_the_likelihood_rises(self):
        net = AutoregressiveNet(COLUMNS, (4, 4), seed=0)
        optimizer = torch.optim.AdamW(net.parameters(), lr=2e-2)
        data = training_data()
        scores = data.scores()
        before = mean_log_likelihood(net, data.states, scores)
        losses = [
            likelihood_epoch(net, None, data, RECIPE, optimizer, 6 * k)["nll_loss"]
            for k in range(5)
        ]
        assert losses[-1] < losses[0] - 1
        assert mean_log_likelihood(net, data.states, scores) > before + 1

    def test_the_average_holds_no_nan(self):
        """The padding of short columns is far from zero, and must stay finite."""
        _, net, average, _ = epoch()
        state = average.state_dict()
        assert all(v.isfinite().all() for v in state.values())
        assert torch.equal(average.heads.mask_0, net.heads.mask_0)
        assert torch.equal(average.first.mask, net.first.mask)
        assert not equal(state, net.state_dict())
        rows = training_data()
        assert np.isfinite(mean_log_likelihood(average, rows.states, rows.scores()))

    def test_the_average_follows_no_gradient(self):
        _, _, average, _ = epoch()
        assert not any(p.requires_grad for p in average.parameters())

    def test_every_weight_learns(self):
        net, data = epoch()[1], training_data()
        net.zero_grad()
        net(data.states.long(), data.scores()).sum().backward()
        still = [k for k, v in net.named_parameters() if not v.grad.any()]
        # The last column of the order is seen by none.
        assert still == ["tables.2"]

    def test_a_step_is_clipped(self):
        """However large the loss, no gradient above the limit is taken."""
        norms = []
        recipe = LikelihoodRecipe(batch_size=100, steps=3, clip=0.01, warm_up=1)
        net = AutoregressiveNet(COLUMNS, (4, 4), seed=0)

        class Witness(torch.optim.SGD):
            def step(self, closure=None):
                grads = [p.grad for p in net.parameters() if p.grad is not None]
                norms.append(torch.stack(torch._foreach_norm(grads)).norm().item())
                return super().step(closure)

        likelihood_epoch(net, None, training_data(), recipe, Witness(net.parameters()))
        assert len(norms) == 3
        assert max(norms) <= 0.01 * 1.001

    def test_the_rate_cools_along_half_a_cosine(self):
        rates = []
        recipe = LikelihoodRecipe(batch_size=50, steps=6, warm_up=1)
        net = AutoregressiveNet(COLUMNS, (4, 4), seed=0)

        class Witness(torch.optim.SGD):
            def step(self, closure=None):
                rates.append(self.param_groups[0]["lr"])
                return super().step(closure)

        optimizer, data = Witness(net.parameters(), lr=0.01), training_data()
        for cooling in ((0.0, 0.0), (0.0, 0.5), (0.5, 1.0)):
            likelihood_epoch(net, None, data, recipe, optimizer, 1, cooling)
        assert optimizer.param_groups[0]["lr"] == 0.01
        n = len(data) // 50
        done = np.concatenate([np.zeros(n), np.arange(2 * n) / (2 * n)])
        np.testing.assert_allclose(rates, 0.005 * (1 + np.cos(np.pi * done)))

    def test_the_mean_does_not_depend_on_the_batches(self, monkeypatch):
        net = AutoregressiveNet(COLUMNS, (4, 4), seed=0)
        data = training_data()
        scores = data.scores()
        whole = net(data.states.long(), scores).detach().sum(1).mean().item()
        assert mean_log_likelihood(net, data.states, scores) == pytest.approx(whole)
        monkeypatch.setattr(likelihood, "affordable_rows", lambda columns: 7)
        assert mean_log_likelihood(net, data.states, scores) == pytest.approx(whole)


class TestData:
    def test_ties_are_placed_afresh_and_the_rest_stays(self):
        layout = Layout.from_names(["a~value", "a~mode0", "b~value", "b~mode0"])
        rng = np.random.default_rng(0)
        tied, smooth = rng.integers(0, 9, 400) / 9, rng.normal(size=400)
        table = CompactTable(
            np.zeros((400, 2), np.uint8),
            np.stack([tied, smooth], axis=1).astype(np.float32),
        )
        pair = (table, NormalScores.fit(layout, table))
        data = LikelihoodData([pair], torch.Generator().manual_seed(0))
        first, second = data.scores(), data.scores()
        assert not torch.equal(first[:, 0], second[:, 0])
        assert torch.equal(first[:, 1], second[:, 1])
        assert first.abs().max() <= REACH
        assert len(data) == 400

    def test_context_columns_come_first(self):
        context = Layout.from_names(["age~value", "age~mode0", "land=n", "land=s"])
        given = compact(context, 300, 1)
        tables = [
            (given, NormalScores.fit(context, given)),
            (TABLE, NormalScores.fit(LAYOUT, TABLE)),
        ]
        data = LikelihoodData(tables, torch.Generator())
        assert np.array_equal(data.states[:, :2].numpy(), given.codes)
        assert np.array_equal(data.states[:, 2:].numpy(), TABLE.codes)
        assert data.scores().shape == (300, 3)

    def test_rows_are_added_behind(self):
        data, more = training_data(), training_data(seed=1)
        n, first = len(data), data.scores()
        data.extend(more)
        assert len(data) == n + len(more)
        assert torch.equal(data.states[n:], more.states)
        assert torch.equal(data.states[:n], more.states)
        assert data.scores().shape == (len(data), first.shape[1])


class TestResuming:
    def go_on(self, net, data, epochs):
        for k in range(epochs):
            if len(net.history) >= 2:
                net.cool(2, 3)
            net.train(data, 1)
            if len(net.history) == 2:
                # As at a plateau: back to an earlier state, at a falling rate.
                net.rewind(copy.deepcopy(self.best))
            elif k == 0 and len(net.history) == 1:
                self.best = copy.deepcopy(net.sampler.state_dict())
        return net

    @pytest.mark.parametrize("decay", [0.9, 0.0])
    @pytest.mark.parametrize("cut", [2, 3, 4])
    def test_to_the_bit_across_a_rewind(self, decay, cut):
        recipe = LikelihoodRecipe(50, 6, average_decay=decay, warm_up=10)
        data = training_data()
        whole = self.go_on(skorch_net(recipe), data, 5)

        data = training_data()
        first = self.go_on(skorch_net(recipe), data, cut)
        state, place = copy.deepcopy(first.training_state()), data.rng.get_state()
        data = training_data(seed=77)
        data.rng.set_state(place)
        resumed = self.go_on(skorch_net(recipe).restore(state), data, 5 - cut)

        assert resumed.history[:, "nll_loss"] == whole.history[:, "nll_loss"]
        assert equal(whole.module_.state_dict(), resumed.module_.state_dict())
        assert equal(whole.sampler.state_dict(), resumed.sampler.state_dict())

    def test_a_rewind_goes_back_in_both_copies(self):
        net, data = skorch_net(), training_data()
        best = copy.deepcopy(net.train(data, 1).sampler.state_dict())
        net.train(data, 2)
        assert not equal(best, net.sampler.state_dict())
        net.rewind(best)
        assert equal(best, net.module_.state_dict())
        assert equal(best, net.average_.state_dict())

    def test_settled_nets_sample_from_what_they_keep(self):
        net = skorch_net().train(training_data(), 2)
        averaged = copy.deepcopy(net.sampler.state_dict())
        net.settle(None)
        assert equal(averaged, net.module_.state_dict())
        assert net.sampler is net.module_
        assert not net.optimizer_.state


def test_weights_move_the_likelihood_of_sampled_rows():
    """A step of plain gradient descent against the formula."""
    data, pool = training_data(), training_data(seed=9)
    recipe = LikelihoodRecipe(batch_size=len(data), steps=1, clip=1e9)
    ratio = torch.linspace(0, 2, len(pool))
    ratio /= ratio.mean()
    net = AutoregressiveNet(COLUMNS, (4, 4), seed=0).double()
    plain = copy.deepcopy(net)
    data.low, data.high = data.high, data.high
    pool.low, pool.high = pool.high, pool.high
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    weighted_epoch(net, warm_copy(net), data, pool, ratio, recipe, optimizer, 0.5)

    real = plain(data.states.long(), data.scores()).sum(1).mean()
    own = plain(pool.states.long(), pool.scores()).sum(1)
    loss = -real - 0.5 * ((ratio - 1) * own).mean()
    loss.backward()
    for before, after in zip(plain.parameters(), net.parameters(), strict=True):
        expected = before if before.grad is None else before - 1e-3 * before.grad
        torch.testing.assert_close(after, expected)


@pytest.mark.parametrize("k", [1, 5, 15, 16, 40])
def test_the_chosen_log_probability_is_that_of_a_softmax(k):
    rng = torch.Generator().manual_seed(0)
    logits = (3 * torch.randn(4, 30, k, generator=rng)).requires_grad_()
    index = torch.randint(k, (4, 30, 1), generator=rng)
    weights = torch.randn(4, 30, generator=rng)
    results = []
    for function in (
        chosen_log_probability,
        lambda x, i: x.log_softmax(-1).gather(-1, i)[..., 0],
    ):
        logits.grad = None
        out = function(logits, index)
        (out * weights).sum().backward()
        results.append((out.detach(), logits.grad))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("k", [3, 20])
def test_odds_are_probabilities_up_to_a_factor(k):
    logits = 30 * torch.randn(50, k, generator=torch.Generator().manual_seed(0))
    found = odds(logits)
    found = found / found.sum(1, keepdim=True)
    torch.testing.assert_close(found, logits.softmax(1))
