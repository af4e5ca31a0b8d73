"""Sequential CART: each column from a tree on the columns before it.

The method of the R package synthpop (Nowok, Raab and Dibben, 2016): a new row falls
into a leaf and takes the value of a real row there. Simple and hard to beat, but it
hands out real values, and with small leaves real combinations of them.
"""

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

PACKAGES = ("scikit-learn", "numpy", "pandas")


def run(train, n_rows, seed, watch, *, leaf=5):
    rng = np.random.default_rng(seed)
    with watch("encode"):
        coded = [code(train[name]) for name in train]
        X = np.column_stack([values for values, _ in coded])
    with watch("fit"):
        trees = []
        for j, (y, is_number) in enumerate(coded[1:], start=1):
            kind = DecisionTreeRegressor if is_number else DecisionTreeClassifier
            tree = kind(min_samples_leaf=leaf, random_state=seed)
            trees.append(tree.fit(X[:, :j], y))
    for clock in (watch.seconds, watch.cpu_seconds):
        clock["fit"] += clock["encode"]
    with watch("sample"):
        rows = np.empty((n_rows, X.shape[1]), dtype=int)
        rows[:, 0] = rng.integers(len(X), size=n_rows)
        drawn = X[rows[:, :1], 0]
        for j, tree in enumerate(trees, start=1):
            rows[:, j] = donors(tree.apply(X[:, :j]), tree.apply(drawn), rng)
            drawn = np.column_stack([drawn, X[rows[:, j], j]])
        columns = {
            name: train[name].array.take(rows[:, j]) for j, name in enumerate(train)
        }
        return pd.DataFrame(columns)


def code(column):
    """A column as floats (missing below all others), and whether it is a number."""
    kinds = pd.api.types
    if kinds.is_datetime64_any_dtype(column):
        column = (column - column.min()).dt.total_seconds()
    if kinds.is_numeric_dtype(column) and not kinds.is_bool_dtype(column):
        values = column.to_numpy(dtype=float)
        below = np.nanmin(values) - 1 if column.notna().any() else 0.0
        return np.nan_to_num(values, nan=below), True
    return pd.factorize(column, sort=True)[0].astype(float), False


def donors(real_leaves, leaves, rng):
    """For each leaf the number of a random real row in it."""
    order = np.argsort(real_leaves, kind="stable")
    start = np.searchsorted(real_leaves[order], leaves, side="left")
    stop = np.searchsorted(real_leaves[order], leaves, side="right")
    return order[rng.integers(start, stop)]
