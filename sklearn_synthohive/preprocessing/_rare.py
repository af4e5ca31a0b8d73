"""How many rows a value must have to be kept, and a word about those that have one."""

import math
import numbers

from sklearn_synthohive.logging import get_logger

__all__ = ["count_of", "warn_of_single_rows"]

log = get_logger(__name__)


def count_of(min_frequency, n_rows):
    """Rows that ``min_frequency`` stands for in a table of so many.

    Parameters
    ----------
    min_frequency : int, float or None
        A count, a share of the rows, or nothing.
    n_rows : int

    Returns
    -------
    int
    """
    if min_frequency is None:
        return 1
    if isinstance(min_frequency, numbers.Integral):
        return int(min_frequency)
    return max(1, math.ceil(min_frequency * n_rows))


def warn_of_single_rows(names, encodings):
    """Tell of levels that a single row has: each may name a person.

    Parameters
    ----------
    names : list of str
    encodings : list of CategoryColumn or ContinuousColumn
    """
    found = {
        name: encoding.n_single
        for name, encoding in zip(names, encodings, strict=True)
        if getattr(encoding, "n_single", 0)
    }
    if found:
        # Their number only: a log is no place for the levels.
        log.warning(
            "single_row_levels_kept",
            columns=found,
            meaning="each of these levels occurs in one row, is saved with the model "
            "and may be sampled: set min_frequency, or drop the columns",
        )
