"""Products with gradients in place, and softmax by spans, against autograd's own."""

import pytest
import torch
from reference import neural as plain

from sklearn_synthohive.neural._layers import span_softmax
from sklearn_synthohive.neural._products import look_up, product, product_back


def leaves(rng, *shapes):
    return [torch.randn(*shape, generator=rng).requires_grad_() for shape in shapes]


PRODUCTS = {
    "there": (product, lambda x, w: x @ w, (7, 5), (7, 4)),
    "back": (product_back, lambda x, w: x @ w.T, (7, 4), (7, 5)),
}


@pytest.mark.parametrize("case", PRODUCTS)
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.bfloat16, 0.02)]
)
def test_products_and_their_gradients(case, dtype, tolerance, rng):
    fast, slow, n_in, n_out = PRODUCTS[case]
    x, weight = leaves(rng, n_in, (5, 4))
    up = torch.randn(n_out, generator=rng)
    results = []
    for function in (lambda a, b: fast(a, b, dtype), slow):
        x.grad = weight.grad = None
        out = function(x, weight)
        # Twice, since the second use adds to the first one's gradient.
        (out * up + function(x * 2, weight)).sum().backward()
        assert out.dtype == torch.float32
        results.append((out.detach(), x.grad, weight.grad))
    for ours, theirs in zip(*results, strict=True):
        assert (ours - theirs).norm() <= tolerance * theirs.norm()


def test_a_frozen_weight_gets_no_gradient(rng):
    x, weight = leaves(rng, (3, 5), (5, 4))
    weight.requires_grad_(False)
    product(x, weight).sum().backward()
    assert weight.grad is None
    torch.testing.assert_close(x.grad, weight.sum(1).expand(3, 5))


def test_look_ups_leave_the_last_row_alone(rng):
    (weight,) = leaves(rng, (4, 3))
    with torch.no_grad():
        weight[-1] = 0
    index = torch.tensor([[0, 3], [2, 2], [3, 3]])
    out = look_up(index, weight)
    torch.testing.assert_close(out[1], 2 * weight[2])
    assert not out[2].any()
    out.sum().backward()
    assert weight.grad.tolist() == [[1.0] * 3, [0.0] * 3, [2.0] * 3, [0.0] * 3]


@pytest.mark.parametrize("sizes", [[4], [1, 5, 2], [2] * 9])
def test_a_softmax_for_each_span(sizes, rng):
    (x,) = leaves(rng, (6, sum(sizes)))
    owner = torch.repeat_interleave(torch.tensor(sizes))
    weights = torch.randn(6, sum(sizes), generator=rng)
    results = []
    for function in (
        lambda rows: span_softmax(rows, sizes, owner),
        lambda rows: plain.span_softmax(rows, sizes),
    ):
        x.grad = None
        out = function(x * 3)
        (out * weights).sum().backward()
        results.append((out.detach(), x.grad))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_extreme_logits_do_not_overflow():
    x = torch.tensor([[1e30, -1e30, 5.0, 4e4, -4e4]])
    owner = torch.tensor([0, 0, 1, 1, 1])
    assert span_softmax(x, [2, 3], owner).tolist() == [[1, 0, 0, 1, 0]]
