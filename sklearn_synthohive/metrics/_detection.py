"""Can a good classifier tell the synthetic rows from the real ones?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from sklearn_synthohive.metrics._columns import check_pair
from sklearn_synthohive.metrics._features import tree_features

__all__ = ["detection_auc"]


def detection_auc(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    *,
    max_rows: int = 50_000,
    n_splits: int = 3,
    seed: int = 0,
) -> float:
    """AUC of boosted trees that tell real rows from synthetic ones (C2ST).

    Equally many rows of both frames (the smaller number, at most ``max_rows``) are
    drawn without replacement. :class:`~sklearn.ensemble.HistGradientBoostingClassifier`
    with its default settings and native categories is trained on all folds but one and
    scored on that one; the mean of the folds' AUCs is returned.

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

    References
    ----------
    .. [1] D. Lopez-Paz and M. Oquab, "Revisiting classifier two-sample tests",
       ICLR 2017. https://arxiv.org/abs/1610.06545

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
    real, synthetic = check_pair(real, synthetic)
    n = min(len(real), len(synthetic), max_rows)
    if n < n_splits:
        raise ValueError(
            f"{n_splits} folds need at least {n_splits} rows of each frame, got {n}."
        )
    rng = np.random.default_rng(seed)
    real = real.iloc[rng.choice(len(real), n, replace=False)]
    synthetic = synthetic.iloc[rng.choice(len(synthetic), n, replace=False)]
    first, second, categorical = tree_features(real, synthetic)
    X = np.concatenate([first, second])
    y = np.repeat([0, 1], n)
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=seed)
    scores = []
    for train, test in folds.split(X, y):
        model = HistGradientBoostingClassifier(
            categorical_features=categorical, random_state=seed
        )
        model.fit(X[train], y[train])
        scores.append(roc_auc_score(y[test], model.predict_proba(X[test])[:, 1]))
    return float(np.mean(scores))
