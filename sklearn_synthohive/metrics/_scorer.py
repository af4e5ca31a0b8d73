"""A scorer for scikit-learn's searches: how good are the rows a generator draws?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pandas as pd
from sklearn.pipeline import Pipeline

from sklearn_synthohive.metrics._association import nmi_error
from sklearn_synthohive.metrics._columns import check_table
from sklearn_synthohive.metrics._detection import detect
from sklearn_synthohive.metrics._fidelity import fidelity

__all__ = ["SampleScorer", "sample_rows"]


def sample_rows(estimator: Any, n_rows: int, seed: int | None = None) -> pd.DataFrame:
    """Draw rows from a fitted generator, or from a pipeline that ends in one.

    Parameters
    ----------
    estimator : estimator with ``sample``, or Pipeline
        The steps before a generator are undone by ``inverse_transform``.
    n_rows : int
    seed : int, optional

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
    """
    steps = estimator if isinstance(estimator, Pipeline) else [estimator]
    generator = steps[-1]
    if not hasattr(generator, "sample"):
        raise TypeError(
            f"{type(generator).__name__} has no sample method: give a fitted generator "
            "or a pipeline that ends in one."
        )
    rows = generator.sample(n_rows, seed=seed)
    return rows if len(steps) == 1 else steps[:-1].inverse_transform(rows)


class SampleScorer:
    """Scores a fitted generator by rows that it draws: ``scoring=SampleScorer(...)``.

    For :class:`~sklearn.model_selection.GridSearchCV`, ``cross_val_score`` and their
    like. The rows held out by the search are the real ones, so that a generator cannot
    win by repeating its training rows.

    Parameters
    ----------
    metric : {"fidelity", "detection", "neg_nmi_error"} or callable, default="detection"
        "fidelity": :func:`fidelity`. "detection": 1 minus the advantage of a detector
        (``1 - abs(2 * auc - 1)``), the strictest. "neg_nmi_error": minus
        :func:`nmi_error`. A callable takes the real and the synthetic frame and returns
        a number, larger is better.
    n_rows : int, optional
        Rows to draw, as many as are held out by default.
    seed : int, default=0
        For the sample and the detector: the same rows for every candidate.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn_synthohive import CTGAN
    >>> from sklearn_synthohive.metrics import SampleScorer
    >>> rows = pd.DataFrame({"age": [31, 45, 27, 60] * 50, "sex": list("FM") * 100})
    >>> search = GridSearchCV(
    ...     CTGAN(epochs=1, random_state=0),
    ...     {"generator_dim": [(16,), (32,)]},
    ...     scoring=SampleScorer("fidelity"),
    ...     cv=2,
    ... )
    >>> bool(0 < search.fit(rows, progress_bar=False).best_score_ <= 1)
    True
    """

    def __init__(
        self,
        metric: Literal["fidelity", "detection", "neg_nmi_error"] | Callable = (
            "detection"
        ),
        *,
        n_rows: int | None = None,
        seed: int = 0,
    ) -> None:
        if not callable(metric) and metric not in _METRICS:
            raise ValueError(
                f"metric must be one of {sorted(_METRICS)} or a function of the real "
                f"and the synthetic frame, got {metric!r}."
            )
        self.metric = metric
        self.n_rows = n_rows
        self.seed = seed

    def __call__(self, estimator: Any, X: pd.DataFrame, y: Any = None) -> float:
        """The score of a fitted estimator; ``y`` is ignored.

        Parameters
        ----------
        estimator : fitted generator or Pipeline
        X : DataFrame of shape (n_rows, n_columns)
            Real rows, as in ``fit``.
        y : ignored

        Returns
        -------
        float
            Larger is better.
        """
        real = check_table(X, "X")
        n_rows = len(real) if self.n_rows is None else self.n_rows
        synthetic = sample_rows(estimator, n_rows, self.seed)
        if callable(self.metric):
            return float(self.metric(real, synthetic))
        return float(_METRICS[self.metric](real, synthetic, self.seed))

    def __repr__(self) -> str:
        options = "" if self.n_rows is None else f", n_rows={self.n_rows}"
        return f"SampleScorer({self.metric!r}{options}, seed={self.seed})"


_METRICS: dict[Any, Callable] = {
    "fidelity": lambda real, synthetic, seed: fidelity(real, synthetic),
    "detection": lambda real, synthetic, seed: (
        1 - detect(real, synthetic, seed=seed).advantage
    ),
    "neg_nmi_error": lambda real, synthetic, seed: -nmi_error(real, synthetic),
}
