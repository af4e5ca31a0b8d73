"""What a trained autoregressive network does: draw, weigh, complete, save."""

from __future__ import annotations

import copy

import numpy as np
import torch

from sklearn_synthohive.generators._cells import value_cells
from sklearn_synthohive.generators._fitted import FittedGenerator
from sklearn_synthohive.layout import CompactTable, code_dtype
from sklearn_synthohive.neural import (
    AutoregressiveNet,
    Columns,
    GroupThinning,
    NormalScores,
    PoolThinning,
    Rule,
    ScoreCells,
    affordable_rows,
    draw_columns,
    draw_conditioned,
    row_log_likelihood,
)
from sklearn_synthohive.utils.random import CHUNK_ROWS

__all__ = ["FittedAutoregressive"]

# Of all models of the first versions whose parameters name no other.
FORMER_DIM = (32, 32)


class FittedAutoregressive(FittedGenerator):
    """A trained autoregressive network.

    Parameters
    ----------
    codec, context_codec, network
        As for FittedGenerator; the network is an AutoregressiveNet.
    scores, context_scores : NormalScores
        ``context_scores`` is None without a context.
    counts : list of ndarray
        Training rows in each state, per span.
    """

    has_likelihood = True

    def __init__(self, codec, context_codec, network, scores, context_scores, counts):
        super().__init__(codec, context_codec, network)
        self.scores = scores
        self.context_scores = context_scores
        self._counts = counts

    @property
    def counts(self):
        """As FittedGenerator says."""
        return self._counts

    @property
    def order(self):
        """The spans in the order in which they are generated."""
        columns = self.network.columns
        return [c - columns.n_context for c in columns.order]

    @property
    def affordable_rows(self):
        """Rows whose logits memory bears at a time."""
        return affordable_rows(self.network.columns)

    def rows(self, n, seed, context):
        """As FittedGenerator says."""
        rng = torch.Generator(self.network.device).manual_seed(seed)
        states, z = draw_columns(self.network, *self._start(n, context), rng)
        codes, scalars = self._decode(states, z)
        return CompactTable(codes, scalars)

    def candidates(self, rules, n, seed, context, copies):
        """Rows drawn under rules, with weights.

        Parameters
        ----------
        rules : list of CellRule
        n, seed : int
        context : CompactTable of n rows or None
        copies : int
            Candidates for each row, resampled among themselves on the way; zero makes
            a pool of the n rows, light ones of which are dropped on the way.

        Returns
        -------
        codes, scalars : ndarray
        pieces : ndarray of shape (n_candidates, n_rules)
            The piece of its rule that a cell was drawn from; -1 without one.
        log_weight : ndarray of shape (n_candidates,)
        worth : ndarray of shape (n,)
            Of copies: their smallest effective sample size on the way.
        """
        device, order = self.network.device, self.order
        rng = torch.Generator(device).manual_seed(seed)
        n_copies = max(copies, 1)
        at = torch.arange(n, device=device).repeat_interleave(n_copies)
        ruled = [None] * len(order)
        for rule in rules:
            parts = [torch.as_tensor(array, device=device) for array in rule.pieces]
            own = torch.as_tensor(rule.own, device=device)[at]
            checks = (self._on_numpy(f) for f in (rule.possible, rule.concerned))
            ruled[order.index(rule.span)] = Rule(*parts, own, rule.n_shared, *checks)
        thin = None
        if copies > 1:
            thin = GroupThinning(copies, n, rng)
        elif not copies and n > 1:
            thin = PoolThinning(rng)
        states, z = self._start(n, context)
        self.network.eval()
        drawn = draw_conditioned(self.network, states[at], z[at], ruled, rng, thin)
        worth = np.full(n, float(n_copies))
        if copies > 1:
            worth = thin.worth.numpy()
        places = [order.index(rule.span) for rule in rules]
        return (
            *self._decode(drawn.states, drawn.scores),
            drawn.pieces[:, places].cpu().numpy(),
            drawn.log_weight.cpu().numpy(),
            worth,
        )

    def _on_numpy(self, check):
        """A check of a rule, for the states and scores of a draw."""
        if check is None:
            return None
        n_context = self.network.columns.n_context
        n_continuous = len(self.codec.layout.continuous)

        def checked(states, scores):
            own = scores[:, scores.shape[1] - n_continuous :].double().cpu().numpy()
            met = check(states[:, n_context:].cpu().numpy(), own)
            return torch.as_tensor(met, device=states.device)

        return checked

    def log_likelihood(self, table, context=None):
        """Log-likelihood of rows in data space; see ``CTGAN.score_samples``.

        Parameters
        ----------
        table : CompactTable
        context : CompactTable, optional

        Returns
        -------
        ndarray of shape (n,), float64
        """
        # In float32 the last digits would depend on the rows that share a product.
        network = copy.deepcopy(self.network).double().eval()
        out = np.empty(len(table))
        for start in range(0, len(table), CHUNK_ROWS):
            rows = np.arange(start, min(len(table), start + CHUNK_ROWS))
            part = table.take(rows)
            given = None if context is None else context.take(rows)
            states, z = self._start(len(rows), given, part)
            cells = [self._cells(part, i) for i in self.order]
            known = self._known(part)
            total = row_log_likelihood(network, states, z.double(), cells, known)
            out[rows] = total.cpu().numpy()
            for i, gain in self.codec.log_gains.items():
                out[rows] += gain * self._is_there(part, i)
        return out

    def _known(self, table):
        """By place in the order, cells that follow from a difference."""
        return {
            self.order.index(target): torch.as_tensor(
                self._is_there(table, i), device=self.network.device
            )
            for target, i in self.codec.differences
        }

    def _is_there(self, table, i):
        states = self.codec.layout.spans[i].states
        return np.array([s.kind != "missing" for s in states])[table.codes[:, i]]

    def _cells(self, table, i):
        continuous = self.codec.layout.continuous
        if i not in continuous:
            return None
        k = continuous.index(i)
        codes = table.codes[:, i].astype(np.int64)
        line = self.codec.line(i)
        cells = value_cells(self.scores, k, line, codes, table.scalars[:, k])
        return ScoreCells(
            *(torch.as_tensor(a, device=self.network.device) for a in cells)
        )

    def _start(self, n, context, own=None):
        """States and scores of the context, and of own cells where they are known."""
        layout = self.codec.layout
        codes = np.zeros((n, len(layout.spans)), dtype=np.int64)
        scores = np.zeros((n, len(layout.continuous)))
        if own is not None:
            codes, scores = own.codes.astype(np.int64), self._middle(self.scores, own)
        if context is not None:
            codes = np.concatenate([context.codes.astype(np.int64), codes], axis=1)
            given = self._middle(self.context_scores, context)
            scores = np.concatenate([given, scores], axis=1)
        return (
            torch.as_tensor(codes, device=self.network.device),
            torch.as_tensor(scores, dtype=torch.float32, device=self.network.device),
        )

    def _decode(self, states, z):
        """Codes and scalars of generated columns."""
        layout = self.codec.layout
        own = states[:, self.network.columns.n_context :].cpu().numpy()
        z = z[:, z.shape[1] - len(layout.continuous) :].cpu().numpy()
        largest = max((s.n_states for s in layout.spans), default=1)
        return own.astype(code_dtype(largest)), self.scores.invert(own, z)

    @staticmethod
    def _middle(scores, table):
        low, high = scores.intervals(table)
        return NormalScores.place(low, high, 0.5)

    def modules(self) -> dict:
        """Networks by the name of their file."""
        return {"generator": self.network}

    def info(self) -> dict:
        """Plain data beside the weights."""
        context = self.context_scores
        return {
            "columns": self.network.columns.to_state(),
            "scores": self.scores.to_state(),
            "context_scores": None if context is None else context.to_state(),
            "counts": [np.asarray(c) for c in self._counts],
            "hidden": [int(h) for h in self.network.widths],
        }

    @classmethod
    def from_info(cls, info, parameters, codec, context_codec, device):
        """Undo :meth:`info`, with a network whose weights are still to be loaded."""
        context = None if context_codec is None else context_codec.layout
        columns = Columns.from_state(codec.layout, context, info["columns"])
        hidden = tuple(info.get("hidden", parameters["generator_dim"] or FORMER_DIM))
        context_scores = None
        if context is not None:
            context_scores = NormalScores.from_state(context, info["context_scores"])
        return cls(
            codec,
            context_codec,
            AutoregressiveNet(columns, hidden, seed=0),
            NormalScores.from_state(codec.layout, info["scores"]),
            context_scores,
            info["counts"],
        )
