"""Selection by weight: exact numbers, no copies, the right shares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_synthohive.calibration._selection import (
    choose_one,
    inclusion_probabilities,
    pool_ratio,
    select_rows,
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-50, 50), min_size=1, max_size=40),
    st.integers(0, 40),
    st.integers(0, 5),
)
def test_exact_numbers_without_copies(weights, n, seed):
    n = min(n, len(weights))
    chosen = select_rows(np.array(weights), n, np.random.default_rng(seed))
    assert len(chosen) == n
    assert len(np.unique(chosen)) == n
    assert set(chosen) <= set(range(len(weights)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-8, 8), min_size=1, max_size=40), st.integers(1, 40))
def test_probabilities_sum_to_the_number(weights, n):
    n = min(n, len(weights))
    found = inclusion_probabilities(np.array(weights), n)
    assert found.sum() == pytest.approx(n)
    assert (found >= 0).all()
    assert (found <= 1).all()


def test_probabilities_follow_the_weights():
    weights = np.array([1.0, 2.0, 3.0, 100.0])
    found = inclusion_probabilities(np.log(weights), 2)
    np.testing.assert_allclose(found, [1 / 6, 2 / 6, 3 / 6, 1.0])


def test_rows_are_chosen_with_their_probabilities():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=20)
    hits = np.zeros(20)
    for _ in range(4_000):
        hits[select_rows(weights, 6, rng)] += 1
    np.testing.assert_allclose(
        hits / 4_000, inclusion_probabilities(weights, 6), atol=0.04
    )


def test_too_few_rows():
    with pytest.raises(ValueError, match="4 rows cannot be chosen from 3"):
        select_rows(np.zeros(3), 4, np.random.default_rng(0))


def test_one_candidate_each():
    log_weights = np.log(np.array([[1.0, 3.0]] * 8_000))
    chosen = choose_one(log_weights, np.random.default_rng(0))
    assert chosen.shape == (8_000,)
    assert chosen.mean() == pytest.approx(0.75, abs=0.02)


def test_the_pool_grows_with_the_weights():
    rng = np.random.default_rng(0)
    assert pool_ratio(np.zeros(100)) == 2
    spread = [pool_ratio(rng.normal(scale=s, size=5_000)) for s in (0.1, 0.6, 3.0)]
    assert spread[0] < spread[1] < spread[2]
