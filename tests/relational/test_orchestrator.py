"""The calls that a user makes: fit, generate, save, load."""

import joblib
import numpy as np
import pandas as pd
import pytest
from resampler import Resampler
from small_schemas import shop

from sklearn_synthohive import CTGAN, Metadata, StagedOrchestrator
from sklearn_synthohive.exceptions import SchemaValidationError, SerializationError


@pytest.fixture(scope="module")
def fitted():
    metadata, tables = shop()
    return StagedOrchestrator(metadata, Resampler, random_state=0).fit_all(
        tables, progress_bar=False
    )


@pytest.fixture(scope="module")
def with_ctgan():
    metadata, tables = shop(n_users=60)
    schema = StagedOrchestrator(metadata, random_state=0)
    return schema.fit_all(tables, epochs=2, progress_bar=False), tables


def test_counts_and_amounts_follow_the_segment(fitted):
    tables = fitted.generate({"users": 300}, seed=1)
    users, orders = tables["users"], tables["orders"]
    joined = orders.merge(users, on="user_id")
    number = orders.groupby("user_id").size().reindex(users["user_id"]).fillna(0)
    means = number.groupby(users.set_index("user_id")["segment"]).mean()
    assert means["one"] == pytest.approx(1, rel=0.05)
    assert means["six"] == pytest.approx(6, rel=0.05)
    amounts = joined.groupby("segment")["amount"].mean()
    assert amounts["one"] == pytest.approx(0, abs=0.3)
    assert amounts["six"] == pytest.approx(10, abs=0.3)


def test_columns_dtypes_and_looks_are_those_of_the_real_tables(with_ctgan):
    schema, real = with_ctgan
    made = schema.generate(50)
    for name, table in made.items():
        assert list(table.columns) == list(real[name].columns)
        assert table.dtypes.astype(str).tolist() == (
            real[name].dtypes.astype(str).tolist()
        )
    assert made["users"]["user_id"].str.fullmatch(r"U-\d{4}").all()
    assert made["users"]["user_id"].is_unique
    assert made["orders"]["order_id"].is_unique
    assert made["orders"]["user_id"].isin(made["users"]["user_id"]).all()


def test_seeds(fitted):
    first, again = (fitted.generate(40, seed=s)["orders"] for s in (3, 3))
    other = fitted.generate(40, seed=4)["orders"]
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)
    metadata, tables = shop()
    twin = StagedOrchestrator(metadata, Resampler, random_state=0)
    twin.fit_all(tables, progress_bar=False)
    pd.testing.assert_frame_equal(twin.generate(40, seed=3)["orders"], first)
    fresh = [twin.generate(40)["orders"] for _ in range(2)]
    assert not fresh[0].equals(fresh[1])


def test_a_saved_schema_generates_the_same(with_ctgan, tmp_path):
    schema, _ = with_ctgan
    schema.save(tmp_path / "schema")
    loaded = StagedOrchestrator.from_saved(tmp_path / "schema")
    assert loaded.metadata == schema.metadata
    for name, table in schema.generate(30, seed=5).items():
        pd.testing.assert_frame_equal(loaded.generate(30, seed=5)[name], table)
    with pytest.raises(SerializationError, match="model_cls=CTGAN"):
        StagedOrchestrator.from_saved(tmp_path / "schema", Resampler)
    (tmp_path / "schema" / "model-001.tar").write_bytes(b"")
    with pytest.raises(SerializationError, match=r"model-001\.tar"):
        StagedOrchestrator.from_saved(tmp_path / "schema")


def test_the_schema_that_was_learned_is_saved_and_not_what_became_of_it(tmp_path):
    metadata, tables = shop(n_users=30)
    schema = StagedOrchestrator(metadata, Resampler, random_state=0)
    schema.fit_all(tables, progress_bar=False)
    metadata.add_table("later", pk="key")
    schema.save(tmp_path / "schema")
    loaded = StagedOrchestrator.from_saved(tmp_path / "schema", Resampler)
    assert list(loaded.generate({"users": 5}, seed=3)) == list(tables)


def test_files_in_and_out(fitted, tmp_path):
    metadata, tables = shop()
    tables["users"].to_parquet(tmp_path / "users.parquet")
    parts = tmp_path / "orders"
    parts.mkdir()
    for i, rows in enumerate(np.array_split(np.arange(len(tables["orders"])), 3)):
        tables["orders"].take(rows).to_csv(parts / f"part-{i}.csv", index=False)
    schema = StagedOrchestrator(metadata, Resampler, random_state=0)
    sources = {"users": tmp_path / "users.parquet", "orders": str(parts)}
    schema.fit_all(sources, progress_bar=False)
    paths = schema.generate(100, tmp_path / "out", seed=2)
    assert list(paths) == ["users", "orders"]
    frames = schema.generate(100, seed=2)
    for name, path in paths.items():
        pd.testing.assert_frame_equal(pd.read_parquet(path), frames[name])
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["orders", "users"]


@pytest.mark.parametrize(
    ("num_rows", "told"),
    [
        ({}, "lacks the root table 'users'"),
        ({"users": 3, "orders": 4}, "follow those of 'users'"),
        ({"users": 3, "clients": 4}, "which is no table"),
        ({"users": -1}, "got -1"),
        ({"users": True}, "got True"),
    ],
)
def test_num_rows_are_checked(fitted, num_rows, told):
    with pytest.raises(SchemaValidationError, match=told):
        fitted.generate(num_rows)


def test_no_rows(fitted):
    made = fitted.generate(0)
    assert [len(t) for t in made.values()] == [0, 0]
    assert list(made["orders"]) == ["order_id", "user_id", "amount"]


def test_bad_classes_and_parameters():
    metadata, tables = shop(n_users=20)
    with pytest.raises(TypeError, match="derived from ConditionalGenerativeModel"):
        StagedOrchestrator(metadata, dict).fit_all(tables)
    with pytest.raises(TypeError, match="neighbors"):
        StagedOrchestrator(metadata, Resampler).fit_all(tables, neighbors=3)
    with pytest.raises(ValueError, match="on_write_failure"):
        StagedOrchestrator(metadata, CTGAN, on_write_failure="ignore").fit_all(tables)


def test_problems_of_the_data_are_told_together(tmp_path):
    metadata, tables = shop(n_users=20)
    tables["users"] = pd.concat([tables["users"]] * 2)
    tables["orders"] = tables["orders"].drop(columns="user_id")
    with pytest.raises(SchemaValidationError) as caught:
        StagedOrchestrator(metadata, Resampler).fit_all(tables)
    assert len(caught.value.problems) == 2
    with pytest.raises(SchemaValidationError, match=r"no file .*nowhere\.csv"):
        StagedOrchestrator(metadata, Resampler).fit_all(
            {"users": tmp_path / "nowhere.csv"}
        )
    with pytest.raises(SchemaValidationError, match="orders: described"):
        StagedOrchestrator(metadata, Resampler).fit_all({"users": shop()[1]["users"]})
    with pytest.raises(TypeError, match="metadata must be a Metadata"):
        StagedOrchestrator(Metadata(), Resampler).fit_all({})


def test_the_number_of_workers_changes_nothing(fitted):
    metadata, tables = shop()
    twin = StagedOrchestrator(metadata, Resampler, random_state=0, n_jobs=2)
    with joblib.parallel_config("threading"):
        twin.fit_all(tables, progress_bar=False)
    made = fitted.generate(50, seed=8)
    for name, table in twin.generate(50, seed=8).items():
        pd.testing.assert_frame_equal(table, made[name])


def test_one_display_and_one_folder_of_checkpoints_a_table(tmp_path, capsys):
    metadata, tables = shop(n_users=30)
    schema = StagedOrchestrator(metadata, random_state=0).fit_all(
        tables, epochs=2, checkpoint_dir=tmp_path / "checkpoints"
    )
    shown = capsys.readouterr().err
    assert "2 of 2 tables" in shown
    assert "users, epoch 1" in shown
    assert "orders, epoch 2" in shown
    assert all(t.model.callbacks is None for t in schema.tables_.values())
    for name in tables:
        assert (tmp_path / "checkpoints" / name / "final_checkpoint").is_dir()


def test_modes_apart_become_states(with_ctgan):
    schema, _ = with_ctgan
    # Amounts around 0 and 10; ages without a gap.
    assert schema.tables_["orders"].model.transformer_.n_components == 3
    assert schema.tables_["users"].model.transformer_.n_components == 1
    for table in schema.tables_.values():
        assert table.model.n_components is None
    assert "orders" in repr(schema)


def test_the_display_goes_by_the_epochs_that_there_can_be(capsys):
    """Four by ``max_steps``, not the 300 of ``epochs``."""
    metadata, tables = shop(n_users=30)
    StagedOrchestrator(metadata, random_state=0).fit_all(
        tables, max_steps=1, n_iter_no_change=9
    )
    shown = capsys.readouterr().err
    total = float(shown.rpartition(" of ")[2].split(" cells")[0])
    size = tables["users"].shape[0] * (tables["users"].shape[1] - 1)
    at = shown.rpartition("users, epoch 4 |")[2].partition(" of ")[0].split("|")[1]
    assert float(at) == size < total
