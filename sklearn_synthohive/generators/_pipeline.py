"""Sampling from a fitted Pipeline, decoded."""

from __future__ import annotations

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

__all__ = ["sample"]


def sample(pipeline, num_rows=1, **options):
    """Sample from a fitted Pipeline whose last step is a generator.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        Encoding steps with ``inverse_transform``, then a generator.
    num_rows : int, default=1
    **options
        For the generator's ``sample``: ``seed``, ``context``.

    Returns
    -------
    DataFrame of shape (num_rows, n_columns)
        In the schema of the rows that the pipeline was fitted on.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.pipeline import Pipeline
    >>> from sklearn_synthohive import CTGAN, DataTransformer, sample
    >>> df = pd.DataFrame({"age": [31, 45, 27, 60] * 50})
    >>> gan = CTGAN(epochs=1, batch_size=100, random_state=0)
    >>> pipe = Pipeline([("tx", DataTransformer()), ("gan", gan)])
    >>> sample(pipe.fit(df, gan__progress_bar=False), 2, seed=0).shape
    (2, 1)
    """
    if not isinstance(pipeline, Pipeline):
        raise TypeError(
            f"sample expects a fitted Pipeline, got {type(pipeline).__name__}; a "
            "generator has a sample method of its own."
        )
    check_is_fitted(pipeline)
    generator = pipeline[-1]
    if not hasattr(generator, "sample"):
        raise TypeError(
            f"The last step, {type(generator).__name__}, has no sample method."
        )
    rows = generator.sample(num_rows, **options)
    if len(pipeline) == 1:
        return rows
    return pipeline[:-1].inverse_transform(rows)
