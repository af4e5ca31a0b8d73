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
    DATES,
    DAYS,
    Ruler,
    rulers_of,
)
from sklearn_synthohive.preprocessing._identities import Identity, find_identities
from sklearn_synthohive.preprocessing._kinds import check_same_kind, kind_of

__all__ = [
    "Difference",
    "difference_names",
    "find_differences",
    "identities_of",
    "with_differences",
]

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


def find_differences(transformer, frame: pd.DataFrame) -> list[Difference]:
    """Columns that lie close to another one, in an order in which they are computed.

    Of the close pairs the closest join the columns to trees (Kruskal's); the root is
    the column that is missing least, then the first. A column that adds up from others
    anyway is left to that.

    Parameters
    ----------
    transformer : DataTransformer
        Whose encodings are those of the frame's columns.
    frame : DataFrame

    Returns
    -------
    list of Difference
    """
    rulers = {i: r for i, r in rulers_of(transformer).items() if _is_exact(r)}
    rows = np.linspace(0, len(frame) - 1, min(len(frame), SAMPLE_ROWS)).astype(int)
    few = frame.iloc[rows]
    edges = []
    for kinds in (DATES, ("timedelta",), ("number",)):
        amounts = {
            i: ruler.read(few.iloc[:, i]) + ruler.origin
            for i, ruler in rulers.items()
            if ruler.kind in kinds
        }
        members = [i for i, values in amounts.items() if not np.isnan(values).all()]
        if len(members) > 1:
            close = _close_pairs(np.column_stack([amounts[i] for i in members]))
            edges += [(width, members[j], members[k]) for width, j, k in close]
    if not edges:
        return []
    tied = _tied(rulers, frame)
    edges = [e for e in edges if not any({e[1], e[2]} <= group for group in tied)]
    gaps = {i: int(frame.iloc[:, i].isna().sum()) for e in edges for i in e[1:]}
    return [
        difference
        for difference in _trees(sorted(edges), gaps)
        if _can_be(difference, rulers, few)
    ]


def difference_names(names, differences) -> list[str]:
    """Names of the columns of differences, unlike those of the table.

    Parameters
    ----------
    names : list of str
        Of the table's own columns.
    differences : sequence of Difference

    Returns
    -------
    list of str
    """
    taken = list(names)
    for difference in differences:
        name = f"{names[difference.target]} - {names[difference.base]}"
        while name in taken:
            name += "'"
        taken.append(name)
    return taken[len(names) :]


def with_differences(transformer, frame: pd.DataFrame) -> pd.DataFrame:
    """A table's own columns and, behind them, those of its differences.

    Parameters
    ----------
    transformer : DataTransformer
    frame : DataFrame

    Returns
    -------
    DataFrame
        Differences as float64 in steps of the finer grid of the two columns, NaN where
        either is missing.
    """
    if not transformer._differences:
        return frame
    rulers, columns, parts = {}, {}, [frame]
    for i in {i for d in transformer._differences for i in (d.target, d.base)}:
        encoding, columns[i] = transformer._encodings[i], frame.iloc[:, i]
        kind = kind_of(columns[i])
        check_same_kind(columns[i].name, encoding.kind, kind, columns[i].dtype)
        rulers[i] = Ruler.of(encoding)
        if kind == "empty":
            # Whatever dtype it has, it is missing.
            columns[i] = None
    for d in transformer._differences:
        steps, pair = np.full(len(frame), np.nan), (columns[d.target], columns[d.base])
        if all(column is not None for column in pair):
            steps = _difference(rulers[d.target], rulers[d.base], *pair)
        parts.append(pd.Series(steps, index=frame.index))
    names = [*frame.columns, *transformer._names[frame.shape[1] :]]
    return pd.concat(parts, axis=1).set_axis(pd.Index(names, dtype=object), axis=1)


def identities_of(transformer) -> list[Identity]:
    """What computes the columns whose differences are known.

    Parameters
    ----------
    transformer : DataTransformer

    Returns
    -------
    list of Identity
    """
    first, rulers = len(transformer.columns_), rulers_of(transformer)
    out = []
    for k, (target, base) in enumerate(
        (d.target, d.base) for d in transformer._differences
    ):
        own, other = rulers[target], rulers[base]
        constant = other.origin - own.origin
        factors = (1.0, _unit(own, other))
        out.append(Identity(target, (base, first + k), factors, constant))
    return out


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


def _tied(rulers, frame):
    """Columns that an identity ties to each other."""
    columns = list(rulers)
    found = find_identities(
        [rulers[i].read(frame.iloc[:, i]) for i in columns],
        [rulers[i].step for i in columns],
    )
    return [{columns[k] for k in (item.target, *item.terms)} for item in found]


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
    items = {0: own.read(columns[0]), 1: other.read(columns[1]), 2: gap}
    constant = other.origin - own.origin
    item = Identity(0, (1, 2), (1.0, _unit(own, other)), constant)
    return bool(item.holds(items, own.step).all())


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
