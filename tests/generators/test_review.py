"""What a user ran into: scores on new levels, refits, resumes, impossible conditions."""

import logging

import numpy as np
import pandas as pd
import pytest
import torch
from gan_cases import At, fit, parents, people, same, small_gan
from sklearn.model_selection import KFold, cross_val_score

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
    assert any("level_bias" in name for name in names)
    weights = torch.load(tmp_path / "m" / "generator.pt", weights_only=True)
    assert not any("level_bias" in name for name in weights)


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
