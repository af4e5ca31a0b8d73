"""How many children parents have: the numbers, and whom they depend on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from sklearn_synthohive.metadata import Metadata, Relation
from sklearn_synthohive.metrics._linked import (
    Linked,
    attributes,
    few_codes,
    link,
    split_in_two,
)

__all__ = ["cardinality_shapes", "score_cardinality"]

N_QUANTILES = 4
N_SPLITS = 10


def cardinality_shapes(
    real: Mapping[str, pd.DataFrame],
    synthetic: Mapping[str, pd.DataFrame],
    metadata: Metadata,
    *,
    min_parents: int = 100,
    seed: int = 0,
) -> pd.DataFrame:
    """How well the numbers of children per parent are met, by relation and segment.

    The score is 1 minus the Kolmogorov-Smirnov distance between the numbers of
    children, those without any included. A segment holds the parents that share a
    level of an attribute, or a quarter of its range of values, of the parent's own
    attributes and of its parents'.

    Parameters
    ----------
    real, synthetic : mapping of str to DataFrame
        The tables of the schema.
    metadata : Metadata
    min_parents : int, default=100
        Segments of fewer real parents are left out.
    seed : int, default=0
        For the halves.

    Returns
    -------
    DataFrame
        One row a relation and one a segment of its parents: ``relation``, ``segment``
        (empty for all parents), ``n_real``, ``n_synthetic`` (parents), ``mean_real``,
        ``mean_synthetic`` (children), ``score``, and ``ceiling``: the score of one
        half of the real parents against the other, a mean over ten splits.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import Metadata
    >>> from sklearn_synthohive.metrics import cardinality_shapes
    >>> metadata = Metadata().add_table("users", pk="id")
    >>> metadata = metadata.add_table("orders", fk={"user": "users.id"})
    >>> users = pd.DataFrame({"id": [1, 2, 3, 4]})
    >>> orders = pd.DataFrame({"user": [1, 1, 2, 2]})
    >>> real = {"users": users, "orders": orders}
    >>> drawn = {"users": users, "orders": orders.assign(user=[1, 2, 3, 4])}
    >>> scores = cardinality_shapes(real, drawn, metadata)
    >>> scores[["mean_real", "mean_synthetic", "score"]].to_numpy().tolist()
    [[1.0, 1.0, 0.5]]
    """
    return score_cardinality(*link(real, synthetic, metadata), min_parents, seed)


def score_cardinality(
    real: Linked, synthetic: Linked, min_parents: int, seed: int
) -> pd.DataFrame:
    """:func:`cardinality_shapes` of tables that are linked already."""
    records = []
    for relation in real.relations:
        counts, drawn = real.counts(relation), synthetic.counts(relation)
        rng = np.random.default_rng(seed)
        for segment, mine, theirs in _segments(real, synthetic, relation, min_parents):
            records.append(
                {
                    "relation": relation.name,
                    "segment": segment,
                    **_compare(counts[mine], drawn[theirs], rng),
                }
            )
    return pd.DataFrame.from_records(
        records,
        columns=[
            "relation",
            "segment",
            "n_real",
            "n_synthetic",
            "mean_real",
            "mean_synthetic",
            "score",
            "ceiling",
        ],
    )


def _compare(real: np.ndarray, synthetic: np.ndarray, rng) -> dict[str, float]:
    halves = []
    for _ in range(N_SPLITS):
        half = split_in_two(len(real), rng)
        halves.append(_likeness(real[half], real[~half]))
    return {
        "n_real": len(real),
        "n_synthetic": len(synthetic),
        "mean_real": float(real.mean()),
        "mean_synthetic": float(synthetic.mean()) if len(synthetic) else np.nan,
        "score": _likeness(real, synthetic),
        "ceiling": float(np.mean(halves)),
    }


def _likeness(first: np.ndarray, second: np.ndarray) -> float:
    """1 minus the Kolmogorov-Smirnov distance of two samples of counts."""
    if not len(first) or not len(second):
        return 0.0
    n = int(max(first.max(), second.max())) + 1
    shares = [
        np.cumsum(np.bincount(counts, minlength=n)) / len(counts)
        for counts in (first, second)
    ]
    return 1 - float(np.abs(shares[0] - shares[1]).max())


def _segments(
    real: Linked, synthetic: Linked, relation: Relation, min_parents: int
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Each segment's name and the positions of its parents on both sides."""
    parents = real.tables[relation.parent], synthetic.tables[relation.parent]
    yield "", np.arange(len(parents[0])), np.arange(len(parents[1]))
    if len(parents[0]) < min_parents or not len(parents[1]):
        return
    above = [r for r in real.relations if r.child == relation.parent and not r.is_self]
    for up in (None, *above):
        table = relation.parent if up is None else up.parent
        places = [
            np.arange(len(side.tables[table])) if up is None else side.rows(up)
            for side in (real, synthetic)
        ]
        if not len(synthetic.tables[table]):
            continue
        for reader in attributes(real, table):
            columns = (side.tables[table][reader.name] for side in (real, synthetic))
            *codes, labels = few_codes(reader, *columns, N_QUANTILES)
            mine, theirs = (
                # A place below zero has no parent, and so no code.
                np.where(place >= 0, code[place], -1)
                for place, code in zip(places, codes, strict=True)
            )
            prefix = f"{'' if up is None else f'{up.key} -> '}{table}.{reader.name}"
            for code in np.flatnonzero(_tally(mine, len(labels)) >= min_parents):
                yield (
                    f"{prefix} {labels[code]}",
                    np.flatnonzero(mine == code),
                    np.flatnonzero(theirs == code),
                )


def _tally(codes: np.ndarray, n: int) -> np.ndarray:
    return np.bincount(codes[codes >= 0], minlength=n)
