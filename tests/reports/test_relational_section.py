"""The relations of a schema on a report's page: figures, pictures, warnings."""

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metadata import Metadata
from sklearn_synthohive.reports import (
    CardinalityDisplay,
    QualityReport,
    SchemaReport,
    relational_section,
)


@pytest.fixture(scope="module")
def metadata():
    return (
        Metadata()
        .add_table("users", pk="id")
        .add_table("shops", pk="id")
        .add_table("orders", fk={"user": "users.id", "shop": "shops.id"})
    )


def make(seed):
    """Paying users have six orders with large sums, in shops of size 1."""
    rng = np.random.default_rng(seed)
    users = pd.DataFrame({"id": range(300), "plan": ["free", "paid<b>"] * 150})
    n_orders = np.where(users["plan"] == "free", 1, 6)
    who = np.repeat(np.arange(300), n_orders)
    shops = pd.DataFrame({"id": range(60), "size": np.arange(60) % 2})
    paid = (who % 2).astype(bool)
    orders = pd.DataFrame(
        {
            "user": who,
            "shop": 2 * rng.integers(0, 30, len(who)) + paid,
            "sum": rng.normal(10.0 * paid, 1),
            "gift": rng.random(len(who)) < 0.3,
            "taste": np.array(list("abcde"))[who % 5],
        }
    )
    orders["shop"] = orders["shop"].astype(float).mask(orders["gift"])
    return {"users": users, "shops": shops, "orders": orders}


@pytest.fixture(scope="module")
def real():
    return make(0)


def test_good_tables_have_no_warnings(real, metadata):
    section = relational_section(real, make(1), metadata)
    assert section.findings == []
    summary = section.tables["All measures of the relations"]
    assert summary.loc["cardinality", "score"] > 0.95
    keys = section.tables["Children per parent, and keys"]
    assert keys.loc["orders.user -> users.id", "children, real"] == 3.5
    assert len(section.figures) == 2


def found(real, synthetic, metadata):
    findings = relational_section(real, synthetic, metadata).findings
    assert [f.severity for f in findings] == sorted(
        (f.severity for f in findings), reverse=True
    )
    codes = {f.code for f in findings}
    return {c: " ".join(f.text for f in findings if f.code == c) for c in codes}


def test_what_is_lost_is_said_in_words(real, metadata):
    rng = np.random.default_rng(0)
    shuffled = real["orders"].assign(user=rng.integers(0, 300, len(real["orders"])))
    told = found(real, real | {"orders": shuffled}, metadata)
    assert "users.plan = free have 3." in told["cardinality"]
    assert "the real ones 1.00" in told["cardinality"]
    assert "users.plan and orders.sum do not depend" in told["dependence_lost"]
    assert "are alike in taste by" in told["siblings"]

    orders = real["orders"]
    wrong = orders["shop"].sample(frac=1, random_state=0).to_numpy()
    told = found(real, real | {"orders": orders.assign(shop=wrong)}, metadata)
    assert "where orders.gift = " in told["missing_keys"]
    assert "users.plan and shops.size" in told["dependence_lost"]

    lost = orders.assign(user=orders["user"].mask(orders["user"] == 1, 7_777))
    told = found(real, real | {"orders": lost}, metadata)
    assert told["orphan_keys"] == (
        "orders.user -> users.id: 6 of 1,050 keys lead nowhere."
    )

    bridge = Metadata().add_table("users", pk="id").add_table("shops", pk="id")
    bridge.add_table("orders", fk={"user": "users.id", "shop": "shops.id"})
    whole = orders.drop_duplicates(["user", "shop"]).dropna()
    twice = pd.concat([whole[: len(whole) // 2]] * 2)
    told = found(real | {"orders": whole}, real | {"orders": twice}, bridge)
    assert (
        "50.0% of the pairs are distinct, of the real ones 100.0%"
        in (told["repeated_pairs"])
    )


def test_it_is_part_of_a_page_and_escaped(real, metadata):
    section = relational_section(real, make(1), metadata)
    table = real["orders"][["sum", "gift"]]
    page = QualityReport(table, table, sections=[section]).compute().to_html()
    assert "Relations between the tables" in page
    assert "orders.user -&gt; users.id" in page
    assert "paid<b>" not in page
    assert page.count("data:image/svg") > 2


def test_counts_are_drawn_for_any_relation(real, metadata):
    display = CardinalityDisplay.from_frames(
        real, make(1), metadata, metadata.relations[1]
    )
    assert display.ax_.get_xlabel() == "orders per shops"
    heights = [patch.get_data()[0].sum() for patch in display.ax_.patches]
    assert heights == pytest.approx([100, 100])
    with pytest.raises(SchemaError, match=r"no relation 'orders\.town'"):
        CardinalityDisplay.from_frames(real, real, metadata, "orders.town")


def test_large_counts_are_binned():
    rng = np.random.default_rng(0)
    display = CardinalityDisplay(
        rng.poisson(500, 300), np.r_[rng.poisson(500, 299), 10**6]
    )
    display.plot()
    (first, second) = (patch.get_data() for patch in display.ax_.patches)
    assert len(first[1]) <= 52
    assert second[0].sum() == pytest.approx(100)


def test_empty_children(real, metadata):
    empty = real | {"orders": real["orders"][:0]}
    section = relational_section(real, empty, metadata)
    assert any(f.code == "cardinality" for f in section.findings)
    told = " ".join(f.text for f in section.findings)
    assert "orders.user -> users.id: there are no rows; of the real ones 0.0%" in told
    assert "nan" not in told


def test_empty_parents(real, metadata):
    told = found(real, real | {"users": real["users"][:0]}, metadata)
    assert "all parents are absent; the real ones have 3.50" in told["cardinality"]
    assert "nan" not in " ".join(told.values())


def test_a_schema_has_a_page_of_its_own(real, metadata, tmp_path):
    synthetic = make(1)
    synthetic["shops"]["size"] = 0
    report = SchemaReport(real, synthetic, metadata, title="Shop <&>", max_rows=400)
    tables = report.tables
    assert list(tables.index) == ["users", "shops", "orders"]
    assert tables.loc["orders", "shape"] == pytest.approx(
        tables.loc["orders", "shape, real"], abs=0.08
    )
    assert tables.loc["shops", "shape"] < 0.65 < tables.loc["shops", "shape, real"]
    assert tables["trend"].isna().tolist() == [True, True, False]
    page = report.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == page
    assert "Shop &lt;&amp;&gt;" in page
    assert "paid<b>" not in page
    assert "1,410 real rows and 1,410 synthetic rows in 3 tables." in page
    assert any(f.code == "dependence_lost" for f in report.findings)
    again = SchemaReport(real, synthetic, metadata, title="Shop <&>", max_rows=400)
    assert again.to_html() == page


def test_tables_without_relations_are_judged_one_by_one(real):
    metadata = Metadata().add_table("users", pk="id").add_table("shops", pk="id")
    tables = {name: real[name] for name in ("users", "shops")}
    report = SchemaReport(tables, tables, metadata)
    assert report.findings == []
    assert "360 real rows" in report.to_html()
    assert list(report.tables.index) == ["users", "shops"]
