"""Tables describe themselves, contradictions are told, and JSON keeps all."""

import copy
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone

from sklearn_synthohive.exceptions import SchemaError, SchemaValidationError
from sklearn_synthohive.metadata import Constraint, Metadata, TableConfig


def shop():
    return (
        Metadata()
        .add_table("users", pk="user_id")
        .add_table(
            "orders",
            pk=("user_id", "no"),
            fk={"user_id": "users.user_id"},
            parent_context_cols=["region", "users.age"],
            constraints={"amount": Constraint(dtype="float", min=0)},
            high_cardinality_cols=["city"],
            linkage_method="negbinom",
            driver="user_id",
        )
        .add_table("items", fk={("user", "order"): ("orders.user_id", "orders.no")})
    )


def data():
    return {
        "users": pd.DataFrame(
            {"user_id": [1, 2, 3], "region": ["n", "s", "n"], "age": [30, 40, 50]}
        ),
        "orders": pd.DataFrame(
            {
                "user_id": [1, 1, 3],
                "no": [1, 2, 1],
                "amount": [1.0, 2.0, np.nan],
                "city": ["a", "b", "c"],
            }
        ),
        "items": pd.DataFrame({"user": [1, 3, None], "order": [2, 1, None], "x": 1}),
    }


def test_a_sound_schema_passes():
    shop().validate_schema()
    shop().validate_schema(data())


def test_excluded_columns_are_those_of_all_keys():
    assert shop().get_table("users").columns_excluded == ("user_id",)
    assert shop().get_table("orders").columns_excluded == ("user_id", "no")
    assert shop().get_table("items").columns_excluded == ("user", "order")
    assert TableConfig("alone").columns_excluded == ()
    assert TableConfig("alone").pk_columns == ()


def test_tables_keep_their_order_and_can_be_deleted():
    metadata = shop()
    assert list(metadata.tables) == ["users", "orders", "items"]
    assert repr(metadata) == "Metadata(users, orders, items)"
    with pytest.raises(SchemaError, match=r"already described; delete it first"):
        metadata.add_table("users")
    del metadata.tables["users"]
    metadata.add_table("users", pk="id")
    assert metadata.get_table("users").pk == "id"


def test_an_unknown_table_is_named_with_those_there_are():
    with pytest.raises(SchemaError, match=r"'user' is unknown.*\['users', 'orders'"):
        shop().get_table("user")
    with pytest.raises(SchemaError, match="takes TableConfig objects, got str"):
        Metadata(["users"])


class Holder(BaseEstimator):
    def __init__(self, metadata=None):
        self.metadata = metadata


def test_it_compares_copies_pickles_and_clones():
    metadata = shop()
    for same in (copy.deepcopy(metadata), pickle.loads(pickle.dumps(metadata)), shop()):
        assert same == metadata
        assert same is not metadata
    assert metadata != Metadata()
    assert metadata != "metadata"
    cloned = clone(Holder(metadata)).metadata
    assert cloned == metadata
    cloned.add_table("more")
    assert cloned != metadata
    with pytest.raises(TypeError, match="unhashable"):
        hash(metadata)


def test_table_configs_are_frozen():
    table = shop().get_table("orders")
    with pytest.raises(AttributeError):
        table.pk = "id"
    for part in (table.fk, table.constraints):
        with pytest.raises(TypeError, match="frozen"):
            part["amount"] = None
        with pytest.raises(TypeError, match="frozen"):
            part.update(amount=None)
        with pytest.raises(TypeError, match="frozen"):
            part |= {}
    assert hash(table) == hash(shop().get_table("orders"))
    assert copy.copy(table.fk) == {"user_id": "users.user_id"}


def test_a_frozen_table_does_not_change_with_what_it_was_made_of():
    fk, columns = {"user_id": "users.user_id"}, ["city"]
    table = TableConfig("orders", fk=fk, high_cardinality_cols=columns)
    fk.clear()
    columns.clear()
    assert table.fk == {"user_id": "users.user_id"}
    assert table.high_cardinality_cols == ("city",)


@pytest.mark.parametrize("to_file", [True, False])
def test_json_keeps_all(tmp_path, to_file):
    metadata = shop().add_table(
        "numbers",
        pk=0,
        constraints={3: {"min": "2020-01-01"}},
        high_cardinality_cols=[1],
    )
    text = metadata.to_json(tmp_path / "metadata.json")
    read = Metadata.from_json(tmp_path / "metadata.json" if to_file else text)
    assert read == metadata
    assert list(read.tables) == list(metadata.tables)
    assert Metadata.from_dict(metadata.to_dict()) == metadata
    assert read.get_table("items").fk == {
        ("user", "order"): ("orders.user_id", "orders.no")
    }
    assert read.get_table("numbers").constraints == {3: Constraint(min="2020-01-01")}


def test_json_is_plain_to_read():
    assert json.loads(Metadata().add_table("users", pk="id").to_json()) == {
        "tables": [{"name": "users", "pk": "id"}]
    }
    assert shop().get_table("orders").to_dict()["fk"] == {"user_id": "users.user_id"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not JSON"),
        ("{}", "one entry 'tables'"),
        ('{"tables": [], "version": 2}', "one entry 'tables'"),
        ('{"tables": [{"pk": "id"}]}', "has a name"),
        ('{"tables": [{"name": "a", "key": "id"}]}', r"got \['key', 'name'\]"),
        (
            '{"tables": [{"name": "a", "constraints": {"x": {"low": 1}}}]}',
            "no \\['low'",
        ),
        (
            '{"tables": [{"name": "a", "constraints": {"x": 3}}]}',
            "must be a Constraint",
        ),
        ('{"tables": 5}', "a list of mappings.*got 5"),
        ('{"tables": {"users": {}}}', "a list of mappings"),
        ('{"tables": ["users"]}', "a list of mappings"),
        ('{"tables": [{"name": "a", "pk": {"a": 1}}]}', "a key is a column"),
        ('{"tables": [{"name": "a", "pk": ["b", ["c"]]}]}', "a key is a column"),
        (
            '{"tables": [{"name": "a", "high_cardinality_cols": [["b"]]}]}',
            "holds what is no column",
        ),
    ],
)
def test_what_is_wrong_with_json_is_told(tmp_path, text, told):
    with pytest.raises(SchemaError, match=told):
        Metadata.from_json(text)
    (tmp_path / "file.json").write_text(text[1:])
    with pytest.raises(SchemaError, match=r"file\.json' is not JSON"):
        Metadata.from_json(tmp_path / "file.json")


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (
            {"linkage_method": "poisson"},
            r"'poisson' is unknown.*\['empirical', 'negbinom",
        ),
        ({"fk": {"a": "users"}}, "must refer to 'table.column', got 'users'"),
        ({"fk": {"a": 3}}, "must refer to 'table.column'"),
        ({"fk": {("a", "b"): "users.a"}}, "as many columns as it has"),
        ({"fk": "users.a"}, "fk must be a mapping"),
        ({"pk": ()}, "None for no key"),
        ({"pk": ("a", "a")}, "once each"),
        ({"constraints": {"a": 3}}, "must be a Constraint, got int"),
        ({"pk": "a", "constraints": {"a": Constraint(min=0)}}, "names the key 'a'"),
        ({"pk": "a", "high_cardinality_cols": ["a"]}, "names the key 'a'"),
        ({"fk": {"a": "users.a"}, "driver": "b"}, r"'b' is none of its foreign keys"),
        ({"high_cardinality_cols": "city"}, "must be a list of columns"),
        ({"parent_context_cols": "city"}, "must be a list of columns"),
    ],
)
def test_contradictions_in_a_table_are_refused(parts, told):
    with pytest.raises(SchemaError, match=told) as caught:
        Metadata().add_table("orders", **parts)
    assert "'orders'" in str(caught.value)


def test_typos_are_type_errors():
    with pytest.raises(TypeError, match="primary_key"):
        Metadata().add_table("orders", primary_key="id")


def test_names_of_tables_are_texts():
    with pytest.raises(SchemaError, match="name of a table must be a text"):
        Metadata().add_table(3)


def test_a_key_of_one_column_in_a_tuple_is_that_column():
    table = TableConfig("orders", pk=("id",), fk={("user",): ("users.id",)})
    assert table == TableConfig("orders", pk="id", fk={"user": "users.id"})


def test_all_structural_problems_are_told_at_once():
    metadata = (
        Metadata()
        .add_table("users", pk="id")
        .add_table("keyless", parent_context_cols=["age"])
        .add_table(
            "orders",
            fk={
                "a": "nowhere.id",
                "b": "users.name",
                "c": "keyless.id",
                ("d", "e"): ("users.id", "keyless.id"),
            },
        )
    )
    with pytest.raises(SchemaValidationError) as caught:
        metadata.validate_schema()
    told = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 5
    assert "keyless: parent_context_cols=['age'] but the table has no parent" in told
    assert (
        "orders.a: fk refers to 'nowhere.id', but there is no table 'nowhere'" in told
    )
    assert "orders.b: fk refers to 'users.name', but the primary key of 'users'" in told
    assert "orders.c: fk refers to 'keyless.id', but the primary key" in told
    assert "orders.(d, e): a foreign key refers to one table" in told


def test_names_with_dots_are_resolved_by_the_known_tables():
    metadata = (
        Metadata()
        .add_table("public.users", pk="user.id")
        .add_table("orders", fk={"user": "public.users.user.id"})
    )
    metadata.validate_schema()


def broken(**changes):
    tables = data()
    for name, frame in changes.items():
        if frame is None:
            del tables[name]
        else:
            tables[name] = frame
    return tables


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"items": None}, "items: described but without data"),
        ({"more": pd.DataFrame({"a": [1]})}, "more: there is data but no description"),
        (
            {"users": data()["users"].drop(columns="user_id")},
            "users.user_id: pk names a column that the data does not have",
        ),
        (
            {"orders": data()["orders"].drop(columns="amount")},
            "orders.amount: constraints names a column",
        ),
        (
            {"orders": data()["orders"].drop(columns="city")},
            "orders.city: high_cardinality_cols names a column",
        ),
        (
            {"items": data()["items"].drop(columns="order")},
            "items.order: fk names a column",
        ),
        (
            {"users": data()["users"].drop(columns="age")},
            "orders: parent_context_cols names 'users.age'",
        ),
        (
            {"users": data()["users"].assign(user_id=[1, 1, 3])},
            "users.user_id: the primary key is repeated in 1 rows",
        ),
        (
            {"users": data()["users"].assign(user_id=[1, None, 3])},
            "users.user_id: the primary key is missing in 1 rows",
        ),
        (
            {"orders": data()["orders"].assign(user_id=[7, 8, 9])},
            "orders.user_id: none of its 3 keys is in users",
        ),
        (
            {"items": data()["items"].assign(order=[7, 7, None])},
            "items.(user, order): none of its 2 keys is in orders",
        ),
        ({"users": data()["users"][:0]}, "users: the data have no rows"),
        ({"users": [1]}, "users: the data must be a pandas DataFrame, got list"),
        (
            {"users": pd.DataFrame([[1, 2]], columns=["user_id", "user_id"])},
            "users.user_id: the data have this column twice",
        ),
        (
            {"orders": data()["orders"].assign(user_id=pd.Timestamp("2020"))},
            "orders.user_id: fk holds datetime64",
        ),
        (
            {"orders": data()["orders"].assign(user_id=["1", "1", "3"])},
            "orders.user_id: fk holds",
        ),
        (
            {"orders": data()["orders"].assign(amount=["a", "b", "c"])},
            "orders.amount: Column 'amount' holds",
        ),
    ],
)
def test_problems_in_the_data_are_told(changes, told):
    with pytest.raises(SchemaValidationError) as caught:
        shop().validate_schema(broken(**changes))
    assert any(told in problem for problem in caught.value.problems)


def test_all_problems_in_the_data_are_told_at_once():
    tables = broken(
        users=data()["users"].assign(user_id=[1, 1, None]),
        orders=data()["orders"].drop(columns=["amount", "city"]),
        items=None,
    )
    with pytest.raises(SchemaValidationError) as caught:
        shop().validate_schema(tables)
    assert len(caught.value.problems) == 5


def test_values_outside_a_constraint_are_no_problem_of_the_schema():
    tables = broken(orders=data()["orders"].assign(amount=-1.0))
    shop().validate_schema(tables)


def test_missing_foreign_keys_and_keys_of_other_widths_are_fine():
    tables = broken(
        users=data()["users"].astype({"user_id": "int16"}),
        orders=data()["orders"].astype({"user_id": "Int64"}),
    )
    shop().validate_schema(tables)
