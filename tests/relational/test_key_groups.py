"""Composite primary keys without a foreign key keep their groups."""

import numpy as np
import pandas as pd
import pytest
from resampler import Resampler

from sklearn_synthohive import Metadata, StagedOrchestrator
from sklearn_synthohive.metrics import referential_integrity
from sklearn_synthohive.relational._key_groups import GroupKey

HOURS = pd.date_range("2024", periods=100, freq="h")


def weather(origins):
    keys = pd.MultiIndex.from_product([origins, HOURS], names=["origin", "hour"])
    frame = keys.to_frame(index=False)
    return frame.assign(temp=np.arange(float(len(frame))))


def fitted(tables, **keys):
    metadata = Metadata()
    for name, told in keys.items():
        metadata.add_table(name, **told)
    schema = StagedOrchestrator(metadata, Resampler, random_state=0)
    return metadata, schema.fit_all(tables, progress_bar=False)


@pytest.mark.parametrize(
    ("origins", "kept"),
    [
        (["JFK", "LGA", "EWR"], True),
        ([7, 70, 71], True),
        ([f"S-{i:03d}" for i in range(60)], False),
    ],
)
def test_groups_have_their_real_sizes_and_range(origins, kept, tmp_path):
    real = weather(origins)
    flights = real.sample(600, replace=True, random_state=0)[["origin", "hour"]]
    flights = flights.reset_index(drop=True).assign(delay=np.arange(600.0))
    reference = {("origin", "hour"): ("weather.origin", "weather.hour")}
    metadata, schema = fitted(
        {"weather": real, "flights": flights},
        weather={"pk": ("origin", "hour")},
        flights={"fk": reference},
    )
    made = schema.generate(len(real), seed=0)
    scores = referential_integrity(made, metadata)
    assert scores["orphans"].sum() == 0
    made_keys = made["weather"][["origin", "hour"]]
    assert not made_keys.duplicated().any()
    assert made["weather"].dtypes.tolist() == real.dtypes.tolist()
    assert made["flights"].dtypes.tolist() == flights.dtypes.tolist()
    assert (made_keys.groupby("origin").size() == 100).all()
    assert made_keys["hour"].isin(HOURS).all()
    assert made_keys["origin"].nunique() == len(origins)
    if kept:
        assert set(made_keys["origin"]) == set(origins)
    else:
        assert made_keys["origin"].str.fullmatch(r"S-\d{3}").all()
    schema.save(tmp_path / "saved")
    again = StagedOrchestrator.from_saved(tmp_path / "saved", Resampler)
    again = again.generate(len(real), seed=0)
    pd.testing.assert_frame_equal(again["weather"], made["weather"])
    empty = schema.generate(0)["weather"]
    assert empty.dtypes.tolist() == real.dtypes.tolist()


def test_lines_are_numbered_within_minted_groups():
    sizes = np.tile([1, 2, 6], 40)
    real = pd.DataFrame({"no": np.repeat(np.arange(120) + 500, sizes)})
    real["line"] = real.groupby("no").cumcount() + 1
    real["price"] = np.arange(float(len(real)))
    _, schema = fitted({"lines": real}, lines={"pk": ("line", "no")})
    made = schema.generate(900, seed=0)["lines"]
    counted = made.groupby("no").cumcount() + 1
    assert (made["line"] == counted).all()
    assert made["no"].unique().tolist() == list(range(500, 500 + made["no"].nunique()))
    assert set(made.groupby("no").size().iloc[:-1]) == {1, 2, 6}


def test_shares_and_sizes_are_those_of_the_real_rows():
    rng = np.random.default_rng(0)
    kept = GroupKey.fit(pd.DataFrame({"a": np.repeat(["x", "y", "z"], [60, 30, 10])}))
    for n in (0, 1, 1000, 1003):
        drawn = np.bincount(kept.draw(n, rng), minlength=3)
        assert drawn.sum() == n
        assert np.abs(drawn - np.array([0.6, 0.3, 0.1]) * n).max() <= 1
    sizes = np.tile([1, 2, 9], 100)
    minted = GroupKey.fit(pd.DataFrame({"a": np.repeat(np.arange(300), sizes)}))
    drawn = np.bincount(minted.draw(5000, rng))
    assert drawn.sum() == 5000
    # The last group may have been cut.
    assert set(drawn[:-1]) == {1, 2, 9}
    assert (drawn == 9).mean() == pytest.approx(1 / 3, abs=0.06)


def test_rows_of_a_group_lie_together_where_the_real_ones_do():
    rng = np.random.default_rng(0)
    for in_runs in (True, False):
        real = np.repeat(["x", "y"], 50) if in_runs else np.tile(["x", "y"], 50)
        group = GroupKey.fit(pd.DataFrame({"a": real})).draw(100, rng)
        assert (np.count_nonzero(np.diff(group)) == 1) == in_runs


def test_levels_of_few_rows_are_not_kept():
    keys = pd.DataFrame({"a": np.repeat(["Anna", "Bert"], [30, 4])})
    told = str(GroupKey.fit(keys).to_state())
    assert "Anna" not in told
    assert "Bert" not in told
    keys = pd.DataFrame({"a": np.repeat(["Anna", "Bert"], [30, 12])})
    assert GroupKey.fit(keys, least=10).levels == [["Anna", "Bert"]]
    assert GroupKey.fit(keys, least=20).levels is None
