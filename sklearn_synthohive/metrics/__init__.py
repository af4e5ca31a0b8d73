"""How good and how private a synthetic table is: pure functions of frames."""

from sklearn_synthohive.metrics._association import nmi_error, nmi_matrix
from sklearn_synthohive.metrics._attacks import attack_risks
from sklearn_synthohive.metrics._cardinality import cardinality_shapes
from sklearn_synthohive.metrics._closest import ClosestRecords, closest_records
from sklearn_synthohive.metrics._cost import cost
from sklearn_synthohive.metrics._coverage import coverage
from sklearn_synthohive.metrics._detection import Detection, detect, detection_auc
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
from sklearn_synthohive.metrics._scorer import SampleScorer
from sklearn_synthohive.metrics._siblings import sibling_coherence
from sklearn_synthohive.metrics._support import precision_recall
from sklearn_synthohive.metrics._utility import utility

__all__ = [
    "ClosestRecords",
    "Detection",
    "FidelityScorer",
    "SampleScorer",
    "attack_risks",
    "bridge_uniqueness",
    "cardinality_shapes",
    "closest_records",
    "column_shapes",
    "cost",
    "coverage",
    "detect",
    "detection_auc",
    "fidelity",
    "join_trends",
    "nmi_error",
    "nmi_matrix",
    "null_key_rates",
    "pair_trends",
    "precision_recall",
    "privacy",
    "referential_integrity",
    "relational_scores",
    "relational_summary",
    "sibling_coherence",
    "through_trends",
    "utility",
]
