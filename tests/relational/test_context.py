"""What a table's model sees: what bears itself out, and nothing it has not seen."""

import numpy as np
import pandas as pd

from sklearn_synthohive.relational._attachment import fit_segments
from sklearn_synthohive.relational._cardinality import CardinalityModel
from sklearn_synthohive.relational._context import ContextPlan
from sklearn_synthohive.relational._relevance import telling_columns
from sklearn_synthohive.relational._seen import conform, learn_seen


def families(n_parents=60, n_children=40, seed=0):
    rng = np.random.default_rng(seed)
    parents = pd.DataFrame(
        {f"p.x{i}": rng.normal(size=n_parents) for i in range(6)}
        | {"p.kind": rng.choice(["a", "b"], n_parents).astype(object)}
    )
    rows = np.repeat(np.arange(n_parents), n_children)
    shift = (parents["p.kind"] == "a").to_numpy()[rows] * 2.0
    frame = pd.DataFrame({"y": shift + rng.normal(size=len(rows))})
    return parents, rows, frame


def test_only_what_holds_for_other_parents_is_seen():
    parents, rows, frame = families()
    plan = ContextPlan.fit(frame, parents, rows, rows)
    assert plan.columns == ["p.kind"]
    assert plan.siblings == []
    assert plan.previous == []
    named = ContextPlan.fit(frame, parents, rows, rows, wanted=["x1"])
    assert named.columns == ["p.x1"]


def test_places_among_siblings_are_seen_where_they_tell():
    parents, rows, frame = families()
    frame["y"] += np.tile(np.arange(40) / 10, 60)
    plan = ContextPlan.fit(frame, parents, rows, rows)
    assert "position" in plan.siblings
    # Rows that only go up with their place are not alike beyond it.
    assert plan.previous == []


def test_few_families_tell_nothing_apart():
    parents, rows, frame = families(n_parents=2)
    context = parents.take(rows).reset_index(drop=True)
    assert telling_columns(context, frame, rows) == list(context)


def test_a_context_holds_nothing_new():
    dates = pd.Series(pd.date_range("2020-01-01", periods=3))
    seen = learn_seen(
        pd.DataFrame(
            {
                "segment": ["s1", "s4", "s4"],
                "kind": ["a", None, "a"],
                "x": [1.0, 2.0, 3.0],
                "day": dates,
                "empty": [None] * 3,
            }
        )
    )
    new = pd.DataFrame(
        {
            "segment": ["s3", None, "s0"],
            "kind": ["b", None, "a"],
            "x": [np.nan, 9.0, 1.0],
            "day": [pd.NaT, dates[0], dates[2]],
            "empty": ["z", None, None],
        }
    )
    held = conform(new, seen)
    assert held["segment"].tolist() == ["s4", "s4", "s1"]
    assert held["kind"].isna().tolist() == [False, True, False]
    assert held["kind"][0] == "a"
    assert held["x"].tolist() == [2.0, 9.0, 1.0]
    assert held["day"].tolist() == [dates[1], dates[0], dates[2]]
    assert held["empty"].isna().all()


def test_counts_keep_totals_zeros_and_segments():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"kind": rng.choice(["a", "b", "c"], 900).astype(object)})
    means = frame["kind"].map({"a": 0.2, "b": 3.0, "c": 40.0}).to_numpy()
    counts = rng.poisson(means)
    model = CardinalityModel.fit(frame, counts)
    copy = CardinalityModel.from_state(model.to_state())
    drawn = copy.draw(frame, np.random.default_rng(1))
    assert abs(drawn.sum() - counts.sum()) <= 0.005 * counts.sum()
    for kind in "abc":
        mine, theirs = counts[frame["kind"] == kind], drawn[frame["kind"] == kind]
        np.testing.assert_allclose(theirs.mean(), mine.mean(), atol=0.02 + 0.005 * 40)
        np.testing.assert_allclose((theirs == 0).mean(), (mine == 0).mean(), atol=0.02)
    assert set(drawn) <= set(counts)
    # A few of one segment among many of another are met as well.
    few = copy.draw(frame.iloc[:7], np.random.default_rng(2))
    assert len(few) == 7
    spread = CardinalityModel.fit(frame, counts, method="negbinom")
    drawn = spread.draw(frame, np.random.default_rng(1))
    np.testing.assert_allclose(drawn.mean(), counts.mean(), rtol=0.02)


def test_parents_with_children_are_parted_from_those_without():
    rng = np.random.default_rng(0)
    parents = pd.DataFrame(
        {"lat": rng.uniform(0, 90, 500), "lon": rng.normal(size=500)}
    )
    used = np.argsort(np.abs(parents["lat"].to_numpy() - 40))[:6]
    rows = rng.choice(used, 800)
    children = pd.DataFrame({"z": (rows == used[0]) + rng.normal(0, 0.1, 800)})
    tree = fit_segments(parents, children, rows)
    segment = tree.apply(parents)
    share = np.bincount(segment, np.isin(np.arange(500), used)) / np.bincount(segment)
    # Segments of the children lie where their parents do.
    wanted = np.unique(segment[rows])
    assert share[wanted].min() > 0.2
    lat = parents["lat"].to_numpy()
    assert np.abs(lat[np.isin(segment, wanted)] - 40).max() < 5
