"""How column names describe the encoded matrix, and what is compact about it.

The names of an encoded matrix follow a reversible grammar, so that the layout
survives every tool that keeps column names::

    age~value            scalar of a continuous column, relative to its mode
    age~mode0            one-hot: component 0 of the mixture
    age~atom[40]         one-hot: exactly the value 40
    age~missing          one-hot: missing
    city=NY              one-hot: the level "NY"
    tail~code[4044]      an integer code below 4044, for an entity embedding

The characters ``~ = [ ] \\`` of a user's own names are escaped by a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from sklearn_synthohive.exceptions import SchemaError

__all__ = ["CompactTable", "Layout", "Span", "State", "escape", "unescape"]

_TEXT = r"(?:[^~=\[\]\\]|\\.)*"
_NAME = re.compile(
    rf"(?P<column>{_TEXT})"
    rf"(?:~(?P<value>value)|~mode(?P<mode>\d+)|~atom\[(?P<atom>{_TEXT})\]"
    rf"|~(?P<missing>missing)|~code\[(?P<code>\d+)\]|=(?P<level>{_TEXT}))",
    re.DOTALL,
)
# float32 holds every integer below 2**24 exactly, so larger codes would collide.
MAX_CODES = 2**24


def escape(text: str) -> str:
    """Escape the characters that the grammar of feature names uses.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> escape("a=b")
    'a\\\\=b'
    """
    return re.sub(r"([~=\[\]\\])", r"\\\1", text)


def unescape(text: str) -> str:
    """Undo :func:`escape`.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> unescape(escape("a=[b]")) == "a=[b]"
    True
    """
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


class State(NamedTuple):
    """One value of a span's discrete part: its kind and its text."""

    kind: Literal["mode", "atom", "level", "missing", "code"]
    text: str = ""


@dataclass(frozen=True)
class Span:
    """The columns of the encoded matrix that belong to one column of the table.

    Attributes
    ----------
    column : str
        Name of the table's column.
    kind : {"continuous", "discrete", "code"}
        A scalar and its one-hot state; a one-hot state; an integer code.
    start, stop : int
        The columns of the matrix, half open.
    states : tuple of State
        One entry per one-hot column; empty for a code.
    n_states : int
        Number of discrete states, that is of levels for a code.
    """

    column: str
    kind: Literal["continuous", "discrete", "code"]
    start: int
    stop: int
    states: tuple[State, ...]
    n_states: int

    @property
    def first_state(self) -> int:
        """Matrix column of the first one-hot state (or of the code)."""
        return self.start + (self.kind == "continuous")

    @cached_property
    def has_value(self) -> np.ndarray:
        """Boolean mask over the states: those that a scalar goes with."""
        return np.array([s.kind == "mode" for s in self.states], dtype=bool)


@dataclass(frozen=True)
class CompactTable:
    """An encoded matrix as one code per span and one scalar per continuous span.

    Attributes
    ----------
    codes : ndarray of shape (n_rows, n_spans), uint8, int16 or int32
        The state of each span.
    scalars : ndarray of shape (n_rows, n_continuous), float32
        The scalars of the continuous spans, in the order of the spans; zero where
        the state has none.
    """

    codes: np.ndarray
    scalars: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: np.ndarray) -> CompactTable:
        """The given rows, as a new table."""
        return CompactTable(self.codes[rows], self.scalars[rows])


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
        if not all(isinstance(n, str) and _NAME.fullmatch(n) for n in names):
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
        parsed = [_parse(name) for name in names]
        while start < len(parsed):
            column = parsed[start][0]
            stop = start
            while stop < len(parsed) and parsed[stop][0] == column:
                stop += 1
            spans.append(_make_span(column, start, [p[1] for p in parsed[start:stop]]))
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
        out = []
        for span in self.spans:
            column = escape(span.column)
            if span.kind == "code":
                out.append(f"{column}~code[{span.n_states}]")
                continue
            if span.kind == "continuous":
                out.append(f"{column}~value")
            out.extend(column + _STATE_TEXT[s.kind](s.text) for s in span.states)
        return out

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


_STATE_TEXT = {
    "mode": lambda text: f"~mode{text}",
    "atom": lambda text: f"~atom[{escape(text)}]",
    "level": lambda text: f"={escape(text)}",
    "missing": lambda text: "~missing",
}


def code_dtype(n_states: int) -> np.dtype:
    """The smallest integer type, of those that torch indexes with, for the codes.

    Parameters
    ----------
    n_states : int

    Returns
    -------
    numpy.dtype
    """
    if n_states <= 2**8:
        return np.dtype(np.uint8)
    return np.dtype(np.int16 if n_states <= 2**15 else np.int32)


def _parse(name: str) -> tuple[str, State]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise SchemaError(f"{name!r} is not the name of an encoded column.")
    column = unescape(match["column"])
    if match["value"]:
        return column, State("mode", "value")
    if match["missing"]:
        return column, State("missing")
    kind: Literal["mode", "code"]
    for kind in ("mode", "code"):
        if match[kind] is not None:
            return column, State(kind, match[kind])
    if match["atom"] is not None:
        return column, State("atom", unescape(match["atom"]))
    return column, State("level", unescape(match["level"]))


def _make_span(column: str, start: int, states: Sequence[State]) -> Span:
    stop = start + len(states)
    if states[0].kind == "code":
        n_states = int(states[0].text)
        if len(states) > 1 or not 0 < n_states <= MAX_CODES:
            raise SchemaError(
                f"{column!r} is encoded twice, or has no or too many codes."
            )
        return Span(column, "code", start, stop, (), n_states)
    value = State("mode", "value")
    continuous = states[0] == value
    states = states[continuous:]
    modes = [s for s in states if s.kind == "mode"]
    wanted = [State("mode", str(i)) for i in range(len(modes))]
    if (
        value in states
        or len(set(states)) < len(states)
        or any(s.kind == "code" for s in states)
        or bool(modes) != continuous
        or modes != wanted
    ):
        raise SchemaError(
            f"The encoded columns of {column!r} are not whole: a part of the block was "
            "dropped, repeated or moved."
        )
    kind: Literal["continuous", "discrete"] = "continuous" if continuous else "discrete"
    return Span(column, kind, start, stop, tuple(states), len(states))
