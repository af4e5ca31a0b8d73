"""Columns that say again what a date says, made to agree with it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.preprocessing._amounts import rulers_of
from sklearn_synthohive.preprocessing._calendar_search import (
    CalendarPart,
    find_calendar,
)
from sklearn_synthohive.preprocessing._date_parts import PARTS, Clock, with_part
from sklearn_synthohive.preprocessing._derived import calendar_of

__all__ = ["Calendar"]

# Dates on a finer grid are told apart by their float32 scalars up to that share of
# their range.
FINE_STEPS, ROUNDED = 6e6, 6e-8


class Calendar:
    """What a table says of its dates in other columns.

    Dates are moved as little as it takes to agree with the parts that were drawn beside
    them, since a part is a sharper statement than a network makes of a date.

    Parameters
    ----------
    transformer : DataTransformer
        Fitted on the table.
    items : list of CalendarPart
    """

    def __init__(self, transformer, items: list[CalendarPart]):
        self.transformer = transformer
        self.items = items

    @classmethod
    def fit(cls, transformer, X, least: int = 1) -> Calendar:
        """Find the columns that follow from a part of a date on every row.

        Parameters
        ----------
        transformer : DataTransformer
            Fitted on X.
        X : table
        least : int
            Rows of a value of the part below which it tells nothing.

        Returns
        -------
        Calendar
        """
        own = transformer.own(transformer.modelled(X))
        return cls(transformer, [*calendar_of(transformer), *find_calendar(own, least)])

    @classmethod
    def of_parts(cls, transformer) -> Calendar:
        """What dates agree with whose parts are encoded, or own columns.

        Parameters
        ----------
        transformer : DataTransformer

        Returns
        -------
        Calendar
        """
        told = transformer._ties.parts
        return cls(transformer, [*calendar_of(transformer), *told])

    @property
    def targets(self) -> set[int]:
        """Columns that follow from a date."""
        return {item.target for item in self.items}

    def hold(
        self, frame: pd.DataFrame, given=None, fixed=(), *, clip=True
    ) -> pd.DataFrame:
        """Move dates to their parts, then let all parts follow from the dates.

        Parameters
        ----------
        frame : DataFrame
            Decoded rows; changed.
        given : ndarray of shape (n_rows, n_columns), bool, optional
            Cells that stay.
        fixed : collection of int
            Dates that are not moved.
        clip : bool, default=True
            As in ``DataTransformer.decode``.

        Returns
        -------
        DataFrame
        """
        if not len(frame):
            return frame
        for source in dict.fromkeys(item.source for item in self.items):
            own = [item for item in self.items if item.source == source]
            if source not in fixed:
                self._move(frame, source, own, given, clip)
            for item in own:
                _tell(frame, item, given)
        return frame

    def holding(self, frame: pd.DataFrame) -> np.ndarray:
        """Which rows agree with their dates.

        Parameters
        ----------
        frame : DataFrame

        Returns
        -------
        ndarray of bool
        """
        out = np.ones(len(frame), dtype=bool)
        for item in self.items:
            rows, now, wanted = _compared(frame, item)
            out[rows] &= (now == wanted) | (wanted < 0)
        return out

    def texts(self, names) -> list[str]:
        """The rules, for people.

        Parameters
        ----------
        names : list of str
            Of the columns.
        """
        out = []
        for item in self.items:
            if item.target >= len(self.transformer.columns_):
                continue
            verb = "is" if item.is_part else "follows from"
            where = "" if item.zone is None else f" in {item.zone}"
            text = (
                f"{names[item.target]} {verb} the {item.part} of {names[item.source]}"
            )
            out.append(text + where)
        return out

    def to_state(self) -> list[dict]:
        """Plain data, for a file."""
        return [dict(vars(item)) for item in self.items]

    @classmethod
    def from_state(cls, transformer, state: list[dict]) -> Calendar:
        """Undo :meth:`to_state`."""
        return cls(transformer, [CalendarPart.from_plain(item) for item in state])

    def _rounded(self, frame, source, items, rows, column):
        """Dates that only the rounding of float32 has brought beyond their parts."""
        axis = self.transformer._encodings[source].axis
        if (axis.high - axis.low) / axis.step <= FINE_STEPS:
            return column
        wrong = ~_agree(frame, items, rows, column)
        slack = pd.Timedelta(int((axis.high - axis.low) * ROUNDED), axis.native.unit)
        for shift in (-slack, slack):
            at = np.flatnonzero(wrong)
            if not len(at):
                break
            moved = (column.iloc[at] + shift).astype(column.dtype)
            good = _agree(frame, items, rows[at], moved)
            column = column.copy()
            column.iloc[at[good]] = moved[good].array
            wrong[at[good]] = False
        return column

    def _move(self, frame, source, items, given, clip):
        """Dates that agree with the parts beside them, where they may be so."""
        column = frame.iloc[:, source]
        rows = column.notna().to_numpy()
        if given is not None:
            rows = rows & ~given[:, source]
        rows = np.flatnonzero(rows)
        old = new = column.iloc[rows]
        new = self._rounded(frame, source, items, rows, new)
        for zone in dict.fromkeys(item.zone for item in items):
            clock = Clock(new, zone)
            moved = clock.times
            own = [item for item in items if item.zone == zone]
            for item in sorted(own, key=lambda item: [*PARTS].index(item.part)):
                wanted = item.codes(frame.iloc[rows, item.target])
                known = np.flatnonzero((wanted >= 0) & (item.of(moved) >= 0))
                to = item.nearest(moved[known], wanted[known])
                moved = with_part(moved, known, item.part, to)
            # An hour that clocks show twice stays the one that it is.
            still = np.asarray(moved == clock.times)
            new = new.where(still, clock.back(moved))
        ruler = rulers_of(self.transformer).get(source)
        if ruler is not None:
            (low, high), amounts = ruler.ends, ruler.read(new)
            new = new.where((amounts >= low) & (amounts <= high), old)
        whole = column.copy()
        whole.iloc[rows] = new.array
        label = frame.columns[source]
        frame.isetitem(source, self.transformer._constrain(label, whole, clip))


def _agree(frame, items, rows, column):
    """Whether dates have the parts beside them."""
    out = np.ones(len(rows), dtype=bool)
    for item in items:
        place = item.of(Clock(column, item.zone).times)
        told = np.where(place >= 0, item.told[place], -1)
        out &= told == item.codes(frame.iloc[rows, item.target])
    return out


def _compared(frame, item):
    """Rows with a date and a target; what the target is, and what it should be."""
    source, target = frame.iloc[:, item.source], frame.iloc[:, item.target]
    rows = np.flatnonzero(source.notna() & target.notna())
    place = item.of(Clock(source.iloc[rows], item.zone).times)
    wanted = np.where(place >= 0, item.told[place], -1)
    return rows, item.codes(target.iloc[rows]), wanted


def _tell(frame, item, given):
    """Let a column follow from its date, where it is there and nothing is given."""
    rows, now, wanted = _compared(frame, item)
    wrong = (wanted >= 0) & (now != wanted)
    if given is not None:
        wrong &= ~given[rows, item.target]
    if wrong.any():
        column = frame.iloc[:, item.target].copy()
        told = pd.Series(list(item.distinct), dtype=object).astype(column.dtype)
        column.iloc[rows[wrong]] = told.array.take(wanted[wrong])
        frame.isetitem(item.target, column)
