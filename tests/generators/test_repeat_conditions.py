"""Intervals of columns that repeat others, against free rows that meet them."""

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, small_gan

INTERVALS = {"bill": (200, 400), "paid": (200, 400), "kept": (250, 500)}


def accounts(n=2_000, seed=0):
    """What is kept may be what is paid, which may be the bill."""
    rng = np.random.default_rng(seed)
    bill = rng.lognormal(6, 1, n).round(2)
    kind = rng.choice(["careful", "other"], n, p=[0.4, 0.6])
    full = rng.random(n) < np.where(kind == "careful", 0.9, 0.1)
    paid = np.where(full, bill, (bill * rng.random(n)).round(2))
    kept = np.where(rng.random(n) < 0.5, paid, (bill * rng.random(n)).round(2))
    return pd.DataFrame({"bill": bill, "kind": kind, "paid": paid, "kept": kept})


@pytest.fixture(scope="module")
def model():
    return fit(small_gan(generator="autoregressive", epochs=20), accounts())


@pytest.fixture(scope="module")
def free(model):
    return model.sample(60_000, seed=1)


def facts(rows):
    """Shares and means that tell whether repeats are drawn as often as they should."""
    return {
        "paid is the bill": (rows["paid"] == rows["bill"]).mean(),
        "kept is paid": (rows["kept"] == rows["paid"]).mean(),
        "careful": (rows["kind"] == "careful").mean(),
        "bill": (rows["bill"] < 500).mean(),
        "paid": (rows["paid"] < 300).mean(),
        "kept": (rows["kept"] < 300).mean(),
    }


def test_both_orders_are_tried(model):
    # The source of a repeat may be drawn before the column or after it.
    repeats = [text for text in model.rules_ if "repeat" in text]
    assert repeats == ["paid may repeat bill", "kept may repeat paid"]
    order = [model._fitted.codec.layout.spans[i].column for i in model._fitted.order]
    assert order.index("paid") < order.index("bill")
    assert order.index("paid") < order.index("kept")


@pytest.mark.parametrize("column", INTERVALS)
def test_repeats_count(model, free, column):
    low, high = INTERVALS[column]
    rows = model.sample(6_000, conditions={column: slice(low, high)}, seed=0)
    assert rows[column].between(low, high).all()
    expected = facts(free[free[column].between(low, high)])
    assert facts(rows) == pytest.approx(expected, abs=0.03)


def test_two_intervals_at_once(model, free):
    conditions = {"bill": slice(300, 900), "paid": slice(200, 400)}
    rows = model.sample(4_000, conditions=conditions, seed=0)
    assert rows["bill"].between(300, 900).all()
    assert rows["paid"].between(200, 400).all()
    alike = free[free["bill"].between(300, 900) & free["paid"].between(200, 400)]
    # A repeat of a cell that has its own condition and is drawn later is left out.
    assert rows["kept"].mean() == pytest.approx(alike["kept"].mean(), rel=0.1)


def test_rows_of_a_frame_and_a_context():
    df = accounts()
    gan = fit(
        small_gan(generator="autoregressive", epochs=8),
        df[["bill", "paid"]],
        context=df[["kind"]],
    )
    context = df[["kind"]].head(400)
    rows = gan.sample(400, context=context, conditions={"paid": slice(100, 300)})
    assert rows["paid"].between(100, 300).all()
    careful = (context["kind"] == "careful").to_numpy()
    repeats = (rows["paid"] == rows["bill"]).to_numpy()
    assert repeats[careful].mean() > repeats[~careful].mean() + 0.2
