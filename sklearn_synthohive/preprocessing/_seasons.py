"""What of a date matters for a table, as columns of their own.

A network that sees a date as a place in years knows nothing of weekdays and hours.
Where the dates themselves or other columns depend on them, the part becomes a column,
to be encoded and learned beside the date, which then moves to its parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from sklearn_synthohive.preprocessing._calendar_search import (
    CalendarPart,
    find_calendar,
    is_date,
)
from sklearn_synthohive.preprocessing._date_parts import PARTS, Clock

__all__ = ["VALUES", "DatePart", "find_parts", "read_part"]

# Rows on which dependence is sought, and fewest rows with a date.
SAMPLE_ROWS, LEAST_ROWS = 5_000, 200
# Parts worth a column, and the days after which each of their values recurs.
CYCLES = {"month": 365.25, "day": 30.44, "weekday": 7.0, "hour": 1.0}
# All that a date may have of each.
VALUES = {
    "month": tuple(range(1, 13)),
    "day": tuple(range(1, 32)),
    "weekday": tuple(range(7)),
    "hour": tuple(range(24)),
}
# Dates must span so many cycles: less, and a place in time tells as much.
LEAST_CYCLES = 1.5
# Chance of seeing as much where there is nothing; strength that is worth a column.
CHANCE, STRENGTH = 1e-6, 0.08
# Values of other columns are lumped to so many, by rank or by frequency.
MOST_CODES = 8


@dataclass(frozen=True)
class DatePart:
    """A part of a date as a column that the table has not.

    Attributes
    ----------
    source : int
        By position of the modelled columns.
    part : str
        One of :data:`CYCLES`.
    """

    source: int
    part: str

    @property
    def columns(self) -> tuple[int]:
        """What it derives from."""
        return (self.source,)

    @property
    def log_gain(self) -> float:
        """By how much a date is likelier, in nats, for its part to be known.

        A network's density of a date hardly sees the gaps between dates of one weekday:
        where the weekday is known, one day in seven holds all of it. Months are wide
        enough to be seen.
        """
        return 0.0 if self.part == "month" else float(np.log(len(VALUES[self.part])))


def find_parts(
    frame: pd.DataFrame, computed=(), least: int = 1
) -> tuple[list[DatePart], list[CalendarPart]]:
    """The parts of dates that their own margin, or other columns, depend on.

    Parameters
    ----------
    frame : DataFrame
    computed : collection of int
        Dates that follow from others.
    least : int
        Rows that each value of a part must have.

    Returns
    -------
    parts : list of DatePart
    told : list of CalendarPart
        Parts that a column of the table has already.
    """
    dates = [
        i
        for i in range(frame.shape[1])
        if i not in computed
        and is_date(frame.iloc[:, i])
        and frame.iloc[:, i].notna().sum() >= LEAST_ROWS
    ]
    if not dates:
        return [], []
    rows = np.linspace(0, len(frame) - 1, min(len(frame), SAMPLE_ROWS)).astype(int)
    few = frame.iloc[np.unique(rows)]
    others = {
        j: _lumped(few.iloc[:, j])
        for j in range(frame.shape[1])
        if not is_date(few.iloc[:, j])
    }
    found = []
    for i in dates:
        strengths = _strengths(few.iloc[:, i], others)
        # Days of the month and of the week cannot both be met.
        if {"day", "weekday"} <= set(strengths):
            del strengths[min(("day", "weekday"), key=strengths.__getitem__)]
        found += [DatePart(i, part) for part in CYCLES if part in strengths]
    if not found:
        return [], []
    wanted = {(item.source, item.part) for item in found}
    told = [
        item
        for item in find_calendar(frame, least)
        if item.zone is None and (item.source, item.part) in wanted
    ]
    known = {(item.source, item.part) for item in told}
    parts = [
        item
        for item in found
        if (item.source, item.part) not in known
        and _fewest(read_part(frame.iloc[:, item.source], item.part)) >= least
    ]
    return parts, told


def read_part(column: pd.Series, part: str) -> np.ndarray:
    """A part of dates.

    Parameters
    ----------
    column : Series
    part : str

    Returns
    -------
    ndarray of float64
        NaN where the date is missing.
    """
    out = np.full(len(column), np.nan)
    rows = np.flatnonzero(column.notna())
    out[rows] = PARTS[part](Clock(column.iloc[rows], None).times)
    return out


def _fewest(values):
    return np.unique(values[~np.isnan(values)], return_counts=True)[1].min()


def _strengths(column, others):
    """Parts that matter, and how much."""
    here = column.notna().to_numpy()
    times = Clock(column[here], None).times
    span = (times.max() - times.min()) / pd.Timedelta(days=1)
    even = pd.date_range(times.min(), times.max(), periods=20_000)
    if (times == times.normalize()).all():
        even = even.normalize()
    out = {}
    for part, cycle in CYCLES.items():
        codes = np.asarray(PARTS[part](times), dtype=np.int64)
        if span < LEAST_CYCLES * cycle or len(np.unique(codes)) < 2:
            continue
        usual = np.asarray(PARTS[part](even), dtype=np.int64)
        size = max(codes.max(), usual.max()) + 1
        usual, own = (np.bincount(c, minlength=size) for c in (usual, codes))
        expected = np.maximum(usual / usual.sum() * len(codes), 1e-9)
        possible = (usual > 0) | (own > 0)
        strengths = [_strength(own[possible], expected[possible], len(codes))]
        for values in others.values():
            strengths.append(_association(codes, values[here]))
        if max(strengths) >= STRENGTH:
            out[part] = max(strengths)
    # Where days are told, a density spends its width on the hours within them.
    if {"day", "weekday"} & set(out) and times.hour.min() < times.hour.max():
        out.setdefault("hour", STRENGTH)
    return out


def _strength(own, expected, n, freedom=None):
    """Root of chi-squared a row; zero where chance may be the cause."""
    freedom = len(own) - 1 if freedom is None else freedom
    # Cells that hardly anything is expected in would decide alone.
    statistic = ((own - expected) ** 2 / np.maximum(expected, 1.0)).sum()
    if freedom < 1 or chi2.sf(statistic, freedom) > CHANCE:
        return 0.0
    return float(np.sqrt(max(statistic - freedom, 0.0) / n))


def _association(codes, values):
    known = values >= 0
    codes, values = codes[known], values[known]
    if len(codes) < LEAST_ROWS:
        return 0.0
    codes = np.unique(codes, return_inverse=True)[1]
    table = np.zeros((codes.max() + 1, values.max() + 1))
    np.add.at(table, (codes, values), 1)
    expected = np.outer(table.sum(1), table.sum(0)) / len(codes)
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    return _strength(table.ravel(), expected.ravel(), len(codes), freedom)


def _lumped(column):
    """Few codes of a column: bins of a number, the commonest levels, missing as -1."""
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > MOST_CODES:
        plain = pd.Series(column.to_numpy(dtype=float, na_value=np.nan))
        codes = np.ceil(plain.rank(pct=True).to_numpy() * MOST_CODES) - 1
        return np.where(np.isnan(codes), -1, codes).astype(np.int64)
    codes, levels = pd.factorize(column)
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    place = np.empty(len(levels), dtype=np.int64)
    place[np.argsort(-counts, kind="stable")] = np.arange(len(levels))
    known = np.minimum(place, MOST_CODES - 1)
    return np.where(codes < 0, -1, known[codes] if len(levels) else -1)
