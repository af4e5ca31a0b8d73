"""A fitted generator as a directory of plain data and tensors, and back."""

from __future__ import annotations

import io
import tempfile
from functools import partial
from pathlib import Path

import torch

from sklearn_synthohive.calibration._compact import CompactCalibration
from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.generators._codec import codec_from_state
from sklearn_synthohive.generators._fitted import FittedGenerator
from sklearn_synthohive.generators._strategies import STRATEGIES
from sklearn_synthohive.utils.serialization import (
    cannot_write,
    check_target,
    dump_plain,
    load_directory,
    load_plain,
    save_directory,
)

__all__ = ["prepare_folder", "read_model", "read_training_state", "write_model"]

CHECKPOINTS = ("best_checkpoint", "last_checkpoint", "final_checkpoint")
STATE = "training_state.pt"
# Weights that belong to levels of a column, kept in a file of their own.
EMBEDDED = (
    "embeddings.",
    "context_embeddings.",
    "level_biases.",
    "levels.",
    "pair_heads.",
    "tables.",
)
REMEDY = "Restore it from a copy, or fit and save again."


def write_model(
    path,
    fitted: FittedGenerator,
    manifest,
    history,
    *,
    overwrite=False,
    training_state=None,
):
    """Write a fitted generator; a reader finds the old one or the new one, whole.

    Parameters
    ----------
    path : path-like
    fitted : FittedGenerator
    manifest : dict
        Hyperparameters and versions, as JSON's types.
    history : list of dict
    overwrite : bool
    training_state : bytes, optional
        What training resumes from.
    """
    modules = {name: _on_cpu(m) for name, m in fitted.modules().items()}
    weights = modules.pop("generator")
    embedded = {k: v.numpy() for k, v in weights.items() if k.startswith(EMBEDDED)}
    modules["generator"] = {k: v for k, v in weights.items() if k not in embedded}
    context = fitted.context_codec
    info = {
        "names": fitted.codec.layout.names,
        "context_names": context.layout.names if context else None,
        "generator": fitted.info(),
        "calibration": fitted.calibration and fitted.calibration.to_state(),
        "history": history,
    }
    members = {
        f"{name}.pt": partial(_write_tensors, state) for name, state in modules.items()
    }
    members |= {
        "transformer.joblib": partial(dump_plain, fitted.codec.to_state()),
        "context_transformer.joblib": partial(
            dump_plain, context.to_state() if context else None
        ),
        "embedding_layers.joblib": partial(dump_plain, embedded),
        "data_column_info.joblib": partial(dump_plain, info),
    }
    if training_state is not None:
        members[STATE] = lambda p: Path(p).write_bytes(training_state)
    save_directory(path, members, manifest, overwrite=overwrite)


def prepare_folder(path) -> Path:
    """A folder for checkpoints, found to be writable before any long work.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Path

    Raises
    ------
    SerializationError
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"0")
    except OSError as error:
        raise cannot_write(path, error) from error
    for name in CHECKPOINTS:
        check_target(folder / name, overwrite=True)
    return folder


def read_model(path, device):
    """Read what :func:`write_model` wrote, after checking every file.

    Parameters
    ----------
    path : path-like
    device : str
        Where the networks go; files hold CPU tensors.

    Returns
    -------
    fitted : FittedGenerator
    manifest : dict
    history : list of dict
    """
    manifest, folder = load_directory(path)
    found = manifest.get("model")
    if found != "CTGAN":
        raise SerializationError(
            f"{str(path)!r} holds a {found}, not a CTGAN: load it by the class that "
            "saved it."
        )
    try:
        fitted, history = _assemble(manifest, folder, device)
    except SerializationError:
        raise
    # Plain data of another shape than ours can fail in any way.
    except Exception as error:
        raise SerializationError(
            f"The files in {str(path)!r} do not fit each other ({error}). {REMEDY}"
        ) from error
    return fitted, manifest, history


def _assemble(manifest, folder, device):
    info = load_plain(folder / "data_column_info.joblib")
    codec = codec_from_state(load_plain(folder / "transformer.joblib"))
    context_state = load_plain(folder / "context_transformer.joblib")
    context_codec = codec_from_state(context_state) if context_state else None
    parameters = manifest["parameters"]
    fitted_class = STRATEGIES[parameters["generator"]].fitted_class
    fitted = fitted_class.from_info(
        info["generator"], parameters, codec, context_codec, device
    )
    if info.get("calibration"):
        fitted.calibration = CompactCalibration.from_state(
            info["calibration"], codec.layout, context_codec and context_codec.layout
        )
    for name, module in fitted.modules().items():
        weights = _read_tensors(folder / f"{name}.pt")
        if name == "generator":
            embedded = load_plain(folder / "embedding_layers.joblib")
            weights |= {k: torch.as_tensor(v) for k, v in embedded.items()}
        module.load_state_dict(weights)
        module.to(device).eval()
    return fitted, info["history"]


def read_training_state(path) -> dict:
    """The state to resume from: a checkpoint, or the later one of a folder of them.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    dict
    """
    path = Path(path)
    # A folder without a manifest of its own is a checkpoint_dir; a checkpoint whose
    # replacement was interrupted lies aside, where the loader finds it.
    if not path.is_dir() or (path / "metadata.json").exists():
        return _read_state(path)
    last, final = path / "last_checkpoint", path / "final_checkpoint"
    if not final.exists():
        return _read_state(last)
    # A run of few epochs writes only the final one; an older run may have left one.
    states = [_read_state(p) for p in (last, final) if p.exists()]
    return max(states, key=lambda state: len(state["net"]["history"]))


def _read_state(path):
    _, folder = load_directory(path)
    if not (folder / STATE).is_file():
        raise SerializationError(
            f"{str(path)!r} is a model without the state to resume from: give the "
            "checkpoint_dir of an earlier fit, or its last_checkpoint."
        )
    return _read_tensors(folder / STATE)


def _read_tensors(path):
    try:
        data = io.BytesIO(path.read_bytes())
        return torch.load(data, map_location="cpu", weights_only=True)
    # Damaged bytes make torch's reader fail in any way it has.
    except Exception as e:
        raise SerializationError(
            f"{str(path)!r} cannot be read as tensors ({type(e).__name__}). {REMEDY}"
        ) from e


def _write_tensors(state, path):
    # Through memory: torch's own writer does not tell a full disk by its name.
    buffer = io.BytesIO()
    torch.save(state, buffer)
    Path(path).write_bytes(buffer.getbuffer())


def _on_cpu(module):
    return {k: v.detach().cpu() for k, v in module.state_dict().items()}
