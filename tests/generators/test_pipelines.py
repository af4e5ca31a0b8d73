"""The five lines of the README, and the tools of scikit-learn around them."""

import json

import joblib
import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, parents, people, same, small_gan
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_synthohive import (
    ClusterBasedNormalizer,
    DataTransformer,
    Layout,
    sample,
)

QUIET = {"gan__progress_bar": False}


def pipeline(**parameters):
    return Pipeline(
        [("tx", DataTransformer(random_state=0)), ("gan", small_gan(**parameters))]
    )


@pytest.fixture(scope="module")
def pipe():
    return pipeline().fit(people(), **QUIET)


def test_raw_frame_in_raw_frame_out(table):
    synthetic = fit(small_gan(), table).sample(10)
    assert synthetic.dtypes.equals(table.dtypes)


def test_the_encoded_matrix_carries_its_layout(pipe, table):
    drawn = pipe[-1].sample(100, seed=1)
    assert Layout.of(drawn) == pipe[0].layout_ == pipe[-1].layout_
    synthetic = pipe[:-1].inverse_transform(drawn)
    assert synthetic.dtypes.equals(table.dtypes)
    same(sample(pipe, 100, seed=1), synthetic)


def test_sample_hands_its_options_on(table):
    context = parents()
    pipe = pipeline().fit(table, gan__context=context, **QUIET)
    first = sample(pipe, 200, context=context, seed=2)
    same(first, sample(pipe, 200, context=context, seed=2))
    assert len(first) == 200
    with pytest.raises(ValueError, match="context"):
        sample(pipe, 10)
    with pytest.raises(TypeError, match="sed"):
        sample(pipe, 10, sed=1)


def test_a_pipeline_of_one_step(table):
    pipe = Pipeline([("gan", small_gan())]).fit(table, **QUIET)
    same(sample(pipe, 5, seed=0), pipe[-1].sample(5, seed=0))


def test_what_cannot_be_sampled_says_so(table, raw):
    with pytest.raises(TypeError, match="Pipeline"):
        sample(raw, 3)
    scaler = make_pipeline(StandardScaler()).fit(table[["age"]])
    with pytest.raises(TypeError, match="StandardScaler"):
        sample(scaler, 3)


def test_a_pipeline_is_pickled_and_cloned(pipe, tmp_path, table):
    joblib.dump(pipe, tmp_path / "model.joblib")
    same(
        sample(joblib.load(tmp_path / "model.joblib"), 30, seed=1),
        sample(pipe, 30, seed=1),
    )
    again = clone(pipe).fit(table, **QUIET)
    same(sample(again, 30, seed=1), sample(pipe, 30, seed=1))


def test_grid_search_over_a_pipeline(table):
    grid = {"gan__generator_dim": [(8,), (16,)], "tx__n_components": [2, 5]}
    search = GridSearchCV(
        pipeline(epochs=1), grid, cv=2, error_score="raise", refit=True
    )
    search.fit(table, **QUIET)
    assert search.best_params_ in [
        dict(zip(grid, pair, strict=True))
        for pair in [((8,), 2), ((8,), 5), ((16,), 2), ((16,), 5)]
    ]
    scores = search.cv_results_["mean_test_score"]
    assert ((scores > 0) & (scores <= 1)).all()
    assert len(sample(search.best_estimator_, 10)) == 10


def test_the_transformer_is_a_parameter_to_search(table):
    """Nested parameters of a transformer inside the generator."""
    model = small_gan(transformer=DataTransformer(), epochs=1)
    search = GridSearchCV(model, {"transformer__n_components": [1, 4]}, cv=2)
    search.fit(table, progress_bar=False)
    assert set(search.cv_results_["param_transformer__n_components"]) == {1, 4}


def test_memory_changes_nothing(pipe, table, tmp_path):
    cached = Pipeline(pipe.steps, memory=joblib.Memory(tmp_path, verbose=0))
    for _ in range(2):
        fitted = clone(cached).fit(table, **QUIET)
        same(sample(fitted, 30, seed=1), sample(pipe, 30, seed=1))
    assert any(tmp_path.rglob("output.pkl"))


def test_cross_validation_scores_fidelity(table):
    model = small_gan(epochs=1)
    scores = cross_val_score(
        model, table, cv=KFold(2), params={"progress_bar": False}, error_score="raise"
    )
    assert ((scores > 0.2) & (scores <= 1)).all()


class TestScore:
    def test_it_repeats(self, raw, table):
        assert raw.score(table) == raw.score(table)
        assert raw.score(table, None) == raw.score(table)

    def test_it_tells_good_from_bad(self, table):
        rng = np.random.default_rng(0)
        good = fit(small_gan(epochs=40, generator_dim=(32,)), table)
        shuffled = table.assign(city=rng.choice(["Bonn"], len(table)), age=20)
        assert good.score(table) > 0.7
        assert good.score(table) > good.score(shuffled) + 0.1

    def test_of_the_matrix_it_means_about_the_same(self, pipe, table):
        encoded = pipe[0].transform(table)
        assert 0 < pipe[-1].score(encoded) <= 1
        assert pipe.score(table) == pipe[-1].score(encoded)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output_of_the_transformer(table, container):
    if container == "polars":
        pytest.importorskip("polars")
    transformer = DataTransformer(random_state=0).set_output(transform=container)
    pipe = Pipeline([("tx", transformer), ("gan", small_gan())])
    pipe.fit(table, **QUIET)
    assert pipe[-1].transformer_ is None
    same(sample(pipe, 20, seed=1), sample(pipeline().fit(table, **QUIET), 20, seed=1))


def test_an_encoded_part_of_a_column_transformer(table):
    """Prefixed names carry the layout as well."""
    parts = ColumnTransformer(
        [
            ("num", ClusterBasedNormalizer(random_state=0), ["age", "income"]),
            ("cat", DataTransformer(), ["city", "member"]),
        ]
    ).set_output(transform="pandas")
    encoded = parts.fit_transform(table)
    assert encoded.columns[0].startswith("num__age~")
    model = fit(small_gan(), encoded)
    drawn = model.sample(20, seed=0)
    assert list(drawn.columns) == list(encoded.columns)
    assert Layout.of(drawn) == model.layout_


def test_a_scaler_between_makes_a_raw_table(table):
    pipe = make_pipeline(StandardScaler(), small_gan())
    numbers = table[["age"]].astype(float)
    pipe.fit(numbers, ctgan__progress_bar=False)
    assert pipe[-1].transformer_ is not None
    assert sample(pipe, 10).shape == (10, 1)


def test_parameters_are_left_as_given(table):
    model = small_gan(generator_dim=[16], transformer=DataTransformer())
    before = json.dumps(model.get_params(), default=repr)
    fit(model, table)
    assert json.dumps(model.get_params(), default=repr) == before
    assert not hasattr(model.transformer, "layout_")


def test_clones_are_unfitted_and_equal(raw):
    twin = clone(raw)
    assert twin.get_params() == raw.get_params()
    with pytest.raises(AttributeError, match="not fitted"):
        twin.sample(3)


def test_nested_columns_of_a_frame_survive(table):
    """A frame that was cut or rearranged after encoding is refused, not guessed."""
    encoded = DataTransformer(random_state=0).fit_transform(table)
    model = fit(small_gan(), encoded)
    with pytest.raises(ValueError, match="encoded"):
        model.score(encoded[encoded.columns[::-1]])
    with pytest.raises(ValueError, match="same"):
        model.score(table)


def test_repr_is_short():
    text = repr(small_gan())
    assert len(text) < 200
    assert pd.api.types.is_hashable(text)
