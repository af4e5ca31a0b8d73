"""Each column's real and synthetic distribution, side by side."""

from __future__ import annotations

from sklearn_synthohive.metrics._columns import check_pair
from sklearn_synthohive.reports._canvas import finish, new_figure
from sklearn_synthohive.reports._display import Display, drawn, some_rows
from sklearn_synthohive.reports._plots import draw_marginal, plot_marginals

__all__ = ["MarginalDisplay"]


class MarginalDisplay(Display):
    """Histograms and bars of each column, real beside synthetic.

    Parameters
    ----------
    real, synthetic : DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.reports import MarginalDisplay
    >>> real = pd.DataFrame({"age": [31, 40, 52], "city": ["Bonn", "Rome", "Rome"]})
    >>> display = MarginalDisplay.from_frames(real, real[::-1])
    >>> len(display.figure_.axes)
    2
    """

    def __init__(self, real, synthetic):
        self.real = real
        self.synthetic = synthetic

    @classmethod
    def from_frames(
        cls, real, synthetic, *, columns=None, max_rows=100_000, seed=0, path=None
    ):
        """Draw the columns of two frames.

        Parameters
        ----------
        real, synthetic : DataFrame
            With the same columns, in any order.
        columns : sequence, optional
            The columns to draw, all of them as a rule.
        max_rows : int, default=100_000
            At most so many rows of each frame.
        seed : int, default=0
        path : path-like, optional
            Where to write the picture.

        Returns
        -------
        MarginalDisplay
        """
        frames = [some_rows(f, max_rows, seed) for f in check_pair(real, synthetic)]
        return cls(*frames).plot(columns=columns, path=path)

    @classmethod
    def from_estimator(cls, estimator, X, *, n_rows=None, seed=0, **options):
        """Draw the columns of real rows and of those of a fitted generator.

        Parameters
        ----------
        estimator : fitted generator or Pipeline
        X : DataFrame
            Real rows.
        n_rows : int, optional
            Rows to draw, as many as ``X`` has by default.
        seed : int, default=0
        **options
            Of :meth:`from_frames`.

        Returns
        -------
        MarginalDisplay
        """
        return cls.from_frames(
            X, drawn(estimator, X, n_rows, seed), seed=seed, **options
        )

    def plot(self, columns=None, path=None):
        """Draw a panel a column; see :func:`plot_marginals`.

        Parameters
        ----------
        columns : sequence, optional
        path : path-like, optional

        Returns
        -------
        MarginalDisplay
        """
        self.figure_ = plot_marginals(self.real, self.synthetic, path, columns=columns)
        return self

    def plot_column(self, column):
        """Draw one column in a small figure.

        Parameters
        ----------
        column : hashable

        Returns
        -------
        MarginalDisplay
        """
        self.figure_ = new_figure(3.1, 2.2)
        self.ax_ = self.figure_.add_subplot()
        draw_marginal(self.ax_, self.real[column], self.synthetic[column])
        finish(self.figure_)
        return self
