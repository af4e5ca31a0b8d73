"""How good, how private, how fast: models on the same rows, one table.

    python benchmarks/bench_fidelity.py --data adult --models cart ours --seeds 0 1 2

Each model runs in a process of its own, if need be by a Python of its own, on the same
80 % of the rows; the metrics are computed here, by one code for all. See README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import SETS, Dataset, default_data_dir, load, read_like

from sklearn_synthohive.metrics import (
    FidelityScorer,
    detection_auc,
    nmi_error,
    privacy,
    utility,
)

HERE = Path(__file__).resolve().parent
# Heading, key, decimals.
COLUMNS = (
    ("encode s", "encode", 1),
    ("fit s", "fit", 1),
    ("sample s", "sample", 1),
    ("peak MB", "peak_memory_mb", 0),
    ("shape", "shape", 3),
    ("trend", "trend", 3),
    ("NMI error", "nmi_error", 2),
    ("C2ST train", "c2st_train", 3),
    ("C2ST held-out", "c2st_holdout", 3),
    ("tstr", "tstr", 3),
    ("dcr", "dcr", 3),
    ("copies %", "copies_percent", 2),
)


@dataclass(frozen=True)
class Model:
    """A peer and its options, written ``name`` or ``name:key=value,key=value``."""

    text: str

    @property
    def peer(self) -> str:
        return self.text.partition(":")[0]

    def options(self, epochs: int | None) -> dict:
        options = {}
        for item in filter(None, self.text.partition(":")[2].split(",")):
            key, equals, value = item.partition("=")
            if not equals:
                raise ValueError(f"Option {item!r} of {self.text!r} has no value.")
            try:
                options[key] = json.loads(value)
            except json.JSONDecodeError:
                options[key] = value
        if epochs is not None and self.peer not in ("cart", "independent"):
            options.setdefault("epochs", epochs)
        return options


def parse(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    peers = sorted(p.stem for p in (HERE / "peers").glob("[!_]*.py"))
    parser.add_argument("--data", nargs="+", default=["adult"], choices=sorted(SETS))
    parser.add_argument(
        "--models",
        nargs="+",
        default=["ours"],
        metavar="MODEL",
        help=f"of {peers}; with options as in cart:leaf=20 or ours:epochs=50",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument(
        "--peer-seeds",
        nargs="+",
        type=int,
        help="seeds of all models but ours, which may take half an hour each",
    )
    parser.add_argument("--epochs", type=int, help="for all models that take epochs")
    parser.add_argument(
        "--python",
        nargs="+",
        default=[],
        metavar="PEER=PATH",
        help="the Python that runs a peer; the current one by default",
    )
    parser.add_argument("--jobs", type=int, default=1, help="models at a time")
    parser.add_argument("--threads", type=int, default=1, help="threads a model")
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument(
        "--reuse", action="store_true", help="keep runs that are already there"
    )
    args = parser.parse_args(argv)
    args.python = dict(item.split("=", 1) for item in args.python)
    args.models = [Model(text) for text in args.models]
    args.peer_seeds = args.peer_seeds or args.seeds
    unknown = {m.peer for m in args.models} - set(peers)
    if unknown or set(args.python) - set(peers):
        parser.error(f"No peer {sorted(unknown) or sorted(args.python)}; {peers}.")
    return args


def run(model: Model, seed: int, data: str, args) -> Path:
    """Run one model in its own process; the folder with its rows."""
    options = model.options(args.epochs)
    detail = json.dumps(options, sort_keys=True)
    name = "".join(c if c.isalnum() else "-" for c in f"{model.peer}-{detail}")
    out = args.out / "runs" / data / f"{name.strip('-')}-seed{seed}"
    label = f"{data}, {model.text}, seed {seed}"
    if args.reuse and (out / "run.json").exists():
        print(f"{label}: kept", flush=True)
        return out
    (out / "run.json").unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    print(f"{label}: started", flush=True)
    start = time.perf_counter()
    command = [args.python.get(model.peer, sys.executable), str(HERE / "worker.py")]
    command += [model.peer, "--data", data, "--data-dir", str(args.data_dir)]
    command += ["--seed", str(seed), "--options", detail, "--out", str(out)]
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    limits = dict.fromkeys([*threads, "LOKY_MAX_CPU_COUNT"], str(args.threads))
    with open(out / "log.txt", "w", encoding="utf-8") as log:
        done = subprocess.run(
            command, env={**os.environ, **limits}, stdout=log, stderr=log, check=False
        )
    seconds = time.perf_counter() - start
    if done.returncode:
        tail = (out / "log.txt").read_text(encoding="utf-8").splitlines()[-15:]
        print(f"{label}: FAILED after {seconds:.0f} s\n  " + "\n  ".join(tail))
    else:
        print(f"{label}: done in {seconds:.0f} s", flush=True)
    return out


def judge(data: Dataset, scorer: FidelityScorer, synthetic: pd.DataFrame) -> dict:
    """All metrics of a synthetic table."""
    private = privacy(data.train, synthetic, data.holdout)
    return {
        "shape": float(scorer.column_shapes(synthetic).mean()),
        "trend": float(scorer.pair_trends(synthetic)["score"].mean()),
        "nmi_error": nmi_error(data.train, synthetic),
        "c2st_train": detection_auc(data.train, synthetic),
        "c2st_holdout": detection_auc(data.holdout, synthetic),
        "tstr": worth(data, synthetic),
        "dcr": float(private["closer_to_train"]),
        "copies_percent": 100 * float(private["copies"]),
        "holdout_copies_percent": 100 * float(private["holdout_copies"]),
    }


def judge_holdout(data: Dataset, scorer: FidelityScorer) -> dict:
    """What real rows reach: the held-out ones, cut in two where two are needed."""
    order = np.random.default_rng(0).permutation(len(data.holdout))
    half, other = (data.holdout.iloc[part] for part in np.array_split(order, 2))
    private = privacy(data.train, half, other)
    return {
        "shape": float(scorer.column_shapes(data.holdout).mean()),
        "trend": float(scorer.pair_trends(data.holdout)["score"].mean()),
        "nmi_error": nmi_error(data.train, data.holdout),
        "c2st_train": detection_auc(data.train, data.holdout),
        "c2st_holdout": detection_auc(half, other),
        "tstr": worth(data, data.train),
        "dcr": float(private["closer_to_train"]),
        "copies_percent": 100 * float(private["copies"]),
    }


def worth(data: Dataset, rows: pd.DataFrame) -> float:
    """ROC AUC or R2 on the held-out rows of trees trained on these."""
    scores = utility(rows, data.holdout, data.target, task=data.task)
    return float(scores["roc_auc" if data.task == "classification" else "r2"])


def bench(name: str, args) -> dict:
    """Run and judge all models on one set."""
    data = load(name, args.data_dir)
    models = args.models
    if "independent" not in {m.peer for m in models}:
        models = [*models, Model("independent")]
    jobs = [
        (model, seed)
        for model in models
        for seed in (args.seeds if model.peer == "ours" else args.peer_seeds)
    ]
    # Judged only when all have run: judging takes the cores that runs are timed on.
    with ThreadPoolExecutor(args.jobs) as pool:
        folders = list(pool.map(lambda job: run(*job, name, args), jobs))
    scorer = FidelityScorer(data.train)
    runs = []
    for (model, seed), folder in zip(jobs, folders, strict=True):
        if not (folder / "run.json").exists():
            continue
        facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        start = time.perf_counter()
        scores = judge(data, scorer, read_like(folder / "synthetic.csv", data.train))
        label = f"{name}, {model.text}, seed {seed}"
        print(f"{label}: judged in {time.perf_counter() - start:.0f} s", flush=True)
        options = model.options(args.epochs)
        runs.append(
            {"model": model.text, "seed": seed, "options": options, **facts, **scores}
        )
    return {
        "data": name,
        "rows": {"train": len(data.train), "holdout": len(data.holdout)},
        "tstr_metric": "roc_auc" if data.task == "classification" else "r2",
        "machine": {
            "platform": platform.platform(),
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "threads": args.threads,
            "jobs": args.jobs,
        },
        "date": time.strftime("%Y-%m-%d"),
        "failed": len(jobs) - len(runs),
        "runs": runs,
        "real held-out rows": judge_holdout(data, scorer),
    }


def table_of(result: dict) -> pd.DataFrame:
    """One row a model: the mean over the seeds, and the range if there are several."""
    rows = {}
    for record in result["runs"]:
        rows.setdefault(record["model"], []).append({**record, **record["seconds"]})
    rows["real held-out rows"] = [result["real held-out rows"]]
    cells = {
        label: {
            heading: _cell([r[key] for r in records if key in r], decimals)
            for heading, key, decimals in COLUMNS
        }
        for label, records in rows.items()
    }
    return pd.DataFrame.from_dict(cells, orient="index")


def _cell(values, decimals) -> str:
    if not values:
        return ""
    mean, low, high = (f"{f(values):.{decimals}f}" for f in (np.mean, min, max))
    return mean if low == high else f"{mean} [{low}, {high}]"


def main(argv=None) -> int:
    args = parse(argv)
    failed = 0
    for name in args.data:
        result = bench(name, args)
        failed += result["failed"]
        path = args.out / f"fidelity-{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1), encoding="utf-8")
        counts = result["rows"]
        print(
            f"\n{name}: {counts['train']} rows to fit, {counts['holdout']} held out; "
        )
        print(f"tstr: {result['tstr_metric']}, of the real rows in the last line")
        print(table_of(result).to_string())
        for record in {r["model"]: r for r in result["runs"]}.values():
            versions = ", ".join(f"{k} {v}" for k, v in record["versions"].items())
            print(f"{record['model']}: {versions}")
        print(f"written to {path}\n", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
