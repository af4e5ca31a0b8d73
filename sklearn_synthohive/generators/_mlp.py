"""The conditional GAN of Xu et al. 2019 as a strategy: prepare, build, score, draw."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch

from sklearn_synthohive.generators import _callbacks as cb
from sklearn_synthohive.generators._codec import surrogate_frame
from sklearn_synthohive.generators._fitted import FittedGenerator
from sklearn_synthohive.metrics import FidelityScorer
from sklearn_synthohive.neural import (
    AdversarialData,
    AdversarialNet,
    ConditionalGAN,
    Conditions,
    DeviceTable,
    Recipe,
    RowSpec,
    draw_rows,
    has_fast_bfloat16,
)

__all__ = ["FittedMLP", "MLPStrategy"]

# Fewer held-out rows than this say too little: then the training rows are scored.
MIN_HELD_OUT = 100
MIN_SCORED, MAX_SCORED = 2_000, 10_000


class FittedMLP(FittedGenerator):
    """A trained conditional GAN.

    Parameters
    ----------
    codec, context_codec, network
        As for FittedGenerator; the network is a TabularGenerator.
    critic : Critic
    conditions : Conditions
    spec, context_spec : RowSpec
        ``context_spec`` is None without a context.
    options : dict
        ``clamp``, ``forced_share`` and ``state_noise``, as for ``draw_rows``.
    """

    def __init__(
        self,
        codec,
        context_codec,
        network,
        critic,
        conditions,
        spec,
        context_spec,
        options,
    ):
        super().__init__(codec, context_codec, network)
        self.critic = critic
        self.conditions = conditions
        self.spec = spec
        self.context_spec = context_spec
        self.options = options

    def rows(self, n, seed, context, forced=None):
        """As FittedGenerator says; of forced cells the rarest state is forced.

        Parameters
        ----------
        n, seed : int
        context : CompactTable of n rows or None
        forced : CompactTable of n rows, optional
            Code -1 where a cell is free.
        """
        if context is not None:
            device = self.network.bounds.device
            context = DeviceTable(context, self.context_spec, device)
        return draw_rows(
            self.network,
            self.conditions,
            self.codec.layout,
            n,
            seed,
            context=context,
            forced=None if forced is None else self._rarest(forced),
            **self.options,
        )

    def shares(self, i, codes):
        """How often states of a span occur among the training rows, up to a factor."""
        count = self.counts[i]
        return count[codes] + 1e-9 if len(count) else np.ones(len(codes))

    @property
    def counts(self):
        """As FittedGenerator says; empty where a column is never forced."""
        out = [np.zeros(0, dtype=np.int64)] * len(self.codec.layout.spans)
        spans = [*self.spec.onehot, *self.spec.coded]
        for i, count in zip(spans, self.conditions.counts, strict=True):
            out[i] = count
        return out

    def _rarest(self, forced):
        """The conditional vector holds one state: the one that is hardest to meet."""
        out = np.zeros((len(forced), 2), dtype=np.int64)
        out[:, 0] = -1
        rarest = np.full(len(forced), np.inf)
        for k, i in enumerate([*self.spec.onehot, *self.spec.coded]):
            count, codes = self.conditions.counts[k], forced.codes[:, i]
            if not len(count):
                continue
            weight = np.where(codes >= 0, count[codes], np.inf)
            better = weight < rarest
            out[better, 0], out[better, 1] = k, codes[better]
            rarest[better] = weight[better]
        return out

    def modules(self) -> dict:
        """Networks by the name of their file."""
        return {"generator": self.network, "discriminator": self.critic}

    def info(self) -> dict:
        """Plain data beside the weights."""
        context = self.context_spec
        return {
            "bounds": list(self.spec.bounds),
            "context_bounds": list(context.bounds) if context else None,
            "counts": [np.asarray(c) for c in self.conditions.counts],
            "options": self.options,
        }

    @classmethod
    def from_info(cls, info, parameters, codec, context_codec, device):
        """Undo :meth:`info`, with networks whose weights are still to be loaded."""
        spec = RowSpec.of(codec.layout, tuple(info["bounds"]))
        context_spec = None
        if context_codec is not None:
            bounds = tuple(info["context_bounds"])
            context_spec = RowSpec.of(context_codec.layout, bounds)
        conditions = Conditions(spec, info["counts"], device)
        module = ConditionalGAN(
            spec,
            context_spec,
            conditions.n_states,
            conditions.n_coded,
            parameters["embedding_dim"],
            tuple(parameters["generator_dim"] or MLPStrategy.generator_dim),
            tuple(parameters["discriminator_dim"]),
            parameters["pac"],
            parameters["batch_norm"],
            seed=0,
        )
        return cls(
            codec,
            context_codec,
            module.generator,
            module.critic,
            conditions,
            spec,
            context_spec,
            info["options"],
        )


class MLPStrategy:
    """How the conditional GAN is prepared, built, scored and stopped."""

    metric = "fidelity"
    n_components = 10
    generator_lr = 1e-3
    generator_dim = (256, 256)
    fitted_class = FittedMLP

    def check(self, model, context):
        """Refuse parameters that contradict each other."""
        if model.batch_size < model.pac or model.batch_size % model.pac:
            raise ValueError(
                f"batch_size ({model.batch_size}) must be a multiple of pac "
                f"({model.pac}): the critic judges pac rows together."
            )
        if model.batch_size == 1 and model.batch_norm:
            raise ValueError(
                "batch_norm=True takes a batch_size of 2 at least: the statistics of "
                "one row say nothing."
            )
        if model.adversarial_rounds:
            raise ValueError(
                "adversarial_rounds is for the autoregressive generator: "
                'generator="mlp" is adversarial from its first step.'
            )
        if context is not None and model.forced_share == 1:
            raise ValueError(
                "forced_share=1 forces a state of every sampled row whatever its "
                "context: choose a smaller share to fit with a context."
            )

    def held_out(self, n, fraction):
        """How many rows to hold out; none where they would say too little."""
        count = round(fraction * n)
        return count if count >= MIN_HELD_OUT else 0

    def prepare(self, model, train, corpus, device, seed):
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
        recipe = Recipe(
            batch_size=model.batch_size,
            steps=max(1, len(data) // model.batch_size),
            critic_steps=model.discriminator_steps,
            moment_weight=model.moment_weight,
            average_decay=model.average_decay,
            forced_share=model.forced_share,
            clamp=model.clamp_conditions,
            state_noise=model.state_noise,
            halving_steps=model.halving_steps,
        )
        data.measure_moments(torch.Generator(device).manual_seed(seed + 1), recipe)
        return SimpleNamespace(data=data, recipe=recipe, first_score=-math.inf)

    def build_net(self, model, prepared, seed, device):
        """The skorch net, not yet initialised."""
        data, context = prepared.data, prepared.data.context
        mixed = model.mixed_precision
        if mixed == "auto":
            mixed = has_fast_bfloat16(device)
        return AdversarialNet(
            recipe=prepared.recipe,
            lr=model.generator_lr or self.generator_lr,
            critic_lr=model.discriminator_lr,
            weight_decay=model.generator_decay,
            device=str(device),
            max_epochs=self.most_epochs(model, prepared),
            module__spec=data.table.spec,
            module__context_spec=None if context is None else context.spec,
            module__n_states=data.conditions.n_states,
            module__n_coded=data.conditions.n_coded,
            module__noise_width=model.embedding_dim,
            module__generator_dim=tuple(model.generator_dim or self.generator_dim),
            module__discriminator_dim=tuple(model.discriminator_dim),
            module__pac=model.pac,
            module__normalize=model.batch_norm,
            module__dtype=torch.bfloat16 if mixed else torch.float32,
            module__seed=seed,
        )

    def start(self, net, prepared, scoring):
        """Start coded columns at their margins, in both copies of the generator.

        There is nothing to decide by ``scoring``: margins are all that it starts from.
        """
        coded = prepared.data.table.coded
        sizes = prepared.data.table.spec.levels
        levels = [_log_margin(coded[:, k], size) for k, size in enumerate(sizes)]
        net.module_.generator.start_from_margins(levels)
        if net.recipe.average_decay:
            net.average_.load_state_dict(net.module_.generator.state_dict())

    def fitted(self, model, corpus, prepared, net):
        """What samples, around the networks as they are now."""
        context = prepared.data.context
        return FittedMLP(
            corpus.codec,
            corpus.context_codec,
            net.sampler,
            net.module_.critic,
            prepared.data.conditions,
            prepared.data.table.spec,
            None if context is None else context.spec,
            # A generator that has seen free rows samples free rows; one that has not,
            # as in the paper, is given states by their true frequency.
            {
                "clamp": model.clamp_conditions,
                "forced_share": float(model.forced_share == 1),
                "state_noise": model.state_noise,
            },
        )

    def scorer(self, held_out, prepared, seed, fitted):
        """Fidelity to held-out rows."""
        return HeldOutFidelity(held_out, seed, fitted)

    def score_every(self, checkpoint_interval):
        """Epochs between two scores."""
        return checkpoint_interval

    def steered_by(self, model):
        """Parameters of the run that decide which epochs are scored."""
        return {"checkpoint_interval"}

    def most_epochs(self, model, prepared, epochs=None):
        """Epochs at most, of the model's or of others."""
        return epochs or model.epochs

    def same_way(self, model, prepared, epochs, history):
        """Whether a run of other epochs would have come the same way so far."""
        return True

    def schedule(self, model, scoring, prepared, held_out):
        """Callbacks that act on the networks between two epochs."""
        return []

    def refine(self, run, fitted, train, held_out, seed):
        """Nothing: this network is adversarial from its first step."""

    def stopping(self, model, prepared):
        """The callback that ends training early."""
        return cb.StopWhenFlat(self.metric, model.n_iter_no_change, model.tol)

    def culprit(self, prepared, layout):
        """The column whose encoded values reach furthest."""
        spec = prepared.data.table.spec
        if not spec.continuous:
            return layout.spans[0].column
        furthest = spec.continuous[int(np.argmax(spec.bounds))]
        return layout.spans[spec.onehot[furthest]].column


class HeldOutFidelity:
    """Fidelity of a generator's rows to held-out rows, with their context joined on.

    Parameters
    ----------
    held_out : Corpus
    seed : int
        The same noise at every score, so that scores differ by the generator alone.
    fitted : callable
        The sampler around the networks as they are now.
    """

    def __init__(self, held_out, seed, fitted):
        self.fitted = fitted
        self.seed = seed
        self.n = int(np.clip(len(held_out), MIN_SCORED, MAX_SCORED))
        self.context = self.parents = None
        real = surrogate_frame(held_out.codec, held_out.table)
        if held_out.context is not None:
            rows = np.resize(np.arange(len(held_out)), self.n)
            self.context = held_out.context.take(rows)
            codec = held_out.context_codec
            self.parents = surrogate_frame(codec, self.context)
            real = _join(surrogate_frame(codec, held_out.context), real)
        self.scorer = FidelityScorer(real)

    def __call__(self):
        fitted = self.fitted()
        table = fitted.draw(self.n, self.seed, context=self.context)
        frame = surrogate_frame(fitted.codec, table)
        if self.parents is not None:
            frame = _join(self.parents, frame)
        return self.scorer.score(frame)


def _join(parents, frame):
    parents = parents.add_prefix("context.").reset_index(drop=True)
    frame = frame.add_prefix("own.").reset_index(drop=True)
    return pd.concat([parents, frame], axis=1)


def _spec(codec, table) -> RowSpec:
    reach = np.abs(table.scalars).max(axis=0, initial=1.0)
    return RowSpec.of(codec.layout, tuple(float(r) for r in reach))


def _log_margin(column, size):
    counts = torch.bincount(column.long(), minlength=size).float()
    return ((counts + 0.5) / (len(column) + 0.5 * size)).log()
