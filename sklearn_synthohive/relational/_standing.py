"""Which rows of a segment have more children than others of it."""

from __future__ import annotations

from itertools import product

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
ROUNDING = 1e-9


class Standing:
    """A row's place among those of its segment, as far as its attributes tell.

    The scores of the counts within their segments are regressed on those of the
    attributes. A row's score is the regression's, with as much noise as rows left out
    show: a copula of count and attributes within the segment, whose law of counts stays
    as it is.

    Scores are normal ones, of ranks, or standardised values, in which the one row that
    towers above all others does so, too; within the segments or in the whole table.
    That scale is taken in which rows left out come nearest to their own count.

    Parameters
    ----------
    encoder : AttributeEncoder
    weights : ndarray of shape (n_columns,)
        What makes a score of variance 1 of the attributes' scores.
    correlation : float
        Of that score with the score of the count.
    scale : {"ranks", "values"}
    whole : bool
        Scores are those in the whole table.
    """

    def __init__(self, encoder, weights, correlation, scale="ranks", whole=False):
        self.encoder = encoder
        self.weights = weights
        self.correlation = correlation
        self.scale = scale
        self.whole = whole

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
        take = np.flatnonzero(np.bincount(segment)[segment] > 1)
        if len(take) > MAX_ROWS:
            rng = np.random.default_rng(seed)
            take = np.sort(rng.permutation(take)[:MAX_ROWS])
        if len(take) < MIN_ROWS or not frame.shape[1]:
            return None
        counts, segment = counts[take], segment[take]
        encoder = AttributeEncoder.fit(frame.take(take), targets[take])
        X = encoder.transform(frame.take(take))
        folds = KFold(FOLDS, shuffle=True, random_state=seed)
        best, least = None, np.inf
        lowest = max(MIN_CORRELATION, MIN_DEVIATIONS / np.sqrt(len(take)))
        for scale, whole in product(SCALES, (False, True)):
            if whole and not segment.any():
                continue
            part = np.zeros_like(segment) if whole else segment
            y = SCALES[scale](counts, part)
            Z = _columns_scores(X, part, SCALES[scale])
            guess = cross_val_predict(RidgeCV(ALPHAS), Z, y, cv=folds)
            if _within(guess, y, segment) < lowest:
                continue
            miss = np.square(_dealt(counts, segment, guess) - counts).sum()
            if miss < least:
                weights = RidgeCV(ALPHAS).fit(Z, y).coef_
                found = float(np.corrcoef(guess, y)[0, 1])
                # Ties hide a part of what the score tells, as in the polyserial
                # correlation.
                correlation = float(min(found / y.std(), MAX_CORRELATION))
                spread = float((Z @ weights).std())
                best = cls(encoder, weights / spread, correlation, scale, whole)
                least = miss
        return best

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
        X = self.encoder.transform(frame)
        part = np.zeros_like(segment) if self.whole else segment
        Z = _columns_scores(X, part, SCALES[self.scale])
        told = self.correlation * (Z @ self.weights)
        return told + np.sqrt(1 - self.correlation**2) * noise

    def to_state(self) -> dict:
        """Plain data."""
        return {
            "columns": self.encoder.columns,
            "weights": self.weights,
            "correlation": self.correlation,
            "scale": self.scale,
            "whole": self.whole,
        }

    @classmethod
    def from_state(cls, state: dict):
        """Undo :meth:`to_state`."""
        state = dict(state)
        return cls(AttributeEncoder(state.pop("columns")), **state)


def _dealt(counts, segment, score):
    """The counts of each segment, dealt out again in the order of a score."""
    dealt = np.empty(len(counts))
    dealt[np.lexsort((score, segment))] = counts[np.lexsort((counts, segment))]
    return dealt


def _within(guess, truth, segment):
    """The correlation of what is left when each segment's mean is taken off."""
    sizes = np.maximum(np.bincount(segment), 1)
    guess, truth = (
        v - (np.bincount(segment, v) / sizes)[segment] for v in (guess, truth)
    )
    scale = guess.std() * truth.std()
    return float((guess * truth).mean() / scale) if scale > ROUNDING else 0.0


def _columns_scores(X, segment, scores):
    return np.stack([scores(x, segment) for x in X.T], axis=1)


def _normal_scores(values, segment):
    """Normal scores of values within their segments; ties share their mean rank."""
    ranks = pd.Series(values).groupby(segment).rank(method="average").to_numpy()
    sizes = np.bincount(segment)[segment]
    return stats.norm.ppf((ranks - 0.5) / sizes)


def _standard_scores(values, segment):
    """Values less their segment's mean, in its standard deviations."""
    values = np.asarray(values, dtype=np.float64)
    sizes = np.maximum(np.bincount(segment), 1)
    apart = values - (np.bincount(segment, values) / sizes)[segment]
    spread = np.sqrt(np.bincount(segment, apart**2) / sizes)[segment]
    varies = spread > ROUNDING * np.abs(values).max(initial=0.0)
    return np.where(varies, apart / np.where(varies, spread, 1.0), 0.0)


SCALES = {"ranks": _normal_scores, "values": _standard_scores}
