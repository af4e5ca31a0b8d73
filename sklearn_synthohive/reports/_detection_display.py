"""The ROC curve of the classifier that tells synthetic rows from real ones."""

from __future__ import annotations

from sklearn_synthohive.metrics import detect
from sklearn_synthohive.reports._canvas import REAL, SYNTHETIC, shorten
from sklearn_synthohive.reports._display import Display, drawn

__all__ = ["DetectionDisplay"]


class DetectionDisplay(Display):
    """ROC curve of a detector; on the diagonal it can only guess.

    Parameters
    ----------
    detection : Detection
        Of :func:`~sklearn_synthohive.metrics.detect`.
    baseline : Detection, optional
        The same for real rows that take the place of the synthetic ones.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_synthohive.reports import DetectionDisplay
    >>> x = np.arange(300.0)
    >>> real = pd.DataFrame({"x": x, "y": x})
    >>> display = DetectionDisplay.from_frames(real, real.assign(y=x[::-1]))
    >>> display.detection.auc > 0.9
    True
    """

    def __init__(self, detection, baseline=None):
        self.detection = detection
        self.baseline = baseline

    @classmethod
    def from_frames(cls, real, synthetic, *, max_rows=20_000, seed=0, ax=None):
        """Compute and draw.

        Parameters
        ----------
        real, synthetic : DataFrame
            With the same columns; held-out real rows are the stricter question.
        max_rows : int, default=20_000
        seed : int, default=0
        ax : matplotlib Axes, optional

        Returns
        -------
        DetectionDisplay
        """
        found = detect(real, synthetic, max_rows=max_rows, importances=True, seed=seed)
        return cls(found).plot(ax=ax)

    @classmethod
    def from_estimator(
        cls, estimator, X, *, n_rows=None, max_rows=20_000, seed=0, ax=None
    ):
        """Compute and draw for rows of a fitted generator or pipeline.

        Parameters
        ----------
        estimator : fitted generator or Pipeline
        X : DataFrame
            Real rows.
        n_rows : int, optional
        max_rows : int, default=20_000
        seed : int, default=0
        ax : matplotlib Axes, optional

        Returns
        -------
        DetectionDisplay
        """
        synthetic = drawn(estimator, X, n_rows, seed)
        return cls.from_frames(X, synthetic, max_rows=max_rows, seed=seed, ax=ax)

    def plot(self, ax=None):
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        DetectionDisplay
        """
        ax = self._axes(ax)
        ax.plot([0, 1], [0, 1], ":", color="0.5", lw=1)
        if self.baseline is not None:
            label = f"real rows, AUC {self.baseline.auc:.3f}"
            ax.plot(*self.baseline.roc(), "--", color=REAL, lw=1.6, label=label)
        label = f"synthetic rows, AUC {self.detection.auc:.3f}"
        ax.plot(*self.detection.roc(), color=SYNTHETIC, lw=1.8, label=label)
        ax.set_xlabel("real rows taken for synthetic", fontsize=8)
        ax.set_ylabel("synthetic rows recognised", fontsize=8)
        ax.tick_params(labelsize=7)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(fontsize=8, frameon=False, loc="lower right")
        return self._finished()

    def plot_importances(self, ax=None, *, n_columns=10):
        """Draw how much of the AUC is lost without each of the telling columns.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        n_columns : int, default=10

        Returns
        -------
        DetectionDisplay
        """
        if self.detection.importances is None:
            raise ValueError("The detection has none: detect(..., importances=True).")
        ax = self._axes(ax)
        shown = self.detection.importances[:n_columns][::-1]
        ax.barh(range(len(shown)), shown.clip(lower=0), color=SYNTHETIC, height=0.6)
        ax.set_yticks(range(len(shown)), [shorten(n, 22) for n in shown.index])
        ax.set_xlim(0, max(0.05, 1.05 * shown.max()))
        ax.set_xlabel("AUC lost when the column is shuffled", fontsize=8)
        ax.tick_params(labelsize=7)
        ax.tick_params(axis="y", length=0)
        ax.spines[["top", "right"]].set_visible(False)
        return self._finished()
