"""Rows of the autoregressive generator under rules, drawn and resampled by weight.

Columns before a ruled one are drawn without knowing of it. So several candidates are
drawn, weighted by how likely the ruled cells are given what was drawn, and chosen
among (sampling importance resampling, Rubin 1987), column after column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import joblib
import numpy as np
import torch

from sklearn_synthohive.generators._cells import Pieces
from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.neural import ANY, FREE, inclusion
from sklearn_synthohive.utils.random import chunk_seeds

__all__ = ["CellRule", "draw_under"]

# Candidates that any row may take: at least so many at first, at most so many at once
# and in all.
LEAST_POOL, MOST_AT_ONCE, MOST_A_ROW = 2_000, 50_000, 200
# The weights of a pool must be worth so many of the heaviest candidate.
LEAST_WORTH = 100
# Normal scores this close together are one value as far as other columns go.
DECIDED = 0.01
# Candidates of a row of its own; the next number where the weights of those before
# are not worth enough.
ROUNDS, ENOUGH = (16, 64, 256), 6


@dataclass
class CellRule:
    """What one span may hold in each row.

    Attributes
    ----------
    span : int
    pieces : Pieces
    own : ndarray of int
        Per row the number of its piece, ``FREE`` for no rule, or ``ANY`` of the first
        ``n_shared`` pieces.
    n_shared : int
    possible, concerned : callable or None
        Given codes and scores of all columns, of which those drawn before count: which
        of the shared pieces a row may have, (n, n_shared), and which rows the rule is
        for, (n,); all where None.
    """

    span: int
    pieces: Pieces
    own: np.ndarray
    n_shared: int = 0
    possible: Callable | None = None
    concerned: Callable | None = None

    def take(self, rows):
        """The rule of some of the rows."""
        return replace(self, own=self.own[rows])


def draw_under(fitted, rules, n, seed, *, context=None, n_jobs=None):
    """Rows under rules, from the model's conditional law.

    Parameters
    ----------
    fitted : FittedAutoregressive
    rules : list of CellRule
    n, seed : int
    context : CompactTable of n rows, optional
    n_jobs : int, optional
        Threads.

    Returns
    -------
    table : CompactTable
    pieces : ndarray of shape (n, n_rules)
        The piece that each cell was drawn from; -1 without a rule.
    """
    rng = np.random.default_rng(seed)
    alike = all((r.own == ANY).all() for r in rules)
    if context is None and alike:
        return _from_pool(fitted, rules, n, rng, n_jobs)
    return _row_by_row(fitted, rules, n, rng, context, n_jobs)


def _needs_candidates(fitted, rules, n):
    """Rows whose candidates have unequal weights.

    Those with a rule on a column that comes after a column not yet decided.
    """
    by_span = {r.span: r for r in rules}
    if fitted.weighs_all:
        return np.ones(n, dtype=bool)
    loose, needed = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    for i in fitted.order:
        rule = by_span.get(i)
        if rule is None:
            loose[:] = True
            continue
        needed |= loose & (rule.own != FREE)
        loose |= (rule.own == FREE) | ((rule.own == ANY) & _is_open(fitted, rule))
    return needed


def _is_open(fitted, rule):
    """Whether what all rows may have in a span still leaves a choice."""
    layout = fitted.codec.layout
    if rule.n_shared != 1 or rule.span not in layout.continuous:
        return rule.n_shared > 1
    state, width = rule.pieces.states[0], rule.pieces.high[0] - rule.pieces.low[0]
    return bool(layout.spans[rule.span].has_value[state] and width > DECIDED)


def _from_pool(fitted, rules, n, rng, n_jobs):
    """Rows from candidates that may serve any row."""
    needed = _needs_candidates(fitted, rules, n).any()
    wanted = max(n, LEAST_WORTH) if needed else n
    size, drawn, kept = max(n, LEAST_POOL) if needed else n, 0, []
    limit = MOST_A_ROW * n + MOST_AT_ONCE
    while True:
        own = np.full(min(size, MOST_AT_ONCE), ANY)
        same = [replace(r, own=own) for r in rules]
        kept.append(_draw(fitted, same, len(own), rng, None, n_jobs))
        drawn += len(own)
        log_weight = np.concatenate([part.log_weight for part in kept])
        worth = np.exp(log_weight - log_weight.max()).sum()
        if (worth >= wanted or drawn >= limit) and len(log_weight) >= n:
            break
        size = max(LEAST_POOL, int(1.2 * (wanted - worth) * drawn / worth))
    chosen = _choose(log_weight, n, rng)
    return _joined(kept, chosen)


def _choose(log_weight, n, rng):
    """Different candidates, each with a chance in proportion to its weight."""
    if n == len(log_weight):
        return np.arange(n)
    w = torch.as_tensor(np.exp(log_weight - log_weight.max()))
    share = np.cumsum(inclusion(w, n)[1].numpy()) if n else np.zeros(len(w))
    # The sum is n but for rounding: u away from both ends gives n steps.
    steps = np.floor(share + rng.uniform(1e-9, 1 - 1e-9))
    chosen = np.flatnonzero(np.diff(steps, prepend=0.0) > 0)[:n]
    return rng.permutation(chosen)


def _row_by_row(fitted, rules, n, rng, context, n_jobs):
    """Rows that choose among candidates of their own."""
    needed = _needs_candidates(fitted, rules, n)
    rounds = [(np.flatnonzero(~needed), 1)]
    rounds += [(np.flatnonzero(needed), ROUNDS[0])] + [(None, k) for k in ROUNDS[1:]]
    best, total = None, np.full(n, -np.inf)
    worth = np.full(n, np.inf)
    for rows, k in rounds:
        if rows is None:
            rows = np.flatnonzero(worth < ENOUGH)
        if not len(rows):
            continue
        part = _draw(
            fitted,
            [r.take(rows) for r in rules],
            len(rows),
            rng,
            None if context is None else context.take(rows),
            n_jobs,
            k,
        )
        log_w = part.log_weight.reshape(len(rows), k)
        worth[rows] = part.worth if k > 1 else np.inf
        # The largest of weights with Gumbel noise is a draw in proportion to them.
        chosen = (log_w + rng.gumbel(size=log_w.shape)).argmax(axis=1)
        index = np.arange(len(rows)) * k + chosen
        new = np.logaddexp.reduce(log_w, axis=1)
        both = np.logaddexp(total[rows], new)
        taken = np.log(rng.random(len(rows))) < new - both
        total[rows] = both
        if best is None:
            best = part.empty(n)
        best.put(rows[taken], part, index[taken])
    if best is None:
        best = _draw(
            fitted, [r.take(np.arange(0)) for r in rules], 0, rng, None, n_jobs
        )
    return CompactTable(best.codes, best.scalars), best.pieces


@dataclass
class _Drawn:
    """Candidates as arrays."""

    codes: np.ndarray
    scalars: np.ndarray
    pieces: np.ndarray
    log_weight: np.ndarray
    worth: np.ndarray

    def empty(self, n):
        """Room for n rows of the same kind."""
        return _Drawn(
            *(
                np.zeros((n, *array.shape[1:]), dtype=array.dtype)
                for array in (self.codes, self.scalars, self.pieces)
            ),
            np.zeros(n),
            np.zeros(n),
        )

    def put(self, rows, other, index):
        """Take candidates over."""
        self.codes[rows] = other.codes[index]
        self.scalars[rows] = other.scalars[index]
        self.pieces[rows] = other.pieces[index]


def _joined(parts, index):
    codes = np.concatenate([p.codes for p in parts])[index]
    scalars = np.concatenate([p.scalars for p in parts])[index]
    return CompactTable(codes, scalars), np.concatenate([p.pieces for p in parts])[
        index
    ]


def _draw(fitted, rules, n, rng, context, n_jobs, copies=0):
    """Candidates in parts of bounded memory; some for each row, or a pool."""
    size = max(1, fitted.affordable_rows // max(copies, 1))
    starts = range(0, max(n, 1), size)
    seeds = chunk_seeds(int(rng.integers(2**62)), len(starts))

    def part(start, seed):
        rows = np.arange(start, min(n, start + size))
        given = None if context is None else context.take(rows)
        some = [r.take(rows) for r in rules]
        return fitted.candidates(some, len(rows), seed, given, copies)

    parts = joblib.Parallel(n_jobs=n_jobs, prefer="threads")(
        joblib.delayed(part)(*each) for each in zip(starts, seeds, strict=True)
    )
    return _Drawn(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
