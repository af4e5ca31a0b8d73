"""Values that repeat another column: found, marked, and put back."""

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive.preprocessing import Copies, DataTransformer, Rules


def bills(n=800, seed=0):
    """Payments that are the bill, the payment before, or anything."""
    rng = np.random.default_rng(seed)
    bill = rng.lognormal(6, 1, n).round(2)
    first = np.where(rng.random(n) < 0.3, bill, rng.lognormal(5, 1, n).round(2))
    second = np.where(rng.random(n) < 0.1, bill, rng.lognormal(5, 1, n).round(2))
    second = np.where(rng.random(n) < 0.2, first, second)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D")
    later = start + pd.to_timedelta(rng.integers(1, 300, n), "D")
    return pd.DataFrame(
        {
            "bill": bill,
            "first": first,
            "second": np.where(rng.random(n) < 0.1, np.nan, second),
            "start": start,
            "change": later.where(rng.random(n) < 0.6, start),
        }
    )


def copies_of(df):
    tx = DataTransformer(n_components=1, random_state=0).fit(df)
    table = tx.encode(df)
    return Copies.fit(tx, df, table), tx, table


class TestFound:
    def test_words(self):
        assert set(copies_of(bills())[0].texts) == {
            "first may repeat bill",
            "second may repeat first, bill",
            "change may repeat start",
        }

    @pytest.mark.parametrize("seed", range(5))
    def test_nothing_in_independent_or_smooth_columns(self, seed):
        rng = np.random.default_rng(seed)
        x = rng.normal(0, 200, 3_000)
        df = pd.DataFrame(
            {
                "whole": x.round(),
                "close": (x + rng.normal(0, 5, 3_000)).round(),
                "free": rng.normal(0, 200, 3_000).round(),
                "prices": rng.choice([5, 10, 20, 50], 3_000)
                * rng.integers(1, 99, 3_000),
                "more": rng.choice([5, 10, 20, 50], 3_000) * rng.integers(1, 99, 3_000),
                "real": rng.normal(size=3_000),
            }
        )
        assert copies_of(df)[0].texts == []

    def test_few_repeats_are_left_alone(self):
        df = bills()
        rng = np.random.default_rng(1)
        df["first"] = rng.lognormal(5, 1, len(df)).round(2)
        df.loc[:19, "first"] = df.loc[:19, "bill"]
        assert not any(t.startswith("first") for t in copies_of(df)[0].texts)

    def test_sums(self):
        rng = np.random.default_rng(0)
        df = pd.DataFrame(rng.gamma(3.0, 100.0, (600, 2)).round(2), columns=["a", "b"])
        df["total"] = (df["a"] + df["b"]).round(2)
        some = rng.random(600) < 0.4
        df["paid"] = df["total"].where(some, (df["total"] / 2).round(2))
        df["twin"] = df["paid"].where(rng.random(600) < 0.5, df["a"])
        tx = DataTransformer(n_components=1, random_state=0).fit(df)
        table = tx.encode(df)
        rules = Rules.fit(tx.layout_, table, tx, df)
        assert rules.texts[:1] == ["total = a + b"]
        texts = Copies.fit(tx, df, table, rules).texts
        assert any(t.startswith("paid") and "total" in t for t in texts)
        assert not any(text.startswith(("a ", "total ")) for text in texts)


class TestMarked:
    def test_there_and_back(self):
        df = bills()
        copies, tx, table = copies_of(df)
        marked = copies.mark(table, df)
        rows = copies.put(tx.decode(copies.unmark(marked)), marked.codes)
        pd.testing.assert_frame_equal(rows, df)

    def test_layout_fits_the_codes(self):
        df = bills()
        copies, _, table = copies_of(df)
        marked = copies.mark(table, df)
        for i, span in enumerate(copies.layout.spans):
            assert marked.codes[:, i].max() == span.n_states - 1
            assert len(span.states) == span.n_states
        assert copies.layout.spans[2].states[-1].kind == "missing"
        missing = marked.codes[:, 2] == copies.layout.spans[2].n_states - 1
        assert np.array_equal(missing, df["second"].isna())
        names = [n for n in copies.layout.names if "atom" in n or "missing" in n]
        assert names == [
            "first~atom[\\= bill]",
            "second~atom[\\= first]",
            "second~atom[\\= bill]",
            "second~missing",
            "change~atom[\\= start]",
        ]

    def test_each_cell_by_itself(self):
        df = bills()
        copies, tx, table = copies_of(df)
        plain = copies.unmark(copies.mark(table))
        pd.testing.assert_frame_equal(tx.decode(plain), tx.decode(table))

    def test_repeats_stay_within_the_range(self):
        df = bills()
        copies, tx, table = copies_of(df)
        marked = copies.mark(table, df)
        rows = tx.decode(copies.unmark(marked))
        rows["bill"] = 1e6
        rows = copies.put(rows, marked.codes)
        assert rows["first"].max() == df["first"].max()
        assert copies.put(rows, marked.codes, clip=False)["first"].max() == 1e6

    def test_a_source_that_is_missing_is_no_value(self):
        df = bills()
        copies, tx, table = copies_of(df)
        marked = copies.mark(table, df)
        rows = tx.decode(copies.unmark(marked))
        rows["bill"] = np.nan
        assert copies.put(rows, marked.codes)["first"].notna().all()

    def test_state_round_trip(self):
        copies, tx, table = copies_of(bills())
        again = Copies.from_state(tx, copies.to_state())
        assert again.layout == copies.layout
        left, right = (c.mark(table, bills()) for c in (copies, again))
        assert np.array_equal(left.codes, right.codes)
