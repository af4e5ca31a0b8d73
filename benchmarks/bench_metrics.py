"""Are shapes and trends those of SDMetrics, and how much sooner are they there?

    python benchmarks/bench_metrics.py --python sdmetrics=sdmetrics-venv/bin/python

The complete rows of Adult against rows whose columns are shuffled in blocks; SDMetrics
runs in a process, and by a Python, of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
NUMBERS = ("age", "fnlwgt", "education_num", "capital_gain", "capital_loss")
NUMBERS += ("hours_per_week",)


def parse(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", default="sdmetrics=" + sys.executable)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def theirs(folder: Path) -> dict:
    """Scores and seconds of SDMetrics on the two tables of a folder."""
    import warnings
    from importlib.metadata import version

    from sdmetrics.column_pairs import ContingencySimilarity, CorrelationSimilarity
    from sdmetrics.single_column import KSComplement, TVComplement

    warnings.simplefilter("ignore")
    real, synthetic = (pd.read_csv(folder / f"{n}.csv") for n in ("real", "synthetic"))
    start = time.perf_counter()
    shapes = {
        name: (KSComplement if name in NUMBERS else TVComplement).compute(
            real[name], synthetic[name]
        )
        for name in real
    }
    trends = {}
    for pair in combinations(real, 2):
        names = list(pair)
        numbers = [name for name in names if name in NUMBERS]
        if len(numbers) == 2:
            score = CorrelationSimilarity.compute(real[names], synthetic[names])
        else:
            score = ContingencySimilarity.compute(
                real[names].copy(),
                synthetic[names].copy(),
                continuous_column_names=numbers or None,
            )
        trends["|".join(names)] = float(score)
    return {
        "seconds": time.perf_counter() - start,
        "version": version("sdmetrics"),
        "shapes": {name: float(score) for name, score in shapes.items()},
        "trends": trends,
    }


def ours(real: pd.DataFrame, synthetic: pd.DataFrame) -> dict:
    from sklearn_synthohive.metrics import column_shapes, pair_trends

    start = time.perf_counter()
    shapes, trends = column_shapes(real, synthetic), pair_trends(real, synthetic)
    return {
        "seconds": time.perf_counter() - start,
        "shapes": shapes.to_dict(),
        "trends": {f"{a}|{b}": score for a, b, score in trends.itertuples(index=False)},
    }


def tables(args) -> tuple[pd.DataFrame, pd.DataFrame]:
    from datasets import default_data_dir, load

    data = load("adult", args.data_dir or default_data_dir()).train.dropna()
    real = data[: args.rows].reset_index(drop=True)
    rng = np.random.default_rng(0)
    synthetic = {
        name: real[name].array.take(np.roll(rng.permutation(len(real)), k))
        if k % 3 == 0
        else real[name].array
        for k, name in enumerate(real)
    }
    drawn = pd.DataFrame(synthetic).sample(len(real), replace=True, random_state=0)
    return real, drawn.reset_index(drop=True)


def main(argv=None) -> int:
    args = parse(argv)
    if args.worker is not None:
        outcome = json.dumps(theirs(args.worker))
        (args.worker / "outcome.json").write_text(outcome, encoding="utf-8")
        return 0
    real, synthetic = tables(args)
    with tempfile.TemporaryDirectory() as folder:
        for name, frame in (("real", real), ("synthetic", synthetic)):
            frame.to_csv(Path(folder) / f"{name}.csv", index=False)
        python = args.python.partition("=")[2]
        command = [python, str(Path(__file__).resolve()), "--worker", folder]
        subprocess.run(command, check=True)
        peer = json.loads((Path(folder) / "outcome.json").read_text(encoding="utf-8"))
    own = ours(real, synthetic)
    difference = {
        kind: max(abs(own[kind][k] - score) for k, score in peer[kind].items())
        for kind in ("shapes", "trends")
    }
    print(f"adult, {len(real):,} complete rows, {real.shape[1]} columns")
    print(f"SDMetrics {peer['version']}: {peer['seconds']:.2f} s")
    print(f"ours: {own['seconds']:.2f} s, {peer['seconds'] / own['seconds']:.1f} times")
    for kind, value in difference.items():
        print(f"largest difference of {kind}: {value:.1e}")
    args.out.mkdir(parents=True, exist_ok=True)
    outcome = {"ours": own, "sdmetrics": peer, "difference": difference}
    path = args.out / "metrics.json"
    path.write_text(json.dumps(outcome, indent=1), encoding="utf-8")
    print(f"written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
