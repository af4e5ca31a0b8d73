"""Columns of very many levels: how they are grouped, and the law of a level."""

import numpy as np
import pytest
import torch
from scipy import stats

from sklearn_synthohive.layout import CompactTable, Layout
from sklearn_synthohive.neural import (
    AutoregressiveNet,
    Columns,
    LevelGroups,
    draw_columns,
    group_levels,
)
from sklearn_synthohive.neural._levels import MAX_POOLS, OWN_GROUP
from sklearn_synthohive.neural._profiles import level_profiles
from sklearn_synthohive.neural._state_law import StateLaw


def zipf(n_levels, n, seed=0):
    """Counts of levels by a law with a long tail."""
    share = 1 / np.arange(1, n_levels + 1)
    rng = np.random.default_rng(seed)
    return rng.multinomial(n, share / share.sum())


def level_net(groups, n_levels, hidden=(5,), spread=0.4):
    """A column of two states before one of many."""
    layout = Layout.from_names(["a=x", "a=y", f"b~code[{n_levels}]"])
    columns = Columns.of(layout, None, [0, 1], {1: groups})
    net = AutoregressiveNet(columns, hidden, seed=0)
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(spread * torch.randn(weight.shape, generator=rng))
    return net


def normal(n):
    """Hidden layers of n rows."""
    return torch.randn(n, 5, generator=torch.Generator().manual_seed(3)).double()


class TestGroups:
    @pytest.mark.parametrize("n_levels", [1, 2, 63, 64, 65, 201, 5000])
    def test_every_level_has_a_share_of_one_group(self, n_levels):
        counts = zipf(n_levels, 20_000)
        groups = LevelGroups.of(counts)
        assert set(groups.group) == set(range(groups.n_groups))
        assert groups.n_clusters * groups.width >= groups.n_groups
        assert (groups.n_clusters - 1) * groups.width < groups.n_groups
        total = np.bincount(groups.group, np.exp(groups.log_share))
        np.testing.assert_allclose(total, 1)

    def test_frequent_levels_are_alone_and_rare_ones_are_not(self):
        counts = zipf(20_000, 100_000)
        groups = LevelGroups.of(counts)
        size = np.bincount(groups.group)
        assert (size[groups.group[counts >= OWN_GROUP]] == 1).all()
        rows = np.bincount(groups.group, counts)
        assert (rows >= OWN_GROUP).all()
        pools = groups.n_groups - (counts >= OWN_GROUP).sum()
        assert 10 < pools <= 2 * MAX_POOLS

    def test_shares_are_those_of_the_rows(self):
        counts = zipf(3000, 20_000)
        groups = LevelGroups.of(counts)
        rows = np.bincount(groups.group, counts)[groups.group]
        seen = counts > 0
        np.testing.assert_allclose(
            np.exp(groups.log_share[seen]), (counts / rows)[seen], rtol=2e-2
        )

    def test_the_work_grows_with_the_root_of_the_levels(self):
        groups = LevelGroups.of(np.full(40_000, OWN_GROUP))
        assert groups.n_groups == 40_000
        assert groups.n_clusters == groups.width == 200

    def test_rare_levels_alone(self):
        groups = LevelGroups.of(np.ones(5000))
        assert 64 < groups.n_groups <= MAX_POOLS

    def test_neighbours_share_a_cluster(self):
        """Two kinds of levels by their profiles: no cluster but one mixes them."""
        rng = np.random.default_rng(0)
        kind = rng.integers(0, 2, 4000)
        profiles = np.stack([rng.normal(size=4000) / 9, kind * 4.0], axis=1)
        counts = rng.integers(1, 60, 4000)
        groups = LevelGroups.of(counts, profiles)
        for part in (groups.group, groups.group // groups.width):
            mean = np.bincount(part, kind) / np.bincount(part)
            assert ((mean > 0) & (mean < 1)).sum() <= 1

    def test_doubtful_differences_do_not_part_rare_levels(self):
        """Else a group would give away the rows that it was made from."""
        profiles = np.random.default_rng(0).normal(size=(4000, 2))
        counts = np.ones(4000)
        parted = LevelGroups.of(counts, profiles, np.full((4000, 2), 0.1))
        together = LevelGroups.of(counts, profiles, np.full((4000, 2), 9.0))
        assert parted.n_groups > 16
        assert together.n_groups == 1

    def test_plain_data(self):
        groups = LevelGroups.of(zipf(500, 9000))
        again = LevelGroups.from_state(groups.to_state())
        np.testing.assert_array_equal(again.group, groups.group)
        np.testing.assert_array_equal(again.members, groups.members)
        np.testing.assert_array_equal(again.edges, groups.edges)
        assert again.width == groups.width


class TestLaw:
    def net(self):
        return level_net(LevelGroups.of(zipf(900, 9000)), 900).double()

    def test_the_probabilities_of_all_levels_sum_to_one(self):
        net = self.net()
        x = normal(7)
        every = StateLaw(net, 1, x, None).log_probabilities()
        torch.testing.assert_close(every.exp().sum(1), torch.ones(7).double())

    def test_one_level_has_the_probability_it_has_among_all(self):
        net = self.net()
        x = normal(900)
        law, states = StateLaw(net, 1, x, None), torch.arange(900)
        every = law.log_probabilities()
        own = law.log_probability(states)
        torch.testing.assert_close(own, every[states, states])

    def test_training_sees_the_same_law(self):
        net = self.net()
        states = torch.stack([torch.arange(900) % 2, torch.arange(900)], dim=1)
        terms = net(states, torch.zeros(900, 0, dtype=torch.float64))[:, 1]
        sweep = net.first.sweep(900)
        sweep.see(0, net.embed_one(0, states, None))
        x = torch.nn.functional.silu(sweep.units(1))
        law = StateLaw(net, 1, x, None)
        torch.testing.assert_close(terms, law.log_probability(states[:, 1]))

    def test_draws_follow_it(self):
        net = level_net(LevelGroups.of(zipf(250, 2000)), 250)
        x = torch.zeros(1, 5)
        expected = (
            StateLaw(net, 1, x, None).log_probabilities()[0].exp().detach().double()
        )
        law = StateLaw(net, 1, x.expand(60_000, 5), None)
        drawn = law.draw(torch.Generator().manual_seed(0))
        counts = np.bincount(drawn.numpy(), minlength=250)
        expected = 60_000 * (expected / expected.sum()).numpy()
        common = expected >= 5
        observed = [*counts[common], counts[~common].sum()]
        wanted = [*expected[common], expected[~common].sum()]
        assert stats.chisquare(observed, wanted).pvalue > 1e-3

    def test_it_starts_at_the_frequencies(self):
        counts = zipf(2000, 60_000)
        net = level_net(LevelGroups.of(counts), 2000, spread=0.0)
        net.start_from_margins([np.array([1, 1]), counts])
        with torch.no_grad():
            net.levels[0].query.zero_()
            net.heads.weight[0].zero_()
        law = StateLaw(net, 1, normal(1).float(), None)
        p = law.log_probabilities()[0].exp().detach().numpy()
        assert np.abs(p - counts / 60_000).sum() / 2 < 0.02

    def test_many_levels_cost_no_matrix_of_rows_and_levels(self):
        """A million levels; all rows together would be four gigabytes."""
        groups = LevelGroups.of(np.full(1_000_000, 3))
        net = level_net(groups, 1_000_000)
        states = torch.zeros(1000, 2, dtype=torch.long)
        states[:, 1] = torch.arange(1000) * 999
        (-net(states, torch.zeros(1000, 0)).sum()).backward()
        assert sum(p.numel() for p in net.parameters()) < 50_000
        rng = torch.Generator().manual_seed(0)
        drawn, _ = draw_columns(net, states, torch.zeros(1000, 0), rng)
        assert len(drawn[:, 1].unique()) > 990


class TestProfiles:
    def table(self, n=20_000, n_levels=400, noise=0.1, seed=0):
        """Levels of two kinds; the second column mostly tells the kind."""
        rng = np.random.default_rng(seed)
        kind = rng.permutation(np.arange(n_levels) % 2)
        levels = np.minimum(rng.geometric(6 / n_levels, n) - 1, n_levels - 1)
        told = np.where(rng.random(n) < noise, rng.integers(0, 2, n), kind[levels])
        return kind, levels, np.stack([rng.integers(0, 5, n), told], axis=1)

    def test_they_tell_the_kinds_apart(self):
        kind, levels, codes = self.table()
        profiles, _ = level_profiles(levels, 400, codes)
        seen = np.bincount(levels, minlength=400) > 5
        first = profiles[seen, 0]
        sign = first > 0
        right = (sign == kind[seen]).mean()
        assert max(right, 1 - right) > 0.98

    def test_noise_is_shrunk_away(self):
        rng = np.random.default_rng(0)
        levels = rng.integers(0, 400, 20_000)
        codes = rng.integers(0, 5, (20_000, 3))
        sharp = self.table()
        profile, doubt = level_profiles(levels, 400, codes)
        told, _ = level_profiles(sharp[1], 400, sharp[2])
        assert np.abs(profile).max() < 0.2 * np.abs(told).max()
        assert LevelGroups.of(np.ones(400), profile, doubt).n_groups == 1

    def test_rare_levels_are_pulled_in(self):
        _, levels, codes = self.table(noise=0.6)
        counts = np.bincount(levels, minlength=400)
        profile, doubt = level_profiles(levels, 400, codes)
        size = np.abs(profile[:, 0])
        assert size[counts == 1].mean() < 0.6 * size[counts > 100].mean()
        assert not size[counts == 0].any()
        assert doubt[counts == 1, 0].min() > 10 * doubt[counts > 100, 0].max()

    @pytest.mark.parametrize("n", [1, 2, 50])
    def test_few_rows(self, n):
        codes = np.zeros((n, 2), dtype=np.int64)
        assert not level_profiles(np.arange(n), n, codes)[0].any()

    def test_no_other_column(self):
        levels = np.arange(2000) % 300
        empty = np.zeros((2000, 0), dtype=np.int64)
        assert not level_profiles(levels, 300, empty)[0].any()

    def test_groups_of_a_table_and_its_context(self):
        rng = np.random.default_rng(0)
        layout = Layout.from_names(["a=x", "a=y", "b~code[300]"])
        context = Layout.from_names(["c~code[250]", "d~value", "d~mode0"])
        codes = np.stack([rng.integers(0, k, 3000) for k in (2, 300)], axis=1)
        table = CompactTable(codes, np.zeros((3000, 0), np.float32))
        given = CompactTable(
            np.stack([rng.integers(0, 250, 3000), np.zeros(3000, int)], axis=1),
            rng.normal(size=(3000, 1)).astype(np.float32),
        )
        counts = [np.bincount(codes[:, i]) for i in range(2)]
        groups = group_levels(layout, table, counts, context, given)
        assert {c: g.n_levels for c, g in groups.items()} == {0: 250, 3: 300}
        assert list(group_levels(layout, table, counts)) == [1]
        assert not group_levels(Layout.from_names(["a=x"]), table, counts)
