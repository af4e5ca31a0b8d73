"""How good and how private a synthetic table is: pure functions of frames."""

from sklearn_synthohive.metrics._association import nmi_error
from sklearn_synthohive.metrics._coverage import coverage
from sklearn_synthohive.metrics._detection import detection_auc
from sklearn_synthohive.metrics._fidelity import (
    FidelityScorer,
    column_shapes,
    fidelity,
    pair_trends,
)
from sklearn_synthohive.metrics._privacy import privacy
from sklearn_synthohive.metrics._utility import utility

__all__ = [
    "FidelityScorer",
    "column_shapes",
    "coverage",
    "detection_auc",
    "fidelity",
    "nmi_error",
    "pair_trends",
    "privacy",
    "utility",
]
