"""Does training on few rows get past a plateau?

    python benchmarks/bench_plateau.py --rows 500 1000 2000 --seeds 1 2 3

Made tables whose likelihood first stands still, since a network of independent columns
is hard to leave: the sign of a product of two of five numbers, and a number made of a
straight line, a sine and a product of six others with noise of deviation 4. Prints how
often generated signs are right, and the deviation of generated noise, for several
``n_iter_no_change`` (3 is the default) and for sequential CART.
"""

import argparse
import json
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
from peers import cart
from timing import Stopwatch

from sklearn_synthohive import CTGAN

HERE = Path(__file__).resolve().parent


def sign(n, seed):
    """Five normal numbers, and whether the first two have one sign."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
    return table.assign(y=(table["a"] * table["b"] > 0).astype(int))


def curve(n, seed):
    """Six normal numbers, and one made of four of them."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(size=(n, 6)), columns=list("abcdef"))
    return table.assign(y=_curve(table) + 4 * rng.normal(size=n))


def _curve(t):
    return 120 + 15 * t["a"] + 8 * np.sin(2 * t["b"]) + 5 * t["c"] * t["d"]


TABLES = {
    "signs that are right, %": (
        sign,
        lambda t: 100 * ((t["a"] * t["b"] > 0) == t["y"]).mean(),
    ),
    "deviation of the noise (4)": (curve, lambda t: (t["y"] - _curve(t)).std()),
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", nargs="+", type=int, default=[1_000])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--patience", nargs="+", type=int, default=[1, 3, 10])
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args()
    rows = []
    for name, (make, measure) in TABLES.items():
        for n in args.rows:
            for seed in args.seeds:
                table, row = make(n, seed), {"table": name, "rows": n}
                for patience in args.patience:
                    start = process_time()
                    model = CTGAN(random_state=seed, n_iter_no_change=patience)
                    model.fit(table, progress_bar=False)
                    row[f"fit s, {patience}"] = process_time() - start
                    row[patience] = measure(model.sample(4_000, seed=seed))
                row["CART"] = measure(cart.run(table, 4_000, seed, Stopwatch()))
                rows.append(row)
    means = pd.DataFrame(rows).groupby(["table", "rows"], sort=False).mean()
    print(means.round(2).to_string())
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "plateau.json"
    path.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
