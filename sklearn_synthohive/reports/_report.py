"""Judge a synthetic table in one call."""

from __future__ import annotations

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metrics._columns import check_pair
from sklearn_synthohive.metrics._scorer import sample_rows
from sklearn_synthohive.reports._measurements import measure
from sklearn_synthohive.reports._result import QualityResult

__all__ = ["QualityReport"]


class QualityReport:
    """Quality, utility and privacy of a synthetic table, each beside real rows.

    Parameters
    ----------
    real : DataFrame
        The rows that the generator has learned from.
    synthetic : DataFrame
        With the same columns, in any order.
    holdout : DataFrame, optional
        Real rows that the generator has not seen. Without them privacy cannot be judged
        beyond copies, and one half of the real rows stands in for them where the other
        half is judged.
    target : hashable, optional
        The column that somebody would predict; without it there is no utility.
    task : {"classification", "regression"}, optional
        Of the target; see :func:`~sklearn_synthohive.metrics.utility`.
    history : DataFrame, optional
        Epochs of the fit, such as ``CTGAN.history_``.
    cost : Series, optional
        Of :func:`~sklearn_synthohive.metrics.cost`.
    attacks : bool, default=False
        Whether to run the attacks of the package anonymeter, too (tens of seconds).
    sections : sequence of Section, optional
        Further parts of the page.
    title : str, default="Synthetic data report"
    max_rows : int, default=20_000
        At most so many rows of each frame are judged, drawn with ``seed``; distances
        are measured between 5,000 at most. Copies, levels, spikes and ranges are looked
        for among all rows.
    seed : int, default=0
        The same seed gives the same figures.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_synthohive.reports import QualityReport
    >>> rng = np.random.default_rng(0)
    >>> rows = pd.DataFrame({"x": rng.normal(size=600), "n": rng.integers(0, 5, 600)})
    >>> result = QualityReport(rows[:200], rows[200:400], holdout=rows[400:]).compute()
    >>> list(result.privacy.index)[:2], result.findings
    (['closer to train', 'copies'], [])
    """

    def __init__(
        self,
        real,
        synthetic,
        holdout=None,
        target=None,
        *,
        task=None,
        history=None,
        cost=None,
        attacks=False,
        sections=(),
        title="Synthetic data report",
        max_rows=20_000,
        seed=0,
    ):
        self.real = real
        self.synthetic = synthetic
        self.holdout = holdout
        self.target = target
        self.task = task
        self.history = history
        self.cost = cost
        self.attacks = attacks
        self.sections = sections
        self.title = title
        self.max_rows = max_rows
        self.seed = seed

    @classmethod
    def from_estimator(
        cls, estimator, real, holdout=None, target=None, *, n_rows=None, **options
    ):
        """Report on rows of a fitted generator or pipeline, and on its fit.

        Parameters
        ----------
        estimator : fitted generator or Pipeline
        real : DataFrame
            The rows that it was fitted on.
        holdout : DataFrame, optional
        target : hashable, optional
        n_rows : int, optional
            Rows to draw, as many as ``real`` has by default.
        **options
            As in the constructor; ``seed`` draws the rows, too.

        Returns
        -------
        QualityReport
        """
        n_rows = len(real) if n_rows is None else n_rows
        synthetic = sample_rows(estimator, n_rows, options.get("seed", 0))
        last = estimator[-1] if hasattr(estimator, "steps") else estimator
        options.setdefault("history", getattr(last, "history_", None))
        return cls(real, synthetic, holdout, target, **options)

    def compute(self):
        """Measure everything.

        Returns
        -------
        QualityResult

        Raises
        ------
        SchemaError
            When a column is missing, of another kind than the real one, or the target
            is not there.
        ValueError
            When there are too few rows to judge (six real, three of the others).
        """
        real, synthetic = check_pair(self.real, self.synthetic)
        holdout = self.holdout
        if holdout is not None:
            real, holdout = check_pair(real, holdout, names=("real", "holdout"))
        if self.target is not None and self.target not in real.columns:
            raise SchemaError(
                f"There is no target {self.target!r}; the columns are "
                f"{list(real.columns)}."
            )
        least = {
            "real": (real, 6),
            "synthetic": (synthetic, 3),
            "holdout": (holdout, 6),
        }
        for name, (frame, n) in least.items():
            if frame is not None and len(frame) < n:
                raise ValueError(
                    f"The {name} frame has {len(frame)} rows; a report needs {n}."
                )
        if isinstance(self.max_rows, bool) or self.max_rows < 100:
            raise ValueError(f"max_rows must be at least 100, got {self.max_rows}.")
        parts = measure(
            real,
            synthetic,
            holdout,
            self.target,
            task=self.task,
            attacks=self.attacks,
            max_rows=self.max_rows,
            seed=self.seed,
        )
        return QualityResult(parts, self)
