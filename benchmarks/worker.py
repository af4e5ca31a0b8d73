"""Fits and samples one model in a process of its own; see bench_fidelity.py."""

import argparse
import importlib
import json
import platform
import resource
import sys
from importlib import metadata
from pathlib import Path

from datasets import load
from timing import Stopwatch


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", help="a file of peers/")
    parser.add_argument("--data", required=True)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--options", type=json.loads, default={}, help="as JSON")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--limit", type=int, help="seconds of the processor")
    args = parser.parse_args()
    if args.limit is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (args.limit, args.limit + 60))

    train = load(args.data, args.data_dir).train
    peer = importlib.import_module(f"peers.{args.peer}")
    watch = Stopwatch()
    synthetic = peer.run(train, len(train), args.seed, watch, **args.options)

    args.out.mkdir(parents=True, exist_ok=True)
    synthetic[list(train.columns)].to_csv(args.out / "synthetic.csv", index=False)
    facts = {
        "seconds": dict(watch.seconds),
        "cpu_seconds": dict(watch.cpu_seconds),
        "peak_memory_mb": peak_memory_mb(),
        "versions": {"python": platform.python_version(), **versions(peer.PACKAGES)},
    }
    # Written last: it says that the run is whole.
    (args.out / "run.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def peak_memory_mb():
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would count the parent's memory, from before this program began.
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def versions(packages):
    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed as a package"
    return found


if __name__ == "__main__":
    main()
