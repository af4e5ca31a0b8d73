"""Parameters of CTGAN: what they may be, and how they are written to a file."""

from __future__ import annotations

import numbers
import platform

import numpy as np
import pandas as pd
import sklearn
import torch
from sklearn.base import BaseEstimator

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.generators._strategies import STRATEGIES
from sklearn_synthohive.metadata import Metadata
from sklearn_synthohive.preprocessing import DataTransformer
from sklearn_synthohive.utils.params import Interval, StrOptions

__all__ = ["PARAMETER_CONSTRAINTS", "check_parameters", "resolve_device"]

_POSITIVE = [Interval(numbers.Integral, 1, None, closed="left")]
_RATE = [Interval(numbers.Real, 0, None, closed="neither")]
_WEIGHT = [Interval(numbers.Real, 0, None, closed="left")]

PARAMETER_CONSTRAINTS: dict = {
    "metadata": [Metadata, None],
    "embedding_dim": _POSITIVE,
    "generator_dim": ["array-like", None],
    "discriminator_dim": ["array-like"],
    "batch_size": _POSITIVE,
    "epochs": _POSITIVE,
    "embedding_threshold": [Interval(numbers.Integral, 1, None, closed="left")],
    "min_frequency": DataTransformer._parameter_constraints["min_frequency"],
    "rare_levels": DataTransformer._parameter_constraints["rare_levels"],
    "n_components": [Interval(numbers.Integral, 1, None, closed="left"), None],
    "discriminator_steps": _POSITIVE,
    "generator_lr": [Interval(numbers.Real, 0, None, closed="neither"), None],
    "discriminator_lr": _RATE,
    "generator_decay": _WEIGHT,
    "device": [str, torch.device],
    "generator": [StrOptions({"autoregressive", "mlp"})],
    "pac": _POSITIVE,
    "batch_norm": ["boolean"],
    "moment_weight": _WEIGHT,
    "state_noise": _WEIGHT,
    "halving_steps": [Interval(numbers.Integral, 0, None, closed="left")],
    "average_decay": [Interval(numbers.Real, 0, 1, closed="left")],
    "forced_share": [Interval(numbers.Real, 0, 1, closed="both")],
    "adversarial_rounds": [Interval(numbers.Integral, 0, None, closed="left")],
    "mixed_precision": ["boolean", StrOptions({"auto"})],
    "clamp_conditions": ["boolean"],
    "calibrate": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(numbers.Real, 0, 1, closed="left")],
    "n_iter_no_change": _POSITIVE,
    "tol": _WEIGHT,
    "max_steps": [Interval(numbers.Integral, 1, None, closed="left"), None],
    "rules": [StrOptions({"all", "exact"}), None],
    "resume_from": "no_validation",
    "transformer": [BaseEstimator, None],
    "random_state": ["random_state"],
    "n_jobs": [numbers.Integral, None],
    "callbacks": [list, tuple, None],
}


def check_parameters(model, y, context, table_name, checkpoint_interval, **switches):
    """Refuse what contradicts itself, before any work.

    Parameters
    ----------
    model : CTGAN
    y, context, table_name, checkpoint_interval
        As given to ``fit``.
    **switches
        Arguments of ``fit`` that are true or false.
    """
    for name, value in switches.items():
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"{name} must be True or False, got {value!r}.")
    if isinstance(y, (pd.DataFrame, str)):
        what = "table_name=" if isinstance(y, str) else "context="
        raise TypeError(
            f"The second argument of fit is scikit-learn's y, which is ignored: give a "
            f"{type(y).__name__} as {what}"
        )
    for name in ("generator_dim", "discriminator_dim"):
        widths = getattr(model, name)
        if widths is None:
            continue
        whole = all(isinstance(w, numbers.Integral) and w > 0 for w in widths)
        if isinstance(widths, str) or not whole or not len(widths):
            raise ValueError(f"{name} must hold positive integers, got {widths!r}.")
    STRATEGIES[model.generator].check(model, context)
    if not isinstance(checkpoint_interval, numbers.Integral) or checkpoint_interval < 1:
        raise ValueError(
            "checkpoint_interval must be a positive integer, got "
            f"{checkpoint_interval!r}."
        )
    if table_name is not None and model.metadata is None and model.transformer is None:
        raise SchemaError(
            f"table_name={table_name!r} needs metadata: CTGAN(metadata=...)."
        )


def resolve_device(device) -> str:
    """The torch device of a parameter; "auto" is CUDA where there is one.

    Parameters
    ----------
    device : str or torch.device

    Returns
    -------
    str
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here ({error}); 'cpu' always can."
        ) from error
    return str(resolved)


def manifest_of(model, codec, table_name, seed) -> dict:
    """What ``metadata.json`` says of a model: JSON's types only.

    Parameters
    ----------
    model : CTGAN
        Only its parameters are read.
    codec : RawCodec or EncodedCodec
    table_name : str or None
    seed : int

    Returns
    -------
    dict
    """
    parameters = model.get_params(deep=False)
    # Objects that hold code or paths of this machine are not part of the model.
    for name in ("callbacks", "resume_from", "transformer", "device"):
        parameters.pop(name)
    metadata = parameters.pop("metadata")
    if not isinstance(parameters["random_state"], (int, type(None))):
        parameters["random_state"] = None
    n_features, names = codec.features
    return {
        "model": "CTGAN",
        "parameters": {k: _plain(v) for k, v in parameters.items()},
        "metadata": None if metadata is None else metadata.to_dict(),
        "table_name": table_name,
        "seed": seed,
        "n_features_in": n_features,
        "feature_names_in": names,
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "pandas": pd.__version__,
            "scikit-learn": sklearn.__version__,
            "torch": torch.__version__,
        },
    }


def hyperparameters(manifest: dict) -> dict:
    """Undo the part of :func:`manifest_of` that holds the parameters.

    Parameters
    ----------
    manifest : dict

    Returns
    -------
    dict
    """
    parameters = dict(manifest["parameters"])
    for name in ("generator_dim", "discriminator_dim"):
        if parameters[name] is not None:
            parameters[name] = tuple(parameters[name])
    metadata = manifest["metadata"]
    parameters["metadata"] = None if metadata is None else Metadata.from_dict(metadata)
    return parameters


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (tuple, list, np.ndarray)):
        return [_plain(v) for v in value]
    return value
