"""Saved models: whole, without data, on any device; pickles and pipelines too."""

import json
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from gan_cases import fit, parents, people, same, small_gan
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklearn_synthohive import (
    CTGAN,
    Constraint,
    DataTransformer,
    Metadata,
    SerializationError,
)

FILES = [
    "context_transformer.joblib",
    "data_column_info.joblib",
    "discriminator.pt",
    "embedding_layers.joblib",
    "generator.pt",
    "metadata.json",
    "transformer.joblib",
]


@pytest.fixture
def saved(with_context, tmp_path):
    with_context.save(tmp_path / "model")
    return tmp_path / "model"


def draw(model):
    return model.sample(50, context=parents(50), seed=3)


def test_loaded_models_sample_the_same_rows(with_context, saved):
    for loaded in (CTGAN().load(saved), CTGAN.from_saved(saved)):
        same(draw(loaded), draw(with_context))
        pd.testing.assert_frame_equal(loaded.history_, with_context.history_)
        assert loaded.layout_ == with_context.layout_
        assert loaded.n_features_in_ == with_context.n_features_in_
        assert list(loaded.feature_names_in_) == list(with_context.feature_names_in_)
        assert loaded.seed_ == with_context.seed_
        assert loaded.score(people(), context=parents()) == with_context.score(
            people(), context=parents()
        )


def test_conditions_and_batches_work_after_loading(raw, tmp_path):
    raw.save(tmp_path / "m")
    loaded = CTGAN.from_saved(tmp_path / "m")
    conditions = {"city": ["Rome", "Bonn"], "age": slice(30, 40)}
    same(
        loaded.sample(40, seed=1, conditions=conditions),
        raw.sample(40, seed=1, conditions=conditions),
    )
    same(pd.concat(loaded.sample_batches(40, 7, seed=1)), raw.sample(40, seed=1))


def test_a_model_of_an_encoded_matrix(tmp_path, network):
    encoded = DataTransformer(random_state=0).fit_transform(people())
    model = fit(small_gan(generator=network), encoded)
    model.save(tmp_path / "m")
    loaded = CTGAN.from_saved(tmp_path / "m")
    same(loaded.sample(30, seed=0), model.sample(30, seed=0))
    assert loaded.transformer_ is None


def test_a_model_of_an_array(tmp_path, network):
    model = fit(small_gan(generator=network), np.arange(60.0).reshape(30, 2))
    model.save(tmp_path / "m")
    loaded = CTGAN.from_saved(tmp_path / "m")
    same(loaded.sample(30, seed=0), model.sample(30, seed=0))
    assert not hasattr(loaded, "feature_names_in_")


def test_a_loaded_model_saves_again(with_context, saved, tmp_path):
    CTGAN.from_saved(saved).save(tmp_path / "twice")
    same(draw(CTGAN.from_saved(tmp_path / "twice")), draw(with_context))
    first, second = (
        json.loads((p / "metadata.json").read_text())
        for p in (saved, tmp_path / "twice")
    )
    assert first["parameters"] == second["parameters"]


def test_hyperparameters_are_restored(tmp_path):
    metadata = Metadata().add_table(
        "people", pk="age", constraints={"income": Constraint(min=10.5, decimals=1)}
    )
    model = small_gan(
        metadata=metadata,
        generator_dim=[16, 8],
        generator_lr=np.float64(2e-3),
        epochs=np.int64(1),
        n_components=3,
        forced_share=1.0,
        clamp_conditions=False,
        average_decay=0,
        batch_norm=False,
        random_state=5,
    )
    fit(model, people(), table_name="people")
    model.save(tmp_path / "m")
    loaded = CTGAN().load(tmp_path / "m")
    expected = model.get_params() | {"generator_dim": (16, 8)}
    assert loaded.get_params() == expected
    assert loaded.metadata == metadata
    same(loaded.sample(30, seed=0), model.sample(30, seed=0))
    same(
        loaded.sample(300, seed=0, enforce_constraints=True),
        model.sample(300, seed=0, enforce_constraints=True),
    )
    # What is restored can be fitted again, to the same model.
    refitted = fit(clone(loaded), people(), table_name="people")
    same(refitted.sample(30, seed=0), model.sample(30, seed=0))


def test_the_manifest_is_json_with_versions_and_checksums(saved):
    manifest = json.loads((saved / "metadata.json").read_text())
    assert manifest["parameters"]["generator_dim"] == [16]
    assert manifest["versions"]["torch"] == str(torch.__version__)
    assert all(len(f["sha256"]) == 64 for f in manifest["files"].values())
    names = {p.name for p in saved.iterdir()}
    assert names == {*manifest["files"], "metadata.json"}
    # Only a GAN has a discriminator.
    if manifest["parameters"]["generator"] == "autoregressive":
        names.add("discriminator.pt")
    assert names == set(FILES)


def test_no_row_is_saved(tmp_path, network):
    n = 1733
    table = pd.DataFrame(
        {
            "amount": np.random.default_rng(0).normal(1e6, 2e5, n),
            "kind": ["a", "b", "b"] * (n // 3) + ["a", "a"],
        }
    )
    fit(small_gan(generator=network, epochs=1), table).save(tmp_path / "m")
    size = sum(p.stat().st_size for p in (tmp_path / "m").iterdir())
    blob = b"".join(p.read_bytes() for p in (tmp_path / "m").iterdir())
    values = table["amount"].to_numpy()
    for dtype in (np.float64, np.float32):
        found = sum(v.tobytes() in blob for v in values.astype(dtype))
        # The ends of the range and a few knots, at most.
        assert found < 20
    assert size < 200_000


class TestOverwriting:
    def test_an_existing_model_is_kept(self, raw, saved, with_context):
        with pytest.raises(SerializationError, match="overwrite=True"):
            raw.save(saved)
        same(draw(CTGAN.from_saved(saved)), draw(with_context))

    def test_unless_told_otherwise(self, raw, saved):
        raw.save(saved, overwrite=True)
        same(CTGAN.from_saved(saved).sample(5, seed=0), raw.sample(5, seed=0))

    def test_a_folder_of_something_else_is_never_replaced(self, raw, tmp_path):
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(SerializationError, match="no saved model"):
            raw.save(tmp_path, overwrite=True)
        assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.fixture(scope="module")
def gan():
    return fit(small_gan(epochs=1), people(), context=parents())


class TestDamage:
    @pytest.fixture
    def saved(self, gan, tmp_path):
        gan.save(tmp_path / "model")
        return tmp_path / "model"

    @pytest.mark.parametrize("name", FILES)
    def test_a_missing_file_is_named(self, saved, name):
        (saved / name).unlink()
        with pytest.raises(SerializationError, match=name):
            CTGAN.from_saved(saved)

    @pytest.mark.parametrize("name", FILES)
    def test_a_truncated_file_is_named(self, saved, name):
        content = (saved / name).read_bytes()
        (saved / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(SerializationError, match=name):
            CTGAN.from_saved(saved)

    @pytest.mark.parametrize("name", FILES)
    def test_an_altered_file_is_named(self, saved, name):
        content = bytearray((saved / name).read_bytes())
        content[len(content) // 2] ^= 1
        (saved / name).write_bytes(bytes(content))
        with pytest.raises(SerializationError, match=name):
            CTGAN.from_saved(saved)

    def test_a_missing_model_is_named(self, tmp_path):
        with pytest.raises(SerializationError, match="nowhere"):
            CTGAN().load(tmp_path / "nowhere")

    def test_a_failed_load_changes_nothing(self, raw, saved):
        (saved / "generator.pt").unlink()
        model = fit(small_gan(epochs=1), people())
        before = model.get_params(), model.sample(5, seed=0)
        with pytest.raises(SerializationError):
            model.load(saved)
        assert model.get_params() == before[0]
        same(model.sample(5, seed=0), before[1])

    def test_files_of_two_models_do_not_mix(self, saved, tmp_path):
        """Whole files with true checksums that do not fit each other."""
        from sklearn_synthohive.utils.serialization import (
            load_directory,
            save_directory,
        )

        other = fit(small_gan(generator_dim=(8,), epochs=1), people())
        other.save(tmp_path / "other")
        manifest, _ = load_directory(saved)
        members = {
            name: lambda p, n=name: p.write_bytes(
                (
                    (tmp_path / "other" if n == "generator.pt" else saved) / n
                ).read_bytes()
            )
            for name in FILES
            if name != "metadata.json"
        }
        save_directory(tmp_path / "mixed", members, manifest)
        with pytest.raises(SerializationError, match="mixed"):
            CTGAN.from_saved(tmp_path / "mixed")


@pytest.mark.parametrize("device", ["cuda", "tensor", "cuda:7"])
def test_a_device_that_is_not_there(saved, device):
    if device.startswith("cuda") and torch.cuda.is_available():
        pytest.skip("there is such a device here")
    with pytest.raises(ValueError, match=device):
        CTGAN.from_saved(saved, device=device)
    with pytest.raises(ValueError, match=device):
        fit(small_gan(device=device), people())


def test_loading_forgets_what_was_fitted(saved, with_context):
    model = fit(small_gan(), np.arange(60.0).reshape(30, 2))
    model.load(saved)
    assert model.net_ is None
    same(draw(model), draw(with_context))
    array = fit(small_gan(), np.arange(60.0).reshape(30, 2))
    array.save(saved, overwrite=True)
    model.load(saved)
    assert not hasattr(model, "feature_names_in_")


def test_unfitted_models_cannot_be_saved(tmp_path):
    with pytest.raises(AttributeError, match="not fitted"):
        CTGAN().save(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_pickle_is_read_in_a_new_process(tmp_path, network):
    table = people()
    pipe = Pipeline([("tx", DataTransformer()), ("gan", small_gan(generator=network))])
    pipe.fit(table, gan__progress_bar=False)
    joblib.dump(pipe, tmp_path / "model.joblib")
    pipe[-1].save(tmp_path / "saved")
    code = """
import sys, joblib
from sklearn_synthohive import CTGAN, sample
pipe = joblib.load(sys.argv[1] + "/model.joblib")
sample(pipe, 40, seed=1).to_pickle(sys.argv[1] + "/a.pkl")
rows = CTGAN.from_saved(sys.argv[1] + "/saved").sample(40, seed=1)
pipe[:-1].inverse_transform(rows).to_pickle(sys.argv[1] + "/b.pkl")
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    expected = pipe[:-1].inverse_transform(pipe[-1].sample(40, seed=1))
    same(pd.read_pickle(tmp_path / "a.pkl"), expected)
    same(pd.read_pickle(tmp_path / "b.pkl"), expected)
