"""From raw outputs to rows: noise, blocks, bounds, forced states."""

import numpy as np
import pytest
import torch
from neural_cases import on_device, small_networks
from reference import neural as plain
from scipy import stats

from sklearn_synthohive.neural._activations import (
    activate,
    conditioned_loss,
    draw_codes,
    gumbel,
)
from sklearn_synthohive.neural._conditions import Forced

SURELY = 1e-4


@pytest.fixture
def generator(own):
    return small_networks(own).generator


@pytest.fixture
def raw(own, generator):
    width = generator.spec.width
    return torch.randn(50, width, generator=torch.Generator().manual_seed(1))


def per_span(generated, spec):
    return generated.dense[:, : spec.n_states].split(list(spec.sizes), dim=1)


def test_gumbel_noise_has_its_law(rng):
    noise = gumbel((50_000,), rng, "cpu").numpy()
    assert stats.kstest(noise, "gumbel_r").pvalue > SURELY


@pytest.mark.parametrize("state_noise", [0.0, 1.0])
def test_states_of_a_span_sum_to_one(own, generator, raw, rng, state_noise):
    generated = activate(generator, raw, rng, state_noise=state_noise)
    for block in per_span(generated, own.spec):
        assert (block >= 0).all()
        np.testing.assert_allclose(block.sum(1).detach(), 1, atol=1e-5)
    assert generated.rows.shape == (50, own.spec.width)


def test_scalars_stay_within_their_bounds(own, generator, raw, rng):
    generated = activate(generator, 100 * raw, rng)
    scalars = generated.dense[:, own.spec.n_states :].abs()
    assert (scalars <= generator.bounds + 1e-6).all()


def test_a_scalar_counts_as_far_as_its_modes(own, generator, raw, rng):
    generated = activate(generator, raw, rng)
    modes = per_span(generated, own.spec)[0][:, :2].sum(1)
    tanh = torch.tanh(raw[:, own.spec.n_states]) * own.spec.bounds[0]
    scalar = generated.dense[:, own.spec.n_states]
    np.testing.assert_allclose(scalar.detach(), (modes * tanh).detach(), atol=1e-6)


def test_forced_states_are_put_in_place(own, generator, raw, rng):
    spans = torch.tensor([1, 2, 4, 5, -1]).repeat(10)
    states = torch.tensor([2, 0, 17, 299, 0]).repeat(10)
    forced = Forced(spans, states)
    generated = activate(generator, raw, rng, forced=forced)
    rng.manual_seed(0)
    free = activate(generator, raw, rng)
    city, flag = per_span(generated, own.spec)[1:3]
    assert city[spans == 1].tolist() == [[0.0, 0.0, 1.0]] * 10
    assert flag[spans == 2].tolist() == [[1.0, 0.0]] * 10
    widths = list(own.spec.embedding_widths)
    for k, (vectors, level) in enumerate(
        zip(generated.vectors.split(widths, dim=1), (17, 299), strict=True)
    ):
        expected = generator.embeddings.vectors(k)[level].expand(10, -1)
        assert torch.equal(vectors[spans == 4 + k], expected)
    # Everything else is what it would have been.
    same = generated.rows == free.rows
    assert same[spans == -1].all()
    assert same[spans == 1][:, [*range(4), *range(7, own.spec.width)]].all()
    assert same[spans == 4][:, : own.spec.n_states + 2].all()


def test_forced_states_carry_no_gradient(own, generator, raw, rng):
    raw = raw.clone().requires_grad_()
    forced = Forced(torch.full((50,), 1), torch.full((50,), 2))
    generated = activate(generator, raw, rng, forced=forced)
    generated.dense.square().sum().backward()
    assert not raw.grad[:, 4:7].any()
    assert raw.grad[:, :4].any()


def test_a_row_depends_on_its_own_outputs_only(own, generator, raw):
    whole = activate(generator, raw, torch.Generator(), state_noise=0.0).dense
    some = activate(generator, raw[:7], torch.Generator(), state_noise=0.0).dense
    np.testing.assert_allclose(whole[:7].detach(), some.detach(), atol=1e-6)


@pytest.mark.parametrize("state_noise", [0.0, 1.0])
def test_drawn_states_follow_their_law(own, generator, raw, rng, state_noise):
    n = 20_000
    row = raw[:1].expand(n, -1)
    states, levels, scalars = draw_codes(generator, row, rng, state_noise)
    logits, _, queries = generator.split(raw[:1])
    for k, part in enumerate(logits.split(list(own.spec.sizes), dim=1)):
        drawn = torch.bincount(states[:, k], minlength=part.shape[1]).numpy()
        if state_noise == 0:
            assert drawn[part.argmax()] == n
        else:
            expected = part[0].softmax(0).double().numpy() * n
            expected *= n / expected.sum()
            assert len(drawn) == 1 or stats.chisquare(drawn, expected).pvalue > SURELY
    # Levels of codes are drawn with noise always.
    for k, part in enumerate(generator.level_logits(queries)):
        drawn = torch.bincount(levels[:, k], minlength=part.shape[1]).numpy()
        expected = part[0].detach().softmax(0).double().numpy() * n
        expected *= n / expected.sum()
        assert stats.chisquare(drawn, expected).pvalue > SURELY
    bounds = torch.tensor(own.spec.bounds)
    expected = torch.tanh(row[:, own.spec.n_states :][:, :2]) * bounds
    assert torch.equal(scalars, expected)


@pytest.mark.parametrize(
    ("names", "n_states", "n_levels", "n_scalars"),
    [(["x~value", "x~mode0"], 1, 0, 1), (["id~code[60]"], 0, 1, 0)],
    ids=["no code", "only a code"],
)
def test_kinds_may_be_absent(names, n_states, n_levels, n_scalars, rng):
    case = on_device(names)
    generator = small_networks(case).generator
    raw = torch.randn(6, generator.spec.width, generator=rng)
    states, levels, scalars = draw_codes(generator, raw, rng)
    assert states.shape == (6, n_states)
    assert levels.shape == (6, n_levels)
    assert scalars.shape == (6, n_scalars)
    assert activate(generator, raw, rng).rows.shape == (6, case.spec.width)


def test_conditioned_loss_is_the_cross_entropy(own, generator, raw, rng):
    spans = torch.tensor([1, 2, 4, 5, -1]).repeat(10)
    states = torch.tensor([2, 0, 17, 299, 0]).repeat(10)
    generated = activate(generator, raw, rng)
    loss = conditioned_loss(generated, Forced(spans, states))
    expected = plain.conditioned_loss(
        [*generated.logits, *generated.level_logits], spans.tolist(), states.tolist()
    )
    assert loss.item() == pytest.approx(expected, rel=1e-5)
