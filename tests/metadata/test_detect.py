"""Schemas are proposed from tables: the real ones, and made ones with traps."""

import logging

import numpy as np
import pandas as pd
import pytest
from metadata.made_schemas import MADE

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metadata import Metadata
from sklearn_synthohive.metadata._names import core, tokens


def keys_of(metadata):
    return {name: table.pk for name, table in metadata.tables.items()}


def relations_of(metadata):
    return {
        (r.child, r.columns, r.parent, r.parent_columns) for r in metadata.relations
    }


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("seed", [0, 1])
def test_made_schemas_are_found(name, seed):
    tables, truth = MADE[name](np.random.default_rng(seed))
    truth.validate_schema(tables)
    found = Metadata.detect(tables, verbose=False)
    assert keys_of(found) == keys_of(truth)
    assert relations_of(found) == relations_of(truth)
    found.validate_schema(tables)
    assert Metadata.from_json(found.to_json()) == found


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name", ["nycflights13", "berka_no_trans", "sakila", "chinook"]
)
def test_real_schemas_are_found(read_schema, name):
    truth, tables = read_schema(name)
    found = Metadata.detect(tables, verbose=False)
    assert keys_of(found) == keys_of(truth)
    assert relations_of(found) == relations_of(truth)
    found.validate_schema(tables)
    assert Metadata.from_json(found.to_json()) == found


@pytest.mark.parametrize("name", ["shop", "clinic", "sensors"])
def test_other_containers_give_the_same(name):
    tables, truth = MADE[name](np.random.default_rng(0))
    for convert in (
        lambda t: t.convert_dtypes(),
        lambda t: t.astype({c: "category" for c in t if t[c].map(type).eq(str).all()}),
        lambda t: t.set_axis(t.index[::-1]).sample(frac=1, random_state=0),
    ):
        found = Metadata.detect(
            {k: convert(t) for k, t in tables.items()}, verbose=False
        )
        assert keys_of(found) == keys_of(truth)
        assert relations_of(found) == relations_of(truth)


@pytest.fixture
def shop():
    return MADE["shop"](np.random.default_rng(0))[0]


def test_reasons_are_printed_logged_and_kept(shop, capsys, caplog):
    with caplog.at_level(logging.INFO, "sklearn_synthohive"):
        metadata = Metadata.detect(shop)
    printed = capsys.readouterr().out.splitlines()
    assert tuple(printed) == metadata.reasons
    assert len(caplog.records) == len(printed)
    told = "\n".join(printed)
    assert "orders: 400 rows, 5 columns" in told
    line = next(p for p in printed if "fk orders.user_id -> users.id" in p)
    assert "it is named after users" in line
    assert "rows lead nowhere" in line
    assert "missing in" in line
    assert "line counts the rows of each order_id" in told
    assert "pk no key" not in told
    assert Metadata.detect(shop, verbose=False) == metadata
    assert capsys.readouterr().out == ""
    assert Metadata.from_json(metadata.to_json()).reasons == ()


def test_context_leaves_out_what_does_not_describe(shop):
    metadata = Metadata.detect(shop, verbose=False)
    orders = metadata.get_table("orders")
    assert orders.parent_context_cols == ("users.age", "countries.area")
    assert metadata.get_table("products").parent_context_cols is None
    assert any("context without users.name" in line for line in metadata.reasons)


def test_one_line_is_corrected(shop):
    metadata = Metadata.detect(shop, verbose=False)
    metadata.drop_foreign_key("users", "country")
    metadata.add_foreign_key("users", "age", "products.id")
    metadata.update_table("countries", pk=None)
    assert metadata.get_table("users").fk == {"age": "products.id"}
    assert metadata.get_table("countries").pk is None
    with pytest.raises(SchemaError, match=r"'ages' is no foreign key of 'users'"):
        metadata.drop_foreign_key("users", "ages")
    with pytest.raises(SchemaError, match="'people' is unknown"):
        metadata.update_table("people", pk="id")
    driven = Metadata().add_table("a", pk="id")
    driven.add_table("b", fk={"a": "a.id"}, driver="a", parent_context_cols=["x"])
    assert driven.drop_foreign_key("b", "a").get_table("b").driver is None


def test_what_is_not_proposed_is_said(shop):
    shop["orders"] = shop["orders"].assign(
        product_id=[f"{i % 60 + 1}" for i in range(400)],
        category_id=np.arange(400) + 5_000,
        session_id=np.arange(400) % 7,
    )
    told = Metadata.detect(shop, verbose=False).reasons
    for column, why in (
        ("product_id", "holds texts and products.id integers"),
        ("category_id", "0 % of its values are there"),
        ("session_id", "nothing tells of which table"),
    ):
        assert any(f"orders.{column}" in line and why in line for line in told)


def test_a_column_of_missing_values_is_found_by_its_name(shop):
    shop["orders"]["category_id"] = np.nan
    metadata = Metadata.detect(shop, verbose=False)
    assert metadata.get_table("orders").fk["category_id"] == "categories.id"
    assert any("the names alone say so" in line for line in metadata.reasons)


def test_dates_written_as_text_are_pointed_out(shop):
    shop["orders"]["placed_at"] = shop["orders"]["placed_at"].astype(str)
    told = Metadata.detect(shop, verbose=False).reasons
    assert any("dates written as text" in line and "placed_at" in line for line in told)


@pytest.mark.parametrize(
    ("tables", "error", "told"),
    [
        ([], TypeError, "mapping of table names"),
        ({}, TypeError, "got none"),
        ({"a": [1]}, TypeError, "a: detect takes DataFrames, got list"),
        ({"a": pd.DataFrame({"x": []})}, SchemaError, "a: the data have no rows"),
        (
            {"a": pd.DataFrame([[1, 2]], columns=["x", "x"])},
            SchemaError,
            "a.x: the data have this column twice",
        ),
    ],
)
def test_bad_input_is_named(tables, error, told):
    with pytest.raises(error, match=told):
        Metadata.detect(tables)


def test_odd_columns_break_nothing():
    frame = pd.DataFrame(
        {
            "lists": [[1], [2], [1]],
            "mixed": [1, "a", None],
            "spans": pd.to_timedelta([1, 2, 2], unit="D"),
            "flags": [True, False, True],
            0: [1.5, np.inf, 2.0],
        }
    )
    found = Metadata.detect({"odd": frame, "even": frame}, verbose=False)
    assert found.relations == ()
    assert keys_of(found) == {"odd": None, "even": None}


def test_names_are_taken_apart():
    assert tokens("film_categories") == ("film", "category")
    assert tokens("addresses") == ("address",)
    assert tokens("status") == ("status",)
    assert core("userid") == core("user_id") == core("UserNo") == ("user",)
    assert core("id") == ()


def test_json_keeps_a_relation_on_a_line():
    metadata = Metadata().add_table("a", pk=("x", "y"))
    metadata.add_table("b", fk={("p", "q"): ("a.x", "a.y"), "r": "c.z"})
    text = metadata.to_json()
    assert '        [["p", "q"], ["a.x", "a.y"]],\n' in text
    assert '      "pk": ["x", "y"]\n' in text
