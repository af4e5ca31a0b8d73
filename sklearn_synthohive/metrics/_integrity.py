"""Whether keys lead somewhere, repeat, or are missing as often as the real ones."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from sklearn_synthohive.metadata import Metadata, Relation
from sklearn_synthohive.metadata._keys import NO_KEY, ORPHAN
from sklearn_synthohive.metrics._linked import (
    Linked,
    attributes,
    few_codes,
    link,
    split_in_two,
)

__all__ = [
    "bridge_uniqueness",
    "null_key_rates",
    "referential_integrity",
    "score_bridges",
    "score_integrity",
    "score_null_keys",
]

N_QUANTILES = 4


def referential_integrity(
    tables: Mapping[str, pd.DataFrame], metadata: Metadata
) -> pd.DataFrame:
    """Whether every foreign key leads to a row, and every primary key is unique.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Real or synthetic.
    metadata : Metadata

    Returns
    -------
    DataFrame
        One row a relation: ``relation``, ``rows``, ``missing`` (rows without the key),
        ``orphans`` (rows whose key is not in the parent), ``repeated`` (rows of the
        parent whose key is missing or was there before) and ``score``, the share of
        the keys that lead to a row.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import Metadata
    >>> from sklearn_synthohive.metrics import referential_integrity
    >>> metadata = Metadata().add_table("users", pk="id")
    >>> metadata = metadata.add_table("orders", fk={"user": "users.id"})
    >>> users = pd.DataFrame({"id": [1, 2]})
    >>> orders = pd.DataFrame({"user": [1, 3, None]})
    >>> scores = referential_integrity({"users": users, "orders": orders}, metadata)
    >>> scores[["missing", "orphans", "score"]].to_numpy().tolist()
    [[1.0, 1.0, 0.5]]
    """
    linked, _ = link(tables, tables, metadata)
    return score_integrity(linked)


def score_integrity(linked: Linked) -> pd.DataFrame:
    """:func:`referential_integrity` of tables that are linked already."""
    records = []
    for relation in linked.relations:
        rows = linked.rows(relation)
        missing, orphans = int((rows == NO_KEY).sum()), int((rows == ORPHAN).sum())
        keys = linked.tables[relation.parent][list(relation.parent_columns)]
        repeated = keys.duplicated() | keys.isna().any(axis=1)
        n_keys = len(rows) - missing
        records.append(
            {
                "relation": relation.name,
                "rows": len(rows),
                "missing": missing,
                "orphans": orphans,
                "repeated": int(repeated.sum()),
                "score": 1 - orphans / n_keys if n_keys else 1.0,
            }
        )
    columns = ["relation", "rows", "missing", "orphans", "repeated", "score"]
    return pd.DataFrame.from_records(records, columns=columns)


def bridge_uniqueness(
    real: Mapping[str, pd.DataFrame],
    synthetic: Mapping[str, pd.DataFrame],
    metadata: Metadata,
    *,
    seed: int = 0,
) -> pd.DataFrame:
    """Whether a table with two foreign keys repeats pairs of them as often as it does.

    A playlist holds a track once; a passenger may fly with one airline many times.

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
        One row a pair of foreign keys of one table: ``child``, ``relation_1``,
        ``relation_2``, ``real`` and ``synthetic`` (the share of distinct pairs among
        rows that have both keys), ``score`` (1 less their absolute difference) and
        ``ceiling`` (the same of one half of the real parents against the other).

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import Metadata
    >>> from sklearn_synthohive.metrics import bridge_uniqueness
    >>> metadata = Metadata().add_table("a", pk="id").add_table("b", pk="id")
    >>> metadata = metadata.add_table("c", fk={"a": "a.id", "b": "b.id"})
    >>> ends = pd.DataFrame({"id": [1, 2]})
    >>> pairs = pd.DataFrame({"a": [1, 1, 2, 2], "b": [1, 2, 1, 2]})
    >>> real = {"a": ends, "b": ends, "c": pairs}
    >>> scores = bridge_uniqueness(real, real | {"c": pairs.assign(b=1)}, metadata)
    >>> scores[["real", "synthetic", "score"]].to_numpy().tolist()
    [[1.0, 0.5, 0.5]]
    """
    return score_bridges(*link(real, synthetic, metadata), seed)


def score_bridges(real: Linked, synthetic: Linked, seed: int) -> pd.DataFrame:
    """:func:`bridge_uniqueness` of tables that are linked already."""
    records = []
    for first, second in combinations(real.relations, 2):
        if first.child != second.child:
            continue
        mine = _pairs(real, first, second)
        half = split_in_two(
            len(real.tables[first.parent]), np.random.default_rng(seed)
        )[mine[0]]
        shares = [
            _distinct(pairs)
            for pairs in (
                mine,
                _pairs(synthetic, first, second),
                mine[:, half],
                mine[:, ~half],
            )
        ]
        records.append(
            {
                "child": first.child,
                "relation_1": first.label,
                "relation_2": second.label,
                "real": shares[0],
                "synthetic": shares[1],
                "score": 1 - abs(shares[0] - shares[1]),
                "ceiling": 1 - abs(shares[2] - shares[3]),
            }
        )
    columns = ["child", "relation_1", "relation_2", "real", "synthetic"]
    return pd.DataFrame.from_records(records, columns=[*columns, "score", "ceiling"])


def _pairs(linked: Linked, first: Relation, second: Relation) -> np.ndarray:
    rows = np.stack([linked.rows(first), linked.rows(second)])
    return rows[:, (rows >= 0).all(axis=0)]


def _distinct(pairs: np.ndarray) -> float:
    """The share of distinct pairs; 1 of none."""
    if not pairs.shape[1]:
        return 1.0
    keys = pairs[0] * (int(pairs[1].max()) + 1) + pairs[1]
    return len(np.unique(keys)) / len(keys)


def null_key_rates(
    real: Mapping[str, pd.DataFrame],
    synthetic: Mapping[str, pd.DataFrame],
    metadata: Metadata,
    *,
    min_rows: int = 100,
    seed: int = 0,
) -> pd.DataFrame:
    """How often foreign keys are missing, overall and given the row's attributes.

    Flights that were cancelled have no aeroplane: the overall rate can be right while
    the wrong flights lack one. A real key that leads nowhere counts as missing where
    the key is missing in other rows: both are rows without a parent, and no generated
    key leads nowhere.

    Parameters
    ----------
    real, synthetic : mapping of str to DataFrame
        The tables of the schema.
    metadata : Metadata
    min_rows : int, default=100
        Segments (a level of an attribute, or a quarter of its range) of fewer real
        rows are left out.
    seed : int, default=0
        For the halves.

    Returns
    -------
    DataFrame
        For each key that is missing in some real row, one row over all (``segment``
        empty) and one a segment: ``relation``, ``segment``, ``n_real``,
        ``n_synthetic``, ``real`` and ``synthetic`` (the rates), ``gap`` (their absolute
        difference) and ``ceiling`` (the gap of one half of the real rows to the
        other). For a key that never is missing, the row over all.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import Metadata
    >>> from sklearn_synthohive.metrics import null_key_rates
    >>> metadata = Metadata().add_table("planes", pk="id")
    >>> metadata = metadata.add_table("flights", fk={"plane": "planes.id"})
    >>> planes = pd.DataFrame({"id": [1, 2]})
    >>> flights = pd.DataFrame(
    ...     {"plane": [1, 2, None, 1] * 50, "late": [0, 0, 1, 0] * 50}
    ... )
    >>> real = {"planes": planes, "flights": flights}
    >>> drawn = real | {"flights": flights.assign(plane=[1, 2, 1, None] * 50)}
    >>> null_key_rates(real, drawn, metadata)["gap"].round(2).tolist()
    [0.0, 0.33]
    """
    return score_null_keys(*link(real, synthetic, metadata), min_rows, seed)


def score_null_keys(
    real: Linked, synthetic: Linked, min_rows: int, seed: int
) -> pd.DataFrame:
    """:func:`null_key_rates` of tables that are linked already."""
    records = []
    for relation in real.relations:
        missing, drawn = (side.rows(relation) == NO_KEY for side in (real, synthetic))
        if missing.any():
            missing, drawn = (side.rows(relation) < 0 for side in (real, synthetic))
        rng = np.random.default_rng(seed)
        everywhere = np.zeros(len(missing), int), np.zeros(len(drawn), int)
        groups = [("", *everywhere, [""])]
        if missing.any() and not missing.all():
            groups += _groups(real, synthetic, relation.child)
        for name, mine, theirs, labels in groups:
            for code in np.flatnonzero(np.bincount(mine) >= (min_rows if name else 1)):
                records.append(
                    {
                        "relation": relation.name,
                        "segment": f"{name} {labels[code]}".strip(),
                        **_rates(missing[mine == code], drawn[theirs == code], rng),
                    }
                )
    columns = ["relation", "segment", "n_real", "n_synthetic", "real", "synthetic"]
    return pd.DataFrame.from_records(records, columns=[*columns, "gap", "ceiling"])


def _groups(real: Linked, synthetic: Linked, table: str):
    for reader in attributes(real, table):
        columns = (side.tables[table][reader.name] for side in (real, synthetic))
        yield f"{table}.{reader.name}", *few_codes(reader, *columns, N_QUANTILES)


def _rates(real: np.ndarray, synthetic: np.ndarray, rng) -> dict[str, float]:
    half = split_in_two(len(real), rng)
    rate = float(real.mean())
    drawn = float(synthetic.mean()) if len(synthetic) else np.nan
    halves = real[half].mean() - real[~half].mean() if len(real) > 1 else 0.0
    return {
        "n_real": len(real),
        "n_synthetic": len(synthetic),
        "real": rate,
        "synthetic": drawn,
        # A segment that was not generated cannot have the right rate.
        "gap": abs(rate - drawn) if len(synthetic) else 1.0,
        "ceiling": abs(float(halves)),
    }
