"""Adversarial random forests, the arfpy package (0.1.1); options are its parameters.

It has neither missing values nor dates: see ``_complete.py``. Its numbers are drawn
from truncated normal laws; those of whole-number columns are rounded here, as its users
do. It draws from numpy's global state, which is seeded.
"""

import numpy as np
import pandas as pd
from arfpy import arf

from peers._complete import complete, restore

PACKAGES = ("arfpy", "scikit-learn", "scipy", "numpy", "pandas")


def run(train, n_rows, seed, watch, **options):
    np.random.seed(seed)  # noqa: NPY002
    frame, discrete = complete(train)
    for name in discrete:
        # Levels that are text: a category of Booleans comes back as numbers.
        frame[name] = frame[name].astype("category")
    with watch("fit"):
        model = arf.arf(frame, verbose=False, random_state=seed, **options)
        model.forde()
    with watch("sample"):
        synthetic = model.forge(n_rows)
    for name in train:
        if name in discrete:
            synthetic[name] = synthetic[name].astype(object)
        else:
            synthetic[name] = synthetic[name].astype(float)
            if pd.api.types.is_integer_dtype(train[name]):
                synthetic[name] = synthetic[name].round()
    return restore(synthetic, train)
