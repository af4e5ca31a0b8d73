"""The adversarial stage: it mends what a critic sees, and cannot spoil the rest."""

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, parents, people, same, small_gan

from sklearn_synthohive import CTGAN
from sklearn_synthohive.generators._adversarial import AdversarialStage, Critic


@pytest.fixture
def runs(monkeypatch):
    """What each stage found, round by round."""
    found = []
    run = AdversarialStage.run

    def told(self, *args):
        found.append(run(self, *args))
        return found[-1]

    monkeypatch.setattr(AdversarialStage, "run", told)
    return found


def law(n=2000, seed=0):
    """Two numbers on a ring, which a network of two epochs has not learnt yet."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n)
    return pd.DataFrame(
        {"x": np.cos(angle), "y": np.sin(angle) + rng.normal(0, 0.02, n)}
    )


def test_rounds_that_help_are_kept(runs):
    options = {"generator_dim": (16, 16), "epochs": 2, "random_state": 0}
    rows = law()
    plain = fit(CTGAN(**options), rows)
    fit(CTGAN(adversarial_rounds=2, **options), rows)
    (found,) = runs
    assert [r["kept"] for r in found] == [True, True, True]
    assert found[-1]["auc"] < found[0]["auc"] - 0.01
    assert found[-1]["log_likelihood"] > found[0]["log_likelihood"]
    assert plain.sample(5).shape == (5, 2)


def test_a_round_that_does_not_help_is_undone(runs, monkeypatch):
    monkeypatch.setattr(AdversarialStage, "_is_better", lambda *args: False)
    rows = law()
    options = {"generator_dim": (8, 8), "epochs": 4, "random_state": 0}
    judged = fit(CTGAN(adversarial_rounds=5, **options), rows)
    (found,) = runs
    assert len(found) == 2
    monkeypatch.setattr(AdversarialStage, "run", lambda *args: [])
    same(
        judged.sample(200, seed=0),
        fit(CTGAN(adversarial_rounds=5, **options), rows).sample(200, seed=0),
    )


@pytest.mark.parametrize("change", [{"auc": 0.7}, {"log_likelihood": -11.0}])
def test_both_scores_must_hold(change):
    stage = AdversarialStage(*[None] * 4, recipe=None, lr=1, tol=0.1, seed=0)
    before = {"auc": 0.6, "log_likelihood": -10.0}
    assert stage._is_better({"auc": 0.5, "log_likelihood": -10.05}, before)
    assert not stage._is_better({"auc": 0.5, "log_likelihood": -10.05} | change, before)


def test_with_a_context_and_many_levels(runs):
    table, context = people(), parents()
    model = small_gan(generator="autoregressive", adversarial_rounds=1, tol=99.0)
    fit(model, table, context=context)
    assert len(runs[0]) == 2
    again = fit(model, table, context=context, seed=model.seed_)
    same(
        model.sample(len(context), context=context, seed=1),
        again.sample(len(context), context=context, seed=1),
    )


def test_the_ratio_is_that_of_the_two_laws():
    """Against densities that are known: uniform on [0, 2] and on [0, 1]."""

    class Rows:
        context = context_codec = None

        def __init__(self, high, seed):
            values = np.random.default_rng(seed).uniform(0, high, (6000, 1))
            self.table = type("Table", (), {})()
            self.table.codes = np.zeros((6000, 1), np.uint8)
            self.table.scalars = values.astype(np.float32)
            span = type("Span", (), {"n_states": 1})
            layout = type("Layout", (), {"spans": [span], "continuous": [0]})
            self.codec = type("Codec", (), {"layout": layout})

        def __len__(self):
            return 6000

    narrow, wide = Rows(1, 0), Rows(2, 1)
    critic = Critic(narrow, wide, seed=0)
    ratio, inside = critic.ratio(), wide.table.scalars[:, 0] < 1
    assert ratio.mean() == pytest.approx(1)
    # Twice as dense inside, nowhere outside but for the clipping.
    assert np.median(ratio[inside]) == pytest.approx(2, rel=0.2)
    assert np.median(ratio[~inside]) < 0.3
    assert critic.auc(Rows(1, 2)) == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"generator": "mlp", "adversarial_rounds": 1}, "adversarial_rounds"),
        ({"adversarial_rounds": 1, "validation_fraction": 0}, "validation_fraction"),
        ({"adversarial_rounds": -1}, "adversarial_rounds"),
    ],
)
def test_what_cannot_be_is_refused(parameters, match):
    with pytest.raises(ValueError, match=match):
        fit(CTGAN(**parameters), law(50))
