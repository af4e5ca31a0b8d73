"""Products with weights, fast in training.

Two habits of autograd cost more than the arithmetic here. It makes a new tensor of the
weight's size for each use of a weight and adds them up: here each use adds to
``weight.grad`` in place. And it multiplies in the precision of its inputs: here the
factors may be rounded to bfloat16, which some processors multiply twice as fast; sums
and weights stay in float32 (Micikevicius et al. 2018, arXiv:1710.03740).
"""

from __future__ import annotations

import torch
from torch.autograd.function import once_differentiable

__all__ = ["has_fast_bfloat16", "look_up", "product", "product_back"]


def has_fast_bfloat16(device: torch.device | str) -> bool:
    """Whether a device multiplies bfloat16 in hardware."""
    if torch.device(device).type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.backends.mkldnn.is_available() and bool(
        torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )


def _add_gradient(weight, left, right):
    """Add left.T @ right to the gradient of a weight."""
    if left.dtype == weight.dtype:
        if weight.grad is None:
            weight.grad = left.T @ right
        else:
            weight.grad.addmm_(left.T, right)
    elif weight.grad is None:
        weight.grad = (left.T @ right).float()
    else:
        weight.grad += left.T @ right


class _Product(torch.autograd.Function):
    """x @ weight."""

    @staticmethod
    def forward(ctx, x, weight, dtype):
        x, rounded = x.to(dtype), weight.to(dtype)
        ctx.save_for_backward(x, weight, rounded)
        return (x @ rounded).to(weight.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, *grads):
        x, weight, rounded = ctx.saved_tensors
        grad = grads[0].to(x.dtype)
        if ctx.needs_input_grad[1]:
            _add_gradient(weight, x, grad)
        if not ctx.needs_input_grad[0]:
            return None, None, None
        return (grad @ rounded.T).to(weight.dtype), None, None


class _ProductBack(torch.autograd.Function):
    """x @ weight.T."""

    @staticmethod
    def forward(ctx, x, weight, dtype):
        x, rounded = x.to(dtype), weight.to(dtype)
        ctx.save_for_backward(x, weight, rounded)
        return (x @ rounded.T).to(weight.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, *grads):
        x, weight, rounded = ctx.saved_tensors
        grad = grads[0].to(x.dtype)
        if ctx.needs_input_grad[1]:
            _add_gradient(weight, grad, x)
        if not ctx.needs_input_grad[0]:
            return None, None, None
        return (grad @ rounded).to(weight.dtype), None, None


class _LookUp(torch.autograd.Function):
    """Sum of the rows of weight at each row of index; the last one stays zero."""

    @staticmethod
    def forward(ctx, index, weight):
        ctx.save_for_backward(index, weight)
        return torch.nn.functional.embedding(index, weight).sum(1)

    @staticmethod
    @once_differentiable
    def backward(ctx, *grads):
        index, weight = ctx.saved_tensors
        if ctx.needs_input_grad[1]:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
            each = grads[0][:, None].expand(*index.shape, -1)
            known = (index < len(weight) - 1)[..., None]
            weight.grad.index_add_(0, index.flatten(), (each * known).flatten(0, 1))
        return None, None


def product(
    x: torch.Tensor, weight: torch.Tensor, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """x @ weight.

    Parameters
    ----------
    x : tensor of shape (n, n_in)
    weight : tensor of shape (n_in, n_out)
        A leaf; its gradient is added to ``weight.grad``.
    dtype : torch.dtype
        Of the factors.

    Returns
    -------
    tensor of shape (n, n_out)
    """
    return _Product.apply(x, weight, dtype)


def product_back(
    x: torch.Tensor, weight: torch.Tensor, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """x @ weight.T.

    Parameters
    ----------
    x : tensor of shape (n, n_out)
    weight : tensor of shape (n_in, n_out)
        A leaf; its gradient is added to ``weight.grad``.
    dtype : torch.dtype
        Of the factors.

    Returns
    -------
    tensor of shape (n, n_in)
    """
    return _ProductBack.apply(x, weight, dtype)


def look_up(index: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Sums of rows of a table; its last row stands for none and holds zeros.

    Parameters
    ----------
    index : tensor of shape (n, k), int64
    weight : tensor of shape (n_rows + 1, n_out)
        A leaf; its gradient is added to ``weight.grad``, none for the last row.

    Returns
    -------
    tensor of shape (n, n_out)
    """
    return _LookUp.apply(index, weight)
