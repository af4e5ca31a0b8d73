"""Weights between columns that tell nothing of each other are drawn to zero."""

import numpy as np
import pytest
import torch

from sklearn_synthohive.layout import Layout
from sklearn_synthohive.neural import Columns, LikelihoodNet, LikelihoodRecipe
from sklearn_synthohive.neural._decay import ENOUGH, WEIGHT_DECAY, input_decay
from sklearn_synthohive.neural._first_layer import first_layer
from sklearn_synthohive.neural._likelihood import LikelihoodData

NAMES = [f"{c}={k}" for c in "abcd" for k in "xyz"]


def columns(order=(2, 0, 1, 3), names=NAMES, seen=None):
    return Columns.of(Layout.from_names(names), None, order, seen=seen)


class TestStrength:
    def test_it_falls_with_what_a_column_tells(self):
        information = np.zeros((4, 4))
        information[0, 1] = information[1, 0] = ENOUGH
        information[2, 3] = information[3, 2] = 100 * ENOUGH
        decay = input_decay(columns(), information, 10_000, 100)
        place = {c: j for j, c in enumerate(columns().order)}
        nothing = decay[0, place[2]]
        assert nothing > 10 * WEIGHT_DECAY
        half = (nothing - WEIGHT_DECAY) / 2 + WEIGHT_DECAY
        assert decay[0, place[1]] == pytest.approx(half)
        assert decay[2, place[3]] == pytest.approx(WEIGHT_DECAY, rel=0.05)

    def test_more_rows_need_less_of_it(self):
        few, many = (
            input_decay(columns(), np.zeros((4, 4)), n, 100) - WEIGHT_DECAY
            for n in (1_000, 100_000)
        )
        np.testing.assert_allclose(few, 10 * many, rtol=1e-5)

    def test_levels_that_were_not_measured_are_left_alone(self):
        names = [*NAMES, "code~code[300]"]
        decay = input_decay(
            columns((0, 4, 1, 2, 3), names), np.zeros((5, 5)), 1_000, 100
        )
        assert (decay[4] == np.float32(WEIGHT_DECAY)).all()
        assert (decay[:, 1] == np.float32(WEIGHT_DECAY)).all()
        assert (np.delete(decay[:4], 1, axis=1) > 1).all()


@pytest.mark.parametrize("seen", [None, [[], [2], [0, 2], [1, 2]]])
def test_figures_of_columns_are_spread_over_the_weights(seen):
    names = [*NAMES, "code~code[300]"]
    own = columns((4, 0, 1, 2), names) if seen is None else columns(seen=seen)
    layer = first_layer(own, 5, torch.Generator().manual_seed(0))
    n, m = len(own.widths), len(own.order)
    figures = torch.arange(1.0, n * m + 1).view(n, m)
    weights = layer.spread(figures)
    assert weights.shape == layer.weight.shape
    # What a weight of a column's input is, the product shows: one input at a time.
    with torch.no_grad():
        layer.weight.copy_(weights)
        layer.bias.zero_()
    for place, column in enumerate(layer.order):
        start = sum(own.widths[c] // 8 for c in layer.order[:place])
        inputs = torch.zeros(1, sum(own.widths) // 8, 8)
        inputs[0, start, 0] = 1.0
        out = layer(inputs)[:, 0, 0].detach()
        for j, generated in enumerate(own.order):
            before = own.rank[column] < own.rank[generated]
            if seen is not None:
                before = column in seen[j]
            assert out[j] == (figures[column, j] if before else 0.0)


class TestLearning:
    def held_out(self, decays):
        """Of few rows with many independent columns, after training for long."""
        rng = np.random.default_rng(0)
        names = [f"{c}={k}" for c in "abcdefgh" for k in range(4)]
        own = Columns.of(Layout.from_names(names), None, range(8))
        codes = rng.integers(0, 4, (1_200, 8)).astype(np.int16)
        codes[:, 7] = codes[:, 0]
        train, rest = (torch.as_tensor(part) for part in (codes[:200], codes[200:]))
        data = object.__new__(LikelihoodData)
        data.rng, data.states = torch.Generator().manual_seed(0), train
        data.low = data.high = torch.zeros(len(train), 0)
        information = np.zeros((8, 8))
        information[0, 7] = information[7, 0] = 1.3
        net = LikelihoodNet(
            recipe=LikelihoodRecipe(batch_size=32, steps=6),
            input_decay=input_decay(own, information, 200, 32) if decays else None,
            lr=1e-2,
            module__columns=own,
            module__hidden=(16, 16),
            module__seed=0,
            callbacks=[],
        )
        net.initialize()
        net.train(data, 60)
        with torch.no_grad():
            return net.sampler(rest.long(), torch.zeros(len(rest), 0)).mean(0)

    def test_noise_is_not_learnt_by_heart_and_a_copy_is_learnt(self):
        plain, drawn = self.held_out(False), self.held_out(True)
        assert drawn.sum() > plain.sum() + 1.0
        assert drawn[7] > -0.05
