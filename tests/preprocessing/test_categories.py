"""Levels of categories: what they are, what is new, what is missing."""

import numpy as np
import pandas as pd
import pytest
from reference import preprocessing as plain

from sklearn_synthohive.layout import MAX_CODES
from sklearn_synthohive.preprocessing import _category
from sklearn_synthohive.preprocessing._categorical_encoder import CategoricalEncoder


def encode(values, dtype=None, **parameters):
    frame = pd.DataFrame({"x": pd.Series(values, dtype=dtype)})
    encoder = CategoricalEncoder(**parameters).fit(frame)
    return encoder, encoder.transform(frame)


def test_one_hot_is_that_of_the_plain_version():
    values = ["b", "a", None, "b", "nan"]
    encoder, Xt = encode(values, object)
    assert encoder.layout_.names == ["x=a", "x=b", "x=nan", "x~missing"]
    levels = ["a", "b", "nan", None]
    assert Xt.to_numpy().tolist() == [plain.one_hot(levels, v) for v in values]


@pytest.mark.parametrize(
    ("values", "dtype", "names"),
    [
        (["b", "a"], "category", ["x=a", "x=b"]),
        (pd.Categorical(["b", "a"], categories=["b", "a", "c"]), None, ["x=b", "x=a"]),
        ([True, False, None], "boolean", ["x=False", "x=True", "x~missing"]),
        ([3, 10, 3], "int64", ["x=3", "x=10"]),
        ([0.5, None], "float64", ["x=0.5", "x~missing"]),
        ([None, None], object, ["x~missing"]),
    ],
)
def test_levels_are_sorted_and_named(values, dtype, names):
    assert encode(values, dtype)[0].layout_.names == names


def test_many_levels_become_codes():
    values = [f"N{i:03d}" for i in range(60)] + [None]
    encoder, Xt = encode(values)
    assert encoder.layout_.names == ["x~code[61]"]
    assert Xt["x~code[61]"].tolist() == list(range(61))
    assert encode(values[:50])[0].layout_.width == 50
    assert encode(values[:51])[0].layout_.width == 1
    assert encode(values, embedding_threshold=60)[0].layout_.width == 61


def test_levels_never_seen_are_named():
    encoder, _ = encode(["a", "b"])
    with pytest.raises(ValueError, match=r"Column 'x' holds 1 levels .* 'c'\."):
        encoder.transform(pd.DataFrame({"x": ["a", "c"]}))
    many = pd.DataFrame({"x": list("cdefghi")})
    with pytest.raises(ValueError, match=r"7 levels .*'c', 'd', 'e', 'f', 'g', \.\.\."):
        encoder.transform(many)


def test_missing_never_seen_is_an_error():
    encoder, _ = encode(["a", "b"])
    with pytest.raises(ValueError, match="'x' is missing in 1 rows, but never was"):
        encoder.transform(pd.DataFrame({"x": ["a", None]}))


@pytest.mark.parametrize(
    ("values", "dtype", "unknown", "back"),
    [
        (["a", "b"], "string", "c", "string"),
        (["a", "b"], "category", "c", "category"),
        ([1, 2], "int16", 3, "Int16"),
        ([1, 2], "uint8", 3, "UInt8"),
        ([True, True], "bool", False, "boolean"),
        ([0.5, 0.25], "float32", 1.0, "float32"),
        (pd.to_datetime(["2020-01-01"] * 2), None, pd.Timestamp("2021-01-01"), None),
    ],
)
def test_levels_never_seen_become_missing_when_asked(values, dtype, unknown, back):
    encoder, Xt = encode(values, dtype, handle_unknown="missing")
    assert Xt.columns[-1] == "x~missing"
    known = encoder.inverse_transform(Xt)["x"]
    assert known.tolist() == list(values)
    assert known.dtype == pd.Series(values, dtype=dtype).dtype
    new = pd.DataFrame({"x": [unknown, values[0]]})
    decoded = encoder.inverse_transform(encoder.transform(new))["x"]
    assert decoded.isna().tolist() == [True, False]
    assert decoded[1] == values[0]
    if back == "category":
        assert decoded.dtype == encoder._encodings[0].dtype
    elif back is not None:
        assert decoded.dtype == back


def test_unused_categories_are_no_levels_but_stay_in_the_dtype():
    dtype = pd.CategoricalDtype(["z", "a", "unused"], ordered=True)
    encoder, Xt = encode(["a", "z", "a"], dtype)
    assert encoder.layout_.names == ["x=z", "x=a"]
    assert encoder.inverse_transform(Xt)["x"].dtype == dtype
    wider = pd.CategoricalDtype(["q", "z", "a"])
    again = encoder.transform(pd.DataFrame({"x": pd.Series(["a"], dtype=wider)}))
    assert again.to_numpy().tolist() == [[0, 1]]


def test_levels_are_found_across_dtypes():
    encoder, _ = encode(["a", "b"], "category")
    for dtype in (object, "string", "category"):
        Xt = encoder.transform(pd.DataFrame({"x": pd.Series(["b"], dtype=dtype)}))
        assert Xt.to_numpy().tolist() == [[0, 1]]
    numbers, _ = encode([1, 2, None], "Int64")
    Xt = numbers.transform(pd.DataFrame({"x": [2.0, np.nan]}))
    assert Xt.to_numpy().tolist() == [[0, 1, 0], [0, 0, 1]]


def test_the_limit_of_codes(monkeypatch):
    monkeypatch.setattr(_category, "MAX_CODES", 3)
    with pytest.raises(ValueError, match="'x' has 4 levels; 3 are the limit"):
        encode(list("abcd"))
    assert MAX_CODES == 2**24


def test_soft_blocks_and_codes_out_of_range():
    encoder, _ = encode(["a", "b", None])
    soft = np.array([[0.2, 0.5, 0.3], [-1, -2, -0.5]])
    decoded = encoder.inverse_transform(soft)["x"]
    assert decoded[0] == "b"
    assert decoded.isna()[1]
    codes, _ = encode(list("abc"), embedding_threshold=1)
    far = codes.inverse_transform(np.array([[-3.0], [1.4], [99.0]]))
    assert far["x"].tolist() == ["a", "b", "c"]
