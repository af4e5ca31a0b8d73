"""Log-likelihoods of rows, against laws that are known."""

import datetime as dt
import itertools
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, parents, people, small_gan
from scipy import stats
from sklearn.pipeline import Pipeline

from sklearn_synthohive import CTGAN, DataTransformer


def tiny(**parameters):
    small = {"generator_dim": (8, 8), "generator_lr": 1e-2, "random_state": 0}
    return CTGAN(**(small | {"epochs": 15} | parameters))


def discrete(n=900, seed=0):
    """Every way in which a column is a finite set of values."""
    rng = np.random.default_rng(seed)
    city = rng.choice(["Oslo", "Rome", None], n, p=[0.6, 0.3, 0.1])
    # Too many to be spikes only, with a tall one among them; some values are unseen.
    whole = rng.integers(0, 150, n) * 2
    whole[rng.random(n) < 0.3] = 40
    # Hardly any value repeats, so there are no steps.
    sparse = (rng.normal(size=n) * 300).astype(int)
    price = pd.Series((rng.integers(0, 90, n) / 10).round(1))
    return pd.DataFrame(
        {
            "city": city,
            "few": rng.integers(0, 3, n),
            "whole": whole,
            "sparse": sparse,
            "price": price.where(rng.random(n) > 0.2),
        }
    )


class TestProbabilities:
    def every_row(self, table, columns):
        """All combinations of what the given columns can hold."""
        values = {
            "city": ["Oslo", "Rome", None],
            "few": [0, 1, 2],
            "price": [*(np.arange(0, 90) / 10).round(1), np.nan],
        }
        for c in {"whole", "sparse"}.intersection(columns):
            values[c] = range(table[c].min(), table[c].max() + 1)
        rows = itertools.product(*(values[c] for c in columns))
        return pd.DataFrame(rows, columns=columns).astype(
            {c: table.dtypes[c] for c in columns}
        )

    @pytest.mark.parametrize(
        "columns",
        [["city", "few", "price"], ["whole", "few"], ["few", "sparse"], ["price"]],
        ids="-".join,
    )
    def test_they_sum_to_one(self, columns):
        table = discrete()[columns]
        model = fit(tiny(epochs=3), table)
        total = np.exp(model.score_samples(self.every_row(table, columns))).sum()
        assert total == pytest.approx(1, abs=1e-5)

    @pytest.mark.parametrize("column", ["whole", "sparse", "price"])
    def test_they_do_with_many_modes(self, column):
        """Then several modes decode to one value, and to that of a spike."""
        table = discrete()[[column]]
        transformer = DataTransformer(n_components=4, random_state=0, max_distinct=0)
        model = fit(tiny(epochs=2, transformer=transformer), table)
        assert len(model._fitted.codec.layout.spans[0].states) > 1
        total = np.exp(model.score_samples(self.every_row(table, [column]))).sum()
        assert total == pytest.approx(1, abs=1e-5)

    def test_they_are_the_frequencies_of_sampled_rows(self):
        table = discrete()[["city", "few", "whole"]]
        model = fit(tiny(), table)
        # So many that chance leaves half of the gap that is borne.
        sample = model.sample(200_000, seed=0)
        # Over groups of rows, since single ones are rare.
        every = self.every_row(table, ["city", "few", "whole"])
        p = np.exp(model.score_samples(every))
        bins = [every["city"].fillna("-"), every["few"], every["whole"] // 60]
        expected = pd.Series(p).groupby(bins).sum()
        bins = [sample["city"].fillna("-"), sample["few"], sample["whole"] // 60]
        found = sample.groupby(bins).size() / len(sample)
        gap = found.sub(expected.rename_axis(found.index.names), fill_value=0).abs()
        assert gap.sum() / 2 < 0.012


class TestDensities:
    """Two Gaussians that depend on a category, with a known log-density."""

    MEANS = pd.DataFrame({"x": [100.0, 103.0], "y": [-2.0, 1.0]}, index=["a", "b"])

    def law(self, n=4000, seed=0, unit=1.0):
        rng = np.random.default_rng(seed)
        kind = rng.choice(["a", "b"], n, p=[0.7, 0.3])
        x = rng.normal(size=n)
        y = 0.8 * x + 0.6 * rng.normal(size=n)
        x, y = (
            x + self.MEANS["x"][kind].to_numpy(),
            y + self.MEANS["y"][kind].to_numpy(),
        )
        return pd.DataFrame({"kind": kind, "x": unit * x, "y": y})

    def truth(self, table, unit=1.0):
        centred = table[["x", "y"]].to_numpy() / [unit, 1]
        centred = centred - self.MEANS.loc[table["kind"]].to_numpy()
        log = stats.multivariate_normal(cov=[[1, 0.8], [0.8, 1]]).logpdf(centred)
        share = np.where(table["kind"] == "a", 0.7, 0.3)
        return log + np.log(share) - np.log(unit)

    @pytest.mark.parametrize("unit", [1.0, 1000.0])
    def test_the_mean_is_near_the_truth(self, unit):
        model = fit(tiny(epochs=20), self.law(unit=unit))
        table = self.law(seed=1, unit=unit)
        found, truth = model.score_samples(table), self.truth(table, unit)
        inside = np.isfinite(found)
        assert inside.mean() > 0.995
        gap = (truth - found)[inside]
        # Knots of ten rows each, on average: their spacing alone costs .05 a column.
        assert gap.mean() == pytest.approx(0.1, abs=0.1)
        assert np.corrcoef(found[inside], truth[inside])[0, 1] > 0.9

    def test_it_integrates_to_one(self):
        model = fit(tiny(epochs=5), self.law(1500)[["x"]])
        x = self.law(1500)["x"]
        grid = np.linspace(x.min(), x.max(), 40_001)
        density = np.exp(model.score_samples(pd.DataFrame({"x": grid})))
        assert np.trapezoid(density, grid) == pytest.approx(1, abs=2e-3)

    def test_values_that_repeat_are_probabilities(self):
        """A number on no grid whose values are few, with a spike among them."""
        rng = np.random.default_rng(0)
        values = rng.normal(size=200)
        x = rng.choice(values, 3000)
        x[rng.random(3000) < 0.4] = np.pi
        model = fit(tiny(epochs=3), pd.DataFrame({"x": x}))
        rows = pd.DataFrame({"x": np.unique(x)})
        total = np.exp(model.score_samples(rows)).sum()
        assert total == pytest.approx(1, abs=1e-5)
        at = np.exp(model.score_samples(pd.DataFrame({"x": [np.pi]})))
        assert at == pytest.approx(0.4, abs=0.05)


@pytest.fixture(scope="module")
def strict():
    """A model of a table with a column of each kind, and the table."""
    table = people().assign(
        plan=pd.Categorical(["basic", "plus"] * 100),
        tail=[f"T{k % 60:02}" for k in range(200)],
        zoned=pd.date_range("2020-01-01", periods=200, tz="Europe/Oslo"),
    )
    return fit(small_gan(generator="autoregressive"), table), table


class TestWhatTheModelNeverMakes:
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("age", 12),
            ("age", 300),
            ("age", 40.5),
            ("age", np.nan),
            ("income", 1e9),
            ("city", "Paris"),
            ("city", None),
            ("since", pd.Timestamp("1999-01-01")),
            ("since", pd.NaT),
            ("member", None),
            ("plan", "gold"),
            ("plan", None),
            ("tail", "T99"),
            ("tail", None),
            ("zoned", pd.NaT),
        ],
        ids=str,
    )
    def test_minus_infinity_for_that_row_only(self, strict, column, value):
        model, table = strict
        rows = table[:5].copy()
        before = model.score_samples(rows)
        assert np.isfinite(before).all()
        cells = rows[column].astype(object)
        cells.iloc[2] = value
        if column == "zoned":
            cells = cells.astype(rows[column].dtype)
        rows[column] = cells
        after = model.score_samples(rows)
        assert after[2] == -np.inf
        np.testing.assert_allclose(np.delete(after, 2), np.delete(before, 2))

    def test_a_whole_column_of_them(self, strict):
        model, table = strict
        for value in (None, "Paris"):
            rows = table.assign(city=pd.Series([value] * 200, dtype=object))
            assert (model.score_samples(rows) == -np.inf).all()


def test_rows_do_not_depend_on_each_other(table):
    model = fit(small_gan(generator="autoregressive"), table)
    whole = model.score_samples(table)
    assert whole.dtype == np.float64
    parts = [model.score_samples(table[k : k + 7]) for k in range(0, len(table), 7)]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-9)
    assert model.score_samples(table[:0]).shape == (0,)
    np.testing.assert_array_equal(model.score_samples(table), whole)


def test_a_context_counts():
    rng = np.random.default_rng(0)
    region = rng.choice(["north", "south"], 800)
    kind = np.where(rng.random(800) < np.where(region == "north", 0.9, 0.2), "h", "l")
    context, table = pd.DataFrame({"region": region}), pd.DataFrame({"kind": kind})
    model = fit(tiny(), table, context=context)
    rows = pd.DataFrame({"kind": ["h", "l", "h", "l"]})
    given = pd.DataFrame({"region": ["north", "north", "south", "south"]})
    p = np.exp(model.score_samples(rows, context=given))
    np.testing.assert_allclose(p, [0.9, 0.1, 0.2, 0.8], atol=0.05)
    np.testing.assert_allclose([p[:2].sum(), p[2:].sum()], 1, atol=1e-6)
    with pytest.raises(ValueError, match="context"):
        model.score_samples(rows)


def test_after_saving_and_loading(tmp_path, table):
    model = fit(small_gan(generator="autoregressive"), table, context=parents())
    model.save(tmp_path / "model")
    again = CTGAN.from_saved(tmp_path / "model")
    found = again.score_samples(table, context=parents())
    np.testing.assert_array_equal(found, model.score_samples(table, context=parents()))


class TestInAPipeline:
    def test_it_scores_the_encoded_rows(self, table):
        gan = small_gan(generator="autoregressive")
        pipe = Pipeline([("tx", DataTransformer(random_state=0)), ("gan", gan)])
        pipe.fit(table, gan__progress_bar=False)
        scores = pipe.score_samples(table)
        assert scores.shape == (200,)
        assert np.isfinite(scores).all()

    def test_discrete_columns_score_as_raw_ones(self):
        table = discrete()[["city", "few"]]
        pipe = Pipeline([("tx", DataTransformer(random_state=0)), ("gan", tiny())])
        pipe.fit(table, gan__progress_bar=False, gan__seed=0)
        rows = table.drop_duplicates()
        assert np.exp(pipe.score_samples(rows)).sum() == pytest.approx(1, abs=1e-5)


def test_the_network_of_the_paper_has_none(table):
    model = fit(small_gan(), table)
    assert not hasattr(model, "score_samples")
    with pytest.raises(AttributeError) as caught:
        _ = model.score_samples
    assert "generator='mlp' knows no likelihood" in str(caught.value.__cause__)


class TestFineGrids:
    """Cells that are lost to rounding count with their density."""

    def columns(self, n=800):
        rng = np.random.default_rng(0)
        after, day = rng.integers(0, int(3e14), n), rng.integers(0, int(8.64e10), n)
        stamps = pd.Timestamp("2014-01-01") + pd.to_timedelta(after, unit="us")
        return {
            "integers": (rng.integers(0, 2**60, n), 2.0**60),
            "microseconds": (stamps, 3e14),
            "with a zone": (stamps.tz_localize("UTC"), 3e14),
            "durations": (pd.to_timedelta(after, unit="us"), 3e14),
            "decimals": ([Decimal(int(k)).scaleb(-2) for k in after], 3e14),
            "integers as objects": (pd.Series(after.tolist(), dtype=object), 3e14),
            "dates of Python": (
                pd.Series(list(stamps.to_pydatetime()), None, object),
                3e14,
            ),
            "times of day": (
                [(dt.datetime.min + dt.timedelta(0, 0, int(k))).time() for k in day],
                8.64e10,
            ),
        }

    @pytest.mark.parametrize(
        "name",
        [
            *["integers", "microseconds", "with a zone", "durations", "decimals"],
            *["integers as objects", "dates of Python", "times of day"],
        ],
    )
    def test_a_uniform_column(self, name):
        values, width = self.columns()[name]
        table = pd.DataFrame({"v": values})
        model = CTGAN(generator_dim=(8, 8), epochs=3, random_state=0)
        model.fit(table, progress_bar=False)
        found = model.score_samples(table)
        assert np.isfinite(found).all()
        # Each value of a uniform law has the probability of its share of the range.
        assert found.mean() == pytest.approx(-np.log(width), abs=0.3)
        drawn = model.score_samples(model.sample(200, seed=0))
        assert np.isfinite(drawn).all()

    @pytest.mark.parametrize(
        ("name", "kind", "parameters"),
        [
            ("decimals", "decimal128", (18, 2)),
            ("microseconds", "timestamp", ("us",)),
            ("durations", "duration", ("us",)),
            ("times of day", "time64", ("us",)),
        ],
    )
    def test_columns_of_arrow(self, name, kind, parameters):
        pa = pytest.importorskip("pyarrow")
        values, _ = self.columns()[name]
        dtype = pd.ArrowDtype(getattr(pa, kind)(*parameters))
        table = pd.DataFrame({"v": pd.Series(values).astype(dtype)})
        model = CTGAN(generator_dim=(8, 8), epochs=1, random_state=0)
        model.fit(table, progress_bar=False)
        assert np.isfinite(model.score_samples(table)).all()

    def test_what_lies_beyond_stays_impossible(self):
        values, _ = self.columns()["microseconds"]
        table = pd.DataFrame({"v": values})
        model = CTGAN(generator_dim=(8, 8), epochs=1, random_state=0)
        model.fit(table, progress_bar=False)
        beyond = pd.DataFrame({"v": pd.to_datetime(["2013-12-01", "2050-01-01"])})
        assert (model.score_samples(beyond) == -np.inf).all()


def test_numbers_of_many_magnitudes_score_as_their_logarithms():
    rng = np.random.default_rng(0)
    logs = rng.exponential(30, (1_500, 2))
    fresh = rng.exponential(30, (300, 2)).clip(logs.min(axis=0), logs.max(axis=0))
    scores = []
    for values in (logs, 10.0**-logs):
        model = tiny(epochs=5)
        model.fit(pd.DataFrame(values, columns=["a", "b"]), progress_bar=False)
        test = fresh if values is logs else 10.0**-fresh
        scores.append(model.score_samples(pd.DataFrame(test, columns=["a", "b"])))
    # Densities differ by the derivative of the one number by the other.
    expected = scores[0] + (fresh * np.log(10) - np.log(np.log(10))).sum(axis=1)
    assert np.isfinite(expected).all()
    gap = scores[1] - expected
    assert np.median(np.abs(gap)) < 0.1
    assert abs(np.mean(gap)) < 0.1
