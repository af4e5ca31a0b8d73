"""Columns that say again what a date says."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_synthohive import CTGAN
from sklearn_synthohive.preprocessing import DataTransformer
from sklearn_synthohive.preprocessing._calendar import Calendar
from sklearn_synthohive.preprocessing._date_parts import PARTS, Clock, with_part

DAY = 24 * 60


def dated(n=1_500, zone=None, seed=0):
    """Minutes of four years, what a calendar says of them, and a number beside."""
    rng = np.random.default_rng(seed)
    minutes = pd.to_timedelta(rng.integers(4 * 365 * DAY, size=n), unit="min")
    times = pd.Timestamp("2019-01-01") + minutes
    if zone is not None:
        times = times.tz_localize("UTC").tz_convert(zone)
    frame = pd.DataFrame({"when": times})
    frame["year"] = times.year
    frame["month"] = times.month.astype("int8")
    frame["day"] = pd.array(times.day, dtype="Int64")
    frame["weekday"] = times.day_name()
    frame["weekend"] = times.day_of_week >= 5
    frame["quarter"] = pd.Categorical("Q" + times.quarter.astype(str))
    frame["season"] = np.where(times.month.isin([12, 1, 2]), "winter", "other")
    frame["hour"] = times.hour.astype(float)
    frame["amount"] = times.month + rng.normal(size=n)
    return frame


def agreeing(frame):
    """Which rows say of their date what it says, by pandas."""
    when, good = frame["when"], np.ones(len(frame), dtype=bool)
    told = {
        "year": when.dt.year,
        "month": when.dt.month,
        "day": when.dt.day,
        "weekday": when.dt.day_name(),
        "weekend": when.dt.day_of_week >= 5,
        "quarter": "Q" + when.dt.quarter.astype("Int64").astype(str),
        "season": pd.Series(when.dt.month.isin([12, 1, 2]), index=when.index).map(
            {True: "winter", False: "other"}
        ),
        "hour": when.dt.hour,
    }
    for name, values in told.items():
        own = frame[name]
        same = np.array([a == b for a, b in zip(own, values, strict=True)])
        good &= same | (own.isna() | when.isna()).to_numpy()
    return good


def calendar_of(frame, least=1):
    transformer = DataTransformer(derived_columns=False, random_state=0).fit(frame)
    return Calendar.fit(transformer, frame, least), list(transformer.columns_)


class TestFinding:
    def test_parts_and_what_follows_from_them(self):
        calendar, names = calendar_of(dated())
        assert sorted(calendar.texts(names)) == [
            "day is the day of when",
            "hour is the hour of when",
            "month is the month of when",
            "quarter follows from the quarter of when",
            "season follows from the month of when",
            "weekday follows from the weekday of when",
            "weekend follows from the weekday of when",
            "year is the year of when",
        ]

    def test_one_row_that_disagrees_is_enough(self):
        frame = dated()
        frame.loc[700, "month"] = frame.loc[700, "month"] % 12 + 1
        calendar, names = calendar_of(frame)
        assert "month is the month of when" not in calendar.texts(names)

    def test_no_accidents_of_few_rows(self):
        rng = np.random.default_rng(0)
        frame = dated(12)[["when"]].assign(coin=rng.integers(2, size=12))
        assert not calendar_of(frame)[0].items

    def test_missing_cells_do_not_hide_it(self):
        frame = dated()
        frame.loc[::7, "hour"] = np.nan
        frame.loc[::5, "when"] = pd.NaT
        calendar, names = calendar_of(frame)
        assert "hour is the hour of when" in calendar.texts(names)

    def test_days_without_a_time(self):
        frame = dated()[["when", "month", "weekday"]]
        frame["when"] = frame["when"].dt.date
        calendar, names = calendar_of(frame)
        assert calendar.texts(names) == [
            "month is the month of when",
            "weekday follows from the weekday of when",
        ]
        rows = frame.copy()
        rows["month"] = frame["month"].to_numpy()[::-1]
        held = calendar.hold(rows)
        assert calendar.holding(held).all()
        assert {type(day) for day in held["when"]} == {dt.date}

    def test_a_clock_elsewhere(self):
        frame = dated(zone="UTC")[["when"]]
        local = frame["when"].dt.tz_convert("America/New_York")
        frame["hour"], frame["day"] = local.dt.hour, local.dt.day
        calendar, names = calendar_of(frame)
        assert calendar.texts(names) == [
            "hour is the hour of when in America/New_York",
            "day is the day of when in America/New_York",
        ]
        # The hour that clocks show twice stays what it was.
        pd.testing.assert_frame_equal(calendar.hold(frame.copy()), frame)

    def test_rare_values_are_not_kept(self):
        frame = dated()[["when", "season"]]
        frame["season"] = frame["when"].dt.month.map(lambda m: f"month {m}")
        few = frame.iloc[:900]
        assert len(calendar_of(few, least=3)[0].items[0].keys) == 12
        counts = few["when"].dt.month.value_counts()
        calendar, _ = calendar_of(few, least=int(counts.min()) + 1)
        assert counts.idxmin() not in calendar.items[0].keys


class TestHolding:
    @pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
    def test_real_rows_stay_as_they_are(self, zone):
        frame = dated(zone=zone)
        calendar, _ = calendar_of(frame)
        assert calendar.holding(frame).all()
        pd.testing.assert_frame_equal(calendar.hold(frame.copy()), frame)

    @pytest.mark.parametrize("seed", range(3))
    def test_dates_go_to_their_parts(self, seed):
        frame = dated()
        calendar, names = calendar_of(frame)
        rng = np.random.default_rng(seed)
        # Each part from another real row, but for days that no month has.
        rows = frame.copy()
        for name in ("year", "month", "hour"):
            rows[name] = frame[name].to_numpy()[rng.permutation(len(frame))]
        plain = ["when", "year", "month", "hour"]
        only = Calendar(
            calendar.transformer,
            [i for i in calendar.items if names[i.target] in plain],
        )
        held = only.hold(rows.copy())
        assert only.holding(held).all()
        inside = held["when"].between(frame["when"].min(), frame["when"].max())
        assert inside.all()
        asked = (held[plain[1:]] == rows[plain[1:]]).all(axis=1)
        # But for those that would leave the range.
        assert asked.mean() > 0.95
        assert (held["when"].dt.day <= rows["when"].dt.day)[asked].all()

    def test_what_is_given_stays(self):
        frame = dated()
        calendar, names = calendar_of(frame)
        rows = frame.copy()
        rows["when"] = frame["when"].to_numpy()[::-1]
        given = np.zeros(rows.shape, dtype=bool)
        given[:, names.index("when")] = True
        held = calendar.hold(rows.copy(), given)
        pd.testing.assert_series_equal(held["when"], rows["when"])
        assert agreeing(held).all()
        assert (held.dtypes == frame.dtypes).all()

    def test_state(self):
        frame = dated()
        calendar, _ = calendar_of(frame)
        again = Calendar.from_state(calendar.transformer, calendar.to_state())
        assert again.items == calendar.items


class TestParts:
    @given(
        st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2040-12-31")),
        st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2040-12-31")),
        st.sampled_from(sorted(PARTS)),
    )
    @settings(max_examples=200, deadline=None)
    def test_a_part_is_set(self, one, other, part):
        times, wanted = pd.DatetimeIndex([one, one]), pd.DatetimeIndex([other])
        value = np.asarray(PARTS[part](wanted), dtype=np.int64)
        moved = with_part(times, np.array([1]), part, value)
        assert moved[0] == times[0]
        got = int(np.asarray(PARTS[part](moved[1:]))[0])
        if part in ("week", "day of the year"):
            # The 53rd week and the 366th day are those of some years.
            assert got == value[0] or value[0] in (53, 366) or one.month in (1, 12)
        elif part == "day":
            assert got == min(value[0], times[1].days_in_month)
        else:
            assert got == value[0]
        apart = abs(moved[1] - times[1])
        assert apart < pd.Timedelta(days=365 * 51 + 30)
        if part in ("hour", "minute"):
            assert moved[1].date() == times[1].date()

    def test_clocks_go_back(self):
        column = dated(zone="Europe/Berlin")["when"]
        clock = Clock(column, "Asia/Tokyo")
        pd.testing.assert_series_equal(clock.back(clock.times), column)


@pytest.fixture(scope="module")
def model():
    frame = dated()
    frame.loc[::9, "when"] = pd.NaT
    options = {"generator_dim": (8, 8), "epochs": 10, "random_state": 0}
    return CTGAN(**options).fit(frame, progress_bar=False)


class TestGenerated:
    def test_free_rows(self, model):
        rows = model.sample(600, seed=1)
        assert agreeing(rows).all()
        assert 0 < rows["when"].isna().mean() < 0.3
        assert rows["when"].nunique() > 300
        # The number still goes with the month.
        assert np.corrcoef(rows["month"], rows["amount"])[0, 1] > 0.8

    @pytest.mark.parametrize(
        "conditions",
        [
            {"month": 2},
            {"weekday": "Monday", "quarter": "Q3"},
            {"when": pd.Timestamp("2020-02-29 12:00")},
            {"weekend": True, "hour": 5.0},
        ],
        ids=str,
    )
    def test_conditions(self, model, conditions):
        rows = model.sample(80, conditions=conditions, seed=2)
        assert agreeing(rows).all()
        for name, value in conditions.items():
            assert (rows[name] == value).all()

    def test_saved(self, model, tmp_path):
        model.save(tmp_path / "model")
        again = CTGAN.from_saved(tmp_path / "model")
        assert again.rules_ == model.rules_
        pd.testing.assert_frame_equal(
            again.sample(50, seed=3), model.sample(50, seed=3)
        )

    def test_a_date_that_is_a_sum(self):
        frame = dated()[["when", "month"]]
        rng = np.random.default_rng(1)
        frame["days"] = rng.integers(1, 60, len(frame))
        frame["due"] = frame["when"] + pd.to_timedelta(frame["days"], unit="D")
        frame["due_month"] = frame["due"].dt.month
        options = {"generator_dim": (8, 8), "epochs": 4, "random_state": 0}
        model = CTGAN(**options).fit(frame, progress_bar=False)
        assert any(rule.startswith("due =") for rule in model.rules_)
        rows = model.sample(300, seed=0)
        assert (rows["due"].dt.month == rows["due_month"]).all()
        assert (rows["when"].dt.month == rows["month"]).all()
