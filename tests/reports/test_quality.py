"""The table of scores beside held-out rows."""

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive.metrics import column_shapes, pair_trends
from sklearn_synthohive.reports import quality_table


@pytest.fixture
def tables():
    rng = np.random.default_rng(0)
    x = rng.normal(size=900)
    table = pd.DataFrame({"x": x, "y": x + rng.normal(size=900), "z": x > 0})
    shuffled = table.apply(lambda c: rng.permutation(c.to_numpy()))
    return table[:600], shuffled, table[600:]


def test_scores_are_those_of_the_metrics(tables):
    real, synthetic, held_out = tables
    table = quality_table(real, synthetic, held_out)
    assert list(table.index) == ["x", "y", "z", "mean"]
    judged = synthetic.head(300)
    for suffix, other in (("", judged), ("_real", held_out)):
        shapes, trends = column_shapes(real, other), pair_trends(real, other)
        found = table[f"shape{suffix}"]
        pd.testing.assert_series_equal(found[:-1], shapes, check_names=False)
        assert found["mean"] == pytest.approx(shapes.mean())
        with_x = trends[(trends["column_1"] == "x") | (trends["column_2"] == "x")]
        assert table.loc["x", f"trend{suffix}"] == pytest.approx(with_x["score"].mean())
        mean = table.loc["mean", f"trend{suffix}"]
        assert mean == pytest.approx(trends["score"].mean())


def test_independent_columns_lose_their_trends(tables):
    table = quality_table(*tables)
    assert table.loc["mean", "trend"] < table.loc["mean", "trend_real"] - 0.1


def test_order_of_columns_is_that_of_the_real_table():
    real = pd.DataFrame({"b": [1, 2, 3], "a": [1, 2, 3]})
    assert list(quality_table(real, real, real).index) == ["b", "a", "mean"]


def test_too_few_synthetic_rows(tables):
    real, synthetic, held_out = tables
    with pytest.raises(ValueError, match="at least as many"):
        quality_table(real, synthetic[:10], held_out)


def test_one_column_has_no_trends():
    real = pd.DataFrame({"x": [1, 2, 3]})
    table = quality_table(real, real, real)
    assert table["trend"].isna().all()
    assert table.loc["mean", "shape"] == 1.0
