"""The first layer: what each generated column sees of the columns before it."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from sklearn_synthohive.neural._columns import Columns

__all__ = ["FullFirst"]


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

    def forward(self, parts: list[torch.Tensor]) -> torch.Tensor:
        """Sums before the activation, shape (n_generated, n, hidden).

        Parameters
        ----------
        parts : list of tensor of shape (n, width)
            Each column's embedding.
        """
        a = torch.cat(parts, dim=1) @ (self.weight * self.mask) + self.bias
        return a.reshape(len(a), -1, self.hidden).transpose(0, 1)

    def sweep(self, n: int) -> _FullSweep:
        """The same, column by column.

        Parameters
        ----------
        n : int
            Rows.
        """
        return _FullSweep(self, n)


class _FullSweep:
    """Adds each column to the sums of those after it, as soon as it is there."""

    def __init__(self, layer, n):
        self.layer = layer
        self.sums = layer.bias.repeat(n, 1)

    def see(self, column, embedding):
        layer = self.layer
        rows = slice(layer.starts[column], layer.starts[column + 1])
        after = (int(layer.rank[column]) + 1) * layer.hidden
        if after < self.sums.shape[1]:
            self.sums[:, after:] += embedding @ layer.weight[rows, after:]

    def keep(self, index):
        self.sums = self.sums[index]

    def units(self, j):
        h = self.layer.hidden
        return self.sums[:, j * h : (j + 1) * h]
