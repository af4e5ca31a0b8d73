"""Classes balanced in imbalanced-learn's sense."""

import numpy as np
import pandas as pd
import pytest
from gan_cases import same, small_gan

from sklearn_synthohive import CTGAN


def classes(n=400, seed=0):
    """Two numbers and a category that depend on a rare class."""
    rng = np.random.default_rng(seed)
    y = pd.Series(rng.choice(["no", "yes", "maybe"], n, p=[0.7, 0.2, 0.1]), name="buys")
    shift = y.map({"no": 0.0, "yes": 4.0, "maybe": -4.0}).to_numpy()
    X = pd.DataFrame(
        {
            "a": rng.normal(shift),
            "b": rng.integers(0, 9, n),
            "c": np.where(shift > 0, "up", "down"),
        }
    )
    return X, y


@pytest.mark.parametrize("network", ["mlp", "autoregressive"])
def test_originals_first_then_the_rare_classes(network):
    X, y = classes()
    X_res, y_res = small_gan(generator=network).fit_resample(X, y)
    same(X_res[:400], X)
    pd.testing.assert_series_equal(y_res[:400], y)
    assert set(y_res.value_counts()) == {y.value_counts().max()}
    assert len(X_res) == len(y_res)
    assert X_res.dtypes.equals(X.dtypes)


def test_rows_are_those_of_their_class():
    X, y = classes(1500)
    gan = CTGAN(generator_dim=(8, 8), generator_lr=1e-2, epochs=20, random_state=0)
    X_res, y_res = gan.fit_resample(X, y)
    new, label = X_res[1500:], y_res[1500:]
    for name, mean in {"yes": 4.0, "maybe": -4.0}.items():
        assert new["a"][label == name].median() == pytest.approx(mean, abs=0.4)
    assert (new["c"][label == "yes"] == "up").mean() > 0.97
    again = gan.sample(50, context=pd.DataFrame({"buys": ["yes"] * 50}), seed=0)
    assert again["a"].median() == pytest.approx(4, abs=1)


def test_arrays():
    X, y = classes()
    values, codes = X[["a", "b"]].to_numpy(), y.map({"no": 0, "yes": 1, "maybe": 2})
    X_res, y_res = small_gan().fit_resample(values, codes.to_numpy())
    assert isinstance(X_res, np.ndarray)
    assert X_res.dtype == values.dtype
    assert y_res.dtype == codes.dtype
    np.testing.assert_array_equal(X_res[:400], values)
    assert len(set(np.bincount(y_res))) == 1


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("minority", {"maybe": 280}),
        ("not minority", {"yes": 280}),
        ("all", {"yes": 280, "maybe": 280}),
        ({"yes": 100, "maybe": 90}, {"yes": 100, "maybe": 90}),
    ],
    ids=str,
)
def test_strategies(strategy, expected):
    X, y = classes()
    before = y.value_counts()
    largest = before.max()
    _, y_res = small_gan(epochs=1).fit_resample(X, y, sampling_strategy=strategy)
    for name, count in y_res.value_counts().items():
        wanted = expected.get(name, before[name])
        assert count == (largest if wanted == 280 else wanted)


def test_a_ratio_of_two_classes():
    X, y = classes()
    y = y.where(y == "no", "other")
    _, y_res = small_gan(epochs=1).fit_resample(X, y, sampling_strategy=0.8)
    counts = y_res.value_counts()
    assert counts["other"] == round(0.8 * counts["no"])


def test_nothing_to_add():
    X, y = classes()
    X_res, y_res = small_gan(epochs=1).fit_resample(
        X, y, sampling_strategy=y.value_counts().to_dict()
    )
    same(X_res, X)
    assert len(y_res) == 400


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"y": np.linspace(0, 1, 400)}, "Unknown label type"),
        ({"y": ["no"] * 400}, "one class"),
        ({"y": ["no", None] * 200}, "missing"),
        ({"y": ["no", "yes"] * 100}, "200 rows but X has 400"),
        ({"sampling_strategy": "most"}, "most"),
        ({"sampling_strategy": {"perhaps": 9}}, "perhaps"),
        ({"sampling_strategy": {"no": 9}}, "not removed"),
        ({"sampling_strategy": 0.5}, "two classes"),
    ],
    ids=str,
)
def test_refused(change, match):
    X, y = classes()
    options = {"y": y} | change
    with pytest.raises(ValueError, match=match):
        small_gan().fit_resample(X, **options)


def test_a_class_that_no_row_has_is_none():
    X, y = classes()
    levels = pd.CategoricalDtype(["never", *sorted(y.unique())])
    _, y_res = small_gan().fit_resample(X, y.astype(levels))
    assert y_res.dtype == levels
    assert y_res.value_counts()["never"] == 0
    assert set(y_res.value_counts()) == {0, y.value_counts().max()}
