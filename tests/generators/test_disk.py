"""A disk that fails costs the checkpoint, not the training."""

import builtins
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gan_cases import fit, same, small_gan

from sklearn_synthohive import CTGAN, SerializationError


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def no_clock(model):
    return model.history_.drop(columns="seconds")


@pytest.mark.parametrize("broken", ["fsync", "mkdir", "open", "rename"])
def test_training_goes_on_when_the_disk_is_full(
    table, tmp_path, network, monkeypatch, caplog, broken
):
    good = fit(small_gan(generator=network), table, checkpoint_interval=1)
    folder = tmp_path / "run"
    calls = []

    def fill_up(*args, **kwargs):
        # The first files find room.
        calls.append(args)
        return full() if len(calls) > 3 else original(*args, **kwargs)

    def open_(path, mode="r", *args, **kwargs):
        if "w" in mode and str(path).startswith(str(folder)):
            return fill_up(path, mode, *args, **kwargs)
        return real_open(path, mode, *args, **kwargs)

    real_open, original = builtins.open, builtins.open
    model = small_gan(generator=network)
    with monkeypatch.context() as patch:
        if broken == "open":
            patch.setattr(builtins, "open", open_)
        else:
            original = getattr(os, broken)
            patch.setattr(os, broken, fill_up)
        with pytest.warns(RuntimeWarning, match="No space left") as warned:
            fit(model, table, checkpoint_dir=folder, checkpoint_interval=1)
    assert "checkpoint_failed" in caplog.text
    assert any(str(folder) in str(w.message) for w in warned)
    same(no_clock(model), no_clock(good))
    same(model.sample(30, seed=0), good.sample(30, seed=0))
    # What is there is whole, and nothing half-written lies beside it.
    for path in folder.iterdir():
        if path.is_dir():
            # A model that could not be moved back is found where it lies aside.
            name = path.name.removeprefix(".").removesuffix(".old")
            assert len(CTGAN.from_saved(folder / name).sample(3, seed=0)) == 3
    assert not list(folder.glob("*.tmp"))


def test_a_folder_that_cannot_be_made_is_told_before_training(table, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SerializationError, match="file"):
        fit(small_gan(), table, checkpoint_dir=tmp_path / "file" / "run")


def test_a_full_disk_is_told_before_training(table, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.TemporaryFile", full)
    monkeypatch.setattr("skorch.NeuralNet.fit_loop", None)
    with pytest.raises(SerializationError, match="No space left"):
        fit(small_gan(), table, checkpoint_dir=tmp_path)


def test_a_folder_of_something_else_is_told_before_training(
    table, tmp_path, monkeypatch
):
    (tmp_path / "best_checkpoint").mkdir()
    (tmp_path / "best_checkpoint" / "notes.txt").touch()
    monkeypatch.setattr("skorch.NeuralNet.fit_loop", None)
    with pytest.raises(SerializationError, match=r"best_checkpoint.*no saved model"):
        fit(small_gan(), table, checkpoint_dir=tmp_path)


_ON_A_SMALL_DISK = """
import sys, warnings
sys.path.insert(0, {tests!r})
from gan_cases import fit, people, small_gan
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model = fit(
        small_gan(generator_dim=(64, 64), epochs=3), people(),
        checkpoint_dir={folder!r}, checkpoint_interval=1,
    )
print(len(model.history_), len(model.sample(5)))
print(any("No space left" in str(w.message) for w in caught))
"""


def test_a_real_disk_that_is_too_small(tmp_path):
    """On a tmpfs of a few blocks, where one can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    # In a namespace of its own, so that nothing stays mounted.
    here = str(Path(__file__).parent)
    code = _ON_A_SMALL_DISK.format(tests=here, folder=str(folder / "run"))
    python = [sys.executable, "-c", code]
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    joined = " ".join(mount) + ' && exec "$0" "$@"'
    try:
        probe = subprocess.run(
            [*command, joined, "true"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if probe.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {probe.stderr.strip()}")
    done = subprocess.run(
        [*command, joined, *python], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["3", "5", "True"]
