"""Bad input: each is a clear error that names the column, before long work."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError

from sklearn_synthohive.preprocessing import ClusterBasedNormalizer, DataTransformer


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (pd.DataFrame({"a": []}), ValueError, r"0 sample\(s\)"),
        (pd.DataFrame(index=[0, 1]), ValueError, r"0 feature\(s\)"),
        (np.empty((0, 2)), ValueError, r"0 sample\(s\)"),
        (np.empty((2, 0)), ValueError, r"0 feature\(s\)"),
        (np.arange(3), ValueError, "Expected 2D array"),
        (pd.Series([1, 2]), ValueError, "Expected a 2D table, got a Series"),
        (np.zeros((2, 2, 2)), ValueError, "dim 3"),
        (sparse.csr_matrix(np.eye(3)), TypeError, "Sparse data was passed"),
        (np.array([[1 + 2j]]), ValueError, "Complex data not supported"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), ValueError, r"\['a'\] occur more"),
        (pd.DataFrame({"a": [1], 0: [2]}), TypeError, r"\['int', 'str'\]"),
        (pd.DataFrame({0.5: [1], 1.5: [2]}), TypeError, r"\['float'\]"),
        (
            pd.DataFrame([[1]], columns=pd.Index(["a\ud800"], dtype=object)),
            ValueError,
            r"'a\\ud800' is not Unicode",
        ),
        (
            pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])),
            ValueError,
            "are a MultiIndex; flatten them",
        ),
    ],
)
def test_tables_that_are_none(X, error, message):
    with pytest.raises(error, match=message):
        DataTransformer().fit(X)


class Thing:
    """No value of a table."""


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([1.0, np.inf], ValueError, "'bad' contains infinity in 1 rows"),
        ([1.0, -np.inf], ValueError, "'bad' contains infinity"),
        (pd.Series([1, np.inf], dtype=object), ValueError, "'bad' contains infinity"),
        (pd.array([1.0, np.inf], dtype="Float64"), ValueError, "contains infinity"),
        ([1, "a"], TypeError, r"'bad' is of mixed type .* \['int', 'str'\]"),
        ([True, "a"], TypeError, "'bad' is of mixed type"),
        ([1, True], TypeError, "'bad' is of mixed type"),
        ([dt.date(2020, 1, 1), 5], TypeError, "'bad' is of mixed type"),
        ([Thing(), Thing()], TypeError, r"'bad' .* it holds \['Thing'\]"),
        ([[1], [2]], TypeError, r"'bad' .* it holds \['list'\]"),
        ([1j, 2j], ValueError, "'bad' holds complex128; split it"),
        (pd.Series([1j, 2], dtype=object), TypeError, "'bad' is of mixed type"),
        (pd.Series([1j, 2j], dtype=object), ValueError, "'bad' holds complex numbers"),
        (
            pd.Series(["a", "b\udfff"], dtype=object),
            ValueError,
            r"'bad' holds text .* \('b\\udfff'\)",
        ),
        (pd.arrays.SparseArray([0, 1]), TypeError, "'bad' is sparse"),
        ([2**70, 1], ValueError, "'bad' holds integers of more than 64 bits"),
        ([2**63, -1], ValueError, "'bad' holds integers of more than 64 bits"),
        (
            pd.Series([pd.Timestamp("2020", tz="UTC")] * 2, dtype=object),
            TypeError,
            "'bad' holds datetime objects with a time zone",
        ),
        (
            [dt.time(1, tzinfo=dt.UTC)] * 2,
            ValueError,
            "'bad' holds times with a time zone",
        ),
        (
            pd.Categorical([1, "a"]),
            TypeError,
            "'bad' is of mixed type",
        ),
    ],
)
def test_columns_that_are_none(values, error, message):
    frame = pd.DataFrame({"good": [1, 2], "bad": values})
    with pytest.raises(error, match=message):
        DataTransformer().fit(frame)


def test_columns_of_lists_in_arrow():
    pa = pytest.importorskip("pyarrow")
    lists = pd.array([[1], [2]], dtype=pd.ArrowDtype(pa.list_(pa.int64())))
    with pytest.raises(ValueError, match="'bad' holds list"):
        DataTransformer().fit(pd.DataFrame({"bad": lists}))
    words = pd.array(["a", "b"], dtype=pd.ArrowDtype(pa.string()))
    coded = pd.Series(words).astype(
        pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    )
    with pytest.raises(ValueError, match=r"astype\('category'\)"):
        DataTransformer().fit(pd.DataFrame({"bad": coded}))


FITTED = {
    "number": [1.5, 2.5, 4.0, 7.0],
    "text": ["a", "b", "a", "b"],
    "flag": [True, False, True, True],
    "when": pd.to_datetime(["2020-01-01", "2020-01-05", "2020-02-01", "2020-03-01"]),
    "zone": pd.to_datetime(["2020-01-01"] * 4, utc=True),
    "took": pd.to_timedelta([1, 2, 3, 5], "s"),
    "month": pd.period_range("2020-01", periods=4, freq="M"),
    "day": pd.Series([dt.date(2020, 1, d) for d in range(1, 5)], dtype=object),
}


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("number", ["a"] * 4, "'number' held numbers in fit and holds text now"),
        ("number", [True] * 4, "'number' held numbers in fit and holds booleans now"),
        ("number", FITTED["when"], "'number' held numbers .* dates with time now"),
        ("number", [1, 2, 3, np.inf], "'number' contains infinity"),
        ("text", [1, 2, 3, 4], "'text' held text in fit and holds numbers now"),
        ("text", ["a", "b", "c", "a"], "'text' holds 1 levels .* 'c'"),
        ("text", ["a", None, "b", "a"], "'text' is missing in 1 rows"),
        ("flag", [0, 1, 1, 0], "'flag' held booleans in fit and holds numbers now"),
        ("when", FITTED["zone"], "'when' held dates with time in fit .* and zone now"),
        ("zone", FITTED["when"], "'zone' held dates with time and zone"),
        ("took", [1, 2, 3, 4], "'took' held durations in fit and holds numbers now"),
        ("month", FITTED["when"], "'month' held period"),
        (
            "month",
            pd.period_range("2020-01-01", periods=4, freq="D"),
            "'month' held periods of frequency 'M' in fit and 'D' now",
        ),
        (
            "month",
            pd.Series(pd.period_range("2020-01-01", periods=4, freq="D"), dtype=object),
            "'month' held periods of frequency 'M' in fit and 'D' now",
        ),
        ("day", FITTED["when"], "'day' held dates in fit"),
    ],
)
def test_other_columns_at_transform(column, values, message):
    frame = pd.DataFrame(FITTED)
    transformer = DataTransformer(random_state=0).fit(frame)
    changed = frame.copy()
    changed[column] = values
    for method in (transformer.transform, transformer.encode):
        with pytest.raises((ValueError, TypeError), match=message):
            method(changed)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("number", [1, 2, 4, 7]),
        ("number", pd.array([1, 2, 4, 7], dtype="UInt8")),
        ("text", pd.Categorical(["a", "b", "a", "b"], categories=["q", "b", "a"])),
        ("flag", pd.array([True] * 4, dtype="boolean")),
        ("when", FITTED["when"].as_unit("s")),
        ("zone", FITTED["zone"].tz_convert("Asia/Tokyo")),
        ("took", FITTED["took"].as_unit("ms")),
        ("day", FITTED["day"].astype(object)),
    ],
)
def test_the_same_kind_in_another_dtype(column, values):
    frame = pd.DataFrame(FITTED)
    transformer = DataTransformer(random_state=0).fit(frame)
    decoded = transformer.inverse_transform(
        transformer.transform(frame.assign(**{column: values}))
    )
    assert decoded.dtypes.equals(frame.dtypes)


def test_integers_that_become_floats_with_gaps():
    frame = pd.DataFrame({"n": [1.0, 2.0, np.nan, 9.0] * 20})
    transformer = DataTransformer(random_state=0).fit(frame)
    whole = pd.DataFrame({"n": [1, 9]})
    decoded = transformer.inverse_transform(transformer.transform(whole))
    assert decoded["n"].tolist() == [1.0, 9.0]
    gaps = transformer.transform(pd.DataFrame({"n": [None, None]}, dtype=object))
    assert transformer.inverse_transform(gaps)["n"].isna().all()


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda X: X.iloc[:, :-1], ValueError, "missing"),
        (lambda X: X.assign(more=1), ValueError, "unseen"),
        (lambda X: X.iloc[:, ::-1], ValueError, "order"),
        (lambda X: X.to_numpy()[:, :2], ValueError, "X has 2 features, but"),
        (lambda X: X.rename(columns={"text": 0}), TypeError, "string"),
    ],
)
def test_other_columns_than_in_fit(change, error, message):
    frame = pd.DataFrame(FITTED)
    transformer = DataTransformer(random_state=0).fit(frame)
    with pytest.raises(error, match=message):
        transformer.transform(change(frame))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_an_array_is_read_by_position():
    frame = pd.DataFrame({"a": [1, 2, 5, 9], "b": ["x", "y", "x", "y"]})
    transformer = DataTransformer(random_state=0).fit(frame)
    Xt = transformer.transform(frame.to_numpy())
    np.testing.assert_array_equal(Xt, transformer.transform(frame))


@pytest.mark.parametrize("estimator", [DataTransformer(), ClusterBasedNormalizer()])
@pytest.mark.parametrize(
    "method",
    ["transform", "inverse_transform", "encode", "decode", "get_feature_names_out"],
)
def test_unfitted_use(estimator, method):
    argument = [] if method == "get_feature_names_out" else [pd.DataFrame({"a": [1]})]
    with pytest.raises(NotFittedError):
        getattr(estimator, method)(*argument)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_components": 0},
        {"n_components": 2.5},
        {"embedding_threshold": -1},
        {"handle_unknown": "ignore"},
        {"spike_threshold": 0},
        {"weight_threshold": 1},
        {"max_spikes": -1},
        {"max_fit_rows": 1},
        {"categorical_features": "all"},
        {"metadata": "users"},
        {"random_state": "seed"},
    ],
)
def test_parameters_out_of_range(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        DataTransformer(**parameters).fit(pd.DataFrame({"a": [1, 2]}))


def test_typos():
    with pytest.raises(TypeError, match="ncomponents"):
        DataTransformer(ncomponents=3)
    with pytest.raises(TypeError, match="tablename"):
        DataTransformer().fit(pd.DataFrame({"a": [1]}), tablename="a")
