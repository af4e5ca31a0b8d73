"""How good a synthetic table is: pure functions of real and synthetic frames."""

from sklearn_synthohive.metrics._fidelity import (
    FidelityScorer,
    column_shapes,
    fidelity,
    pair_trends,
)

__all__ = ["FidelityScorer", "column_shapes", "fidelity", "pair_trends"]
