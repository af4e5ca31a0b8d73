"""What is it worth to hold back weights between columns that tell each other nothing?

    python benchmarks/bench_decay.py --data online_shoppers adult magic default_credit

Fits with the weight decay of the first layer by mutual information, and with one decay
for all weights. The mean log-likelihood of the 20 % of the rows that no fit sees, in
nats (larger is better), and how well drawn rows stand for them: C2ST against them, and
the utility of bench_fidelity.py.
"""

import argparse
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
DEFAULT = strategy.input_decay


def uniform(columns, information, n_rows, batch_size):
    """One decay for all weights."""
    return None


DECAYS = {"by information (default)": DEFAULT, "the same for all": uniform}


def measure(data, decay, seed):
    """Held-out log-likelihood, epochs and CPU seconds of a fit."""
    strategy.input_decay = decay
    try:
        start = time.process_time()
        model = CTGAN(random_state=seed).fit(data.train, progress_bar=False)
        seconds = time.process_time() - start
    finally:
        strategy.input_decay = DEFAULT
    found = model.score_samples(data.holdout)
    # Rows with a value that no training row has are impossible to every fit alike.
    known = np.isfinite(found)
    drawn = model.sample(len(data.train), seed=seed)
    return {
        "log_likelihood": float(found[known].mean()),
        "share_known": float(known.mean()),
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
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args(argv)
    found = []
    for name in args.data:
        data = load(name, args.data_dir)
        for label, decay in DECAYS.items():
            for seed in args.seeds:
                result = measure(data, decay, seed)
                result |= {"data": name, "decay": label, "seed": seed}
                found.append(result)
                print(f"{name}, {label}: {result['log_likelihood']:.3f}", flush=True)
    table = pd.DataFrame(found)
    values = ["log_likelihood", "share_known", "c2st_holdout", "utility"]
    values += ["epochs", "cpu_s"]
    shown = table.pivot_table(values, ["data", "decay"], sort=False)
    print(shown[values].round(3).to_string())
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "decay.json"
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
