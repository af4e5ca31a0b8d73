"""Small tables and small models, so that a fit takes a fraction of a second."""

import numpy as np
import pandas as pd
from skorch.callbacks import Callback

from sklearn_synthohive import CTGAN


def small_gan(**parameters):
    """A CTGAN of a few units, for two epochs."""
    small = {
        "generator": "mlp",
        "embedding_dim": 8,
        "generator_dim": (16,),
        "discriminator_dim": (16,),
        "batch_size": 40,
        "epochs": 2,
        "random_state": 0,
    }
    return CTGAN(**(small | parameters))


def fit(model, X, **options):
    """Fit without a bar."""
    return model.fit(X, progress_bar=False, **options)


def people(n=200, seed=0):
    """A whole number, a number with gaps, a category, a date and a truth value."""
    rng = np.random.default_rng(seed)
    income = rng.lognormal(8, 0.5, n).round(2)
    income[rng.random(n) < 0.2] = np.nan
    days = rng.integers(0, 900, n).astype("timedelta64[D]")
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "income": income,
            "city": rng.choice(["Oslo", "Rome", "Bonn"], n, p=[0.6, 0.3, 0.1]),
            "since": np.datetime64("2020-01-01", "s") + days,
            "member": rng.random(n) < 0.4,
        }
    )


def parents(n=200, seed=1):
    """A number, a category and a category of many levels."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "region": rng.choice(["north", "south"], n),
            "size": rng.gamma(2.0, 10.0, n),
            "branch": [f"B{k:02}" for k in (np.arange(n) * 7) % 60],
        }
    )


def same(left, right):
    """Two frames are equal to the last bit."""
    pd.testing.assert_frame_equal(left, right, check_exact=True)


class At(Callback):
    """Calls a function with the net at the end of one epoch."""

    def __init__(self, epoch, act, moment="on_epoch_end"):
        self.epoch = epoch
        self.act = act
        self.moment = moment

    def _when(self, moment, net):
        if moment == self.moment and len(net.history) == self.epoch:
            self.act(net)

    def on_epoch_end(self, net, **kwargs):
        self._when("on_epoch_end", net)

    def on_batch_end(self, net, **kwargs):
        self._when("on_batch_end", net)


class From(At):
    """As At, at the end of every epoch from one on."""

    def _when(self, moment, net):
        if moment == self.moment and len(net.history) >= self.epoch:
            self.act(net)
