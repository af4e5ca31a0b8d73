"""What holds on every row: found where it is planted, nowhere else, and held."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.preprocessing import DataTransformer, Rules
from sklearn_synthohive.preprocessing._identities import find_identities


def rules_of(df):
    tx = DataTransformer(n_components=1, random_state=0).fit(df)
    table = tx.encode(df)
    return Rules.fit(tx.layout_, table, tx, df), tx, table


def shuffled(table, rng):
    """Each column in an order of its own: nothing depends on anything."""
    codes, scalars = table.codes.copy(), table.scalars.copy()
    for block in (codes, scalars):
        for column in block.T:
            rng.shuffle(column)
    return CompactTable(codes, scalars)


def orders(n=600, seed=0):
    """A table with sums, rounded shares, dates, a hierarchy and gaps that go along."""
    rng = np.random.default_rng(seed)
    net = rng.lognormal(3, 1, n).round(2)
    ship = rng.choice([0, 4.99, 9.99], n)
    tax = (0.2 * net).round(2)
    city = rng.choice(list("abcdef"), n, p=[0.3, 0.3, 0.2, 0.1, 0.05, 0.05])
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 99, n), "D")
    nights = rng.integers(1, 90, n)
    return pd.DataFrame(
        {
            "net": net,
            "tax": tax,
            "ship": ship,
            "total": (net + tax + ship).round(2),
            "city": city,
            "country": pd.Series(city).map(dict(zip("abcdef", "NNNSSS", strict=True))),
            "arrival": day,
            "nights": nights,
            "departure": day + pd.to_timedelta(nights, "D"),
            "bonus": np.where(city == "a", np.nan, rng.normal(size=n)),
        }
    )


class TestFound:
    def test_planted_rules_in_words(self):
        rules, _, _ = rules_of(orders())
        assert set(rules.texts) == {
            "country follows from city",
            "whether bonus is missing follows from city",
            "tax = 0.2 * net",
            "total = net + tax + ship",
            "departure = arrival + nights",
        }

    @pytest.mark.parametrize("n", [20, 60, 150, 400])
    @pytest.mark.parametrize("seed", range(5))
    def test_nothing_in_independent_columns(self, n, seed):
        rng = np.random.default_rng(seed)
        df = pd.DataFrame(
            {
                "rare": rng.random(n) < 0.03,
                "level": rng.choice(list("abcdefghij"), n),
                "name": rng.permutation([f"n{i}" for i in range(n)]),
                "few": rng.integers(0, 4, n),
                "count": rng.poisson(1, n),
                "x": rng.normal(size=n).round(1),
                "y": rng.normal(size=n),
                "gaps": np.where(rng.random(n) < 0.05, np.nan, rng.random(n)),
            }
        )
        assert rules_of(df)[0].texts == []

    def test_one_exception_is_no_rule(self):
        df = orders()
        df.loc[5, "country"] = "S" if df.loc[5, "country"] == "N" else "N"
        df.loc[7, "total"] += 0.01
        df.loc[9, "departure"] += pd.Timedelta(days=1)
        text = " ".join(rules_of(df)[0].texts)
        assert "country" not in text
        assert "total =" not in text
        assert "departure =" not in text

    def test_keys_determine_nothing(self):
        n = 500
        rng = np.random.default_rng(0)
        df = pd.DataFrame({"key": [f"k{i}" for i in range(n)]})
        df["twice"] = [f"t{i // 2}" for i in range(n)]
        df["kind"] = pd.Series(rng.integers(0, 9, n)).iloc[np.arange(n) // 2].to_numpy()
        assert rules_of(df)[0].texts == []

    def test_rare_states_of_large_alphabets_tell_nothing(self):
        rng = np.random.default_rng(0)
        level = np.append(rng.integers(0, 70, 5_000), [70, 71, 71, 72, 72, 72])
        df = pd.DataFrame({"level": [f"l{i}" for i in level], "kind": level % 3})
        rules, tx, _ = rules_of(df)
        (item,) = rules.dependences.items
        levels = tx.inverse_transform(tx.transform(df))["level"]
        assert (levels == df["level"]).all()
        counts = df["level"].value_counts()
        assert (item.codes < 0).sum() == (counts < 3).sum() == 2

    def test_a_sum_is_computed_rather_than_a_difference(self):
        rng = np.random.default_rng(0)
        total = rng.integers(0, 1_000, 400)
        part = (total * rng.random(400)).astype(int)
        df = pd.DataFrame({"total": total, "part": part, "rest": total - part})
        assert rules_of(df)[0].texts == ["total = rest + part"]

    def test_missing_together(self):
        df = orders()
        df.loc[df.index % 7 == 0, ["net", "tax", "total"]] = np.nan
        text = rules_of(df)[0].texts
        assert "tax = 0.2 * net" in text
        assert "whether tax is missing follows from whether net is missing" in text

    @pytest.mark.parametrize("n_columns", [3, 40])
    def test_wide(self, n_columns):
        rng = np.random.default_rng(0)
        df = pd.DataFrame(rng.normal(size=(300, n_columns)).round(2)).add_prefix("c")
        df["sum"] = (df["c0"] - df["c1"] + 2 * df["c2"]).round(2)
        assert rules_of(df)[0].texts == ["sum = c0 + 2 * c2 - c1"]

    @settings(max_examples=25, deadline=None)
    @given(
        factors=st.lists(
            st.sampled_from([-2.0, -1.0, 0.5, 1.0, 1 / 3, 1.21]), min_size=1, max_size=4
        ),
        constant=st.sampled_from([0.0, -7.0, 12.5]),
        seed=st.integers(0, 1_000),
    )
    def test_any_short_identity(self, factors, constant, seed):
        rng = np.random.default_rng(seed)
        terms = [rng.normal(100, 30, 200) for _ in factors]
        own = constant + sum(f * t for f, t in zip(factors, terms, strict=True))
        (found,) = find_identities([*terms, own], [0.0] * (len(terms) + 1))
        amounts = dict(enumerate([*terms, own]))
        assert found.holds(amounts, 0.0).all()
        assert {found.target, *found.terms} == set(amounts)


class TestHeld:
    def test_the_real_table_stays_as_it_is(self):
        df = orders()
        rules, tx, table = rules_of(df)
        held = rules.hold(table, None, 0)
        assert np.array_equal(held.codes, table.codes)
        assert np.array_equal(held.scalars, table.scalars)
        pd.testing.assert_frame_equal(rules.add_up(tx.decode(held)), df)

    @pytest.mark.parametrize("seed", range(3))
    def test_independent_columns_keep_the_rules(self, seed):
        df = orders()
        rules, tx, table = rules_of(df)
        table = rules.hold(shuffled(table, np.random.default_rng(seed)), None, 0)
        rows = rules.add_up(tx.decode(table))
        pairs = df[["city", "country"]].drop_duplicates()
        assert len(rows.merge(pairs)) == len(rows)
        assert ((rows["city"] == "a") == rows["bonus"].isna()).all()
        assert ((rows["tax"] - 0.2 * rows["net"]).abs() <= 0.005 + 1e-9).all()
        parts = rows["net"] + rows["tax"] + rows["ship"]
        assert (rows["total"] == parts.round(2)).all()
        nights = pd.to_timedelta(rows["nights"], "D")
        assert (rows["departure"] == rows["arrival"] + nights).all()
        assert (rows.dtypes == df.dtypes).all()

    @pytest.mark.parametrize("n", [1, 40])
    def test_values_where_a_chunk_has_none(self, n):
        df = orders()
        rules, tx, table = rules_of(df)
        kept = table.take(np.flatnonzero(df["city"] == "b")[:n])
        empty = table.take(np.flatnonzero(df["city"] == "a")[:1])
        i, k = tx.columns_.index("bonus"), tx.columns_.index("city")
        codes = kept.codes.copy()
        codes[:, i] = empty.codes[0, i]
        assert tx.decode(CompactTable(codes, kept.scalars))["bonus"].isna().all()
        rows = tx.decode(rules.hold(CompactTable(codes, kept.scalars), None, 0))
        assert rows["bonus"].notna().all()
        codes[:, k] = empty.codes[0, k]
        rows = tx.decode(rules.hold(CompactTable(codes, kept.scalars), None, 0))
        assert rows["bonus"].isna().all()

    def test_given_states_stay_and_their_determinant_moves(self):
        df = orders()
        rules, tx, table = rules_of(df)
        table = shuffled(table, np.random.default_rng(0))
        forced = np.full(table.codes.shape, -1)
        i, a = tx.columns_.index("country"), tx.columns_.index("city")
        forced[:, i] = 1
        codes = table.codes.copy()
        codes[:, i] = 1
        held = rules.hold(
            CompactTable(codes, table.scalars), CompactTable(forced, table.scalars), 0
        )
        assert (held.codes[:, i] == 1).all()
        rows = tx.decode(held)
        assert set(rows["city"]) == {"d", "e", "f"}
        moved = ~np.isin(table.codes[:, a], [3, 4, 5])
        share = (rows["city"][moved] == "d").mean()
        assert share == pytest.approx(0.5, abs=0.1)

    def test_a_given_result_is_solved_for(self):
        df = orders()
        rules, _, _ = rules_of(df)
        rows = df.copy()
        rows["departure"] = pd.Timestamp("2024-04-01")
        fixed = np.zeros(rows.shape, dtype=bool)
        fixed[:, rows.columns.get_loc("departure")] = True
        rules.add_up(rows, fixed)
        assert (rows["departure"] == pd.Timestamp("2024-04-01")).all()
        nights = pd.to_timedelta(rows["nights"], "D")
        good = rows["departure"] == rows["arrival"] + nights
        assert np.array_equal(good, rules.adding_up(rows))
        assert good.mean() > 0.9

    def test_whole_numbers_and_rows_that_are_given(self):
        rng = np.random.default_rng(0)
        df = pd.DataFrame(rng.integers(0, 500, (300, 2)), columns=["a", "b"])
        df["sum"] = df["a"] + df["b"]
        rules, _, _ = rules_of(df)
        rows = df.copy()
        rows["sum"] = 400
        fixed = np.zeros(rows.shape, dtype=bool)
        fixed[:150, 2] = True
        rules.add_up(rows, fixed)
        assert (rows["sum"][:150] == 400).all()
        holds = rows["sum"] == rows["a"] + rows["b"]
        # Where both are beyond 400 neither alone can make it 400.
        smaller = df[["a", "b"]].min(axis=1)
        assert holds[smaller < 390].all()
        assert not holds[:150][smaller[:150] > 400].any()
        pd.testing.assert_frame_equal(rows[150:], df[150:])

    def test_state_round_trip(self):
        df = orders()
        rules, tx, table = rules_of(df)
        again = Rules.from_state(tx.layout_, rules.to_state(), tx)
        assert again.texts == rules.texts
        mixed = shuffled(table, np.random.default_rng(1))
        left, right = (r.hold(mixed, None, 0) for r in (rules, again))
        assert np.array_equal(left.codes, right.codes)
        left, right = (r.add_up(tx.decode(left)) for r in (rules, again))
        pd.testing.assert_frame_equal(left, right)
