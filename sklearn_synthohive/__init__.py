"""Synthetic tables as scikit-learn estimators.

``import sklearn_synthohive`` imports no torch: the names of the rooms that need it
are resolved on first use.
"""

import importlib

__version__ = "0.1.0"

_EXPORTS = {
    "CTGAN": "generators",
    "ClusterBasedNormalizer": "preprocessing",
    "ConditionalGenerativeModel": "generators",
    "Constraint": "metadata",
    "ConstraintViolationError": "exceptions",
    "DataTransformer": "preprocessing",
    "GenerativeModel": "generators",
    "Layout": "layout",
    "Metadata": "metadata",
    "SchemaError": "exceptions",
    "SchemaValidationError": "exceptions",
    "SerializationError": "exceptions",
    "StagedOrchestrator": "relational",
    "SynthoHiveError": "exceptions",
    "TableConfig": "metadata",
    "TrainingError": "exceptions",
    "metrics": None,
    "sample": "generators",
}

__all__ = [
    "CTGAN",
    "ClusterBasedNormalizer",
    "ConditionalGenerativeModel",
    "Constraint",
    "ConstraintViolationError",
    "DataTransformer",
    "GenerativeModel",
    "Layout",
    "Metadata",
    "SchemaError",
    "SchemaValidationError",
    "SerializationError",
    "StagedOrchestrator",
    "SynthoHiveError",
    "TableConfig",
    "TrainingError",
    "__version__",
    "metrics",
    "sample",
]


def __getattr__(name):
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = _EXPORTS[name]
    if room is None:
        return importlib.import_module(f"{__name__}.{name}")
    value = getattr(importlib.import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
