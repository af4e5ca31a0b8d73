"""Frames as the matrices that scikit-learn's trees and neighbours take."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_synthohive.metrics._columns import ColumnReader, readers_of

__all__ = ["exact_rows", "neighbour_features", "stacked_levels", "tree_features"]

# HistGradientBoosting takes categories below 255 and missing.
_MAX_LEVELS = 255
# Wider one-hot matrices are kept sparse.
_DENSE_WIDTH = 500


def stacked_levels(
    reader: ColumnReader, first: pd.Series, second: pd.Series
) -> tuple[np.ndarray, np.ndarray]:
    """Codes of two columns on their joint levels; -1 where missing.

    Parameters
    ----------
    reader : ColumnReader
    first, second : Series

    Returns
    -------
    first_codes, second_codes : ndarray of int64
    """
    codes_1, levels_1 = reader.factorize(first)
    codes_2, levels_2 = reader.factorize(second)
    position = levels_1.get_indexer(levels_2)
    fresh = position < 0
    position[fresh] = len(levels_1) + np.arange(fresh.sum())
    return codes_1, np.append(position, -1)[codes_2]


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
        codes = np.concatenate(stacked_levels(reader, a, b))
        matrices[:, k] = np.where(codes < 0, np.nan, _pool_rare(codes))
    categorical = np.array([not r.is_continuous for r in readers])
    return matrices[: len(first)], matrices[len(first) :], categorical


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
        Gives the scale of the numbers and the levels.
    *frames : DataFrame

    Returns
    -------
    list of ndarray or csr_array
        One matrix a frame; sparse when there are very many levels.
    """
    readers = readers_of(reference)
    scales = {
        r.name: _scale(r.numbers(reference[r.name])) for r in readers if r.is_continuous
    }
    width = sum(2 if r.is_continuous else r.n_codes for r in readers)
    points = [_points(readers, scales, frame) for frame in frames]
    return points if width > _DENSE_WIDTH else [p.toarray() for p in points]


def _scale(values: np.ndarray) -> tuple[float, float]:
    present = values[~np.isnan(values)]
    if len(present) == 0:
        return 0.0, 1.0
    deviation = float(present.std())
    return float(present.mean()), deviation if deviation > 0 else 1.0


def _points(readers, scales, frame) -> sparse.csr_array:
    n = len(frame)
    blocks = []
    for reader in readers:
        column = frame[reader.name]
        if reader.is_continuous:
            centre, deviation = scales[reader.name]
            values = (reader.numbers(column) - centre) / deviation
            missing = np.isnan(values)
            block = np.column_stack([np.where(missing, 0.0, values), missing])
            blocks.append(sparse.csr_array(block))
            continue
        codes = reader.codes(column)
        # Two one-hot rows that differ are sqrt(2) apart, so that this makes it one.
        weight = np.full(n, np.sqrt(0.5))
        shape = (n, reader.n_codes)
        blocks.append(sparse.csr_array((weight, codes, np.arange(n + 1)), shape=shape))
    return sparse.csr_array(sparse.hstack(blocks, format="csr"))


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
