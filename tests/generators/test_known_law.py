"""The GAN on a small law that is known: learnt, conditioned on, and as in the paper."""

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, people, small_gan

from sklearn_synthohive import CTGAN, DataTransformer

N = 3000
SHARES = {"a": 0.6, "b": 0.3, "c": 0.1}
MEANS = {"a": 0.0, "b": 10.0, "c": 20.0}


def law(n=N, seed=0):
    """A twin that follows its sister, and a number around a mean of its own for each.

    ``sister`` decides all: ``twin`` is its capital, ``number`` is normal around
    ``MEANS`` with deviation one, ``coin`` is fair for "a" and falls on heads else.
    """
    rng = np.random.default_rng(seed)
    sister = rng.choice(list(SHARES), n, p=list(SHARES.values()))
    heads = np.where(sister == "a", rng.random(n) < 0.5, True)
    return pd.DataFrame(
        {
            "sister": sister,
            "twin": np.char.upper(sister.astype(str)),
            "coin": np.where(heads, "heads", "tails"),
            "number": rng.normal([MEANS[s] for s in sister], 1.0),
        }
    )


@pytest.fixture(scope="module")
def model():
    model = CTGAN(
        generator="mlp",
        embedding_dim=16,
        generator_dim=(64, 64),
        discriminator_dim=(64, 64),
        batch_size=300,
        epochs=100,
        forced_share=0.5,
        early_stopping=False,
        random_state=0,
    )
    return fit(model, law())


def test_the_joint_law(model):
    drawn = model.sample(N, seed=0)
    shares = drawn["sister"].value_counts(normalize=True)
    for name, share in SHARES.items():
        assert abs(shares[name] - share) < 0.06
    assert (drawn["twin"] == drawn["sister"].str.upper()).mean() > 0.93
    modes = drawn["number"].groupby(drawn["sister"], observed=True)
    for name, mean in MEANS.items():
        group = modes.get_group(name)
        assert abs(group.median() - mean) < 1.0
        assert (group - mean).abs().lt(3.5).mean() > 0.85
    # No bridges between the modes.
    assert drawn["number"].between(3.5, 6.5).mean() < 0.04


def test_fidelity_to_fresh_rows(model):
    assert model.score(law(seed=1)) > 0.9


class TestConditions:
    """The law of a free column is that of the rows that meet the condition."""

    @pytest.mark.parametrize("name", SHARES)
    def test_on_a_category(self, model, name):
        drawn = model.sample(600, seed=0, conditions={"sister": name})
        assert (drawn["sister"] == name).all()
        assert (drawn["twin"] == name.upper()).mean() > 0.8
        assert abs(drawn["number"].median() - MEANS[name]) < 1.5
        heads = (drawn["coin"] == "heads").mean()
        assert heads > 0.85 if name != "a" else 0.35 < heads < 0.65

    def test_on_a_number(self, model):
        """Backwards: the number tells the category."""
        drawn = model.sample(600, seed=0, conditions={"number": slice(8, 12)})
        assert drawn["number"].between(8, 12).all()
        assert (drawn["sister"] == "b").mean() > 0.85
        assert (drawn["coin"] == "heads").mean() > 0.8

    def test_on_a_set(self, model):
        """Within a set, values keep their odds: three b to one c."""
        drawn = model.sample(1000, seed=0, conditions={"sister": ["b", "c"]})
        assert abs((drawn["sister"] == "b").mean() - 0.75) < 0.1
        assert abs(drawn["number"].median() - 10) < 1.5

    def test_on_two_columns(self, model):
        """Tails are only ever of "a"."""
        drawn = model.sample(
            400, seed=0, conditions={"coin": "tails", "number": slice(-4, 4)}
        )
        assert (drawn["sister"] == "a").mean() > 0.85

    def test_on_partial_rows(self, model):
        wanted = pd.Series(["A", "B", "C", None] * 200)
        drawn = model.sample(800, seed=0, conditions=pd.DataFrame({"twin": wanted}))
        known = wanted.notna().to_numpy()
        assert drawn["twin"][known].tolist() == wanted[known].tolist()
        assert (drawn["sister"][known].str.upper() == wanted[known]).mean() > 0.8
        shares = drawn.loc[~known, "sister"].value_counts(normalize=True)
        assert abs(shares["a"] - SHARES["a"]) < 0.15


def test_states_are_forced_by_their_true_frequency():
    """As in the paper: log-frequency in training, the true one in sampling."""
    table = law()[["sister"]]
    model = fit(small_gan(forced_share=1.0, epochs=1), table)
    n = 20_000
    shares = model.sample(n, seed=0)["sister"].value_counts(normalize=True)
    truth = table["sister"].value_counts(normalize=True)
    assert (shares - truth).abs().max() < 4 * np.sqrt(0.25 / n)


def test_the_paper_can_be_reproduced():
    """The documented parameters switch everything off that the paper does not have."""
    model = small_gan(
        moment_weight=0,
        average_decay=0,
        state_noise=1,
        forced_share=1,
        halving_steps=0,
        clamp_conditions=False,
        early_stopping=False,
        validation_fraction=0,
        generator_lr=2e-4,
        discriminator_lr=2e-4,
        transformer=DataTransformer(max_spikes=0, max_distinct=0),
        epochs=3,
    )
    fit(model, people())
    losses = [c for c in model.history_ if c.endswith("_loss")]
    assert losses == ["critic_loss", "generator_loss", "condition_loss"]
    assert len(model.history_) == 3
    age = model.layout_.span_of("age")
    assert {s.kind for s in age.states} == {"mode"}
    assert len(model.sample(50, seed=0)) == 50
    # One spelling of it stands in the documentation.
    for name in ("moment_weight=0", "state_noise=1", "clamp_conditions=False"):
        assert name in CTGAN.__doc__
