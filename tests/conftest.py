"""Fixtures that more than one room uses."""

import json
from pathlib import Path

import pandas as pd
import pytest

from sklearn_synthohive.metadata import Metadata

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def read_real():
    """Read a real table by set and name; skip where the sets are not at hand."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"the real tables are not beside the project ({REAL_DATA})")

    def read(name, table="train"):
        path = REAL_DATA / name / f"{table}.csv.gz"
        # "None" and "NA" are values of these tables; only an empty cell is missing.
        return pd.read_csv(path, keep_default_na=False, na_values=[""])

    return read


@pytest.fixture(scope="session")
def read_schema():
    """Read a real schema by name: its metadata, and its tables; skip as above."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"the real tables are not beside the project ({REAL_DATA})")
    known = {}

    def read(name):
        if name not in known:
            facts = json.loads((REAL_DATA / name / "meta.json").read_text())
            known[name] = _true_metadata(facts), _tables(name, facts)
        metadata, tables = known[name]
        return Metadata.from_dict(metadata.to_dict()), dict(tables)

    return read


def _tables(name, facts):
    return {
        file.removesuffix(".csv.gz"): pd.read_csv(
            REAL_DATA / name / file, keep_default_na=False, na_values=[""]
        )
        for file in facts["files"]
    }


def _true_metadata(facts):
    references = {}
    for fact in facts["foreign_keys"]:
        to = tuple(f"{fact['parent']}.{column}" for column in fact["parent_columns"])
        references.setdefault(fact["child"], []).append((fact["child_columns"], to))
    metadata = Metadata()
    for file in facts["files"]:
        name = file.removesuffix(".csv.gz")
        metadata.add_table(
            name,
            pk=facts["primary_keys"].get(name, {}).get("columns"),
            fk=references.get(name),
        )
    return metadata


@pytest.fixture(autouse=True)
def _run_doctests_in_tmp(request, tmp_path, monkeypatch):
    """Doctests may write files; let them do so in a folder of their own."""
    if type(request.node).__name__ == "DoctestItem":
        monkeypatch.chdir(tmp_path)
