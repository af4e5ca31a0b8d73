"""Take runs of bench_fidelity.py into the page on benchmarks, with table and picture.

    python benchmarks/publish_fidelity.py benchmarks/results/fidelity-*.json

Runs of a set, model and seed that ``docs/fidelity.json`` already has are replaced, all
others stay, so that what takes hours need not be run again. The table in
``docs/benchmarks.md`` and ``docs/images/fidelity.png`` are made anew.
"""

import argparse
import json
from pathlib import Path

from fidelity_tables import markdown, picture

DOCS = Path(__file__).resolve().parent.parent / "docs"
# The models in the order of the page, by their names there.
NAMES = {
    "ours": "**ours**",
    "tabularargn": "TabularARGN",
    "arf": "arfpy",
    "tvae": "TVAE",
    "ctgan": "ctgan",
    "copula": "GaussianCopula",
    "cart": "CART",
    "independent": "independent columns",
}
LEFT_OUT = ("clock s", "NMI error")


def merged(old: list, new: list) -> list:
    """The results of both, the new ones where a run is in both.

    Parameters
    ----------
    old, new : list of dict
        As ``bench_fidelity.bench`` returns them, one a set.

    Returns
    -------
    list of dict
    """
    results = {result["data"]: result for result in old}
    for result in new:
        known = results.setdefault(result["data"], result)
        runs = {_key(run): run for run in [*known["runs"], *result["runs"]]}
        stopped = {_key(s): s for s in [*known["stopped"], *result["stopped"]]}
        done = {model for model, _ in runs}
        results[result["data"]] = {
            **result,
            "machine": {k: result["machine"][k] for k in ("cores", "threads")},
            "runs": sorted(runs.values(), key=_place),
            "stopped": [s for s in stopped.values() if s["model"] not in done],
        }
    return list(results.values())


def _key(run):
    return run["model"], run["seed"]


def _place(run):
    return list(NAMES).index(run["model"]), run["seed"]


def page_table(results: list) -> str:
    """The table of the page: names for people, fewer columns."""
    lines = markdown(results).splitlines()
    heads = [cell.strip() for cell in lines[0].strip("|").split("|")]
    kept = [k for k, head in enumerate(heads) if head not in LEFT_OUT]
    shown = []
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        name, comma, model = cells[0].partition(", ")
        if comma and model in NAMES:
            cells[0] = f"{name}, {NAMES[model]}"
        own = [_short(cells[k]) for k in kept]
        shown.append("|" + "---|" * len(own) if "---" in cells[0] else _row(own))
    return "\n".join(shown)


def _row(cells):
    return "| " + " | ".join(cells) + " |"


def _short(cell):
    """A share without the zero before its point."""
    short = cell.replace("(0.", "(.").replace("-0.", "-.")
    return short[1:] if short.startswith("0.") and len(cell) > 4 else short


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", nargs="+", type=Path)
    args = parser.parse_args(argv)
    new = [json.loads(path.read_text(encoding="utf-8")) for path in args.results]
    kept = DOCS / "fidelity.json"
    results = merged(json.loads(kept.read_text(encoding="utf-8")), new)
    lines = ",\n".join(json.dumps(r, separators=(",", ":")) for r in results)
    kept.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    page = DOCS / "benchmarks.md"
    head, mark, rest = page.read_text(encoding="utf-8").partition("| set, model |")
    if not mark:
        raise SystemExit(f"{page} has no table that begins with '| set, model |'.")
    after = rest.partition("\n\n")[2]
    page.write_text(f"{head}{page_table(results)}\n\n{after}", encoding="utf-8")
    picture(results, DOCS / "images" / "fidelity.png")
    print(page_table(results))


if __name__ == "__main__":
    main()
