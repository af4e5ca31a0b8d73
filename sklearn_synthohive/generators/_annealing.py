"""The end of a likelihood run: on all rows, at a falling learning rate."""

from __future__ import annotations

import copy
import math

from skorch.callbacks import Callback

from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.neural import StopTraining

__all__ = ["Annealer", "Annealing", "StopAfterAnnealing"]

log = get_logger(__name__)


class Annealing:
    """When training on a part of the rows ends, and how long it goes on with all.

    The first part ends at a plateau of the score, or when the epochs left are those
    that the second part takes: a share of the epochs to the best score.

    Parameters
    ----------
    metric : str
    patience : int
        Scores to wait for.
    tol : float
        Gain that counts as better.
    epochs : int
        Epochs of the whole run.
    share : float
        Of the epochs to the best score.
    start : callable, optional
        Returns the score before the first epoch, where that state may be the best.
    """

    def __init__(self, metric, patience, tol, epochs, share=0.5, start=None):
        self.metric = metric
        self.patience = patience
        self.tol = tol
        self.epochs = epochs
        self.share = share
        self.start = start

    def span(self, history) -> tuple[int, int] | None:
        """Epochs before the second part and in it; None while the first part lasts."""
        best, best_epoch = -math.inf if self.start is None else self.start(), 0
        for epoch, row in enumerate(history, start=1):
            if self.metric not in row:
                return None
            if row[self.metric] > best + self.tol:
                best, best_epoch = row[self.metric], epoch
            n_more = max(1, round(self.share * best_epoch))
            left = self.epochs - epoch
            if left and (epoch - best_epoch >= self.patience or left <= n_more):
                return epoch, min(n_more, left)
        return None

    def is_over(self, history) -> bool:
        """Whether both parts are done."""
        span = self.span(history)
        return span is not None and len(history) >= sum(span)


class Annealer(Callback):
    """Begins the second part from the best state of the first, and keeps its end.

    Parameters
    ----------
    plan : Annealing
    scoring : Scoring
        Holds the best state; scores nothing from then on, since no rows are held out.
    data : LikelihoodData
    more : callable
        Returns the rows that were held out, as LikelihoodData, or None.
    look : callable
        Takes the best network, before it learns from those.
    """

    def __init__(self, plan, scoring, data, more, look):
        self.plan = plan
        self.scoring = scoring
        self.data = data
        self.more = more
        self.look = look

    def on_train_begin(self, net, **kwargs):
        # A run that is resumed in its second part; one that went back is there already.
        span = self.plan.span(net.history)
        if span is not None and not self.scoring.done:
            self.begin(net, span)

    def begin(self, net, span):
        """All rows from now on, at a falling rate."""
        net.cool(*span)
        self.scoring.done = True
        held_out = self.more()
        if held_out is not None:
            self.data.extend(held_out)

    def on_epoch_end(self, net, **kwargs):
        span = self.plan.span(net.history)
        if span is None:
            return
        if len(net.history) == span[0]:
            net.rewind(self.scoring.best_state_)
            self.look(net.sampler)
            self.begin(net, span)
            log.info("annealing_begins", after_epoch=span[0], epochs=span[1])
        else:
            is_last = len(net.history) == sum(span)
            net.history.record("is_best", is_last)
            if is_last:
                self.scoring.best_state_ = copy.deepcopy(net.sampler.state_dict())


class StopAfterAnnealing(Callback):
    """Stops training after the second part.

    Parameters
    ----------
    plan : Annealing
    """

    def __init__(self, plan):
        self.plan = plan

    def is_over(self, history):
        """Whether the last epoch was the one to stop after."""
        return self.plan.is_over(history)

    def on_epoch_end(self, net, **kwargs):
        if self.is_over(net.history):
            raise StopTraining
