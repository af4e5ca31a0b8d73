"""Conditions on a known joint law: what is free follows its conditional law.

A column may stand before or after the one that is fixed; candidates are resampled by
their weights, so both directions are tested, against the truth and, more closely,
against the rows of an unconditioned sample that happen to meet the condition.
"""

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit

from sklearn_synthohive import CTGAN

FIRST = pd.Series({"u": 0.66, "v": 0.28, "w": 0.06})
SECOND = pd.DataFrame(
    [[0.90, 0.09, 0.01], [0.10, 0.88, 0.02], [0.02, 0.03, 0.95]],
    index=list("uvw"),
    columns=list("rst"),
)
MEANS = pd.Series({"r": -4.0, "s": 0.0, "t": 5.0})
MISSING = pd.Series({"r": 0.05, "s": 0.4, "t": 0.05})
# Whole numbers, too many to be categories: up to this one, with equal shares.
TOPS = pd.Series({"r": 160, "s": 80, "t": 160})
JOINT = SECOND.mul(FIRST, axis=0)
N = 2000


def law(n=2500, seed=0):
    """Two categories in a chain, a number and a whole number that follow the second."""
    rng = np.random.default_rng(seed)
    first = rng.choice(FIRST.index, n, p=FIRST)
    below = rng.random(n)[:, None] < SECOND.loc[first].cumsum(axis=1).to_numpy()
    second = SECOND.columns.to_numpy()[below.argmax(axis=1)]
    number = rng.normal(MEANS[second], 1.0)
    number[rng.random(n) < MISSING[second].to_numpy()] = np.nan
    whole = (rng.random(n) * TOPS[second].to_numpy()).astype(int)
    return pd.DataFrame(
        {"first": first, "second": second, "number": number, "whole": whole}
    )


@pytest.fixture(scope="module")
def model():
    small = CTGAN(
        generator_dim=(8, 8), generator_lr=1e-2, epochs=25, random_state=1, tol=2e-3
    )
    return fit(small, law())


@pytest.fixture(scope="module")
def free(model):
    """Many rows without conditions."""
    return model.sample(60_000, seed=3)


def shares(column):
    return column.value_counts(normalize=True, dropna=False)


def close(found, expected, tolerance):
    """Total variation distance of the shares of a category."""
    gap = shares(found).sub(expected, fill_value=0).abs().sum() / 2
    assert gap < tolerance, f"{gap:.3f}: {shares(found).to_dict()}"


def follows(drawn, alike, columns=("first", "second"), tolerance=0.045):
    """Rows drawn under a condition are like the free ones that meet it."""
    for name in columns:
        close(drawn[name], shares(alike[name]), tolerance)


class TestOnACategory:
    @pytest.mark.parametrize("value", ["u", "v", "w"])
    def test_forwards(self, model, free, value):
        drawn = model.sample(N, seed=0, conditions={"first": value})
        assert (drawn["first"] == value).all()
        close(drawn["second"], SECOND.loc[value], 0.08)
        follows(drawn, free[free["first"] == value])

    @pytest.mark.parametrize("value", ["r", "s", "t"])
    def test_backwards(self, model, free, value):
        """The rare "w" is what explains most of "t"."""
        drawn = model.sample(N, seed=0, conditions={"second": value})
        assert (drawn["second"] == value).all()
        close(drawn["first"], JOINT[value] / JOINT[value].sum(), 0.08)
        follows(drawn, free[free["second"] == value])
        assert drawn["number"].median() == pytest.approx(MEANS[value], abs=0.3)
        assert drawn["number"].isna().mean() == pytest.approx(MISSING[value], abs=0.06)

    @pytest.mark.parametrize("n", [1, 2, 30])
    def test_few_rows_are_no_worse(self, model, n):
        """Over many small samples; a single row is a draw from the law too."""
        parts = [
            model.sample(n, seed=k, conditions={"second": "t"})["first"]
            for k in range(max(1, 60 // n))
        ]
        first = pd.concat(parts)
        expected = (JOINT["t"] / JOINT["t"].sum())["w"]
        assert (first == "w").mean() == pytest.approx(expected, abs=0.2)

    def test_sets_keep_their_proportions(self, model, free):
        drawn = model.sample(N, seed=0, conditions={"second": ["r", "t"]})
        assert drawn["second"].isin(["r", "t"]).all()
        expected = JOINT.sum()[["r", "t"]]
        close(drawn["second"], expected / expected.sum(), 0.06)
        follows(drawn, free[free["second"].isin(["r", "t"])])

    def test_two_at_once(self, model, free):
        drawn = model.sample(N, seed=0, conditions={"first": "v", "second": {"s", "t"}})
        assert (drawn["first"] == "v").all()
        follows(drawn, free[(free["first"] == "v") & (free["second"] != "r")])

    def test_rows_come_in_no_order(self, model):
        """The likeliest rows do not come first."""
        drawn = model.sample(N, seed=0, conditions={"first": ["u", "v", "w"]})
        close(drawn["first"][: N // 4], shares(drawn["first"]), 0.06)

    def test_numbers_are_not_repeated(self, model):
        for conditions in ({"second": "r"}, {"first": "w"}):
            drawn = model.sample(N, seed=0, conditions=conditions)["number"].dropna()
            assert drawn.nunique() > 0.98 * len(drawn)


class TestOnANumber:
    @pytest.mark.parametrize("bounds", [(-9, -3), (-1, 1), (3.5, 9)])
    def test_an_interval(self, model, free, bounds):
        drawn = model.sample(N, seed=0, conditions={"number": pd.Interval(*bounds)})
        assert drawn["number"].between(*bounds).all()
        follows(drawn, free[free["number"].between(*bounds)])

    def test_an_interval_and_a_category(self, model, free):
        conditions = {"number": slice(-1, 1), "first": ["v", "w"]}
        drawn = model.sample(N, seed=0, conditions=conditions)
        assert drawn["number"].between(-1, 1).all()
        assert drawn["first"].isin(["v", "w"]).all()
        alike = free[free["number"].between(-1, 1) & free["first"].isin(["v", "w"])]
        follows(drawn, alike)

    @pytest.mark.parametrize("value", [-4.0, 0.1, 5.0])
    def test_an_exact_value(self, model, free, value):
        drawn = model.sample(N, seed=0, conditions={"number": value})
        assert (drawn["number"] == value).all()
        follows(drawn, free[(free["number"] - value).abs() < 0.3], tolerance=0.08)

    def test_exact_values_keep_their_proportions(self, model):
        """Of two densities; and each value keeps the categories that go with it."""
        values = [-4.0, 0.1]
        drawn = model.sample(N, seed=0, conditions={"number": values})
        assert drawn["number"].isin(values).all()
        weight = JOINT.sum() * (1 - MISSING)
        expected = weight["r"] / (weight["r"] + weight["s"])
        assert (drawn["number"] == -4.0).mean() == pytest.approx(expected, abs=0.12)
        assert (drawn["second"][drawn["number"] == -4.0] == "r").mean() > 0.9
        assert (drawn["second"][drawn["number"] == 0.1] == "s").mean() > 0.9

    def test_whole_numbers_keep_their_proportions(self, model):
        """Those below 80 come with every category, those above not with "s"."""
        values = [*range(20, 40), *range(120, 140)]
        drawn = model.sample(N, seed=0, conditions={"whole": values})
        assert drawn["whole"].isin(values).all()
        assert drawn["whole"].nunique() == 40
        weight = pd.DataFrame({k: (k < TOPS) / TOPS * JOINT.sum() for k in (20, 120)})
        low = drawn["whole"] < 80
        expected = weight[20].sum() / weight.sum().sum()
        assert low.mean() == pytest.approx(expected, abs=0.08)
        close(drawn["second"][low], weight[20] / weight[20].sum(), 0.12)
        assert (drawn["second"][~low] != "s").mean() > 0.9

    def test_ends_of_the_range_are_as_likely_as_their_neighbours(self, model):
        """Few rows lie there, so the network's own density there means little."""
        number = law()["number"].dropna().sort_values()
        for values in (number[:3].tolist(), number[-3:].tolist()):
            drawn = model.sample(N, seed=0, conditions={"number": values})
            assert shares(drawn["number"]).min() > 0.2

    def test_missing(self, model, free):
        drawn = model.sample(N, seed=0, conditions={"number": None})
        assert drawn["number"].isna().all()
        weight = JOINT.sum() * MISSING
        close(drawn["second"], weight / weight.sum(), 0.08)
        follows(drawn, free[free["number"].isna()])

    def test_what_never_occurs_together_is_met_all_the_same(self, model):
        """Either one occurs; the numbers of "r" lie at the other end."""
        end = -6.2 if MEANS["r"] > 0 else 6.2
        interval = slice(end - 0.2, end + 0.2)
        drawn = model.sample(5, seed=0, conditions={"number": interval, "second": "r"})
        assert drawn["number"].between(interval.start, interval.stop).all()
        assert (drawn["second"] == "r").all()


class TestPartialRows:
    def test_each_row_has_its_own_law(self, model, free):
        """Every third row fixes the second, every third the first, the rest nothing."""
        second = np.resize(np.array(["t", None, None], dtype=object), N)
        first = np.resize(np.array([None, "v", None], dtype=object), N)
        partial = pd.DataFrame({"second": second, "first": first})
        drawn = model.sample(N, seed=0, conditions=partial)
        assert (drawn["second"][::3] == "t").all()
        assert (drawn["first"][1::3] == "v").all()
        follows(drawn[::3], free[free["second"] == "t"], tolerance=0.08)
        follows(drawn[1::3], free[free["first"] == "v"], tolerance=0.08)
        follows(drawn[2::3], free, tolerance=0.08)

    def test_numbers_are_kept_to_the_bit(self, model):
        partial = law(300, seed=5)[["number", "whole"]]
        partial["number"] = partial["number"].clip(-6.5, 6.5)
        drawn = model.sample(300, seed=0, conditions=partial)
        fixed = partial["number"].notna()
        assert (drawn["number"] == partial["number"])[fixed].all()
        assert (drawn["whole"] == partial["whole"]).all()
        nearest = np.abs(partial["number"].to_numpy()[:, None] - MEANS.to_numpy())
        likely = MEANS.index.to_numpy()[nearest[fixed].argmin(axis=1)]
        assert (drawn["second"][fixed] == likely).mean() > 0.9


def test_with_a_context():
    """The context decides the category; the number tells which of both it was."""
    rng = np.random.default_rng(0)
    n = 1500
    region = rng.choice(["north", "south"], n)
    high = rng.random(n) < np.where(region == "north", 0.9, 0.2)
    table = pd.DataFrame(
        {
            "kind": np.where(high, "high", "low"),
            "number": rng.normal(np.where(high, 3.0, -3.0), 1.5),
        }
    )
    context = pd.DataFrame({"region": region})
    small = CTGAN(generator_dim=(8, 8), generator_lr=1e-2, epochs=20, random_state=0)
    model = fit(small, table, context=context)
    drawn = model.sample(
        n, seed=0, context=context, conditions={"number": pd.Interval(-0.3, 0.3)}
    )
    assert drawn["number"].between(-0.3, 0.3).all()
    for name, share in {"north": 0.9, "south": 0.2}.items():
        kind = drawn["kind"][region == name]
        assert (kind == "high").mean() == pytest.approx(share, abs=0.12)
    for name in ("low", "high"):
        drawn = model.sample(n, seed=0, context=context, conditions={"kind": name})
        assert (drawn["kind"] == name).all()
        centre = 3.0 if name == "high" else -3.0
        assert drawn["number"].median() == pytest.approx(centre, abs=0.4)
