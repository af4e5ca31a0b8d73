"""Models that earlier versions saved, and the files they must refuse by name."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from gan_cases import fit, people, small_gan

from sklearn_synthohive import CTGAN, SerializationError
from sklearn_synthohive.generators import _persistence as persistence
from sklearn_synthohive.utils.serialization import load_directory, save_directory

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
MODELS = sorted(FIXTURES.glob("format-*/*/metadata.json"))
ids = [f"{m.parent.parent.name}-{m.parent.name}" for m in MODELS]


def context(n=40):
    # As in tests/fixtures/make_models.py.
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {"region": rng.choice(["north", "south"], n), "area": rng.gamma(2, 10, n)}
    )


def test_there_are_some_and_they_are_small():
    assert len(MODELS) >= 2
    files = [path for path in FIXTURES.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 100_000 * len(MODELS)


@pytest.mark.parametrize("file", MODELS, ids=ids)
def test_they_load_and_draw_the_rows_they_drew_then(file):
    model = CTGAN.from_saved(file.parent)
    rows = model.sample(40, context=context(), seed=0)
    then = pd.read_csv(file.parent.with_suffix(".csv"))
    now = pd.read_csv(_csv(rows))
    assert list(now.columns) == list(then.columns)
    for name in then:
        if then[name].dtype.kind == "f":
            # Another processor may round the last bits of a product otherwise.
            close = np.isclose(now[name], then[name], rtol=1e-3, equal_nan=True)
        else:
            close = (now[name] == then[name]) | (now[name].isna() & then[name].isna())
        assert np.mean(close) > 0.9, name


@pytest.mark.parametrize("file", MODELS, ids=ids)
def test_they_keep_their_schema_rules_and_bounds(file, tmp_path):
    model = CTGAN.from_saved(file.parent)
    rows = model.sample(200, context=context(200), seed=1)
    assert rows["size"].dtype == pd.CategoricalDtype(["S", "M", "L"], ordered=True)
    assert rows["age"].dtype == "int64"
    assert rows["age"].between(18, 99).all()
    assert str(rows["zoned"].dtype.tz) == "UTC"
    assert rows["gap"].dtype == "Int64"
    assert "id" not in rows
    assert (
        rows["land"] == "land " + (rows["town"].str[5:].astype(int) % 3).astype(str)
    ).all()
    assert np.allclose(rows["gross"], rows["net"] * 1.25)
    model.save(tmp_path / "again")
    again = CTGAN.from_saved(tmp_path / "again").sample(
        200, context=context(200), seed=1
    )
    pd.testing.assert_frame_equal(again, rows)


def _csv(frame):
    import io

    return io.StringIO(frame.to_csv(index=False))


class TestOtherFiles:
    @pytest.fixture
    def saved(self, raw, tmp_path):
        raw.save(tmp_path / "model")
        return tmp_path / "model"

    def saved_anew(self, saved, target, change=None, **options):
        """The same files under another manifest."""
        manifest, folder = load_directory(saved)
        members = {
            path.name: lambda p, source=path: shutil.copy(source, p)
            for path in folder.iterdir()
            if path.name != "metadata.json"
        }
        save_directory(target, members, manifest | (change or {}), **options)
        return target

    def test_a_newer_version_asks_for_an_upgrade(self, saved, tmp_path):
        newer = self.saved_anew(saved, tmp_path / "newer", format_version=99)
        with pytest.raises(SerializationError, match=r"newer.*format 99.*upgrade"):
            CTGAN.from_saved(newer)

    @pytest.mark.parametrize("name", ["StagedOrchestrator", "TVAE", None])
    def test_another_class_is_named(self, saved, tmp_path, name):
        other = self.saved_anew(saved, tmp_path / "other", {"model": name})
        with pytest.raises(SerializationError, match=f"other.*holds a {name}, not"):
            CTGAN.from_saved(other)

    @pytest.mark.parametrize(
        "change",
        [{"parameters": {}}, {"parameters": None}, {"parameters": {"generator": 3}}],
    )
    def test_a_manifest_that_does_not_fit(self, saved, tmp_path, change):
        odd = self.saved_anew(saved, tmp_path / "odd", change)
        with pytest.raises(SerializationError, match=r"odd.*do not fit each other"):
            CTGAN.from_saved(odd)


class TestDevices:
    """There may be no second device here: what can be told of it is."""

    def test_files_hold_cpu_tensors(self, network, tmp_path):
        model = fit(small_gan(generator=network, epochs=1), people())
        model.save(tmp_path / "m")
        for file in (tmp_path / "m").glob("*.pt"):
            state = torch.load(file, weights_only=True)
            assert all(v.device.type == "cpu" for v in state.values())

    def test_weights_are_moved_before_they_are_written(self):
        moved = []

        class Weight:
            device = "cuda:7"

            def detach(self):
                return self

            def cpu(self):
                moved.append(self.device)
                return torch.ones(2)

        class Module:
            def state_dict(self):
                return {"w": Weight()}

        state = persistence._on_cpu(Module())
        assert state["w"].device.type == "cpu"
        assert moved == ["cuda:7"]

    def test_a_file_of_another_device_is_read_onto_the_cpu(self, tmp_path, monkeypatch):
        """Every read asks for the CPU, so that a missing device is no matter."""
        asked = []
        load = torch.load

        def watched(*args, **kwargs):
            asked.append((kwargs["map_location"], kwargs["weights_only"]))
            return load(*args, **kwargs)

        model = fit(small_gan(epochs=1), people(), checkpoint_dir=tmp_path)
        monkeypatch.setattr(torch, "load", watched)
        CTGAN.from_saved(tmp_path / "final_checkpoint")
        fit(small_gan(epochs=1, resume_from=tmp_path), people())
        assert len(asked) >= 3
        assert set(asked) == {("cpu", True)}
        assert len(model.sample(3)) == 3

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA here")
    def test_from_cuda_to_the_cpu_and_back(self, network, tmp_path):
        model = fit(small_gan(generator=network, device="cuda"), people())
        model.save(tmp_path / "m")
        on_cpu = CTGAN.from_saved(tmp_path / "m", device="cpu")
        assert len(on_cpu.sample(20, seed=0)) == 20
        on_cpu.save(tmp_path / "n")
        back = CTGAN.from_saved(tmp_path / "n", device="cuda")
        pd.testing.assert_frame_equal(back.sample(50, seed=0), model.sample(50, seed=0))


def test_a_manifest_tells_of_versions():
    for file in MODELS:
        assert {"torch", "numpy", "pandas"} <= json.loads(file.read_text())[
            "versions"
        ].keys()
