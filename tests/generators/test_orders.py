"""Generated rows are in order, whatever is asked of them."""

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, same, small_gan

from sklearn_synthohive import CTGAN


def jobs(n=800, seed=0):
    rng = np.random.default_rng(seed)
    low = rng.normal(10, 8, n).round(1)
    high = (low + rng.gamma(4, 2, n)).round(1)
    attempts = rng.poisson(8, n)
    birth = pd.Timestamp("1940-01-01") + pd.to_timedelta(
        rng.integers(0, 20_000, n), "D"
    )
    return pd.DataFrame(
        {
            "high": high,
            "middle": (low + (high - low) * rng.random(n)).round(1),
            "low": low,
            "attempts": attempts,
            "made": rng.binomial(attempts, 0.45),
            "birth": birth,
            "hire": birth + pd.to_timedelta(rng.integers(6_570, 18_000, n), "D"),
            "kind": rng.choice(list("abc"), n),
        }
    )


def in_order(rows):
    pairs = [("low", "middle"), ("middle", "high"), ("made", "attempts")]
    pairs.append(("birth", "hire"))
    return all((rows[low] <= rows[high]).all() for low, high in pairs)


@pytest.fixture(scope="module")
def model(network):
    return fit(small_gan(generator=network, epochs=3), jobs())


def test_orders_are_told(model):
    assert set(model.rules_) == {
        "low <= middle",
        "middle <= high",
        "made <= attempts",
        "birth <= hire",
    }


def test_rows_and_batches(model):
    rows = model.sample(1_000, seed=0)
    assert in_order(rows)
    same(pd.concat(model.sample_batches(1_000, 300, seed=0)), rows)


def test_without_rules_some_rows_are_not(network):
    free = fit(small_gan(generator=network, epochs=3, rules=None), jobs())
    assert not in_order(free.sample(1_000, seed=0))


def test_saved_models(model, tmp_path):
    model.save(tmp_path / "model")
    again = CTGAN().load(tmp_path / "model")
    assert again.rules_ == model.rules_
    same(again.sample(300, seed=1), model.sample(300, seed=1))


@pytest.mark.parametrize(
    "conditions",
    [
        {"made": 7},
        {"attempts": 3},
        {"attempts": [2, 9]},
        {"low": slice(15, 40)},
        {"high": slice(5, 10)},
        {"middle": [5.0, 25.0], "kind": "a"},
        {"birth": pd.Timestamp("1985-01-05")},
        {"hire": slice("1965-01-01", "1975-01-01")},
        {"low": 15.0, "high": slice(16, 18)},
        {"low": 15.0, "middle": slice(14, 16)},
    ],
)
def test_conditions(model, conditions):
    rows = model.sample(200, seed=0, conditions=conditions)
    assert in_order(rows)
    for column, wanted in conditions.items():
        if isinstance(wanted, slice):
            start, stop = (
                pd.Series([v]).astype(rows[column].dtype)[0]
                for v in (wanted.start, wanted.stop)
            )
            assert rows[column].between(start, stop).all()
        else:
            assert rows[column].isin(np.atleast_1d(wanted)).all()


def test_partial_rows(model):
    asked = jobs(200, seed=1)[["middle", "made", "hire"]]
    ends = jobs()[["middle", "made", "hire"]].agg(["min", "max"])
    asked = asked.clip(ends.loc["min"], ends.loc["max"], axis=1)
    asked = asked.astype(jobs().dtypes[asked.columns])
    asked.loc[::3, "middle"] = np.nan
    asked.loc[::5, "hire"] = pd.NaT
    rows = model.sample(200, seed=0, conditions=asked)
    assert in_order(rows)
    for column in asked:
        given = asked[column].notna()
        assert (rows[column] == asked[column])[given].all()


def test_filled_cells():
    filler = fit(small_gan(generator="autoregressive", epochs=3), jobs())
    df = jobs()
    rng = np.random.default_rng(0)
    for column in ("low", "middle", "high", "birth", "hire"):
        df[column] = df[column].mask(rng.random(len(df)) < 0.3)
    filled = filler.impute(df, seed=0)
    assert in_order(filled)
    for column in df:
        given = df[column].notna()
        assert (filled[column] == df[column])[given].all()


def test_repeats_stay_repeats():
    rng = np.random.default_rng(0)
    n = 1_500
    bill = rng.gamma(2, 50, n).round(2)
    share = np.where(rng.random(n) < 0.3, 1.0, rng.random(n))
    df = pd.DataFrame({"paid": (bill * share).round(2), "bill": bill})
    df["limit"] = (bill + rng.gamma(1, 20, n)).round(2)
    df["used"] = df["limit"].where(rng.random(n) < 0.3, bill)
    model = fit(small_gan(generator="autoregressive", epochs=8), df)
    assert {"paid <= bill", "used <= limit"} <= set(model.rules_)
    rows = model.sample(3_000, seed=0)
    pairs = [("paid", "bill"), ("bill", "used"), ("used", "limit")]
    for low, high in pairs:
        assert (rows[low] <= rows[high]).all()
        share = (rows[low] == rows[high]).mean()
        assert share == pytest.approx((df[low] == df[high]).mean(), abs=0.06)


def test_orders_and_sums():
    rng = np.random.default_rng(0)
    df = pd.DataFrame(rng.gamma(2, 50, (1_000, 2)).round(2), columns=["net", "fee"])
    df["total"] = (df["net"] + df["fee"]).round(2)
    df["paid"] = (df["total"] * rng.random(1_000)).round(2)
    df["back"] = (df["net"] * rng.random(1_000)).round(2)
    model = fit(small_gan(epochs=3), df)
    assert {"total = net + fee", "paid <= total", "back <= net"} <= set(model.rules_)
    for conditions in (None, {"total": slice(100, 150)}, {"paid": 80.0}):
        rows = model.sample(300, seed=0, conditions=conditions)
        assert (rows["total"] == (rows["net"] + rows["fee"]).round(2)).all()
        assert (rows["paid"] <= rows["total"]).all()
        assert (rows["back"] <= rows["net"]).all()
