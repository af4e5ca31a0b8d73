"""Any table: the same schema comes out, or an error that names the column.

100 drawn tables in the ordinary run, 2,000 with SYNTHOHIVE_NIGHTLY=1.
"""

import os
import warnings

import numpy as np
import pandas as pd
import pytest
import zoo
from gan_cases import fit, small_gan
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_synthohive import CTGAN, DataTransformer

NIGHTLY = bool(os.environ.get("SYNTHOHIVE_NIGHTLY"))
# Four tests share the tables: 100, and 2,000 at night.
SCALE = 20 if NIGHTLY else 1


def examples(n):
    # The same tables in every ordinary run; new ones each night.
    return settings(
        max_examples=n * SCALE,
        deadline=None,
        derandomize=not NIGHTLY,
        print_blob=True,
        database=None,
    )


def kinds_of(values):
    return {type(v) for v in values if not (v is None or v is pd.NA or v is pd.NaT)}


def check_column(name, before, after):
    """The dtype of before, and nothing that it did not hold or lie around."""
    assert after.dtype == before.dtype, name
    gaps = before.isna()
    if not gaps.any():
        assert not after.isna().any(), name
    if gaps.all():
        assert after.isna().all(), name
        return
    seen, made = before[~gaps], after[after.notna()]
    if seen.dtype == object:
        assert kinds_of(made) <= kinds_of(seen), name
    ordered = not isinstance(seen.dtype, pd.CategoricalDtype) and (
        pd.api.types.is_any_real_numeric_dtype(seen.dtype)
        or pd.api.types.is_datetime64_any_dtype(seen.dtype)
        or pd.api.types.is_timedelta64_dtype(seen.dtype)
        or not kinds_of(seen[:1].astype(object)) <= {str, bool, bytes, pd.Interval}
    )
    if not ordered:
        assert set(made) <= set(seen), name
    elif len(made):
        assert made.min() >= seen.min(), name
        assert made.max() <= seen.max(), name


def check_schema(frame, sample, n):
    assert isinstance(sample, pd.DataFrame)
    assert list(sample.columns) == list(frame.columns)
    assert len(sample) == n
    for i, name in enumerate(frame.columns):
        check_column(name, frame.iloc[:, i], sample.iloc[:, i])


def check_round_trip(frame):
    transformer = DataTransformer(random_state=0, embedding_threshold=5).fit(frame)
    decoded = transformer.inverse_transform(transformer.transform(frame))
    check_schema(frame, decoded, len(frame))
    assert decoded.index.equals(frame.index)
    np.testing.assert_array_equal(decoded.isna(), frame.isna())


def check_model(frame, network, tmp=None, **options):
    model = small_gan(
        generator=network, epochs=1, batch_size=20, embedding_threshold=5, **options
    )
    fit(model, frame)
    check_schema(frame, model.sample(9, seed=1), 9)
    if tmp is not None:
        model.save(tmp / "model", overwrite=True)
        again = CTGAN.from_saved(tmp / "model").sample(9, seed=1)
        pd.testing.assert_frame_equal(again, model.sample(9, seed=1))


def check_refused(drawn):
    frame, culprit = drawn
    for refuse in (DataTransformer().fit, lambda X: fit(small_gan(), X)):
        with pytest.raises((ValueError, TypeError)) as caught:
            refuse(frame)
        assert repr(culprit) in str(caught.value)


def check_polars(frame):
    model = small_gan(epochs=1, batch_size=20, generator="autoregressive")
    with warnings.catch_warnings():
        # polars' own, about categories that are compared as text.
        warnings.simplefilter("ignore", category=UserWarning)
        sample = fit(model, frame).sample(9, seed=1)
    assert sample.schema == frame.schema
    for name in frame.columns:
        if not frame[name].null_count():
            assert not sample[name].null_count()


@given(zoo.tables())
@examples(40)
def test_round_trips(drawn):
    check_round_trip(drawn[0])


@given(zoo.tables(), st.booleans())
@examples(36)
def test_models(tmp_path_factory, drawn, mlp):
    folder = tmp_path_factory.getbasetemp()
    check_model(drawn[0], "mlp" if mlp else "autoregressive", folder)


@given(zoo.tables(bad=True))
@examples(12)
def test_what_is_refused_is_named(drawn):
    check_refused(drawn)


@given(zoo.polars_tables())
@examples(12)
def test_polars_tables(frame):
    check_polars(frame)


def _at_random(values, n=90):
    return np.random.default_rng(0).choice(np.array(values), n)


# What the drawn tables found.
FOUND = {
    "a constant that doubles cannot bin": {"a": [2**63 - 1] * 3, "b": [-128] * 3},
    "sums of squares overflow": {
        "a": _at_random([1e300, -1e300, 5e-324]),
        "b": np.random.default_rng(1).normal(size=90),
        "c": np.random.default_rng(2).normal(size=90),
    },
    "sums overflow": {"a": _at_random([1.7e308, -1.7e308]), "b": np.arange(90.0)},
    "moments of few rows are tiny": {"a": [1e-300, 1.0, 5e-324, 1.0, 1e300, 1.0, 1.0]},
    "squares underflow": {
        "a": _at_random([1e-200, 2e-200, 5e-200]),
        "b": np.random.default_rng(1).normal(size=90),
    },
}


@pytest.mark.parametrize("mlp", [False, True])
@pytest.mark.parametrize("case", FOUND)
def test_what_was_found(case, mlp):
    frame = pd.DataFrame(FOUND[case])
    check_round_trip(frame)
    check_model(frame, "mlp" if mlp else "autoregressive")


@pytest.mark.parametrize("mlp", [False, True])
def test_read_only_arrays(mlp):
    """Neither written to nor refused, as numbers, as objects and in a frame."""
    numbers = np.random.default_rng(0).normal(size=(60, 3))
    objects = np.array([["a", 1.5], ["b", 2.5]] * 30, dtype=object)
    for array in (numbers, objects):
        array.setflags(write=False)
        before = array.copy()
        frame = pd.DataFrame(array, copy=False)
        for X in (array, frame):
            model = small_gan(
                generator="mlp" if mlp else "autoregressive", epochs=1, batch_size=20
            )
            sample = fit(model, X).sample(5, seed=0)
            assert sample.shape == (5, array.shape[1])
            np.testing.assert_array_equal(array, before)
