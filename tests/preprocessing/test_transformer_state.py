"""A fitted transformer as plain data: whole, readable, and without code."""

import copy
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive import Constraint, DataTransformer, Metadata
from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.utils.serialization import dump_plain, load_plain


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    n = 200
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "amount": rng.gamma(2, 100, n).round(2),
            "float": rng.normal(size=n),
            "big": rng.integers(2**62, 2**62 + 10**6, n),
            "size": pd.Categorical(
                rng.choice(["S", "M"], n), categories=["S", "M", "L"], ordered=True
            ),
            "band": pd.cut(rng.normal(size=n), 3),
            "day": [dt.date(2020, 1, 1 + i % 20) for i in range(n)],
            "tail": [f"N{i % 77}" for i in range(n)],
            "zone": pd.date_range("2020", periods=n, freq="h", tz="Europe/Paris"),
            "month": pd.period_range("2000-01", periods=n, freq="M"),
        }
    )


def fitted(frame):
    metadata = Metadata().add_table(
        "t", pk="id", constraints={"amount": Constraint(min=0, max=500)}
    )
    return DataTransformer(
        metadata, random_state=np.random.RandomState(0), embedding_threshold=30
    ).fit(frame, table_name="t")


def test_everything_comes_back(frame, tmp_path):
    transformer = fitted(frame)
    path = tmp_path / "transformer.joblib"
    dump_plain(transformer.to_state(), path)
    restored = DataTransformer.from_state(load_plain(path))
    Xt = transformer.transform(frame)
    pd.testing.assert_frame_equal(restored.transform(frame), Xt)
    decoded = restored.inverse_transform(Xt)
    pd.testing.assert_frame_equal(decoded, transformer.inverse_transform(Xt))
    assert decoded["amount"].max() <= 500
    for attribute in (
        "layout_",
        "columns_",
        "excluded_columns_",
        "n_features_in_",
        "seed_",
        "table_name_",
        "metadata_",
    ):
        assert getattr(restored, attribute) == getattr(transformer, attribute)
    np.testing.assert_array_equal(
        restored.feature_names_in_, transformer.feature_names_in_
    )
    mine, theirs = restored.get_params(), transformer.get_params()
    assert {k: v for k, v in mine.items() if k != "random_state"} == {
        k: v for k, v in theirs.items() if k != "random_state"
    }
    np.testing.assert_array_equal(
        restored.column_transformer_.transform(frame.iloc[:, 1:]), Xt
    )
    assert repr(restored.to_state()) == repr(transformer.to_state())


def test_declared_categories_are_kept():
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [1.5, 2.5, 4.5]})
    for given in (np.array([True, False]), ["a"], np.array([0])):
        transformer = DataTransformer(categorical_features=given).fit(frame)
        restored = DataTransformer.from_state(transformer.to_state())
        assert restored.layout_ == transformer.layout_
        assert restored.fit(frame).layout_.names[:3] == ["a=1", "a=2", "a=3"]


@pytest.mark.parametrize("state", [None, [], {}, {"format": "1"}])
def test_something_else_is_no_state(state):
    with pytest.raises(SerializationError, match="not the state of a DataTransformer"):
        DataTransformer.from_state(state)


def test_a_newer_state_is_refused(frame):
    state = fitted(frame).to_state() | {"format": 99}
    with pytest.raises(SerializationError, match="has format 99"):
        DataTransformer.from_state(state)


def test_a_state_that_lost_a_part_is_refused(frame):
    whole = fitted(frame).to_state()
    for part in whole:
        # What states of the first version lack has a default.
        if part in ("format", "min_count", "derived", "ties"):
            continue
        state = {k: v for k, v in whole.items() if k != part}
        with pytest.raises(SerializationError, match=f"not whole: KeyError.*{part}"):
            DataTransformer.from_state(state)
    for damage in ("axis", "levels"):
        state = copy.deepcopy(whole)
        for column in state["columns"]:
            column.pop(damage, None)
        with pytest.raises(SerializationError, match="not whole"):
            DataTransformer.from_state(state)


def test_zones_without_a_name_cannot_be_saved():
    class Zone(dt.tzinfo):
        def utcoffset(self, when):
            return dt.timedelta(minutes=17)

        def dst(self, when):
            return dt.timedelta(0)

        def tzname(self, when):
            return "odd"

    zone = pd.date_range("2020", periods=3, tz=Zone())
    transformer = DataTransformer().fit(pd.DataFrame({"zone": zone}))
    with pytest.raises(SerializationError, match="has no name to save it by"):
        transformer.to_state()


def test_only_what_is_described_is_kept(frame):
    """Levels, spikes, ends of ranges, parameters of mixtures; no row."""
    state = fitted(frame).to_state()
    amount = next(c for c in state["columns"] if c["type"] == "continuous")
    assert len(amount["atoms"]) < 5
    assert len(amount["modes"]["means"]) <= 12
    assert amount["axis"]["low"] == round(frame["amount"].min() * 100)
