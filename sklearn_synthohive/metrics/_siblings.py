"""How alike the children of one parent are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sklearn_synthohive.metadata import Metadata
from sklearn_synthohive.metrics._linked import (
    SMALL_PARENT,
    Linked,
    attributes,
    few_codes,
    link,
    split_in_two,
)

__all__ = ["score_siblings", "sibling_coherence"]

N_QUANTILES = 10


def sibling_coherence(
    real: Mapping[str, pd.DataFrame],
    synthetic: Mapping[str, pd.DataFrame],
    metadata: Metadata,
    *,
    seed: int = 0,
) -> pd.DataFrame:
    """How well it is met that the children of one parent are alike.

    The coherence of a column is the chance that a row and another one of the same
    parent, drawn at random, have the same value, less the chance that two rows of the
    whole table have, over 1 less the latter (Scott's pi): 0 for children that have
    nothing in common, 1 for equal ones. Numbers and dates are cut at the real deciles.

    Parameters
    ----------
    real, synthetic : mapping of str to DataFrame
        The tables of the schema.
    metadata : Metadata
    seed : int, default=0
        For the halves.

    Returns
    -------
    DataFrame
        One row a relation and column of its child: ``relation``, ``column``, ``real``
        and ``synthetic`` (the coherences), ``score`` (1 less their absolute
        difference, at least 0), and ``ceiling`` (the score of the children of one half
        of the real parents against the other's). Relations without siblings are left
        out.

    References
    ----------
    .. [1] W. A. Scott, "Reliability of content analysis", Public Opinion Quarterly
       19 (1955), 321-325.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import Metadata
    >>> from sklearn_synthohive.metrics import sibling_coherence
    >>> metadata = Metadata().add_table("users", pk="id")
    >>> metadata = metadata.add_table("orders", fk={"user": "users.id"})
    >>> users = pd.DataFrame({"id": [1, 2]})
    >>> orders = pd.DataFrame({"user": [1, 1, 2, 2] * 5, "paid": list("ccbb") * 5})
    >>> real = {"users": users, "orders": orders}
    >>> drawn = {"users": users, "orders": orders.assign(paid=list("cbcb") * 5)}
    >>> scores = sibling_coherence(real, drawn, metadata)
    >>> scores[["real", "synthetic"]].round(2).to_numpy().tolist()
    [[1.0, -0.11]]
    """
    return score_siblings(*link(real, synthetic, metadata), seed)


def score_siblings(real: Linked, synthetic: Linked, seed: int) -> pd.DataFrame:
    """:func:`sibling_coherence` of tables that are linked already."""
    records = []
    for relation in real.relations:
        rows, drawn_rows = real.rows(relation), synthetic.rows(relation)
        if real.counts(relation).max(initial=0) < 2:
            continue
        rng = np.random.default_rng(seed)
        if (real.counts(relation) > 1).sum() < SMALL_PARENT:
            half = split_in_two(len(rows), rng)
        else:
            half = split_in_two(len(real.tables[relation.parent]), rng)[rows]
        child = real.tables[relation.child], synthetic.tables[relation.child]
        for reader in attributes(real, relation.child):
            columns = (table[reader.name] for table in child)
            codes, drawn, labels = few_codes(reader, *columns, N_QUANTILES)
            n = len(labels)
            whole = _coherence(rows, codes, n)
            halves = [_coherence(rows[m], codes[m], n) for m in (half, ~half)]
            theirs = _coherence(drawn_rows, drawn, n)
            records.append(
                {
                    "relation": relation.name,
                    "column": reader.name,
                    "real": whole,
                    "synthetic": theirs,
                    "score": max(0.0, 1 - abs(whole - theirs)),
                    "ceiling": max(0.0, 1 - abs(halves[0] - halves[1])),
                }
            )
    columns = ["relation", "column", "real", "synthetic", "score", "ceiling"]
    return pd.DataFrame.from_records(records, columns=columns)


def _coherence(parents: np.ndarray, codes: np.ndarray, n_codes: int) -> float:
    """Scott's pi of a row and a random sibling; 0 where there are no siblings."""
    parents, codes = parents[parents >= 0], codes[parents >= 0]
    if not len(parents):
        return 0.0
    sizes = np.bincount(parents)
    together = sizes[parents] > 1
    parents, codes = parents[together], codes[together]
    if not len(parents):
        return 0.0
    # How many of a row's siblings, itself excluded, share its value.
    _, cell, counts = np.unique(
        parents * n_codes + codes, return_inverse=True, return_counts=True
    )
    observed = float(np.mean((counts[cell] - 1) / (sizes[parents] - 1)))
    shares = np.bincount(codes) / len(codes)
    expected = float((shares**2).sum())
    return (observed - expected) / (1 - expected) if expected < 1 else 0.0
