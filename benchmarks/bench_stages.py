"""What each stage of training earns, beside a control that differs in it alone.

    python benchmarks/bench_stages.py --data default_credit online_shoppers --seeds 0 1

For each set and seed: the default; the likelihood stage on nine tenths of the rows (the
tenth that decides is not added at the end); then three adversarial rounds on top of
that, as many rounds with the critic's weight at zero (the matched control), and rounds
that the gate may undo. Rows under a condition are those of the target's rarest class.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from datasets import SETS, default_data_dir, load

from sklearn_synthohive import CTGAN
from sklearn_synthohive.generators import _autoregressive as autoregressive
from sklearn_synthohive.generators._adversarial import AdversarialStage
from sklearn_synthohive.metrics import detection_auc, privacy, utility

HERE = Path(__file__).resolve().parent
ROUNDS = 3
SHOWN = ["fit_s", "train", "held_out", "condition", "utility", "dcr", "kept"]


class Stage(AdversarialStage):
    """Counts the rounds that were kept."""

    kept = 0
    rounds = ROUNDS

    def run(self, fitted, rounds):
        """As AdversarialStage says, for rounds of our own."""
        found = super().run(fitted, self.rounds)
        Stage.kept = sum(r["kept"] for r in found[1:])
        return found


VARIANTS = {
    "all rows at the end (default)": None,
    "nine tenths throughout": {"rounds": 0},
    "+ 3 rounds, critic's weight 0": {"weight": 0.0, "gated": False},
    "+ 3 rounds, critic's weight 1": {"weight": 1.0, "gated": False},
    "+ 3 rounds, gated": {"weight": 1.0, "gated": True},
}


def judge(model, data, seed):
    """Detection, utility and privacy of the rows of a fitted model."""
    rows = model.sample(len(data.train), seed=seed)
    rarest = data.holdout[data.target].value_counts().index[-1]
    real = data.holdout[data.holdout[data.target] == rarest]
    own = model.sample(len(real), seed=seed, conditions={data.target: rarest})
    return {
        "train": detection_auc(data.train, rows),
        "held_out": detection_auc(data.holdout, rows),
        "condition": detection_auc(real, own),
        "utility": utility(rows, data.holdout, data.target, task=data.task).iloc[0],
        "dcr": privacy(data.train, rows, data.holdout)["closer_to_train"],
    }


def measure(data, seed):
    """Each variant's figures."""
    found = {}
    for name, changes in VARIANTS.items():
        stage = type("Changed", (Stage,), changes or {})
        Stage.kept = 0
        model = CTGAN(
            random_state=seed, adversarial_rounds=0 if changes is None else ROUNDS
        )
        autoregressive.AdversarialStage = stage
        started = time.perf_counter()
        try:
            model.fit(data.train, progress_bar=False)
        finally:
            autoregressive.AdversarialStage = AdversarialStage
        seconds = time.perf_counter() - started
        found[name] = {"fit_s": seconds, **judge(model, data, seed)}
        if changes and "weight" in changes:
            found[name]["kept"] = Stage.kept
        print(f"{name}: {found[name]}", flush=True)
    return found


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=["default_credit"], choices=SETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--rows", type=int, help="train on so many rows only")
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.data:
        data = load(name, args.data_dir)
        if args.rows:
            data = replace(data, train=data.train.head(args.rows))
        runs = [measure(data, seed) for seed in args.seeds]
        print(f"\n{name}, {len(data.train)} rows, seeds {args.seeds}, means")
        print(f"{'':32}" + "".join(f"{column:>10}" for column in SHOWN))
        for variant in VARIANTS:
            cells = []
            for column in SHOWN:
                values = [
                    run[variant][column] for run in runs if column in run[variant]
                ]
                cells.append(f"{np.mean(values):10.3f}" if values else " " * 10)
            print(f"{variant:32}" + "".join(cells))
        path = args.out / f"stages-{name}-{len(data.train)}.json"
        path.write_text(json.dumps(runs, indent=1), encoding="utf-8")
        print(f"written to {path}")


if __name__ == "__main__":
    main()
