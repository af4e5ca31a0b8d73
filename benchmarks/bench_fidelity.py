"""How good, how private, how fast: models on the same rows, one table.

    python benchmarks/bench_fidelity.py --data adult --models cart ours --seeds 0 1 2
    python benchmarks/bench_fidelity.py --data all --models cart ours --reuse

Each model runs in a process of its own, if need be by a Python of its own, on the same
80 % of the rows; the metrics are computed here, by one code for all. See README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import SETS, Dataset, default_data_dir, load, read_like
from fidelity_tables import markdown, picture, table_of

from sklearn_synthohive.metrics import (
    FidelityScorer,
    detect,
    nmi_error,
    precision_recall,
    privacy,
    utility,
)

HERE = Path(__file__).resolve().parent
STOPPED = "stopped.txt"


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
    parser.add_argument(
        "--data",
        nargs="+",
        default=["adult"],
        choices=[*sorted(SETS), "all"],
        help="sets, or all of them",
    )
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
    parser.add_argument(
        "--limit",
        type=int,
        metavar="SECONDS",
        help="stop a model after so many seconds of the processor, and say so",
    )
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument(
        "--reuse", action="store_true", help="keep runs that are already there"
    )
    parser.add_argument(
        "--only-judge",
        action="store_true",
        help="run nothing: judge the runs that are there",
    )
    parser.add_argument(
        "--rejudge",
        action="store_true",
        help="judge runs that are kept again, as after a change of the metrics",
    )
    args = parser.parse_args(argv)
    args.python = dict(item.split("=", 1) for item in args.python)
    args.models = [Model(text) for text in args.models]
    if "all" in args.data:
        args.data = sorted(SETS)
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
    stopped = stopped_at(out)
    over = stopped is not None and args.limit is not None and args.limit <= stopped
    if args.only_judge or (args.reuse and ((out / "run.json").exists() or over)):
        found = "kept" if (out / "run.json").exists() else "not there"
        print(f"{label}: {found}", flush=True)
        return out
    for name in ("run.json", "scores.json", STOPPED):
        (out / name).unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    print(f"{label}: started", flush=True)
    start = time.perf_counter()
    command = [args.python.get(model.peer, sys.executable), str(HERE / "worker.py")]
    command += [model.peer, "--data", data, "--data-dir", str(args.data_dir)]
    command += ["--seed", str(seed), "--options", detail, "--out", str(out)]
    if args.limit is not None:
        command += ["--limit", str(args.limit)]
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    limits = dict.fromkeys([*threads, "LOKY_MAX_CPU_COUNT"], str(args.threads))
    with open(out / "log.txt", "w", encoding="utf-8") as log:
        done = subprocess.run(
            command, env={**os.environ, **limits}, stdout=log, stderr=log, check=False
        )
    seconds = time.perf_counter() - start
    whole = (out / "run.json").exists()
    if args.limit is not None and done.returncode == -signal.SIGXCPU and not whole:
        (out / STOPPED).write_text(str(args.limit), encoding="utf-8")
        print(f"{label}: stopped, not done in {args.limit:,} s of the processor")
    elif done.returncode and not whole:
        tail = (out / "log.txt").read_text(encoding="utf-8").splitlines()[-15:]
        print(f"{label}: FAILED after {seconds:.0f} s\n  " + "\n  ".join(tail))
    else:
        print(f"{label}: done in {seconds:.0f} s", flush=True)
    return out


def stopped_at(folder: Path) -> int | None:
    """The limit that stopped a run, in seconds of the processor, if one did."""
    path = folder / STOPPED
    return int(path.read_text(encoding="utf-8")) if path.exists() else None


def judge(data: Dataset, scorer: FidelityScorer, synthetic: pd.DataFrame) -> dict:
    """All metrics of a synthetic table."""
    private = privacy(data.train, synthetic, data.holdout)
    found = {
        "c2st_train": detect(data.train, synthetic),
        "c2st_holdout": detect(data.holdout, synthetic),
    }
    return {
        "shape": float(scorer.column_shapes(synthetic).mean()),
        "trend": float(scorer.pair_trends(synthetic)["score"].mean()),
        "nmi_error": nmi_error(data.train, synthetic),
        **{name: detection.auc for name, detection in found.items()},
        **{f"{name}_error": d.standard_error for name, d in found.items()},
        **worth(data, synthetic),
        **precision_recall(data.train, synthetic).to_dict(),
        "dcr": float(private["closer_to_train"]),
        "dcr_error": float(private["closer_to_train_error"]),
        "copies_percent": 100 * float(private["copies"]),
        "holdout_copies_percent": 100 * float(private["holdout_copies"]),
        "membership_auc": float(private["membership_auc"]),
        "membership_error": float(private["membership_error"]),
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
        "c2st_train": detect(data.train, data.holdout).auc,
        "c2st_holdout": detect(half, other).auc,
        **worth(data, data.train),
        **precision_recall(data.train, data.holdout).to_dict(),
        "dcr": float(private["closer_to_train"]),
        "copies_percent": 100 * float(private["copies"]),
        "membership_auc": float(private["membership_auc"]),
    }


def worth(data: Dataset, rows: pd.DataFrame) -> dict:
    """Scores on held-out rows of trees trained on these; ``tstr`` is the main one."""
    if data.train.shape[1] == 1:
        return {}
    scores = utility(rows, data.holdout, data.target, task=data.task)
    main = scores["roc_auc" if data.task == "classification" else "r2"]
    return {"tstr": float(main), **{k: float(v) for k, v in scores.items()}}


def judged(folder: Path, data: Dataset, scorer: FidelityScorer, label, args) -> dict:
    """The scores of a run, from its folder where it was judged before."""
    path = folder / "scores.json"
    if path.exists() and not args.rejudge:
        return json.loads(path.read_text(encoding="utf-8"))
    start = time.perf_counter()
    scores = judge(data, scorer, read_like(folder / "synthetic.csv", data.train))
    path.write_text(json.dumps(scores, indent=1), encoding="utf-8")
    print(f"{label}: judged in {time.perf_counter() - start:.0f} s", flush=True)
    return scores


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
    runs, stopped = [], []
    for (model, seed), folder in zip(jobs, folders, strict=True):
        limit = stopped_at(folder)
        if limit is not None:
            stopped.append({"model": model.text, "seed": seed, "limit": limit})
        if not (folder / "run.json").exists():
            continue
        facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        label = f"{name}, {model.text}, seed {seed}"
        scores = judged(folder, data, scorer, label, args)
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
        "failed": 0 if args.only_judge else len(jobs) - len(runs) - len(stopped),
        "stopped": stopped,
        "runs": runs,
        "real held-out rows": judge_holdout(data, scorer),
    }


def main(argv=None) -> int:
    args = parse(argv)
    results = []
    for name in args.data:
        result = bench(name, args)
        results.append(result)
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
    whole = args.out / "fidelity.json"
    whole.write_text(json.dumps(results, indent=1), encoding="utf-8")
    table = markdown(results)
    (args.out / "fidelity.md").write_text(table, encoding="utf-8")
    print(table)
    written = [whole, args.out / "fidelity.md"]
    try:
        written.append(picture(results, args.out / "fidelity.png"))
    except ImportError:
        print("no picture: pip install matplotlib")
    print("written to " + ", ".join(map(str, written)))
    return int(any(result["failed"] for result in results))


if __name__ == "__main__":
    sys.exit(main())
