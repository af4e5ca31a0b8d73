"""Products and quotients: found where they are planted, nowhere else, and held."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.preprocessing import DataTransformer, Rules
from sklearn_synthohive.preprocessing._product_search import find_products
from sklearn_synthohive.preprocessing._products import SHAPES, Product
from sklearn_synthohive.preprocessing._sums import Sums

N = 800


def rules_of(df):
    tx = DataTransformer(n_components=1, random_state=0).fit(df)
    table = tx.encode(df)
    return Rules.fit(tx.layout_, table, tx, df), tx, table


def texts_of(df):
    """Sums and products, without orders."""
    return [text for text in rules_of(df)[0].texts if "<" not in text]


def mixed(tx, table, seed=0):
    """Decoded rows whose columns are in orders of their own."""
    rng = np.random.default_rng(seed)
    codes, scalars = table.codes.copy(), table.scalars.copy()
    for block in (codes, scalars):
        for column in block.T:
            rng.shuffle(column)
    return tx.decode(CompactTable(codes, scalars))


def planted(name, n=N, seed=0):
    """A table with one product; its text; the largest error of rounding."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, n))
    qty, price = rng.integers(1, 9, n), rng.lognormal(3, 0.7, n).round(2)
    discount = rng.choice([0, 0.1, 0.2, 0.25], n)
    percent = rng.choice([0, 5, 7.5, 20], n)
    low, wide, high = rng.integers(5, 60, (3, n))
    height, weight = rng.normal(170, 10, n).round(), rng.normal(70, 12, n).round(1)
    attempts = rng.integers(0, 40, n)
    made = rng.binomial(attempts, 0.6)
    area = rng.integers(20, 200, n)
    cost = (area * rng.lognormal(8, 0.3, n)).round(-3)
    minutes, km = rng.integers(5, 90, n), rng.uniform(1, 50, n).round(1)
    with np.errstate(invalid="ignore"):
        share = (100 * made / attempts).round(1)
    columns, text, error = {
        "amount": (
            {"qty": qty, "price": price, "total": (qty * price).round(2)},
            "total = qty * price",
            0.005,
        ),
        "refunds": (
            {"qty": qty - 4, "price": price, "total": ((qty - 4) * price).round(2)},
            "total = qty * price",
            0.005,
        ),
        "owed": (
            {"qty": qty, "price": price, "total": (-qty * price).round(2)},
            "total = -qty * price",
            0.005,
        ),
        "discount": (
            {
                "qty": qty,
                "price": price,
                "discount": discount,
                "sales": (qty * price * (1 - discount)).round(2),
            },
            "sales = qty * price * (1 - discount)",
            0.005,
        ),
        "rate": (
            {
                "net": price,
                "rate": discount,
                "gross": (price * (1 + discount)).round(2),
            },
            "gross = net * (1 + rate)",
            0.005,
        ),
        "percent": (
            {
                "net": price,
                "rate": percent,
                "gross": (price * (1 + percent / 100)).round(2),
            },
            "gross = net * (1 + rate / 100)",
            0.005,
        ),
        "off": (
            {
                "list": price,
                "off": percent,
                "price": (price * (1 - percent / 100)).round(2),
            },
            "price = list * (1 - off / 100)",
            0.005,
        ),
        "price of an area": (
            {"price": cost, "area": area, "per_m2": (cost / area).round(1)},
            "per_m2 = price / area",
            0.05,
        ),
        "unit price": (
            {"total": price, "qty": qty, "unit": (price / qty).round(2)},
            "unit = total / qty",
            0.005,
        ),
        "body mass": (
            {
                "height": height,
                "weight": weight,
                "bmi": (weight / (height / 100) ** 2).round(1),
            },
            "bmi = 10000 * weight / height^2",
            0.05,
        ),
        "share": (
            {"made": made, "attempts": attempts, "share": share},
            "share = 100 * made / attempts",
            0.05,
        ),
        "share, 0 of 0": (
            {"made": made, "attempts": attempts, "share": np.nan_to_num(share)},
            "share = 100 * made / attempts",
            0.05,
        ),
        "speed": (
            {"km": km, "minutes": minutes, "kmh": (60 * km / minutes).round(1)},
            "kmh = 60 * km / minutes",
            0.05,
        ),
        "volume": (
            {"low": low, "wide": wide, "high": high, "volume": low * wide * high},
            "volume = low * wide * high",
            0,
        ),
        "cubic metres": (
            {
                "low": low,
                "wide": wide,
                "high": high,
                "volume": low * wide * high / 1e6,
            },
            "volume = low * wide * high / 1000000",
            0,
        ),
        "square": ({"x": x, "y": x**2}, "y = x^2", 0),
        "inverse": ({"x": x, "y": 1 / x}, "y = 1 / x", 0),
        "root": ({"x": price, "y": np.sqrt(price)}, "y = x^0.5", 0),
        "circle": ({"r": x, "area": np.pi * x**2}, "area = 3.14159265359 * r^2", 0),
        "floats": ({"x": x, "z": z, "y": x * z}, "y = x * z", 0),
    }[name]
    return pd.DataFrame(columns), text, error


NAMES = [
    "amount",
    "refunds",
    "owed",
    "discount",
    "rate",
    "percent",
    "off",
    "speed",
    "volume",
    "square",
    "inverse",
    "root",
    "circle",
    "floats",
    "share",
    "price of an area",
    "unit price",
    "body mass",
    "share, 0 of 0",
    "cubic metres",
]


def orders(n=1_000, seed=0):
    """Products of sums and sums of products."""
    rng = np.random.default_rng(seed)
    qty, price = rng.integers(1, 9, n), rng.lognormal(3, 0.7, n).round(2)
    discount = rng.choice([0, 0.1, 0.2, 0.25], n)
    rate, ship = rng.choice([5, 10, 20], n), rng.choice([0, 4.99, 9.99], n)
    gross = (qty * price).round(2)
    net = (gross * (1 - discount)).round(2)
    tax = (net * rate / 100).round(2)
    return pd.DataFrame(
        {
            "qty": qty,
            "price": price,
            "gross": gross,
            "discount": discount,
            "net": net,
            "rate": rate,
            "tax": tax,
            "ship": ship,
            "total": (net + tax + ship).round(2),
        }
    )


def off(rows):
    """The largest errors of the rules of ``orders``."""
    errors = {
        "gross": rows["gross"] - rows["qty"] * rows["price"],
        "net": rows["net"] - rows["gross"] * (1 - rows["discount"]),
        "tax": rows["tax"] - rows["net"] * rows["rate"] / 100,
        "total": rows["total"] - rows["net"] - rows["tax"] - rows["ship"],
    }
    return {name: error.abs().max() for name, error in errors.items()}


class TestFound:
    @pytest.mark.parametrize("name", NAMES)
    def test_planted(self, name):
        df, text, _ = planted(name)
        assert text in texts_of(df)

    @pytest.mark.parametrize("name", NAMES)
    def test_planted_among_others_with_gaps(self, name):
        df, text, _ = planted(name, 2_000)
        rng = np.random.default_rng(1)
        for k in range(8):
            df[f"other{k}"] = rng.normal(50, 15, len(df)).round(k % 3)
        df = df.astype(float).mask(rng.random(df.shape) < 0.03)
        assert texts_of(df) == [text]

    def test_in_order(self):
        assert texts_of(orders()) == [
            "gross = qty * price",
            "net = gross * (1 - discount)",
            "tax = net * rate / 100",
            "total = net + tax + ship",
        ]

    def test_a_sum_makes_way_for_a_product(self):
        df, _, _ = planted("amount")
        rng = np.random.default_rng(1)
        df["cost"] = rng.lognormal(4, 1, N).round(2)
        df["profit"] = (df["total"] - df["cost"]).round(2)
        assert texts_of(df) == ["total = qty * price", "profit = total - cost"]

    def test_one_exception_is_no_rule(self):
        df, _, _ = planted("amount")
        df.loc[7, "total"] += 1
        assert texts_of(df) == []

    def test_too_few_rows(self):
        df, text, _ = planted("amount")
        assert texts_of(df[:49]) == []
        assert texts_of(df[:60]) == [text]

    def test_what_rounding_may_explain_is_no_rule(self):
        rng = np.random.default_rng(0)
        df = pd.DataFrame(rng.integers(1, 4, (N, 2)), columns=["a", "b"])
        df["c"] = np.sqrt(df["a"] * df["b"]).round()
        assert texts_of(df) == []

    def test_an_arbitrary_factor_of_rounded_numbers_is_none(self):
        df, _, _ = planted("amount", 4_000)
        df["total"] = (1.2345678 * df["qty"] * df["price"] ** 2).round(2)
        assert texts_of(df) == []

    def test_dates_and_truth_values_are_no_terms(self):
        df, text, _ = planted("amount")
        rng = np.random.default_rng(0)
        df["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(
            rng.integers(0, 99, N), "D"
        )
        df["flag"] = rng.random(N) < 0.5
        assert texts_of(df) == [text]

    @pytest.mark.parametrize("n_columns", [30, 70, 220])
    def test_wide(self, n_columns):
        rng = np.random.default_rng(0)
        df = pd.DataFrame(rng.normal(40, 9, (500, n_columns)).round(2)).add_prefix("c")
        df["pair"] = (df["c0"] * df["c1"]).round(2)
        expected = ["pair = c0 * c1"]
        if n_columns == 30:
            df["three"] = (df["c2"] * df["c3"] / df["c4"]).round(2)
            expected.append("three = c2 * c3 / c4")
        assert texts_of(df) == expected

    @settings(max_examples=40, deadline=None)
    @given(
        kinds=st.lists(
            st.sampled_from(["few", "count", "cents", "float", "skewed", "share"]),
            min_size=3,
            max_size=9,
        ),
        n=st.sampled_from([50, 80, 300]),
        gaps=st.sampled_from([0.0, 0.2]),
        seed=st.integers(0, 10_000),
    )
    def test_nothing_in_independent_columns(self, kinds, n, gaps, seed):
        rng = np.random.default_rng(seed)
        draw = {
            "few": (lambda: rng.integers(0, 4, n) * 10.0, 10.0),
            "count": (lambda: rng.poisson(9, n) * 1.0, 1.0),
            "cents": (lambda: rng.normal(40, 9, n).round(2), 0.01),
            "float": (lambda: rng.normal(size=n), 0.0),
            "skewed": (lambda: rng.lognormal(3, 2, n).round(1), 0.1),
            "share": (lambda: rng.random(n).round(2), 0.01),
        }
        columns = [draw[kind][0]() for kind in kinds]
        columns = [np.where(rng.random(n) < gaps, np.nan, c) for c in columns]
        steps = [draw[kind][1] for kind in kinds]
        assert find_products(columns, steps, list(range(len(kinds)))) == []

    @settings(max_examples=40, deadline=None)
    @given(
        powers=st.lists(st.sampled_from([1.0, -1.0]), min_size=2, max_size=3),
        factor=st.sampled_from([1.0, -1.0, 0.01, 100.0, 60.0, 1 / 60, 703.0, 2.54]),
        shape=st.sampled_from(sorted(SHAPES)),
        decimals=st.sampled_from([2, 4, None]),
        seed=st.integers(0, 1_000),
    )
    def test_any_short_product(self, powers, factor, shape, decimals, seed):
        rng = np.random.default_rng(seed)
        terms = [rng.normal(60, 9, 300).round(2) for _ in powers]
        if shape != "x":
            powers[0] = 1.0
            scale = 100 if "100" in shape else 1
            terms[0] = (rng.uniform(0.05, 0.95, 300) * scale).round(3)
        shapes = (shape, *["x"] * (len(powers) - 1))
        n = len(powers)
        planted = Product(n, tuple(range(n)), tuple(powers), shapes, factor)
        amounts = dict(enumerate(terms))
        own, step = planted.result(amounts), 0.0
        if decimals is not None:
            # As many digits whatever the size.
            decimals -= int(np.floor(np.log10(np.median(np.abs(own)))))
            own, step = own.round(decimals), 10.0**-decimals
        found = find_products([*terms, own], [*[0.01] * n, step], list(range(n + 1)))
        (item,) = found
        assert item.holds(dict(enumerate([*terms, own])), step).all()
        assert {item.target, *item.terms} == set(range(n + 1))


class TestHeld:
    @pytest.mark.parametrize("name", NAMES)
    def test_mixed_columns(self, name):
        df, _, error = planted(name)
        rules, tx, table = rules_of(df)
        pd.testing.assert_frame_equal(rules.add_up(tx.decode(table)), df)
        rows = rules.add_up(mixed(tx, table))
        assert (rows.dtypes == df.dtypes).all()
        assert rules.adding_up(rows).all()
        product = next(i for i in rules.sums.items if isinstance(i, Product))
        own = rows.iloc[:, product.target]
        result = product.result({i: rows.iloc[:, i].to_numpy() for i in product.terms})
        assert (own - result).abs().max() <= error + 1e-9 * own.abs().max()
        if name not in ("share", "share, 0 of 0"):
            assert np.isfinite(result).all()

    def test_sums_of_products(self):
        rules, tx, table = rules_of(orders())
        errors = off(rules.add_up(mixed(tx, table)))
        assert max(errors.values()) <= 0.005 + 1e-9
        assert errors["total"] < 1e-9

    @pytest.mark.parametrize(
        "dtypes",
        [
            {"qty": "int8", "price": "float32", "total": "float32"},
            {"qty": "Int64", "price": "Float64", "total": "Float64"},
            {"qty": "int64[pyarrow]", "price": "double[pyarrow]", "total": "Float32"},
            {"qty": "uint16", "price": object, "total": object},
        ],
        ids=str,
    )
    def test_dtypes(self, dtypes):
        df, text, _ = planted("amount")
        for column in ("price", "total"):
            if dtypes[column] is object:
                df[column] = [Decimal(f"{v:.2f}") for v in df[column]]
        df = df.astype(dtypes)
        df.loc[::9, "price"] = None
        rules, tx, table = rules_of(df)
        assert rules.texts == [text]
        rows = rules.add_up(mixed(tx, table))
        assert (rows.dtypes == df.dtypes).all()
        assert rules.adding_up(rows).all()
        fixed = np.zeros(rows.shape, dtype=bool)
        fixed[:, 2] = True
        rows["total"] = df["total"].iloc[[3] * N].set_axis(rows.index)
        solved = rules.add_up(rows.copy(), fixed)
        assert (solved["total"] == df["total"].iloc[3]).all()
        assert (solved.dtypes == df.dtypes).all()
        assert rules.adding_up(solved).mean() > 0.99

    @pytest.mark.parametrize("column", ["gross", "net", "tax", "total"])
    def test_given_results_are_solved_for(self, column):
        df = orders()
        rules, tx, table = rules_of(df)
        rows = mixed(tx, table)
        rows[column] = df[column].to_numpy()
        fixed = np.zeros(rows.shape, dtype=bool)
        fixed[:, df.columns.get_loc(column)] = True
        rows = rules.add_up(rows, fixed)
        assert (rows[column] == df[column]).all()
        assert rules.adding_up(rows).mean() > 0.9

    def test_two_terms_where_one_cannot(self):
        df, _, _ = planted("amount")
        rules, _, _ = rules_of(df)
        rows = pd.DataFrame({"qty": [7] * 9, "price": [9.21] * 9, "total": [64.5] * 9})
        fixed = np.zeros(rows.shape, dtype=bool)
        fixed[:, 2] = True
        rules.add_up(rows, fixed)
        assert (rows["total"] == 64.5).all()
        assert (rows["qty"] == 6).all()
        assert (rows["price"] == 10.75).all()

    def test_gaps_and_zeros(self):
        df, _, _ = planted("share, 0 of 0")
        rules, _, _ = rules_of(df)
        rows = df.copy().astype({"made": "Int64"})
        rows["share"] = 7.0
        rows.loc[::5, "made"] = None
        rows = rules.add_up(rows)
        told = rows["made"].notna() & (rows["attempts"] > 0)
        assert (rows["share"][~told] == 7).all()
        assert (rows["share"] == df["share"])[told].all()
        assert rules.adding_up(rows).all()


class TestState:
    def test_round_trip(self):
        rules, tx, table = rules_of(orders())
        again = Rules.from_state(tx.layout_, rules.to_state(), tx)
        assert again.texts == rules.texts
        left, right = (r.add_up(mixed(tx, table)) for r in (rules, again))
        pd.testing.assert_frame_equal(left, right)

    def test_states_of_sums_alone(self):
        df = orders()
        tx = DataTransformer(n_components=1, random_state=0).fit(df)
        state = {"target": 8, "terms": (4, 6, 7), "factors": (1, 1, 1), "constant": 0}
        sums = Sums.from_state(tx, [state])
        assert sums.texts(list(df)) == ["total = net + tax + ship"]
        assert sums.holding(df).all()


@pytest.mark.parametrize(
    ("product", "text"),
    [
        (Product(0, (1, 2), (1.0, -2.0), ("x", "x"), 703.0), "a = 703 * b / c^2"),
        (Product(0, (1,), (-1.0,), ("1 - x / 100",), 1.0), "a = 1 / (1 - b / 100)"),
        (Product(0, (1, 2), (1.0, 1.0), ("x", "1 + x"), 0.01), "a = b * (1 + c) / 100"),
        (Product(0, (1,), (-1.0,), ("x",), -1 / 60), "a = -1 / b / 60"),
        (
            Product(0, (1, 2), (1.0, 1.0), ("x", "x"), 5 / 9),
            "a = 0.555555555556 * b * c",
        ),
    ],
)
def test_in_words(product, text):
    assert product.text(["a", "b", "c"]) == text


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("power", [1.0, -1.0, 2.0, -2.0])
def test_solved_for(shape, power):
    rng = np.random.default_rng(0)
    amounts = {1: rng.uniform(0.1, 0.9, 50), 2: rng.uniform(1, 9, 50)}
    product = Product(0, (1, 2), (power, 1.0), (shape, "x"), 3.0)
    amounts[0] = product.result(amounts)
    for term in (1, 2):
        solved = product.solved_for(term)
        np.testing.assert_allclose(solved.result(amounts), amounts[term], rtol=1e-9)
