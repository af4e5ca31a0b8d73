"""SDV's GaussianCopulaSynthesizer (sdv 2.0.0); options are its parameters.

Its metadata are told which columns are dates, numbers and categories, as the real
table's dtypes say; nothing is enforced beyond its defaults.
"""

import numpy as np
import pandas as pd
from sdv.metadata import Metadata
from sdv.single_table import GaussianCopulaSynthesizer

from peers._complete import is_number

PACKAGES = ("sdv", "rdt", "copulas", "scikit-learn", "numpy", "pandas")


def run(train, n_rows, seed, watch, **options):
    np.random.seed(seed)  # noqa: NPY002
    metadata = Metadata.load_from_dict({"tables": {"table": {"columns": kinds(train)}}})
    model = GaussianCopulaSynthesizer(metadata, **options)
    with watch("fit"):
        model.fit({"table": train})
    with watch("sample"):
        drawn = model.sample(num_rows=n_rows)
    return drawn["table"] if isinstance(drawn, dict) else drawn


def kinds(train):
    columns = {}
    for name, column in train.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            columns[name] = {"sdtype": "datetime"}
        elif is_number(column):
            columns[name] = {"sdtype": "numerical"}
        elif pd.api.types.is_bool_dtype(column):
            columns[name] = {"sdtype": "boolean"}
        else:
            columns[name] = {"sdtype": "categorical"}
    return columns
