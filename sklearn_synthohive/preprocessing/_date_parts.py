"""Dates as clocks and calendars show them, and dates moved to show something else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

__all__ = ["PARTS", "Clock", "with_part"]

# What a date has that another column may say again. They are set in this order.
PARTS: dict[str, Callable] = {
    "year": lambda t: t.year,
    "quarter": lambda t: t.quarter,
    "month": lambda t: t.month,
    "day": lambda t: t.day,
    "day of the year": lambda t: t.day_of_year,
    "week": lambda t: t.isocalendar().week.to_numpy(),
    "weekday": lambda t: t.day_of_week,
    "hour": lambda t: t.hour,
    "minute": lambda t: t.minute,
}
DAYS = {"day of the year": 1, "week": 7, "weekday": 1}
TIMES = {"hour": "h", "minute": "min"}
MONTHS = {"year": 12, "quarter": 3, "month": 1}


class Clock:
    """Dates as the clocks of a time zone show them.

    Parameters
    ----------
    column : Series of datetime64, or of ``datetime.date`` objects
    zone : str or None
    """

    def __init__(self, column: pd.Series, zone: str | None):
        self.index, self.dtype, self.zone = column.index, column.dtype, zone
        self.are_days = column.dtype == object
        times = pd.DatetimeIndex(pd.to_datetime(column) if self.are_days else column)
        if zone is not None:
            times = times if times.tz is not None else times.tz_localize("UTC")
            times = times.tz_convert(zone)
        self.times = times.tz_localize(None)

    def back(self, times: pd.DatetimeIndex) -> pd.Series:
        """Other times of these clocks, as dates of the column."""
        if self.are_days:
            return pd.Series(times.date, index=self.index, dtype=object)
        own = getattr(self.dtype, "tz", None)
        zone = self.zone or own
        if zone is not None:
            late = np.zeros(len(times), dtype=bool)
            times = times.tz_localize(
                zone, ambiguous=late, nonexistent="shift_forward"
            ).tz_convert(own or "UTC")
            times = times if own is not None else times.tz_localize(None)
        return pd.Series(times, index=self.index).astype(self.dtype)


def with_part(times, rows, part: str, values) -> pd.DatetimeIndex:
    """Times whose part is set to values in some rows; days stay within their month.

    Parameters
    ----------
    times : DatetimeIndex
        Without a time zone.
    rows : ndarray of int
    part : str
        One of :data:`PARTS`.
    values : ndarray of int
        One for each of the rows.
    """
    if not len(rows):
        return times
    old = times[rows]
    change = values - np.asarray(PARTS[part](old), dtype=np.int64)
    if part in DAYS:
        if part == "weekday":
            change = (change + 3) % 7 - 3
        new = old + pd.to_timedelta(change * DAYS[part], unit="D")
    elif part in TIMES:
        new = old + pd.to_timedelta(change, unit=TIMES[part])
    else:
        new = _in_calendar(old, part, change)
    out = times.to_series(index=np.arange(len(times)))
    out.iloc[rows] = new.as_unit(times.unit)
    return pd.DatetimeIndex(out)


def _in_calendar(times, part, change):
    """Times some years, quarters, months or days of the month away."""
    months = np.asarray(times.year, dtype=np.int64) * 12 + np.asarray(times.month) - 1
    months = months + change * MONTHS.get(part, 0)
    first = (months - 1970 * 12).astype("datetime64[M]").astype("datetime64[s]")
    first = pd.DatetimeIndex(first)
    day = np.asarray(times.day) + (change if part == "day" else 0)
    day = np.minimum(day, first.days_in_month)
    within = times - times.normalize()
    return first.as_unit(times.unit) + pd.to_timedelta(day - 1, unit="D") + within
