"""Loads of parents that meet what generated rows ask of them."""

from __future__ import annotations

import numpy as np

from sklearn_synthohive.relational._dealing import (
    Dealer,
    fit_loads,
    open_parents,
    spread_demand,
)

__all__ = ["NoParents", "refer_by_levels", "settled"]

# A key leads to few parents when fewer than this share have children.
SPARSE = 0.5


class NoParents:
    """In place of a dealer where the parent's table is empty."""

    @staticmethod
    def deal(wanted):
        return np.full(len(wanted), -1, dtype=np.int64)


def settled(attachment, loads, segment, wanted, rng, near=None):
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
    near : ndarray of shape (n_parents,), optional
        As :func:`open_parents` has it.

    Returns
    -------
    ndarray of int64 of shape (n_parents,)
    """
    sizes = np.bincount(segment, minlength=len(wanted))
    total = np.bincount(segment, loads, minlength=len(wanted))
    sparse = (loads > 0).mean() < SPARSE
    stuck = (sizes > 0) & (total == 0) & (wanted > 0)
    nearest = attachment.nearest()
    demand = spread_demand(wanted, np.where(sizes > 0, 2**60, 0), nearest)
    if sparse or stuck.any():
        # Whole parents, and those of segments without any go to the likest one.
        exact = rng.random() + np.cumsum(attachment.used) * len(segment)
        number = np.diff(np.floor(exact), prepend=0).astype(np.int64)
        number = spread_demand(number, sizes, nearest)
        opened = open_parents(loads, segment, demand, number, rng, near)
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
    return fit_loads(
        loads,
        segment,
        demand,
        least=attachment.least,
        most=attachment.most,
        rng=rng,
    )


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
