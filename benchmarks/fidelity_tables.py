"""The outcome of bench_fidelity.py as a table for a terminal, for a page, and drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["markdown", "picture", "table_of"]

REAL = "real held-out rows"
# Heading, key, decimals.
COLUMNS = (
    ("encode s", "encode", 1),
    ("fit s", "fit", 1),
    ("sample s", "sample", 1),
    ("peak MB", "peak_memory_mb", 0),
    ("shape", "shape", 3),
    ("trend", "trend", 3),
    ("NMI error", "nmi_error", 2),
    ("C2ST train", "c2st_train", 3),
    ("C2ST held-out", "c2st_holdout", 3),
    ("tstr", "tstr", 3),
    ("precision", "alpha_precision", 3),
    ("recall", "beta_recall", 3),
    ("dcr", "dcr", 3),
    ("member", "membership_auc", 3),
    ("copies %", "copies_percent", 2),
)
# Okabe and Ito's colours, and a mark of its own for each model.
OURS = ("#D55E00", "*")
STYLES = (
    ("#0072B2", "o"),
    ("#009E73", "s"),
    ("#CC79A7", "^"),
    ("#E69F00", "D"),
    ("#56B4E9", "v"),
    ("#000000", "P"),
    ("#999999", "X"),
)


def table_of(result: dict) -> pd.DataFrame:
    """One row a model: the mean over the seeds, and the range if there are several."""
    cells = {
        label: {
            heading: _cell([r[key] for r in records if key in r], decimals)
            for heading, key, decimals in COLUMNS
        }
        for label, records in _records(result).items()
    }
    return pd.DataFrame.from_dict(cells, orient="index")


def _records(result):
    """The runs of each model, the real rows last."""
    rows: dict[str, list] = {}
    for record in result["runs"]:
        rows.setdefault(record["model"], []).append({**record, **record["seconds"]})
    rows[REAL] = [result[REAL]]
    return rows


def _cell(values, decimals) -> str:
    if not values:
        return ""
    mean, low, high = (f"{f(values):.{decimals}f}" for f in (np.mean, min, max))
    return mean if low == high else f"{mean} [{low}, {high}]"


def markdown(results: list[dict]) -> str:
    """All sets in one table: means over the seeds, the range of C2ST.

    Parameters
    ----------
    results : list of dict
        What ``bench`` returns, one a set.

    Returns
    -------
    str
    """
    heads = "set, model|seeds|CPU s|clock s|peak, MB|shape|trend|NMI error|C2ST train"
    heads += "|C2ST held-out|utility|closer to train|membership|copies, %"
    names = heads.split("|")
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    for result in results:
        for label, records in _records(result).items():
            lines.append(_line(result, label, records))
        for run in result.get("stopped", ()):
            note = f"not done in {run['limit']:,}"
            cells = [f"{result['data']}, {run['model']}", "", note]
            cells += [""] * (len(names) - len(cells))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _line(result, label, records):
    seconds = [_seconds(r, "seconds") for r in records if "seconds" in r]
    cpu = [_seconds(r) for r in records if "seconds" in r]
    cells = [
        f"{result['data']}, {label}",
        "" if label == REAL else str(len(records)),
        f"{np.mean(cpu):,.1f}" if cpu else "",
        f"{np.mean(seconds):,.1f}" if seconds else "",
        _mean(records, "peak_memory_mb", 0),
        _mean(records, "shape", 3),
        _mean(records, "trend", 3),
        _mean(records, "nmi_error", 2),
        _range(records, "c2st_train"),
        _range(records, "c2st_holdout"),
        _mean(records, "tstr", 3),
        _mean(records, "dcr", 3),
        _mean(records, "membership_auc", 3),
        _mean(records, "copies_percent", 2),
    ]
    return f"| {' | '.join(cells)} |"


def _mean(records, key, decimals):
    values = [r[key] for r in records if key in r]
    return f"{np.mean(values):,.{decimals}f}" if values else ""


def _range(records, key):
    values = [r[key] for r in records if key in r]
    if len(values) < 2:
        return _mean(records, key, 3)
    return f"{np.mean(values):.3f} ({min(values):.3f}-{max(values):.3f})"


def picture(results: list[dict], path: Path) -> Path:
    """Draw fidelity against seconds, a panel a set.

    Fidelity is ``1 - abs(2 AUC - 1)`` of the detector against held-out rows: 1 where it
    can only guess. Seconds are those of the processor, for fitting and sampling. A mark
    is the mean over the seeds, its line the range.

    Parameters
    ----------
    results : list of dict
    path : Path

    Returns
    -------
    Path
    """
    from matplotlib.figure import Figure

    models = list(dict.fromkeys(r["model"] for x in results for r in x["runs"]))
    models = sorted(
        (m for m in models if m != "independent"), key=lambda m: m != "ours"
    )
    styles = {m: STYLES[k % len(STYLES)] for k, m in enumerate(models)}
    styles |= {m: OURS for m in models if m == "ours"}
    across = min(3, len(results))
    down = -(-len(results) // across)
    size = (3.3 * across, 2.6 * down + 0.6)
    figure = Figure(figsize=size, layout="constrained")
    seconds = [
        _seconds(r) for x in results for r in x["runs"] if r["model"] != "independent"
    ]
    decades = np.log10(np.maximum(seconds or [1.0], 1e-2))
    ends = 10 ** (np.floor(decades.min()) - 0.1), 10 ** (np.ceil(decades.max()) + 0.1)
    for k, result in enumerate(results):
        ax = figure.add_subplot(down, across, k + 1)
        for model, records in _records(result).items():
            if model in styles:
                _mark(ax, records, *styles[model], model)
        ceiling = _fidelity(result[REAL])
        ax.axhline(ceiling, ls=":", color="0.4", lw=1)
        ax.set_xscale("log")
        # The same axis for all sets, in whole decades.
        ax.set_xlim(*ends)
        ax.set_ylim(-0.03, 1.05)
        ax.set_title(result["data"], loc="left", fontsize=9, fontweight="bold")
        ax.tick_params(labelsize=7)
        ax.spines[["top", "right"]].set_visible(False)
        if k % across == 0:
            ax.set_ylabel("fidelity, 1 - |2 AUC - 1|", fontsize=8)
        if k >= len(results) - across:
            ax.set_xlabel("CPU seconds to fit and sample", fontsize=8)
    handles, labels = {}, []
    for ax in figure.axes:
        handles |= dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
    labels = [m for m in models if m in handles]
    figure.legend(
        [handles[m] for m in labels],
        labels,
        loc="outside upper center",
        ncols=min(len(labels), 4) or 1,
        frameon=False,
        fontsize=8,
    )
    figure.savefig(path, dpi=110)
    return path


def _mark(ax, records, colour, mark, label):
    # The processor is read in hundredths of a second.
    seconds = max(np.mean([_seconds(r) for r in records]), 1e-2)
    values = [_fidelity(r) for r in records]
    mean = np.mean(values)
    ends = [[mean - min(values)], [max(values) - mean]]
    style = {"fmt": mark, "color": colour, "ms": 11 if mark == "*" else 6, "lw": 1}
    ax.errorbar([seconds], [mean], yerr=ends, label=label, **style)


def _seconds(record, clock="cpu_seconds"):
    """Seconds to fit and sample; by the wall where the processor's are not known."""
    seconds = record.get(clock) or record["seconds"]
    return seconds.get("fit", 0.0) + seconds.get("sample", 0.0)


def _fidelity(scores):
    return 1 - abs(2 * scores["c2st_holdout"] - 1)
