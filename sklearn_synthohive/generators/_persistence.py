"""A fitted GAN as a directory of plain data and tensors, and back."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import torch

from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.generators._codec import codec_from_state
from sklearn_synthohive.generators._fitted import FittedGAN
from sklearn_synthohive.neural import ConditionalGAN, Conditions, RowSpec
from sklearn_synthohive.utils.serialization import (
    dump_plain,
    load_directory,
    load_plain,
    save_directory,
)

__all__ = ["read_model", "read_training_state", "write_model"]

STATE = "training_state.pt"
EMBEDDED = ("embeddings.", "context_embeddings.", "level_biases.")
REMEDY = "Restore it from a copy, or fit and save again."


def write_model(
    path, fitted: FittedGAN, manifest, history, *, overwrite=False, training_state=None
):
    """Write a fitted GAN; a reader finds the old one or the new one, whole.

    Parameters
    ----------
    path : path-like
    fitted : FittedGAN
    manifest : dict
        Hyperparameters and versions, as JSON's types.
    history : list of dict
    overwrite : bool
    training_state : bytes, optional
        What training resumes from.
    """
    weights = {k: v.detach().cpu() for k, v in fitted.generator.state_dict().items()}
    embedded = {k: v.numpy() for k, v in weights.items() if k.startswith(EMBEDDED)}
    network = {k: v for k, v in weights.items() if k not in embedded}
    critic = {k: v.detach().cpu() for k, v in fitted.critic.state_dict().items()}
    context = fitted.context_codec
    info = {
        "names": fitted.codec.layout.names,
        "bounds": list(fitted.spec.bounds),
        "counts": [np.asarray(c) for c in fitted.conditions.counts],
        "context_names": context.layout.names if context else None,
        "context_bounds": list(fitted.context_spec.bounds) if context else None,
        "clamp": fitted.clamp,
        "forced_share": fitted.forced_share,
        "state_noise": fitted.state_noise,
        "history": history,
    }
    members = {
        "generator.pt": lambda p: torch.save(network, p),
        "discriminator.pt": lambda p: torch.save(critic, p),
        "transformer.joblib": lambda p: dump_plain(fitted.codec.to_state(), p),
        "context_transformer.joblib": lambda p: dump_plain(
            context.to_state() if context else None, p
        ),
        "embedding_layers.joblib": lambda p: dump_plain(embedded, p),
        "data_column_info.joblib": lambda p: dump_plain(info, p),
    }
    if training_state is not None:
        members[STATE] = lambda p: Path(p).write_bytes(training_state)
    save_directory(path, members, manifest, overwrite=overwrite)


def read_model(path, device):
    """Read what :func:`write_model` wrote, after checking every file.

    Parameters
    ----------
    path : path-like
    device : str
        Where the networks go; files hold CPU tensors.

    Returns
    -------
    fitted : FittedGAN
    manifest : dict
    history : list of dict
    """
    manifest, folder = load_directory(path)
    try:
        fitted, history = _assemble(manifest, folder, device)
    except SerializationError:
        raise
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise SerializationError(
            f"The files in {str(path)!r} do not fit each other ({error}). {REMEDY}"
        ) from error
    return fitted, manifest, history


def _assemble(manifest, folder, device):
    info = load_plain(folder / "data_column_info.joblib")
    codec = codec_from_state(load_plain(folder / "transformer.joblib"))
    context_state = load_plain(folder / "context_transformer.joblib")
    context_codec = codec_from_state(context_state) if context_state else None
    spec = RowSpec.of(codec.layout, tuple(info["bounds"]))
    context_spec = None
    if context_codec is not None:
        bounds = tuple(info["context_bounds"])
        context_spec = RowSpec.of(context_codec.layout, bounds)
    conditions = Conditions(spec, info["counts"], device)
    params = manifest["parameters"]
    module = ConditionalGAN(
        spec,
        context_spec,
        conditions.n_states,
        conditions.n_coded,
        params["embedding_dim"],
        tuple(params["generator_dim"]),
        tuple(params["discriminator_dim"]),
        params["pac"],
        params["batch_norm"],
        seed=0,
    )
    weights = _read_tensors(folder / "generator.pt")
    embedded = load_plain(folder / "embedding_layers.joblib")
    weights |= {k: torch.as_tensor(v) for k, v in embedded.items()}
    module.generator.load_state_dict(weights)
    module.critic.load_state_dict(_read_tensors(folder / "discriminator.pt"))
    module.to(device).eval()
    fitted = FittedGAN(
        codec=codec,
        context_codec=context_codec,
        generator=module.generator,
        critic=module.critic,
        conditions=conditions,
        spec=spec,
        context_spec=context_spec,
        clamp=info["clamp"],
        forced_share=info["forced_share"],
        state_noise=info["state_noise"],
    )
    return fitted, info["history"]


def read_training_state(path) -> dict:
    """The state to resume from: a checkpoint, or a folder of them (the last one).

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
    last = path / "last_checkpoint"
    looks_inside = path.is_dir() and not (path / "metadata.json").exists()
    _, folder = load_directory(last if looks_inside else path)
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
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as e:
        raise SerializationError(
            f"{str(path)!r} cannot be read as tensors ({type(e).__name__}). {REMEDY}"
        ) from e
