"""Plain raking: one row, one cell and one table at a time."""

from itertools import combinations


def rake(real, pool, n_passes, max_ratio):
    """Weights of the pool's rows, one after another; rows are tuples of codes."""
    n_columns = len(real[0])
    tables = [(c,) for c in range(n_columns)]
    tables += list(combinations(range(n_columns), 2))
    weights = [len(real) / len(pool)] * len(pool)
    for _ in range(n_passes):
        for table in tables:
            target, present = {}, {}
            for row in real:
                cell = tuple(row[c] for c in table)
                target[cell] = target.get(cell, 0.0) + 1.0
            for row, weight in zip(pool, weights, strict=True):
                cell = tuple(row[c] for c in table)
                present[cell] = present.get(cell, 0.0) + weight
            for k, row in enumerate(pool):
                cell = tuple(row[c] for c in table)
                ratio = target.get(cell, 0.0) / present[cell]
                weights[k] *= min(max(ratio, 1 / max_ratio), max_ratio)
            total = sum(weights)
            weights = [w * len(real) / total for w in weights]
    return weights
