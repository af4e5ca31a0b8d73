"""Columns that are steps of a number or date, told from it in decoded rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.preprocessing._amounts import rulers_of
from sklearn_synthohive.preprocessing._put import put_values
from sklearn_synthohive.preprocessing._threshold_search import (
    Threshold,
    find_thresholds,
)

__all__ = ["Thresholds"]


class Thresholds:
    """Step functions of a table, and what makes decoded rows agree with them.

    Parameters
    ----------
    transformer : DataTransformer
        Fitted on the table.
    items : list of Threshold
    """

    def __init__(self, transformer, items: list[Threshold]):
        self.transformer = transformer
        self.items = items

    @classmethod
    def fit(cls, transformer, X, table, dependences=(), barred=()) -> Thresholds:
        """Find the columns that are steps of an ordered one on every row.

        Parameters
        ----------
        transformer : DataTransformer
            Fitted on X.
        X : table
        table : CompactTable
            X, encoded.
        dependences : list of Dependence
        barred : collection of int
            Columns that must not be targets.

        Returns
        -------
        Thresholds
        """
        found = find_thresholds(transformer, X, table, dependences, barred)
        return cls(transformer, found)

    @property
    def targets(self) -> set[int]:
        """Columns that follow from others."""
        return {item.target for item in self.items if not item.gap}

    def of(self, target: int) -> Threshold | None:
        """What a column is a step of, if anything."""
        for item in self.items:
            if item.target == target:
                return item
        return None

    def move(self, frame: pd.DataFrame, given, fixed=(), *, clip=True) -> np.ndarray:
        """Move sources to where given targets can be.

        A source that is on the wrong side of a cut is mirrored at it, so that sources
        do not heap up there.

        Parameters
        ----------
        frame : DataFrame
            Decoded rows; changed.
        given : ndarray of shape (n_rows, n_columns), bool
            Cells that stay.
        fixed : collection of int
            Sources that are not moved.
        clip : bool, default=True
            As in ``DataTransformer.decode``.

        Returns
        -------
        ndarray of shape (n_rows, n_columns), bool
            The cells that have moved.
        """
        moved = np.zeros(given.shape, dtype=bool)
        for source, own in self._by_source():
            rows = ~given[:, source] & given[:, [i.target for i in own]].any(axis=1)
            if source in fixed or not rows.any():
                continue
            rows = np.flatnonzero(rows & frame.iloc[:, source].notna().to_numpy())
            ruler = rulers_of(self.transformer)[source]
            amounts = ruler.read(frame.iloc[rows, source])
            low, high = _intervals(own, ruler)
            fits = np.ones((len(rows), len(low)), dtype=bool)
            for item in own:
                asked = given[rows, item.target]
                told, now = item.states(low), self._now(item, frame.iloc[rows])
                fits &= (told == now[:, None]) | (told < 0) | ~asked[:, None]
            to = _mirrored(amounts, low, high, fits, ruler.step)
            wrong = to != amounts
            if wrong.any():
                rows = rows[wrong]
                values = ruler.write(to[wrong])
                put_values(self.transformer, frame, source, rows, values, clip)
                moved[rows, source] = True
        return moved

    def hold(self, frame: pd.DataFrame, given=None, *, clip=True) -> pd.DataFrame:
        """Let targets follow from their sources, where they are not given.

        Parameters
        ----------
        frame : DataFrame
            Decoded rows; changed.
        given : ndarray of shape (n_rows, n_columns), bool, optional
            Cells that stay.
        clip : bool, default=True
            As in ``DataTransformer.decode``.

        Returns
        -------
        DataFrame
        """
        if not len(frame):
            return frame
        for source, own in self._by_source():
            amounts = rulers_of(self.transformer)[source].read(frame.iloc[:, source])
            for item in own:
                now, wanted = self._now(item, frame), item.states(amounts)
                wrong = (wanted >= 0) & (now != wanted)
                if given is not None:
                    wrong &= ~given[:, item.target]
                rows = np.flatnonzero(wrong)
                if len(rows) and item.gap:
                    self._tell_gap(frame, item, now, wanted, rows, amounts, clip)
                elif len(rows):
                    self._tell_state(frame, item, now, wanted, rows, clip)
        return frame

    def holding(self, frame: pd.DataFrame) -> np.ndarray:
        """Which rows agree with their sources.

        Parameters
        ----------
        frame : DataFrame

        Returns
        -------
        ndarray of bool
        """
        out = np.ones(len(frame), dtype=bool)
        for source, own in self._by_source() if len(frame) else ():
            amounts = rulers_of(self.transformer)[source].read(frame.iloc[:, source])
            for item in own:
                wanted = item.states(amounts)
                out &= (wanted < 0) | (self._now(item, frame) == wanted)
        return out

    def values(self, item: Threshold, states: np.ndarray) -> pd.Series:
        """What the target is in some states; with ``gap`` any value where it is one."""
        encoding = self.transformer._encodings[item.target]
        if item.gap:
            states = np.where(states == 1, encoding.n_states - 1, 0)
        scalars = np.zeros(len(states), dtype=np.float32)
        return pd.Series(encoding.decode(states.astype(np.intp), scalars))

    def ends(self, item: Threshold) -> tuple[pd.Series, pd.Series]:
        """The smallest and the largest value of the source in each interval."""
        ruler = rulers_of(self.transformer)[item.source]
        low, high = (pd.Series(ruler.write(v)) for v in _intervals([item], ruler))
        return low, high

    def texts(self, names) -> list[str]:
        """The rules, for people.

        Parameters
        ----------
        names : list of str
            Of the columns.
        """
        out = []
        for item in self.items:
            if not item.implied:
                target, source = names[item.target], names[item.source]
                target = f"whether {target} is missing" if item.gap else target
                n_intervals = len(item.told)
                out.append(f"{target} follows from {n_intervals} intervals of {source}")
        return out

    def to_state(self) -> list[dict]:
        """Plain data, for a file."""
        return [dict(vars(item)) for item in self.items]

    @classmethod
    def from_state(cls, transformer, state: list[dict]) -> Thresholds:
        """Undo :meth:`to_state`."""
        return cls(transformer, [Threshold(**item) for item in state])

    def _by_source(self):
        for source in dict.fromkeys(item.source for item in self.items):
            yield source, [item for item in self.items if item.source == source]

    def _now(self, item, frame):
        """The target's states."""
        column = frame.iloc[:, item.target]
        if item.gap:
            return column.isna().to_numpy().astype(np.int64)
        return self.transformer._encodings[item.target].encode(column)[0]

    def _tell_state(self, frame, item, now, wanted, rows, clip):
        codes = now.copy()
        codes[rows] = wanted[rows]
        encoding = self.transformer._encodings[item.target]
        values = encoding.decode(codes, np.zeros(len(codes)), clip=clip)
        label = frame.columns[item.target]
        column = pd.Series(values, index=frame.index, name=label)
        column = self.transformer._constrain(label, column, clip)
        frame.isetitem(item.target, column)

    def _tell_gap(self, frame, item, now, wanted, rows, amounts, clip):
        """Missing cells; or values of rows that look alike by the source."""
        column = frame.iloc[:, item.target]
        encoding = self.transformer._encodings[item.target]
        codes, scalars = np.array([0, encoding.n_states - 1]), np.zeros(2, np.float32)
        spare = pd.Series(encoding.decode(codes, scalars, clip=clip))
        spare = self.transformer._constrain(
            column.name, spare.rename(column.name), clip
        )
        # Where no row has a value it is one of the column's first state.
        n = len(column)
        taken = np.arange(n)
        taken[rows] = np.where(wanted[rows] == 1, n + 1, n)
        empty = rows[wanted[rows] == 0]
        donors = np.flatnonzero(now == 0)
        if len(donors) and len(empty):
            taken[empty] = donors[_nearest(amounts[empty], amounts[donors])]
        whole = pd.concat([column, spare.astype(column.dtype)], ignore_index=True)
        frame.isetitem(item.target, whole.take(taken).set_axis(frame.index))


def _intervals(items, ruler):
    """Smallest and largest amounts of the intervals that cuts of all items make."""
    cuts = np.unique(np.concatenate([item.cuts for item in items]))
    first, last = ruler.ends
    if ruler.step:
        above, below = cuts + ruler.step / 2, cuts - ruler.step / 2
    else:
        above, below = np.nextafter(cuts, np.inf), cuts
    low = np.concatenate([[min([first, *below])], above])
    high = np.concatenate([below, [max([last, *above])]])
    return low, high


def _mirrored(amounts, low, high, fits, step):
    """Amounts in the nearest interval that fits, mirrored at its end, if any does."""
    off = np.maximum(low - amounts[:, None], amounts[:, None] - high)
    off = np.where(fits, np.maximum(off, 0), np.inf)
    to = off.argmin(axis=1)
    off, low, high = off[np.arange(len(amounts)), to], low[to], high[to]
    outside = np.isfinite(off) & (off > 0)
    # There and back where the interval is narrower than the way.
    way, width = np.where(outside, off - step, 0), high - low
    way = width - np.abs(way % np.where(width > 0, 2 * width, np.inf) - width)
    new = np.clip(np.where(amounts < low, low + way, high - way), low, high)
    return np.where(outside, new, amounts)


def _nearest(amounts, others):
    """Per amount the place of a near one among others, each a place of its own."""
    order = np.argsort(others, kind="stable")
    at = np.searchsorted(others[order], amounts)
    again = pd.Series(at).groupby(at).cumcount().to_numpy()
    return order[(at + again) % len(order)]
