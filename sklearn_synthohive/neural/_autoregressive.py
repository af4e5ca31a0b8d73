"""The autoregressive generator: each column's law given the columns before it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from sklearn_synthohive.neural._columns import SMALL, Columns
from sklearn_synthohive.neural._first_layer import first_layer
from sklearn_synthohive.neural._heads import DenseHeads, LevelHead
from sklearn_synthohive.neural._kernels import blocks, embeddings, mixture_terms
from sklearn_synthohive.neural._pairs import PairHead
from sklearn_synthohive.neural._unseen import UnseenPenalty

__all__ = ["AutoregressiveNet", "mixture_log_density", "mixture_parameters"]

N_GAUSSIANS = 8
MIN_DEVIATION = 0.003
START_DEVIATION = 0.6


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

    def features(self, z: torch.Tensor) -> torch.Tensor:
        """Scores (n, n_columns) and their ramps, (n_columns, n_features, n)."""
        z = z.T[:, None]
        ramps = ((z - self.low[:, None]) / self.step[:, None]).clamp_(0, 1)
        return torch.cat([z, ramps], dim=1)

    def one(self, k: int, z: torch.Tensor) -> torch.Tensor:
        """Embeddings of one column's scores (n,), shape (n, width)."""
        ramps = ((z[:, None] - self.low) / self.step).clamp(0, 1)
        return torch.cat([z[:, None], ramps], dim=1) @ self.weight[k]


class AutoregressiveNet(nn.Module):
    """One masked network for all conditional laws.

    Column j sees the embeddings of the columns before it through one block-masked
    matrix (MADE, Germain et al. 2015, arXiv:1502.03509), then has residual layers of
    its own. Its law is categorical over the states and, within a mode, a mixture of
    Gaussians for the normal score. Very many states are factorised, as LevelGroups
    says.

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
        self.widths = tuple(hidden)
        self.hidden = h = hidden[0]
        m = len(columns.order)
        widths = columns.widths
        self.tables = nn.ParameterList(
            nn.Parameter(torch.empty(n, d).normal_(0, 0.5, generator=rng))
            for n, d in zip(columns.table_sizes, widths, strict=True)
        )
        large = {c: g for c, g in enumerate(columns.groups) if g is not None}
        for c, groups in large.items():
            group = torch.as_tensor(groups.group)
            self.register_buffer(f"group_{c}", group, persistent=False)
        self.scalars = ScalarFeatures(len(columns.continuous), SMALL, rng)
        self.first = first_layer(columns, h, rng)
        self.deeper = nn.ParameterList(
            torch.empty(m, h, h).normal_(0, 1 / math.sqrt(h), generator=rng)
            for _ in hidden[1:]
        )
        self.deeper_bias = nn.ParameterList(torch.zeros(m, 1, h) for _ in hidden[1:])
        self.heads = DenseHeads(columns.first_sizes, h, rng)
        self.tied = [j for j, c in enumerate(columns.order) if c in large]
        self.levels: Sequence[LevelHead] = nn.ModuleList(  # type: ignore[assignment]
            LevelHead(large[c], h, widths[c], rng)
            for c in (columns.order[j] for j in self.tied)
        )
        heads = {
            j: PairHead(pairs, h)
            for j, c in enumerate(columns.order)
            if (pairs := columns.pairs[c]) is not None
        }
        self.pair_heads = nn.ModuleList(heads.values())
        self.determined = list(heads)
        # Columns whose law has more than a softmax and a mixture.
        self.special = sorted({*self.tied, *self.determined})
        self._add_mixtures(rng)
        self._add_places()
        self.unseen = UnseenPenalty(columns)

    column_at: torch.Tensor
    stride_at: torch.Tensor
    offset_at: torch.Tensor
    number_at: torch.Tensor
    continuous_at: torch.Tensor
    score_offset_at: torch.Tensor
    generated_at: torch.Tensor
    numbers_at: torch.Tensor
    special_at: torch.Tensor
    scored_at: torch.Tensor
    has_score: torch.Tensor

    def _add_places(self):
        """Where things stand in the step's flat tensors."""
        columns = self.columns
        pieces = np.array(columns.widths) // SMALL
        starts = np.concatenate([[0], np.cumsum(pieces * columns.table_sizes)])
        order = columns.order
        own = [(c, k) for c in self.first.order for k in range(pieces[c])]
        place = {c: i for i, (c, k) in reversed([*enumerate(own)])}
        sizes = np.array([columns.sizes[c] for c in columns.continuous], dtype=int)
        offsets = np.cumsum(sizes) - sizes
        has_score = torch.zeros(int(sizes.sum()))
        for c, offset in zip(columns.continuous, offsets, strict=True):
            has_score[offset + np.array(columns.modes[c])] = 1.0
        places = {
            "column": [c for c, _ in own],
            "stride": [pieces[c] for c, _ in own],
            "offset": [starts[c] + k for c, k in own],
            "number": [place[c] for c in columns.continuous],
            "continuous": columns.continuous,
            "score_offset": offsets,
            "generated": order,
            "numbers": self.numeric,
            "special": self.special,
            "scored": [
                columns.continuous.index(columns.order[j]) for j in self.numeric
            ],
        }
        for name, values in places.items():
            index = torch.as_tensor(np.array(values, dtype=np.int64))
            self.register_buffer(f"{name}_at", index, persistent=False)
        self.register_buffer("has_score", has_score, persistent=False)

    def _add_mixtures(self, rng):
        columns, h = self.columns, self.hidden
        self.numeric = [j for j, c in enumerate(columns.order) if columns.modes[c]]
        modes = [columns.modes[columns.order[j]] for j in self.numeric]
        most = max((len(k) for k in modes), default=1)
        self.most_modes = most
        # Position of each state among the modes of its column; zero for other states.
        self.mode_of: torch.Tensor
        self.is_mode: torch.Tensor
        sizes = [columns.sizes[columns.order[j]] for j in self.numeric]
        mode_of = torch.zeros(len(modes), max(sizes, default=1), dtype=torch.long)
        is_mode = torch.zeros(mode_of.shape)
        for row, states in enumerate(modes):
            mode_of[row, list(states)] = torch.arange(len(states))
            is_mode[row, list(states)] = 1.0
        self.register_buffer("mode_of", mode_of, persistent=False)
        self.register_buffer("is_mode", is_mode, persistent=False)
        n_out = most * 3 * N_GAUSSIANS
        weight = torch.empty(len(self.numeric), h, n_out)
        self.mixture_weight = nn.Parameter(weight.normal_(0, 0.02, generator=rng))
        # Together about standard normal, as the scores are.
        start = torch.zeros(most, 3, N_GAUSSIANS)
        means = torch.linspace(-1.6, 1.6, N_GAUSSIANS)
        start[:, 0] = -0.5 * means**2 / (1 - START_DEVIATION**2)
        start[:, 1] = means
        start[:, 2] = math.log(START_DEVIATION)
        start = start.reshape(1, 1, -1).repeat(len(self.numeric), 1, 1)
        self.mixture_bias = nn.Parameter(start)

    @property
    def pairs(self) -> dict[int, PairHead]:
        """The heads of the columns that another one all but determines."""
        return dict(zip(self.determined, self.pair_heads, strict=True))  # type: ignore[arg-type]

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.first.bias.device

    def decayed(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """The weights that weight decay is for, and those that it is not for.

        A decayed embedding of a rare level is soon zero, and a decayed margin wrong.
        """
        kept = [*self.tables, *self.deeper_bias, self.first.bias, *self.heads.bias]
        kept += [self.mixture_bias, *(head.bias for head in self.levels)]
        kept += self.pair_heads.parameters()
        spared = {id(p) for p in kept}
        return [p for p in self.parameters() if id(p) not in spared], kept

    @torch.no_grad()
    def start_from_margins(self, counts: list[np.ndarray]):
        """Start at the log-frequencies of each generated column's states.

        Parameters
        ----------
        counts : list of ndarray
            Per generated column, in the order.
        """
        for j, count in enumerate(counts):
            groups = self.columns.groups[self.columns.order[j]]
            weights = torch.as_tensor(count, dtype=torch.float32) + 0.5
            if groups is not None:
                # Every group has half a row more, not every level.
                inside = torch.as_tensor(groups.sums(count), dtype=torch.float32)
                inside.view(-1)[: groups.n_groups] += 0.5
                self.levels[self.tied.index(j)].start(inside)
                weights = inside.sum(dim=1)
            self.heads.start(j, weights)

    def embed(self, states: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Embeddings of all columns in pieces, as the first layer takes them.

        Parameters
        ----------
        states : tensor of shape (n, n_columns), int64
        scores : tensor of shape (n, n_continuous), float32

        Returns
        -------
        tensor of shape (n, n_pieces, SMALL)
        """
        entries = states
        for c, groups in enumerate(self.columns.groups):
            if groups is not None:
                entries = states.clone() if entries is states else entries
                entries[:, c] = self.entry(c, states[:, c])
        index = entries.index_select(1, self.column_at)
        index = index.mul_(self.stride_at).add_(self.offset_at)
        own = states.index_select(1, self.continuous_at) + self.score_offset_at
        features = self.scalars.features(scores).mul_(self.has_score[own.T][:, None])
        return embeddings(
            index, features, self.number_at, self.scalars.weight, self.tables
        )

    def embed_one(self, c: int, states: torch.Tensor, scores: torch.Tensor):
        """Embedding of one column, shape (n, width); arguments as in :meth:`embed`."""
        own = states[:, c]
        e = nn.functional.embedding(self.entry(c, own), self.tables[c])
        if self.columns.modes[c]:
            extra = self.scalars.one(
                k := self.columns.continuous.index(c), scores[:, k]
            )
            e = e + extra * self.present(c, own)[:, None]
        return e

    def entry(self, column: int, states: torch.Tensor) -> torch.Tensor:
        """Where the embedding of each state of a column stands in its table."""
        group = getattr(self, f"group_{column}", None)
        return states if group is None else group[states]

    def present(self, column: int, states: torch.Tensor) -> torch.Tensor:
        """One where a state has a scalar."""
        mask = torch.zeros(self.columns.sizes[column], device=states.device)
        mask[list(self.columns.modes[column])] = 1.0
        return mask[states]

    def forward(
        self, states: torch.Tensor, scores: torch.Tensor, *, counted: bool = False
    ) -> torch.Tensor:
        """Log-density of each row, given its context columns.

        Parameters
        ----------
        states : tensor of shape (n, n_columns), int64
        scores : tensor of shape (n, n_continuous), float32
        counted : bool
            Whether the rows are among those of the pairs' counts, as in training.

        Returns
        -------
        tensor of shape (n, n_generated)
            One term a generated column, in the order: log-probability of the state,
            plus the log-density of the score where there is one.
        """
        x = nn.functional.silu(self.first(self.embed(states, scores)))
        for weight, bias in zip(self.deeper, self.deeper_bias, strict=True):
            a = torch.baddbmm(bias.transpose(1, 2), weight.transpose(1, 2), x)
            x = x + nn.functional.silu(a)
        own = states.T.index_select(0, self.generated_at)
        n_packs = len(self.heads.columns)
        alone = self.special_at.split(1)[: len(self.special)]
        parts = blocks(x, [*self.heads.columns, self.numbers_at, *alone])
        terms = self.heads(parts[:n_packs], self._outcomes(own))
        if self.special:
            units = [part[0].T for part in parts[n_packs + 1 :]]
            hidden = dict(zip(self.special, units, strict=True))
            terms = self._special(terms, hidden, states, own, counted)
        if self.numeric:
            density = self._mixture_density(parts[n_packs], own, scores)
            terms = terms.index_add(0, self.numbers_at, density)
        return terms.T

    def _outcomes(self, own):
        """First outcomes, (n_generated, n): the states, or the clusters of levels."""
        if not self.tied:
            return own
        outcomes = own.clone()
        for head, j in zip(self.levels, self.tied, strict=True):
            outcomes[j] = head.cluster(own[j])
        return outcomes

    def _special(self, terms, hidden, states, own, counted):
        """Terms with the steps below a cluster, and with what a level determines."""
        rows = list(terms.unbind(0))
        for head, j in zip(self.levels, self.tied, strict=True):
            table = self.tables[self.columns.order[j]]
            rows[j] = rows[j] + head(hidden[j], table, own[j])
        for j, pair in self.pairs.items():
            levels = states[:, pair.source]
            rows[j] = pair(hidden[j], rows[j], levels, own[j], counted=counted)
        return torch.stack(rows)

    def _mixture_density(self, x, own, scores):
        """Log-density of the scores under each row's mode; zero where there is none."""
        states = own.index_select(0, self.numbers_at)
        raw = torch.baddbmm(
            self.mixture_bias.transpose(1, 2), self.mixture_weight.transpose(1, 2), x
        )
        if self.most_modes > 1:
            mode = self.mode_of.gather(1, states)[:, None, None]
            raw = raw.view(len(raw), self.most_modes, -1, raw.shape[2])
            raw = raw.gather(1, mode.expand(-1, 1, raw.shape[2], -1))[:, 0]
        z = scores.T.index_select(0, self.scored_at)
        density = mixture_terms(raw, z, MIN_DEVIATION)
        return density * self.is_mode.gather(1, states)


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
    # Not by log_softmax, which is slow on so few columns.
    return torch.logsumexp(weight + parts, dim=-1) - torch.logsumexp(weight, dim=-1)
