"""The autoregressive generator: each column's law given the columns before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from sklearn_synthohive.layout import Layout

__all__ = ["AutoregressiveNet", "Columns", "affordable_rows"]

N_GAUSSIANS = 8
MIN_DEVIATION = 0.003
# Logit of the padding behind a column's states; finite, so that it can be averaged.
ABSENT = -1e9
# Above this, logits are low-rank and tied to the embeddings.
MAX_DENSE_STATES = 200
SMALL, LARGE = 8, 16
MAX_LOGITS = 20_000_000


@dataclass(frozen=True)
class Columns:
    """The columns that the network sees, context first.

    Attributes
    ----------
    sizes : tuple of int
        Number of states of each column.
    modes : tuple of tuple of int
        Per column the states that a scalar goes with.
    n_context : int
        How many of the columns are given, not generated.
    order : tuple of int
        The generated columns in the order in which they are generated.
    """

    sizes: tuple[int, ...]
    modes: tuple[tuple[int, ...], ...]
    n_context: int
    order: tuple[int, ...]

    @classmethod
    def of(cls, layout: Layout, context: Layout | None, order) -> Columns:
        """Columns of a table's layout and that of its context.

        Parameters
        ----------
        layout : Layout
        context : Layout or None
        order : sequence of int
            Of the table's spans.
        """
        spans = [*(context.spans if context else ()), *layout.spans]
        n_context = len(spans) - len(layout.spans)
        return cls(
            tuple(s.n_states for s in spans),
            tuple(
                tuple(np.flatnonzero(s.has_value).tolist()) if s.states else ()
                for s in spans
            ),
            n_context,
            tuple(n_context + k for k in order),
        )

    @property
    def continuous(self) -> tuple[int, ...]:
        """Columns with a scalar."""
        return tuple(c for c, modes in enumerate(self.modes) if modes)

    @property
    def widths(self) -> tuple[int, ...]:
        """Width of each column's embedding."""
        return tuple(LARGE if n > MAX_DENSE_STATES else SMALL for n in self.sizes)

    @property
    def rank(self) -> np.ndarray:
        """Place of each column in the order; context columns share the first."""
        rank = np.full(len(self.sizes), -1)
        rank[list(self.order)] = np.arange(len(self.order))
        return rank


def affordable_rows(columns: Columns) -> int:
    """Rows whose logits over the widest column take no more than some 80 MB.

    Parameters
    ----------
    columns : Columns

    Returns
    -------
    int
        At most 4096.
    """
    return int(np.clip(MAX_LOGITS // max(columns.sizes, default=1), 16, 4096))


class ScalarFeatures(nn.Module):
    """A score and eight ramps between normal octiles, mapped to the embedding.

    The piecewise-linear encoding of numbers of Gorishniy et al. 2022
    (arXiv:2203.05556), on scores that are standard normal by construction.

    Parameters
    ----------
    n_columns, width : int
    rng : torch.Generator
    """

    edges = (-2.5, -1.1503, -0.6745, -0.3186, 0.0, 0.3186, 0.6745, 1.1503, 2.5)

    def __init__(self, n_columns: int, width: int, rng: torch.Generator):
        super().__init__()
        self.low: torch.Tensor
        self.step: torch.Tensor
        edges = torch.tensor(self.edges)
        self.register_buffer("low", edges[:-1], persistent=False)
        self.register_buffer("step", edges[1:] - edges[:-1], persistent=False)
        weight = torch.empty(n_columns, 1 + len(self.edges) - 1, width)
        self.weight = nn.Parameter(weight.normal_(0, 0.5, generator=rng))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Embeddings of scores (n, n_columns), shape (n, n_columns, width)."""
        ramps = ((z[..., None] - self.low) / self.step).clamp(0, 1)
        features = torch.cat([z[..., None], ramps], dim=-1)
        return torch.einsum("nkf,kfd->nkd", features, self.weight)

    def one(self, k: int, z: torch.Tensor) -> torch.Tensor:
        """Embeddings of one column's scores (n,), shape (n, width)."""
        ramps = ((z[:, None] - self.low) / self.step).clamp(0, 1)
        return torch.cat([z[:, None], ramps], dim=1) @ self.weight[k]


class AutoregressiveNet(nn.Module):
    """One masked network for all conditional laws.

    Column j sees the embeddings of the columns before it through one block-masked
    matrix (MADE, Germain et al. 2015, arXiv:1502.03509), then has residual layers of
    its own. Its law is categorical over the states and, within a mode, a mixture of
    Gaussians for the normal score.

    Parameters
    ----------
    columns : Columns
    hidden : sequence of int
        Hidden units a column, for each layer; all the same.
    seed : int
    """

    def __init__(self, columns: Columns, hidden: Sequence[int], seed: int):
        super().__init__()
        rng = torch.Generator().manual_seed(seed)
        self.columns = columns
        self.hidden = hidden[0]
        m = len(columns.order)
        widths = columns.widths
        self.tables = nn.ParameterList(
            nn.Parameter(torch.empty(n, d).normal_(0, 0.5, generator=rng))
            for n, d in zip(columns.sizes, widths, strict=True)
        )
        self.scalars = ScalarFeatures(len(columns.continuous), SMALL, rng)
        self.starts = np.concatenate([[0], np.cumsum(widths)]).astype(int).tolist()
        self._add_hidden_layers(m, len(hidden) - 1, rng)
        self._add_heads(m, rng)

    def _add_hidden_layers(self, m, n_deeper, rng):
        columns, h = self.columns, self.hidden
        rank = columns.rank
        seen = rank[:, None] < np.arange(m)
        mask = torch.as_tensor(seen).repeat_interleave(
            torch.tensor(columns.widths), dim=0
        )
        self.mask: torch.Tensor
        self.register_buffer(
            "mask", mask.float().repeat_interleave(h, dim=1), persistent=False
        )
        fan_in = np.maximum(1, (seen * np.array(columns.widths)[:, None]).sum(0))
        size = torch.as_tensor(1.4 / np.sqrt(fan_in), dtype=torch.float32)
        weight = torch.empty(self.starts[-1], m * h).normal_(0, 1, generator=rng)
        self.first = nn.Parameter(weight * size.repeat_interleave(h) * self.mask)
        self.first_bias = nn.Parameter(torch.zeros(m * h))
        self.deeper = nn.ParameterList(
            torch.empty(m, h, h).normal_(0, 1 / math.sqrt(h), generator=rng)
            for _ in range(n_deeper)
        )
        self.deeper_bias = nn.ParameterList(
            torch.zeros(m, 1, h) for _ in range(n_deeper)
        )

    def _add_heads(self, m, rng):
        columns, h = self.columns, self.hidden
        sizes = [columns.sizes[c] for c in columns.order]
        self.dense = [j for j in range(m) if sizes[j] <= MAX_DENSE_STATES]
        self.tied = [j for j in range(m) if sizes[j] > MAX_DENSE_STATES]
        widest = max((sizes[j] for j in self.dense), default=1)
        head = torch.empty(len(self.dense), h, widest).normal_(0, 0.02, generator=rng)
        self.logit_weight = nn.Parameter(head)
        bias = torch.zeros(len(self.dense), 1, widest)
        self.logit_bias = nn.Parameter(bias)
        self.logit_mask: torch.Tensor
        absent = torch.zeros(len(self.dense), 1, widest)
        for row, j in enumerate(self.dense):
            absent[row, :, sizes[j] :] = ABSENT
        self.register_buffer("logit_mask", absent, persistent=False)
        self.queries = nn.ParameterList(
            nn.Parameter(torch.empty(h, LARGE).normal_(0, 0.02, generator=rng))
            for _ in self.tied
        )
        self.level_bias = nn.ParameterList(
            nn.Parameter(torch.zeros(sizes[j])) for j in self.tied
        )
        self.numeric = [j for j in range(m) if columns.modes[columns.order[j]]]
        modes = [columns.modes[columns.order[j]] for j in self.numeric]
        most = max((len(k) for k in modes), default=1)
        self.most_modes = most
        # Position of each state among the modes of its column; zero for other states.
        self.mode_of: torch.Tensor
        self.is_mode: torch.Tensor
        largest = max((sizes[j] for j in self.numeric), default=1)
        mode_of = torch.zeros(len(self.numeric), largest, dtype=torch.long)
        is_mode = torch.zeros(len(self.numeric), largest)
        for row, states in enumerate(modes):
            mode_of[row, list(states)] = torch.arange(len(states))
            is_mode[row, list(states)] = 1.0
        self.register_buffer("mode_of", mode_of, persistent=False)
        self.register_buffer("is_mode", is_mode, persistent=False)
        n_out = most * 3 * N_GAUSSIANS
        weight = torch.empty(len(self.numeric), h, n_out)
        self.mixture_weight = nn.Parameter(weight.normal_(0, 0.02, generator=rng))
        start = torch.zeros(most, 3, N_GAUSSIANS)
        start[:, 1] = torch.linspace(-1.6, 1.6, N_GAUSSIANS)
        start[:, 2] = -1.0
        start = start.reshape(1, 1, -1).repeat(len(self.numeric), 1, 1)
        self.mixture_bias = nn.Parameter(start)

    def start_from_margins(self, counts: list[np.ndarray]):
        """Start at the log-frequencies of each generated column's states.

        Parameters
        ----------
        counts : list of ndarray
            Per generated column, in the order.
        """
        with torch.no_grad():
            for j, count in enumerate(counts):
                margin = np.log((count + 0.5) / (count.sum() + 0.5 * len(count)))
                values = torch.as_tensor(margin, dtype=torch.float32)
                if j in self.tied:
                    self.level_bias[self.tied.index(j)].copy_(values)
                else:
                    self.logit_bias[self.dense.index(j), 0, : len(count)] = values

    def embed(self, states: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Embeddings of all columns side by side.

        Parameters
        ----------
        states : tensor of shape (n, n_columns), int64
        scores : tensor of shape (n, n_continuous), float32
        """
        parts = [
            nn.functional.embedding(column, table)
            for table, column in zip(self.tables, states.unbind(1), strict=True)
        ]
        extra = self.scalars(scores).unbind(1)
        for k, c in enumerate(self.columns.continuous):
            present = self.present(c, states[:, c])
            parts[c] = parts[c] + extra[k] * present[:, None]
        return torch.cat(parts, dim=1)

    def present(self, column: int, states: torch.Tensor) -> torch.Tensor:
        """One where a state has a scalar."""
        mask = torch.zeros(self.columns.sizes[column], device=states.device)
        mask[list(self.columns.modes[column])] = 1.0
        return mask[states]

    def forward(self, states: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Log-density of each row, given its context columns.

        Parameters
        ----------
        states : tensor of shape (n, n_columns), int64
        scores : tensor of shape (n, n_continuous), float32

        Returns
        -------
        tensor of shape (n, n_generated)
            One term a generated column, in the order: log-probability of the state,
            plus the log-density of the score where there is one.
        """
        columns = self.columns
        n, m = len(states), len(columns.order)
        a = self.embed(states, scores) @ (self.first * self.mask) + self.first_bias
        x = nn.functional.silu(a.reshape(n, m, self.hidden).transpose(0, 1))
        for weight, bias in zip(self.deeper, self.deeper_bias, strict=True):
            x = x + nn.functional.silu(torch.bmm(x, weight) + bias)
        hidden = x.unbind(0)
        own = states[:, list(columns.order)]
        terms = [hidden[0].new_zeros(())] * m
        if self.dense:
            logits = torch.bmm(_pick(x, self.dense, m), self.logit_weight)
            logits = logits + (self.logit_bias + self.logit_mask)
            index = own[:, self.dense].T[..., None]
            chosen = logits.log_softmax(-1).gather(2, index)[..., 0].unbind(0)
            for row, j in enumerate(self.dense):
                terms[j] = chosen[row]
        for row, j in enumerate(self.tied):
            logits = self.level_logits(row, hidden[j])
            loss = nn.functional.cross_entropy(logits, own[:, j], reduction="none")
            terms[j] = -loss
        if self.numeric:
            where = [columns.continuous.index(columns.order[j]) for j in self.numeric]
            z = scores[:, where].T
            density = self._mixture_density(x, own[:, self.numeric].T, z).unbind(0)
            for row, j in enumerate(self.numeric):
                terms[j] = terms[j] + density[row]
        return torch.stack(terms, dim=1)

    def level_logits(self, row: int, x: torch.Tensor) -> torch.Tensor:
        """Low-rank logits, tied to the column's own embedding."""
        column = self.columns.order[self.tied[row]]
        return x @ self.queries[row] @ self.tables[column].T + self.level_bias[row]

    def _mixture_density(self, x, states, z):
        """Log-density of the scores under each row's mode; zero where there is none."""
        n = states.shape[1]
        raw = torch.bmm(
            _pick(x, self.numeric, len(self.columns.order)), self.mixture_weight
        )
        raw = (raw + self.mixture_bias).reshape(
            len(self.numeric), n, self.most_modes, 3 * N_GAUSSIANS
        )
        mode = self.mode_of.gather(1, states)[..., None, None]
        own = raw.gather(2, mode.expand(-1, -1, 1, 3 * N_GAUSSIANS))[:, :, 0]
        density = mixture_log_density(z, *mixture_parameters(own))
        return density * self.is_mode.gather(1, states)


def _pick(x: torch.Tensor, which: list[int], m: int) -> torch.Tensor:
    """Rows of the first axis; the whole where all are wanted, without a copy."""
    return x if len(which) == m else torch.stack([x.unbind(0)[j] for j in which])


def mixture_parameters(raw: torch.Tensor):
    """Weights (as logits), means and deviations from the raw outputs.

    Parameters
    ----------
    raw : tensor of shape (..., 3 * N_GAUSSIANS)
    """
    weight, mean, log_deviation = raw.split(N_GAUSSIANS, dim=-1)
    return weight, mean, log_deviation.clamp(-6, 2).exp() + MIN_DEVIATION


def mixture_log_density(z, weight, mean, deviation):
    """Log-density of scores under a mixture of Gaussians.

    Parameters
    ----------
    z : tensor of shape (...)
    weight, mean, deviation : tensor of shape (..., N_GAUSSIANS)
        As :func:`mixture_parameters` returns them.
    """
    standard = (z[..., None] - mean) / deviation
    parts = -0.5 * standard**2 - deviation.log() - 0.5 * math.log(2 * math.pi)
    return torch.logsumexp(weight.log_softmax(-1) + parts, dim=-1)
