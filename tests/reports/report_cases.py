"""A law of mixed columns, and what can go wrong when it is imitated."""

import numpy as np
import pandas as pd


def rows(n, seed):
    """Fresh rows: a spike, dates, gaps, levels, and a class that depends on them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    city = np.where(x + rng.normal(size=n) > 0, "Rome", rng.choice(["Bonn", "Oslo"], n))
    spent = np.where(rng.random(n) < 0.4, 0.0, np.round(np.exp(x + 3), 2))
    chance = 1 / (1 + np.exp(-3 * x - 2 * (city == "Rome") + 1))
    days = pd.to_timedelta(rng.integers(0, 999, n), "D")
    frame = pd.DataFrame(
        {
            "size": x,
            "weight": np.round(2 * x + rng.normal(size=n), 1),
            "spent": spent,
            "city": city,
            "since": pd.Timestamp("2020") + days,
            "children": rng.poisson(1.5, n),
            "buys": np.where(rng.random(n) < chance, "yes", "no"),
        }
    )
    frame.loc[rng.random(n) < 0.1, "weight"] = np.nan
    return frame


def independent(frame, seed=0):
    """Every column shuffled by itself."""
    rng = np.random.default_rng(seed)
    return frame.apply(lambda column: column.sample(frac=1, random_state=rng).array)
