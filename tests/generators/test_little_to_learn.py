"""Small tables: a warning where nothing was learnt, no copies, no collapse."""

import logging

import numpy as np
import pandas as pd
import pytest
import torch
from gan_cases import fit
from sklearn.datasets import load_iris, load_wine

from sklearn_synthohive import CTGAN
from sklearn_synthohive.generators._little_to_learn import shuffled_log_likelihoods
from sklearn_synthohive.layout import Layout
from sklearn_synthohive.metrics import column_shapes, detection_auc, pair_trends
from sklearn_synthohive.neural import AutoregressiveNet, Columns, mean_log_likelihood


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


def test_a_sorted_table_gives_none(caplog):
    rng = np.random.default_rng(0)
    kind = np.repeat(["a", "b"], 6_000)
    x = rng.normal(size=12_000) + 5 * (kind == "b")
    fit(CTGAN(random_state=0, epochs=4), pd.DataFrame({"kind": kind, "x": x}))
    assert not warnings_of(caplog)


def test_shuffles_keep_margins_and_contexts():
    """With the margins only, rows and shuffled rows are equally likely."""
    layout = Layout.from_names(["c=a", "c=b", "x~value", "x~mode0", "x~missing"])
    context = Layout.from_names(["p=u", "p=v"])
    net = AutoregressiveNet(Columns.of(layout, context, [0, 1]), (4, 4), seed=0)
    rng = torch.Generator().manual_seed(0)
    states = torch.randint(0, 2, (60, 3), generator=rng)
    # What has no scalar has no score; x follows p.
    states[:, 2] = states[:, 0]
    scores = torch.randn(60, 1, generator=rng) * (states[:, 2:] == 0)
    with torch.no_grad():
        net.first.weight.zero_()
    own = mean_log_likelihood(net, states, scores)
    margins = shuffled_log_likelihoods(net, states, scores, rng)
    np.testing.assert_allclose(margins, own, rtol=1e-5)
    with torch.no_grad():
        net.first.weight.copy_(3 * net.first.mask)
    learnt = shuffled_log_likelihoods(net, states, scores, rng)
    assert np.std(learnt) > 1e-3


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
