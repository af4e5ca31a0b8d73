"""Conditions: how often they are drawn, their vectors, and rows that meet them."""

import numpy as np
import pytest
import torch
from neural_cases import on_device, small_networks
from reference import neural as plain
from scipy import stats

from sklearn_synthohive.neural import Conditions
from sklearn_synthohive.neural._conditions import Forced, MatchingRows

SURELY = 1e-4  # a p-value that a right law passes for a fixed seed


@pytest.mark.parametrize("log", [True, False], ids=["log-frequency", "true frequency"])
def test_states_are_drawn_by_their_frequency(own, rng, log):
    n = 200_000
    forced = own.conditions.draw(n, rng, log_frequency=log)
    counts = own.conditions.counts
    columns = [k for k, c in enumerate(counts) if len(c)]
    per_column = torch.bincount(forced.span, minlength=len(counts)).numpy()
    assert set(np.flatnonzero(per_column)) == set(columns)
    assert stats.chisquare(per_column[columns]).pvalue > SURELY
    for k in columns:
        states = forced.state[forced.span == k]
        drawn = torch.bincount(states, minlength=len(counts[k])).numpy()
        expected = np.array(plain.shares(counts[k].tolist(), log=log)) * len(states)
        seen = expected > 0
        assert not drawn[~seen].any()
        assert stats.chisquare(drawn[seen], expected[seen]).pvalue > SURELY


def test_a_continuous_column_is_never_forced(own):
    forcible = [own.layout.spans[own.spec.onehot[k]].column for k in (1, 2)]
    assert forcible == ["city", "flag"]
    assert own.conditions.columns == [1, 2, 4, 5]


def test_states_that_never_occur_are_never_drawn(rng):
    own = on_device(["a=u", "a=v", "a=w", "a=x", "b=y", "b=z"])
    counts = [np.array([0, 3, 0, 0]), np.array([0, 7])]
    conditions = Conditions(own.spec, counts)
    for log in (True, False):
        forced = conditions.draw(20_000, rng, log_frequency=log)
        assert set(forced.state[forced.span == 0].tolist()) == {1}
        assert set(forced.state[forced.span == 1].tolist()) == {1}


@pytest.mark.parametrize(("share", "n_free"), [(0, 10), (0.25, 8), (0.5, 5), (1, 0)])
def test_the_free_rows_come_first(own, rng, share, n_free):
    forced = own.conditions.draw(10, rng, log_frequency=True, share=share)
    assert (forced.span[:n_free] == -1).all()
    assert (forced.span[n_free:] >= 0).all()


def assert_vectors(case, pairs):
    embeddings = small_networks(case).generator.embeddings
    forced = Forced(*torch.tensor(pairs).T)
    states = case.conditions.states(forced).tolist()
    coded = case.conditions.coded(forced, embeddings)
    assert coded.shape == (len(pairs), case.conditions.n_coded)
    for (span, state), position, vector in zip(pairs, states, coded, strict=True):
        onehot, rest = plain.condition_vector(case.conditions, embeddings, span, state)
        assert plain.one_hot(position, case.conditions.n_states) == onehot
        np.testing.assert_allclose(vector.tolist(), rest, atol=1e-6)


def test_conditions_are_one_hot_and_embedded(own):
    assert_vectors(own, [(1, 0), (1, 2), (2, 1), (4, 0), (4, 59), (5, 299), (-1, 0)])


def test_only_codes_can_be_forced():
    assert_vectors(on_device(["id~code[60]", "x~value", "x~mode0"]), [(1, 7), (-1, 0)])


def test_nothing_can_be_forced(rng):
    numbers = on_device(["x~value", "x~mode0"])
    forced = numbers.conditions.draw(5, rng, log_frequency=True)
    assert forced.span.tolist() == [-1] * 5
    assert_vectors(numbers, [(-1, 0)])


def test_matching_rows_meet_their_condition(own, rng):
    matching = MatchingRows(own.device, own.conditions)
    forced = own.conditions.draw(5_000, rng, log_frequency=True)
    rows = matching.draw(forced, rng)
    for row, span, state in zip(
        rows.tolist(), forced.span.tolist(), forced.state.tolist(), strict=True
    ):
        spans = [*own.spec.onehot, *own.spec.coded]
        assert own.table.codes[row, spans[span]] == state


@pytest.mark.parametrize(("span", "state"), [(1, 2), (2, 0), (4, 3), (5, 0)])
def test_matching_rows_are_drawn_uniformly(own, rng, span, state):
    spans = [*own.spec.onehot, *own.spec.coded]
    wanted = plain.matching(own.table.codes[:, spans[span]].tolist(), state)
    n = 200 * len(wanted)
    forced = Forced(torch.full((n,), span), torch.full((n,), state))
    rows = MatchingRows(own.device, own.conditions).draw(forced, rng)
    drawn = torch.bincount(rows, minlength=len(own.table)).numpy()
    assert np.flatnonzero(drawn).tolist() == wanted
    assert stats.chisquare(drawn[wanted]).pvalue > SURELY


@pytest.mark.parametrize("names", [None, ["x~value", "x~mode0"]])
def test_free_rows_are_drawn_from_the_whole_table(own, rng, names):
    case = own if names is None else on_device(names)
    n = 200 * len(case.table)
    forced = Forced(torch.full((n,), -1), torch.zeros(n, dtype=torch.long))
    rows = MatchingRows(case.device, case.conditions).draw(forced, rng)
    drawn = torch.bincount(rows, minlength=len(case.table)).numpy()
    assert len(drawn) == len(case.table)
    assert stats.chisquare(drawn).pvalue > SURELY
