"""CTGAN with its default network, through the whole contract."""

import numpy as np
import pandas as pd
import pytest
from gan_cases import At, fit, parents, people, same
from scipy import stats
from sklearn.pipeline import make_pipeline

from sklearn_synthohive import CTGAN, DataTransformer
from sklearn_synthohive.utils.estimator_checks import parametrize_with_generator_checks


def small(**parameters):
    """A default CTGAN of a few units, for two epochs."""
    parameters = {"generator_dim": (8, 8), "epochs": 2, "random_state": 0} | parameters
    return CTGAN(**parameters)


def codes(n=600, seed=0):
    """A code of 300 levels, uneven, that decides a category."""
    rng = np.random.default_rng(seed)
    level = np.minimum(rng.geometric(0.01, n) - 1, 299)
    level[:300] = np.arange(300)
    return pd.DataFrame(
        {
            "shop": [f"S{k:03}" for k in level],
            "kind": np.where(level < 60, "big", "small"),
        }
    )


@pytest.fixture(scope="module")
def table():
    return people()


@pytest.fixture(scope="module")
def model(table):
    return fit(small(), table)


def assert_like(sample, table, n):
    assert len(sample) == n
    pd.testing.assert_series_equal(sample.dtypes, table.dtypes)
    for name in table:
        known = table[name].dropna()
        if known.dtype.kind in "biufM" and known.dtype != bool:
            drawn = sample[name].dropna()
            assert drawn.between(known.min(), known.max()).all()
        else:
            assert sample[name].dropna().isin(known.unique()).all()
        assert table[name].hasnans or not sample[name].hasnans


class TestTables:
    def test_it_is_the_default(self):
        assert CTGAN().generator == "autoregressive"

    def test_raw_rows(self, model, table):
        assert_like(model.sample(300, seed=0), table, 300)
        assert model.sample(0).shape == (0, 5)

    @pytest.mark.parametrize(
        "columns",
        [
            ["city"],
            ["age"],
            ["income"],
            ["since"],
            ["city", "member"],
            ["age", "income", "since"],
        ],
        ids="-".join,
    )
    def test_one_column_and_columns_of_one_kind(self, table, columns):
        own = table[columns]
        assert_like(fit(small(), own).sample(60, seed=0), own, 60)

    @pytest.mark.parametrize("n", [1, 2, 3, 7])
    def test_few_rows(self, table, n):
        few = table.head(n)
        sample = fit(small(), few).sample(20, seed=0)
        assert len(sample) == 20
        assert sample["city"].isin(few["city"]).all()
        assert sample["age"].between(few["age"].min(), few["age"].max()).all()

    def test_an_array(self):
        X = np.random.default_rng(0).normal(size=(120, 3))
        sample = fit(small(), X).sample(40, seed=0).to_numpy()
        assert sample.shape == (40, 3)
        assert (sample >= X.min(axis=0)).all()
        assert (sample <= X.max(axis=0)).all()

    def test_an_encoded_matrix_with_many_modes(self, table):
        """Ten components a column: a mixture within each mode."""
        transformer = DataTransformer(n_components=10, random_state=0, max_distinct=0)
        rng = np.random.default_rng(0)
        wide = table.assign(x=rng.normal(np.repeat([-20.0, 0.0, 30.0, 90.0], 50), 1.0))
        encoded = transformer.fit_transform(wide)
        assert transformer.layout_.span_of("x").n_states > 2
        model = fit(small(epochs=10), encoded)
        sample = model.sample(200, seed=0)
        assert list(sample.columns) == list(encoded.columns)
        transformer.layout_.check(sample.to_numpy())
        decoded = transformer.inverse_transform(sample)
        pd.testing.assert_series_equal(decoded.dtypes, wide.dtypes)
        # Each cluster keeps its mode: nothing lies in the wide gap between two.
        assert not decoded["x"].between(40, 80).any()
        assert decoded["x"].between(80, 100).mean() == pytest.approx(0.25, abs=0.12)

    def test_behind_a_pipeline(self, table):
        pipeline = make_pipeline(DataTransformer(), small())
        pipeline.fit(table, ctgan__progress_bar=False)
        sample = pipeline[-1].sample(30, seed=0)
        assert_like(pipeline[:-1].inverse_transform(sample), table, 30)

    def test_many_levels(self):
        """Above 200 levels the logits are tied to the embeddings."""
        shops = codes()
        model = fit(small(epochs=40, generator_lr=2e-2), shops)
        assert model._fitted.network.tied
        sample = model.sample(2000, seed=0)
        assert_like(sample, shops, 2000)
        assert sample["shop"].nunique() > 150
        big = sample["shop"] < "S060"
        agree = (sample["kind"] == "big") == big
        assert big.mean() == pytest.approx((shops["kind"] == "big").mean(), abs=0.08)
        assert agree.mean() > 0.8

    def test_missing_values_keep_their_share(self):
        rng = np.random.default_rng(0)
        gaps = pd.DataFrame(
            {
                "x": np.where(rng.random(800) < 0.3, np.nan, rng.normal(size=800)),
                "y": rng.choice(["a", "b", None], 800, p=[0.5, 0.3, 0.2]),
            }
        )
        sample = fit(small(epochs=4), gaps).sample(4000, seed=0)
        found, expected = sample.isna().mean(), gaps.isna().mean()
        assert np.abs(found - expected).max() < 0.04

    def test_with_a_context(self, table):
        context = parents()
        model = fit(small(), table, context=context)
        assert model._fitted.network.columns.n_context == 3
        assert_like(model.sample(200, context=context, seed=0), table, 200)
        one = context.head(1)
        assert len(model.sample(1, context=one)) == 1
        assert model.sample(0, context=context.head(0)).shape == (0, 5)


class TestParameters:
    def test_layers_of_unequal_width_are_refused(self, table):
        with pytest.raises(ValueError, match="equal widths"):
            fit(small(generator_dim=(8, 4)), table)

    def test_the_history_is_of_likelihoods(self, model):
        history = model.history_
        assert history["nll_loss"].notna().all()
        # The last epochs are on all rows: none are left to score.
        scored = history["log_likelihood"].notna()
        assert scored.iloc[:-1].any()
        assert not scored.iloc[-1]
        assert history["is_best"].iloc[-1]
        assert "fidelity" not in history

    @pytest.mark.parametrize(
        "parameters",
        [
            {"average_decay": 0},
            {"early_stopping": False},
            {"validation_fraction": 0},
            {"generator_dim": (6,)},
            {"generator_dim": (4, 4, 4)},
            {"embedding_threshold": 2},
        ],
        ids=lambda p: next(iter(p)),
    )
    def test_every_switch(self, table, parameters):
        assert_like(fit(small(**parameters), table).sample(30, seed=0), table, 30)

    def test_training_ends_when_rows_that_are_held_out_get_no_likelier(self):
        rng = np.random.default_rng(0)
        one, other = rng.integers(0, 2, (2, 600))
        # No linear law knows of it, so that no start is as good.
        odd = np.where(rng.random(600) < 0.9, one ^ other, rng.integers(0, 2, 600))
        table = pd.DataFrame({"one": one, "other": other, "odd": odd}).astype(str)
        patient = {"n_iter_no_change": 2, "tol": 1e-12}
        model = fit(small(epochs=60, generator_lr=2e-2, **patient), table)
        history = model.history_
        assert len(history) < 60
        best = history["log_likelihood"].idxmax()
        assert history["is_best"].iloc[best]
        # No gain in the steps of two long epochs, then half the epochs to the best on
        # all rows. Sixteen batches are 540 rows, twice is an epoch.
        n_scored = history["log_likelihood"].notna().sum()
        assert n_scored == best + 1 + int(np.ceil(2 / 0.32))
        assert len(history) == n_scored + max(1, round(0.5 * (best + 1)))


class TestRepeating:
    def test_seeds(self, model, table):
        same(model.sample(40, seed=1), model.sample(40, seed=1))
        assert not model.sample(40, seed=1).equals(model.sample(40, seed=2))
        again = fit(small(random_state=7), table, seed=0)
        same(again.sample(40, seed=1), model.sample(40, seed=1))
        other = fit(small(random_state=1), table)
        assert not other.sample(40, seed=1).equals(model.sample(40, seed=1))

    def test_conditions_repeat_too(self, model):
        first, again, other = (
            model.sample(50, seed=s, conditions={"city": "Bonn"}) for s in (1, 1, 2)
        )
        same(first, again)
        assert not first.equals(other)

    def test_batches_and_jobs(self, model):
        whole = model.sample(9000, seed=1)
        parts = list(model.sample_batches(9000, batch_size=2500, seed=1))
        same(pd.concat(parts), whole)
        same(model.set_params(n_jobs=2).sample(9000, seed=1), whole)
        model.set_params(n_jobs=None)

    @pytest.mark.parametrize("with_context", [False, True])
    def test_a_saved_model(self, table, model, tmp_path, with_context):
        context = parents() if with_context else None
        if with_context:
            model = fit(small(embedding_threshold=20), table, context=context)
        model.save(tmp_path / "model")
        loaded = CTGAN().load(tmp_path / "model")
        same(loaded.sample(200, context, seed=3), model.sample(200, context, seed=3))
        same(
            loaded.sample(200, context, seed=3, conditions={"age": slice(20, 50)}),
            model.sample(200, context, seed=3, conditions={"age": slice(20, 50)}),
        )

    @pytest.mark.parametrize("cut", [2, 7, 8])
    def test_a_resumed_run_equals_a_whole_one(self, table, tmp_path, cut):
        """Also where the rows held out were added before the cut, or just then."""

        def interrupt(net):
            raise KeyboardInterrupt

        options = {"n_iter_no_change": 9, "tol": 0.0, "epochs": 9}
        whole = fit(small(**options), table)
        scored = whole.history_["log_likelihood"].notna()
        assert len(scored) == 9
        assert scored.iloc[:7].all()
        assert not scored.iloc[-1]
        cuts = small(callbacks=[At(cut, interrupt)], **options)
        with pytest.raises(KeyboardInterrupt):
            fit(cuts, table, checkpoint_dir=tmp_path, checkpoint_interval=1)
        resumed = fit(small(resume_from=tmp_path, **options), table)
        columns = ["epoch", "nll_loss", "log_likelihood", "is_best"]
        same(resumed.history_[columns], whole.history_[columns])
        same(resumed.sample(200, seed=0), whole.sample(200, seed=0))


class TestSmallTables:
    @pytest.fixture(scope="class")
    @classmethod
    def rows(cls):
        rng = np.random.default_rng(0)
        x = rng.normal(size=150)
        return pd.DataFrame(
            {
                "x": x,
                "y": x + rng.normal(size=150),
                "z": rng.gamma(2.0, size=150),
                "kind": rng.choice(["a", "b"], 150),
            }
        )

    def test_rows_are_not_copied(self, rows):
        """To a row, fresh rows are as near as drawn ones, or nearly so."""
        model = fit(small(epochs=300, generator_dim=None), rows)
        numbers = ["x", "y", "z"]
        drawn = model.sample(500, seed=0)[numbers].to_numpy()
        own = rows[numbers].to_numpy()
        assert len(model.history_) < 100

        def nearest(points, to, itself):
            gaps = np.linalg.norm(points[:, None] - to[None], axis=2)
            if itself:
                np.fill_diagonal(gaps, np.inf)
            return gaps.min(axis=1)

        near = np.median(nearest(drawn, own, itself=False))
        usual = np.median(nearest(own, own, itself=True))
        assert near > 0.7 * usual
        assert nearest(drawn, own, itself=False).min() > 0


class TestManyRows:
    @pytest.mark.parametrize(
        ("n", "widths"), [(49_999, (32, 32)), (50_000, (64, 64, 64))]
    )
    def test_many_rows_take_more_units(self, n, widths, tmp_path):
        bit = np.random.default_rng(0).integers(0, 2, n).astype(str)
        table = pd.DataFrame({"a": bit, "b": np.where(bit == "1", "x", "y")})
        model = fit(small(generator_dim=None, epochs=1), table)
        assert model.generator_dim is None
        model.save(tmp_path / "model")
        loaded = CTGAN().load(tmp_path / "model")
        for each in (model, loaded):
            assert each._fitted.network.widths == widths
        same(*(each.sample(50, seed=0) for each in (model, loaded)))


class TestKnownLaw:
    """A perfect dependence, a number of two modes, and one that follows another."""

    @staticmethod
    def law(n, seed):
        rng = np.random.default_rng(seed)
        high = rng.random(n) < 0.3
        x = rng.normal(np.where(high, 8.0, 0.0), 1.0)
        return pd.DataFrame(
            {
                "grade": np.where(high, "high", "low"),
                "x": x,
                "mark": np.where(high, "H", "L"),
                "y": 2 * x + rng.normal(size=n),
            }
        )

    @pytest.fixture(scope="class")
    @classmethod
    def drawn(cls):
        model = small(epochs=30, generator_lr=1e-2)
        return fit(model, cls.law(3000, 0)).sample(6000, seed=0)

    def test_the_dependence_is_held(self, drawn):
        assert (drawn["grade"].str[0].str.upper() == drawn["mark"]).mean() > 0.99

    def test_shares(self, drawn):
        assert (drawn["grade"] == "high").mean() == pytest.approx(0.3, abs=0.03)

    def test_margins(self, drawn):
        fresh = self.law(20_000, 1)
        for name in ("x", "y"):
            assert stats.ks_2samp(drawn[name], fresh[name]).statistic < 0.04

    def test_modes_belong_to_their_grade(self, drawn):
        fresh = self.law(20_000, 1)
        for grade, rows in drawn.groupby("grade"):
            truth = fresh.loc[fresh["grade"] == grade, "x"]
            assert stats.ks_2samp(rows["x"], truth).statistic < 0.08
        assert drawn["x"].between(3.2, 4.8).mean() < 0.01

    def test_the_slope(self, drawn):
        rest = drawn["y"] - 2 * drawn["x"]
        assert abs(rest.median()) < 0.25
        assert rest.abs().quantile(0.9) < 2.5


@parametrize_with_generator_checks([small(epochs=1)])
def test_generator_checks(estimator, check):
    check(estimator)
