"""How good and how private a synthetic table is: pure functions of frames."""

from sklearn_synthohive.metrics._association import nmi_error
from sklearn_synthohive.metrics._cardinality import cardinality_shapes
from sklearn_synthohive.metrics._coverage import coverage
from sklearn_synthohive.metrics._detection import detection_auc
from sklearn_synthohive.metrics._fidelity import (
    FidelityScorer,
    column_shapes,
    fidelity,
    pair_trends,
)
from sklearn_synthohive.metrics._integrity import (
    bridge_uniqueness,
    null_key_rates,
    referential_integrity,
)
from sklearn_synthohive.metrics._joins import join_trends, through_trends
from sklearn_synthohive.metrics._privacy import privacy
from sklearn_synthohive.metrics._relational import relational_scores, relational_summary
from sklearn_synthohive.metrics._siblings import sibling_coherence
from sklearn_synthohive.metrics._utility import utility

__all__ = [
    "FidelityScorer",
    "bridge_uniqueness",
    "cardinality_shapes",
    "column_shapes",
    "coverage",
    "detection_auc",
    "fidelity",
    "join_trends",
    "nmi_error",
    "null_key_rates",
    "pair_trends",
    "privacy",
    "referential_integrity",
    "relational_scores",
    "relational_summary",
    "sibling_coherence",
    "through_trends",
    "utility",
]
