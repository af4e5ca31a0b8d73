"""The encodings as their definitions read: one value at a time, exact numbers."""

import math
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np
from scipy.special import digamma


def spikes(values, threshold, max_spikes, max_distinct):
    """The set of values that are exact states."""
    counts = Counter(values)
    if len(counts) <= 2 or (
        len(counts) <= max_distinct and len(values) >= 3 * len(counts)
    ):
        return set(counts)
    tall = [
        v
        for v in sorted(counts)
        if counts[v] >= threshold * len(values) and counts[v] >= 3
    ]
    rest = len(values) - sum(counts[v] for v in tall)
    tall += [
        v
        for v in sorted(set(counts) - set(tall))
        if counts[v] >= threshold * rest and counts[v] >= 20
    ]
    tall.sort()
    return set(sorted(tall, key=lambda v: -counts[v])[:max_spikes])


def decimals(values):
    """The most digits after the point in the shortest text of any value."""
    return max(
        (max(-Decimal(repr(v)).normalize().as_tuple().exponent, 0) for v in values),
        default=0,
    )


def step(values):
    """The widest grid through the smallest value that holds all others."""
    low = min(values)
    out = 0
    for value in values:
        out = math.gcd(out, int(value) - int(low))
    return out or 1


def mixture(points, weights, shares, n_steps, concentration=1e-3, regularisation=1e-6):
    """Coordinate ascent for a Dirichlet process of Gaussians, in loops.

    Bishop 2006, section 10.2, with the stick-breaking weights of Blei and Jordan 2006.
    Returns weights, means and variances after ``n_steps`` updates.
    """
    n_components = len(shares)
    total = sum(weights)
    centre = sum(w * x for w, x in zip(weights, points, strict=True)) / total
    spread = sum(
        w * (x - centre) ** 2 for w, x in zip(weights, points, strict=True)
    ) / max(total - 1, 1)
    for iteration in range(n_steps):
        count, mean, variance = [], [], []
        for share in shares:
            members = [w * s for w, s in zip(weights, share, strict=True)]
            size = sum(members) + 10 * np.finfo(float).eps
            own = sum(m * x for m, x in zip(members, points, strict=True)) / size
            scatter = (
                sum(m * (x - own) ** 2 for m, x in zip(members, points, strict=True))
                / size
                + regularisation
            )
            pull = size / (1 + size) * (own - centre) ** 2
            count.append(size)
            mean.append((centre + size * own) / (1 + size))
            variance.append((spread + size * scatter + pull) / (1 + size))
        sticks = [
            (1 + count[k], concentration + sum(count[k + 1 :]))
            for k in range(n_components)
        ]
        if iteration == n_steps - 1:
            break
        shares = _memberships(points, count, mean, variance, sticks)
    mixing, rest = [], 1.0
    for a, b in sticks:
        mixing.append(rest * a / (a + b))
        rest *= b / (a + b)
    return [m / sum(mixing) for m in mixing], mean, variance


def _memberships(points, count, mean, variance, sticks):
    columns = []
    for x in points:
        logs, rest = [], 0.0
        for k, (a, b) in enumerate(sticks):
            log_mixing = digamma(a) - digamma(a + b) + rest
            rest += digamma(b) - digamma(a + b)
            freedom = 1 + count[k]
            log_precision = digamma(freedom / 2) + math.log(2 / (freedom * variance[k]))
            distance = (x - mean[k]) ** 2 / variance[k]
            logs.append(log_mixing + 0.5 * (log_precision - 1 / freedom - distance))
        top = max(logs)
        column = [math.exp(value - top) for value in logs]
        columns.append([value / sum(column) for value in column])
    return [list(row) for row in zip(*columns, strict=True)]


def likeliest(point, log_weights, means, deviations):
    """The Gaussian of highest posterior at a point, and the distance in deviations."""
    joint = [
        w - math.log(s) - 0.5 * ((point - m) / s) ** 2
        for w, m, s in zip(log_weights, means, deviations, strict=True)
    ]
    best = joint.index(max(joint))
    return best, abs(point - means[best]) / deviations[best]


def decode_integer(scalar, mode, low, high, grid):
    """The integer of a float32 scalar in a mode, in exact arithmetic."""
    mean, scale = mode
    point = mean + scale * float(scalar)
    value = low + round(Fraction(point)) * grid
    return min(max(value, low), high)


def one_hot(levels, value):
    """One row of a one-hot block."""
    return [1.0 if value == level else 0.0 for level in levels]
