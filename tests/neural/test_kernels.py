"""Functions with gradients of their own, against what autograd makes of the formula."""

import pytest
import torch
from torch import nn

from sklearn_synthohive.neural import _kernels as kernels
from sklearn_synthohive.neural._ema import update_average, warm_copy
from sklearn_synthohive.neural._flat import FlatAdamW, descend, follow
from sklearn_synthohive.neural._heads import DenseHeads


def random(*shape, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=rng, dtype=torch.float64)


def assert_same(fast, slow, given):
    """Equal values, and equal gradients in what is given, for some loss."""
    given = [g.requires_grad_() for g in given]
    found = []
    for function in (fast, slow):
        out = function(*given)
        loss = (out * random(*out.shape, seed=9)).sum()
        found.append((out, torch.autograd.grad(loss, given)))
    torch.testing.assert_close(found[0][0], found[1][0])
    for ours, theirs in zip(found[0][1], found[1][1], strict=True):
        torch.testing.assert_close(ours, theirs)


def test_embeddings():
    """Two tables, the second twice as wide; the features of two of the five pieces."""
    rng = torch.Generator().manual_seed(0)
    codes = torch.randint(3, (7, 4), generator=rng)
    wide = torch.randint(4, (7,), generator=rng)
    # The wide table begins behind three entries, and has two pieces an entry.
    index = torch.column_stack([codes[:, :2], 3 + 2 * wide, 4 + 2 * wide, codes[:, 3]])
    place = torch.tensor([1, 4])

    def fast(features, weight, narrow, broad):
        return kernels.embeddings(index, features, place, weight, [narrow, broad])

    def slow(features, weight, narrow, broad):
        extra = torch.einsum("kfn,kfd->nkd", features, weight)
        left, right = broad[wide].split(4, dim=1)
        return torch.stack(
            [
                narrow[codes[:, 0]],
                narrow[codes[:, 1]] + extra[:, 0],
                left,
                right,
                narrow[codes[:, 3]] + extra[:, 1],
            ],
            dim=1,
        )

    given = random(2, 3, 7), random(2, 3, 4), random(3, 4), random(4, 8)
    assert_same(fast, slow, given)


@pytest.mark.parametrize("first_sees", [0, 2])
def test_triangular(first_sees):
    rows = torch.tensor([2, 0, 1, 4, 3])
    mask = torch.zeros(5, 6, dtype=torch.float64)
    mask[:first_sees, :2] = mask[:3, 2:4] = mask[:, 4:] = 1.0
    chunks = [(first_sees, slice(0, 2)), (5, slice(2, 6))]

    def fast(inputs, weight, bias):
        return kernels.triangular(inputs, weight, bias, rows, mask, chunks)

    def slow(inputs, weight, bias):
        return (inputs @ (weight[rows] * mask) + bias).T

    assert_same(fast, slow, (random(7, 5), random(5, 6), random(6)))


def test_blocks():
    indices = [torch.tensor([0, 2]), torch.tensor([2, 1]), torch.zeros(0).long()]

    def fast(x):
        return torch.cat(kernels.blocks(x, indices))

    assert_same(fast, lambda x: x[[0, 2, 2, 1]], [random(4, 3, 5)])
    assert kernels.blocks(random(4, 3), []) == []


def test_mixture_terms():
    raw, z = random(2, 9, 11), random(2, 11)
    # Beyond both ends of the log-deviations.
    raw[:, 6] -= 8
    raw[:, 7] += 4

    def slow(raw, z):
        weight, mean, log = raw.chunk(3, dim=1)
        law = torch.distributions.MixtureSameFamily(
            torch.distributions.Categorical(logits=weight.transpose(1, 2)),
            torch.distributions.Normal(
                mean.transpose(1, 2), log.clamp(-6, 2).exp().transpose(1, 2) + 0.01
            ),
        )
        return law.log_prob(z)

    assert_same(lambda *x: kernels.mixture_terms(*x, 0.01), slow, (raw, z))


@pytest.mark.parametrize("sizes", [[3], [1, 1], [2, 9, 1, 3], [2, 190, 3, 1, 60] * 9])
def test_heads_are_softmaxes(sizes):
    """However columns are packed, padding included."""
    heads = DenseHeads(sizes, 4, torch.Generator().manual_seed(0)).double()
    x = random(len(sizes), 4, 6)
    outcomes = torch.stack([torch.arange(6) % n for n in sizes])
    weights = [*heads.weight, *heads.bias]
    with torch.no_grad():
        for k, weight in enumerate(weights):
            weight.add_(random(*weight.shape, seed=k))

    def fast(x, *_):
        return heads([x[own] for own in heads.columns], outcomes)

    def slow(x, *_):
        terms = []
        for j in range(len(sizes)):
            weight, bias = heads.of(j)
            law = (x[j].T @ weight + bias).log_softmax(1)
            terms.append(law.gather(1, outcomes[j][:, None])[:, 0])
        return torch.stack(terms)

    assert_same(fast, slow, [x, *weights])


class TestFlat:
    def nets(self):
        torch_rng = torch.Generator().manual_seed(0)
        net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
        with torch.no_grad():
            for p in net.parameters():
                p.normal_(0, 1, generator=torch_rng)
        return net, warm_copy(net).requires_grad_(True)

    def test_steps_are_those_of_adamw(self):
        """Clipped gradients, decay of some weights, and the moving average."""
        ours, theirs = self.nets()
        average, plain_average = warm_copy(ours), warm_copy(ours)
        options = {"lr": 0.05, "betas": (0.9, 0.99)}

        def decayed(net):
            return [p for p in net.parameters() if p.ndim == 2]

        def spared(net):
            return [p for p in net.parameters() if p.ndim == 1]

        fast = FlatAdamW(decayed(ours), spared(ours), weight_decay=0.3, **options)
        fast.keep_average(decayed(average), spared(average))
        groups = [
            {"params": decayed(theirs)},
            {"params": spared(theirs), "weight_decay": 0.0},
        ]
        slow = torch.optim.AdamW(groups, weight_decay=0.3, **options)
        x, y = random(20, 3), random(20, 1, seed=1)
        for step in range(5):
            descend(((ours(x) - y) ** 2).mean(), fast, 0.5)
            follow(average, ours, fast, 0.9, step)
            descend(((theirs(x) - y) ** 2).mean(), slow, 0.5)
            update_average(plain_average, theirs, 0.9, step)
        for net, plain in ((ours, theirs), (average, plain_average)):
            for p, q in zip(net.parameters(), plain.parameters(), strict=True):
                torch.testing.assert_close(p, q)

    def test_each_weight_may_have_a_decay_of_its_own(self):
        ours, theirs = self.nets()
        first, *others = ours.parameters()
        own = random(*first.shape, seed=3).abs()
        fast = FlatAdamW([first], others, weight_decay=[own], lr=0.05)
        slow = torch.optim.AdamW(theirs.parameters(), weight_decay=0.0, lr=0.05)
        x = random(20, 3)
        for _ in range(5):
            descend(ours(x).square().sum(), fast, 1e9)
            slow.zero_grad()
            theirs(x).square().sum().backward()
            with torch.no_grad():
                next(theirs.parameters()).mul_(1 - 0.05 * own)
            slow.step()
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(p, q)

    def test_what_takes_no_part_stays(self):
        ours, _ = self.nets()
        unused = nn.Parameter(torch.ones(2, dtype=torch.float64))
        own = list(ours.parameters())
        optimizer = FlatAdamW(own, [unused], weight_decay=0.1, lr=0.1)
        descend(ours(random(5, 3)).sum(), optimizer, 1.0)
        assert torch.equal(unused.detach(), torch.ones(2, dtype=torch.float64))
