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
    has_likelihood : bool
        Whether it knows how likely a row is, and so draws under rules.
    weighs_all : bool
        Whether its rows have weights, as ``log_weights`` tells.
    calibration : CompactCalibration or None
        Weights of the rows, where they were fitted.
    """

    has_likelihood = False
    weighs_all = False
    calibration = None

    def __init__(self, codec, context_codec, network):
        self.codec = codec
        self.context_codec = context_codec
        self.network = network

    @abstractmethod
    def rows(self, n, seed, context):
        """Draw one chunk.

        Parameters
        ----------
        n, seed : int
        context : CompactTable of n rows or None

        Returns
        -------
        CompactTable
        """

    @property
    @abstractmethod
    def counts(self) -> list[np.ndarray]:
        """Training rows in each state, per span of the layout."""

    def log_weights(self, table, context):
        """Of rows as ``rows`` draws them, where ``weighs_all`` says so.

        Parameters
        ----------
        table : CompactTable
        context : CompactTable of as many rows, or None
        """
        return np.zeros(len(table))

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
            yield self._chunk(start, n, chunk_seed, context)

    def draw(self, n, seed, *, context=None, n_jobs=None, **per_row) -> CompactTable:
        """Draw rows; the same for any number of jobs.

        Parameters
        ----------
        n : int
        seed : int
        context : CompactTable of n rows, optional
        n_jobs : int, optional
            Threads.
        **per_row : CompactTable of n rows
            What else ``rows`` is to know of each row.

        Returns
        -------
        CompactTable
        """
        starts = range(0, max(n, 1), CHUNK_ROWS)
        seeds = chunk_seeds(seed, len(starts))
        parts = joblib.Parallel(n_jobs=n_jobs, prefer="threads")(
            joblib.delayed(self._chunk)(start, n, chunk_seed, context, **per_row)
            for start, chunk_seed in zip(starts, seeds, strict=True)
        )
        return CompactTable(
            np.concatenate([part.codes for part in parts]),
            np.concatenate([part.scalars for part in parts]),
        )

    def _chunk(self, start, n, seed, context, **per_row):
        rows = np.arange(start, min(n, start + CHUNK_ROWS))
        if context is not None:
            context = context.take(rows)
        self.network.eval()
        given = {name: table.take(rows) for name, table in per_row.items()}
        return self.ruled_rows(len(rows), seed, context, **given)

    def ruled_rows(self, n, seed, context, **given):
        """As :meth:`rows`, with what the rules say in place."""
        table = self.rows(n, seed, context, **given)
        return self.codec.rules.hold(table, given.get("forced"), seed)
