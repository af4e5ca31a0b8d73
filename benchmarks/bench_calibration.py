"""What selecting rows earns: one fit, many selections, judged like any model.

    python benchmarks/bench_calibration.py --data default_credit --seeds 0 1 2

For each set and seed a default CTGAN is fitted once. Its rows are judged as drawn, as
selected by ``sample(calibrated=True)``, by plain raking, and by a detector: boosted
trees that tell the pool from the training rows, cross-fitted, whose odds weigh a row,
tempered until the effective sample size is 95 %.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from bench_fidelity import COLUMNS, HERE, judge, judge_holdout
from datasets import SETS, default_data_dir, load
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from sklearn_synthohive import CTGAN
from sklearn_synthohive.calibration import RakingCalibrator
from sklearn_synthohive.calibration._selection import select_rows
from sklearn_synthohive.metrics import FidelityScorer
from sklearn_synthohive.metrics._features import tree_features

SHOWN = [c for c in COLUMNS if c[1] not in ("encode", "fit", "peak_memory_mb")]
# Rows of the pool for each that is selected.
POOL = 4
EFFECTIVE = 0.95
RAKING = {
    "raked, plain": {"tolerance": 0, "prior_count": 0, "n_passes": 10},
    "raked, tolerance only": {"tolerance": 2.0, "prior_count": 0},
    "raked, prior only": {"tolerance": 0, "prior_count": 100},
    "raked, 10 bins": {"max_bins": 10},
    "raked, as calibrated": {},
}
VARIANTS = ["as drawn", "calibrated", *RAKING, "thinned", "calibrated, thinned"]


def selections(model, train, n_rows, seed, wanted):
    """Each variant's rows and the seconds that they took beyond drawing."""
    pools = {}

    def pool_of(calibrated):
        if calibrated not in pools:
            pools[calibrated] = model.sample(
                POOL * n_rows, seed=seed, calibrated=calibrated
            )
        return pools[calibrated]

    rng = np.random.default_rng(seed)
    for name in wanted:
        if name in ("as drawn", "calibrated"):
            start = time.perf_counter()
            rows = model.sample(n_rows, seed=seed, calibrated=name == "calibrated")
            yield name, rows, time.perf_counter() - start
            continue
        pool = pool_of(name == "calibrated, thinned")
        start = time.perf_counter()
        if name in RAKING:
            calibrator = RakingCalibrator(**RAKING[name]).fit(train, pool=pool)
            rows = calibrator.select(pool, n_rows, seed=seed)
        else:
            chosen = select_rows(detector_log_weights(train, pool), n_rows, rng)
            rows = pool.iloc[chosen].reset_index(drop=True)
        yield name, rows, time.perf_counter() - start


def detector_log_weights(train, pool):
    """Log-odds of real against pool by trees that have not seen the row."""
    real, drawn, categorical = tree_features(train, pool)
    X, y = np.concatenate([real, drawn]), np.repeat([1, 0], [len(real), len(drawn)])
    model = HistGradientBoostingClassifier(
        categorical_features=categorical, class_weight="balanced", random_state=0
    )
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    odds = cross_val_predict(model, X, y, cv=folds, method="decision_function")
    return temper(odds[len(real) :])


def temper(log_weights):
    """The largest power of the weights that leaves the effective sample size."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        weights = np.exp(middle * (log_weights - log_weights.max()))
        if weights.sum() ** 2 / (weights**2).sum() / len(weights) < EFFECTIVE:
            high = middle
        else:
            low = middle
    return low * log_weights


def bench(name, args):
    """Records of all variants and seeds on one set."""
    data = load(name, args.data_dir)
    records = []
    for seed in args.seeds:
        train = data.train
        if args.rows:
            train = train.sample(args.rows, random_state=seed).reset_index(drop=True)
        own = type(data)(name, train, data.holdout, data.target, data.task)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = CTGAN(random_state=seed).fit(train, progress_bar=False)
        scorer = FidelityScorer(train)
        n_rows = args.sampled or len(train)
        for variant, rows, seconds in selections(
            model, train, n_rows, seed, args.variants
        ):
            scores = judge(own, scorer, rows)
            records.append(
                {"model": variant, "seed": seed, "sample": seconds, **scores}
            )
            print(name, records[-1], flush=True)
    records.append({"model": "real held-out rows", **judge_holdout(own, scorer)})
    return records


def table_of(records):
    """One row a variant: means over the seeds."""
    frame = pd.DataFrame(records).groupby("model", sort=False).mean(numeric_only=True)
    columns = {heading: frame[key].round(d) for heading, key, d in SHOWN}
    return pd.DataFrame(columns)


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=["adult"], choices=sorted(SETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--variants", nargs="+", default=VARIANTS, choices=VARIANTS)
    parser.add_argument("--rows", type=int, help="of the training rows; all by default")
    parser.add_argument("--sampled", type=int, help="rows to sample; as many as fitted")
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args(argv)
    for name in args.data:
        records = bench(name, args)
        path = args.out / f"calibration-{name}-{args.rows or 'all'}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(records, indent=1), encoding="utf-8")
        print(f"\n{name}, {args.rows or 'all'} rows, seeds {args.seeds}")
        print(table_of(records).to_string(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
