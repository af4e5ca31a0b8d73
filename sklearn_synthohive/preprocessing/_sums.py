"""The identities of numbers of a table, held in its decoded rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.preprocessing._amounts import rulers_of
from sklearn_synthohive.preprocessing._derived import identities_of
from sklearn_synthohive.preprocessing._identities import (
    Identity,
    find_identities,
    in_order,
)
from sklearn_synthohive.preprocessing._product_search import find_products
from sklearn_synthohive.preprocessing._product_terms import two_terms
from sklearn_synthohive.preprocessing._products import Product
from sklearn_synthohive.preprocessing._put import put_values

__all__ = ["Sums"]

# Rows whose amounts are read at a time.
MAX_ROWS = 200_000
# How often terms of given results are solved for.
ROUNDS = 8


class Sums:
    """What adds and multiplies up in a table, held in decoded rows.

    Parameters
    ----------
    transformer : DataTransformer
        Fitted on the table.
    items : list of Identity and Product
        By position of the modelled columns, in the order in which to compute them.
    """

    def __init__(self, transformer, items: list[Identity | Product]):
        self.transformer = transformer
        self.items = items

    @classmethod
    def fit(cls, transformer, X, barred=()) -> Sums:
        """Find the identities of a table.

        Parameters
        ----------
        transformer : DataTransformer
            Fitted on X.
        X : table
        barred : collection of int
            Columns that must not be computed.

        Returns
        -------
        Sums
        """
        frame = whole = transformer.modelled(X)
        if len(whole) > MAX_ROWS:
            # Sought on some rows, then checked on all.
            frame = whole.iloc[np.linspace(0, len(whole) - 1, MAX_ROWS).astype(int)]
        rulers = rulers_of(transformer)
        given = identities_of(transformer)
        barred = {*barred, *(item.target for item in given)}
        # Differences add up to their columns, and to nothing else.
        columns = [i for i in rulers if i < len(transformer.columns_)]
        amounts = [rulers[i].read(frame.iloc[:, i]) for i in columns]
        steps = [rulers[i].step for i in columns]
        out = [k for k, i in enumerate(columns) if i in barred]
        numbers = [k for k, i in enumerate(columns) if rulers[i].kind == "number"]
        found = find_identities(amounts, steps, out)
        items = [
            item.placed(columns)
            for item in find_products(amounts, steps, numbers, out, found)
        ]
        sums = cls(transformer, items)
        if frame is not whole:
            items = [item for item in items if sums._holds_on_all(item, whole)]
        sums.items = given
        for item in items:
            sums.items = in_order([*sums.items, item]) or sums.items
        return sums

    @classmethod
    def of_differences(cls, transformer) -> Sums:
        """What computes the columns whose differences are encoded, or own ones.

        Parameters
        ----------
        transformer : DataTransformer

        Returns
        -------
        Sums
        """
        items = identities_of(transformer)
        for item in transformer._ties.identities:
            items = in_order([*items, item]) or items
        return cls(transformer, items)

    @property
    def near(self) -> set[int]:
        """Columns that are computed from a difference."""
        return {item.target for item in identities_of(self.transformer)}

    @property
    def further_terms(self) -> set[int]:
        """Terms of what is no difference."""
        near = identities_of(self.transformer)
        return {i for item in self.items if item not in near for i in item.terms}

    def _holds_on_all(self, item, frame):
        rulers = rulers_of(self.transformer)
        blocks = range(0, len(frame), MAX_ROWS)
        return all(
            self._holding(item, frame.iloc[start : start + MAX_ROWS], rulers).all()
            for start in blocks
        )

    def hold(
        self, frame: pd.DataFrame, given=None, fixed=(), kept=None, *, clip=True
    ) -> pd.DataFrame:
        """Compute what follows from other columns.

        Results go onto the grid of their column and under its constraint, not into the
        range seen in fit: a sum may exceed the largest one seen, unless it is that of
        a column and a difference. Below the least, and below zero, a term makes room.

        Parameters
        ----------
        frame : DataFrame
            Decoded rows; changed.
        given : ndarray of shape (n_rows, n_columns), bool, optional
            Cells that stay. Where a result is given, a term is solved for, if one can
            take the value, or two terms of a product.
        fixed : collection of int
            Terms that are not solved for.
        kept : ndarray of shape (n_rows, n_columns), bool, optional
            Cells that are solved for last.
        clip : bool, default=True
            As in ``DataTransformer.decode``.

        Returns
        -------
        DataFrame
        """
        if not self.items or not len(frame):
            return frame
        if given is None:
            given = np.zeros(frame.shape, dtype=bool)
        asked = given[:, [item.target for item in self.items]].any(axis=1)
        # A term that is solved for may change another one, which follows from it.
        for turn in range(ROUNDS):
            still = given if turn or kept is None else given | kept
            self._hold(frame, still, fixed, clip, whole=not turn)
            if not asked.any() or self.holding(frame)[asked].all():
                break
        return frame

    def _hold(self, frame, given, fixed, clip, *, whole):
        rulers, still = rulers_of(self.transformer), given
        results = {item.target for item in self.items}
        if fixed:
            # What is computed is computed all the same.
            still = given.copy()
            still[:, [i for i in fixed if i not in results]] = True
        for item in reversed(self.items):
            rows = still[:, item.target] & ~self._holding(item, frame, rulers)
            if rows.any():
                out = self._written_out(item) if whole else item
                still = still | self._solve(out, frame, rulers, rows, still)
        for item in self.items:
            self._compute(item, frame, rulers, still, clip)

    def _compute(self, item, frame, rulers, given, clip):
        ruler, near = rulers[item.target], item.target in self.near
        amounts, step = self._amounts(item, frame, rulers), ruler.step
        rows = ~given[:, item.target] & ~np.isnan(amounts[item.target])
        result = item.result(amounts)
        if near and clip:
            result = np.clip(result, *ruler.ends)
        low = rows & (result < min(ruler.ends[0], 0.0) - step / 2)
        if step:
            # Of two numbers that are as near the one that was drawn stays.
            rows &= ~item.holds(amounts, step)
        self._put(item.target, result, frame, rulers, rows, clip)
        if low.any() and not near:
            self._make_room(item, frame, rulers, low, given, clip)

    def _make_room(self, item, frame, rulers, rows, given, clip):
        """The least result that fit saw, where a term can be so that it is."""
        before = frame.iloc[:, item.target]
        least = np.full(len(frame), rulers[item.target].ends[0])
        self._put(item.target, least, frame, rulers, rows, clip)
        # What else is computed from a term would not follow.
        tied = {i for o in self.items if o is not item for i in (o.target, *o.terms)}
        still = given.copy()
        still[:, list(tied)] = True
        lost = rows & ~self._solve(item, frame, rulers, rows, still).any(axis=1)
        frame.isetitem(item.target, frame.iloc[:, item.target].mask(lost, before))

    def _written_out(self, item):
        """A sum with what its terms are sums of in their place."""
        known = {o.target: o for o in self.items if isinstance(o, Identity)}
        if item not in known.values() or not set(item.terms) & set(known):
            return item
        factors = dict(zip(item.terms, item.factors, strict=True))
        constant = item.constant
        while inner := [i for i in factors if i in known]:
            factor, part = factors.pop(inner[0]), known[inner[0]]
            constant += factor * part.constant
            for term, own in zip(part.terms, part.factors, strict=True):
                factors[term] = factors.get(term, 0.0) + factor * own
        factors = {i: factor for i, factor in factors.items() if factor}
        values = tuple(factors.values())
        return Identity(item.target, tuple(factors), values, constant)

    def with_differences(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Decoded rows with the differences that their columns have.

        Parameters
        ----------
        frame : DataFrame
            Changed.

        Returns
        -------
        DataFrame
        """
        rulers = rulers_of(self.transformer)
        for item in identities_of(self.transformer):
            rows = ~self._holding(item, frame, rulers)
            if rows.any():
                solved = item.solved_for(item.terms[-1])
                result = solved.result(self._amounts(item, frame, rulers))
                self._put(solved.target, result, frame, rulers, rows, False)
        return frame

    def holding(self, frame: pd.DataFrame) -> np.ndarray:
        """Which rows keep all identities.

        Parameters
        ----------
        frame : DataFrame

        Returns
        -------
        ndarray of bool
        """
        rulers = rulers_of(self.transformer)
        out = np.ones(len(frame), dtype=bool)
        for item in self.items:
            out &= self._holding(item, frame, rulers)
        return out

    def texts(self, names) -> list[str]:
        """The identities, for people.

        Parameters
        ----------
        names : list of str
            Of the columns.

        Returns
        -------
        list of str
        """
        rulers, out = rulers_of(self.transformer), []
        near = self.near
        for item in self.items:
            if item.target in near:
                continue
            if isinstance(item, Product):
                out.append(item.text(names))
                continue
            parts = list(zip(item.factors, item.terms, strict=True))
            origin = rulers[item.target].origin
            constant = item.constant + origin
            constant -= sum(f * rulers[i].origin for f, i in parts)
            parts.sort(key=lambda part: part[0] < 0)
            text = "".join(_text(f, names[i]) for f, i in parts)
            if abs(constant) > 1e-9 * (1 + abs(origin)):
                text += f" {'-' if constant < 0 else '+'} {abs(constant):g}"
            out.append(f"{names[item.target]} = {text.removeprefix(' + ')}")
        return out

    def to_state(self) -> list[dict]:
        """Plain data, for a file."""
        return [dict(vars(item)) for item in self.items]

    @classmethod
    def from_state(cls, transformer, state: list[dict]) -> Sums:
        """Undo :meth:`to_state`."""
        items = [
            Product(**item) if "powers" in item else Identity(**item) for item in state
        ]
        return cls(transformer, items)

    @staticmethod
    def _amounts(item, frame, rulers):
        columns = (item.target, *item.terms)
        return {i: rulers[i].read(frame.iloc[:, i]) for i in columns}

    def _holding(self, item, frame, rulers):
        amounts = self._amounts(item, frame, rulers)
        return item.holds(amounts, rulers[item.target].step)

    def _put(self, i, result, frame, rulers, rows, clip):
        """Results in a column, in the rows where nothing is missing."""
        rows = rows & ~np.isnan(result)
        if not rows.any():
            return
        old, label = frame.iloc[:, i], frame.columns[i]
        values = rulers[i].write(np.where(rows, result, np.nan))
        dtype = getattr(values, "dtype", None)
        new = pd.Series(values, index=frame.index, dtype=dtype, name=label)
        new = old.where(~rows, new) if not rows.all() else new
        new = self.transformer._constrain(label, new, clip)
        frame.isetitem(i, new)

    def _solve(self, item, frame, rulers, rows, given):
        """Let a term follow from a given target; the cells that must stay now."""
        moved = np.zeros_like(given)
        results = {other.target for other in self.items}
        # The widest term can take most values; a result asks for terms of its own.
        terms = sorted(item.terms, key=lambda i: (i in results, -_width(rulers[i])))
        for term in terms:
            free = rows & ~given[:, term]
            if not free.any():
                continue
            solved = item.solved_for(term)
            before = frame.iloc[:, term]
            result = solved.result(self._amounts(item, frame, rulers))
            if term not in results:
                low, high = rulers[term].ends
                margin = rulers[term].step / 2
                free &= (result >= low - margin) & (result <= high + margin)
            self._put(term, result, frame, rulers, free, True)
            amounts = self._amounts(item, frame, rulers)
            # A term of zero that is divided by solves nothing.
            good = free & ~np.isnan(item.result(amounts))
            if item in self.items:
                # Else what is computed from the term makes up for its rounding.
                good &= item.holds(amounts, rulers[item.target].step)
            frame.isetitem(term, frame.iloc[:, term].where(good | ~free, before))
            moved[good, term] = True
            rows = rows & ~good
        if rows.any() and isinstance(item, Product):
            self._solve_two(item, frame, rulers, rows, given, moved)
        return moved

    def _solve_two(self, item, frame, rulers, rows, given, moved):
        """Let two terms follow from a given product."""
        at, results = np.flatnonzero(rows), {other.target for other in self.items}
        free = {i: ~given[at, i] & (i not in results) for i in item.terms}
        amounts = self._amounts(item, frame.iloc[at], rulers)
        for part, new in two_terms(item, amounts, rulers, free):
            for i, values in new.items():
                new = rulers[i].write(values)
                put_values(self.transformer, frame, i, at[part], new, True)
                moved[at[part], i] = True


def _text(factor, name):
    size = "" if abs(factor) == 1 else f"{abs(factor):g} * "
    return f" {'-' if factor < 0 else '+'} {size}{name}"


def _width(ruler):
    low, high = ruler.ends
    return high - low
