"""Seeds come from the call, the estimator or the system, never a global state."""

import numpy as np
import pytest

from sklearn_synthohive.utils.random import chunk_seeds, draw_seed


def test_the_call_goes_before_the_estimator():
    assert draw_seed(3, 7) == 3
    assert draw_seed(None, 7) == 7
    assert draw_seed(np.int64(3)) == 3
    assert type(draw_seed(np.int64(3))) is int
    assert draw_seed(0, 7) == 0


@pytest.mark.parametrize("seed", [-1, 1.0, "1", True])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(ValueError, match="non-negative integer"):
        draw_seed(seed)


def test_without_a_seed_each_draw_differs_and_the_global_state_stays():
    before = np.random.get_state()[1].tobytes()  # noqa: NPY002
    assert len({draw_seed() for _ in range(20)}) == 20
    assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002


def test_a_random_state_object_is_drawn_from():
    state = np.random.RandomState(0)
    first, second = draw_seed(None, state), draw_seed(None, state)
    assert first != second
    assert draw_seed(None, np.random.RandomState(0)) == first


def test_chunks_have_seeds_of_their_own_whatever_their_number():
    seeds = chunk_seeds(5, 100)
    assert len(set(seeds)) == 100
    assert chunk_seeds(5, 3) == seeds[:3]
    assert chunk_seeds(6, 3) != seeds[:3]
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert chunk_seeds(5, 0) == []
