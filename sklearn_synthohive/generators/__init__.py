"""Generative models as scikit-learn estimators."""

from sklearn_synthohive.generators._base import (
    ConditionalGenerativeModel,
    GenerativeModel,
)
from sklearn_synthohive.generators._ctgan import CTGAN
from sklearn_synthohive.generators._pipeline import sample

__all__ = ["CTGAN", "ConditionalGenerativeModel", "GenerativeModel", "sample"]
