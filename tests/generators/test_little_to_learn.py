"""Small tables: a warning where nothing was learnt, no copies, no collapse."""

import logging

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit
from scipy.stats import norm
from sklearn.datasets import load_iris, load_wine

from sklearn_synthohive import CTGAN
from sklearn_synthohive.generators._little_to_learn import independent_log_likelihood
from sklearn_synthohive.layout import CompactTable, Layout
from sklearn_synthohive.metrics import column_shapes, detection_auc, pair_trends


def warnings_of(caplog):
    records = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    return [message for message in records if "too_little_to_learn" in message]


def test_independent_columns_give_a_warning(caplog):
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.normal(size=(150, 12))).add_prefix("x")
    fit(CTGAN(random_state=0), noise)
    (message,) = warnings_of(caplog)
    assert "rows=150" in message


def test_dependent_columns_give_none(caplog):
    rng = np.random.default_rng(0)
    x = rng.normal(size=150)
    noise = 0.3 * rng.normal(size=150)
    fit(CTGAN(random_state=0), pd.DataFrame({"x": x, "y": x + noise}))
    fit(CTGAN(random_state=0), pd.DataFrame({"x": x}))
    assert not warnings_of(caplog)


def test_the_likelihood_of_independent_columns():
    layout = Layout.from_names(["c=a", "c=b", "x~value", "x~mode0", "x~missing"])
    table = CompactTable(
        np.array([[0, 0], [1, 1], [0, 0]], np.uint8), np.zeros((3, 1), np.float32)
    )
    counts = [np.array([3, 1]), np.array([2, 2])]
    scores = np.array([[0.5], [9.0], [-1.0]])
    by_hand = [
        np.log(3.5 / 5) + np.log(2.5 / 5) + norm.logpdf(0.5),
        np.log(1.5 / 5) + np.log(2.5 / 5),
        np.log(3.5 / 5) + np.log(2.5 / 5) + norm.logpdf(-1.0),
    ]
    found = independent_log_likelihood(layout, counts, table, scores)
    assert found == pytest.approx(np.mean(by_hand))


@pytest.mark.parametrize("load", [load_iris, load_wine])
def test_150_rows_are_neither_copied_nor_collapsed(load):
    rows = load(as_frame=True).frame
    rows["target"] = rows["target"].astype(str)
    # A single small model, or a thousand rows, would leave the copies to chance.
    models = [fit(CTGAN(random_state=seed), rows) for seed in range(3)]
    drawn = pd.concat([model.sample(2000, seed=0) for model in models])
    assert column_shapes(rows, drawn).mean() > 0.85
    independent = rows.assign(
        **{
            name: column.sample(frac=1, random_state=k).to_numpy()
            for k, (name, column) in enumerate(rows.items())
        }
    )
    found, shuffled = (
        pair_trends(rows, other)["score"].mean() for other in (drawn, independent)
    )
    assert found > shuffled + 0.01
    assert detection_auc(rows, drawn) < detection_auc(rows, independent)
    # Iris has rows that real rows repeat; wine has none.
    numbers = rows.select_dtypes("number").columns
    copies = drawn[numbers].merge(rows[numbers].drop_duplicates(), how="inner")
    assert len(copies) < 0.02 * len(drawn)
    assert drawn["target"].nunique() == 3
