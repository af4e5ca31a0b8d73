"""Generated rows keep products and quotients, whatever is asked of them."""

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, same, small_gan

from sklearn_synthohive import CTGAN


def sales(n=1_200, seed=0):
    """Sales with a discount, what they cost with shipping, and shares of visitors."""
    rng = np.random.default_rng(seed)
    qty, price = rng.integers(1, 9, n), rng.lognormal(3, 0.7, n).round(2)
    discount = rng.choice([0, 0.1, 0.2], n)
    ship = rng.choice([0, 4.99, 9.99], n)
    sold = (qty * price * (1 - discount)).round(2)
    visits = rng.integers(0, 60, n)
    orders = rng.binomial(visits, 0.4)
    with np.errstate(invalid="ignore"):
        share = (100 * orders / visits).round(1)
    return pd.DataFrame(
        {
            "qty": qty,
            "price": price,
            "discount": discount,
            "sales": sold,
            "ship": ship,
            "total": (sold + ship).round(2),
            "kind": rng.choice(["web", "shop"], n),
            "visits": visits,
            "orders": orders,
            "share": share,
        }
    )


def broken(rows):
    """How many rows break each rule of ``sales``."""
    product = rows["qty"] * rows["price"] * (1 - rows["discount"])
    share = 100 * rows["orders"] / rows["visits"].where(rows["visits"] > 0)
    wrong = {
        "sales": (rows["sales"] - product).abs() > 0.005 + 1e-6,
        "total": (rows["total"] - rows["sales"] - rows["ship"]).abs() > 1e-6,
        "share": (rows["share"] - share).abs() > 0.05 + 1e-6,
        "no share": rows["share"].isna() != share.isna(),
    }
    return {rule: int(mask.sum()) for rule, mask in wrong.items() if mask.any()}


@pytest.fixture(scope="module")
def model(network):
    return fit(small_gan(generator=network, epochs=3), sales())


@pytest.fixture(scope="module")
def likely():
    return fit(small_gan(generator="autoregressive", epochs=10), sales())


def test_rules_are_told(model):
    assert model.rules_ == [
        "whether share is missing follows from visits",
        "sales = qty * price * (1 - discount)",
        "share = 100 * orders / visits",
        "total = sales + ship",
        "orders <= visits",
    ]


def test_rows_and_batches_keep_them(model):
    rows = model.sample(3_000, seed=0)
    assert broken(rows) == {}
    batches = model.sample_batches(3_000, 400, seed=0)
    same(pd.concat(batches, ignore_index=True), rows)


def test_saved_models_keep_them(model, tmp_path):
    model.save(tmp_path / "model")
    again = CTGAN.from_saved(tmp_path / "model")
    assert again.rules_ == model.rules_
    same(again.sample(200, seed=3), model.sample(200, seed=3))


@pytest.mark.parametrize(
    "conditions",
    [
        {"sales": 64.5},
        {"sales": 97.13},
        {"total": 60.0},
        {"sales": slice(50, 60)},
        {"total": slice(20, 21)},
        {"discount": 0.1, "sales": slice(100, 200)},
        {"sales": 64.5, "qty": 3},
        {"price": 20.0},
        {"share": 50.0},
        {"share": slice(30, 40), "visits": 20},
        {"kind": "web"},
    ],
    ids=str,
)
def test_conditions(likely, conditions):
    rows = likely.sample(150, conditions=conditions, seed=1)
    for column, value in conditions.items():
        if isinstance(value, slice):
            assert rows[column].between(value.start, value.stop).all()
        else:
            assert (rows[column] == value).all()
    assert broken(rows) == {}


@pytest.mark.parametrize(
    "holes",
    [
        ["sales"],
        ["price"],
        ["qty"],
        ["discount"],
        ["sales", "total"],
        ["qty", "discount"],
        ["orders"],
    ],
    ids=str,
)
def test_filled_cells(likely, holes):
    df = sales().head(300)
    # The largest values are not told.
    df = df[df["price"].between(*df["price"].quantile([0.02, 0.98]))]
    df = df[df["share"].notna()].reset_index(drop=True)
    filled = likely.impute(df.assign(**dict.fromkeys(holes, np.nan)), seed=0)
    known = [column for column in df if column not in holes]
    pd.testing.assert_frame_equal(filled[known], df[known])
    assert broken(filled) == {}


def test_with_context(network):
    df = sales()
    context = df[["kind"]].rename(columns={"kind": "channel"})
    gan = fit(small_gan(generator=network), df, context=context)
    assert broken(gan.sample(len(df), context=context, seed=0)) == {}
