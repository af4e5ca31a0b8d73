"""What the displays share: a figure, and rows of an estimator."""

from __future__ import annotations

import numpy as np

from sklearn_synthohive.metrics._scorer import sample_rows
from sklearn_synthohive.reports._canvas import finish, new_figure, png_bytes

__all__ = ["Display", "drawn", "some_rows"]


class Display:
    """A picture that is computed once and can be drawn again.

    In scikit-learn's manner: ``from_estimator`` and ``from_frames`` compute and draw,
    ``plot`` draws on axes of one's own.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the picture was drawn last.
    figure_ : matplotlib Figure
    """

    _size = (4.2, 3.2)

    def _axes(self, ax):
        if ax is None:
            ax = new_figure(*self._size).add_subplot()
        self.ax_, self.figure_ = ax, ax.figure
        return ax

    def _finished(self):
        finish(self.figure_)
        return self

    def _repr_png_(self):
        if not hasattr(self, "figure_"):
            self.plot()
        return png_bytes(self.figure_)


def drawn(estimator, X, n_rows, seed):
    """Rows of a fitted generator or pipeline, as many as ``X`` has by default."""
    return sample_rows(estimator, len(X) if n_rows is None else n_rows, seed)


def some_rows(frame, n, seed):
    """At most ``n`` rows, drawn without replacement."""
    if len(frame) <= n:
        return frame
    rows = np.random.default_rng(seed).choice(len(frame), n, replace=False)
    return frame.iloc[np.sort(rows)]
