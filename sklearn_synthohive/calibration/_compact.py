"""Calibration of compact rows, as a fitted generator keeps it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sklearn_synthohive.calibration._coarse import StateBins
from sklearn_synthohive.calibration._raking import RakingRule, WeightTables, rake
from sklearn_synthohive.calibration._selection import pool_ratio
from sklearn_synthohive.layout import CompactTable, Layout

__all__ = ["CONTEXT_CANDIDATES", "CompactCalibration"]

MAX_BINS = 20
# Rows that are drawn for each row of a context, to choose one of.
CONTEXT_CANDIDATES = 4


@dataclass(frozen=True)
class CompactCalibration:
    """Bins and weight tables of a generator: plain data, no rows.

    Attributes
    ----------
    bins : StateBins
    context_bins : StateBins or None
    tables : WeightTables
        Columns of the context come first.
    ratio : int
        Rows to draw for each that is kept.
    """

    bins: StateBins
    context_bins: StateBins | None
    tables: WeightTables
    ratio: int

    @classmethod
    def fit(cls, bins, real, pool, context_bins=None, real_context=None, context=None):
        """Weigh a pool of rows so that their coarse tables become the real ones.

        Parameters
        ----------
        bins : StateBins
        real, pool : CompactTable
        context_bins : StateBins, optional
        real_context : CompactTable, optional
            Of the real rows.
        context : CompactTable, optional
            Of the pool: each row ``CONTEXT_CANDIDATES`` times in turn.

        Returns
        -------
        CompactCalibration
        """
        own, drawn, sizes = bins.codes(real), bins.codes(pool), bins.sizes
        if context_bins is None:
            tables = rake(own, drawn, sizes, RakingRule())
            ratio = pool_ratio(tables.log_weights(drawn))
            return cls(bins, None, tables, ratio)
        tables = rake(
            np.concatenate([context_bins.codes(real_context), own]),
            np.concatenate([context_bins.codes(context), drawn]),
            context_bins.sizes + sizes,
            RakingRule(),
            n_given=len(context_bins.sizes),
            n_candidates=CONTEXT_CANDIDATES,
        )
        return cls(bins, context_bins, tables, CONTEXT_CANDIDATES)

    def log_weights(
        self, table: CompactTable, context: CompactTable | None = None
    ) -> np.ndarray:
        """Log-weights of rows.

        Parameters
        ----------
        table : CompactTable
        context : CompactTable, optional
            Of the same number of rows.

        Returns
        -------
        ndarray of shape (n,)
        """
        codes = self.bins.codes(table)
        if self.context_bins is not None and context is not None:
            codes = np.concatenate([self.context_bins.codes(context), codes])
        return self.tables.log_weights(codes)

    def to_state(self) -> dict:
        """Plain data, for a file."""
        context = self.context_bins
        return {
            "bins": self.bins.to_state(),
            "context_bins": None if context is None else context.to_state(),
            "tables": self.tables.to_state(),
            "ratio": int(self.ratio),
        }

    @classmethod
    def from_state(
        cls, state: dict, layout: Layout, context_layout: Layout | None
    ) -> CompactCalibration:
        """Undo :meth:`to_state`."""
        context_bins = None
        if context_layout is not None:
            context_bins = StateBins.from_state(context_layout, state["context_bins"])
        return cls(
            StateBins.from_state(layout, state["bins"]),
            context_bins,
            WeightTables.from_state(state["tables"]),
            state["ratio"],
        )
