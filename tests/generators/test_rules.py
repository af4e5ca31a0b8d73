"""Generated rows keep what held on every training row, whatever is asked of them."""

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, same, small_gan

from sklearn_synthohive import (
    CTGAN,
    Constraint,
    DataTransformer,
    Metadata,
)

COUNTRY = dict(zip("abcdef", ["N", "N", "N", "S", "S", "X"], strict=True))


def stays(n=1_000, seed=0):
    rng = np.random.default_rng(seed)
    city = rng.choice(list(COUNTRY), n, p=[0.3, 0.3, 0.2, 0.1, 0.09, 0.01])
    rate = rng.lognormal(4, 0.5, n).round(2)
    fee = np.where(city == "a", 0.0, rng.gamma(2.0, 9.0, n).round(2))
    arrival = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 99, n), "D")
    nights = rng.integers(1, 90, n)
    return pd.DataFrame(
        {
            "city": city,
            "country": pd.Series(city).map(COUNTRY),
            "rate": rate,
            "fee": fee,
            "total": (rate + fee).round(2),
            "arrival": arrival,
            "nights": nights,
            "departure": arrival + pd.to_timedelta(nights, "D"),
            "score": np.where(city == "b", np.nan, rng.normal(size=n)),
        }
    )


def broken(rows):
    """How many rows break each rule of ``stays``."""
    wrong = {
        "country": rows["city"].map(COUNTRY) != rows["country"],
        "total": (rows["rate"] + rows["fee"] - rows["total"]).abs() > 1e-6,
        "departure": rows["departure"]
        != rows["arrival"] + pd.to_timedelta(rows["nights"], "D"),
        "score": (rows["city"] == "b") != rows["score"].isna(),
    }
    return {rule: int(mask.sum()) for rule, mask in wrong.items() if mask.any()}


@pytest.fixture(scope="module")
def model(network):
    return fit(small_gan(generator=network, epochs=3), stays())


class TestRows:
    def test_rules_are_told(self, model):
        assert model.rules_ == [
            "country follows from city",
            "whether score is missing follows from city",
            "total = rate + fee",
            "departure = arrival + nights",
        ]

    def test_rows_and_batches_keep_them(self, model):
        rows = model.sample(2_000, seed=0)
        assert broken(rows) == {}
        batches = model.sample_batches(2_000, 300, seed=0)
        same(pd.concat(batches, ignore_index=True), rows)

    def test_without_rules_some_rows_break(self, network):
        plain = fit(small_gan(generator=network, rules=None), stays())
        assert plain.rules_ == []
        assert set(broken(plain.sample(500, seed=0))) >= {"total", "departure"}

    def test_saved_models_keep_them(self, model, tmp_path):
        model.save(tmp_path / "model")
        again = CTGAN.from_saved(tmp_path / "model")
        assert again.rules_ == model.rules_
        same(again.sample(200, seed=3), model.sample(200, seed=3))

    def test_encoded_rows_keep_dependences(self, network):
        tx = DataTransformer(random_state=0).fit(stays())
        gan = fit(small_gan(generator=network), tx.transform(stays()))
        assert gan.rules_[0] == "country follows from city"
        assert set(broken(tx.inverse_transform(gan.sample(500, seed=0)))) <= {
            "total",
            "departure",
        }

    def test_with_context(self, network):
        df = stays()
        context = df[["nights"]].rename(columns={"nights": "length"})
        gan = fit(small_gan(generator=network), df, context=context)
        assert broken(gan.sample(len(df), context=context, seed=0)) == {}

    def test_constraints_come_last(self, network):
        metadata = Metadata().add_table(
            "stays", constraints={"total": Constraint(max=60)}
        )
        df = stays()
        df = df[df["total"] <= 60]
        gan = fit(
            small_gan(metadata=metadata, generator=network), df, table_name="stays"
        )
        rows = gan.sample(500, seed=0)
        assert rows["total"].max() <= 60
        whole = gan.sample(500, seed=0, enforce_constraints=True)
        assert len(whole) < 500
        assert broken(whole) == {}


class TestConditions:
    @pytest.mark.parametrize(
        "conditions",
        [
            {"country": "X"},
            {"country": ["X", "S"]},
            {"city": "f"},
            {"total": slice(50, 60)},
            {"nights": 7},
            {"score": None},
        ],
        ids=str,
    )
    def test_met_with_rules(self, model, conditions):
        rows = model.sample(100, conditions=conditions, seed=1)
        ((column, value),) = conditions.items()
        met = {
            slice: lambda v: rows[column].between(v.start, v.stop),
            list: lambda v: rows[column].isin(v),
            type(None): lambda v: rows[column].isna(),
        }.get(type(value), lambda v: rows[column] == v)
        assert met(value).all()
        assert broken(rows) == {}

    @pytest.mark.parametrize(
        "conditions",
        [
            {"total": 64.5},
            {"departure": pd.Timestamp("2024-04-01")},
            {"total": 64.5, "rate": 40.0},
            {"city": "f", "country": "X", "total": [50.0, 60.0]},
        ],
        ids=str,
    )
    def test_results_that_are_given_are_solved_for(self, conditions):
        gan = fit(small_gan(generator="autoregressive", epochs=10), stays())
        rows = gan.sample(100, conditions=conditions, seed=1)
        for column, value in conditions.items():
            assert (
                rows[column].isin(value if isinstance(value, list) else [value]).all()
            )
        assert broken(rows) == {}

    def test_partial_rows(self):
        gan = fit(small_gan(generator="autoregressive", epochs=10), stays())
        partial = pd.DataFrame(
            {
                "country": ["S", None, "N", "X"] * 20,
                "total": [55.5, 70.0, None, 60.0] * 20,
            }
        )
        rows = gan.sample(80, conditions=partial, seed=1)
        for column in partial:
            told = partial[column].notna()
            assert (rows[column] == partial[column])[told].all()
        assert broken(rows) == {}

    def test_a_rare_value_of_a_determined_column(self):
        df = stays(4_000)
        gan = fit(small_gan(generator="autoregressive", epochs=20), df)
        rows = gan.sample(400, conditions={"country": "S"}, seed=0)
        real = df[df["country"] == "S"]["city"].value_counts(normalize=True)
        drawn = rows["city"].value_counts(normalize=True)
        assert (real - drawn).abs().max() < 0.08


def accounts(n=1_500, seed=0):
    rng = np.random.default_rng(seed)
    bill = rng.lognormal(6, 1, n).round(2)
    kind = rng.choice(["careful", "other"], n, p=[0.4, 0.6])
    full = rng.random(n) < np.where(kind == "careful", 0.9, 0.1)
    paid = np.where(full, bill, (bill * rng.random(n)).round(2))
    return pd.DataFrame({"bill": bill, "kind": kind, "paid": paid})


@pytest.fixture(scope="module")
def payer():
    return fit(small_gan(generator="autoregressive", epochs=20), accounts())


class TestRepeats:
    def test_their_rate_is_kept(self, payer):
        assert payer.rules_ == ["paid <= bill", "paid may repeat bill"]
        real, rows = accounts(), payer.sample(3_000, seed=0)
        for kind in ("careful", "other"):
            left, right = (
                (df["paid"] == df["bill"])[df["kind"] == kind].mean()
                for df in (real, rows)
            )
            assert left == pytest.approx(right, abs=0.06)

    def test_without_them_hardly_any(self):
        gan = fit(
            small_gan(generator="autoregressive", epochs=20, rules="exact"), accounts()
        )
        rows = gan.sample(1_000, seed=0)
        assert (rows["paid"] == rows["bill"]).mean() < 0.1

    def test_saved_models_repeat(self, payer, tmp_path):
        payer.save(tmp_path / "model")
        again = CTGAN.from_saved(tmp_path / "model")
        same(again.sample(200, seed=3), payer.sample(200, seed=3))

    @pytest.mark.parametrize(
        "conditions", [{"paid": 300.0}, {"paid": slice(200, 400)}, {"bill": 300.0}]
    )
    def test_conditions(self, payer, conditions):
        rows = payer.sample(200, conditions=conditions, seed=0)
        assert rows.notna().all(axis=None)
        ((column, value),) = conditions.items()
        if column == "bill":
            assert 0.2 < (rows["paid"] == 300).mean() < 0.7
        if isinstance(value, slice):
            assert rows[column].between(value.start, value.stop).all()
        else:
            assert (rows[column] == value).all()

    def test_likelihood(self, payer):
        df = accounts().head(200)
        repeats = df["paid"] == df["bill"]
        scores = payer.score_samples(df)
        assert np.isfinite(scores).all()
        # A repeat is one value among all, another payment one cent among thousands.
        assert scores[repeats].mean() > scores[~repeats].mean() + 2

    def test_of_sums(self):
        df = accounts()
        df["fee"] = np.random.default_rng(1).gamma(2.0, 9.0, len(df)).round(2)
        df["total"] = (df["bill"] + df["fee"]).round(2)
        full = df["paid"] == df["bill"]
        df["paid"] = df["paid"].where(~full, df["total"])
        gan = fit(small_gan(generator="autoregressive", epochs=20), df)
        assert "total = bill + fee" in gan.rules_
        assert "paid may repeat total" in gan.rules_
        for conditions in (None, {"total": 400.0}):
            rows = gan.sample(1_000, seed=0, conditions=conditions)
            assert (rows["bill"] + rows["fee"] - rows["total"]).abs().max() < 1e-6
            assert 0.3 < (rows["paid"] == rows["total"]).mean() < 0.6

    def test_filled_cells_repeat_as_often(self, payer):
        df = accounts()
        careful = df[df["kind"] == "careful"].reset_index(drop=True)
        filled = payer.impute(careful.assign(paid=np.nan), seed=0)
        left, right = ((f["paid"] == f["bill"]).mean() for f in (careful, filled))
        assert left == pytest.approx(right, abs=0.08)
        known = payer.impute(careful.assign(bill=np.nan), seed=0)
        assert (known["paid"] == careful["paid"]).all()
        assert known["bill"].notna().all()

    def test_calibrated_rows_keep_the_rate(self):
        df = accounts()
        gan = fit(small_gan(generator="autoregressive", epochs=20), df)
        rows = gan.sample(1_500, seed=0, calibrated=True)
        real = (df["paid"] == df["bill"]).mean()
        assert (rows["paid"] == rows["bill"]).mean() == pytest.approx(real, abs=0.05)
        assert gan.score(df) > 0.95

    def test_batches_and_the_other_network(self, network):
        gan = fit(small_gan(generator=network), accounts())
        rows = pd.concat(gan.sample_batches(900, 100, seed=0), ignore_index=True)
        same(rows, gan.sample(900, seed=0))
