"""Tables as model-ready matrices and back."""

from sklearn_synthohive.preprocessing._cluster_normalizer import ClusterBasedNormalizer
from sklearn_synthohive.preprocessing._copies import Copies
from sklearn_synthohive.preprocessing._data_transformer import DataTransformer
from sklearn_synthohive.preprocessing._rules import Rules

__all__ = ["ClusterBasedNormalizer", "Copies", "DataTransformer", "Rules"]
