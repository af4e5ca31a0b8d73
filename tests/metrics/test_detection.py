"""The detector and what it sees."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import metrics as plain
from sklearn.metrics import roc_auc_score

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metrics import detect, detection_auc
from sklearn_synthohive.metrics._auc import auc_with_error
from sklearn_synthohive.metrics._features import tree_features


def rows(n, seed, dependent=True):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = x if dependent else rng.permutation(x)
    return pd.DataFrame({"x": x, "c": np.where(y > 0, "up", "down")})


def test_rows_of_one_distribution_are_not_told_apart():
    assert detection_auc(rows(2000, 0), rows(2000, 1)) == pytest.approx(0.5, abs=0.04)


def test_independent_columns_are_called_out():
    # Half of the rows have a sign that contradicts: the best AUC is 0.75.
    assert detection_auc(rows(2000, 0), rows(2000, 1, False)) > 0.7


def test_a_copy_of_the_training_rows_scores_below_chance():
    real = rows(1000, 0)
    assert detection_auc(real, real) < 0.45


def test_a_smeared_spike_is_called_out():
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"x": np.where(rng.random(1500) < 0.9, 0.0, rng.random(1500))})
    smeared = real + rng.normal(scale=1e-3, size=real.shape)
    assert detection_auc(real, smeared) > 0.9


def test_the_seed_decides_and_nothing_else():
    real, synthetic = rows(500, 0), rows(400, 1, False)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = detection_auc(real, synthetic, seed=3)
    assert detection_auc(real, synthetic[["c", "x"]], seed=3) == first
    assert detection_auc(real, synthetic, seed=4) != first
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_rows_are_capped():
    real, synthetic = rows(900, 0), rows(900, 1, False)
    assert detection_auc(real, synthetic, max_rows=60) < detection_auc(real, synthetic)


def test_many_levels_do_not_give_a_table_away():
    # Nearly every name occurs once: names of one's own are no evidence.
    rng = np.random.default_rng(0)
    real, synthetic = (
        pd.DataFrame({"name": rng.integers(0, 10**6, 1500).astype(str)})
        for _ in range(2)
    )
    assert detection_auc(real, synthetic) == pytest.approx(0.5, abs=0.05)


def test_many_levels_are_seen_when_they_are_frequent():
    rng = np.random.default_rng(0)
    names = rng.integers(0, 400, (2, 4000)).astype(str)
    real = pd.DataFrame({"name": np.where(rng.random(4000) < 0.6, "most", names[0])})
    assert detection_auc(real, pd.DataFrame({"name": names[1]})) > 0.75


def test_every_kind_of_column_is_taken():
    base = pd.DataFrame(
        {
            "date": pd.date_range("2020", periods=90),
            "flag": pd.array([True, None, False] * 30, "boolean"),
            "level": pd.Categorical(list("abc") * 30, ordered=True),
            "number": pd.array([1, None, 3] * 30, "Int64"),
            "nothing": None,
        }
    )
    assert 0 <= detection_auc(base, base.sample(frac=1, random_state=0)) <= 1


def test_columns_and_sizes_are_checked():
    real = rows(50, 0)
    with pytest.raises(SchemaError, match=r"lacks the columns \['c'\]"):
        detection_auc(real, real[["x"]])
    with pytest.raises(ValueError, match="3 folds need at least 3 rows"):
        detection_auc(real, real[:2])


def test_levels_are_shared_and_rare_ones_pooled_alike():
    first = pd.DataFrame({"c": ["often"] * 3 + [str(k) for k in range(200)]})
    second = pd.DataFrame({"c": ["often"] * 3 + [str(k) for k in range(200, 400)]})
    a, b, categorical = tree_features(first, second)
    assert categorical.tolist() == [True]
    assert a[0, 0] == b[0, 0]
    pooled = np.unique(np.concatenate([a[3:], b[3:]]))
    assert len(pooled) == 1
    assert pooled[0] != a[0, 0]


def test_the_plain_auc_is_scikit_learns():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 60), rng.integers(0, 9, 60)
    assert plain.auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=4, max_size=30))
def test_the_standard_error_equals_the_plain_version(rows):
    labels, scores = zip(*rows, strict=True)
    if not 2 <= sum(labels) <= len(labels) - 2:
        return
    auc, error = auc_with_error(np.array(labels), np.array(scores, dtype=float))
    assert auc == pytest.approx(plain.auc(labels, scores))
    assert error == pytest.approx(plain.auc_error(labels, scores), abs=1e-12)


def test_the_detector_keeps_what_a_curve_needs():
    real, synthetic = rows(600, 0), rows(600, 1, False)
    found = detect(real, synthetic, seed=2)
    assert found.auc == detection_auc(real, synthetic, seed=2)
    parts = [found.folds == k for k in range(3)]
    by_fold = [roc_auc_score(found.is_synthetic[p], found.scores[p]) for p in parts]
    assert found.auc == pytest.approx(np.mean(by_fold))
    assert found.advantage == pytest.approx(2 * found.auc - 1)
    false_positive, true_positive = found.roc()
    assert true_positive[[0, -1]].tolist() == [0, 1]
    area = (
        (true_positive[1:] + true_positive[:-1]) / 2 * np.diff(false_positive)
    ).sum()
    assert area == pytest.approx(found.auc, abs=0.01)
    assert found.importances is None


def test_the_standard_error_is_that_of_repeated_tables():
    aucs, errors = zip(
        *[
            (found.auc, found.standard_error)
            for k in range(12)
            for found in [detect(rows(300, 2 * k), rows(300, 2 * k + 1), seed=k)]
        ],
        strict=True,
    )
    assert 0.5 < np.std(aucs) / np.mean(errors) < 2


def test_importances_name_the_column_that_gives_the_rows_away():
    real = rows(900, 0).assign(n=np.random.default_rng(1).normal(size=900))
    shifted = rows(900, 2).assign(n=np.random.default_rng(3).normal(size=900) + 2)
    found = detect(real, shifted, importances=True)
    assert found.importances.index[0] == "n"
    assert found.importances["n"] > 0.2
    assert found.importances[1:].abs().max() < 0.05


@pytest.mark.parametrize(
    "gone",
    [
        np.full(90, np.nan),
        np.r_[7.0, np.full(89, np.nan)],
        np.full(90, np.datetime64("NaT"), dtype="M8[ns]"),
        pd.array([None] * 90, "Int64"),
    ],
)
def test_a_column_that_is_missing_nearly_throughout_tells_nothing(gone):
    real = rows(90, 0).assign(z=gone)
    synthetic = rows(90, 1, False).assign(z=gone)
    found = detect(real, synthetic, importances=True)
    plain_found = detect(real[["x", "c"]], synthetic[["x", "c"]])
    np.testing.assert_array_equal(found.scores, plain_found.scores)
    assert found.importances["z"] == 0


def test_a_column_that_only_one_side_lacks_gives_the_rows_away():
    real = rows(300, 0).assign(z=5.0)
    found = detect(real, rows(300, 1).assign(z=np.nan), importances=True)
    assert found.auc > 0.99
    assert found.importances.index[0] == "z"
