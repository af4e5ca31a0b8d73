"""Columns of few states that are steps of a number or date."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_synthohive import CTGAN
from sklearn_synthohive.preprocessing import DataTransformer, Rules

START = pd.Timestamp("2024-01-01")


def claims(n=1_500, seed=0):
    """Ages, amounts and dates, what steps say of them, and a number beside."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    amount = (np.exp(rng.normal(6, 1, n)) + 5 * age).round(2)
    filed = START + pd.to_timedelta(rng.integers(0, 400 * 86_400, n), unit="s")
    df = pd.DataFrame({"age": age, "amount": amount, "filed": filed})
    df["group"] = pd.cut(df["age"], [0, 25, 45, 65, 100], labels=list("abcd"))
    df["code"] = df["group"].cat.codes + 10
    df["large"] = df["amount"] > 1_000
    df["phase"] = np.where(df["filed"] < "2024-07-20", "trial", None)
    df["middle"] = df["amount"].between(400, 1_200).map({True: "in", False: "out"})
    df["hours"] = np.where(df["age"] > 65, np.nan, rng.normal(38, 6, n).round(1))
    df["beside"] = rng.normal(size=n)
    return df


TEXTS = [
    "group follows from 4 intervals of age",
    "large follows from 2 intervals of amount",
    "middle follows from 3 intervals of amount",
    "phase follows from 2 intervals of filed",
]


def rules_of(df, **options):
    tx = DataTransformer(random_state=0, max_distinct=1, **options).fit(df)
    table = tx.encode(df)
    return Rules.fit(tx.layout_, table, tx, df), tx, table


def mixed(df, rng):
    """Each column in an order of its own, in its own dtype."""
    columns = {c: df[c].array[rng.permutation(len(df))] for c in df}
    return pd.DataFrame(columns, index=df.index)


def broken(rows):
    """How many rows break each rule of ``claims``, but for what lies at the cuts."""
    present = {
        "group": pd.cut(rows["age"], [0, 25, 45, 65, 100], labels=list("abcd")),
        "code": pd.cut(rows["age"], [0, 25, 45, 65, 100], labels=[10, 11, 12, 13]),
    }
    wrong = {c: rows[c].astype(object) != v for c, v in present.items()}
    amount, filed = rows["amount"], rows["filed"]
    wrong["large"] = (amount > 1_000) != rows["large"]
    wrong["large"] &= (amount - 1_000).abs() > 5
    wrong["middle"] = amount.between(400, 1_200) != (rows["middle"] == "in")
    wrong["middle"] &= ((amount - 400).abs() > 5) & ((amount - 1_200).abs() > 5)
    wrong["phase"] = (filed < "2024-07-20") != rows["phase"].notna()
    wrong["phase"] &= (filed - pd.Timestamp("2024-07-20")).abs() > pd.Timedelta("2D")
    wrong["hours"] = (rows["age"] > 65) != rows["hours"].isna()
    return {name: int(mask.sum()) for name, mask in wrong.items() if mask.any()}


class TestFinding:
    def test_planted_steps_in_words(self):
        rules, _, _ = rules_of(claims())
        assert rules.thresholds.texts(list(claims())) == TEXTS
        # What follows from the group is a step with it.
        implied = [i.target for i in rules.thresholds.items if i.implied]
        assert list(claims().columns[implied]) == ["code", "hours"]
        assert rules.texts[0] == "code follows from group"
        assert "whether hours is missing follows from group" in rules.texts

    def test_one_exception_is_no_rule(self):
        df = claims()
        for column in ("group", "code", "large", "middle", "phase"):
            row = df[column].first_valid_index()
            other = df[column][df[column] != df[column][row]].iloc[0]
            df.loc[row, column] = other
        df.loc[df["hours"].first_valid_index(), "hours"] = np.nan
        assert rules_of(df)[0].thresholds.items == []

    @pytest.mark.parametrize("n", [60, 150, 600])
    @pytest.mark.parametrize("seed", range(4))
    def test_nothing_in_independent_columns(self, n, seed):
        rng = np.random.default_rng(seed)
        df = pd.DataFrame(
            {
                "rare": rng.random(n) < 0.03,
                "coin": rng.random(n) < 0.5,
                "level": rng.choice(list("abcdefghij"), n),
                "count": rng.poisson(1, n),
                "x": rng.normal(size=n).round(1),
                "y": rng.normal(size=n),
                "when": START + pd.to_timedelta(rng.integers(0, 900, n), "D"),
                "gaps": np.where(rng.random(n) < 0.05, np.nan, rng.random(n)),
            }
        )
        df["noisy"] = df["y"] + rng.normal(0, 0.3, n) > 0
        assert rules_of(df)[0].texts == []

    def test_tiny_classes_are_no_evidence(self):
        df = claims()
        df["old"] = df["amount"] >= df["amount"].nlargest(8).min()
        assert "old" not in " ".join(rules_of(df)[0].texts)

    def test_the_source_with_the_fewest_steps_then_the_first(self):
        df = claims()[["beside", "amount", "large"]]
        df["again"] = 2 * df["amount"] + 7
        df["folded"] = df["amount"].where(df["amount"] < 2_000, -df["amount"])
        rules, _, _ = rules_of(df[["folded", "amount", "again", "large"]])
        assert TEXTS[1] in rules.texts
        rules, _, _ = rules_of(df[["again", "folded", "amount", "large"]])
        assert "large follows from 2 intervals of again" in rules.texts

    def test_rows_without_the_source(self):
        df = claims()
        df.loc[::9, "amount"] = np.nan
        df["middle"] = df["middle"].where(df["amount"].notna(), "unknown")
        rules, tx, _ = rules_of(df)
        items = {df.columns[i.target]: i for i in rules.thresholds.items}
        assert items["large"].empty == -1
        levels = tx._encodings[df.columns.get_loc("middle")].levels
        assert levels[items["middle"].empty] == "unknown"
        rows = mixed(df, np.random.default_rng(0))
        held = rules.add_up(rows.copy())
        missing = held["amount"].isna()
        assert (held["middle"][missing] == "unknown").all()
        assert (held["middle"][~missing] != "unknown").all()
        same = held["large"] == rows["large"]
        assert same[missing].all()
        assert not same[~missing].all()

    def test_cuts_stand_for_several_rows(self):
        df = claims()
        for least in (1, 5, 40):
            rules, _, _ = rules_of(df, min_frequency=least)
            items = {df.columns[i.target]: i for i in rules.thresholds.items}
            (cut,) = items["large"].cuts
            below = df["amount"][df["amount"] <= 1_000].nlargest(least)
            above = df["amount"][df["amount"] > 1_000].nsmallest(least)
            assert below.max() < cut < above.min()
            assert cut != pytest.approx(below.max()) or least == 1
            near = 1e-2 if least == 1 else (above.mean() - below.mean()) / 2
            middle = (below.mean() + above.mean()) / 2
            assert cut == pytest.approx(middle, abs=near)

    def test_intervals_of_few_rows_are_not_told(self):
        df = claims()[["amount"]]
        df["large"] = df["amount"] > df["amount"].nlargest(31).min()
        assert len(rules_of(df)[0].thresholds.items) == 1
        assert rules_of(df, min_frequency=31)[0].thresholds.items == []

    def test_wide_tables_in_a_moment(self):
        rng = np.random.default_rng(0)
        df = pd.DataFrame(rng.normal(size=(2_000, 30))).add_prefix("x")
        for k in range(30):
            df[f"flag{k}"] = rng.random(2_000) < [0.5, 0.02, 0.003][k % 3]
        df["told"] = df["x7"] > 0.4
        assert rules_of(df)[0].texts == ["told follows from 2 intervals of x7"]


def as_arrow(df):
    pytest.importorskip("pyarrow")
    return df.convert_dtypes(dtype_backend="pyarrow")


def as_nullable(df):
    out = df.convert_dtypes()
    return out.assign(group=df["group"])


def as_objects(df):
    out = df.assign(filed=df["filed"].dt.date, phase=df["phase"].astype(object))
    for column in ("amount", "hours"):
        cells = [None if v != v else Decimal(str(v)) for v in df[column]]
        out[column] = pd.Series(cells, dtype=object)
    out["phase"] = np.where(out["filed"] < dt.date(2024, 7, 20), "trial", None)
    return out


def as_zoned(df):
    return df.assign(
        filed=df["filed"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"),
        beside=df["beside"].astype("float32"),
        large=df["large"].astype("category"),
    )


DTYPES = [as_arrow, as_nullable, as_objects, as_zoned]


class TestHolding:
    @pytest.mark.parametrize("change", [lambda df: df, *DTYPES])
    def test_rows_in_any_order_are_held_in_their_dtypes(self, change):
        df = change(claims())
        rules, tx, table = rules_of(df)
        assert set(TEXTS) <= set(rules.texts)
        real = tx.decode(table)
        pd.testing.assert_frame_equal(rules.add_up(real.copy()), real)
        rows = mixed(real, np.random.default_rng(0))
        assert rules.adding_up(rows).mean() < 0.1
        held = rules.add_up(rows.copy())
        assert rules.adding_up(held).all()
        assert (held.dtypes == real.dtypes).all()
        for column in held:
            types = {type(v) for v in held[column]}
            assert types <= {type(v) for v in real[column]}
        sources = ["age", "amount", "filed", "beside"]
        pd.testing.assert_frame_equal(held[sources], rows[sources])

    def test_polars(self):
        pl = pytest.importorskip("polars")
        df = pl.from_pandas(claims().assign(code=1.5))
        rules, tx, table = rules_of(df)
        held = tx.to_container(rules.add_up(tx.decode_pandas(table)))
        assert held.schema == df.schema
        assert set(TEXTS) <= set(rules.texts)

    def test_gaps_and_values(self):
        df = claims()[["amount", "hours"]]
        df["hours"] = np.where(df["amount"] > 800, np.nan, df["amount"] ** 0.6).round(1)
        rules, _, _ = rules_of(df)
        assert rules.texts == [
            "whether hours is missing follows from 2 intervals of amount"
        ]
        rows = mixed(df, np.random.default_rng(0))
        held = rules.add_up(rows.copy())
        assert rules.adding_up(held).all()
        kept = rows["hours"].notna() & held["hours"].notna()
        assert (held["hours"] == rows["hours"])[kept].all()
        # Values come from rows that look alike.
        came = rows["hours"].isna() & held["hours"].notna()
        assert came.sum() > 100
        assert held["hours"].isin(df["hours"]).all()
        alone = rows[came].iloc[:1].copy()
        assert rules.add_up(alone)["hours"].notna().all()

    def test_sources_move_to_given_states(self):
        df = claims()
        rules, _, _ = rules_of(df)
        rows = mixed(df, np.random.default_rng(0))
        fixed = np.zeros(rows.shape, dtype=bool)
        for column in ("large", "group", "phase"):
            fixed[:, df.columns.get_loc(column)] = True
        held = rules.add_up(rows.copy(), fixed)
        given = ["large", "group", "phase"]
        pd.testing.assert_frame_equal(held[given], rows[given])
        assert rules.adding_up(held).all()
        assert held["amount"].between(df["amount"].min(), df["amount"].max()).all()
        moved = held["amount"] != rows["amount"]
        assert ((rows["amount"] > 1_000) != rows["large"])[moved].all()
        # They do not heap up at the cut.
        assert held["amount"][moved].value_counts().max() <= 3
        near = held["age"][held["age"] != rows["age"]].value_counts(normalize=True)
        assert near.max() < 0.1

    def test_what_contradicts_is_told(self):
        df = claims()
        rules, _, _ = rules_of(df)
        rows = df.copy()
        rows.loc[:99, "large"] = ~rows.loc[:99, "large"]
        fixed = np.ones(rows.shape, dtype=bool)
        held = rules.add_up(rows.copy(), fixed)
        pd.testing.assert_frame_equal(held, rows)
        assert np.array_equal(rules.adding_up(held), df.index > 99)

    def test_sums_are_sources(self):
        rng = np.random.default_rng(0)
        df = pd.DataFrame(rng.integers(1, 900, (800, 2)), columns=["a", "b"])
        df["total"] = df["a"] + df["b"]
        df["big"] = df["total"] > 1_100
        rules, _, _ = rules_of(df)
        assert rules.texts == ["total = a + b", "big follows from 2 intervals of total"]
        rows = mixed(df, rng)
        held = rules.add_up(rows.copy())
        assert rules.adding_up(held).all()
        fixed = np.zeros(rows.shape, dtype=bool)
        fixed[:, 3] = True
        held = rules.add_up(rows.copy(), fixed)
        assert (held["big"] == rows["big"]).all()
        good = rules.adding_up(held)
        assert good.mean() > 0.8
        assert (held["total"] == held["a"] + held["b"])[good].all()

    def test_state_round_trip(self):
        df = claims()
        rules, tx, _ = rules_of(df)
        again = Rules.from_state(tx.layout_, rules.to_state(), tx)
        assert again.texts == rules.texts
        rows = mixed(df, np.random.default_rng(0))
        pd.testing.assert_frame_equal(
            again.add_up(rows.copy()), rules.add_up(rows.copy())
        )
        old = {k: v for k, v in rules.to_state().items() if k != "thresholds"}
        assert Rules.from_state(tx.layout_, old, tx).thresholds.items == []

    @given(
        cuts=st.lists(st.integers(-40, 40), min_size=1, max_size=6, unique=True),
        grid=st.sampled_from([None, 0, 1, 2]),
        target=st.sampled_from(["text", "bool", "number", "gap"]),
        gaps=st.sampled_from([0.0, 0.1]),
        least=st.sampled_from([1, 6]),
        seed=st.integers(0, 1_000),
    )
    @settings(max_examples=60, deadline=None)
    def test_whatever_is_found_is_held(self, cuts, grid, target, gaps, least, seed):
        rng = np.random.default_rng(seed)
        x = rng.normal(0, 25, 400)
        x = x if grid is None else x.round(grid)
        place = np.searchsorted(np.sort(cuts), x)
        y = {
            "text": pd.Series([f"step {k}" for k in place]),
            "bool": pd.Series(place % 2 == 1),
            "number": pd.Series(place**2),
            "gap": pd.Series(np.where(place % 2, np.nan, rng.random(400))),
        }[target]
        x[rng.random(400) < gaps] = np.nan
        df = pd.DataFrame({"x": x, "y": y})
        rules, tx, table = rules_of(df, min_frequency=least)
        table = rules.hold(table, None, 0)
        rows = mixed(tx.decode(table), rng)
        assert rules.adding_up(tx.decode(table)).mean() > 0.9
        held = rules.add_up(rows.copy())
        assert rules.adding_up(held).all()
        fixed = np.zeros(rows.shape, dtype=bool)
        fixed[:, 1] = True
        held = rules.add_up(rows.copy(), fixed)
        pd.testing.assert_series_equal(held["y"], rows["y"])
        if rules.thresholds.items and not rules.dependences.items:
            (item,) = rules.thresholds.items
            good = rules.adding_up(held)
            assert good[held["x"].notna() | (item.empty < 0)].all()


@pytest.fixture(scope="module")
def model():
    options = {"generator_dim": (16, 16), "epochs": 10, "random_state": 0}
    return CTGAN(**options).fit(claims(), progress_bar=False)


class TestGenerated:
    def test_free_rows(self, model):
        rows = model.sample(1_000, seed=1)
        assert broken(rows) == {}
        assert (rows.dtypes == claims().dtypes).all()

    @pytest.mark.parametrize(
        "conditions",
        [
            {"large": True},
            {"group": ["a", "b"]},
            {"group": ["a", "d"]},
            {"code": 12},
            {"group": "d", "code": 13},
            {"phase": None},
            {"hours": 40.0},
            {"middle": "out", "large": False},
            {"amount": slice(900, 1_100)},
            {"amount": slice(600, 1_100), "large": True},
            {"large": False, "phase": "trial", "age": 70},
            {"filed": START + pd.Timedelta(days=300)},
        ],
        ids=str,
    )
    def test_conditions(self, model, conditions):
        rows = model.sample(120, conditions=conditions, seed=2)
        assert broken(rows) == {}
        for name, value in conditions.items():
            if isinstance(value, slice):
                assert rows[name].between(value.start, value.stop).all()
            elif value is None:
                assert rows[name].isna().all()
            else:
                allowed = value if isinstance(value, list) else [value]
                assert rows[name].isin(allowed).all()
        if "amount" not in conditions:
            assert rows["amount"].value_counts().max() <= 3

    def test_a_condition_on_a_state_is_one_on_the_source(self, model):
        rows = model.sample(1_000, conditions={"large": True}, seed=0)
        free = model.sample(4_000, seed=0)
        free = free[free["large"]]
        levels = [0.1, 0.5, 0.9]
        left, right = rows["amount"].quantile(levels), free["amount"].quantile(levels)
        assert (left / right - 1).abs().max() < 0.1

    def test_partial_rows(self, model):
        partial = pd.DataFrame(
            {
                "large": [True, None, False, None] * 30,
                "group": ["a", "d", None, None] * 30,
                "amount": [None, 1_500.0, None, 600.0] * 30,
            }
        )
        rows = model.sample(120, conditions=partial, seed=3)
        assert broken(rows) == {}
        for name in partial:
            told = partial[name].notna()
            assert (rows[name] == partial[name])[told].all()

    @pytest.mark.parametrize("hidden", ["large", "amount", "group", "age", "filed"])
    def test_impute(self, model, hidden):
        real = claims(300, seed=1)
        holes = real.copy()
        if holes[hidden].dtype.kind in "ib":
            holes[hidden] = holes[hidden].astype(
                "boolean" if hidden == "large" else "Int64"
            )
        holes.loc[::2, hidden] = None
        filled = model.impute(holes, seed=0)
        # A filled cell is a value, whatever a rule says.
        assert filled.notna().all().all()
        wrong = broken(filled[real.notna().all(axis=1)])
        assert sum(wrong.values()) <= 2, wrong

    def test_saved(self, model, tmp_path):
        model.save(tmp_path / "model")
        again = CTGAN.from_saved(tmp_path / "model")
        assert again.rules_ == model.rules_
        pd.testing.assert_frame_equal(
            again.sample(50, seed=3), model.sample(50, seed=3)
        )

    def test_the_network_of_two_players(self):
        options = {"generator": "mlp", "generator_dim": (16,), "epochs": 3}
        df = claims(400)
        model = CTGAN(**options, random_state=0).fit(df, progress_bar=False)
        assert broken(model.sample(300, seed=0)) == {}
        rows = model.sample(100, conditions={"large": True}, seed=0)
        assert rows["large"].all()
        assert broken(rows) == {}

    def test_repeats_of_a_source(self):
        rng = np.random.default_rng(0)
        bill = np.exp(rng.normal(6, 1, 1_500)).round(2)
        paid = np.where(
            rng.random(1_500) < 0.4, bill, (bill * rng.random(1_500)).round(2)
        )
        df = pd.DataFrame({"bill": bill, "paid": paid, "large": paid > 300})
        options = {"generator_dim": (16, 16), "epochs": 5, "random_state": 0}
        model = CTGAN(**options).fit(df, progress_bar=False)
        assert "paid may repeat bill" in model.rules_
        for conditions in (None, {"large": True}):
            rows = model.sample(500, conditions=conditions, seed=0)
            right = (rows["paid"] > 300) == rows["large"]
            assert (right | ((rows["paid"] - 300).abs() < 5)).all()
            assert (rows["paid"] == rows["bill"]).mean() > 0.25
