"""The real tables of the benchmarks, read and split the same way for every model.

Needs pandas and scikit-learn only, so that it also runs in a peer's environment.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

__all__ = ["SETS", "Dataset", "default_data_dir", "load", "read_like"]

# The files of each set; several are put one below the other.
SETS = {
    "adult": ("train.csv.gz",),
    "covertype": ("data.csv.gz",),
    "default_credit": ("train.csv.gz", "test.csv.gz"),
    "hotel_bookings": ("data.csv.gz",),
    "insurance": ("data.csv.gz",),
    "magic": ("data.csv.gz",),
    "online_shoppers": ("data.csv.gz",),
    "seattle_pets": ("data.csv.gz",),
    "titanic": ("data.csv.gz",),
}
MAX_ROWS = 100_000


@dataclass(frozen=True)
class Dataset:
    """A table split into rows to fit and rows that no model sees.

    Attributes
    ----------
    name : str
    train, holdout : DataFrame
        80 % and 20 % of the rows.
    target : str
    task : {"classification", "regression"}
    """

    name: str
    train: pd.DataFrame
    holdout: pd.DataFrame
    target: str
    task: str


def default_data_dir() -> Path:
    """``SYNTHOHIVE_DATA``, or ``shared/data`` beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("SYNTHOHIVE_DATA", beside))


def load(
    name: str, data_dir: Path | None = None, max_rows: int | None = MAX_ROWS
) -> Dataset:
    """Read a set: at most 100,000 rows, split 80/20 with seed 0.

    Columns that the set's ``meta.json`` calls dates become datetime64; identifiers
    (``"sdtype": "id"``) are left out. An empty cell is missing, "NA" is a value.

    Parameters
    ----------
    name : str
        One of :data:`SETS`.
    data_dir : Path, optional
        Folder that holds one folder a set; see :func:`default_data_dir`.
    max_rows : int, optional
        Larger sets are cut to so many rows; None keeps all.

    Returns
    -------
    Dataset
    """
    if name not in SETS:
        raise ValueError(f"No data set {name!r}; there are {sorted(SETS)}.")
    folder = Path(data_dir or default_data_dir()) / name
    if not folder.is_dir():
        raise FileNotFoundError(
            f"There is no folder {folder}. Say where the data are by --data-dir or the "
            "environment variable SYNTHOHIVE_DATA."
        )
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    parts = [
        pd.read_csv(folder / file, keep_default_na=False, na_values=[""])
        for file in SETS[name]
    ]
    table = pd.concat(parts, ignore_index=True)
    for column, facts in meta["columns"].items():
        if facts.get("sdtype") == "id":
            table = table.drop(columns=column)
        elif facts.get("sdtype") == "datetime":
            table[column] = pd.to_datetime(table[column])
    if max_rows is not None and len(table) > max_rows:
        table = table.sample(max_rows, random_state=0)
    train, holdout = train_test_split(table, test_size=0.2, random_state=0)
    task = "classification" if "classification" in meta["task"] else "regression"
    return Dataset(
        name,
        train.reset_index(drop=True),
        holdout.reset_index(drop=True),
        meta["target"],
        task,
    )


def read_like(path: Path, train: pd.DataFrame) -> pd.DataFrame:
    """Read a synthetic CSV with the kinds of columns that the real rows have.

    Parameters
    ----------
    path : Path
    train : DataFrame

    Returns
    -------
    DataFrame
    """
    number = pd.api.types.is_numeric_dtype
    dates = [c for c in train if pd.api.types.is_datetime64_any_dtype(train[c])]
    text = [c for c in train if c not in dates and not number(train[c])]
    # pandas 3.1 reads floats exactly and warns when it is asked to.
    version = tuple(int(part) for part in pd.__version__.split(".")[:2])
    exact = {"float_precision": "round_trip"} if version < (3, 1) else {}
    table = pd.read_csv(
        path,
        keep_default_na=False,
        na_values=[""],
        dtype=dict.fromkeys(text, str),
        **exact,
    )
    for column in dates:
        table[column] = pd.to_datetime(table[column], format="ISO8601")
    return table
