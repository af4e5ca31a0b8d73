"""The training programme of a conditional GAN, from compact tables to a fitted one."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.generators import _callbacks as cb
from sklearn_synthohive.generators._codec import surrogate_frame
from sklearn_synthohive.generators._fitted import FittedGAN
from sklearn_synthohive.generators._persistence import read_training_state, write_model
from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.metrics import FidelityScorer
from sklearn_synthohive.neural import (
    AdversarialData,
    AdversarialNet,
    Conditions,
    DeviceTable,
    Recipe,
    RowSpec,
)

__all__ = ["Corpus", "RunOptions", "train_gan"]

# Fewer held-out rows than this say too little: then the training rows are scored.
MIN_HELD_OUT = 100
MIN_SCORED, MAX_SCORED = 2_000, 10_000
# Parameters that a resumed run may change: they say when to stop, not how to step.
OF_THE_RUN = {
    "epochs",
    "early_stopping",
    "n_iter_no_change",
    "tol",
    "n_jobs",
    "random_state",
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


@dataclass(frozen=True)
class Corpus:
    """A table, its context, and the codecs that made them compact."""

    codec: object
    table: CompactTable
    context_codec: object | None
    context: CompactTable | None

    def __len__(self):
        return len(self.table)

    def take(self, rows):
        """The given rows of table and context."""
        context = None if self.context is None else self.context.take(rows)
        return Corpus(self.codec, self.table.take(rows), self.context_codec, context)

    @property
    def checksum(self):
        """Tells whether two runs see the same rows in the same order."""
        total = 0
        for table in (self.table, self.context):
            if table is not None:
                total = zlib.crc32(table.codes.tobytes(), total)
                total = zlib.crc32(table.scalars.tobytes(), total)
        return total


def train_gan(model, corpus: Corpus, options: RunOptions):
    """Train the networks of a CTGAN.

    Parameters
    ----------
    model : CTGAN
        Only its parameters are read.
    corpus : Corpus
    options : RunOptions

    Returns
    -------
    fitted : FittedGAN
    net : AdversarialNet
    history : list of dict
    """
    seeds = np.random.SeedSequence(options.seed).generate_state(4, np.uint64) >> 1
    init_seed, train_seed, split_seed, score_seed = (int(s) for s in seeds)
    train, held_out = split(corpus, model.validation_fraction, split_seed)
    data = prepare(model, train, corpus, options.device, train_seed)
    net = build_net(model, data, init_seed, options.device)
    fitted = wrap(model, corpus, data, net)
    scorer = HeldOutScore(fitted, held_out, score_seed)
    scoring = cb.FidelityScoring(scorer, options.checkpoint_interval, model.epochs)
    run = Run(model, corpus, options, net, data, fitted, scoring)
    net.callbacks = run.callbacks()
    net.initialize()
    start_from_margins(net, data)
    if options.resume_from is not None:
        run.resume()
    net.train(data, max(0, model.epochs - len(net.history)))
    return run.finish()


class Run:
    """One training run: its callbacks, its checkpoints, and how it ends."""

    def __init__(self, model, corpus, options, net, data, fitted, scoring):
        self.model = model
        self.corpus = corpus
        self.options = options
        self.net = net
        self.data = data
        self.fitted = fitted
        self.scoring = scoring

    def callbacks(self):
        """skorch callbacks, in the order in which they must act."""
        options, model = self.options, self.model
        ours = [cb.EpochClock(), cb.FiniteLosses(self.culprit), self.scoring]
        if options.checkpoint_dir is not None:
            if options.log_metrics:
                path = options.checkpoint_dir / "training_metrics.csv"
                ours.append(cb.MetricsFile(path))
            ours.append(cb.Checkpoints(self.write, options.checkpoint_interval))
        ours.append(cb.EpochLog())
        if options.progress_bar:
            ours.append(cb.ProgressBar(model.epochs))
        ours.extend(model.callbacks or ())
        if model.early_stopping:
            ours.append(cb.StopWhenFlat(model.n_iter_no_change, model.tol))
        return ours

    def culprit(self):
        """The column whose encoded values reach furthest."""
        spec, layout = self.data.table.spec, self.corpus.codec.layout
        if not spec.continuous:
            return layout.spans[0].column
        furthest = spec.continuous[int(np.argmax(spec.bounds))]
        return layout.spans[spec.onehot[furthest]].column

    def write(self, net, name, resumable):
        """Write a checkpoint of the generator as it is now."""
        self.fitted.generator = net.sampler
        self.fitted.critic = net.module_.critic
        write_model(
            self.options.checkpoint_dir / name,
            self.fitted,
            self.options.manifest,
            cb.history_rows(net),
            overwrite=True,
            training_state=self.state() if resumable else None,
        )

    def state(self):
        """All that training needs to go on as if it had never stopped."""
        buffer = io.BytesIO()
        torch.save(
            {
                "net": self.net.training_state(),
                "rng": self.data.rng.get_state(),
                "best_fidelity": self.scoring.best_,
                "best_state": self.scoring.best_state_ or {},
                "seed": self.options.seed,
                "parameters": self.options.manifest["parameters"],
                "checksum": self.corpus.checksum,
            },
            buffer,
        )
        return buffer.getvalue()

    def resume(self):
        """Continue from a checkpoint; refuse other parameters or other rows."""
        where = self.options.resume_from
        state = read_training_state(where)
        now = self.options.manifest["parameters"]
        changed = [
            f"{name}={then!r}, not {now.get(name)!r}"
            for name, then in state["parameters"].items()
            if name not in OF_THE_RUN and then != now.get(name)
        ]
        if changed:
            raise SerializationError(
                f"The checkpoint {where} was written with {'; '.join(changed)}: resume "
                "with the same parameters, or start without resume_from."
            )
        if state["checksum"] != self.corpus.checksum:
            raise SerializationError(
                f"The checkpoint {where} was written for other rows: resume with the "
                "same table, in the same order, or start without resume_from."
            )
        self.net.restore(state["net"])
        self.data.rng.set_state(state["rng"])
        self.scoring.best_ = state["best_fidelity"]
        self.scoring.best_state_ = state["best_state"] or None

    def finish(self):
        """Keep the best generator, write the last checkpoint, let go of the rows."""
        net = self.net
        final_state = self.state() if self.options.checkpoint_dir else None
        net.module_.generator.load_state_dict(net.sampler.state_dict())
        if self.model.early_stopping and self.scoring.best_state_ is not None:
            net.module_.generator.load_state_dict(self.scoring.best_state_)
        # Checkpoints hold what training resumes from; the fitted net need not.
        for optimizer in (net.optimizer_, net.critic_optimizer_):
            optimizer.state.clear()
        if self.model.average_decay:
            net.average_ = net.module_.generator
        self.fitted.generator = net.module_.generator
        self.fitted.critic = net.module_.critic
        net.callbacks = None
        net.callbacks_ = []
        history = cb.history_rows(net)
        if self.options.checkpoint_dir:
            write_model(
                self.options.checkpoint_dir / "final_checkpoint",
                self.fitted,
                self.options.manifest,
                history,
                overwrite=True,
                training_state=final_state,
            )
        return self.fitted, net, history


class HeldOutScore:
    """Fidelity of a generator's rows to held-out rows, with their context joined on."""

    def __init__(self, fitted: FittedGAN, held_out: Corpus, seed: int):
        self.fitted = fitted
        self.seed = seed
        n = int(np.clip(len(held_out), MIN_SCORED, MAX_SCORED))
        rows = np.resize(np.arange(len(held_out)), n)
        self.context = None
        self.parents = None
        if held_out.context is not None:
            self.context = held_out.context.take(rows)
            self.parents = self._parents(held_out, self.context)
        self.n = n
        real = surrogate_frame(held_out.codec, held_out.table)
        if held_out.context is not None:
            real = _join(self._parents(held_out, held_out.context), real)
        self.scorer = FidelityScorer(real)

    @staticmethod
    def _parents(corpus, context):
        return surrogate_frame(corpus.context_codec, context).add_prefix("context.")

    def __call__(self, generator):
        self.fitted.generator = generator
        table = self.fitted.draw(self.n, self.seed, context=self.context)
        frame = surrogate_frame(self.fitted.codec, table)
        if self.parents is not None:
            frame = _join(self.parents, frame)
        return self.scorer.score(frame)


def _join(parents, frame):
    frame = frame.add_prefix("own.").reset_index(drop=True)
    return pd.concat([parents.reset_index(drop=True), frame], axis=1)


def split(corpus: Corpus, fraction: float, seed: int):
    """Training rows and held-out rows; the same rows where there are too few."""
    n_held_out = round(fraction * len(corpus))
    if n_held_out < MIN_HELD_OUT:
        return corpus, corpus
    order = np.random.default_rng(seed).permutation(len(corpus))
    held_out, train = np.sort(order[:n_held_out]), np.sort(order[n_held_out:])
    return corpus.take(train), corpus.take(held_out)


def prepare(model, train: Corpus, corpus: Corpus, device, seed) -> AdversarialData:
    """Tensors on the device, with conditions and target moments."""
    spec = _spec(corpus.codec, corpus.table)
    table = DeviceTable(train.table, spec, device)
    context = None
    if corpus.context is not None:
        context_spec = _spec(corpus.context_codec, corpus.context)
        context = DeviceTable(train.context, context_spec, device)
    kinds = [corpus.codec.layout.spans[i].kind for i in spec.onehot]
    conditions = Conditions.of(table, [kind == "discrete" for kind in kinds])
    rng = torch.Generator(device).manual_seed(seed)
    data = AdversarialData(table, context, conditions, rng)
    data.measure_moments(
        torch.Generator(device).manual_seed(seed + 1), recipe_of(model, data)
    )
    return data


def _spec(codec, table: CompactTable) -> RowSpec:
    reach = np.abs(table.scalars).max(axis=0, initial=1.0)
    return RowSpec.of(codec.layout, tuple(float(r) for r in reach))


def recipe_of(model, data: AdversarialData) -> Recipe:
    """The parameters of an estimator as a recipe for its steps."""
    steps = max(1, len(data) // model.batch_size)
    return Recipe(
        batch_size=model.batch_size,
        steps=steps,
        critic_steps=model.discriminator_steps,
        moment_weight=model.moment_weight,
        average_decay=model.average_decay,
        forced_share=model.forced_share,
        clamp=model.clamp_conditions,
        state_noise=model.state_noise,
        halving_steps=model.halving_steps,
    )


def build_net(model, data: AdversarialData, seed: int, device) -> AdversarialNet:
    """The skorch net, not yet initialised."""
    context = data.context
    return AdversarialNet(
        recipe=recipe_of(model, data),
        lr=model.generator_lr,
        critic_lr=model.discriminator_lr,
        weight_decay=model.generator_decay,
        device=str(device),
        max_epochs=model.epochs,
        module__spec=data.table.spec,
        module__context_spec=None if context is None else context.spec,
        module__n_states=data.conditions.n_states,
        module__n_coded=data.conditions.n_coded,
        module__noise_width=model.embedding_dim,
        module__generator_dim=tuple(model.generator_dim),
        module__discriminator_dim=tuple(model.discriminator_dim),
        module__pac=model.pac,
        module__normalize=model.batch_norm,
        module__seed=seed,
    )


def start_from_margins(net: AdversarialNet, data: AdversarialData):
    """Give both copies of the generator the margins of the coded columns."""
    coded, sizes = data.table.coded, data.table.spec.levels
    levels = [_log_margin(coded[:, k], size) for k, size in enumerate(sizes)]
    net.module_.generator.start_from_margins(levels)
    if net.recipe.average_decay:
        net.average_.load_state_dict(net.module_.generator.state_dict())


def _log_margin(column, size):
    counts = torch.bincount(column.long(), minlength=size).float()
    return ((counts + 0.5) / (len(column) + 0.5 * size)).log()


def wrap(model, corpus: Corpus, data: AdversarialData, net) -> FittedGAN:
    """The parts that sampling needs; the networks follow when they exist."""
    context = data.context
    return FittedGAN(
        codec=corpus.codec,
        context_codec=corpus.context_codec,
        generator=None,
        critic=None,
        conditions=data.conditions,
        spec=data.table.spec,
        context_spec=None if context is None else context.spec,
        clamp=model.clamp_conditions,
        # A generator that has seen free rows samples free rows; one that has not, as
        # in the paper, is given states by their true frequency.
        forced_share=float(model.forced_share == 1),
        state_noise=model.state_noise,
    )
