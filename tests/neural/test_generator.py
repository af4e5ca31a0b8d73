"""Layers, initialisation, the generator and what it draws."""

import random

import numpy as np
import pytest
import torch
from neural_cases import NAMES, on_device, small_networks
from reference import neural as plain

from sklearn_synthohive.neural import DeviceTable, draw_rows
from sklearn_synthohive.neural._ema import update_average, warm_copy
from sklearn_synthohive.neural._layers import Given


def test_the_absence_of_a_condition_is_not_learnt(own, rng):
    network = small_networks(own).generator.network
    last = network.nothing
    x = torch.randn(2, len(network.sources[0]), generator=rng)
    network(x, torch.tensor([last, 1])).square().sum().backward()
    assert not network.states[last].any()
    assert not network.states.grad[last].any()
    assert network.states.grad[1].any()


def test_networks_depend_on_their_seed_alone(own, context):
    torch.manual_seed(0)
    first = small_networks(own, context).state_dict()
    torch.manual_seed(1)
    second = small_networks(own, context).state_dict()
    other = small_networks(own, context, seed=4).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    drawn = [n for n in first if n.endswith(("weight", "states", "rows", "tables.0"))]
    drawn = [n for n in drawn if "norms" not in n]
    drawn += [n for n in first if "sources" in n]
    assert len(drawn) > 7
    assert not any(torch.equal(first[name], other[name]) for name in drawn)


def test_no_weight_is_left_uninitialised(own, context):
    """skip_init leaves memory as it was found; every weight must be drawn."""
    for name, weight in small_networks(own, context).named_parameters():
        assert weight.isfinite().all(), name
        assert weight.abs().max() < 6, name


def test_initialisation_leaves_global_generators_alone(own, context):
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    small_networks(own, context)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert np.array_equal(np.random.get_state()[1], before[2])  # noqa: NPY002


def test_embeddings_have_unit_length(own):
    embeddings = small_networks(own).generator.embeddings
    codes = torch.tensor([[0, 0], [59, 299], [7, 8]])
    vectors = embeddings(codes)
    width = own.spec.embedding_widths[0]
    torch.testing.assert_close(vectors[:, :width].norm(dim=1), torch.ones(3))
    torch.testing.assert_close(vectors[:, width:].norm(dim=1), torch.ones(3))
    torch.testing.assert_close(vectors[1, :width], embeddings.vectors(0)[59])
    torch.testing.assert_close(vectors[1, width:], embeddings.vectors(1)[299])


def test_levels_start_at_their_margins(own, rng):
    generator = small_networks(own).generator
    margins = [torch.randn(n, generator=rng) for n in own.spec.levels]
    generator.start_from_margins(margins)
    silent = torch.zeros(1, sum(own.spec.embedding_widths))
    for logits, margin in zip(generator.level_logits(silent), margins, strict=True):
        assert torch.equal(logits[0], margin)


def test_raw_outputs_split_into_their_kinds(own, rng):
    generator = small_networks(own).generator
    given = Given(
        torch.zeros(7, dtype=torch.long), torch.zeros(7, own.conditions.n_coded)
    )
    raw = generator(given, rng)
    parts = generator.split(raw)
    assert [p.shape[1] for p in parts] == [10, 2, sum(own.spec.embedding_widths)]
    assert torch.equal(torch.cat(parts, dim=1), raw)


@pytest.mark.parametrize("normalize", [True, False])
def test_each_layer_sees_all_before_it(own, rng, normalize):
    net = small_networks(own, generator_dim=(8, 5), normalize=normalize).generator
    network = net.network.eval()
    n_in = 4 + own.conditions.n_coded
    x = torch.randn(6, n_in, generator=rng)
    state = torch.tensor([0, 1, 2, 3, 4, 5])
    onehot = torch.tensor([plain.one_hot(s, network.nothing) for s in state.tolist()])
    expected = plain.residual_outputs(network, torch.cat([onehot, x], dim=1))
    torch.testing.assert_close(network(x, state), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rounded_factors_are_for_training_only(own, rng, dtype):
    # Batch norm would keep the rounding in its running statistics.
    net = small_networks(own, dtype=dtype, normalize=False).generator.network
    exact = small_networks(own, normalize=False).generator.network
    x = torch.randn(40, len(net.sources[0]), generator=rng)
    state = torch.arange(40) % (net.nothing + 1)
    same = torch.equal(net(x, state), exact(x, state))
    assert same == (dtype == torch.float32)
    expected = exact(x, state)
    assert (net(x, state) - expected).norm() < 0.02 * expected.norm()
    assert torch.equal(net.eval()(x, state), exact.eval()(x, state))


class TestAverage:
    def test_it_is_the_warmed_up_mean(self):
        module = torch.nn.BatchNorm1d(1)
        average = warm_copy(module)
        values = np.random.default_rng(0).normal(size=40)
        for step, value in enumerate(values):
            with torch.no_grad():
                module.weight.fill_(value)
                module.running_mean.fill_(value)
                module.num_batches_tracked.fill_(step)
            update_average(average, module, 0.6, step)
        assert average.weight.item() == pytest.approx(
            plain.moving_average(1.0, values, 0.6), rel=1e-5
        )
        assert average.running_mean.item() == pytest.approx(
            plain.moving_average(0.0, values, 0.6), rel=1e-5
        )
        assert average.num_batches_tracked.item() == 39

    def test_it_takes_no_gradients_and_shares_nothing(self, own):
        net = small_networks(own).generator
        average = warm_copy(net)
        assert not any(p.requires_grad for p in average.parameters())
        assert all(p.requires_grad for p in net.parameters())
        before = average.network.bias.clone()
        with torch.no_grad():
            net.network.bias += 1
        assert torch.equal(average.network.bias, before)


class TestDrawnRows:
    @pytest.fixture
    def net(self, own):
        return small_networks(own).generator.eval()

    def draw(self, own, net, n=500, seed=0, **options):
        return draw_rows(net, own.conditions, own.layout, n, seed, **options)

    def test_they_fit_the_layout(self, own, net):
        table = self.draw(own, net)
        own.layout.check(own.layout.expand(table))
        assert table.scalars.dtype == np.float32
        bounds = np.array(own.spec.bounds, dtype=np.float32)
        assert (np.abs(table.scalars) <= bounds + 1e-6).all()

    def test_scalars_stand_only_where_a_mode_does(self, own, net):
        table = self.draw(own, net)
        states = table.codes[:, 1]
        assert set(np.unique(states)) == {0, 1, 2, 3}
        assert not table.scalars[states >= 2, 0].any()
        assert table.scalars[states < 2, 0].all()

    def test_a_seed_repeats_them(self, own, net):
        first, same, other = (self.draw(own, net, seed=s) for s in (1, 1, 2))
        assert np.array_equal(first.codes, same.codes)
        assert np.array_equal(first.scalars, same.scalars)
        assert not np.array_equal(first.scalars, other.scalars)

    def test_forced_states_are_kept(self, own, net):
        pairs = np.tile([[1, 2], [2, 1], [4, 17], [5, 299], [-1, 0]], (100, 1))
        table = self.draw(own, net, forced=pairs)
        places = [*own.spec.onehot, *own.spec.coded]
        for row, (span, state) in zip(table.codes, pairs, strict=True):
            assert span == -1 or row[places[span]] == state

    def test_states_are_forced_by_their_true_frequency(self):
        """One column only: what is forced is what comes out."""
        case = on_device(["city=a", "city=b", "city=c", "city=d"], n=1000)
        net = small_networks(case).generator.eval()
        n = 100_000
        table = self.draw(case, net, n=n)
        drawn = np.bincount(table.codes[:, 0], minlength=4) / n
        expected = np.array(plain.shares(case.conditions.counts[0].tolist(), log=False))
        assert np.abs(drawn - expected).max() < 4 * np.sqrt(0.25 / n)

    def test_unclamped_states_are_the_networks_own(self, own, net):
        pairs = np.tile([[1, 2]], (400, 1))
        table = self.draw(own, net, n=400, forced=pairs, clamp=False)
        assert (table.codes[:, 3] != 2).any()

    def test_the_context_counts(self, own, context):
        net = small_networks(own, context).generator.eval()
        drawn = [
            self.draw(own, net, n=400, seed=1, context=on_device_table(context, shift))
            for shift in (0, 1)
        ]
        assert not np.array_equal(drawn[0].scalars, drawn[1].scalars)

    def test_no_rows(self, own, net):
        table = self.draw(own, net, n=0)
        assert table.codes.shape == (0, len(own.layout.spans))


def on_device_table(case, shift):
    """The device table of a case, its rows rolled by some places."""
    rows = np.roll(np.arange(len(case.table)), shift)
    return DeviceTable(case.table.take(rows), case.spec)


def test_names_cover_every_kind_of_span():
    kinds = {span.kind for span in on_device(NAMES).layout.spans}
    assert kinds == {"continuous", "discrete", "code"}
