"""Bad input is refused by name, before any work."""

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, parents, people, small_gan

from sklearn_synthohive import CTGAN, DataTransformer, Metadata, SchemaError


@pytest.fixture
def no_training(monkeypatch):
    """Refused before long work: training is never reached."""

    def trained(*args, **kwargs):
        raise AssertionError("training began")

    monkeypatch.setattr("skorch.NeuralNet.fit_loop", trained)


pytestmark = pytest.mark.usefixtures("no_training")


def with_value(column, value):
    table = people().astype({column: object})
    table.loc[3, column] = value
    return table


@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        (people()[:0], ValueError, "0 sample"),
        (people()[[]], ValueError, "0 feature"),
        (people()[["age", "age"]], ValueError, "'age'"),
        (people().rename(columns={"age": 1}), TypeError, "str"),
        (people().assign(income=np.inf), ValueError, "'income'"),
        (with_value("city", 3), TypeError, "'city'"),
        (with_value("age", "old"), TypeError, "'age'"),
        (people().assign(age=people()["age"] + 1j), ValueError, "'age'"),
        (people()["age"], ValueError, "1D|2D"),
        (np.zeros(5), ValueError, "2D"),
        ("people.csv", ValueError, "2D"),
        (None, (TypeError, ValueError), "None|2D"),
        (
            people().set_axis(
                pd.MultiIndex.from_product([["a"], list("vwxyz")]), axis=1
            ),
            ValueError,
            "MultiIndex",
        ),
    ],
    ids=[
        "no rows",
        "no columns",
        "duplicate names",
        "names of mixed types",
        "infinite values",
        "a number among texts",
        "a text among numbers",
        "complex",
        "series",
        "vector",
        "path",
        "none",
        "multiindex",
    ],
)
def test_tables(X, error, match):
    with pytest.raises(error, match=match):
        fit(small_gan(), X)


@pytest.mark.parametrize(
    ("context", "error", "match"),
    [
        (people().assign(income=np.inf), ValueError, "'income'"),
        (people()[["age", "age"]], ValueError, "'age'"),
        (people().rename(columns={"age": 1}), TypeError, "str"),
        (with_value("city", 3), TypeError, "'city'"),
    ],
    ids=["infinite values", "duplicate names", "names of mixed types", "mixed values"],
)
def test_contexts(context, error, match):
    with pytest.raises(error, match=match):
        fit(small_gan(), people(), context=context)


def test_integer_names_are_fine(monkeypatch):
    monkeypatch.undo()
    table = people().set_axis(range(5), axis=1)
    assert list(fit(small_gan(epochs=1), table).sample(2).columns) == list(range(5))


class TestArguments:
    @pytest.mark.parametrize(
        ("y", "match"), [(parents(), "context="), ("orders", "table_name=")]
    )
    def test_the_second_place_is_not_ours(self, y, match):
        with pytest.raises(TypeError, match=match):
            fit(small_gan(), people(), y=y)

    @pytest.mark.parametrize(
        "typo", ["contxt", "checkpoint_directory", "epochs", "table", "conditions"]
    )
    def test_a_typo_in_fit(self, typo):
        with pytest.raises(TypeError, match=typo):
            fit(small_gan(), people(), **{typo: None})

    def test_a_typo_in_a_parameter(self):
        with pytest.raises(TypeError, match="epoch"):
            CTGAN(epoch=3)
        with pytest.raises(ValueError, match="epoch"):
            small_gan().set_params(epoch=3)

    @pytest.mark.parametrize("seed", [-1, 1.5, "a", True])
    def test_a_seed_that_is_none(self, seed):
        with pytest.raises(ValueError, match="seed"):
            fit(small_gan(), people(), seed=seed)

    @pytest.mark.parametrize("interval", [0, -1, 1.5, "all"])
    def test_a_checkpoint_interval_that_is_none(self, interval):
        with pytest.raises(ValueError, match="checkpoint_interval"):
            fit(small_gan(), people(), checkpoint_interval=interval)

    def test_context_of_another_length(self):
        with pytest.raises(ValueError, match="199 rows but X has 200"):
            fit(small_gan(), people(), context=parents()[:199])


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"batch_size": 5, "pac": 10}, "batch_size"),
        ({"batch_size": 45}, "multiple of pac"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 1, "pac": 1}, "batch_norm"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": 1.5}, "epochs"),
        ({"pac": 0}, "pac"),
        ({"generator_dim": (0,)}, "generator_dim"),
        ({"generator_dim": 16}, "generator_dim"),
        ({"generator_dim": "16"}, "generator_dim"),
        ({"discriminator_dim": (1.5,)}, "discriminator_dim"),
        ({"discriminator_dim": ()}, "discriminator_dim"),
        ({"embedding_dim": -1}, "embedding_dim"),
        ({"embedding_threshold": 0}, "embedding_threshold"),
        ({"n_components": 0}, "n_components"),
        ({"discriminator_steps": 0}, "discriminator_steps"),
        ({"generator_lr": 0}, "generator_lr"),
        ({"discriminator_lr": -1e-3}, "discriminator_lr"),
        ({"average_decay": 1.0}, "average_decay"),
        ({"moment_weight": -1}, "moment_weight"),
        ({"forced_share": 1.5}, "forced_share"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"generator": "gan"}, "generator"),
        ({"device": "abacus"}, "abacus"),
        ({"metadata": {"orders": {}}}, "metadata"),
        ({"transformer": "onehot"}, "transformer"),
        ({"callbacks": "early"}, "callbacks"),
        ({"early_stopping": "yes"}, "early_stopping"),
        ({"random_state": "a"}, "random_state"),
        ({"n_jobs": 1.5}, "n_jobs"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_parameters(parameters, match):
    with pytest.raises(ValueError, match=match):
        fit(small_gan(**parameters), people())


def test_a_context_and_a_state_forced_in_every_row():
    with pytest.raises(ValueError, match="forced_share"):
        fit(small_gan(forced_share=1.0), people(), context=parents())


def test_a_transformer_of_the_user_is_not_changed(monkeypatch):
    monkeypatch.undo()
    metadata = Metadata().add_table("people")
    transformer = DataTransformer(metadata, random_state=0)
    model = small_gan(epochs=1, transformer=transformer)
    fit(model, people(), context=parents(), table_name="people")
    assert transformer.metadata is metadata


class TestEncodedMatrices:
    """Names of the grammar with values that do not follow are never a guess."""

    @pytest.fixture
    def encoded(self):
        return DataTransformer(random_state=0).fit_transform(people())

    def test_scaled(self, encoded):
        with pytest.raises(SchemaError, match="sum to one"):
            fit(small_gan(), encoded * 2)

    def test_cut(self, encoded):
        with pytest.raises(SchemaError, match=r"sum to one|not whole"):
            fit(small_gan(), encoded.drop(columns="city=Rome"))

    def test_not_finite(self, encoded):
        encoded.iloc[0, 0] = np.nan
        with pytest.raises(SchemaError, match="NaN or infinity"):
            fit(small_gan(), encoded)

    def test_of_no_rows(self, encoded):
        with pytest.raises(ValueError, match=r"0 sample|no rows"):
            fit(small_gan(), encoded[:0])


class TestSampling:
    """After fit."""

    @pytest.mark.parametrize("call", ["sample", "score", "save"])
    def test_unfitted_use(self, call, tmp_path):
        argument = {"score": people(), "save": tmp_path / "m", "sample": 3}[call]
        with pytest.raises(AttributeError, match="not fitted"):
            getattr(small_gan(), call)(argument)

    def test_unfitted_batches(self):
        with pytest.raises(AttributeError, match="not fitted"):
            next(small_gan().sample_batches(3))

    @pytest.mark.parametrize(
        ("n", "error"),
        [
            (-1, ValueError),
            (2.5, TypeError),
            ("3", TypeError),
            (True, TypeError),
            (None, TypeError),
        ],
    )
    def test_row_counts(self, raw, n, error):
        with pytest.raises(error, match="num_rows"):
            raw.sample(n)
        with pytest.raises(error, match="num_rows"):
            list(raw.sample_batches(n))

    @pytest.mark.parametrize(
        ("size", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError)]
    )
    def test_batch_sizes(self, raw, size, error):
        with pytest.raises(error, match="batch_size"):
            list(raw.sample_batches(5, size))

    @pytest.mark.parametrize("seed", [-1, 1.5, "a", True])
    def test_seeds(self, raw, seed):
        with pytest.raises(ValueError, match="seed"):
            raw.sample(3, seed=seed)

    @pytest.mark.parametrize("typo", ["sed", "condition", "enforce", "contxt"])
    def test_a_typo_in_sample(self, raw, typo):
        with pytest.raises(TypeError, match=typo):
            raw.sample(3, **{typo: None})

    def test_a_missing_context(self, with_context):
        for call in (with_context.sample, with_context.score):
            with pytest.raises(ValueError, match="fitted with a context"):
                call(3 if call == with_context.sample else people())
        with pytest.raises(ValueError, match="fitted with a context"):
            list(with_context.sample_batches(3))

    def test_an_unexpected_context(self, raw):
        with pytest.raises(ValueError, match="without a context"):
            raw.sample(3, context=parents(3))

    def test_a_context_of_another_length(self, with_context):
        with pytest.raises(ValueError, match="2 rows for 3 rows"):
            with_context.sample(3, context=parents(2))
        with pytest.raises(ValueError, match="200 rows for 100 rows"):
            with_context.score(people(100), context=parents())

    def test_a_context_of_other_columns(self, with_context):
        with pytest.raises(ValueError, match="size"):
            with_context.sample(3, context=parents(3).drop(columns="size"))

    def test_a_context_of_another_kind(self, with_context):
        context = parents(3).assign(size="large")
        with pytest.raises((TypeError, ValueError), match="size"):
            with_context.sample(3, context=context)

    def test_an_unseen_level_in_the_context(self, with_context):
        with pytest.raises(ValueError, match="east"):
            with_context.sample(3, context=parents(3).assign(region="east"))

    def test_a_column_of_another_kind(self, raw):
        with pytest.raises((TypeError, ValueError), match="age"):
            raw.score(people().assign(age="old"))

    def test_numbers_with_gaps_are_the_same_kind(self, raw):
        """An integer column of fit may arrive as floats."""
        assert 0 < raw.score(people().astype({"age": "float64"})) <= 1

    def test_other_columns(self, raw):
        with pytest.raises(ValueError, match="city"):
            raw.score(people().drop(columns="city"))
