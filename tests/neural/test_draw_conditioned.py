"""Laws cut to pieces: their masses, draws from them, and thinned candidates."""

import itertools

import numpy as np
import pytest
import torch
from neural_cases import small_net
from scipy import stats

from sklearn_synthohive.neural import (
    ANY,
    GroupThinning,
    PoolThinning,
    Rule,
    draw_conditioned,
    inclusion,
)
from sklearn_synthohive.neural._mass import draw_between, log_mass

MIXTURE = tuple(
    torch.tensor(part, dtype=torch.float64)
    for part in ([0.5, -1.0, 0.3], [-1.5, 0.1, 2.0], [0.4, 0.02, 1.0])
)
INTERVALS = [(-np.inf, np.inf), (-1.0, 0.5), (0.09, 0.11), (2.5, np.inf), (30.0, 31.0)]


def plain_mass(low, high):
    weight, mean, deviation = (part.numpy() for part in MIXTURE)
    share = np.exp(weight) / np.exp(weight).sum()
    # The smaller tail, which keeps its digits.
    right = low > mean
    a, b = (low - mean) / deviation, (high - mean) / deviation
    left = stats.norm.cdf(b) - stats.norm.cdf(a)
    return share @ np.where(right, stats.norm.sf(a) - stats.norm.sf(b), left)


class TestMass:
    @pytest.mark.parametrize("ends", INTERVALS, ids=str)
    def test_it_is_the_integral(self, ends):
        low, high = (torch.tensor([e], dtype=torch.float64) for e in ends)
        found = log_mass(low, high, 0.5, *(part[None] for part in MIXTURE))
        assert float(found) == pytest.approx(0.5 + np.log(plain_mass(*ends)), rel=1e-6)

    def test_one_score_has_its_density(self):
        z = torch.tensor([0.1, 50.0], dtype=torch.float64)
        found = log_mass(z, z, 0.0, *(part.expand(2, -1) for part in MIXTURE))
        low, high = z - 1e-6, z + 1e-6
        wide = log_mass(low, high, 0.0, *(part.expand(2, -1) for part in MIXTURE))
        np.testing.assert_allclose(found, wide - np.log(2e-6), rtol=1e-5)

    @pytest.mark.parametrize("ends", INTERVALS, ids=str)
    def test_draws_stay_within_and_follow_it(self, ends):
        n = 4000
        low, high = (torch.full((n,), e, dtype=torch.float64) for e in ends)
        rng = torch.Generator().manual_seed(0)
        mixture = tuple(part.expand(n, -1) for part in MIXTURE)
        z = draw_between(low, high, mixture, rng).numpy()
        assert ((z >= ends[0]) & (z <= ends[1])).all()
        whole = plain_mass(*ends)
        places = [plain_mass(ends[0], v) / whole for v in z[:1000]]
        assert stats.kstest(places, "uniform").pvalue > 1e-3

    def test_a_given_score_is_kept(self):
        z = torch.linspace(-60, 60, 9, dtype=torch.float64)
        mixture = tuple(part.expand(9, -1) for part in MIXTURE)
        rng = torch.Generator().manual_seed(0)
        assert torch.equal(draw_between(z, z, mixture, rng), z)


class TestRules:
    NAMES = ("a=x", "a=y", "b=x", "b=y", "b=z", "c=x", "c=y", "c=z")

    def rule(self, states, n):
        ends = torch.full((len(states),), torch.inf, dtype=torch.float64)
        own = torch.full((n,), ANY)
        base = torch.zeros(len(states), dtype=torch.float64)
        return Rule(torch.tensor(states), -ends, ends, base, own, len(states))

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
    @pytest.mark.parametrize("thinned", [False, True])
    def test_weighted_rows_follow_the_conditional_law(self, order, thinned):
        """Against all combinations; weights, thinned or not, do not change the law."""
        net = small_net(self.NAMES, order=order, spread=0.5)
        allowed = {order[1]: [0, 2] if order[1] else [1], order[2]: [1, 2]}
        sizes = [2, 3, 3]
        cells = torch.tensor(list(itertools.product(*(range(s) for s in sizes))))
        p = net(cells, torch.zeros(len(cells), 0)).sum(1).exp().detach().numpy()
        for c, states in allowed.items():
            p = p * np.isin(cells[:, c], states)
        n = 40_000
        rules = [self.rule(allowed[c], n) if c in allowed else None for c in order]
        rng = torch.Generator().manual_seed(0)
        thin = PoolThinning(rng) if thinned else None
        start = torch.zeros(n, 3, dtype=torch.long), torch.zeros(n, 0)
        drawn = draw_conditioned(net, *start, rules, rng, thin)
        weight = drawn.log_weight.exp().numpy()
        index = (drawn.states @ torch.tensor([9, 3, 1])).numpy()
        found = np.bincount(index, weight, minlength=18) / weight.sum()
        np.testing.assert_allclose(found, p / p.sum(), atol=0.012)
        # The mean weight estimates how likely the rules are.
        assert weight.sum() / n == pytest.approx(p.sum(), rel=0.03)
        assert (drawn.pieces[:, [c in allowed for c in order]] >= 0).all()

    def test_each_candidate_knows_its_row(self):
        net = small_net(self.NAMES, order=(2, 0, 1), spread=0.8)
        n = 500
        rules = [None, self.rule([1], n), None]
        rng = torch.Generator().manual_seed(0)
        start = torch.zeros(n, 3, dtype=torch.long), torch.zeros(n, 0)
        drawn = draw_conditioned(net, *start, rules, rng, GroupThinning(5, 100, rng))
        rows = drawn.origin // 5
        assert torch.equal(rows, torch.arange(100).repeat_interleave(5))


class TestThinning:
    def test_a_pool_keeps_its_weight_and_repeats_nothing(self):
        log_weight = torch.randn(2000, dtype=torch.float64) * 3
        value = torch.rand(2000, dtype=torch.float64)
        expected = (log_weight.exp() * value).sum() / log_weight.exp().sum()
        means, totals = [], []
        for seed in range(200):
            rng = torch.Generator().manual_seed(seed)
            index, left = PoolThinning(rng)(log_weight)
            assert len(index) < 1000
            assert len(torch.unique(index)) == len(index)
            means.append((left.exp() * value[index]).sum() / left.exp().sum())
            totals.append(left.exp().sum() / log_weight.exp().sum())
        assert np.mean(means) == pytest.approx(float(expected), abs=0.02)
        assert np.mean(totals) == pytest.approx(1, abs=0.02)

    def test_equal_weights_are_left_alone(self):
        rng = torch.Generator().manual_seed(0)
        flat = torch.zeros(12, dtype=torch.float64)
        assert PoolThinning(rng)(flat)[0] is None
        groups = GroupThinning(4, 3, rng)
        assert groups(flat)[0] is None
        assert groups.worth.tolist() == [4.0, 4.0, 4.0]

    def test_inclusion_sums_to_the_size(self):
        w = torch.rand(100, dtype=torch.float64) ** 8
        for size in (1, 7, 50, 99):
            threshold, share = inclusion(w, size)
            assert float(share.sum()) == pytest.approx(size)
            assert share.max() <= 1
            light = w < threshold
            np.testing.assert_allclose(share[light], w[light] / threshold)

    def test_groups_are_resampled_within_themselves(self):
        n, k = 2000, 8
        share = torch.tensor([0.9, 0.05, 0.05, 0, 0, 0, 0, 0], dtype=torch.float64)
        log_weight = torch.log(share + 1e-300).repeat(n) + 3.0
        thinning = GroupThinning(k, n, torch.Generator().manual_seed(0))
        index, left = thinning(log_weight)
        assert torch.equal(index // k, torch.arange(n).repeat_interleave(k))
        found = torch.bincount(index % k, minlength=k) / (n * k)
        np.testing.assert_allclose(found, share, atol=0.01)
        np.testing.assert_allclose(left, 3.0 - np.log(k), atol=1e-9)
        assert thinning.worth[0] == pytest.approx(1 / (share**2).sum())
