"""What a CTGAN can be fitted on, and what comes back."""

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, parents, people, same, small_gan
from scipy import stats

from sklearn_synthohive import DataTransformer, Layout

N_LEVELS = 70


def many_levels(n=300):
    rng = np.random.default_rng(2)
    tail = [f"N{k:03}" for k in rng.integers(0, N_LEVELS, n)]
    return pd.DataFrame({"tail": tail, "delay": rng.normal(5, 20, n)})


TABLES = {
    "mixed": people(),
    "one row": people(1),
    "two rows": people(2),
    "one number": people()[["income"]],
    "one category": people()[["city"]],
    "one constant": people()[["age"]].assign(age=3),
    "no discrete column": people()[["age", "income", "since"]],
    "only discrete columns": people()[["city", "member"]],
    "many levels": many_levels(),
    "only many levels": many_levels()[["tail"]],
    "integer names": people().set_axis(range(5), axis=1),
    "odd names": people().set_axis(["a=b", "x~value", "[", "\\", ""], axis=1),
    "other index": people().set_index(pd.Index(range(200, 0, -1))),
    "all missing": people().assign(income=np.nan),
}


@pytest.mark.parametrize("name", TABLES)
def test_rows_come_back_in_their_schema(name, network):
    table = TABLES[name]
    untouched = table.copy()
    model = fit(small_gan(generator=network), table)
    same(table, untouched)
    sample = model.sample(30, seed=1)
    same(sample[:0], table[:0].reset_index(drop=True)[list(table.columns)])
    assert sample.index.equals(pd.RangeIndex(30))
    for column in table:
        seen = table[column].dropna().unique()
        if sample[column].dtype == bool or sample[column].dtype.kind in "OT":
            assert set(sample[column].dropna()) <= set(seen)
        elif len(seen):
            assert sample[column].min() >= seen.min()
            assert sample[column].max() <= seen.max()
        else:
            assert sample[column].isna().all()
    assert model.sample().shape == (1, table.shape[1])
    assert model.sample(0).shape == (0, table.shape[1])


@pytest.mark.parametrize("name", ["mixed", "many levels", "only discrete columns"])
def test_an_encoded_matrix_gives_an_encoded_matrix(name, network):
    table = TABLES[name]
    encoder = DataTransformer(random_state=0).fit(table)
    encoded = encoder.transform(table)
    model = fit(small_gan(generator=network), encoded)
    assert model.layout_ == encoder.layout_
    assert model.transformer_ is None
    assert model.n_features_in_ == encoded.shape[1]
    assert list(model.feature_names_in_) == list(encoded.columns)
    sample = model.sample(50, seed=1)
    assert Layout.of(sample) == encoder.layout_  # checks the values too
    assert (sample.dtypes == np.float32).all()
    decoded = encoder.inverse_transform(sample)
    assert decoded.dtypes.equals(table.dtypes)


def test_raw_and_encoded_rows_are_one_road(network):
    """An encoding outside gives what the encoding inside gives."""
    table = people()
    encoder = DataTransformer(random_state=0)
    inside = fit(
        small_gan(generator=network, transformer=encoder, early_stopping=False),
        table,
        seed=4,
    )
    fitted = DataTransformer().fit(table, seed=4)
    outside = fit(
        small_gan(generator=network, early_stopping=False),
        fitted.transform(table),
        seed=4,
    )
    decoded = fitted.inverse_transform(outside.sample(80, seed=1))
    same(inside.sample(80, seed=1), decoded)


def test_many_levels_are_embedded(network):
    model = fit(small_gan(generator=network), TABLES["many levels"])
    assert model.layout_.span_of("tail").kind == "code"
    assert model.sample(300, seed=1)["tail"].nunique() > 20
    one_hot = fit(
        small_gan(generator=network, embedding_threshold=N_LEVELS),
        TABLES["many levels"],
    )
    assert one_hot.layout_.span_of("tail").kind == "discrete"


@pytest.mark.parametrize("container", [np.asarray, np.ndarray.tolist])
def test_arrays_and_lists_give_frames(container, network):
    rng = np.random.default_rng(0)
    array = np.column_stack([rng.normal(size=60), rng.integers(0, 3, 60)])
    model = fit(small_gan(generator=network), container(array))
    sample = model.sample(20, seed=0)
    assert isinstance(sample, pd.DataFrame)
    assert sample.shape == (20, 2)
    assert not hasattr(model, "feature_names_in_")
    assert set(sample.iloc[:, 1]) <= {0.0, 1.0, 2.0}


def test_a_list_of_mixed_rows_keeps_its_kinds():
    rows = [[1.5, "a", None], [2.5, "b", "x"], [0.5, "a", "y"]] * 20
    sample = fit(small_gan(), rows).sample(40, seed=0)
    assert set(sample.iloc[:, 1]) <= {"a", "b"}
    assert set(sample.iloc[:, 2].dropna()) <= {"x", "y"}


def test_polars_frames_give_polars_frames(network):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {"a": [1, 2, None] * 20, "b": ["x", "y", "z"] * 20},
        schema={"a": pl.Int32, "b": pl.Categorical},
    )
    model = fit(small_gan(generator=network), frame)
    sample = model.sample(10, seed=0)
    assert isinstance(sample, pl.DataFrame)
    assert sample.schema == frame.schema
    assert pl.concat(model.sample_batches(10, 4, seed=0)).equals(sample)
    fixed = model.sample(10, seed=0, conditions={"b": "y"})
    assert fixed["b"].to_list() == ["y"] * 10
    assert 0 < model.score(frame) <= 1


def test_fitting_again_forgets_the_first_table():
    model = fit(small_gan(), people(), context=parents())
    fit(model, np.arange(40.0).reshape(-1, 1))
    assert not hasattr(model, "feature_names_in_")
    assert model.context_transformer_ is None
    assert model.sample(3, seed=0).shape == (3, 1)


def test_fitted_attributes(raw, table):
    assert raw.n_features_in_ == 5
    assert list(raw.feature_names_in_) == list(table.columns)
    assert [s.column for s in raw.layout_.spans] == list(table.columns)
    assert raw.transformer_.layout_ == raw.layout_
    assert len(raw.history_) == 2


class TestContext:
    def test_rows_go_with_their_context(self, with_context, table):
        few = parents(30, seed=7)
        untouched = few.copy()
        sample = with_context.sample(30, context=few, seed=0)
        same(few, untouched)
        same(sample[:0], table[:0])
        same(sample, with_context.sample(30, few, 0))
        assert with_context.context_transformer_.layout_.span_of("branch").kind == (
            "code"
        )

    def test_its_index_does_not_matter(self, with_context):
        few = parents(30, seed=7)
        shuffled = few.set_index(pd.Index(range(30)[::-1]))
        same(
            with_context.sample(30, context=few, seed=0),
            with_context.sample(30, context=shuffled, seed=0),
        )

    def test_it_decides(self, network):
        """A child's category that is its parent's follows the parent given."""
        rng = np.random.default_rng(0)
        context = pd.DataFrame({"region": rng.choice(["n", "s"], 1000)})
        child = pd.DataFrame({"depot": "depot " + context["region"]})
        model = small_gan(
            generator=network, epochs=25, generator_dim=(32,), batch_size=100
        )
        fit(model, child, context=context)
        drawn = model.sample(1000, context=context, seed=0)["depot"]
        assert (drawn == "depot " + context["region"]).mean() > 0.9

    @pytest.mark.parametrize("name", ["region", "size", "branch"])
    def test_any_kind_of_context_alone(self, table, name, network):
        context = parents()[[name]]
        model = fit(small_gan(generator=network, epochs=1), table, context=context)
        assert model.sample(200, context=context, seed=0).shape == table.shape

    def test_an_encoded_context(self, table, network):
        encoder = DataTransformer(random_state=0).fit(parents())
        encoded = encoder.transform(parents())
        model = fit(small_gan(generator=network, epochs=1), table, context=encoded)
        assert model.sample(200, context=encoded, seed=0).shape == table.shape

    def test_batches_take_their_share_of_it(self, with_context):
        context = parents(30)
        batches = list(with_context.sample_batches(30, 7, context=context, seed=0))
        same(pd.concat(batches), with_context.sample(30, context=context, seed=0))

    def test_it_is_scored(self, with_context, table):
        assert 0 < with_context.score(table, context=parents()) <= 1


def test_numbers_of_many_magnitudes_keep_their_law():
    rng = np.random.default_rng(0)
    small = rng.random(2_000) < 0.5
    logs = rng.exponential(np.where(small, 40, 5))
    table = pd.DataFrame({"p": 10.0**-logs, "small": small})
    model = small_gan(generator="autoregressive", epochs=20, batch_size=100)
    sample = fit(model, table).sample(2_000, seed=0)
    for value in (True, False):
        real, new = (-np.log10(t["p"][t["small"] == value]) for t in (table, sample))
        assert stats.ks_2samp(real, new).statistic < 0.12
    within = pd.Interval(1e-60, 1e-40, closed="both")
    between = model.sample(200, conditions={"p": within}, seed=0)["p"]
    assert between.between(1e-60, 1e-40).all()
    assert between.min() < 1e-55
    assert between.max() > 1e-45
