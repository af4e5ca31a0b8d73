"""Checkpoints, resuming, early stopping, and runs that end badly."""

import csv

import numpy as np
import pandas as pd
import pytest
import torch
from gan_cases import At, From, fit, parents, people, same, small_gan

from sklearn_synthohive import CTGAN, SerializationError, TrainingError

LOSSES = ["critic_loss", "generator_loss", "moment_loss"]


def no_clock(model):
    """The history, but for the seconds that an epoch took."""
    return model.history_.drop(columns="seconds")


def interrupt(net):
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of four epochs with a checkpoint after each second one."""
    folder = tmp_path_factory.mktemp("run") / "not there yet"
    model = fit(
        small_gan(epochs=4), people(), checkpoint_dir=folder, checkpoint_interval=2
    )
    return model, folder


class TestFiles:
    def test_the_folder_holds_what_was_promised(self, run):
        names = {path.name for path in run[1].iterdir()}
        assert names == {
            "best_checkpoint",
            "last_checkpoint",
            "final_checkpoint",
            "training_metrics.csv",
        }

    @pytest.mark.parametrize("name", ["best", "last", "final"])
    def test_every_checkpoint_is_a_model(self, run, name):
        model, folder = run
        loaded = CTGAN().load(folder / f"{name}_checkpoint")
        sample = loaded.sample(30, seed=0)
        same(sample[:0], model.sample(30, seed=0)[:0])

    def test_the_best_one_is_what_fit_keeps(self, run):
        """With early stopping the best state is sampled from, here and there."""
        model, folder = run
        expected = model.sample(30, seed=0)
        for name in ("best_checkpoint", "final_checkpoint"):
            same(CTGAN().load(folder / name).sample(30, seed=0), expected)

    def test_the_csv_is_the_history(self, run):
        model, folder = run
        written = pd.read_csv(folder / "training_metrics.csv")
        assert list(written.columns) == list(model.history_.columns)
        assert written["epoch"].tolist() == [1, 2, 3, 4]
        for name in [*LOSSES, "fidelity", "seconds"]:
            np.testing.assert_allclose(written[name], model.history_[name])

    def test_fidelity_is_scored_at_the_interval(self, run):
        history = run[0].history_
        assert history["fidelity"].notna().tolist() == [False, True, False, True]
        assert history["fidelity"].dropna().between(0, 1).all()

    def test_the_last_epoch_is_scored_whatever_the_interval(self, table):
        history = fit(small_gan(epochs=3), table, checkpoint_interval=50).history_
        assert history["fidelity"].notna().tolist() == [False, False, True]

    def test_the_csv_can_be_left_out(self, table, tmp_path):
        fit(small_gan(), table, checkpoint_dir=tmp_path, log_metrics=False)
        assert not (tmp_path / "training_metrics.csv").exists()
        assert (tmp_path / "final_checkpoint").is_dir()

    def test_the_csv_is_written_as_training_goes(self, table, tmp_path):
        lines = []

        def read(net):
            with open(tmp_path / "training_metrics.csv", newline="") as file:
                lines.append(len(list(csv.DictReader(file))))

        fit(small_gan(callbacks=[At(2, read)]), table, checkpoint_dir=tmp_path)
        assert lines == [2]

    def test_without_a_folder_nothing_is_written(self, table, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        fit(small_gan(), table)
        assert list(tmp_path.iterdir()) == []

    def test_a_context_has_checkpoints_too(self, table, tmp_path):
        model = fit(
            small_gan(),
            table,
            context=parents(),
            checkpoint_dir=tmp_path,
            checkpoint_interval=1,
        )
        loaded = CTGAN().load(tmp_path / "final_checkpoint")
        few = parents(20)
        same(
            loaded.sample(20, context=few, seed=0),
            model.sample(20, context=few, seed=0),
        )
        assert model.history_["fidelity"].notna().all()


class TestResuming:
    """A run that was cut goes on as if it had not been."""

    OPTIONS = {"checkpoint_interval": 2}  # noqa: RUF012

    def cut(self, folder, table, epoch, context=None, **parameters):
        model = small_gan(epochs=6, callbacks=[At(epoch, interrupt)], **parameters)
        with pytest.raises(KeyboardInterrupt):
            fit(model, table, checkpoint_dir=folder, context=context, **self.OPTIONS)

    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"average_decay": 0, "batch_norm": False, "early_stopping": False},
            {"forced_share": 1.0, "clamp_conditions": False, "discriminator_steps": 2},
            {"random_state": None},
            {"generator": "autoregressive", "tol": 0.0, "n_iter_no_change": 9},
        ],
    )
    @pytest.mark.parametrize("epoch", [2, 5])
    def test_it_equals_the_uninterrupted_run(self, table, tmp_path, parameters, epoch):
        self.cut(tmp_path, table, epoch, **parameters)
        resumed = fit(
            small_gan(epochs=6, resume_from=tmp_path, **parameters),
            table,
            **self.OPTIONS,
        )
        whole = fit(
            small_gan(epochs=6, **parameters), table, seed=resumed.seed_, **self.OPTIONS
        )
        assert resumed.history_["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
        same(no_clock(resumed), no_clock(whole))
        same(resumed.sample(300, seed=0), whole.sample(300, seed=0))

    def test_with_context_and_many_levels(self, table, tmp_path, network):
        context = parents()
        self.cut(tmp_path, table, 3, context, generator=network)
        options = {"context": context, **self.OPTIONS}
        resumed = fit(
            small_gan(generator=network, epochs=6, resume_from=tmp_path),
            table,
            **options,
        )
        whole = fit(small_gan(generator=network, epochs=6), table, **options)
        same(no_clock(resumed), no_clock(whole))
        same(
            resumed.sample(200, context=context, seed=0),
            whole.sample(200, context=context, seed=0),
        )

    def test_a_checkpoint_can_be_named_itself(self, table, run):
        _, folder = run
        longer = fit(
            small_gan(epochs=5, resume_from=folder / "last_checkpoint"),
            table,
            **self.OPTIONS,
        )
        assert longer.history_["epoch"].tolist() == [1, 2, 3, 4, 5]

    def test_nothing_left_to_train(self, table, run):
        """A finished run resumed for as many epochs is the finished run."""
        model, folder = run
        again = fit(small_gan(epochs=4, resume_from=folder), table, **self.OPTIONS)
        same(again.sample(40, seed=0), model.sample(40, seed=0))

    def test_other_rows_are_refused(self, run):
        model = small_gan(epochs=6, resume_from=run[1])
        with pytest.raises(SerializationError, match="other rows"):
            fit(model, people(seed=9), **self.OPTIONS)
        with pytest.raises(SerializationError, match="other rows"):
            fit(model, people()[::-1], **self.OPTIONS)
        with pytest.raises(SerializationError, match="other rows"):
            fit(model, people(), context=parents(), **self.OPTIONS)

    @pytest.mark.parametrize(
        "changed",
        [
            {"generator_dim": (8,)},
            {"batch_size": 20},
            {"generator_lr": 0.5},
            {"moment_weight": 0},
            {"average_decay": 0},
            {"halving_steps": 7},
        ],
        ids=lambda changed: next(iter(changed)),
    )
    def test_other_parameters_are_refused_by_name(self, table, run, changed):
        model = small_gan(epochs=6, resume_from=run[1], **changed)
        with pytest.raises(SerializationError, match=next(iter(changed))):
            fit(model, table)

    @pytest.mark.parametrize(
        "changed", [{"n_iter_no_change": 2}, {"tol": 0.5}, {"random_state": 8}]
    )
    def test_what_does_not_change_the_steps_may_change(self, table, run, changed):
        model = small_gan(epochs=5, resume_from=run[1], **changed)
        assert len(fit(model, table, **self.OPTIONS).history_) == 5

    def test_another_seed_is_refused(self, table, run):
        model = small_gan(epochs=6, resume_from=run[1])
        with pytest.raises(ValueError, match="seed=0, not 5"):
            fit(model, table, seed=5)

    def test_a_folder_without_a_checkpoint_says_so(self, table, tmp_path):
        for path in (tmp_path, tmp_path / "missing"):
            with pytest.raises(SerializationError, match=tmp_path.name):
                fit(small_gan(resume_from=path), table)

    def test_a_saved_model_is_no_checkpoint(self, table, raw, tmp_path):
        raw.save(tmp_path / "model")
        with pytest.raises(SerializationError, match="resume"):
            fit(small_gan(resume_from=tmp_path / "model"), table)

    def test_a_damaged_checkpoint_is_refused(self, table, tmp_path):
        fit(small_gan(), table, checkpoint_dir=tmp_path, checkpoint_interval=1)
        file = tmp_path / "last_checkpoint" / "training_state.pt"
        file.write_bytes(file.read_bytes()[:-100])
        with pytest.raises(SerializationError, match=r"training_state\.pt"):
            fit(small_gan(epochs=4, resume_from=tmp_path), table)


class TestEarlyStopping:
    def test_it_waits_for_a_gain(self, table):
        model = small_gan(epochs=40, tol=1.0, n_iter_no_change=3)
        history = fit(model, table, checkpoint_interval=2).history_
        # The first score is a gain over nothing.
        assert history["epoch"].tolist() == list(range(1, 9))

    def test_the_best_state_is_kept(self, table):
        """Weights that turn bad after their best score are forgotten."""

        def spoil(net):
            with torch.no_grad():
                for weight in net.sampler.network.parameters():
                    weight.fill_(0.0)

        model = small_gan(epochs=30, generator_dim=(32,), average_decay=0)
        model.set_params(callbacks=[At(29, spoil)])
        fit(model, table, checkpoint_interval=28)
        best = model.history_["fidelity"].max()
        assert model.history_["is_best"].tolist()[27] is True
        assert model.history_["fidelity"].iloc[-1] < best - 0.05
        assert model.score(table) > model.history_["fidelity"].iloc[-1] + 0.05

    def test_without_it_the_last_state_is_kept(self, table, tmp_path, network):
        model = small_gan(generator=network, epochs=3, early_stopping=False)
        fit(model, table, checkpoint_dir=tmp_path, checkpoint_interval=1)
        assert len(model.history_) == 3
        last = CTGAN().load(tmp_path / "last_checkpoint")
        same(model.sample(30, seed=0), last.sample(30, seed=0))

    def test_enough_rows_are_held_out(self):
        """Scores come from rows that training does not see, where there are enough."""
        seen = []

        class Witness(At):
            def on_train_begin(self, net, X=None, **kwargs):
                seen.append(len(X))

        for n, fraction in ((1200, 0.1), (900, 0.1), (1200, 0.0)):
            watching = Witness(0, None)
            model = small_gan(
                epochs=1, validation_fraction=fraction, callbacks=[watching]
            )
            fit(model, people(n))
        assert seen == [1080, 900, 1200]


class TestBadEndings:
    @staticmethod
    def poison(net):
        with torch.no_grad():
            next(iter(net.module_.critic.parameters())).fill_(np.nan)

    @pytest.mark.parametrize("moment", ["on_epoch_end", "on_batch_end"])
    def test_nan_names_a_column_and_keeps_the_last_good_checkpoint(
        self, table, tmp_path, moment
    ):
        model = small_gan(
            epochs=6,
            early_stopping=False,
            callbacks=[From(4, self.poison, moment=moment)],
        )
        with pytest.raises(TrainingError, match=r"'(age|income|since)'") as caught:
            fit(model, table, checkpoint_dir=tmp_path, checkpoint_interval=1)
        assert "NaN" in str(caught.value)
        for name in ("last_checkpoint", "best_checkpoint"):
            loaded = CTGAN().load(tmp_path / name)
            for network in loaded._fitted.modules().values():
                assert all(w.isfinite().all() for w in network.parameters())
            assert len(loaded.sample(20, seed=0)) == 20
        resumed = small_gan(epochs=6, early_stopping=False, resume_from=tmp_path)
        fit(resumed, table, checkpoint_interval=1)
        assert resumed.history_["epoch"].tolist() == [1, 2, 3, 4, 5, 6]

    def test_nan_in_a_table_of_categories_names_one(self, table):
        model = small_gan(epochs=4, callbacks=[From(1, self.poison)])
        with pytest.raises(TrainingError, match=r"'(city|member)'"):
            fit(model, table[["city", "member"]])

    def test_a_failed_fit_leaves_no_fitted_model(self, table):
        model = small_gan(epochs=4, callbacks=[From(1, self.poison)])
        with pytest.raises(TrainingError):
            fit(model, table)
        with pytest.raises(AttributeError, match="fitted"):
            model.sample(3)

    @pytest.mark.parametrize("moment", ["on_epoch_end", "on_batch_end"])
    def test_ctrl_c_raises_and_leaves_a_checkpoint(
        self, table, tmp_path, network, moment
    ):
        """That of the last whole epoch, whatever the interval."""
        options = {"generator": network, "epochs": 6}
        epoch = 3 + (moment == "on_batch_end")
        model = small_gan(**options, callbacks=[At(epoch, interrupt, moment)])
        with pytest.raises(KeyboardInterrupt):
            fit(model, table, checkpoint_dir=tmp_path, checkpoint_interval=50)
        loaded = CTGAN().load(tmp_path / "last_checkpoint")
        assert loaded.history_["epoch"].tolist() == [1, 2, 3]
        assert len(loaded.sample(5)) == 5
        assert not (tmp_path / "final_checkpoint").exists()
        resumed = small_gan(**options, resume_from=tmp_path)
        fit(resumed, table, checkpoint_interval=50)
        whole = fit(small_gan(**options), table, checkpoint_interval=50)
        same(no_clock(resumed), no_clock(whole))
        same(resumed.sample(50, seed=0), whole.sample(50, seed=0))

    def test_ctrl_c_before_the_first_epoch_leaves_nothing(self, table, tmp_path):
        model = small_gan(callbacks=[At(1, interrupt, "on_batch_end")])
        with pytest.raises(KeyboardInterrupt):
            fit(model, table, checkpoint_dir=tmp_path)
        assert not (tmp_path / "last_checkpoint").exists()
