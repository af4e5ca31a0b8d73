"""A fitted generator whose rows are selected by calibrated weights."""

from __future__ import annotations

import numpy as np

from sklearn_synthohive.calibration._coarse import StateBins, is_ordered
from sklearn_synthohive.calibration._compact import (
    CONTEXT_CANDIDATES,
    MAX_BINS,
    CompactCalibration,
)
from sklearn_synthohive.calibration._selection import choose_one, select_rows
from sklearn_synthohive.generators._fitted import FittedGenerator
from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.metrics._columns import ColumnReader
from sklearn_synthohive.utils.random import CHUNK_ROWS, chunk_seeds

__all__ = ["CalibratedGenerator", "calibrate"]

# Rows of the pool that the tables are fitted on: twice the real ones, more where these
# are few, within bounds.
POOL_PER_ROW, LEAST_POOL, LEAST_PER_ROW, LARGEST_POOL = 2, 20_000, 20, 100_000
# A few rows are selected from so many more than they are.
SPARE_ROWS = 64


class CalibratedGenerator(FittedGenerator):
    """Draws more rows than asked for and selects among them by weight.

    Free rows are selected from a pool without copies, rows of a context among the
    candidates of their own context row. Rows under conditions come as they are drawn,
    with their weight.

    Parameters
    ----------
    fitted : FittedGenerator
        With a ``calibration``.
    """

    weighs_all = True

    def __init__(self, fitted: FittedGenerator):
        super().__init__(fitted.codec, fitted.context_codec, fitted.network)
        self.fitted = fitted
        self.has_likelihood = fitted.has_likelihood

    def __getattr__(self, name):
        # What a generator with a likelihood has beside the methods of its base.
        if name in ("order", "scores", "affordable_rows", "shares"):
            return getattr(self.fitted, name)
        raise AttributeError(name)

    @property
    def counts(self):
        """As FittedGenerator says."""
        return self.fitted.counts

    def log_weights(self, table, context):
        """As FittedGenerator says."""
        return self.fitted.calibration.log_weights(table, context)

    def candidates(self, rules, n, seed, context, copies):
        """As FittedAutoregressive says, with the weights of calibration too."""
        drawn = self.fitted.candidates(rules, n, seed, context, copies)
        codes, scalars, pieces, log_weight, worth = drawn
        if context is not None:
            context = context.take(np.repeat(np.arange(n), copies))
        log_weight = log_weight + self.log_weights(
            CompactTable(codes, scalars), context
        )
        return codes, scalars, pieces, log_weight, worth

    def rows(self, n, seed, context, forced=None):
        """As FittedGenerator says; free rows are selected, those of search are not."""
        if forced is not None:
            return self.fitted.rows(n, seed, context, forced)
        if context is None:
            pool, rng = self._pool(n, seed)
            chosen = select_rows(self.log_weights(pool, None), n, rng)
        else:
            pool, rng = self._candidates(n, seed, context)
            every = np.tile(np.arange(n), self.fitted.calibration.ratio)
            weights = self.log_weights(pool, context.take(every)).reshape(-1, n)
            chosen = choose_one(weights.T, rng) * n + np.arange(n)
        return pool.take(chosen)

    def _pool(self, n, seed):
        """Rows to choose ``n`` free ones from, in parts that bound the memory."""
        size = max(self.fitted.calibration.ratio * n, n + SPARE_ROWS)
        starts = range(0, size, CHUNK_ROWS)
        own, *seeds = chunk_seeds(seed, len(starts) + 1)
        parts = [
            self.fitted.ruled_rows(min(CHUNK_ROWS, size - start), part_seed, None)
            for start, part_seed in zip(starts, seeds, strict=True)
        ]
        return _join(parts), np.random.default_rng(own)

    def _candidates(self, n, seed, context):
        """All first candidates of a context's rows, then all second ones, ..."""
        own, *seeds = chunk_seeds(seed, self.fitted.calibration.ratio + 1)
        parts = [self.fitted.ruled_rows(n, s, context) for s in seeds]
        return _join(parts), np.random.default_rng(own)


def calibrate(fitted: FittedGenerator, corpus, seed: int, n_jobs=None):
    """Fit weight tables to a generator's rows.

    Parameters
    ----------
    fitted : FittedGenerator
    corpus : Corpus
        The real rows.
    seed : int
        Of the pool.
    n_jobs : int, optional

    Returns
    -------
    CompactCalibration
    """
    n = len(corpus)
    least = min(LEAST_POOL, LEAST_PER_ROW * n)
    size = int(np.clip(POOL_PER_ROW * n, least, LARGEST_POOL))
    bins = _bins_of(corpus.codec, corpus.table)
    if corpus.context is None:
        pool = fitted.draw(size, seed, n_jobs=n_jobs)
        return CompactCalibration.fit(bins, corpus.table, pool)
    groups = max(1, size // CONTEXT_CANDIDATES)
    # Evenly over the table, or round and round it.
    rows = np.linspace(0, n - 1, groups).astype(int) if groups < n else np.arange(n)
    context = corpus.context.take(
        np.repeat(np.resize(rows, groups), CONTEXT_CANDIDATES)
    )
    return CompactCalibration.fit(
        bins,
        corpus.table,
        fitted.draw(len(context), seed, context=context, n_jobs=n_jobs),
        _bins_of(corpus.context_codec, corpus.context),
        corpus.context,
        context,
    )


def _bins_of(codec, table):
    return StateBins.fit(codec.layout, table, _values(codec, table), MAX_BINS)


def _values(codec, table):
    """Places on the line of each ordered span; None for the others."""
    spans = codec.layout.spans
    if codec.kind == "raw":
        frame = codec.decode(table)
        values = []
        for i, span in enumerate(spans):
            reader = ColumnReader(frame.iloc[:, i])
            ordered = is_ordered(span) and reader.is_continuous
            values.append(reader.numbers(frame.iloc[:, i]) if ordered else None)
        return values
    return [
        _encoded_values(codec.layout, table, i) if is_ordered(span) else None
        for i, span in enumerate(spans)
    ]


def _encoded_values(layout, table, i):
    """An encoded matrix does not tell its values: modes in their order, then atoms."""
    span, codes = layout.spans[i], table.codes[:, i]
    values = codes.astype(np.float64)
    if span.kind == "continuous":
        scalars = table.scalars[:, layout.continuous.index(i)].astype(np.float64)
        values += 0.5 * scalars / (1 + np.abs(scalars))
    missing = np.array([state.kind == "missing" for state in span.states])
    return np.where(missing[codes], np.nan, values)


def _join(parts):
    return CompactTable(
        np.concatenate([part.codes for part in parts]),
        np.concatenate([part.scalars for part in parts]),
    )
