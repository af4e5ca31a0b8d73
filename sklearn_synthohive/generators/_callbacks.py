"""What happens between two epochs, as skorch callbacks."""

from __future__ import annotations

import copy
import csv
import math
import os
import sys
import time

import torch
from skorch.callbacks import Callback
from tqdm.auto import tqdm

from sklearn_synthohive.exceptions import TrainingError
from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.neural import StopTraining

__all__ = [
    "Checkpoints",
    "FidelityScoring",
    "FiniteLosses",
    "MetricsFile",
    "ProgressBar",
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
    "fidelity",
    "is_best",
)


def history_rows(net) -> list[dict]:
    """One dict an epoch with the columns of the history that apply."""
    return [
        {name: row[name] for name in HISTORY_COLUMNS if name in row}
        for row in net.history
    ]


class EpochClock(Callback):
    """Records the seconds an epoch of training took, scoring not included."""

    def on_epoch_begin(self, net, **kwargs):
        self.started_ = time.perf_counter()

    def on_epoch_end(self, net, **kwargs):
        net.history.record("seconds", time.perf_counter() - self.started_)


class FiniteLosses(Callback):
    """Stops training when a loss, or a weight after the last step, is not finite.

    Parameters
    ----------
    culprit : callable
        Returns the name of the column that is most likely the reason.
    """

    def __init__(self, culprit):
        self.culprit = culprit

    def on_epoch_end(self, net, **kwargs):
        row = net.history[-1]
        losses = {k: v for k, v in row.items() if k.endswith("_loss")}
        wrong = [k for k, v in losses.items() if not math.isfinite(v)]
        if not wrong and not _finite(net.module_):
            wrong = ["a weight"]
        if wrong:
            raise TrainingError(
                f"{', '.join(wrong)} became NaN or infinite in epoch {row['epoch']}; "
                f"the likely column is {self.culprit()!r}, whose encoded values reach "
                "furthest. Lower generator_lr or discriminator_lr, or look for "
                "outliers in that column. The checkpoints hold the last good state."
            )


def _finite(module):
    with torch.no_grad():
        totals = torch._foreach_norm(list(module.parameters()))
        return bool(torch.stack(totals).isfinite().all())


class FidelityScoring(Callback):
    """Scores the generator on held-out rows and keeps the best one.

    Parameters
    ----------
    score : callable
        Takes a generator, returns its fidelity (higher is better).
    every : int
        Epochs between two scores; the last epoch is always scored.
    epochs : int
        Epochs of the whole run.
    """

    def __init__(self, score, every, epochs):
        self.score = score
        self.every = every
        self.epochs = epochs
        self.best_ = -math.inf
        self.best_state_ = None

    def on_epoch_end(self, net, **kwargs):
        epoch = net.history[-1, "epoch"]
        if epoch % self.every and epoch != self.epochs:
            return
        fidelity = float(self.score(net.sampler))
        is_best = fidelity > self.best_
        net.history.record("fidelity", fidelity)
        net.history.record("is_best", is_best)
        if is_best:
            self.best_ = fidelity
            self.best_state_ = copy.deepcopy(net.sampler.state_dict())
            log.info("new_best_checkpoint", epoch=epoch, fidelity=round(fidelity, 5))


class StopWhenFlat(Callback):
    """Stops after some scores without a better one.

    Parameters
    ----------
    patience : int
        Scores to wait for.
    tol : float
        Gain that counts as better.
    """

    def __init__(self, patience, tol):
        self.patience = patience
        self.tol = tol

    def on_epoch_end(self, net, **kwargs):
        if "fidelity" not in net.history[-1]:
            return
        best, waited = -math.inf, 0
        for row in net.history:
            if "fidelity" not in row:
                continue
            waited += 1
            if row["fidelity"] > best + self.tol:
                best, waited = row["fidelity"], 0
        if waited >= self.patience:
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
        rows = history_rows(net)
        temporary = f"{self.path}.tmp"
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            present = [c for c in HISTORY_COLUMNS if any(c in row for row in rows)]
            writer = csv.DictWriter(file, present)
            writer.writeheader()
            writer.writerows(rows)
        os.replace(temporary, self.path)


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
    """A tqdm bar on stderr with the losses, the fidelity and the time left.

    Parameters
    ----------
    epochs : int
        Epochs of the whole run.
    """

    def __init__(self, epochs):
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
        self.fidelity_ = None

    def on_epoch_end(self, net, **kwargs):
        row = net.history[-1]
        self.fidelity_ = row.get("fidelity", self.fidelity_)
        shown = {
            "critic": f"{row['critic_loss']:.2f}",
            "generator": f"{row['generator_loss']:.2f}",
        }
        if self.fidelity_ is not None:
            shown["fidelity"] = f"{self.fidelity_:.3f}"
        self.bar_.set_postfix(shown, refresh=False)
        self.bar_.update()

    def on_train_end(self, net, **kwargs):
        self.bar_.close()
