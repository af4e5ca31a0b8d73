"""The estimator for rows of any generator."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_synthohive import SchemaError
from sklearn_synthohive.calibration import RakingCalibrator
from sklearn_synthohive.metrics import pair_trends


def people(n, seed=0):
    """Income grows with age, the city decides membership."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    city = rng.choice(["Oslo", "Rome", "Bonn"], n, p=[0.5, 0.4, 0.1])
    income = (50 * age + rng.gamma(4.0, 300.0, n)).round(2)
    income[rng.random(n) < 0.1] = np.nan
    member = np.where(city == "Oslo", rng.random(n) < 0.8, rng.random(n) < 0.1)
    return pd.DataFrame({"age": age, "income": income, "city": city, "member": member})


def independent(real, n, seed=1):
    """Each column by itself: another generator, and a poor one."""
    rng = np.random.default_rng(seed)
    columns = {c: real[c].array.take(rng.integers(0, len(real), n)) for c in real}
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def real():
    return people(4_000)


@pytest.fixture(scope="module")
def pool(real):
    return independent(real, 20_000)


@pytest.fixture(scope="module")
def calibrator(real, pool):
    return RakingCalibrator().fit(real, pool=pool)


def trend(real, rows):
    return pair_trends(real, rows)["score"].mean()


def test_dependences_come_closer_to_rows_never_seen(calibrator, real, pool):
    held_out = people(4_000, seed=7)
    selected = calibrator.select(pool, 4_000, seed=0)
    error = 1 - trend(held_out, pool.head(4_000))
    assert 1 - trend(held_out, selected) < 0.65 * error
    later = independent(real, 20_000, seed=3)
    assert 1 - trend(held_out, calibrator.select(later, 4_000, seed=0)) < 0.65 * error


def test_rows_are_of_the_pool_and_taken_once(calibrator, pool):
    marked = pool.assign(income=np.arange(len(pool)) / 4)
    selected = calibrator.select(marked, 3_000, seed=0)
    assert len(selected) == 3_000
    assert selected["income"].is_unique
    assert list(selected.columns) == list(marked.columns)
    assert (selected.dtypes == marked.dtypes).all()
    assert list(selected.index) == list(range(3_000))


def test_seeds(calibrator, pool):
    first = calibrator.select(pool, 100, seed=3)
    pd.testing.assert_frame_equal(first, calibrator.select(pool, 100, seed=3))
    assert not first.equals(calibrator.select(pool, 100, seed=4))
    assert not first.equals(calibrator.select(pool, 100))


def test_weights_do_not_depend_on_the_order_of_columns(calibrator, pool):
    expected = calibrator.log_weights(pool)
    found = calibrator.log_weights(pool[list(pool)[::-1]])
    np.testing.assert_array_equal(found, expected)


def test_a_good_generator_is_left_alone(real):
    calibrator = RakingCalibrator(tolerance=5.0).fit(real, pool=people(20_000, 5))
    np.testing.assert_array_equal(calibrator.log_weights(people(100, 6)), 0.0)
    assert calibrator.pool_ratio_ == 2


def test_unseen_levels_and_values_have_a_weight(calibrator, pool):
    odd = pool.head(3).assign(city=["Lima", None, "Oslo"], age=[-5, 1_000, 40])
    assert np.isfinite(calibrator.log_weights(odd)).all()


def test_estimator_conventions(calibrator, real, pool):
    assert clone(calibrator).get_params() == calibrator.get_params()
    again = pickle.loads(pickle.dumps(calibrator))
    np.testing.assert_array_equal(again.log_weights(pool), calibrator.log_weights(pool))
    assert calibrator.n_features_in_ == 4
    blob = pickle.dumps(calibrator)
    assert len(blob) < 60_000
    with pytest.raises(NotFittedError):
        RakingCalibrator().log_weights(pool)
    with pytest.raises(ValueError, match="max_ratio"):
        RakingCalibrator(max_ratio=0.5).fit(real, pool=pool)


def test_bad_input(calibrator, real, pool):
    with pytest.raises(SchemaError, match="lacks the columns \\['city'\\]"):
        RakingCalibrator().fit(real, pool=pool.drop(columns="city"))
    with pytest.raises(SchemaError, match="pool frame lacks the columns"):
        calibrator.log_weights(pool.drop(columns="age"))
    with pytest.raises(TypeError, match="pool must be a pandas DataFrame"):
        calibrator.log_weights(pool.to_numpy())
    with pytest.raises(ValueError, match="0 rows"):
        RakingCalibrator().fit(real, pool=pool.head(0))
    with pytest.raises(SchemaError, match="'age' is a number"):
        RakingCalibrator().fit(real, pool=pool.assign(age="old"))
    with pytest.raises(ValueError, match="generate more rows"):
        calibrator.select(pool.head(10), 11)
    with pytest.raises(TypeError, match="n_rows"):
        calibrator.select(pool, 2.5)
    with pytest.raises(ValueError, match="n_rows"):
        calibrator.select(pool, -1)
