"""Parts of dates that other columns depend on."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from sklearn_synthohive import CTGAN, DataTransformer
from sklearn_synthohive.preprocessing._seasons import DatePart

N = 1_500


def sales(n=N, seed=0):
    """Few on weekends, many in December."""
    rng = np.random.default_rng(seed)
    date = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 1096, n), "D")
    rate = np.where(date.day_of_week >= 5, 4, 20) * np.where(date.month == 12, 2, 1)
    return pd.DataFrame({"date": date, "count": rng.poisson(rate)})


def visits(n=N, seed=0):
    """By day only, and by telephone in the evening."""
    rng = np.random.default_rng(seed)
    seconds = rng.integers(0, 365, n) * 86_400 + rng.integers(8 * 3_600, 20 * 3_600, n)
    time = pd.Timestamp("2023-01-01") + pd.to_timedelta(seconds, unit="s")
    channel = np.where(time.hour >= 17, "phone", rng.choice(["shop", "web"], n))
    return pd.DataFrame({"time": time, "channel": channel})


def fit(table, **parameters):
    return DataTransformer(random_state=0, **parameters).fit(table)


def test_what_matters_is_found():
    assert fit(sales()).derived_columns_ == ["month of date", "weekday of date"]
    assert fit(visits()).derived_columns_ == ["hour of time"]


def test_as_is_a_margin_by_itself():
    table = visits()[["time"]]
    assert fit(table).derived_columns_ == ["hour of time"]
    weekdays = sales()[["date"]]
    weekdays = weekdays[weekdays["date"].dt.day_of_week < 5].reset_index(drop=True)
    assert fit(weekdays).derived_columns_ == ["weekday of date"]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.integers(30, 4_000))
def test_nothing_is_found_in_even_dates(seed, days):
    rng = np.random.default_rng(seed)
    seconds = rng.integers(0, days * 86_400, 800)
    table = pd.DataFrame(
        {
            "time": pd.Timestamp("2010-03-01") + pd.to_timedelta(seconds, unit="s"),
            "x": rng.normal(size=800) + seconds / 1e8,
            "g": rng.choice(list("abc"), 800),
        }
    )
    table["day"] = table["time"].dt.normalize()
    parts = fit(table)._derived
    assert not [item for item in parts if isinstance(item, DatePart)]


def test_a_column_that_says_it_already_is_enough():
    table = sales().assign(wd=lambda t: t["date"].dt.day_of_week)
    assert fit(table).derived_columns_ == ["month of date"]
    assert fit(sales(), derived_columns=False).derived_columns_ == []


@pytest.mark.parametrize("flavour", ["naive", "zone", "objects", "arrow", "missing"])
def test_round_trips(flavour):
    table = sales()
    if flavour == "zone":
        table["date"] = table["date"].dt.tz_localize("Asia/Tokyo")
    elif flavour == "objects":
        table["date"] = table["date"].dt.date
    elif flavour == "arrow":
        table["date"] = table["date"].astype("timestamp[ns][pyarrow]")
    elif flavour == "missing":
        table.loc[::7, "date"] = pd.NaT
    transformer = fit(table)
    assert "weekday of date" in transformer.derived_columns_
    again = transformer.inverse_transform(transformer.transform(table))
    assert_frame_equal(again, table)
    loaded = DataTransformer.from_state(transformer.to_state())
    assert_frame_equal(loaded.transform(table), transformer.transform(table))


def test_generated_dates_have_their_weekdays():
    table = sales(3_000)
    model = CTGAN(random_state=0, epochs=30).fit(table, progress_bar=False)
    rows = model.sample(3_000, seed=0)
    assert list(rows) == list(table)
    for is_it in (lambda d: d.dt.day_of_week >= 5, lambda d: d.dt.month == 12):
        real, new = (t["count"][is_it(t["date"])].mean() for t in (table, rows))
        assert new == pytest.approx(real, rel=0.15)
    shares = (
        t["date"].dt.day_of_week.value_counts(normalize=True) for t in (table, rows)
    )
    real, new = shares
    assert (real - new).abs().max() < 0.03
    sunday = pd.Timestamp("2022-06-05")
    given = model.sample(300, conditions={"date": sunday}, seed=0)
    assert (given["date"] == sunday).all()
    assert given["count"].mean() < 8
    filled = table[:400].assign(count=np.nan)
    filled = model.impute(filled, seed=0)
    weekend = filled["date"].dt.day_of_week >= 5
    assert filled["count"][weekend].mean() < 0.6 * filled["count"][~weekend].mean()


def test_generated_times_have_their_hours():
    table = visits(3_000)
    model = CTGAN(random_state=0, epochs=30).fit(table, progress_bar=False)
    hours = model.sample(2_000, seed=0).assign(hour=lambda t: t["time"].dt.hour)
    assert hours["hour"].between(8, 19).all()
    evening = hours["channel"][hours["hour"] >= 17]
    assert (evening == "phone").mean() > 0.95
    # Seconds of the hours that there are are as likely as each other.
    scores = model.score_samples(table)
    assert np.isfinite(scores).all()
    day = np.log(365 * 12 * 3_600)
    channel = np.where(table["channel"] == "phone", 0, np.log(2))
    assert scores.mean() == pytest.approx(-day - channel.mean(), abs=0.35)
