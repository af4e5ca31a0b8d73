"""What a condition on a date says of the parts of it that a network draws first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.generators._candidates import CellRule
from sklearn_synthohive.generators._cells import Pieces
from sklearn_synthohive.generators._requirements import Between, PerRow
from sklearn_synthohive.neural import ANY, FREE
from sklearn_synthohive.preprocessing._seasons import DatePart, read_part

__all__ = ["dated_spans", "part_rules"]

# Dates of an interval whose parts are looked at.
MOST_DATES = 2_000


def dated_spans(codec) -> dict[int, dict[int, str]]:
    """Spans of dates, with the spans of their parts and what these are.

    Parameters
    ----------
    codec : RawCodec

    Returns
    -------
    dict of int to dict of int to str
    """
    out: dict[int, dict[int, str]] = {}
    transformer = codec.transformer
    for at, item in enumerate(transformer._derived, len(transformer.columns_)):
        if isinstance(item, DatePart):
            out.setdefault(item.source, {})[at] = item.part
    return out


def part_rules(codec, rule: CellRule, requirement, rows) -> list[CellRule]:
    """Rules of the parts of a date that a requirement is on.

    Parameters
    ----------
    codec : RawCodec
    rule : CellRule
        Of the date. Where it may have several values, its candidates are cut to those
        that have the parts drawn before it.
    requirement : OneOf, Between or PerRow
    rows : ndarray of int
        Of those that the requirement speaks of.

    Returns
    -------
    list of CellRule
    """
    parts = dated_spans(codec).get(rule.span, {})
    if not parts:
        return []
    if isinstance(requirement, Between):
        values = _dates_within(requirement)
    else:
        values = requirement.values  # noqa: PD011
    every = {
        at: _states(codec.transformer._encodings[at], values, part)
        for at, part in parts.items()
    }
    out = []
    for at, states in every.items():
        if isinstance(requirement, PerRow):
            own = np.where(requirement.fixed[rows], requirement.place[rows], FREE)
            out.append(CellRule(at, Pieces.whole(states), own))
            continue
        known = np.unique(states)
        if len(known) < codec.layout.spans[at].n_states:
            own = np.full(len(rows), ANY)
            out.append(CellRule(at, Pieces.whole(known), own, len(known)))
    if not isinstance(requirement, (Between, PerRow)) and len(values) > 1:
        rule.possible = _having(every)
    return out


def _dates_within(requirement):
    """Dates of an interval, evenly spaced."""
    low, high = (pd.Timestamp(end) for end in (requirement.low, requirement.high))
    return pd.Series(pd.date_range(low, high, periods=MOST_DATES))


def _states(encoding, values, part):
    return encoding.encode(pd.Series(read_part(values, part)))[0].astype(np.int64)


def _having(every):
    """Which values have the parts that were drawn."""

    def possible(codes, scores):
        met = [states == codes[:, [at]] for at, states in every.items()]
        return np.logical_and.reduce(met)

    return possible
