"""The density of the autoregressive network, and rows that follow it."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from neural_cases import NAMES, compact, small_net
from reference import autoregressive as plain
from scipy import integrate, stats

from sklearn_synthohive.layout import Layout
from sklearn_synthohive.neural import (
    FREE,
    AutoregressiveNet,
    Columns,
    Rule,
    draw_columns,
    draw_conditioned,
)
from sklearn_synthohive.neural._autoregressive import mixture_parameters
from sklearn_synthohive.neural._heads import DenseHeads

CONTEXT = ["age~value", "age~mode0", "land=n", "land=s", "id~code[70]"]
# The spans of NAMES: tail (60 codes), size (modes, spike, missing), city, port (300
# codes, so with tied logits), flag, height.
ORDER = [3, 5, 0, 4, 1, 2]


def rows_of(names=NAMES, context=None, n=12, seed=0):
    """Random states and scores, context first."""
    tables = [compact(Layout.from_names(names), n, seed)]
    if context is not None:
        tables.insert(0, compact(Layout.from_names(context), n, seed + 1))
    states = np.concatenate([t.codes for t in tables], axis=1).astype(np.int64)
    scores = np.concatenate([3 * t.scalars for t in tables], axis=1)
    return torch.as_tensor(states), torch.as_tensor(scores)


@pytest.fixture(scope="module")
def net():
    return small_net(context=CONTEXT, order=ORDER).double()


@pytest.fixture(scope="module")
def rows():
    states, scores = rows_of(context=CONTEXT)
    return states, scores.double()


class TestDensity:
    @pytest.mark.parametrize("context", [None, CONTEXT])
    @pytest.mark.parametrize("hidden", [(5, 5), (4,), (3, 3, 3)])
    def test_it_equals_the_plain_one(self, context, hidden):
        net = small_net(context=context, order=ORDER, hidden=hidden).double()
        states, scores = rows_of(context=context)
        scores = scores.double()
        terms = net(states, scores).detach().numpy()
        np.testing.assert_allclose(
            terms, plain.log_densities(net, states, scores), rtol=1e-5, atol=1e-6
        )

    @pytest.mark.parametrize(
        "names",
        [
            ["a=x", "a=y", "b=x", "b=y", "b=z"],
            ["a~value", "a~mode0", "b~value", "b~mode0", "b~mode1"],
            ["a~code[250]"],
            ["a~value", "a~mode0"],
            ["a=only"],
        ],
        ids=["discrete", "numbers", "one of many levels", "one number", "one level"],
    )
    def test_tables_of_one_kind(self, names):
        net = small_net(names).double()
        states, scores = rows_of(names)
        scores = scores.double()
        np.testing.assert_allclose(
            net(states, scores).detach().numpy(),
            plain.log_densities(net, states, scores),
            rtol=1e-5,
            atol=1e-6,
        )

    @pytest.mark.parametrize("j", range(len(ORDER)))
    def test_the_probabilities_of_a_column_sum_to_one(self, net, rows, j):
        """By the fast network itself, over all states, with scores integrated out."""
        columns = net.columns
        c = columns.order[j]
        states, scores = (part[:1] for part in rows)
        n_states = columns.sizes[c]
        every = states.repeat(n_states, 1)
        every[:, c] = torch.arange(n_states)
        if not columns.modes[c]:
            terms = net(every, scores.repeat(n_states, 1))[:, j].exp()
            assert float(terms.sum().detach()) == pytest.approx(1, abs=1e-9)
            return
        grid = torch.linspace(-20, 20, 10_001, dtype=torch.float64)
        k = columns.continuous.index(c)
        total = 0.0
        for state in range(n_states):
            if state not in columns.modes[c]:
                term = net(every[state : state + 1], scores)[0, j].detach()
                total += float(term.exp())
                continue
            with torch.no_grad():
                many = scores.repeat(len(grid), 1)
                many[:, k] = grid
                same = every[state : state + 1].repeat(len(grid), 1)
                density = net(same, many)[:, j].exp()
            total += integrate.trapezoid(density, grid)
        assert total == pytest.approx(1, abs=1e-4)

    def test_tied_logits_are_for_many_levels_only(self, net):
        sizes = [net.columns.sizes[c] for c in net.columns.order]
        assert [sizes[j] for j in net.tied] == [300]
        assert net.heads.sizes == [n if n < 200 else 60 for n in sizes]

    def test_a_state_beyond_the_column_never_comes(self):
        """The dense logits of all columns share one block, padded to the widest."""
        net = small_net(["a=x", "a=y", "b~code[150]"])
        net.start_from_margins([np.array([1, 3]), np.ones(150)])
        states = torch.zeros(4000, 2, dtype=torch.long)
        rng = torch.Generator().manual_seed(0)
        drawn, _ = draw_columns(net, states, torch.zeros(4000, 0), rng)
        assert drawn[:, 0].max() == 1

    def test_it_starts_at_the_margins(self):
        names = ["a=x", "a=y", "a=z", "b~code[250]"]
        columns = Columns.of(Layout.from_names(names), None, [1, 0])
        net = AutoregressiveNet(columns, (4,), seed=0)
        counts = [np.arange(250), np.array([70, 20, 10])]
        net.start_from_margins(counts)
        with torch.no_grad():
            for weight in (*net.heads.weight, *(h.query for h in net.levels)):
                weight.zero_()
        states = torch.tensor([[1, 200]])
        terms = net(states, torch.zeros(1, 0))[0].exp().tolist()
        expected = [200.5 / (counts[0].sum() + 125), 20.5 / 101.5]
        assert terms == pytest.approx(expected, rel=1e-4)

    def test_a_seed_makes_the_weights(self):
        layout = Layout.from_names(NAMES)
        columns = Columns.of(layout, None, range(6))
        before = torch.get_rng_state()
        first = AutoregressiveNet(columns, (4, 4), seed=1).state_dict()
        again = AutoregressiveNet(columns, (4, 4), seed=1).state_dict()
        other = AutoregressiveNet(columns, (4, 4), seed=2).state_dict()
        assert torch.equal(torch.get_rng_state(), before)
        assert all(torch.equal(v, again[k]) for k, v in first.items())
        assert not all(torch.equal(v, other[k]) for k, v in first.items())


class TestLimited:
    """Columns that see some of their predecessors only."""

    SEEN = ((0, 1, 2), (0, 1, 2, 6), (0, 8), (8, 3), (2, 3, 7), (3, 4, 7))

    def limited(self):
        plain_net = small_net(context=CONTEXT, order=ORDER)
        columns = dataclasses.replace(plain_net.columns, seen=self.SEEN)
        net = AutoregressiveNet(columns, (5, 5), seed=0)
        rng = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for weight in net.parameters():
                weight.add_(0.3 * torch.randn(weight.shape, generator=rng))
        return net

    def test_the_density_equals_the_plain_one(self, rows):
        states, scores = rows
        net = self.limited().double()
        terms = net(states, scores).detach().numpy()
        expected = plain.log_densities(net, states, scores)
        np.testing.assert_allclose(terms, expected, rtol=1e-5, atol=1e-6)

    def test_columns_tell_what_sees_them(self, rows):
        states, scores = rows[0], rows[1].float()
        net = self.limited()
        columns = net.columns
        terms = net(states, scores)
        for c in range(9):
            other = states.clone()
            other[:, c] = (states[:, c] + 1) % columns.sizes[c]
            if columns.sizes[c] == 1:
                continue
            moved = (net(other, scores) - terms).abs().sum(0) > 1e-7
            expected = [
                c in seen or c == own
                for seen, own in zip(self.SEEN, columns.order, strict=True)
            ]
            assert moved.tolist() == expected

    def test_gradients_are_those_of_the_definition(self, rows):
        """The gathered product has a backward pass of its own."""
        net = self.limited().double()
        first = net.first
        given = net.embed(*rows).detach().requires_grad_()
        weights = torch.randn(6, 5, 12, generator=torch.Generator().manual_seed(0))
        weights = weights.double()
        (first(given) * weights).sum().backward()
        fast = given.grad, first.weight.grad.clone()
        given.grad = first.weight.grad = None
        parts = [given[:, a:b].flatten(1) for a, b in itertools.pairwise(first.starts)]
        loss = 0.0
        for j, seen in enumerate(self.SEEN):
            x = torch.cat([parts[c] for c in seen], dim=1)
            own = first.weight[j, : x.shape[1]]
            loss = loss + ((x @ own).T * weights[j]).sum()
        loss.backward()
        torch.testing.assert_close(fast[0], given.grad)
        torch.testing.assert_close(fast[1], first.weight.grad)

    def test_draws_see_the_same(self):
        states, scores = rows_of(context=CONTEXT)
        for net in (self.limited(), small_net(context=CONTEXT, order=ORDER)):
            at_once = net.first(net.embed(states, scores))
            sweep = net.first.sweep(12)
            for c in range(3):
                sweep.see(c, net.embed_one(c, states, scores))
            for j, c in enumerate(ORDER):
                torch.testing.assert_close(sweep.units(j), at_once[j].T)
                sweep.see(3 + c, net.embed_one(3 + c, states, scores))

    def test_a_sweep_can_go_on_with_other_rows(self):
        states, scores = rows_of(context=CONTEXT)
        index = torch.tensor([3, 3, 0, 7])
        for net in (self.limited(), small_net(context=CONTEXT, order=ORDER)):
            before, after = net.first.sweep(12), net.first.sweep(4)
            for c in range(9):
                e = net.embed_one(c, states, scores)
                before.see(c, e)
                after.see(c, e[index])
            before.keep(index)
            for j in range(6):
                torch.testing.assert_close(before.units(j), after.units(j))

    def test_heads_of_many_columns_are_packed_by_size(self):
        """The law is that of one block padded to the widest."""
        sizes = [2, 190, 3, 60, 5, 17, 4] * 10
        heads = DenseHeads(sizes, 4, torch.Generator().manual_seed(0))
        assert len(heads.buckets) == 4
        assert sorted(itertools.chain(*heads.buckets)) == list(range(70))
        x = torch.randn(70, 9, 4, generator=torch.Generator().manual_seed(1))
        outcomes = torch.tensor([[i % n for n in sizes] for i in range(9)])
        parts = [x[own].transpose(1, 2) for own in heads.columns]
        terms = heads(parts, outcomes.T)
        for j in range(70):
            law = heads.logits(j, x[j]).log_softmax(1)
            assert law.shape == (9, sizes[j])
            own = law.gather(1, outcomes[:, j, None])[:, 0]
            torch.testing.assert_close(terms[j], own)


class TestNoLeak:
    def test_a_later_column_says_nothing_about_an_earlier_one(self, net, rows):
        """Change each column in turn: only its own term and later ones move."""
        states, scores = rows
        columns = net.columns
        terms = net(states, scores)
        for place, c in enumerate(columns.order):
            if columns.sizes[c] == 1:
                continue
            other = states.clone()
            other[:, c] = (states[:, c] + 1) % columns.sizes[c]
            moved = (net(other, scores) - terms).abs().sum(0) > 1e-9
            assert moved.tolist() == [False] * place + [True] * (6 - place)

    def test_nor_does_its_score(self, net, rows):
        states, scores = rows
        columns = net.columns
        scores = scores.clone().requires_grad_()
        for place, c in enumerate(columns.order):
            if not columns.modes[c]:
                continue
            k = columns.continuous.index(c)
            present = torch.isin(states[:, c], torch.tensor(columns.modes[c]))
            terms = net(states, scores)
            for j in range(6):
                gradient = torch.autograd.grad(
                    terms[:, j].sum(), scores, retain_graph=True
                )[0][:, k]
                assert bool((gradient[present] != 0).any()) == (j >= place)
                assert not gradient[~present].any()

    def test_every_context_column_counts_for_every_column(self, net, rows):
        states, scores = rows
        terms = net(states, scores)
        for c in range(net.columns.n_context):
            other, moved = states.clone(), scores.clone()
            if net.columns.modes[c]:
                moved[:, net.columns.continuous.index(c)] += 0.5
            else:
                other[:, c] = (states[:, c] + 1) % net.columns.sizes[c]
            change = (net(other, moved) - terms).abs().sum(0)
            assert (change > 1e-9).all()

    def test_hidden_weights_stay_masked(self, net, rows):
        """What the mask hides has no gradient, so no step can bring it in."""
        net.zero_grad()
        (-net(*rows).sum()).backward()
        assert not net.first.weight.grad[net.first.mask == 0].any()
        assert (net.first.weight.grad[net.first.mask == 1] != 0).any()


class TestDraws:
    TRIPLE = ("a=x", "a=y", "b=x", "b=y", "b=z", "c=x", "c=y")

    @pytest.fixture
    def triple(self):
        return small_net(self.TRIPLE)

    def draw(self, net, states, scores, fixed, seed=0):
        """States, scores and log-weights; fixed cells as pieces of their rows."""
        rng = torch.Generator().manual_seed(seed)
        if not fixed.any():
            drawn = draw_columns(net, states, scores, rng)
            return (*drawn, torch.zeros(len(states)))
        rules, columns = [], net.columns
        ends = torch.full((len(states),), torch.inf, dtype=torch.float64)
        for j, c in enumerate(columns.order):
            low, high = -ends, ends
            if columns.modes[c]:
                z = scores[:, columns.continuous.index(c)].double()
                present = net.present(c, states[:, c]) > 0
                low, high = torch.where(present, z, low), torch.where(present, z, high)
            own = torch.where(fixed[:, j], torch.arange(len(states)), FREE)
            rules.append(Rule(states[:, c], low, high, torch.zeros(len(ends)), own, 0))
        drawn = draw_conditioned(net, states, scores, rules, rng)
        return drawn.states, drawn.scores, drawn.log_weight.float()

    def empty(self, n, m, k=0):
        states = torch.zeros(n, m, dtype=torch.long)
        return states, torch.zeros(n, k), torch.zeros(n, m, dtype=torch.bool)

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
    def test_the_joint_law_is_the_networks(self, order):
        net = small_net(self.TRIPLE, order=order, spread=0.5)
        cells = torch.tensor(list(itertools.product(range(2), range(3), range(2))))
        terms = net(cells, torch.zeros(len(cells), 0))
        expected = terms.sum(1).exp().detach().double().numpy()
        assert expected.sum() == pytest.approx(1, abs=1e-5)
        drawn, *_ = self.draw(net, *self.empty(20_000, 3))
        index = drawn @ torch.tensor([6, 2, 1])
        counts = np.bincount(index.numpy(), minlength=12)
        p = stats.chisquare(counts, 20_000 * expected / expected.sum()).pvalue
        assert p > 1e-3

    def test_tied_levels_are_drawn_by_their_probabilities(self):
        net = small_net(["a~code[250]"], spread=0.2)
        every = torch.arange(250)[:, None]
        terms = net(every, torch.zeros(250, 0))[:, 0]
        expected = terms.exp().detach().double().numpy()
        drawn, *_ = self.draw(net, *self.empty(40_000, 1))
        counts = np.bincount(drawn[:, 0].numpy(), minlength=250)
        p = stats.chisquare(counts, 40_000 * expected / expected.sum()).pvalue
        assert p > 1e-3

    def test_scores_follow_their_mixture(self):
        """Per mode, against the mixture's own distribution function."""
        net = small_net(["a~value", "a~mode0", "a~mode1", "a~missing"], spread=0.3)
        states, scores, _ = self.draw(net, *self.empty(20_000, 1, 1))
        x = torch.nn.functional.silu(net.first.bias)
        for weight, bias in zip(net.deeper, net.deeper_bias, strict=True):
            x = x + torch.nn.functional.silu(x @ weight[0] + bias[0, 0])
        raw = (x @ net.mixture_weight[0] + net.mixture_bias[0, 0]).reshape(2, -1)
        for mode in (0, 1):
            weight, mean, deviation = (
                part.detach().numpy() for part in mixture_parameters(raw[mode])
            )
            share = np.exp(weight) / np.exp(weight).sum()
            own = scores[states[:, 0] == mode, 0].numpy()

            def cdf(z, share=share, mean=mean, deviation=deviation):
                return stats.norm.cdf((z[:, None] - mean) / deviation) @ share

            inside = np.abs(own) < 4
            low, high = cdf(np.array([-4.0, 4.0]))
            assert 1 - inside.mean() == pytest.approx(1 - high + low, abs=0.02)
            # Uniform, when the distribution function is the right one.
            places = (cdf(own[inside]) - low) / (high - low)
            assert stats.kstest(places, "uniform").pvalue > 1e-3
        assert not scores[states[:, 0] == 2].any()

    def test_draws_stay_within_reach(self):
        net = small_net(["a~value", "a~mode0"])
        with torch.no_grad():
            net.mixture_bias.fill_(9.0)
        _, scores, _ = self.draw(net, *self.empty(2000, 1, 1))
        assert scores.abs().max() == 4

    def test_the_weight_of_fixed_cells_is_their_density(self):
        """Any pattern of fixed cells, against the terms of the whole network."""
        net = small_net(context=CONTEXT, order=ORDER, spread=0.3)
        states, scores = rows_of(context=CONTEXT, n=200)
        scores = scores.clamp(-4, 4)
        fixed = torch.rand(200, 6, generator=torch.Generator().manual_seed(2)) < 0.5
        drawn, z, log_weight = self.draw(net, states, scores, fixed)
        terms = net(drawn, z).detach()
        expected = (terms * fixed).sum(1)
        torch.testing.assert_close(log_weight, expected, rtol=1e-3, atol=1e-3)
        own = states[:, list(net.columns.order)]
        assert (drawn[:, list(net.columns.order)] == own)[fixed].all()
        assert torch.equal(drawn[:, :3], states[:, :3])
        assert (drawn[:, list(net.columns.order)] != own)[~fixed].any()

    def test_all_fixed_weighs_the_row_and_nothing_weighs_nothing(self, triple):
        states, scores, free = self.empty(30, 3)
        states, _ = rows_of(self.TRIPLE, n=30)
        drawn, _, log_weight = self.draw(triple, states, scores, ~free)
        assert torch.equal(drawn, states)
        expected = triple(states, scores).sum(1).detach()
        torch.testing.assert_close(log_weight, expected, rtol=1e-4, atol=1e-4)
        assert not self.draw(triple, states, scores, free)[2].any()

    def test_fixed_scores_are_kept_to_the_bit(self):
        net = small_net(["a~value", "a~mode0", "b=x", "b=y"], order=[1, 0])
        states, scores, fixed = self.empty(50, 2, 1)
        scores = torch.linspace(-3, 3, 50)[:, None]
        fixed[:, 1] = True
        assert torch.equal(self.draw(net, states, scores, fixed)[1], scores)

    def test_context_and_given_rows_are_left_alone(self):
        net = small_net(context=CONTEXT, order=ORDER)
        states, scores = rows_of(context=CONTEXT)
        before = states.clone(), scores.clone()
        self.draw(net, states, scores, torch.zeros(12, 6, dtype=torch.bool))
        assert torch.equal(states, before[0])
        assert torch.equal(scores, before[1])

    def test_draws_repeat_with_the_seed_only(self, triple):
        empty = self.empty(500, 3)
        before = torch.get_rng_state()
        first, again = self.draw(triple, *empty)[0], self.draw(triple, *empty)[0]
        assert torch.equal(torch.get_rng_state(), before)
        assert torch.equal(first, again)
        assert not torch.equal(first, self.draw(triple, *empty, seed=1)[0])

    def test_no_rows(self):
        net = small_net(context=CONTEXT, order=ORDER)
        states, scores = rows_of(context=CONTEXT, n=1)
        free = torch.zeros(0, 6, dtype=torch.bool)
        drawn, z, weight = self.draw(net, states[:0], scores[:0], free)
        assert drawn.shape == (0, 9)
        assert z.shape == (0, 3)
        assert weight.shape == (0,)
