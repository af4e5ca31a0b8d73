"""How many children a parent has, given what is known of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from sklearn_synthohive.relational._exchange import LevelLaws
from sklearn_synthohive.relational._standing import Standing
from sklearn_synthohive.relational._trees import SegmentTree

__all__ = ["MIN_PARENTS", "CardinalityModel", "spread_points"]

MAX_VALUES = 64
MAX_THRESHOLDS = 12
MIN_PARENTS = 10
MAX_SEGMENTS = 256
PHASES, MANY = 32, 5000
# So few rows with children are kept to their number.
FEW_USED, TRIES = 50, 64
GOLDEN = (5**0.5 - 1) / 2


class CardinalityModel:
    """The law of a count given a row's attributes.

    One tree parts the rows into segments. Its targets are the indicators of "at most t
    children" for a few t, so that its squared error is the continuous ranked
    probability score (Gneiting and Raftery 2007) of the segments' laws: it splits where
    the law changes, not only its mean. The number of segments is that of the least
    cross-validated score. "empirical" draws from the histogram of a segment's counts,
    "negbinom" from the negative binomial of their mean and variance.

    Counts are drawn with points that are spread evenly within every segment, and of a
    few such sets that one is taken whose sum is nearest to the segment's mean: totals
    and segments' means are met far more closely than by independent draws. Within a
    segment the larger ones go to the rows that stand higher in it, as far as attributes
    tell. Then rows of a segment exchange their counts until each level of the
    attributes has its law, too.

    Parameters
    ----------
    tree : SegmentTree
    laws : list of tuple of ndarray
        For each segment the values and their cumulated shares, or for "negbinom" an
        array of mean and variance and an empty one.
    method : {"empirical", "negbinom"}
    largest : int
        The largest count that was seen.
    shares : ndarray of shape (n_segments,)
        Of the real rows that lie in each segment.
    standing : Standing or None
        Which rows of a segment have more than others.
    used : float or None
        The share of rows that have children at all, where these are a few rows.
    levels : LevelLaws or None
        The laws in single levels of the attributes.
    """

    def __init__(
        self,
        tree,
        laws: list,
        method: str,
        largest,
        shares,
        standing=None,
        used=None,
        levels=None,
    ):
        self.tree = tree
        self.laws = laws
        self.method = method
        self.largest = largest
        self.shares = shares
        self.standing = standing
        self.used = used
        self.levels = levels

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        counts,
        *,
        method="empirical",
        min_rows=MIN_PARENTS,
        choose=True,
        seed=0,
    ):
        """Learn the counts of a relation.

        Parameters
        ----------
        frame : DataFrame of shape (n_parents, n_columns)
            What the counts may depend on.
        counts : ndarray of int of shape (n_parents,)
            Zero included.
        method : {"empirical", "negbinom"}
        min_rows : int
            In a segment.
        choose : bool
            The number of segments on rows left out; else as many as there can be.
        seed : int

        Returns
        -------
        CardinalityModel
        """
        counts = np.asarray(counts, dtype=np.int64)
        thresholds = _thresholds(counts)
        targets = (counts[:, None] <= thresholds[None, :]).astype(float)
        tree = SegmentTree.fit(
            frame,
            targets,
            max_segments=MAX_SEGMENTS,
            min_rows=min_rows,
            choose=choose,
            seed=seed,
        )
        segment = tree.apply(frame)
        learn = _moments if method == "negbinom" else _histogram
        laws = [learn(counts[segment == s]) for s in range(tree.n_segments)]
        standing = Standing.fit(frame, counts, segment, targets)
        shares = np.bincount(segment, minlength=tree.n_segments) / max(len(segment), 1)
        few = 0 < (counts > 0).sum() <= FEW_USED
        used = float((counts > 0).mean()) if few and (counts == 0).any() else None
        largest = int(counts.max(initial=0))
        levels = None
        if choose and used is None:
            levels = LevelLaws.fit(frame, counts, thresholds, min_rows)
        return cls(tree, laws, method, largest, shares, standing, used, levels)

    def draw(self, frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
        """Counts for rows.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
        rng : Generator

        Returns
        -------
        ndarray of int64 of shape (n_rows,)
        """
        segment = self.tree.apply(frame)
        counts = np.zeros(len(segment), dtype=np.int64)
        score = rng.normal(size=len(segment))
        if self.standing is not None:
            score = self.standing.draw(frame, segment, score)
        order = np.lexsort((score, segment))
        bounds = np.searchsorted(segment[order], np.arange(len(self.laws) + 1))
        # What a small segment cannot meet in whole children, its neighbour makes up.
        owed = rng.random() - 0.5
        for s in np.unique(segment):
            rows = order[bounds[s] : bounds[s + 1]]
            drawn = self._draw_segment(self.laws[s], len(rows), owed, rng)
            owed += len(rows) * self._mean(self.laws[s]) - drawn.sum()
            counts[rows] = np.sort(drawn)
        if self.levels is not None:
            counts = self.levels.settle(self.levels.codes(frame), counts, segment, rng)
        if self.used is not None:
            self._keep_few(counts, segment, rng)
        return counts

    def _keep_few(self, counts, segment, rng):
        """As many rows with children as there should be, where that is a few.

        The two members of staff of a shop live at two of 603 addresses. With one too
        many or too few, all tables below are others.
        """
        wanted = int(round(self.used * len(counts), 6) + rng.random())
        have = rng.permutation(np.flatnonzero(counts > 0))
        counts[have[wanted:]] = 0
        if len(have) >= wanted:
            return
        means = np.array([self._mean(law) for law in self.laws])[segment]
        free = rng.permutation(np.flatnonzero(counts == 0))
        free = free[np.argsort(-means[free], kind="stable")][: wanted - len(have)]
        for row in free:
            points = rng.random(TRIES)
            drawn = self._quantile(self.laws[segment[row]], points)
            counts[row] = max(int(drawn[np.argmax(drawn > 0)]), 1)

    def _draw_segment(self, law, n, owed, rng):
        """Counts of one segment, those whose sum is nearest to what it should be."""
        target = n * self._mean(law) + owed
        best: tuple[float, np.ndarray] | None = None
        for phase in rng.random(PHASES if n <= MANY else 1):
            counts = self._quantile(law, spread_points(n, phase))
            miss = abs(counts.sum() - target)
            if best is None or miss < best[0]:
                best = miss, counts
        return best[1] if best else np.zeros(0, dtype=np.int64)

    def _mean(self, law):
        values, cumulated = law
        if self.method == "negbinom":
            return values[0]
        if len(values) < MAX_VALUES:
            return float(values @ np.diff(cumulated, prepend=0.0))
        return float(((values[1:] + values[:-1]) / 2) @ np.diff(cumulated))

    def _quantile(self, law, points):
        if self.method == "negbinom":
            mean, variance = law[0]
            if variance <= mean:
                return stats.poisson.ppf(points, mean).astype(np.int64)
            p = mean / variance
            return stats.nbinom.ppf(points, mean * p / (1 - p), p).astype(np.int64)
        values, cumulated = law
        if len(values) < MAX_VALUES:
            place = np.searchsorted(cumulated, points, side="right")
            return values[np.minimum(place, len(values) - 1)]
        drawn = np.rint(np.interp(points, cumulated, values)).astype(np.int64)
        return np.where(points < cumulated[0], 0, drawn)

    def to_state(self) -> dict:
        """Plain data."""
        return {
            "tree": self.tree.to_state(),
            "laws": [list(law) for law in self.laws],
            "method": self.method,
            "largest": self.largest,
            "shares": self.shares,
            "used": self.used,
            "standing": self.standing and self.standing.to_state(),
            "levels": self.levels and self.levels.to_state(),
        }

    @classmethod
    def from_state(cls, state: dict):
        """Undo :meth:`to_state`."""
        tree = SegmentTree.from_state(state["tree"])
        laws = [tuple(law) for law in state["laws"]]
        standing, levels = state["standing"], state.get("levels")
        return cls(
            tree,
            laws,
            state["method"],
            state["largest"],
            state["shares"],
            standing and Standing.from_state(standing),
            state["used"],
            levels and LevelLaws.from_state(levels),
        )


def spread_points(n: int, phase: float) -> np.ndarray:
    """Points that are spread evenly over (0, 1).

    The Kronecker sequence of the golden ratio: any run of m of its points parts the
    unit interval into pieces of at most some 1.9 / m.

    Parameters
    ----------
    n : int
    phase : float
        The first point.

    Returns
    -------
    ndarray of shape (n,)
    """
    return (phase + GOLDEN * np.arange(n)) % 1.0


def _thresholds(counts):
    values = np.unique(counts)
    if len(values) > MAX_THRESHOLDS + 1:
        shares = np.linspace(0, 1, MAX_THRESHOLDS + 1)[1:-1]
        inner = np.quantile(counts, shares, method="lower")
        values = np.unique(np.concatenate([values[:1], inner, values[-1:]]))
    return values[:-1] if len(values) > 1 else values


def _histogram(counts):
    values, times = np.unique(counts, return_counts=True)
    if len(values) < MAX_VALUES:
        return values, np.cumsum(times) / len(counts)
    # The share of zeros stays exact; the others lie on a line of quantiles.
    zeros = float((counts == 0).mean())
    shares = np.linspace(0, 1, MAX_VALUES)
    return np.quantile(counts[counts > 0], shares), zeros + (1 - zeros) * shares


def _moments(counts):
    return np.array([counts.mean(), counts.var()]), np.empty(0)
