"""Pairs of states that no row has stay away from generated rows."""

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive import CTGAN
from sklearn_synthohive.neural._unseen import LEAST_EXPECTED, LEAST_ROWS, UnseenPairs


@pytest.fixture(scope="module")
def exclusive():
    """A delay is missing in a twentieth of the rows; of airlines a to c never."""
    rng = np.random.default_rng(0)
    airline = rng.choice(list("abcdefgh"), 4000)
    delay = rng.exponential(10, 4000).round()
    delay[rng.random(4000) < np.where(airline >= "d", 0.08, 0.0)] = np.nan
    return pd.DataFrame(
        {"airline": airline, "delay": delay, "z": rng.normal(size=4000)}
    )


@pytest.fixture(scope="module")
def fitted(exclusive):
    return CTGAN(epochs=4, random_state=0).fit(exclusive, progress_bar=False)


def in_plain_words(levels, states, n_levels, n_states, least=LEAST_ROWS):
    """Pairs of hardly a row that independent columns would have often."""
    found = {}
    for a in range(n_levels):
        for b in range(n_states):
            expected = (levels == a).mean() * (states == b).mean() * len(levels)
            together = ((levels == a) & (states == b)).sum()
            if together < least and expected >= LEAST_EXPECTED * least:
                found[a, b] = expected
    return found


def test_pairs_are_counted_as_in_plain_words():
    rng = np.random.default_rng(1)
    levels, states = rng.integers(6, size=900), rng.integers(4, size=900)
    states[(levels == 2) & (states == 3)] = 0
    states[levels == 5] = 1
    pairs = UnseenPairs.of(7, levels, states, 6, 4)
    wanted = in_plain_words(levels, states, 6, 4)
    assert (2, 3) in wanted
    assert (5, 0) in wanted
    assert pairs.keys.tolist() == [a * 4 + b for a, b in sorted(wanted)]
    told = [wanted[key] for key in sorted(wanted)]
    np.testing.assert_allclose(pairs.expected, told, rtol=1e-6)
    table = pairs.penalties()
    assert table.shape == (6, 4)
    assert (table > 0).sum() == len(wanted)
    np.testing.assert_allclose(table[2, 3], np.log(wanted[2, 3]), rtol=1e-5)
    copy = UnseenPairs.from_state(pairs.to_state())
    np.testing.assert_array_equal(copy.penalties(), table)
    # One row does not make a difference, which would give it away.
    one = states.copy()
    one[np.flatnonzero(levels == 2)[0]] = 3
    assert (2, 3) in in_plain_words(levels, one, 6, 4)
    assert 2 * 4 + 3 in UnseenPairs.of(7, levels, one, 6, 4).keys
    # Nor do fewer rows than a person wants to be told of.
    few = np.flatnonzero((levels == 5) & (states == 1))[:4]
    one[few] = 0
    wanted = in_plain_words(levels, one, 6, 4, least=5)
    pairs = UnseenPairs.of(7, levels, one, 6, 4, least=5)
    assert (pairs is None) == (not wanted)
    # Where all pairs are there, nothing is kept.
    assert UnseenPairs.of(7, np.tile([0, 1], 500), np.repeat([0, 1], 500), 2, 2) is None


def test_what_never_goes_together_stays_apart(exclusive, fitted):
    drawn = fitted.sample(20_000, seed=1)
    never = drawn["airline"].isin(list("abc")) & drawn["delay"].isna()
    assert never.sum() <= 10
    real = exclusive["delay"].isna().mean()
    np.testing.assert_allclose(drawn["delay"].isna().mean(), real, atol=0.012)


def test_the_laws_still_sum_to_one_and_are_scored_alike(exclusive, fitted, tmp_path):
    rows = pd.DataFrame(
        {"airline": ["a", "h"], "delay": [np.nan, np.nan], "z": [0.1, 0.1]}
    )
    unlikely, likely = fitted.score_samples(rows)
    assert likely - unlikely > np.log(10)
    missing = fitted.sample(4000, seed=2, conditions={"delay": None})
    assert missing["delay"].isna().all()
    assert missing["airline"].isin(list("abc")).mean() < 0.01
    fitted.save(tmp_path / "model")
    again = CTGAN().load(tmp_path / "model")
    np.testing.assert_allclose(again.score_samples(rows), [unlikely, likely], rtol=1e-5)
