"""Counts that change rows until each level of the attributes has its law."""

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive.relational._cardinality import CardinalityModel
from sklearn_synthohive.relational._exchange import LEAST_ROWS, LevelLaws, _pairs


def made(rng, n):
    """Kinds with means of their own, a date, a number, missing values, a constant."""
    kind = rng.choice(["a", "b", "c", "rare"], n, p=[0.5, 0.3, 0.195, 0.005])
    size = rng.normal(size=n)
    size[rng.random(n) < 0.2] = np.nan
    frame = pd.DataFrame(
        {
            "kind": pd.Series(kind, dtype=object),
            "size": size,
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta((kind == "a") * 1, "D"),
            "same": 1.0,
        }
    )
    mean = frame["kind"].map({"a": 1.0, "b": 2.0, "c": 4.0, "rare": 9.0})
    mean = mean + 3.0 * frame["size"].isna()
    return frame, rng.poisson(mean.to_numpy())


def shares(frame, counts, thresholds):
    """The same shares in plain words."""
    found = {}
    for kind, mine in frame.groupby("kind").groups.items():
        found["kind", kind] = [(counts[mine] <= t).mean() for t in thresholds]
    lost = frame["size"].isna().to_numpy()
    found["size", "missing"] = [(counts[lost] <= t).mean() for t in thresholds]
    return found


def test_counts_dealt_by_chance_come_to_the_laws_of_their_levels():
    rng = np.random.default_rng(0)
    frame, counts = made(rng, 4000)
    thresholds = np.arange(0, 10)
    laws = LevelLaws.fit(frame, counts, thresholds)
    laws = LevelLaws.from_state(laws.to_state())
    segment = rng.integers(3, size=4000)
    chance = counts.copy()
    for s in range(3):
        chance[segment == s] = rng.permutation(counts[segment == s])
    settled = laws.settle(laws.codes(frame), chance, segment, np.random.default_rng(1))
    again = laws.settle(laws.codes(frame), chance, segment, np.random.default_rng(1))
    np.testing.assert_array_equal(settled, again)
    for s in range(3):
        # The law of a segment stays as it is.
        np.testing.assert_array_equal(
            np.sort(settled[segment == s]), np.sort(chance[segment == s])
        )
    real = shares(frame, counts, thresholds)
    before = shares(frame, chance, thresholds)
    after = shares(frame, settled, thresholds)
    for level in real:
        if level == ("kind", "rare"):
            continue
        off = np.abs(np.subtract(before[level], real[level])).max()
        left = np.abs(np.subtract(after[level], real[level])).max()
        assert off > 0.05
        assert left < 0.01, (level, left)


def test_other_rows_than_the_real_ones_come_to_the_same_shares():
    rng = np.random.default_rng(0)
    frame, counts = made(rng, 3000)
    model = CardinalityModel.fit(frame, counts)
    fresh, _ = made(np.random.default_rng(5), 1500)
    drawn = model.draw(fresh, np.random.default_rng(2))
    thresholds = np.arange(0, 10)
    real = shares(frame, counts, thresholds)
    found = shares(fresh, drawn, thresholds)
    for level in real:
        if level != ("kind", "rare"):
            assert np.abs(np.subtract(found[level], real[level])).max() < 0.02


def test_what_few_rows_have_is_not_kept():
    rng = np.random.default_rng(0)
    frame, counts = made(rng, 3000)
    state = LevelLaws.fit(frame, counts, np.arange(3)).to_state()
    assert state["columns"]["kind"]["levels"] == ["a", "b", "c"]
    numbers = set(frame["size"].dropna())
    assert not numbers & set(state["columns"]["size"]["edges"])
    least = int((frame["kind"] == "c").sum()) + 1
    state = LevelLaws.fit(frame, counts, np.arange(3), least).to_state()
    assert state["columns"]["kind"]["levels"] == ["a", "b"]
    few = LEAST_ROWS - 1
    assert LevelLaws.fit(frame[:few], counts[:few], np.arange(3)) is None
    # Nor what all rows but a few have, whose law tells that of the few.
    nearly = pd.DataFrame({"g": pd.Series(["a"] * 999 + ["b"], dtype=object)})
    assert LevelLaws.fit(nearly, counts[:1000], np.arange(3)) is None
    assert LevelLaws.fit(frame, np.ones(3000, dtype=int), np.array([1])) is None
    # One number alone is no edge, nor are edges the means of fewer than all.
    alone = pd.DataFrame({"x": np.full(200, np.nan), "g": np.arange(200) % 2})
    alone.loc[3, "x"] = 123456.789
    laws = LevelLaws.fit(alone, np.arange(200) % 3, np.array([0, 1]))
    assert list(laws.columns) == ["g"]
    assert LevelLaws.fit(frame[["same"]], counts, np.arange(3)) is None


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_few_rows_are_left_or_exchanged(n):
    rng = np.random.default_rng(0)
    frame, counts = made(rng, 600)
    laws = LevelLaws.fit(frame, counts, np.arange(4))
    drawn = laws.settle(laws.codes(frame[:n]), counts[:n], np.zeros(n, dtype=int), rng)
    np.testing.assert_array_equal(np.sort(drawn), np.sort(counts[:n]))


def test_gains_are_what_single_exchanges_bring():
    rng = np.random.default_rng(0)
    frame, counts = made(rng, 500)
    thresholds = np.arange(6)
    laws = LevelLaws.fit(frame, counts, thresholds)
    codes, drawn = laws.codes(frame), rng.permutation(counts)

    def miss(counts):
        """In plain loops."""
        total = 0.0
        for level, law in enumerate(laws.shares):
            rows = np.flatnonzero((codes == level).any(axis=0))
            if law[0] < 0 or not len(rows):
                continue
            for t, share in zip(thresholds, law, strict=True):
                off = (counts[rows] <= t).sum() - share * len(rows)
                total += off**2 / len(rows)
        return total

    a, b = _pairs(np.zeros(500, dtype=int), drawn, np.arange(500), rng)
    weight, off = laws._missed(codes, drawn)
    gain, _ = laws._gains(drawn, a, b, codes, weight, off)
    before = miss(drawn)
    for k in range(20):
        other = drawn.copy()
        other[[a[k], b[k]]] = drawn[[b[k], a[k]]]
        brought = before - miss(other)
        np.testing.assert_allclose(gain[k], max(brought, 0.0), atol=1e-9)
    settled = laws.settle(codes, drawn, np.zeros(500, dtype=int), rng)
    assert miss(settled) < 0.1 * before


def test_a_count_that_towers_stays_with_its_row():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.lognormal(0, 1.2, 2000)})
    for k in range(4):
        frame[f"g{k}"] = pd.Series(rng.integers(0, 12, 2000).astype(str), dtype=object)
    frame.loc[5, "x"] = 600.0
    counts = rng.poisson(3 * frame["x"].to_numpy())
    model = CardinalityModel.fit(frame, counts)
    assert model.levels is not None
    for seed in range(20):
        drawn = model.draw(frame, np.random.default_rng(seed))
        assert np.argmax(drawn) == 5
        assert np.corrcoef(drawn, frame["x"])[0, 1] > 0.9
