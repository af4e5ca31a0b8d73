"""Calls to any class that keeps the contract of a conditional generator."""

from __future__ import annotations

import inspect

import pandas as pd

from sklearn_synthohive.generators import ConditionalGenerativeModel
from sklearn_synthohive.relational._modes import has_modes_apart

__all__ = [
    "build_model",
    "check_model_class",
    "draw",
    "fitting_parameters",
    "teach",
]

COMPONENTS = 3


def check_model_class(model_cls) -> None:
    """Refuse what the orchestrator could not call."""
    if not isinstance(model_cls, type) or not issubclass(
        model_cls, ConditionalGenerativeModel
    ):
        raise TypeError(
            "model_cls must be a class derived from ConditionalGenerativeModel, which "
            f"is called once for each table; got {model_cls!r}."
        )
    if inspect.isabstract(model_cls):
        missing = ", ".join(sorted(model_cls.__abstractmethods__))
        raise TypeError(f"model_cls {model_cls.__name__} lacks the methods {missing}.")


def build_model(model_cls, metadata, **parameters):
    """A new model.

    Parameters
    ----------
    model_cls : type
    metadata : Metadata
        Describes the columns that the model sees.
    **parameters
        An unknown one is a TypeError of the class.
    """
    return model_cls(metadata, **parameters)


def fitting_parameters(model_cls, frame, context, parameters) -> dict:
    """Parameters of a table's model: the user's, and one that its columns ask for.

    Children whose numbers lie in groups apart (amounts around 0 and around 10, by
    their parents) are learned as mixtures, where the class has ``n_components`` and the
    user has not set it.
    """
    named = inspect.signature(model_cls).parameters
    if context is None or "n_components" not in named or "n_components" in parameters:
        return parameters
    if not has_modes_apart(frame):
        return parameters
    return {**parameters, "n_components": COMPONENTS}


def teach(model, frame, context, **options):
    """Fit a model, with those of the options that it takes.

    Parameters
    ----------
    model : ConditionalGenerativeModel
    frame : DataFrame
    context : DataFrame or None
    **options
    """
    if context is not None:
        options["context"] = context
    return model.fit(frame, **_taken(model.fit, options, keep={"context"}))


def draw(model, num_rows: int, context, seed: int) -> pd.DataFrame:
    """Rows of a model, with a fresh index.

    Parameters
    ----------
    model : ConditionalGenerativeModel
    num_rows : int
    context : DataFrame or None
    seed : int
    """
    options = {} if context is None else {"context": context}
    options |= _taken(model.sample, {"seed": seed})
    rows = model.sample(num_rows, **options)
    if not isinstance(rows, pd.DataFrame) or len(rows) != num_rows:
        raise TypeError(
            f"{type(model).__name__}.sample({num_rows}) must return a DataFrame of "
            f"{num_rows} rows, got {type(rows).__name__}."
        )
    return rows.reset_index(drop=True)


def _taken(method, options, keep=frozenset()):
    parameters = inspect.signature(method).parameters.values()
    named = {p.name for p in parameters}
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return options
    return {k: v for k, v in options.items() if k in named or k in keep}
