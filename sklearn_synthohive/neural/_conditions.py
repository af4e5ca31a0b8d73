"""Conditions: which state of which column is forced, and rows that meet it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from sklearn_synthohive.neural._layers import EntityEmbeddings
from sklearn_synthohive.neural._row import DeviceTable, RowSpec

__all__ = ["Conditions", "Forced", "MatchingRows"]


class Forced:
    """The state that is forced in each row of a batch.

    Attributes
    ----------
    span : tensor of shape (n,), int64
        Position of the column, one-hot spans before coded ones; -1 forces nothing.
    state : tensor of shape (n,), int64
    """

    def __init__(self, span: torch.Tensor, state: torch.Tensor):
        self.span = span
        self.state = state

    def __len__(self) -> int:
        return len(self.span)


class Conditions:
    """The states that can be forced, how often they are drawn, and their vectors.

    Training draws a column uniformly and its state by the logarithm of the
    frequency (training-by-sampling, Xu et al. 2019, section 4.3); sampling draws the
    state by its true frequency. A condition is the position of a state among those of
    the one-hot columns; for coded columns, the level's embedding and a flag.

    Parameters
    ----------
    spec : RowSpec
    counts : sequence of ndarray of int64
        Per column (one-hot spans, then coded ones) the training rows in each state;
        an empty array for a column that is never forced.
    """

    def __init__(self, spec: RowSpec, counts: Sequence[np.ndarray], device="cpu"):
        self.spec = spec
        self.counts = [np.asarray(c, dtype=np.int64) for c in counts]
        self.columns = [k for k, c in enumerate(self.counts) if len(c)]
        onehot = [k for k in self.columns if k < len(spec.onehot)]
        self.n_states = sum(spec.sizes[k] for k in onehot)
        self.n_coded = len(spec.levels) + sum(spec.embedding_widths)
        sizes = np.array([len(self.counts[k]) for k in self.columns], dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(sizes)])[:-1]
        self.starts = torch.as_tensor(starts.astype(np.int64), device=device)
        self.positions = torch.tensor(self.columns, dtype=torch.long, device=device)
        # Where a column's states begin; unused for coded columns.
        offsets = np.zeros(len(self.counts) + 1, dtype=np.int64)
        offsets[onehot] = np.cumsum([0, *(spec.sizes[k] for k in onehot)])[:-1]
        self.offsets = torch.as_tensor(offsets, device=device)
        kept = [self.counts[k].astype(float) for k in self.columns]
        self.log_cdf = _stacked_cdf([np.log1p(c) for c in kept], device)
        self.true_cdf = _stacked_cdf(kept, device)

    @classmethod
    def of(cls, table: DeviceTable, discrete: Sequence[bool]) -> Conditions:
        """Count the states of a table.

        Parameters
        ----------
        table : DeviceTable
        discrete : sequence of bool
            Per one-hot span whether it can be forced; coded spans always can.
        """
        counts = []
        for k, size in enumerate(table.spec.sizes):
            column = table.states[:, k].long()
            counts.append(_count(column, size if discrete[k] else 0))
        for k, size in enumerate(table.spec.levels):
            counts.append(_count(table.coded[:, k].long(), size))
        return cls(table.spec, counts, table.states.device)

    def draw(
        self,
        n: int,
        rng: torch.Generator,
        *,
        log_frequency: bool,
        share: float = 1.0,
    ) -> Forced:
        """Draw a condition for each of n rows.

        Parameters
        ----------
        n : int
        rng : torch.Generator
        log_frequency : bool
            By the logarithm of the frequency, else by the frequency.
        share : float
            Share of the rows in which anything is forced; they come last.

        Returns
        -------
        Forced
        """
        device = self.starts.device
        if not self.columns:
            nothing = torch.full((n,), -1, dtype=torch.long, device=device)
            return Forced(nothing, torch.zeros_like(nothing))
        column = torch.randint(len(self.columns), (n,), generator=rng, device=device)
        u = torch.rand(n, generator=rng, device=device, dtype=torch.float64)
        cdf = self.log_cdf if log_frequency else self.true_cdf
        flat = torch.searchsorted(cdf, column + u, right=True)
        state = flat - self.starts[column]
        span = self.positions[column]
        span[: n - round(share * n)] = -1
        return Forced(span, state)

    def states(self, forced: Forced) -> torch.Tensor:
        """Position of the forced one-hot state, ``n_states`` where there is none."""
        is_onehot = (forced.span >= 0) & (forced.span < len(self.spec.onehot))
        return (self.offsets[forced.span] + forced.state).where(
            is_onehot, self.n_states
        )

    def coded(self, forced: Forced, embeddings: EntityEmbeddings) -> torch.Tensor:
        """Flags and embeddings of forced levels, shape (n, n_coded)."""
        flags, vectors = [], []
        for k in range(len(self.spec.levels)):
            here = forced.span == len(self.spec.onehot) + k
            level = torch.where(here, forced.state, 0)
            vector = torch.nn.functional.normalize(embeddings.tables[k][level], dim=1)
            flags.append(here[:, None].float())
            vectors.append(vector * here[:, None])
        if not flags:
            return torch.zeros((len(forced), 0), device=forced.span.device)
        return torch.cat([*flags, *vectors], dim=1)


class MatchingRows:
    """Training rows grouped by state, so that rows are drawn to match conditions.

    Parameters
    ----------
    table : DeviceTable
    conditions : Conditions
    """

    def __init__(self, table: DeviceTable, conditions: Conditions):
        self.n_rows = len(table)
        device = table.states.device
        n_onehot = len(table.spec.onehot)
        order: list[torch.Tensor] = []
        starts: list[torch.Tensor] = []
        counts: list[torch.Tensor] = []
        for k in conditions.columns:
            column = (
                table.states[:, k] if k < n_onehot else table.coded[:, k - n_onehot]
            )
            order.append(torch.argsort(column, stable=True).to(torch.int32))
            count = torch.as_tensor(conditions.counts[k], device=device)
            counts.append(count)
            starts.append(torch.cumsum(count, 0) - count + len(starts) * self.n_rows)
        empty = torch.zeros(0, dtype=torch.long, device=device)
        self.order = torch.cat(order) if order else empty.int()
        self.starts = torch.cat(starts) if starts else empty
        self.counts = torch.cat(counts) if counts else empty
        rank = torch.full((n_onehot + len(table.spec.levels),), 0, device=device)
        rank[conditions.columns] = conditions.starts
        self.first = rank

    def draw(self, forced: Forced, rng: torch.Generator) -> torch.Tensor:
        """One training row that meets each condition, uniformly among them.

        Parameters
        ----------
        forced : Forced
        rng : torch.Generator

        Returns
        -------
        tensor of shape (n,), int64
        """
        device = forced.span.device
        u = torch.rand(len(forced), generator=rng, device=device, dtype=torch.float64)
        anywhere = (u * self.n_rows).long()
        if not len(self.order):
            return anywhere
        known = forced.span >= 0
        flat = (self.first[forced.span] + forced.state).where(known, 0)
        offset = (u * self.counts[flat]).long()
        matching = self.order[self.starts[flat] + offset].long()
        return torch.where(known, matching, anywhere)


def _count(codes: torch.Tensor, size: int) -> np.ndarray:
    if not size:
        return np.zeros(0, dtype=np.int64)
    return torch.bincount(codes, minlength=size).cpu().numpy()


def _stacked_cdf(weights: list[np.ndarray], device) -> torch.Tensor:
    """Cumulative probabilities of all columns in one sorted vector.

    Column k's lie in (k, k + 1], so that one search over ``k + u`` serves any mixture
    of columns.
    """
    parts = [k + np.cumsum(w) / w.sum() for k, w in enumerate(weights)]
    for k, part in enumerate(parts):
        # Rounding must not leave a gap before the next column; states that never
        # occur at the end of a column must stay unreachable.
        part[np.flatnonzero(weights[k])[-1] :] = k + 1
    stacked = np.concatenate(parts) if parts else np.zeros(0)
    return torch.as_tensor(stacked, dtype=torch.float64, device=device)
