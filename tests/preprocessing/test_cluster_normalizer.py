"""Continuous columns: spikes, modes, missing values."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import preprocessing as plain
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import StandardScaler

from sklearn_synthohive.layout import Layout
from sklearn_synthohive.preprocessing import ClusterBasedNormalizer, _modes
from sklearn_synthohive.preprocessing._mixture import fit_mixture


def fit(values, **parameters):
    frame = pd.DataFrame({"x": values})
    return ClusterBasedNormalizer(random_state=0, **parameters).fit(frame), frame


def states(normalizer):
    (span,) = normalizer.layout_.spans
    return [state.kind for state in span.states]


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=200),
    st.integers(0, 5),
    st.integers(0, 10),
    st.sampled_from([0.01, 0.1, 0.5]),
)
@settings(max_examples=100, deadline=None)
def test_spikes_are_those_of_the_plain_version(values, most, distinct, threshold):
    normalizer, _ = fit(
        values, max_spikes=most, max_distinct=distinct, spike_threshold=threshold
    )
    (span,) = normalizer.layout_.spans
    found = {int(s.text) for s in span.states if s.kind == "atom"}
    assert found == plain.spikes(values, threshold, most, distinct)


@pytest.mark.parametrize("most", [2, 64])
def test_what_is_common_without_the_tallest_is_a_spike(most):
    rng = np.random.default_rng(0)
    gains = np.repeat([5, 7, 8, 11], [40, 21, 19, 60])
    values = [0] * 5000 + gains.tolist() + rng.integers(100, 900, 300).tolist()
    normalizer, _ = fit(values, max_spikes=most)
    (span,) = normalizer.layout_.spans
    found = {int(s.text) for s in span.states if s.kind == "atom"}
    assert found == plain.spikes(values, 0.01, most, 64)
    assert found == ({0, 11} if most == 2 else {0, 5, 7, 11})


def test_a_spike_decodes_exactly_whatever_the_scalar():
    rng = np.random.default_rng(0)
    values = np.where(rng.random(500) < 0.4, 0.0, rng.gamma(2, 10, 500))
    normalizer, frame = fit(values)
    Xt = normalizer.transform(frame)
    assert (Xt["x~atom[0.0]"] == 1).sum() == (values == 0).sum()
    assert (Xt.loc[values == 0, "x~value"] == 0).all()
    Xt["x~value"] += rng.normal(size=500).astype(np.float32)
    decoded = normalizer.inverse_transform(Xt)["x"]
    assert (decoded[values == 0] == 0).all()


def test_few_distinct_values_are_all_spikes():
    normalizer, frame = fit(np.arange(64).repeat(3))
    assert states(normalizer) == ["atom"] * 64
    assert "mode" in states(fit(np.arange(65).repeat(3))[0])
    assert "mode" in states(fit(np.append(np.arange(64).repeat(3), 99)[1:])[0])
    assert normalizer.inverse_transform(normalizer.transform(frame)).equals(frame)


def test_a_value_never_seen_is_encoded_as_the_nearest_spike():
    normalizer, _ = fit([0, 10, 100] * 5)
    decoded = normalizer.inverse_transform(
        normalizer.transform(pd.DataFrame({"x": [4, 6, 56, 1000, -7]}))
    )
    assert decoded["x"].tolist() == [0, 10, 100, 100, 0]


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ([5.5], ["atom"]),
        ([5.5] * 20, ["atom"]),
        ([5.5, np.nan], ["atom", "missing"]),
        ([1, 2], ["atom", "atom"]),
        ([1, 2] * 50, ["atom", "atom"]),
        ([np.nan, np.nan], ["missing"]),
        ([1.0, 2.0, 4.0], ["mode"]),
    ],
)
def test_degenerate_columns(values, kinds):
    normalizer, frame = fit(values)
    assert states(normalizer) == kinds
    decoded = normalizer.inverse_transform(normalizer.transform(frame))
    pd.testing.assert_frame_equal(decoded, frame)


def test_missing_is_a_state_and_not_a_value():
    rng = np.random.default_rng(0)
    values = rng.normal(100, 1, 400)
    gaps = rng.random(400) < 0.5
    with_gaps, frame = fit(np.where(gaps, np.nan, values))
    without, _ = fit(values[~gaps])
    assert states(with_gaps) == [*states(without), "missing"]
    Xt = with_gaps.transform(frame)
    assert ((Xt["x~missing"] == 1) == gaps).all()
    assert (Xt.loc[gaps, "x~value"] == 0).all()
    # The mixture has not seen them.
    np.testing.assert_array_equal(
        with_gaps._encodings[0].modes.means, without._encodings[0].modes.means
    )


def test_missing_only_at_transform_is_an_error():
    normalizer, _ = fit(np.arange(300.0))
    with pytest.raises(ValueError, match="'x' is missing in 2 rows, but never was"):
        normalizer.transform(pd.DataFrame({"x": [1.0, np.nan, np.nan]}))


def test_values_where_fit_saw_none_are_an_error():
    normalizer, _ = fit([np.nan, np.nan])
    with pytest.raises(ValueError, match="'x' holds values, but was all missing"):
        normalizer.transform(pd.DataFrame({"x": [1.0]}))


def test_the_scalar_is_relative_to_the_mode():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(0, 1, 500), rng.normal(50, 5, 500)])
    normalizer, frame = fit(values, n_components=2)
    Xt = normalizer.transform(frame)
    modes = normalizer._encodings[0].modes
    for mode in range(2):
        inside = Xt[f"x~mode{mode}"] == 1
        scalar = Xt.loc[inside, "x~value"]
        # A quarter of a standard deviation is the unit.
        assert scalar.std() == pytest.approx(0.25, rel=0.15)
        assert abs(scalar.mean()) < 0.05
    assert len(modes.means) == 2


@given(st.lists(st.integers(-(10**6), 10**6), min_size=30, max_size=60))
@settings(max_examples=50, deadline=None)
def test_decoding_is_that_of_exact_arithmetic(values):
    normalizer, frame = fit(values, max_spikes=0)
    encoding = normalizer._encodings[0]
    if encoding.modes is None:
        return
    table = normalizer.encode(frame)
    scalars = table.scalars[:, 0] + np.float32(0.01)
    decoded = encoding.decode(table.codes[:, 0].astype(int), scalars)
    axis, modes = encoding.axis, encoding.modes
    # Grid steps that the mean and scale of a mode are counted in.
    for value, code, scalar in zip(decoded, table.codes[:, 0], scalars, strict=True):
        expected = plain.decode_integer(
            scalar,
            (modes.means[code], modes.scales[code]),
            axis.low,
            axis.high,
            axis.step,
        )
        assert value == expected


def test_ends_come_back_where_float32_has_lost_them():
    values = np.array([0, *range(3, 300, 7), 2**60 + 1], dtype=np.int64) * 3
    normalizer, frame = fit(values)
    decoded = normalizer.inverse_transform(normalizer.transform(frame))["x"]
    assert decoded.iloc[-1] == values[-1]
    assert decoded.iloc[0] == 0


def test_clip():
    normalizer, _ = fit(np.arange(100, 400))
    Xt = normalizer.transform(pd.DataFrame({"x": [100, 399]}))
    Xt["x~value"] += np.array([-1, 1], dtype=np.float32)
    assert normalizer.inverse_transform(Xt)["x"].tolist() == [100, 399]
    free = normalizer.inverse_transform(Xt, clip=False)["x"]
    assert free[0] < 100
    assert free[1] > 399


def test_the_same_value_encodes_the_same_way():
    rng = np.random.default_rng(0)
    values = rng.normal(size=1000)
    normalizer, frame = fit(values)
    Xt = normalizer.transform(frame)
    shuffled = rng.permutation(1000)
    again = normalizer.transform(frame.iloc[shuffled])
    pd.testing.assert_frame_equal(again, Xt.iloc[shuffled])
    assert Layout.of(Xt) == normalizer.layout_


def test_seeds():
    values = np.random.default_rng(0).gamma(1, size=2000)
    frame = pd.DataFrame({"x": values, "y": values})
    first, again, other = (
        ClusterBasedNormalizer(random_state=seed).fit(frame) for seed in (0, 0, 1)
    )
    assert first.transform(frame).equals(again.transform(frame))
    assert not first.transform(frame).equals(other.transform(frame))
    # Each column has a seed of its own.
    alone = ClusterBasedNormalizer(random_state=0).fit(frame[["x"]])
    pd.testing.assert_frame_equal(
        alone.transform(frame[["x"]]), first.transform(frame)[alone.layout_.names]
    )


def test_series_and_arrays():
    values = pd.Series(np.arange(300) % 90, name="age", index=np.arange(300) * 2)
    normalizer = ClusterBasedNormalizer(random_state=0).fit(values)
    Xt = normalizer.transform(values)
    assert Xt.columns[0] == "age~value"
    pd.testing.assert_series_equal(normalizer.inverse_transform(Xt), values)
    unnamed = values.rename(None)
    again = ClusterBasedNormalizer(random_state=0).fit(unnamed)
    pd.testing.assert_series_equal(
        again.inverse_transform(Xt.to_numpy()), unnamed.reset_index(drop=True)
    )
    array = values.to_numpy()[:, None]
    from_array = ClusterBasedNormalizer(random_state=0).fit(array)
    np.testing.assert_array_equal(from_array.transform(array), Xt)
    assert from_array.get_feature_names_out()[0] == "x0~value"
    assert from_array.get_feature_names_out(["age"]).tolist() == Xt.columns.tolist()
    decoded = from_array.inverse_transform(from_array.transform(array))
    np.testing.assert_array_equal(decoded, array)


def test_inside_a_column_transformer():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=300), "b": rng.gamma(1, size=300)})
    composed = ColumnTransformer(
        [
            ("a", ClusterBasedNormalizer(random_state=0), ["a"]),
            ("b", StandardScaler(), ["b"]),
        ]
    ).set_output(transform="pandas")
    Xt = composed.fit_transform(frame)
    assert Xt.columns[0] == "a__a~value"
    assert Xt.columns[-1] == "b__b"
    first = composed.named_transformers_["a"]
    decoded = first.inverse_transform(Xt.iloc[:, :-1])
    np.testing.assert_allclose(decoded["a"], frame["a"], atol=1e-6)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (["a", "b"], ValueError, "'x' holds categories"),
        ([True, False], ValueError, "'x' holds categories"),
        (pd.Categorical([1, 2]), ValueError, "'x' holds categories"),
        ([1.0, np.inf], ValueError, "'x' contains infinity in 1 rows"),
        ([1, "a"], TypeError, "'x' is of mixed type"),
        ([1 + 2j, 0], ValueError, "Complex data not supported"),
    ],
)
def test_columns_that_are_not_continuous(values, error, message):
    with pytest.raises(error, match=message):
        fit(values)


def test_the_mixture_is_fitted_on_few_points(monkeypatch):
    sizes = []

    def record(points, weights, *args):
        sizes.append((len(points), weights.sum()))
        return fit_mixture(points, weights, *args)

    monkeypatch.setattr(_modes, "fit_mixture", record)
    fit(np.random.default_rng(0).gamma(2, size=50_000), max_fit_rows=700)
    assert sizes == [(700, 700)]


def magnitudes():
    rng = np.random.default_rng(0)
    normal = rng.normal(size=3_000)
    small = 10.0 ** -rng.exponential(30, 3_000)
    return {
        "p-values": small,
        "with zeros": np.where(rng.random(3_000) < 0.2, 0.0, small),
        "amounts": np.exp(8 * normal),
        "gains and losses": np.exp(8 * normal) * rng.choice([-1, 1], 3_000),
        "all that a double holds": 10.0 ** rng.uniform(-323, 308, 3_000),
    }


@pytest.mark.parametrize("name", magnitudes())
@pytest.mark.parametrize("min_count", [1, 20])
def test_numbers_of_many_magnitudes_come_back_in_their_size(name, min_count):
    table = pd.DataFrame({"x": magnitudes()[name]})
    encoder = ClusterBasedNormalizer(min_count=min_count, random_state=0)
    matrix = encoder.fit_transform(table)
    back = encoder.inverse_transform(matrix)["x"]
    sizes = table["x"].abs()
    # Of the ends, and of the smallest numbers, only means are kept.
    inside = table["x"].rank().between(50, 2_950)
    inside &= (sizes == 0) | (sizes > sizes[sizes > 0].nsmallest(50).max())
    assert inside.sum() > 2_700
    error = (back - table["x"]).abs() / 1e-3
    assert (error <= sizes)[inside].all()
    if min_count == 1:
        assert back.min() == table["x"].min()
        assert back.max() == table["x"].max()


def test_ordinary_numbers_keep_their_straight_line():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "normal": rng.normal(size=3_000),
            "uniform": rng.random(3_000),
            "tails": rng.standard_cauchy(3_000),
            "income": np.exp(rng.normal(10, 1.5, 3_000)),
        }
    )
    encoder = ClusterBasedNormalizer(random_state=0).fit(table)
    assert all(encoding.axis.unit == 0 for encoding in encoder._encodings)
