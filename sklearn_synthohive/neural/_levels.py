"""Columns of very many levels, drawn in steps: a cluster, a group in it, a level."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["LevelGroups"]

# A level with so many rows is learnt by itself; rarer ones share a group's law.
OWN_GROUP = 20
# Rare levels fill at most so many groups.
MAX_POOLS = 256
# Clusters that there are at least, where there are as many groups.
LEAST_CLUSTERS = 64
# Weight of a level without rows, in rows.
UNSEEN = 1e-3


@dataclass(frozen=True, eq=False)
class LevelGroups:
    """How the levels of a column are factorised.

    The law of a level is that of its cluster, times that of its group among the
    cluster's, times its share of the group's rows, which is constant. With as many
    groups in a cluster as there are clusters, the cost of a row grows with the root of
    the number of groups (Goodman 2001, arXiv:cs/0108006). Levels with enough rows are
    groups of their own; the others share groups, because their few rows cannot teach
    more than what they have in common.

    Attributes
    ----------
    group : ndarray of shape (n_levels,), int64
        Clusters are blocks of ``width`` successive groups.
    log_share : ndarray of shape (n_levels,), float64
        Log of the level's share of its group.
    width : int
        Groups a cluster; the last cluster may have fewer.
    """

    group: np.ndarray
    log_share: np.ndarray
    width: int

    @classmethod
    def of(
        cls,
        counts: np.ndarray,
        profiles: np.ndarray | None = None,
        doubt: np.ndarray | None = None,
    ) -> LevelGroups:
        """Group levels by their frequencies and what they have in common.

        Parameters
        ----------
        counts : ndarray of shape (n_levels,)
            Rows of each level.
        profiles : ndarray of shape (n_levels, n_features), optional
            Levels near each other come into one cluster, rare ones into one group; by
            frequency alone when not given.
        doubt : ndarray of shape (n_levels, n_features), optional
            Variances of the profiles; rare levels that differ by less are not told
            apart.

        Returns
        -------
        LevelGroups
        """
        weights = np.maximum(counts.astype(np.float64), UNSEEN)
        if profiles is None:
            profiles = np.zeros((len(counts), 1))
        if doubt is None:
            doubt = np.zeros(profiles.shape)
        group = np.empty(len(counts), dtype=np.int64)
        own = np.flatnonzero(counts >= OWN_GROUP)
        rare = np.flatnonzero(counts < OWN_GROUP)
        group[own] = np.arange(len(own))
        n_groups = len(own)
        if len(rare):
            mass = weights[rare].sum()
            target = max(OWN_GROUP, mass / MAX_POOLS)
            pool = _pools(profiles[rare], doubt[rare], weights[rare], target)
            group[rare] = len(own) + pool
            n_groups += int(pool.max()) + 1
        total = np.bincount(group, weights)
        centre = np.stack(
            [np.bincount(group, weights * p) / total for p in profiles.T], axis=1
        )
        n_clusters = max(LEAST_CLUSTERS, int(np.ceil(np.sqrt(n_groups))))
        width = -(-n_groups // n_clusters)
        place = np.empty(n_groups, dtype=np.int64)
        place[_tree_order(centre, total, width)] = np.arange(n_groups)
        log_share = np.log(weights) - np.log(total[group])
        return cls(place[group], log_share, width)

    @property
    def n_levels(self) -> int:
        """Number of levels."""
        return len(self.group)

    @cached_property
    def n_groups(self) -> int:
        """Number of groups."""
        return int(self.group.max(initial=0)) + 1

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return -(-self.n_groups // self.width)

    @cached_property
    def members(self) -> np.ndarray:
        """The levels, group by group."""
        return np.argsort(self.group, kind="stable")

    @cached_property
    def edges(self) -> np.ndarray:
        """Where each member ends, if group g is the interval from g to g + 1."""
        group = self.group[self.members]
        share = np.exp(self.log_share[self.members])
        total = np.cumsum(share)
        starts = np.searchsorted(group, np.arange(self.n_groups))
        before = np.concatenate([[0.0], total])[starts]
        sums = np.bincount(group, share, minlength=self.n_groups)
        return group + np.minimum((total - before[group]) / sums[group], 1.0)

    def sums(self, counts: np.ndarray) -> np.ndarray:
        """Counts of the groups, shape (n_clusters, width); zero where there is none.

        Parameters
        ----------
        counts : ndarray of shape (n_levels,)
        """
        size = self.n_clusters * self.width
        return np.bincount(self.group, counts, minlength=size).reshape(-1, self.width)

    def to_state(self) -> list:
        """Plain data, for a file."""
        return [self.group, self.log_share, self.width]

    @classmethod
    def from_state(cls, state: list) -> LevelGroups:
        """Undo :meth:`to_state`."""
        group, log_share, width = state
        return cls(np.asarray(group), np.asarray(log_share), int(width))


def _pools(profiles, doubt, weights, target):
    """Number the leaves of a tree.

    A node is split while both sides keep enough weight and its levels differ by more
    than is doubtful: else the leaf would tell which rows it was made from.
    """
    pool = np.zeros(len(weights), dtype=np.int64)
    waiting, n = [np.arange(len(weights))], 0
    while waiting:
        items = waiting.pop()
        spread, order = _along_widest(profiles[items], weights[items])
        axis = int(spread.argmax())
        items = items[order]
        total = np.cumsum(weights[items])
        cut = int(np.searchsorted(total, total[-1] / 2)) + 1
        smaller = min(total[cut - 1], total[-1] - total[cut - 1])
        sure = spread[axis] >= np.average(doubt[items, axis], weights=weights[items])
        if smaller >= target and sure:
            waiting += [items[cut:], items[:cut]]
        else:
            pool[items] = n
            n += 1
    return pool


def _tree_order(centre, weights, width):
    """An order in which each block of ``width`` is a leaf of a tree of halvings."""
    order = []
    waiting = [np.arange(len(weights))]
    while waiting:
        items = waiting.pop()
        items = items[_along_widest(centre[items], weights[items])[1]]
        if len(items) <= width:
            order.append(items)
            continue
        blocks = -(-len(items) // width)
        cut = blocks // 2 * width
        waiting += [items[cut:], items[:cut]]
    return np.concatenate(order)


def _along_widest(points, weights):
    """Variances, and an order by the largest's coordinate, then by weight."""
    mean = np.average(points, axis=0, weights=weights)
    spread = np.average((points - mean) ** 2, axis=0, weights=weights)
    return spread, np.lexsort((-weights, points[:, int(spread.argmax())]))
