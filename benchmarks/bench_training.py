"""Seconds of one adversarial training step, and of encoding: ctgan beside ours.

    python benchmarks/bench_training.py --python ctgan=/path/to/venv/bin/python

Both train the networks of Xu et al. (256-256, batches of 500, pac 10) on the training
rows of one set, each on its own encoding, in turn, in processes of their own. A step is
one of the critic and one of the generator. The first epoch is not counted.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

from datasets import SETS, default_data_dir, load
from timing import CLOCKS, Stopwatch

HERE = Path(__file__).resolve().parent
BATCH = 500
SIZES = {
    "generator_dim": (256, 256),
    "discriminator_dim": (256, 256),
    "embedding_dim": 128,
    "batch_size": BATCH,
    "pac": 10,
    "discriminator_steps": 1,
}


def measure_ctgan(train, epochs: int, watch: Stopwatch) -> dict:
    """Encode and train by the ctgan package."""
    from ctgan import CTGAN
    from ctgan.synthesizers import ctgan as module
    from peers.ctgan import complete

    frame, discrete = complete(train)
    transformer = module.DataTransformer()
    with watch("encode"):
        transformer.fit(frame, discrete)
        encoded = transformer.transform(frame)
    stamps = []

    def stamped(iterable, **kwargs):
        # The loop over epochs runs through tqdm: the place to look at the clock.
        for item in iterable:
            stamps.append(watch.now())
            yield item
        stamps.append(watch.now())

    module.tqdm = stamped
    model = CTGAN(epochs=epochs, **SIZES)
    model.set_random_state(0)
    model.fit(frame, discrete)
    seconds = [b - a for a, b in itertools.pairwise(stamps)]
    return {
        "seconds": seconds,
        "steps": max(len(train) // BATCH, 1),
        "width": encoded.shape[1],
    }


def measure_ours(train, epochs: int, watch: Stopwatch) -> dict:
    """Encode and train by sklearn_synthohive."""
    from skorch.callbacks import Callback

    from sklearn_synthohive import CTGAN, DataTransformer

    stamps = []

    class Stamps(Callback):
        def on_epoch_begin(self, net, **kwargs):
            stamps.append(watch.now())

        def on_train_end(self, net, **kwargs):
            stamps.append(watch.now())

    with watch("encode"):
        encoded = DataTransformer(random_state=0).fit(train).transform(train)
    # Without held-out rows an epoch has as many steps as ctgan's.
    model = CTGAN(
        generator="mlp",
        epochs=epochs,
        early_stopping=False,
        validation_fraction=0,
        random_state=0,
        callbacks=[Stamps()],
        **SIZES,
    )
    model.fit(train, progress_bar=False)
    return {
        "seconds": [b - a for a, b in itertools.pairwise(stamps)],
        "steps": model.net_.recipe.steps,
        "width": encoded.shape[1],
    }


def work(args) -> None:
    """Measure one of the two here, and print the result as JSON."""
    train = load(args.data, args.data_dir).train
    watch = Stopwatch(args.clock)
    measure = {"ctgan": measure_ctgan, "ours": measure_ours}[args.worker]
    result = measure(train, args.epochs + 1, watch)
    steps = [seconds / result["steps"] for seconds in result["seconds"][1:]]
    print(
        json.dumps(
            {
                "encode_s": watch.chosen["encode"],
                "step_ms": 1000 * statistics.median(steps),
                "encoded_columns": result["width"],
                "steps_an_epoch": result["steps"],
            }
        )
    )


def start(name: str, args) -> dict:
    """Measure one of the two in a process of its own."""
    command = [args.python.get(name, sys.executable), __file__, "--worker", name]
    command += ["--data", args.data, "--data-dir", str(args.data_dir)]
    command += ["--epochs", str(args.epochs), "--clock", args.clock]
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    limits = dict.fromkeys([*threads, "LOKY_MAX_CPU_COUNT"], str(args.threads))
    done = subprocess.run(
        command, env={**os.environ, **limits}, stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise SystemExit(f"{name} failed, see above; its command: {' '.join(command)}")
    return json.loads(done.stdout.decode().splitlines()[-1])


def main(argv=None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="adult", choices=sorted(SETS))
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--models", nargs="+", default=["ctgan", "ours"])
    parser.add_argument("--python", nargs="+", default=[], metavar="MODEL=PATH")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--clock", default="wall", choices=CLOCKS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--worker", choices=["ctgan", "ours"], help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    args.python = dict(item.split("=", 1) for item in args.python)
    if args.worker:
        work(args)
        return
    runs = {name: [] for name in args.models}
    for _ in range(args.repeats):
        for name in args.models:
            runs[name].append(start(name, args))
            print(f"{name}: {runs[name][-1]}", flush=True)
    # The fastest run is the one that other work disturbed least.
    best = {
        name: {key: min(run[key] for run in found) for key in found[0]}
        for name, found in runs.items()
    }
    print(f"\n{args.data}, {args.threads} thread(s), best of {args.repeats}")
    print(f"{'':8}{'encode s':>10}{'step ms':>10}{'columns':>10}")
    for name, row in best.items():
        print(
            f"{name:8}{row['encode_s']:10.2f}{row['step_ms']:10.1f}"
            f"{row['encoded_columns']:10d}"
        )
    if {"ctgan", "ours"} <= set(best):
        for key, what in (("step_ms", "a step"), ("encode_s", "encoding")):
            ratio = best["ours"][key] / best["ctgan"][key]
            print(f"{what}: ours takes {ratio:.2f} of ctgan's time")
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"training-{args.data}.json"
    facts = {"platform": platform.platform(), "cores": os.cpu_count()}
    report = {"data": args.data, "machine": facts, "threads": args.threads, **runs}
    path.write_text(json.dumps(report, indent=1), encoding="utf-8")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
