"""Every column drawn by itself: right margins, no dependence. A floor."""

import numpy as np
import pandas as pd

PACKAGES = ("numpy", "pandas")


def run(train, n_rows, seed, watch):
    rng = np.random.default_rng(seed)
    with watch("sample"):
        return pd.DataFrame(
            {
                name: train[name].array.take(rng.integers(len(train), size=n_rows))
                for name in train
            }
        )
