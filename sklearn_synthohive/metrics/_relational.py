"""All that is measured of a whole schema, in one call."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from sklearn_synthohive.metadata import Metadata
from sklearn_synthohive.metrics._cardinality import score_cardinality
from sklearn_synthohive.metrics._integrity import (
    score_bridges,
    score_integrity,
    score_null_keys,
)
from sklearn_synthohive.metrics._joins import score_joins, score_through
from sklearn_synthohive.metrics._linked import link
from sklearn_synthohive.metrics._siblings import score_siblings

__all__ = ["relational_scores", "relational_summary"]


def relational_scores(
    real: Mapping[str, pd.DataFrame],
    synthetic: Mapping[str, pd.DataFrame],
    metadata: Metadata,
    *,
    min_parents: int = 100,
    max_rows: int = 100_000,
    seed: int = 0,
) -> dict[str, pd.DataFrame]:
    """Every relational measure, each beside what one half of the real rows reaches.

    Parameters
    ----------
    real, synthetic : mapping of str to DataFrame
        The tables of the schema.
    metadata : Metadata
    min_parents : int, default=100
        Segments of fewer real parents or rows are left out.
    max_rows : int, default=100_000
        Rows of a child that are joined.
    seed : int, default=0
        For the draws and the halves.

    Returns
    -------
    dict of str to DataFrame
        ``integrity`` (:func:`referential_integrity` of the synthetic tables),
        ``cardinality`` (:func:`cardinality_shapes`), ``joins`` (:func:`join_trends`),
        ``through`` (:func:`through_trends`), ``siblings``
        (:func:`sibling_coherence`), ``bridges`` (:func:`bridge_uniqueness`) and
        ``null_keys`` (:func:`null_key_rates`).

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import Metadata
    >>> from sklearn_synthohive.metrics import relational_scores
    >>> metadata = Metadata().add_table("users", pk="id")
    >>> metadata = metadata.add_table("orders", fk={"user": "users.id"})
    >>> users = pd.DataFrame({"id": [1, 2, 3, 4]})
    >>> real = {"users": users, "orders": pd.DataFrame({"user": [1, 1, 2, 2]})}
    >>> scores = relational_scores(real, real, metadata)
    >>> float(scores["cardinality"]["score"].iloc[0])
    1.0
    """
    mine, theirs = link(real, synthetic, metadata)
    return {
        "integrity": score_integrity(theirs),
        "cardinality": score_cardinality(mine, theirs, min_parents, seed),
        "joins": score_joins(mine, theirs, max_rows, seed),
        "through": score_through(mine, theirs, max_rows, seed),
        "siblings": score_siblings(mine, theirs, seed),
        "bridges": score_bridges(mine, theirs, seed),
        "null_keys": score_null_keys(mine, theirs, min_parents, seed),
    }


def relational_summary(scores: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One line a measure: its mean beside the ceiling's, and how far the worst is off.

    Parameters
    ----------
    scores : mapping of str to DataFrame
        As :func:`relational_scores` returns them.

    Returns
    -------
    DataFrame
        Indexed by measure: ``n`` (figures), ``score`` and ``ceiling`` (their means),
        ``worst`` (the largest ceiling - score) and ``where`` (whose it is). Measures
        that the schema has no case of are left out. Of null keys, 1 - gap counts.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import Metadata
    >>> from sklearn_synthohive.metrics import relational_scores, relational_summary
    >>> metadata = Metadata().add_table("users", pk="id")
    >>> metadata = metadata.add_table("orders", fk={"user": "users.id"})
    >>> users = pd.DataFrame({"id": [1, 2, 3, 4]})
    >>> real = {"users": users, "orders": pd.DataFrame({"user": [1, 1, 2, 2]})}
    >>> summary = relational_summary(relational_scores(real, real, metadata))
    >>> list(summary.index)
    ['referential integrity', 'cardinality', 'null keys']
    """
    cardinality, joins = scores["cardinality"], scores["joins"]
    inside = cardinality["segment"] != ""
    nulls = scores["null_keys"]
    nulls = nulls.assign(score=1 - nulls["gap"], ceiling=1 - nulls["ceiling"])
    rates = nulls["segment"] != ""
    lines = {
        "referential integrity": (
            scores["integrity"].assign(ceiling=1.0),
            ["relation"],
        ),
        "cardinality": (cardinality[~inside], ["relation"]),
        "cardinality in segments": (cardinality[inside], ["relation", "segment"]),
        "parent-child trends": (joins[joins["level"] == 1], ["column_1", "column_2"]),
        "grandparent trends": (joins[joins["level"] == 2], ["column_1", "column_2"]),
        "two parents": (scores["through"], ["column_1", "column_2"]),
        "sibling coherence": (scores["siblings"], ["relation", "column"]),
        "bridge pairs": (scores["bridges"], ["relation_1", "relation_2"]),
        "null keys": (nulls[~rates], ["relation"]),
        "null keys in segments": (nulls[rates], ["relation", "segment"]),
    }
    rows = {}
    for measure, (table, names) in lines.items():
        if len(table):
            gaps = (table["ceiling"] - table["score"]).to_numpy()
            worst = int(gaps.argmax())
            rows[measure] = {
                "n": len(table),
                "score": float(table["score"].mean()),
                "ceiling": float(table["ceiling"].mean()),
                "worst": float(gaps[worst]),
                "where": ", ".join(str(table[name].iloc[worst]) for name in names),
            }
    # Without a relation there is no row to take the names from.
    columns = ["n", "score", "ceiling", "worst", "where"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
