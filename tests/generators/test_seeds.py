"""Every run can be repeated, and no global state is touched."""

import random

import numpy as np
import pandas as pd
import pytest
import torch
from gan_cases import fit, parents, same, small_gan

from sklearn_synthohive import DataTransformer


def test_the_seed_of_a_run_goes_before_random_state(table, network):
    by_state = fit(small_gan(generator=network, random_state=3), table)
    by_seed = fit(small_gan(generator=network, random_state=8), table, seed=3)
    other = fit(small_gan(generator=network, random_state=3), table, seed=8)
    assert by_state.seed_ == by_seed.seed_ == 3
    same(by_state.sample(50, seed=0), by_seed.sample(50, seed=0))
    same(*(m.history_.drop(columns="seconds") for m in (by_state, by_seed)))
    assert not by_state.sample(50, seed=0).equals(other.sample(50, seed=0))


def test_a_drawn_seed_repeats_the_run(table, network):
    first = fit(small_gan(generator=network, random_state=None), table)
    second = fit(small_gan(generator=network, random_state=None), table)
    assert first.seed_ != second.seed_
    again = fit(
        small_gan(generator=network, random_state=None), table, seed=first.seed_
    )
    same(first.sample(50, seed=0), again.sample(50, seed=0))


def test_a_random_state_object_goes_on(table):
    model = small_gan(random_state=np.random.RandomState(0), epochs=1)
    seeds = {fit(model, table).seed_ for _ in range(2)}
    assert len(seeds) == 2


def test_samples_repeat_with_a_seed_only(raw):
    same(raw.sample(50, seed=1), raw.sample(50, seed=1))
    assert not raw.sample(50, seed=1).equals(raw.sample(50, seed=2))
    assert not raw.sample(50).equals(raw.sample(50))


def test_more_rows_begin_with_the_same_chunk(raw):
    """Whole chunks of rows depend on the seed alone."""
    same(raw.sample(8192, seed=1)[:4096], raw.sample(4096, seed=1))


def test_a_sample_as_large_as_a_seed_allows(raw):
    assert len(raw.sample(3, seed=2**63 - 1)) == 3
    assert len(raw.sample(3, seed=2**70)) == 3


def test_fit_takes_any_seed(table, network):
    assert (
        fit(small_gan(generator=network, epochs=1), table, seed=2**63 - 1).seed_
        == 2**63 - 1
    )


def global_states():
    return (
        random.getstate(),
        [str(part) for part in np.random.get_state()],  # noqa: NPY002
        torch.get_rng_state().tolist(),
    )


@pytest.mark.parametrize("seed", [None, 0])
def test_global_generators_are_left_alone(table, seed, network):
    before = global_states()
    model = small_gan(generator=network, random_state=seed)
    fit(model, table, context=parents())
    fit(model, table)
    model.sample(10)
    model.sample(10, seed=1, conditions={"city": "Rome"})
    model.score(table)
    assert global_states() == before


def test_global_seeds_change_nothing(table, network):
    samples = []
    for global_seed in (0, 1):
        torch.manual_seed(global_seed)
        np.random.seed(global_seed)  # noqa: NPY002
        model = fit(small_gan(generator=network), table, seed=5)
        samples.append(model.sample(50, seed=0))
    same(*samples)


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_workers_change_nothing(n_jobs, network):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.normal(size=300), "b": rng.choice(["x", "y"], 300)})
    transformer = DataTransformer(random_state=0)
    samples = []
    for jobs in (None, n_jobs):
        model = small_gan(
            generator=network, n_jobs=jobs, transformer=transformer, epochs=1
        )
        samples.append(fit(model, table).sample(9000, seed=3))
    same(*samples)


@pytest.mark.parametrize("batch_size", [1, 4096, 5000, 100_000])
def test_batches_are_the_sample(raw, batch_size):
    n = 20 if batch_size == 1 else 9000
    batches = list(raw.sample_batches(n, batch_size, seed=3))
    assert [len(b) for b in batches[:-1]] == [batch_size] * (len(batches) - 1)
    same(pd.concat(batches), raw.sample(n, seed=3))


def test_no_rows_are_no_batches(raw):
    assert list(raw.sample_batches(0)) == []
