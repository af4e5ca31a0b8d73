"""Circles of foreign keys, and the keys at which they are cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sklearn_synthohive.metadata._relation import Relation

__all__ = ["cycle_cuts"]


def cycle_cuts(
    relations: Sequence[Relation], missing: Mapping[Relation, float]
) -> list[Relation]:
    """The relations to leave out so that parents come before their children.

    Of each circle the key that is missing most often is cut; where none ever is, the
    last one. Tables that refer to themselves are no circle.

    Parameters
    ----------
    relations : sequence of Relation
    missing : mapping of Relation to float
        The share of rows in which a key is missing; 0 for those it does not have.

    Returns
    -------
    list of Relation

    Examples
    --------
    >>> a = Relation("staff", ("store_id",), "store", ("store_id",))
    >>> b = Relation("store", ("manager_id",), "staff", ("staff_id",))
    >>> [cut.name for cut in cycle_cuts([a, b], {a: 0.1})]
    ['staff.store_id -> store.store_id']
    """
    left = [relation for relation in relations if not relation.is_self]
    cuts: list[Relation] = []
    while True:
        circle = _in_circles(left)
        if not circle:
            return cuts
        worst = max(circle, key=lambda i: (missing.get(left[i], 0.0), i))
        cuts.append(left.pop(worst))


def _in_circles(relations: Sequence[Relation]) -> list[int]:
    """The relations whose both ends lie on one circle."""
    tables = sorted({t for r in relations for t in (r.child, r.parent)})
    if not tables:
        return []
    place = {table: i for i, table in enumerate(tables)}
    ends = np.array([(place[r.child], place[r.parent]) for r in relations])
    graph = coo_array(
        (np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(tables),) * 2
    )
    _, group = connected_components(graph, directed=True, connection="strong")
    return [i for i, (a, b) in enumerate(ends) if group[a] == group[b]]
