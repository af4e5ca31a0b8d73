"""Rows that meet conditions: forced where possible, searched otherwise, always met."""

from __future__ import annotations

import numpy as np

from sklearn_synthohive.generators._requirements import (
    Between,
    PerRow,
    encode_allowed,
)
from sklearn_synthohive.layout import CompactTable

__all__ = ["sample_conditioned"]

# Bounds on the search for rows that meet what cannot be forced: then the nearest rows
# are taken and the cells that differ are overwritten.
MAX_ROUNDS = 40
MAX_POOL_PER_ROW = 200
MIN_ROUND, MAX_ROUND = 2_000, 50_000
# Candidates a row where forced cells give candidates unequal weights: resampling
# among them approaches the conditional law as their number grows.
CANDIDATES = 16


def sample_conditioned(
    fitted, requirements, n, seed, *, context=None, n_jobs=None, clip=True
):
    """Rows that meet every requirement, from the model's conditional distribution.

    Values are forced on the generator: all of them on one that weighs its rows by the
    likelihood of what was forced (candidates are then resampled by their weights, Rubin
    1987), the rarest on one that takes a single condition. Intervals, and what else is
    left, are met by drawing again, for a bounded number of rounds; rows that are still
    short take their nearest candidate, with the differing cells overwritten.

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
    rng = np.random.default_rng(seed)
    per_row = context is not None or any(isinstance(r, PerRow) for r in requirements)
    forcing = _Forcing(fitted, requirements)
    best = _Best(n, len(requirements))
    drawn, limit = 0, MAX_POOL_PER_ROW * n + MAX_ROUND
    for _ in range(MAX_ROUNDS):
        pending = best.pending()
        if not len(pending) or drawn >= limit:
            break
        rows = _candidate_rows(pending, best.hits / max(drawn, 1), per_row, forcing)
        forced, log_proposal = forcing.draw(rows, rng)
        table, log_weight = fitted.draw_forced(
            len(rows),
            int(rng.integers(2**62)),
            forced,
            context=None if context is None else context.take(rows),
            n_jobs=n_jobs,
        )
        drawn += len(rows)
        frame = fitted.codec.decode(table, clip=clip)
        met = np.stack([r.met(frame[r.column], rows) for r in requirements], axis=1)
        # The largest of weights with Gumbel noise is a draw in proportion to them.
        keys = log_weight - log_proposal * fitted.weighted + rng.gumbel(size=len(rows))
        best.take(table, met.sum(axis=1), keys, rows, exchangeable=not per_row)
    return _overwrite(fitted.codec.decode(best.table(), clip=clip), requirements, rng)


def _candidate_rows(pending, hit_rate, per_row, forcing):
    """For which rows to draw candidates, and how many."""
    candidates = CANDIDATES if forcing.weighs else 1
    if per_row:
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
        labels = list(fitted.codec.transformer.columns_)
        self.choices = []
        for r in requirements:
            if isinstance(r, Between):
                continue
            codes, scalars = encode_allowed(fitted.codec, r)
            i = labels.index(r.column)
            count = fitted.counts[i]
            share = count[codes] + 1e-9 if len(count) else np.ones(len(codes))
            self.choices.append((i, r, codes, scalars, share))
        self.searches = len(self.choices) < len(requirements)
        self.weighs = fitted.weighted and bool(self.choices)

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
        log_proposal : ndarray
        """
        n = len(rows)
        codes = np.full((n, len(self.layout.spans)), -1, dtype=np.int64)
        scalars = np.zeros((n, len(self.layout.continuous)), dtype=np.float32)
        log_proposal = np.zeros(n)
        for i, requirement, states, values, share in self.choices:
            if isinstance(requirement, PerRow):
                use = requirement.fixed[rows]
                chosen = requirement.place[rows]
            else:
                p = share / share.sum()
                use = np.ones(n, dtype=bool)
                chosen = rng.choice(len(states), size=n, p=p)
                log_proposal += np.log(p[chosen])
            codes[use, i] = states[chosen[use]]
            if values is not None:
                k = self.layout.continuous.index(i)
                scalars[use, k] = values[chosen[use]]
        return CompactTable(codes, scalars), log_proposal


class _Best:
    """For each row the candidate that meets most requirements so far."""

    def __init__(self, n, wanted):
        self.met = np.full(n, -1)
        self.wanted = wanted
        self.codes = None
        self.scalars = None
        self.hits = 0

    def pending(self):
        """Rows that no candidate has satisfied yet."""
        return np.flatnonzero(self.met < self.wanted)

    def table(self):
        """The candidates."""
        return CompactTable(self.codes, self.scalars)

    def take(self, table, met, keys, rows, exchangeable):
        """Offer candidates; the most satisfying, then the largest key, is taken.

        Parameters
        ----------
        table : CompactTable
        met : ndarray of int
            Requirements that each candidate meets.
        keys : ndarray of float
        rows : ndarray of int
            The row that each candidate was drawn for.
        exchangeable : bool
            Whether a candidate may serve any row.
        """
        if self.codes is None:
            n = len(self.met)
            self.codes = np.zeros((n, table.codes.shape[1]), dtype=table.codes.dtype)
            self.scalars = np.zeros((n, table.scalars.shape[1]), dtype=np.float32)
        self.hits += int((met == self.wanted).sum())
        source = np.lexsort((-keys, -met))
        if exchangeable:
            rows = np.unique(rows)
            source = source[: len(rows)]
            rows = rows[: len(source)]
        else:
            rows, first = np.unique(rows[source], return_index=True)
            source = source[first]
        better = met[source] > self.met[rows]
        rows, source = rows[better], source[better]
        self.met[rows] = met[source]
        self.codes[rows] = table.codes[source]
        self.scalars[rows] = table.scalars[source]


def _overwrite(frame, requirements, rng):
    """Put allowed values where the search has found none."""
    rows = np.arange(len(frame))
    for r in requirements:
        series = frame[r.column]
        wrong = np.flatnonzero(~r.met(series, rows))
        if not len(wrong):
            continue
        fixed = r.replacement(series, wrong, rng)
        series = series.copy()
        series.iloc[wrong] = fixed.set_axis(series.index[wrong])
        frame[r.column] = series
    return frame
