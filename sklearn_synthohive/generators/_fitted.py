"""A trained generator between its codecs: all that sampling needs."""

from __future__ import annotations

from abc import ABC, abstractmethod

import joblib
import numpy as np

from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.utils.random import CHUNK_ROWS, chunk_seeds

__all__ = ["FittedGenerator"]


class FittedGenerator(ABC):
    """Draws compact rows in chunks of fixed size, each from a seed of its own.

    Parameters
    ----------
    codec, context_codec : RawCodec or EncodedCodec
        ``context_codec`` is None without a context.
    network : torch.nn.Module
        What is sampled from.

    Attributes
    ----------
    weighted : bool
        Whether rows with forced cells carry a weight other than one.
    weighs_all : bool
        Whether rows without forced cells do, when they are drawn as if with some.
    calibration : CompactCalibration or None
        Weights of the rows, where they were fitted.
    """

    weighted = False
    weighs_all = False
    calibration = None

    def __init__(self, codec, context_codec, network):
        self.codec = codec
        self.context_codec = context_codec
        self.network = network

    @abstractmethod
    def rows(self, n, seed, context, forced):
        """Draw one chunk.

        Parameters
        ----------
        n, seed : int
        context : CompactTable of n rows or None
        forced : CompactTable of n rows or None
            Cells to keep; code -1 where a cell is free.

        Returns
        -------
        table : CompactTable
        log_weight : ndarray of shape (n,)
            Log-probability of the forced cells given the cells before them; zero
            where it is not known.
        """

    @property
    @abstractmethod
    def counts(self) -> list[np.ndarray]:
        """Training rows in each state, per span of the layout."""

    def shares(self, i, codes, scalars):
        """How often cells occur among the training rows, up to a factor.

        Parameters
        ----------
        i : int
            Of the span.
        codes : ndarray of int
        scalars : ndarray or None
        """
        count = self.counts[i]
        return count[codes] + 1e-9 if len(count) else np.ones(len(codes))

    def chunks(self, n, seed, *, context=None):
        """Draw rows chunk by chunk, lazily.

        Parameters
        ----------
        n : int
        seed : int
        context : CompactTable of n rows, optional

        Yields
        ------
        CompactTable
            Of at most ``CHUNK_ROWS`` rows.
        """
        starts = range(0, n, CHUNK_ROWS)
        seeds = chunk_seeds(seed, len(starts))
        for start, chunk_seed in zip(starts, seeds, strict=True):
            yield self._chunk(start, n, chunk_seed, context, None)[0]

    def draw(self, n, seed, *, context=None, n_jobs=None) -> CompactTable:
        """Draw rows; the same for any number of jobs.

        Parameters
        ----------
        n : int
        seed : int
        context : CompactTable of n rows, optional
        n_jobs : int, optional
            Threads.

        Returns
        -------
        CompactTable
        """
        return self.draw_forced(n, seed, None, context=context, n_jobs=n_jobs)[0]

    def draw_forced(self, n, seed, forced, *, context=None, n_jobs=None):
        """Draw rows with some cells given.

        Parameters
        ----------
        n : int
        seed : int
        forced : CompactTable of n rows or None
        context : CompactTable of n rows, optional
        n_jobs : int, optional

        Returns
        -------
        table : CompactTable
        log_weight : ndarray of shape (n,)
        """
        starts = range(0, max(n, 1), CHUNK_ROWS)
        seeds = chunk_seeds(seed, len(starts))
        parts = joblib.Parallel(n_jobs=n_jobs, prefer="threads")(
            joblib.delayed(self._chunk)(start, n, chunk_seed, context, forced)
            for start, chunk_seed in zip(starts, seeds, strict=True)
        )
        table = CompactTable(
            np.concatenate([part.codes for part, _ in parts]),
            np.concatenate([part.scalars for part, _ in parts]),
        )
        return table, np.concatenate([weight for _, weight in parts])

    def _chunk(self, start, n, seed, context, forced):
        stop = min(n, start + CHUNK_ROWS)
        rows = np.arange(start, stop)
        self.network.eval()
        forced = None if forced is None else forced.take(rows)
        context = None if context is None else context.take(rows)
        table, log_weight = self.rows(stop - start, seed, context, forced)
        return self.codec.rules.hold(table, forced, seed), log_weight
