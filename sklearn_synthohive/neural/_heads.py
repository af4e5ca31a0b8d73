"""The laws of states: softmax heads of all columns, and the steps below a cluster."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.autograd.function import once_differentiable

from sklearn_synthohive.neural._levels import LevelGroups

__all__ = [
    "DenseHeads",
    "LevelHead",
    "chosen_log_probability",
    "draw_index",
    "odds",
    "pick",
]

# Logit of the padding behind a column's states; finite, so that it can be averaged.
ABSENT = -1e9
# Outputs of all columns, padding included, that one batched product may have.
CHEAP_OUTPUTS = 1024
# On fewer columns than this, torch's softmax takes several times as long as its parts.
FEW_COLUMNS = 16


def pick(x: torch.Tensor, which: list[int]) -> torch.Tensor:
    """Rows of the first axis; the whole where all are wanted, without a copy."""
    if len(which) == len(x):
        return x
    # The gradient of indexing fills zeros for every row; that of unbind does not.
    rows = x.unbind(0)
    return torch.stack([rows[j] for j in which])


class _ChosenLogProbability(torch.autograd.Function):
    """Log-softmax at one place a row, whose gradient is made in one pass."""

    @staticmethod
    def forward(ctx, logits, index):
        if logits.shape[-1] < FEW_COLUMNS:
            shifted = logits - logits.amax(-1, keepdim=True)
            log_p = shifted.sub_(shifted.exp().sum(-1, keepdim=True).log_())
        else:
            log_p = logits.log_softmax(-1)
        ctx.save_for_backward(log_p, index)
        return log_p.gather(-1, index)[..., 0]

    @staticmethod
    @once_differentiable
    def backward(ctx, *grads):
        log_p, index = ctx.saved_tensors
        own = grads[0][..., None]
        return (log_p.exp().mul_(-own)).scatter_add_(-1, index, own), None


def chosen_log_probability(logits: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Log-softmax at one place a row.

    Parameters
    ----------
    logits : tensor of shape (..., k)
    index : tensor of shape (..., 1), int64

    Returns
    -------
    tensor of shape (...)
    """
    return _ChosenLogProbability.apply(logits, index)


def odds(logits: torch.Tensor) -> torch.Tensor:
    """Probabilities up to a factor of each row, (n, k), which is all a draw needs."""
    if logits.shape[1] < FEW_COLUMNS:
        return (logits - logits.amax(1, keepdim=True)).exp_()
    return logits.softmax(1)


def draw_index(probabilities: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    """One index a row, by inverting the cumulative distribution.

    Parameters
    ----------
    probabilities : tensor of shape (n, k)
        Up to a factor of each row.
    rng : torch.Generator

    Returns
    -------
    tensor of shape (n,), int64
    """
    cumulative = probabilities.cumsum(1)
    u = torch.rand(len(cumulative), 1, generator=rng, device=cumulative.device)
    index = torch.searchsorted(cumulative, u * cumulative[:, -1:], right=True)
    return index[:, 0].clamp(max=cumulative.shape[1] - 1)


class DenseHeads(nn.Module):
    """One softmax a column, columns of similar size in one batched product.

    Parameters
    ----------
    sizes : sequence of int
        Outcomes of each column.
    hidden : int
    rng : torch.Generator
    """

    def __init__(self, sizes, hidden: int, rng: torch.Generator):
        super().__init__()
        self.sizes = list(sizes)
        self.buckets = _buckets(self.sizes)
        # Where each column stands: its bucket, and its row there.
        self.place = {
            j: (k, row)
            for k, bucket in enumerate(self.buckets)
            for row, j in enumerate(bucket)
        }
        self.weight, self.bias = nn.ParameterList(), nn.ParameterList()
        for k, bucket in enumerate(self.buckets):
            widest = max(self.sizes[j] for j in bucket)
            weight = torch.empty(len(bucket), hidden, widest)
            self.weight.append(weight.normal_(0, 0.02, generator=rng))
            self.bias.append(torch.zeros(len(bucket), 1, widest))
            mask = torch.zeros(len(bucket), 1, widest)
            for row, j in enumerate(bucket):
                mask[row, :, self.sizes[j] :] = ABSENT
            self.register_buffer(f"mask_{k}", mask, persistent=False)

    def forward(self, x: torch.Tensor, outcomes: torch.Tensor) -> list[torch.Tensor]:
        """Log-probabilities, a tensor of shape (n,) for each column.

        Parameters
        ----------
        x : tensor of shape (n_generated, n, hidden)
        outcomes : tensor of shape (n, n_generated), int64
        """
        terms = [outcomes.new_zeros(())] * len(self.sizes)
        for k, bucket in enumerate(self.buckets):
            mask = getattr(self, f"mask_{k}")
            logits = torch.bmm(pick(x, bucket), self.weight[k]) + (self.bias[k] + mask)
            index = outcomes.T[bucket][..., None]
            chosen = chosen_log_probability(logits, index)
            for j, term in zip(bucket, chosen.unbind(0), strict=True):
                terms[j] = term
        return terms

    def of(self, j: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Weights (hidden, size) and biases (size,) of a column."""
        k, row = self.place[j]
        n = self.sizes[j]
        return self.weight[k][row, :, :n], self.bias[k][row, 0, :n]

    def logits(self, j: int, x: torch.Tensor) -> torch.Tensor:
        """Of one column, shape (n, size).

        Parameters
        ----------
        j : int
        x : tensor of shape (n, hidden)
        """
        weight, bias = self.of(j)
        return x @ weight + bias

    @torch.no_grad()
    def start(self, j: int, weights: torch.Tensor):
        """Start a column at the log-frequencies of its outcomes."""
        self.of(j)[1].copy_(torch.log(weights / weights.sum()))


def _buckets(sizes):
    """Columns whose products are padded to one size; all where that is cheap."""
    if len(sizes) * max(sizes, default=0) <= CHEAP_OUTPUTS:
        return [list(range(len(sizes)))] if sizes else []
    limits = [4, 16, 64, max(sizes)]
    kind = np.searchsorted(limits, sizes)
    return [np.flatnonzero(kind == k).tolist() for k in np.unique(kind)]


class LevelHead(nn.Module):
    """Groups within a cluster, tied to the embeddings, and levels within a group.

    The embedding of a group as an input is its weight as an output (Press and Wolf
    2017, arXiv:1608.05859).

    Parameters
    ----------
    groups : LevelGroups
    hidden, width : int
        Of the hidden layer and the embedding.
    rng : torch.Generator
    """

    def __init__(self, groups: LevelGroups, hidden, width, rng: torch.Generator):
        super().__init__()
        self.groups = groups
        query = torch.empty(hidden, width)
        self.query = nn.Parameter(query.normal_(0, 0.02, generator=rng))
        shape = groups.n_clusters, groups.width
        self.bias = nn.Parameter(torch.zeros(shape))
        absent = torch.zeros(shape)
        absent.view(-1)[groups.n_groups :] = ABSENT
        self.absent: torch.Tensor
        self.group: torch.Tensor
        self.log_share: torch.Tensor
        self.members: torch.Tensor
        self.edges: torch.Tensor
        arrays = {
            "absent": absent,
            "group": torch.as_tensor(groups.group),
            "log_share": torch.as_tensor(groups.log_share, dtype=torch.float32),
            "members": torch.as_tensor(groups.members),
            "edges": torch.as_tensor(groups.edges),
        }
        for name, array in arrays.items():
            self.register_buffer(name, array, persistent=False)

    @torch.no_grad()
    def start(self, weights: torch.Tensor):
        """Start at the log-frequencies of the groups, (n_clusters, width)."""
        self.bias.copy_(torch.where(self.absent < 0, 0.0, weights.log()))

    def cluster(self, levels: torch.Tensor) -> torch.Tensor:
        """The cluster of each level."""
        return self.group[levels] // self.groups.width

    def logits(self, x, table, cluster: torch.Tensor) -> torch.Tensor:
        """Of the groups of each row's cluster, shape (n, width).

        Parameters
        ----------
        x : tensor of shape (n, hidden)
        table : tensor of shape (n_clusters * width, embedding width)
        cluster : tensor of shape (n,), int64
        """
        query = x @ self.query
        n_clusters, width = self.bias.shape
        blocks = nn.functional.embedding(cluster, table.view(n_clusters, -1))
        blocks = blocks.view(len(x), width, table.shape[1])
        match = torch.bmm(blocks, query[:, :, None])[:, :, 0]
        return match + nn.functional.embedding(cluster, self.bias + self.absent)

    def forward(self, x, table, levels: torch.Tensor) -> torch.Tensor:
        """Log-probability of each row's level, given its cluster, shape (n,)."""
        group = self.group[levels]
        cluster = group // self.groups.width
        logits = self.logits(x, table, cluster)
        own = chosen_log_probability(logits, (group % self.groups.width)[:, None])
        return own + self.log_share[levels]

    def every(self, x, table, log_cluster: torch.Tensor) -> torch.Tensor:
        """Log-probabilities of all levels, shape (n, n_levels).

        Parameters
        ----------
        x, table : tensor
            As in :meth:`logits`.
        log_cluster : tensor of shape (n, n_clusters)
            Log-probability of each cluster.
        """
        shape = len(x), self.groups.n_clusters, self.groups.width
        logits = (x @ self.query @ table.T).view(shape) + (self.bias + self.absent)
        log_group = logits.log_softmax(2) + log_cluster[:, :, None]
        return log_group.flatten(1)[:, self.group] + self.log_share

    def draw(self, x, table, cluster, rng: torch.Generator) -> torch.Tensor:
        """One level a row, from its cluster.

        Parameters
        ----------
        x, table, cluster : tensor
            As in :meth:`logits`.
        rng : torch.Generator
        """
        slot = draw_index(odds(self.logits(x, table, cluster)), rng)
        group = cluster * self.groups.width + slot
        u = torch.rand(len(x), generator=rng, device=x.device, dtype=torch.float64)
        place = torch.searchsorted(self.edges.double(), group + u, right=True)
        return self.members[place.clamp(max=len(self.members) - 1)]
