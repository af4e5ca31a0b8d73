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

    The normal scores of the counts within their segments are regressed on the
    attributes. A row's score is the regression's, with as much noise as rows left out
    show: a Gaussian copula of count and attributes within the segment, whose law of
    counts stays as it is.

    Parameters
    ----------
    encoder : AttributeEncoder
    centre, scale, weights : ndarray of shape (n_columns,)
        What makes a regression's score of mean 0 and variance 1 of the attributes.
    offset : float
    correlation : float
        Of that score with the normal score of the count.
    """

    def __init__(self, encoder, centre, scale, weights, offset, correlation):
        self.encoder = encoder
        self.centre = centre
        self.scale = scale
        self.weights = weights
        self.offset = offset
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
        X = encoder.transform(frame)
        centre = np.median(X, axis=0)
        scale = np.abs(X - centre).mean(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        Z = np.arcsinh((X - centre) / scale)
        folds = KFold(FOLDS, shuffle=True, random_state=seed)
        guess = cross_val_predict(RidgeCV(ALPHAS), Z, y, cv=folds)
        if guess.std() < 1e-9:
            return None
        found = float(np.corrcoef(guess, y)[0, 1])
        if found < max(MIN_CORRELATION, MIN_DEVIATIONS / np.sqrt(len(y))):
            return None
        weights = RidgeCV(ALPHAS).fit(Z, y).coef_
        score = Z @ weights
        spread = float(score.std())
        # Ties hide a part of what the score tells, as in the polyserial correlation.
        correlation = float(min(found / y.std(), MAX_CORRELATION))
        offset = float(score.mean() / spread)
        return cls(encoder, centre, scale, weights / spread, offset, correlation)

    def draw(self, frame: pd.DataFrame, noise: np.ndarray) -> np.ndarray:
        """Scores by which rows of a segment are put in order.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
        noise : ndarray of shape (n_rows,)
            Standard normal.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        X = self.encoder.transform(frame)
        Z = np.arcsinh((X - self.centre) / self.scale)
        told = Z @ self.weights - self.offset
        return self.correlation * told + np.sqrt(1 - self.correlation**2) * noise

    def to_state(self) -> dict:
        """Plain data."""
        return {
            "columns": self.encoder.columns,
            "centre": self.centre,
            "scale": self.scale,
            "weights": self.weights,
            "offset": self.offset,
            "correlation": self.correlation,
        }

    @classmethod
    def from_state(cls, state: dict):
        """Undo :meth:`to_state`."""
        state = dict(state)
        return cls(AttributeEncoder(state.pop("columns")), **state)


def _normal_scores(counts, segment):
    """Normal scores of counts within their segments; ties share their mean rank."""
    ranks = pd.Series(counts).groupby(segment).rank(method="average").to_numpy()
    sizes = np.bincount(segment)[segment]
    return stats.norm.ppf((ranks - 0.5) / sizes)
