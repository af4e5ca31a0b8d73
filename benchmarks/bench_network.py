"""What are the width of the network and the decay of its weights worth?

    python benchmarks/bench_network.py --data online_shoppers adult magic default_credit

Fits of the default, and of variants that differ from it in one thing: one weight decay
for all of the first layer instead of one by mutual information, no start at a linear
law for small tables, or other hidden layers. The mean log-likelihood of the 20 % of
the rows that no fit sees, in nats (larger is better), and how well drawn rows stand for
them: C2ST against them, and the utility of bench_fidelity.py.
"""

import argparse
import contextlib
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
from bench_fidelity import worth
from datasets import SETS, default_data_dir, load

from sklearn_synthohive import CTGAN
from sklearn_synthohive.generators import _autoregressive as strategy
from sklearn_synthohive.metrics import detect

HERE = Path(__file__).resolve().parent


@contextlib.contextmanager
def one_decay():
    """Within it, all weights of the first layer decay alike."""
    default = strategy.input_decay
    strategy.input_decay = lambda *given: None
    try:
        yield
    finally:
        strategy.input_decay = default


@contextlib.contextmanager
def from_margins():
    """Within it, no table begins at a linear law."""
    few = strategy.FEW_ROWS
    strategy.FEW_ROWS = 0
    try:
        yield
    finally:
        strategy.FEW_ROWS = few


# What surrounds a fit, and its parameters.
VARIANTS = {
    "default": (contextlib.nullcontext, {}),
    "one decay": (one_decay, {}),
    "from margins": (from_margins, {}),
    "32, 32": (contextlib.nullcontext, {"generator_dim": (32, 32)}),
    "32, 32, 32": (contextlib.nullcontext, {"generator_dim": (32, 32, 32)}),
    "64, 64": (contextlib.nullcontext, {"generator_dim": (64, 64)}),
    "64, 64, 64": (contextlib.nullcontext, {"generator_dim": (64, 64, 64)}),
}


def measure(data, variant, seed):
    """Held-out log-likelihood, fidelity, epochs and CPU seconds of a fit."""
    around, parameters = VARIANTS[variant]
    with around():
        start = time.process_time()
        model = CTGAN(random_state=seed, **parameters)
        model.fit(data.train, progress_bar=False)
        seconds = time.process_time() - start
    found = model.score_samples(data.holdout)
    # Rows with a value that no training row has are impossible to every fit alike.
    known = np.isfinite(found)
    drawn = model.sample(len(data.train), seed=seed)
    return {
        "log_likelihood": float(found[known].mean()),
        "share_known": float(known.mean()),
        "c2st_train": detect(data.train, drawn).auc,
        "c2st_holdout": detect(data.holdout, drawn).auc,
        "utility": worth(data, drawn)["tstr"],
        "epochs": len(model.history_),
        "cpu_s": seconds,
    }


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=["online_shoppers"], choices=SETS)
    parser.add_argument(
        "--variants",
        nargs="+",
        default=["default", "one decay"],
        metavar="VARIANT",
        choices=VARIANTS,
        help=f"of {', '.join(map(repr, VARIANTS))}",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args(argv)
    found = []
    for name in args.data:
        data = load(name, args.data_dir)
        for variant in args.variants:
            for seed in args.seeds:
                result = measure(data, variant, seed)
                result |= {"data": name, "variant": variant, "seed": seed}
                found.append(result)
                print(f"{name}, {variant}: {result['log_likelihood']:.3f}", flush=True)
    table = pd.DataFrame(found)
    values = ["log_likelihood", "share_known", "c2st_train", "c2st_holdout"]
    values += ["utility", "epochs", "cpu_s"]
    shown = table.pivot_table(values, ["data", "variant"], sort=False)
    print(shown[values].round(3).to_string())
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "network.json"
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
