"""What happens between two epochs, as skorch callbacks."""

from __future__ import annotations

import contextlib
import copy
import csv
import math
import os
import sys
import time
import warnings

from skorch.callbacks import Callback
from tqdm.auto import tqdm

from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.neural import StopTraining

__all__ = [
    "Checkpoints",
    "MetricsFile",
    "ProgressBar",
    "Scoring",
    "StopWhenFlat",
]

log = get_logger(__name__)

# Columns of history_ and training_metrics.csv, in this order, where they apply.
HISTORY_COLUMNS = (
    "epoch",
    "seconds",
    "critic_loss",
    "generator_loss",
    "condition_loss",
    "moment_loss",
    "nll_loss",
    "fidelity",
    "log_likelihood",
    "is_best",
)


def history_rows(net) -> list[dict]:
    """One dict an epoch with the columns of the history that apply."""
    return [
        {name: row[name] for name in HISTORY_COLUMNS if name in row}
        for row in net.history
    ]


def keep_going(path, write, *args) -> bool:
    """Write a file of a run; a disk that fails costs the file, not the training.

    Parameters
    ----------
    path : path-like
        For the message.
    write : callable
    *args
        For ``write``.

    Returns
    -------
    bool
        Whether it was written.
    """
    try:
        write(*args)
    except (OSError, SerializationError) as error:
        reason = error.strerror if error.strerror else error
        log.error("checkpoint_failed", path=str(path), reason=str(reason))
        warnings.warn(
            f"{str(path)!r} could not be written ({reason}). Training goes on without "
            "it: free space, or save the fitted model elsewhere.",
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    return True


class EpochClock(Callback):
    """Records the seconds an epoch of training took, scoring not included."""

    def on_epoch_begin(self, net, **kwargs):
        self.started_ = time.perf_counter()

    def on_epoch_end(self, net, **kwargs):
        net.history.record("seconds", time.perf_counter() - self.started_)


class Scoring(Callback):
    """Scores what is sampled from and keeps the best state.

    Parameters
    ----------
    score : callable
        Returns the score of the networks as they are (higher is better).
    metric : str
        Name of the score in the history.
    every : int
        Epochs between two scores; the last epoch is always scored.
    epochs : int
        Epochs of the whole run.
    """

    def __init__(self, score, metric, every, epochs):
        self.score = score
        self.metric = metric
        self.every = every
        self.epochs = epochs
        self.done = False
        self.best_ = -math.inf
        self.best_state_ = None

    def begin(self, net) -> float:
        """Score the network before its first epoch, whose state may stay the best.

        Parameters
        ----------
        net : EpochNet

        Returns
        -------
        float
        """
        self.best_ = float(self.score())
        self.best_state_ = copy.deepcopy(net.sampler.state_dict())
        return self.best_

    def on_epoch_end(self, net, **kwargs):
        epoch = net.history[-1, "epoch"]
        if self.done or (epoch % self.every and epoch != self.epochs):
            return
        value = float(self.score())
        is_best = value > self.best_
        net.history.record(self.metric, value)
        net.history.record("is_best", is_best)
        if is_best:
            self.best_ = value
            self.best_state_ = copy.deepcopy(net.sampler.state_dict())
            score = {self.metric: round(value, 5)}
            log.info("new_best_checkpoint", epoch=epoch, **score)


class StopWhenFlat(Callback):
    """Stops training at a plateau of a score.

    Parameters
    ----------
    metric : str
    patience : int
        Scores to wait for.
    tol : float
        Gain that counts as better.
    """

    def __init__(self, metric, patience, tol):
        self.metric = metric
        self.patience = patience
        self.tol = tol

    def is_over(self, history):
        """Whether the last epoch was the one to stop after."""
        best, waited, over = -math.inf, 0, False
        for row in history:
            if self.metric in row:
                waited, over = waited + 1, False
                if row[self.metric] > best + self.tol:
                    best, waited = row[self.metric], 0
                over = waited >= self.patience
        return over

    def on_epoch_end(self, net, **kwargs):
        if self.is_over(net.history):
            raise StopTraining


class MetricsFile(Callback):
    """Writes the history to a CSV file as training goes.

    Parameters
    ----------
    path : path-like
    """

    def __init__(self, path):
        self.path = path

    def on_epoch_end(self, net, **kwargs):
        keep_going(self.path, self._write, history_rows(net))

    def _write(self, rows):
        temporary = f"{self.path}.tmp"
        try:
            with open(temporary, "w", newline="", encoding="utf-8") as file:
                present = [c for c in HISTORY_COLUMNS if any(c in row for row in rows)]
                writer = csv.DictWriter(file, present)
                writer.writeheader()
                writer.writerows(rows)
            os.replace(temporary, self.path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


class Checkpoints(Callback):
    """Writes checkpoints: the best so far, and the state to resume from.

    Parameters
    ----------
    write : callable
        Takes the net, the name of the checkpoint and whether to add the state that
        training resumes from.
    every : int
        Epochs between two checkpoints.
    """

    def __init__(self, write, every):
        self.write = write
        self.every = every

    def on_epoch_end(self, net, **kwargs):
        row = net.history[-1]
        if row.get("is_best"):
            self.write(net, "best_checkpoint", resumable=False)
        if row["epoch"] % self.every == 0:
            self.write(net, "last_checkpoint", resumable=True)


class EpochLog(Callback):
    """Emits the structured event ``epoch_end``."""

    def on_epoch_end(self, net, **kwargs):
        log.info("epoch_end", **history_rows(net)[-1])


class ProgressBar(Callback):
    """A tqdm bar on stderr with the losses, the score and the time left.

    Parameters
    ----------
    metric : str
        Name of the score in the history.
    epochs : int
        Epochs of the whole run.
    """

    def __init__(self, metric, epochs):
        self.metric = metric
        self.epochs = epochs

    def on_train_begin(self, net, **kwargs):
        self.bar_ = tqdm(
            total=self.epochs,
            initial=len(net.history),
            unit="epoch",
            desc="CTGAN",
            file=sys.stderr,
            dynamic_ncols=True,
        )
        self.score_ = None

    def on_epoch_end(self, net, **kwargs):
        row = history_rows(net)[-1]
        self.score_ = row.get(self.metric, self.score_)
        losses = [name for name in row if name.endswith("_loss")]
        shown = {name.removesuffix("_loss"): f"{row[name]:.2f}" for name in losses}
        if self.score_ is not None:
            shown[self.metric] = f"{self.score_:.3f}"
        self.bar_.set_postfix(shown, refresh=False)
        self.bar_.update()

    def on_train_end(self, net, **kwargs):
        self.bar_.close()
