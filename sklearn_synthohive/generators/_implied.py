"""What conditions on determined columns require of the columns that determine them."""

from __future__ import annotations

from sklearn_synthohive.generators._requirements import OneOf, PerRow

__all__ = ["implied_requirements"]


def implied_requirements(codec, requirements):
    """For columns that follow from another one: what is required of that one.

    Parameters
    ----------
    codec : RawCodec
    requirements : list of OneOf, Between or PerRow

    Returns
    -------
    dict of column to OneOf
        The other column's values that come with what is allowed.
    """
    labels = list(codec.transformer.columns_)
    taken = {labels.index(r.column) for r in requirements}
    out = {}
    for r in requirements:
        item, implied = None, r
        while not isinstance(implied, PerRow):
            item = codec.rules.dependences.of(labels.index(implied.column))
            if item is None or item.source in taken:
                break
            frame = codec.decode(codec.rules.dependences.rows(item))
            met = implied.met(frame.iloc[:, item.target], None)
            if not met.any():
                break
            values = frame.iloc[met, item.source]
            implied = OneOf(labels[item.source], values.tolist(), values.dtype)
            out[r.column] = implied
        if item is not None:
            taken.add(labels.index(implied.column))
    return out
