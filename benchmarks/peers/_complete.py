"""Tables for peers that know neither missing values nor dates.

Everything but numbers and dates is discrete. Missing numbers are filled with the mean
(to drop such rows would change the table) and so come back as numbers; a missing
category becomes a level of its own and is missing again afterwards. Dates are seconds
while inside.
"""

import pandas as pd

MISSING = "<missing>"


def complete(train):
    """The frame without missing values and dates, and its discrete columns."""
    frame, discrete = train.copy(), []
    for name, column in train.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            seconds = (column - pd.Timestamp(0)).dt.total_seconds()
            frame[name] = seconds.fillna(seconds.mean())
        elif is_number(column):
            # Only where needed: peers give whole numbers back for whole numbers.
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
