"""Keys and constraints of a table that metadata describe."""

import logging

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, parents, same, small_gan

from sklearn_synthohive import (
    CTGAN,
    Constraint,
    ConstraintViolationError,
    DataTransformer,
    Metadata,
    SchemaError,
)


def orders(n=400):
    """Keys, a number whose rule half of the rows break, and others."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "order_id": np.arange(n),
            "user_id": rng.integers(0, 50, n),
            "amount": rng.normal(0, 10, n).round(2),
            "items": rng.integers(1, 9, n),
            "kind": rng.choice(["a", "b"], n),
        }
    )


def metadata(**rules):
    rules = rules or {"amount": Constraint(min=0)}
    return (
        Metadata()
        .add_table("users", pk="user_id")
        .add_table(
            "orders",
            pk="order_id",
            fk={"user_id": "users.user_id"},
            constraints=rules,
        )
    )


@pytest.fixture(scope="module")
def model():
    return fit(small_gan(metadata=metadata()), orders(), table_name="orders")


def test_keys_are_left_out(model):
    sample = model.sample(20, seed=0)
    assert list(sample.columns) == ["amount", "items", "kind"]
    assert model.n_features_in_ == 5


def test_without_a_table_name_nothing_is_left_out_and_no_rule_holds():
    model = fit(small_gan(metadata=metadata()), orders())
    sample = model.sample(500, seed=0, enforce_constraints=True)
    assert list(sample.columns) == list(orders().columns)
    assert len(sample) == 500
    assert (sample["amount"] < 0).any()


def test_values_are_clipped_by_default(model, caplog):
    sample = model.sample(400, seed=0)
    assert len(sample) == 400
    assert sample["amount"].min() == 0
    assert not caplog.records


class TestEnforcing:
    def test_rows_that_break_a_rule_are_dropped(self, model):
        clipped = model.sample(400, seed=0)
        kept = model.sample(400, seed=0, enforce_constraints=True)
        assert 0 < len(kept) < 400
        assert (kept["amount"] >= 0).all()
        assert kept.dtypes.equals(clipped.dtypes)
        # The index still tells which row of the sample, and of a context, it was.
        assert kept.index.is_monotonic_increasing
        assert kept.index.max() >= len(kept)
        others = ["items", "kind"]
        same(kept[others], clipped.loc[kept.index, others])
        assert (clipped["amount"].drop(kept.index) == 0).all()

    def test_the_log_lists_the_violations(self, caplog):
        rules = {"amount": Constraint(min=0), "items": Constraint(max=4)}
        model = fit(
            small_gan(metadata=metadata(**rules)), orders(), table_name="orders"
        )
        kept = model.sample(400, seed=0, enforce_constraints=True)
        assert (kept["items"] <= 4).all()
        (record,) = (r for r in caplog.records if r.levelno == logging.WARNING)
        text = record.getMessage()
        assert f"dropped={400 - len(kept)}" in text
        assert "amount" in text
        assert "items" in text

    def test_rows_that_keep_the_rules_are_all_kept(self, caplog):
        rules = {"items": Constraint(min=1, max=9)}
        model = fit(
            small_gan(metadata=metadata(**rules)), orders(), table_name="orders"
        )
        kept = model.sample(300, seed=0, enforce_constraints=True)
        same(kept, model.sample(300, seed=0))
        assert not caplog.records

    def test_none_left_is_an_error(self):
        rules = {"amount": Constraint(min=1e6)}
        model = fit(
            small_gan(metadata=metadata(**rules)), orders(), table_name="orders"
        )
        with pytest.raises(ConstraintViolationError, match="amount"):
            model.sample(50, seed=0, enforce_constraints=True)
        assert (model.sample(50, seed=0)["amount"] == 1e6).all()

    def test_no_rows_asked_for_are_no_error(self, model):
        assert len(model.sample(0, enforce_constraints=True)) == 0

    def test_rows_still_match_their_context(self):
        context = parents(400)[["region"]]
        model = fit(
            small_gan(metadata=metadata()),
            orders(),
            table_name="orders",
            context=context,
        )
        kept = model.sample(400, context=context, seed=0, enforce_constraints=True)
        assert 0 < len(kept) < 400
        assert set(kept.index) <= set(context.index)

    def test_with_conditions(self, model):
        kept = model.sample(
            300, seed=0, enforce_constraints=True, conditions={"kind": "b"}
        )
        assert 0 < len(kept) < 300
        assert (kept["kind"] == "b").all()
        assert (kept["amount"] >= 0).all()

    def test_it_survives_saving(self, model, tmp_path):
        model.save(tmp_path / "m")
        loaded = CTGAN.from_saved(tmp_path / "m")
        same(
            loaded.sample(200, seed=0, enforce_constraints=True),
            model.sample(200, seed=0, enforce_constraints=True),
        )

    def test_it_is_as_the_table_was_at_fit(self):
        """Later changes of the metadata object do not reach a fitted model."""
        described = metadata()
        model = fit(small_gan(metadata=described), orders(), table_name="orders")
        before = model.sample(200, seed=0, enforce_constraints=True)
        model.set_params(metadata=None)
        same(model.sample(200, seed=0, enforce_constraints=True), before)


def test_a_transformer_may_bring_the_metadata():
    transformer = DataTransformer(metadata(), random_state=0)
    model = fit(small_gan(transformer=transformer), orders(), table_name="orders")
    clipped = model.sample(400, seed=0)
    assert list(clipped.columns) == ["amount", "items", "kind"]
    assert clipped["amount"].min() == 0
    kept = model.sample(400, seed=0, enforce_constraints=True)
    assert 0 < len(kept) < 400
    assert (kept["amount"] >= 0).all()


class TestBadDescriptions:
    def test_an_unknown_table(self):
        with pytest.raises(SchemaError, match="invoices"):
            fit(small_gan(metadata=metadata()), orders(), table_name="invoices")

    def test_a_table_without_metadata(self):
        with pytest.raises(SchemaError, match="metadata"):
            fit(small_gan(), orders(), table_name="orders")

    def test_metadata_without_tables(self):
        with pytest.raises(ValueError, match="add_table"):
            fit(small_gan(metadata=Metadata()), orders())

    def test_an_unknown_column(self):
        rules = {"weight": Constraint(min=0)}
        with pytest.raises(SchemaError, match="weight"):
            fit(small_gan(metadata=metadata(**rules)), orders(), table_name="orders")

    def test_a_rule_for_another_kind(self):
        rules = {"kind": Constraint(min=0)}
        with pytest.raises(SchemaError, match="kind"):
            fit(small_gan(metadata=metadata(**rules)), orders(), table_name="orders")

    def test_nothing_but_keys(self):
        keys = Metadata().add_table("orders", pk=("order_id", "user_id"))
        with pytest.raises(SchemaError, match="keys"):
            fit(
                small_gan(metadata=keys),
                orders()[["order_id", "user_id"]],
                table_name="orders",
            )
