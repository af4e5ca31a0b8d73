"""What holds on every row of a table: found once, held in every generated row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.layout import CompactTable, Layout
from sklearn_synthohive.preprocessing._calendar import Calendar
from sklearn_synthohive.preprocessing._dependences import Dependences
from sklearn_synthohive.preprocessing._orders import Orders
from sklearn_synthohive.preprocessing._sums import Sums
from sklearn_synthohive.preprocessing._thresholds import Thresholds

__all__ = ["Rules"]


class Rules:
    """Dependences, parts of dates, identities, orders and thresholds of one table.

    Dependences are held in encoded rows, the others in decoded ones.

    Parameters
    ----------
    dependences : Dependences
    sums : Sums or None
        None where the rows cannot be decoded.
    calendar : Calendar or None
        Likewise.
    orders : Orders or None
        Likewise.
    thresholds : Thresholds or None
        Likewise.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.preprocessing import DataTransformer, Rules
    >>> df = pd.DataFrame({"net": range(100), "city": ["Oslo", "Rome"] * 50})
    >>> df["gross"] = 1.25 * df["net"] + 3
    >>> df["country"] = df["city"].map({"Oslo": "Norway", "Rome": "Italy"})
    >>> tx = DataTransformer(random_state=0).fit(df)
    >>> Rules.fit(tx.layout_, tx.encode(df), tx, df).texts
    ['country follows from city', 'gross = 1.25 * net + 3']
    """

    def __init__(
        self,
        dependences: Dependences,
        sums: Sums | None = None,
        calendar: Calendar | None = None,
        orders: Orders | None = None,
        thresholds: Thresholds | None = None,
    ):
        self.dependences = dependences
        self.sums = sums
        self.calendar = calendar
        self.orders = orders
        self.thresholds = thresholds

    @classmethod
    def fit(
        cls, layout: Layout, table: CompactTable, transformer=None, X=None, *, least=1
    ):
        """Find the rules of a table.

        Parameters
        ----------
        layout : Layout
        table : CompactTable
        transformer : DataTransformer, optional
            What encoded the table.
        X : table, optional
            The rows before they were encoded.
        least : int, default=1
            Rows of a state that tells something; the transformer's, where there is one.

        Returns
        -------
        Rules
        """
        least = least if transformer is None else transformer.min_count_
        n_own = None if transformer is None else len(transformer.columns_)
        dependences = Dependences.fit(layout, table, least, n_own)
        if transformer is None:
            return cls(dependences)
        calendar = Calendar.fit(transformer, X, least)
        rules = cls(dependences, calendar=calendar)
        sums = Sums.fit(transformer, X, rules._tied | calendar.targets)
        rules.sums = sums
        barred = rules.results | rules.terms | calendar.targets
        rules.thresholds = Thresholds.fit(
            transformer, X, table, dependences.items, barred
        )
        near = sums.near
        rules.orders = Orders.fit(
            transformer, X, rules.fixed - near, rules.results - near, sums.further_terms
        )
        return rules

    @property
    def determined(self) -> set[int]:
        """Columns that follow from others."""
        out = {d.target for d in self.dependences.items if not d.target_gap}
        for rules in (self.calendar, self.thresholds):
            out |= set() if rules is None else rules.targets
        return out | self.results

    @property
    def results(self) -> set[int]:
        """Columns that identities compute."""
        return set() if self.sums is None else {i.target for i in self.sums.items}

    @property
    def terms(self) -> set[int]:
        """Columns that identities compute with."""
        items = () if self.sums is None else self.sums.items
        return {term for item in items for term in item.terms}

    @property
    def fixed(self) -> set[int]:
        """Columns that orders do not move."""
        return self.determined | self._tied

    @property
    def ordered(self) -> set[int]:
        """Columns that have an order."""
        return set() if self.orders is None else self.orders.columns

    def under(self, layout: Layout) -> Rules:
        """The same rules for a table whose spans have further states."""
        dependences = Dependences(layout, self.dependences.items)
        parts = self.sums, self.calendar, self.orders, self.thresholds
        return Rules(dependences, *parts)

    @classmethod
    def none(cls, layout: Layout) -> Rules:
        """No rules."""
        return cls(Dependences(layout, []))

    @classmethod
    def of_encoding(cls, transformer) -> Rules:
        """Only what the encoding is to be undone by."""
        empty = Dependences(transformer.layout_, [])
        sums, calendar = (
            Sums.of_differences(transformer),
            Calendar.of_parts(transformer),
        )
        return cls(empty, sums, calendar)

    def hold(self, table: CompactTable, given, seed: int) -> CompactTable:
        """Encoded rows in which dependences hold; see ``Dependences.hold``."""
        return self.dependences.hold(table, given, seed)

    def add_up(
        self, frame: pd.DataFrame, given=None, repeats=None, *, clip=True
    ) -> pd.DataFrame:
        """Decoded rows in which all but dependences hold; see ``Sums.hold``.

        Parameters
        ----------
        frame : DataFrame
            Changed.
        given, repeats : ndarray of shape (n_rows, n_columns), bool, optional
            Cells that stay; cells that orders leave alone besides.
        clip : bool, default=True
        """
        frame = self._computed(frame, given, repeats, clip)
        if self.thresholds is not None and given is not None:
            moved = self.thresholds.move(frame, given, self._tied, clip=clip)
            if moved.any():
                frame = self._computed(frame, given | moved, repeats, clip)
        return self.tell(frame, given, clip=clip)

    def tell(self, frame: pd.DataFrame, given=None, *, clip=True) -> pd.DataFrame:
        """Decoded rows in which thresholds hold; see ``Thresholds.hold``."""
        if self.thresholds is None:
            return frame
        return self.thresholds.hold(frame, given, clip=clip)

    def _computed(self, frame, given, repeats, clip):
        if self.calendar is not None:
            frame = self.calendar.hold(frame, given, self.results, clip=clip)
        frame = self._put_in_order(frame, given, repeats, clip, summed=False)
        if self.sums is not None:
            before = frame.copy(deep=False)
            targets = {d.target for d in self.dependences.items if not d.target_gap}
            kept = self._still(given)
            frame = self.sums.hold(frame, given, targets, kept, clip=clip)
            if given is not None:
                frame = self._told_again(frame, before, given)
        if self.results:
            frame = self._put_in_order(frame, given, repeats, clip, summed=True)
        if self.calendar is not None and (self.results or self.ordered):
            # Dates that were computed or moved have other parts.
            dates = {item.source for item in self.calendar.items}
            frame = self.calendar.hold(frame, given, dates, clip=clip)
        return frame

    def _put_in_order(self, frame, given, repeats, clip, *, summed):
        if not self.ordered:
            return frame
        masks = [mask for mask in (self._still(given), repeats) if mask is not None]
        still = np.logical_or.reduce(masks) if masks else None
        if not summed:
            return self.orders.hold(frame, still, self.fixed, self.results, clip=clip)
        # What is computed from a difference may move, and then has another one.
        fixed = (self.fixed - self.sums.near) | self._still_terms
        frame = self.orders.hold(frame, still, fixed, clip=clip)
        return self.sums.with_differences(frame)

    def _told_again(self, frame, before, given):
        """Rows in which what a dependence reads was solved for, with what it tells."""
        items = [d for d in self.dependences.items if not d.source_gap]
        moved = np.zeros(len(frame), dtype=bool)
        for i in {d.source for d in items} & self.terms:
            old, new = before.iloc[:, i], frame.iloc[:, i]
            moved |= ~((old == new) | (old.isna() & new.isna())).to_numpy(dtype=bool)
        if not moved.any():
            return frame
        transformer, rows = self.sums.transformer, np.flatnonzero(moved)
        table = transformer.encode(transformer.own(frame.iloc[rows]))
        plain = Dependences(transformer.layout_, self.dependences.items)
        told = transformer.decode_pandas(plain.told(table, given[rows]))
        for i in {d.target for d in items}:
            column = frame.iloc[:, i].copy()
            free = ~given[rows, i]
            column.iloc[rows[free]] = told.iloc[free, i].array
            frame.isetitem(i, column)
        return frame

    def _still(self, given):
        """Given cells, and dates that have moved to a part that is given."""
        if given is None or self.calendar is None:
            return given
        still = given.copy()
        for item in self.calendar.items:
            if item.source not in self.results:
                still[:, item.source] |= given[:, item.target]
        return still

    @property
    def _tied(self):
        """What a dependence reads or writes: not computed or moved after it."""
        items = self.dependences.items
        out = {d.source for d in items if not d.source_gap}
        return out | {d.target for d in items if not d.target_gap}

    @property
    def _still_terms(self):
        """Terms of more than a difference."""
        return set() if self.sums is None else self.sums.further_terms

    def adding_up(self, frame: pd.DataFrame) -> np.ndarray:
        """Which decoded rows keep all but dependences."""
        out = np.ones(len(frame), dtype=bool)
        for rules in (self.sums, self.calendar, self.orders, self.thresholds):
            if rules is not None:
                out &= rules.holding(frame)
        return out

    @property
    def texts(self) -> list[str]:
        """The rules, for people."""
        names = [span.column for span in self.dependences.layout.spans]
        n_own = len(names)
        if self.sums is not None:
            n_own = len(self.sums.transformer.columns_)
        out = []
        for item in self.dependences.items:
            if max(item.target, item.source) >= n_own:
                continue
            target, source = names[item.target], names[item.source]
            target = f"whether {target} is missing" if item.target_gap else target
            source = f"whether {source} is missing" if item.source_gap else source
            out.append(f"{target} follows from {source}")
        for rules in (self.calendar, self.sums, self.orders, self.thresholds):
            if rules is not None:
                out += rules.texts(names)
        return out

    def to_state(self) -> dict:
        """Plain data, for a file."""
        parts = {
            "sums": self.sums,
            "calendar": self.calendar,
            "orders": self.orders,
            "thresholds": self.thresholds,
        }
        states = {k: [] if v is None else v.to_state() for k, v in parts.items()}
        return {"dependences": self.dependences.to_state(), **states}

    @classmethod
    def from_state(cls, layout: Layout, state: dict, transformer=None) -> Rules:
        """Undo :meth:`to_state`."""
        dependences = Dependences.from_state(layout, state["dependences"])
        if transformer is None:
            return cls(dependences)
        sums = Sums.from_state(transformer, state["sums"])
        # Models of the first versions know of nothing else.
        calendar = Calendar.from_state(transformer, state.get("calendar", []))
        orders = Orders.from_state(transformer, state.get("orders", []))
        thresholds = Thresholds.from_state(transformer, state.get("thresholds", []))
        return cls(dependences, sums, calendar, orders, thresholds)
