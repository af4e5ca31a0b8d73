"""What a model learnt from synthetic rows is worth on real ones."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.metrics import f1_score, r2_score, roc_auc_score, root_mean_squared_error

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metrics._columns import ColumnReader, check_pair
from sklearn_synthohive.metrics._features import (
    known_columns,
    shared_codes,
    tree_features,
)

__all__ = ["utility"]

# Of more than two classes, rare ones have hardly any curvature to divide by: without a
# penalty their leaves explode, and the score with them, by the seed of the trees.
PENALTY = 1.0


def utility(
    train: pd.DataFrame,
    test: pd.DataFrame,
    target: Hashable,
    *,
    task: Literal["classification", "regression"] | None = None,
    seed: int = 0,
) -> pd.Series:
    """Scores on ``test`` of boosted trees trained on ``train``.

    With synthetic rows to train on and held-out real rows to test on this is "train
    on synthetic, test on real" [1]_; read it beside the same call with the real
    training rows. The models are scikit-learn's HistGradientBoosting with native
    categories and default settings, but for ``l2_regularization=1`` where there are
    more than two classes: without it the leaves of rare ones explode.

    Parameters
    ----------
    train, test : DataFrame
        With the same columns, in any order. Rows without a target are left out.
    target : hashable
        Name of the column to predict.
    task : {"classification", "regression"}, optional
        By default regression for numbers and dates with more than two different
        values in ``test``, else classification.
    seed : int, default=0
        For the trees' early stopping.

    Returns
    -------
    Series
        ``roc_auc`` and ``f1_macro``, or ``r2`` and ``rmse`` (dates in seconds). The
        AUC is the mean over the classes in ``test`` of one against the rest; a class
        that ``train`` lacks counts with 0.5.

    References
    ----------
    .. [1] C. Esteban, S. Hyland and G. Rätsch, "Real-valued (medical) time series
       generation with recurrent conditional GANs", 2017.
       https://arxiv.org/abs/1706.02633

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_synthohive.metrics import utility
    >>> x = np.arange(400.0)
    >>> rows = pd.DataFrame({"x": x, "y": np.where(x < 200, "a", "b")})
    >>> utility(rows, rows, "y").round(2).to_dict()
    {'roc_auc': 1.0, 'f1_macro': 1.0}
    """
    test, train = check_pair(test, train, names=("test", "train"))
    if target not in test.columns:
        raise SchemaError(f"No column {target!r}; there are {list(test.columns)}.")
    if test.shape[1] == 1:
        raise SchemaError(f"There is no column beside {target!r} to predict it from.")
    if task not in (None, "classification", "regression"):
        raise ValueError(
            f"task must be 'classification', 'regression' or None, got {task!r}."
        )
    train, test = train[train[target].notna()], test[test[target].notna()]
    if len(train) == 0 or len(test) == 0:
        raise ValueError(f"Every value of the target {target!r} is missing.")
    reader = ColumnReader(test[target])
    if task is None:
        regression = reader.is_continuous and test[target].nunique() > 2
    else:
        regression = task == "regression"
    test_X, train_X, categorical = tree_features(
        test.drop(columns=target), train.drop(columns=target)
    )
    train_X, test_X = known_columns(categorical, train_X, test_X)
    options = {"categorical_features": categorical, "random_state": seed}
    if regression:
        targets = train[target], test[target]
        return _regression(reader, train_X, test_X, targets, options)
    test_y, train_y = shared_codes(reader, test[target], train[target])
    return _classification(train_X, train_y, test_X, test_y, options)


def _regression(reader, train_X, test_X, targets, options) -> pd.Series:
    if not reader.is_continuous:
        raise SchemaError(
            f"The target {reader.name!r} is a category; use task='classification'."
        )
    model = HistGradientBoostingRegressor(**options)
    train_y, truth = (reader.numbers(column) for column in targets)
    predicted = model.fit(train_X, train_y).predict(test_X)
    return pd.Series(
        {
            "r2": r2_score(truth, predicted),
            "rmse": root_mean_squared_error(truth, predicted),
        }
    )


def _classification(train_X, train_y, test_X, test_y, options) -> pd.Series:
    known = np.unique(train_y)
    shares = np.zeros((len(test_X), max(train_y.max(), test_y.max()) + 1))
    if len(known) == 1:
        shares[:, known] = 1.0
    else:
        model = HistGradientBoostingClassifier(
            early_stopping=_early_stopping(train_y),
            l2_regularization=PENALTY if len(known) > 2 else 0.0,
            **options,
        )
        shares[:, known] = model.fit(train_X, train_y).predict_proba(test_X)
    classes = np.unique(test_y)
    aucs = [
        roc_auc_score(test_y == c, shares[:, c]) if len(classes) > 1 else np.nan
        for c in classes
    ]
    return pd.Series(
        {
            "roc_auc": float(np.mean(aucs)),
            "f1_macro": f1_score(
                test_y, shares.argmax(axis=1), average="macro", zero_division=0
            ),
        }
    )


def _early_stopping(labels: np.ndarray) -> bool:
    # scikit-learn's own rule (above 10,000 rows) fails on a class of a single row,
    # since the validation rows are drawn by class.
    counts = np.bincount(labels)
    return len(labels) > 10_000 and counts[counts > 0].min() > 1
