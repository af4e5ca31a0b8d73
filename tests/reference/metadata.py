"""Keys looked up one row at a time."""

import pandas as pd


def parent_rows(relation, tables):
    child, parent = tables[relation.child], tables[relation.parent]
    keys = [
        tuple(row) for row in parent[list(relation.parent_columns)].to_numpy(object)
    ]
    rows = []
    for row in child[list(relation.columns)].to_numpy(object):
        if any(pd.isna(part) for part in row):
            rows.append(-1)
        else:
            rows.append(keys.index(tuple(row)) if tuple(row) in keys else -2)
    return rows
