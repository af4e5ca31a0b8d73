"""Whole schemas: which tables there are, how they hang together, and their keys."""

from sklearn_synthohive.relational._orchestrator import StagedOrchestrator

__all__ = ["StagedOrchestrator"]
