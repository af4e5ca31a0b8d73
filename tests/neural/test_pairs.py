"""Columns that a column of many levels all but determines."""

import numpy as np
import pytest
import torch
from scipy import stats

from sklearn_synthohive.layout import CompactTable, Layout
from sklearn_synthohive.neural import AutoregressiveNet, Columns, PairCounts, _pairs
from sklearn_synthohive.neural._pairs import (
    PairHead,
    find_determined,
    sources_first,
)
from sklearn_synthohive.neural._profiles import learn_columns
from sklearn_synthohive.neural._state_law import StateLaw

N_LEVELS = 300


def fleet(n=9000, wrong=0.01, seed=0):
    """Levels, a state that goes with nearly all of a level's rows, and noise."""
    rng = np.random.default_rng(seed)
    owner = rng.integers(0, 5, N_LEVELS)
    levels = np.minimum(rng.geometric(0.02, n) - 1, N_LEVELS - 1)
    states = np.where(rng.random(n) < wrong, rng.integers(0, 5, n), owner[levels])
    return np.stack([states, levels, rng.integers(0, 5, n)], axis=1)


def head(levels, states, seed=0):
    """A head with weights that are not zero."""
    made = PairHead(PairCounts.of(1, levels, states, N_LEVELS, 5), 4).double()
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        made.gate.copy_(torch.randn(4, generator=rng))
    return made


def inputs(n=N_LEVELS, seed=1):
    """Hidden layers and a law of five states."""
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=rng).double()
    return x, torch.randn(n, 5, generator=rng).double().log_softmax(1)


def plain(made, table, x, law, level, state):
    """The mixture for one row, from the table's rows themselves."""
    own = table[table[:, 1] == level, 0]
    count = np.bincount(own, minlength=5)
    count[count < 2] = 0
    if not count.sum():
        return float(law[state].exp())
    gate = x @ made.gate + made.gate_rows * np.log(count.sum()) + made.gate_bias
    trust = 1 / (1 + np.exp(-float(gate.detach())))
    share = count[state] / count.sum()
    return (1 - trust) * float(law[state].exp()) + trust * share


class TestFinding:
    def test_what_is_all_but_determined_is_found(self):
        pairs = find_determined(fleet(), [5, N_LEVELS, 5], [1], [0, 1, 2])
        assert list(pairs) == [0]
        assert pairs[0].source == 1

    @pytest.mark.parametrize(("wrong", "found"), [(0.0, True), (0.5, False)])
    def test_a_loose_bond_is_none(self, wrong, found):
        pairs = find_determined(fleet(wrong=wrong), [5, N_LEVELS, 5], [1], [0])
        assert (0 in pairs) == found

    def test_few_pairs_of_rows_rule_out_no_column_that_is_found(self, monkeypatch):
        """Forty columns, from determined to independent ones, against all pairs."""
        rng = np.random.default_rng(0)
        level = rng.integers(0, 300, 6000)
        codes = [level]
        for k in range(40):
            own = rng.permutation(300)[level] % (2 + k % 5)
            wrong = rng.random(6000) < rng.choice([0, 0.02, 0.05, 0.06, 0.1, 1])
            codes.append(np.where(wrong, rng.integers(0, 2 + k % 5, 6000), own))
        codes = np.stack(codes, axis=1)
        sizes, targets = codes.max(axis=0) + 1, range(1, 41)
        found = find_determined(codes, sizes, [0], targets)
        monkeypatch.setattr(_pairs, "FEW_TARGETS", 1000)
        slow = find_determined(codes, sizes, [0], targets)
        assert found.keys() == slow.keys()
        assert 5 < len(found) < 35

    def test_a_column_that_hardly_varies_is_left_alone(self):
        table = fleet()
        table[:, 0] = 0
        table[0, 0] = 1
        assert not find_determined(table, [5, N_LEVELS, 5], [1], [0])

    def test_levels_that_never_repeat_determine_nothing(self):
        table = np.stack([np.arange(500) % 5, np.arange(500)], axis=1)
        assert not find_determined(table, [5, 500], [1], [0])

    def test_two_names_of_one_thing_have_one_direction(self):
        levels = np.arange(4000) % 250
        table = np.stack([levels, 249 - levels], axis=1)
        pairs = find_determined(table, [250, 250], [0, 1], [0, 1])
        assert len(pairs) == 1

    def test_pairs_of_a_single_row_are_not_kept(self):
        counts = PairCounts.of(
            1, np.array([3, 3, 3, 4]), np.array([1, 1, 2, 0]), N_LEVELS, 5
        )
        assert counts.keys.tolist() == [16]
        assert counts.totals[3] == 2
        assert counts.totals.sum() == 2

    def test_sources_come_first(self):
        def from_(source):
            return PairCounts(source, np.zeros(0), np.zeros(0), 1, 1)

        assert sources_first([2, 0, 1, 3], {}) == [2, 0, 1, 3]
        assert sources_first([2, 0, 1, 3], {0: from_(1)}) == [2, 1, 0, 3]
        chain = {0: from_(1), 1: from_(3)}
        assert sources_first([2, 0, 1, 3], chain) == [2, 3, 1, 0]
        assert sources_first([2, 1], {1: from_(0)}) == [2, 1]


class TestLaw:
    def test_it_equals_the_plain_mixture(self):
        table = fleet(3000)
        made = head(table[:, 1], table[:, 0])
        x, law = inputs()
        levels = torch.arange(N_LEVELS)
        every = made.every(x, law, levels).exp().detach()
        torch.testing.assert_close(every.sum(1), torch.ones(N_LEVELS).double())
        for level in range(0, N_LEVELS, 7):
            expected = [
                plain(made, table, x[level], law[level], level, k) for k in range(5)
            ]
            assert every[level].tolist() == pytest.approx(expected)

    def test_training_leaves_each_row_out_for_itself(self):
        """As if the row had not been counted."""
        table = fleet(1500)
        made = head(table[:, 1], table[:, 0])
        x, law = inputs(1500)
        levels, states = torch.as_tensor(table[:, 1]), torch.as_tensor(table[:, 0])
        own = law.gather(1, states[:, None])[:, 0]
        counted = made(x, own, levels, states, counted=True).exp()
        for i in range(0, 1500, 97):
            rest = np.delete(table, i, axis=0)
            expected = plain(made, rest, x[i], law[i], table[i, 1], table[i, 0])
            assert float(counted[i].detach()) == pytest.approx(expected)

    def test_draws_follow_it(self):
        table = fleet(3000, wrong=0.2)
        made = head(table[:, 1], table[:, 0])
        x, law = (part[:1] for part in inputs())
        n, level = 40_000, torch.zeros(40_000, dtype=torch.long)
        rng = torch.Generator().manual_seed(0)
        drawn = law.exp()[0].multinomial(n, replacement=True, generator=rng)
        drawn = made.draw(x.expand(n, 4), drawn, level, rng)
        expected = made.every(x, law, level[:1])[0].exp().detach().numpy()
        counts = np.bincount(drawn.numpy(), minlength=5)
        assert stats.chisquare(counts, n * expected / expected.sum()).pvalue > 1e-3

    def test_the_gate_learns(self):
        table = fleet(1500)
        made = head(table[:, 1], table[:, 0])
        x, law = inputs(1500)
        levels, states = torch.as_tensor(table[:, 1]), torch.as_tensor(table[:, 0])
        own = law.gather(1, states[:, None])[:, 0].requires_grad_()
        made(x, own, levels, states, counted=True).sum().backward()
        grads = [p.grad for p in made.parameters()] + [own.grad]
        assert all(g.isfinite().all() and g.any() for g in grads)

    def test_levels_without_a_pair_keep_the_law(self):
        made = head(np.array([9, 9, 1]), np.array([4, 4, 0]))
        x, law = inputs(3)
        levels = states = torch.arange(3)
        own = law[:, 0]
        assert torch.equal(made(x, own, levels, states, counted=False), own)
        assert torch.equal(
            made.draw(x, states, levels, torch.Generator().manual_seed(0)), states
        )


class TestNetwork:
    def columns(self):
        layout = Layout.from_names(
            [*(f"who={k}" for k in "abcde"), "tail~code[300]", "x=0", "x=1", "x=2"]
        )
        table = fleet()
        table[:, 2] = np.minimum(table[:, 2], 2)
        compact = CompactTable(table, np.zeros((len(table), 0), np.float32))
        counts = [np.bincount(table[:, i], minlength=k) for i, k in enumerate([5, 300])]
        counts.append(np.bincount(table[:, 2], minlength=3))
        return learn_columns(layout, compact, counts)[0]

    def test_the_source_comes_before(self):
        columns = self.columns()
        assert columns.pairs[0].source == 1
        assert columns.order.index(1) < columns.order.index(0)
        assert columns.pairs[1:] == (None, None)

    def test_terms_are_those_of_the_law(self):
        columns = self.columns()
        net = AutoregressiveNet(columns, (4,), seed=0).double()
        states = torch.as_tensor(fleet(200, seed=1))
        states[:, 2] = 0
        terms = net(states, torch.zeros(200, 0).double()).detach()
        sweep = net.first.sweep(200)
        for j, c in enumerate(columns.order):
            x = torch.nn.functional.silu(sweep.units(j))
            law = StateLaw(net, j, x, states)
            own = law.log_probability(states[:, c]).detach()
            torch.testing.assert_close(own, terms[:, j])
            every = law.log_probabilities().detach()
            torch.testing.assert_close(every.exp().sum(1), torch.ones(200).double())
            torch.testing.assert_close(every.gather(1, states[:, c, None])[:, 0], own)
            sweep.see(c, net.embed_one(c, states, None))

    def test_plain_data(self):
        columns = self.columns()
        again = PairCounts.from_state(columns.pairs[0].to_state())
        np.testing.assert_array_equal(again.keys, columns.pairs[0].keys)
        np.testing.assert_array_equal(again.totals, columns.pairs[0].totals)
        layout = Layout.from_names(["a=x", "a=y"])
        assert Columns.of(layout, None, [0]).pairs == (None,)
