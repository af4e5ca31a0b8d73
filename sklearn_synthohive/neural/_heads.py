"""The laws of states: softmax heads of all columns, and the steps below a cluster."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.autograd.function import once_differentiable

from sklearn_synthohive.neural._kernels import chosen_log_probabilities, packed
from sklearn_synthohive.neural._levels import LevelGroups

__all__ = [
    "DenseHeads",
    "LevelHead",
    "chosen_log_probability",
    "draw_index",
    "odds",
]

# Logit of the padding behind a column's states; finite, so that it can be averaged.
ABSENT = -1e9
# Outputs of all columns, padding included, that one batched product may have.
CHEAP_OUTPUTS = 1024
# Outputs of a column that cost as much as one more product.
OUTPUTS_A_PRODUCT = 60
# Columns that one product has at most.
MAX_PACK = 64
# On fewer columns than this, torch's softmax takes several times as long as its parts.
FEW_COLUMNS = 16


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
        self._pack()

    places: torch.Tensor
    back: torch.Tensor
    packed_columns: torch.Tensor
    unpacked: torch.Tensor
    constants: torch.Tensor

    def _pack(self):
        """Which columns share a product in training: those of about one size."""
        h = self.weight[0].shape[1] if len(self.weight) else 0
        sizes = [w.numel() for w in (*self.weight, *self.bias)]
        starts, n_weights = np.cumsum(sizes) - sizes, sum(sizes)
        places, columns, self.packs = [], [], []
        for own in _packs(self.sizes):
            widest = max(self.sizes[j] for j in own)
            weight = np.full((len(own), h, widest), n_weights)
            bias = np.full((len(own), widest), n_weights + 1)
            for i, j in enumerate(own):
                (k, row), n = self.place[j], self.sizes[j]
                width = self.bias[k].shape[2]
                block = row * h * width + np.arange(h)[:, None] * width + np.arange(n)
                weight[i, :, :n] = starts[k] + block
                bias[i, :n] = starts[len(self.weight) + k] + row * width + np.arange(n)
            places += [weight.ravel(), bias.ravel()]
            columns += own
            self.packs.append((len(own), h, widest))
        place = np.concatenate([np.zeros(0, dtype=np.int64), *places])
        back = np.full(n_weights, len(place))
        inside = place < n_weights
        back[place[inside]] = np.flatnonzero(inside)
        certain = sorted(set(range(len(self.sizes))) - set(columns))
        arrays = {
            "places": place,
            "back": back,
            "packed_columns": np.array(columns, dtype=np.int64),
            "unpacked": np.argsort([*columns, *certain], kind="stable"),
        }
        for name, array in arrays.items():
            self.register_buffer(name, torch.as_tensor(array), persistent=False)
        constants = torch.tensor([0.0, ABSENT])
        self.register_buffer("constants", constants, persistent=False)

    @property
    def columns(self) -> list[torch.Tensor]:
        """The columns of each pack."""
        return list(self.packed_columns.split([n for n, _, _ in self.packs]))

    def forward(self, x: list[torch.Tensor], outcomes: torch.Tensor) -> torch.Tensor:
        """Log-probabilities, shape (n_generated, n).

        Parameters
        ----------
        x : list of tensor of shape (k, hidden, n)
            The hidden units of each pack's columns.
        outcomes : tensor of shape (n_generated, n), int64
        """
        weights = [*self.weight, *self.bias]
        flat = packed(self.places, self.back, self.constants, weights)
        sizes = [part for n, h, k in self.packs for part in (n * h * k, n * k)]
        parts = iter(flat.split(sizes))
        index = outcomes.index_select(0, self.packed_columns)[:, None]
        index = index.split([n for n, _, _ in self.packs])
        terms = []
        for own, chosen, shape in zip(x, index, self.packs, strict=True):
            weight = next(parts).view(shape)
            bias = next(parts).view(shape[0], shape[2], 1)
            terms.append(chosen_log_probabilities(own, weight, bias, chosen))
        # What has one outcome only is certain.
        n_certain = len(self.sizes) - len(self.packed_columns)
        terms.append(flat.new_zeros(n_certain, outcomes.shape[1]))
        return torch.cat(terms).index_select(0, self.unpacked)

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


def _packs(sizes):
    """Places of columns of more than one outcome, in packs of little padding."""
    # All where none has more: something has to be there for a gradient.
    least = min(2, max(sizes, default=0))
    kept = (i for i, n in enumerate(sizes) if n >= least)
    order = sorted(kept, key=sizes.__getitem__)
    # The least cost of the smallest columns, and where their last pack begins.
    costs, starts = [0], [0]
    for stop in range(1, len(order) + 1):
        widest = sizes[order[stop - 1]]
        cost, start = min(
            (costs[i] + (stop - i) * widest + OUTPUTS_A_PRODUCT, i)
            for i in range(max(0, stop - MAX_PACK), stop)
        )
        costs.append(cost)
        starts.append(start)
    packs, stop = [], len(order)
    while stop:
        packs.append(sorted(order[starts[stop] : stop]))
        stop = starts[stop]
    return packs[::-1]


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
