"""Names of encoded columns, written and parsed by the grammar of the package."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from sklearn_synthohive.exceptions import SchemaError

__all__ = [
    "Span",
    "State",
    "escape",
    "make_span",
    "parse_name",
    "span_names",
    "unescape",
]

_TEXT = r"(?:[^~=\[\]\\]|\\.)*"
NAME = re.compile(
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


_STATE_TEXT = {
    "mode": lambda text: f"~mode{text}",
    "atom": lambda text: f"~atom[{escape(text)}]",
    "level": lambda text: f"={escape(text)}",
    "missing": lambda text: "~missing",
}


def span_names(span: Span) -> list[str]:
    """The names of a span's columns.

    Parameters
    ----------
    span : Span

    Returns
    -------
    list of str
    """
    column = escape(span.column)
    if span.kind == "code":
        return [f"{column}~code[{span.n_states}]"]
    value = [f"{column}~value"] if span.kind == "continuous" else []
    return value + [column + _STATE_TEXT[s.kind](s.text) for s in span.states]


def parse_name(name: str) -> tuple[str, State]:
    """The table's column of a name, and what the name says of it.

    Parameters
    ----------
    name : str

    Returns
    -------
    column : str
    state : State
        Of kind "code" with the number of codes, or "mode" with the text "value".

    Raises
    ------
    SchemaError
    """
    match = NAME.fullmatch(name)
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


def make_span(column: str, start: int, states: Sequence[State]) -> Span:
    """The span of adjacent columns, checked to be whole.

    Parameters
    ----------
    column : str
    start : int
    states : sequence of State
        As :func:`parse_name` returns them.

    Returns
    -------
    Span

    Raises
    ------
    SchemaError
    """
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
