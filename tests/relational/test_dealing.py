"""Parents are dealt by their loads; pairs stay apart; trees and ranks are right."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_synthohive.relational._attachment import (
    Attachment,
    Middles,
    fit_segments,
)
from sklearn_synthohive.relational._bases import previous_rows
from sklearn_synthohive.relational._dealing import (
    Dealer,
    fit_loads,
    keep_pairs_apart,
    open_parents,
    spread_demand,
    spread_parents,
)
from sklearn_synthohive.relational._levels import levels
from sklearn_synthohive.relational._loads import refer_by_levels, settled
from sklearn_synthohive.relational._trees import SegmentTree
from tests.reference.dealing import (
    apply_by_recursion,
    deal_slot_by_slot,
    positions_by_loop,
)

EACH = np.array([[0, 1], [1, 0]])


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 9), min_size=4, max_size=30), st.integers(0, 99))
def test_loads_are_met_as_slot_by_slot(loads, seed):
    rng = np.random.default_rng(seed)
    loads = np.array([1, 1, *loads])
    segment = np.arange(len(loads)) % 2
    slots = np.repeat(segment, loads)
    wanted = rng.permutation(slots)
    dealer = Dealer(loads, segment, EACH, rng=rng)
    halves = np.array_split(wanted, 2)
    found = np.concatenate([dealer.deal(half) for half in halves])
    plain = deal_slot_by_slot(loads, segment, wanted)
    counts = np.bincount(found, minlength=len(loads))
    np.testing.assert_array_equal(counts, np.bincount(plain, minlength=len(loads)))
    np.testing.assert_array_equal(segment[found], wanted)


def test_too_few_slots_are_shared_evenly():
    rng = np.random.default_rng(0)
    loads, segment = np.array([10, 30, 0, 60]), np.zeros(4, dtype=int)
    wanted = np.zeros(250, dtype=int)
    one = np.zeros((1, 1), dtype=int)
    counts = np.bincount(Dealer(loads, segment, one, rng=rng).deal(wanted), minlength=4)
    np.testing.assert_allclose(counts, [25, 75, 0, 150], atol=3)
    once = Dealer(loads, segment, one, once=True, rng=rng).deal(wanted)
    assert np.bincount(once[once >= 0], minlength=4).tolist() == loads.tolist()


def test_rows_without_a_parent_and_segments_without_slots():
    rng = np.random.default_rng(0)
    dealer = Dealer(np.array([0, 4]), np.array([0, 1]), EACH, rng=rng)
    found = dealer.deal(np.array([0, -1, 1, 0]))
    assert found.tolist() == [1, -1, 1, 1]


def test_fitted_loads_meet_the_demand_within_their_range():
    rng = np.random.default_rng(0)
    loads, segment = rng.integers(0, 6, 400), rng.integers(0, 3, 400)
    total = np.bincount(segment, loads)
    demand = (total * [0.9, 1.0, 1.2]).astype(int)
    fitted = fit_loads(loads, segment, demand, least=1, most=6, rng=rng)
    np.testing.assert_array_equal(np.bincount(segment, fitted), demand)
    assert fitted.max() <= 6
    assert ((fitted > 0) == (loads > 0)).all()


def test_demand_is_spread_to_the_likest_segment():
    nearest = np.array([[0, 1, 2], [1, 0, 2], [2, 1, 0]])
    spread = spread_demand(np.array([9, 0, 1]), np.array([5, 3, 9]), nearest)
    assert spread.tolist() == [5, 3, 2]
    floored = spread_demand(
        np.array([9, 0, 1]), np.array([9, 9, 9]), nearest, np.array([2, 3, 2])
    )
    assert floored.tolist() == [5, 3, 2]


def test_few_parents_are_opened_where_they_are_wanted():
    rng = np.random.default_rng(0)
    segment = np.repeat([0, 1, 2], 50)
    loads = np.zeros(150, dtype=int)
    loads[[3, 60]] = [500, 700]
    number = np.array([0, 1, 2])
    opened = open_parents(loads, segment, np.array([0, 5, 9]), number, rng)
    used = np.bincount(segment, opened > 0)
    assert used[0] == 0
    assert used[1] == 1
    assert used[2] == 2


def test_parents_move_with_the_rows_that_want_them():
    nearest = np.array([[0, 1, 2], [1, 0, 2], [2, 1, 0]])
    number, demand = spread_parents(
        np.array([4, 1, 0]), np.array([400, 30, 5]), np.array([1, 2, 9]), nearest
    )
    # Of four parents one stays; the next segment has room for one, the last for two.
    assert number.tolist() == [1, 2, 3]
    assert demand.tolist() == [100, 130, 205]
    number, demand = spread_parents(
        np.array([3, 0, 0]), np.array([90, 0, 0]), np.array([0, 1, 0]), nearest
    )
    assert number.tolist() == [0, 1, 0]
    assert demand.tolist() == [0, 90, 0]


def segment_of_used(tree, parents, counts):
    return tree.apply(parents.iloc[np.flatnonzero(counts)])


def test_parents_lie_near_the_middle_of_those_with_children():
    rng = np.random.default_rng(0)
    parents = pd.DataFrame(
        {"lat": rng.uniform(0, 9, 400), "lon": rng.uniform(0, 9, 400)}
    )
    place = np.hypot(parents["lat"] - 4, parents["lon"] - 5)
    used = np.argsort(place.to_numpy())[:2]
    rows = np.repeat(used, 300)
    children = pd.DataFrame({"z": np.repeat([0.0, 1.0], 300)})
    tree = fit_segments(parents, children, rows)
    counts = np.bincount(rows, minlength=400)
    middles = Middles.fit(tree, parents, counts)
    fresh = pd.DataFrame({"lat": rng.uniform(0, 9, 900), "lon": rng.uniform(0, 9, 900)})
    segment = tree.apply(fresh)
    demand = np.bincount(tree.apply(parents.iloc[rows]), minlength=tree.n_segments)
    number = (demand > 0).astype(int)
    stands_for = middles.match(middles.points(tree, fresh), number, demand)
    assert np.bincount(stands_for + 1, minlength=1)[1:].sum() == number.sum()
    chosen = fresh[stands_for >= 0]
    assert np.hypot(chosen["lat"] - 4, chosen["lon"] - 5).max() < 1
    # Loads go with the rows that want them, the others have no children.
    used = np.bincount(segment_of_used(tree, parents, counts)) / 400
    used = np.pad(used, (0, tree.n_segments - len(used)))
    attachment = Attachment(
        tree,
        follows=None,
        nullable=False,
        least=1,
        most=900,
        used=used,
        middles=middles,
    )
    loads = np.where(rng.random(900) < 0.01, 300, 0)
    loads, stands = settled(
        attachment, loads, segment, demand, rng, middles.points(tree, fresh)
    )
    assert loads.sum() == 600
    near = np.hypot(fresh["lat"] - 4, fresh["lon"] - 5)
    assert near[loads > 0].max() < 1.2
    assert (np.bincount(stands, loads, minlength=tree.n_segments) == demand).all()
    assert Middles.fit(tree, parents, np.ones(400)) is None


@pytest.mark.parametrize("seed", range(3))
def test_pairs_are_kept_apart_and_loads_stay(seed):
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(300), 4)
    found = rng.choice(12, len(group), p=np.r_[0.2, 0.2, np.full(10, 0.06)])
    before = np.bincount(found)
    left = keep_pairs_apart(group, found, np.zeros(len(group), dtype=int), rng)
    assert not len(left)
    assert not pd.DataFrame({"a": group, "b": found}).duplicated().any()
    # What no exchange can mend is chosen anew by load.
    assert np.abs(np.bincount(found) - before).sum() <= 0.1 * len(group)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-1, 4), max_size=40))
def test_positions_and_previous_siblings(rows):
    rows = np.array(rows, dtype=np.int64)
    for fast, plain in zip(previous_rows(rows), positions_by_loop(rows), strict=True):
        np.testing.assert_array_equal(fast, plain)


def test_trees_apply_as_walked_by_hand():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=800),
            "kind": rng.choice(
                ["a", "b", "c", "rare"], 800, p=[0.5, 0.3, 0.195, 0.005]
            ),
        }
    )
    frame.loc[::7, "x"] = np.nan
    y = (frame["x"].fillna(3) > 1) + 2.0 * (frame["kind"] == "b")
    tree = SegmentTree.fit(frame, y.to_numpy()[:, None], min_rows=20)
    assert tree.n_segments >= 4
    found = tree.apply(frame)
    encoded = tree.encoder.transform(frame).astype(np.float32)
    walked = [apply_by_recursion(tree.nodes, row) for row in encoded]
    np.testing.assert_array_equal(found, walked)
    copy = SegmentTree.from_state(tree.to_state())
    np.testing.assert_array_equal(copy.apply(frame), found)
    strange = frame.assign(kind="never seen")
    assert tree.apply(strange).max() < tree.n_segments


def test_levels_of_a_table_that_refers_to_itself():
    level, on_itself = levels(np.array([-1, 0, 0, 1, 3]))
    assert level.tolist() == [0, 1, 1, 2, 3]
    assert not on_itself
    assert levels(np.array([0, 0, 1]))[1]
    rng = np.random.default_rng(0)
    made = refer_by_levels(np.array([0, 2, 2, 0, 4]), np.arange(5), 100, False, rng)
    assert made[[0, 3]].tolist() == [-1, -1]
    assert set(made[[1, 2]] - 100) <= {0, 3}
    assert made[4] - 100 in (1, 2)
