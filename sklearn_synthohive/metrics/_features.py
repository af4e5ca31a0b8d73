"""Frames as the matrices that scikit-learn's trees and neighbours take."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_synthohive.metrics._columns import ColumnReader, readers_of

__all__ = [
    "exact_rows",
    "known_columns",
    "neighbour_features",
    "shared_codes",
    "tree_features",
]

# HistGradientBoosting takes categories below 255 and missing.
_MAX_LEVELS = 255
# No leaf of its default settings holds fewer rows.
_LEAF_ROWS = 20
# Wider one-hot matrices are kept sparse.
_DENSE_WIDTH = 500


def shared_codes(reader: ColumnReader, *columns: pd.Series) -> list[np.ndarray]:
    """Codes of several columns on their joint levels; -1 where missing.

    Parameters
    ----------
    reader : ColumnReader
    *columns : Series

    Returns
    -------
    list of ndarray of int64
        One array a column.
    """
    parts = [reader.factorize(column) for column in columns]
    levels = parts[0][1]
    for _, found in parts[1:]:
        fresh = levels.get_indexer(found) < 0
        if fresh.any():
            levels = levels.append(found[fresh])
    return [np.append(levels.get_indexer(own), -1)[codes] for codes, own in parts]


def tree_features(
    first: pd.DataFrame, second: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two frames as matrices for HistGradientBoosting, with native categories.

    A category with more than 255 levels keeps those that are more frequent, in both
    frames together, than the 255th; the others share one code. The rule treats the
    frames alike, so that it gives neither away.

    Parameters
    ----------
    first, second : DataFrame
        With the same columns in the same order.

    Returns
    -------
    first, second : ndarray of float64
    categorical : ndarray of bool
    """
    readers = readers_of(first)
    matrices = np.empty((len(first) + len(second), len(readers)))
    for k, reader in enumerate(readers):
        a, b = first[reader.name], second[reader.name]
        if reader.is_continuous:
            matrices[:, k] = np.concatenate([reader.numbers(a), reader.numbers(b)])
            continue
        codes = np.concatenate(shared_codes(reader, a, b))
        matrices[:, k] = np.where(codes < 0, np.nan, _pool_rare(codes))
    categorical = np.array([not r.is_continuous for r in readers])
    return matrices[: len(first)], matrices[len(first) :], categorical


def known_columns(
    categorical: np.ndarray, train: np.ndarray, *others: np.ndarray
) -> list[np.ndarray]:
    """Matrices in which each number has values to choose thresholds from.

    HistGradientBoosting fails on a number that is missing in every row it learns
    from. One that is known in too few rows for a leaf, or has a single known value
    there, tells no more than where it is missing, and becomes just that.

    Parameters
    ----------
    categorical : ndarray of bool
        As :func:`tree_features` returns it, like the matrices.
    train : ndarray of float64
        The rows to learn from, which decide.
    *others : ndarray of float64

    Returns
    -------
    list of ndarray of float64
        ``train`` and the others; copies where a column was replaced.
    """
    matrices = [train, *others]
    bare = []
    for k in np.flatnonzero(~categorical):
        known = train[~np.isnan(train[:, k]), k]
        if len(known) < _LEAF_ROWS or known.min() == known.max():
            bare.append(k)
    if bare:
        matrices = [m.copy() for m in matrices]
        for m in matrices:
            m[:, bare] = np.isnan(m[:, bare])
    return matrices


def _pool_rare(codes: np.ndarray) -> np.ndarray:
    counts = np.bincount(codes[codes >= 0], minlength=1)
    if len(counts) <= _MAX_LEVELS:
        return codes
    threshold = np.sort(counts)[-_MAX_LEVELS]
    frequent = np.flatnonzero(counts > threshold)
    position = np.full(len(counts), len(frequent))
    position[frequent] = np.arange(len(frequent))
    return position[codes]


def neighbour_features(
    reference: pd.DataFrame, *frames: pd.DataFrame
) -> list[np.ndarray | sparse.csr_array]:
    """Frames as points whose Euclidean distance is the mixed distance.

    Parameters
    ----------
    reference : DataFrame
        Gives the kinds of the columns and the scale of the numbers.
    *frames : DataFrame
        Their levels are compared with each other.

    Returns
    -------
    list of ndarray or csr_array
        One matrix a frame; sparse when there are very many levels.
    """
    blocks: list[list] = [[] for _ in frames]
    for reader in readers_of(reference):
        columns = [frame[reader.name] for frame in frames]
        if reader.is_continuous:
            centre, scale = _scale(reader.numbers(reference[reader.name]))
            new = [_scaled(reader.numbers(c), centre, scale) for c in columns]
        else:
            new = _one_hot(shared_codes(reader, *columns))
        for block, own in zip(new, blocks, strict=True):
            own.append(block)
    points = [sparse.csr_array(sparse.hstack(own, format="csr")) for own in blocks]
    if points[0].shape[1] > _DENSE_WIDTH:
        return points
    return [p.toarray() for p in points]


def _scale(values: np.ndarray) -> tuple[float, float]:
    present = values[~np.isnan(values)]
    if len(present) == 0:
        return 0.0, 1.0
    deviation = float(present.std())
    return float(present.mean()), deviation if deviation > 0 else 1.0


def _scaled(values: np.ndarray, centre: float, scale: float) -> sparse.csr_array:
    missing = np.isnan(values)
    scaled = np.where(missing, 0.0, (values - centre) / scale)
    return sparse.csr_array(np.column_stack([scaled, missing]))


def _one_hot(codes: list[np.ndarray]) -> list[sparse.csr_array]:
    # Two one-hot rows that differ are sqrt(2) apart, so that this makes it one.
    weight = np.sqrt(0.5)
    # Missing, -1, takes the first column.
    width = max(int(c.max()) for c in codes) + 2
    return [
        sparse.csr_array(
            (np.full(len(c), weight), c + 1, np.arange(len(c) + 1)),
            shape=(len(c), width),
        )
        for c in codes
    ]


def exact_rows(reference: pd.DataFrame, frame: pd.DataFrame) -> np.ndarray:
    """One 64-bit hash a row: equal where all cells are.

    Parameters
    ----------
    reference : DataFrame
        Gives the kinds of the columns and their levels.
    frame : DataFrame

    Returns
    -------
    ndarray of uint64
    """
    cells = {}
    for k, reader in enumerate(readers_of(reference)):
        column = frame[reader.name]
        if reader.is_continuous:
            # 0.0 and -0.0 are equal but have different bits.
            cells[k] = reader.numbers(column) + 0.0
        else:
            cells[k] = reader.codes(column)
    return pd.util.hash_pandas_object(pd.DataFrame(cells), index=False).to_numpy()
