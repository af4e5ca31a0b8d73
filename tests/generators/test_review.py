"""What a user ran into: new levels, failed refits, resumes, impossible conditions."""

import logging

import numpy as np
import pandas as pd
import pytest
import torch
from gan_cases import At, fit, parents, people, same, small_gan
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import Pipeline

from sklearn_synthohive import (
    CTGAN,
    Constraint,
    ConstraintViolationError,
    DataTransformer,
    Metadata,
    SchemaError,
    SerializationError,
)
from sklearn_synthohive.generators._persistence import read_training_state
from sklearn_synthohive.utils.serialization import load_plain


def test_levels_have_a_file_of_their_own(tmp_path, network):
    """Weights that belong to single levels, in either network."""
    table = people(1600).assign(tail=[f"T{k % 1600}" for k in range(1600)])
    fit(small_gan(generator=network, epochs=1), table).save(tmp_path / "m")
    names = load_plain(tmp_path / "m" / "embedding_layers.joblib")
    of_levels = ("level_biases.", "levels.")
    assert any(name.startswith(of_levels) for name in names)
    weights = torch.load(tmp_path / "m" / "generator.pt", weights_only=True)
    assert not any(name.startswith(of_levels) for name in weights)


@pytest.mark.parametrize("name", ["log_metrics", "progress_bar"])
def test_switches_are_true_or_false(table, name):
    with pytest.raises(TypeError, match=f"{name} must be True or False, got 'no'"):
        small_gan().fit(table, **{name: "no"})


def test_an_encoded_matrix_is_told_of_in_the_log(table, caplog):
    caplog.set_level(logging.INFO, "sklearn_synthohive")
    fit(small_gan(epochs=1), table)
    assert "encoded_matrix" not in caplog.text
    fit(small_gan(epochs=1), DataTransformer(random_state=0).fit_transform(table))
    assert "encoded_matrix" in caplog.text


def test_save_writes_the_parameters_of_fit(table, tmp_path, network):
    model = fit(small_gan(generator=network, epochs=1), table)
    drawn = model.sample(20, seed=0)
    other = {"mlp": "autoregressive", "autoregressive": "mlp"}[network]
    model.set_params(generator=other, generator_dim=(99,), epochs=70)
    model.save(tmp_path / "m")
    loaded = CTGAN.from_saved(tmp_path / "m")
    assert loaded.generator == network
    assert (loaded.generator_dim, loaded.epochs) == ((16,), 1)
    same(loaded.sample(20, seed=0), drawn)
    loaded.set_params(generator_dim=(98,)).save(tmp_path / "again")
    same(CTGAN.from_saved(tmp_path / "again").sample(20, seed=0), drawn)


def fails_late(net):
    raise RuntimeError("late")


@pytest.mark.parametrize("when", ["context", "training"])
def test_a_failed_refit_leaves_the_old_model(table, tmp_path, when):
    model = fit(small_gan(epochs=1), table)
    drawn, score = model.sample(20, seed=0), model.score(table)
    other = pd.DataFrame({"x": np.arange(100.0), "y": list("ab") * 50})
    before = {k: v for k, v in vars(model).items() if k.endswith("_")}
    if when == "context":
        with pytest.raises(ValueError, match="context has 7 rows"):
            fit(model, other, context=parents(7), seed=5)
    else:
        model.set_params(callbacks=[At(1, fails_late)], generator="autoregressive")
        with pytest.raises(RuntimeError, match="late"):
            fit(model, other, seed=5)
    assert all(vars(model)[name] is value for name, value in before.items())
    same(model.sample(20, seed=0), drawn)
    assert model.score(table) == score
    model.save(tmp_path / "m")
    same(CTGAN.from_saved(tmp_path / "m").sample(20, seed=0), drawn)


class TestResuming:
    def test_a_folder_with_only_a_final_checkpoint(self, table, tmp_path, network):
        short = small_gan(generator=network, epochs=2)
        fit(short, table, checkpoint_dir=tmp_path, checkpoint_interval=5)
        assert not (tmp_path / "last_checkpoint").exists()
        model = small_gan(generator=network, epochs=4, resume_from=tmp_path)
        if network == "autoregressive":
            # Its last part had begun, which a longer run would not have come to yet.
            with pytest.raises(SerializationError, match="a run of 2 epochs"):
                fit(model, table, checkpoint_interval=5)
            model.set_params(epochs=2)
        fit(model, table, checkpoint_interval=5)
        assert model.history_["epoch"].tolist() == [*range(1, model.epochs + 1)]

    def test_the_later_checkpoint_is_taken(self, table, tmp_path):
        fit(small_gan(epochs=3), table, checkpoint_dir=tmp_path, checkpoint_interval=2)
        assert len(read_training_state(tmp_path)["net"]["history"]) == 3

    def test_a_run_that_had_stopped_stays_stopped(self, table, tmp_path):
        model = small_gan(epochs=40, tol=1.0, n_iter_no_change=1)
        fit(model, table, checkpoint_dir=tmp_path, checkpoint_interval=2)
        assert len(model.history_) == 4
        model.set_params(resume_from=tmp_path)
        assert len(fit(model, table, checkpoint_interval=2).history_) == 4

    def test_another_device_is_refused(self, table, tmp_path):
        fit(small_gan(), table, checkpoint_dir=tmp_path, checkpoint_interval=1)
        file = tmp_path / "last_checkpoint"
        state = read_training_state(file)
        state["device"] = "cuda"
        model = small_gan(epochs=4, resume_from=file)
        with pytest.MonkeyPatch.context() as patch:
            for module in ("_training", "_encoding.files"):
                patch.setattr(
                    f"sklearn_synthohive.generators.{module}.read_training_state",
                    lambda path: state,
                )
            with pytest.raises(SerializationError, match="written on cuda, not cpu"):
                fit(model, table, checkpoint_interval=1)

    @pytest.mark.parametrize(
        ("generator", "changed", "interval"),
        [
            ("autoregressive", {"tol": 0.5}, 1),
            ("autoregressive", {"max_steps": 70}, 1),
            ("autoregressive", {"n_iter_no_change": 9}, 1),
            ("autoregressive", {"early_stopping": False}, 1),
            ("mlp", {}, 2),
        ],
        ids=str,
    )
    def test_what_changes_the_steps_is_refused(
        self, table, tmp_path, generator, changed, interval
    ):
        model = small_gan(generator=generator)
        fit(model, table, checkpoint_dir=tmp_path, checkpoint_interval=1)
        model.set_params(resume_from=tmp_path, epochs=4, **changed)
        name = next(iter(changed), "checkpoint_interval")
        with pytest.raises(SerializationError, match=name):
            fit(model, table, checkpoint_interval=interval)

    def test_the_rhythm_and_the_end_of_likelihoods_are_free(self, table, tmp_path):
        def interrupt(net):
            raise KeyboardInterrupt

        cut = small_gan(
            generator="autoregressive", epochs=9, callbacks=[At(4, interrupt)]
        )
        with pytest.raises(KeyboardInterrupt):
            fit(cut, table, checkpoint_dir=tmp_path, checkpoint_interval=1)
        model = small_gan(generator="autoregressive", resume_from=tmp_path, epochs=11)
        resumed = fit(model, table, checkpoint_interval=7)
        whole = fit(small_gan(generator="autoregressive", epochs=11), table)
        columns = ["epoch", "nll_loss", "log_likelihood"]
        assert resumed.history_[columns].equals(whole.history_[columns])

    def test_fewer_epochs_than_trained_are_told_of(self, table, tmp_path, caplog):
        fit(small_gan(epochs=3), table, checkpoint_dir=tmp_path)
        fit(small_gan(epochs=2, resume_from=tmp_path), table)
        (record,) = (r for r in caplog.records if r.levelno == logging.WARNING)
        assert "trained=3 epochs=2" in record.getMessage()


class TestBatches:
    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"num_rows": -1}, ValueError),
            ({"num_rows": 5, "batch_size": 0}, ValueError),
            ({"num_rows": 5, "context": parents(5)}, ValueError),
        ],
        ids=str,
    )
    def test_arguments_are_checked_at_the_call(self, raw, arguments, error):
        with pytest.raises(error):
            raw.sample_batches(**arguments)

    def test_constraints_can_be_enforced(self, table):
        metadata = Metadata().add_table("t", constraints={"age": Constraint(max=60)})
        model = fit(small_gan(metadata=metadata), table, table_name="t")
        whole = model.sample(200, seed=0, enforce_constraints=True)
        batches = list(model.sample_batches(200, 30, None, 0, enforce_constraints=True))
        assert {len(batch) for batch in batches[:-1]} == {30}
        same(pd.concat(batches), whole)
        assert len(whole) < 200

    def test_no_valid_row_is_an_error(self, table):
        metadata = Metadata().add_table("t", constraints={"age": Constraint(max=-5)})
        model = fit(small_gan(metadata=metadata), table, table_name="t")
        with pytest.raises(ConstraintViolationError, match="age"):
            list(model.sample_batches(50, 30, seed=0, enforce_constraints=True))


class TestScoresOnNewRows:
    def test_new_levels_and_gaps_lower_the_score(self, raw, table):
        strange = table.copy()
        strange["city"] = ["Paris"] * 100 + [None] * 100
        strange["age"] = strange["age"].astype(float).where(np.arange(200) > 50)
        strange["since"] = pd.NaT
        assert 0 < raw.score(strange) < raw.score(table) - 0.1
        strange["city"] = strange["income"] = None
        assert 0 < raw.score(strange) < raw.score(table) - 0.1

    def test_folds_with_rare_levels(self, table, network):
        rare = table.assign(city=[f"C{k // 4}" for k in range(200)])
        model = small_gan(generator=network, epochs=1)
        params = {"progress_bar": False}
        scores = cross_val_score(
            model, rare, cv=KFold(2), params=params, error_score="raise"
        )
        assert ((scores > 0) & (scores < 1)).all()

    def test_another_kind_of_column_is_still_an_error(self, raw, table):
        with pytest.raises(ValueError, match=r"'age'.*text now"):
            raw.score(table.assign(age="young"))

    def test_a_pipeline_takes_new_levels_as_missing(self, table):
        rare = table.assign(city=[f"C{k // 4}" for k in range(200)])
        encoder = DataTransformer(handle_unknown="missing", random_state=0)
        pipe = Pipeline([("tx", encoder), ("gan", small_gan(epochs=1))])
        params = {"gan__progress_bar": False}
        scores = cross_val_score(
            pipe, rare, cv=KFold(2), params=params, error_score="raise"
        )
        assert (scores > 0).all()


@pytest.fixture(scope="module")
def model():
    table = people().assign(
        price=lambda t: np.round(np.linspace(0, 50, 200), 1),
        even=np.arange(200) * 2,
        weight=np.random.default_rng(0).normal(70, 10, 200),
    )
    metadata = Metadata().add_table("people", constraints={"even": Constraint(min=100)})
    encoder = DataTransformer(metadata, handle_unknown="missing")
    model = small_gan(metadata=metadata, transformer=encoder, epochs=1)
    return fit(model, table, table_name="people")


class TestImpossibleConditions:
    @pytest.mark.parametrize(
        ("conditions", "match"),
        [
            ({"age": 5}, r"'age' names 5.*from 18 to 89.*nearest: 18"),
            ({"age": [30, 200]}, r"'age' names 200"),
            ({"price": 20.05}, r"'price' names 20\.05.*grid"),
            ({"weight": 300.0}, r"'weight' names 300\.0"),
            ({"since": "2031-01-01"}, r"'since' names 2031-01-01"),
            ({"since": "2021-01-01 12:00"}, r"'since' names 2021-01-01 12:00"),
            ({"city": "Paris"}, r"'city' names Paris.*3 levels: Bonn, Oslo, Rome"),
            ({"even": 50}, r"'even' names 50.*constraint; nearest: 100"),
            ({"even": 101}, r"'even' names 101"),
            ({"even": slice(10, 90)}, r"'even' from 10 to 90.*from 100 to 398"),
            ({"even": slice(201, 201)}, "'even' from 201"),
            ({"age": slice(100, 120)}, r"'age' from 100 to 120.*from 18 to 89"),
            ({"age": slice(None, 10)}, r"'age' from None to 10"),
            ({"weight": slice(500.0, None)}, "'weight' from 500"),
            ({"price": slice(20.01, 20.09)}, "'price' from 20.01"),
            ({"since": slice("2031-01-01", None)}, "'since' from 2031"),
        ],
        ids=str,
    )
    def test_they_are_refused_by_name(self, model, conditions, match):
        with pytest.raises(SchemaError, match=match):
            model.sample(5, conditions=conditions)

    def test_partial_rows_too(self, model):
        partial = pd.DataFrame({"age": [20, 30, 5], "city": ["Oslo", None, None]})
        with pytest.raises(SchemaError, match="'age' names 5"):
            model.sample(3, conditions=partial)

    def test_many_levels_are_listed_in_part(self):
        table = people().assign(tail=[f"T{k % 40:02}" for k in range(200)])
        model = fit(small_gan(epochs=1), table)
        with pytest.raises(SchemaError, match=r"40 levels: T00, .*, T09, \.\.\.\."):
            model.sample(3, conditions={"tail": "T99"})

    @pytest.mark.parametrize(
        ("conditions", "low", "high"),
        [
            ({"even": pd.Interval(200, 206, closed="neither")}, 202, 204),
            ({"even": slice(201, 205)}, 202, 204),
            ({"even": slice(None, 103)}, 100, 102),
            ({"price": slice(20.01, 20.15)}, 20.1, 20.1),
            ({"age": slice(80, 1000)}, 80, 89),
        ],
        ids=str,
    )
    def test_ends_move_to_the_grid(self, model, conditions, low, high):
        (column,) = conditions
        drawn = model.sample(40, seed=0, conditions=conditions)[column]
        assert drawn.between(low, high).all()
        if column == "even":
            assert (drawn % 2 == 0).all()

    @pytest.mark.parametrize(
        "ages",
        [range(30, 33), {30: 1, 32: 2}.keys(), iter([30, 31, 32]), pd.array([30, 32])],
        ids=["range", "keys", "iterator", "array"],
    )
    def test_anything_listed_is_one_of_these(self, model, ages):
        drawn = model.sample(30, seed=0, conditions={"age": ages})["age"]
        assert drawn.between(30, 32).all()

    def test_partial_rows_in_polars(self, model):
        pl = pytest.importorskip("polars")
        partial = pl.DataFrame({"age": [20, None, 40], "city": [None, "Rome", "Oslo"]})
        drawn = model.sample(3, seed=0, conditions=partial)
        assert drawn["age"].iloc[[0, 2]].tolist() == [20, 40]
        assert drawn["city"].iloc[1:].tolist() == ["Rome", "Oslo"]
