"""Tables as model-ready matrices and back."""

from sklearn_synthohive.preprocessing._cluster_normalizer import ClusterBasedNormalizer
from sklearn_synthohive.preprocessing._data_transformer import DataTransformer

__all__ = ["ClusterBasedNormalizer", "DataTransformer"]
