"""The skorch nets: an epoch is their batch, the step is a pure torch function."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping
from skorch.history import History

from sklearn_synthohive.neural._autoregressive import AutoregressiveNet
from sklearn_synthohive.neural._decay import WEIGHT_DECAY
from sklearn_synthohive.neural._ema import warm_copy
from sklearn_synthohive.neural._epoch import AdversarialData, Recipe, train_epoch
from sklearn_synthohive.neural._flat import FlatAdamW
from sklearn_synthohive.neural._generator import ConditionalGAN
from sklearn_synthohive.neural._likelihood import (
    LikelihoodData,
    LikelihoodRecipe,
    likelihood_epoch,
)

__all__ = ["AdversarialNet", "EpochNet", "LikelihoodNet", "StopTraining"]


class StopTraining(KeyboardInterrupt):
    """A callback's wish to stop. skorch ends training on KeyboardInterrupt."""


class EpochNet(NeuralNet):
    """skorch's protocol around a training function that takes a whole epoch.

    The training data is one object, the iterator yields it once an epoch, and
    ``train_step`` hands it to :meth:`run_epoch`; history, callbacks, ``save_params``
    and pickling are skorch's. ``module_`` is trained, ``average_`` is the moving
    average of what is sampled from.
    """

    optimizer_names: tuple[str, ...] = ("optimizer_",)

    @property
    def _default_callbacks(self):
        return []

    @property
    def trained(self) -> torch.nn.Module:
        """The part of the module that is sampled from."""
        return self.module_

    def run_epoch(self, data, step: int) -> dict[str, torch.Tensor]:
        """Train for an epoch; the losses by name, the first one is the main one.

        Parameters
        ----------
        data : object
            As given to :meth:`train`.
        step : int
            Steps taken in earlier epochs.
        """
        raise NotImplementedError

    def initialize_module(self):
        """Build the module and its average; no global random state is touched."""
        super().initialize_module()
        if self.recipe.average_decay:
            self.average_ = warm_copy(self.trained)
        return self

    @property
    def sampler(self) -> torch.nn.Module:
        """What is sampled from: the average where there is one."""
        return getattr(self, "average_", None) or self.trained

    def get_split_datasets(self, X, y=None, **fit_params):
        """The training data as it is; held-out rows are the scoring callback's."""
        return X, None

    def get_iterator(self, dataset, training=False):
        """One batch an epoch: all of the data."""
        return [dataset]

    def train_step(self, batch, **fit_params):
        """One epoch; every loss goes into the history with a single host sync."""
        losses = self.run_epoch(batch, (len(self.history) - 1) * self.recipe.steps)
        values = torch.stack(list(losses.values())).tolist()
        for name, value in zip(losses, values, strict=True):
            self.history.record(name, value)
        return {"loss": next(iter(losses.values())).cpu(), "y_pred": None}

    def notify(self, method_name, **cb_kwargs):
        """Tell the callbacks; an early stop is told apart from a real Ctrl-C."""
        getattr(self, method_name)(self, **cb_kwargs)
        for _, callback in self.callbacks_:
            try:
                getattr(callback, method_name)(self, **cb_kwargs)
            except KeyboardInterrupt as stop:
                if isinstance(callback, EarlyStopping):
                    raise StopTraining from stop
                raise

    def train(self, data, epochs: int):
        """Train for some epochs; unlike ``fit``, Ctrl-C reaches the caller.

        Parameters
        ----------
        data : object
        epochs : int

        Returns
        -------
        self
        """
        self.notify("on_train_begin", X=data, y=None)
        try:
            self.fit_loop(data, epochs=epochs)
        except StopTraining:
            pass
        finally:
            self.notify("on_train_end", X=data, y=None)
        return self

    def training_state(self) -> dict:
        """Weights and optimiser states, as tensors and plain data."""
        names = self.optimizer_names
        return {
            "module": self.module_.state_dict(),
            "average": self.average_.state_dict() if self.recipe.average_decay else {},
            "optimizers": [getattr(self, name).state_dict() for name in names],
            "history": self.history.to_list(),
        }

    def restore(self, state: dict):
        """Continue from what :meth:`training_state` returned."""
        self.module_.load_state_dict(state["module"])
        if self.recipe.average_decay:
            self.average_.load_state_dict(state["average"])
        for name, saved in zip(self.optimizer_names, state["optimizers"], strict=True):
            getattr(self, name).load_state_dict(saved)
        self.history = History(state["history"])
        return self

    def settle(self, best: dict | None):
        """Keep one set of weights, the best or the averaged, and no training state."""
        self.trained.load_state_dict(best or self.sampler.state_dict())
        for name in self.optimizer_names:
            getattr(self, name).state.clear()
        if self.recipe.average_decay:
            self.average_ = self.trained
        return self


class AdversarialNet(EpochNet):
    """Trains a generator and its critic.

    ``module_`` holds both networks, ``average_`` the moving average of the generator,
    ``optimizer_`` and ``critic_optimizer_`` their optimisers.

    Parameters
    ----------
    module : type
        ConditionalGAN, with its arguments as ``module__*``.
    recipe : Recipe
    critic_lr : float
        Learning rate of the critic; ``lr`` is the generator's.
    betas : tuple of float
        Of both Adam optimisers.
    weight_decay : float
        Of the generator.
    **kwargs
        As for ``skorch.NeuralNet``.
    """

    optimizer_names = ("optimizer_", "critic_optimizer_")

    def __init__(
        self,
        module=ConditionalGAN,
        *,
        recipe: Recipe,
        critic_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.9),
        weight_decay: float = 1e-6,
        **kwargs,
    ):
        self.recipe = recipe
        self.critic_lr = critic_lr
        self.betas = betas
        self.weight_decay = weight_decay
        kwargs = {"criterion": torch.nn.Identity, "train_split": None} | kwargs
        super().__init__(module, **kwargs)

    @property
    def trained(self):
        """The generator."""
        return self.module_.generator

    def initialize_optimizer(self, triggered_directly=None):
        """One Adam a network; the embeddings learn from both losses."""
        generator, critic = self.module_.generator, self.module_.critic
        shared = [
            *generator.embeddings.parameters(),
            *generator.context_embeddings.parameters(),
        ]
        options: dict[str, Any] = {"betas": self.betas, "fused": True}
        self.optimizer_ = torch.optim.Adam(
            generator.parameters(),
            lr=self.lr,
            weight_decay=self.weight_decay,
            **options,
        )
        self.critic_optimizer_ = torch.optim.Adam(
            [*critic.parameters(), *shared], lr=self.critic_lr, **options
        )
        return self

    def run_epoch(self, data: AdversarialData, step: int):
        """Alternate generator and critic steps."""
        return train_epoch(
            self.module_,
            getattr(self, "average_", None),
            data,
            self.recipe,
            self.optimizer_,
            self.critic_optimizer_,
            data.rng,
            step,
        )


class LikelihoodNet(EpochNet):
    """Trains an autoregressive network by maximum likelihood.

    Parameters
    ----------
    module : type
        AutoregressiveNet, with its arguments as ``module__*``.
    recipe : LikelihoodRecipe
    betas : tuple of float
        Of AdamW.
    weight_decay : float
    input_decay : ndarray of shape (n_columns, n_generated), optional
        Weight decay of the first layer; see ``neural.input_decay``.
    **kwargs
        As for ``skorch.NeuralNet``.
    """

    # Epochs before the learning rate begins to fall, and in which it does.
    cooling: tuple[float, int] = (math.inf, 1)

    def __init__(
        self,
        module=AutoregressiveNet,
        *,
        recipe: LikelihoodRecipe,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = WEIGHT_DECAY,
        input_decay: np.ndarray | None = None,
        **kwargs,
    ):
        self.recipe = recipe
        self.betas = betas
        self.weight_decay = weight_decay
        self.input_decay = input_decay
        kwargs = {"criterion": torch.nn.Identity, "train_split": None} | kwargs
        super().__init__(module, **kwargs)

    def initialize_optimizer(self, triggered_directly=None):
        """AdamW on all weights at once; their average stands in the same order."""
        module = self.module_
        decayed, spared = module.decayed()
        decays: list = [self.weight_decay] * len(decayed)
        if self.input_decay is not None:
            own = torch.as_tensor(self.input_decay, device=module.device)
            places = [k for k, p in enumerate(decayed) if p is module.first.weight]
            decays[places[0]] = module.first.spread(own)
        self.optimizer_ = FlatAdamW(
            decayed, spared, lr=self.lr, betas=self.betas, weight_decay=decays
        )
        if self.recipe.average_decay:
            own, others = self.average_.decayed()  # type: ignore[operator]
            self.optimizer_.keep_average(own, others)
        return self

    def settle(self, best: dict | None):
        """Keep one set of weights."""
        self.optimizer_.mean = self.optimizer_.decay = None
        return super().settle(best)

    def run_epoch(self, data: LikelihoodData, step: int):
        """One pass over the training rows."""
        average = getattr(self, "average_", None)
        cooled = len(self.history) - 1 - self.cooling[0]
        cooling = (0.0, 0.0)
        if cooled >= 0:
            n_epochs = self.cooling[1]
            cooling = (cooled / n_epochs, min(1.0, (cooled + 1) / n_epochs))
        return likelihood_epoch(
            self.module_, average, data, self.recipe, self.optimizer_, step, cooling
        )

    def cool(self, start: int, n_epochs: int):
        """Lower the learning rate to zero over some epochs.

        Parameters
        ----------
        start : int
            Epochs trained before.
        n_epochs : int
        """
        self.cooling = (start, n_epochs)

    def rewind(self, best: dict):
        """Go back to the best weights.

        Parameters
        ----------
        best : dict
            State of the module.
        """
        self.module_.load_state_dict(best)
        if self.recipe.average_decay:
            self.average_.load_state_dict(best)
