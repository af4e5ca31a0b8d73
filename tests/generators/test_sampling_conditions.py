"""Conditions are always met, in the column's type, from the conditional law."""

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, parents, people, same, small_gan

from sklearn_synthohive import DataTransformer, SchemaError


def every_kind(n=300):
    """A column of each kind that conditions treat in a way of its own."""
    rng = np.random.default_rng(0)
    city = pd.Series(rng.choice(["Oslo", "Rome", "Bonn"], n))
    start = pd.Timestamp("2020-01-01", tz="Europe/Oslo")
    days = rng.integers(0, 900, n)
    return pd.DataFrame(
        {
            "whole": rng.integers(18, 90, n),
            "gaps": pd.array(
                np.where(rng.random(n) < 0.2, None, rng.integers(0, 500, n)),
                dtype="Int64",
            ),
            "number": rng.normal(0, 1, n),
            "half": rng.normal(0, 1, n).astype("float32"),
            "city": city.where(rng.random(n) > 0.1),
            "plan": pd.Categorical(
                rng.choice(["basic", "plus", None], n, p=[0.6, 0.3, 0.1]),
                categories=["basic", "plus", "never"],
                ordered=True,
            ),
            "member": rng.random(n) < 0.3,
            "tail": [f"T{k:02}" for k in rng.integers(0, 60, n)],
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(days, unit="D"),
            "zoned": start + pd.to_timedelta(days, unit="D"),
            "lasting": pd.to_timedelta(rng.integers(0, 5000, n), unit="s"),
            "month": pd.period_range("2000-01", periods=40, freq="M")[
                rng.integers(0, 40, n)
            ],
        }
    )


NEVER_MISSING = ["whole", "number", "half", "member", "tail", "since", "zoned"]
NEVER_MISSING += ["lasting", "month"]


@pytest.fixture(scope="module")
def model(network):
    return fit(small_gan(generator=network, epochs=1), every_kind())


def draw(model, conditions, n=60):
    sample = model.sample(n, seed=1, conditions=conditions)
    same(sample[:0], every_kind()[:0])
    assert len(sample) == n
    return sample


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("whole", 42),
        ("whole", np.int8(42)),
        ("gaps", 77),
        ("number", 0.123456),
        ("half", np.float32(0.1)),
        ("city", "Rome"),
        ("plan", "plus"),
        ("member", True),
        ("member", np.bool_(False)),
        ("tail", "T07"),
        ("since", pd.Timestamp("2021-05-05")),
        ("since", "2021-05-05"),
        ("zoned", pd.Timestamp("2021-05-05 01:00", tz="Europe/Oslo")),
        ("lasting", pd.Timedelta("1h")),
        ("month", pd.Period("2001-03", "M")),
    ],
)
def test_a_value(model, column, value):
    assert (draw(model, {column: value})[column] == value).all()


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("whole", [20, 30, 40]),
        ("city", {"Rome", "Bonn"}),
        ("city", np.array(["Rome", "Bonn"])),
        ("plan", pd.Series(["plus", "basic"])),
        ("tail", pd.Index(["T01", "T02", "T50"])),
        ("since", ["2021-05-05", "2020-01-01"]),
    ],
)
def test_values(model, column, values):
    drawn = draw(model, {column: values}, n=300)[column]
    allowed = set(pd.Series(list(values), dtype=drawn.dtype))
    assert set(drawn) <= allowed
    # Every level is common enough to be drawn; single numbers and dates are not.
    assert len(set(drawn)) == len(allowed) or column in ("whole", "since")


@pytest.mark.parametrize("column", ["gaps", "city", "plan"])
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_missing(model, column, missing):
    assert draw(model, {column: missing})[column].isna().all()


@pytest.mark.parametrize(
    ("column", "values"),
    [("gaps", [*range(250), None]), ("city", ["Rome", None]), ("plan", ["plus", None])],
)
def test_missing_among_values(model, column, values):
    drawn = draw(model, {column: values}, n=400)[column]
    assert 0 < drawn.isna().sum() < 400
    assert set(drawn.dropna()) <= set(values[:-1])


@pytest.mark.parametrize(
    ("column", "interval", "low", "high"),
    [
        ("whole", slice(30, 40), 30, 40),
        ("whole", slice(None, 25), 18, 25),
        ("whole", slice(80, None), 80, 89),
        ("whole", slice(30.5, 33.5), 31, 33),
        ("whole", pd.Interval(30, 32, closed="neither"), 31, 31),
        ("whole", pd.Interval(30, 32, closed="left"), 30, 31),
        ("whole", pd.Interval(30, np.inf, closed="neither"), 31, 89),
        ("gaps", slice(100, 200), 100, 200),
        ("number", slice(0.5, 0.6), 0.5, 0.6),
        ("half", slice(0.5, 0.6), 0.5, 0.6),
        ("since", slice("2021-01-01", "2021-06-30"), "2021-01-01", "2021-06-30"),
        ("zoned", slice("2021-01-01", None), "2021-01-01", "2030-01-01"),
        ("lasting", slice(pd.Timedelta("5m"), pd.Timedelta("10m")), "5m", "10m"),
        ("month", slice(pd.Period("2001-01", "M"), None), "2001-01", "2003-04"),
    ],
    ids=str,
)
def test_an_interval(model, column, interval, low, high):
    drawn = draw(model, {column: interval})[column]
    bounds = [pd.Series([b]).astype(drawn.dtype).iloc[0] for b in (low, high)]
    assert drawn.between(*bounds).all()


def test_open_ends_are_left_out(model):
    value = every_kind()["number"].iloc[0]
    interval = pd.Interval(value, value + 1e-9, closed="right")
    drawn = draw(model, {"number": interval})["number"]
    assert (drawn > value).all()


def test_several_columns_at_once(model):
    drawn = draw(
        model,
        {"city": "Bonn", "member": True, "whole": slice(20, 60), "plan": ["plus"]},
    )
    assert (drawn["city"] == "Bonn").all()
    assert drawn["member"].all()
    assert drawn["whole"].between(20, 60).all()
    assert (drawn["plan"] == "plus").all()


class TestPartialRows:
    def partial(self, n=40):
        """Rows that fix some cells; the other columns and cells are free."""
        rng = np.random.default_rng(0)
        return pd.DataFrame(
            {
                "city": pd.Series(["Rome", None, "Oslo", "Bonn"] * (n // 4)),
                "whole": rng.integers(20, 60, n),
                "gaps": pd.array([5, None] * (n // 2), dtype="Int64"),
                "since": pd.Series([pd.Timestamp("2021-05-05"), pd.NaT] * (n // 2)),
                "plan": pd.Series(["plus", "basic"] * (n // 2)),
            }
        )

    def test_they_are_completed(self, model):
        partial = self.partial()
        untouched = partial.copy()
        drawn = draw(model, partial, n=40)
        same(partial, untouched)
        for column in partial:
            fixed = partial[column].notna().to_numpy()
            got = drawn.loc[fixed, column].astype(object).tolist()
            assert got == partial.loc[fixed, column].astype(object).tolist()
        assert len(set(drawn.loc[1::4, "city"].fillna("none"))) > 1

    def test_their_index_does_not_matter(self, model):
        partial = self.partial().set_index(pd.Index(range(40)[::-1]))
        drawn = draw(model, partial, n=40)
        assert drawn["whole"].tolist() == partial["whole"].tolist()
        assert drawn.index.equals(pd.RangeIndex(40))

    def test_whole_numbers_with_gaps_may_be_floats(self, model):
        partial = pd.DataFrame({"whole": [20.0, np.nan, 30.0, np.nan]})
        drawn = draw(model, partial, n=4)["whole"]
        assert drawn.iloc[[0, 2]].tolist() == [20, 30]

    def test_one_for_each_row(self, model):
        with pytest.raises(ValueError, match="40 partial rows, but num_rows is 50"):
            model.sample(50, conditions=self.partial())

    def test_nothing_fixed_is_nothing_asked(self, model):
        for free in (pd.DataFrame(index=range(5)), pd.DataFrame({"city": [None] * 5})):
            assert len(model.sample(5, seed=0, conditions=free)) == 5


def test_no_conditions_are_none(model):
    same(model.sample(20, seed=3, conditions={}), model.sample(20, seed=3))


def test_no_rows(model):
    assert draw(model, {"city": "Rome"}, n=0).empty


def test_they_repeat_with_a_seed(model):
    conditions = {"city": ["Rome", "Bonn"], "whole": slice(30, 50)}
    first, second, other = (
        model.sample(50, seed=s, conditions=conditions) for s in (1, 1, 2)
    )
    same(first, second)
    assert not first.equals(other)


@pytest.mark.parametrize("size", [7, 50, 1000])
def test_batches_hold_the_same_rows(model, monkeypatch, size):
    monkeypatch.setattr("sklearn_synthohive.generators._matching.BLOCK_ROWS", 40)
    partial = pd.DataFrame({"city": ["Rome", None, "Bonn"] * 30})
    for conditions in ({"whole": slice(30, 50)}, partial):
        whole = model.sample(90, seed=3, conditions=conditions)
        batches = model.sample_batches(90, size, seed=3, conditions=conditions)
        parts = list(batches)
        assert [len(part) for part in parts[:-1]] == [size] * (len(parts) - 1)
        same(pd.concat(parts), whole)


def test_bad_conditions_of_batches_are_refused_at_the_call(model):
    with pytest.raises(SchemaError, match="town"):
        model.sample_batches(90, conditions={"town": "Rome"})


def test_with_a_context(network):
    model = fit(small_gan(generator=network, epochs=1), people(), context=parents())
    context = parents(80)
    drawn = model.sample(
        80,
        context=context,
        seed=0,
        conditions={"city": ["Bonn", "Rome"], "age": slice(30, 50)},
    )
    assert set(drawn["city"]) <= {"Bonn", "Rome"}
    assert drawn["age"].between(30, 50).all()


class TestRefused:
    """Before any row is drawn, with the column's name."""

    @pytest.mark.parametrize(
        ("conditions", "error", "match"),
        [
            ({"town": "Rome"}, SchemaError, "town"),
            ({"city": "Paris"}, ValueError, "city.*Paris"),
            ({"city": ["Rome", "Paris"]}, ValueError, "city.*Paris"),
            ({"tail": "T99"}, ValueError, "tail.*T99"),
            ({"plan": "gold"}, SchemaError, "plan.*gold"),
            ({"plan": ["plus", "gold"]}, SchemaError, "plan.*gold"),
            ({"plan": "never"}, ValueError, "plan.*never"),
            ({"member": "yes"}, SchemaError, "member.*yes"),
            ({"whole": "old"}, SchemaError, "whole"),
            ({"whole": 30.5}, SchemaError, "whole"),
            ({"whole": None}, SchemaError, "whole"),
            ({"member": None}, SchemaError, "member"),
            ({"since": "someday"}, SchemaError, "since"),
            ({"city": []}, ValueError, "city.*no value"),
            ({"whole": (30, 40)}, TypeError, "whole.*slice"),
            ({"whole": slice(40, 30)}, ValueError, "whole.*empty"),
            ({"whole": slice(30.2, 30.8)}, ValueError, "whole.*empty"),
            ({"whole": pd.Interval(30, 31, closed="neither")}, ValueError, "empty"),
            ({"whole": slice(1, 9, 2)}, ValueError, "whole.*step"),
            ({"whole": slice("a", "b")}, TypeError, "whole"),
            ({"city": slice("A", "P")}, TypeError, "city.*list"),
            ({"plan": slice("basic", "plus")}, TypeError, "plan.*list"),
            ({"member": slice(0, 1)}, TypeError, "member.*list"),
            (["city"], TypeError, "mapping"),
            ("city", TypeError, "mapping"),
        ],
        ids=str,
    )
    def test_by_name(self, model, monkeypatch, conditions, error, match):
        def drawn(*args, **kwargs):
            raise AssertionError("rows were drawn")

        monkeypatch.setattr(type(model._fitted), "rows", drawn)
        with pytest.raises(error, match=match):
            model.sample(5, conditions=conditions)

    @pytest.mark.parametrize("column", NEVER_MISSING)
    @pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
    def test_missing_where_fit_saw_none(self, model, column, missing):
        seen = every_kind()[column].iloc[0]
        for condition in (missing, [seen, missing]):
            with pytest.raises(SchemaError, match=f"'{column}'.*saw none.*name values"):
                model.sample(5, conditions={column: condition})

    def test_on_an_encoded_matrix(self):
        encoded = DataTransformer(random_state=0).fit_transform(people())
        model = fit(small_gan(epochs=1), encoded)
        with pytest.raises(ValueError, match="encoded matrix"):
            model.sample(5, conditions={"city": "Rome"})
