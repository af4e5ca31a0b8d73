"""The modes of a column: the pieces of its line, and a scalar on each."""

from dataclasses import dataclass

import numpy as np

from sklearn_synthohive.preprocessing._mixture import fit_mixture

__all__ = ["Modes", "fit_modes", "without_small"]

# A value further from the mean of its Gaussian than so many times 4 sigma belongs to
# a mode of its own, so that outliers cannot stretch the scalar.
REACH = 2.0
# Edges of the modes of the tails, in widths of the core.
TAILS = np.array([0.0, 15.0, 255.0])
# A float32 tells so many grid steps apart on either side of a mode's mean, with some
# room for rounding; wider modes are split while there are not too many.
MAX_STEPS = 6e6
MAX_MODES = 32


@dataclass(frozen=True)
class Modes:
    """Which mode a position belongs to, and its scalar there.

    Attributes
    ----------
    means, scales : ndarray of shape (n_modes,)
        The scalar of position p in mode c is ``(p - means[c]) / scales[c]``. The
        scale is four standard deviations of a Gaussian, half the width of a piece.
    edges : ndarray of shape (n_intervals - 1,)
        Between two edges all positions have the same mode.
    owners : ndarray of shape (n_intervals,)
        The mode of each interval.
    """

    means: np.ndarray
    scales: np.ndarray
    edges: np.ndarray
    owners: np.ndarray

    def assign(self, positions):
        """The mode of each position."""
        return self.owners[np.searchsorted(self.edges, positions, side="right")]


def fit_modes(
    positions, counts, *, n_components, weight_threshold, max_fit_rows, on_grid, rng
):
    """The modes of a column.

    Parameters
    ----------
    positions : ndarray of float64
        Distinct, ascending.
    counts : ndarray of int
        Number of rows of each.
    n_components : int
        Largest number of Gaussians.
    weight_threshold : float
        Gaussians of less weight are dropped.
    max_fit_rows : int
        The mixture is fitted on so many evenly spaced order statistics.
    on_grid : bool
        Whether positions are whole numbers, which the scalars should tell apart.
    rng : RandomState
        Draws the centres to start from.

    Returns
    -------
    Modes
    """
    floor = 0.5 if on_grid else 1e-9
    points, weights = _order_statistics(positions, counts, max_fit_rows)
    points, centre, spread = _standardise(points, weights)
    log_weights, means, deviations = fit_mixture(points, weights, n_components, rng)
    kept = log_weights > np.log(weight_threshold)
    kept |= log_weights == log_weights.max()
    order = np.argsort(means[kept], kind="stable")
    means = centre + spread * means[kept][order]
    deviations = np.maximum(spread * deviations[kept][order], floor)
    modes = _cut_line(positions, log_weights[kept][order], means, deviations)
    return _split_wide(positions, modes) if on_grid else modes


def without_small(modes, positions, counts, least):
    """The modes of enough rows; the rows of the others go to their neighbours.

    Parameters
    ----------
    modes : Modes
    positions, counts : ndarray
        As in :func:`fit_modes`.
    least : int

    Returns
    -------
    Modes
    """
    own = modes.assign(positions)
    rows = np.bincount(own, weights=counts, minlength=len(modes.means))
    small = rows < least
    if not small.any():
        return modes
    if small.all():
        centre = np.average(positions, weights=counts)
        scale = max(np.ptp(positions) / 2, modes.scales.max())
        one = np.zeros(1, dtype=np.int64)
        return Modes(np.array([centre]), np.array([scale]), positions[:0], one)
    kept = positions[~small[own]]
    return _renumber(kept, modes.edges, modes.owners, modes.means, modes.scales)


def _order_statistics(positions, counts, size):
    """At most ``size`` evenly spaced rows of a sorted column, repeats counted."""
    ends = np.cumsum(counts)
    n_rows = int(ends[-1])
    if n_rows <= size:
        return positions, counts.astype(np.float64)
    ranks = ((np.arange(size) + 0.5) * (n_rows / size)).astype(np.int64)
    chosen, weights = np.unique(
        np.searchsorted(ends, ranks, side="right"), return_counts=True
    )
    return positions[chosen], weights.astype(np.float64)


def _standardise(points, weights):
    """Centre and scale by the bulk; what lies far outside moves to its border."""
    ranks = (np.cumsum(weights) - weights / 2) / weights.sum()
    low, centre, high = np.interp([0.05, 0.5, 0.95], ranks, points)
    bulk = high - low
    if bulk > 0:
        points = np.clip(points, centre - 20 * bulk, centre + 20 * bulk)
    mean = np.average(points, weights=weights)
    spread = np.sqrt(np.average((points - mean) ** 2, weights=weights))
    if not spread > 0:
        spread = 1.0
    return (points - mean) / spread, mean, spread


def _cut_line(positions, log_weights, means, deviations):
    """Cut the line where the likeliest Gaussian changes or is out of reach."""
    used = np.arange(len(means))
    owners = None
    while owners is None or len(used) < len(means):
        # Gaussians that no value belongs to make room for their neighbours.
        log_weights, means = log_weights[used], means[used]
        deviations = deviations[used]
        borders = _borders(means, deviations)
        cuts = [
            means - 4 * REACH * deviations,
            means + 4 * REACH * deviations,
            borders,
            *_crossings(log_weights, means, deviations),
        ]
        edges = np.unique(np.concatenate(cuts))
        probes = _probes(edges)
        owners, distance = _likeliest(probes, log_weights, means, deviations)
        used = np.unique(owners[np.searchsorted(edges, positions, side="right")])
    nearest = owners.copy()
    n_gaussians = len(means)
    out = distance > 4 * REACH
    owners[out] = n_gaussians + np.searchsorted(borders, probes[out])
    return _with_outer_modes(positions, edges, owners, nearest, means, deviations)


def _likeliest(points, log_weights, means, deviations):
    """The Gaussian of highest posterior, and the distance in its deviations."""
    scaled = (points[:, None] - means) / deviations
    log_joint = log_weights - np.log(deviations) - 0.5 * scaled**2
    best = log_joint.argmax(axis=1)
    return best, np.abs(scaled[np.arange(len(points)), best])


def _borders(means, deviations):
    low = (means - 4 * REACH * deviations).min()
    high = (means + 4 * REACH * deviations).max()
    return np.concatenate(
        [low - TAILS[::-1] * (high - low), high + TAILS * (high - low)]
    )


def _crossings(log_weights, means, deviations):
    """Where two Gaussians have equal posterior: at most two points a pair."""
    first, second = np.triu_indices(len(means), k=1)
    offset = log_weights - np.log(deviations)
    precision = 1.0 / deviations**2
    # In units around the first mean, so that far-off means do not cancel.
    gap = means[second] - means[first]
    a = 0.5 * (precision[second] - precision[first])
    b = -precision[second] * gap
    c = 0.5 * precision[second] * gap**2 + offset[first] - offset[second]
    root = b**2 - 4 * a * c
    real = root >= 0
    a, b, c, root, start = (v[real] for v in (a, b, c, root, means[first]))
    q = -0.5 * (b + np.where(b < 0, -1.0, 1.0) * np.sqrt(root))
    for top, bottom in ((q, a), (c, q)):
        found = bottom != 0
        with np.errstate(over="ignore"):
            at = start[found] + top[found] / bottom[found]
        yield at[np.isfinite(at)]


def _with_outer_modes(positions, edges, owners, nearest, means, deviations):
    """Give the values out of reach modes of their own; number the modes anew."""
    own = owners[np.searchsorted(edges, positions, side="right")]
    means, scales = list(means), list(4 * deviations)
    renamed = {c: c for c in range(len(means))}
    for outer in np.unique(own[own >= len(renamed)]):
        inside = positions[own == outer]
        low, high = inside[0], inside[-1]
        renamed[outer] = len(means)
        means.append((low + high) / 2)
        scales.append(max((high - low) / 2, 4 * deviations.max()))
    owners = np.array(
        [renamed.get(o, near) for o, near in zip(owners, nearest, strict=True)]
    )
    return _renumber(positions, edges, owners, np.array(means), np.array(scales))


def _fill_gaps(owners):
    """Intervals whose mode holds no value go to the mode before them."""
    valid = np.flatnonzero(owners >= 0)
    before = np.searchsorted(valid, np.arange(len(owners)), side="right") - 1
    return owners[valid[np.maximum(before, 0)]]


def _split_wide(positions, modes):
    """Split modes of more grid steps than a float32 tells apart into even parts."""
    own = modes.assign(positions)
    ends = np.array([positions[own == c][[0, -1]] for c in range(len(modes.means))])
    width = ends[:, 1] - ends[:, 0]
    wide = np.abs(ends - modes.means[:, None]).max(axis=1) > MAX_STEPS
    parts = np.where(wide, np.maximum(np.ceil(width / 2 / MAX_STEPS), 1), 1)
    if not wide.any() or parts.sum() > MAX_MODES:
        return modes
    parts = parts.astype(np.int64)
    means, scales, cuts = [], [], [modes.edges]
    for c, (low, high) in enumerate(ends):
        if not wide[c]:
            means.append(modes.means[[c]])
            scales.append(modes.scales[[c]])
            continue
        borders = np.linspace(low, high, parts[c] + 1)
        means.append((borders[1:] + borders[:-1]) / 2)
        scales.append(np.maximum(np.diff(borders) / 2, 1.0))
        cuts.append(borders[1:-1])
    edges = np.unique(np.concatenate(cuts))
    probes = _probes(edges)
    owner = modes.assign(probes)
    share = (probes - ends[owner, 0]) / np.maximum(width[owner], 1.0)
    part = np.floor(np.clip(share, 0.0, 1.0) * parts[owner]).astype(np.int64)
    first = np.cumsum(parts) - parts
    owners = first[owner] + np.minimum(part, parts[owner] - 1)
    return _renumber(
        positions, edges, owners, np.concatenate(means), np.concatenate(scales)
    )


def _probes(edges):
    """A point inside each interval between edges, the two outer ones included."""
    inner = (edges[1:] + edges[:-1]) / 2
    if not len(edges):
        return np.zeros(1)
    return np.concatenate([[edges[0] - 1.0], inner, [edges[-1] + 1.0]])


def _renumber(positions, edges, owners, means, scales):
    """Drop modes without values, number the rest by their means, merge intervals."""
    used = np.unique(owners[np.searchsorted(edges, positions, side="right")])
    order = used[np.argsort(means[used], kind="stable")]
    number = np.full(len(means), -1)
    number[order] = np.arange(len(order))
    owners = _fill_gaps(number[owners])
    changes = np.flatnonzero(owners[1:] != owners[:-1])
    last = np.append(changes, len(owners) - 1)
    return Modes(means[order], scales[order], edges[changes], owners[last])
