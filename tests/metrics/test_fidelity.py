"""Column shapes, pair trends, dependence and coverage."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import metrics as plain

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metrics import (
    FidelityScorer,
    column_shapes,
    coverage,
    fidelity,
    nmi_error,
    pair_trends,
)

CONTINUOUS = ("amount", "count", "spike", "constant")


def mixed_rows(n, seed):
    """Numbers with ties, a spike and gaps; categories with and without gaps."""
    rng = np.random.default_rng(seed)
    amount = rng.gamma(2 + seed, size=n)
    city = rng.choice(["a", "b", "c", f"only {seed}"], size=n, p=[0.5, 0.3, 0.15, 0.05])
    rows = pd.DataFrame(
        {
            "amount": amount,
            "city": city,
            "count": rng.poisson(amount),
            "flag": amount > 2,
            "spike": np.where(rng.random(n) < 0.6, 0.0, amount),
            "constant": 3,
        }
    )
    rows.loc[rng.random(n) < 0.1, "amount"] = np.nan
    rows.loc[rng.random(n) < 0.2, "city"] = None
    return rows


def lists(rows):
    return {name: plain.cells(rows[name]) for name in rows}


@pytest.fixture(scope="module")
def pair():
    return mixed_rows(300, 0), mixed_rows(240, 1)


def test_shapes_equal_the_plain_version(pair):
    real, synthetic = map(lists, pair)
    for name, score in column_shapes(*pair).items():
        define = plain.ks_complement if name in CONTINUOUS else plain.tv_complement
        assert score == pytest.approx(define(real[name], synthetic[name]), abs=1e-12)


def test_trends_equal_the_plain_version(pair):
    real, synthetic = map(lists, pair)
    trends = pair_trends(*pair)
    assert len(trends) == 15
    for first, second, score in trends.itertuples(index=False):
        expected = plain.pair_trend(real, synthetic, first, second, CONTINUOUS)
        assert score == pytest.approx(expected, abs=1e-9), (first, second)


def test_trends_with_sparse_tables_equal_the_plain_version():
    rng = np.random.default_rng(0)
    frames = [
        pd.DataFrame({c: rng.geometric(0.01, n).astype(str) for c in "ab"})
        for n in (900, 700)
    ]
    # Enough levels for the two-way table to be kept as its non-zero cells.
    assert frames[0]["a"].nunique() * frames[0]["b"].nunique() > 2**16
    expected = plain.pair_trend(*map(lists, frames), "a", "b", ())
    assert pair_trends(*frames)["score"].item() == pytest.approx(expected)


def test_nmi_error_equals_the_plain_version(pair):
    expected = plain.nmi_error(*map(lists, pair), CONTINUOUS)
    assert nmi_error(*pair) == pytest.approx(expected, abs=1e-9)


def test_coverage_equals_the_plain_version(pair):
    real, synthetic = map(lists, pair)
    scores = coverage(*pair)
    assert scores.pop("constant") == 1.0
    for name, score in scores.items():
        number = name in CONTINUOUS
        define = plain.range_coverage if number else plain.category_coverage
        assert score == pytest.approx(define(real[name], synthetic[name]), abs=1e-12)


def test_scores_equal_sdmetrics_on_complete_columns(pair):
    pytest.importorskip("sdmetrics")
    from sdmetrics.column_pairs import ContingencySimilarity, CorrelationSimilarity
    from sdmetrics.single_column import KSComplement, TVComplement

    real, synthetic = (rows.dropna().reset_index(drop=True) for rows in pair)
    shapes = column_shapes(real, synthetic)
    trends = pair_trends(real, synthetic).set_index(["column_1", "column_2"])["score"]
    for name in ("amount", "count", "spike"):
        expected = KSComplement.compute(real[name], synthetic[name])
        assert shapes[name] == pytest.approx(expected)
    for name in ("city", "flag"):
        expected = TVComplement.compute(real[name], synthetic[name])
        assert shapes[name] == pytest.approx(expected)
    for names in (["amount", "count"], ["count", "spike"]):
        expected = CorrelationSimilarity.compute(real[names], synthetic[names])
        assert trends[tuple(names)] == pytest.approx(expected)
    for names, numbers in ((["city", "flag"], None), (["city", "count"], ["count"])):
        expected = ContingencySimilarity.compute(
            real[names].copy(), synthetic[names].copy(), continuous_column_names=numbers
        )
        assert trends[tuple(names)] == pytest.approx(expected)


def test_a_copy_scores_one(pair):
    real = pair[0]
    shuffled = real.sample(frac=1, random_state=0)[list(real.columns[::-1])]
    assert (column_shapes(real, shuffled) == 1).all()
    assert pair_trends(real, shuffled)["score"].to_numpy() == pytest.approx(1)
    assert fidelity(real, shuffled) == pytest.approx(1)
    assert nmi_error(real, shuffled) == pytest.approx(0, abs=1e-12)
    assert (coverage(real, shuffled) == 1).all()


def test_known_shapes():
    real = pd.DataFrame({"x": [1, 2, 3, 4], "c": list("aabb")})
    synthetic = pd.DataFrame({"x": [3, 4, 5, 6], "c": list("abcc")})
    assert column_shapes(real, synthetic).to_dict() == {"x": 0.5, "c": 0.5}


def test_missing_numbers_cost_their_share():
    values = np.arange(100.0)
    real = pd.DataFrame({"x": values})
    synthetic = pd.DataFrame({"x": np.where(values % 10 >= 3, values, np.nan)})
    assert column_shapes(real, synthetic)["x"] == pytest.approx(0.7)
    nothing = pd.DataFrame({"x": np.full(5, np.nan)})
    assert column_shapes(nothing, nothing)["x"] == 1
    assert column_shapes(real, nothing)["x"] == pytest.approx(0.0)
    assert column_shapes(nothing, real)["x"] == pytest.approx(0.0)


def test_known_correlations():
    x = np.arange(50.0)
    real = pd.DataFrame({"x": x, "y": 2 * x})
    assert pair_trends(real, real.assign(y=-x))["score"].item() == pytest.approx(0)
    constant = real.assign(y=1e9 + 0.1)
    assert pair_trends(real, constant)["score"].item() == pytest.approx(0.5)
    assert pair_trends(constant, constant)["score"].item() == 1


def test_independent_columns_lose_their_trends():
    rng = np.random.default_rng(0)
    x = rng.normal(size=4000)
    real = pd.DataFrame({"x": x, "y": x + rng.normal(size=4000), "c": x > 0})
    independent = pd.DataFrame({c: rng.permutation(real[c]) for c in real})
    assert (column_shapes(real, independent) == 1).all()
    assert (pair_trends(real, independent)["score"] < 0.8).all()
    assert nmi_error(real, independent) > 0.5


def test_one_scorer_serves_many_tables(pair):
    real, synthetic = pair
    before = synthetic.copy()
    scorer = FidelityScorer(real)
    assert scorer.score(real) == pytest.approx(1)
    assert scorer.score(synthetic) == fidelity(real, synthetic)
    expected = (
        column_shapes(real, synthetic).mean()
        + pair_trends(real, synthetic)["score"].mean()
    ) / 2
    assert scorer.score(synthetic) == pytest.approx(expected)
    pd.testing.assert_frame_equal(synthetic, before)


@pytest.mark.parametrize("columns", [["amount", "count"], ["city", "flag"], ["city"]])
def test_tables_of_one_kind_or_one_column(pair, columns):
    real, synthetic = (rows[columns] for rows in pair)
    assert 0 < fidelity(real, synthetic) < 1
    assert len(pair_trends(real, synthetic)) == len(columns) - 1
    assert np.isfinite(nmi_error(real, synthetic))


@pytest.mark.parametrize(
    "convert",
    [
        lambda c: c.astype("float32"),
        lambda c: c.astype("Int64"),
        lambda c: c.astype("int64[pyarrow]"),
        lambda c: c.astype(object),
        lambda c: c.map(Decimal),
    ],
    ids=["float32", "Int64", "arrow", "object", "Decimal"],
)
def test_the_type_of_a_number_does_not_matter(convert):
    real = pd.DataFrame({"x": [1, 2, 2, 9], "y": [1, 2, 3, 4]})
    synthetic = pd.DataFrame({"x": [1, 1, 2, 8], "y": [4, 2, 3, 4]})
    expected = fidelity(real, synthetic)
    converted = synthetic.apply(convert)
    assert fidelity(real, converted) == pytest.approx(expected)
    assert fidelity(real.apply(convert), converted) == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [object, "category", "string", "string[pyarrow]"])
def test_the_type_of_a_category_does_not_matter(dtype):
    real = pd.DataFrame({"c": ["a", "b", None, "b"]}, dtype=object)
    synthetic = pd.DataFrame({"c": ["a", "new", None, None]}, dtype=object)
    assert column_shapes(real, synthetic)["c"] == 0.5
    assert column_shapes(real.astype(dtype), synthetic)["c"] == 0.5
    assert column_shapes(real, synthetic.astype(dtype))["c"] == 0.5


def test_booleans_with_and_without_missing_values():
    real = pd.DataFrame({"b": [True, False, True, True]})
    synthetic = pd.DataFrame({"b": pd.array([True, None, True, True], "boolean")})
    assert column_shapes(real, synthetic)["b"] == 0.75
    assert column_shapes(synthetic, real)["b"] == 0.75


DATES = pd.Series(pd.date_range("2020-01-01", periods=40, freq="D"), name="d")


@pytest.mark.parametrize(
    "dates",
    [
        DATES,
        DATES.astype("datetime64[s]"),
        DATES.dt.tz_localize("Europe/Berlin"),
        DATES - DATES[0],
        DATES.dt.to_period("D"),
        DATES.astype("timestamp[us][pyarrow]"),
        DATES.dt.date,
    ],
    ids=["ns", "s", "tz", "timedelta", "period", "arrow", "object"],
)
def test_dates_count_as_numbers(dates):
    real = pd.DataFrame({"d": dates, "x": np.arange(40.0)})
    synthetic = pd.DataFrame(
        {"d": dates.where(np.arange(40) % 4 > 0), "x": np.arange(39.0, -1, -1)}
    )
    assert column_shapes(real, synthetic)["d"] == pytest.approx(0.75)
    assert pair_trends(real, synthetic)["score"].item() == pytest.approx(0, abs=1e-6)
    assert coverage(real, synthetic)["d"] == pytest.approx(38 / 39)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.drop(columns="x"), r"lacks the columns \['x'\]"),
        (lambda d: d.assign(z=1), r"columns that the real one lacks: \['z'\]"),
        (lambda d: d.assign(x=["a", "b", "c"]), "'x' is a number in the real frame"),
        (lambda d: d.assign(x=[1.0, np.inf, 2.0]), "'x' holds infinite"),
        (lambda d: d.assign(c=[["l"], ["l"], ["m"]]), "'c' holds values that are not"),
        (lambda d: d.assign(d="2020-01-01"), "'d' is a date in the real frame"),
        (lambda d: d.assign(d=d["d"].dt.tz_localize("UTC")), "'d' is a date"),
        (lambda d: pd.concat([d, d[["x"]]], axis=1), r"more than one column.*'x'"),
    ],
)
def test_errors_name_the_column(change, message):
    real = pd.DataFrame(
        {"x": [1.0, 2.0, 3.0], "c": list("abc"), "d": pd.to_datetime(["2020"] * 3)}
    )
    with pytest.raises(SchemaError, match=message):
        fidelity(real, change(real))


def test_frames_without_rows_or_of_another_type_are_refused():
    real = pd.DataFrame({"x": [1.0, 2.0]})
    with pytest.raises(ValueError, match="synthetic has 0 rows"):
        fidelity(real, real[:0])
    with pytest.raises(TypeError, match="synthetic must be a pandas DataFrame"):
        fidelity(real, real.to_numpy())


values = st.one_of(st.none(), st.integers(-3, 3))
levels = st.one_of(st.none(), st.sampled_from("abcd"))


@given(
    st.lists(st.tuples(values, values, levels), min_size=1, max_size=12),
    st.lists(st.tuples(values, values, levels), min_size=1, max_size=12),
)
@settings(max_examples=40, deadline=None)
def test_any_small_table_agrees_with_the_plain_version(first, second):
    real, synthetic = (
        pd.DataFrame(rows, columns=list("xyc")).astype(
            {"x": float, "y": float, "c": object}
        )
        for rows in (first, second)
    )
    tables = lists(real), lists(synthetic)
    shapes = column_shapes(real, synthetic)
    for name, define in zip(
        "xyc", [plain.ks_complement] * 2 + [plain.tv_complement], strict=True
    ):
        expected = define(tables[0][name], tables[1][name])
        assert shapes[name] == pytest.approx(expected, abs=1e-9)
    for a, b, score in pair_trends(real, synthetic).itertuples(index=False):
        assert 0 <= score <= 1
        if (a, b) == ("x", "y"):
            expected = plain.pair_trend(*tables, a, b, "xy")
            assert score == pytest.approx(expected, abs=1e-6)
