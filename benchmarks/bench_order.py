"""What the order of the columns is worth: the held-out likelihood under several.

    python benchmarks/bench_order.py --data insurance titanic --rows 8000

Every order gets the same rows, the same split and the same seed. "levels, numbers" is
the default: categories from few to many levels, and among them numbers that are spikes
in nearly all rows, then numbers along Prim's tree. "tree" is Prim's tree from the most
informative column, whatever the columns hold. The rows are cut to ``--rows``, since
only differences matter here.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import SETS, default_data_dir, load

from sklearn_synthohive import CTGAN
from sklearn_synthohive.neural import _profiles as profiles
from sklearn_synthohive.neural._order import dependence_order

HERE = Path(__file__).resolve().parent
DEFAULT = profiles.learn_order


def tree(layout, order, information):
    """Prim's tree over all columns."""
    return dependence_order(information)


def spikes_last(layout, order, information):
    """Categories first, then all columns that may have a score, however seldom."""
    categories = [i for i in order if layout.spans[i].kind != "continuous"]
    return dependence_order(information, categories)


def reverse(layout, order, information):
    """The default backwards: numbers first, and many levels before few."""
    return order[::-1]


def categories_by_tree(layout, order, information):
    """Categories along Prim's tree instead of by their levels, then numbers."""
    names = [i for i in order if layout.spans[i].kind != "continuous"]
    first = [names[k] for k in dependence_order(information[np.ix_(names, names)])]
    return dependence_order(information, first)


def table_order(layout, order, information):
    """As the columns stand in the table."""
    return sorted(order)


ORDERS = {
    "levels, numbers (default)": lambda layout, order, information: order,
    "categories by tree, numbers": categories_by_tree,
    "categories, spikes and numbers": spikes_last,
    "tree": tree,
    "table order": table_order,
    "reverse": reverse,
}


def measure(rows, change, seed):
    """Held-out log-likelihood, epochs and CPU seconds of a fit in another order."""

    def learn_order(layout, table, information):
        return change(layout, DEFAULT(layout, table, information), information)

    profiles.learn_order = learn_order
    try:
        start = time.process_time()
        model = CTGAN(random_state=seed, calibrate=False).fit(rows, progress_bar=False)
        seconds = time.process_time() - start
    finally:
        profiles.learn_order = DEFAULT
    best = float(model.history_["log_likelihood"].max())
    return {"log_likelihood": best, "epochs": len(model.history_), "cpu_s": seconds}


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=["insurance"], choices=SETS)
    parser.add_argument("--rows", type=int, default=8_000, help="at most")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args(argv)
    found = []
    for name in args.data:
        train = load(name, args.data_dir).train
        rows = train.sample(min(len(train), args.rows), random_state=0)
        for label, change in ORDERS.items():
            for seed in args.seeds:
                result = measure(rows, change, seed)
                result |= {"data": name, "rows": len(rows), "order": label}
                found.append(result | {"seed": seed})
                print(f"{name}, {label}: {result['log_likelihood']:.3f}", flush=True)
    table = pd.DataFrame(found)
    shown = table.pivot_table("log_likelihood", "order", "data", sort=False)
    print(shown.round(2).to_string())
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "order.json"
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
