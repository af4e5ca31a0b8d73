"""Faults injected, inputs tried, kills survived: the table of docs/trust.md.

    python benchmarks/bench_faults.py
    python benchmarks/bench_faults.py --quick

Counts how often each fault was put in and what went wrong, and exits with an error if
anything did. POSIX only: it kills processes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from pathlib import Path

import faults
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HERE = Path(__file__).resolve().parent


def zoo(n, only):
    """Tables of the tests' input zoo: encoded and back, fitted, sampled, refused."""
    sys.path.insert(0, str(HERE.parent / "tests" / "generators"))
    import test_input_zoo as tests
    import zoo as tables

    good = tables.tables().map(lambda drawn: drawn[0])
    kinds = {
        "encoded and decoded": (tests.check_round_trip, [good], 0.4),
        "fitted and sampled": (
            tests.check_model,
            [good, st.sampled_from(faults.NETWORKS)],
            0.36,
        ),
        "of polars": (tests.check_polars, [tables.polars_tables()], 0.12),
        "refused by name": (tests.check_refused, [tables.tables(bad=True)], 0.12),
    }
    for name, (check, drawn, share) in kinds.items():
        if n and only in f"tables {name}":
            tried, wrong = _try(check, st.tuples(*drawn), round(share * n))
            yield f"tables {name}", tried, wrong


def _try(check, drawn, n):
    """Check so many drawn examples; how many there were, and what failed."""
    tried, wrong = 0, []

    def counted(example):
        nonlocal tried
        tried += 1
        check(*example)

    options = settings(
        max_examples=n,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    try:
        options(given(drawn)(counted))()
    except BaseException as error:
        wrong.append(f"{type(error).__name__}: {error}"[:300])
    return tried, wrong


def rounds(quick):
    """What is done, as functions that return a count and what went wrong."""
    stride, positions, calls = (200, 3, 300) if quick else (12, 25, 10_000)

    def in_folder(function, **options):
        def run():
            with tempfile.TemporaryDirectory() as folder:
                return function(folder, **options)

        return run

    def memory(network):
        def run():
            grown = faults.memory_of_calls(faults.fitted(network), calls)
            return calls, [] if grown < 4 * 2**20 else [f"{grown} bytes more"]

        return run

    for existing in (True, False):
        over = "over an old model" if existing else "of a first model"
        save = in_folder(faults.kill_saves, stride=stride, existing=existing)
        yield f"kills within a save {over}", save
    for network in faults.NETWORKS:
        options = {"networks": [network], "per_network": 3 if quick else None}
        yield f"kills within a fit ({network})", in_folder(faults.kill_fits, **options)
    damage = in_folder(faults.damage_files, positions=positions)
    yield "files cut, altered, swapped, removed", damage
    yield "malicious pickles in files", in_folder(faults.plant_pickles)
    for network in faults.NETWORKS:
        one = lambda network=network: faults.fits_in_threads(network, 4)  # noqa: E731
        yield f"fits in threads at once ({network})", one
        samples = lambda network=network: faults.samples_in_threads(  # noqa: E731
            faults.fitted(network)
        )
        yield f"samples in threads at once ({network})", samples
        yield f"samples in flat memory ({network})", memory(network)
    parallel = lambda: faults.fits_in_processes("autoregressive")  # noqa: E731
    yield "fits in parallel processes", parallel


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of each")
    parser.add_argument("--tables", type=int, default=2000)
    parser.add_argument("--only", default="", help="part of a line's name")
    parser.add_argument("--json", type=Path, default=HERE / "results" / "faults.json")
    args = parser.parse_args()
    # Levels of single rows, mostly: the tables are small.
    warnings.simplefilter("ignore", UserWarning)
    results = []

    def tell(name, count, wrong, seconds):
        row = {"what": name, "count": count, "failures": len(wrong), "seconds": seconds}
        results.append(row)
        print(f"| {name} | {count:,} | {len(wrong)} | {seconds:.0f} |", flush=True)
        for text in wrong[:5]:
            print("    ", text, file=sys.stderr)

    print("| what | count | failures | seconds |\n|---|---:|---:|---:|", flush=True)
    for name, run in rounds(args.quick):
        if args.only in name:
            start = time.perf_counter()
            tell(name, *run(), time.perf_counter() - start)
    start = time.perf_counter()
    n_tables = min(args.tables, 100) if args.quick else args.tables
    for name, count, wrong in zoo(n_tables, args.only):
        tell(name, count, wrong, time.perf_counter() - start)
        start = time.perf_counter()
    args.json.parent.mkdir(exist_ok=True)
    args.json.write_text(json.dumps(results, indent=1))
    total = sum(row["count"] for row in results)
    failed = sum(row["failures"] for row in results)
    print(f"| all | {total:,} | {failed} | |")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
