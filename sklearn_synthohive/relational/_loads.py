"""Loads of parents that meet what generated rows ask of them."""

from __future__ import annotations

import numpy as np

from sklearn_synthohive.relational._dealing import (
    Dealer,
    fit_loads,
    open_parents,
    spread_demand,
    spread_parents,
)

__all__ = ["NoParents", "refer_by_levels", "settled"]

# A key leads to few parents when fewer than this share have children.
SPARSE = 0.5


class NoParents:
    """In place of a dealer where the parent's table is empty."""

    @staticmethod
    def deal(wanted):
        return np.full(len(wanted), -1, dtype=np.int64)


def settled(attachment, loads, segment, wanted, rng, points=None):
    """Loads that meet what rows want of each segment, as far as there are parents.

    Parameters
    ----------
    attachment : Attachment
    loads : ndarray of int64 of shape (n_parents,)
        As drawn from their law.
    segment : ndarray of int of shape (n_parents,)
    wanted : ndarray of int of shape (n_segments,)
        Rows that want each segment.
    rng : Generator
    points : ndarray of shape (n_parents, n_columns), optional
        Where parents lie, of a key that leads to few of many.

    Returns
    -------
    loads, segment : ndarray of int64 of shape (n_parents,)
        A parent may stand for another segment than the one that it lies in.
    """
    if points is not None:
        loads, segment = _matched(attachment, loads, segment, wanted, rng, points)
    sizes = np.bincount(segment, minlength=len(wanted))
    total = np.bincount(segment, loads, minlength=len(wanted))
    sparse = (loads > 0).mean() < SPARSE
    stuck = (sizes > 0) & (total == 0) & (wanted > 0)
    nearest = attachment.nearest()
    demand = spread_demand(wanted, np.where(sizes > 0, 2**60, 0), nearest)
    if sparse or stuck.any():
        number = _whole(attachment.used * len(segment), rng)
        number, demand = spread_parents(number, wanted, sizes, nearest)
        opened = open_parents(loads, segment, demand, number, rng)
        loads = opened if sparse else np.where(stuck[segment], opened, loads)
    once = attachment.most == 1
    free = sizes if once else np.bincount(segment, loads > 0, minlength=len(wanted))
    held = np.bincount(segment, loads > 0, minlength=len(wanted)).astype(np.int64)
    demand = spread_demand(
        demand,
        free.astype(np.int64) * attachment.most,
        nearest,
        held * attachment.least if not sparse else None,
    )
    limits = {"least": attachment.least, "most": attachment.most}
    return fit_loads(loads, segment, demand, **limits, rng=rng), segment


def _whole(exact, rng):
    """Whole numbers that add up to the sum."""
    return np.diff(np.floor(rng.random() + np.cumsum(exact)), prepend=0).astype(
        np.int64
    )


def _matched(attachment, loads, segment, wanted, rng, points):
    """Segments of few parents with children get those that are nearest to them."""
    number = _whole(attachment.used * len(segment), rng)
    number = np.where(attachment.used > 0, np.maximum(number, wanted > 0), 0)
    stands_for = attachment.middles.match(points, number, wanted)
    matched = stands_for >= 0
    # What lies in the box of such a segment and is not chosen has no children.
    lost = ~matched & np.isin(segment, stands_for[matched])
    positive = loads[loads > 0]
    if not len(positive):
        positive = np.ones(1, dtype=np.int64)
    fresh = positive[rng.integers(0, len(positive), len(loads))]
    loads = np.where(matched & (loads == 0), fresh, loads)
    loads = np.where(lost, 0, loads)
    return loads, np.where(matched, stands_for, segment)


def refer_by_levels(level, loads, start, on_itself, rng):
    """Rows refer to rows one level up, by their loads; rows on top to none.

    Parameters
    ----------
    level : ndarray of int of shape (n_rows,)
    loads : ndarray of int64 of shape (n_rows,)
    start : int
        Added to the places.
    on_itself : bool
        Rows on top refer to themselves.
    rng : Generator

    Returns
    -------
    ndarray of int64
    """
    # No level may be empty below another one.
    level = np.unique(level, return_inverse=True)[1] if len(level) else level
    found = np.full(len(level), -1, dtype=np.int64)
    if on_itself:
        found[level == 0] = np.flatnonzero(level == 0)
    for depth in range(1, int(level.max(initial=0)) + 1):
        rows, above = np.flatnonzero(level == depth), np.flatnonzero(level == depth - 1)
        weight = loads[above]
        if not weight.sum():
            weight = np.ones(len(above), dtype=np.int64)
        none = np.zeros(len(above), dtype=np.int64)
        dealer = Dealer(weight, none, np.zeros((1, 1), dtype=np.int64), rng=rng)
        found[rows] = above[dealer.deal(np.zeros(len(rows), dtype=np.int64))]
    return np.where(found >= 0, found + start, -1)
