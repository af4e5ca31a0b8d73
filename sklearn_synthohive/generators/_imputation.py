"""Missing cells filled from their law given the other cells of the row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.generators._candidates import CellRule, draw_under
from sklearn_synthohive.generators._cells import Pieces, exact_pieces
from sklearn_synthohive.generators._observed import observe
from sklearn_synthohive.generators._requirements import missing_state
from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.neural import ANY, FREE
from sklearn_synthohive.utils.random import chunk_seeds
from sklearn_synthohive.utils.validation import read_table

__all__ = ["fill_missing"]

# Rows that are completed together.
BLOCK_ROWS = 10_000


def fill_missing(fitted, X, seed, *, context=None, n_jobs=None):
    """Fill the missing cells of a table.

    Parameters
    ----------
    fitted : FittedGenerator
        With a likelihood and a RawCodec.
    X : table
    seed : int
    context : CompactTable of as many rows, optional
    n_jobs : int, optional

    Returns
    -------
    table of the type of X
    """
    codec = fitted.codec
    frame = codec.transformer.modelled(X)
    gaps = frame.isna().to_numpy(dtype=bool)
    table, possible = observe(codec, X)
    for i, label in enumerate(codec.transformer.columns_):
        if gaps[:, i].any() and not len(_present(codec, i)):
            raise ValueError(
                f"{label!r} was all missing in fit, so nothing is known to fill it "
                "with: drop the column."
            )
    rows = np.flatnonzero(gaps.any(axis=1))
    starts = range(0, len(rows), BLOCK_ROWS)
    filled = []
    for start, own_seed in zip(starts, chunk_seeds(seed, len(starts)), strict=True):
        block = rows[start : start + BLOCK_ROWS]
        given = None if context is None else context.take(block)
        part = table.take(block), gaps[block], possible[block]
        filled.append(_fill(fitted, *part, own_seed, given, n_jobs))
    if not filled:
        return X.copy() if hasattr(X, "copy") else X
    drawn = pd.concat(filled).set_axis(pd.Index(rows))
    return _put(X, codec.transformer, drawn, gaps)


def _present(codec, i):
    """States of a span other than missing."""
    states = np.arange(codec.layout.spans[i].n_states)
    return states[states != missing_state(codec, i)]


def _fill(fitted, table, gaps, possible, seed, context, n_jobs):
    """Complete rows, decoded; what was there is drawn from around its value."""
    codec = fitted.codec
    rules = [
        _rule(fitted, i, table, gaps[:, i], possible[:, i])
        for i in range(gaps.shape[1])
    ]
    drawn, _ = draw_under(
        fitted, rules, len(table), seed, context=context, n_jobs=n_jobs
    )
    continuous = list(codec.layout.continuous)
    codes = np.where(gaps, drawn.codes, table.codes)
    scalars = np.where(gaps[:, continuous], drawn.scalars, table.scalars)
    whole = CompactTable(codes, scalars)
    known = CompactTable(np.where(gaps, -1, codes.astype(np.int64)), scalars)
    held = codec.rules.hold(whole, known, seed)
    # A rule may ask for a gap; a filled cell is a value.
    lost = np.column_stack(
        [held.codes[:, i] == _gap(codec, i) for i in range(gaps.shape[1])]
    )
    held = CompactTable(
        np.where(lost & gaps, codes, held.codes),
        np.where((lost & gaps)[:, continuous], scalars, held.scalars),
    )
    frame = codec.decode_cells(held)
    out = codec.add_up(frame.copy(), held.codes, ~gaps)
    lost = out.isna().to_numpy() & gaps
    for i in np.flatnonzero(lost.any(axis=0)):
        out.isetitem(i, out.iloc[:, i].where(~lost[:, i], frame.iloc[:, i]))
    return out


def _gap(codec, i):
    state = missing_state(codec, i)
    return -1 if state is None else state


def _rule(fitted, i, table, gap, possible):
    """Any value where a cell is missing, else its own."""
    codec = fitted.codec
    present, codes = _present(codec, i), table.codes[:, i].astype(np.int64)
    scalars, line = None, codec.line(i)
    if i in codec.layout.continuous:
        scalars = table.scalars[:, codec.layout.continuous.index(i)]
    own = len(present) + np.arange(len(codes))
    if line is None:
        # A level that fit never saw tells nothing.
        own = np.where(possible, own, FREE)
    own = np.where(gap, ANY, own)
    each = exact_pieces(fitted.scores, i, line, codes, scalars)
    pieces = Pieces.join([Pieces.whole(present), each])
    return CellRule(i, pieces, own, len(present))


def _put(X, transformer, drawn, gaps):
    """The table with its missing cells replaced, in its own container and dtypes."""
    table = read_table(X, reset=False)
    labels = table.labels if table.container != "array" else transformer.columns_
    frame = table.frame.copy()
    filled = {}
    for i, label in enumerate(transformer.columns_):
        rows = np.flatnonzero(gaps[:, i])
        if len(rows):
            at = labels.index(label)
            values = drawn.loc[rows, label]
            filled[at] = rows, values
            frame.isetitem(at, _filled(frame.iloc[:, at], rows, values))
    if table.container == "pandas":
        return frame.set_axis(X.columns, axis=1)
    if table.container == "polars":
        return _filled_polars(X, filled)
    out = np.array(X)
    for at, (rows, values) in filled.items():
        out[rows, at] = values.to_numpy()
    return out


def _filled(series, rows, values):
    if len(rows) == len(series):
        # An empty column says little of what it would hold.
        return values.set_axis(series.index)
    series = series.copy()
    if isinstance(series.dtype, pd.CategoricalDtype):
        new = pd.Index(values.unique()).difference(series.cat.categories)
        series = series.cat.add_categories(new)
        values = values.astype(object)
    elif series.dtype != object:
        values = values.astype(series.dtype)
    series.iloc[rows] = values.to_numpy() if series.dtype == object else values.array
    return series


def _filled_polars(X, filled):
    import polars as pl

    columns = []
    for at, (rows, values) in filled.items():
        name = X.columns[at]
        cells = X[name].to_list()
        for row, value in zip(rows, values.tolist(), strict=True):
            cells[row] = value
        columns.append(pl.Series(name, cells, strict=False).cast(X.schema[name]))
    return X.with_columns(columns)
