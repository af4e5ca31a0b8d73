"""What a column holds, as far as keys and kinds depend on it."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property

import numpy as np
import pandas as pd

from sklearn_synthohive.metadata._keys import key_kind, plain_values
from sklearn_synthohive.metadata._names import TEXT_WORDS, tokens

__all__ = ["ColumnProfile", "profile"]

N_LOOKED_AT = 1_000
MAX_LEVELS = 50
ROWS_A_LEVEL = 5
_ISO_DATE = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?.*)?"


class ColumnProfile:
    """A column, with what keys and kinds depend on counted once.

    Parameters
    ----------
    name : hashable
    column : Series

    Attributes
    ----------
    n_rows, n_distinct, n_missing : int
    distinct : Index
        The distinct values, missing ones left out.
    holds : {"integers", "numbers", "texts", "dates", "booleans", "nothing", "other"}
    """

    def __init__(self, name: Hashable, column: pd.Series) -> None:
        self.name = name
        self.n_rows = len(column)
        try:
            self.distinct = plain_values(column.drop_duplicates().dropna()).unique()
        except TypeError:
            # Lists and the like are not hashable: no key, and no kind either.
            self.distinct = pd.Index([], dtype=object)
        self.n_distinct = len(self.distinct)
        self.n_missing = int(column.isna().sum())
        self.holds = self._read(column)

    def _read(self, column: pd.Series) -> str:
        kind = key_kind(column)
        if kind == "numbers":
            values = self.distinct
            if values.dtype.kind in "iu":
                return "integers"
            whole = values.dtype.kind == "f" and bool(np.all(values % 1 == 0))
            return "integers" if whole else "numbers"
        if kind == "text":
            looked_at = self.distinct[:N_LOOKED_AT].to_series()
            if looked_at.str.fullmatch(_ISO_DATE).astype(bool).all():
                return "dates"
            return "texts"
        if kind.startswith("dates"):
            return "dates"
        if kind in {"booleans", "nothing"}:
            return kind
        return "other"

    @property
    def is_unique(self) -> bool:
        """Whether no value is missing or repeated."""
        return self.n_missing == 0 and self.n_distinct == self.n_rows

    @cached_property
    def lengths(self) -> np.ndarray:
        """Lengths of some distinct texts."""
        looked_at = self.distinct[:N_LOOKED_AT].to_series()
        return looked_at.str.len().to_numpy(dtype=float)

    @cached_property
    def is_prose(self) -> bool:
        """Whether the values read like names or sentences, not like codes."""
        if self.holds != "texts":
            return False
        looked_at = self.distinct[:N_LOOKED_AT].to_series()
        spaced = looked_at.str.contains(r"[ @]", regex=True).astype(bool).mean()
        named = tokens(self.name)[-1:] and tokens(self.name)[-1] in TEXT_WORDS
        return bool(spaced > 0.2 or named or self.lengths.mean() > 40)

    @property
    def kind(self) -> tuple[str, str]:
        """The kind of a column that is no key, and why."""
        rows, levels = f"{self.n_rows:,} rows", f"{self.n_distinct:,} values"
        if self.holds == "nothing":
            return "empty", "every value is missing"
        if self.n_distinct == 1 and not self.n_missing:
            return "constant", "one value"
        if self.holds == "other":
            return "other", "values of mixed or unknown types"
        if self.holds in {"booleans", "dates"} or self.n_distinct == 2:
            return {"dates": "date"}.get(self.holds, "binary"), levels
        if self.holds in {"integers", "numbers"}:
            return "number", levels
        if (
            self.n_distinct > MAX_LEVELS
            and self.n_distinct * ROWS_A_LEVEL > self.n_rows
        ):
            return "text", f"{levels} in {rows}: it names a row, or is free text"
        return "category", levels

    @property
    def describes(self) -> bool:
        """Whether rows of other tables can depend on it."""
        return self.kind[0] in {"binary", "category", "number", "date"}

    def share_in(self, other: ColumnProfile) -> float:
        """The share of its distinct values that another column has too."""
        if not self.n_distinct or not comparable(self, other):
            return 0.0
        return float(np.mean(other.distinct.get_indexer(self.distinct) >= 0))


def comparable(first: ColumnProfile, second: ColumnProfile) -> bool:
    """Whether values of two columns can be equal."""
    kinds = {first.holds, second.holds}
    if kinds == {"dates"}:
        return first.distinct.dtype == second.distinct.dtype
    return len(kinds) == 1 and not kinds & {"nothing", "other", "booleans"}


def profile(frame: pd.DataFrame) -> dict[Hashable, ColumnProfile]:
    """The profile of each column."""
    return {column: ColumnProfile(column, frame[column]) for column in frame.columns}
