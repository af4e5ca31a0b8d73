"""Can a good classifier tell the synthetic rows from the real ones?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_curve
from sklearn.model_selection import StratifiedKFold

from sklearn_synthohive.metrics._auc import auc_with_error
from sklearn_synthohive.metrics._columns import check_pair
from sklearn_synthohive.metrics._features import known_columns, tree_features

__all__ = ["Detection", "detect", "detection_auc"]

# Rows of a fold on which columns are shuffled for their importance.
_IMPORTANCE_ROWS = 2_000


@dataclass(frozen=True)
class Detection:
    """What a classifier makes of real and synthetic rows; see :func:`detect`.

    Attributes
    ----------
    auc : float
        Mean of the folds' ROC AUCs; 0.5 is ideal, 1 the worst, and clearly below 0.5
        against training rows means that they were repeated.
    standard_error : float
        DeLong's, of that mean.
    is_synthetic : ndarray of bool of shape (n_rows,)
        Which rows are synthetic, in the order in which they were scored.
    scores : ndarray of float64 of shape (n_rows,)
        Probability of being synthetic, from the fold's own classifier.
    folds : ndarray of int64 of shape (n_rows,)
    importances : Series or None
        How much of the AUC is lost when a column is shuffled among the held-out rows,
        the most telling column first. None unless asked for.
    """

    auc: float
    standard_error: float
    is_synthetic: np.ndarray
    scores: np.ndarray
    folds: np.ndarray
    importances: pd.Series | None = None

    @property
    def advantage(self) -> float:
        """Two-sided distance from chance, ``abs(2 * auc - 1)``; 0 is ideal."""
        return abs(2 * self.auc - 1)

    def roc(self) -> tuple[np.ndarray, np.ndarray]:
        """False and true positive rates, the mean curve of the folds.

        Returns
        -------
        false_positive_rate, true_positive_rate : ndarray of float64 of shape (201,)
        """
        grid = np.linspace(0, 1, 201)
        curves = []
        for fold in np.unique(self.folds):
            rows = self.folds == fold
            fpr, tpr, _ = roc_curve(self.is_synthetic[rows], self.scores[rows])
            curve = np.interp(grid, fpr, tpr)
            curve[0] = 0.0
            curves.append(curve)
        return grid, np.mean(curves, axis=0)


def detect(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    *,
    max_rows: int = 50_000,
    n_splits: int = 3,
    importances: bool = False,
    seed: int = 0,
) -> Detection:
    """Let boosted trees tell real rows from synthetic ones (C2ST).

    Equally many rows of both frames (the smaller number, at most ``max_rows``) are
    drawn without replacement. :class:`~sklearn.ensemble.HistGradientBoostingClassifier`
    with its default settings and native categories is trained on all folds but one and
    scores that one.

    Parameters
    ----------
    real, synthetic : DataFrame
        With the same columns, in any order. ``real`` may be the training rows, or
        held-out rows, which is the stricter question.
    max_rows : int, default=50_000
        At most so many rows of each frame are used.
    n_splits : int, default=3
        Number of folds.
    importances : bool, default=False
        Whether to shuffle each column in turn, to see which gives the rows away.
    seed : int, default=0
        For the draws, the folds, the trees' early stopping and the shuffling.

    Returns
    -------
    Detection

    References
    ----------
    .. [1] D. Lopez-Paz and M. Oquab, "Revisiting classifier two-sample tests",
       ICLR 2017. https://arxiv.org/abs/1610.06545

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_synthohive.metrics import detect
    >>> x = np.arange(600.0)
    >>> real = pd.DataFrame({"x": x, "y": x % 7})
    >>> found = detect(real, real.assign(y=0), importances=True)
    >>> found.auc > 0.8, found.importances.index[0]
    (True, 'y')
    """
    real, synthetic = check_pair(real, synthetic)
    n = min(len(real), len(synthetic), max_rows)
    if n < n_splits:
        raise ValueError(
            f"{n_splits} folds need at least {n_splits} rows of each frame, got {n}."
        )
    rng = np.random.default_rng(seed)
    names = real.columns
    real = real.iloc[rng.choice(len(real), n, replace=False)]
    synthetic = synthetic.iloc[rng.choice(len(synthetic), n, replace=False)]
    first, second, categorical = tree_features(real, synthetic)
    X = np.concatenate([first, second])
    y = np.repeat([0, 1], n)
    scores, folds = np.empty(2 * n), np.empty(2 * n, dtype=np.int64)
    aucs, losses = [], []
    splitter = StratifiedKFold(n_splits, shuffle=True, random_state=seed)
    for fold, (train, test) in enumerate(splitter.split(X, y)):
        model = HistGradientBoostingClassifier(
            categorical_features=categorical, random_state=seed
        )
        seen, unseen = known_columns(categorical, X[train], X[test])
        model.fit(seen, y[train])
        scores[test], folds[test] = model.predict_proba(unseen)[:, 1], fold
        aucs.append(auc_with_error(y[test], scores[test]))
        if importances:
            losses.append(_importances(model, unseen, y[test], rng))
    means, errors = np.array(aucs).T
    return Detection(
        auc=float(means.mean()),
        standard_error=float(np.sqrt((errors**2).sum()) / n_splits),
        is_synthetic=y.astype(bool),
        scores=scores,
        folds=folds,
        importances=_ranked(losses, names) if importances else None,
    )


def _importances(model, X, y, rng) -> np.ndarray:
    """Loss of AUC when a column is shuffled."""
    rows = rng.permutation(len(X))[:_IMPORTANCE_ROWS]
    X, y = X[rows], y[rows]
    if len(np.unique(y)) < 2:
        return np.zeros(X.shape[1])
    whole = auc_with_error(y, model.predict_proba(X)[:, 1])[0]
    losses = np.empty(X.shape[1])
    for k in range(X.shape[1]):
        kept = X[:, k].copy()
        X[:, k] = rng.permutation(kept)
        losses[k] = whole - auc_with_error(y, model.predict_proba(X)[:, 1])[0]
        X[:, k] = kept
    return losses


def _ranked(losses: list[np.ndarray], names: pd.Index) -> pd.Series:
    mean = pd.Series(np.mean(losses, axis=0), index=names, name="importance")
    return mean.sort_values(ascending=False, kind="stable")


def detection_auc(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    *,
    max_rows: int = 50_000,
    n_splits: int = 3,
    seed: int = 0,
) -> float:
    """AUC of boosted trees that tell real rows from synthetic ones (C2ST).

    The ``auc`` of :func:`detect`, which also gives its standard error.

    Parameters
    ----------
    real, synthetic : DataFrame
        With the same columns, in any order. ``real`` may be the training rows, or
        held-out rows, which is the stricter question.
    max_rows : int, default=50_000
        At most so many rows of each frame are used.
    n_splits : int, default=3
        Number of folds.
    seed : int, default=0
        For the draws, the folds and the trees' early stopping.

    Returns
    -------
    float
        0.5 is ideal, 1 the worst. Against training rows a generator that repeats them
        scores below 0.5: a copy of a row in another fold is taken for that row.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_synthohive.metrics import detection_auc
    >>> x = np.arange(600.0)
    >>> real = pd.DataFrame({"x": x, "y": x})
    >>> detection_auc(real, real.assign(y=x[::-1])) > 0.95
    True
    """
    found = detect(real, synthetic, max_rows=max_rows, n_splits=n_splits, seed=seed)
    return found.auc
