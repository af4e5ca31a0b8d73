"""Numbers that are names: ids and codes become categories, all else stays a number."""

import decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_synthohive import CTGAN
from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metadata import Constraint, Metadata
from sklearn_synthohive.preprocessing import DataTransformer
from sklearn_synthohive.preprocessing._nominal import find_nominal

N, N_IDS = 3_000, 150


def shops(n=N, n_ids=N_IDS, seed=0, effect=1.0):
    """Sales of shops, whose number decides their town and moves their sales."""
    rng = np.random.default_rng(seed)
    numbers = np.sort(rng.choice(90_000, n_ids, replace=False))
    shop = rng.integers(n_ids, size=n)
    town, level = rng.integers(12, size=n_ids), rng.normal(size=n_ids)
    sales = effect * level[shop] + rng.normal(size=n)
    return pd.DataFrame(
        {
            "shop": numbers[shop],
            "town": [f"town {t}" for t in town[shop]],
            "sales": sales.round(3),
            "day": rng.integers(1, 366, size=n),
        }
    )


def names_of(frame, **options):
    return frame.columns[find_nominal(frame, **options)].tolist()


def kinds(frame, **params):
    transformer = DataTransformer(random_state=0, **params).fit(frame)
    spans = transformer.layout_.spans
    return dict(zip(transformer.columns_, [s.kind for s in spans], strict=True))


@pytest.fixture
def sold():
    return shops()


@pytest.fixture(scope="module")
def model():
    return CTGAN(random_state=0, epochs=20).fit(shops(), progress_bar=False)


@pytest.mark.parametrize("n_ids", [100, 300])
@pytest.mark.parametrize("seed", range(3))
def test_ids_are_found_by_what_they_decide(n_ids, seed):
    assert names_of(shops(n_ids=n_ids, seed=seed)) == ["shop"]


def test_ids_are_found_by_their_effect_alone():
    assert names_of(shops(n_ids=300).drop(columns="town")) == ["shop"]


def test_ids_without_effects_are_numbers(sold):
    rng = np.random.default_rng(1)
    sold["shop"] = rng.permutation(sold["shop"])
    assert names_of(sold) == []


def test_ids_in_many_rows_are_found_on_some():
    assert names_of(shops(60_000, 6_000)) == ["shop"]


def test_what_is_missing_by_id_is_an_effect(sold):
    off = np.random.default_rng(2).choice(sold["shop"].unique(), 50, replace=False)
    sold["day"] = sold["day"].where(~sold["shop"].isin(off))
    assert names_of(sold[["shop", "day"]]) == ["shop"]


def shop_dtypes(shop):
    gap = np.arange(len(shop)) % 7 == 0
    return {
        "int32": shop.astype("int32"),
        "uint64": shop.astype("uint64") + np.uint64(2**63),
        "Int64": shop.astype("Int64").mask(gap),
        "float": shop.astype(float).where(~gap),
        "float32": shop.astype("float32"),
        "objects": shop.astype(object).where(~gap, None),
        "decimals": shop.map(lambda v: decimal.Decimal(v).quantize(decimal.Decimal(1))),
        "arrow": shop.astype("Int64").mask(gap).astype("int64[pyarrow]"),
    }


@pytest.mark.parametrize("name", shop_dtypes(shops()["shop"]))
def test_every_dtype_comes_back(sold, name):
    sold["shop"] = shop_dtypes(sold["shop"])[name]
    transformer = DataTransformer(random_state=0).fit(sold)
    assert transformer.layout_.span_of("shop").kind == "code"
    again = DataTransformer.from_state(transformer.to_state())
    for fitted in (transformer, again):
        decoded = fitted.inverse_transform(fitted.transform(sold))
        pd.testing.assert_series_equal(decoded["shop"], sold["shop"])


def test_numbers_with_decimals_are_no_names(sold):
    sold["shop"] = sold["shop"] + 0.5
    assert names_of(sold) == []
    sold["shop"] = [decimal.Decimal(f"{v}") for v in sold["shop"]]
    assert names_of(sold) == []


@pytest.mark.parametrize("given", ["from_dtype", None, ["day"]])
def test_only_auto_looks_for_names(sold, given):
    assert kinds(sold)["shop"] == "code"
    assert kinds(sold, categorical_features=given)["shop"] == "continuous"


def test_few_states_rare_repeats_and_one_value_in_most_rows_are_no_names(sold):
    assert names_of(sold, most_states=N_IDS) == []
    assert names_of(shops(600)) == []
    sold["shop"] = sold["shop"].where(np.arange(N) % 5 < 2, 0)
    assert names_of(sold) == []


def test_rare_names_become_missing_or_all_stay_numbers(sold):
    rare = sold["shop"].isin(sold["shop"].unique()[:40])
    sold = sold[~rare | (np.arange(N) % 6 == 0)]
    assert kinds(sold)["shop"] == "code"
    # Integers that were never missing cannot become so.
    assert kinds(sold, min_frequency=6)["shop"] == "continuous"
    gaps = sold["shop"].astype("Int64")
    gaps.iloc[:20] = pd.NA
    transformer = DataTransformer(min_frequency=6).fit(sold.assign(shop=gaps))
    assert transformer.layout_.span_of("shop").kind == "code"
    kept = transformer.values_of("shop")[0]
    assert gaps.value_counts()[kept].min() >= 6


def test_what_text_tells_stays_a_number(sold):
    prices = np.random.default_rng(3).choice(9_000, 90_000)
    sold["price"] = prices[sold["shop"]]
    text = sold.assign(shop=sold["shop"].map("shop {}".format))
    assert names_of(text) == []
    # Dirty, too: some prices were raised.
    text["price"] += np.arange(N) % 25 == 0
    assert names_of(text) == []


def test_of_columns_that_tell_each_other_the_finer_or_earlier_is_the_name(sold):
    sold["other"] = sold["shop"] + 1_000
    assert names_of(sold) == ["shop"]
    assert names_of(sold[["other", "town", "shop"]]) == ["other"]
    sold["other"] = np.random.default_rng(4).permutation(90_000)[sold["shop"] % 75]
    assert names_of(sold) == ["shop"]


def test_ids_given_out_in_order_are_names(sold):
    sold["year"] = 1990 + sold["shop"].rank(method="dense").astype(int) // 10
    assert names_of(sold) == ["shop"]


def test_what_a_number_goes_with_in_order_keeps_it_one(sold):
    sold["area"] = np.sqrt(sold["shop"]) + 20 * np.random.default_rng(7).random(N)
    assert names_of(sold) == []


def test_keys_tell_numbers(sold):
    sold["account"] = np.random.default_rng(5).permutation(90_000)[sold["shop"]]
    tables = Metadata().add_table("accounts", pk="id")
    tables.add_table("sales", fk={"account": "accounts.id"})
    fitted = DataTransformer(tables).fit(sold, table_name="sales")
    assert fitted.layout_.span_of("shop").kind == "continuous"


def test_terms_of_sums_are_numbers(sold):
    sold["units"] = np.random.default_rng(6).integers(50, size=N)
    sold["label"] = sold["shop"] + sold["units"]
    assert names_of(sold) == []


@pytest.mark.parametrize(("low", "kind"), [(0, "code"), (5_000, "continuous")])
def test_a_constraint_that_changes_ids_keeps_them_numbers(sold, low, kind):
    rule = Constraint(dtype="int", min=low)
    tables = Metadata().add_table("sales", constraints={"shop": rule})
    transformer = DataTransformer(tables).fit(sold, table_name="sales")
    assert transformer.layout_.span_of("shop").kind == kind
    decoded = transformer.inverse_transform(transformer.transform(sold))
    assert decoded["shop"].dtype == sold["shop"].dtype
    assert decoded["shop"].min() >= low


def smooth(rng, values, n):
    """What depends on a number by its order."""
    place = (values - values.min()) / max(np.ptp(values), 1)
    bend = rng.normal(size=4)
    return sum(b * np.sin((k + 1) * 2.5 * place) for k, b in enumerate(bend))


MADE = {
    "normal": lambda rng, n: rng.normal(45, 18, n),
    "gamma": lambda rng, n: rng.gamma(2.0, 60.0, n),
    "counts": lambda rng, n: rng.poisson(rng.gamma(2.0, 30.0, n)),
    "uniform": lambda rng, n: rng.integers(0, 400, n),
    "times": lambda rng, n: rng.integers(24, size=n) * 100 + rng.integers(60, size=n),
    "thousands": lambda rng, n: rng.gamma(3.0, 30.0, n).round() * 1_000,
}


@given(
    seed=st.integers(0, 2**31),
    made=st.sampled_from(sorted(MADE)),
    n=st.sampled_from([500, 2_000, 12_000]),
    noise=st.sampled_from([0.0, 0.3, 2.0]),
    step=st.sampled_from([1, 5, 10, 50]),
    heaped=st.sampled_from([0.0, 0.3, 0.9]),
)
@settings(max_examples=60, deadline=None)
def test_numbers_with_smooth_or_no_effects_stay_numbers(
    seed, made, n, noise, step, heaped
):
    rng = np.random.default_rng(seed)
    values = MADE[made](rng, n).round().astype(np.int64)
    round_ones = (values // step) * step
    values = np.where(rng.random(n) < heaped, round_ones, values)
    effect = smooth(rng, values, n) + noise * rng.normal(size=n)
    guessed = (values % step == 0) & (rng.random(n) < 0.8)
    frame = pd.DataFrame(
        {
            "number": values,
            "effect": effect,
            "group": np.digitize(effect, [-1.0, 0.0, 1.0]).astype(str),
            "source": np.where(guessed, "guessed", "measured"),
            "none": rng.standard_t(1.5, size=n),
            "level": rng.integers(100, size=n).astype(str),
        }
    )
    frame["gap"] = frame["none"].where(smooth(rng, values, n) > -1)
    assert names_of(frame) == []


def test_bundled_tables_hold_no_names():
    from sklearn import datasets

    for name in ("diabetes", "iris", "wine", "breast_cancer", "digits"):
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        assert names_of(frame) == []


def test_generated_rows_keep_what_ids_decide(model):
    real, rows = shops(), model.sample(1_000, seed=0)
    towns = real.drop_duplicates("shop").set_index("shop")["town"]
    assert rows["shop"].dtype == real["shop"].dtype
    assert (rows["shop"].map(towns) == rows["town"]).all()


def test_intervals_are_levels_inside(model):
    real = shops()["shop"]
    low, high = np.sort(real.unique())[[40, 60]]
    rows = model.sample(300, conditions={"shop": slice(low, high)}, seed=0)
    assert rows["shop"].between(low, high).all()
    assert rows["shop"].nunique() > 15
    inner = pd.Interval(int(low), int(high), closed="neither")
    rows = model.sample(300, conditions={"shop": inner}, seed=0)
    assert rows["shop"].between(low, high, inclusive="neither").all()
    with pytest.raises(SchemaError, match="holds none of its 150 levels"):
        model.sample(5, conditions={"shop": slice(low + 1, low + 1)})


def test_contexts_hold_numbers(sold):
    context = sold[["shop", "town"]]
    model = CTGAN(random_state=0, epochs=1)
    model.fit(sold[["sales"]], context=context, progress_bar=False)
    spans = model.context_transformer_.layout_.spans
    assert [span.kind for span in spans] == ["continuous", "discrete"]
