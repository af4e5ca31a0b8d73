"""Rows that meet conditions, by search: for a generator without a likelihood."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.generators._implied import implied_requirements
from sklearn_synthohive.generators._requirements import (
    Between,
    PerRow,
    encode_allowed,
)
from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.logging import get_logger

__all__ = ["overwrite", "search_rows"]

# Bounds on the search: then the nearest rows are taken and the cells that differ are
# overwritten.
MAX_ROUNDS = 40
MAX_POOL_PER_ROW = 200
MIN_ROUND, MAX_ROUND = 2_000, 50_000
# Candidates a row where they have weights.
CANDIDATES = 16

log = get_logger(__name__)


def search_rows(fitted, requirements, block, seed, context, n_jobs, clip):
    """Draw rows until each meets all requirements, for a bounded number of rounds.

    The rarest value that can be forced is forced. Rows that are still short take their
    nearest candidate, with the differing cells overwritten, which the event
    ``conditions_overwritten`` tells.

    Parameters
    ----------
    fitted : FittedMLP
    requirements : list of OneOf, Between or PerRow
    block : ndarray of int
        The rows to make, of those that the requirements speak of.
    seed : int
    context : CompactTable of all rows or None
    n_jobs : int or None
    clip : bool

    Returns
    -------
    DataFrame of shape (len(block), n_columns)
    """
    n = len(block)
    rng = np.random.default_rng(seed)
    per_row = context is not None or any(isinstance(r, PerRow) for r in requirements)
    forcing = _Forcing(fitted, requirements)
    # One more: that the rules hold, which forced cells may forbid.
    best = _Best(n, len(requirements) + 1, not per_row)
    copies = CANDIDATES if fitted.weighs_all else 1
    drawn, limit = 0, MAX_POOL_PER_ROW * n + MAX_ROUND
    for _ in range(MAX_ROUNDS):
        pending = best.pending()
        if not len(pending) or drawn >= limit:
            break
        rows = _candidate_rows(pending, best.hits / max(drawn, 1), per_row, forcing)
        rows = np.tile(rows, copies)
        given = None if context is None else context.take(block[rows])
        table = fitted.draw(
            len(rows),
            int(rng.integers(2**62)),
            context=given,
            n_jobs=n_jobs,
            forced=forcing.draw(block[rows], rng),
        )
        drawn += len(rows)
        frame = fitted.codec.decode(table, clip=clip)
        met = [fitted.codec.rules.adding_up(frame)]
        met += [r.met(frame[r.column], block[rows]) for r in requirements]
        log_weight = fitted.log_weights(table, given)
        best.take(table, np.sum(met, axis=0), log_weight, rows, rng)
    table = best.table()
    frame = fitted.codec.decode(table, clip=clip)
    frame = overwrite(frame, requirements, block, rng)
    return _mended(fitted.codec, frame, table.codes, requirements, block, clip)


def _mended(codec, frame, codes, requirements, block, clip):
    """Rows that broke the rules when they were overwritten, but for what is asked.

    Cells move within their intervals, or else stay.
    """
    for moves in (True, False):
        broken = ~codec.rules.adding_up(frame)
        if not broken.any():
            break
        given = np.zeros(frame.shape, dtype=bool)
        for r in requirements:
            i = frame.columns.get_loc(r.column)
            stays = not (moves and isinstance(r, Between))
            given[:, i] = r.fixed[block] if isinstance(r, PerRow) else stays
        # A value that is asked for repeats no other.
        own = np.where(given, 0, codes)[broken]
        part = codec.add_up(frame[broken].copy(), own, given[broken], clip=clip)
        met = [r.met(part[r.column], block[broken]) for r in requirements]
        met = np.logical_and.reduce(met)
        broken[broken] = met
        frame = pd.concat([frame[~broken], part[met]]).loc[frame.index]
    return frame


def _candidate_rows(pending, hit_rate, per_row, forcing):
    """For which rows to draw candidates, and how many."""
    if per_row:
        return pending
    wanted = len(pending)
    if forcing.searches:
        wanted = 1.2 * wanted / max(hit_rate, 1 / 50)
    return np.resize(pending, int(np.clip(wanted, MIN_ROUND, MAX_ROUND)))


class _Forcing:
    """The cells that conditions fix, and how sets are drawn from.

    Attributes
    ----------
    searches : bool
        Whether some condition cannot be forced.
    """

    def __init__(self, fitted, requirements):
        self.layout = fitted.codec.layout
        labels = list(fitted.codec.transformer.columns_)
        implied = implied_requirements(fitted.codec, requirements)
        self.choices = []
        for requirement in requirements:
            # What determines a column is forced in its place, if it can be.
            r = implied.get(requirement.column, requirement)
            r = requirement if isinstance(r, Between) else r
            if isinstance(r, Between):
                continue
            codes, _ = encode_allowed(fitted.codec, r)
            i = labels.index(r.column)
            self.choices.append((i, r, codes, fitted.shares(i, codes)))
        self.searches = len(self.choices) < len(requirements)

    def draw(self, rows, rng):
        """Forced cells of the rows; code -1 where a cell is free.

        Parameters
        ----------
        rows : ndarray of int
        rng : numpy.random.Generator

        Returns
        -------
        CompactTable
        """
        n = len(rows)
        codes = np.full((n, len(self.layout.spans)), -1, dtype=np.int64)
        for i, requirement, states, share in self.choices:
            if isinstance(requirement, PerRow):
                use = requirement.fixed[rows]
                chosen = requirement.place[rows]
            else:
                use = np.ones(n, dtype=bool)
                chosen = rng.choice(len(states), size=n, p=share / share.sum())
            codes[use, i] = states[chosen[use]]
        scalars = np.zeros((n, len(self.layout.continuous)), dtype=np.float32)
        return CompactTable(codes, scalars)


class _Best:
    """The candidates that meet most requirements, drawn by weight among equals.

    Parameters
    ----------
    n : int
    wanted : int
        Number of requirements.
    exchangeable : bool
        Whether a candidate may serve any row.
    """

    def __init__(self, n, wanted, exchangeable):
        self.met = np.full(n, -1)
        self.keys = np.full(n, -np.inf)
        self.wanted = wanted
        self.exchangeable = exchangeable
        self.codes = self.scalars = None
        self.hits = 0

    def pending(self):
        """Rows that no candidate has satisfied."""
        return np.flatnonzero(self.met < self.wanted)

    def table(self):
        """The candidates."""
        return CompactTable(self.codes, self.scalars)

    def take(self, table, met, log_weight, rows, rng):
        """Offer candidates.

        Parameters
        ----------
        table : CompactTable
        met : ndarray of int
            Requirements that each candidate meets.
        log_weight : ndarray of float
        rows : ndarray of int
            The row that each candidate was drawn for.
        rng : numpy.random.Generator
        """
        if self.codes is None:
            empty = np.zeros(len(self.met), dtype=int)
            self.codes, self.scalars = table.codes[empty], table.scalars[empty]
        self.hits += int((met == self.wanted).sum())
        # The largest of weights with Gumbel noise is a draw in proportion to them.
        keys = np.append(self.keys, log_weight + rng.gumbel(size=len(rows)))
        met = np.append(self.met, met)
        source = np.lexsort((-keys, -met))
        if self.exchangeable:
            source = np.sort(source[: len(self.met)])
        else:
            rows = np.append(np.arange(len(self.met)), rows)
            source = source[np.unique(rows[source], return_index=True)[1]]
        self.met, self.keys = met[source], keys[source]
        self.codes = np.concatenate([self.codes, table.codes])[source]
        self.scalars = np.concatenate([self.scalars, table.scalars])[source]


def overwrite(frame, requirements, block, rng):
    """Put allowed values where the search has found none, and say so in the log.

    Parameters
    ----------
    frame : DataFrame
    requirements : list
    block : ndarray of int
        The rows, of those that the requirements speak of.
    rng : numpy.random.Generator

    Returns
    -------
    DataFrame
    """
    overwritten = {}
    for r in requirements:
        series = frame[r.column]
        wrong = np.flatnonzero(~r.met(series, block))
        if not len(wrong):
            continue
        overwritten[str(r.column)] = len(wrong)
        fixed = r.replacement(series, block[wrong], rng)
        series = series.copy()
        series.iloc[wrong] = fixed.array
        frame[r.column] = series
    if overwritten:
        log.warning("conditions_overwritten", rows=len(frame), cells=overwritten)
    return frame
