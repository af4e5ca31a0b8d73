"""The metrics as their definitions read: lists, loops, one cell at a time."""

import math
from collections import Counter
from itertools import combinations, pairwise

import pandas as pd


def cells(column):
    """A column as a list, None where missing."""
    return [None if pd.isna(value) else value for value in column]


def ks_complement(real, synthetic):
    real = [math.inf if v is None else v for v in real]
    synthetic = [math.inf if v is None else v for v in synthetic]
    distance = 0.0
    for point in set(real) | set(synthetic):
        # At infinity both functions are one.
        if point == math.inf:
            continue
        below_real = sum(v <= point for v in real) / len(real)
        below_synthetic = sum(v <= point for v in synthetic) / len(synthetic)
        distance = max(distance, abs(below_real - below_synthetic))
    if not set(real) - {math.inf} and not set(synthetic) - {math.inf}:
        return 1.0
    return 1 - distance


def tv_complement(real, synthetic):
    p, q = Counter(real), Counter(synthetic)
    distance = sum(
        abs(p[level] / len(real) - q[level] / len(synthetic)) for level in {*p, *q}
    )
    return 1 - distance / 2


def correlation(first, second):
    pairs = [
        (a, b)
        for a, b in zip(first, second, strict=True)
        if a is not None and b is not None
    ]
    if not pairs:
        return 0.0
    mean_a = sum(a for a, _ in pairs) / len(pairs)
    mean_b = sum(b for _, b in pairs) / len(pairs)
    covariance = sum((a - mean_a) * (b - mean_b) for a, b in pairs)
    spread_a = sum((a - mean_a) ** 2 for a, _ in pairs)
    spread_b = sum((b - mean_b) ** 2 for _, b in pairs)
    if spread_a == 0 or spread_b == 0:
        return 0.0
    return covariance / math.sqrt(spread_a * spread_b)


def ten_bins(column, real):
    present = [v for v in real if v is not None]
    low, high = min(present), max(present)
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = [low + (high - low) * k / 10 for k in range(11)]
    edges[-1] = high
    inner = edges[1:-1]
    return [None if v is None else sum(edge <= v for edge in inner) for v in column]


def pair_trend(real, synthetic, first, second, continuous):
    """Trend score of two columns given as dicts of lists."""
    if first in continuous and second in continuous:
        r = correlation(real[first], real[second])
        s = correlation(synthetic[first], synthetic[second])
        return 1 - abs(r - s) / 2
    sides = []
    for table in (real, synthetic):
        columns = [
            ten_bins(table[name], real[name]) if name in continuous else table[name]
            for name in (first, second)
        ]
        sides.append(list(zip(*columns, strict=True)))
    return tv_complement(*sides)


def decile_bins(column, real):
    """Bins at the real deciles; a value that holds several is a bin of its own."""
    present = sorted(v for v in real if v is not None)
    cuts = [present[math.floor(k / 10 * (len(present) - 1))] for k in range(1, 10)]
    heavy = {cut for cut in cuts if cuts.count(cut) > 1}
    return [
        None
        if v is None
        else ("atom", v)
        if v in heavy
        else ("bin", sum(cut < v for cut in set(cuts)))
        for v in column
    ]


def entropy(values):
    return -sum(
        count / len(values) * math.log(count / len(values))
        for count in Counter(values).values()
    )


def nmi(first, second):
    joint = entropy(list(zip(first, second, strict=True)))
    total = entropy(first) + entropy(second)
    return 2 * (total - joint) / total if total else 0.0


def nmi_error(real, synthetic, continuous):
    real_bins, synthetic_bins = (
        {
            name: decile_bins(table[name], real[name])
            if name in continuous
            else table[name]
            for name in real
        }
        for table in (real, synthetic)
    )
    return sum(
        abs(nmi(real_bins[a], real_bins[b]) - nmi(synthetic_bins[a], synthetic_bins[b]))
        for a, b in combinations(real, 2)
    )


def auc(labels, scores):
    """Share of (positive, negative) pairs in the right order, ties one half."""
    positive = [s for s, y in zip(scores, labels, strict=True) if y]
    negative = [s for s, y in zip(scores, labels, strict=True) if not y]
    right = sum((p > n) + (p == n) / 2 for p in positive for n in negative)
    return right / (len(positive) * len(negative))


def squared_distance(row, other, deviations, means):
    """Mixed squared distance of two dicts; ``deviations`` names the numbers."""
    total = 0.0
    for name, a in row.items():
        b = other[name]
        if name not in deviations:
            total += a != b
            continue
        total += (a is None) != (b is None)
        filled = [means[name] if v is None else v for v in (a, b)]
        total += ((filled[0] - filled[1]) / deviations[name]) ** 2
    return total


def closer_to_train(train, synthetic, holdout, continuous):
    """Share of rows (dicts) closer to ``train`` than to an equally long holdout."""
    assert len(train) == len(holdout)
    means, deviations = {}, {}
    for name in continuous:
        present = [row[name] for row in train if row[name] is not None]
        means[name] = sum(present) / len(present)
        variance = sum((v - means[name]) ** 2 for v in present) / len(present)
        deviations[name] = math.sqrt(variance) or 1.0
    closer = 0.0
    for row in synthetic:
        near = min(squared_distance(row, t, deviations, means) for t in train)
        away = min(squared_distance(row, h, deviations, means) for h in holdout)
        tie = math.isclose(near, away, rel_tol=1e-9, abs_tol=1e-12)
        closer += 0.5 if tie else near < away
    return closer / len(synthetic)


def copies(train, synthetic):
    return sum(row in train for row in synthetic) / len(synthetic)


def category_coverage(real, synthetic):
    levels = set(real) - {None}
    return len(levels & set(synthetic)) / len(levels)


def range_coverage(real, synthetic):
    real = [v for v in real if v is not None]
    synthetic = [v for v in synthetic if v is not None]
    width = max(real) - min(real)
    below = max((min(synthetic) - min(real)) / width, 0)
    above = max((max(real) - max(synthetic)) / width, 0)
    return max(0.0, 1 - below - above)


def auc_error(labels, scores):
    """DeLong's standard error, from each row's share of rightly ordered pairs."""
    positive = [s for s, y in zip(scores, labels, strict=True) if y]
    negative = [s for s, y in zip(scores, labels, strict=True) if not y]

    def share(own, others):
        return sum((own > o) + (own == o) / 2 for o in others) / len(others)

    def variance(values):
        mean = sum(values) / len(values)
        return sum((v - mean) ** 2 for v in values) / (len(values) - 1)

    above = [share(p, negative) for p in positive]
    below = [share(-n, [-p for p in positive]) for n in negative]
    return math.sqrt(variance(above) / len(positive) + variance(below) / len(negative))


def scales(train, continuous):
    """Mean and deviation of each number, as the mixed distance uses them."""
    means, deviations = {}, {}
    for name in continuous:
        present = [row[name] for row in train if row[name] is not None]
        means[name] = sum(present) / len(present)
        variance = sum((v - means[name]) ** 2 for v in present) / len(present)
        deviations[name] = math.sqrt(variance) or 1.0
    return deviations, means


def closest_two(rows, train, deviations, means):
    """Distance of each row to its closest training row, and its ratio to the second."""
    found = []
    for row in rows:
        squares = sorted(squared_distance(row, t, deviations, means) for t in train)
        closest, second = (math.sqrt(s) for s in squares[:2])
        found.append((closest, 1.0 if second <= 1e-9 else closest / second))
    return found


def quantile(values, share):
    """numpy's default: linear between the order statistics."""
    values = sorted(values)
    place = share * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (place - low) * (values[high] - values[low])


def precision_recall(real, synthetic):
    """Alpha-precision and beta-recall of rows that are tuples of numbers."""
    n = len(real)

    def centre(rows):
        return [sum(column) / len(rows) for column in zip(*rows, strict=True)]

    def radius(distances, level):
        place = max(math.ceil(level * len(distances) - 1e-9), 1)
        return sorted(distances)[place - 1]

    levels = [k / 100 for k in range(101)]
    c = centre(real)
    inner = [math.dist(row, c) for row in real]
    outer = [math.dist(row, c) for row in synthetic]
    c = centre(synthetic)
    depth = [math.dist(row, c) for row in synthetic]
    covering = []
    for i, row in enumerate(real):
        away = min(math.dist(row, r) for j, r in enumerate(real) if j != i)
        near = min(range(n), key=lambda j: math.dist(row, synthetic[j]))
        if math.dist(row, synthetic[near]) <= away:
            covering.append(depth[near])
    scores = []
    for support, inside in ((inner, outer), (depth, covering)):
        errors = [
            abs(sum(d <= radius(support, level) for d in inside) / n - level)
            for level in levels
        ]
        integral = sum((a + b) / 2 for a, b in pairwise(errors))
        scores.append(1 - 2 * integral / 100)
    return scores
