"""The table as a generator meets it: raw rows or an encoded matrix, both compact."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pandas as pd
from sklearn.base import clone

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.layout import CompactTable, Layout
from sklearn_synthohive.preprocessing import Copies, DataTransformer, Rules
from sklearn_synthohive.preprocessing._derived import identities_of
from sklearn_synthohive.preprocessing._rare import count_of
from sklearn_synthohive.preprocessing._seasons import DatePart

__all__ = ["EncodedCodec", "RawCodec", "fit_codec"]


class RawCodec:
    """Raw rows, through a fitted DataTransformer.

    Parameters
    ----------
    transformer : DataTransformer
    rules : Rules, optional
        What generated rows must keep.
    copies : Copies, optional
        Cells that repeat other columns.
    """

    kind = "raw"

    def __init__(
        self,
        transformer: DataTransformer,
        rules: Rules | None = None,
        copies: Copies | None = None,
    ):
        self.transformer = transformer
        self.copies = copies or Copies(transformer, [])
        rules = rules or Rules.of_encoding(transformer)
        self.rules = rules.under(self.layout)

    @property
    def layout(self) -> Layout:
        return self.copies.layout

    @property
    def least(self) -> int:
        """Training rows that whatever is kept of a value must stand for."""
        return self.transformer.min_count_

    @property
    def texts(self) -> list[str]:
        """What the rows keep, for people."""
        return self.rules.texts + self.copies.texts

    @property
    def differences(self) -> list[tuple[int, int]]:
        """Columns that are computed, each with that of its difference."""
        items = identities_of(self.transformer)
        return [(item.target, item.terms[-1]) for item in items]

    @property
    def log_gains(self) -> dict[int, float]:
        """Columns that make others likelier than a network knows, and by how much."""
        first = len(self.transformer.columns_)
        return {
            i: item.log_gain
            for i, item in enumerate(self.transformer._derived, first)
            if isinstance(item, DatePart)
        }

    @property
    def features(self) -> tuple[int, list[str] | None]:
        """Number and names of the columns that fit saw."""
        names = getattr(self.transformer, "feature_names_in_", None)
        names = None if names is None else [str(name) for name in names]
        return int(self.transformer.n_features_in_), names

    def encode(self, X) -> CompactTable:
        """Codes and scalars of raw rows."""
        return self.copies.mark(self.transformer.encode(X), X)

    def encode_cells(self, X) -> CompactTable:
        """As :meth:`encode`, of decoded rows, each cell by itself: none is a repeat."""
        return self.copies.mark(self.transformer.encode(self.transformer.own(X)))

    def to_score(self, X) -> pd.DataFrame:
        """Rows to compare with decoded ones; levels and gaps may be new.

        A column that is all missing takes fit's dtype, so that it is read as one of
        its kind.
        """
        frame = self.transformer.modelled(X)
        codes = np.zeros((1, len(self.layout.spans)), dtype=np.uint8)
        scalars = np.zeros((1, len(self.layout.continuous)), dtype=np.float32)
        example = self.decode(CompactTable(codes, scalars)).iloc[:0]
        for i, column in enumerate(frame):
            if frame[column].isna().all():
                empty = example[column].reindex(frame.index)
                frame.isetitem(i, empty)
        return self.transformer.own(frame)

    def decode(self, table: CompactTable, *, clip: bool = True) -> pd.DataFrame:
        """Raw rows again, as a pandas frame in which the identities hold."""
        frame = self.decode_cells(table, clip=clip)
        return self.add_up(frame, table.codes, clip=clip)

    def decode_cells(self, table: CompactTable, *, clip: bool = True) -> pd.DataFrame:
        """As :meth:`decode`, before identities are put in place."""
        plain = self.copies.unmark(table)
        frame = self.transformer.decode_pandas(plain, clip=clip)
        return self.copies.put(frame, table.codes, clip=clip)

    def add_up(self, frame, codes, given=None, *, clip: bool = True) -> pd.DataFrame:
        """Decoded cells that keep the rules, and what repeats a sum repeats it.

        A repeat that cannot be in order is none.

        Parameters
        ----------
        frame : DataFrame
            Changed.
        codes : ndarray of shape (n_rows, n_spans)
        given : ndarray of shape (n_rows, n_columns), bool, optional
            Cells that stay.
        clip : bool, default=True
        """
        repeats = self.copies.repeats(codes)
        frame = self.rules.add_up(frame, given, repeats, clip=clip)
        if not self.copies.sources:
            return frame
        frame = self.copies.put(frame, codes, clip=clip)
        if not self.rules.ordered:
            return self.rules.tell(frame, given, clip=clip)
        # What is repeated may have moved.
        for keeps in (True, False):
            wrong = ~self.rules.orders.holding(frame)
            if not wrong.any():
                break
            part = frame[wrong].copy()
            own = None if given is None else given[wrong]
            if keeps:
                part = self.rules.add_up(part, own, repeats[wrong], clip=clip)
                part = self.copies.put(part, codes[wrong], clip=clip)
            else:
                part = self.rules.add_up(part, own, clip=clip)
            frame = pd.concat([frame[~wrong], part]).loc[frame.index]
        return self.rules.tell(frame, given, clip=clip)

    def line(self, i: int):
        """Where the modes and spikes of the i-th span lie; None for categories."""
        return self.transformer._encodings[i].line()

    def to_container(self, frame: pd.DataFrame):
        """Decoded rows in the container that fit saw: a polars frame, say."""
        return self.transformer.to_container(frame)

    def to_state(self) -> dict:
        """Plain data, for a file."""
        return {
            "kind": self.kind,
            "transformer": self.transformer.to_state(),
            "rules": self.rules.to_state(),
            "copies": self.copies.to_state(),
        }


class EncodedCodec:
    """An encoded matrix, whose names carry the layout.

    Parameters
    ----------
    layout : Layout
    rules : Rules, optional
        What generated rows must keep.
    least : int, default=1
        Training rows that whatever is kept of a value must stand for.
    """

    kind = "encoded"
    transformer = None
    differences: tuple[tuple[int, int], ...] = ()
    log_gains: MappingProxyType[int, float] = MappingProxyType({})

    def __init__(self, layout: Layout, rules: Rules | None = None, least: int = 1):
        self.layout = layout
        self.rules = rules or Rules.none(layout)
        self.least = least

    @property
    def texts(self) -> list[str]:
        """What the rows keep, for people."""
        return self.rules.texts

    @property
    def features(self) -> tuple[int, list[str]]:
        """Number and names of the columns that fit saw."""
        return len(self.layout.names), list(self.layout.names)

    def encode(self, X) -> CompactTable:
        """Codes and scalars of an encoded frame with the same columns."""
        layout = Layout.of(X)
        if layout != self.layout:
            raise SchemaError(
                "The frame is not encoded as the one given to fit: pass it through the "
                "same fitted DataTransformer."
            )
        return layout.compress(_values(X))

    def to_score(self, X) -> pd.DataFrame:
        """As :func:`surrogate_frame`."""
        return surrogate_frame(self, self.encode(X))

    def decode(self, table: CompactTable, *, clip: bool = True) -> pd.DataFrame:
        """The encoded frame; nothing is clipped, whatever ``clip`` says."""
        return pd.DataFrame(self.layout.expand(table), columns=self.layout.names)

    def line(self, i: int):
        """None: the names do not tell which values a scalar stands for."""
        return

    def to_container(self, frame: pd.DataFrame):
        """The frame as it is."""
        return frame

    def to_state(self) -> dict:
        """Plain data, for a file."""
        return {
            "kind": self.kind,
            "names": self.layout.names,
            "rules": self.rules.to_state(),
        }


def fit_codec(X, transformer: DataTransformer, *, rules=None, **fit_params):
    """Take an encoded matrix as it is; fit a transformer to anything else.

    Parameters
    ----------
    X : encoded frame, or any table that DataTransformer takes
    transformer : DataTransformer
        Cloned before it is fitted.
    rules : {"all", "exact", None}
        Whether to look for what holds on every row; "all" also for values that repeat
        those of other columns.
    **fit_params
        For its ``fit``.

    Returns
    -------
    codec : RawCodec or EncodedCodec
    table : CompactTable
    """
    layout = Layout.of(X)
    if layout is not None:
        if not len(X):
            raise ValueError("Found an encoded matrix with 0 sample(s); 1 is required.")
        table = layout.compress(_values(X))
        least = count_of(transformer.min_frequency, len(table))
        found = rules and Rules.fit(layout, table, least=least)
        return EncodedCodec(layout, found, least), table
    fitted = clone(transformer).fit(X, **fit_params)
    table = fitted.encode(X)
    if rules is None:
        return RawCodec(fitted), table
    found = Rules.fit(fitted.layout_, table, fitted, X)
    if rules == "exact":
        return RawCodec(fitted, found), table
    copies = Copies.fit(fitted, X, table, found)
    return RawCodec(fitted, found, copies), copies.mark(table, X)


def codec_from_state(state: dict):
    """Undo ``to_state``."""
    transformer = None
    if state["kind"] == "raw":
        transformer = DataTransformer.from_state(state["transformer"])
        layout = transformer.layout_
    else:
        layout = Layout.from_names(state["names"])
    # Models of the first versions have none.
    rules = state.get("rules")
    rules = rules and Rules.from_state(layout, rules, transformer)
    if transformer is None:
        return EncodedCodec(layout, rules)
    copies = Copies.from_state(transformer, state.get("copies", []))
    return RawCodec(transformer, rules, copies)


def surrogate_frame(codec, table: CompactTable) -> pd.DataFrame:
    """A frame to score fidelity on; decoded where the codec can decode.

    An encoded matrix cannot be decoded here: its states become categories and its
    scalars numbers that are missing where the state has none.
    """
    if codec.kind == "raw":
        return codec.transformer.own(codec.decode(table))
    columns = {}
    k = 0
    for i, span in enumerate(codec.layout.spans):
        states = pd.Categorical.from_codes(
            table.codes[:, i].astype("int64"), categories=range(span.n_states)
        )
        columns[f"state {i}"] = states
        if span.kind == "continuous":
            has_value = span.has_value[table.codes[:, i]]
            scalar = pd.Series(table.scalars[:, k].astype("float64"))
            columns[f"scalar {i}"] = scalar.where(has_value)
            k += 1
    return pd.DataFrame(columns)


def _values(X):
    return X.to_numpy() if hasattr(X, "to_numpy") else X
