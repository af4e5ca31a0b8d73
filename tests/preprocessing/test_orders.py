"""Columns that are never above others: found where planted, nowhere else, and held."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.preprocessing import DataTransformer, Rules
from sklearn_synthohive.preprocessing._orders import Orders


def fitted(df):
    plain = {"n_components": 1, "derived_columns": False}
    tx = DataTransformer(random_state=0, **plain).fit(df)
    table = tx.encode(df)
    return Rules.fit(tx.layout_, table, tx, df), tx, table


def texts(df):
    """All rules but those of gaps."""
    return [text for text in fitted(df)[0].texts if "missing" not in text]


def shuffled(df, seed=0):
    """Each column in an order of its own."""
    rng = np.random.default_rng(seed)
    return df.apply(lambda column: column.iloc[rng.permutation(len(df))].array)


def shop(n=600, seed=0):
    rng = np.random.default_rng(seed)
    price = rng.lognormal(3, 0.8, n).round(2)
    low = rng.normal(10, 8, n).round(1)
    high = (low + rng.gamma(4, 2, n)).round(1)
    middle = (low + (high - low) * rng.random(n)).round(1)
    attempts = rng.poisson(8, n)
    birth = pd.Timestamp("1940-01-01") + pd.to_timedelta(
        rng.integers(0, 20_000, n), "D"
    )
    return pd.DataFrame(
        {
            "price": price,
            "cost": (price * rng.uniform(0.3, 1, n)).round(2),
            "low": low,
            "middle": middle,
            "high": high,
            "attempts": attempts,
            "made": rng.binomial(attempts, 0.45),
            "birth": birth,
            "hire": birth + pd.to_timedelta(rng.integers(6_570, 18_000, n), "D"),
        }
    )


SHOP = {
    "cost <= price",
    "low <= middle",
    "middle <= high",
    "made <= attempts",
    "birth <= hire",
}


def pair(n=300, seed=0):
    """Whole numbers of which the first is never above the second."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 100, n)
    return a, a + rng.integers(0, 60, n)


class TestFound:
    def test_in_words_and_without_what_follows(self):
        assert set(texts(shop())) == SHOP

    @pytest.mark.parametrize("n", [50, 100, 300, 2_000])
    @pytest.mark.parametrize("seed", range(5))
    def test_nothing_in_independent_columns(self, n, seed):
        rng = np.random.default_rng(seed)
        df = pd.DataFrame(
            {
                "far": rng.integers(1_000, 2_000, n),
                "near": rng.normal(0, 1, n),
                "count": rng.poisson(0.2, n),
                "more": rng.poisson(4, n),
                "flag": rng.integers(0, 2, n),
                "wide": rng.lognormal(2, 2, n),
                "day": pd.Timestamp("2024-01-01")
                + pd.to_timedelta(rng.integers(0, 99, n), "D"),
                "later": pd.Timestamp("2024-06-01")
                + pd.to_timedelta(rng.integers(0, 99, n), "D"),
            }
        )
        assert texts(df) == []

    def test_ranges_that_hardly_meet_tell_nothing(self):
        rng = np.random.default_rng(0)
        df = pd.DataFrame({"a": rng.random(5_000), "b": 0.98 + rng.random(5_000)})
        df = df[df["a"] <= df["b"]]
        assert texts(df) == []

    def test_one_exception_is_no_order(self):
        df = shop()
        df.loc[7, "cost"] = df.loc[7, "price"] + 0.01
        assert set(texts(df)) == SHOP - {"cost <= price"}

    def test_few_rows_are_no_order(self):
        a, b = pair(60)
        df = pd.DataFrame({"a": a, "b": a + (b - a) / 10})
        assert texts(df) == ["a <= b"]
        df.loc[20:, "b"] = np.nan
        assert texts(df) == []

    def test_strict_where_neighbours_are_common_but_never_equal(self):
        a, b = pair()
        b = a + (b - a) // 10
        assert texts(pd.DataFrame({"a": a, "b": b + 1})) == ["a < b"]
        assert texts(pd.DataFrame({"a": a, "b": b})) == ["a <= b"]
        assert texts(pd.DataFrame({"a": a, "b": b + 5})) == ["a <= b"]

    def test_equal_columns_and_identities_have_none(self):
        rng = np.random.default_rng(0)
        net, tip = rng.gamma(2, 9, (2, 400)).round(2)
        df = pd.DataFrame({"net": net, "again": net, "tip": tip})
        df["total"] = (net + tip).round(2)
        assert not [text for text in texts(df) if "<" in text]

    def test_a_chain_with_gaps_keeps_the_order_of_its_ends(self):
        df = shop()[["low", "middle", "high"]]
        df.loc[::3, "middle"] = np.nan
        assert set(texts(df)) == {"low <= middle", "middle <= high", "low <= high"}
        df.loc[::3, ["low", "high"]] = np.nan
        assert set(texts(df)) == {"low <= middle", "middle <= high"}

    def test_order_with_a_sum(self):
        df = shop()[["price", "cost"]].set_axis(["net", "back"], axis=1)
        df["fee"] = np.random.default_rng(1).gamma(2, 9, len(df)).round(2)
        df["total"] = (df["net"] + df["fee"]).round(2)
        assert set(texts(df)) == {"total = net + fee", "back <= net"}
        df["back"] = (df["total"] * np.random.default_rng(2).random(len(df))).round(2)
        assert set(texts(df)) == {"total = net + fee", "back <= total"}

    def test_on_all_rows_and_wide(self):
        rng = np.random.default_rng(0)
        low = rng.normal(size=(20_000, 30)).round(2)
        df = pd.DataFrame(np.hstack([low, low + rng.random(low.shape).round(2)]))
        df = df.add_prefix("c")
        df.loc[12_345, "c0"] = df.loc[12_345, "c30"] + 1
        assert set(texts(df)) == {f"c{i} <= c{i + 30}" for i in range(1, 30)}


def dates(days, **options):
    return pd.Timestamp("2020-01-01", **options) + pd.to_timedelta(days, "D")


DTYPES = {
    "uint8": lambda v: pd.Series(v, dtype="uint8"),
    "float32": lambda v: pd.Series(v / 3, dtype="float32"),
    "Int16": lambda v: pd.Series(v, dtype="Int16"),
    "Float64": lambda v: pd.Series(v / 10, dtype="Float64"),
    "arrow": lambda v: pd.Series(v, dtype="int32[pyarrow]"),
    "decimal": lambda v: pd.Series([Decimal(int(x)) / 100 for x in v], dtype=object),
    "date": lambda v: pd.Series(
        [dt.date(2020, 1, 1) + dt.timedelta(int(x)) for x in v], dtype=object
    ),
    "datetime": lambda v: pd.Series(dates(v)),
    "seconds": lambda v: pd.Series(dates(v)).dt.as_unit("s"),
    "zone": lambda v: pd.Series(dates(v, tz="America/New_York")),
    "arrow time": lambda v: pd.Series(dates(v)).astype("timestamp[ms][pyarrow]"),
    "timedelta": lambda v: pd.Series(pd.to_timedelta(v, "h")),
}


class TestHeld:
    def test_the_real_table_stays_as_it_is(self):
        df = shop()
        rules, tx, table = fitted(df)
        pd.testing.assert_frame_equal(rules.add_up(tx.decode(table)), df)

    @pytest.mark.parametrize("gaps", [False, True])
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_any_dtype(self, dtype, gaps):
        a, b = pair()
        df = pd.DataFrame({"a": DTYPES[dtype](a), "b": DTYPES[dtype](b)})
        if gaps:
            if dtype == "uint8":
                df = df.astype("UInt8")
            df["a"] = df["a"].mask(df.index % 5 == 0)
            df["b"] = df["b"].mask(df.index % 7 == 0)
        rules, _, _ = fitted(df)
        assert rules.texts == ["a <= b"]
        rows = shuffled(df)
        both = (rows["a"].notna() & rows["b"].notna()).to_numpy(dtype=bool)
        assert not (rows["a"] <= rows["b"])[both].all()
        kept = rows.copy()
        held = rules.add_up(rows)
        assert (held["a"] <= held["b"])[both].all()
        assert (held.dtypes == df.dtypes).all()
        pd.testing.assert_frame_equal(held[~both], kept[~both])
        cells = sorted(pd.concat([held["a"], held["b"]]).dropna())
        before = sorted(pd.concat([kept["a"], kept["b"]]).dropna())
        # Grids of decimals of float32 differ.
        assert cells == (pytest.approx(before) if dtype == "float32" else before)

    def test_units_of_dates_compare(self):
        a, b = pair()
        df = pd.DataFrame({"a": DTYPES["date"](a), "b": DTYPES["datetime"](b)})
        df["b"] += pd.to_timedelta(np.arange(300) % 86_400, "s")
        rules, _, _ = fitted(df)
        assert rules.texts == ["a <= b"]
        held = rules.add_up(shuffled(df))
        assert (pd.to_datetime(held["a"]) <= held["b"]).all()

    def test_grids_that_differ(self):
        rng = np.random.default_rng(0)
        b = rng.gamma(3, 10, 500)
        df = pd.DataFrame({"a": np.floor(b * rng.random(500)), "b": b})
        df["c"] = np.ceil(b / 5 + 1) * 5
        rules, _, _ = fitted(df)
        assert set(rules.texts) == {"a <= b", "b <= c"}
        held = rules.add_up(shuffled(df))
        assert (held["a"] <= held["b"]).all()
        assert (held["b"] <= held["c"]).all()
        assert set(held["a"] % 1) == {0}
        assert set(held["c"] % 5) == {0}

    def test_steps_wider_than_differences(self):
        rng = np.random.default_rng(0)
        a = 5 * rng.integers(0, 100, 500)
        df = pd.DataFrame({"a": a, "b": 7 * np.ceil(a / 7 + rng.integers(0, 9, 500))})
        rules, _, _ = fitted(df)
        assert rules.texts == ["a <= b"]
        held = rules.add_up(shuffled(df))
        assert (held["a"] <= held["b"]).all()
        assert set(held["b"] % 7) == {0}

    @pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
    def test_dates_apart_by_one_step(self, unit):
        rng = np.random.default_rng(0)
        a = rng.integers(0, 10**8, 400)
        start = pd.Timestamp("2001-02-03 04:05:06")
        a = pd.Series(start + pd.to_timedelta(a, "s")).dt.as_unit(unit)
        b = a + pd.to_timedelta(rng.integers(0, 3, 400) * 3_600, "s")
        df = pd.DataFrame(
            {"a": a, "b": b + pd.to_timedelta(rng.integers(0, 2, 400), "s")}
        )
        rules, _, _ = fitted(df.astype(f"datetime64[{unit}]"))
        assert rules.texts == ["a <= b"]
        assert rules.orders.holding(df).all()
        held = rules.add_up(shuffled(df))
        assert (held["a"] <= held["b"]).all()

    def test_values_that_a_column_never_has_are_not_put(self):
        rng = np.random.default_rng(0)
        fee = rng.choice([0.0, 4.99, 9.99], 400)
        df = pd.DataFrame({"fee": fee, "paid": (fee + rng.gamma(1, 9, 400)).round(2)})
        rules, _, _ = fitted(df)
        assert rules.texts == ["fee <= paid"]
        held = rules.add_up(shuffled(df))
        assert set(held["fee"]) <= {0.0, 4.99, 9.99}
        assert (held["fee"] <= held["paid"]).all()

    def test_margins_are_kept(self):
        df = shop(3_000)
        rules, _, _ = fitted(df)
        rng = np.random.default_rng(0)
        rows = df.copy()
        # Some rows are out of order, as a network would have them.
        for low, high in [("cost", "price"), ("low", "high")]:
            rows[low] = (rows[low] + rng.normal(0, 2, len(df))).round(2)
            rows[high] = (rows[high] + rng.normal(0, 2, len(df))).round(2)
        rows["low"], rows["high"] = rows["low"].round(1), rows["high"].round(1)
        ends = df.agg(["min", "max"])
        rows = rows.clip(ends.loc["min"], ends.loc["max"], axis=1)
        broken = ~rules.orders.holding(rows)
        assert broken.mean() > 0.05
        held = rules.add_up(rows.copy())
        assert rules.adding_up(held).all()
        for column in ("cost", "price", "low", "middle", "high"):
            assert ks_2samp(held[column], rows[column], method="asymp").statistic < 0.03
        pd.testing.assert_frame_equal(held[~broken], rows[~broken])

    def test_given_cells_stay(self):
        df = shop()
        rules, _, _ = fitted(df)
        rows = shuffled(df)
        fixed = np.zeros(rows.shape, dtype=bool)
        for column in ("cost", "made", "middle", "hire"):
            fixed[:, rows.columns.get_loc(column)] = True
        before = rows.copy()
        held = rules.add_up(rows, fixed)
        assert rules.adding_up(held).mean() > 0.99
        pd.testing.assert_frame_equal(held.iloc[:, fixed[0]], before.iloc[:, fixed[0]])
        # Cells that move alone do not all become equal to the given ones.
        moved = held["price"] != before["price"]
        assert (held["price"] == held["cost"])[moved].mean() < 0.3

    def test_given_on_both_sides_is_told(self):
        df = shop()
        rules, _, _ = fitted(df)
        rows = df.copy()
        rows.loc[:9, "cost"], rows.loc[:9, "price"] = 50.0, 40.0
        held = rules.add_up(rows, np.ones(rows.shape, dtype=bool))
        assert (~rules.adding_up(held)).sum() == 10

    def test_with_sums(self):
        rng = np.random.default_rng(0)
        df = shop()[["price", "cost"]].set_axis(["net", "back"], axis=1)
        df["fee"] = rng.gamma(2, 9, len(df)).round(2)
        df["total"] = (df["net"] + df["fee"]).round(2)
        df["paid"] = (df["total"] * rng.random(len(df))).round(2)
        rules, _, _ = fitted(df)
        assert {"back <= net", "paid <= total"} <= set(rules.texts)
        held = rules.add_up(shuffled(df))
        assert rules.adding_up(held).all()
        assert (held["total"] == (held["net"] + held["fee"]).round(2)).all()
        assert (held["paid"] <= held["total"]).all()

    def test_with_parts_of_dates(self):
        df = shop(2_000)[["birth", "hire"]]
        df["month"], df["weekday"] = df["hire"].dt.month, df["birth"].dt.day_of_week
        rules, _, _ = fitted(df)
        assert "birth <= hire" in rules.texts
        held = rules.add_up(shuffled(df))
        assert rules.adding_up(held).all()
        assert (held["month"] == held["hire"].dt.month).all()
        assert (held["weekday"] == held["birth"].dt.day_of_week).all()

    def test_what_determines_others_is_not_moved(self):
        a, b = pair(3_000)
        df = pd.DataFrame({"a": a % 20, "b": a % 20 + (b - a) % 7})
        df["name"] = [f"n{v % 3}" for v in df["a"]]
        rules, _, _ = fitted(df)
        assert rules.texts == ["name follows from a", "a <= b"]
        rows = shuffled(df)
        held = rules.add_up(rows.copy())
        assert (held["a"] == rows["a"]).all()
        assert (held["a"] <= held["b"]).all()

    @settings(max_examples=25, deadline=None)
    @given(
        seed=st.integers(0, 10_000),
        decimals=st.integers(0, 3),
        gaps=st.booleans(),
        size=st.sampled_from([0.1, 1.0, 40.0]),
    )
    def test_whatever_was_found_holds(self, seed, decimals, gaps, size):
        rng = np.random.default_rng(seed)
        start = rng.normal(0, 10, 200)
        parts = rng.exponential(size, (4, 200)) * (rng.random((4, 200)) < 0.8)
        columns = (start + parts.cumsum(axis=0)).round(decimals)
        df = pd.DataFrame(columns.T, columns=list("abcd"))[list("cadb")]
        if gaps:
            df = df.mask(rng.random(df.shape) < 0.1)
        rules, tx, table = fitted(df)
        codes, scalars = table.codes.copy(), table.scalars.copy()
        for column in (*codes.T, *scalars.T):
            rng.shuffle(column)
        mixed = rules.hold(CompactTable(codes, scalars), None, 0)
        held = rules.add_up(tx.decode(mixed))
        names = [text.split(" <") for text in rules.texts if " <" in text]
        for low, high in names:
            own, other = held[low], held[high.split(" ")[-1]]
            assert (own.isna() | other.isna() | (own <= other)).all()
        assert rules.orders.holding(held).all()


class TestState:
    def test_round_trip(self):
        df = shop()
        rules, tx, _ = fitted(df)
        again = Rules.from_state(tx.layout_, rules.to_state(), tx)
        assert again.texts == rules.texts
        left, right = (r.add_up(shuffled(df)) for r in (rules, again))
        pd.testing.assert_frame_equal(left, right)

    def test_models_without_orders(self):
        rules, tx, _ = fitted(shop())
        state = rules.to_state()
        del state["orders"]
        again = Rules.from_state(tx.layout_, state, tx)
        assert again.orders.items == []
        assert isinstance(again.orders, Orders)
