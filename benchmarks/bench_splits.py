"""How much of a score is the chance of one split, and how much the number of rows?

    python benchmarks/bench_splits.py --data adult online_shoppers --splits 0 1 2 3 4

Every split holds out other rows; models learn all others, a half and a quarter of
them, and draw as many rows as there are to learn, whatever they learned, so that
detectors see the same numbers of rows. Split 0 is that of bench_fidelity.py. "real" are
the training rows themselves.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pandas as pd
from bench_fidelity import worth
from datasets import SETS, Dataset, default_data_dir, load
from peers import cart
from sklearn.model_selection import train_test_split
from timing import Stopwatch

from sklearn_synthohive import CTGAN
from sklearn_synthohive.metrics import detect

HERE = Path(__file__).resolve().parent


def split_again(data: Dataset, seed: int) -> Dataset:
    """The same rows, others of them held out; seed 0 leaves them as they are."""
    if seed == 0:
        return data
    rows = pd.concat([data.train, data.holdout], ignore_index=True)
    parts = train_test_split(rows, test_size=0.2, random_state=seed)
    train, holdout = (part.reset_index(drop=True) for part in parts)
    return Dataset(data.name, train, holdout, data.target, data.task)


def ours(train, n_rows, seed):
    model = CTGAN(random_state=seed, calibrate=False).fit(train, progress_bar=False)
    return model.sample(n_rows, seed=seed)


def sequential_cart(train, n_rows, seed):
    return cart.run(train, n_rows, seed, Stopwatch())


MODELS = {"ours": ours, "CART": sequential_cart}


def judge(data, rows):
    """C2ST and utility of rows against the held-out ones."""
    auc = detect(data.holdout, rows).auc
    return {"c2st_holdout": auc, "utility": worth(data, rows)["tstr"]}


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=["online_shoppers"], choices=SETS)
    parser.add_argument("--splits", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--shares", nargs="+", type=float, default=[1, 0.5, 0.25])
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args(argv)
    found = []
    for name in args.data:
        whole = load(name, args.data_dir)
        for split in args.splits:
            data = split_again(whole, split)
            n = len(data.train)
            drawn = {("real", 1.0): data.train}
            for share in args.shares:
                own = data.train.iloc[: round(share * n)].reset_index(drop=True)
                for label, model in MODELS.items():
                    drawn[label, share] = model(own, n, split)
            for (label, share), rows in drawn.items():
                result = {"data": name, "split": split, "model": label, "share": share}
                found.append(result | judge(data, rows))
                print(" ".join(map(str, found[-1].values())), flush=True)
    table = pd.DataFrame(found)
    scores = table.groupby(["data", "model", "share"], sort=False)
    scores = scores[["c2st_holdout", "utility"]].agg(["mean", "min", "max", "sem"])
    print(scores.round(4).to_string())
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "splits.json"
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
