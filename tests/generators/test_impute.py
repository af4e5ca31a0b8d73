"""Filled cells follow their law given the others; what was there stays."""

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, parents, people, same, small_gan
from test_conditioned_laws import FIRST, JOINT, MEANS, law

from sklearn_synthohive import CTGAN, DataTransformer
from sklearn_synthohive.metrics import pair_trends


@pytest.fixture(scope="module")
def model():
    return fit(small_gan(generator="autoregressive"), people())


@pytest.fixture(scope="module")
def chain():
    """Knows the law of ``test_conditioned_laws``, without gaps of its own."""
    table = law(3000).dropna().reset_index(drop=True)
    small = CTGAN(generator_dim=(8, 8), generator_lr=1e-2, epochs=25, random_state=0)
    return fit(small, table), table


def punch(table, share, seed=0):
    """Remove cells at random."""
    rng = np.random.default_rng(seed)
    return table.mask(rng.random(table.shape) < share)


class TestWhatIsKept:
    def test_cells_dtypes_and_index(self, model):
        rows = punch(people(), 0.3)
        rows.index = pd.Index([f"r{k}" for k in range(200)])
        before = rows.copy()
        filled = model.impute(rows, seed=0)
        same(rows, before)
        assert not filled.isna().any().any()
        assert filled.index.equals(rows.index)
        assert filled.dtypes.equals(rows.dtypes)
        for column in rows:
            there = rows[column].notna()
            assert (filled[column] == rows[column])[there].all()

    def test_rows_without_gaps(self, model):
        whole = people().dropna()
        same(model.impute(whole, seed=0), whole)
        same(model.impute(whole[:0], seed=0), whole[:0])

    def test_a_seed_repeats_the_values(self, model):
        rows = punch(people(), 0.3)
        same(model.impute(rows, seed=1), model.impute(rows, seed=1))
        assert not model.impute(rows, seed=1).equals(model.impute(rows, seed=2))

    def test_a_column_that_is_all_missing(self, model):
        rows = people(20).assign(city=None, age=np.nan)
        filled = model.impute(rows, seed=0)
        assert set(filled["city"]) <= {"Oslo", "Rome", "Bonn"}
        assert filled["age"].between(18, 90).all()

    def test_levels_that_fit_never_saw_stay(self, model):
        rows = people(6)
        rows["city"] = ["Paris", "Paris", None, None, "Rome", "Rome"]
        rows["income"] = np.nan
        rows.loc[3, "age"] = 999
        filled = model.impute(rows, seed=0)
        assert filled["city"].tolist()[:2] == ["Paris", "Paris"]
        assert filled["age"].iloc[3] == 999
        assert not filled.isna().any().any()

    def test_arrays(self):
        values = np.random.default_rng(0).normal(size=(200, 3))
        model = fit(small_gan(generator="autoregressive"), values)
        holes = values.copy()
        holes[::3, 1] = np.nan
        filled = model.impute(holes, seed=0)
        assert isinstance(filled, np.ndarray)
        there = ~np.isnan(holes)
        np.testing.assert_array_equal(filled[there], holes[there])
        assert not np.isnan(filled).any()

    def test_polars(self, model):
        pl = pytest.importorskip("polars")
        rows = punch(people(), 0.3)[["age", "income", "city", "since", "member"]]
        rows["member"] = rows["member"].astype("boolean")
        frame = pl.DataFrame(
            {
                c: rows[c].astype(object).where(rows[c].notna(), None).tolist()
                for c in rows
            },
            strict=False,
        )
        filled = model.impute(frame, seed=0)
        assert isinstance(filled, pl.DataFrame)
        assert filled.schema == frame.schema
        assert filled.null_count().sum_horizontal()[0] == 0

    def test_with_a_context(self):
        model = fit(small_gan(generator="autoregressive"), people(), context=parents())
        rows = punch(people(), 0.3)
        filled = model.impute(rows, context=parents(), seed=0)
        assert not filled.isna().any().any()
        with pytest.raises(ValueError, match="context"):
            model.impute(rows)


class TestLaw:
    def test_each_gap_has_its_own_law(self, chain):
        """Given the number, which category it was; calibrated group by group."""
        model, table = chain
        rows = table.assign(second=None)
        p = JOINT.to_numpy()[None] * np.exp(
            -0.5 * (table["number"].to_numpy()[:, None, None] - MEANS.to_numpy()) ** 2
        )
        tops = np.array([160, 80, 160])
        p = p * (table["whole"].to_numpy()[:, None, None] < tops) / tops
        at = FIRST.index.get_indexer(table["first"])
        p = p[np.arange(len(table)), at]
        p = p / p.sum(axis=1, keepdims=True)
        filled = model.impute(rows, seed=0)["second"]
        found = np.column_stack([filled == c for c in "rst"])
        # Where the truth says about so much, so many have it.
        for low, high in ((0, 0.2), (0.2, 0.8), (0.8, 1.01)):
            cells = (p >= low) & (p < high)
            assert found[cells].mean() == pytest.approx(p[cells].mean(), abs=0.06)

    def test_a_late_column_tells_of_an_early_one(self, chain):
        model, table = chain
        filled = model.impute(table.assign(first=None), seed=0)["first"]
        share = pd.crosstab(table["second"], filled, normalize="index")
        truth = (JOINT / JOINT.sum()).T
        assert (share - truth).abs().max().max() < 0.1

    def test_it_beats_draws_from_the_margins(self, chain):
        model, table = chain
        rows = punch(table, 0.3)
        drawn = rows.copy()
        rng = np.random.default_rng(0)
        for column in drawn:
            gap = drawn[column].isna()
            drawn.loc[gap, column] = rng.choice(rows[column].dropna(), gap.sum())
        drawn = drawn.astype(table.dtypes.to_dict())
        filled = model.impute(rows, seed=0).astype(table.dtypes.to_dict())
        ours = 1 - pair_trends(table, filled)["score"].mean()
        margins = 1 - pair_trends(table, drawn)["score"].mean()
        assert ours < 0.4 * margins


def test_what_cannot_be_filled(table):
    encoded = DataTransformer(random_state=0).fit_transform(table)
    gan = small_gan(generator="autoregressive")
    with pytest.raises(ValueError, match="encoded matrix"):
        fit(gan, encoded).impute(encoded)
    empty = table.assign(nothing=np.nan)
    with pytest.raises(ValueError, match=r"nothing.*all missing in fit"):
        fit(gan, empty).impute(empty)
    assert not hasattr(small_gan(generator="mlp"), "impute")


class TestNumbersBeforeNumbers:
    """A number without spikes is one mode: what is open of it is its score."""

    @pytest.fixture(scope="class")
    @classmethod
    def line(cls):
        rng = np.random.default_rng(0)
        x = rng.normal(size=3000)
        table = pd.DataFrame({"x": x, "y": x + 0.5 * rng.normal(size=3000)})
        context = pd.DataFrame({"g": rng.choice(["a", "b"], 3000)})
        options = {"generator_dim": (16, 16), "epochs": 25, "random_state": 0}
        plain = CTGAN(**options).fit(table, progress_bar=False)
        below = CTGAN(**options).fit(table, context=context, progress_bar=False)
        return table, context, plain, below

    @pytest.mark.parametrize("gap", ["x", "y"])
    def test_either_is_told_by_the_other(self, line, gap):
        table, _, plain, _ = line
        holes = table.copy()
        holes.loc[:1499, gap] = np.nan
        filled = plain.impute(holes, seed=0)[:1500]
        # 0.89 in the table.
        assert filled.corr().loc["x", "y"] == pytest.approx(0.89, abs=0.05)

    @pytest.mark.parametrize("with_context", [False, True])
    def test_an_interval_leaves_a_choice(self, line, with_context):
        table, context, plain, below = line
        met = table[table["y"].between(1.3, 1.7)]["x"]
        conditions = {"x": slice(-3, 3), "y": slice(1.3, 1.7)}
        if with_context:
            rows = below.sample(
                800, seed=1, context=context[:800], conditions=conditions
            )
        else:
            rows = plain.sample(800, seed=1, conditions=conditions)
        assert rows["x"].mean() == pytest.approx(met.mean(), abs=0.15)
        assert rows["x"].std() == pytest.approx(met.std(), abs=0.12)
