"""Seconds of encoding a table and of decoding it, and how they grow; a peer beside us.

    python benchmarks/bench_encoding.py --python ctgan=/path/to/venv/bin/python

Fits each encoder to a real table, encodes it, decodes it, and counts the cells that do
not come back; then does the same for made-up tables of more and more rows and columns.
Every measurement runs in a process of its own. ctgan stands for the ``DataTransformer``
of the ctgan package (whose columns are rdt's ``ClusterBasedNormalizer``); it is left
out, with a message, where it cannot be imported.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import SETS, default_data_dir, load
from timing import CLOCKS, Stopwatch

HERE = Path(__file__).resolve().parent
NOT_IMPORTABLE = 3
KINDS = ("normal", "cents", "integer", "spiky", "category")


def measure_ours(frame: pd.DataFrame, watch: Stopwatch) -> tuple[int, pd.DataFrame]:
    """Width of the matrix and the decoded frame, by sklearn_synthohive."""
    from sklearn_synthohive import DataTransformer

    transformer = DataTransformer(random_state=0)
    with watch("fit"):
        transformer.fit(frame)
    with watch("encode"):
        encoded = transformer.transform(frame)
    with watch("decode"):
        decoded = transformer.inverse_transform(encoded)
    with watch("compact encode"):
        table = transformer.encode(frame)
    with watch("compact decode"):
        transformer.decode(table)
    return encoded.shape[1], decoded


def measure_ctgan(frame: pd.DataFrame, watch: Stopwatch) -> tuple[int, pd.DataFrame]:
    """The same by the ctgan package."""
    from ctgan.data_transformer import DataTransformer
    from peers.ctgan import complete

    frame, discrete = complete(frame)
    transformer = DataTransformer()
    with watch("fit"):
        transformer.fit(frame, discrete)
    with watch("encode"):
        encoded = transformer.transform(frame)
    with watch("decode"):
        decoded = transformer.inverse_transform(encoded)
    return encoded.shape[1], decoded


MODELS = {"ours": measure_ours, "ctgan": measure_ctgan}


def make_table(n_rows: int, n_columns: int) -> pd.DataFrame:
    """Columns of each kind in turn, the same for every model."""
    rng = np.random.default_rng(0)
    columns = {}
    for i in range(n_columns):
        kind = KINDS[i % len(KINDS)]
        if kind == "normal":
            values = rng.normal(size=n_rows)
        elif kind == "cents":
            values = np.round(rng.lognormal(4, 1, n_rows), 2)
        elif kind == "integer":
            values = rng.integers(0, 10**6, n_rows)
        elif kind == "spiky":
            values = np.where(rng.random(n_rows) < 0.7, 0, rng.gamma(2, 50, n_rows))
        else:
            values = rng.choice([f"level {k}" for k in range(12)], n_rows)
        columns[f"{kind}{i}"] = values
    return pd.DataFrame(columns)


def lost_cells(frame: pd.DataFrame, decoded: pd.DataFrame) -> float:
    """Percent of the cells that do not come back (floats within 1e-6 of the range)."""
    lost = []
    for column in frame:
        before, after = frame[column], decoded[column]
        same = before.isna().to_numpy() & after.isna().to_numpy()
        if pd.api.types.is_numeric_dtype(before) and pd.api.types.is_numeric_dtype(
            after
        ):
            slack = 0.0
            if pd.api.types.is_float_dtype(before):
                slack = 1e-6 * (before.max() - before.min())
            distance = np.abs(after.to_numpy(float) - before.to_numpy(float))
            same |= distance <= slack
        else:
            same |= before.astype(str).to_numpy() == after.astype(str).to_numpy()
        lost.append(1 - same.mean())
    return 100 * float(np.mean(lost))


def work(args) -> None:
    """Measure one model on one table here, and print the result as JSON."""
    if args.shape:
        frame = make_table(*args.shape)
    else:
        frame = load(args.data, args.data_dir).train
        if args.all_rows:
            whole = load(args.data, args.data_dir, max_rows=None)
            frame = pd.concat([whole.train, whole.holdout], ignore_index=True)
    watch = Stopwatch(args.clock)
    try:
        width, decoded = MODELS[args.worker](frame, watch)
    except ImportError as error:
        print(f"{args.worker} cannot be imported ({error}).", file=sys.stderr)
        raise SystemExit(NOT_IMPORTABLE) from None
    result = {
        "rows": len(frame),
        "columns": frame.shape[1],
        "width": width,
        "lost_percent": lost_cells(frame, decoded),
        "seconds": dict(watch.chosen),
    }
    print(json.dumps(result))


def start(name: str, args, shape=None) -> dict | None:
    """Measure a model in a process of its own; None where it is not installed."""
    command = [args.python.get(name, sys.executable), __file__, "--worker", name]
    command += [
        "--clock",
        args.clock,
        "--data",
        args.data,
        "--data-dir",
        str(args.data_dir),
    ]
    if args.all_rows:
        command.append("--all-rows")
    if shape:
        command += ["--shape", *map(str, shape)]
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    limits = dict.fromkeys([*threads, "LOKY_MAX_CPU_COUNT"], str(args.threads))
    done = subprocess.run(
        command, env={**os.environ, **limits}, stdout=subprocess.PIPE, check=False
    )
    if done.returncode == NOT_IMPORTABLE:
        return None
    if done.returncode:
        raise SystemExit(f"{name} failed, see above; its command: {' '.join(command)}")
    return json.loads(done.stdout.decode().splitlines()[-1])


def print_header() -> None:
    print(
        f"{'':8}{'rows':>10}{'columns':>9}{'width':>8}{'fit s':>9}{'encode s':>10}"
        f"{'decode s':>10}{'encode':>9}{'decode':>9}{'compact':>9}{'lost %':>8}"
    )


def print_row(name: str, result: dict) -> None:
    """Seconds, millions of cells a second, and the share of cells lost."""
    seconds = result["seconds"]
    cells = result["rows"] * result["columns"] / 1e6
    rates = [cells / seconds[part] for part in ("encode", "decode")]
    compact = seconds.get("compact encode")
    rate = f"{cells / compact:9.1f}" if compact else f"{'':9}"
    print(
        f"{name:8}{result['rows']:10,d}{result['columns']:9d}{result['width']:8d}"
        f"{seconds['fit']:9.2f}{seconds['encode']:10.2f}{seconds['decode']:10.2f}"
        f"{rates[0]:9.1f}{rates[1]:9.1f}{rate}{result['lost_percent']:8.2f}",
        flush=True,
    )


def run_all(args) -> dict:
    """All tables by all models that are installed."""
    shapes = [(rows, args.columns[0]) for rows in args.rows]
    shapes += [(args.rows[0], columns) for columns in args.columns[1:]]
    found = {}
    print_header()
    for name in args.models:
        rows = []
        for shape in [None, *shapes]:
            if name != "ours" and shape and shape[0] * shape[1] > args.peer_cells:
                continue
            result = start(name, args, shape)
            if result is None:
                print(f"{name} is left out; name its Python by --python {name}=PATH.")
                break
            rows.append({"table": "made up" if shape else args.data, **result})
            print_row(name, result)
        if rows:
            found[name] = rows
    return found


def main(argv=None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="adult", choices=sorted(SETS))
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--python", nargs="+", default=[], metavar="MODEL=PATH")
    parser.add_argument("--all-rows", action="store_true", help="of --data, unsplit")
    parser.add_argument("--rows", nargs="+", type=int, default=[10_000, 100_000, 10**6])
    parser.add_argument("--columns", nargs="+", type=int, default=[10, 100, 500])
    parser.add_argument(
        "--peer-cells",
        type=int,
        default=2 * 10**5,
        help="leave out made-up tables of more cells for a peer (default: %(default)s)",
    )
    parser.add_argument("--clock", default="wall", choices=CLOCKS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--worker", choices=MODELS, help=argparse.SUPPRESS)
    parser.add_argument("--shape", nargs=2, type=int, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    args.python = dict(item.split("=", 1) for item in args.python)
    if args.worker:
        work(args)
        return
    found = run_all(args)
    print("encode, decode, compact: millions of cells a second, one process")
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"encoding-{args.data}.json"
    facts = {"platform": platform.platform(), "cores": os.cpu_count()}
    report = {"machine": facts, "threads": args.threads, "runs": found}
    path.write_text(json.dumps(report, indent=1), encoding="utf-8")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
