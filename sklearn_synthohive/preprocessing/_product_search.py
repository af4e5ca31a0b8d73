"""The search for products and quotients that hold on every row."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from sklearn_synthohive.preprocessing._identities import (
    LEAST_ROWS,
    LEAST_UNCOMMON,
    LEAST_VALUES,
    ROUNDED_STEPS,
    SAMPLE_ROWS,
    Identity,
    _evenly,
    _targets,
    in_order,
)
from sklearn_synthohive.preprocessing._products import EXACT, SHAPES, Product, slack

__all__ = ["find_products"]

# Rows on which logarithms are compared, and how often others are drawn where some
# columns are zero or missing in them.
ROWS, DRAWS = 8, 3
LEAST_DRAWN = 4
# Share of a target's rows in which the product is there to be compared.
LEAST_TOLD = 0.25
# Powers of a term: on its own, and beside others.
ALONE, TOGETHER = (2, -1, -2, 0.5, -0.5), (1, -1, 2, -2)
# So many powers of terms are tried in pairs, without squares and complements, and in
# threes.
MOST_IN_PAIRS, MOST_PLAIN, MOST_IN_THREES = 1_200, 800, 160
# Candidates of a target that are checked, the shortest first.
MOST_CHECKED = 300
# A factor has so many digits, or its inverse has; a fraction of these has two.
DIGITS = 4
FRACTIONS = (3, 6, 7, 9, 11, 12, 24, 60, 365)


def find_products(amounts, steps, numbers, barred=(), sums=()) -> list:
    """Products of numbers beside sums, in an order in which all can be computed.

    Logarithms turn a product into a sum of vectors, one a term: its logarithms on some
    rows, less that of one of them, which takes the factor away. For each column, sets
    of two and three terms are looked up that come close enough to its own vector; what
    is close is checked on every row. Three terms are tried in tables of up to some 40
    columns; above 150 or 300 there are no squares and complements, above 400 no pairs.

    Of the forms of one relation that with the smallest relative rounding is taken, as
    it implies the others; then one without quotients; then that of fewest terms.

    Parameters
    ----------
    amounts : list of ndarray
        Per column, NaN where missing.
    steps : list of float
        Width of each column's grid; 0 where it has none.
    numbers : list of int
        Columns that may be targets and terms.
    barred : collection of int
        Columns that must not be targets.
    sums : list of Identity
        Stay; one may be solved for another column whose target is a product.

    Returns
    -------
    list of Identity and Product
    """
    if not numbers or len(amounts[0]) < LEAST_ROWS:
        return list(sums)
    terms, samples = _Terms.of(amounts, numbers), _Samples(amounts, numbers)
    found = [
        product
        for target in numbers
        if target not in barred
        for product in _of_target(target, amounts, steps, terms, samples)
    ]
    # What adds up to a product comes before it, if it is a product, too.
    targets = {product.target for product in found}
    late = {item.target for item in sums if targets.intersection(item.terms)}
    results = {item.target for item in sums}
    found.sort(
        key=lambda product: (
            product.target in late,
            *_rank(product, amounts, steps, product.target in results),
        )
    )
    items = list(sums)
    for product in found:
        items = _joined(items, product, amounts, steps, barred) or items
    return in_order(items)


@dataclass(frozen=True)
class _Terms:
    """What may stand in a product, and the powers that it may have.

    Attributes
    ----------
    columns : ndarray of int
    shapes : list of str
    alone, pairs, threes : tuple of (ndarray of int, ndarray of float)
        Which term, to which power.
    """

    columns: np.ndarray
    shapes: list[str]
    alone: tuple
    pairs: tuple
    threes: tuple

    @classmethod
    def of(cls, amounts, numbers):
        columns, shapes = [], []
        for i in numbers:
            present = amounts[i][~np.isnan(amounts[i])]
            low, high = present.min(initial=np.inf), present.max(initial=-np.inf)
            if not low < high:
                continue
            own = ["x"]
            if low >= -1 and high <= 1:
                own += ["1 - x", "1 + x"]
            elif low >= -100 and high <= 100:
                own += ["1 - x / 100", "1 + x / 100"]
            columns += [i] * len(own)
            shapes += own
        plain = [k for k, shape in enumerate(shapes) if shape == "x"]
        other = [k for k, shape in enumerate(shapes) if shape != "x"]
        none = _powers([], (), [], ())
        pairs, size = _powers(plain, TOGETHER, other, (1, -1)), MOST_IN_PAIRS
        if len(pairs[0]) > size:
            pairs, size = _powers(plain, (1, -1), [], ()), MOST_PLAIN
        threes = _powers(plain, (1, -1), other, (1,))
        return cls(
            np.array(columns, dtype=int),
            shapes,
            _powers(plain, ALONE, [], ()),
            pairs if len(pairs[0]) <= size else none,
            threes if len(threes[0]) <= MOST_IN_THREES else none,
        )

    def values(self, amounts, rows):
        """Amounts of all terms in some rows, of shape (n_terms, n_rows)."""
        lines = np.array([SHAPES[shape] for shape in self.shapes])
        own = np.array([amounts[int(i)][rows] for i in self.columns])
        return lines[:, :1] + lines[:, 1:] * own

    def product(self, target, parts):
        """The product of terms to powers, without its factor."""
        parts = sorted(parts, key=lambda p: (p[1] < 0, self.shapes[p[0]] != "x", p[0]))
        at, powers = zip(*parts, strict=True)
        columns = tuple(int(self.columns[k]) for k in at)
        shapes = tuple(self.shapes[k] for k in at)
        return Product(target, columns, tuple(map(float, powers)), shapes, 1.0)


def _powers(plain, plain_powers, other, other_powers):
    parts = [(k, p) for k in plain for p in plain_powers]
    parts += [(k, p) for k in other for p in other_powers]
    return (
        np.array([k for k, _ in parts], dtype=int),
        np.array([p for _, p in parts], dtype=float),
    )


class _Samples:
    """Amounts of all numbers in some rows; targets without gaps share theirs."""

    def __init__(self, amounts, numbers):
        self.amounts, self.numbers = amounts, numbers
        self.key = None

    def take(self, rows):
        """Amounts by column, and which are neither zero nor missing."""
        key = rows.tobytes()
        if key != self.key:
            self.block = {i: self.amounts[i][rows] for i in self.numbers}
            whole = np.column_stack(list(self.block.values()))
            self.usable = (whole != 0) & ~np.isnan(whole)
            self.key = key
        return self.block, self.usable


def _of_target(target, amounts, steps, terms, samples):
    """Products that are the target on every row."""
    present = np.flatnonzero(~np.isnan(amounts[target]))
    if not _tells(amounts[target][present], steps[target]):
        return []
    rows = _evenly(present, SAMPLE_ROWS)
    block, usable = samples.take(rows)
    candidates = {}
    for parts in _candidates(target, block, usable, steps[target], terms):
        product = terms.product(target, parts)
        candidates.setdefault((product.terms, product.powers, product.shapes), product)
    fitted = []
    for product in list(candidates.values())[:MOST_CHECKED]:
        low, high = _factors(product, block, steps[target])
        if low <= high:
            fitted.append(_fit(product, amounts, steps[target], len(present)))
    return [product for product in fitted if product is not None]


def _tells(own, step):
    """Whether values are so many and so far apart that a product tells something."""
    if len(own) < LEAST_ROWS:
        return False
    _, counts = np.unique(own, return_counts=True)
    return (
        len(counts) >= LEAST_VALUES
        and counts.sum() - counts.max() >= LEAST_UNCOMMON
        and own.std() > ROUNDED_STEPS * step
    )


def _candidates(target, block, usable, step, terms):
    """Terms and powers whose logarithms add up to those of the target on some rows."""
    own = block[target]
    mine = terms.columns == target
    singles, pairs, threes = [], [], []
    for rows in _draws(own, usable):
        # Errors of logarithms, of both rows of a difference.
        share = slack(own[rows], step) / np.abs(own[rows])
        if share.max() >= 0.5:
            continue
        errors = -np.log1p(-share)
        width = errors[:-1] + errors[-1] + EXACT
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(np.abs(terms.values(block, rows)))
            logs[mine] = np.nan
            vectors = (logs[:, :-1] - logs[:, -1:]) / width
        wanted = np.log(np.abs(own[rows]))
        wanted = (wanted[:-1] - wanted[-1]) / width
        singles += _singles(wanted, *_usable(vectors, *terms.alone))
        pairs += _pairs(wanted, terms.columns, *_usable(vectors, *terms.pairs))
        threes += _threes(wanted, terms.columns, *_usable(vectors, *terms.threes))
    return singles + pairs + threes


def _draws(own, usable):
    """Some rows in which the target is large, and few columns are zero or missing."""
    weights = np.ones(usable.shape[1])
    for _ in range(DRAWS):
        cost = ~usable @ weights
        order = np.argsort(cost, kind="stable")
        order = order[own[order] != 0]
        _, first = np.unique(np.abs(own[order]), return_index=True)
        large = order[first[-max(ROWS, len(first) // 2) :]]
        if len(large) < LEAST_DRAWN:
            return
        parts = np.array_split(large, min(ROWS, len(large)))
        rows = np.array([part[np.argmin(cost[part])] for part in parts])
        yield rows
        lost = ~usable[rows].all(axis=0)
        if not lost.any():
            return
        weights[lost] *= ROWS


def _usable(vectors, at, powers):
    good = np.isfinite(vectors).all(axis=1)[at]
    at, powers = at[good], powers[good]
    return at, powers, vectors[at] * powers[:, None]


def _singles(wanted, at, powers, vectors):
    near = np.abs(vectors - wanted).max(axis=1, initial=0) <= 1
    return [((at[k], powers[k]),) for k in np.flatnonzero(near)]


def _pairs(wanted, columns, at, powers, vectors):
    if len(at) < 2:
        return []
    hits = cKDTree(vectors).query_ball_point(wanted - vectors, 1.0, p=np.inf)
    return [
        ((at[i], powers[i]), (at[j], powers[j]))
        for i, near in enumerate(hits)
        for j in near
        if j > i and columns[at[j]] != columns[at[i]]
    ]


def _threes(wanted, columns, at, powers, vectors):
    if len(at) < 3:
        return []
    left, right = np.triu_indices(len(at), 1)
    apart = columns[at[left]] != columns[at[right]]
    left, right = left[apart], right[apart]
    if not len(left):
        return []
    tree = cKDTree(
        vectors[left] + vectors[right], balanced_tree=False, compact_nodes=False
    )
    hits = tree.query_ball_point(wanted - vectors, 1.0, p=np.inf)
    return [
        tuple((at[k], powers[k]) for k in (left[pair], right[pair], i))
        for i, near in enumerate(hits)
        for pair in near
        if right[pair] < i
        and columns[at[i]] not in columns[at[[left[pair], right[pair]]]]
    ]


def _factors(product, amounts, step):
    """Ends of the factors with which a product is the target on all rows.

    The first is above the second where there is none.
    """
    own, raw = amounts[product.target], product.result(amounts)
    told = ~(np.isnan(own) | np.isnan(raw))
    own, raw = own[told], raw[told]
    free, zero = slack(own, step), raw == 0
    if zero.all() or (np.abs(own[zero]) > free[zero]).any():
        return np.inf, -np.inf
    own, raw, free = own[~zero], raw[~zero], free[~zero]
    ends = np.sort([(own - free) / raw, (own + free) / raw], axis=0)
    return ends[0].max(), ends[1].min()


def _fit(product, amounts, step, n_present):
    """The product with a short factor that holds on all rows, or None."""
    low, high = _factors(product, amounts, step)
    if low > high or low * high <= 0:
        return None
    factor = _short(low, high)
    if factor is None:
        # A change of unit may have any factor.
        if step or len(product.terms) > 2:
            return None
        factor = float((low + high) / 2)
    out = replace(product, factor=factor)
    told = ~np.isnan(amounts[product.target] + out.result(amounts))
    told = np.flatnonzero(told)
    good = (
        LEAST_TOLD * n_present <= len(told)
        and _tells(amounts[product.target][told], step)
        and all(np.ptp(amounts[i][told]) > 0 for i in product.terms)
        and out.holds(amounts, step).all()
    )
    return out if good else None


def _short(low, high):
    """A short number between two, or None."""
    middle = (low + high) / 2
    for digits in range(1, DIGITS + 1):
        for fraction in (1, *FRACTIONS) if digits < 3 else (1,):
            for size, inverse in ((middle, False), (1 / middle, True)):
                short = float(f"{size * fraction:.{digits - 1}e}") / fraction
                short = 1 / short if inverse else short
                if low <= short <= high:
                    return short
    return None


def _rank(product, amounts, steps, is_sum):
    """What is taken first."""
    own, powers = amounts[product.target], product.powers
    size = np.median(np.abs(own[(own != 0) & ~np.isnan(own)]))
    return (
        max(EXACT, steps[product.target] / 2 / size),
        any(power not in (1, 2) for power in powers),
        is_sum,
        len(powers),
        sum(abs(power) for power in powers),
        sum(shape != "x" for shape in product.shapes),
        -product.target,
    )


def _joined(items, product, amounts, steps, barred):
    """The items with a product more; None where it cannot be computed."""
    others = [item for item in items if item.target != product.target]
    if len(others) == len(items):
        return in_order([*items, product])
    (old,) = [item for item in items if item.target == product.target]
    if not isinstance(old, Identity):
        return None
    taken = {*barred, *(item.target for item in items)}
    for other in _targets(old, amounts, steps):
        if other.target in taken or steps[other.target] > steps[old.target]:
            continue
        out = in_order([*others, other, product])
        if out is not None:
            return out
    return None
