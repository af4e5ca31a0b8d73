"""Coarse codes of frames and of compact rows."""

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive import DataTransformer
from sklearn_synthohive.calibration._coarse import FrameBins, StateBins, is_ordered


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    amount = rng.gamma(2.0, 50.0, 3_000).round(2)
    amount[rng.random(3_000) < 0.3] = 0.0
    amount[rng.random(3_000) < 0.1] = np.nan
    days = rng.integers(0, 2_000, 3_000).astype("timedelta64[D]")
    return pd.DataFrame(
        {
            "amount": amount,
            "age": rng.integers(18, 90, 3_000),
            "day": np.datetime64("2020-01-01", "s") + days,
            "city": rng.choice([f"c{k}" for k in range(60)], 3_000),
            "flag": rng.random(3_000) < 0.1,
        }
    )


def test_frames_and_compact_rows_have_the_same_codes(table):
    real, later = table.iloc[:2_000], table.iloc[2_000:].reset_index(drop=True)
    transformer = DataTransformer(n_components=4, random_state=0).fit(real)
    frames = FrameBins(real, 12)
    layout = transformer.layout_
    values = [
        reader.numbers(real[reader.name]) if is_ordered(span) else None
        for reader, span in zip(frames.readers, layout.spans, strict=True)
    ]
    states = StateBins.fit(layout, transformer.encode(real), values, 12)
    for rows in (real, later):
        by_frame, by_state = frames.codes(rows), states.codes(transformer.encode(rows))
        for name, a, b in zip(table, by_frame, by_state, strict=True):
            # Bins may be numbered otherwise, and a value between two rows may fall to
            # either side.
            pairs = pd.crosstab(a, b).to_numpy()
            assert pairs.max(axis=1).sum() >= 0.995 * len(rows), name
            assert pairs.max(axis=0).sum() >= 0.995 * len(rows), name
    assert max(states.sizes) <= 24
    codes = states.codes(transformer.encode(real))
    np.testing.assert_array_equal(codes.max(axis=1) + 1, states.sizes)


def test_rare_levels_share_a_bin(table):
    bins = FrameBins(table, 12)
    city = bins.codes(table)[list(table).index("city")]
    assert len(np.unique(city)) == 12
    unseen = table.head(2).assign(city=["nowhere", None])
    assert set(bins.codes(unseen)[list(table).index("city")]) == {11}


def test_a_spike_is_a_bin_of_its_own(table):
    codes = FrameBins(table, 12).codes(table)[0]
    zero = (table["amount"] == 0).to_numpy()
    assert len(np.unique(codes[zero])) == 1
    assert not set(codes[zero]) & set(codes[~zero])


def test_no_rows_are_kept(table):
    bins = FrameBins(table, 12)
    assert all(len(reader._real) == 0 for reader in bins.readers)


def test_state_round_trip(table):
    transformer = DataTransformer(random_state=0).fit(table[["amount"]])
    encoded = transformer.encode(table[["amount"]])
    values = [table["amount"].to_numpy()]
    bins = StateBins.fit(transformer.layout_, encoded, values, 12)
    again = StateBins.from_state(transformer.layout_, bins.to_state())
    np.testing.assert_array_equal(bins.codes(encoded), again.codes(encoded))
    assert bins.sizes == again.sizes
