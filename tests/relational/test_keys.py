"""Minted keys have the real look and are different."""

import uuid

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive.relational._keys import KeyMinter
from sklearn_synthohive.relational._natural import PartKey

REAL = {
    "integers": (pd.Series([5, 6, 7, 9]), r"\d+"),
    "steps": (pd.Series([100, 110, 130]), r"\d+0"),
    "padded": (pd.Series(["007", "008", "012"]), r"\d{3}"),
    "prefix": (pd.Series(["CUST-0001", "CUST-0200", "CUST-0313"]), r"CUST-\d{4}"),
    "unpadded": (pd.Series(["U1", "U22", "U137"]), r"U\d+"),
    "numbers as text": (pd.Series(["1", "22", "137"]), r"[1-9]\d*"),
    "letters": (pd.Series(["EWR", "JFK", "LGA", "ORD"]), r"[A-Z]{3}"),
    "tail": (pd.Series(["N123UA", "N456DL", "N11106"]), r"N\d{3}[0-9A-Z]{2}"),
    "uuid": (
        pd.Series([str(uuid.UUID(int=i << 70)) for i in range(3)]),
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    ),
    "hex": (pd.Series([uuid.UUID(int=i << 70).hex for i in range(3)]), r"[0-9a-f]{32}"),
    "dates": (pd.Series(["2013-01-01T05:00:00Z", "2013-01-01T07:00:00Z"]), r".{19}Z"),
}


@pytest.mark.parametrize("kind", REAL)
def test_look_and_uniqueness(kind):
    real, look = REAL[kind]
    minter = KeyMinter.fit(real, seed=1)
    keys = minter.column(np.arange(5000), real.dtype)
    assert keys.dtype == real.dtype
    assert keys.is_unique
    # Once the places have run out, keys grow.
    assert keys.iloc[:300].astype(str).str.fullmatch(look).all()
    again = KeyMinter.from_state(minter.to_state()).column(np.arange(9, 20), real.dtype)
    assert again.tolist() == keys.iloc[9:20].tolist()


def test_uuid_objects_dates_and_categories():
    objects = pd.Series([uuid.UUID(int=i << 70) for i in range(3)])
    assert isinstance(KeyMinter.fit(objects).column(np.arange(2), object)[0], uuid.UUID)
    dates = pd.Series(pd.date_range("2020-01-01", periods=5, freq="D", tz="UTC"))
    made = KeyMinter.fit(dates).column(np.arange(3), dates.dtype)
    assert made.dtype == dates.dtype
    assert made.tolist() == dates.iloc[:3].tolist()
    levels = pd.Series(["A1", "B2"], dtype="category")
    assert KeyMinter.fit(levels).column(np.arange(3), levels.dtype).is_unique


def test_missing_places():
    minter = KeyMinter.fit(pd.Series([1, 2, 3]))
    column = minter.column(np.array([0, -1, 2]), np.dtype("float64"))
    assert column.isna().tolist() == [False, True, False]
    assert minter.column(np.array([0, -1]), np.dtype("int64")).dtype == "Int64"
    texts = KeyMinter.fit(pd.Series(["A1", "A2"]))
    assert texts.column(np.array([-1, 0]), object).isna().tolist() == [True, False]


def test_a_column_of_repeated_places_is_as_minted_one_by_one():
    places = np.array([5, 0, 5, -1, 900, 0])
    dates = pd.date_range("2020-01-01", periods=9)
    for real in (["A-1", "A-2"], ["xy9", "ab1"], ["1", "2"], dates.astype(str), dates):
        minter = KeyMinter.fit(pd.Series(real))
        dtype = pd.Series(real).dtype
        column = minter.column(places, dtype)
        assert column.isna().tolist() == [False, False, False, True, False, False]
        each = [minter.column(np.array([p]), dtype)[0] for p in places if p >= 0]
        assert column.dropna().tolist() == each


def test_more_keys_than_the_look_has_room_for():
    minter = KeyMinter.fit(pd.Series(["A", "B", "C"]))
    keys = minter.column(np.arange(2000), object)
    assert keys.is_unique
    assert set(keys.iloc[:26]) == set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


NARROW = {
    "unsigned": (np.arange(80), "uint8", 500, "int64", 1),
    "too many for the real steps": (np.arange(80) * 150, "int16", 400, "int16", 1),
    "steps that fit": (np.arange(80) * 150, "int16", 100, "int16", 150),
    "steps in a wider dtype": (np.arange(12) * 10, "int8", 400, "int64", 10),
    "nullable": (np.arange(80), "Int8", 500, "Int64", 1),
    "32 bits": (np.arange(80) * 10**7, "int32", 400, "int32", 1),
    "the end of 64 bits": (2**63 - 90 + np.arange(80), "int64", 120, "int64", 1),
    "flags": (np.arange(2), "bool", 5, "int64", 1),
    "halves of words": (2**24 - 9 + np.arange(9), "float32", 40, "int64", 1),
}


@pytest.mark.parametrize("case", NARROW)
def test_integers_fit_their_dtype(case):
    real, dtype, n, wanted, step = NARROW[case]
    real = pd.Series(real).astype(dtype)
    minter = KeyMinter.fit(real).fitting(n - 1, real.dtype)
    keys = minter.column(np.arange(n), real.dtype)
    assert keys.dtype == wanted
    assert (np.diff(keys.to_numpy(dtype="int64")) == step).all()
    # A part of the column has the dtype of the whole.
    part = minter.column(np.arange(2), real.dtype, n - 1)
    assert part.dtype == wanted
    assert part.tolist() == keys.iloc[:2].tolist()


def test_categories_of_integers_are_integers():
    real = pd.Series(np.arange(80, dtype="int8")).astype("category")
    keys = KeyMinter.fit(real).column(np.r_[-1, np.arange(300)], real.dtype)
    assert keys.dtype == "Int64"
    assert keys.iloc[1:].tolist() == list(range(300))


def test_long_integers_are_exact():
    for real in (
        10**18 + np.arange(0, 80),
        np.uint64(2**64 - 500) + np.arange(80, dtype="uint64"),
        pd.array(10**18 + np.arange(80), dtype="Int64"),
    ):
        real = pd.Series(real)
        keys = KeyMinter.fit(real).column(np.arange(100), real.dtype)
        assert keys.dtype == real.dtype
        assert keys.iloc[:80].tolist() == real.tolist()
    apart = pd.Series([-(2**63), 2**63 - 1, 5])
    assert KeyMinter.fit(apart).column(np.arange(9), apart.dtype).is_unique


def test_long_texts_of_digits_are_exact():
    cards = pd.Series([f"8949{i * 7919:016d}" for i in range(80)])
    minter = KeyMinter.from_state(KeyMinter.fit(cards).to_state())
    assert minter.column(np.arange(80), object).tolist() == cards.tolist()
    accounts = [f"DE{12 + i}37040044{i * 7919:010d}" for i in range(80)]
    made = KeyMinter.fit(pd.Series(accounts)).column(np.arange(3), object)
    assert made[0] == accounts[0]
    assert made.is_unique
    assert made.str.fullmatch(r"DE\d{20}").all()


def test_long_lines_are_told_from_other_numbers():
    order, line = np.divmod(np.arange(60), 3)
    values = pd.Series(10**18 + line)
    assert PartKey.fit(values, order, pd.DataFrame(index=values.index)).lines
    apart = pd.Series(10**18 + 40 * line + order)
    assert not PartKey.fit(apart, order, pd.DataFrame(index=apart.index)).lines
