"""Calls to any class that keeps the contract of a conditional generator."""

from __future__ import annotations

import inspect

import pandas as pd

from sklearn_synthohive.generators import ConditionalGenerativeModel

__all__ = [
    "build_model",
    "check_model_class",
    "draw",
    "teach",
]


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


def teach(model, frame, context, watch=None, **options):
    """Fit a model, with those of the options that it takes.

    Parameters
    ----------
    model : ConditionalGenerativeModel
    frame : DataFrame
    context : DataFrame or None
    watch : skorch callback, optional
        Sees the epochs of a class with ``callbacks``; gone from it afterwards.
    **options
    """
    if context is not None:
        options["context"] = context
    options = _taken(model.fit, options, keep={"context"})
    if watch is None or not hasattr(model, "callbacks"):
        return model.fit(frame, **options)
    own = model.callbacks
    model.callbacks = [*(own or ()), watch]
    try:
        return model.fit(frame, **options)
    finally:
        model.callbacks = own


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
