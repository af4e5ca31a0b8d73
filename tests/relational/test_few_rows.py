"""Tables of few rows: balanced, each name once, and their counts by name."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from resampler import Resampler

from sklearn_synthohive import Metadata, StagedOrchestrator
from sklearn_synthohive.relational._balance import (
    choose_rows,
    level_shares,
    mend_names,
    statistics_of,
)
from sklearn_synthohive.relational._cardinality import CardinalityModel


def miss(statistics, target, rows):
    return float(((statistics[list(rows)].sum(axis=0) - target) ** 2).sum())


@pytest.mark.parametrize("seed", range(4))
def test_rows_are_chosen_nearly_as_well_as_by_trying_all(seed):
    rng = np.random.default_rng(seed)
    statistics = rng.integers(0, 2, (12, 5)).astype(np.float32)
    target = 4 * statistics.mean(axis=0)
    chosen = choose_rows(statistics, target, 4, rng)
    assert len(set(chosen)) == 4
    every = [miss(statistics, target, c) for c in combinations(range(12), 4)]
    found = miss(statistics, target, chosen)
    # Exchanges end where no single one helps: not always at the very best.
    assert found <= np.quantile(every, 0.1)


def test_each_place_has_its_candidates():
    rng = np.random.default_rng(0)
    statistics = np.eye(2, dtype=np.float32)[[0, 1, 0, 1, 0, 0]]
    candidates = np.array([[0, 1], [2, 3], [4, 5]])
    chosen = choose_rows(statistics, np.array([1, 2]), 3, rng, candidates)
    assert all(c in mine for c, mine in zip(chosen, candidates, strict=True))
    assert statistics[chosen].sum(axis=0).tolist() == [1, 2]


def test_levels_and_numbers_come_as_often_as_they_should():
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"kind": ["rare"] + ["a", "b"] * 20, "x": np.arange(41.0)})
    pool = real.sample(800, replace=True, random_state=0, ignore_index=True)
    statistics, target = statistics_of(pool, level_shares(real), 41)
    made = pool.iloc[choose_rows(statistics, target, 41, rng)]
    assert made["kind"].value_counts().to_dict() == {"a": 20, "b": 20, "rare": 1}
    ends = np.quantile(pool["x"], [0.25, 0.5, 0.75])
    below = (made["x"].to_numpy()[:, None] <= ends).sum(axis=0)
    np.testing.assert_allclose(below, [41 / 4, 41 / 2, 41 * 3 / 4], atol=1.5)
    assert "rare" not in level_shares(real, least=2)["kind"]


def test_names_that_came_twice_become_those_that_are_missing():
    real = pd.Series([*"abcdef", None, None])
    shares = level_shares(real.to_frame("name"))["name"]
    rng = np.random.default_rng(0)
    drawn = pd.Series(["a", "a", "b", None, None, None, "e", "e"])
    mended = mend_names(drawn, real, shares, rng)
    assert mended.isna().sum() == 2
    assert sorted(mended.dropna()) == list("abcdef")
    twice = mend_names(pd.concat([drawn, drawn]), real, shares, rng)
    assert twice.value_counts().eq(2).all()
    few = mend_names(pd.Series(["a", "a"]), real, shares, rng)
    assert few.is_unique


def test_larger_counts_go_to_rows_that_stand_higher_in_their_segment():
    rng = np.random.default_rng(0)
    size = rng.normal(size=90)
    frame = pd.DataFrame({"size": size, "noise": rng.normal(size=90)})
    counts = np.rint(np.exp(1.5 * size + 0.1 * rng.normal(size=90)) * 20).astype(int)
    model = CardinalityModel.fit(frame, counts)
    model = CardinalityModel.from_state(model.to_state())
    assert model.standing.correlation > 0.7
    drawn = model.draw(frame, np.random.default_rng(1))
    segment = model.tree.apply(frame)
    inside = pd.DataFrame({"drawn": drawn, "size": size}).groupby(segment)
    ranks = [part.corr("spearman").iloc[0, 1] for _, part in inside]
    assert np.mean(ranks) > 0.6
    # Where nothing tells, nothing is learned.
    assert CardinalityModel.fit(frame[["noise"]], counts).standing is None


def test_few_parents_with_children_are_kept_to_their_number():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=600), "y": rng.normal(size=600)})
    counts = np.zeros(600, dtype=int)
    counts[np.argsort(frame["x"].to_numpy())[-2:]] = 1
    model = CardinalityModel.fit(frame, counts)
    model = CardinalityModel.from_state(model.to_state())
    for seed in range(20):
        rng = np.random.default_rng(seed)
        fresh = pd.DataFrame({"x": rng.normal(size=600), "y": rng.normal(size=600)})
        drawn = model.draw(fresh, rng)
        assert drawn.sum() == 2
        assert drawn.max() == 1
    assert model.draw(pd.concat([fresh] * 3), rng).sum() == 6


def list_of_kinds():
    kinds = pd.DataFrame({"id": range(5), "name": list("vwxyz")})
    owner = np.repeat(np.arange(5), [0, 1, 7, 30, 90])
    things = pd.DataFrame({"kind": owner, "size": owner * 10.0})
    metadata = (
        Metadata()
        .add_table("kinds", pk="id")
        .add_table("things", fk={"kind": "kinds.id"})
    )
    return metadata, {"kinds": kinds, "things": things}


def test_a_list_keeps_its_names_and_their_children():
    metadata, tables = list_of_kinds()
    schema = StagedOrchestrator(metadata, Resampler, random_state=0)
    schema.fit_all(tables, progress_bar=False)
    assert schema.tables_["kinds"].names == ["name"]
    assert schema.tables_["things"].context.columns == ["kinds.name"]
    for seed in range(3):
        made = schema.generate({"kinds": 5}, seed=seed)
        assert sorted(made["kinds"]["name"]) == list("vwxyz")
        joined = made["things"].merge(made["kinds"], left_on="kind", right_on="id")
        assert joined["name"].value_counts().to_dict() == {
            "z": 90,
            "y": 30,
            "x": 7,
            "w": 1,
        }


def test_rare_names_are_not_kept_where_that_is_asked_for():
    metadata, tables = list_of_kinds()
    schema = StagedOrchestrator(metadata, random_state=0)
    schema.fit_all(tables, epochs=1, min_frequency=0.5, progress_bar=False)
    kinds = schema.tables_["kinds"]
    assert kinds.shares["name"] == {}
    assert kinds.names == []
    (law,) = kinds.cardinalities.values()
    assert law.tree.n_segments == 1
    assert len(schema.generate({"kinds": 5})["kinds"]) == 5


def test_the_one_row_that_towers_has_the_most():
    # A capital has three times the people of the next town, and as many more clients.
    rng = np.random.default_rng(0)
    people = np.append(rng.uniform(20, 300, 76), 1200.0)
    frame = pd.DataFrame({"people": people, "noise": rng.normal(size=77)})
    counts = np.rint(people * rng.uniform(0.3, 0.6, 77)).astype(int)
    model = CardinalityModel.fit(frame, counts)
    model = CardinalityModel.from_state(model.to_state())
    assert model.standing.scale == "values"
    for seed in range(10):
        rng = np.random.default_rng(seed)
        fresh = frame.sample(frac=1, random_state=seed)
        drawn = model.draw(fresh, rng)
        assert drawn.max() == counts.max()
        assert fresh["people"].iloc[np.argmax(drawn)] == 1200.0
