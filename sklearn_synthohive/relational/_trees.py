"""Segments of rows by their attributes: the leaves of one regression tree."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeRegressor

from sklearn_synthohive.relational._features import AttributeEncoder

__all__ = ["SegmentTree"]

SIZES = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
MAX_CHOICE_ROWS = 20_000
FOLDS = 3
# Sizes without a gain before the search ends.
PATIENCE = 3


class SegmentTree:
    """A regression tree over a table's attributes that is kept as plain arrays.

    Parameters
    ----------
    encoder : AttributeEncoder
    nodes : dict of str to ndarray
        ``feature`` (-1 in a leaf), ``threshold``, ``left``, ``right``, ``segment``.
    means : ndarray of shape (n_segments, n_targets)
        Mean targets of each segment. Segments are numbered from left to right, so that
        neighbours are alike.
    """

    def __init__(self, encoder: AttributeEncoder, nodes: dict, means: np.ndarray):
        self.encoder = encoder
        self.nodes = nodes
        self.means = means

    @property
    def n_segments(self) -> int:
        """The number of leaves."""
        return len(self.means)

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        targets: np.ndarray,
        weight: np.ndarray | None = None,
        *,
        max_segments: int = 64,
        min_rows: int = 10,
        min_weight: float = 0.0,
        choose: bool = True,
        seed: int = 0,
    ):
        """Grow a tree best split first.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
        targets : ndarray of shape (n_rows, n_targets)
        weight : ndarray of shape (n_rows,), optional
            Rows of weight 0 are left out.
        max_segments : int
        min_rows : int
            In a leaf.
        min_weight : float
            In a leaf.
        choose : bool
            Take the number of leaves with the least squared error in cross-validation;
            else as many as the limits allow.
        seed : int
            Of the folds.

        Returns
        -------
        SegmentTree
        """
        if weight is not None:
            used = weight > 0
            frame, targets, weight = frame[used], targets[used], weight[used]
        options = {"min_rows": min_rows, "min_weight": min_weight}
        size = max_segments
        if len(frame) < 2 * min_rows or not frame.shape[1]:
            size = 1
        elif choose:
            size = _choose_size(frame, targets, weight, max_segments, seed, options)
        return _grow(frame, targets, weight, size, options)

    def apply(self, frame: pd.DataFrame) -> np.ndarray:
        """The segment of each row.

        Parameters
        ----------
        frame : DataFrame

        Returns
        -------
        ndarray of int64 of shape (n_rows,)
        """
        place = np.zeros(len(frame), dtype=np.int64)
        if self.n_segments == 1:
            return place
        X = self.encoder.transform(frame).astype(np.float32)
        nodes = self.nodes
        inner = np.flatnonzero(nodes["feature"][place] >= 0)
        while len(inner):
            at = place[inner]
            value = X[inner, nodes["feature"][at]]
            goes_left = value <= nodes["threshold"][at]
            place[inner] = np.where(goes_left, nodes["left"][at], nodes["right"][at])
            inner = inner[nodes["feature"][place[inner]] >= 0]
        return nodes["segment"][place]

    def to_state(self) -> dict:
        """Plain data."""
        return {
            "columns": self.encoder.columns,
            "nodes": self.nodes,
            "means": self.means,
        }

    @classmethod
    def from_state(cls, state: dict):
        """Undo :meth:`to_state`."""
        encoder = AttributeEncoder(state["columns"])
        return cls(encoder, state["nodes"], state["means"])


def _regressor(n_rows, weight, size, options):
    total = n_rows if weight is None else float(weight.sum())
    share = min(options["min_weight"] / total, 0.5) if total > 0 else 0.0
    return DecisionTreeRegressor(
        max_leaf_nodes=max(size, 2),
        min_samples_leaf=options["min_rows"],
        min_weight_fraction_leaf=share,
        random_state=0,
    )


def _encode(frame, targets, weight, options):
    least = max(options["min_rows"], options["min_weight"])
    encoder = AttributeEncoder.fit(frame, targets, weight, min_weight=least)
    return encoder, encoder.transform(frame).astype(np.float32)


def _grow(frame, targets, weight, size, options):
    if size < 2:
        mean = np.average(targets, axis=0, weights=weight)[None, :]
        return SegmentTree(AttributeEncoder({}), _single_leaf(), mean)
    encoder, X = _encode(frame, targets, weight, options)
    tree = _regressor(len(X), weight, size, options).fit(X, targets, weight).tree_
    return SegmentTree(encoder, *_flatten(tree))


def _single_leaf():
    return {
        "feature": np.array([-1]),
        "threshold": np.array([0.0]),
        "left": np.array([-1]),
        "right": np.array([-1]),
        "segment": np.array([0]),
    }


def _flatten(tree):
    left, right = tree.children_left, tree.children_right
    is_leaf = left < 0
    segment = np.full(tree.node_count, -1, dtype=np.int64)
    stack, found = [0], 0
    while stack:
        node = stack.pop()
        if is_leaf[node]:
            segment[node] = found
            found += 1
        else:
            stack += [right[node], left[node]]
    nodes = {
        "feature": np.where(is_leaf, -1, tree.feature).astype(np.int64),
        "threshold": tree.threshold.astype(np.float64),
        "left": left.astype(np.int64),
        "right": right.astype(np.int64),
        "segment": segment,
    }
    values = tree.value[:, :, 0]
    return nodes, values[is_leaf][np.argsort(segment[is_leaf])]


def _choose_size(frame, targets, weight, max_segments, seed, options):
    """The number of leaves with the least error on rows left out."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(frame))[:MAX_CHOICE_ROWS]
    fold = np.arange(len(rows)) % FOLDS
    shrunk = dict(options)
    shrunk["min_weight"] *= len(rows) / len(frame)
    parts, best, error = [], 1, 0.0
    for k in range(FOLDS):
        a, b = rows[fold != k], rows[fold == k]
        w = None if weight is None else weight[a]
        encoder, X = _encode(frame.iloc[a], targets[a], w, shrunk)
        Z = encoder.transform(frame.iloc[b]).astype(np.float32)
        parts.append((X, targets[a], w, Z, b))
        error += _error(
            targets[b], np.average(targets[a], axis=0, weights=w), weight, b
        )
    worse = 0
    for size in (s for s in SIZES if s <= max_segments):
        here, grown = 0.0, 0
        for X, Y, w, Z, b in parts:
            tree = _regressor(len(X), w, size, shrunk).fit(X, Y, w)
            grown = max(grown, tree.get_n_leaves())
            guess = tree.predict(Z).reshape(len(b), -1)
            here += _error(targets[b], guess, weight, b)
        worse = 0 if here < error else worse + 1
        if here < error:
            best, error = size, here
        if worse == PATIENCE or grown < size:
            break
    return best


def _error(truth, guess, weight, rows):
    squares = ((truth - guess) ** 2).sum(axis=1)
    return float(squares.sum() if weight is None else (squares * weight[rows]).sum())
