"""The search for columns that are never above others."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

__all__ = ["Order", "Pair", "likely_orders", "reduced"]

# Rows on which pairs are rejected: at first, then all of the sample.
FIRST_ROWS, SAMPLE_ROWS = 64, 1_000
# Fewest rows in which both are there, and distinct values of each.
LEAST_ROWS, LEAST_VALUES = 50, 3
# What chance would put out of order: rows at least, and share of the rows.
LEAST_BROKEN, LEAST_SHARE = 20, 0.01
# Rows one step of the grid apart that show that equality is no matter of chance.
LEAST_NEXT = 20


@dataclass(frozen=True)
class Order:
    """``low <= high`` on every row where both are there.

    Attributes
    ----------
    low, high : int
        Of the columns.
    strict : bool
        Whether they are never equal.
    """

    low: int
    high: int
    strict: bool = False

    def broken(self, low, high, slack) -> np.ndarray:
        """Where the order does not hold; false where an amount is missing.

        Parameters
        ----------
        low, high : ndarray of float64
            Amounts.
        slack : float
            Smallest difference that counts.

        Returns
        -------
        ndarray of bool
        """
        over = low - high
        return over >= -slack if self.strict else over > slack


class Pair:
    """What the rows say of two columns of which one may be the lower.

    Parameters
    ----------
    low, high : int
    chance : float
        Share of the rows that would be out of order by chance.
    slack : float
        Smallest difference that counts.
    step : float
        Of the finer grid; 0 where one has none.
    """

    def __init__(self, low, high, chance, slack, step):
        self.low, self.high, self.chance = low, high, chance
        self.slack, self.step = slack, step
        self.n = self.equal = self.next = 0
        self.holds = True

    def add(self, low, high):
        """Count rows.

        Parameters
        ----------
        low, high : ndarray of float64
            Amounts, NaN where missing.
        """
        over, slack = high - low, self.slack
        self.n += np.count_nonzero(~np.isnan(over))
        self.holds &= not (over < -slack).any()
        self.equal += np.count_nonzero(over <= slack)
        self.next += np.count_nonzero((over > slack) & (over <= self.step + slack))

    @property
    def order(self) -> Order | None:
        """The order that holds and is no accident, if any."""
        enough = self.n >= LEAST_ROWS and _is_told(self.chance, self.n)
        # What is always equal has no order.
        if not self.holds or not enough or self.equal == self.n:
            return None
        strict = not self.equal and self.next >= LEAST_NEXT
        return Order(self.low, self.high, strict)


def likely_orders(scales, amounts, n) -> list[Pair]:
    """Pairs that are in order on a sample of the rows, and need not be.

    Parameters
    ----------
    scales : dict of int to Scale
        Of columns that compare with each other.
    amounts : dict of int to ndarray
        NaN where missing.
    n : int
        Rows of the whole table.

    Returns
    -------
    list of Pair
    """
    columns = [i for i in scales if _n_values(amounts[i]) >= LEAST_VALUES]
    if len(columns) < 2:
        return []
    matrix = np.stack([amounts[i] for i in columns])
    slacks = np.array([scales[i].slack for i in columns])
    mixed = matrix[:, np.random.default_rng(0).permutation(matrix.shape[1])]
    first, found = np.ascontiguousarray(matrix[:, :FIRST_ROWS]), []
    for at, own in enumerate(matrix):
        slack = np.minimum(slacks, slacks[at])
        left = np.flatnonzero(~_above(first[at], first, slack))
        left = left[left != at]
        left = left[~_above(own, matrix[left], slack[left])]
        left = left[_above(own, mixed[left], slack[left])]
        for other in left:
            chance = _chance(own, matrix[other], slack[other])
            if _is_told(chance, n):
                ends = columns[at], columns[other]
                step = min(scales[i].step for i in ends)
                found.append(Pair(*ends, chance, slack[other], step))
    return found


def reduced(orders, gaps) -> list[Order]:
    """Orders that do not follow from two others.

    Parameters
    ----------
    orders : list of Order
    gaps : dict of int to ndarray of bool
        Where each column is missing.

    Returns
    -------
    list of Order
    """
    strict = {(item.low, item.high): item.strict for item in orders}
    above, below = defaultdict(set), defaultdict(set)
    for low, high in strict:
        above[low].add(high)
        below[high].add(low)

    def follows(item):
        low, high = item.low, item.high
        for middle in sorted(above[low] & below[high]):
            lost = gaps[middle] & ~gaps[low] & ~gaps[high]
            both = strict[low, middle] or strict[middle, high]
            if item.strict <= both and not lost.any():
                return True
        return False

    return [item for item in orders if not follows(item)]


def _n_values(amounts):
    return len(np.unique(amounts[~np.isnan(amounts)]))


def _above(own, others, slack):
    """Of which others a column is above in some row."""
    return (own > others + slack[:, None]).any(axis=1)


def _chance(low, high, slack):
    """Share of the rows that would be out of order, were they shuffled."""
    both = ~np.isnan(low) & ~np.isnan(high)
    if not both.any():
        return 0.0
    below = np.searchsorted(np.sort(high[both]), np.sort(low[both]) - slack)
    return below.mean() / both.sum()


def _is_told(chance, n):
    return chance >= LEAST_SHARE and chance * n >= LEAST_BROKEN
