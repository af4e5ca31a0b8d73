"""Rows a second of sampling, and the memory of sampling in batches.

    python benchmarks/bench_sampling.py --data adult

Fits the default generator, then draws decoded, uncalibrated rows with one and with two
jobs (torch has one thread in each), the best of some repeats, by the clock and by the
processor. Last, draws a million rows in batches and looks at the most memory held.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import torch
from bench_growth import memory
from bench_levels import real
from datasets import default_data_dir, load

from sklearn_synthohive import CTGAN

HERE = Path(__file__).resolve().parent
MANY_LEVELS = ("flights", "pets")


def rate(model, n, jobs, repeats):
    """The most rows by the clock and by the processor, of some repeats."""
    model.set_params(n_jobs=jobs)
    model.sample(2_000, seed=0)
    best = [0.0, 0.0]
    for seed in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        model.sample(n, seed=seed)
        seconds = time.perf_counter() - wall, time.process_time() - cpu
        best = [max(b, n / s) for b, s in zip(best, seconds, strict=True)]
    return {"rows/s": round(best[0]), "rows/cpu s": round(best[1])}


def in_batches(model, n):
    """Rows a second; memory above the start after a tenth of them and at the end."""
    model.set_params(n_jobs=1)
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    start, before, drawn, found = time.perf_counter(), memory("VmRSS"), 0, {}
    for batch in model.sample_batches(n, batch_size=10_000, seed=0):
        drawn += len(batch)
        if drawn >= n // 10 and not found:
            found["MB after a tenth"] = round(memory("VmHWM") - before)
    found["MB at the end"] = round(memory("VmHWM") - before)
    return found | {"rows/s": round(drawn / (time.perf_counter() - start))}


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=["adult"])
    parser.add_argument("--sampled", type=int, default=200_000, help="rows")
    parser.add_argument("--batched", type=int, default=10**6, help="rows")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=300, help="at most")
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args(argv)
    # Jobs are threads; within them torch shall not start more.
    torch.set_num_threads(1)
    found = {}
    for name in args.data:
        if name in MANY_LEVELS:
            frame = real(name, args.data_dir, 60_000)[0]
        else:
            frame = load(name, args.data_dir).train
        model = CTGAN(random_state=0, epochs=args.epochs, calibrate=False)
        model.fit(frame, progress_bar=False)
        found[name] = {
            f"{jobs} jobs": rate(model, args.sampled, jobs, args.repeats)
            for jobs in (1, 2)
        }
        if args.batched:
            found[name]["batches"] = in_batches(model, args.batched)
        for what, figures in found[name].items():
            print(f"{name}, {what}: {figures}", flush=True)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "sampling.json"
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(f"written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
