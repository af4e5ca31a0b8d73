"""The search for columns that say again what a date says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

import numpy as np
import pandas as pd

from sklearn_synthohive.preprocessing._date_parts import PARTS, Clock
from sklearn_synthohive.preprocessing._dependence_search import is_evident

__all__ = ["CalendarPart", "find_calendar", "is_date"]

# Columns with more distinct values are nothing that a part of a date tells.
MOST_VALUES = 366
# Rows on which pairs are rejected; and on which a time zone is sought.
FEW_ROWS, ZONE_ROWS = 2_000, 500
# Rows that a value of a part must have, for what it tells not to be a row's own.
LEAST_ROWS = 3
# Hours of the day that a column must have to be an hour of another time zone.
LEAST_HOURS = 12
# Of zones whose clocks agree, those that most people know.
KNOWN_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
)


@dataclass(frozen=True)
class CalendarPart:
    """A column as a function of a part of a date.

    Attributes
    ----------
    source, target : int
        Positions of the date's column and of the one that follows from it.
    part : str
        One of :data:`PARTS`.
    zone : str or None
        Time zone whose clock the part is read from; None for the date as it stands.
    keys : tuple of int
        Values of the part.
    values : tuple
        What the target is for each of them.
    """

    source: int
    target: int
    part: str
    zone: str | None
    keys: tuple[int, ...]
    values: tuple[Any, ...]

    @classmethod
    def from_plain(cls, plain: dict) -> CalendarPart:
        """From its attributes, as a file has them."""
        keys, values = tuple(plain["keys"]), tuple(plain["values"])
        return cls(**{**plain, "keys": keys, "values": values})

    @property
    def is_part(self) -> bool:
        """Whether the target is the part itself."""
        return self.keys == self.values

    def of(self, clock: pd.DatetimeIndex) -> np.ndarray:
        """The part of each date as its place in ``keys``, or -1."""
        return pd.Index(self.keys).get_indexer(PARTS[self.part](clock))

    def codes(self, column: pd.Series) -> np.ndarray:
        """The target's cells as places in its distinct values; -1 for others."""
        return self.distinct.get_indexer(_plain(column))

    @property
    def distinct(self) -> pd.Index:
        """The target's distinct values."""
        return pd.Index(self.values).unique()

    @property
    def told(self) -> np.ndarray:
        """For each key the place of its value in :attr:`distinct`."""
        return self.distinct.get_indexer(pd.Index(self.values))

    def nearest(self, clock: pd.DatetimeIndex, wanted: np.ndarray) -> np.ndarray:
        """Per date the nearest value of the part that tells what is wanted.

        Parameters
        ----------
        clock : DatetimeIndex
        wanted : ndarray of int
            Places in :attr:`distinct`.
        """
        now = np.asarray(PARTS[self.part](clock), dtype=np.int64)
        keys, out = np.array(self.keys), now.copy()
        for value in np.unique(wanted):
            rows = np.flatnonzero(wanted == value)
            fitting = keys[self.told == value]
            away = np.abs(fitting[None] - now[rows, None])
            if self.part == "weekday":
                away = np.minimum(away, 7 - away)
            out[rows] = fitting[away.argmin(axis=1)]
        return out


def find_calendar(frame: pd.DataFrame, least: int = 1) -> list[CalendarPart]:
    """Columns that follow from a part of a date on every row.

    Parameters
    ----------
    frame : DataFrame
    least : int
        Rows of a value of the part below which it tells nothing.

    Returns
    -------
    list of CalendarPart
    """
    dates = [i for i in range(frame.shape[1]) if is_date(frame.iloc[:, i])]
    candidates = _candidates(frame, dates) if dates else {}
    n_views = frame.shape[1] * len(PARTS)
    items: list[CalendarPart] = []
    for source in dates if candidates else ():
        for zone in _zones(frame.iloc[:, source], candidates):
            clock = Clock(frame.iloc[:, source], zone)
            for target, candidate in list(candidates.items()):
                item = _find(clock, source, target, candidate, n_views, least)
                if item is not None:
                    items.append(item)
                    del candidates[target]
    return items


def is_date(column):
    if column.dtype == object:
        return pd.api.types.infer_dtype(column, skipna=True) == "date"
    return isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M"


def _plain(column):
    """Cells as plain objects, whole numbers as integers; None where one is missing."""
    values = column.astype(object).where(column.notna(), None)
    return pd.Index([_value(v) for v in values], dtype=object)


def _value(value):
    """A cell as Python's own number or text."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _candidates(frame, dates):
    """Per column that a date might tell: its codes (-1: missing) and its levels."""
    out = {}
    for i in range(frame.shape[1]):
        column = frame.iloc[:, i]
        if i in dates or column.head(FEW_ROWS).nunique() > MOST_VALUES:
            continue
        codes, levels = pd.factorize(column)
        levels = [_value(level) for level in levels]
        plain = all(isinstance(v, (int, float, str, bool)) for v in levels)
        if plain and 1 < len(levels) <= MOST_VALUES and len(set(levels)) == len(levels):
            out[i] = codes, levels
    return out


def _zones(column, candidates):
    """None, then a zone whose clocks show the hours that are left over, if any."""
    yield None
    here = np.linspace(0, len(column) - 1, min(len(column), ZONE_ROWS)).astype(int)
    here = np.unique(here)
    sample = column.iloc[here]
    hours = [
        np.array(levels)[codes[here]]
        for codes, levels in candidates.values()
        if _are_hours(levels) and (codes[here] >= 0).all()
    ]
    if not hours or sample.isna().any():
        return
    tz = getattr(column.dtype, "tz", None)
    if column.dtype == object or (tz is not None and str(tz) != "UTC"):
        return
    utc = Clock(sample, "UTC").times.hour
    hours = [own for own in hours if len(np.unique((own - utc) % 24)) <= 2]
    if not hours:
        return
    known = available_timezones()
    for name in [*(z for z in KNOWN_ZONES if z in known), *sorted(known)]:
        clock = Clock(sample, name).times.hour
        if any((own == clock).all() for own in hours):
            yield name
            return


def _are_hours(levels):
    whole = all(isinstance(v, int) and 0 <= v < 24 for v in levels)
    return whole and len(levels) >= LEAST_HOURS


def _find(clock, source, target, candidate, n_views, least):
    """What a column is of a date, by the part with the fewest values that tells it."""
    codes, levels = candidate
    rows = np.flatnonzero((codes >= 0) & clock.times.notna())
    few = rows[:: max(1, len(rows) // FEW_ROWS)]
    for part, read in PARTS.items():
        if not _is_function(np.asarray(read(clock.times[few])), codes[few]):
            continue
        keys, seen = np.unique(
            np.asarray(read(clock.times[rows]), dtype=np.int64), return_inverse=True
        )
        own = codes[rows]
        # A date that tells no more than its part is a category already.
        if len(keys) < 2 or not _is_function(seen, own):
            continue
        if clock.times[rows].nunique() <= len(keys):
            continue
        if not is_evident(seen, own, n_views):
            continue
        first = np.full(len(keys), -1)
        first[seen] = own
        values = [levels[k] for k in first]
        if values == keys.tolist():
            # Whatever a date may have, seen or not.
            keys = np.arange(keys.min(), keys.max() + 1)
            values = keys.tolist()
        else:
            kept = np.flatnonzero(np.bincount(seen) >= max(LEAST_ROWS, least))
            keys, values = keys[kept], [values[k] for k in kept]
        if len(set(values)) > 1:
            keys = tuple(int(key) for key in keys)
            return CalendarPart(source, target, part, clock.zone, keys, tuple(values))
    return None


def _is_function(keys, codes):
    """Whether each key comes with one code."""
    keys = pd.factorize(keys)[0].astype(np.int64)
    both = keys * (int(codes.max(initial=0)) + 1) + codes
    return len(np.unique(both)) == len(np.unique(keys))
