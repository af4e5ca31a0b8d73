"""Forward passes of the autoregressive network with gradients written out.

The last axis is the row of the table: sums over the few states of a column are then
sums of long vectors, and a batched product has no narrow matrix. Each function makes
its gradient in a few passes, where autograd would keep and read every result between.
"""

from __future__ import annotations

import math

import torch
from torch.autograd.function import once_differentiable

__all__ = [
    "blocks",
    "chosen_log_probabilities",
    "embeddings",
    "mixture_terms",
    "packed",
    "triangular",
]

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class _Embeddings(torch.autograd.Function):
    @staticmethod
    def forward(ctx, index, features, place, weight, *tables):
        width = weight.shape[2]
        ctx.sizes = [t.numel() // width for t in tables]
        table = torch.cat([t.reshape(-1, width) for t in tables])
        out = table.index_select(0, index.flatten()).view(*index.shape, width)
        if len(place):
            extra = torch.bmm(features.transpose(1, 2), weight)
            out.index_add_(1, place, extra.transpose(0, 1))
        ctx.shapes = [t.shape for t in tables]
        ctx.save_for_backward(index, features, place, weight)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, *grads):
        index, features, place, weight = ctx.saved_tensors
        grad = grads[0].contiguous()
        width = grad.shape[2]
        # Several times as fast as the backward pass of torch's embedding.
        table = grad.new_zeros(sum(ctx.sizes), width)
        table.index_add_(0, index.flatten(), grad.view(-1, width))
        parts = table.split(ctx.sizes)
        own = grad.index_select(1, place).transpose(0, 1)
        by_features = None
        if ctx.needs_input_grad[1]:
            by_features = torch.bmm(weight, own.transpose(1, 2))
        return (
            None,
            by_features,
            None,
            torch.bmm(features, own),
            *(part.view(shape) for part, shape in zip(parts, ctx.shapes, strict=True)),
        )


def embeddings(index, features, place, weight, tables) -> torch.Tensor:
    """Sum of each piece's entry and, for some pieces, of weighted features.

    Parameters
    ----------
    index : tensor of shape (n, n_pieces), int64
        Entries of the tables, one below the other, in pieces of equal width.
    features : tensor of shape (n_numbers, n_features, n)
    place : tensor of shape (n_numbers,), int64
        The piece that each number's features are added to.
    weight : tensor of shape (n_numbers, n_features, width)
    tables : sequence of tensor of shape (n_entries, a multiple of width)

    Returns
    -------
    tensor of shape (n, n_pieces, width)
    """
    return _Embeddings.apply(index, features, place, weight, *tables)


class _Triangular(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs, weight, bias, rows, mask, chunks):
        own = weight.index_select(0, rows).mul_(mask)
        out = inputs.new_empty(weight.shape[1], len(inputs))
        transposed = inputs.T
        for seen, units in chunks:
            torch.addmm(
                bias[units, None],
                own[:seen, units].T,
                transposed[:seen],
                out=out[units],
            )
        ctx.chunks = chunks
        ctx.save_for_backward(inputs, own, rows, mask)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, *grads):
        inputs, weight, rows, mask = ctx.saved_tensors
        grad = grads[0].contiguous()
        by_inputs, by_weight = torch.zeros_like(inputs), torch.zeros_like(weight)
        transposed = inputs.T
        for seen, units in ctx.chunks:
            own = grad[units].T
            by_inputs[:, :seen].addmm_(own, weight[:seen, units].T)
            torch.mm(transposed[:seen], own, out=by_weight[:seen, units])
        placed = torch.empty_like(weight).index_copy_(0, rows, by_weight.mul_(mask))
        return by_inputs, placed, grad.sum(1), None, None, None


def triangular(inputs, weight, bias, rows, mask, chunks) -> torch.Tensor:
    """(inputs @ weight[rows] + bias).T for weights under a staircase.

    Parameters
    ----------
    inputs : tensor of shape (n, n_in)
    weight : tensor of shape (n_in, n_out)
    bias : tensor of shape (n_out,)
    rows : tensor of shape (n_in,), int64
        The row of the weights that belongs to each input.
    mask : tensor of shape (n_in, n_out)
        One where a weight counts, else zero; for the rows in their new order.
    chunks : sequence of (int, slice)
        How many of the inputs some of the outputs see; together all outputs.

    Returns
    -------
    tensor of shape (n_out, n)
    """
    return _Triangular.apply(inputs, weight, bias, rows, mask, chunks)


class _Packed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, places, back, constants, *weights):
        ctx.shapes = [w.shape for w in weights]
        ctx.save_for_backward(back)
        flat = torch.cat([*(w.reshape(-1) for w in weights), constants])
        return flat.index_select(0, places)

    @staticmethod
    @once_differentiable
    def backward(ctx, *grads):
        (back,) = ctx.saved_tensors
        grad = torch.cat([grads[0], grads[0].new_zeros(1)]).index_select(0, back)
        parts = grad.split([shape.numel() for shape in ctx.shapes])
        shaped = [part.view(s) for part, s in zip(parts, ctx.shapes, strict=True)]
        return None, None, None, *shaped


def packed(places, back, constants, weights) -> torch.Tensor:
    """Weights in another order.

    Parameters
    ----------
    places : tensor of shape (n_packed,), int64
        Where each one stands among the weights, one tensor behind the other, and the
        constants; each of the weights at most once.
    back : tensor of shape (n_weights,), int64
        Where each of the weights is in the result, ``n_packed`` for nowhere.
    constants : tensor of shape (n_constants,)
    weights : sequence of tensor

    Returns
    -------
    tensor of shape (n_packed,)
    """
    return _Packed.apply(places, back, constants, *weights)


class _ChosenLogProbabilities(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, index):
        odds = torch.baddbmm(bias, weight.transpose(1, 2), x)
        odds -= odds.amax(1, keepdim=True)
        own = odds.gather(1, index)
        total = odds.exp_().sum(1, keepdim=True)
        ctx.save_for_backward(x, weight, index, odds, total)
        return (own - total.log())[:, 0]

    @staticmethod
    @once_differentiable
    def backward(ctx, *grads):
        x, weight, index, odds, total = ctx.saved_tensors
        own = grads[0][:, None]
        grad = odds * (own / total).neg_()
        grad.scatter_add_(1, index, own)
        return (
            torch.bmm(weight, grad),
            torch.bmm(x, grad.transpose(1, 2)),
            grad.sum(2, keepdim=True),
            None,
        )


def chosen_log_probabilities(x, weight, bias, index) -> torch.Tensor:
    """Log-softmax of linear outputs at one place a row, for several columns.

    Parameters
    ----------
    x : tensor of shape (n_columns, n_in, n)
    weight : tensor of shape (n_columns, n_in, n_out)
    bias : tensor of shape (n_columns, n_out, 1)
    index : tensor of shape (n_columns, 1, n), int64

    Returns
    -------
    tensor of shape (n_columns, n)
    """
    return _ChosenLogProbabilities.apply(x, weight, bias, index)


class _MixtureTerms(torch.autograd.Function):
    @staticmethod
    def forward(ctx, raw, z, least):
        weight, mean, log_deviation = raw.split(raw.shape[1] // 3, dim=1)
        inside = log_deviation.clamp(-6, 2)
        spread = inside.exp()
        deviation = spread + least
        standard = (z[:, None] - mean).div_(deviation)
        parts = weight - deviation.log()
        parts.addcmul_(standard, standard, value=-0.5)
        share, log_joint = _softmax(parts)
        prior, log_all = _softmax(weight)
        # The gradient of each term, which the backward pass only has to scale.
        slope = share * standard
        gradient = torch.empty_like(raw)
        by_weight, by_mean, by_log = gradient.split(raw.shape[1] // 3, dim=1)
        torch.sub(share, prior, out=by_weight)
        torch.div(slope, deviation, out=by_mean)
        slope.mul_(standard).sub_(share).mul_(spread).div_(deviation)
        torch.mul(slope, inside == log_deviation, out=by_log)
        ctx.save_for_backward(gradient)
        return (log_joint - log_all).sub_(HALF_LOG_TWO_PI)

    @staticmethod
    @once_differentiable
    def backward(ctx, *grads):
        (gradient,) = ctx.saved_tensors
        by_raw, by_z = gradient * grads[0][:, None], None
        if ctx.needs_input_grad[1]:
            by_z = -by_raw.chunk(3, dim=1)[1].sum(1)
        return by_raw, by_z, None


def _softmax(logits):
    """Softmax over the second axis and the log of its denominator."""
    top = logits.amax(1, keepdim=True)
    odds = (logits - top).exp_()
    total = odds.sum(1, keepdim=True)
    return odds.div_(total), total.log_().add_(top)[:, 0]


def mixture_terms(raw, z, least: float) -> torch.Tensor:
    """Log-densities of scores under mixtures of Gaussians.

    Parameters
    ----------
    raw : tensor of shape (n_columns, 3 * n_gaussians, n)
        Weights as logits, means, and log-deviations, which are clipped to [-6, 2].
    z : tensor of shape (n_columns, n)
    least : float
        Added to the deviations.

    Returns
    -------
    tensor of shape (n_columns, n)
    """
    return _MixtureTerms.apply(raw, z, least)


class _Blocks(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, *indices):
        ctx.shape = x.shape
        ctx.save_for_backward(*indices)
        return tuple(x.index_select(0, index) for index in indices)

    @staticmethod
    @once_differentiable
    def backward(ctx, *grads):
        # That of several indexings would fill and add the whole for each of them.
        total = grads[0].new_zeros(ctx.shape)
        for index, grad in zip(ctx.saved_tensors, grads, strict=True):
            total.index_add_(0, index, grad)
        return total, *[None] * len(grads)


def blocks(x: torch.Tensor, indices) -> list[torch.Tensor]:
    """Some rows of the first axis, several times.

    Parameters
    ----------
    x : tensor of shape (n, ...)
    indices : sequence of tensor of shape (k,), int64
    """
    return list(_Blocks.apply(x, *indices)) if len(indices) else []
