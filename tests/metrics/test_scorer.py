"""The scorer of searches, the cost of a generator, and anonymeter's attacks."""

import mmap
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metrics import (
    SampleScorer,
    attack_risks,
    cost,
    detect,
    fidelity,
    nmi_error,
)


def rows(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pd.DataFrame({"x": x, "y": x + 0.1 * rng.normal(size=n), "c": x > 0.3})


class Bootstrap(BaseEstimator):
    """Hands out its rows; ``shuffled`` breaks the dependences."""

    def __init__(self, shuffled=False):
        self.shuffled = shuffled

    def fit(self, X, y=None):
        self.rows_ = X
        return self

    def sample(self, num_rows=1, seed=None):
        rng = np.random.default_rng(seed)
        drawn = self.rows_.iloc[rng.integers(len(self.rows_), size=num_rows)]
        drawn = drawn.reset_index(drop=True)
        if self.shuffled:
            drawn = drawn.apply(lambda c: rng.permutation(c.to_numpy()))
        return drawn


@pytest.mark.parametrize("metric", ["fidelity", "detection", "neg_nmi_error"])
def test_a_search_finds_the_generator_that_keeps_dependences(metric):
    search = GridSearchCV(
        Bootstrap(), {"shuffled": [True, False]}, scoring=SampleScorer(metric), cv=2
    )
    assert search.fit(rows(600, 0)).best_params_ == {"shuffled": False}


def test_scores_are_those_of_the_metrics():
    model, real = Bootstrap().fit(rows(300, 0)), rows(200, 1)
    drawn = model.sample(200, seed=4)
    score = {m: SampleScorer(m, seed=4)(model, real) for m in ("fidelity", "detection")}
    assert score["fidelity"] == fidelity(real, drawn)
    found = detect(real, drawn, seed=4)
    assert score["detection"] == 1 - abs(2 * found.auc - 1)
    assert SampleScorer("neg_nmi_error", seed=4)(model, real) == -nmi_error(real, drawn)
    own = SampleScorer(lambda real, drawn: len(drawn), n_rows=70)
    assert own(model, real, y=np.zeros(200)) == 70


def test_pipelines_are_sampled_in_the_schema_of_their_rows():
    double = FunctionTransformer(lambda X: X * 2, inverse_func=lambda X: X / 2)
    pipe = Pipeline([("double", double), ("rows", Bootstrap())])
    numbers = rows(300, 0)[["x", "y"]]
    scores = cross_val_score(pipe, numbers, scoring=SampleScorer("fidelity"), cv=2)
    assert (scores > 0.8).all()
    with pytest.raises(TypeError, match="FunctionTransformer has no sample"):
        SampleScorer("fidelity")(double, numbers)


def test_scorers_are_checked_shown_and_pickled():
    with pytest.raises(ValueError, match=r"'neg_nmi_error'.*got 'accuracy'"):
        SampleScorer("accuracy")
    scorer = SampleScorer("fidelity", n_rows=5, seed=2)
    assert repr(scorer) == "SampleScorer('fidelity', n_rows=5, seed=2)"
    assert repr(pickle.loads(pickle.dumps(scorer))) == repr(scorer)


def test_cost_sees_the_memory_that_fit_takes():
    class Hungry(Bootstrap):
        def fit(self, X, y=None):
            # Fresh pages; an array might come from what other tests have freed.
            self.block_ = mmap.mmap(-1, 40 * 2**20)
            self.block_.write(bytes(40 * 2**20))
            return super().fit(X)

        def sample(self, num_rows=1, seed=None):
            self.block_.close()
            return super().sample(num_rows, seed)

    small = cost(Bootstrap(), rows(100, 0))
    large = cost(clone(Hungry()), rows(100, 0), n_rows=10, seed=1)
    assert (large[["fit_seconds", "sample_seconds"]] > 0).all()
    assert large["peak_memory_mb"] > small["peak_memory_mb"] + 20


def test_attacks_find_a_copy():
    pytest.importorskip("anonymeter")
    train, holdout, fresh = rows(400, 0), rows(400, 1), rows(400, 2)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    options = {"secrets": ["c", "y"], "n_attacks": 60, "seed": 1}
    bad = attack_risks(train, train, holdout, **options)
    good = attack_risks(train, fresh, holdout, **options)
    assert list(bad.index) == [
        "singling out, univariate",
        "singling out, multivariate",
        "inference of c",
        "inference of y",
    ]
    singling_out = "singling out, multivariate"
    assert bad.loc[singling_out, "risk"] > good.loc[singling_out, "risk"] + 0.1
    assert bad.loc["inference of y", "risk"] > good.loc["inference of y", "risk"] + 0.3
    pd.testing.assert_frame_equal(bad, attack_risks(train, train, holdout, **options))
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    with pytest.raises(SchemaError, match=r"no column \['z'\]"):
        attack_risks(train, fresh, holdout, secrets=["z"])


def test_attacks_say_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "anonymeter.evaluators", None)
    with pytest.raises(ImportError, match="pip install anonymeter"):
        attack_risks(rows(9, 0), rows(9, 1), rows(9, 2))
