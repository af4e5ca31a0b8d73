"""Columns that are encoded by what they differ by from a close one."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from sklearn.base import clone

from sklearn_synthohive import DataTransformer
from sklearn_synthohive.metadata import Metadata
from sklearn_synthohive.preprocessing._differences import Difference

N = 600


def fit(table, **parameters):
    return DataTransformer(random_state=0, **parameters).fit(table)


def differences(transformer):
    """Labels of the columns that are computed, each with that it is close to."""
    labels = transformer.columns_
    return [
        (labels[item.target], labels[item.base])
        for item in transformer._derived
        if isinstance(item, Difference)
    ]


def moments(n=N, seed=0):
    """Starts over years, ends minutes later."""
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2020-01-01") + pd.to_timedelta(
        rng.integers(0, 10**8, n), unit="s"
    )
    end = start + pd.to_timedelta(rng.gamma(4, 200, n).round(), unit="s")
    return pd.DataFrame({"start": start, "end": end})


def numbers(n=N, seed=0):
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 10**6, n)
    return pd.DataFrame({"start": base, "end": base + rng.poisson(30, n)})


def flavours():
    whole, times = numbers(), moments()
    days = pd.DataFrame(
        {
            "start": pd.to_datetime("2000-01-01")
            + pd.to_timedelta(whole["start"] // 100, unit="D"),
        }
    )
    later = pd.to_timedelta(whole["end"] - whole["start"], unit="D")
    days["end"] = days["start"] + later
    return {
        "integers": whole,
        "nullable integers": whole.astype("Int32"),
        "unsigned integers": whole.astype("uint32"),
        "floats on a grid": whole / 100,
        "floats on no grid": whole * np.pi,
        "float32": (whole // 8).astype("float32"),
        "decimals": (whole / 100).map(lambda x: Decimal(f"{x:.2f}")),
        "durations": whole.apply(pd.to_timedelta, unit="s"),
        "moments": times,
        "with a time zone": times.apply(lambda s: s.dt.tz_localize("Europe/Oslo")),
        "of two units": times.astype({"start": "datetime64[s]"}),
        "days": days,
        "date objects": days.apply(lambda s: s.dt.date),
        "day and moment": days.assign(end=days["end"] + pd.Timedelta("7h")),
        "arrow": times.convert_dtypes(dtype_backend="pyarrow"),
    }


@pytest.mark.filterwarnings("ignore:.*ambiguous")
@pytest.mark.parametrize("name", flavours())
def test_close_columns_of_every_dtype(name):
    table = flavours()[name]
    transformer = fit(table)
    assert differences(transformer) == [("end", "start")]
    matrix = transformer.transform(table)
    again = transformer.inverse_transform(matrix)
    assert again.dtypes.equals(table.dtypes)
    if name == "floats on no grid":
        width = np.ptp(table["start"])
        assert (again - table).abs().to_numpy().max() < 1e-6 * width
        # The difference is as exact as its own range.
        gaps = [t["end"] - t["start"] for t in (table, again)]
        assert (gaps[0] - gaps[1]).abs().max() < 1e-5 * np.ptp(gaps[0])
    else:
        assert_frame_equal(again, table)


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    missing=st.floats(0, 0.5),
    decimals=st.integers(0, 3),
    spread=st.integers(2, 10**4),
)
def test_round_trips(seed, missing, decimals, spread):
    rng = np.random.default_rng(seed)
    base = rng.integers(-(10**6), 10**6, 300)
    other = base + rng.integers(-spread, spread, 300)
    table = pd.DataFrame({"a": base / 10**decimals, "b": other, "c": rng.random(300)})
    table["b"] = (table["b"] / 10**decimals).where(rng.random(300) >= missing)
    transformer = fit(table)
    again = transformer.inverse_transform(transformer.transform(table))
    assert_frame_equal(again[["a", "b"]], table[["a", "b"]])
    if missing < 0.4:
        assert differences(transformer) == [("b", "a")]


def planted(n=N):
    rng = np.random.default_rng(1)
    a = rng.integers(0, 10**6, n)
    days = rng.integers(1, 40, n)
    return {
        "independent": pd.DataFrame({"a": a, "b": rng.permutation(a)}),
        "equal": pd.DataFrame({"a": a, "b": a}),
        "shifted": pd.DataFrame({"a": a, "b": a + 7}),
        "far apart": pd.DataFrame({"a": a, "b": a + rng.integers(0, 10**6, n)}),
        "of other units": pd.DataFrame({"a": a, "b": 100 * a + rng.integers(0, 99, n)}),
        "a sum": pd.DataFrame({"a": a, "days": days, "b": a + days}),
        "few rows": numbers(60),
        "number and date": pd.DataFrame({"a": a, "b": pd.to_datetime(a, unit="s")}),
        "categories": numbers().astype(str),
    }


@pytest.mark.parametrize("name", planted())
def test_nothing_is_found_where_there_is_nothing(name):
    assert differences(fit(planted()[name])) == []


def test_switched_off():
    transformer = fit(moments(), derived_columns=False)
    assert differences(transformer) == []
    assert {s.column for s in transformer.layout_.spans} == {"start", "end"}


def test_chains_go_along_the_closest_pairs():
    table = numbers()
    rng = np.random.default_rng(3)
    table["later"] = table["end"] + rng.poisson(3, N)
    table["first"] = table["start"] - rng.integers(0, 2_000, N)
    table = table[["first", "start", "later", "end"]]
    transformer = fit(table)
    assert differences(transformer) == [
        ("start", "first"),
        ("end", "start"),
        ("later", "end"),
    ]
    assert_frame_equal(
        transformer.inverse_transform(transformer.transform(table)), table
    )


def test_the_column_that_is_always_there_is_the_root():
    table = numbers().astype("Int64")
    table.loc[::5, "start"] = pd.NA
    transformer = fit(table)
    assert differences(transformer) == [("start", "end")]
    again = transformer.inverse_transform(transformer.transform(table))
    assert_frame_equal(again, table)


def test_an_own_column_may_have_the_name():
    table = numbers().assign(**{"end - start": np.arange(N) % 2})
    transformer = fit(table)
    assert transformer._names[-1] == "end - start'"
    assert_frame_equal(
        transformer.inverse_transform(transformer.transform(table)), table
    )


def test_arrays_and_keys():
    table = numbers()
    array = table.to_numpy()
    transformer = fit(array)
    assert differences(transformer) == [(1, 0)]
    assert (transformer.inverse_transform(transformer.transform(array)) == array).all(
        axis=None
    )
    names = transformer.get_feature_names_out(["u", "v"])
    assert names[-1].startswith("v - u~")
    keyed = table.assign(id=range(N))[["id", "start", "end"]]
    metadata = Metadata()
    metadata.add_table("t", pk="id")
    transformer = DataTransformer(metadata, random_state=0).fit(keyed, table_name="t")
    assert differences(transformer) == [("end", "start")]
    again = transformer.inverse_transform(transformer.transform(table))
    assert_frame_equal(again, table)
    assert_frame_equal(transformer.modelled(keyed)[["start", "end"]], table)


def test_polars():
    pl = pytest.importorskip("polars")
    table = pl.from_pandas(moments())
    transformer = fit(table)
    assert transformer.inverse_transform(transformer.transform(table)).equals(table)


def test_states_and_clones():
    table = moments()
    transformer = fit(table)
    loaded = DataTransformer.from_state(transformer.to_state())
    assert differences(loaded) == differences(transformer)
    assert_frame_equal(loaded.transform(table), transformer.transform(table))
    assert clone(loaded).derived_columns is True
    old = fit(table, derived_columns=False).to_state()
    del old["derived"], old["params"]["derived_columns"]
    assert differences(DataTransformer.from_state(old)) == []


def test_a_column_of_another_kind_is_named():
    transformer = fit(moments())
    with pytest.raises(ValueError, match="'end'"):
        transformer.transform(moments().assign(end="soon"))


def test_what_is_computed_stays_in_the_range():
    table = moments()
    transformer = fit(table)
    matrix = transformer.transform(table)
    # Every start is the last one.
    block = [c for c in matrix if c.startswith("start~")]
    matrix[block] = matrix.loc[table["start"].idxmax(), block].to_numpy()
    again = transformer.inverse_transform(matrix)
    assert (again["end"] <= table["end"].max()).all()
    assert (again["end"] >= again["start"]).all()
