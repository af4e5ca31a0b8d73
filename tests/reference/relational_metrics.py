"""The relational measures as their definitions read: one row, one parent at a time."""

import pandas as pd
from reference import metadata, metrics


def children_of(relation, tables):
    """For each parent row the positions of its children."""
    rows = metadata.parent_rows(relation, tables)
    return [
        [i for i, row in enumerate(rows) if row == parent]
        for parent in range(len(tables[relation.parent]))
    ]


def counts(relation, tables):
    return [len(children) for children in children_of(relation, tables)]


def cardinality_shape(real, synthetic):
    return metrics.ks_complement(real, synthetic)


def joined(path, tables):
    """Pairs of a child's row and the row at the end of the way up."""
    pairs = []
    up = [metadata.parent_rows(relation, tables) for relation in path]
    for i in range(len(tables[path[0].child])):
        row = i
        for rows in up:
            row = rows[row]
            if row < 0:
                break
        if row >= 0:
            pairs.append((i, row))
    return pairs


def trend(real, synthetic, first, second, places, continuous):
    """The trend of a column of one table with one of another.

    ``places`` holds, for the real and the synthetic tables, pairs of rows.
    """
    sides = []
    for tables, pairs in zip((real, synthetic), places, strict=True):
        columns = [tables[t][c].tolist() for t, c in (first, second)]
        values = [
            [column[pair[k]] for pair in pairs] for k, column in enumerate(columns)
        ]
        sides.append(
            {k: metrics.cells(pd.Series(v, dtype=object)) for k, v in enumerate(values)}
        )
    bins = [metrics.cells(real[t][c]) for t, c in (first, second)]
    if all(c in continuous for _, c in (first, second)):
        r, s = (metrics.correlation(side[0], side[1]) for side in sides)
        return 1 - abs(r - s) / 2
    cut = [
        [
            metrics.ten_bins(side[k], bins[k]) if column in continuous else side[k]
            for k, (_, column) in enumerate((first, second))
        ]
        for side in sides
    ]
    return metrics.tv_complement(*(list(zip(*c, strict=True)) for c in cut))


def coherence(families):
    """Scott's pi of a value and a random sibling's, over lists of values."""
    families = [family for family in families if len(family) > 1]
    values = [value for family in families for value in family]
    observed = 0.0
    for family in families:
        for i, value in enumerate(family):
            others = family[:i] + family[i + 1 :]
            observed += sum(other == value for other in others) / len(others)
    observed /= len(values)
    expected = sum((values.count(v) / len(values)) ** 2 for v in set(values))
    return (observed - expected) / (1 - expected)


def distinct_pairs(first, second):
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a >= 0 and b >= 0]
    return len(set(pairs)) / len(pairs)
