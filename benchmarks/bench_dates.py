"""Do generated dates have the hours of real ones, and ends that follow their starts?

    python benchmarks/bench_dates.py --models ours without cart copula \
        --python copula=sdv-venv/bin/python

Made trips (starts over four years by the hour of the day, ends minutes later, longer
at rush hours), and sakila's rentals (made by its authors; returned some days later).
Prints the share of rows whose end comes before its start; for the time between the two
the Kolmogorov-Smirnov distance to the held-out rows' and the rank correlation with
another column; for the hour of the start its total variation distance; and the C2ST
against held-out rows, also with hour, weekday and time between as further columns.
"without" is CTGAN with ``derived_columns=False``. Every model runs in a process of its
own, with the Python that ``--python`` names.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import default_data_dir, read_like
from timing import Stopwatch

HERE = Path(__file__).resolve().parent
# Start, end, and a column that the time between them depends on.
COLUMNS = {
    "trips": ("start", "end", "distance"),
    "rentals": ("rental_date", "return_date", "staff_id"),
}
DATES = {column for start, end, _ in COLUMNS.values() for column in (start, end)}


def trips(n: int, seed: int = 0) -> pd.DataFrame:
    """Starts by the hour of the day, ends by distance and traffic."""
    rng = np.random.default_rng(seed)
    day = rng.integers(0, 1461, n)
    hour = np.clip(rng.choice([8.0, 13.0, 18.0], n) + rng.normal(0, 2, n), 0, 23.99)
    start = pd.Timestamp("2021-01-01") + pd.to_timedelta(
        (day * 86_400 + hour * 3_600).round(), unit="s"
    )
    distance = rng.lognormal(1, 0.7, n).round(1) + 0.1
    rush = (np.abs(hour - 8) < 1.5) | (np.abs(hour - 18) < 1.5)
    minutes = distance * np.where(rush, 4, 2.5) * rng.lognormal(0, 0.2, n) + 1
    end = start + pd.to_timedelta((60 * minutes).round(), unit="s")
    fare = (2.5 + 1.6 * distance + 0.3 * minutes).round(2)
    kind = rng.choice(["street", "airport", "booked"], n, p=[0.7, 0.1, 0.2])
    return pd.DataFrame(
        {"start": start, "end": end, "distance": distance, "fare": fare, "kind": kind}
    )


def read(name: str, data_dir: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to fit and held-out rows."""
    if name == "trips":
        table = trips(12_500)
    else:
        table = pd.read_csv(data_dir / "sakila" / "rental.csv.gz")
        table = table[["rental_date", "return_date", "staff_id"]]
        for column in ("rental_date", "return_date"):
            table[column] = pd.to_datetime(table[column])
        table = table.sample(frac=1, random_state=0).reset_index(drop=True)
    n = round(0.8 * len(table))
    return table[:n], table[n:].reset_index(drop=True)


def work(model: str, folder: Path, seed: int) -> None:
    """Fit and sample one model, in the Python that has it."""
    train = pd.read_csv(folder / "train.csv")
    for column in DATES & set(train):
        train[column] = pd.to_datetime(train[column])
    watch = Stopwatch()
    options = {"transformer": _without()} if model == "without" else {}
    name = {"without": "ours"}.get(model, model)
    peer = importlib.import_module(f"peers.{name}")
    drawn = peer.run(train, len(train), seed, watch, **options)
    drawn[list(train.columns)].to_csv(folder / f"{model}.csv", index=False)
    (folder / f"{model}.json").write_text(
        json.dumps(watch.cpu_seconds), encoding="utf-8"
    )


def _without():
    from sklearn_synthohive import DataTransformer

    return DataTransformer(n_components=1, derived_columns=False)


def measure(table, holdout, name):
    """One row of the report."""
    from scipy.stats import ks_2samp, spearmanr

    from sklearn_synthohive.metrics import detection_auc

    start, end, by = COLUMNS[name]
    between, real = ((t[end] - t[start]).dt.total_seconds() for t in (table, holdout))
    here = between.notna()
    hours = (t[start].dt.hour.value_counts(normalize=True) for t in (table, holdout))
    apart = np.subtract(*(h.reindex(range(24), fill_value=0) for h in hours))
    told = [
        t.assign(
            between=(t[end] - t[start]).dt.total_seconds(),
            hour=t[start].dt.hour,
            weekday=t[start].dt.day_of_week,
        )
        for t in (holdout, table)
    ]
    return {
        "ends before starts, %": 100 * (between < 0).sum() / here.sum(),
        "time between: 10 %": between.quantile(0.1),
        "50 %": between.quantile(0.5),
        "90 %": between.quantile(0.9),
        "KS": ks_2samp(between[here], real.dropna()).statistic,
        "TV of hours": np.abs(apart).sum() / 2,
        "rank correlation": spearmanr(between[here], table.loc[here, by]).statistic,
        "C2ST": detection_auc(holdout, table),
        "with parts": detection_auc(*told),
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=list(COLUMNS), choices=COLUMNS)
    parser.add_argument("--models", nargs="+", default=["ours", "without", "cart"])
    parser.add_argument("--python", nargs="+", default=[], help="model=path")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        work(args.work[0], Path(args.work[1]), args.seed)
        return
    pythons = dict(item.split("=", 1) for item in args.python)
    for name in args.data:
        train, holdout = read(name, args.data_dir)
        rows = {"real rows": measure(train, holdout, name)}
        with tempfile.TemporaryDirectory() as folder:
            train.to_csv(Path(folder) / "train.csv", index=False)
            for model in args.models:
                python = pythons.get(model, sys.executable)
                command = [python, __file__, "--work", model, folder]
                subprocess.run([*command, "--seed", str(args.seed)], check=True)
                drawn = read_like(Path(folder) / f"{model}.csv", train)
                cost = json.loads((Path(folder) / f"{model}.json").read_text())
                rows[model] = measure(drawn, holdout, name)
                rows[model] |= {f"{part}, CPU s": s for part, s in cost.items()}
        print(f"\n{name}: {len(train):,} rows, seed {args.seed}")
        print(pd.DataFrame(rows).T.round(3).to_string())


if __name__ == "__main__":
    main()
