"""How do small tables come out: a few hundred rows, most columns numbers?

    python benchmarks/bench_small.py --seeds 0 1 2

The tables that come with scikit-learn, cut in halves: one to learn from, and one that
no model sees. Ours beside sequential CART: C2ST and pair trends against the other half,
utility there, and what the columns' dependences earn: the mean log-likelihood of the
other half, above that of a model of the columns without dependences. "from margins" is
ours without the start at a linear law.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from bench_network import from_margins
from peers import cart
from sklearn import datasets
from sklearn.model_selection import train_test_split
from timing import Stopwatch

from sklearn_synthohive import CTGAN
from sklearn_synthohive.metrics import detect, pair_trends, privacy, utility

HERE = Path(__file__).resolve().parent
TASKS = {
    "diabetes": "regression",
    "iris": "classification",
    "wine": "classification",
    "breast_cancer": "classification",
    "digits": "classification",
}


def gain(model, train, rows, seed):
    """Mean over the rows that are possible under the model of the columns alone."""
    alone = sum(
        CTGAN(random_state=seed)
        .fit(train[[column]], progress_bar=False)
        .score_samples(rows[[column]])
        for column in train
    )
    with np.errstate(invalid="ignore"):
        found = model.score_samples(rows) - alone
    return float(found[np.isfinite(found)].mean())


def scores(name, seed):
    """One split, both models."""
    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    halves = train_test_split(frame, test_size=0.5, random_state=seed)
    train, holdout = (half.reset_index(drop=True) for half in halves)
    models = {"ours": CTGAN(random_state=seed).fit(train, progress_bar=False)}
    with from_margins():
        own = CTGAN(random_state=seed).fit(train, progress_bar=False)
        models["from margins"] = own
    drawn = {k: m.sample(len(train), seed=seed) for k, m in models.items()}
    drawn |= {"cart": cart.run(train, len(train), seed, Stopwatch()), "real": train}
    for label, rows in drawn.items():
        model = models.get(label)
        yield {
            "data": name,
            "model": label,
            "seed": seed,
            "rows": len(train),
            "c2st_holdout": detect(holdout, rows).auc,
            "trend": float(pair_trends(holdout, rows)["score"].mean()),
            "utility": utility(rows, holdout, "target", task=TASKS[name]).iloc[0],
            "closer_to_train": privacy(train, rows, holdout)["closer_to_train"],
            "gain_nats": model and gain(model, train, holdout, seed),
            "epochs": model and len(model.history_),
        }


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=list(TASKS), choices=TASKS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args(argv)
    found = []
    for name in args.data:
        for seed in args.seeds:
            found += scores(name, seed)
    table = pd.DataFrame(found)
    means = table.drop(columns="seed").groupby(["data", "model"], sort=False).mean()
    print(means.round(3).to_string())
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "small.json"
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
