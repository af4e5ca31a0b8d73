"""A report as one page of HTML: no other file, no script, no network."""

from __future__ import annotations

import datetime as dt
import platform

import numpy as np
import pandas as pd
import sklearn

from sklearn_synthohive import __version__
from sklearn_synthohive.reports._document import document
from sklearn_synthohive.reports._markup import (
    cards,
    findings_list,
    paragraph,
    table,
    text,
)
from sklearn_synthohive.reports._pictures import Pictures
from sklearn_synthohive.reports._style import CSS

__all__ = ["page"]

# Longer tables are cut; the frames hold all of it.
_MAX_COLUMNS, _MAX_PAIRS = 100, 20


def page(result, *, whole) -> str:
    """The page, or its beginning for a notebook.

    Parameters
    ----------
    result : QualityResult
    whole : bool
        Whether to write a document of its own, with pictures.

    Returns
    -------
    str
    """
    parts = [_heading(result), cards(result.verdicts), _findings(result)]
    parts.append(_summary(result))
    if not whole:
        return f'<style>{CSS}</style><div class="shr">{"".join(parts)}</div>'
    pictures = Pictures(result)
    parts += [
        pictures.note,
        _columns(result, pictures),
        _pairs(result, pictures),
        _detector(result, pictures),
        _privacy(result, pictures),
        pictures.history(),
        *(_section(section, pictures) for section in result.report.sections),
        _method(result),
        _signature(),
    ]
    return document(result.report.title, "".join(parts))


def _heading(result):
    parts = result.measurements
    holdout = (
        "no held-out rows"
        if parts.holdout is None
        else f"{len(parts.holdout):,} held-out real rows"
    )
    sizes = (
        f"{len(parts.real):,} real rows, {len(parts.synthetic):,} synthetic rows, "
        f"{holdout}, {parts.real.shape[1]} columns."
    )
    return (
        f"<h1>{text(result.report.title)}</h1>"
        f"{paragraph(sizes)}{paragraph(_sampling(result), 'soft')}"
    )


def _sampling(result):
    parts, most = result.measurements, result.report.max_rows
    frames = {
        "real": parts.real,
        "synthetic": parts.synthetic,
        "holdout": parts.holdout,
    }
    cut = [name for name, f in frames.items() if f is not None and len(f) > most]
    seed = f"seed {result.report.seed}"
    n = f"{len(parts.drawn):,}"
    if cut:
        return (
            f"Judged on a sample: at most {most:,} rows of each table, drawn at random "
            f"with {seed}; shapes and dependences on {n} synthetic and as many other "
            "real rows. Copies, levels, spikes and ranges were looked for in all rows."
        )
    return (
        f"Shapes and dependences are judged on {n} synthetic and as many real rows "
        f"({seed}): a score of fewer rows is lower by chance alone."
    )


def _findings(result):
    serious = sum(f.severity == "serious" for f in result.findings)
    title = f"Warnings ({len(result.findings)}, of which {serious} serious)"
    return f"<h2>{text(title)}</h2>{findings_list(result.findings)}"


def _summary(result):
    frame = result.summary.rename(
        columns={"error": "standard error", "real": "real rows"}
    )
    groups = [group.capitalize() for group in frame.pop("group")]
    meanings = list(frame.pop("meaning"))
    note = (
        "“Real rows” is the same figure of real rows that the generator has not seen: "
        "what one can hope for."
        if result.measurements.holdout is not None
        else "There are no held-out rows: “real rows” compares one half of the real "
        "rows with the other, and closeness to training rows cannot be judged."
    )
    return (
        f"<h2>All figures</h2>{paragraph(note)}"
        f"{table(frame, notes=meanings, groups=groups)}"
    )


def _columns(result, pictures):
    frame = result.columns.sort_values("shape", kind="stable").head(_MAX_COLUMNS)
    shown = frame[["kind", "shape", "shape_real", "trend", "trend_real"]].copy()
    shown["reached"] = frame["coverage"]
    for name, suffix in (("missing, %", ""), ("missing, real rows, %", "_real")):
        shown[name] = (100 * frame[f"missing{suffix}"]).map("{:.1f}".format)
    shown["gives away"] = frame["importance"]
    names = {"shape_real": "shape, real rows", "trend_real": "trend, real rows"}
    key = (
        '<p class="soft"><span class="key real"></span>real, filled &ensp;'
        '<span class="key synthetic"></span>synthetic, line or full bar</p>'
    )
    note = (
        "Sorted by shape, the worst first. Shape: how well the distribution is met; "
        "trend: how well the dependence on the other columns is; reached: share of the "
        "real levels or range; gives away: AUC that the classifier loses without it."
    )
    figures = pictures.marginals(frame.index)
    return (
        f"<h2>Columns</h2>{paragraph(note)}{table(shown.rename(columns=names))}"
        f"{key if figures else ''}{figures}"
    )


def _pairs(result, pictures):
    frame = result.pairs
    if len(frame) == 0:
        return ""
    error = (frame["nmi_synthetic"] - frame["nmi_real"]).abs()
    worst = frame.loc[error.sort_values(ascending=False, kind="stable").index]
    worst = worst.head(_MAX_PAIRS)
    names = [
        f"{a} × {b}"  # noqa: RUF001
        for a, b in zip(worst["column_1"], worst["column_2"], strict=True)
    ]
    shown = pd.DataFrame(
        {
            "NMI, real": worst["nmi_real"].to_numpy(),
            "NMI, synthetic": worst["nmi_synthetic"].to_numpy(),
            "NMI, held-out": worst["nmi_holdout"].to_numpy(),
            "NMI, shuffled": worst["nmi_floor"].to_numpy(),
            "trend": worst["trend"].to_numpy(),
            "trend, held-out": worst["trend_real"].to_numpy(),
        },
        index=names,
    )
    note = (
        f"The pairs whose dependence is farthest off, of {len(frame):,}. NMI is the "
        "normalised mutual information, 0 for independent columns and 1 where one "
        "follows from the other; “shuffled” is what chance gives."
    )
    return f"<h2>Pairs of columns</h2>{paragraph(note)}{pictures.pairs()}{table(shown)}"


def _detector(result, pictures):
    parts = result.measurements
    found = parts.c2st_holdout or parts.c2st_train
    against = "held-out" if parts.c2st_holdout is not None else "training"
    note = (
        f"Boosted trees learned to tell synthetic rows from {against} real rows and "
        f"were asked about others: AUC {found.auc:.3f}, standard error "
        f"{found.standard_error:.4f}. On the dotted line they would be guessing."
    )
    return f"<h2>Told apart?</h2>{paragraph(note)}{pictures.detector()}"


def _privacy(result, pictures):
    note = (
        "Each figure stands beside that of held-out rows, which nobody has learned "
        "from and which are therefore as close to the training rows as strangers are. "
        "These figures find generators that repeat what they saw. They are no proof "
        "that a given person is safe, and there is no differential privacy in them."
    )
    names = {"error": "standard error", "real": "held-out rows"}
    frame = result.privacy.rename(columns=names)
    meanings = list(frame.pop("meaning"))
    listed = table(frame, notes=meanings, digits=4)
    return f"<h2>Privacy</h2>{paragraph(note)}{listed}{pictures.closest()}"


def _section(section, pictures):
    words = paragraph(section.text) if section.text else ""
    tables = "".join(table(frame, name) for name, frame in section.tables.items())
    figures = pictures.of_section(section)
    return f"<h2>{text(section.title)}</h2>{words}{tables}{figures}"


def _method(result):
    report = result.report
    versions = (
        f"sklearn-synthohive {__version__}, scikit-learn {sklearn.__version__}, pandas "
        f"{pd.__version__}, numpy {np.__version__}, Python {platform.python_version()}"
    )
    made = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = [
        "Shape: 1 minus the Kolmogorov-Smirnov distance for numbers and dates, 1 minus "
        "the total variation distance for categories. Trend: correlation similarity of "
        "two numbers, else contingency similarity on ten bins.",
        "C2ST: ROC AUC of histogram gradient boosting, threefold, at most 10,000 rows "
        "of a side; standard error by DeLong's method.",
        "Distances: numbers by their difference in standard deviations, categories by "
        "0 or 1, summed as squares; at most 5,000 rows of a side. The membership "
        "attack guesses that who is close to a synthetic row was in the training data.",
        f"Seed {report.seed}, at most {report.max_rows:,} rows of each table. The same "
        f"seed gives the same figures. {versions}. Written {made}.",
    ]
    body = "".join(paragraph(line, "soft") for line in lines)
    return f"<h2>How it was measured</h2>{body}"


def _signature():
    note = "I have read the warnings and figures above and know what they do not prove."
    fields = "".join(
        f"<div>{name}</div>"
        for name in ("Purpose and recipient", "Name and role", "Date and signature")
    )
    return f'<h2>Release</h2>{paragraph(note)}<div class="sign">{fields}</div>'
