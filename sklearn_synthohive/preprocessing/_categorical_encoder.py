"""Categories as one-hot blocks, or as codes where there are many."""

import numbers

from sklearn_synthohive.preprocessing._category import CategoryColumn
from sklearn_synthohive.preprocessing._encoder import ColumnEncoder
from sklearn_synthohive.utils.params import Interval, StrOptions, _fit_context
from sklearn_synthohive.utils.validation import read_table

__all__ = ["CategoricalEncoder"]


class CategoricalEncoder(ColumnEncoder):
    """Encode columns of categories; missing is a level of its own.

    Parameters
    ----------
    embedding_threshold : int, default=50
        Columns of more levels become one integer code, for an entity embedding.
    handle_unknown : {"error", "missing"}, default="error"
        Whether a level never seen is an error or becomes missing.
    min_count : int, default=1
        Levels of fewer rows are no states of their own.
    rare_levels : {"merge", "missing"}, default="merge"
        What they are then: as in DataTransformer.

    Attributes
    ----------
    layout_ : Layout
    columns_ : list
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)

    Examples
    --------
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"city": ["NY", None, "nan", "NY"]})
    >>> encoder = CategoricalEncoder().fit(cities)
    >>> encoder.get_feature_names_out().tolist()
    ['city=NY', 'city=nan', 'city~missing']
    >>> encoder.inverse_transform(encoder.transform(cities)).equals(cities)
    True
    """

    _parameter_constraints = {  # noqa: RUF012
        "embedding_threshold": [Interval(numbers.Integral, 0, None, closed="left")],
        "handle_unknown": [StrOptions({"error", "missing"})],
        "min_count": [Interval(numbers.Integral, 1, None, closed="left")],
        "rare_levels": [StrOptions({"merge", "missing"})],
    }

    def __init__(
        self,
        embedding_threshold=50,
        *,
        handle_unknown="error",
        min_count=1,
        rare_levels="merge",
    ):
        self.embedding_threshold = embedding_threshold
        self.handle_unknown = handle_unknown
        self.min_count = min_count
        self.rare_levels = rare_levels

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the levels of each column.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
        y : ignored

        Returns
        -------
        self
        """
        table = read_table(X, estimator=self, allow_series=True)
        encodings = [
            CategoryColumn.fit(
                table.frame.iloc[:, i],
                self.embedding_threshold,
                self.handle_unknown == "missing",
                self.min_count,
                self.rare_levels == "merge",
            )
            for i in range(len(table.names))
        ]
        self._set_encodings(table, encodings)
        return self

    @property
    def _is_1d(self):
        return True
