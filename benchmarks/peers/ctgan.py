"""The ctgan package (0.12.1); options are its parameters.

Everything but numbers and dates is a discrete column. ctgan refuses missing numbers, so
that they are filled with the mean (its own advice, to drop such rows, would change the
table); a missing category becomes a level of its own and is missing again afterwards.
Dates are seconds while inside.
"""

import pandas as pd
from ctgan import CTGAN
from ctgan.synthesizers import ctgan as module

PACKAGES = ("ctgan", "rdt", "torch", "scikit-learn", "numpy", "pandas")
MISSING = "<missing>"


def run(train, n_rows, seed, watch, **options):
    frame, discrete = complete(train)

    class TimedTransformer(module.DataTransformer):
        fit = watch.around("encode", module.DataTransformer.fit)
        transform = watch.around("encode", module.DataTransformer.transform)

    module.DataTransformer = TimedTransformer
    model = CTGAN(**options)
    model.set_random_state(seed)
    with watch("fit"):
        model.fit(frame, discrete)
    with watch("sample"):
        synthetic = model.sample(n_rows)
    return restore(synthetic, train)


def complete(train):
    """The frame without missing values and dates, and its discrete columns."""
    frame, discrete = train.copy(), []
    for name, column in train.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            seconds = (column - pd.Timestamp(0)).dt.total_seconds()
            frame[name] = seconds.fillna(seconds.mean())
        elif is_number(column):
            # Only where needed: ctgan gives whole numbers back for whole numbers.
            if column.isna().any():
                frame[name] = column.fillna(column.mean())
        else:
            discrete.append(name)
            frame[name] = column.astype(object).where(column.notna(), MISSING)
    return frame, discrete


def restore(synthetic, train):
    """Undo :func:`complete`."""
    for name, column in train.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            seconds = synthetic[name].round()
            synthetic[name] = pd.Timestamp(0) + pd.to_timedelta(seconds, unit="s")
        elif not is_number(column):
            synthetic[name] = synthetic[name].where(synthetic[name] != MISSING)
    return synthetic


def is_number(column):
    number = pd.api.types.is_numeric_dtype(column)
    return number and not pd.api.types.is_bool_dtype(column)
