"""Whole tables: which column goes where, and what the matrix carries."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_synthohive import Constraint, DataTransformer, Layout, Metadata
from sklearn_synthohive.exceptions import SchemaError


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    n = 400
    return pd.DataFrame(
        {
            "age": rng.integers(17, 90, n),
            "gain": np.where(rng.random(n) < 0.8, 0, rng.gamma(2, 1000, n)).round(),
            "city": rng.choice(["NY", "LA", None], n),
            "tail": [f"N{i}" for i in rng.integers(0, 80, n)],
            "code": rng.integers(0, 5, n),
            "flag": rng.random(n) < 0.2,
        },
        index=pd.Index(rng.permutation(n) + 1000, name="id"),
    )


def kinds(transformer):
    return {span.column: span.kind for span in transformer.layout_.spans}


def test_each_column_goes_to_its_encoder(frame):
    transformer = DataTransformer(random_state=0).fit(frame)
    assert kinds(transformer) == {
        "age": "continuous",
        "gain": "continuous",
        "city": "discrete",
        "tail": "code",
        "code": "discrete",
        "flag": "discrete",
    }
    assert transformer.columns_ == list(frame.columns)
    assert transformer.excluded_columns_ == []
    assert transformer.layout_.span_of("code").states[0].kind == "atom"


def test_the_matrix(frame):
    transformer = DataTransformer(random_state=0).fit(frame)
    Xt = transformer.transform(frame)
    assert (Xt.dtypes == np.float32).all()
    pd.testing.assert_index_equal(Xt.index, frame.index)
    assert Xt.columns.tolist() == transformer.layout_.names
    assert transformer.get_feature_names_out().tolist() == transformer.layout_.names
    assert Layout.of(Xt) == transformer.layout_
    assert len({id(block) for block in Xt._mgr.blocks}) == 1
    table = transformer.encode(frame)
    np.testing.assert_array_equal(transformer.layout_.expand(table), Xt)
    decoded = transformer.decode(table)
    pd.testing.assert_frame_equal(decoded, frame.reset_index(drop=True))


def test_the_column_transformer_is_the_composition(frame):
    transformer = DataTransformer(random_state=0).fit(frame)
    composed = transformer.column_transformer_
    assert isinstance(composed, ColumnTransformer)
    assert len(composed.transformers_) == frame.shape[1]
    np.testing.assert_array_equal(
        composed.transform(frame), transformer.transform(frame)
    )
    assert composed.get_feature_names_out().tolist() == transformer.layout_.names


@pytest.mark.parametrize(
    "given",
    [
        ["code", "age"],
        np.array(["code", "age"], dtype=object),
        [4, 0],
        np.array([True, False, False, False, True, False]),
    ],
)
def test_columns_can_be_declared_categories(frame, given):
    transformer = DataTransformer(categorical_features=given).fit(frame)
    assert transformer.layout_.span_of("code").states[0] == ("level", "0")
    assert kinds(transformer)["age"] == "code"
    assert kinds(transformer)["gain"] == "continuous"
    decoded = transformer.inverse_transform(transformer.transform(frame))
    pd.testing.assert_frame_equal(decoded, frame)


@pytest.mark.parametrize("given", [None, "from_dtype", []])
def test_text_is_always_a_category(frame, given):
    given = np.array([], dtype=int) if given == [] else given
    frame["size"] = pd.Categorical(frame["code"])
    transformer = DataTransformer(categorical_features=given).fit(frame)
    assert kinds(transformer)["city"] == "discrete"
    assert transformer.layout_.span_of("size").states[0].kind == "level"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["nowhere"], r"names \['nowhere'\], which are no columns"),
        ([17], r"names \[17\], which are no columns"),
        ([True], "a mask of 1 entries, but there are 6 columns"),
        ([0.5], "must be a list of names or positions"),
        ([["age"]], "must be a list of names or positions"),
    ],
)
def test_declared_categories_that_are_none(frame, given, message):
    with pytest.raises(ValueError, match=message):
        DataTransformer(categorical_features=given).fit(frame)


def test_parameters_reach_the_encoders(frame):
    transformer = DataTransformer(
        embedding_threshold=1, n_components=1, max_spikes=0, max_distinct=2
    ).fit(frame)
    assert kinds(transformer)["city"] == "code"
    assert transformer.layout_.span_of("gain").n_states <= 4
    assert kinds(transformer)["code"] == "continuous"


def test_seeds(frame):
    def names(**options):
        parameters = options.pop("parameters", {})
        transformer = DataTransformer(**parameters).fit(frame, **options)
        return transformer.seed_, transformer.transform(frame)["gain~value"].tolist()

    assert names(parameters={"random_state": 3}) == names(
        parameters={"random_state": 3}
    )
    assert names(seed=3) == names(parameters={"random_state": 3})
    assert names(seed=3) == names(seed=3, parameters={"random_state": 5})
    assert names(seed=3)[1] != names(seed=4)[1]
    assert DataTransformer().fit(frame).seed_ != DataTransformer().fit(frame).seed_
    with pytest.raises(ValueError, match="seed must be a non-negative integer"):
        DataTransformer().fit(frame, seed=-1)


def test_the_global_random_state_is_left_alone(frame):
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    DataTransformer().fit(frame)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_columns_in_parallel_are_the_same(frame, backend):
    alone = DataTransformer(random_state=0).fit(frame)
    with joblib.parallel_config(backend=backend):
        together = DataTransformer(random_state=0, n_jobs=2).fit(frame)
        Xt = together.transform(frame)
    pd.testing.assert_frame_equal(Xt, alone.transform(frame))


def test_pickle_clone_and_pipeline(frame, tmp_path):
    transformer = DataTransformer(random_state=0).fit(frame)
    Xt = transformer.transform(frame)
    copied = pickle.loads(pickle.dumps(transformer))
    pd.testing.assert_frame_equal(copied.transform(frame), Xt)
    pd.testing.assert_frame_equal(copied.inverse_transform(Xt), frame)
    fresh = clone(transformer)
    assert not hasattr(fresh, "layout_")
    pipe = Pipeline([("tx", fresh), ("keep", Keep())], memory=str(tmp_path))
    for _ in range(2):
        pd.testing.assert_frame_equal(pipe.fit_transform(frame), Xt)
    assert Layout.of(pipe[:-1].transform(frame)) == transformer.layout_


class Keep(TransformerMixin, BaseEstimator):
    """A last step that changes nothing."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return X


def test_a_scaler_in_between_is_noticed(frame):
    transformer = DataTransformer(random_state=0).set_output(transform="pandas")
    Xt = transformer.fit_transform(frame)
    scaled = StandardScaler().set_output(transform="pandas").fit_transform(Xt)
    with pytest.raises(SchemaError, match="do not sum to one"):
        Layout.of(scaled)


def test_soft_and_plain_matrices_decode(frame):
    transformer = DataTransformer(random_state=0).fit(frame)
    Xt = transformer.transform(frame)
    array = Xt.to_numpy()
    expected = frame.reset_index(drop=True)
    pd.testing.assert_frame_equal(transformer.inverse_transform(array), expected)
    pd.testing.assert_frame_equal(
        transformer.inverse_transform(array.tolist()), expected
    )
    soft = array.copy()
    for span in transformer.layout_.spans:
        if span.kind != "code":
            block = slice(span.first_state, span.stop)
            soft[:, block] = 0.7 * soft[:, block] + 0.1
    pd.testing.assert_frame_equal(transformer.inverse_transform(soft), expected)
    prefixed = Xt.add_prefix("tx__")
    pd.testing.assert_frame_equal(transformer.inverse_transform(prefixed), frame)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda Xt: Xt.iloc[:, :-1], "columns instead of"),
        (lambda Xt: Xt.iloc[:, ::-1], "instead of 'age~value'"),
        (lambda Xt: Xt.to_numpy()[:, :3], r"got an array of shape \(400, 3\)"),
        (lambda Xt: Xt.to_numpy()[0], "got an array of shape"),
        (lambda Xt: Xt.assign(**{"age~value": np.nan}), "'age' hold NaN or infinity"),
        (
            lambda Xt: Xt.astype(object).assign(**{"age~value": "a"}),
            "must hold numbers",
        ),
    ],
)
def test_matrices_that_do_not_fit(frame, change, message):
    transformer = DataTransformer(random_state=0).fit(frame)
    with pytest.raises(SchemaError, match=message):
        transformer.inverse_transform(change(transformer.transform(frame)))


def test_compact_tables_that_do_not_fit(frame):
    transformer = DataTransformer(random_state=0).fit(frame)
    other = DataTransformer(random_state=0).fit(frame[["age", "city"]])
    with pytest.raises(SchemaError, match="Expected a compact table of 6 codes"):
        transformer.decode(other.encode(frame[["age", "city"]]))


def test_integer_labels_come_back(frame):
    frame.columns = range(3, 9)
    transformer = DataTransformer(random_state=0).fit(frame)
    assert transformer.columns_ == list(range(3, 9))
    assert transformer.layout_.spans[0].column == "3"
    decoded = transformer.inverse_transform(transformer.transform(frame))
    pd.testing.assert_frame_equal(decoded, frame)


@pytest.mark.parametrize("names", [["a~value", "a"], ["a=b", "a"], ["a", "b~mode0"]])
def test_names_that_look_encoded_are_escaped(names):
    frame = pd.DataFrame([[0.5, "x"], [0.7, "y"], [0.9, "x"]], columns=names)
    frame = frame.astype({names[0]: float})
    transformer = DataTransformer(random_state=0).fit(frame)
    Xt = transformer.transform(frame)
    assert Layout.of(Xt) == transformer.layout_
    pd.testing.assert_frame_equal(transformer.inverse_transform(Xt), frame)


def test_raw_rows_are_not_kept():
    rng = np.random.default_rng(0)
    n = 2000
    secret = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "x": secret,
            "i": rng.integers(10**8, 10**9, n),
            "city": rng.choice(["NY", "LA"], n),
            "when": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 10**8, n), "s"),
        }
    )
    transformer = DataTransformer(random_state=0).fit(frame)
    data = pickle.dumps(transformer)
    ordered = np.sort(secret)
    found = sum(v.tobytes() in data for v in ordered[1:-1])
    found += sum(np.int64(v).tobytes() in data for v in frame["i"])
    # The smallest and the largest integer, which come back exactly.
    assert found <= 2
    assert len(data) < 60_000
    longest = [
        len(part) for encoding in transformer._encodings for part in _arrays(encoding)
    ]
    assert max(longest) < 100


def _arrays(obj):
    if isinstance(obj, np.ndarray):
        yield obj
    elif hasattr(obj, "__dict__"):
        for value in vars(obj).values():
            yield from _arrays(value)


def metadata(**options):
    return Metadata().add_table("people", pk="id", **options)


@pytest.fixture
def people():
    rng = np.random.default_rng(0)
    n = 300
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "age": rng.normal(40, 20, n),
            "town": rng.integers(0, 50, n),
            "name": rng.choice(["a", "b"], n),
        }
    )


def test_keys_are_left_out(people):
    described = metadata(fk={"town": "towns.id"})
    transformer = DataTransformer(described).fit(people, table_name="people")
    assert transformer.columns_ == ["age", "name"]
    assert transformer.excluded_columns_ == ["id", "town"]
    assert transformer.n_features_in_ == 4
    Xt = transformer.transform(people)
    decoded = transformer.inverse_transform(Xt)
    assert decoded.columns.tolist() == ["age", "name"]
    # Rows without the keys are rows of this table too.
    pd.testing.assert_frame_equal(transformer.transform(decoded), Xt, atol=1e-4)
    names = transformer.get_feature_names_out(people.columns)
    assert names.tolist() == Xt.columns.tolist()
    without = DataTransformer(described).fit(people)
    assert without.columns_ == list(people.columns)


def test_constraints_hold_for_decoded_columns(people):
    rules = {"age": Constraint(dtype="int", min=18, max=65)}
    transformer = DataTransformer(metadata(constraints=rules), random_state=0)
    transformer.fit(people, table_name="people")
    Xt = transformer.transform(people)
    decoded = transformer.inverse_transform(Xt)["age"]
    assert decoded.dtype == "int64"
    assert (decoded.min(), decoded.max()) == (18, 65)
    assert (decoded == people["age"].round().clip(18, 65)).all()
    free = transformer.inverse_transform(Xt, clip=False)
    np.testing.assert_allclose(free["age"], people["age"].round())
    assert rules["age"].violations(free["age"]).any()


def test_metadata_that_change_after_fit_change_nothing(people):
    described = metadata(constraints={"age": Constraint(min=18)})
    transformer = DataTransformer(described, random_state=0)
    transformer.fit(people, table_name="people")
    Xt = transformer.transform(people)
    del described.tables["people"]
    assert transformer.inverse_transform(Xt)["age"].min() == 18


def test_without_clipping_only_constrained_columns_are_free(people):
    rules = {"age": Constraint(min=0)}
    transformer = DataTransformer(metadata(constraints=rules), random_state=0)
    people["height"] = np.random.default_rng(1).normal(170, 10, len(people))
    transformer.fit(people, table_name="people")
    Xt = transformer.transform(people)
    Xt[["age~value", "height~value"]] -= np.float32(3)
    free = transformer.inverse_transform(Xt, clip=False)
    assert free["age"].min() < people["age"].min()
    assert free["height"].min() == people["height"].min()
    assert transformer.inverse_transform(Xt)["age"].min() == 0


def test_high_cardinality_columns_are_always_codes(people):
    described = metadata(high_cardinality_cols=["name", "town"])
    transformer = DataTransformer(described).fit(people, table_name="people")
    assert kinds(transformer) == {"age": "continuous", "town": "code", "name": "code"}


@pytest.mark.parametrize(
    ("described", "table_name", "error", "message"),
    [
        (Metadata(), None, ValueError, "metadata describe no table"),
        (Metadata(), "people", ValueError, "metadata describe no table"),
        (None, "people", SchemaError, "needs metadata that describe the table"),
        (metadata(), "persons", SchemaError, "Table 'persons' is unknown"),
        (
            metadata(fk={"house": "houses.id"}),
            "people",
            SchemaError,
            r"described with the columns \['house'\]",
        ),
        (
            metadata(constraints={"size": Constraint(min=0)}),
            "people",
            SchemaError,
            r"described with the columns \['size'\]",
        ),
        (
            metadata(constraints={"name": Constraint(min=0)}),
            "people",
            SchemaError,
            "'name'",
        ),
        (
            Metadata().add_table("people", pk=("id", "age", "town", "name")),
            "people",
            SchemaError,
            "All columns of table 'people' are keys",
        ),
    ],
)
def test_metadata_that_do_not_fit(people, described, table_name, error, message):
    with pytest.raises(error, match=message):
        DataTransformer(described).fit(people, table_name=table_name)


def test_a_range_upside_down_is_an_error():
    with pytest.raises(SchemaError, match="min=3 is above max=1"):
        metadata(constraints={"age": {"min": 3, "max": 1}})
