"""Fixtures that more than one room uses."""

from pathlib import Path

import pandas as pd
import pytest

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


@pytest.fixture(autouse=True)
def _run_doctests_in_tmp(request, tmp_path, monkeypatch):
    """Doctests may write files; let them do so in a folder of their own."""
    if type(request.node).__name__ == "DoctestItem":
        monkeypatch.chdir(tmp_path)
