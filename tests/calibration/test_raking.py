"""Weights by tables: as plain raking gives them, and gentler where data are few."""

from itertools import combinations

import numpy as np
import pytest
from reference import calibration as reference

from sklearn_synthohive.calibration import _raking
from sklearn_synthohive.calibration._raking import RakingRule, WeightTables, rake

PLAIN = {"tolerance": 0.0, "prior_count": 0.0}
SIZES = [3, 4, 2]


def dependent(n, strength, seed):
    """Three columns of codes of which each depends on the one before."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 3, n)
    b = np.where(rng.random(n) < strength, a, rng.integers(0, 4, n))
    c = np.where(rng.random(n) < strength, b % 2, rng.integers(0, 2, n))
    return np.stack([a, b, c])


@pytest.fixture(scope="module")
def real():
    return dependent(2_000, 0.7, 0)


@pytest.fixture(scope="module")
def pool():
    return dependent(6_000, 0.3, 1)


def largest_gap(real, pool, weights, n_columns=3):
    """Largest difference of a cell's shares over all one- and two-way tables."""
    worst = 0.0
    for i, j in combinations(range(n_columns), 2):
        shares = []
        for codes, w in ((real, np.ones(real.shape[1])), (pool, weights)):
            table = np.zeros((4, 4))
            np.add.at(table, (codes[i], codes[j]), w)
            shares.append(table / table.sum())
        worst = max(worst, float(np.abs(shares[0] - shares[1]).max()))
    return worst


@pytest.mark.parametrize("max_ratio", [5.0, 1.2])
def test_equals_the_reference(max_ratio):
    real, pool = dependent(80, 0.7, 0), dependent(150, 0.3, 1)
    rule = RakingRule(n_passes=3, max_ratio=max_ratio, **PLAIN)
    found = np.exp(rake(real, pool, SIZES, rule).raw(pool))
    rows = [tuple(map(int, row)) for row in pool.T]
    expected = reference.rake([tuple(r) for r in real.T.tolist()], rows, 3, max_ratio)
    np.testing.assert_allclose(
        found / found.sum(), np.array(expected) / sum(expected), rtol=1e-5
    )


def test_plain_raking_meets_all_tables(real, pool):
    rule = RakingRule(n_passes=100, **PLAIN)
    weights = np.exp(rake(real, pool, SIZES, rule).raw(pool))
    before = largest_gap(real, pool, np.ones(pool.shape[1]))
    assert before > 0.05
    assert largest_gap(real, pool, weights) < 1e-3


def test_the_terms_hold_for_rows_drawn_later(real, pool):
    tables = rake(real, pool, SIZES, RakingRule(n_passes=100, **PLAIN))
    later = dependent(60_000, 0.3, 2)
    weights = np.exp(tables.raw(later))
    assert largest_gap(real, later, weights) < 0.02


def test_deviations_within_the_sampling_error_are_left_alone():
    pool = dependent(100_000, 0.5, 0)
    same = dependent(2_000, 0.5, 1)
    assert np.ptp(rake(same, pool, SIZES, RakingRule(**PLAIN)).raw(pool)) > 0.1
    gentle = rake(same, pool, SIZES, RakingRule(tolerance=4.0))
    np.testing.assert_array_equal(gentle.log_weights(pool), 0.0)


def test_few_rows_move_weights_less_than_many(real, pool):
    spread = [
        np.ptp(rake(real[:, :n], pool, SIZES, RakingRule()).raw(pool))
        for n in (100, 2_000)
    ]
    assert 0 < spread[0] < spread[1] / 2


def test_cells_that_no_real_row_has_do_not_vanish(pool):
    real = dependent(2_000, 1.0, 0)
    absent = np.flatnonzero((pool[0] == 0) & (pool[1] == 3))
    tables = rake(real, pool, SIZES, RakingRule())
    assert tables.log_weights(pool)[absent].max() < -1.0
    assert np.isfinite(tables.log_weights(pool)).all()


def test_no_weight_exceeds_its_bound(pool):
    real = np.stack([np.full(500, 2), np.full(500, 3), np.zeros(500, dtype=int)])
    rule = RakingRule(n_passes=50, **PLAIN)
    highest = rake(real, pool, SIZES, rule).log_weights(pool).max()
    assert highest <= np.log(_raking.MAX_WEIGHT) + 1e-12


def test_given_columns_keep_their_shares():
    rng = np.random.default_rng(0)
    given = rng.integers(0, 3, 3_000)
    own = np.where(rng.random(3_000) < 0.4, given, rng.integers(0, 3, 3_000))
    context = np.repeat(given, 4)
    drawn = rng.integers(0, 3, len(context))
    tables = rake(
        np.stack([given, own]),
        np.stack([context, drawn]),
        [3, 3],
        RakingRule(n_passes=50, **PLAIN),
        n_given=1,
        n_candidates=4,
    )
    assert (0,) not in tables.columns
    weights = np.exp(tables.raw(np.stack([context, drawn]))).reshape(-1, 4)
    weights /= weights.sum(axis=1, keepdims=True)
    found = np.bincount(3 * context + drawn, weights=weights.ravel()) / 3_000
    real = np.bincount(3 * given + own) / 3_000
    np.testing.assert_allclose(found, real, atol=2e-3)


def test_wide_tables_take_the_pairs_that_differ_most(monkeypatch):
    monkeypatch.setattr(_raking, "MAX_PAIRS", 3)
    rng = np.random.default_rng(0)
    real = rng.integers(0, 3, (8, 3_000))
    real[5] = real[2]
    tables = rake(real, rng.integers(0, 3, (8, 6_000)), [3] * 8, RakingRule())
    pairs = [columns for columns in tables.columns if len(columns) == 2]
    assert (2, 5) in pairs
    assert len(pairs) <= 3


def test_constant_columns_need_no_table():
    real = np.zeros((2, 50), dtype=np.int64)
    tables = rake(real, np.zeros((2, 90), dtype=np.int64), [1, 1], RakingRule())
    assert tables.columns == []
    np.testing.assert_array_equal(tables.log_weights(real), np.zeros(50))


def test_state_round_trip(real, pool):
    tables = rake(real, pool, SIZES, RakingRule())
    again = WeightTables.from_state(tables.to_state())
    np.testing.assert_array_equal(tables.log_weights(pool), again.log_weights(pool))
