"""Intervals of columns whose cells may repeat other columns, as rules of the draw.

A repeat lies in the interval where the cell lies that it repeats. What was drawn before
tells; where that cell is drawn later, it is drawn from the interval.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from sklearn_synthohive.generators._candidates import CellRule
from sklearn_synthohive.generators._cells import Pieces, interval_pieces
from sklearn_synthohive.neural import ANY

__all__ = ["interval_rules"]


def interval_rules(fitted, i, n, low, high, amounts, taken):
    """Rules by which a column lies in an interval, repeats included.

    Parameters
    ----------
    fitted : FittedAutoregressive
    i : int
        The span.
    n : int
        Rows.
    low, high : float
        Positions on the column's line, both included.
    amounts : tuple of float, or None
        The same as amounts; None where the column repeats no other.
    taken : set of int
        Spans with rules of their own.

    Returns
    -------
    list of CellRule
        The column's own first, then those of columns after it that it may repeat; none
        where the network never comes there.
    """
    pieces = interval_pieces(fitted.scores, i, fitted.codec.line(i), low, high)
    if not len(pieces.states):
        return []
    if amounts is None:
        return [CellRule(i, pieces, np.full(n, ANY), len(pieces.states))]
    return _Chains(fitted, i, amounts, pieces, taken).rules(n)


class _Chains:
    """From a cell to the one that it repeats, to the one that this one repeats, ...

    Parameters
    ----------
    fitted : FittedAutoregressive
    i : int
        The span that the interval is asked of.
    amounts : tuple of float
        Its ends.
    pieces : Pieces
        Values of the span's own within it.
    taken : set of int
    """

    def __init__(self, fitted, i, amounts, pieces, taken):
        self.fitted, self.first, self.amounts = fitted, i, amounts
        self.copies = fitted.codec.copies
        self.place = {span: t for t, span in enumerate(fitted.order)}
        self.repeated = dict(self.copies.sources)
        self.reached = self._reached(i)
        self.pieces = {i: pieces}
        for m in self.reached:
            if self.place[m] > self.place[i] and m not in taken:
                own = self._own_pieces(m)
                if len(own.states):
                    self.pieces[m] = own

    def _reached(self, i):
        """All columns that cells of a column may repeat, by themselves or by others."""
        found = []
        waiting = [*self.repeated[i]]
        while waiting:
            m = waiting.pop()
            if m not in found:
                found.append(m)
                waiting += self.repeated.get(m, ())
        return found

    def _own_pieces(self, m):
        ends = self.copies.positions(m, np.array(self.amounts))
        line = self.fitted.codec.line(m)
        if line.on_grid:
            ends = np.ceil(ends[0] - 0.25), np.floor(ends[1] + 0.25)
        return interval_pieces(self.fitted.scores, m, line, *ends)

    def rules(self, n):
        """As :func:`interval_rules` says."""
        return [self._rule(m, own, n) for m, own in self.pieces.items()]

    def _rule(self, m, own, n):
        sources = self.repeated.get(m, ())
        first = self.copies.first_state(m)
        every = Pieces.join([own, Pieces.whole(first + np.arange(len(sources)))])
        n_own, t = len(own.states), self.place[m]

        def possible(codes, scores):
            out = np.ones((len(codes), len(every.states)), dtype=bool)
            for at, source in enumerate(sources):
                out[:, n_own + at] = self._lies_within(source, t, codes, scores)
            return out

        def concerned(codes, scores):
            return self._ends(self.first, t, codes) == m

        rule = CellRule(m, every, np.full(n, ANY), len(every.states))
        rule.possible = possible if sources else None
        rule.concerned = None if m == self.first else concerned
        return rule

    def _ends(self, start, t, codes):
        """Per row the column that holds the value, as far as t columns tell."""
        at = np.full(len(codes), start)
        known = [c for c in (start, *self.reached) if self.place[c] < t]
        moved = True
        while moved:
            moved = False
            for c in known:
                first = self.copies.first_state(c)
                for k, source in enumerate(self.repeated.get(c, ())):
                    rows = (at == c) & (codes[:, c] == first + k)
                    at[rows], moved = source, moved or rows.any()
        return at

    def _lies_within(self, source, t, codes, scores):
        """Rows whose value lies within the interval, or still can."""
        at, out = self._ends(source, t, codes), np.zeros(len(codes), dtype=bool)
        for c in np.unique(at):
            rows = np.flatnonzero(at == c)
            if self.place[c] < t:
                out[rows] = self._holds(c, codes[rows], scores[rows])
            else:
                out[rows] = c in self.pieces
        return out

    def _holds(self, c, codes, scores):
        """Whether the cells of a column that is drawn lie within the interval."""
        scalars = None
        continuous = self.fitted.codec.layout.continuous
        if c in continuous:
            k = continuous.index(c)
            own = codes[:, c].astype(np.int64)
            scalars = self.fitted.scores.invert_one(k, own, ndtr(scores[:, k]))
        low, high = self.amounts
        values = self.copies.amounts(c, codes[:, c], scalars)
        slack = 0.25 * self.copies.step(self.first)
        return (values >= low - slack) & (values <= high + slack)
