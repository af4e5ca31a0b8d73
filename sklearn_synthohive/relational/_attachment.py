"""What is learned of a key that rows get after they are made."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.relational._features import profile_matrix
from sklearn_synthohive.relational._trees import SegmentTree

__all__ = ["Attachment", "Middles", "fit_segments", "segment_names"]

NO_PARENT = "none"
MAX_SEGMENTS = 96
MIN_CHILDREN = 10
# Of few parents each may be a segment of its own; of many, several make one.
FEW_PARENTS = 200
# Fewer parents with children than this share: the others are looked at, too.
SPARSE, OTHERS_WEIGHT = 0.5, 0.25
# Middles of segments are means of so many parents; segments in which more parents have
# children are more than a place.
NEIGHBOURS, MAX_PARENTS = 5, 3


class Middles:
    """Where the parents that have children lie, in segments that have few of them.

    Of many parents few have children: three airports of 1,458 have departures. The box
    of a segment holds others, too, or none of those that are generated; there the
    nearest to its middle stand for it.

    Parameters
    ----------
    means : ndarray of shape (n_segments, n_columns)
        Means of some parents around, as the segments' encoder has them; NaN in segments
        in which none or many have children.
    scale : ndarray of shape (n_columns,)
    """

    def __init__(self, means, scale):
        self.means = means
        self.scale = scale

    @classmethod
    def fit(cls, tree, parents: pd.DataFrame, counts, least=1):
        """Learn from real parents; None where most of them have children.

        Parameters
        ----------
        tree : SegmentTree
        parents : DataFrame of shape (n_parents, n_columns)
        counts : ndarray of int of shape (n_parents,)
        least : int
            Parents that a mean is of, at least.
        """
        if (counts > 0).mean() >= SPARSE or tree.n_segments == 1:
            return None
        X = tree.encoder.transform(parents)
        scale = X.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        segment = tree.apply(parents)
        means = np.full((tree.n_segments, X.shape[1]), np.nan)
        for s in np.unique(segment[counts > 0]):
            mine = (segment == s) & (counts > 0)
            if mine.sum() > MAX_PARENTS:
                continue
            middle = np.average(X[mine], axis=0, weights=counts[mine])
            near = np.argsort((((X - middle) / scale) ** 2).sum(axis=1), kind="stable")
            means[s] = X[near[: max(NEIGHBOURS, least)]].mean(axis=0)
        return cls(means, scale)

    def points(self, tree, parents: pd.DataFrame) -> np.ndarray:
        """Parents as the middles have them.

        Parameters
        ----------
        tree : SegmentTree
        parents : DataFrame of shape (n_parents, n_columns)

        Returns
        -------
        ndarray of float32 of shape (n_parents, n_columns)
        """
        return (tree.encoder.transform(parents) / self.scale).astype(np.float32)

    def match(self, points, number, demand) -> np.ndarray:
        """The parents that are nearest to the middles, the largest segments first.

        Parameters
        ----------
        points : ndarray of shape (n_parents, n_columns)
            As of :meth:`points`.
        number : ndarray of int of shape (n_segments,)
            Parents of each segment that are to have children.
        demand : ndarray of int of shape (n_segments,)

        Returns
        -------
        ndarray of int64 of shape (n_parents,)
            The segment that each parent stands for, -1 for none.
        """
        stands_for = np.full(len(points), -1, dtype=np.int64)
        for s in np.argsort(-demand, kind="stable"):
            if not number[s] or not np.isfinite(self.means[s]).all():
                continue
            far = ((points - self.means[s] / self.scale) ** 2).sum(axis=1)
            far[stands_for >= 0] = np.inf
            nearest = np.argsort(far, kind="stable")[: number[s]]
            stands_for[nearest[np.isfinite(far[nearest])]] = s
        return stands_for


class Attachment:
    """How the rows of a table get one of their keys.

    The parents are parted into segments by their attributes, such that the children
    of a segment are alike: the leaves of a tree whose targets are the mean children of
    each parent. The segment of its parent ("none" for a missing key) then becomes a
    column of the child's model, which so learns the joint distribution of the row, its
    other parents and this one, and how often the key is missing given the row.

    Parameters
    ----------
    segments : SegmentTree
        Over the parent's table.
    follows : str or None
        Name of a relation of the driver, or of a wider key, whose parent this key
        repeats.
    nullable : bool
    least, most : int
        The smallest load above zero of the real parents, and the largest.
    used : ndarray of shape (n_segments,)
        The share of all real parents that lie in each segment and have children.
    middles : Middles or None
    """

    def __init__(self, segments, *, follows, nullable, least, most, used, middles=None):
        self.segments = segments
        self.middles = middles
        self.used = used
        self.follows = follows
        self.nullable = nullable
        self.least = least
        self.most = most

    @property
    def names(self) -> list[str]:
        """The values of the segment column."""
        return segment_names(self.segments.n_segments, self.nullable)

    @property
    def is_modelled(self) -> bool:
        """Whether the model has a column for it: there is something to tell."""
        return len(self.names) > 1

    def nearest(self) -> np.ndarray:
        """For each segment all segments, from the most to the least alike."""
        values = self.segments.means
        distance = ((values[:, None, :] - values[None, :, :]) ** 2).sum(axis=2)
        return np.argsort(distance, axis=1, kind="stable")

    def column(self, wanted: np.ndarray) -> np.ndarray:
        """Segments as the model sees them; -1 is "none"."""
        names = np.array([*segment_names(self.segments.n_segments, False), NO_PARENT])
        return names[wanted].astype(object)

    def wanted(self, column) -> np.ndarray:
        """Undo :meth:`column`; what is not known becomes the first segment."""
        n = self.segments.n_segments
        codes = {name: i for i, name in enumerate(segment_names(n, False))}
        if self.nullable:
            codes[NO_PARENT] = -1
        return pd.Series(column, dtype=object).map(codes).fillna(0).to_numpy(np.int64)

    def to_state(self) -> dict:
        """Plain data."""
        return {
            "segments": self.segments.to_state(),
            "follows": self.follows,
            "nullable": self.nullable,
            "least": self.least,
            "most": self.most,
            "used": self.used,
            "middles": self.middles and [self.middles.means, self.middles.scale],
        }

    @classmethod
    def from_state(cls, state: dict):
        """Undo :meth:`to_state`."""
        state = dict(state)
        middles = state.pop("middles")
        tree = SegmentTree.from_state(state.pop("segments"))
        return cls(tree, middles=middles and Middles(*middles), **state)


def _with_the_others(means, loads, used):
    """Targets and weights that also part parents with children from those without.

    Three airports of 1,458 have departures: splits between these three say nothing of
    where they lie among the others.
    """
    spread = np.sqrt(np.average((means - means.mean(axis=0)) ** 2, axis=0).sum())
    means = np.where(used[:, None], means, np.average(means, axis=0, weights=loads))
    targets = np.column_stack([means, used * max(spread, 1.0)])
    others = OTHERS_WEIGHT * loads.sum() / max((~used).sum(), 1)
    return targets, np.where(used, loads, others)


def segment_names(n: int, nullable: bool) -> list[str]:
    """Names of segments, and of having no parent."""
    return [f"s{i}" for i in range(n)] + ([NO_PARENT] if nullable else [])


def fit_segments(parents, children, rows, *, least=1, seed=0) -> SegmentTree:
    """Part parents by attributes such that their children differ.

    Parameters
    ----------
    parents : DataFrame of shape (n_parents, n_columns)
        What the segments may depend on.
    children : DataFrame of shape (n_children, n_columns)
        What is known of the children.
    rows : ndarray of int64 of shape (n_children,)
        The parent of each, -1 for none.
    least : int
        Parents in a segment, at least.
    seed : int

    Returns
    -------
    SegmentTree
    """
    known = rows >= 0
    if not known.any():
        return SegmentTree.fit(parents[[]], np.zeros((len(parents), 1)))
    loads = np.bincount(rows[known], minlength=len(parents)).astype(float)
    profile = profile_matrix(children[known])
    means = np.stack(
        [np.bincount(rows[known], y, minlength=len(parents)) for y in profile.T], 1
    )
    means = means / np.maximum(loads, 1)[:, None]
    used = loads > 0
    few = int(used.sum()) <= FEW_PARENTS
    weight, size = loads, MAX_SEGMENTS
    if used.mean() < SPARSE:
        means, weight = _with_the_others(means, loads, used)
        size = 2 * MAX_SEGMENTS
    return SegmentTree.fit(
        parents,
        means,
        weight,
        max_segments=size,
        min_rows=least if few else max(3, least),
        min_weight=max(MIN_CHILDREN, known.sum() / 5000),
        choose=not few,
        seed=seed,
    )
