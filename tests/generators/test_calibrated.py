"""Calibrated samples: closer tables, and all promises of sample."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, parents, people, same, small_gan
from sklearn.pipeline import Pipeline

from sklearn_synthohive import CTGAN, DataTransformer, sample
from sklearn_synthohive.generators._calibrated import CalibratedGenerator
from sklearn_synthohive.utils.serialization import load_plain


def dependent(n=600, seed=0):
    """A table whose dependences a generator of one epoch misses."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    flag = (kind == "a") ^ (rng.random(n) < 0.05)
    size = rng.normal(size=n) + 3.0 * flag
    return pd.DataFrame({"kind": kind, "flag": flag, "size": size})


@pytest.fixture(scope="module")
def rough(network):
    """Hardly trained, so that there is much to calibrate."""
    model = small_gan(generator=network, epochs=1, early_stopping=False)
    return fit(model, dependent())


def cells(frame):
    """Shares of the cells of kind and flag."""
    return pd.crosstab(frame["kind"], frame["flag"], normalize=True)


def gap(first, second):
    return float((cells(first) - cells(second)).abs().to_numpy().sum())


def test_tables_come_closer_to_rows_never_seen(rough):
    held_out = dependent(4_000, seed=9)
    plain = rough.sample(4_000, seed=0)
    calibrated = rough.sample(4_000, seed=0, calibrated=True)
    assert gap(held_out, calibrated) < 0.7 * gap(held_out, plain)
    assert list(calibrated.columns) == list(plain.columns)
    assert (calibrated.dtypes == plain.dtypes).all()


@pytest.mark.parametrize("n", [0, 1, 2, 4_097])
def test_row_counts(raw, n):
    assert len(raw.sample(n, seed=0, calibrated=True)) == n


def test_default_is_not_calibrated(rough):
    plain = rough.sample(300, seed=1)
    same(plain, rough.sample(300, seed=1, calibrated=False))
    assert not plain.equals(rough.sample(300, seed=1, calibrated=True))


def test_batches_seeds_and_jobs(rough):
    whole = rough.sample(9_000, seed=4, calibrated=True)
    for size in (997, 4_096, 20_000):
        batches = rough.sample_batches(9_000, size, seed=4, calibrated=True)
        same(whole, pd.concat(batches, ignore_index=True))
    same(whole, rough.sample(9_000, seed=4, calibrated=True))
    assert not whole.equals(rough.sample(9_000, seed=5, calibrated=True))
    jobs = rough.n_jobs
    rough.n_jobs = 2
    try:
        same(whole, rough.sample(9_000, seed=4, calibrated=True))
    finally:
        rough.n_jobs = jobs


def test_no_row_is_taken_twice(rough):
    generator = CalibratedGenerator(rough._fitted)
    pool, rows = generator._pool(700, 3)[0], generator.rows(700, 3, None)
    there, taken = (
        Counter(map(tuple, np.column_stack([t.codes, t.scalars]).tolist()))
        for t in (pool, rows)
    )
    assert taken.total() == 700
    assert taken <= there


def test_saved_models_and_final_checkpoints_hold_the_weights(rough, tmp_path):
    expected = rough.sample(200, seed=2, calibrated=True)
    rough.save(tmp_path / "model")
    loaded = CTGAN.from_saved(tmp_path / "model")
    same(expected, loaded.sample(200, seed=2, calibrated=True))
    loaded.save(tmp_path / "again")
    info = load_plain(tmp_path / "again" / "data_column_info.joblib")
    assert info["calibration"]["ratio"] >= 2


def test_resumed_runs_have_the_same_weights(network, tmp_path):
    table = dependent(300)
    options = {"generator": network, "early_stopping": False}
    whole = fit(small_gan(epochs=4, **options), table, checkpoint_dir=tmp_path / "a")
    half = small_gan(epochs=2, **options)
    fit(half, table, checkpoint_dir=tmp_path / "b")
    resumed = small_gan(epochs=4, resume_from=tmp_path / "b", **options)
    fit(resumed, table)
    expected = whole.sample(300, seed=0, calibrated=True)
    same(expected, resumed.sample(300, seed=0, calibrated=True))
    final = CTGAN.from_saved(tmp_path / "a" / "final_checkpoint")
    same(expected, final.sample(300, seed=0, calibrated=True))


def test_each_row_goes_with_its_context():
    rng = np.random.default_rng(0)
    context = pd.DataFrame({"group": rng.choice(["x", "y", "z"], 900)})
    rows = pd.DataFrame({"mark": context["group"].where(rng.random(900) < 0.95, "x")})
    # It has learnt little by itself.
    options = {"generator": "autoregressive", "epochs": 1, "early_stopping": False}
    model = fit(small_gan(**options), rows, context=context)
    fresh = pd.DataFrame({"group": rng.choice(["x", "y", "z"], 6_000)})
    hits = [
        (model.sample(6_000, fresh, 0, calibrated=c)["mark"] == fresh["group"]).mean()
        for c in (False, True)
    ]
    assert hits[1] > hits[0] + 0.1
    batches = model.sample_batches(6_000, 999, fresh, 0, calibrated=True)
    same(
        model.sample(6_000, fresh, 0, calibrated=True),
        pd.concat(batches, ignore_index=True),
    )


def test_context_promises(with_context):
    context = parents(50)
    rows = with_context.sample(50, context=context, seed=3, calibrated=True)
    assert len(rows) == 50
    with pytest.raises(ValueError, match="fitted with a context"):
        with_context.sample(50, calibrated=True)


@pytest.mark.parametrize(
    "conditions",
    [
        {"kind": "c"},
        {"size": pd.Interval(1.0, 2.0)},
        {"kind": ["a", "b"], "size": pd.Interval(0.0, 3.0)},
    ],
)
def test_conditions_are_met(rough, conditions):
    rows = rough.sample(400, seed=0, conditions=conditions, calibrated=True)
    assert len(rows) == 400
    if "size" in conditions:
        interval = conditions["size"]
        assert rows["size"].between(interval.left, interval.right).all()
    if "kind" in conditions:
        assert rows["kind"].isin(list(conditions["kind"])).all()


def test_free_columns_are_weighed_under_conditions(rough):
    held_out = dependent(20_000, seed=9)
    condition = {"kind": "a"}
    real = held_out.loc[held_out["kind"] == "a", "flag"].mean()
    shares = [
        rough.sample(3_000, seed=0, conditions=condition, calibrated=c)["flag"].mean()
        for c in (False, True)
    ]
    assert abs(shares[1] - real) < abs(shares[0] - real)


def test_rules_hold(network):
    rng = np.random.default_rng(0)
    net, tax = rng.integers(1, 500, 600), rng.integers(0, 90, 600)
    town = rng.choice(["Oslo", "Bergen", "Rome", "Bonn"], 600)
    land = pd.Series(town).map({"Oslo": "N", "Bergen": "N", "Rome": "I", "Bonn": "D"})
    table = pd.DataFrame(
        {"town": town, "land": land, "net": net, "tax": tax, "gross": net + tax}
    )
    model = fit(small_gan(generator=network, epochs=1), table)
    assert len(model.rules_) >= 2
    rows = model.sample(3_000, seed=0, calibrated=True)
    assert (rows["net"] + rows["tax"] == rows["gross"]).all()
    assert len(rows[["town", "land"]].drop_duplicates()) == rows["town"].nunique()


def test_encoded_matrices(network):
    table = dependent()
    gan = small_gan(generator=network, epochs=1, early_stopping=False)
    pipe = Pipeline([("tx", DataTransformer(random_state=0)), ("gan", gan)])
    pipe.fit(table, gan__progress_bar=False)
    plain = sample(pipe, 3_000, seed=0)
    calibrated = sample(pipe, 3_000, seed=0, calibrated=True)
    held_out = dependent(4_000, seed=9)
    assert gap(held_out, calibrated) < 0.7 * gap(held_out, plain)


def test_models_without_weights_say_what_to_do(network, tmp_path):
    model = fit(small_gan(generator=network, calibrate=False), people(100))
    model.sample(5, calibrated=False)
    for draw in (model.sample, model.sample_batches):
        with pytest.raises(ValueError, match="calibrate=True"):
            draw(5, calibrated=True)
    model.save(tmp_path / "model")
    with pytest.raises(ValueError, match="calibrate=True"):
        CTGAN.from_saved(tmp_path / "model").sample(5, calibrated=True)


def test_bad_values(raw):
    with pytest.raises(TypeError, match="calibrated must be"):
        raw.sample(5, calibrated="yes")
    with pytest.raises(ValueError, match="calibrate"):
        fit(small_gan(calibrate="yes"), people(100))


def test_one_row_and_one_column(network):
    one = pd.DataFrame({"x": [1.0]})
    model = fit(small_gan(generator=network), one)
    assert len(model.sample(3, seed=0, calibrated=True)) == 3
