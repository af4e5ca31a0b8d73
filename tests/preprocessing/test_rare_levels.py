"""min_frequency: what few rows have is not kept, and what comes back instead."""

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive.preprocessing import DataTransformer
from sklearn_synthohive.preprocessing._categorical_encoder import CategoricalEncoder


def cities(dtype=object):
    values = ["Oslo"] * 60 + ["Rome"] * 30 + ["Bonn"] * 4 + ["Ulm", "Pisa", None]
    return pd.DataFrame({"city": pd.Series(values, dtype=dtype)})


def there_and_back(frame, **parameters):
    transformer = DataTransformer(random_state=0, **parameters).fit(frame)
    decoded = transformer.inverse_transform(transformer.transform(frame))
    restored = DataTransformer.from_state(transformer.to_state())
    again = restored.inverse_transform(restored.transform(frame))
    pd.testing.assert_frame_equal(again, decoded)
    return transformer, decoded


class TestLevels:
    @pytest.mark.parametrize(
        "dtype", ["object", "string", "category", "string[pyarrow]"]
    )
    def test_rare_ones_are_merged(self, dtype):
        frame = cities(dtype)
        transformer, decoded = there_and_back(frame, min_frequency=5)
        counts = decoded["city"].value_counts(dropna=False)
        assert counts.to_dict() == {"Oslo": 60, "Rome": 30, "other": 6, None: 1} or (
            counts.dropna().tolist() == [60, 30, 6, 1]
        )
        assert decoded["city"].isna().sum() == 1
        assert transformer.layout_.spans[0].n_states == 4
        # A level never seen is not told from a rare one.
        new = transformer.transform(pd.DataFrame({"city": ["Graz"]}))
        assert transformer.inverse_transform(new)["city"].tolist() == ["other"]

    def test_the_dtype_of_a_category_forgets_them(self):
        dtype = pd.CategoricalDtype(["Ulm", "Rome", "Oslo", "Bonn", "unused", "Pisa"])
        _, decoded = there_and_back(cities(dtype), min_frequency=5)
        known = decoded["city"].dtype.categories.tolist()
        assert known == ["Rome", "Oslo", "unused", "other"]

    def test_a_level_of_that_name_takes_them_in(self):
        frame = cities()
        frame.loc[:9, "city"] = "other"
        _, decoded = there_and_back(frame, min_frequency=5)
        assert (decoded["city"] == "other").sum() == 16
        assert decoded["city"].nunique() == 3

    @pytest.mark.parametrize("dtype", ["object", "string", "category"])
    def test_or_become_missing(self, dtype):
        frame = cities(dtype)
        _, decoded = there_and_back(frame, min_frequency=5, rare_levels="missing")
        assert decoded["city"].isna().sum() == 7
        assert set(decoded["city"].dropna()) == {"Oslo", "Rome"}

    def test_a_share_of_the_rows(self):
        transformer, decoded = there_and_back(cities(), min_frequency=0.04)
        assert transformer.min_count_ == 4
        assert set(decoded["city"].dropna()) == {"Oslo", "Rome", "Bonn", "other"}

    @pytest.mark.parametrize(
        ("column", "dtype"),
        [
            (pd.Categorical(["S"] * 9 + ["M"], categories=["S", "M"], ordered=True), 0),
            (np.array([True] * 9 + [False]), "boolean"),
            (pd.array([True] * 9 + [False], dtype="boolean"), "boolean"),
            (pd.Series([b"a"] * 9 + [b"b"], dtype=object), "object"),
            (pd.arrays.IntervalArray([pd.Interval(0, 1)] * 9 + [pd.Interval(1, 2)]), 0),
            (pd.Categorical([3] * 9 + [4]), 0),
        ],
        ids=["ordered", "bool", "boolean", "bytes", "intervals", "numbers"],
    )
    def test_what_has_no_name_for_others_becomes_missing(self, column, dtype):
        _, decoded = there_and_back(pd.DataFrame({"x": column}), min_frequency=2)
        assert decoded["x"].isna().tolist() == [False] * 9 + [True]
        if dtype:
            assert decoded["x"].dtype == dtype

    def test_all_of_them(self):
        frame = pd.DataFrame({"id": [f"id {i}" for i in range(40)]})
        _, decoded = there_and_back(frame, min_frequency=2)
        assert set(decoded["id"]) == {"other"}
        _, decoded = there_and_back(frame, min_frequency=2, rare_levels="missing")
        assert decoded["id"].isna().all()

    def test_by_default_all_are_kept_with_a_warning(self, caplog):
        frame = cities().assign(id=range(97), name=[f"n{i}" for i in range(97)])
        _, decoded = there_and_back(frame)
        pd.testing.assert_frame_equal(decoded, frame)
        assert "single_row_levels_kept" in caplog.text
        assert "{'city': 2, 'name': 97}" in caplog.text
        for secret in ("Ulm", "n17"):
            assert secret not in caplog.text
        caplog.clear()
        there_and_back(frame, min_frequency=2)
        there_and_back(frame[["id"]])
        assert "single_row_levels_kept" not in caplog.text

    def test_the_encoder_of_categories_by_itself(self):
        encoder = CategoricalEncoder(min_count=5).fit(cities())
        assert encoder.get_feature_names_out().tolist() == [
            "city=Oslo",
            "city=Rome",
            "city=other",
            "city~missing",
        ]


class TestNumbers:
    def test_ends_are_means_of_rows(self):
        values = np.arange(1000.0) ** 2 / 7
        frame = pd.DataFrame({"x": values})
        transformer, decoded = there_and_back(frame, min_frequency=10)
        low, high = values[:10].mean(), values[-10:].mean()
        np.testing.assert_allclose(
            [decoded["x"].min(), decoded["x"].max()], [low, high]
        )
        inner = (values > low) & (values < high)
        np.testing.assert_allclose(decoded["x"][inner], values[inner], rtol=1e-4)
        np.testing.assert_allclose(transformer.values_of("x")[0], [low, high])

    @pytest.mark.parametrize("dtype", ["int64", "uint64", "Int64", "M8[s]", "m8[s]"])
    def test_on_the_grid_of_the_column(self, dtype):
        values = np.r_[np.arange(0, 3000, 3), 9_000_000]
        frame = pd.DataFrame({"x": pd.Series(values).astype(dtype)})
        _, decoded = there_and_back(frame, min_frequency=4)
        assert decoded["x"].dtype == frame["x"].dtype
        back = decoded["x"].astype("int64").to_numpy()
        assert (back % 3 == 0).all()
        assert back.max() == (9_000_000 + 2997 + 2994 + 2991 + 6) // 4 // 3 * 3
        np.testing.assert_array_equal(back[5:-5], values[5:-5])

    def test_values_many_rows_share_stay(self):
        values = np.r_[np.zeros(50), np.arange(1.0, 301), np.full(50, 400.0)]
        _, decoded = there_and_back(pd.DataFrame({"x": values}), min_frequency=20)
        np.testing.assert_array_equal(decoded["x"], values)

    def test_rare_values_of_few_move_to_the_next(self):
        values = np.repeat([1, 2, 3, 5], [40, 2, 40, 40])
        _, decoded = there_and_back(pd.DataFrame({"x": values}), min_frequency=5)
        assert sorted(set(decoded["x"])) == [1, 3, 5]
        assert decoded["x"].dtype == np.int64

    @pytest.mark.parametrize("n", [1, 3])
    def test_fewer_values_than_that_are_not_kept(self, n):
        values = np.r_[np.arange(n) + 17.5, np.full(30, np.nan)]
        frame = pd.DataFrame({"x": values})
        transformer, decoded = there_and_back(frame, min_frequency=5)
        assert decoded["x"].isna().all()
        assert "17.5" not in str(transformer.to_state())

    def test_a_lone_value_in_a_gap_has_no_mode(self):
        rng = np.random.default_rng(0)
        parts = [rng.normal(0, 1, 500), [5e5], rng.normal(1e6, 1, 500)]
        frame = pd.DataFrame({"x": np.concatenate(parts)})
        least = []
        for minimum in (None, 10):
            transformer = DataTransformer(random_state=0, min_frequency=minimum)
            table = transformer.fit(frame).encode(frame)
            least.append(np.bincount(table.codes[:, 0]).min())
        assert least[0] == 1
        assert least[1] >= 10

    def test_columns_of_the_largest_doubles(self):
        values = np.linspace(-1, 1, 200) * 1.7e308
        _, decoded = there_and_back(pd.DataFrame({"x": values}), min_frequency=5)
        assert np.isfinite(decoded["x"]).all()


def test_the_parameter_is_checked():
    for wrong in (0, -1, 1.5, 0.0, "rare"):
        with pytest.raises(ValueError, match="min_frequency"):
            DataTransformer(min_frequency=wrong).fit(cities())
    with pytest.raises(ValueError, match="rare_levels"):
        DataTransformer(min_frequency=2, rare_levels="drop").fit(cities())
