"""How the primary key of a table comes about, and which keys repeat nowhere."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.relational._key_groups import GroupKey
from sklearn_synthohive.relational._keys import KeyMinter
from sklearn_synthohive.relational._natural import PartKey

__all__ = ["learn_keys"]


def learn_keys(metadata, schema, table, model, seed, least=1):
    """How the primary key's own columns are minted, and which keys stay apart."""
    config = metadata.tables[table.name]
    real = schema.tables[table.name]
    # The one that is exchanged to keep rows apart comes last.
    relations = [*([table.driver] if table.driver else []), *table.own, *table.attached]
    foreign = {c for r in relations for c in r.columns}
    own = [c for c in config.pk_columns if c not in foreign]
    if own:
        # The column that differs most is numbered, within groups of the others.
        last = max(own, key=lambda c: real[c].nunique())
        alone = len(own) == len(config.pk_columns) > 1
        if alone:
            last = _line_column(real, own) or last
        group_columns = [c for c in config.pk_columns if c != last]
        if alone:
            model.groups = GroupKey.fit(real[group_columns], seed, least)
            own = [last]
        for column in own:
            if column != last or not group_columns or real[column].is_unique:
                model.serial[column] = KeyMinter.fit(real[column], seed)
        if group_columns and not real[last].is_unique:
            group = real.groupby(group_columns, dropna=False, sort=False).ngroup()
            frame = real[model.modelled]
            model.parts[last] = PartKey.fit(real[last], group.to_numpy(), frame, seed)
    elif config.pk_columns:
        primary = set(config.pk_columns)
        model.apart = [r.name for r in relations if set(r.columns) <= primary]
    if not model.apart and table.driver is not None:
        model.apart = _never_twice(schema, table)


def _line_column(real, own):
    """The column that numbers the rows of groups of several sizes, if one does."""
    for column in own:
        others = [c for c in own if c != column]
        group = real.groupby(others, sort=False, observed=True).ngroup().to_numpy()
        sizes = np.bincount(group)
        if sizes.min() == sizes.max():
            # In a grid each column could be the one.
            continue
        if PartKey.fit(real[column], group, real[[]]).lines:
            return column
    return None


def _never_twice(schema, table):
    """A pair of driver and another parent that the real rows never repeat."""
    driver = schema.rows[table.driver]
    for relation in table.attached:
        rows = schema.rows[relation]
        both = (driver >= 0) & (rows >= 0)
        pairs = pd.DataFrame({"a": driver[both], "b": rows[both]})
        if len(pairs) < 2 or pairs.duplicated().any():
            continue
        loads = np.bincount(pairs["b"])
        sizes = np.bincount(pairs["a"])
        alike = (loads.astype(float) ** 2).sum() / len(pairs) ** 2
        if (sizes * (sizes - 1) / 2).sum() * alike >= 3:
            # Chance alone would have repeated some pairs.
            return [table.driver.name, relation.name]
    return []
