"""Rows that meet conditions, always, in blocks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.generators._candidates import CellRule, draw_under
from sklearn_synthohive.generators._cells import exact_pieces
from sklearn_synthohive.generators._implied import implied_requirements
from sklearn_synthohive.generators._part_rules import dated_spans, part_rules
from sklearn_synthohive.generators._repeats import interval_rules
from sklearn_synthohive.generators._requirements import (
    Between,
    OneOf,
    PerRow,
    encode_allowed,
)
from sklearn_synthohive.generators._search import overwrite, search_rows
from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.neural import ANY, FREE
from sklearn_synthohive.utils.random import chunk_seeds

__all__ = ["conditioned_blocks", "joined"]

# Rows that are drawn together.
BLOCK_ROWS = 10_000
# How often rows are drawn anew whose given cells contradict the rules of the table.
MAX_ROUNDS = 20


def conditioned_blocks(
    fitted, requirements, n, seed, *, context=None, n_jobs=None, clip=True
):
    """Rows that meet every requirement, from the model's conditional distribution.

    A generator with a likelihood draws each column from its law cut to what is allowed,
    and chooses among candidates by their weights. For one without, rows are searched
    for.

    Parameters
    ----------
    fitted : FittedGenerator
    requirements : list of OneOf, Between or PerRow
        One at least.
    n, seed : int
    context : CompactTable of n rows, optional
    n_jobs : int, optional
    clip : bool

    Yields
    ------
    DataFrame of at most BLOCK_ROWS rows and n_columns
    """
    block = _under_rules if fitted.has_likelihood else search_rows
    starts = range(0, max(n, 1), BLOCK_ROWS)
    for start, block_seed in zip(starts, chunk_seeds(seed, len(starts)), strict=True):
        rows = np.arange(start, min(n, start + BLOCK_ROWS))
        yield block(fitted, requirements, rows, block_seed, context, n_jobs, clip)


def joined(blocks) -> pd.DataFrame:
    """Blocks as one frame, numbered through."""
    blocks = list(blocks)
    return blocks[0] if len(blocks) == 1 else pd.concat(blocks, ignore_index=True)


def _under_rules(fitted, requirements, block, seed, context, n_jobs, clip):
    """The rows of one block, of a generator that weighs them."""
    rng = np.random.default_rng(seed)
    implied = implied_requirements(fitted.codec, requirements)
    asked = [implied.get(r.column, r) for r in requirements]
    pending, parts, places = np.arange(len(block)), [], []
    for left in reversed(range(MAX_ROUNDS)):
        rows = block[pending]
        own_seed = int(rng.integers(2**62))
        frame = _draw(fitted, asked, rows, own_seed, context, n_jobs, clip, not left)
        good = _good(fitted.codec, requirements, frame, rows)
        if not left:
            good[:] = True
        parts.append(frame[good])
        places.append(pending[good])
        pending = pending[~good]
        if not len(pending):
            break
    frame = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    frame = frame.iloc[np.argsort(np.concatenate(places))].reset_index(drop=True)
    return overwrite(frame, requirements, block, rng)


def _good(codec, requirements, frame, rows):
    """Which rows meet the requirements and keep the rules of the table."""
    good = codec.rules.adding_up(frame)
    for requirement in requirements:
        good = good & requirement.met(frame[requirement.column], rows)
    return good


def _draw(fitted, requirements, rows, seed, context, n_jobs, clip, is_last):
    """Rows as they are drawn, with the given values as they were asked for."""
    codec = fitted.codec
    labels = list(codec.transformer.columns_)
    taken = {labels.index(requirement.column) for requirement in requirements}
    forced = [_Forced(fitted, requirement, rows, taken) for requirement in requirements]
    given = None if context is None else context.take(rows)
    rules = [f.rule for f in forced] + [r for f in forced for r in f.further]
    table, pieces = draw_under(
        fitted, rules, len(rows), seed, context=given, n_jobs=n_jobs
    )
    pieces = pieces[:, : len(forced)]
    fixed = np.zeros(table.codes.shape, dtype=bool)
    for f, piece in zip(forced, pieces.T, strict=True):
        fixed[:, f.rule.span] = piece >= 0
        f.put_scalars(codec.layout, table, piece)
    marked = CompactTable(np.where(fixed, 0, -1), table.scalars)
    table = codec.rules.hold(table, marked, seed)
    plain = codec.copies.unmark(table)
    frame = codec.transformer.decode_pandas(plain, clip=clip)
    for f, piece in zip(forced, pieces.T, strict=True):
        f.put(frame, piece)
    frame = codec.copies.put(frame, table.codes, clip=clip)
    return _add_up(codec, forced, frame, table.codes, fixed, clip, is_last)


def _add_up(codec, forced, frame, codes, fixed, clip, is_last):
    """Hold identities; results that an interval was asked of stay if they must."""
    intervals = [f for f in forced if f.wanted is None]
    exact = fixed.copy()
    exact[:, [f.rule.span for f in intervals]] = False
    out = codec.add_up(frame.copy(), codes, exact, clip=clip)
    missed = np.zeros(len(frame), dtype=bool)
    dated = () if is_last else dated_spans(codec)
    for f in intervals:
        if f.rule.span in dated:
            # Dates that left the interval for their parts are drawn anew.
            continue
        missed |= ~f.requirement.met(out[f.requirement.column], None)
    if missed.any():
        again, given = frame[missed].copy(), fixed[missed]
        again = codec.add_up(again, codes[missed], given, clip=clip)
        out = pd.concat([out[~missed], again]).loc[frame.index]
    return out


class _Forced:
    """A requirement as pieces of its column's law.

    Attributes
    ----------
    requirement : OneOf, Between or PerRow
    rule : CellRule
    further : list of CellRule
        For columns that this one may repeat.
    wanted : Series or None
        What each piece stands for; None where pieces are intervals.
    scalars : ndarray or None
        The same, encoded.
    """

    def __init__(self, fitted, requirement, rows, taken):
        codec, column = fitted.codec, requirement.column
        i = list(codec.transformer.columns_).index(column)
        line, own = codec.line(i), np.full(len(rows), ANY)
        self.requirement, self.wanted, self.scalars = requirement, None, None
        self.further = []
        if isinstance(requirement, Between):
            ends = OneOf(column, [requirement.low, requirement.high], requirement.dtype)
            rules = _interval_rules(fitted, i, line, ends, len(rows), taken)
            if rules:
                self.rule, *self.further = rules
                taken.update(rule.span for rule in rules)
                self.further += part_rules(codec, self.rule, requirement, rows)
                return
            # The model never goes there: one of the ends is as good as any value.
            requirement = ends
        codes, self.scalars = encode_allowed(codec, requirement)
        pieces = exact_pieces(fitted.scores, i, line, codes, self.scalars)
        self.wanted = requirement.values  # noqa: PD011
        if isinstance(requirement, PerRow):
            own = np.where(requirement.fixed[rows], requirement.place[rows], FREE)
            self.rule = CellRule(i, pieces, own)
        else:
            self.rule = CellRule(i, pieces, own, len(codes))
        self.further = part_rules(codec, self.rule, requirement, rows)

    def put_scalars(self, layout, table, piece):
        """Scalars of the values to the last bit, as look-ups know them."""
        if self.scalars is not None:
            k, rows = layout.continuous.index(self.rule.span), piece >= 0
            table.scalars[rows, k] = self.scalars[piece[rows]]

    def put(self, frame, piece):
        """Values as they were asked for, not as float32 brings them back."""
        column = self.requirement.column
        series = frame[column].copy()
        if self.wanted is None:
            # Scores are drawn within the interval; float32 may bring them just out.
            series = self.requirement.clip(series)
        else:
            rows = np.flatnonzero(piece >= 0)
            # pandas 2 cannot set a Series of Arrow's durations.
            series.iloc[rows] = self.wanted.iloc[piece[rows]].array
        frame[column] = series


def _interval_rules(fitted, i, line, ends, n, taken):
    """The rules of an interval, from its ends as allowed values."""
    cells = encode_allowed(fitted.codec, ends)
    positions, amounts = line.positions(*cells), None
    copies = fitted.codec.copies
    if i in dict(copies.sources):
        amounts = copies.amounts(i, *cells)[[0, -1]]
    ends_at = positions[0], positions[-1]
    return interval_rules(fitted, i, n, *ends_at, amounts, taken)
