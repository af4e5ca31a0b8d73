"""One column of categories as an integer state, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_object_dtype

from sklearn_synthohive.layout import MAX_CODES, State
from sklearn_synthohive.preprocessing._kinds import (
    check_same_kind,
    column_error,
    kind_of,
    missing,
)
from sklearn_synthohive.preprocessing._native import HOLES, hole_of

__all__ = ["OTHER", "CategoryColumn"]

# What rare levels of text are merged into, and come back as.
OTHER = "other"


@dataclass(frozen=True)
class CategoryColumn:
    """The fitted encoding of one column: its levels, then missing.

    Attributes
    ----------
    kind : str
        What the levels are.
    dtype : dtype
        Of the column.
    levels : Index
        The levels seen, sorted where they have an order.
    has_missing : bool
        Whether missing is a state.
    holds_missing : bool
        Whether fit saw a missing value, so that the dtype can hold one.
    hole : str
        What an object column holds where a value is missing.
    is_code : bool
        Whether the encoded column is the integer code rather than a one-hot block.
    to_missing : bool
        Whether levels never seen become missing rather than an error.
    to_other : bool
        Whether levels that are no states, rare ones or never seen, become ``OTHER``.
    n_single : int
        Levels of a single row that are kept; not in a saved state.
    """

    kind: str
    dtype: Any
    levels: pd.Index
    has_missing: bool
    holds_missing: bool
    hole: str
    is_code: bool
    to_missing: bool
    to_other: bool = False
    n_single: int = 0

    @classmethod
    def fit(cls, series, embedding_threshold, to_missing, least=1, merge=True):
        """Find the levels of a column.

        Parameters
        ----------
        series : Series
        embedding_threshold : int
            Columns with more levels become codes.
        to_missing : bool
        least : int
            Levels of fewer rows are merged or become missing.
        merge : bool
            Whether rare levels of text become ``OTHER``.

        Returns
        -------
        CategoryColumn
        """
        kind = kind_of(series)
        gaps = missing(series)
        holds_missing = bool(gaps.any())
        levels, counts = _find_levels(series)
        _check_unicode(series.name, kind, levels)
        dtype, rare = series.dtype, counts < least
        n_single = int((counts == 1).sum()) if least <= 1 else 0
        to_other = bool(rare.any()) and merge and _has_others(kind, dtype)
        if rare.any():
            dtype, levels = _without(dtype, levels, rare, to_other)
            to_missing = to_missing or not to_other
        n_states = len(levels) + (holds_missing or to_missing)
        if n_states > MAX_CODES:
            raise column_error(
                series.name,
                f"has {n_states} levels; {MAX_CODES} are the limit. Drop it: it tells "
                "rows apart rather than describing them.",
            )
        return cls(
            kind,
            dtype,
            levels,
            holds_missing or to_missing,
            holds_missing,
            hole_of(series, gaps),
            len(levels) > embedding_threshold,
            to_missing,
            to_other,
            n_single,
        )

    @property
    def n_modes(self):
        """No state has a scalar."""
        return 0

    @property
    def n_states(self):
        """Number of levels, and missing."""
        return len(self.levels) + self.has_missing

    @property
    def states(self):
        """The states, as the layout names them."""
        levels = [State("level", text) for text in self.texts()]
        return (*levels, *[State("missing")] * self.has_missing)

    def texts(self):
        """One text a level, distinct."""
        texts = [str(v) for v in self.levels.astype(object)]
        if len(set(texts)) < len(texts):
            texts = [repr(v) for v in self.levels.astype(object)]
        return texts

    def encode(self, series):
        """State of each row.

        Parameters
        ----------
        series : Series

        Returns
        -------
        codes : ndarray of intp
        scalars : None

        Raises
        ------
        ValueError
            For another kind of column, or a level or missing value that fit never saw.
        """
        check_same_kind(series.name, self.kind, kind_of(series), series.dtype)
        codes, found = _factorise(series)
        place = self._places(found)
        # Categories that no row has are no reason to refuse the column.
        unseen = (place < 0) & np.isin(np.arange(len(found)), codes)
        if unseen.any() and not self.to_missing:
            names = [repr(v) for v in found[unseen][:5].astype(object)]
            more = ", ..." if unseen.sum() > 5 else ""
            raise column_error(
                series.name,
                f"holds {int(unseen.sum())} levels that fit never saw: "
                f"{', '.join(names)}{more}. Fit on rows that show them, or set "
                "handle_unknown='missing'.",
            )
        if (codes < 0).any() and not self.has_missing:
            raise column_error(
                series.name,
                f"is missing in {int((codes < 0).sum())} rows, but never was in fit; "
                "fill them, or fit on rows that show missing values.",
            )
        place[place < 0] = len(self.levels)
        # The last entry is the state of the code -1.
        return np.append(place, len(self.levels)).astype(np.intp)[codes], None

    def nearest(self, series, side=0):
        """The values that are levels; missing for the others.

        Parameters
        ----------
        series : Series
        side : ignored
            As in ``ContinuousColumn``.

        Returns
        -------
        Series
        """
        codes, found = _factorise(series)
        known = self.levels.get_indexer(_comparable(found, self.levels)) >= 0
        return series.where(np.append(known, False)[codes])

    def _places(self, found):
        """The state of each distinct value; -1 for what is none."""
        place = self.levels.get_indexer(_comparable(found, self.levels))
        if self.to_other:
            place[place < 0] = self.levels.get_loc(OTHER)
        return place

    def line(self):
        """None: levels lie on no line."""
        return

    def values_of(self):
        """The levels, and that they are no range."""
        return self.levels, False

    def decode(self, codes, scalars=None, *, clip=True):
        """Levels of states.

        Parameters
        ----------
        codes : ndarray of int
        scalars, clip : ignored
            As in ``ContinuousColumn``.

        Returns
        -------
        array-like of the column's dtype
        """
        codes = np.asarray(codes, dtype=np.intp)
        gaps = codes >= len(self.levels)
        if isinstance(self.dtype, pd.CategoricalDtype):
            place = self.dtype.categories.get_indexer(self.levels)
            place = np.append(place, -1)[np.minimum(codes, len(self.levels))]
            return pd.Categorical.from_codes(place, dtype=self.dtype)
        if not gaps.any():
            return self.levels.array.take(codes)
        if is_object_dtype(self.dtype):
            table = np.append(self.levels.to_numpy(dtype=object), None)
            table[-1] = HOLES[self.hole]
            return table[np.minimum(codes, len(self.levels))]
        values = self.levels.array
        if not self.holds_missing and self.dtype.kind in "biu":
            values = pd.array(values, dtype=_nullable(self.dtype))
        return values.take(np.where(gaps, -1, codes), allow_fill=True)


def _check_unicode(name, kind, levels):
    """Refuse half characters, which no file format of tables can hold."""
    if kind != "string":
        return
    for level in levels:
        try:
            level.encode()
        except UnicodeEncodeError:
            raise column_error(
                name,
                f"holds text that is not Unicode ({level[:40]!a}): half of a surrogate "
                "pair. Read the file with the right encoding, or mend it by "
                "series.map(lambda s: s.encode('utf8', 'replace').decode()).",
            ) from None


def _nullable(dtype):
    """The nullable dtype of a bool or integer one that cannot hold missing values."""
    if dtype.kind == "b":
        return "boolean"
    return f"{'U' if dtype.kind == 'u' else ''}Int{8 * dtype.itemsize}"


def _factorise(series):
    """Codes (-1 where missing) and distinct values, as an Index."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return series.cat.codes.to_numpy(dtype=np.intp), series.cat.categories
    plain = isinstance(series.dtype, np.dtype)
    codes, values = pd.factorize(series.to_numpy() if plain else series.array)
    return codes, pd.Index(values, dtype=series.dtype)


def _find_levels(series):
    """The levels that occur, and their rows."""
    codes, values = _factorise(series)
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    if isinstance(series.dtype, pd.CategoricalDtype):
        return values[counts > 0], counts[counts > 0]
    if not len(values):
        return values, counts
    order = values.argsort()
    return values[order], counts[order]


def _has_others(kind, dtype):
    """Whether a level of its own can stand for rare ones: they are names, unordered."""
    ordered = isinstance(dtype, pd.CategoricalDtype) and dtype.ordered
    return kind == "string" and not ordered


def _without(dtype, levels, rare, to_other):
    """A dtype and levels without the rare ones, which it must not tell either."""
    gone, kept = levels[rare], levels[~rare]
    other = [OTHER] if to_other and OTHER not in kept else []
    if isinstance(dtype, pd.CategoricalDtype):
        categories = dtype.categories
        categories = categories[~categories.isin(gone)]
        more = [OTHER] if to_other and OTHER not in categories else []
        categories = categories.append(pd.Index(more, dtype=categories.dtype))
        dtype = pd.CategoricalDtype(categories, ordered=dtype.ordered)
    kept = kept.append(pd.Index(other, dtype=kept.dtype)) if other else kept
    return dtype, kept


def _comparable(found, levels):
    """Distinct values in a form that an index of levels can look up."""
    if found.dtype == levels.dtype:
        return found
    return pd.Index(found.astype(object), dtype=object)
