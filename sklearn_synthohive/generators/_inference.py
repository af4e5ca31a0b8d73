"""What a model makes of given rows: their likelihood, their gaps, their classes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklearn_synthohive.generators._imputation import fill_missing
from sklearn_synthohive.generators._observed import observe
from sklearn_synthohive.generators._resampling import (
    class_labels,
    rows_to_make,
    stack,
)
from sklearn_synthohive.generators._strategies import STRATEGIES
from sklearn_synthohive.utils.random import draw_seed

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
        >>> import numpy as np
        >>> import pandas as pd
        >>> from sklearn_synthohive import CTGAN
        >>> df = pd.DataFrame({"sex": ["F", "M", "M", "M"] * 50})
        >>> gan = CTGAN(epochs=2, random_state=0).fit(df, progress_bar=False)
        >>> float(np.exp(gan.score_samples(df[:2])).sum().round(5))
        1.0
        """
        check_is_fitted(self)
        table, possible = observe(self._fitted.codec, X)
        context = self._encode_context(context, len(table))
        out = self._fitted.log_likelihood(table, context)
        out[~possible.all(axis=1)] = -np.inf
        return out

    @available_if(_has_likelihood)
    def impute(self, X, context=None, seed=None):
        """Fill missing cells from their law given the other cells of the row.

        Each filled cell is a draw, not a mean, so that the filled table keeps its
        variation and its dependences. Cells of a row are drawn together.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            As in ``fit``, which may have seen rows with missing cells too. A level
            that fit never saw stays, and tells nothing of the cells beside it.
        context : DataFrame of shape (n_rows, n_context_columns), optional
            Required when the model was fitted with a context.
        seed : int, optional
            Repeats the values; None draws fresh ones at every call.

        Returns
        -------
        table of the type and shape of X
            Cells that were there are kept as they are; the others hold values.

        Raises
        ------
        AttributeError
            When the network has no likelihood (``generator="mlp"``).
        ValueError
            When the model was fitted on an encoded matrix.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklearn_synthohive import CTGAN
        >>> df = pd.DataFrame({"sex": ["F", "M"] * 100, "age": [31, 45] * 100})
        >>> gan = CTGAN(epochs=2, random_state=0).fit(df, progress_bar=False)
        >>> rows = pd.DataFrame({"sex": ["F", None], "age": [31, 45]})
        >>> gan.impute(rows, seed=0)["sex"].isna().any()
        np.False_
        """
        check_is_fitted(self)
        if self._fitted.codec.kind == "encoded":
            raise ValueError(
                "This model was fitted on an encoded matrix, where missing is a state: "
                "fit on raw rows to impute."
            )
        seed = draw_seed(seed)
        context = self._encode_context(context, len(X))
        options = {"context": context, "n_jobs": self.n_jobs}
        return fill_missing(self._fitted, X, seed, **options)

    def fit_resample(
        self, X, y, *, sampling_strategy="auto", seed=None, progress_bar=False
    ):
        """Balance classes with synthetic rows, as imbalanced-learn's samplers do.

        The model is fitted to X with y as its context, so that each class's rows are
        drawn from the law of X given the class.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
        y : Series or array-like of shape (n_rows,)
            Classes.
        sampling_strategy : str, float or mapping, default="auto"
            Which classes get as many rows as the largest: "not majority" (which
            "auto" is), "minority", "not minority" or "all"; or the ratio of the
            smaller of two classes to the larger; or how many rows a class is to have.
        seed : int, optional
            Of this run; takes precedence over ``random_state``.
        progress_bar : bool, default=False

        Returns
        -------
        X_resampled, y_resampled : of the types of X and y
            The given rows, then the synthetic ones, class by class.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklearn_synthohive import CTGAN
        >>> X = pd.DataFrame({"age": [31, 45, 27, 60] * 50})
        >>> y = pd.Series(["no"] * 150 + ["yes"] * 50, name="bought")
        >>> gan = CTGAN(epochs=2, random_state=0)
        >>> X_res, y_res = gan.fit_resample(X, y)
        >>> y_res.value_counts().to_dict()
        {'no': 150, 'yes': 150}
        """
        labels = class_labels(y)
        if len(labels) != len(X):
            raise ValueError(f"y has {len(labels)} rows but X has {len(X)}.")
        missing = rows_to_make(labels, sampling_strategy)
        context = pd.DataFrame({labels.name: pd.Categorical(labels)})
        self.fit(X, context=context, seed=seed, progress_bar=progress_bar)
        wanted = missing.index.repeat(missing)
        given = pd.DataFrame(
            {labels.name: pd.Categorical(wanted, dtype=context.dtypes.iloc[0])}
        )
        rows = self.sample(len(wanted), context=given, seed=self.seed_)
        return stack(X, rows), stack(y, pd.Series(wanted))
