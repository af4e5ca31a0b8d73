"""How columns of different tables depend on each other, on the rows of a join."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from sklearn_synthohive.metadata import Metadata, Relation
from sklearn_synthohive.metrics._columns import ColumnReader
from sklearn_synthohive.metrics._fidelity import _correlations, _PairTable
from sklearn_synthohive.metrics._linked import (
    ROWS_A_LEVEL,
    SMALL_PARENT,
    Linked,
    attributes,
    link,
    split_in_two,
)

__all__ = ["join_trends", "score_joins", "score_through", "through_trends"]

# A join of fewer real rows tells nothing of a dependence.
MIN_ROWS = 100


def join_trends(
    real: Mapping[str, pd.DataFrame],
    synthetic: Mapping[str, pd.DataFrame],
    metadata: Metadata,
    *,
    max_rows: int = 100_000,
    seed: int = 0,
) -> pd.DataFrame:
    """How well children depend on their parents, and on their parents' parents.

    Each child row is joined with its parent (or grandparent), and each of the child's
    columns paired with each of the other's. A pair's score is that of
    :func:`~sklearn_synthohive.metrics.pair_trends`. Keys and constants are left out,
    and categories with fewer than five rows a level (in a table of less than thirty
    rows: five joined rows), which name rather than describe. Rows without a parent do
    not count, and joins of fewer than a hundred real rows are left out.

    Parameters
    ----------
    real, synthetic : mapping of str to DataFrame
        The tables of the schema.
    metadata : Metadata
    max_rows : int, default=100_000
        Of a longer child so many rows are used, drawn at random.
    seed : int, default=0
        For the draws and the halves.

    Returns
    -------
    DataFrame
        One row a pair: ``relation``, ``level`` (1 for parents, 2 for grandparents),
        ``column_1`` (of the ancestor), ``column_2`` (of the child), ``score``, and
        ``ceiling``: the score of the children of one half of the real parents against
        those of the other half. (Where fewer than thirty parents have children, the
        halves are of the children: half of the airlines tells nothing of the other.)

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import Metadata
    >>> from sklearn_synthohive.metrics import join_trends
    >>> metadata = Metadata().add_table("users", pk="id")
    >>> metadata = metadata.add_table("orders", fk={"user": "users.id"})
    >>> users = pd.DataFrame({"id": [1, 2], "age": [20, 60]})
    >>> orders = pd.DataFrame({"user": [1, 1, 2, 2] * 30, "sum": [5, 6, 8, 9] * 30})
    >>> real = {"users": users, "orders": orders}
    >>> drawn = {"users": users, "orders": orders.assign(user=[2, 2, 1, 1] * 30)}
    >>> scores = join_trends(real, drawn, metadata)
    >>> scores[["column_1", "column_2", "score"]].round(2).to_numpy().tolist()
    [['users.age', 'orders.sum', 0.05]]
    """
    return score_joins(*link(real, synthetic, metadata), max_rows, seed)


def through_trends(
    real: Mapping[str, pd.DataFrame],
    synthetic: Mapping[str, pd.DataFrame],
    metadata: Metadata,
    *,
    max_rows: int = 100_000,
    seed: int = 0,
) -> pd.DataFrame:
    """How well two parents depend on each other through the children they share.

    Airlines and planes have no key in common; flights tell which airline flies what.
    Each child row is joined with both parents, and each column of the one paired with
    each of the other.

    Parameters
    ----------
    real, synthetic : mapping of str to DataFrame
        The tables of the schema.
    metadata : Metadata
    max_rows : int, default=100_000
        Of a longer child so many rows are used, drawn at random.
    seed : int, default=0
        For the draws and the halves.

    Returns
    -------
    DataFrame
        One row a pair of columns: ``child``, ``relation_1``, ``relation_2`` (the
        foreign keys), ``column_1``, ``column_2``, ``score`` and ``ceiling``, as in
        :func:`join_trends`; the halves are of the parents of the key with more of them.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import Metadata
    >>> from sklearn_synthohive.metrics import through_trends
    >>> metadata = Metadata().add_table("a", pk="id").add_table("b", pk="id")
    >>> metadata = metadata.add_table("c", fk={"a": "a.id", "b": "b.id"})
    >>> a = pd.DataFrame({"id": [1, 2], "x": ["u", "v"]})
    >>> b = pd.DataFrame({"id": [1, 2], "y": ["k", "l"]})
    >>> c = pd.DataFrame({"a": [1, 2] * 60, "b": [1, 2] * 60})
    >>> real = {"a": a, "b": b, "c": c}
    >>> drawn = real | {"c": c.assign(b=[2, 1] * 60)}
    >>> through_trends(real, drawn, metadata)["score"].tolist()
    [0.0]
    """
    return score_through(*link(real, synthetic, metadata), max_rows, seed)


def score_joins(
    real: Linked, synthetic: Linked, max_rows: int, seed: int
) -> pd.DataFrame:
    """:func:`join_trends` of tables that are linked already."""
    parts = []
    for path in real.paths:
        side = _Side(real, path[0].child, None), _Side(real, path[-1].parent, path)
        scores = _score(real, synthetic, (side[1], side[0]), max_rows, seed)
        name = path[0].name if len(path) == 1 else f"{path[0].name}, {path[1].name}"
        parts.append(scores.assign(relation=name, level=len(path)))
    columns = ["relation", "level", "column_1", "column_2", "score", "ceiling"]
    return _stack(parts, columns)


def score_through(
    real: Linked, synthetic: Linked, max_rows: int, seed: int
) -> pd.DataFrame:
    """:func:`through_trends` of tables that are linked already."""
    parts = []
    for first, second in combinations(real.relations, 2):
        if first.child != second.child:
            continue
        sides = (
            _Side(real, first.parent, (first,)),
            _Side(real, second.parent, (second,)),
        )
        scores = _score(real, synthetic, sides, max_rows, seed)
        parts.append(
            scores.assign(
                child=first.child,
                relation_1=first.label,
                relation_2=second.label,
            )
        )
    columns = ["child", "relation_1", "relation_2", "column_1", "column_2"]
    return _stack(parts, [*columns, "score", "ceiling"])


class _Side:
    """One end of a join: the attributes of a table, and how to get there."""

    def __init__(
        self, real: Linked, table: str, path: tuple[Relation, ...] | None
    ) -> None:
        self.table = table
        self.path = path
        self.readers = attributes(real, table)

    def places(self, linked: Linked, child: str) -> np.ndarray:
        """The row of this end for each row of the child; -1 without one."""
        if self.path is None:
            return np.arange(len(linked.tables[child]))
        return linked.ancestors(self.path)

    def keep_those_with(self, n_rows: int) -> None:
        """Drop categories that so many joined rows tell too little of."""
        self.readers = [
            reader
            for reader in self.readers
            if reader.is_continuous or len(reader.levels) * ROWS_A_LEVEL <= n_rows
        ]

    def names(self) -> list[str]:
        """The columns, with the key that leads to them where there is one."""
        way = "".join(f"{r.key} -> " for r in self.path or ())
        return [f"{way}{self.table}.{r.name}" for r in self.readers]


def _score(
    real: Linked,
    synthetic: Linked,
    sides: tuple[_Side, _Side],
    max_rows: int,
    seed: int,
) -> pd.DataFrame:
    first, second = sides
    path = first.path if first.path is not None else second.path
    assert path is not None
    child = path[0].child
    rng = np.random.default_rng(seed)
    places = [_joined(linked, sides, child) for linked in (real, synthetic)]
    n_rows = len(places[0][0])
    if n_rows < MIN_ROWS:
        return pd.DataFrame()
    for side in sides:
        side.keep_those_with(n_rows)
    readers = first.readers, second.readers
    halves = _halves(real, sides, places[0], rng)
    samples = [_draw(place, max_rows, rng) for place in (*places, *halves)]
    frames = [
        [
            linked.tables[side.table].iloc[where]
            for side, where in zip(sides, place, strict=True)
        ]
        for linked, place in zip((real, synthetic, real, real), samples, strict=True)
    ]
    names = [
        [name.split(" -> ")[-1] for name in side.names()]
        if first.table != second.table
        else side.names()
        for side in sides
    ]
    grid = np.array(
        [(i, j) for i in range(len(names[0])) for j in range(len(names[1]))]
    )
    if not len(grid):
        return pd.DataFrame()
    return pd.DataFrame(
        {
            "column_1": np.array(names[0], dtype=object)[grid[:, 0]],
            "column_2": np.array(names[1], dtype=object)[grid[:, 1]],
            "score": _cross_trends(readers, frames[0], frames[1]).ravel(),
            "ceiling": _cross_trends(readers, frames[2], frames[3]).ravel(),
        }
    )


def _joined(linked: Linked, sides, child: str) -> list[np.ndarray]:
    """The rows of both ends, for each child row that has both."""
    places = [side.places(linked, child) for side in sides]
    whole = (places[0] >= 0) & (places[1] >= 0)
    return [place[whole] for place in places]


def _halves(real: Linked, sides, places, rng) -> list[list[np.ndarray]]:
    """The joined rows of one half of the parents, and of the other."""
    ends = [i for i, side in enumerate(sides) if side.path is not None]
    parents = {i: np.unique(places[i]) for i in ends}
    end = max(ends, key=lambda i: len(parents[i]))
    if len(parents[end]) < SMALL_PARENT:
        mine = split_in_two(len(places[0]), rng)
    else:
        half = split_in_two(len(parents[end]), rng)
        mine = half[np.searchsorted(parents[end], places[end])]
    return [[p[mine] for p in places], [p[~mine] for p in places]]


def _draw(places: list[np.ndarray], max_rows: int, rng) -> list[np.ndarray]:
    n = len(places[0])
    if n <= max_rows:
        return places
    rows = rng.choice(n, max_rows, replace=False)
    return [place[rows] for place in places]


def _cross_trends(
    readers: tuple[list[ColumnReader], list[ColumnReader]],
    real: list[pd.DataFrame],
    synthetic: list[pd.DataFrame],
) -> np.ndarray:
    """The trend of each column of the first side with each of the second."""
    scores = np.zeros((len(readers[0]), len(readers[1])))
    if not len(real[0]) or not len(synthetic[0]):
        return scores
    tables = real, synthetic
    codes = [
        [[r.codes(table[k][r.name]) for r in readers[k]] for k in (0, 1)]
        for table in tables
    ]
    for i, a in enumerate(readers[0]):
        for j, b in enumerate(readers[1]):
            if a.is_continuous and b.is_continuous:
                continue
            keys = [c[0][i] * b.n_codes + c[1][j] for c in codes]
            table = _PairTable(keys[0], a.n_codes * b.n_codes)
            scores[i, j] = table.similarity(keys[1])
    places = [np.flatnonzero([r.is_continuous for r in side]) for side in readers]
    if len(places[0]) and len(places[1]):
        r, s = (_block(readers, places, table) for table in tables)
        scores[np.ix_(*places)] = 1 - np.abs(r - s) / 2
    return scores


def _block(readers, places, tables) -> np.ndarray:
    """Correlations of the continuous columns of one side with those of the other."""
    columns = [
        readers[k][i].numbers(tables[k][readers[k][i].name])
        for k in (0, 1)
        for i in places[k]
    ]
    n = len(places[0])
    return _correlations(np.column_stack(columns))[:n, n:]


def _stack(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True)[columns]
