"""Polars frames, arrays and lists as input, and what set_output gives."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import sklearn

from sklearn_synthohive.layout import Layout
from sklearn_synthohive.preprocessing import ClusterBasedNormalizer, DataTransformer

pl = pytest.importorskip("polars")


@pytest.fixture
def polars_frame():
    n = 120
    rng = np.random.default_rng(0)
    start = dt.datetime(2020, 1, 1)
    minutes = pl.Series([start + dt.timedelta(minutes=7 * i) for i in range(n)])
    return pl.DataFrame(
        {
            "whole": [1, None, 7] * 40,
            "byte": pl.Series(rng.integers(0, 255, n), dtype=pl.UInt8),
            "real": rng.normal(size=n),
            "narrow": pl.Series(rng.normal(size=n), dtype=pl.Float32),
            "text": ["nan", None, "b"] * 40,
            "cat": pl.Series(["x", "y", None] * 40, dtype=pl.Categorical),
            "enum": pl.Series(["q", "r"] * 60, dtype=pl.Enum(["r", "q", "z"])),
            "day": [dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(n)],
            "at": minutes,
            "zone": minutes.dt.replace_time_zone("Europe/Paris"),
            "took": [dt.timedelta(seconds=i) for i in range(n)],
            "time": [dt.time(1, 2, i % 60) for i in range(n)],
            "flag": [True, None, False] * 40,
            "cents": pl.Series(rng.integers(0, 10**6, n)).cast(pl.Decimal(12, 2)),
            "nothing": [None] * n,
        }
    )


def same(left, right):
    assert left.schema == right.schema
    for name in left.columns:
        if name in ("real", "narrow"):
            np.testing.assert_allclose(left[name], right[name], atol=1e-5)
        else:
            assert left[name].to_list() == right[name].to_list()


def test_polars_in_gives_polars_back(polars_frame):
    transformer = DataTransformer(random_state=0).fit(polars_frame)
    Xt = transformer.transform(polars_frame)
    assert isinstance(Xt, pd.DataFrame)
    assert Layout.of(Xt) == transformer.layout_
    same(transformer.inverse_transform(Xt), polars_frame)
    same(transformer.decode(transformer.encode(polars_frame)), polars_frame)
    restored = DataTransformer.from_state(transformer.to_state())
    same(restored.inverse_transform(Xt), polars_frame)


def test_the_matrix_in_polars(polars_frame):
    transformer = DataTransformer(random_state=0).set_output(transform="polars")
    Xt = transformer.fit_transform(polars_frame)
    assert isinstance(Xt, pl.DataFrame)
    assert Layout.of(Xt) == transformer.layout_
    same(transformer.inverse_transform(Xt), polars_frame)


@pytest.mark.parametrize(
    ("container", "expected"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)]
)
def test_global_containers(polars_frame, container, expected):
    with sklearn.config_context(transform_output=container):
        transformer = DataTransformer(random_state=0).fit(polars_frame)
        Xt = transformer.transform(polars_frame)
        assert isinstance(Xt, expected)
    same(transformer.inverse_transform(Xt), polars_frame)


def test_pandas_stays_pandas_whatever_the_matrix_is():
    frame = pd.DataFrame({"a": [1, 2, 9], "b": ["x", "y", "x"]}, index=[5, 6, 7])
    transformer = DataTransformer(random_state=0).set_output(transform="polars")
    Xt = transformer.fit_transform(frame)
    decoded = transformer.inverse_transform(Xt)
    pd.testing.assert_frame_equal(decoded, frame.reset_index(drop=True))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (pl.LazyFrame({"a": [1]}), "collect"),
        (pl.Series([1, 2]), "Expected a 2D table"),
        (pl.DataFrame({"a": [[1], [2]]}), "'a' holds"),
        (pl.DataFrame({"a": []}), "0 sample"),
    ],
)
def test_polars_that_is_no_table(X, message):
    with pytest.raises((TypeError, ValueError), match=message):
        DataTransformer().fit(X)


@pytest.mark.parametrize(
    ("X", "dtypes"),
    [
        (np.arange(40).reshape(20, 2), ["int64", "int64"]),
        (np.linspace(0, 1, 40, dtype=np.float32).reshape(20, 2), ["float32"] * 2),
        ([[1, "a"], [2, "b"], [5, "a"]], ["int64", None]),
        ([(1, None), (2, 0.5), (9, 1.5)], ["int64", "float64"]),
        (np.array([[1, "a"], [2, "b"]], dtype=object), ["int64", None]),
        (np.array([["1", "a"], ["2", "b"]]), [None, None]),
        (np.array([[True], [False]]), ["bool"]),
    ],
)
def test_arrays_and_lists(X, dtypes):
    transformer = DataTransformer(random_state=0).fit(X)
    Xt = transformer.transform(X)
    assert transformer.layout_.spans[0].column == "x0"
    decoded = transformer.inverse_transform(Xt)
    assert decoded.columns.tolist() == list(range(len(dtypes)))
    expected = pd.DataFrame(np.asarray(X, dtype=object)).infer_objects()
    pd.testing.assert_frame_equal(
        decoded, expected.astype(decoded.dtypes), check_exact=False, atol=1e-6
    )
    for found, dtype in zip(decoded.dtypes, dtypes, strict=True):
        assert dtype is None or found == dtype
    np.testing.assert_array_equal(transformer.transform(decoded), Xt)


def test_names_for_an_array():
    X = np.arange(30.0).reshape(10, 3)
    transformer = DataTransformer().fit(X)
    assert transformer.get_feature_names_out()[0] == "x0~value"
    names = transformer.get_feature_names_out(["a", "b", "c"])
    assert [n for n in names if n.endswith("~value")] == [
        "a~value",
        "b~value",
        "c~value",
    ]
    with pytest.raises(ValueError, match="should have length equal"):
        transformer.get_feature_names_out(["a"])
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    with pytest.raises(ValueError, match="is not equal to feature_names_in_"):
        DataTransformer().fit(frame).get_feature_names_out(["a", "b", "d"])


def test_a_series_is_a_column_for_the_normalizer(polars_frame):
    normalizer = ClusterBasedNormalizer(random_state=0).fit(polars_frame[["real"]])
    decoded = normalizer.inverse_transform(normalizer.transform(polars_frame[["real"]]))
    assert isinstance(decoded, pl.DataFrame)
    np.testing.assert_allclose(decoded["real"], polars_frame["real"], atol=1e-5)
