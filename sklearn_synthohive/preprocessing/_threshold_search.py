"""The search for columns of few states that are steps of a number or date."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaln

from sklearn_synthohive.preprocessing._amounts import Ruler, rulers_of
from sklearn_synthohive.preprocessing._dependence_search import SIGNIFICANCE

__all__ = ["Threshold", "find_thresholds"]

# Steps of a function, and states that it has, at most.
MOST_INTERVALS = MOST_STATES = 30
# Rows of each interval; of two of them; of the whole table: at least.
LEAST_ROWS, LEAST_LARGE_ROWS, LEAST_TABLE = 5, 20, 100
# Pairs are rejected on few rows first.
STAGES = (1_000, 16_000)
# Odds against rows without the source being alike by chance.
LIKENESS = np.log(1e3)
# Cuts that stand for several rows lie at such shares of the way between their means.
SHARES = np.array(sorted(np.arange(1, 64) / 64, key=lambda share: abs(share - 0.5)))


@dataclass(frozen=True)
class Threshold:
    """A column of few states as a step function of an ordered one.

    Attributes
    ----------
    source, target : int
        Positions of the columns.
    gap : bool
        Whether only "is missing" counts of the target, not its state.
    cuts : ndarray of float64
        Amounts between the intervals, ascending; an amount on a cut is below it.
    told : ndarray of int64
        The target's state in each interval; with ``gap`` whether it is missing.
    empty : int
        The same where the source is missing; -1 where that tells nothing.
    implied : bool
        Whether it goes without saying, since a dependence on another target says it.
    """

    source: int
    target: int
    gap: bool
    cuts: np.ndarray
    told: np.ndarray
    empty: int
    implied: bool = False

    def states(self, amounts: np.ndarray) -> np.ndarray:
        """What each amount of the source asks of the target; -1 for nothing."""
        told = self.told[np.searchsorted(self.cuts, amounts)]
        return np.where(np.isnan(amounts), self.empty, told)


def find_thresholds(transformer, X, table, dependences=(), barred=()) -> list:
    """Columns that are steps of an ordered column on every row.

    What counts has far fewer runs of equal states, once sorted by the source, than
    a permutation would have.

    Parameters
    ----------
    transformer : DataTransformer
        Fitted on X.
    X : table
    table : CompactTable
        X, encoded.
    dependences : list of Dependence
        What they determine is left to them, unless its determinant is found here.
    barred : collection of int
        Columns that must not be targets.

    Returns
    -------
    list of Threshold
        No target is a source.
    """
    views = _views(transformer, table, barred)
    rulers = rulers_of(transformer)
    if len(table) < LEAST_TABLE or not views or not rulers:
        return []
    search = _Search(transformer, X, table, rulers, len(views))
    told = {(d.target, d.target_gap) for d in dependences}
    told |= {(d.target, True) for d in dependences if not d.target_gap}
    free = [view for view in views if view not in told]
    found = _candidates(search, free, dependences)
    targets = {target for target, _ in found}
    items: list[Threshold] = []
    for (target, _), candidates in sorted(found.items(), key=lambda f: f[0][1]):
        if target in {item.target for item in items}:
            continue
        steps = [step for step in candidates if step.source not in targets]
        for step in sorted(steps, key=lambda step: (len(step.cuts), step.source)):
            family = _family(search, step, dependences, barred)
            if family is not None:
                items += family
                break
    return items


def _views(transformer, table, barred):
    """Columns as (position, whether only its gap counts) that may be targets."""
    whole, gaps = [], []
    for i, span in enumerate(transformer.layout_.spans):
        if i in barred:
            continue
        states = np.count_nonzero(np.bincount(table.codes[:, i]))
        if span.kind != "continuous" and 1 < states <= MOST_STATES:
            whole.append((i, False))
        if transformer._encodings[i].has_missing:
            gaps.append((i, True))
    return whole + gaps


def _candidates(search, views, dependences):
    """Per view the steps that it is of single sources."""
    pairs = {
        i: [view for view in views if view[0] not in _ancestors(i, dependences)]
        for i in search.rulers
    }
    for size in STAGES:
        if size < search.n_rows:
            rows = np.unique(np.linspace(0, search.n_rows - 1, size).astype(int))
            pairs = {i: search.rejected(i, own, rows) for i, own in pairs.items()}
    out: dict = {}
    for i, own in pairs.items():
        for view in own:
            step = search.step(i, view)
            if step is not None:
                out.setdefault(view, []).append(step)
    return out


def _ancestors(span, dependences):
    """A column and all that determine it."""
    out, parents = set(), {d.target: d.source for d in dependences if not d.target_gap}
    while span is not None and span not in out:
        out.add(span)
        span = parents.get(span)
    return out


def _family(search, step, dependences, barred):
    """A step and those of all that follow from its target, or None if one is none."""
    out = [step]
    for d in dependences:
        # Whether the source is missing is never changed.
        if d.source != step.target or (d.target, d.target_gap) == (step.source, True):
            continue
        if d.target in barred:
            return None
        own = search.step(step.source, (d.target, d.target_gap), by_itself=False)
        if own is None:
            return None
        empty = own.empty if step.empty >= 0 else -1
        own = replace(own, empty=empty, implied=True)
        family = _family(search, own, dependences, barred)
        if family is None:
            return None
        out += family
    return out


class _Search:
    """Columns as sources and targets, read when they are needed."""

    def __init__(self, transformer, X, table, rulers, n_views):
        self.frame = transformer.modelled(X)
        self.transformer, self.table, self.rulers = transformer, table, rulers
        self.n_rows = len(table)
        self.least = transformer.min_count_
        self.odds = SIGNIFICANCE + np.log(n_views * len(rulers))
        self._sorted: tuple = (None, None, None)

    def rejected(self, source, views, rows):
        """The views that may be steps of a source, by some rows."""
        if not views:
            return views
        amounts = self.rulers[source].read(self.frame.iloc[rows, source])
        known = np.flatnonzero(~np.isnan(amounts))
        known = known[np.argsort(amounts[known], kind="stable")]
        states = np.stack([self._states(view, rows[known]) for view in views])
        changes = states[:, 1:] != states[:, :-1]
        same = np.diff(amounts[known]) == 0
        good = changes.sum(axis=1) < MOST_INTERVALS
        good &= ~changes[:, same].any(axis=1)
        return [view for view, may in zip(views, good, strict=True) if may]

    def step(self, source, view, *, by_itself=True):
        """What a view is of a source on all rows; None if it is no step of it.

        Parameters
        ----------
        source : int
        view : tuple of (int, bool)
        by_itself : bool
            Whether it must be more than an accident; a dependence vouches for it else.
        """
        target, gap = view
        span = self.transformer.layout_.spans[target]
        if target == source or (span.kind == "continuous" and not gap):
            return None
        amounts, order = self._order(source)
        values = amounts[order]
        states = self._states(view, order).astype(np.int64)
        starts = np.flatnonzero(states[1:] != states[:-1]) + 1
        if not len(values) or len(starts) >= MOST_INTERVALS:
            return None
        if (values[starts] == values[starts - 1]).any():
            return None
        told = states[np.append(0, starts)]
        rows = np.diff(np.concatenate([[0], starts, [len(values)]]))
        if by_itself and not _is_evident(told, rows, self.odds):
            return None
        if (rows < max(LEAST_ROWS, self.least)).any():
            return None
        cuts = _cuts(values, starts, self.rulers[source], self.least)
        if cuts is None:
            return None
        return Threshold(source, target, gap, cuts, told, self._empty(view, amounts))

    def _order(self, source):
        """Amounts, and the rows that have one by it; those of the last source kept."""
        if self._sorted[0] != source:
            amounts = self.rulers[source].read(self.frame.iloc[:, source])
            known = np.flatnonzero(~np.isnan(amounts))
            order = known[np.argsort(amounts[known], kind="stable")]
            self._sorted = source, amounts, order
        return self._sorted[1:]

    def _states(self, view, rows):
        target, gap = view
        codes = self.table.codes[rows, target]
        if gap:
            return codes == self.transformer._encodings[target].n_states - 1
        return codes

    def _empty(self, view, amounts):
        """The state of all rows without the source, if that is no accident."""
        rows = np.flatnonzero(np.isnan(amounts))
        if len(rows) < max(LEAST_ROWS, self.least):
            return -1
        states = self._states(view, rows)
        if (states != states[0]).any():
            return -1
        others = self._states(view, np.flatnonzero(~np.isnan(amounts)))
        share = (np.count_nonzero(others == states[0]) + 1) / (len(others) + 1)
        return int(states[0]) if -len(rows) * np.log(share) > LIKENESS else -1


def _is_evident(told, rows, odds):
    """Whether so few runs of equal states are more than an accident.

    Parameters
    ----------
    told, rows : ndarray of int
        State and length of each run.
    odds : float
        Logarithm of the odds against it that are asked for.
    """
    if len(told) < 2 or (rows >= LEAST_LARGE_ROWS).sum() < 2:
        return False
    counts, runs = np.bincount(told, rows), np.bincount(told)
    counts, runs = counts[runs > 0], runs[runs > 0]
    ways = gammaln(counts.sum() + 1) - gammaln(counts + 1).sum()
    of_runs = gammaln(runs.sum() + 1) - gammaln(runs + 1).sum()
    of_lengths = gammaln(counts) - gammaln(runs) - gammaln(counts - runs + 1)
    return ways - of_runs - of_lengths.sum() > odds


def _cuts(values, starts, ruler: Ruler, least):
    """Amounts half way between the values on both sides, or None.

    Where what is kept must stand for several rows, a side is the mean of so many.
    """
    low, high = values[starts - 1], values[starts]
    cuts = low + (high - low) / 2
    if least > 1:
        sums = np.concatenate([[0.0], np.cumsum(values - values[0])])
        below = (sums[starts] - sums[starts - least]) / least
        above = (sums[starts + least] - sums[starts]) / least
        cuts = values[0] + below[:, None] + SHARES * (above - below)[:, None]
        fits = (cuts > low[:, None]) & (cuts < high[:, None])
        if not fits.any(axis=1).all():
            return None
        cuts = np.take_along_axis(cuts, fits.argmax(axis=1)[:, None], axis=1)[:, 0]
    if not ruler.step:
        # Of two neighbours among the doubles the mean may be the upper one.
        return np.where(cuts < high, cuts, low)
    places = np.floor((cuts - ruler.offset) / ruler.step + 1e-6)
    first, last = (np.rint((v - ruler.offset) / ruler.step) for v in (low, high))
    places = np.clip(places, first, last - 1)
    return ruler.offset + (places + 0.5) * ruler.step
