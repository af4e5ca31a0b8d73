"""How long does a report take, and does it call out what is wrong?

    python benchmarks/bench_report.py

A report of Adult, with detector, utility and privacy, and one of a million rows by 50
columns, each on ``--threads`` cores; then tables with one known fault each.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def parse(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="of the large table"
    )
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument(
        "--only", choices=["adult", "large", "faults"], help="one part of it"
    )
    parser.add_argument("--out", type=Path, default=HERE / "results")
    return parser.parse_args(argv)


def timed(report, path):
    """Seconds to compute and to write a report, and the result."""
    start, cpu = time.perf_counter(), time.process_time()
    result = report.compute()
    computed = time.perf_counter()
    result.to_html(path)
    seconds = {
        "compute": computed - start,
        "page": time.perf_counter() - computed,
        "all": time.perf_counter() - start,
        # What is left to trust where other work runs on the machine.
        "of the processor": time.process_time() - cpu,
    }
    return seconds, result


def large(n_rows, n_columns, seed):
    """Numbers, levels, gaps and dates that hang together by one of them."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    x = rng.normal(size=n_rows)
    levels = np.array(["a", "b", "c", "d", "e", "f"])
    columns = {}
    for k in range(n_columns):
        noise = rng.normal(size=n_rows)
        if k % 5 == 3:
            place = np.clip(np.rint(2 + x + noise), 0, 5).astype(int)
            columns[f"level{k}"] = levels[place]
        elif k % 5 == 4:
            columns[f"count{k}"] = rng.poisson(np.exp(0.3 * x))
        elif k % 10 == 0:
            values = np.round(x + noise, 3)
            columns[f"gaps{k}"] = np.where(noise > 1.3, np.nan, values)
        else:
            columns[f"number{k}"] = x * (k % 3) + noise
    days = pd.to_timedelta(rng.integers(0, 3650, n_rows), "D")
    columns["number1"] = pd.Timestamp("2015") + days
    return pd.DataFrame(columns)


def faults(data):
    """Synthetic tables with one known fault each, by name."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    # Half of the training rows is learned, the other half is the honest imitation.
    half = len(data.train) // 2
    train, fresh = data.train[:half], data.train[half : 2 * half].reset_index(drop=True)
    spike = fresh["capital_gain"] == 0
    noise = np.where(spike, rng.normal(scale=20, size=half), 0)
    n = half // 20
    return train, {
        "fresh real rows": fresh,
        "copy of the training data": train,
        "independent columns": pd.DataFrame(
            {c: fresh[c].array.take(rng.permutation(half)) for c in fresh}
        ),
        "shuffled target": fresh.assign(
            **{data.target: fresh[data.target].array.take(rng.permutation(half))}
        ),
        "smeared spike": fresh.assign(capital_gain=fresh["capital_gain"] + noise),
        "5 % copied rows": pd.concat([fresh[n:], train[:n]], ignore_index=True),
    }


def main(argv=None):
    args = parse(argv)
    # Before numpy and scikit-learn start their threads. Threads that spin while they
    # wait cost seconds as soon as anything else runs.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(args.threads)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from datasets import default_data_dir, load

    from sklearn_synthohive.reports import QualityReport

    args.out.mkdir(parents=True, exist_ok=True)
    data = load("adult", args.data_dir or default_data_dir())
    outcome = {"threads": args.threads, "cores": os.cpu_count()}
    if args.only in (None, "adult"):
        # As many rows as a generator would make; who made them does not matter here.
        drawn = data.train.sample(len(data.train), replace=True, random_state=0)
        report = QualityReport(data.train, drawn, data.holdout, data.target)
        outcome["adult"], _ = timed(report, args.out / "report-adult.html")
        print(f"adult, {data.train.shape}: {_format(outcome['adult'])}", flush=True)
    if args.only in (None, "large"):
        tables = [large(args.rows, args.columns, seed) for seed in range(2)]
        holdout = large(args.rows // 5, args.columns, 2)
        report = QualityReport(*tables, holdout, "level3")
        outcome["large"], result = timed(report, args.out / "report-large.html")
        print(f"{tables[0].shape}: {_format(outcome['large'])}", flush=True)
        print(f"judged: {result.to_dict()['rows']}")
    if args.only in (None, "faults"):
        train, tables = faults(data)
        outcome["faults"] = {}
        for name, table in tables.items():
            report = QualityReport(train, table, data.holdout, data.target)
            result = report.compute()
            outcome["faults"][name] = {
                "summary": result.to_dict()["summary"],
                "findings": result.to_dict()["findings"],
            }
            print(f"\n{name}\n{result!r}", flush=True)
    path = args.out / "report.json"
    path.write_text(json.dumps(outcome, indent=1), encoding="utf-8")
    print(f"\nwritten to {path}")
    return 0


def _format(seconds):
    return ", ".join(f"{part} {value:.1f} s" for part, value in seconds.items())


if __name__ == "__main__":
    sys.exit(main())
