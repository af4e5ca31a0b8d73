"""Rows that meet conditions: forced where possible, searched otherwise, always met."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.generators._requirements import (
    Between,
    OneOf,
    PerRow,
    encode_allowed,
)
from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.utils.random import chunk_seeds

__all__ = ["sample_conditioned"]

# Bounds on the search for rows that meet what cannot be forced: then the nearest rows
# are taken and the cells that differ are overwritten.
MAX_ROUNDS = 40
MAX_POOL_PER_ROW = 200
MIN_ROUND, MAX_ROUND = 2_000, 50_000
# Candidates a row where forced cells give candidates unequal weights, at least and at
# most: resampling among them approaches the conditional law as their number grows.
CANDIDATES, MOST_CANDIDATES = 16, 256
# The sum of the weights must be worth so many of the largest for each row, lest the
# heaviest candidates run out.
LEAST_WORTH = 4
# Rows that are searched for together, with a bound on candidates of their own.
BLOCK_ROWS = 10_000

log = get_logger(__name__)


def sample_conditioned(
    fitted, requirements, n, seed, *, context=None, n_jobs=None, clip=True
):
    """Rows that meet every requirement, from the model's conditional distribution.

    Values are forced on the generator: all of them on one that weighs its rows by the
    likelihood of what was forced (candidates are then resampled by their weights, Rubin
    1987), the rarest on one that takes a single condition. Intervals, and what else is
    left, are met by drawing again, for a bounded number of rounds; rows that are still
    short take their nearest candidate, with the differing cells overwritten, which the
    event ``conditions_overwritten`` tells.

    Parameters
    ----------
    fitted : FittedGenerator
    requirements : list of OneOf, Between or PerRow
    n, seed : int
    context : CompactTable of n rows, optional
    n_jobs : int, optional
    clip : bool

    Returns
    -------
    DataFrame of shape (n, n_columns)
    """
    if not n or not requirements:
        table = fitted.draw(n, seed, context=context, n_jobs=n_jobs)
        return fitted.codec.decode(table, clip=clip)
    starts = range(0, n, BLOCK_ROWS)
    parts = []
    for start, block_seed in zip(starts, chunk_seeds(seed, len(starts)), strict=True):
        rows = np.arange(start, min(n, start + BLOCK_ROWS))
        parts.append(
            _search(fitted, requirements, rows, block_seed, context, n_jobs, clip)
        )
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def _search(fitted, requirements, block, seed, context, n_jobs, clip):
    """The rows of one block."""
    n = len(block)
    rng = np.random.default_rng(seed)
    per_row = context is not None or any(isinstance(r, PerRow) for r in requirements)
    forcing = _Forcing(fitted, requirements)
    # One more: that the rules hold, which forced cells may forbid.
    best = _Best(n, len(requirements) + 1, not per_row, forcing.weighs)
    drawn, limit = 0, MAX_POOL_PER_ROW * n + MAX_ROUND
    for _ in range(MAX_ROUNDS):
        pending = best.pending()
        if not len(pending) or drawn >= limit:
            break
        rows = _candidate_rows(pending, best.hits / max(drawn, 1), per_row, forcing)
        forced, places, log_proposal = forcing.draw(block[rows], rng)
        table, log_weight = fitted.draw_forced(
            len(rows),
            int(rng.integers(2**62)),
            forced,
            context=None if context is None else context.take(block[rows]),
            n_jobs=n_jobs,
        )
        drawn += len(rows)
        frame = forcing.put(fitted.codec.decode(table, clip=clip), places, clip)
        met = [fitted.codec.rules.adding_up(frame)]
        met += [r.met(frame[r.column], block[rows]) for r in requirements]
        log_weight = log_weight - log_proposal * fitted.weighted
        best.take(table, places, np.sum(met, axis=0), log_weight, rows, rng)
    frame = fitted.codec.decode(best.table(), clip=clip)
    frame = forcing.put(frame, best.places, clip)
    return _overwrite(frame, requirements, block, rng)


def _candidate_rows(pending, hit_rate, per_row, forcing):
    """For which rows to draw candidates, and how many."""
    candidates = CANDIDATES if forcing.weighs else 1
    if per_row:
        if forcing.weighs:
            affordable = MAX_ROUND // len(pending)
            candidates = int(np.clip(affordable, CANDIDATES, MOST_CANDIDATES))
        return np.repeat(pending, candidates)
    wanted = candidates * 1.2 * len(pending) / max(hit_rate, 1 / 50)
    if not forcing.searches:
        wanted = candidates * len(pending)
    return np.resize(pending, int(np.clip(wanted, MIN_ROUND, MAX_ROUND)))


class _Forcing:
    """The cells that conditions fix, and how sets are drawn from.

    Attributes
    ----------
    searches : bool
        Whether some condition cannot be forced.
    weighs : bool
        Whether candidates must be resampled by their weights.
    """

    def __init__(self, fitted, requirements):
        self.layout = fitted.codec.layout
        self.keeps = fitted.weighted
        self.rules = fitted.codec.rules
        labels = list(fitted.codec.transformer.columns_)
        implied = _implied(fitted.codec, requirements)
        self.choices = []
        for requirement in requirements:
            # What determines a column is forced in its place.
            r = implied.get(requirement.column, requirement)
            if isinstance(r, Between):
                continue
            codes, scalars = encode_allowed(fitted.codec, r)
            i = labels.index(r.column)
            share = fitted.shares(i, codes, scalars)
            self.choices.append((i, r, codes, scalars, share))
        self.searches = len(self.choices) < len(requirements)
        self.weighs = fitted.weighs_all or (fitted.weighted and bool(self.choices))

    def draw(self, rows, rng):
        """Forced cells of the rows, and the log-probability of the draws from sets.

        Parameters
        ----------
        rows : ndarray of int
        rng : numpy.random.Generator

        Returns
        -------
        forced : CompactTable
            Code -1 where a cell is free.
        places : ndarray of shape (n, n_choices)
            Which of a requirement's values it is; -1 where the cell is free.
        log_proposal : ndarray
        """
        n = len(rows)
        codes = np.full((n, len(self.layout.spans)), -1, dtype=np.int64)
        scalars = np.zeros((n, len(self.layout.continuous)), dtype=np.float32)
        log_proposal = np.zeros(n)
        places = np.full((n, len(self.choices)), -1)
        for at, (i, requirement, states, values, share) in enumerate(self.choices):
            if isinstance(requirement, PerRow):
                use = requirement.fixed[rows]
                chosen = requirement.place[rows]
            else:
                p = share / share.sum()
                use = np.ones(n, dtype=bool)
                chosen = rng.choice(len(states), size=n, p=p)
                log_proposal += np.log(p[chosen])
            places[use, at] = chosen[use]
            codes[use, i] = states[chosen[use]]
            if values is not None:
                k = self.layout.continuous.index(i)
                scalars[use, k] = values[chosen[use]]
        return CompactTable(codes, scalars), places, log_proposal

    def put(self, frame, places, clip):
        """Forced values as they were asked for, not as float32 brings them back."""
        if not self.keeps or not self.choices:
            return frame
        given = np.zeros(frame.shape, dtype=bool)
        for (i, requirement, *_), place in zip(self.choices, places.T, strict=True):
            rows = np.flatnonzero(place >= 0)
            given[rows, i] = True
            values = requirement.values.iloc[place[rows]]  # noqa: PD011
            series = frame[requirement.column].copy()
            series.iloc[rows] = values.set_axis(series.index[rows])
            frame[requirement.column] = series
        return self.rules.add_up(frame, given, clip=clip)


def _implied(codec, requirements):
    """For columns that follow from another one: what is required of that one.

    Returns
    -------
    dict of column to OneOf
        The other column's values that come with what is allowed.
    """
    labels = list(codec.transformer.columns_)
    taken = {labels.index(r.column) for r in requirements}
    out = {}
    for r in requirements:
        item, implied = None, r
        while not isinstance(implied, PerRow):
            item = codec.rules.dependences.of(labels.index(implied.column))
            if item is None or item.source in taken:
                break
            frame = codec.decode(codec.rules.dependences.rows(item))
            met = implied.met(frame.iloc[:, item.target], None)
            if not met.any():
                break
            values = frame.iloc[met, item.source]
            implied = OneOf(labels[item.source], values.tolist(), values.dtype)
            out[r.column] = implied
        if item is not None:
            taken.add(labels.index(implied.column))
    return out


class _Best:
    """The candidates that meet most requirements, drawn by weight among equals.

    Parameters
    ----------
    n : int
    wanted : int
        Number of requirements.
    exchangeable : bool
        Whether a candidate may serve any row.
    weighs : bool
        Whether candidates have unequal weights.
    """

    def __init__(self, n, wanted, exchangeable, weighs):
        self.met = np.full(n, -1)
        self.keys = np.full(n, -np.inf)
        self.wanted = wanted
        self.exchangeable = exchangeable
        self.weighs = weighs
        self.codes = self.scalars = self.places = None
        self.hits = 0
        self.log_total = self.log_largest = -np.inf

    def pending(self):
        """Rows that no candidate has satisfied; all, if the heaviest would run out."""
        enough = self.log_largest + np.log(LEAST_WORTH * len(self.met))
        if self.exchangeable and self.weighs and self.log_total < enough:
            return np.arange(len(self.met))
        return np.flatnonzero(self.met < self.wanted)

    def table(self):
        """The candidates."""
        return CompactTable(self.codes, self.scalars)

    def take(self, table, places, met, log_weight, rows, rng):
        """Offer candidates.

        Parameters
        ----------
        table : CompactTable
        places : ndarray of shape (n_candidates, n_choices)
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
            self.places = places[empty]
        hit = log_weight[met == self.wanted]
        self.hits += len(hit)
        self.log_total = np.logaddexp.reduce(hit, initial=self.log_total)
        self.log_largest = hit.max(initial=self.log_largest)
        # The largest of weights with Gumbel noise is a draw in proportion to them.
        keys = np.append(self.keys, log_weight + rng.gumbel(size=len(rows)))
        met = np.append(self.met, met)
        source = np.lexsort((-keys, -met))
        if self.exchangeable:
            # In the order of the draws: the heaviest must not come first.
            source = np.sort(source[: len(self.met)])
        else:
            rows = np.append(np.arange(len(self.met)), rows)
            source = source[np.unique(rows[source], return_index=True)[1]]
        self.met, self.keys = met[source], keys[source]
        self.codes = np.concatenate([self.codes, table.codes])[source]
        self.scalars = np.concatenate([self.scalars, table.scalars])[source]
        self.places = np.concatenate([self.places, places])[source]


def _overwrite(frame, requirements, block, rng):
    """Put allowed values where the search has found none, and say so in the log."""
    overwritten = {}
    for r in requirements:
        series = frame[r.column]
        wrong = np.flatnonzero(~r.met(series, block))
        if not len(wrong):
            continue
        overwritten[str(r.column)] = len(wrong)
        fixed = r.replacement(series, block[wrong], rng)
        series = series.copy()
        series.iloc[wrong] = fixed.set_axis(series.index[wrong])
        frame[r.column] = series
    if overwritten:
        log.warning("conditions_overwritten", rows=len(frame), cells=overwritten)
    return frame
