"""The skorch net keeps skorch's protocol."""

import pickle

import pytest
import torch
from neural_cases import network_arguments, small_recipe, training_data
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, LRScheduler

from sklearn_synthohive.neural import AdversarialNet, StopTraining


def small_net(own, recipe=None, **options):
    recipe = recipe or small_recipe()
    arguments = {f"module__{k}": v for k, v in network_arguments(own).items()}
    net = AdversarialNet(
        recipe=recipe, module__seed=3, **arguments, **({"max_epochs": 3} | options)
    )
    return net.initialize()


def train(own, epochs=3, recipe=None, **options):
    recipe = recipe or small_recipe()
    net = small_net(own, recipe, **options)
    return net.train(training_data(own, recipe), epochs)


class At(Callback):
    """Raises at the end of an epoch."""

    def __init__(self, epoch, error):
        self.epoch = epoch
        self.error = error

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise self.error


def test_history_has_a_row_an_epoch(own):
    history = train(own).history
    assert history[:, "epoch"] == [1, 2, 3]
    for name in ("critic_loss", "generator_loss", "moment_loss"):
        assert all(isinstance(v, float) for v in history[:, name])
        assert len(set(history[:, name])) == 3


def test_fit_of_skorch_does_the_same(own):
    recipe = small_recipe()
    by_fit = small_net(own, recipe).fit(training_data(own, recipe))
    by_train = train(own, recipe=recipe)
    losses = ("critic_loss", "generator_loss", "moment_loss")
    assert by_fit.history[:, losses] == by_train.history[:, losses]


def test_epochs_add_up(own):
    recipe = small_recipe(halving_steps=10)
    data = training_data(own, recipe)
    net = small_net(own, recipe)
    net.train(data, 2)
    net.train(data, 1)
    whole = train(own, recipe=recipe)
    assert net.history[:, "critic_loss"] == whole.history[:, "critic_loss"]


def test_ctrl_c_reaches_the_caller(own):
    events = []

    class Witness(Callback):
        def on_train_end(self, net, **kwargs):
            events.append("end")

    with pytest.raises(KeyboardInterrupt) as caught:
        train(own, callbacks=[At(2, KeyboardInterrupt()), Witness()])
    assert not isinstance(caught.value, StopTraining)
    assert events == ["end"]


def test_a_wish_to_stop_is_quiet(own):
    net = train(own, callbacks=[At(2, StopTraining())])
    assert len(net.history) == 2


def test_an_error_of_a_callback_is_not_swallowed(own):
    with pytest.raises(ZeroDivisionError):
        train(own, callbacks=[At(1, ZeroDivisionError())])


def test_early_stopping_of_skorch_ends_training(own):
    stopping = EarlyStopping(
        monitor="critic_loss", patience=2, threshold=1e9, sink=lambda text: None
    )
    net = train(own, epochs=9, callbacks=[stopping])
    assert len(net.history) == 3


def test_checkpoints_of_skorch_are_written(own, tmp_path):
    saving = Checkpoint(monitor=None, dirname=tmp_path, f_pickle="net.pkl")
    net = train(own, callbacks=[saving])
    assert (tmp_path / "params.pt").is_file()
    fresh = small_net(own)
    fresh.load_params(checkpoint=saving)
    for name, weight in net.module_.state_dict().items():
        assert torch.equal(fresh.module_.state_dict()[name], weight)


def test_params_and_optimisers_are_saved_and_loaded(own, tmp_path):
    net = train(own)
    files = {
        "f_params": tmp_path / "p.pt",
        "f_optimizer": tmp_path / "o.pt",
        "f_history": tmp_path / "h.json",
    }
    net.save_params(**files)
    fresh = small_net(own)
    fresh.load_params(**files)
    assert fresh.history == net.history
    for name, weight in net.module_.state_dict().items():
        assert torch.equal(fresh.module_.state_dict()[name], weight)
    first, second = net.optimizer_.state_dict(), fresh.optimizer_.state_dict()
    assert torch.equal(first["state"][0]["exp_avg"], second["state"][0]["exp_avg"])


def test_schedulers_of_skorch_act(own):
    rates = []

    class Witness(Callback):
        def on_epoch_end(self, net, **kwargs):
            rates.append(net.optimizer_.param_groups[0]["lr"])

    schedule = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.5)
    train(own, callbacks=[schedule, Witness()], lr=0.1)
    assert rates == pytest.approx([0.05, 0.025, 0.0125])


def test_set_params_takes_effect(own):
    recipe = small_recipe()
    net = small_net(own, recipe)
    net.set_params(recipe=small_recipe(moment_weight=0), lr=0.5)
    net.train(training_data(own, recipe), 1)
    assert "moment_loss" not in net.history[-1]
    assert net.optimizer_.param_groups[0]["lr"] == 0.5


def test_each_network_has_its_own_optimiser(own):
    net = small_net(own)

    def held(optimizer):
        return {id(p) for group in optimizer.param_groups for p in group["params"]}

    generator = {id(p) for p in net.module_.generator.parameters()}
    critic = {id(p) for p in net.module_.critic.parameters()}
    tables = {id(p) for p in net.module_.generator.embeddings.parameters()}
    assert held(net.optimizer_) == generator
    assert held(net.critic_optimizer_) == critic | tables


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_the_sampler_is_the_average_where_there_is_one(own, decay):
    net = train(own, recipe=small_recipe(average_decay=decay))
    assert (net.sampler is net.module_.generator) == (decay == 0)


def test_a_pickled_net_goes_on_training(own):
    recipe = small_recipe()
    net = small_net(own, recipe)
    data = training_data(own, recipe)
    net.train(data, 2)
    twin = pickle.loads(pickle.dumps(net))
    state = data.rng.get_state()
    net.train(data, 1)
    data.rng.set_state(state)
    twin.train(data, 1)
    assert twin.history[:, "critic_loss"] == net.history[:, "critic_loss"]
    for name, weight in net.module_.state_dict().items():
        assert torch.equal(twin.module_.state_dict()[name], weight)


def test_training_goes_on_from_a_state(own):
    recipe = small_recipe(halving_steps=5)
    data = training_data(own, recipe)
    net = small_net(own, recipe)
    net.train(data, 2)
    # As a file would hold it: what follows must not change it.
    state = pickle.loads(pickle.dumps(net.training_state()))
    rng = data.rng.get_state()
    net.train(data, 2)
    fresh = small_net(own, recipe).restore(state)
    data.rng.set_state(rng)
    fresh.train(data, 2)
    assert fresh.history[:, "critic_loss"] == net.history[:, "critic_loss"]
    for name, weight in net.average_.state_dict().items():
        assert torch.equal(fresh.average_.state_dict()[name], weight)
