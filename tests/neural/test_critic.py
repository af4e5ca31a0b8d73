"""The critic against an ordinary network on whole rows."""

import pytest
import torch
from neural_cases import NAMES, on_device
from reference import neural as plain

from sklearn_synthohive.neural._critic import Critic
from sklearn_synthohive.neural._layers import Given
from sklearn_synthohive.neural._losses import gradient_penalty

N = 24
N_REST = 3
TABLES = {
    "mixed": (NAMES, 5),
    "no states": (["a~code[60]"], 0),
    "nothing to force": (["x~value", "x~mode0"], 0),
    "only states": (["a=u", "a=v", "b=w", "b=x"], 4),
}


@pytest.fixture(params=TABLES)
def case(request):
    names, n_forced = TABLES[request.param]
    case = on_device(names, n=N)
    case.n_forced = n_forced
    return case


def inputs(case, seed):
    """Real rows and generated rows with the same conditions."""
    rng = torch.Generator().manual_seed(seed)
    spec = case.spec

    def normal(width):
        return torch.randn(N, width, generator=rng)

    real = case.device.dense(torch.arange(N)), normal(sum(spec.embedding_widths))
    soft = [normal(size).softmax(1) for size in spec.sizes]
    dense = torch.cat([*soft, normal(len(spec.continuous))], dim=1)
    generated = (dense, normal(sum(spec.embedding_widths)))
    # The last state is none: nothing is forced there.
    state = torch.randint(case.n_forced + 1, (N,), generator=rng)
    return real, generated, Given(state, normal(N_REST))


def whole_rows(case, states, scalars, vectors, given):
    """Rows as the plain critic takes them."""
    forced = torch.tensor(
        [plain.one_hot(s, case.n_forced) for s in given.state.tolist()]
    ).reshape(N, case.n_forced)
    return torch.cat([states, scalars, vectors, given.rest, forced], dim=1)


def plain_rows(case, rows, given):
    dense, vectors = rows
    states, scalars = dense[:, : case.spec.n_states], dense[:, case.spec.n_states :]
    return whole_rows(case, states, scalars, vectors, given)


def critic_of(case, pac, hidden=(12, 10, 8), dropout=0.5):
    rng = torch.Generator().manual_seed(0)
    return Critic(case.spec, case.n_forced, N_REST, hidden, pac, rng, dropout)


@pytest.mark.parametrize("pac", [1, 4])
def test_rows_are_read_as_a_whole(case, pac):
    critic = critic_of(case, pac)
    real, generated, given = inputs(case, seed=1)
    for rows in (real, generated):
        scores = critic(critic.read(*rows, given))
        assert scores.shape == (N // pac, 1)
        expected = plain.critic_scores(critic, plain_rows(case, rows, given))
        torch.testing.assert_close(scores, expected)


@pytest.mark.parametrize("pac", [1, 4])
@pytest.mark.parametrize("hidden", [(6,), (12, 10, 8)])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_penalty_equals_a_double_backward(case, pac, hidden, dropout):
    critic = critic_of(case, pac, hidden, dropout)
    real, generated, given = inputs(case, seed=2)
    values, gradients = [], []
    for is_plain in (False, True):
        critic.zero_grad()
        # The same seed draws the same mixing weights and the same dropout masks.
        rng = torch.Generator().manual_seed(1)
        if is_plain:
            rows = [plain_rows(case, part, given) for part in (real, generated)]
            value = plain.gradient_penalty(critic, *rows, rng)
        else:
            first = critic.read(*real, given)
            second = critic.read(*generated, given)
            value = gradient_penalty(critic, first, second, rng)
        value.backward()
        values.append(value.item())
        gradients.append(
            {
                name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
                for name, p in critic.named_parameters()
            }
        )
    assert values[0] == pytest.approx(values[1], rel=1e-4)
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], rtol=1e-3, atol=1e-6)


def test_a_group_is_judged_as_one(case):
    """With pac rows to a score, a row moves the score of its own group only."""
    critic = critic_of(case, 4)
    _, generated, given = inputs(case, seed=3)
    before = critic(critic.read(*generated, given))
    dense, vectors = (part.clone() for part in generated)
    dense[5] += 1
    vectors[5] += 1
    after = critic(critic.read(dense, vectors, given))
    moved = (before != after)[:, 0]
    assert moved.tolist() == [False, True, False, False, False, False]


def test_dropout_is_drawn_from_the_generator_given():
    case = on_device(NAMES, n=N)
    case.n_forced = 5
    critic = critic_of(case, 2, dropout=0.5)
    x = torch.randn(2000, 12)
    first = critic(x, torch.Generator().manual_seed(0))
    assert torch.equal(first, critic(x, torch.Generator().manual_seed(0)))
    assert not torch.equal(first, critic(x, torch.Generator().manual_seed(1)))
    assert not torch.equal(first, critic(x))
    slopes = critic._slopes(x, torch.Generator().manual_seed(0))
    dropped = (slopes == 0).float().mean().item()
    assert dropped == pytest.approx(0.5, abs=0.02)
    assert slopes.unique().tolist() == pytest.approx([0, 0.4, 2])
