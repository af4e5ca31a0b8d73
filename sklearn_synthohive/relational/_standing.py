"""Which rows of a segment have more children than others of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict

from sklearn_synthohive.relational._features import AttributeEncoder

__all__ = ["Standing"]

ALPHAS = (1e-2, 1.0, 1e2, 1e4)
FOLDS = 5
MIN_ROWS = 20
MAX_ROWS = 20_000
MIN_CORRELATION, MIN_DEVIATIONS = 0.1, 3.0
MAX_CORRELATION = 0.999


class Standing:
    """A row's place among those of its segment, as far as its attributes tell.

    The normal scores of the counts within their segments are regressed on those of the
    attributes. A row's score is the regression's, with as much noise as rows left out
    show: a Gaussian copula of count and attributes within the segment, whose law of
    counts stays as it is.

    Parameters
    ----------
    encoder : AttributeEncoder
    weights : ndarray of shape (n_columns,)
        What makes a score of variance 1 of the attributes' normal scores.
    correlation : float
        Of that score with the normal score of the count.
    """

    def __init__(self, encoder, weights, correlation):
        self.encoder = encoder
        self.weights = weights
        self.correlation = correlation

    @classmethod
    def fit(cls, frame: pd.DataFrame, counts, segment, targets, seed=0):
        """Learn from real rows; None where rows left out show nothing.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
        counts : ndarray of int of shape (n_rows,)
        segment : ndarray of int of shape (n_rows,)
        targets : ndarray of shape (n_rows, n_targets)
            By which levels of categories are put in order.
        seed : int

        Returns
        -------
        Standing or None
        """
        y = _normal_scores(counts, segment)
        take = np.flatnonzero(np.bincount(segment)[segment] > 1)
        if len(take) > MAX_ROWS:
            rng = np.random.default_rng(seed)
            take = np.sort(rng.permutation(take)[:MAX_ROWS])
        if len(take) < MIN_ROWS or not frame.shape[1] or not y[take].any():
            return None
        frame, y = frame.take(take), y[take]
        encoder = AttributeEncoder.fit(frame, targets[take])
        Z = _columns_scores(encoder.transform(frame), segment[take])
        folds = KFold(FOLDS, shuffle=True, random_state=seed)
        guess = cross_val_predict(RidgeCV(ALPHAS), Z, y, cv=folds)
        if guess.std() < 1e-9:
            return None
        found = float(np.corrcoef(guess, y)[0, 1])
        if found < max(MIN_CORRELATION, MIN_DEVIATIONS / np.sqrt(len(y))):
            return None
        weights = RidgeCV(ALPHAS).fit(Z, y).coef_
        spread = float((Z @ weights).std())
        # Ties hide a part of what the score tells, as in the polyserial correlation.
        correlation = float(min(found / y.std(), MAX_CORRELATION))
        return cls(encoder, weights / spread, correlation)

    def draw(self, frame: pd.DataFrame, segment, noise: np.ndarray) -> np.ndarray:
        """Scores by which rows of a segment are put in order.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
        segment : ndarray of int of shape (n_rows,)
        noise : ndarray of shape (n_rows,)
            Standard normal.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        Z = _columns_scores(self.encoder.transform(frame), segment)
        told = self.correlation * (Z @ self.weights)
        return told + np.sqrt(1 - self.correlation**2) * noise

    def to_state(self) -> dict:
        """Plain data."""
        return {
            "columns": self.encoder.columns,
            "weights": self.weights,
            "correlation": self.correlation,
        }

    @classmethod
    def from_state(cls, state: dict):
        """Undo :meth:`to_state`."""
        state = dict(state)
        return cls(AttributeEncoder(state.pop("columns")), **state)


def _columns_scores(X, segment):
    return np.stack([_normal_scores(x, segment) for x in X.T], axis=1)


def _normal_scores(values, segment):
    """Normal scores of values within their segments; ties share their mean rank."""
    ranks = pd.Series(values).groupby(segment).rank(method="average").to_numpy()
    sizes = np.bincount(segment)[segment]
    return stats.norm.ppf((ranks - 0.5) / sizes)
