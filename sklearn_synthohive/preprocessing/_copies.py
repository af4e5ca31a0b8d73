"""Numbers that repeat another column's value in part of the rows, as states."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd

from sklearn_synthohive.layout import CompactTable, Layout, State, code_dtype
from sklearn_synthohive.preprocessing._amounts import rulers_of

__all__ = ["Copies"]

# A repeat is a state of its own where it makes up so large a share of the rows, in so
# many rows at least, and so many times what would be seen by chance.
LEAST_SHARE, LEAST_ROWS, TIMES_CHANCE = 0.01, 30, 4.0
MAX_SOURCES = 4
# Rows on which pairs are rejected first, and rows on which repeats are counted.
SAMPLE_ROWS, MAX_ROWS = 1_000, 200_000
# Steps of the grid on both sides of equality that show how common near misses are.
WINDOW = 10


class Copies:
    """Marks cells that repeat another column, and puts the repeated value back.

    A bill that is paid in full, an end that is the start: columns of numbers or dates
    may hold the very value of another column in some rows, which no density of the
    value tells. Such cells become states of the column, "as in column j", between its
    spikes and "missing"; a network predicts them as it does spikes.

    Parameters
    ----------
    transformer : DataTransformer
    sources : list of tuple (int, tuple of int)
        Columns and those that they repeat, in an order in which values can be put.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_synthohive.preprocessing import Copies, DataTransformer
    >>> rng = np.random.default_rng(0)
    >>> df = pd.DataFrame({"bill": rng.gamma(9.0, 50.0, 400)})
    >>> df["paid"] = df["bill"].where(rng.random(400) < 0.4, 0.5 * df["bill"])
    >>> tx = DataTransformer(random_state=0).fit(df)
    >>> Copies.fit(tx, df, tx.encode(df)).texts
    ['paid may repeat bill']
    """

    def __init__(self, transformer, sources):
        self.transformer = transformer
        self.sources = sources

    @classmethod
    def fit(cls, transformer, X, table: CompactTable, rules=None) -> Copies:
        """Find the repeats of a table.

        Parameters
        ----------
        transformer : DataTransformer
            Fitted on X.
        X : table
        table : CompactTable
            X encoded by the transformer.
        rules : Rules, optional
            What they determine repeats nothing; what is summed up repeats no sum.

        Returns
        -------
        Copies
        """
        frame, n_own = transformer.modelled(X), len(transformer.columns_)
        rulers = {i: r for i, r in rulers_of(transformer).items() if i < n_own}
        if len(table) > MAX_ROWS:
            rows = np.linspace(0, len(table) - 1, MAX_ROWS).astype(int)
            frame, table = frame.iloc[rows], table.take(rows)
        determined = set() if rules is None else rules.determined
        terms, sums = (set(), set()) if rules is None else (rules.terms, rules.results)
        amounts = {i: r.read(frame.iloc[:, i]) + r.origin for i, r in rulers.items()}
        is_own = {
            i: (table.codes[:, i] < transformer._encodings[i].n_modes)
            & (i not in determined)
            for i in rulers
        }
        # Columns with most values of their own are there to be repeated.
        order = sorted(rulers, key=lambda i: (-is_own[i].sum(), i))
        sources = []
        for i, likely in _shortlists(order, is_own, amounts, rulers):
            rows = np.flatnonzero(is_own[i])
            if i in terms:
                likely = [j for j in likely if j not in sums]
            found = _repeated(i, likely, rows, amounts, rulers, len(table))
            if found:
                sources.append((i, tuple(found)))
                sums = sums | {i} if sums & set(found) else sums
        return cls(transformer, sources)

    @cached_property
    def layout(self) -> Layout:
        """The transformer's layout with the states of repeats."""
        repeated = dict(self.sources)
        spans, start = [], 0
        for i, span in enumerate(self.transformer.layout_.spans):
            names = [
                self.transformer.layout_.spans[j].column for j in repeated.get(i, ())
            ]
            states = list(span.states)
            at = self.first_state(i)
            states[at:at] = [State("atom", f"= {name}") for name in names]
            n_states = span.n_states + len(names)
            stop = start + span.stop - span.start + len(names)
            spans.append(
                replace(
                    span,
                    start=start,
                    stop=stop,
                    states=tuple(states),
                    n_states=n_states,
                )
            )
            start = stop
        return Layout(tuple(spans))

    def mark(self, table: CompactTable, X=None) -> CompactTable:
        """Codes with the states of repeats.

        Parameters
        ----------
        table : CompactTable
            Of the transformer.
        X : table, optional
            The rows; without them no cell is marked.

        Returns
        -------
        CompactTable
        """
        if not self.sources:
            return table
        largest = max(span.n_states for span in self.layout.spans)
        codes, scalars = table.codes.astype(code_dtype(largest)), table.scalars.copy()
        frame = None if X is None else self.transformer.modelled(X)
        rulers = rulers_of(self.transformer)
        for i, sources in self.sources:
            first = self.first_state(i)
            free = codes[:, i] < self.transformer._encodings[i].n_modes
            codes[codes[:, i] >= first, i] += len(sources)
            for at, j in enumerate(sources if frame is not None else ()):
                own, other = (
                    rulers[c].read(frame.iloc[:, c]) + rulers[c].origin for c in (i, j)
                )
                hit = free & _equal(own, other, rulers[i], rulers[j])
                codes[hit, i] = first + at
                scalars[hit, self.layout.continuous.index(i)] = 0
                free &= ~hit
        return CompactTable(codes, scalars)

    def unmark(self, table: CompactTable) -> CompactTable:
        """Codes as the transformer has them; repeats are in the first mode.

        Parameters
        ----------
        table : CompactTable

        Returns
        -------
        CompactTable
        """
        codes = table.codes.copy()
        for i, sources in self.sources:
            first, after = self.first_state(i), self.first_state(i) + len(sources)
            own = codes[:, i]
            copied = (own >= first) & (own < after)
            codes[:, i] = np.where(own >= after, own - len(sources), own)
            codes[copied, i] = 0
        return CompactTable(codes, table.scalars)

    def repeats(self, codes: np.ndarray) -> np.ndarray:
        """Which cells repeat another column.

        Parameters
        ----------
        codes : ndarray of shape (n_rows, n_columns)
            With the states of repeats.

        Returns
        -------
        ndarray of bool
        """
        out = np.zeros(codes.shape, dtype=bool)
        for i, sources in self.sources:
            at = codes[:, i].astype(np.int64) - self.first_state(i)
            out[:, i] = (at >= 0) & (at < len(sources))
        return out

    def put(self, frame: pd.DataFrame, codes: np.ndarray, *, clip=True) -> pd.DataFrame:
        """Repeated values, within the range and under the constraint of their column.

        Parameters
        ----------
        frame : DataFrame
            Decoded rows; changed.
        codes : ndarray of shape (n_rows, n_columns)
            With the states of repeats.
        clip : bool, default=True

        Returns
        -------
        DataFrame
        """
        rulers = rulers_of(self.transformer)
        for i, sources in self.sources:
            first, ruler = self.first_state(i), rulers[i]
            values = np.full(len(frame), np.nan)
            for at, j in enumerate(sources):
                rows = np.flatnonzero(codes[:, i] == first + at)
                if len(rows):
                    other = rulers[j].read(frame.iloc[rows, j]) + rulers[j].origin
                    values[rows] = other - ruler.origin
            rows = ~np.isnan(values)
            if not rows.any():
                continue
            label, old = frame.columns[i], frame.iloc[:, i]
            if clip:
                values = np.clip(values, *ruler.ends)
            new = ruler.write(values)
            dtype = getattr(new, "dtype", None)
            new = pd.Series(new, index=frame.index, dtype=dtype, name=label)
            new = self.transformer._constrain(label, new.where(rows, old), clip)
            frame.isetitem(i, new)
        return frame

    def amounts(self, i, codes, scalars) -> np.ndarray:
        """Amounts of the cells of a column that hold values of their own.

        Parameters
        ----------
        i : int
        codes : ndarray of int
            With the states of repeats.
        scalars : ndarray or None

        Returns
        -------
        ndarray of float64
            Comparable between columns; NaN for repeats and missing cells.
        """
        encoding, ruler = self.transformer._encodings[i], rulers_of(self.transformer)[i]
        positions = encoding.line().positions(codes.astype(np.int64), scalars)
        if ruler.step:
            return positions * ruler.step + ruler.offset + ruler.origin
        gaps = np.isnan(positions)
        stored = ruler.axis.stored(np.where(gaps, 0.0, positions), clip=False)
        return np.where(gaps, np.nan, stored.astype(np.float64))

    def positions(self, i, amounts) -> np.ndarray:
        """Where comparable amounts lie on the line of a column.

        Parameters
        ----------
        i : int
        amounts : ndarray of float64

        Returns
        -------
        ndarray of float64
        """
        ruler = rulers_of(self.transformer)[i]
        if ruler.step:
            return (amounts - ruler.origin - ruler.offset) / ruler.step
        return ruler.axis.positions(amounts)

    def step(self, i) -> float:
        """Width of a column's grid, in amounts; zero where it has none."""
        return rulers_of(self.transformer)[i].step

    @property
    def texts(self) -> list[str]:
        """What repeats what, for people."""
        names = [span.column for span in self.transformer.layout_.spans]
        return [
            f"{names[i]} may repeat {', '.join(names[j] for j in sources)}"
            for i, sources in self.sources
        ]

    def to_state(self) -> list:
        """Plain data, for a file."""
        return [[i, list(sources)] for i, sources in self.sources]

    @classmethod
    def from_state(cls, transformer, state) -> Copies:
        """Undo :meth:`to_state`."""
        return cls(transformer, [(i, tuple(sources)) for i, sources in state])

    def first_state(self, i) -> int:
        """The first state of repeats of a column: after modes and spikes."""
        encoding = self.transformer._encodings[i]
        return encoding.n_states - encoding.has_missing


def _least(n):
    return max(LEAST_ROWS, LEAST_SHARE * n)


def _shortlists(order, is_own, amounts, rulers):
    """For each column those before it that it repeats often enough on some rows."""
    if not order:
        return
    n = len(amounts[order[0]])
    few = np.linspace(0, n - 1, min(n, SAMPLE_ROWS)).astype(int)
    matrix = np.stack([amounts[i][few] for i in order])
    steps = np.array([rulers[i].step for i in order])
    dates = np.array([rulers[i].is_date for i in order])
    has_own = np.array([is_own[i].any() for i in order])
    for at, i in enumerate(order):
        own = np.flatnonzero(is_own[i][few])
        if not len(own):
            continue
        # What has no values of its own repeats nothing: it may stand behind, too.
        others = np.flatnonzero(
            (~has_own | (np.arange(len(order)) < at)) & (dates == dates[at])
        )
        slack = 0.25 * np.minimum(steps[others], steps[at])
        distance = np.abs(matrix[np.ix_(others, own)] - matrix[at, own])
        hits = (distance <= slack[:, None]).sum(axis=1)
        enough = hits >= _least(n) * len(few) / n / 2
        yield i, [order[k] for k in others[enough]]


def _repeated(i, likely, rows, amounts, rulers, n):
    """The columns that a column repeats most, the commonest first."""
    least, own, hits = _least(n), amounts[i][rows], {}
    for j in likely:
        equal = _equal(own, amounts[j][rows], rulers[i], rulers[j])
        if equal.sum() >= least and _is_no_chance(
            own, amounts[j][rows], equal, rulers[i].step
        ):
            hits[j] = equal
    found, left = [], np.ones(len(rows), dtype=bool)
    while hits and len(found) < MAX_SOURCES:
        best = max(hits, key=lambda j: (hits[j] & left).sum())
        gain = hits.pop(best) & left
        if gain.sum() < least:
            break
        found.append(best)
        left &= ~gain
    return found


def _equal(left, right, ruler, other):
    """Where two columns hold the same amount; false where one is missing."""
    slack = 0.25 * min(ruler.step, other.step)
    return np.abs(left - right) <= slack


def _is_no_chance(left, right, equal, step):
    """Whether values agree more often than common values and near misses explain."""
    known = ~np.isnan(right)
    left, right = left[known], right[known]
    values, counts = np.unique(left, return_counts=True)
    others, other_counts = np.unique(right, return_counts=True)
    _, a, b = np.intersect1d(values, others, assume_unique=True, return_indices=True)
    chance = (counts[a] * other_counts[b]).sum() / max(len(left), 1)
    near = 0.0
    if step:
        distance = np.abs(left - right)
        close = (distance > 0.25 * step) & (distance < (WINDOW + 0.25) * step)
        near = close.sum() / (2 * WINDOW)
    return equal.sum() >= TIMES_CHANCE * max(chance, near)
