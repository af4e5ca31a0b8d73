"""Distances to the training rows and exact copies."""

import numpy as np
import pandas as pd
import pytest
from reference import metrics as plain

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metrics import closest_records, privacy


def rows(n, seed, n_levels=3):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": rng.normal(5, 2, size=n),
            "k": rng.integers(0, 4, size=n).astype(float),
            "c": rng.integers(0, n_levels, size=n).astype(str),
            "constant": 1,
        }
    )
    frame.loc[rng.random(n) < 0.15, "k"] = np.nan
    frame.loc[rng.random(n) < 0.15, "c"] = None
    return frame


def dicts(frame):
    return pd.DataFrame(
        {c: plain.cells(frame[c]) for c in frame}, dtype=object
    ).to_dict("records")


# Above 500 one-hot columns the points are kept sparse.
@pytest.mark.parametrize("n_levels", [3, 5000])
def test_shares_equal_the_plain_version(n_levels):
    train, holdout, synthetic = (rows(n, n, n_levels) for n in (601, 602, 80))
    train, holdout = train[:600], holdout[:600]
    synthetic = pd.concat([synthetic, train[:5]])
    scores = privacy(train, synthetic, holdout)
    tables = dicts(train), dicts(synthetic), dicts(holdout)
    expected = plain.closer_to_train(*tables, ("x", "k", "constant"))
    assert scores["closer_to_train"] == pytest.approx(expected)
    assert scores["copies"] == pytest.approx(plain.copies(*tables[:2]))
    assert scores["copies"] == pytest.approx(5 / 85)
    assert scores["holdout_copies"] == 0


def test_a_copy_is_called_out():
    train, holdout = rows(400, 0), rows(400, 1)
    scores = privacy(train, train, holdout)
    assert scores["closer_to_train"] > 0.99
    assert scores["copies"] == scores["excess_copies"] == 1


def test_fresh_rows_are_as_close_to_either():
    train, holdout, fresh = rows(4000, 0), rows(1000, 1), rows(3000, 2)
    scores = privacy(train, fresh, holdout)
    assert scores["closer_to_train"] == pytest.approx(0.5, abs=0.03)
    assert scores["copies"] == 0


def test_five_per_cent_of_copies_show():
    train, holdout, fresh = rows(2000, 0), rows(1000, 1), rows(950, 2)
    scores = privacy(train, pd.concat([fresh, train[:50]]), holdout)
    assert scores["copies"] == pytest.approx(0.05)


def test_ties_are_split_evenly():
    same = pd.DataFrame({"c": list("abab"), "d": list("aabb")})
    scores = privacy(same, same, same)
    assert scores["closer_to_train"] == 0.5
    assert scores["copies"] == scores["holdout_copies"] == 1
    assert scores["excess_copies"] == 0


def test_ties_survive_rounding():
    # The same distances from other values: (a - b)^2 expanded would break the ties.
    step = np.arange(200) * 0.1 + 1e4
    train, holdout = pd.DataFrame({"x": step}), pd.DataFrame({"x": step + 0.05})
    middle = pd.DataFrame({"x": step + 0.025})
    scores = privacy(train, middle, holdout)
    assert scores["closer_to_train"] == pytest.approx(0.5, abs=0.01)


def test_types_do_not_make_rows_differ():
    train = pd.DataFrame(
        {"x": [0, 1, 2], "c": ["a", "b", None], "f": [True, False, True]}
    )
    twin = pd.DataFrame(
        {
            "x": [-0.0, 1.0, 2.0],
            "c": pd.Categorical(["a", "b", None]),
            "f": pd.array([True, False, True], "boolean"),
        }
    )
    assert privacy(train, twin, train)["copies"] == 1
    assert privacy(train, twin.assign(c="new"), train)["copies"] == 0


def test_the_seed_decides_and_sizes_are_capped():
    train, holdout, fresh = rows(900, 0), rows(300, 1), rows(500, 2)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = privacy(train, fresh, holdout, max_rows=100, seed=1)
    assert privacy(train, fresh, holdout, max_rows=100, seed=1).equals(first)
    assert not privacy(train, fresh, holdout, max_rows=100, seed=2).equals(first)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_dates_and_all_missing_columns_are_taken():
    frame = pd.DataFrame(
        {"d": pd.date_range("2020", periods=30), "n": np.nan, "o": [None] * 30}
    )
    scores = privacy(frame[:10], frame[10:20], frame[20:])
    assert scores["closer_to_train"] == pytest.approx(0.5)


def test_errors_name_the_column():
    train = rows(20, 0)
    with pytest.raises(SchemaError, match=r"holdout frame lacks the columns \['x'\]"):
        privacy(train, train, train.drop(columns="x"))
    with pytest.raises(SchemaError, match=r"synthetic frame lacks the columns \['c'\]"):
        privacy(train, train.drop(columns="c"), train)


@pytest.mark.parametrize("n_levels", [3, 5000])
def test_distances_and_ratios_equal_the_plain_version(n_levels):
    train, holdout, synthetic = (rows(n, n, n_levels) for n in (300, 101, 60))
    synthetic = pd.concat([synthetic, train[:3], train[:1]])
    # Two parts of the training rows: the closest record lies in either.
    train = pd.concat([train[:201], train[:1]])
    found = closest_records(train, synthetic, holdout, seed=3)
    tables = [dicts(frame) for frame in (train, synthetic, holdout)]
    measure = plain.scales(tables[0], ("x", "k", "constant"))
    for table, distances, ratios in (
        (tables[1], found.synthetic_distances, found.synthetic_ratios),
        (tables[2], found.holdout_distances, found.holdout_ratios),
    ):
        expected = plain.closest_two(table, tables[0], *measure)
        # The order of the rows is drawn.
        pairs = sorted(zip(distances, ratios, strict=True))
        np.testing.assert_allclose(pairs, sorted(expected), atol=1e-9)
    scores = privacy(train, synthetic, holdout, records=found)
    closest = [d for d, _ in plain.closest_two(tables[1], tables[0], *measure)]
    assert scores["dcr_5"] == pytest.approx(plain.quantile(closest, 0.05))
    assert scores["dcr_50"] == pytest.approx(plain.quantile(closest, 0.5))


def test_the_membership_attack_equals_the_plain_version():
    train, holdout, synthetic = rows(80, 0), rows(80, 1), rows(60, 2)
    synthetic = pd.concat([synthetic, train[:20]])
    scores = privacy(train, synthetic, holdout)
    tables = [dicts(frame) for frame in (train, synthetic, holdout)]
    measure = plain.scales(tables[0], ("x", "k", "constant"))
    near = [
        -round(min(plain.squared_distance(r, s, *measure) for s in tables[1]) ** 0.5, 9)
        for r in tables[0] + tables[2]
    ]
    labels = [True] * 80 + [False] * 80
    assert scores["membership_auc"] == pytest.approx(plain.auc(labels, near))
    assert scores["membership_error"] == pytest.approx(plain.auc_error(labels, near))
    assert scores["membership_auc"] > 0.55


def test_a_memoriser_is_seen_by_every_figure():
    train, holdout, fresh = rows(900, 0), rows(900, 1), rows(900, 2)
    noise = np.random.default_rng(3).normal(scale=1e-3, size=900)
    leak = train.assign(x=train["x"] + noise)
    good, bad = (privacy(train, frame, holdout) for frame in (fresh, leak))
    # Not one row is a copy, and yet each points at a person.
    assert bad["copies"] == good["copies"] == 0
    assert bad["closer_to_train"] > 0.95 > 0.6 > good["closer_to_train"]
    assert bad["dcr_50"] < bad["holdout_dcr_50"] / 5
    assert good["dcr_50"] == pytest.approx(good["holdout_dcr_50"], rel=0.3)
    assert bad["nndr_5"] < bad["holdout_nndr_5"] / 5
    assert bad["membership_auc"] > 0.9
    assert abs(good["membership_auc"] - 0.5) < 3 * good["membership_error"]


def test_the_standard_error_is_that_of_repeated_tables():
    found = [
        closest_records(rows(200, 3 * k), rows(200, 3 * k + 1), rows(200, 3 * k + 2))
        for k in range(40)
    ]
    spread = np.std([f.closer_to_train for f in found])
    error = np.mean([f.closer_to_train_error for f in found])
    assert 0.6 < spread / error < 1.6


def test_a_single_training_row_is_taken():
    one = rows(1, 0)
    scores = privacy(one, rows(3, 1), rows(2, 2))
    assert np.isfinite(scores.drop(["nndr_5", "holdout_nndr_5"])).all()
