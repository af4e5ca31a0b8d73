"""A trained generator with the codecs around it: all that sampling needs."""

from __future__ import annotations

from dataclasses import dataclass

import joblib
import numpy as np

from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.neural import Conditions, DeviceTable, RowSpec, draw_rows
from sklearn_synthohive.utils.random import CHUNK_ROWS, chunk_seeds

__all__ = ["FittedGAN"]


@dataclass
class FittedGAN:
    """A trained generator and its critic, between the codecs of table and context.

    Attributes
    ----------
    codec, context_codec : RawCodec or EncodedCodec
        ``context_codec`` is None without a context.
    generator, critic : torch.nn.Module
    conditions : Conditions
    spec, context_spec : RowSpec
        ``context_spec`` is None without a context.
    clamp : bool
        Whether forced states are put in place.
    forced_share : float
        Share of the rows in which a state is forced.
    state_noise : float
        Scale of the Gumbel noise on one-hot states.
    """

    codec: object
    context_codec: object | None
    generator: object
    critic: object
    conditions: Conditions
    spec: RowSpec
    context_spec: RowSpec | None
    clamp: bool
    forced_share: float
    state_noise: float

    @property
    def device(self):
        """Where the generator lives."""
        return self.generator.bounds.device

    def chunks(self, n, seed, *, context=None, forced=None):
        """Draw rows chunk by chunk, lazily.

        Parameters
        ----------
        n : int
        seed : int
        context : CompactTable of n rows, optional
        forced : ndarray of shape (n, 2), optional

        Yields
        ------
        CompactTable
            Of at most ``CHUNK_ROWS`` rows.
        """
        starts = range(0, n, CHUNK_ROWS)
        for start, chunk_seed in zip(
            starts, chunk_seeds(seed, len(starts)), strict=True
        ):
            yield self._chunk(
                start, min(n, start + CHUNK_ROWS), chunk_seed, context, forced
            )

    def draw(self, n, seed, *, context=None, forced=None, n_jobs=None) -> CompactTable:
        """Draw rows; the same for any number of jobs.

        Parameters
        ----------
        n : int
        seed : int
        context : CompactTable of n rows, optional
        forced : ndarray of shape (n, 2), optional
        n_jobs : int, optional

        Returns
        -------
        CompactTable
        """
        starts = range(0, n, CHUNK_ROWS)
        seeds = chunk_seeds(seed, len(starts))
        parts = joblib.Parallel(n_jobs=n_jobs, prefer="threads")(
            joblib.delayed(self._chunk)(s, min(n, s + CHUNK_ROWS), k, context, forced)
            for s, k in zip(starts, seeds, strict=True)
        )
        if not parts:
            parts = [self._chunk(0, 0, 0, context, forced)]
        return CompactTable(
            np.concatenate([p.codes for p in parts]),
            np.concatenate([p.scalars for p in parts]),
        )

    def _chunk(self, start, stop, seed, context, forced):
        rows = slice(start, stop)
        if context is not None:
            part = CompactTable(context.codes[rows], context.scalars[rows])
            context = DeviceTable(part, self.context_spec, self.device)
        self.generator.eval()
        return draw_rows(
            self.generator,
            self.conditions,
            self.codec.layout,
            stop - start,
            seed,
            context=context,
            forced=None if forced is None else forced[rows],
            clamp=self.clamp,
            forced_share=self.forced_share,
            state_noise=self.state_noise,
        )
