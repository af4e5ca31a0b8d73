"""How strongly columns depend on each other: real, synthetic, difference."""

from __future__ import annotations

import numpy as np

from sklearn_synthohive.metrics import nmi_matrix
from sklearn_synthohive.metrics._columns import check_pair
from sklearn_synthohive.reports._canvas import finish, new_figure, shorten
from sklearn_synthohive.reports._display import Display, drawn, some_rows

__all__ = ["PairTrendDisplay"]

# More names than these do not fit an axis.
_MAX_NAMES = 32


class PairTrendDisplay(Display):
    """Heat maps of the normalised mutual information of each pair of columns.

    Three of them: real, synthetic, and synthetic minus real. The information is that
    of :func:`~sklearn_synthohive.metrics.nmi_matrix`, of equally many rows.

    Parameters
    ----------
    real, synthetic : DataFrame
        Square, as ``nmi_matrix`` returns them.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.reports import PairTrendDisplay
    >>> real = pd.DataFrame({"a": list("uuvv"), "b": list("xxyy")})
    >>> display = PairTrendDisplay.from_frames(real, real.assign(b=list("xyxy")))
    >>> float(display.difference.loc["a", "b"])
    -1.0
    """

    def __init__(self, real, synthetic):
        self.real = real
        self.synthetic = synthetic

    @property
    def difference(self):
        """Synthetic minus real."""
        return self.synthetic - self.real

    @classmethod
    def from_frames(cls, real, synthetic, *, max_rows=20_000, seed=0):
        """Compute and draw.

        Parameters
        ----------
        real, synthetic : DataFrame
            With the same columns, in any order.
        max_rows : int, default=20_000
            Equally many rows of both are used, at most so many.
        seed : int, default=0

        Returns
        -------
        PairTrendDisplay
        """
        real, synthetic = check_pair(real, synthetic)
        n = min(len(real), len(synthetic), max_rows)
        real, synthetic = (some_rows(frame, n, seed) for frame in (real, synthetic))
        return cls(nmi_matrix(real), nmi_matrix(real, synthetic)).plot()

    @classmethod
    def from_estimator(cls, estimator, X, *, n_rows=None, max_rows=20_000, seed=0):
        """Compute and draw for rows of a fitted generator or pipeline.

        Parameters
        ----------
        estimator : fitted generator or Pipeline
        X : DataFrame
            Real rows.
        n_rows : int, optional
            Rows to draw, as many as ``X`` has by default.
        max_rows : int, default=20_000
        seed : int, default=0

        Returns
        -------
        PairTrendDisplay
        """
        synthetic = drawn(estimator, X, n_rows, seed)
        return cls.from_frames(X, synthetic, max_rows=max_rows, seed=seed)

    def plot(self, parts=("real", "synthetic", "difference")):
        """Draw heat maps side by side.

        Parameters
        ----------
        parts : sequence of {"real", "synthetic", "difference"}

        Returns
        -------
        PairTrendDisplay
            With ``figure_`` and the list ``axes_``.
        """
        size = 2.2 + 0.085 * min(len(self.real), _MAX_NAMES)
        self.figure_ = new_figure((size + 0.9) * len(parts), size)
        self.axes_ = [
            self.draw(self.figure_.add_subplot(1, len(parts), k + 1), part)
            for k, part in enumerate(parts)
        ]
        finish(self.figure_)
        return self

    def draw(self, ax, part):
        """Draw one heat map on axes of one's own.

        Parameters
        ----------
        ax : matplotlib Axes
        part : {"real", "synthetic", "difference"}

        Returns
        -------
        matplotlib Axes
        """
        matrix = getattr(self, part).to_numpy()
        if part == "difference":
            # Purple against orange: told apart with any colour vision.
            ends = max(0.1, float(np.abs(matrix).max()))
            style = {"cmap": "PuOr", "vmin": -ends, "vmax": ends}
            title = "synthetic minus real"
        else:
            style = {"cmap": "cividis_r", "vmin": 0, "vmax": 1}
            title = part
        image = ax.imshow(matrix, interpolation="nearest", **style)
        names = [shorten(name) for name in self.real.columns]
        if len(names) <= _MAX_NAMES:
            ax.set_xticks(range(len(names)), names, rotation=90, fontsize=6)
            ax.set_yticks(range(len(names)), names, fontsize=6)
        else:
            ax.set_xlabel(f"{len(names)} columns", fontsize=7)
            ax.set_xticks([])
            ax.set_yticks([])
        ax.tick_params(length=0)
        ax.set_title(title, loc="left", fontsize=9, fontweight="bold")
        bar = ax.figure.colorbar(image, ax=ax, shrink=0.75, pad=0.02)
        bar.ax.tick_params(labelsize=6)
        bar.outline.set_visible(False)
        return ax
