"""SDV's HMASynthesizer (sdv 2.0, the public version) with its defaults.

It refuses more than five tables, chains of more than a parent and its children, keys of
several columns, tables that refer to each other or to themselves, and keys that lead
nowhere: what it refuses shows as a failed run.
"""

import warnings

import numpy as np
import pandas as pd
from sdv.metadata import Metadata
from sdv.multi_table import HMASynthesizer

PACKAGES = ("sdv", "rdt", "copulas", "numpy", "pandas")


def run(schema, seed, watch):
    warnings.simplefilter("ignore")
    np.random.seed(seed)  # noqa: NPY002
    model = HMASynthesizer(metadata_of(schema), verbose=False)
    with watch("fit"):
        model.fit(schema.tables)
    with watch("sample"):
        root = schema.roots[0]
        return model.sample(len(schema.tables[root]), main_table_name=root)


def metadata_of(schema):
    """Keys are ids, dates dates, numbers numbers, and all else categories."""
    tables = {}
    for name, table in schema.tables.items():
        keys = {c for k in schema.foreign if k.child == name for c in k.columns}
        columns = {
            column: kind_of(table[column], column in keys | set(schema.primary[name]))
            for column in table.columns
        }
        tables[name] = {"columns": columns}
        primary = schema.primary[name]
        if primary:
            tables[name]["primary_key"] = single(primary)
    relations = [
        {
            "parent_table_name": key.parent,
            "parent_primary_key": single(key.parent_columns),
            "child_table_name": key.child,
            "child_foreign_key": single(key.columns),
        }
        for key in schema.foreign
    ]
    return Metadata.load_from_dict({"tables": tables, "relationships": relations})


def single(columns):
    return columns[0] if len(columns) == 1 else list(columns)


def kind_of(column, is_key):
    if is_key:
        # Texts that are keys need a pattern; any text will do.
        number = pd.api.types.is_numeric_dtype(column)
        return {"sdtype": "id"} | ({} if number else {"regex_format": "[A-Z0-9]{8}"})
    if pd.api.types.is_datetime64_any_dtype(column):
        return {"sdtype": "datetime"}
    if pd.api.types.is_numeric_dtype(column):
        return {"sdtype": "numerical"}
    return {"sdtype": "categorical"}
