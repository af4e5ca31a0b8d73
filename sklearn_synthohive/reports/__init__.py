"""How good the result is, as tables and pictures."""

from sklearn_synthohive.reports._plots import plot_marginals
from sklearn_synthohive.reports._quality import quality_table

__all__ = ["plot_marginals", "quality_table"]
