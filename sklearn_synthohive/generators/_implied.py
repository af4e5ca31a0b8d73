"""What conditions on determined columns require of the columns that determine them."""

from __future__ import annotations

import numpy as np

from sklearn_synthohive.generators._requirements import Between, OneOf, PerRow

__all__ = ["implied_requirements"]


def implied_requirements(codec, requirements):
    """For columns that follow from another one: what is required of that one.

    Parameters
    ----------
    codec : RawCodec
    requirements : list of OneOf, Between or PerRow

    Returns
    -------
    dict of column to OneOf or Between
        The other column's values that come with what is allowed.
    """
    labels = list(codec.transformer.columns_)
    taken = {labels.index(r.column) for r in requirements}
    out = {}
    for r in requirements:
        implied = _implied_interval(codec, r, labels, taken) or r
        while not isinstance(implied, PerRow):
            item = codec.rules.dependences.of(labels.index(implied.column))
            if item is None or item.source in taken or item.source >= len(labels):
                break
            frame = codec.decode_cells(codec.rules.dependences.rows(item))
            met = implied.met(frame.iloc[:, item.target], None)
            if not met.any():
                break
            values = frame.iloc[met, item.source]
            implied = OneOf(labels[item.source], values.tolist(), values.dtype)
        if implied is not r:
            out[r.column] = implied
            taken.add(labels.index(implied.column))
    return out


def _implied_interval(codec, requirement, labels, taken):
    """The interval of a source whose rows alone meet what is required of its step."""
    thresholds = codec.rules.thresholds
    item = thresholds and thresholds.of(labels.index(requirement.column))
    if item is None or item.source in taken or isinstance(requirement, PerRow):
        return None
    if item.source >= len(labels):
        # A difference or a part of a date, which no condition is on.
        return None
    only_gaps = isinstance(requirement, OneOf) and requirement.values.isna().all()
    if item.gap and not only_gaps:
        return None
    source = labels[item.source]
    ends, _ = codec.transformer.values_of(source)
    has_gaps = codec.transformer._encodings[item.source].has_missing
    met = requirement.met(thresholds.values(item, item.told), None)
    (at,) = np.nonzero(met)
    if not len(at) or len(at) <= at[-1] - at[0] or ends.dtype == object:
        return None
    if has_gaps:
        empty = np.array([item.empty])
        if item.empty < 0 or requirement.met(thresholds.values(item, empty), None)[0]:
            return None
    low, high = (
        end.iloc[k] for end, k in zip(thresholds.ends(item), at[[0, -1]], strict=True)
    )
    low, high = (low if at[0] else None), (high if at[-1] < len(met) - 1 else None)
    return Between(source, slice(low, high), ends.dtype, ends.iloc[0]).confined(codec)
