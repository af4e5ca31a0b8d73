"""The row that the networks see, and its way from and to the compact table."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from sklearn_synthohive.layout import CompactTable, Layout

__all__ = ["DeviceTable", "RowSpec", "embedding_width"]


def embedding_width(n_levels: int) -> int:
    """Width of an entity embedding: grows with the levels, from 4 to 32."""
    return int(np.clip(round(1.6 * n_levels**0.56), 4, 32))


@dataclass(frozen=True)
class RowSpec:
    """Order of a dense row: all one-hot states, all scalars, all embeddings.

    Grouping by kind rather than by column lets every step work on whole blocks.

    Attributes
    ----------
    onehot : tuple of int
        Indices of the layout's spans with one-hot states.
    sizes : tuple of int
        Number of states of each of them.
    coded : tuple of int
        Indices of the spans that are integer codes.
    levels : tuple of int
        Number of levels of each of them.
    continuous : tuple of int
        Positions within ``onehot`` of the spans that have a scalar.
    bounds : tuple of float
        Largest absolute scalar of each continuous span in the training rows.
    has_value : ndarray of shape (n_states, n_continuous), float32
        One where a state goes with the scalar.
    """

    onehot: tuple[int, ...]
    sizes: tuple[int, ...]
    coded: tuple[int, ...]
    levels: tuple[int, ...]
    continuous: tuple[int, ...]
    bounds: tuple[float, ...]
    has_value: np.ndarray = field(compare=False)

    @classmethod
    def of(cls, layout: Layout, bounds: tuple[float, ...]) -> RowSpec:
        """The spec of a layout, given the largest absolute scalars."""
        spans = layout.spans
        onehot = tuple(i for i, s in enumerate(spans) if s.kind != "code")
        coded = tuple(i for i, s in enumerate(spans) if s.kind == "code")
        continuous = tuple(
            k for k, i in enumerate(onehot) if spans[i].kind == "continuous"
        )
        sizes = tuple(spans[i].n_states for i in onehot)
        has_value = np.zeros((sum(sizes), len(continuous)), dtype=np.float32)
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        for column, k in enumerate(continuous):
            mask = spans[onehot[k]].has_value
            has_value[offsets[k] : offsets[k + 1], column] = mask
        return cls(
            onehot,
            sizes,
            coded,
            tuple(spans[i].n_states for i in coded),
            continuous,
            bounds,
            has_value,
        )

    @property
    def n_states(self) -> int:
        """Total number of one-hot states."""
        return sum(self.sizes)

    @property
    def offsets(self) -> list[int]:
        """Where each one-hot span begins."""
        return [sum(self.sizes[:k]) for k in range(len(self.sizes))]

    @property
    def embedding_widths(self) -> tuple[int, ...]:
        """Width of each coded span's embedding."""
        return tuple(embedding_width(n) for n in self.levels)

    @property
    def width(self) -> int:
        """Length of the dense row."""
        return self.n_states + len(self.continuous) + sum(self.embedding_widths)


class DeviceTable:
    """A compact table as tensors on a device, from which batches are gathered.

    Parameters
    ----------
    table : CompactTable
    spec : RowSpec
    device : torch.device or str
    """

    def __init__(self, table: CompactTable, spec: RowSpec, device="cpu"):
        self.spec = spec
        codes = torch.as_tensor(table.codes)
        self.states = codes[:, list(spec.onehot)].contiguous().to(device)
        self.coded = codes[:, list(spec.coded)].contiguous().to(device)
        self.scalars = torch.as_tensor(table.scalars).to(device)
        self.offsets = torch.tensor(spec.offsets, dtype=torch.long, device=device)

    def __len__(self) -> int:
        return len(self.states)

    def dense(self, rows: torch.Tensor) -> torch.Tensor:
        """One-hot states and scalars of the given rows, without embeddings.

        Parameters
        ----------
        rows : tensor of shape (n,), int64

        Returns
        -------
        tensor of shape (n, n_states + n_continuous), float32
        """
        spec = self.spec
        n_continuous = len(spec.continuous)
        out = torch.zeros(
            (len(rows), spec.n_states + n_continuous), device=self.states.device
        )
        if spec.sizes:
            out.scatter_(1, self.states[rows].long() + self.offsets, 1.0)
        if n_continuous:
            out[:, spec.n_states :] = self.scalars[rows]
        return out

    def codes(self, rows: torch.Tensor) -> torch.Tensor:
        """Integer codes of the coded spans, shape (n, n_coded), int64."""
        return self.coded[rows].long()
