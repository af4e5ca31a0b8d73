"""The first layer: what each generated column sees of the columns before it."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from sklearn_synthohive.neural._columns import SMALL, Columns
from sklearn_synthohive.neural._kernels import triangular

__all__ = ["FullFirst", "LimitedFirst", "first_layer"]

# Columns whose inputs are gathered at a time: more only moves more memory.
CHUNK = 4
# Units that are multiplied at a time, by the inputs that one of them sees.
UNITS = 128


def first_layer(columns: Columns, hidden: int, rng: torch.Generator):
    """The layer that the columns ask for.

    Parameters
    ----------
    columns : Columns
    hidden : int
    rng : torch.Generator

    Returns
    -------
    FullFirst or LimitedFirst
    """
    kind = FullFirst if columns.seen is None else LimitedFirst
    return kind(columns, hidden, rng)


def seen_by_all(columns: Columns) -> np.ndarray:
    """Whether a column comes before a generated one, (n_columns, n_generated)."""
    return columns.rank[:, None] < np.arange(len(columns.order))


class FullFirst(nn.Module):
    """Every column sees all columns before it, through one block-masked matrix.

    Parameters
    ----------
    columns : Columns
    hidden : int
        Units a column.
    rng : torch.Generator
    """

    def __init__(self, columns: Columns, hidden: int, rng: torch.Generator):
        super().__init__()
        self.hidden = hidden
        widths = columns.widths
        self.rank = columns.rank
        self.starts = np.concatenate([[0], np.cumsum(widths)]).astype(int).tolist()
        seen = seen_by_all(columns)
        self.mask: torch.Tensor
        mask = torch.as_tensor(seen).repeat_interleave(torch.tensor(widths), dim=0)
        mask = mask.float().repeat_interleave(hidden, dim=1)
        self.register_buffer("mask", mask, persistent=False)
        fan_in = np.maximum(1, (seen * np.array(widths)[:, None]).sum(0))
        size = torch.as_tensor(1.4 / np.sqrt(fan_in), dtype=torch.float32)
        weight = torch.empty(mask.shape).normal_(0, 1, generator=rng)
        self.weight = nn.Parameter(weight * size.repeat_interleave(hidden) * self.mask)
        self.bias = nn.Parameter(torch.zeros(mask.shape[1]))
        # Inputs stand in the order of the columns, so that each sees the first ones.
        self.order = np.argsort(self.rank, kind="stable").tolist()
        rows = [torch.arange(self.starts[c], self.starts[c + 1]) for c in self.order]
        self.rows: torch.Tensor
        self.register_buffer("rows", torch.cat(rows), persistent=False)
        self.ordered_mask: torch.Tensor
        self.register_buffer("ordered_mask", mask[self.rows], persistent=False)
        ends = np.cumsum(np.array(widths)[self.order]).astype(int)
        # Where each column's inputs begin, and how many inputs each generated one sees.
        self.places = dict(zip(self.order, [0, *ends[:-1].tolist()], strict=True))
        self.seen = [0, *ends.tolist()][columns.n_context : -1]
        self.chunks = self._chunks()

    def _chunks(self):
        """Inputs and units of each block of the staircase."""
        size, found = max(1, UNITS // self.hidden), []
        for start in range(0, len(self.seen), size):
            stop = min(start + size, len(self.seen))
            units = slice(start * self.hidden, stop * self.hidden)
            found.append((self.seen[stop - 1], units))
        return found

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Sums before the activation, shape (n_generated, hidden, n).

        Parameters
        ----------
        inputs : tensor of shape (n, n_pieces, SMALL)
            The columns' embeddings, one beside the other as ``order`` says.
        """
        weights = self.weight, self.bias, self.rows, self.ordered_mask
        a = triangular(inputs.flatten(1), *weights, self.chunks)
        return a.view(-1, self.hidden, len(inputs))

    def spread(self, per_column: torch.Tensor) -> torch.Tensor:
        """A figure a column and generated column for each of the weights.

        Parameters
        ----------
        per_column : tensor of shape (n_columns, n_generated)

        Returns
        -------
        tensor of the shape of ``weight``
        """
        widths = torch.as_tensor(np.diff(self.starts), device=per_column.device)
        rows = per_column.repeat_interleave(widths, dim=0)
        return rows.repeat_interleave(self.hidden, dim=1)

    def sweep(self, n: int) -> _FullSweep:
        """The same, column by column.

        Parameters
        ----------
        n : int
            Rows.
        """
        return _FullSweep(self, n)


class _FullSweep:
    """Keeps the embeddings in the order of the columns, so that each sees the first.

    Pulling what a column sees reads little; adding each column to the sums of all
    those after it would read and write them all.
    """

    def __init__(self, layer, n):
        self.layer = layer
        self.weight = layer.weight.index_select(0, layer.rows)
        self.inputs = layer.weight.new_empty(n, len(layer.weight))

    def see(self, column, embedding):
        start = self.layer.places[column]
        self.inputs[:, start : start + embedding.shape[1]] = embedding

    def keep(self, index):
        self.inputs = self.inputs[index]

    def units(self, j):
        h, seen = self.layer.hidden, self.layer.seen[j]
        units = slice(j * h, (j + 1) * h)
        return torch.addmm(
            self.layer.bias[units], self.inputs[:, :seen], self.weight[:seen, units]
        )


class _GatheredProduct(torch.autograd.Function):
    """Products of each column's weights with the pieces that it sees.

    The gathered pieces are sixty times as large as the pieces; they are made again for
    the backward pass instead of being kept.
    """

    @staticmethod
    def forward(ctx, pieces, weight, index):
        ctx.save_for_backward(pieces, weight, index)
        out = pieces.new_empty(len(weight), weight.shape[2], pieces.shape[2])
        for start in range(0, len(weight), CHUNK):
            part = slice(start, start + CHUNK)
            torch.bmm(
                weight[part].transpose(1, 2),
                _gather(pieces, index[part]),
                out=out[part],
            )
        return out

    @staticmethod
    def backward(ctx, grad):
        pieces, weight, index = ctx.saved_tensors
        grad_pieces, grad_weight = torch.zeros_like(pieces), torch.empty_like(weight)
        for start in range(0, len(weight), CHUNK):
            part = slice(start, start + CHUNK)
            gathered = _gather(pieces, index[part])
            torch.bmm(gathered, grad[part].transpose(1, 2), out=grad_weight[part])
            inner = torch.bmm(weight[part], grad[part])
            inner = inner.view(-1, *pieces.shape[1:])
            grad_pieces.index_add_(0, index[part].flatten(), inner)
        return grad_pieces, grad_weight, None


def _gather(pieces, index):
    """Pieces (n_pieces, SMALL, n) of some columns, (columns, inputs, n)."""
    found = pieces.index_select(0, index.flatten())
    return found.view(len(index), -1, pieces.shape[2])


class LimitedFirst(nn.Module):
    """Every column sees some columns before it; the cost is linear in the columns.

    Parameters
    ----------
    columns : Columns
        With ``seen``.
    hidden : int
        Units a column.
    rng : torch.Generator
    """

    def __init__(self, columns: Columns, hidden: int, rng: torch.Generator):
        super().__init__()
        widths = np.array(columns.widths) // SMALL
        self.starts = np.concatenate([[0], np.cumsum(widths)]).astype(int).tolist()
        self.index: torch.Tensor
        pieces = [
            [p for c in seen for p in range(self.starts[c], self.starts[c + 1])]
            for seen in columns.seen or ()
        ]
        most = max(1, *map(len, pieces))
        # The last piece is empty.
        index = torch.full((len(pieces), most), self.starts[-1])
        for j, own in enumerate(pieces):
            index[j, : len(own)] = torch.tensor(own, dtype=torch.long)
        self.register_buffer("index", index, persistent=False)
        weight = torch.empty(len(pieces), most * SMALL, hidden)
        fan_in = (SMALL * np.maximum(1, [len(own) for own in pieces]))[:, None, None]
        size = torch.as_tensor(1.4 / np.sqrt(fan_in), dtype=torch.float32)
        self.weight = nn.Parameter(weight.normal_(0, 1, generator=rng) * size)
        self.bias = nn.Parameter(torch.zeros(len(pieces), hidden, 1))
        self.order = list(range(len(widths)))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """As :meth:`FullFirst.forward`."""
        nothing = inputs.new_zeros(1, SMALL, len(inputs))
        pieces = torch.cat([inputs.permute(1, 2, 0), nothing])
        return _GatheredProduct.apply(pieces, self.weight, self.index) + self.bias

    def spread(self, per_column: torch.Tensor) -> torch.Tensor:
        """As :meth:`FullFirst.spread`; zero where there is no piece."""
        pieces = torch.as_tensor(np.diff(self.starts), device=per_column.device)
        rows = per_column.repeat_interleave(pieces, dim=0)
        rows = torch.cat([rows, rows.new_zeros(1, rows.shape[1])])
        own = rows.T.gather(1, self.index).repeat_interleave(SMALL, dim=1)
        return own[:, :, None].expand(self.weight.shape)

    def sweep(self, n: int) -> _LimitedSweep:
        """As :meth:`FullFirst.sweep`."""
        return _LimitedSweep(self, n)


class _LimitedSweep:
    """Keeps the embeddings, and gathers those that a column sees."""

    def __init__(self, layer, n):
        self.layer = layer
        self.pieces = layer.weight.new_zeros(layer.starts[-1] + 1, SMALL, n)

    def see(self, column, embedding):
        start, stop = self.layer.starts[column : column + 2]
        self.pieces[start:stop] = embedding.T.reshape(stop - start, SMALL, -1)

    def keep(self, index):
        self.pieces = self.pieces[:, :, index]

    def units(self, j):
        layer = self.layer
        own = self.pieces.index_select(0, layer.index[j]).flatten(0, 1)
        return (layer.weight[j].T @ own + layer.bias[j]).T
