"""The autoregressive network as a strategy: prepare, build, train, score."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import torch

from sklearn_synthohive.generators._adversarial import AdversarialStage
from sklearn_synthohive.generators._annealing import (
    Annealer,
    Annealing,
    StopAfterAnnealing,
)
from sklearn_synthohive.generators._corpus import Corpus
from sklearn_synthohive.generators._fitted_autoregressive import FittedAutoregressive
from sklearn_synthohive.generators._linear_law import LinearLaw
from sklearn_synthohive.generators._little_to_learn import warn_if_little
from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.neural import (
    LikelihoodData,
    LikelihoodNet,
    LikelihoodRecipe,
    NormalScores,
    input_decay,
    learn_columns,
    likelihood_epoch,
    mean_log_likelihood,
)

__all__ = ["AutoregressiveStrategy"]

log = get_logger(__name__)

# Held-out rows stop training before it learns single rows by heart, so small tables
# give up a larger share of their rows.
LEAST_HELD_OUT, LARGEST_SHARE = 30, 0.3
# Small tables take smaller batches: some hundred steps an epoch, no batch below this.
STEPS_AN_EPOCH, SMALLEST_BATCH = 100, 32
# Fewer steps than this say too little about a plateau: then an epoch is several passes.
LEAST_STEPS = 20
# Epochs that the steps of a large table are spread over: the rate falls in the last.
LEAST_EPOCHS = 4
# Units a column in each layer: more, and one layer more, where many rows have more to
# tell.
WIDTHS, MORE_WIDTHS, MANY_ROWS = (32, 32), (64, 64, 64), 50_000
# Tables of fewer rows begin at a linear law: steps on rows drawn from it, their size,
# cells drawn at most; and the learning rate from there on.
FEW_ROWS, FIRST_STEPS, FIRST_BATCH, FIRST_CELLS = 5_000, 400, 128, 5_000_000
FEW_ROWS_LR = 5e-3
# Fewer say nothing of a law.
LEAST_ROWS = 30


class AutoregressiveStrategy:
    """How the autoregressive network is prepared, built, scored and stopped."""

    metric = "log_likelihood"
    n_components = 1
    generator_lr = 1e-2
    fitted_class = FittedAutoregressive

    def check(self, model, context):
        """Refuse parameters that contradict each other."""
        widths = model.generator_dim
        if widths is not None and len(set(widths)) != 1:
            raise ValueError(
                f"generator_dim={tuple(widths)!r} must hold equal widths for the "
                "autoregressive generator: its layers are added up."
            )

        if model.adversarial_rounds and not model.validation_fraction:
            raise ValueError(
                "adversarial_rounds is decided by held-out rows: give a "
                "validation_fraction above 0, or adversarial_rounds=0."
            )

    def held_out(self, n, fraction):
        """How many rows to hold out."""
        if not fraction:
            return 0
        least = min(LEAST_HELD_OUT, round(LARGEST_SHARE * n))
        return max(round(fraction * n), least)

    def prepare(self, model, train, corpus, device, seed):
        """States and normal scores on the device; the order of the columns."""
        layout = corpus.codec.layout
        scores = NormalScores.fit(layout, corpus.table, corpus.codec.least)
        context_scores = context_layout = None
        if corpus.context is not None:
            context_layout = corpus.context_codec.layout
            least = corpus.context_codec.least
            context_scores = NormalScores.fit(context_layout, corpus.context, least)
        rng = torch.Generator(device).manual_seed(seed)
        # The rows are looked at twice, and their codes are the states of the data.
        train = train.take(np.arange(len(train)))
        data = _likelihood_data(train, scores, context_scores, rng, device)
        batch = min(model.batch_size, max(SMALLEST_BATCH, len(data) // STEPS_AN_EPOCH))
        steps = max(1, len(data) // batch)
        passes = -(-LEAST_STEPS // steps)
        recipe = LikelihoodRecipe(
            batch_size=batch,
            steps=steps * passes,
            passes=passes,
            average_decay=model.average_decay,
        )
        counts = [
            np.bincount(corpus.table.codes[:, i], minlength=span.n_states)
            for i, span in enumerate(layout.spans)
        ]
        columns, information = learn_columns(
            layout,
            train.table,
            counts,
            context_layout,
            train.context,
            [target for target, _ in corpus.codec.differences],
        )
        law = None
        # Held-out rows decide whether it is one to begin at.
        few = LEAST_ROWS <= len(corpus) < FEW_ROWS
        if few and model.early_stopping and len(columns.sizes) > 1:
            law = LinearLaw.fit(train, corpus, columns)
        # Held-out rows are trained on in the end, too.
        given = None if corpus.context is None else corpus.context.codes
        return SimpleNamespace(
            data=data,
            recipe=recipe,
            scores=scores,
            context_scores=context_scores,
            counts=counts,
            columns=columns.recounted(corpus.table.codes, given, corpus.codec.least),
            hidden=_widths(model, len(corpus)),
            input_decay=input_decay(columns, information, len(data), batch),
            law=law,
            first_rate=model.generator_lr or self.generator_lr,
            first_score=-math.inf,
            seed=seed,
        )

    def build_net(self, model, prepared, seed, device):
        """The skorch net, not yet initialised."""
        rate = self.generator_lr if prepared.law is None else FEW_ROWS_LR
        return LikelihoodNet(
            recipe=prepared.recipe,
            input_decay=prepared.input_decay,
            lr=model.generator_lr or rate,
            device=str(device),
            max_epochs=self.most_epochs(model, prepared),
            module__columns=prepared.columns,
            module__hidden=prepared.hidden,
            module__seed=seed,
        )

    def start(self, net, prepared, scoring):
        """Start at the margins, or at a linear law that held-out rows prefer.

        Parameters
        ----------
        net : LikelihoodNet
        prepared : SimpleNamespace
        scoring : Scoring
        """
        columns = prepared.columns
        order = [c - columns.n_context for c in columns.order]
        net.module_.start_from_margins([prepared.counts[i] for i in order])
        _level(net)
        if prepared.law is None:
            return
        margins = copy.deepcopy(net.module_.state_dict())
        least = scoring.begin(net)
        self._start_linear(net, prepared)
        _level(net)
        prepared.first_score = scoring.begin(net)
        found = {"log_likelihood": prepared.first_score, "margins": least}
        log.info("linear_start", **{k: round(v, 5) for k, v in found.items()})
        # Nor one that is not a number.
        if not prepared.first_score > least:
            net.module_.load_state_dict(margins)
            _level(net)
            prepared.first_score = scoring.begin(net)
            net.optimizer_.param_groups[0]["lr"] = prepared.first_rate

    def _start_linear(self, net, prepared):
        """Train on rows drawn from the linear law, each of them once."""
        affordable = FIRST_CELLS // len(prepared.columns.sizes) // FIRST_BATCH
        steps = min(FIRST_STEPS, max(1, affordable))
        rng = np.random.default_rng(prepared.seed)
        table, context = prepared.law.draw(steps * FIRST_BATCH, rng)
        device = prepared.data.states.device
        rng = torch.Generator(device).manual_seed(prepared.seed)
        tables = prepared.scores, prepared.context_scores
        drawn = Corpus(None, table, None, context)
        data = _likelihood_data(drawn, *tables, rng, device)
        recipe = replace(net.recipe, batch_size=FIRST_BATCH, steps=steps, passes=1)
        optimizer = net.optimizer_
        (group,) = optimizer.param_groups
        group["lr"] = prepared.first_rate
        falling = (0.0, 1.0)
        likelihood_epoch(
            net.module_, None, data, recipe, optimizer, 0, falling, counted=False
        )
        group["lr"] = net.lr
        optimizer.state.clear()

    def fitted(self, model, corpus, prepared, net):
        """What samples, around the network as it is now."""
        return FittedAutoregressive(
            corpus.codec,
            corpus.context_codec,
            net.sampler,
            prepared.scores,
            prepared.context_scores,
            prepared.counts,
        )

    def scorer(self, held_out, prepared, seed, fitted):
        """Mean log-likelihood of held-out rows, with the same scores every time."""
        device = prepared.data.states.device
        rng = torch.Generator(device).manual_seed(seed)
        tables = prepared.scores, prepared.context_scores
        data = _likelihood_data(held_out, *tables, rng, device)
        scores = data.scores()
        # Pairs are counted on all rows, and each row is left out for itself.
        return lambda: mean_log_likelihood(
            fitted().network, data.states, scores, counted=True
        )

    def score_every(self, checkpoint_interval):
        """Every epoch: the score costs little."""
        return 1

    def steered_by(self, model):
        """Parameters of the run that decide when the learning rate falls."""
        if not model.early_stopping:
            return {"early_stopping"}
        return {"early_stopping", "n_iter_no_change", "tol", "max_steps"}

    def most_epochs(self, model, prepared, epochs=None):
        """Epochs at most, of the model's or of others."""
        epochs = epochs or model.epochs
        if not model.early_stopping or model.max_steps is None:
            return epochs
        enough = max(LEAST_EPOCHS, round(model.max_steps / prepared.recipe.steps))
        return min(epochs, enough)

    def same_way(self, model, prepared, epochs, history):
        """Whether a run of other epochs would have come the same way so far."""
        if not model.early_stopping:
            return True
        now, then = self._plan(model, prepared), self._plan(model, prepared, epochs)
        return now.span(history) == then.span(history)

    def schedule(self, model, scoring, prepared, held_out):
        """Callbacks that act on the network between two epochs."""
        if not model.early_stopping:
            return []
        data = prepared.data

        def look(network):
            if held_out is None or len(prepared.columns.sizes) == 1:
                return
            device = data.states.device
            rng = torch.Generator(device).manual_seed(prepared.seed)
            tables = prepared.scores, prepared.context_scores
            unseen = _likelihood_data(held_out, *tables, rng, device)
            n_rows = len(data) + len(unseen)
            warn_if_little(network, n_rows, unseen.states, unseen.scores(), rng)

        def more():
            # The adversarial stage needs rows that nothing was trained on.
            if held_out is None or model.adversarial_rounds:
                return None
            tables = prepared.scores, prepared.context_scores
            return _likelihood_data(held_out, *tables, data.rng, data.states.device)

        return [Annealer(self._plan(model, prepared), scoring, data, more, look)]

    def refine(self, run, fitted, train, held_out, seed):
        """The adversarial stage, where it is wanted."""
        model, prepared = run.model, run.prepared
        if not model.adversarial_rounds:
            return
        rng = torch.Generator(prepared.data.states.device).manual_seed(seed)
        tables = prepared.scores, prepared.context_scores

        def data(corpus):
            device = prepared.data.states.device
            return _likelihood_data(corpus, *tables, rng, device)

        AdversarialStage(
            train.take(np.arange(len(train))),
            held_out,
            data,
            self.scorer(held_out, prepared, seed, lambda: fitted),
            recipe=prepared.recipe,
            lr=model.generator_lr or self.generator_lr,
            tol=model.tol,
            seed=seed,
        ).run(fitted, model.adversarial_rounds)

    def stopping(self, model, prepared):
        """The callback that ends training early."""
        return StopAfterAnnealing(self._plan(model, prepared))

    def _plan(self, model, prepared, epochs=None):
        # The short epochs of small tables count in proportion.
        share = min(1.0, prepared.recipe.steps / STEPS_AN_EPOCH)
        patience, tol = math.ceil(model.n_iter_no_change / share), model.tol
        most = self.most_epochs(model, prepared, epochs)

        def start():
            # It is known only when the callbacks are there already.
            return prepared.first_score

        return Annealing(self.metric, patience, tol, most, start=start)

    def culprit(self, prepared, layout):
        """The column with most scalars that are tied to few values."""
        continuous = layout.continuous
        if not continuous:
            return layout.spans[0].column
        width = (prepared.data.high - prepared.data.low).mean(0).cpu().numpy()
        own = width[len(width) - len(continuous) :]
        return layout.spans[continuous[int(np.argmax(own))]].column


def _level(net):
    """Let the average begin where the network is."""
    if net.recipe.average_decay:
        net.average_.load_state_dict(net.module_.state_dict())


def _widths(model, n_rows):
    """Units a column, for each hidden layer."""
    if model.generator_dim is not None:
        return tuple(model.generator_dim)
    return MORE_WIDTHS if n_rows >= MANY_ROWS else WIDTHS


def _likelihood_data(corpus, scores, context_scores, rng, device):
    """Rows with their context, as the likelihood takes them."""
    pairs = [(corpus.table, scores)]
    if corpus.context is not None:
        pairs.insert(0, (corpus.context, context_scores))
    return LikelihoodData(pairs, rng, device)
