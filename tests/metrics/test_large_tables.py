"""A hundred columns, ten thousand levels, dates and gaps, all in one table."""

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive.metrics import (
    FidelityScorer,
    column_shapes,
    coverage,
    detect,
    nmi_matrix,
    pair_trends,
    precision_recall,
    privacy,
    utility,
)


@pytest.fixture(scope="module")
def tables():
    """Training, held-out and synthetic rows; half of the columns hang together."""

    def table(n, seed):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=n)
        columns = {f"n{k}": x * (k < 30) + rng.normal(size=n) for k in range(60)}
        columns |= {
            f"c{k}": rng.choice(list("abcde"), n) + np.where(x > 0, "+", "")
            for k in range(36)
        }
        columns["many"] = (rng.geometric(0.0005, n) % 10_000).astype(str)
        columns["other"] = (rng.geometric(0.0005, n) % 10_000).astype(str)
        columns["day"] = pd.Timestamp("2020") + pd.to_timedelta(
            rng.integers(0, 900, n), "D"
        )
        columns["y"] = np.where(x > 0, "yes", "no")
        frame = pd.DataFrame(columns)
        for name in ("n0", "n40", "c0", "many", "day"):
            frame.loc[rng.random(n) < 0.1, name] = None
        return frame

    return table(3000, 0), table(1000, 1), table(2000, 2)


def test_every_metric_takes_it(tables):
    train, holdout, synthetic = tables
    assert train.shape[1] == 100
    shapes, trends = column_shapes(train, synthetic), pair_trends(train, synthetic)
    assert len(trends) == 4950
    small = shapes.drop(["many", "other"])
    assert small.between(0.9, 1).all()
    both = trends[(trends["column_1"] == "many") & (trends["column_2"] == "other")]
    pairs = [
        f[["many", "other"]].astype(object).fillna("gap") for f in (train, synthetic)
    ]
    counts = [
        pd.Series(list(map(tuple, p.to_numpy()))).value_counts(normalize=True)
        for p in pairs
    ]
    distance = counts[0].sub(counts[1], fill_value=0).abs().sum() / 2
    assert both["score"].item() == pytest.approx(1 - distance)
    assert FidelityScorer(train).score(synthetic) == pytest.approx(
        (shapes.mean() + trends["score"].mean()) / 2
    )
    matrix = nmi_matrix(train, synthetic)
    assert matrix.loc["n0", "y"] > 10 * matrix.loc["n50", "y"]
    assert coverage(train, synthetic)["day"] > 0.95
    assert precision_recall(train, synthetic, max_rows=500).between(0, 1).all()
    assert utility(synthetic, holdout, "y")["roc_auc"] > 0.9
    scores = privacy(train, synthetic, holdout, max_rows=500)
    assert scores["closer_to_train"] == pytest.approx(
        0.5, abs=4 * scores["closer_to_train_error"]
    )
    assert abs(detect(holdout, synthetic).auc - 0.5) < 0.08
