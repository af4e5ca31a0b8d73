"""What is known of the tables beyond their values: keys, context, constraints."""

from sklearn_synthohive.metadata._constraint import Constraint
from sklearn_synthohive.metadata._metadata import Metadata
from sklearn_synthohive.metadata._relation import Relation
from sklearn_synthohive.metadata._table_config import TableConfig

__all__ = ["Constraint", "Metadata", "Relation", "TableConfig"]
