"""A fitted DataTransformer as plain data, and back."""

import numbers

import numpy as np

from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.metadata import Metadata
from sklearn_synthohive.preprocessing._derived import (
    Ties,
    derived_from_plain,
    derived_to_plain,
)
from sklearn_synthohive.preprocessing._frames import schema_from_bytes, schema_to_bytes
from sklearn_synthohive.preprocessing._plain import (
    encoding_from_plain,
    encoding_to_plain,
)

__all__ = ["read_state", "write_state"]

FORMAT = 1


def write_state(transformer):
    """A fitted transformer as plain data.

    Parameters
    ----------
    transformer : DataTransformer

    Returns
    -------
    dict
    """
    names = getattr(transformer, "feature_names_in_", None)
    metadata = transformer.metadata_
    return {
        "format": FORMAT,
        "params": _params_to_plain(transformer.get_params(deep=False)),
        "metadata": None if metadata is None else metadata.to_dict(),
        "table_name": transformer.table_name_,
        "seed": transformer.seed_,
        "min_count": transformer.min_count_,
        "n_features_in": transformer.n_features_in_,
        "feature_names_in": None if names is None else names.tolist(),
        "names": list(transformer._names),
        "labels": list(transformer.columns_),
        "excluded": list(transformer.excluded_columns_),
        "positions": list(transformer._positions),
        "container": transformer._container,
        "schema": schema_to_bytes(transformer._schema),
        "derived": derived_to_plain(transformer._derived),
        "ties": transformer._ties.to_plain(),
        "columns": [encoding_to_plain(e) for e in transformer._encodings],
    }


def read_state(cls, state):
    """Undo :func:`write_state`.

    Parameters
    ----------
    cls : type
        DataTransformer or a subclass.
    state : dict

    Returns
    -------
    DataTransformer
    """
    version = state.get("format") if isinstance(state, dict) else None
    if not isinstance(version, int):
        raise SerializationError("This is not the state of a DataTransformer.")
    if version > FORMAT:
        raise SerializationError(
            f"The state of the DataTransformer has format {version}; this version "
            f"reads up to {FORMAT}. Install a newer sklearn-synthohive."
        )
    try:
        return _build(cls, state)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise SerializationError(
            f"The state of the DataTransformer is not whole: {error!r}. Restore it "
            "from a copy, or fit and save again."
        ) from error


def _build(cls, state):
    metadata = state["metadata"]
    metadata = None if metadata is None else Metadata.from_dict(metadata)
    transformer = cls(metadata=metadata, **state["params"])
    transformer.metadata_, transformer.table_name_ = metadata, state["table_name"]
    transformer.seed_ = state["seed"]
    # States of the first versions kept every level.
    transformer.min_count_ = state.get("min_count", 1)
    transformer.n_features_in_ = state["n_features_in"]
    if state["feature_names_in"] is not None:
        names = np.array(state["feature_names_in"], dtype=object)
        transformer.feature_names_in_ = names
    transformer.excluded_columns_ = list(state["excluded"])
    # States of the first versions have none.
    transformer._derived = derived_from_plain(state.get("derived", []))
    transformer._ties = Ties.from_plain(state.get("ties", {}))
    transformer._restore(
        [encoding_from_plain(plain) for plain in state["columns"]],
        names=list(state["names"]),
        labels=list(state["labels"]),
        positions=list(state["positions"]),
        container=state["container"],
        schema=schema_from_bytes(state["schema"]),
    )
    transformer._compose_fitted()
    return transformer


def _params_to_plain(params):
    plain = {}
    for name, value in params.items():
        if name == "metadata":
            continue
        if name == "random_state" and not isinstance(value, numbers.Integral):
            value = None
        elif name == "categorical_features" and not isinstance(value, str | None):
            value = np.asarray(value).tolist()
        elif isinstance(value, np.generic):
            value = value.item()
        plain[name] = value
    return plain
