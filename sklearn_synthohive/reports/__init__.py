"""How good the result is, as tables, pictures and one page."""

from sklearn_synthohive.reports._cardinality_display import CardinalityDisplay
from sklearn_synthohive.reports._closest_display import ClosestRecordDisplay
from sklearn_synthohive.reports._detection_display import DetectionDisplay
from sklearn_synthohive.reports._embedding_display import EmbeddingDisplay
from sklearn_synthohive.reports._finding import Finding
from sklearn_synthohive.reports._history_display import HistoryDisplay
from sklearn_synthohive.reports._marginal_display import MarginalDisplay
from sklearn_synthohive.reports._plots import plot_marginals
from sklearn_synthohive.reports._quality import quality_table
from sklearn_synthohive.reports._relational_section import relational_section
from sklearn_synthohive.reports._report import QualityReport
from sklearn_synthohive.reports._result import QualityResult
from sklearn_synthohive.reports._schema_report import SchemaReport
from sklearn_synthohive.reports._section import Section
from sklearn_synthohive.reports._trend_display import PairTrendDisplay

__all__ = [
    "CardinalityDisplay",
    "ClosestRecordDisplay",
    "DetectionDisplay",
    "EmbeddingDisplay",
    "Finding",
    "HistoryDisplay",
    "MarginalDisplay",
    "PairTrendDisplay",
    "QualityReport",
    "QualityResult",
    "SchemaReport",
    "Section",
    "plot_marginals",
    "quality_table",
    "relational_section",
]
