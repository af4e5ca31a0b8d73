"""The relational measures equal their definitions, and see what they are for."""

import numpy as np
import pandas as pd
import pytest
from reference import metadata as keys
from reference import relational_metrics as reference

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metadata import Metadata
from sklearn_synthohive.metrics import (
    bridge_uniqueness,
    cardinality_shapes,
    join_trends,
    null_key_rates,
    referential_integrity,
    relational_scores,
    relational_summary,
    sibling_coherence,
    through_trends,
)


@pytest.fixture(scope="module")
def metadata():
    return (
        Metadata()
        .add_table("regions", pk="id")
        .add_table("users", pk="id", fk={"region": "regions.id"})
        .add_table("shops", pk="id")
        .add_table("orders", pk="id", fk={"user": "users.id", "shop": "shops.id"})
    )


def make(seed, n_users=200):
    """Children depend on the user's age and region, and the shop on the region."""
    rng = np.random.default_rng(seed)
    regions = pd.DataFrame(
        {"id": range(40), "zone": rng.choice(list("nsew"), 40), "size": rng.random(40)}
    )
    users = pd.DataFrame(
        {
            "id": [f"u{i}" for i in range(n_users)],
            "region": rng.integers(0, 40, n_users),
            "age": np.where(
                rng.random(n_users) < 0.1, np.nan, rng.integers(18, 80, n_users)
            ),
            "tier": rng.choice(["a", "b", None], n_users),
        }
    )
    users.loc[rng.random(n_users) < 0.1, "region"] = np.nan
    n_orders = rng.poisson(np.where(users["tier"] == "a", 4, 1))
    who = np.repeat(np.arange(n_users), n_orders)
    age = users["age"].fillna(40).to_numpy()[who]
    orders = pd.DataFrame(
        {
            "id": range(len(who)),
            "user": users["id"].to_numpy()[who],
            "shop": (age // 20).astype(int) + rng.integers(0, 30, len(who)),
            "sum": age * 2 + rng.normal(0, 10, len(who)),
            "kind": np.where(who % 3 == 0, "x", rng.choice(["x", "y"], len(who))),
        }
    )
    orders["shop"] = orders["shop"].astype("float").mask(orders["sum"] > 140)
    orders.loc[rng.random(len(who)) < 0.05, "user"] = "nobody"
    shops = pd.DataFrame({"id": range(34), "brand": rng.choice(list("pq"), 34)})
    return {"regions": regions, "users": users, "shops": shops, "orders": orders}


@pytest.fixture(scope="module")
def real():
    return make(0)


@pytest.fixture(scope="module")
def synthetic():
    return make(1, 150)


CONTINUOUS = {"age", "sum", "size"}


def test_integrity_counts_what_leads_nowhere(real, metadata):
    scores = referential_integrity(real, metadata).set_index("relation")
    line = scores.loc["orders.user -> users.id"]
    orphans = int((real["orders"]["user"] == "nobody").sum())
    assert line["orphans"] == orphans > 0
    assert line["score"] == pytest.approx(1 - orphans / len(real["orders"]))
    assert scores.loc["users.region -> regions.id", "missing"] > 0
    twice = real | {"shops": pd.concat([real["shops"], real["shops"][:3]])}
    scores = referential_integrity(twice, metadata).set_index("relation")
    assert scores.loc["orders.shop -> shops.id", "repeated"] == 3


def test_cardinality_is_the_distance_of_the_counts(real, synthetic, metadata):
    scores = cardinality_shapes(real, synthetic, metadata, min_parents=30)
    for relation in metadata.relations:
        line = scores[
            (scores["relation"] == relation.name) & (scores["segment"] == "")
        ].iloc[0]
        counts = [reference.counts(relation, tables) for tables in (real, synthetic)]
        assert line["score"] == pytest.approx(reference.cardinality_shape(*counts))
        assert line["mean_real"] == pytest.approx(np.mean(counts[0]))
        assert line["mean_synthetic"] == pytest.approx(np.mean(counts[1]))


def test_segments_are_those_of_the_parent_and_of_its_parents(real, synthetic, metadata):
    scores = cardinality_shapes(real, synthetic, metadata, min_parents=30)
    orders = scores[scores["relation"] == "orders.user -> users.id"]
    orders = orders.set_index("segment")
    users, drawn = real["users"], synthetic["users"]
    line = orders.loc["users.tier = a"]
    relation = next(r for r in metadata.relations if r.key == "user")
    counts = [
        np.array(reference.counts(relation, tables))[(tables["users"]["tier"] == "a")]
        for tables in (real, synthetic)
    ]
    assert line["n_real"] == (users["tier"] == "a").sum()
    assert line["n_synthetic"] == (drawn["tier"] == "a").sum()
    assert line["score"] == pytest.approx(
        reference.cardinality_shape(*map(list, counts))
    )
    assert "users.tier missing" in orders.index
    zone = users["region"].map(real["regions"].set_index("id")["zone"])
    for level, n in zone.value_counts().items():
        name = f"region -> regions.zone = {level}"
        assert (name in orders.index) == (n >= 30)
        if n >= 30:
            assert orders.loc[name, "n_real"] == n
    assert sum(name.startswith("users.age bin") for name in orders.index) >= 4
    # Tiers differ: a model that ignores them is seen in the segments alone.
    shuffled = synthetic | {
        "users": drawn.assign(
            tier=drawn["tier"].sample(frac=1, random_state=0).to_numpy()
        )
    }
    worse = cardinality_shapes(real, shuffled, metadata, min_parents=30)
    worse = worse[worse["relation"] == relation.name].set_index("segment")
    assert worse.loc["", "score"] == orders.loc["", "score"]
    assert worse.loc["users.tier = a", "score"] < line["score"] - 0.15


def test_the_ceiling_is_what_halves_reach(real, metadata):
    scores = cardinality_shapes(real, real, metadata)
    assert (scores["score"] == 1).all()
    assert scores["ceiling"].between(0.5, 0.999).all()


@pytest.mark.parametrize("level", [1, 2])
def test_joins_are_pair_trends_of_joined_rows(real, synthetic, metadata, level):
    scores = join_trends(real, synthetic, metadata)
    scores = scores[scores["level"] == level]
    region, user, shop = metadata.relations
    paths = [(user,), (shop,), (region,)] if level == 1 else [(user, region)]
    n = 0
    for path in paths:
        name = ", ".join(r.name for r in path)
        places = [
            [pair[::-1] for pair in reference.joined(path, tables)]
            for tables in (real, synthetic)
        ]
        for _, line in scores[scores["relation"] == name].iterrows():
            first, second = (line[c].split(".") for c in ("column_1", "column_2"))
            assert (first[0], second[0]) == (path[-1].parent, path[0].child)
            expected = reference.trend(
                real, synthetic, first, second, places, CONTINUOUS
            )
            assert line["score"] == pytest.approx(expected), line.to_dict()
            n += 1
    assert n == len(scores) == {1: 2 * 2 + 2 * 2 + 1 * 2, 2: 2 * 2}[level]


def test_two_parents_are_joined_through_their_child(real, synthetic, metadata):
    scores = through_trends(real, synthetic, metadata)
    user, shop = metadata.relations[1:]
    places = []
    for tables in (real, synthetic):
        ends = [keys.parent_rows(r, tables) for r in (user, shop)]
        pairs = zip(*ends, strict=True)
        places.append([p for p in pairs if min(p) >= 0])
    assert scores["column_1"].tolist() == ["users.age", "users.tier"]
    for _, line in scores.iterrows():
        columns = [line[c].split(".") for c in ("column_1", "column_2")]
        expected = reference.trend(real, synthetic, *columns, places, CONTINUOUS)
        assert line["score"] == pytest.approx(expected)


def test_siblings_are_as_alike_as_counted_one_by_one(real, synthetic, metadata):
    scores = sibling_coherence(real, synthetic, metadata)
    user = metadata.relations[1]
    line = scores[
        (scores["relation"] == user.name) & (scores["column"] == "kind")
    ].iloc[0]
    for told, tables in (("real", real), ("synthetic", synthetic)):
        kinds = tables["orders"]["kind"].tolist()
        families = [
            [kinds[i] for i in children]
            for children in reference.children_of(user, tables)
        ]
        assert line[told] == pytest.approx(reference.coherence(families))
    assert line["real"] > 0.05
    by_user = scores[(scores["relation"] == user.name) & (scores["column"] == "sum")]
    assert by_user["real"].iloc[0] > 0.2


def test_pairs_of_bridges(real, synthetic, metadata):
    (line,) = bridge_uniqueness(real, synthetic, metadata).to_dict("records")
    for told, tables in (("real", real), ("synthetic", synthetic)):
        ends = [keys.parent_rows(r, tables) for r in metadata.relations[1:]]
        assert line[told] == pytest.approx(reference.distinct_pairs(*ends))


def test_missing_keys_are_told_given_the_rows(real, synthetic, metadata):
    rates = null_key_rates(real, synthetic, metadata, min_rows=20)
    shop = rates[rates["relation"] == "orders.shop -> shops.id"].set_index("segment")
    for told, tables in (("real", real), ("synthetic", synthetic)):
        orders = tables["orders"]
        assert shop.loc["", told] == pytest.approx(orders["shop"].isna().mean())
        of_kind = orders[orders["kind"] == "x"]["shop"].isna().mean()
        assert shop.loc["orders.kind = x", told] == pytest.approx(of_kind)
    # The same rate in the wrong rows.
    orders = synthetic["orders"]
    shuffled = orders["shop"].sample(frac=1, random_state=0).to_numpy()
    wrong = null_key_rates(
        real,
        synthetic | {"orders": orders.assign(shop=shuffled)},
        metadata,
        min_rows=20,
    )
    wrong = wrong[wrong["relation"] == "orders.shop -> shops.id"]
    assert wrong["gap"].iloc[0] == shop["gap"].iloc[0] < 0.05 < wrong["gap"].max()
    user = rates[rates["relation"] == "orders.user -> users.id"]
    assert user["segment"].tolist() == [""]


def test_all_at_once(real, synthetic, metadata):
    scores = relational_scores(real, synthetic, metadata, min_parents=30)
    again = relational_scores(real, synthetic, metadata, min_parents=30)
    for name, table in scores.items():
        pd.testing.assert_frame_equal(table, again[name])
    pd.testing.assert_frame_equal(
        scores["joins"], join_trends(real, synthetic, metadata)
    )
    summary = relational_summary(scores)
    assert summary.loc["cardinality in segments", "n"] > 10
    assert summary["score"].between(0, 1).all()
    assert summary.loc["two parents", "where"].startswith("users.")
    perfect = relational_summary(relational_scores(real, real, metadata))
    assert (perfect.drop("referential integrity")["score"] > 0.9999).all()


def test_tables_without_relations_have_an_empty_summary():
    metadata = Metadata().add_table("users", pk="id")
    tables = {"users": pd.DataFrame({"id": range(3)})}
    summary = relational_summary(relational_scores(tables, tables, metadata))
    assert summary.empty
    assert list(summary) == ["n", "score", "ceiling", "worst", "where"]


def test_long_children_are_drawn_from(real, synthetic, metadata):
    few = join_trends(real, synthetic, metadata, max_rows=150, seed=3)
    whole = join_trends(real, synthetic, metadata)
    assert (few["score"] != whole["score"]).any()
    assert (few["score"] - whole["score"]).abs().max() < 0.2


def test_empty_children_score_nothing_and_break_nothing(real, synthetic, metadata):
    empty = synthetic | {"orders": synthetic["orders"][:0]}
    scores = relational_scores(real, empty, metadata)
    line = scores["cardinality"].query("relation.str.startswith('orders.user')")
    assert line["mean_synthetic"].iloc[0] == 0
    # The real orders of the users without any are met.
    assert line["score"].iloc[0] < 0.6
    joins = scores["joins"].query("relation.str.startswith('orders')")
    assert (joins["score"] == 0).all()


def test_bad_input_is_named(real, synthetic, metadata):
    with pytest.raises(SchemaError, match=r"synthetic tables lack 'orders'"):
        relational_scores(
            real, {k: v for k, v in synthetic.items() if k != "orders"}, metadata
        )
    users = {"users": synthetic["users"].drop(columns="age")}
    with pytest.raises(SchemaError, match=r"synthetic users frame lacks .*'age'"):
        join_trends(real, synthetic | users, metadata)
    with pytest.raises(TypeError, match="metadata must be Metadata"):
        cardinality_shapes(real, synthetic, {})
    dangling = Metadata().add_table("a", fk={"id": "b.id"})
    with pytest.raises(SchemaError, match="no table 'b'"):
        referential_integrity({"a": real["users"]}, dangling)
