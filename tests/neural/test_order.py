"""The order of columns: few levels, then numbers along Prim's tree."""

import itertools

import numpy as np
import pytest
from reference import autoregressive as plain
from sklearn.metrics import mutual_info_score

from sklearn_synthohive.layout import CompactTable, Layout
from sklearn_synthohive.neural import dependences, learn_order
from sklearn_synthohive.neural._order import (
    MAX_BINS,
    coarse_codes,
    dependence_order,
    most_informative,
    mutual_information,
)

NAMES = [
    "city~code[300]",
    "size~value",
    "size~mode0",
    "size~mode1",
    "size~missing",
    "flag=x",
    "flag=y",
    "copy~value",
    "copy~mode0",
]


def linked(n=2000, seed=0):
    """Size and its copy go together, flag depends on both, city on nothing."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    mode = rng.choice(3, n, p=[0.5, 0.4, 0.1])
    size = np.where(mode == 2, 0.0, x)
    codes = np.stack([rng.integers(0, 300, n), mode, x > 0.5, np.zeros(n)], axis=1)
    scalars = np.stack([size, 2 * x], axis=1)
    return CompactTable(codes.astype(np.int16), scalars.astype(np.float32))


def order_of(layout, table):
    return learn_order(layout, table, dependences([(layout, table)]))


class TestMutualInformation:
    def test_it_is_scikit_learns_less_the_bias(self):
        rng = np.random.default_rng(0)
        a = rng.integers(0, 4, 600)
        codes = np.stack([a, (a + rng.integers(0, 2, 600)) % 5, a // 2], axis=1)
        found = mutual_information(codes)
        for i in range(3):
            assert found[i, i] == 0
            for j in range(3):
                if i != j:
                    levels = [len(np.unique(codes[:, k])) for k in (i, j)]
                    bias = (levels[0] - 1) * (levels[1] - 1) / (2 * 600)
                    expected = mutual_info_score(codes[:, i], codes[:, j]) - bias
                    # The counts are added up in float32.
                    assert found[i, j] == pytest.approx(expected, abs=1e-6)

    def test_the_correction_makes_independent_columns_nearly_nothing(self):
        rng = np.random.default_rng(1)
        codes = rng.integers(0, 20, (500, 8))
        raw = mutual_info_score(codes[:, 0], codes[:, 1])
        corrected = mutual_information(codes)
        assert raw > 0.25
        assert corrected[np.triu_indices(8, 1)].mean() < 0.1
        assert (corrected >= 0).all()

    def test_one_column_one_level_no_rows(self):
        assert mutual_information(np.zeros((5, 1), int)).tolist() == [[0.0]]
        assert not mutual_information(np.zeros((5, 3), int)).any()


class TestCoarseCodes:
    def test_frequent_states_keep_a_code_of_their_own(self):
        layout = Layout.from_names(["city~code[300]"])
        state = np.repeat(np.arange(300), np.r_[np.full(23, 20), np.full(277, 1)])
        table = CompactTable(state[:, None].astype(np.int16), np.zeros((737, 0)))
        codes = coarse_codes(layout, table)[:, 0]
        assert codes.max() == MAX_BINS - 1
        assert (codes[state >= 23] == MAX_BINS - 1).all()
        assert len(np.unique(codes[state < 23])) == 23

    def test_no_column_has_more_than_the_bins(self):
        layout = Layout.from_names(NAMES)
        codes = coarse_codes(layout, linked())
        assert (codes.max(axis=0) < MAX_BINS).all()
        assert (codes >= 0).all()

    def test_scalars_are_cut_at_their_quantiles(self):
        layout = Layout.from_names(["x~value", "x~mode0"])
        x = np.random.default_rng(0).lognormal(size=1200).astype(np.float32)
        table = CompactTable(np.zeros((1200, 1), np.uint8), x[:, None])
        codes = coarse_codes(layout, table)[:, 0]
        assert np.bincount(codes).tolist() == [100] * 12
        ends = sorted((x[codes == k].min(), x[codes == k].max()) for k in range(12))
        assert all(a[1] < b[0] for a, b in itertools.pairwise(ends))

    def test_cells_without_a_scalar_share_a_code(self):
        layout = Layout.from_names(NAMES)
        table = linked()
        codes = coarse_codes(layout, table)[:, 1]
        missing = table.codes[:, 1] == 2
        assert len(np.unique(codes[missing])) == 1
        assert codes[missing][0] not in codes[~missing]


class TestOrder:
    @pytest.mark.parametrize("m", [1, 2, 5, 12])
    @pytest.mark.parametrize("seed", range(4))
    def test_it_is_prims(self, m, seed):
        information = np.random.default_rng(seed).random((m, m))
        information = information + information.T
        np.fill_diagonal(information, 0)
        order = dependence_order(information)
        assert order == plain.prim(information.tolist())
        assert sorted(order) == list(range(m))

    def test_independent_columns_all_have_a_place(self):
        assert sorted(dependence_order(np.zeros((5, 5)))) == [0, 1, 2, 3, 4]
        assert dependence_order(np.zeros((0, 0))) == []

    @pytest.mark.parametrize("first", [[3], [2, 0], [4, 1, 3]])
    def test_it_goes_on_from_given_columns(self, first):
        information = np.random.default_rng(7).random((6, 6))
        information = information + information.T
        np.fill_diagonal(information, 0)
        order = dependence_order(information, first)
        assert order == plain.prim(information.tolist(), first)
        assert order[: len(first)] == first

    def test_few_levels_come_first_and_numbers_near_their_like(self):
        order = order_of(Layout.from_names(NAMES), linked())
        flag, city, copy, size = 2, 0, 3, 1
        assert order == [flag, city, copy, size]

    @pytest.mark.parametrize(("share", "is_early"), [(0.03, True), (0.1, False)])
    def test_numbers_that_are_spikes_nearly_always_are_categories(
        self, share, is_early
    ):
        table, rng = linked(), np.random.default_rng(3)
        codes = table.codes.copy()
        codes[:, 1] = np.where(rng.random(2000) < share, 0, 2)
        order = order_of(Layout.from_names(NAMES), CompactTable(codes, table.scalars))
        assert order == ([2, 1, 0, 3] if is_early else [2, 0, 3, 1])

    def test_of_equal_levels_the_more_informative_one_comes_first(self):
        rng = np.random.default_rng(0)
        a, b = rng.integers(0, 3, (2, 500))
        codes = np.stack([a, b, b], axis=1).astype(np.int16)
        layout = Layout.from_names([f"{c}={k}" for c in "abc" for k in "xyz"])
        table = CompactTable(codes, np.zeros((500, 0), np.float32))
        assert order_of(layout, table) == [1, 2, 0]

    def test_many_rows_are_thinned_evenly(self):
        """The dependence is in the last rows only: a prefix would not see it."""
        layout = Layout.from_names(NAMES)
        table = linked(60_000)
        flags = np.random.default_rng(1).integers(0, 2, 60_000)
        flags[40_000:] = table.scalars[40_000:, 1] > 0
        codes = table.codes.copy()
        codes[:, 2] = flags
        order = order_of(layout, CompactTable(codes, table.scalars))
        assert order == [2, 0, 3, 1]

    def test_tables_beside_each_other_are_measured_as_one(self):
        layout = Layout.from_names(NAMES)
        both = dependences([(layout, linked()), (layout, linked())])
        own = dependences([(layout, linked())])
        assert both.shape == (8, 8)
        np.testing.assert_allclose(both[:4, :4], own)
        np.testing.assert_allclose(both[4:, 4:], own)
        # A column tells of its own copy more than of any other.
        assert (both[:4, 4:].argmax(axis=1) == np.arange(4))[[1, 2, 3]].all()

    def test_the_most_informative_predecessors(self):
        information = np.random.default_rng(0).random((30, 30))
        information += information.T
        order = np.random.default_rng(1).permutation(30).tolist()
        seen = most_informative(information, order, 4)
        for j, column in enumerate(order):
            before = sorted(order[:j], key=lambda c: -information[column, c])
            assert seen[j] == sorted(before[:4])

    def test_few_rows(self):
        layout = Layout.from_names(NAMES)
        for n in (1, 2):
            order = order_of(layout, linked().take(np.arange(n)))
            assert sorted(order) == [0, 1, 2, 3]
