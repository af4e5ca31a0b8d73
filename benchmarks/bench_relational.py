"""How well do models keep what ties the tables of a schema together?

    python benchmarks/bench_relational.py --data segments berka_part \\
        --models ours sdv --python sdv=sdv-venv/bin/python

Each model runs in a process of its own, if need be by a Python of its own; the measures
are computed here, by one code for all, beside what one half of the real parents reaches
against the other. See README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
from bench_fidelity import Model
from datasets import default_data_dir, read_like
from schemas import SCHEMAS, load

from sklearn_synthohive import Metadata
from sklearn_synthohive.metrics import (
    column_shapes,
    relational_scores,
    relational_summary,
)

HERE = Path(__file__).resolve().parent
# Seeds of other halves of the real parents than those of the ceilings.
OTHER_CUTS = (1, 2, 3)
# By the clock on the wall, and of the processor, all threads and processes.
CLOCKS = {"seconds": " s", "cpu_seconds": " CPU s"}


def parse(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    peers = sorted(p.stem for p in (HERE / "relational_peers").glob("[!_]*.py"))
    parser.add_argument(
        "--data", nargs="+", default=["segments"], choices=sorted(SCHEMAS)
    )
    parser.add_argument(
        "--models",
        nargs="+",
        default=["ours"],
        metavar="MODEL",
        help=f"of {peers}; with options as in ours:epochs=50",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument(
        "--python",
        nargs="+",
        default=[],
        metavar="PEER=PATH",
        help="the Python that runs a peer; the current one by default",
    )
    parser.add_argument("--threads", type=int, default=1, help="threads a model")
    parser.add_argument(
        "--limit", type=int, default=3600, help="seconds that a model may take"
    )
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument(
        "--reuse", action="store_true", help="keep runs that are already there"
    )
    args = parser.parse_args(argv)
    args.python = dict(item.split("=", 1) for item in args.python)
    args.models = [Model(text) for text in args.models]
    unknown = {m.peer for m in args.models} | set(args.python)
    if unknown - set(peers):
        parser.error(f"No peer {sorted(unknown - set(peers))}; there are {peers}.")
    return args


def run(model: Model, seed: int, data: str, args) -> tuple[Path, str]:
    """Run one model in its own process; the folder with its tables, and what failed."""
    options = json.dumps(model.options(None), sort_keys=True)
    name = "".join(c if c.isalnum() else "-" for c in f"{model.peer}-{options}")
    out = args.out / "runs" / "relational" / data / f"{name.strip('-')}-seed{seed}"
    label = f"{data}, {model.text}, seed {seed}"
    if args.reuse and (out / "run.json").exists():
        print(f"{label}: kept", flush=True)
        return out, ""
    out.mkdir(parents=True, exist_ok=True)
    (out / "run.json").unlink(missing_ok=True)
    command = [args.python.get(model.peer, sys.executable)]
    command += [str(HERE / "worker_relational.py"), model.peer, "--data", data]
    command += ["--data-dir", str(args.data_dir), "--seed", str(seed)]
    command += ["--options", options, "--out", str(out)]
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    limits = dict.fromkeys([*threads, "LOKY_MAX_CPU_COUNT"], str(args.threads))
    print(f"{label}: started", flush=True)
    start = time.perf_counter()
    failed = ""
    with open(out / "log.txt", "w", encoding="utf-8") as log:
        try:
            done = subprocess.run(
                command,
                env={**os.environ, **limits},
                stdout=log,
                stderr=log,
                check=False,
                timeout=args.limit,
            )
            if done.returncode:
                failed = reason(out / "log.txt", done.returncode)
        except subprocess.TimeoutExpired:
            failed = f"stopped after {args.limit} s"
    seconds = time.perf_counter() - start
    print(f"{label}: {failed or 'done'} ({seconds:.0f} s)", flush=True)
    return out, failed


def reason(log: Path, code: int) -> str:
    """The error that ended a process, from the last traceback of its log."""
    lines = log.read_text(encoding="utf-8").splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("Traceback")]
    if not starts:
        return f"ended by exit code {code}"
    after = lines[starts[-1] + 1 :]
    told = [i for i, line in enumerate(after) if line and not line.startswith(" ")]
    if not told:
        return lines[-1]
    text = " ".join(line.strip() for line in after[told[0] :] if line.strip())
    return text[:300]


def metadata_of(schema) -> Metadata:
    references: dict = {name: {} for name in schema.tables}
    for key in schema.foreign:
        to = tuple(f"{key.parent}.{column}" for column in key.parent_columns)
        references[key.child][key.columns] = to
    metadata = Metadata()
    for name in schema.tables:
        metadata.add_table(name, pk=schema.primary[name] or None, fk=references[name])
    return metadata


def judge(schema, metadata: Metadata, synthetic: dict) -> dict:
    """All measures of a synthetic schema."""
    scores = relational_scores(schema.tables, synthetic, metadata)
    shapes = []
    for name, real in schema.tables.items():
        keys = list(metadata.get_table(name).columns_excluded)
        if real.shape[1] > len(keys) and len(synthetic[name]):
            left = real.drop(columns=keys), synthetic[name].drop(columns=keys)
            shapes += column_shapes(*left).tolist()
    summary = relational_summary(scores)
    result = {
        "summary": summary.to_dict(orient="index"),
        "column shape": sum(shapes) / len(shapes),
        "orphans": int(scores["integrity"]["orphans"].sum()),
        "targets": targets(scores),
        "rows": {name: len(table) for name, table in synthetic.items()},
        "worst": {name: worst(table) for name, table in scores.items()},
    }
    through = scores["through"]
    named = (through["column_1"] == "airlines.name") & (
        through["column_2"] == "planes.type"
    )
    if named.any():
        result["airline x plane type"] = float(through.loc[named, "score"].iloc[0])
    if schema.name == "segments":
        result["segments"] = by_segment(schema.tables), by_segment(synthetic)
    return result


def targets(scores) -> dict:
    """How many figures miss the project's targets, by measure."""
    cardinality, nulls = scores["cardinality"], scores["null_keys"]
    inside, short = cardinality["segment"] != "", cardinality["ceiling"] - 0.03
    overall = nulls["segment"] == ""
    joins = scores["joins"]
    below = cardinality["score"] < short
    return {
        "cardinality below ceiling - .03": _share(below[~inside]),
        "the same in segments": _share(below[inside]),
        "trends below ceiling - .02": _share(joins["score"] < joins["ceiling"] - 0.02),
        "two parents below .93": _share(scores["through"]["score"] < 0.93),
        "null rate off by 1 point": _share(nulls["gap"][overall] > 0.01),
        "off by 3 points in a segment": _share(nulls["gap"][~overall] > 0.03),
    }


def other_halves(schema, metadata: Metadata) -> list[dict]:
    """What the real rows miss: halves cut in other ways, against the same ceilings.

    A ceiling is one cut in halves, and chance is in it: of figures that other halves
    miss, too, a model has nothing to answer for.
    """
    real = schema.tables
    ceilings = relational_scores(real, real, metadata)
    found = []
    for seed in OTHER_CUTS:
        again = relational_scores(real, real, metadata, seed=seed)
        cut = {}
        for name, table in ceilings.items():
            own = "gap" if "gap" in table else "score"
            labels = table.select_dtypes(exclude="number")
            if not labels.equals(again[name][labels.columns]):
                raise RuntimeError(f"The figures of {name!r} stand in another order.")
            if "ceiling" in table:
                table = table.assign(**{own: again[name]["ceiling"]})
            cut[name] = table
        found.append(targets(cut))
    return found


def _share(missed) -> str:
    return f"{int(missed.sum())} of {len(missed)}"


def worst(table: pd.DataFrame, n: int = 8) -> list[dict]:
    """The lines of a measure that are farthest below their ceilings."""
    if "gap" in table:
        order = (table["gap"] - table["ceiling"]).sort_values(ascending=False)
    elif "ceiling" in table:
        order = (table["ceiling"] - table["score"]).sort_values(ascending=False)
    else:
        order = table["score"].sort_values()
    return json.loads(table.loc[order.index[:n]].to_json(orient="records"))


def by_segment(tables: dict) -> dict:
    """Children a parent, and their mean amount, in both segments."""
    parents, children = tables["parents"], tables["children"]
    found = {}
    for segment, mine in parents.groupby("segment")["parent_id"]:
        rows = children[children["parent_id"].isin(mine)]
        found[segment] = {
            "children": len(rows) / len(mine),
            "amount": float(rows["amount"].mean()),
        }
    return found


def bench(name: str, args) -> dict:
    """Run and judge all models on one schema."""
    schema = load(name, args.data_dir)
    metadata = metadata_of(schema)
    runs = []
    for model in args.models:
        for seed in args.seeds:
            folder, failed = run(model, seed, name, args)
            record = {"model": model.text, "seed": seed, "failed": failed}
            if not failed:
                record |= json.loads((folder / "run.json").read_text(encoding="utf-8"))
                synthetic = {
                    table: read_like(folder / f"{table}.csv", real)
                    for table, real in schema.tables.items()
                }
                record |= judge(schema, metadata, synthetic)
            runs.append(record)
    return {
        "data": name,
        "rows": {table: len(frame) for table, frame in schema.tables.items()},
        "machine": {
            "platform": platform.platform(),
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "threads": args.threads,
        },
        "date": time.strftime("%Y-%m-%d"),
        "other halves": other_halves(schema, metadata),
        "runs": runs,
    }


def table_of(result: dict) -> pd.DataFrame:
    """One row a measure, one column a run, and the ceilings."""
    columns = {}
    for record in result["runs"]:
        label = f"{record['model']}, seed {record['seed']}"
        if record["failed"]:
            continue
        summary = record["summary"]
        if "ceiling" not in columns:
            columns["ceiling"] = {m: f"{v['ceiling']:.3f}" for m, v in summary.items()}
            halves = result["other halves"]
            columns["other halves"] = {k: _missed(halves, k) for k in halves[0]}
        cells = {
            m: f"{v['score']:.3f} ({v['score'] - v['ceiling']:+.3f})"
            for m, v in summary.items()
        }
        cells["column shape"] = f"{record['column shape']:.3f}"
        cells["orphans"] = f"{record['orphans']:,}"
        cells |= record["targets"]
        if "airline x plane type" in record:
            cells["airline x plane type"] = f"{record['airline x plane type']:.3f}"
        if "segments" in record:
            real, synthetic = record["segments"]
            for segment in real:
                for what in ("children", "amount"):
                    row = f"{segment}: {what} (real {real[segment][what]:.2f})"
                    cells[row] = f"{synthetic[segment][what]:.2f}"
        for clock, told in CLOCKS.items():
            for what in ("fit", "sample"):
                cells[f"{what}{told}"] = f"{record[clock][what]:.1f}"
        cells["peak MB"] = f"{record['peak_memory_mb']:.0f}"
        columns[label] = cells
    return pd.DataFrame(columns).fillna("")


def over_seeds(result: dict) -> pd.DataFrame:
    """Mean and range over the seeds of each model that has several."""
    columns = {}
    for model in dict.fromkeys(record["model"] for record in result["runs"]):
        mine = [r for r in result["runs"] if r["model"] == model and not r["failed"]]
        if len(mine) < 2:
            continue
        cells = {}
        for measure, told in mine[0]["summary"].items():
            scores = [r["summary"][measure]["score"] for r in mine]
            cells[measure] = f"{_spread(scores, 3)} / {told['ceiling']:.3f}"
        cells["column shape"] = _spread([r["column shape"] for r in mine], 3)
        cells["orphans"] = _spread([r["orphans"] for r in mine], 0)
        for target in mine[0]["targets"]:
            cells[target] = _missed([r["targets"] for r in mine], target)
        for clock, told in CLOCKS.items():
            for what in ("fit", "sample"):
                cells[f"{what}{told}"] = _spread([r[clock][what] for r in mine], 1)
        cells["peak MB"] = _spread([r["peak_memory_mb"] for r in mine], 0)
        columns[f"{model}, {len(mine)} seeds / ceiling"] = cells
    return pd.DataFrame(columns)


def _missed(counts, target) -> str:
    """Mean and range of how many figures miss a target."""
    parts = [told[target].split(" of ") for told in counts]
    return f"{_spread([int(missed) for missed, _ in parts], 1)} of {parts[0][1]}"


def _spread(values, digits) -> str:
    low, high = (f"{v:.{digits}f}" for v in (min(values), max(values)))
    mean = f"{sum(values) / len(values):.{digits}f}"
    return mean if low == high else f"{mean} ({low} to {high})"


def main(argv=None) -> int:
    args = parse(argv)
    n_failed = 0
    for name in args.data:
        result = bench(name, args)
        args.out.mkdir(parents=True, exist_ok=True)
        path = args.out / f"relational-{name}.json"
        path.write_text(json.dumps(result, indent=1), encoding="utf-8")
        rows = ", ".join(f"{n} {t}" for t, n in result["rows"].items())
        print(f"\n{name}: {rows}\n")
        print(table_of(result).to_string())
        if not (means := over_seeds(result)).empty:
            print(f"\n{means.to_string()}")
        for record in result["runs"]:
            if record["failed"]:
                n_failed += 1
                print(f"{record['model']}, seed {record['seed']}: {record['failed']}")
        print(f"written to {path}\n", flush=True)
    return int(n_failed > 0)


if __name__ == "__main__":
    sys.exit(main())
