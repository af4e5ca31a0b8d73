"""Fits and samples a schema in a process of its own; see bench_relational.py."""

import argparse
import importlib
import json
import platform
from pathlib import Path

from schemas import load
from timing import Stopwatch
from worker import peak_memory_mb, versions


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", help="a file of relational_peers/")
    parser.add_argument("--data", required=True)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--options", type=json.loads, default={}, help="as JSON")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    args = parser.parse_args()

    schema = load(args.data, args.data_dir)
    peer = importlib.import_module(f"relational_peers.{args.peer}")
    watch = Stopwatch()
    tables = peer.run(schema, args.seed, watch, **args.options)
    # Before writing, which no model answers for.
    memory = peak_memory_mb()

    args.out.mkdir(parents=True, exist_ok=True)
    for name, real in schema.tables.items():
        path = args.out / f"{name}.csv"
        tables[name][list(real.columns)].to_csv(path, index=False)
    facts = {
        "seconds": dict(watch.seconds),
        "cpu_seconds": dict(watch.cpu_seconds),
        "peak_memory_mb": memory,
        "versions": {"python": platform.python_version(), **versions(peer.PACKAGES)},
    }
    # Written last: it says that the run is whole.
    (args.out / "run.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
