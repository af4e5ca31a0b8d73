"""Rows are dealt to parents: loads kept, pairs apart, in linear time."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = [
    "Dealer",
    "fit_loads",
    "keep_pairs_apart",
    "open_parents",
    "spread_demand",
    "spread_parents",
]

GOLDEN = (5**0.5 - 1) / 2
MAX_ROUNDS = 200


class Dealer:
    """Hands out the places of parents, segment by segment, evenly.

    Every parent holds as many slots as it is to have children. The slots of a segment
    are visited in steps of the golden ratio of their number, made coprime to it: each
    is visited once before any is visited twice, and any run of visits is spread evenly
    over the parents. Nothing but a counter is kept between calls.

    Parameters
    ----------
    loads : ndarray of int64 of shape (n_parents,)
        Slots of each parent.
    segment : ndarray of int of shape (n_parents,)
    nearest : ndarray of int of shape (n_segments, n_segments)
        Segments from the most to the least alike, for segments without a slot.
    once : bool
        Never visit a slot twice: rows left over get -1. Else they are dealt once more
        over all slots of the segment they want.
    rng : Generator
    """

    def __init__(self, loads, segment, nearest, *, once=False, rng):
        self._order = np.lexsort((rng.random(len(loads)), segment))
        self._ends = np.cumsum(loads[self._order])
        n_segments = len(nearest)
        self._bounds = np.searchsorted(segment[self._order], np.arange(n_segments + 1))
        totals = np.concatenate([[0], self._ends])
        self._first = totals[self._bounds[:-1]]
        self._size = totals[self._bounds[1:]] - self._first
        self._visited = np.zeros(n_segments, dtype=np.int64)
        self._nearest = nearest
        self._once = once

    def deal(self, wanted: np.ndarray) -> np.ndarray:
        """Parents for rows.

        Parameters
        ----------
        wanted : ndarray of int of shape (n_rows,)
            The segment that each row's parent is to be of; -1 for no parent.

        Returns
        -------
        ndarray of int64 of shape (n_rows,)
            The places of the parents, -1 for none.
        """
        found = np.full(len(wanted), -1, dtype=np.int64)
        passes = (True,) if self._once else (True, False)
        for once in passes:
            for s in np.unique(wanted[(wanted >= 0) & (found < 0)]):
                rows = np.flatnonzero((wanted == s) & (found < 0))
                for t in self._nearest[s]:
                    if not len(rows):
                        break
                    rows = self._visit(t, rows, found, once)
        return found

    def _visit(self, segment, rows, found, once):
        """Give slots of one segment to rows; returns the rows that get none."""
        size = int(self._size[segment])
        start = int(self._visited[segment])
        if not size or (once and start >= size):
            return rows
        taken = min(len(rows), size - start) if once else len(rows)
        step = _coprime(size)
        visits = np.arange(start, start + taken, dtype=np.int64) % size
        slots = self._first[segment] + _times(visits, step, size)
        at = np.searchsorted(self._ends, slots, side="right")
        found[rows[:taken]] = self._order[at]
        self._visited[segment] = start + taken
        return rows[taken:]


def _times(visits, step, size):
    """``visits * step % size`` without overflow for up to 2**62 slots."""
    if size < 2**31:
        return visits * step % size
    return np.array([int(v) * step % size for v in visits], dtype=np.int64)


def _coprime(size):
    step = max(int(size * GOLDEN), 1)
    while np.gcd(step, size) != 1:
        step += 1
    return step


def fit_loads(loads, segment, demand, *, least, most, rng):
    """Loads whose sum in each segment is the number of rows that want it.

    Loads are scaled and rounded at random, which keeps their shape, and stay between
    the smallest and the largest real one, as far as the demand allows.

    Parameters
    ----------
    loads : ndarray of int64 of shape (n_parents,)
        As drawn from their law.
    segment : ndarray of int of shape (n_parents,)
    demand : ndarray of int of shape (n_segments,)
    least, most : int
        The smallest load above zero, and the largest.
    rng : Generator

    Returns
    -------
    ndarray of int64 of shape (n_parents,)
    """
    total = np.bincount(segment, loads, minlength=len(demand))
    ratio = np.divide(demand, total, out=np.ones(len(demand)), where=total > 0)
    exact = loads * ratio[segment]
    fitted = np.floor(exact + rng.random(len(loads))).astype(np.int64)
    fitted = np.where(loads > 0, np.clip(fitted, least, most), 0)
    for s, rows in _by_segment(segment):
        _settle(fitted, rows, int(demand[s]), least, most, rng)
    return fitted


def open_parents(loads, segment, demand, number, rng):
    """Let each segment have as many parents with children as it should.

    Of keys that lead to few of many parents (flights to 105 of 1,458 airports) the law
    of the loads does not tell which parents have them, the segments do.

    Parameters
    ----------
    loads : ndarray of int64 of shape (n_parents,)
    segment : ndarray of int of shape (n_parents,)
    demand : ndarray of int of shape (n_segments,)
    number : ndarray of int of shape (n_segments,)
        Parents of each segment that are to have children; one at least where there is
        a demand.
    rng : Generator

    Returns
    -------
    ndarray of int64 of shape (n_parents,)
    """
    opened = np.zeros_like(loads)
    positive = rng.permutation(loads[loads > 0])
    if not len(positive):
        positive = np.ones(1, dtype=np.int64)
    for s, rows in _by_segment(segment):
        if not demand[s]:
            continue
        rows = rng.permutation(rows)
        order = loads[rows] == 0
        chosen = rows[np.argsort(order, kind="stable")][: max(number[s], 1)]
        fresh = positive[rng.integers(0, len(positive), len(chosen))]
        opened[chosen] = np.where(loads[chosen] > 0, loads[chosen], fresh)
    return opened


def spread_demand(demand, capacity, nearest, floor=None):
    """Demand that fits: what a segment cannot take goes to those most like it.

    What a segment lacks comes from those most like it that have more than they need.

    Parameters
    ----------
    demand : ndarray of int of shape (n_segments,)
    capacity : ndarray of int of shape (n_segments,)
    nearest : ndarray of int of shape (n_segments, n_segments)
    floor : ndarray of int of shape (n_segments,), optional
        What each segment needs at least.

    Returns
    -------
    ndarray of int of shape (n_segments,)
    """
    fits = np.minimum(demand, capacity)
    for s in np.flatnonzero(demand > capacity):
        over = demand[s] - capacity[s]
        for t in nearest[s]:
            moved = min(over, capacity[t] - fits[t])
            fits[t] += moved
            over -= moved
            if not over:
                break
    if floor is None:
        return fits
    for s in np.flatnonzero(fits < floor):
        for t in nearest[s]:
            moved = min(floor[s] - fits[s], max(fits[t] - floor[t], 0))
            fits[t] -= moved
            fits[s] += moved
    return fits


def spread_parents(number, demand, sizes, nearest):
    """Parents that fit, with the rows that want them.

    A segment that has fewer parents than should have children lends the others, each
    with its share of the demand, to those most like it that have some to spare.

    Parameters
    ----------
    number : ndarray of int of shape (n_segments,)
        Parents that are to have children.
    demand : ndarray of int of shape (n_segments,)
        Rows that want each segment.
    sizes : ndarray of int of shape (n_segments,)
        Parents that there are.
    nearest : ndarray of int of shape (n_segments, n_segments)

    Returns
    -------
    number, demand : ndarray of int of shape (n_segments,)
        Of the same sums, as far as there are parents.
    """
    number = np.maximum(number, demand > 0)
    placed, wanted = np.minimum(number, sizes), demand.copy()
    for s in np.flatnonzero(number > sizes):
        over = int(number[s] - placed[s])
        left = int(demand[s]) * over // int(number[s])
        wanted[s] -= left
        for t in nearest[s]:
            moved = int(min(over, sizes[t] - placed[t]))
            if not moved:
                continue
            part = left * moved // over
            placed[t] += moved
            wanted[t] += part
            over, left = over - moved, left - part
            if not over:
                break
        # No parent is left anywhere: the rows stay with the likest one that there is.
        there = [t for t in nearest[s] if sizes[t]]
        if left and there:
            wanted[there[0]] += left
    return placed, wanted


def _by_segment(segment):
    order = np.argsort(segment, kind="stable")
    bounds = np.flatnonzero(np.diff(segment[order])) + 1
    for rows in np.split(order, bounds):
        if len(rows):
            yield int(segment[rows[0]]), rows


def _settle(fitted, rows, demand, least, most, rng):
    """Move single children until the sum is met or the ends of the range are."""
    for _ in range(64):
        gap = demand - int(fitted[rows].sum())
        if gap == 0:
            return
        used = rows[fitted[rows] > 0]
        if gap > 0:
            open_ = used[fitted[used] < most]
            # Every one is full: more parents have children then.
            open_ = open_ if len(open_) else rows[fitted[rows] == 0]
        else:
            open_ = used[fitted[used] > least]
        if not len(open_):
            return
        if abs(gap) <= len(open_):
            moved = rng.permutation(open_)[: abs(gap)]
            fitted[moved] += np.sign(gap)
        else:
            fitted[open_] += np.sign(gap) * (abs(gap) // len(open_))
            fitted[open_] = np.clip(fitted[open_], min(least, most), most)


def keep_pairs_apart(group, found, wanted, rng):
    """Exchange parents between rows until no group has one twice.

    Exchanges keep every parent's load; they are made among rows that want the same
    segment first, among all rows after that.

    Parameters
    ----------
    group : ndarray of int of shape (n_rows,)
        The other key of each row.
    found : ndarray of int64 of shape (n_rows,)
        Parents as dealt, -1 for none; changed in place.
    wanted : ndarray of int of shape (n_rows,)
    rng : Generator

    Returns
    -------
    ndarray of int
        The rows that are still a repetition.
    """
    bad = _repeated(group, found)
    for attempt in range(MAX_ROUNDS):
        if not len(bad):
            break
        others = _partners(bad, wanted, attempt < MAX_ROUNDS // 2, rng)
        # A row takes part in one exchange at a time.
        _, first = np.unique(others, return_index=True)
        keep = np.zeros(len(bad), dtype=bool)
        keep[first] = True
        keep &= ~np.isin(others, bad) & (found[others] >= 0)
        a, b = bad[keep], others[keep]
        _exchange(group, found, a, b)
        bad = _repeated(group, found)
    return _choose_anew(group, found, bad, rng)


def _choose_anew(group, found, bad, rng):
    """Parents by their loads for rows that no exchange helps; the rows left over."""
    loads = found[found >= 0].copy()
    for _ in range(MAX_ROUNDS):
        if not len(bad):
            break
        before = found[bad].copy()
        found[bad] = loads[rng.integers(0, len(loads), len(bad))]
        pairs = pd.DataFrame({"group": group, "found": found})
        still = pairs.duplicated(keep=False).to_numpy()[bad]
        found[bad[still]] = before[still]
        bad = _repeated(group, found)
    return bad


def _exchange(group, found, a, b):
    """Swap where neither row then repeats a pair that was there."""
    stride = int(found.max()) + 2
    pairs = np.sort(group * stride + found)
    new_a = group[a] * stride + found[b]
    new_b = group[b] * stride + found[a]

    def absent(keys):
        place = np.minimum(np.searchsorted(pairs, keys), len(pairs) - 1)
        return pairs[place] != keys

    good = absent(new_a) & absent(new_b)
    # Two exchanges may make the same new pair: only the first one is made.
    made = np.concatenate([new_a, new_b])
    _, first = np.unique(made, return_index=True)
    fresh = np.zeros(len(made), dtype=bool)
    fresh[first] = True
    good &= fresh[: len(a)] & fresh[len(a) :]
    a, b = a[good], b[good]
    found[a], found[b] = found[b].copy(), found[a].copy()


def _partners(bad, wanted, same_segment, rng):
    if not same_segment:
        return rng.integers(0, len(wanted), len(bad))
    order = np.argsort(wanted, kind="stable")
    ordered = wanted[order]
    low = np.searchsorted(ordered, wanted[bad], side="left")
    high = np.searchsorted(ordered, wanted[bad], side="right")
    return order[low + (rng.random(len(bad)) * (high - low)).astype(np.int64)]


def _repeated(group, found):
    """Rows whose pair an earlier row has."""
    known = np.flatnonzero(found >= 0)
    pairs = group[known] * (int(found.max(initial=0)) + 2) + found[known]
    _, first = np.unique(pairs, return_index=True)
    is_first = np.zeros(len(known), dtype=bool)
    is_first[first] = True
    return known[~is_first]
