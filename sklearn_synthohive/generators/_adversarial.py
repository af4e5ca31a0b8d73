"""The adversarial stage of the autoregressive generator, with a critic of trees."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.neural import weighted_epoch

__all__ = ["AdversarialStage", "Critic"]

log = get_logger(__name__)

MAX_ROWS = 50_000
# A critic is most often wrong where it is most certain.
MAX_LOG_RATIO = 2.0
RATE = 0.05
# scikit-learn's trees take no more levels of a category.
MAX_LEVELS = 255


class Critic:
    """Boosted trees that tell real rows from sampled ones, fitted across two folds.

    Parameters
    ----------
    real, sampled
        Of equally many rows.
    seed : int
    """

    def __init__(self, real, sampled, seed: int):
        x = np.concatenate([_features(real), _features(sampled)])
        y = np.repeat([1, 0], [len(real), len(sampled)])
        self.x, self.y = x, y
        self.folds = []
        splits = StratifiedKFold(2, shuffle=True, random_state=seed).split(x, y)
        for train, rest in splits:
            model = HistGradientBoostingClassifier(
                categorical_features=_is_category(real), random_state=seed
            )
            self.folds.append((model.fit(x[train], y[train]), rest))

    def ratio(self) -> np.ndarray:
        """Density ratio, real to sampled, of the sampled rows; its mean is one."""
        logits = np.zeros(len(self.y))
        for model, rest in self.folds:
            logits[rest] = model.decision_function(self.x[rest])
        own = np.clip(logits[self.y == 0], -MAX_LOG_RATIO, MAX_LOG_RATIO)
        ratio = np.exp(own - own.max())
        return ratio / ratio.mean()

    def auc(self, held_out) -> float:
        """How well held-out rows are told from sampled rows, neither seen before."""
        x, found = _features(held_out), []
        for model, rest in self.folds:
            sampled = self.x[rest[self.y[rest] == 0]]
            scores = [model.decision_function(rows) for rows in (x, sampled)]
            labels = np.repeat([1, 0], [len(x), len(sampled)])
            found.append(roc_auc_score(labels, np.concatenate(scores)))
        return float(np.mean(found))


class AdversarialStage:
    """Rounds of sampling, judging and training; each is kept if it helped.

    Parameters
    ----------
    train, held_out
        Held-out rows decide what is kept.
    likelihood_data : callable
        Takes a Corpus and returns its rows as LikelihoodData.
    score : callable
        The held-out log-likelihood of the network as it is.
    recipe : LikelihoodRecipe
    lr : float
        Learning rate of the likelihood stage; a tenth is taken here.
    tol : float
        Loss of held-out likelihood that is put up with.
    seed : int
    """

    # Both are changed by the benchmark of the stages only.
    weight = 1.0
    gated = True

    def __init__(
        self, train, held_out, likelihood_data, score, *, recipe, lr, tol, seed
    ):
        self.train = train
        self.held_out = held_out
        self.likelihood_data = likelihood_data
        self.score = score
        self.recipe = recipe
        self.lr = lr
        self.tol = tol
        self.seed = seed

    def run(self, fitted, rounds: int) -> list[dict]:
        """Train the network of a fitted generator on.

        Parameters
        ----------
        fitted : FittedAutoregressive
            Ends with the best state, which may be the one it came with.
        rounds : int

        Returns
        -------
        list of dict
            ``auc`` and ``log_likelihood`` on held-out rows before each round and after
            the last one, and whether the round before was ``kept``.
        """
        net, average = copy.deepcopy(fitted.network), fitted.network
        net.requires_grad_(True)
        optimizer = torch.optim.AdamW(
            net.parameters(), lr=RATE * self.lr, betas=(0.9, 0.99), weight_decay=0.0
        )
        seeds = np.random.default_rng(self.seed)
        found: list[dict] = []
        best = None
        for k in range(rounds + 1):
            real = self._subset(seeds)
            sampled = _draw(fitted, real, int(seeds.integers(2**62)))
            critic = Critic(real, sampled, int(seeds.integers(2**31)))
            now = {
                "auc": critic.auc(self.held_out),
                "log_likelihood": float(self.score()),
            }
            now["kept"] = not found or self._is_better(now, found[-1])
            found.append(now)
            log.info("adversarial_round", round=k, **now)
            if self.gated and not now["kept"]:
                average.load_state_dict(best)
                break
            best = copy.deepcopy(average.state_dict())
            if k < rounds:
                ratio = torch.as_tensor(critic.ratio(), dtype=torch.float32)
                data, pool = self.likelihood_data(real), self.likelihood_data(sampled)
                ratio = ratio.to(data.states.device)
                parts = net, average, data, pool, ratio
                weighted_epoch(*parts, self.recipe, optimizer, self.weight)
        return found

    def _is_better(self, now, before):
        fell = before["log_likelihood"] - now["log_likelihood"]
        return now["auc"] < before["auc"] and fell <= self.tol

    def _subset(self, rng):
        if len(self.train) <= MAX_ROWS:
            return self.train
        rows = rng.choice(len(self.train), MAX_ROWS, replace=False)
        return self.train.take(np.sort(rows))


def _draw(fitted, like, seed: int):
    """As many rows as another corpus has, for its contexts."""
    table = fitted.draw(len(like), seed, context=like.context)
    return replace(like, table=table)


def _tables(corpus) -> list[CompactTable]:
    return [t for t in (corpus.table, corpus.context) if t is not None]


def _features(corpus) -> np.ndarray:
    """States and scalars of the rows and their contexts, side by side."""
    parts = [part for t in _tables(corpus) for part in (t.codes, t.scalars)]
    return np.concatenate(parts, axis=1, dtype=np.float64)


def _is_category(corpus) -> np.ndarray:
    found = []
    for codec in (corpus.codec, corpus.context_codec):
        if codec is not None:
            layout = codec.layout
            found += [span.n_states <= MAX_LEVELS for span in layout.spans]
            found += [False] * len(layout.continuous)
    return np.array(found)
