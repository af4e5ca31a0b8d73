"""When training runs away: found at the end of an epoch, undone once."""

from __future__ import annotations

import copy
import math

import torch
from skorch.callbacks import Callback

from sklearn_synthohive.exceptions import TrainingError
from sklearn_synthohive.logging import get_logger

__all__ = ["Diverged", "FiniteLosses", "LastGood"]

log = get_logger(__name__)

# A loss so many times the largest one before it is no noise: an epoch's mean moves by
# a few units at most. The first epoch has nothing to compare with.
EXPLOSION, FIRST_LIMIT = 1e3, 1e6
# In units of moments that are next to nothing where a table has few rows.
UNBOUNDED = ("moment_loss",)
# The learning rate of a run that was rolled back.
LOWER_RATE = 0.1


class Diverged(TrainingError):
    """A run whose losses or weights say nothing any more."""


class FiniteLosses(Callback):
    """Ends an epoch whose losses exploded, or whose weights are not finite.

    Parameters
    ----------
    culprit : callable
        Returns the name of the column that is most likely the reason.
    """

    def __init__(self, culprit):
        self.culprit = culprit

    def on_epoch_end(self, net, **kwargs):
        *earlier, row = net.history
        losses = {k: v for k, v in row.items() if k.endswith("_loss")}
        wrong = [k for k, v in losses.items() if not math.isfinite(v)]
        what = "became NaN or infinite"
        if not wrong and not _finite(net.module_):
            wrong = ["a weight"]
        if not wrong:
            wrong = [k for k, v in losses.items() if abs(v) > _limit(k, earlier)]
            what = "exploded"
        if wrong:
            raise Diverged(
                f"{', '.join(wrong)} {what} in epoch {row['epoch']}; the likely column "
                f"is {self.culprit()!r}"
            )


def _limit(name, history):
    """What a loss must not exceed, given those of the epochs before."""
    seen = [abs(row[name]) for row in history if name in row]
    if name in UNBOUNDED:
        return math.inf
    return EXPLOSION * (1 + max(seen)) if seen else FIRST_LIMIT


def _finite(module):
    with torch.no_grad():
        totals = torch._foreach_norm(list(module.parameters()))
        return bool(torch.stack(totals).isfinite().all())


class LastGood(Callback):
    """Keeps the state after the last good epoch, to go back to.

    Parameters
    ----------
    rng : torch.Generator
        Of the training data.
    used : bool, default=False
        Whether the run that is resumed went back already.

    Attributes
    ----------
    used : bool
    """

    def __init__(self, rng, used=False):
        self.rng = rng
        self.used = used

    def on_train_begin(self, net, **kwargs):
        self._keep(net)

    def on_epoch_end(self, net, **kwargs):
        self._keep(net)

    def _keep(self, net):
        # A copy: the state of a module is its live tensors.
        self.state_ = copy.deepcopy(net.training_state()), self.rng.get_state()

    def restore(self, net):
        """Put the net where it was after the last good epoch.

        Parameters
        ----------
        net : EpochNet
        """
        state, rng = self.state_
        net.restore(state)
        self.rng.set_state(rng)

    def go_back(self, net, why):
        """Restore the state, with a lower learning rate from now on.

        Parameters
        ----------
        net : EpochNet
        why : Diverged

        Raises
        ------
        TrainingError
            The second time.
        """
        if self.used:
            raise TrainingError(
                f"{why}. Training had gone back before, to {LOWER_RATE:g} times the "
                "learning rate: look for outliers in the column, or lower generator_lr "
                "(and discriminator_lr). The checkpoints hold the last good state."
            ) from why
        self.restore(net)
        for name in net.optimizer_names:
            for group in getattr(net, name).param_groups:
                for rate in {"lr", "initial_lr"} & group.keys():
                    group[rate] *= LOWER_RATE
        self.used = True
        log.warning(
            "training_rolled_back",
            to_epoch=len(net.history),
            rate=LOWER_RATE,
            reason=str(why),
        )
