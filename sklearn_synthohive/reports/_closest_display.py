"""How near rows lie to the training rows: the curves of a privacy report."""

from __future__ import annotations

import numpy as np

from sklearn_synthohive.metrics import closest_records
from sklearn_synthohive.reports._canvas import REAL, SYNTHETIC
from sklearn_synthohive.reports._display import Display, drawn

__all__ = ["ClosestRecordDisplay"]


class ClosestRecordDisplay(Display):
    """Distances to the closest training record, of synthetic and of held-out rows.

    The curves say which share of the rows lies no farther from a training row than a
    distance. Where synthetic rows are safe their curve lies on or below that of the
    held-out rows, which nobody has learned from.

    Parameters
    ----------
    records : ClosestRecords
        Of :func:`~sklearn_synthohive.metrics.closest_records`.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.reports import ClosestRecordDisplay
    >>> train, holdout = pd.DataFrame({"x": [0, 1, 5]}), pd.DataFrame({"x": [2, 3, 9]})
    >>> display = ClosestRecordDisplay.from_frames(train, train, holdout)
    >>> display.ax_.get_xlabel()
    'distance to the closest training record'
    """

    def __init__(self, records):
        self.records = records

    @classmethod
    def from_frames(cls, real, synthetic, holdout, *, max_rows=5_000, seed=0, ax=None):
        """Compute and draw.

        Parameters
        ----------
        real, synthetic, holdout : DataFrame
            With the same columns, in any order.
        max_rows : int, default=5_000
        seed : int, default=0
        ax : matplotlib Axes, optional

        Returns
        -------
        ClosestRecordDisplay
        """
        records = closest_records(
            real, synthetic, holdout, max_rows=max_rows, seed=seed
        )
        return cls(records).plot(ax=ax)

    @classmethod
    def from_estimator(
        cls, estimator, X, holdout, *, n_rows=None, max_rows=5_000, seed=0, ax=None
    ):
        """Compute and draw for rows of a fitted generator or pipeline.

        Parameters
        ----------
        estimator : fitted generator or Pipeline
        X : DataFrame
            The rows that it was fitted on.
        holdout : DataFrame
            Rows that it has not seen.
        n_rows : int, optional
        max_rows : int, default=5_000
        seed : int, default=0
        ax : matplotlib Axes, optional

        Returns
        -------
        ClosestRecordDisplay
        """
        synthetic = drawn(estimator, X, n_rows, seed)
        return cls.from_frames(
            X, synthetic, holdout, max_rows=max_rows, seed=seed, ax=ax
        )

    def plot(self, ax=None, *, ratios=False):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        ratios : bool, default=False
            Whether to draw the ratio of the distances to the closest and to the second
            closest record instead.

        Returns
        -------
        ClosestRecordDisplay
        """
        ax = self._axes(ax)
        kind = "ratios" if ratios else "distances"
        top = 0.0
        for side, colour, line, label in (
            ("holdout", REAL, "--", "held-out real rows"),
            ("synthetic", SYNTHETIC, "-", "synthetic rows"),
        ):
            values = np.sort(getattr(self.records, f"{side}_{kind}"))
            shares = 100 * np.arange(1, len(values) + 1) / len(values)
            ax.step(
                values, shares, line, where="post", color=colour, lw=1.8, label=label
            )
            top = max(top, float(np.quantile(values, 0.99)))
        ax.set_xlim(-0.02 * top, 1.05 * top if top > 0 else 1)
        ax.set_ylim(0, 101)
        nearest = "distance to the closest training record"
        ax.set_xlabel(
            "closest over second closest distance" if ratios else nearest, fontsize=8
        )
        ax.set_ylabel("rows no farther, %", fontsize=8)
        ax.tick_params(labelsize=7)
        ax.spines[["top", "right"]].set_visible(False)
        # The curves rise to the upper right, those of the ratios at the very end.
        place = "upper left" if ratios else "lower right"
        ax.legend(fontsize=8, frameon=False, loc=place)
        return self._finished()
