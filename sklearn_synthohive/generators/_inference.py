"""What a fitted model tells of rows: how likely they are."""

from __future__ import annotations

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklearn_synthohive.generators._observed import observe
from sklearn_synthohive.generators._strategies import STRATEGIES

__all__ = ["InferenceMixin"]


def _has_likelihood(model):
    if STRATEGIES[model.generator].fitted_class.has_likelihood:
        return True
    raise AttributeError(
        f"generator={model.generator!r} knows no likelihood: score_samples and impute "
        "need generator='autoregressive'."
    )


class InferenceMixin:
    """What a fitted GAN tells of given rows; the estimator holds ``_fitted``."""

    @available_if(_has_likelihood)
    def score_samples(self, X, context=None):
        """Log-likelihood of each row.

        The likelihood of a row is a product over its columns, of

        - the probability of the value, for categories, missing values, numbers and
          dates on a grid (whole numbers, decimals), and values that many rows share;
        - the density in the column's own unit, for other numbers.

        So rows of one table compare, and without numbers of the second kind the
        likelihoods of all possible rows sum to one. Where a value is an interval of the
        scores that the network knows, the columns after it see the middle of the
        interval. Rounding and clipping by constraints is not accounted for.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            As in ``fit``. For a model fitted on an encoded matrix, densities are in
            units of the encoded scalars.
        context : DataFrame of shape (n_rows, n_context_columns), optional
            Required when the model was fitted with a context.

        Returns
        -------
        ndarray of shape (n_rows,), float64
            Minus infinity where the model cannot produce the row: a level that fit
            never saw, a value beyond the range or off the grid of its column, or
            missing where it never was.

        Raises
        ------
        AttributeError
            When the network has no likelihood (``generator="mlp"``).

        Examples
        --------
        >>> import pandas as pd
        >>> from sklearn_synthohive import CTGAN
        >>> df = pd.DataFrame({"sex": ["F", "M", "M", "M"] * 50})
        >>> gan = CTGAN(epochs=2, random_state=0).fit(df, progress_bar=False)
        >>> import numpy as np
        >>> np.exp(gan.score_samples(df[:2])).round(1)
        array([0.2, 0.8])
        """
        check_is_fitted(self)
        table, possible = observe(self._fitted.codec, X)
        context = self._encode_context(context, len(table))
        out = self._fitted.log_likelihood(table, context)
        out[~possible.all(axis=1)] = -np.inf
        return out
