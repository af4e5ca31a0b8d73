"""Raw tables in one form."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator

from sklearn_synthohive.utils.validation import read_table


def test_a_frame_shares_its_data():
    frame = pd.DataFrame({"a": np.arange(5.0), "b": np.arange(5.0)})
    table = read_table(frame)
    assert np.shares_memory(table.frame["a"].to_numpy(), frame["a"].to_numpy())
    assert table.names == table.labels == ["a", "b"]
    assert table.container == "pandas"
    assert frame.columns.tolist() == ["a", "b"]


def test_integer_labels_are_named_by_their_text():
    frame = pd.DataFrame({3: [1], 1: [2]})
    table = read_table(frame)
    assert (table.names, table.labels) == (["3", "1"], [3, 1])
    assert all(type(label) is int for label in table.labels)
    assert frame.columns.tolist() == [3, 1]


@pytest.mark.parametrize(
    ("X", "dtypes"),
    [
        ([[1, "a"], [2, "b"]], ["int64", "object"]),
        ([[1, None], [2, 0.5]], ["int64", "float64"]),
        (((True, 1.5), (False, 2.5)), ["bool", "float64"]),
        (np.array([[1, 2]], dtype=np.int16), ["int16", "int16"]),
    ],
)
def test_arrays_keep_the_types_of_their_columns(X, dtypes):
    table = read_table(X)
    assert table.names == ["x0", "x1"]
    assert table.labels == [0, 1]
    assert table.container == "array"
    for found, dtype in zip(table.frame.dtypes, dtypes, strict=True):
        assert found == dtype or (dtype == "object" and found == "str")


@given(st.lists(st.lists(st.integers(-9, 9), min_size=2, max_size=2), min_size=1))
def test_lists_are_rows(rows):
    assert read_table(rows).frame.to_numpy().tolist() == rows


def test_ragged_lists_are_no_table():
    with pytest.raises(ValueError, match="inhomogeneous"):
        read_table([[1, 2], [3]])


def test_a_series_only_where_it_is_welcome():
    series = pd.Series([1, 2], name="age")
    with pytest.raises(ValueError, match="to_frame"):
        read_table(series)
    table = read_table(series, allow_series=True)
    assert (table.names, table.labels) == (["age"], ["age"])
    unnamed = read_table(pd.Series([1]), allow_series=True)
    assert (unnamed.names, unnamed.labels) == (["x0"], [None])


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_features_are_recorded_and_compared():
    estimator = BaseEstimator()
    read_table(pd.DataFrame({"a": [1], "b": [2]}), estimator=estimator)
    assert estimator.n_features_in_ == 2
    assert estimator.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="same order"):
        read_table(pd.DataFrame({"b": [1], "a": [2]}), estimator=estimator, reset=False)
    with pytest.raises(ValueError, match="X has 1 features"):
        read_table(np.ones((1, 1)), estimator=estimator, reset=False)


def test_only_fit_needs_rows():
    empty = pd.DataFrame({"a": pd.Series([], dtype=float)})
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        read_table(empty)
    assert len(read_table(empty, reset=False).frame) == 0
    assert len(read_table(np.ones((0, 2)), reset=False).frame) == 0
