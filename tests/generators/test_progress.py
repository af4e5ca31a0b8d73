"""What a user sees while a model is fitted: bar, events, callbacks."""

import logging

import pytest
from gan_cases import fit, small_gan
from skorch.callbacks import Callback, EarlyStopping, EpochScoring

EVENTS = [
    "training_seed",
    "training_start",
    "epoch_end",
    "new_best_checkpoint",
    "training_complete",
]


def test_the_bar_is_on_stderr(table, capsys):
    small_gan(epochs=3).fit(table, checkpoint_interval=1)
    out, err = capsys.readouterr()
    assert out == ""
    last = err.split("\r")[-1]
    assert "3/3" in last
    for word in ("critic=", "generator=", "fidelity="):
        assert word in last


def test_without_a_bar_all_is_silent(table, capsys):
    fit(small_gan(), table)
    assert capsys.readouterr() == ("", "")


def test_the_bar_is_closed_when_training_fails(table, capsys):
    class Fails(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        small_gan(callbacks=[Fails()]).fit(table)
    assert capsys.readouterr().err.endswith("\n")


@pytest.mark.parametrize("progress_bar", [True, False])
@pytest.mark.parametrize("with_folder", [True, False])
def test_every_event_fires(table, caplog, tmp_path, progress_bar, with_folder):
    caplog.set_level(logging.INFO, logger="sklearn_synthohive")
    folder = tmp_path if with_folder else None
    model = small_gan(epochs=3).fit(
        table, seed=7, progress_bar=progress_bar, checkpoint_dir=folder
    )
    lines = [r.getMessage() for r in caplog.records]
    found = [line.split("'")[1] for line in lines]
    assert set(found) == set(EVENTS)
    assert found[:2] == EVENTS[:2]
    assert found.count("epoch_end") == 3
    assert found[-1] == "training_complete"
    assert "seed=7" in lines[0]
    assert "rows=200" in lines[1]
    assert "columns=5" in lines[1]
    epoch = next(line for line in lines if "epoch_end" in line)
    for name in ("epoch=1", "critic_loss=", "generator_loss=", "moment_loss="):
        assert name in epoch
    best = next(line for line in lines if "new_best" in line)
    assert "epoch=3" in best
    assert "fidelity=" in best
    assert model.seed_ == 7


def test_a_drawn_seed_is_logged(table, caplog):
    caplog.set_level(logging.INFO, logger="sklearn_synthohive")
    model = fit(small_gan(random_state=None), table)
    assert f"seed={model.seed_}" in caplog.records[0].getMessage()


def test_nothing_is_logged_unless_asked_for(table, capsys):
    """A library configures no handlers: events below warning stay unseen."""
    fit(small_gan(), table).sample(3)
    assert capsys.readouterr() == ("", "")


class Recorder(Callback):
    def __init__(self):
        self.seen = []

    def on_train_begin(self, net, **kwargs):
        self.seen.append("begin")

    def on_epoch_end(self, net, **kwargs):
        row = net.history[-1]
        self.seen.append((row["epoch"], row.get("fidelity")))

    def on_train_end(self, net, **kwargs):
        self.seen.append("end")


def test_callbacks_see_every_epoch_and_its_score(table):
    recorder = Recorder()
    model = fit(small_gan(callbacks=[recorder]), table)
    assert [e if isinstance(e, str) else e[0] for e in recorder.seen] == [
        "begin",
        1,
        2,
        "end",
    ]
    assert recorder.seen[2][1] == model.history_["fidelity"].iloc[-1]


def test_callbacks_of_skorch_work(table):
    stopping = EarlyStopping(
        monitor="critic_loss", patience=1, threshold=1e9, sink=lambda text: None
    )
    scored = []

    def score(net, X, y):
        scored.append(len(X))
        return 0.0

    scoring = EpochScoring(score, name="mine", on_train=True, use_caching=False)
    model = fit(small_gan(epochs=9, callbacks=[("mine", scoring), stopping]), table)
    assert len(model.history_) == 2
    assert len(model.sample(5)) == 5


def test_the_fitted_model_keeps_no_callback(table):
    recorder = Recorder()
    model = fit(small_gan(callbacks=[recorder]), table)
    assert model.callbacks == [recorder]
    assert not model.net_.callbacks_


def test_the_history_is_a_table_of_epochs(table):
    history = fit(small_gan(epochs=3), table, checkpoint_interval=2).history_
    assert list(history.columns) == [
        "epoch",
        "seconds",
        "critic_loss",
        "generator_loss",
        "moment_loss",
        "fidelity",
        "is_best",
    ]
    assert (history["seconds"] > 0).all()
