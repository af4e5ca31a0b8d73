"""How many rows each class lacks, in imbalanced-learn's terms."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

__all__ = ["class_labels", "rows_to_make", "stack"]

STRATEGIES = ("auto", "not majority", "minority", "not minority", "all")


def class_labels(y):
    """The classes of y as a Series under the name that y has, or "class".

    Parameters
    ----------
    y : Series, one-column frame or array-like of shape (n_rows,)

    Returns
    -------
    Series
    """
    if isinstance(y, pd.DataFrame):
        if y.shape[1] != 1:
            raise ValueError(f"y must have one column, got {y.shape[1]}.")
        y = y.iloc[:, 0]
    if not isinstance(y, pd.Series):
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        if y.ndim != 1:
            raise ValueError(f"y must be one-dimensional, got shape {y.shape}.")
        y = pd.Series(y)
    if y.isna().any():
        raise ValueError("y is missing in some rows: drop them.")
    number = pd.api.types.is_float_dtype(y.dtype)
    if number and (y.to_numpy(dtype=float) % 1 != 0).any():
        raise ValueError(
            "Unknown label type: y holds fractions, and only classes can be balanced."
        )
    name = "class" if y.name is None else str(y.name)
    return y.rename(name).reset_index(drop=True)


def rows_to_make(y, strategy):
    """Synthetic rows for each class.

    Parameters
    ----------
    y : Series
    strategy : str, float or mapping
        See ``CTGAN.fit_resample``.

    Returns
    -------
    Series
        Of positive counts, by class, in the order of the classes.
    """
    counts = y.value_counts().sort_index()
    # A category may list classes that no row has.
    counts = counts[counts > 0]
    if len(counts) < 2:
        raise ValueError("y holds one class: there is nothing to balance.")
    largest = int(counts.max())
    wanted = counts.copy()
    if isinstance(strategy, Mapping):
        unknown = [c for c in strategy if c not in counts.index]
        if unknown:
            raise ValueError(
                f"sampling_strategy names {unknown}, which are no classes of y; there "
                f"are {counts.index.tolist()}."
            )
        for label, number in strategy.items():
            if number < counts[label]:
                raise ValueError(
                    f"sampling_strategy asks for {number} rows of {label!r}, which has "
                    f"{counts[label]}: rows are added, not removed."
                )
            wanted[label] = number
    elif isinstance(strategy, str) and strategy in STRATEGIES:
        chosen = np.ones(len(counts), dtype=bool)
        if strategy in ("auto", "not majority"):
            chosen[counts.to_numpy().argmax()] = False
        elif strategy == "minority":
            chosen = np.arange(len(counts)) == counts.to_numpy().argmin()
        elif strategy == "not minority":
            chosen[counts.to_numpy().argmin()] = False
        wanted[chosen] = largest
    elif isinstance(strategy, float) and 0 < strategy <= 1:
        if len(counts) != 2:
            raise ValueError(
                "A number as sampling_strategy is a ratio of two classes, and y has "
                f"{len(counts)}: give a mapping from classes to numbers of rows."
            )
        rare = counts.idxmin()
        wanted[rare] = round(strategy * largest)
        if wanted[rare] < counts[rare]:
            raise ValueError(
                f"sampling_strategy={strategy} is below the ratio of the classes: rows "
                "are added, not removed."
            )
    else:
        raise ValueError(
            f"sampling_strategy must be one of {STRATEGIES}, a ratio in (0, 1] or a "
            f"mapping from classes to numbers of rows, got {strategy!r}."
        )
    missing = wanted - counts
    return missing[missing > 0]


def stack(given, made):
    """Synthetic rows or labels below the given ones, in the container of these.

    Parameters
    ----------
    given : frame, Series or array-like
    made : DataFrame or Series of the same columns, or a polars frame

    Returns
    -------
    DataFrame, Series, polars frame or ndarray
    """
    if isinstance(given, pd.Series):
        made = pd.Series(made.to_numpy(), dtype=given.dtype, name=given.name)
        return pd.concat([given, made], ignore_index=True)
    if isinstance(given, pd.DataFrame):
        if isinstance(made, pd.Series):
            made = made.to_frame()
        made = made.set_axis(given.columns, axis=1).astype(given.dtypes.to_dict())
        return pd.concat([given, made], ignore_index=True)
    if hasattr(given, "vstack"):
        return given.vstack(made)
    given = np.asarray(given)
    made = made.to_numpy().reshape(len(made), *given.shape[1:])
    return np.concatenate([given, made.astype(given.dtype)])
