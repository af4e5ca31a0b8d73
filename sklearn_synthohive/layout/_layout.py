"""The spans of an encoded matrix, read from its names and checked with its values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.layout._grammar import (
    NAME,
    Span,
    make_span,
    parse_name,
    span_names,
)
from sklearn_synthohive.layout._table import CompactTable, code_dtype

__all__ = ["Layout"]


@dataclass(frozen=True)
class Layout:
    """The spans of an encoded matrix, in the order of its columns.

    Parameters
    ----------
    spans : tuple of Span

    Examples
    --------
    >>> layout = Layout.from_names(["age~value", "age~mode0", "age~mode1", "sex=F"])
    >>> [(s.column, s.kind, s.n_states) for s in layout.spans]
    [('age', 'continuous', 2), ('sex', 'discrete', 1)]
    """

    spans: tuple[Span, ...]

    @classmethod
    def of(cls, X: Any) -> Layout | None:
        """Read and check the layout of a frame.

        Parameters
        ----------
        X : object
            Anything; only frames with a ``columns`` attribute can be encoded.

        Returns
        -------
        Layout or None
            None when the names are not those of an encoded matrix.

        Raises
        ------
        SchemaError
            When every name parses but the blocks or the values do not fit.
        """
        names = getattr(X, "columns", None)
        if names is None or len(names) == 0:
            return None
        names = list(names)
        if not all(isinstance(n, str) and NAME.fullmatch(n) for n in names):
            return None
        layout = cls.from_names(names)
        try:
            values = np.asarray(X, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise SchemaError(
                f"The column names ({names[0]!r}, ...) are those of an encoded matrix "
                f"but the values are not numbers: {error}. Rename the columns of a raw "
                "table that happen to follow the grammar."
            ) from error
        if np.asarray(X).dtype.kind in "iub":
            raise SchemaError(
                f"The column names ({names[0]!r}, ...) are those of an encoded matrix, "
                "but the values are whole numbers, not floats. Rename the columns of a "
                "raw table; an encoded matrix stays as transform returned it."
            )
        layout.check(values)
        return layout

    @classmethod
    def from_names(cls, names: Iterable[str]) -> Layout:
        """Parse the feature names of an encoded matrix.

        Parameters
        ----------
        names : iterable of str

        Returns
        -------
        Layout

        Raises
        ------
        SchemaError
            When a name does not parse, or a block is not whole.
        """
        spans: list[Span] = []
        start = 0
        parsed = [parse_name(name) for name in names]
        while start < len(parsed):
            column = parsed[start][0]
            stop = start
            while stop < len(parsed) and parsed[stop][0] == column:
                stop += 1
            spans.append(make_span(column, start, [p[1] for p in parsed[start:stop]]))
            start = stop
        columns = [span.column for span in spans]
        repeated = {c for c in columns if columns.count(c) > 1}
        if repeated:
            raise SchemaError(
                f"The encoded columns of {sorted(repeated)} are not side by side."
            )
        return cls(tuple(spans))

    @cached_property
    def names(self) -> list[str]:
        """The feature names of the matrix."""
        return [name for span in self.spans for name in span_names(span)]

    @property
    def width(self) -> int:
        """Number of columns of the matrix."""
        return self.spans[-1].stop if self.spans else 0

    @cached_property
    def continuous(self) -> tuple[int, ...]:
        """Indices of the spans that have a scalar."""
        return tuple(i for i, s in enumerate(self.spans) if s.kind == "continuous")

    def span_of(self, column: str) -> Span:
        """The span of a table's column.

        Parameters
        ----------
        column : str

        Returns
        -------
        Span

        Raises
        ------
        SchemaError
            When there is no such column.
        """
        for span in self.spans:
            if span.column == column:
                return span
        raise SchemaError(
            f"No column {column!r}; there are {[s.column for s in self.spans]}."
        )

    def check(self, values: np.ndarray) -> None:
        """Check that values fit the layout.

        Parameters
        ----------
        values : ndarray of shape (n_rows, width)

        Raises
        ------
        SchemaError
            On a wrong width, non-finite numbers, a one-hot block whose rows do not
            sum to one, or a code out of range.
        """
        if values.ndim != 2 or values.shape[1] != self.width:
            raise SchemaError(
                f"Expected a matrix of {self.width} encoded columns, got shape "
                f"{values.shape}."
            )
        for span in self.spans:
            block = values[:, span.start : span.stop]
            if not np.isfinite(block).all():
                raise SchemaError(
                    f"The encoded columns of {span.column!r} hold NaN or infinity."
                )
            if span.kind == "code":
                wrong = (block < 0) | (block >= span.n_states) | (block % 1 != 0)
                if wrong.any():
                    raise SchemaError(
                        f"The codes of {span.column!r} must be integers in "
                        f"[0, {span.n_states})."
                    )
                continue
            states = values[:, span.first_state : span.stop]
            whole = np.abs(states.sum(axis=1) - 1) < 1e-3
            if not whole.all() or (states < -1e-3).any():
                raise SchemaError(
                    f"The one-hot columns of {span.column!r} do not sum to one in "
                    f"{int((~whole).sum())} rows: the matrix was scaled, a block was "
                    "cut, or a raw table has such column names (then rename them)."
                )

    def compress(self, values: np.ndarray) -> CompactTable:
        """One code per span, one scalar per continuous span.

        Parameters
        ----------
        values : ndarray of shape (n_rows, width)
            One-hot blocks may be soft: their largest entry is taken.

        Returns
        -------
        CompactTable
        """
        values = np.asarray(values)
        largest = max((s.n_states for s in self.spans), default=1)
        codes = np.empty((len(values), len(self.spans)), dtype=code_dtype(largest))
        scalars = np.zeros((len(values), len(self.continuous)), dtype=np.float32)
        k = 0
        for i, span in enumerate(self.spans):
            if span.kind == "code":
                column = np.rint(values[:, span.start])
                codes[:, i] = np.clip(column, 0, span.n_states - 1)
                continue
            codes[:, i] = values[:, span.first_state : span.stop].argmax(axis=1)
            if span.kind == "continuous":
                has_value = span.has_value[codes[:, i]]
                scalars[:, k] = np.where(has_value, values[:, span.start], 0.0)
                k += 1
        return CompactTable(codes, scalars)

    def expand(self, table: CompactTable) -> np.ndarray:
        """Undo :meth:`compress`.

        Parameters
        ----------
        table : CompactTable

        Returns
        -------
        ndarray of shape (n_rows, width), float32
        """
        n = len(table)
        out = np.zeros((n, self.width), dtype=np.float32)
        rows = np.arange(n)
        k = 0
        for i, span in enumerate(self.spans):
            codes = table.codes[:, i].astype(np.intp)
            if span.kind == "code":
                out[:, span.start] = codes
                continue
            out[rows, span.first_state + codes] = 1.0
            if span.kind == "continuous":
                out[:, span.start] = table.scalars[:, k]
                k += 1
        return out
