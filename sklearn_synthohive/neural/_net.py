"""The skorch net: an epoch is its batch, the step is a pure torch function."""

from __future__ import annotations

from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping
from skorch.history import History

from sklearn_synthohive.neural._ema import warm_copy
from sklearn_synthohive.neural._epoch import AdversarialData, Recipe, train_epoch
from sklearn_synthohive.neural._generator import ConditionalGAN

__all__ = ["AdversarialNet", "StopTraining"]


class StopTraining(KeyboardInterrupt):
    """A callback's wish to stop. skorch ends training on KeyboardInterrupt."""


class AdversarialNet(NeuralNet):
    """Trains a generator and its critic under skorch's protocol.

    ``module_`` holds both networks, ``average_`` the moving average of the generator,
    ``optimizer_`` and ``critic_optimizer_`` their optimisers. The training data is one
    object, the iterator yields it once an epoch, and ``train_step`` hands it to
    :func:`train_epoch`; history, callbacks, ``save_params`` and pickling are skorch's.

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
    def _default_callbacks(self):
        return []

    def initialize_module(self):
        """Build both networks and the average; no global random state is touched."""
        super().initialize_module()
        if self.recipe.average_decay:
            self.average_ = warm_copy(self.module_.generator)
        return self

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

    @property
    def sampler(self) -> torch.nn.Module:
        """The generator to sample from: the average where there is one."""
        return getattr(self, "average_", None) or self.module_.generator

    def get_split_datasets(self, X, y=None, **fit_params):
        """The training data as it is; held-out rows are the scoring callback's."""
        return X, None

    def get_iterator(self, dataset, training=False):
        """One batch an epoch: all of the data."""
        return [dataset]

    def train_step(self, batch: AdversarialData, **fit_params):
        """One epoch; every loss goes into the history with a single host sync."""
        steps = self.recipe.steps
        losses = train_epoch(
            self.module_,
            getattr(self, "average_", None),
            batch,
            self.recipe,
            self.optimizer_,
            self.critic_optimizer_,
            batch.rng,
            (len(self.history) - 1) * steps,
        )
        values = torch.stack(list(losses.values())).tolist()
        for name, value in zip(losses, values, strict=True):
            self.history.record(name, value)
        return {"loss": losses["generator_loss"].cpu(), "y_pred": None}

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

    def train(self, data: AdversarialData, epochs: int):
        """Train for some epochs; unlike ``fit``, Ctrl-C reaches the caller.

        Parameters
        ----------
        data : AdversarialData
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
        return {
            "module": self.module_.state_dict(),
            "average": self.average_.state_dict() if self.recipe.average_decay else {},
            "optimizer": self.optimizer_.state_dict(),
            "critic_optimizer": self.critic_optimizer_.state_dict(),
            "history": self.history.to_list(),
        }

    def restore(self, state: dict):
        """Continue from what :meth:`training_state` returned."""
        self.module_.load_state_dict(state["module"])
        if self.recipe.average_decay:
            self.average_.load_state_dict(state["average"])
        self.optimizer_.load_state_dict(state["optimizer"])
        self.critic_optimizer_.load_state_dict(state["critic_optimizer"])
        self.history = History(state["history"])
        return self
