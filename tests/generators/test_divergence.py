"""Runs that diverge: found, undone once, then told with the column."""

import logging

import numpy as np
import pandas as pd
import pytest
import torch
from gan_cases import At, From, fit, same, small_gan

from sklearn_synthohive import DataTransformer, SchemaError, TrainingError
from sklearn_synthohive.generators import _divergence as divergence


def poison(net):
    with torch.no_grad():
        next(iter(net.module_.parameters())).fill_(np.nan)


def no_clock(model):
    return model.history_.drop(columns="seconds")


class TestOnce:
    """The first time training goes back, and ends as a good run."""

    def test_a_planted_nan_is_undone(self, table, network, caplog):
        model = small_gan(generator=network, epochs=6, callbacks=[At(3, poison)])
        with caplog.at_level(logging.WARNING):
            fit(model, table)
        assert caplog.text.count("training_rolled_back") == 1
        assert "to_epoch=3 rate=0.1" in caplog.text
        assert model.history_["epoch"].tolist() == list(
            range(1, len(model.history_) + 1)
        )
        assert np.isfinite(no_clock(model).drop(columns="is_best")).to_numpy().any()
        for module in model._fitted.modules().values():
            assert all(w.isfinite().all() for w in module.parameters())
        assert len(model.sample(20, seed=0)) == 20

    def test_the_epochs_before_are_those_of_a_good_run(self, table, network):
        options = {"generator": network, "epochs": 5, "early_stopping": False}
        good = fit(small_gan(**options), table)
        model = fit(small_gan(**options, callbacks=[At(3, poison)]), table)
        same(no_clock(model)[:3], no_clock(good)[:3])
        assert not no_clock(model)[3:].equals(no_clock(good)[3:])

    def test_the_rate_is_lower_from_then_on(self, table, network):
        rates = []

        def look(net):
            rates.append(net.optimizer_.param_groups[0].get("initial_lr") or 0)
            rates[-1] = rates[-1] or net.optimizer_.param_groups[0]["lr"]

        model = small_gan(
            generator=network,
            epochs=4,
            early_stopping=False,
            callbacks=[From(1, look), At(2, poison)],
        )
        fit(model, table)
        assert len(rates) == 4
        np.testing.assert_allclose(rates[2:], 0.1 * rates[0])
        assert rates[0] == rates[1]

    def test_in_the_last_part_on_all_rows(self, table):
        """The held-out rows join the others once, not twice."""
        sizes = []

        class Rows(At):
            def on_epoch_begin(self, net, dataset_train=None, **kwargs):
                sizes.append(len(dataset_train))

        options = {"generator": "autoregressive", "epochs": 8}
        good = fit(small_gan(**options, callbacks=[Rows(0, None)]), table)
        last = len(good.history_)
        whole, sizes[:] = list(sizes), []
        poisoned = [Rows(0, None), At(last - 1, poison)]
        model = fit(small_gan(**options, callbacks=poisoned), table)
        assert set(whole) == {len(table), whole[0]}
        assert max(sizes) == len(table)
        assert len(model.history_) == last

    def test_a_resumed_run_remembers(self, table, tmp_path, network):
        """Cut after it went back, it equals the run that was not cut."""

        def interrupt(net):
            raise KeyboardInterrupt

        options = {"generator": network, "epochs": 7, "early_stopping": False}
        whole = small_gan(**options, callbacks=[At(2, poison)])
        fit(whole, table, checkpoint_interval=1)
        cut = small_gan(**options, callbacks=[At(2, poison), At(5, interrupt)])
        with pytest.raises(KeyboardInterrupt):
            fit(cut, table, checkpoint_dir=tmp_path, checkpoint_interval=1)
        resumed = small_gan(**options, resume_from=tmp_path)
        fit(resumed, table, checkpoint_interval=1)
        same(no_clock(resumed), no_clock(whole))
        same(resumed.sample(60, seed=0), whole.sample(60, seed=0))
        again = small_gan(**options, resume_from=tmp_path, callbacks=[At(6, poison)])
        with pytest.raises(TrainingError, match="had gone back before"):
            fit(again, table, checkpoint_interval=1)


class TestTwice:
    def test_an_error_names_a_column_and_the_remedy(self, table, network):
        model = small_gan(generator=network, epochs=6, callbacks=[From(2, poison)])
        names = "|".join(table.columns)
        with pytest.raises(TrainingError, match=rf"'({names})'") as caught:
            fit(model, table)
        assert "lower generator_lr" in str(caught.value)
        assert not hasattr(model, "layout_")

    @pytest.mark.parametrize("rate", [1e3, 1e30])
    def test_a_rate_at_which_losses_explode(self, table, network, rate):
        model = small_gan(
            generator=network, epochs=5, generator_lr=rate, discriminator_lr=rate
        )
        with pytest.raises(TrainingError, match=r"exploded|NaN or infinite"):
            fit(model, table)

    def test_a_nan_in_an_encoded_column_is_named(self, table, network, monkeypatch):
        """A column that no encoding should make; the others are not accused."""
        encode = DataTransformer.encode

        def spoiled(self, X):
            compact = encode(self, X)
            compact.scalars[::7, -1] = np.nan
            return compact

        monkeypatch.setattr(DataTransformer, "encode", spoiled)
        monkeypatch.setattr("skorch.NeuralNet.fit_loop", None)
        model = small_gan(generator=network, rules=None)
        with pytest.raises(SchemaError, match="column 'since' holds NaN"):
            fit(model, table)
        monkeypatch.undo()


def test_an_explosion_is_measured_by_the_epochs_before():
    history = [{"nll_loss": -3.0}, {"nll_loss": 4.0}]
    assert divergence._limit("nll_loss", history) == 5000
    assert divergence._limit("nll_loss", []) == 1e6
    # In units that few rows make tiny: it may be anything, but finite.
    assert divergence._limit("moment_loss", []) == np.inf


@pytest.mark.parametrize(
    "values",
    [
        [1e300, -1e300, 5e-324, 1.0],
        [1.7e308, -1.7e308, 0.0, 1.0],
        [3.0, 3.0, 3.0, 3.0],
        [1e300] * 4,
    ],
    ids=["huge", "largest", "constant", "constant and huge"],
)
def test_extreme_columns_train(values, network, caplog):
    rng = np.random.default_rng(0)
    column = rng.choice(values, 150) * rng.choice([1.0, 0.5], 150)
    frame = pd.DataFrame({"x": column, "y": rng.normal(size=150)})
    model = fit(small_gan(generator=network, epochs=3), frame)
    sample = model.sample(50, seed=0)
    assert np.isfinite(sample).to_numpy().all()
    assert sample["x"].between(frame["x"].min(), frame["x"].max()).all()
    assert "training_rolled_back" not in caplog.text
