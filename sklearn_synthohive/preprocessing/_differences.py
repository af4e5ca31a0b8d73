"""Numbers and dates that lie close to another column's, as what they differ by.

An end lies minutes after its start while starts spread over years: no density of ends
is so sharp, and generated ends come before their starts. The difference becomes a
column of its own, to be encoded and learned beside the two, and its column is computed
from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from sklearn_synthohive.preprocessing._amounts import (
    DAYS,
    rulers_of,
)
from sklearn_synthohive.preprocessing._identities import Identity, find_identities

__all__ = ["Difference", "find_differences", "identity_of", "read_difference"]

# Rows on which columns are compared.
SAMPLE_ROWS = 2_000
# Fewest rows in which both are there, and values that a difference must take in them.
LEAST_ROWS, LEAST_VALUES = 100, 3
# Two columns are close where most differences spread over so little of either's range.
NARROW = 0.1
# Most rows are those between these quantiles.
MOST = (0.05, 0.95)
# Numbers that correlate less on these rows need not be compared.
LEAST_CORRELATION = 0.9
# Differences are exact, as integers in 64 bits and as doubles.
LARGEST = 2**52


@dataclass(frozen=True)
class Difference:
    """``target = base + difference``, the last one a column that the table has not.

    Attributes
    ----------
    target, base : int
        By position of the modelled columns.
    """

    target: int
    base: int

    @property
    def columns(self) -> tuple[int, int]:
        """What it derives from."""
        return self.target, self.base


def find_differences(
    transformer, frame: pd.DataFrame
) -> tuple[list[Difference], list[Identity]]:
    """Columns that lie close to another one, in an order in which they are computed.

    Of the close pairs the closest join the columns to trees (Kruskal's); the root is
    the column that is missing least, then the first. A column that adds up from others
    anyway is left to that identity.

    Parameters
    ----------
    transformer : DataTransformer
        Whose encodings are those of the frame's columns.
    frame : DataFrame

    Returns
    -------
    differences : list of Difference
    identities : list of Identity
        Of the table's own columns, where some of them are close.
    """
    rulers = {i: r for i, r in rulers_of(transformer).items() if _is_exact(r)}
    rows = np.linspace(0, len(frame) - 1, min(len(frame), SAMPLE_ROWS)).astype(int)
    few = frame.iloc[rows]
    edges = []
    for family in dict.fromkeys(ruler.family for ruler in rulers.values()):
        amounts = {
            i: ruler.read(few.iloc[:, i]) + ruler.origin
            for i, ruler in rulers.items()
            if ruler.family == family
        }
        members = [i for i, values in amounts.items() if not np.isnan(values).all()]
        if len(members) > 1:
            close = _close_pairs(np.column_stack([amounts[i] for i in members]))
            edges += [(width, members[j], members[k]) for width, j, k in close]
    if not edges:
        return [], []
    identities = _identities(rulers, frame)
    tied = [{item.target, *item.terms} for item in identities]
    edges = [e for e in edges if not any({e[1], e[2]} <= group for group in tied)]
    gaps = {i: int(frame.iloc[:, i].isna().sum()) for e in edges for i in e[1:]}
    differences = [d for d in _trees(sorted(edges), gaps) if _can_be(d, rulers, few)]
    return differences, identities


def read_difference(rulers, difference: Difference, columns) -> np.ndarray:
    """What two columns differ by, in steps of the finer grid of the two.

    Parameters
    ----------
    rulers : mapping of int to Ruler
    difference : Difference
    columns : mapping of int to Series

    Returns
    -------
    ndarray of float64
        Exact where both are on a grid; NaN where either is missing.
    """
    i, j = difference.target, difference.base
    return _difference(rulers[i], rulers[j], columns[i], columns[j])


def identity_of(rulers, difference: Difference, at: int) -> Identity:
    """What computes the target.

    Parameters
    ----------
    rulers : mapping of int to Ruler
    difference : Difference
    at : int
        Position of its column.

    Returns
    -------
    Identity
    """
    own, other = rulers[difference.target], rulers[difference.base]
    factors = (1.0, _unit(own, other))
    constant = other.origin - own.origin
    return Identity(difference.target, (difference.base, at), factors, constant)


def _is_exact(ruler):
    return not ruler.step or max(abs(ruler.axis.low), abs(ruler.axis.high)) < 2**62


def _close_pairs(amounts):
    """Pairs of columns whose difference spreads little, and how little."""
    low, high = np.nanquantile(amounts, MOST, axis=0)
    width = high - low
    # A few outliers say nothing of most rows.
    alike = _correlations(np.clip(amounts, low, high)) >= LEAST_CORRELATION
    for j, k in combinations(range(amounts.shape[1]), 2):
        widths = width[[j, k]]
        # The narrower one can differ from the wider by no less than these do.
        apart = widths.max() > (1 + 2 * NARROW) * widths.min()
        if not (alike[j, k] and widths.min() > 0) or apart:
            continue
        gap = amounts[:, k] - amounts[:, j]
        gap = gap[~np.isnan(gap)]
        if len(gap) < LEAST_ROWS or len(np.unique(gap)) < LEAST_VALUES:
            continue
        bottom, top = np.quantile(gap, MOST)
        if top - bottom <= NARROW * widths.min():
            yield (top - bottom) / widths.min(), j, k


def _correlations(values):
    """Of pairs of columns, in the rows where both are there; NaN where none are."""
    here = ~np.isnan(values)
    values = np.where(here, values - np.nanmedian(values, axis=0), 0.0)
    values /= np.maximum(np.abs(values).max(axis=0), np.finfo(float).tiny)
    n, sums, squares = (v.T @ here.astype(float) for v in (here, values, values**2))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(n * squares - sums**2)
        return (n * (values.T @ values) - sums * sums.T) / (spread * spread.T)


def _identities(rulers, frame):
    """What ties columns to each other."""
    columns = list(rulers)
    found = find_identities(
        [rulers[i].read(frame.iloc[:, i]) for i in columns],
        [rulers[i].step for i in columns],
    )
    return [item.placed(columns) for item in found]


def _trees(edges, gaps):
    """Differences along the closest pairs, from each tree's root outwards."""
    part = {i: {i} for _, *pair in edges for i in pair}
    joined: dict[int, list[int]] = {i: [] for i in part}
    for _, j, k in edges:
        if part[j] is not part[k]:
            joined[j].append(k)
            joined[k].append(j)
            both = part[j] | part[k]
            part |= dict.fromkeys(both, both)
    out, placed = [], set()
    for root in sorted(part, key=lambda i: (gaps[i], i)):
        waiting = [root] if root not in placed else []
        placed.add(root)
        for base in waiting:
            for target in joined[base]:
                if target not in placed:
                    placed.add(target)
                    waiting.append(target)
                    out.append(Difference(target, base))
    return out


def _can_be(difference, rulers, few):
    """Whether the column comes back from its difference."""
    own, other = rulers[difference.target], rulers[difference.base]
    columns = [few.iloc[:, i] for i in (difference.target, difference.base)]
    gap = _difference(own, other, *columns)
    if not np.nanmax(np.abs(gap)) < LARGEST:
        return False
    item = identity_of(rulers, difference, -1)
    amounts = [own.read(columns[0]), other.read(columns[1]), gap]
    amounts = dict(zip((item.target, *item.terms), amounts, strict=True))
    return bool(item.holds(amounts, own.step).all())


def _unit(own, other):
    """The amount that a step of a difference is worth."""
    if not (own.step and other.step):
        return 1.0
    if own.kind == "number":
        return 10.0 ** -max(own.axis.decimals, other.axis.decimals)
    return min(DAYS[own.axis.native.unit], DAYS[other.axis.native.unit])


def _difference(own, other, column, base):
    """Exactly, where both are on a grid."""
    if not (own.step and other.step):
        return own.read(column) - other.read(base)
    unit, parts = _unit(own, other), []
    for ruler, series in ((own, column), (other, base)):
        stored, gaps = ruler.axis.read(series, ruler.kind)
        size = 10.0**-ruler.axis.decimals
        if ruler.kind != "number":
            size = DAYS[ruler.axis.native.unit]
        # What is far beyond the range would overflow; it cannot be anyway.
        low, high = ruler.axis.low, ruler.axis.high
        reach = max(high - low, 1)
        stored = np.clip(stored, low - reach, high + reach).astype(np.int64)
        parts.append((stored * round(size / unit), gaps))
    (left, no_left), (right, no_right) = parts
    return np.where(no_left | no_right, np.nan, (left - right).astype(np.float64))
