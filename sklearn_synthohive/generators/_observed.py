"""Rows that need not be like those of fit: what the model can make of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.generators._requirements import example_row, missing_state
from sklearn_synthohive.preprocessing._kinds import kind_of
from sklearn_synthohive.preprocessing._native import read_native

__all__ = ["observe"]

# Numbers and dates come back from their float32 scalar with so much of the range lost.
SLACK = 1e-6


def observe(codec, X):
    """Encode rows, and tell which of their cells the model can produce.

    Parameters
    ----------
    codec : RawCodec or EncodedCodec
    X : table

    Returns
    -------
    table : CompactTable
        An arbitrary state where a level was never seen, or a value is missing that
        never was.
    possible : ndarray of shape (n_rows, n_spans), bool
        False there, and for numbers beyond the range or between two points of the
        grid that fit saw.
    """
    if codec.kind == "encoded":
        table = codec.encode(X)
        return table, np.ones(table.codes.shape, dtype=bool)
    transformer = codec.transformer
    frame = transformer.modelled(X)
    example = example_row(codec)
    possible = np.ones(frame.shape, dtype=bool)
    known = {}
    for i, label in enumerate(transformer.columns_):
        series = frame[label]
        strange = _strange(codec, i, label, series)
        possible[:, i] = ~strange
        if strange.any():
            series = _replace(series, strange, example[label].iloc[0])
        known[i] = series
    labels = pd.Index(transformer.columns_)
    known = pd.DataFrame(known, index=frame.index).set_axis(labels, axis=1)
    table = codec.encode(known)
    again = codec.decode(table)
    for i, label in enumerate(transformer.columns_):
        if transformer.line(label) is not None:
            ends, _ = transformer.values_of(label)
            back = again[label].set_axis(frame.index)
            possible[:, i] &= _equal(frame[label], back, ends)
    return table, possible


def _strange(codec, i, label, series):
    """Cells that cannot be encoded."""
    gaps = series.isna().to_numpy(dtype=bool)
    strange = np.zeros(len(series), dtype=bool)
    if missing_state(codec, i) is None:
        strange |= gaps
    present = np.flatnonzero(~gaps)
    if len(present):
        near = codec.transformer.nearest(label, series.iloc[present])
        strange[present] = near.isna().to_numpy(dtype=bool)
    return strange


def _replace(series, cells, value):
    if isinstance(series.dtype, pd.CategoricalDtype) and not pd.isna(value):
        if value not in series.cat.categories:
            series = series.cat.add_categories([value])
    elif series.isna().all():
        # Whatever dtype an empty column has, it may not hold the value.
        series = series.astype(object)
    return series.mask(cells, value)


def _equal(left, right, ends):
    """Cells that are equal, up to what float32 loses, or both missing."""
    gaps = left.isna().to_numpy(dtype=bool)
    equal = gaps & right.isna().to_numpy(dtype=bool)
    at = np.flatnonzero(~gaps)
    if not len(at) or ends.isna().any():
        return equal
    left, right = left.iloc[at], right.iloc[at]
    kind = kind_of(ends)
    native = read_native(ends, kind).native
    # Dates and durations as the whole numbers that they are kept as.
    (low, high), a, b = (_plain(v, kind, native) for v in (ends, left, right))
    slack = SLACK * (high - low) if np.isfinite(high - low) else 0.0
    equal[at] = (a == b) | (np.abs(a - b) <= slack)
    return equal


def _plain(series, kind, native):
    """The numbers behind a column, those of numbers as floats."""
    numbers = read_native(series, kind, native)
    if kind != "number":
        return numbers.stored
    return numbers.stored / 10.0**numbers.decimals
