"""Columns that a table has not, encoded behind its own: differences, parts of dates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sklearn_synthohive.preprocessing._amounts import Ruler, rulers_of
from sklearn_synthohive.preprocessing._calendar_search import CalendarPart
from sklearn_synthohive.preprocessing._differences import (
    Difference,
    find_differences,
    identity_of,
    read_difference,
)
from sklearn_synthohive.preprocessing._identities import Identity
from sklearn_synthohive.preprocessing._kinds import check_same_kind, kind_of
from sklearn_synthohive.preprocessing._seasons import (
    VALUES,
    DatePart,
    find_parts,
    read_part,
)

__all__ = [
    "Ties",
    "calendar_of",
    "derived_from_plain",
    "derived_names",
    "derived_to_plain",
    "find_derived",
    "identities_of",
    "with_derived",
]


@dataclass(frozen=True)
class Ties:
    """What own columns tell of close ones and of dates, where no rules are held.

    Attributes
    ----------
    identities : tuple of Identity
    parts : tuple of CalendarPart
    """

    identities: tuple[Identity, ...] = ()
    parts: tuple[CalendarPart, ...] = ()

    def to_plain(self) -> dict:
        """Plain data, for a file."""
        return {k: [dict(vars(item)) for item in v] for k, v in vars(self).items()}

    @classmethod
    def from_plain(cls, plain: dict) -> Ties:
        """Undo :meth:`to_plain`."""
        return cls(
            tuple(Identity(**item) for item in plain.get("identities", [])),
            tuple(CalendarPart.from_plain(item) for item in plain.get("parts", [])),
        )


def find_derived(transformer, frame: pd.DataFrame) -> tuple[tuple, Ties]:
    """The columns worth deriving from a table.

    Parameters
    ----------
    transformer : DataTransformer
        Whose encodings are those of the frame's columns.
    frame : DataFrame

    Returns
    -------
    derived : tuple of Difference and DatePart
    ties : Ties
        What the table's own columns tell in their place.
    """
    differences, identities = find_differences(transformer, frame)
    computed = {item.target for item in (*differences, *identities)}
    parts, told = find_parts(frame, computed, transformer.min_count_)
    return (*differences, *parts), Ties(tuple(identities), tuple(told))


def derived_names(names, derived) -> list[str]:
    """Names of derived columns, unlike those of the table.

    Parameters
    ----------
    names : list of str
        Of the table's own columns.
    derived : sequence of Difference or DatePart

    Returns
    -------
    list of str
    """
    taken = list(names)
    for item in derived:
        if isinstance(item, Difference):
            name = f"{names[item.target]} - {names[item.base]}"
        else:
            name = f"{item.part} of {names[item.source]}"
        while name in taken:
            name += "'"
        taken.append(name)
    return taken[len(names) :]


def with_derived(transformer, frame: pd.DataFrame) -> pd.DataFrame:
    """A table's own columns and, behind them, the derived ones.

    Parameters
    ----------
    transformer : DataTransformer
    frame : DataFrame

    Returns
    -------
    DataFrame
        The derived columns as float64, NaN where what they derive from is missing.
    """
    derived = transformer._derived
    if not derived:
        return frame
    rulers, columns = {}, {}
    for i in sorted({i for item in derived for i in item.columns}):
        encoding, series = transformer._encodings[i], frame.iloc[:, i]
        kind = kind_of(series)
        check_same_kind(series.name, encoding.kind, kind, series.dtype)
        rulers[i] = Ruler.of(encoding.axis, encoding.kind)
        # Whatever dtype it has, an empty column is missing.
        columns[i] = None if kind == "empty" else series
    parts = [frame]
    for item in derived:
        values = np.full(len(frame), np.nan)
        if isinstance(item, DatePart):
            if columns[item.source] is not None:
                values = read_part(columns[item.source], item.part)
        elif columns[item.target] is not None and columns[item.base] is not None:
            values = read_difference(rulers, item, columns)
        parts.append(pd.Series(values, index=frame.index))
    names = [*frame.columns, *transformer._names[frame.shape[1] :]]
    return pd.concat(parts, axis=1).set_axis(pd.Index(names, dtype=object), axis=1)


def identities_of(transformer) -> list[Identity]:
    """What computes the columns whose differences are known.

    Parameters
    ----------
    transformer : DataTransformer

    Returns
    -------
    list of Identity
    """
    rulers = rulers_of(transformer)
    return [
        identity_of(rulers, item, at)
        for at, item in enumerate(transformer._derived, len(transformer.columns_))
        if isinstance(item, Difference)
    ]


def calendar_of(transformer) -> list[CalendarPart]:
    """What dates whose parts are known must agree with.

    Parameters
    ----------
    transformer : DataTransformer

    Returns
    -------
    list of CalendarPart
    """
    out = []
    for at, item in enumerate(transformer._derived, len(transformer.columns_)):
        if isinstance(item, DatePart):
            keys = VALUES[item.part]
            out.append(CalendarPart(item.source, at, item.part, None, keys, keys))
    return out


def derived_to_plain(derived) -> list[dict]:
    """Derived columns as plain data."""
    return [dict(vars(item)) for item in derived]


def derived_from_plain(plain) -> tuple:
    """Undo :func:`derived_to_plain`."""
    return tuple(
        DatePart(**item) if "part" in item else Difference(**item) for item in plain
    )
