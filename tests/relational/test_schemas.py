"""What holds in the output, for every kind of schema."""

import numpy as np
import pandas as pd
import pytest
from resampler import Resampler
from small_schemas import company, shop, stations

from sklearn_synthohive import Metadata, StagedOrchestrator
from sklearn_synthohive.exceptions import SchemaValidationError
from sklearn_synthohive.metrics import referential_integrity


def made_of(metadata, tables, num_rows=None, seed=0, **parameters):
    schema = StagedOrchestrator(metadata, Resampler, random_state=0, **parameters)
    schema.fit_all(tables, progress_bar=False)
    wanted = num_rows or {name: len(tables[name]) for name in schema.plan_.roots}
    return schema, schema.generate(wanted, seed=seed)


def check_keys(metadata, made):
    """No orphan, no repeated primary key."""
    scores = referential_integrity(made, metadata)
    assert scores["orphans"].sum() == 0
    assert scores["repeated"].sum() == 0
    for name, config in metadata.tables.items():
        primary = list(config.pk_columns)
        if primary:
            assert not made[name].duplicated(primary).any(), name
            assert made[name][primary].notna().all(axis=None), name


@pytest.fixture(scope="module")
def a_company():
    metadata, tables = company()
    return metadata, tables, *made_of(metadata, tables)


def test_every_kind_of_relation(a_company):
    metadata, tables, _, made = a_company
    check_keys(metadata, made)
    for name, real in tables.items():
        assert len(made[name]) == pytest.approx(len(real), rel=0.1)
        assert made[name].dtypes.tolist() == real.dtypes.tolist()
    assert made["skills"]["skill"].str.fullmatch(r"[A-Z]{2}-0\d").all()
    # One-to-one: at most one desk a person.
    assert made["desks"]["person"].is_unique


def test_a_circle_is_cut_and_filled(a_company):
    _, _tables, schema, made = a_company
    cut = [r.label for t in schema.plan_.tables for r in t.deferred]
    assert cut == ["people.team"] or cut == ["teams.lead"]
    assert made["teams"]["lead"].is_unique
    assert made["people"]["team"].notna().all()


def test_a_table_that_refers_to_itself_has_levels_and_no_circle(a_company):
    _, _tables, _, made = a_company
    people = made["people"]
    boss = dict(zip(people["person"], people["boss"], strict=True))
    for person in people["person"]:
        for _ in range(20):
            if pd.isna(person):
                break
            person = boss[person]
        assert pd.isna(person)
    assert people["boss"].isna().mean() < 0.05


def test_a_circle_of_primary_keys_is_an_error():
    metadata = (
        Metadata()
        .add_table("a", pk="id", fk={"id": "b.id"})
        .add_table("b", pk="id", fk={"id": "a.id"})
    )
    frame = pd.DataFrame({"id": [1, 2], "x": [0, 1]})
    with pytest.raises(SchemaValidationError, match="all primary keys"):
        made_of(metadata, {"a": frame, "b": frame})


@pytest.fixture(scope="module")
def some_stations():
    metadata, tables = stations()
    return metadata, tables, *made_of(metadata, tables)


def test_composite_keys_that_share_a_column(some_stations):
    metadata, tables, _schema, made = some_stations
    check_keys(metadata, made)
    assert made["readings"]["code"].isin(made["places"]["code"]).all()
    assert len(made["readings"]) == len(tables["readings"])
    # Days follow the hours that they are dealt to.
    trend = made["readings"][["hour", "day"]].corr().iloc[0, 1]
    assert trend > 0.95
    # What repeats the parent's value repeats it.
    joined = made["alarms"].merge(made["readings"], on=["code", "hour"])
    assert len(joined) == len(made["alarms"])
    assert (joined["day_x"] == joined["day_y"]).all()


def test_counts_follow_the_parent(some_stations):
    _, tables, _, made = some_stations
    means = []
    for side in (tables, made):
        number = side["alarms"].groupby(["code", "hour"]).size().rename("n")
        readings = side["readings"].join(number, on=["code", "hour"]).fillna({"n": 0})
        means.append(readings.groupby(readings["wind"] > 20)["n"].mean())
    assert means[1][True] == pytest.approx(means[0][True], rel=0.05)
    assert means[1][False] == pytest.approx(means[0][False], rel=0.05)


def test_missing_keys_keep_their_rate_given_the_row(some_stations):
    _, tables, _schema, made = some_stations
    # Keys that lead nowhere count as missing: the key is missing in other rows, too.
    real = tables["alarms"]["crew"].where(tables["alarms"]["crew"] != "gone").isna()
    drawn = made["alarms"]["crew"].isna()
    assert drawn.mean() == pytest.approx(real.mean(), abs=0.03)
    for loud in (True, False):
        mine = real[tables["alarms"]["loud"] == loud].mean()
        theirs = drawn[made["alarms"]["loud"] == loud].mean()
        assert theirs == pytest.approx(mine, abs=0.08)


def test_orphans_may_have_parents_like_their_likes_instead():
    metadata, tables = stations()
    gone = tables["alarms"]["crew"] == "gone"
    missing = tables["alarms"]["crew"].isna()
    assert gone.mean() > 0.01
    _, made = made_of(metadata, tables, orphans="parent")
    check_keys(metadata, made)
    drawn = made["alarms"]["crew"].isna().mean()
    assert drawn == pytest.approx(missing.mean(), abs=0.03)
    with pytest.raises(ValueError, match="orphans must be one of"):
        made_of(metadata, tables, orphans="drop")


def test_keys_that_are_never_missing_take_no_gaps_from_orphans():
    metadata, tables = shop(n_users=60)
    tables["orders"].loc[::9, "user_id"] = "U-gone"
    _, made = made_of(metadata, tables)
    assert made["orders"]["user_id"].notna().all()
    check_keys(metadata, made)


def test_lines_are_numbered_within_their_order():
    rng = np.random.default_rng(0)
    orders = pd.DataFrame({"no": np.arange(50) + 1, "kind": rng.choice(["a", "b"], 50)})
    number = rng.integers(1, 5, 50)
    lines = pd.DataFrame({"no": np.repeat(orders["no"], number)}).reset_index(drop=True)
    lines["line"] = lines.groupby("no").cumcount() + 1
    lines["price"] = rng.normal(size=len(lines))
    metadata = (
        Metadata()
        .add_table("orders", pk="no")
        .add_table("lines", pk=("no", "line"), fk={"no": "orders.no"})
    )
    _, made = made_of(metadata, {"orders": orders, "lines": lines})
    counted = made["lines"].groupby("no").cumcount() + 1
    assert (made["lines"]["line"] == counted).all()


@pytest.mark.parametrize(("theirs", "mine"), [("uint8", "int16"), ("int64", "uint8")])
def test_keys_that_are_too_narrow_grow_in_parents_and_children(theirs, mine, tmp_path):
    rng = np.random.default_rng(0)
    users = pd.DataFrame({"id": np.arange(80), "x": rng.normal(size=80)})
    users["id"] = users["id"].astype(theirs)
    visits = pd.DataFrame({"id": rng.integers(0, 80, 160), "y": rng.normal(size=160)})
    visits["id"] = visits["id"].astype(mine)
    friends = pd.DataFrame({"id": pd.array(visits["id"], dtype="Int8")})
    friends.loc[::5, "id"] = pd.NA
    friends["z"] = rng.normal(size=160)
    metadata = Metadata().add_table("users", pk="id")
    metadata.add_table("visits", fk={"id": "users.id"})
    metadata.add_table("friends", fk={"id": "users.id"})
    tables = {"users": users, "visits": visits, "friends": friends}
    schema, made = made_of(metadata, tables, {"users": 500})
    check_keys(metadata, made)
    assert made["users"]["id"].tolist() == list(range(500))
    assert made["users"]["id"].dtype == "int64"
    assert made["visits"]["id"].dtype == ("int16" if mine == "int16" else "int64")
    assert made["visits"]["id"].max() > 400
    assert made["friends"]["id"].dtype == "Int64"
    written = schema.generate({"users": 500}, tmp_path, seed=0)
    keys = pd.read_parquet(written["visits"])["id"]
    assert keys.tolist() == made["visits"]["id"].tolist()


def test_siblings_follow_each_other():
    rng = np.random.default_rng(0)
    users = pd.DataFrame({"id": np.arange(150)})
    visits = pd.DataFrame({"id": np.repeat(users["id"], 5)}).reset_index(drop=True)
    level = np.repeat(rng.normal(0, 5, 150), 5)
    visits["sum"] = level + rng.normal(0, 0.5, len(visits))
    metadata = Metadata().add_table("users", pk="id")
    metadata.add_table("visits", fk={"id": "users.id"})
    schema, made = made_of(metadata, {"users": users, "visits": visits})
    assert schema.tables_["visits"].context.previous == ["sum"]
    spread = made["visits"].groupby("id")["sum"].std().mean()
    assert spread < 0.5 * made["visits"]["sum"].std()


def test_keys_follow_the_driver_where_they_always_do():
    rng = np.random.default_rng(0)
    users = pd.DataFrame({"user": np.arange(40), "x": rng.normal(size=40)})
    rentals = pd.DataFrame({"rental": np.arange(120), "user": rng.integers(0, 40, 120)})
    rentals["y"] = rng.normal(size=120)
    payments = rentals[["rental", "user"]].copy()
    payments["sum"] = rng.normal(size=120)
    metadata = (
        Metadata()
        .add_table("users", pk="user")
        .add_table("rentals", pk="rental", fk={"user": "users.user"})
        .add_table("payments", fk={"user": "users.user", "rental": "rentals.rental"})
    )
    tables = {"users": users, "rentals": rentals, "payments": payments}
    _, made = made_of(metadata, tables)
    joined = made["payments"].merge(made["rentals"], on="rental")
    assert (joined["user_x"] == joined["user_y"]).all()


def test_parents_without_children_and_all_missing_keys():
    users = pd.DataFrame({"id": np.arange(30), "x": np.arange(30.0)})
    orders = pd.DataFrame({"id": np.full(20, np.nan), "y": np.arange(20.0)})
    metadata = Metadata().add_table("users", pk="id")
    metadata.add_table("orders", fk={"id": "users.id"})
    schema, made = made_of(metadata, {"users": users, "orders": orders})
    # Nothing ties the orders to the users: they are a root table.
    assert schema.plan_.roots == ["users", "orders"]
    assert made["orders"]["id"].isna().all()
    assert len(made["orders"]) == 20


def test_context_columns_and_driver_can_be_named():
    metadata, tables = shop(n_users=60)
    metadata.tables.pop("orders")
    metadata.add_table(
        "orders",
        pk="order_id",
        fk={"user_id": "users.user_id"},
        parent_context_cols=["segment"],
        linkage_method="negbinom",
    )
    schema, made = made_of(metadata, tables)
    assert schema.tables_["orders"].context.columns == ["users.segment"]
    assert (
        schema.tables_["users"].cardinalities["orders.user_id -> users.user_id"].method
        == "negbinom"
    )
    assert len(made["orders"]) / len(made["users"]) == pytest.approx(3.5, rel=0.1)


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["chinook", "sakila", "berka_no_trans"])
def test_real_schemas(read_schema, name):
    metadata, tables = read_schema(name)
    _, made = made_of(metadata, tables)
    check_keys(metadata, made)
    for table, real in tables.items():
        assert list(made[table].columns) == list(real.columns)
        assert made[table].dtypes.tolist() == real.dtypes.tolist()
        assert len(made[table]) == pytest.approx(len(real), rel=0.1)
