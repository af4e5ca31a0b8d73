"""Scalars as normal scores and back, and the margins that come of it."""

import numpy as np
import pytest
from neural_cases import compact
from scipy import stats

from sklearn_synthohive.layout import CompactTable, Layout
from sklearn_synthohive.neural import NormalScores
from sklearn_synthohive.neural._normal_scores import MAX_KNOTS, REACH, ScoreTable
from sklearn_synthohive.utils.serialization import dump_plain, load_plain

RNG = np.random.default_rng(0)
GRID = RNG.choice(np.arange(70) / 10, 3000, p=RNG.dirichlet(np.ones(70)))
SMOOTH = RNG.gamma(2.0, 1.0, 800)
MANY = RNG.lognormal(0, 1, 20_000)


def round_trip(table, scalars, share):
    """Through a score at some place of the interval."""
    low, high = table.interval(scalars)
    z = NormalScores.place(low, high, share)
    return table.invert(stats.norm.cdf(z))


class TestOneMode:
    @pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
    def test_values_on_a_grid_come_back_exactly(self, share):
        table = ScoreTable.fit(GRID)
        # The reach cuts off what less than one row in 30,000 has.
        np.testing.assert_array_equal(round_trip(table, GRID, share), GRID)

    def test_ties_take_the_room_that_they_have(self):
        table = ScoreTable.fit(np.repeat([1.0, 2.0, 5.0], [10, 60, 30]))
        low, high = table.interval(np.array([1.0, 2.0, 5.0]))
        np.testing.assert_allclose(low, [0, 0.1, 0.7])
        np.testing.assert_allclose(high, [0.1, 0.7, 1.0])

    def test_distinct_values_come_back(self):
        table = ScoreTable.fit(SMOOTH)
        inner = np.sort(SMOOTH)[1:-1]
        np.testing.assert_allclose(round_trip(table, inner, 0.5), inner, rtol=1e-9)
        # Beyond the reach only the ends are drawn in a little.
        ends = np.sort(SMOOTH)[[0, -1]]
        drawn_in = round_trip(table, ends, 0.5)
        assert ends[0] <= drawn_in[0] < inner[0]
        assert inner[-1] < drawn_in[1] <= ends[1]

    def test_many_values_come_back_nearly(self):
        table = ScoreTable.fit(MANY)
        inner = MANY[np.abs(stats.norm.ppf(stats.rankdata(MANY) / 20_001)) < REACH]
        back = round_trip(table, inner, 0.5)
        # A straight line between two knots changes a value, but not its rank by much.
        ranks = np.searchsorted(np.sort(MANY), [inner, back]) / len(MANY)
        assert np.abs(ranks[0] - ranks[1]).max() < 2 / MAX_KNOTS

    @pytest.mark.parametrize("n", [1, 2, 3, MAX_KNOTS, MAX_KNOTS + 1, 50_000])
    def test_no_more_knots_than_allowed(self, n):
        scalars = np.random.default_rng(1).normal(size=n)
        table = ScoreTable.fit(scalars)
        assert len(table.values) <= MAX_KNOTS
        assert table.values[0] == scalars.min()
        assert table.values[-1] == scalars.max()
        assert (np.diff(table.values) > 0).all()
        assert (np.diff(table.upper) > 0).all()
        assert (table.lower <= table.upper).all()

    def test_a_set_of_many_repeated_values_stays_that_set(self):
        """Clock times as whole numbers: no minute beyond 59 may appear."""
        rng = np.random.default_rng(0)
        times = rng.integers(0, 24, 40_000) * 100.0 + rng.integers(0, 60, 40_000)
        drawn = ScoreTable.fit(times).invert(rng.random(20_000))
        assert np.isin(drawn, times).all()
        assert (drawn % 100 < 60).all()

    def test_values_with_a_share_of_their_own_stay_exact_among_smooth_ones(self):
        rng = np.random.default_rng(0)
        smooth = rng.normal(50, 20, 30_000)
        prices = np.where(
            rng.random(30_000) < 0.5, rng.integers(0, 100, 30_000), smooth
        )
        drawn = ScoreTable.fit(prices).invert(rng.random(30_000))
        whole = (prices == prices.round()).mean(), (drawn == drawn.round()).mean()
        assert whole[1] == pytest.approx(whole[0], abs=0.01)
        assert stats.ks_2samp(prices, drawn).statistic < 0.015

    def test_no_row_of_a_smooth_column_is_kept_but_the_ends(self):
        scalars = np.random.default_rng(0).normal(size=1_500)
        kept = np.isin(ScoreTable.fit(scalars).values, scalars)
        assert kept.sum() == 2

    @pytest.mark.parametrize("scalars", [[3.5], [3.5] * 40])
    def test_a_single_value(self, scalars):
        table = ScoreTable.fit(np.array(scalars))
        assert (table.invert(np.array([0.0, 0.3, 1.0])) == 3.5).all()
        z = NormalScores.place(*table.interval(np.array(scalars)), 0.5)
        assert np.abs(z).max() == 0

    def test_two_rows(self):
        table = ScoreTable.fit(np.array([1.0, 2.0]))
        drawn = table.invert(np.linspace(0, 1, 11))
        np.testing.assert_allclose(drawn, np.linspace(1, 2, 11))

    def test_two_tied_values_are_never_mixed(self):
        table = ScoreTable.fit(np.repeat([1.0, 2.0], [30, 10]))
        drawn = table.invert(np.linspace(0.001, 0.999, 999))
        assert set(drawn) == {1.0, 2.0}
        assert (drawn == 1).mean() == pytest.approx(0.75, abs=0.002)

    @pytest.mark.parametrize(
        "scalars", [GRID, SMOOTH, MANY], ids=["grid", "few", "many"]
    )
    def test_inverted_normal_scores_have_the_margin_of_the_data(self, scalars):
        z = np.random.default_rng(2).normal(size=20_000).clip(-REACH, REACH)
        drawn = ScoreTable.fit(scalars).invert(stats.norm.cdf(z))
        assert drawn.min() >= scalars.min()
        assert drawn.max() <= scalars.max()
        assert stats.ks_2samp(drawn, scalars).statistic < 0.02
        if scalars is GRID:
            assert set(drawn) <= set(GRID)

    @pytest.mark.parametrize(
        "scalars", [GRID, SMOOTH, MANY], ids=["grid", "few", "many"]
    )
    def test_scores_of_the_data_are_standard_normal(self, scalars):
        low, high = ScoreTable.fit(scalars).interval(scalars)
        share = np.random.default_rng(3).random(len(scalars))
        z = NormalScores.place(low, high, share)
        assert stats.kstest(z, "norm").pvalue > 1e-3

    def test_scores_rise_with_the_scalars_also_between_and_beyond(self):
        for scalars in (GRID, SMOOTH, MANY):
            table = ScoreTable.fit(scalars)
            x = np.linspace(scalars.min() - 1, scalars.max() + 1, 500)
            low, high = table.interval(x)
            z = NormalScores.place(low, high, 0.5)
            assert (np.diff(z) >= 0).all()
            assert np.abs(z).max() <= REACH

    def test_mass_of_ties_is_their_share(self):
        table = ScoreTable.fit(np.repeat([1.0, 2.0, 5.0], [10, 60, 30]))
        np.testing.assert_allclose(
            table.mass(np.array([1.0, 2.0, 5.0])), [0.1, 0.6, 0.3]
        )

    def test_mass_of_distinct_values_is_their_density(self):
        rng = np.random.default_rng(4)
        table = ScoreTable.fit(rng.normal(size=900))
        x = np.array([-1.0, 0.0, 1.5])
        expected = stats.norm.pdf(x)
        mass = table.mass(x)
        np.testing.assert_allclose(mass / mass[1], expected / expected[1], rtol=0.2)
        assert table.mass(table.values).mean() > 0
        assert ScoreTable.fit(np.array([2.0])).mass(np.array([2.0])) == 1


class TestOfALayout:
    NAMES = (
        "sex=F",
        "sex=M",
        "size~value",
        "size~mode0",
        "size~mode1",
        "size~atom[0]",
        "city~code[70]",
        "age~value",
        "age~mode0",
    )

    @pytest.fixture
    def layout(self):
        return Layout.from_names(self.NAMES)

    @pytest.fixture
    def table(self, layout):
        return compact(layout, 500, 0)

    def test_the_table_comes_back(self, layout, table):
        scores = NormalScores.fit(layout, table)
        low, high = scores.intervals(table)
        z = scores.place(low, high, 0.5)
        back = scores.invert(table.codes, z)
        assert back.dtype == np.float32
        inner = np.abs(z) < REACH
        np.testing.assert_allclose(back[inner], table.scalars[inner], atol=1e-4)

    def test_cells_without_a_scalar(self, layout, table):
        scores = NormalScores.fit(layout, table)
        low, high = scores.intervals(table)
        spike = table.codes[:, 1] == 2
        assert spike.any()
        assert (low[spike, 0] == 0.5).all()
        assert (high[spike, 0] == 0.5).all()
        z = np.full(table.scalars.shape, 1.0)
        assert not scores.invert(table.codes, z)[spike, 0].any()

    def test_each_mode_has_a_law_of_its_own(self, layout, table):
        shifted = table.scalars + np.where(table.codes[:, [1]] == 1, 100.0, 0.0)
        moved = CompactTable(table.codes, shifted.astype(np.float32))
        scores = NormalScores.fit(layout, moved)
        z = np.random.default_rng(0).normal(size=shifted.shape)
        back = scores.invert(table.codes, z)[:, 0]
        assert (back[table.codes[:, 1] == 1] > 50).all()
        assert (back[table.codes[:, 1] == 0] < 50).all()

    def test_a_mode_without_rows(self, layout, table):
        """Neither a score nor a scalar of it can be known; zero is within any range."""
        kept = table.take(np.flatnonzero(table.codes[:, 1] != 1))
        scores = NormalScores.fit(layout, kept)
        low, high = scores.intervals(table)
        empty = table.codes[:, 1] == 1
        assert (low[empty, 0] == 0.5).all()
        assert (high[empty, 0] == 0.5).all()
        assert not scores.invert(table.codes, np.ones(low.shape))[empty, 0].any()

    def test_a_share_between_low_and_high(self):
        z = NormalScores.place(np.array([0.2, 0.0]), np.array([0.8, 1.0]), 0.5)
        np.testing.assert_allclose(z, 0, atol=1e-12)
        ends = NormalScores.place(np.zeros(2), np.ones(2), np.array([0.0, 1.0]))
        np.testing.assert_array_equal(ends, [-REACH, REACH])

    def test_they_survive_a_file_to_the_bit(self, layout, table, tmp_path):
        scores = NormalScores.fit(layout, table)
        dump_plain({"scores": scores.to_state()}, tmp_path / "scores")
        state = load_plain(tmp_path / "scores")["scores"]
        again = NormalScores.from_state(layout, state)
        z = np.random.default_rng(0).normal(size=table.scalars.shape)
        np.testing.assert_array_equal(
            again.invert(table.codes, z), scores.invert(table.codes, z)
        )
        for left, right in zip(
            again.intervals(table), scores.intervals(table), strict=True
        ):
            np.testing.assert_array_equal(left, right)

    def test_no_rows_and_no_numbers(self):
        layout = Layout.from_names(["a=x", "a=y"])
        table = CompactTable(np.zeros((0, 1), np.uint8), np.zeros((0, 0), np.float32))
        scores = NormalScores.fit(layout, table)
        assert scores.intervals(table)[0].shape == (0, 0)
        assert scores.invert(table.codes, table.scalars).shape == (0, 0)


def test_no_knot_is_a_single_rows_own_beside_common_values():
    """Few rows between values that many share are averaged ten by ten, too."""
    rng = np.random.default_rng(0)
    own = np.sort(rng.normal(size=500))
    common = np.repeat(np.linspace(-1, 1, 7), 50)
    table = ScoreTable.fit(np.concatenate([own, common]))
    kept = np.isin(own, table.values)
    assert kept.tolist() == [True] + [False] * 498 + [True]
    assert len(table.values) <= 500 // 10 + 7 + 2


@pytest.mark.parametrize("least", [2, 20, 60])
def test_a_knot_stands_for_so_many_rows(least):
    rng = np.random.default_rng(0)
    own = rng.normal(size=300)
    few = np.repeat([3.0, 4.0, 5.0], [50, 30, 1])
    for scalars in (own, few, np.concatenate([own, few]), own[:least]):
        table = ScoreTable.fit(scalars, least)
        values, counts = np.unique(scalars, return_counts=True)
        rare = values[counts < least]
        assert not np.isin(rare, table.values).any()
        low, high = table.interval(scalars)
        assert ((low >= 0) & (low <= high) & (high <= 1)).all()
        drawn = table.invert(rng.random(500))
        assert (drawn >= scalars.min()).all()
        assert (drawn <= scalars.max()).all()
