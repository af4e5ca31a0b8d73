"""What is kept of generated tables while others are made."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.relational._bases import take_rows

__all__ = ["Made"]


class Made:
    """What is kept of a table while others are made.

    Attributes
    ----------
    spool : Spool
    loads, segments, points : dict of relation name to list of ndarray
        Of the relations in which the table is a parent that rows are dealt to; where
        they lie, for keys that lead to few of many.
    keys : dict of relation name to list of ndarray
        Of the keys that the primary key consists of.
    places : dict of column to ndarray
        Of own parts of the primary key.
    last : dict of column to int
        The largest of them.
    lent : list of DataFrame
        What the children of other tables' rows see of this one's.
    """

    def __init__(self, spool):
        self.spool = spool
        self.loads: dict[str, list] = {}
        self.segments: dict[str, list] = {}
        self.points: dict[str, list] = {}
        self.keys: dict[str, list] = {}
        self.places: dict = {}
        self.last: dict = {}
        self.lent: list[pd.DataFrame] = []

    def place(self, column, places):
        """Keep the places of an own part of the primary key."""
        self.places[column] = places
        self.last[column] = int(places.max(initial=0))

    def take(self, name, attachment, counts, seen):
        """Keep what dealing needs of some rows as parents."""
        tree, middles = attachment.segments, attachment.middles
        segment = tree.apply(seen)
        self.loads.setdefault(name, []).append(counts)
        self.segments.setdefault(name, []).append(segment)
        if middles is not None:
            self.points.setdefault(name, []).append(middles.points(tree, seen))

    def points_of(self, name):
        """Where parents lie, for keys that lead to few of many."""
        points = self.points.get(name)
        return None if points is None else np.concatenate(points)

    def lend(self, names: dict[str, str], rows: np.ndarray) -> pd.DataFrame:
        """Attributes of rows, under other names; all missing for -1."""
        if len(self.lent) > 1:
            self.lent = [pd.concat(self.lent, ignore_index=True)]
        taken = take_rows(self.lent[0][list(names.values())], rows)
        taken.columns = pd.Index(list(names), dtype=object)
        return taken
