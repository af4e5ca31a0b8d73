"""The training programme, from compact tables to a fitted generator."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch

from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.generators import _callbacks as cb
from sklearn_synthohive.generators._calibrated import calibrate
from sklearn_synthohive.generators._corpus import Corpus, Part
from sklearn_synthohive.generators._divergence import Diverged, FiniteLosses, LastGood
from sklearn_synthohive.generators._persistence import read_training_state, write_model
from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.utils.random import chunk_seeds

__all__ = ["RunOptions", "train"]

log = get_logger(__name__)

# Parameters that a resumed run may change, unless the network's strategy says that they
# decide its steps or scores: they say when to stop, and what follows.
OF_THE_RUN = {
    "epochs",
    "early_stopping",
    "n_iter_no_change",
    "tol",
    "max_steps",
    "n_jobs",
    "random_state",
    "checkpoint_interval",
    "calibrate",
}


@dataclass(frozen=True)
class RunOptions:
    """What a call of ``fit`` asks for.

    Attributes
    ----------
    seed : int
    device : str
    checkpoint_dir : Path or None
    checkpoint_interval : int
    log_metrics, progress_bar : bool
    resume_from : Path or None
    manifest : dict
        Written beside every checkpoint.
    """

    seed: int
    device: str
    checkpoint_dir: Path | None
    checkpoint_interval: int
    log_metrics: bool
    progress_bar: bool
    resume_from: Path | None
    manifest: dict = field(repr=False)


def train(strategy, model, corpus: Corpus, options: RunOptions):
    """Train the networks of a CTGAN.

    Parameters
    ----------
    strategy : MLPStrategy or AutoregressiveStrategy
    model : CTGAN
        Only its parameters are read.
    corpus : Corpus
    options : RunOptions

    Returns
    -------
    fitted : FittedGenerator
    net : skorch.NeuralNet
    history : list of dict
    """
    seeds = np.random.SeedSequence(options.seed).generate_state(4, np.uint64) >> 1
    init_seed, train_seed, split_seed, score_seed = (int(s) for s in seeds)
    train, held_out = split(strategy, corpus, model.validation_fraction, split_seed)
    prepared = strategy.prepare(model, train, corpus, options.device, train_seed)
    net = strategy.build_net(model, prepared, init_seed, options.device)
    run = Run(strategy, model, corpus, options, prepared, net)
    unseen = None if held_out is train else held_out
    score = strategy.scorer(held_out, prepared, score_seed, run.fitted)
    every = strategy.score_every(options.checkpoint_interval)
    run.scoring = cb.Scoring(score, strategy.metric, every, run.most_epochs)
    net.callbacks = run.callbacks(unseen)
    net.initialize()
    strategy.start(net, prepared, run.scoring)
    if options.resume_from is not None:
        run.resume()
    elif options.checkpoint_dir is not None and run.scoring.best_state_ is not None:
        # It may stay the best.
        run.write(net, "best_checkpoint", resumable=False)
    run.go()
    return run.finish(train, unseen, score_seed)


def split(strategy, corpus: Corpus, fraction: float, seed: int):
    """Training rows and held-out rows; the same rows where there are too few."""
    n_held_out = strategy.held_out(len(corpus), fraction)
    if not n_held_out:
        return corpus, corpus
    order = np.random.default_rng(seed).permutation(len(corpus))
    if len(order) < 2**31:
        order = order.astype(np.int32)
    held_out, train = np.sort(order[:n_held_out]), np.sort(order[n_held_out:])
    return Part(corpus, train), corpus.take(held_out)


class Run:
    """One training run: its callbacks, its checkpoints, and how it ends."""

    def __init__(self, strategy, model, corpus, options, prepared, net):
        self.strategy = strategy
        self.model = model
        self.corpus = corpus
        self.options = options
        self.prepared = prepared
        self.net = net
        self.scoring = None
        self.last_good = LastGood(prepared.data.rng)

    def fitted(self):
        """What samples, around the networks as they are now."""
        return self.strategy.fitted(self.model, self.corpus, self.prepared, self.net)

    def callbacks(self, held_out):
        """skorch callbacks, in the order in which they must act."""
        options, model, strategy = self.options, self.model, self.strategy
        ours = [cb.EpochClock(), FiniteLosses(self.culprit), self.scoring]
        # Before the checkpoints: they must hold what the next epoch starts from.
        ours.extend(strategy.schedule(model, self.scoring, self.prepared, held_out))
        ours.append(self.last_good)
        if options.checkpoint_dir is not None:
            if options.log_metrics:
                path = options.checkpoint_dir / "training_metrics.csv"
                ours.append(cb.MetricsFile(path))
            ours.append(cb.Checkpoints(self.write, options.checkpoint_interval))
        ours.append(cb.EpochLog())
        if options.progress_bar:
            ours.append(cb.ProgressBar(strategy.metric, self.most_epochs))
        ours.extend(model.callbacks or ())
        if model.early_stopping:
            ours.append(strategy.stopping(model, self.prepared))
        return ours

    @property
    def most_epochs(self):
        """Epochs of the whole run, at most."""
        return self.strategy.most_epochs(self.model, self.prepared)

    def culprit(self):
        """The column that a loss that is not finite most likely comes from."""
        return self.strategy.culprit(self.prepared, self.corpus.codec.layout)

    def go(self):
        """Train; a run that diverges goes back once, to a lower learning rate.

        Ctrl-C leaves the state after the last whole epoch, and raises.
        """
        while True:
            try:
                self.net.train(self.prepared.data, self.epochs_left())
                return
            except Diverged as why:
                self.last_good.go_back(self.net, why)
            except KeyboardInterrupt:
                if self.options.checkpoint_dir is not None:
                    self.last_good.restore(self.net)
                    if self.net.history:
                        self.write(self.net, "last_checkpoint", resumable=True)
                raise

    def write(self, net, name, resumable):
        """Write a checkpoint of the generator as it is now."""
        state = self.state() if resumable else None
        self._write(name, self.fitted(), cb.history_rows(net), state)

    def _write(self, name, fitted, history, state):
        path = self.options.checkpoint_dir / name
        write = partial(write_model, overwrite=True, training_state=state)
        cb.keep_going(path, write, path, fitted, self.options.manifest, history)

    def state(self):
        """All that training needs to go on as if it had never stopped."""
        buffer = io.BytesIO()
        torch.save(
            {
                "net": self.net.training_state(),
                "rng": self.prepared.data.rng.get_state(),
                "best_score": self.scoring.best_,
                "best_state": self.scoring.best_state_ or {},
                "first_score": self.prepared.first_score,
                "seed": self.options.seed,
                "device": torch.device(self.options.device).type,
                "parameters": self.parameters(),
                "checksum": self.corpus.checksum,
                "rolled_back": self.last_good.used,
            },
            buffer,
        )
        return buffer.getvalue()

    def parameters(self):
        """What another run must share to go on with this one."""
        interval = int(self.options.checkpoint_interval)
        return self.options.manifest["parameters"] | {"checkpoint_interval": interval}

    def epochs_left(self):
        """No epoch after a resumed run that early stopping had ended."""
        trained, epochs = len(self.net.history), self.most_epochs
        if trained > epochs:
            log.warning("resumed_beyond_epochs", trained=trained, epochs=epochs)
        stopping = self.strategy.stopping(self.model, self.prepared)
        if trained and self.model.early_stopping and stopping.is_over(self.net.history):
            return 0
        return max(0, epochs - trained)

    def resume(self):
        """Continue from a checkpoint; refuse other parameters or other rows."""
        where = self.options.resume_from
        state = read_training_state(where)
        now = self.parameters()
        free = OF_THE_RUN - self.strategy.steered_by(self.model)
        changed = [
            f"{name}={then!r}, not {now.get(name)!r}"
            for name, then in state["parameters"].items()
            if name not in free and then != now.get(name)
        ]
        if changed:
            raise SerializationError(
                f"The checkpoint {where} was written with {'; '.join(changed)}: resume "
                "with the same parameters, or start without resume_from."
            )
        # Checkpoints of the first versions begin with the first epoch.
        self.prepared.first_score = state.get("first_score", -math.inf)
        epochs, history = state["parameters"]["epochs"], state["net"]["history"]
        if not self.strategy.same_way(self.model, self.prepared, epochs, history):
            raise SerializationError(
                f"The checkpoint {where} belongs to the last part of a run of {epochs} "
                f"epochs, in which the learning rate falls to zero: resume with "
                f"epochs={epochs}, or start without resume_from."
            )
        device = torch.device(self.options.device).type
        if state["device"] != device:
            raise SerializationError(
                f"The checkpoint {where} was written on {state['device']}, not "
                f"{device}, whose random numbers differ: resume with "
                f"device={state['device']!r}, or start without resume_from."
            )
        if state["checksum"] != self.corpus.checksum:
            raise SerializationError(
                f"The checkpoint {where} was written for other rows: resume with the "
                "same table, in the same order, or start without resume_from."
            )
        self.net.restore(state["net"])
        self.prepared.data.rng.set_state(state["rng"])
        # Checkpoints of the first versions never went back.
        self.last_good.used = state.get("rolled_back", False)
        self.scoring.best_ = state["best_score"]
        self.scoring.best_state_ = state["best_state"] or None

    def finish(self, train, held_out, seed):
        """Keep the best generator, refine it, write it, let go of the rows."""
        net = self.net
        final_state = self.state() if self.options.checkpoint_dir else None
        net.settle(self.scoring.best_state_ if self.model.early_stopping else None)
        net.callbacks = None
        net.callbacks_ = []
        history, fitted = cb.history_rows(net), self.fitted()
        self.strategy.refine(self, fitted, train, held_out, seed)
        if self.model.calibrate:
            seed = chunk_seeds(self.options.seed, 1)[0]
            fitted.calibration = calibrate(fitted, self.corpus, seed, self.model.n_jobs)
        if self.options.checkpoint_dir:
            self._write("final_checkpoint", fitted, history, final_state)
        return fitted, net, history
