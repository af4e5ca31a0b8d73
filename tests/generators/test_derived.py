"""Columns that a table has not, where they meet rules, conditions and pipelines."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from sklearn_synthohive import CTGAN, DataTransformer


def trips(n=1_200, seed=0):
    """By day, more at weekends; told twice how long they take."""
    rng = np.random.default_rng(seed)
    day = rng.choice(730, n, p=_weights())
    start = pd.Timestamp("2022-01-01") + pd.to_timedelta(
        day * 86_400 + rng.integers(8 * 60, 20 * 60, n) * 60, unit="s"
    )
    minutes = rng.poisson(20, n) + 2
    return pd.DataFrame(
        {
            "start": start,
            "end": start + pd.to_timedelta(minutes, unit="min"),
            "minutes": minutes,
            "weekday": start.day_name(),
            "long": np.where(minutes > 22, "long", "short"),
        }
    )


def _weights():
    days = pd.date_range("2022-01-01", periods=730)
    weights = np.where(days.day_of_week >= 5, 3.0, 1.0)
    return weights / weights.sum()


def fit(table, **parameters):
    small = {"epochs": 12, "random_state": 0}
    return CTGAN(**(small | parameters)).fit(table, progress_bar=False)


def agree(rows):
    """Shares of the rows in which what is told twice is told alike."""
    taken = (rows["end"] - rows["start"]).dt.total_seconds() / 60
    out = {"order": taken >= 0}
    if "minutes" in rows:
        out["minutes"] = taken == rows["minutes"]
    if "weekday" in rows:
        out["weekday"] = rows["start"].dt.day_name() == rows["weekday"]
    if "long" in rows:
        out["long"] = (taken > 22) == (rows["long"] == "long")
    return {name: float(held.mean()) for name, held in out.items()}


@pytest.fixture(scope="module", params=["minutes", "no minutes"])
def table(request):
    return trips() if request.param == "minutes" else trips().drop(columns="minutes")


@pytest.fixture(scope="module")
def model(table):
    return fit(table)


def test_free_rows(model, table):
    rows = model.sample(1_000, seed=0)
    assert set(agree(rows).values()) == {1.0}
    assert rows["start"].dt.hour.between(8, 19).mean() > 0.97
    shares = (
        t["start"].dt.day_name().isin(["Saturday", "Sunday"]) for t in (table, rows)
    )
    real, new = (share.mean() for share in shares)
    assert new == pytest.approx(real, abs=0.06)
    assert np.isfinite(model.score_samples(table)).all()


@pytest.mark.parametrize(
    "conditions",
    [
        {"weekday": "Saturday"},
        {"long": "long"},
        {"long": "long", "weekday": ["Monday", "Sunday"]},
        {"end": slice(pd.Timestamp("2022-03-05"), pd.Timestamp("2022-03-20"))},
        {"weekday": "Sunday", "end": slice(pd.Timestamp("2022-06-01"), None)},
    ],
    ids=str,
)
def test_conditions(model, conditions):
    rows = model.sample(200, conditions=conditions, seed=0)
    assert set(agree(rows).values()) == {1.0}


def test_partial_rows_and_gaps(model, table):
    given = table[["start", "end"]].head(150)
    assert set(agree(model.sample(150, conditions=given, seed=0)).values()) == {1.0}
    for column in ("start", "end", "weekday", "long"):
        gaps = table.head(150).copy()
        gaps[column] = gaps[column].where(pd.Series(False, index=gaps.index))
        filled = model.impute(gaps, seed=0)
        assert set(agree(filled).values()) == {1.0}, column


def test_without_rules_and_in_a_pipeline(table):
    rows = fit(table, rules=None).sample(500, seed=0)
    found = agree(rows)
    assert found["order"] == 1
    assert found["weekday"] == 1
    pipe = Pipeline(
        [
            ("tx", DataTransformer(random_state=0)),
            ("gan", CTGAN(epochs=12, random_state=0)),
        ]
    ).fit(table, gan__progress_bar=False)
    rows = pipe[:-1].inverse_transform(pipe[-1].sample(500, seed=0))
    found = agree(rows)
    assert found["order"] == 1
    assert found["weekday"] == 1
    state = pipe[0].to_state()
    again = DataTransformer.from_state(state)
    matrix = pipe[-1].sample(50, seed=1)
    pd.testing.assert_frame_equal(
        again.inverse_transform(matrix), pipe[0].inverse_transform(matrix)
    )


def test_a_given_total_leaves_the_price_to_the_product():
    rng = np.random.default_rng(3)
    price, kind = rng.lognormal(2, 0.5, 30).round(2), rng.integers(0, 30, 1_500)
    table = pd.DataFrame({"product": [f"p{k}" for k in kind], "price": price[kind]})
    table["qty"] = rng.integers(1, 6, 1_500)
    table["total"] = (table["qty"] * table["price"]).round(2)
    model = fit(table)
    names = dict(zip(table["product"], table["price"], strict=True))
    middle = table["total"].quantile([0.4, 0.6])
    rows = model.sample(200, conditions={"total": slice(*middle)}, seed=0)
    assert (rows["product"].map(names) == rows["price"]).all()
    assert ((rows["qty"] * rows["price"]).round(2) == rows["total"]).all()
    assert rows["total"].between(*middle).all()
