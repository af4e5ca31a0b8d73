"""Seconds and memory of a fit as rows, columns and levels grow, and their picture.

    python benchmarks/bench_growth.py
    python benchmarks/bench_growth.py --rows 10000000 --columns --levels
    python benchmarks/bench_growth.py --real covertype --rows --columns --levels

Tables are made up: numbers that depend on each other, amounts with many zeros, whole
numbers and categories in turn; for levels, a column with a long tail of levels, one
that it decides, and two numbers. Every point is a process of its own: encoding (with
the search for rules), a few epochs of training, and sampling. Memory is the peak above
what the process holds with the table and all libraries in place. ``--real`` fits a real
table whole. Seconds are both of the clock and of the processor: on a busy machine the
latter say more. An epoch is a pass over 90 % of the rows; with ``--epochs 0`` early
stopping ends training.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import SETS, default_data_dir

HERE = Path(__file__).resolve().parent
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def made(n_rows: int, n_columns: int) -> pd.DataFrame:
    """A table whose columns hang together by a few hidden numbers."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(n_rows, 4)).astype(np.float32)
    columns = {}
    for i in range(n_columns):
        kind = i % 5
        noise = rng.normal(size=n_rows).astype(np.float32)
        x = hidden[:, i % 4] + 0.5 * hidden[:, (i + 1) % 4] + 0.5 * noise
        if kind == 0:
            columns[f"number{i}"] = x.astype(np.float64)
        elif kind == 1:
            columns[f"amount{i}"] = np.where(x < 0.5, 0.0, np.round(np.exp(x), 2))
        elif kind == 2:
            columns[f"count{i}"] = np.round(100 * np.exp(0.7 * x)).astype(np.int64)
        elif kind == 3:
            columns[f"few{i}"] = np.round(3 * x).astype(np.int64)
        else:
            codes = np.clip(np.round(2 * x) + 5, 0, 11).astype(np.int8)
            levels = [f"level {k}" for k in range(12)]
            columns[f"kind{i}"] = pd.Categorical.from_codes(codes, levels)
    return pd.DataFrame(columns)


def real(name: str, data_dir: Path) -> pd.DataFrame:
    """All rows of a real set."""
    folder = data_dir / name
    parts = [
        pd.read_csv(folder / file, keep_default_na=False, na_values=[""])
        for file in SETS[name]
    ]
    return pd.concat(parts, ignore_index=True)


def table(args) -> pd.DataFrame:
    """The table of one point."""
    if args.worker == "real":
        return real(args.name, args.data_dir)
    if args.worker == "levels":
        from bench_levels import made as made_levels

        return made_levels(args.size, args.level_rows)[0]
    rows, columns = args.size, args.base_columns
    if args.worker == "columns":
        rows, columns = args.base_rows, args.size
    return made(rows, columns)


def memory(field: str) -> float:
    """MB of this process: VmRSS now, VmHWM at its peak."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 2**10
    return float("nan")


class Clock:
    """Seconds of the wall and of the processor since the last look."""

    def __init__(self):
        self.found, self.last = {}, self.now()

    @staticmethod
    def now():
        return time.perf_counter(), time.process_time()

    def look(self, name):
        now = self.now()
        wall, cpu = (b - a for a, b in zip(self.last, now, strict=True))
        self.found |= {f"{name} s": round(wall, 2), f"{name} cpu s": round(cpu, 2)}
        self.last = self.now()


def work(args) -> None:
    """Measure one point here, and print it as JSON."""
    from sklearn_synthohive import CTGAN
    from sklearn_synthohive.generators import _ctgan as module

    small = made(300, 5)
    CTGAN(epochs=1, random_state=0).fit(small, progress_bar=False).sample(10)
    frame = table(args)
    size = frame.memory_usage(deep=True).sum() / 2**20
    # From here on, the peak is that of the fit.
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    before, clock = memory("VmRSS"), Clock()
    train = module.train

    def timed(*parts):
        clock.look("encode")
        found["encode MB"] = round(memory("VmHWM") - before)
        return train(*parts)

    found: dict = {}
    module.train = timed
    options = {"calibrate": False, "random_state": 0}
    if args.epochs:
        options |= {"epochs": args.epochs, "early_stopping": False}
    model = CTGAN(**options)
    model.fit(frame, progress_bar=False)
    clock.look("train")
    found["peak MB"] = round(memory("VmHWM") - before)
    n = args.sampled
    model.sample(n, seed=0)
    clock.look("sample")
    seconds = model.history_["seconds"]
    found |= clock.found | {
        "rows": len(frame),
        "columns": frame.shape[1],
        "frame MB": round(size),
        "epoch s": round(float(seconds.min()), 2),
        "epoch cpu s": round(clock.found["train cpu s"] / len(seconds), 2),
        "epochs": len(seconds),
        "rows/s": round(n / clock.found["sample s"]),
        "rows/cpu s": round(n / clock.found["sample cpu s"]),
        "log-likelihood": round(float(model.history_["log_likelihood"].max()), 3),
    }
    print(json.dumps(found))


def start(kind: str, args, size=0, name="") -> dict:
    """Measure one point in a process of its own."""
    command = [sys.executable, __file__, "--worker", kind, "--size", str(size)]
    command += ["--name", name, "--data-dir", str(args.data_dir)]
    for option in ("epochs", "sampled", "base_rows", "base_columns", "level_rows"):
        command += [f"--{option.replace('_', '-')}", str(getattr(args, option))]
    limits = dict.fromkeys(THREADS, str(args.threads))
    done = subprocess.run(
        command, env={**os.environ, **limits}, stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise SystemExit(f"failed, see above: {' '.join(command)}")
    found = json.loads(done.stdout.decode().splitlines()[-1])
    print(f"{kind} {name or size}: {found}", flush=True)
    return found


def draw(found: dict, path: Path) -> None:
    """The curves: seconds and memory against rows, columns and levels."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    curves = {
        "encoding, CPU s": "encode cpu s",
        "an epoch, CPU s": "epoch cpu s",
        "memory above the table, MB": "peak MB",
    }
    kinds = [kind for kind in ("rows", "columns", "levels") if found.get(kind)]
    figure, axes = plt.subplots(1, len(kinds), figsize=(4.2 * len(kinds), 3.6))
    for axis, kind in zip(np.atleast_1d(axes), kinds, strict=True):
        sizes = sorted(found[kind], key=int)
        x = [int(size) for size in sizes]
        for label, key in curves.items():
            y = [max(found[kind][size][key], 0.01) for size in sizes]
            axis.plot(x, y, "o-", label=label, markersize=4)
        axis.set(xscale="log", yscale="log", xlabel=kind)
        axis.grid(visible=True, which="major", alpha=0.3)
    np.atleast_1d(axes)[0].legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    rows, columns = [10**4, 10**5, 10**6, 10**7], [10, 50, 100, 250, 500]
    levels = [10, 100, 1_000, 10_000, 100_000, 300_000]
    parser.add_argument("--rows", nargs="*", type=int, default=rows)
    parser.add_argument("--columns", nargs="*", type=int, default=columns)
    parser.add_argument("--levels", nargs="*", type=int, default=levels)
    parser.add_argument("--real", nargs="*", choices=sorted(SETS), default=[])
    parser.add_argument("--base-rows", type=int, default=20_000, help="of --columns")
    parser.add_argument("--base-columns", type=int, default=15, help="of --rows")
    parser.add_argument("--level-rows", type=int, default=10**6, help="of --levels")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--sampled", type=int, default=20_000, help="rows")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--picture", type=Path, help="where to draw the curves")
    kinds = ["rows", "columns", "levels", "real"]
    parser.add_argument("--worker", choices=kinds, help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--name", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.worker:
        work(args)
        return 0
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "growth.json"
    # Points that an earlier run measured stay in the picture.
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for kind in ("rows", "columns", "levels"):
        for size in getattr(args, kind):
            found.setdefault(kind, {})[str(size)] = start(kind, args, size)
            path.write_text(json.dumps(found, indent=1), encoding="utf-8")
    for name in args.real:
        found.setdefault("real", {})[name] = start("real", args, name=name)
        path.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(f"written to {path}")
    if args.picture:
        draw(found, args.picture)
        print(f"drawn to {args.picture}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
