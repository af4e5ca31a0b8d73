"""Losses and fidelity of each epoch of a fit."""

from __future__ import annotations

from sklearn_synthohive.reports._canvas import REAL, SYNTHETIC, THIRD
from sklearn_synthohive.reports._display import Display

__all__ = ["HistoryDisplay"]

_LOSSES = {
    "nll_loss": (REAL, "-", "negative log-likelihood"),
    "generator_loss": (REAL, "-", "generator"),
    "critic_loss": (THIRD, "--", "critic"),
}
_SCORES = ("log_likelihood", "fidelity")


class HistoryDisplay(Display):
    """Losses of a fit (left axis) and its score on held-out rows (right axis).

    Parameters
    ----------
    history : DataFrame
        One row an epoch, as ``CTGAN.history_`` or ``training_metrics.csv`` holds it.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.reports import HistoryDisplay
    >>> history = pd.DataFrame({"epoch": [1, 2], "nll_loss": [3.0, 2.5]})
    >>> HistoryDisplay.from_history(history).ax_.get_xlabel()
    'epoch'
    """

    def __init__(self, history):
        self.history = history

    @classmethod
    def from_history(cls, history, *, ax=None):
        """Draw a table of epochs.

        Parameters
        ----------
        history : DataFrame
        ax : matplotlib Axes, optional

        Returns
        -------
        HistoryDisplay
        """
        known = {"epoch", *_LOSSES, *_SCORES}
        if len(history) == 0 or not known - {"epoch"} & set(history.columns):
            raise ValueError(
                f"The history has {len(history)} epochs and the columns "
                f"{list(history.columns)}; it needs one of {sorted(known)}."
            )
        return cls(history).plot(ax=ax)

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the history of a fitted generator, or of the last step of a pipeline.

        Parameters
        ----------
        estimator : estimator with ``history_``, or Pipeline
        ax : matplotlib Axes, optional

        Returns
        -------
        HistoryDisplay
        """
        last = estimator[-1] if hasattr(estimator, "steps") else estimator
        if not hasattr(last, "history_"):
            raise TypeError(
                f"{type(last).__name__} has no history_: fit it, or draw a table of "
                "epochs by from_history."
            )
        return cls.from_history(last.history_, ax=ax)

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        HistoryDisplay
        """
        ax = self._axes(ax)
        history = self.history
        epochs = history["epoch"] if "epoch" in history else range(1, len(history) + 1)
        for name, (colour, line, label) in _LOSSES.items():
            if name in history and history[name].notna().any():
                ax.plot(epochs, history[name], line, color=colour, lw=1.6, label=label)
        ax.set_xlabel("epoch", fontsize=8)
        ax.set_ylabel("loss", fontsize=8)
        handles, labels = ax.get_legend_handles_labels()
        score = next((s for s in _SCORES if s in history), None)
        if score is not None and history[score].notna().any():
            twin = ax.twinx()
            twin.plot(
                epochs,
                history[score],
                "o",
                color=SYNTHETIC,
                ms=4,
                label="held-out score",
            )
            twin.set_ylabel(score.replace("_", "-") + ", held-out rows", fontsize=8)
            twin.tick_params(labelsize=7)
            more = twin.get_legend_handles_labels()
            handles, labels = handles + more[0], labels + more[1]
            twin.spines[["top"]].set_visible(False)
        ax.tick_params(labelsize=7)
        ax.spines[["top"]].set_visible(False)
        ax.legend(handles, labels, fontsize=7, frameon=False, loc="best")
        return self._finished()
