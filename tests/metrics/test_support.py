"""Alpha-precision and beta-recall."""

import numpy as np
import pandas as pd
import pytest
from reference import metrics as plain

from sklearn_synthohive.metrics import precision_recall


def cloud(n, seed, scale=1.0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(scale * rng.normal(size=(n, 2)), columns=["x", "y"])


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_scores_equal_the_plain_version(scale):
    real, synthetic = cloud(120, 0), cloud(120, 1, scale)
    centre, deviation = real.mean(), real.std(ddof=0)
    points = [
        list(((frame - centre) / deviation).itertuples(index=False, name=None))
        for frame in (real, synthetic)
    ]
    expected = plain.precision_recall(*points)
    assert precision_recall(real, synthetic).tolist() == pytest.approx(expected)


def test_fresh_rows_copies_and_collapsed_rows():
    real = cloud(1500, 0)
    fresh, copy, collapsed = (
        precision_recall(real, frame)
        for frame in (cloud(1500, 1), real, cloud(1500, 1, 0.1))
    )
    assert fresh["alpha_precision"] > 0.93
    assert fresh["beta_recall"] == pytest.approx(0.5, abs=0.05)
    assert copy.tolist() == pytest.approx([1, 1], abs=0.02)
    assert (collapsed < 0.2).all()


def test_many_levels_and_gaps_are_taken():
    rng = np.random.default_rng(0)
    frames = [
        pd.DataFrame(
            {
                "name": rng.integers(0, 10_000, 400).astype(str),
                "x": np.where(rng.random(400) < 0.2, np.nan, rng.normal(size=400)),
                "day": pd.Timestamp("2020")
                + pd.to_timedelta(rng.integers(0, 9, 400), "D"),
            }
        )
        for _ in range(2)
    ]
    scores = precision_recall(*frames)
    assert scores["alpha_precision"] > 0.8
    assert precision_recall(*frames, max_rows=100, seed=1).equals(
        precision_recall(*frames, max_rows=100, seed=1)
    )


def test_one_row():
    assert np.isfinite(precision_recall(cloud(1, 0), cloud(5, 1))).all()
