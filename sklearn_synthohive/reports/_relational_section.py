"""What ties the tables of a schema together, as a part of a report."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.metrics import relational_scores, relational_summary
from sklearn_synthohive.metrics._linked import link
from sklearn_synthohive.reports._cardinality_display import CardinalityDisplay
from sklearn_synthohive.reports._finding import Finding
from sklearn_synthohive.reports._section import Section

__all__ = ["relational_section"]

_MAX_LINES, _MAX_PICTURES, _MAX_OF_A_KIND = 15, 12, 3
_TEXT = (
    "Each figure stands beside its ceiling, what one half of the real parents reaches "
    "against the other half. Cardinality: 1 minus the Kolmogorov-Smirnov distance of "
    "the numbers of children. Trends: how well columns of joined rows depend on each "
    "other. Coherence: how alike the children of one parent are."
)
# Below the ceiling by more: worth a look, and not good.
_NOTICE, _SERIOUS = 0.05, 0.15


def relational_section(
    real, synthetic, metadata, *, min_parents=100, max_rows=20_000, seed=0
):
    """Judge the relations of a schema, as a part of a report's page.

    Parameters
    ----------
    real, synthetic : mapping of str to DataFrame
        The tables of the schema.
    metadata : Metadata
    min_parents : int, default=100
        Segments of fewer real parents or rows are left out.
    max_rows : int, default=20_000
        Rows of a child that are joined.
    seed : int, default=0

    Returns
    -------
    Section
        Tables, a picture of the numbers of children for each relation (where
        matplotlib is installed), and warnings.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import Metadata
    >>> from sklearn_synthohive.reports import relational_section
    >>> metadata = Metadata().add_table("users", pk="id")
    >>> metadata = metadata.add_table("orders", fk={"user": "users.id"})
    >>> users = pd.DataFrame({"id": [1, 2, 3]})
    >>> real = {"users": users, "orders": pd.DataFrame({"user": [1, 1, 3]})}
    >>> drawn = {"users": users, "orders": pd.DataFrame({"user": [1, 2, 9]})}
    >>> print(*relational_section(real, drawn, metadata).findings)
    orders.user -> users.id: 1 of 3 keys lead nowhere.
    """
    scores = relational_scores(
        real,
        synthetic,
        metadata,
        min_parents=min_parents,
        max_rows=max_rows,
        seed=seed,
    )
    return Section(
        "Relations between the tables",
        _TEXT,
        _tables(scores),
        _figures(real, synthetic, metadata, scores),
        _findings(scores),
    )


def _tables(scores):
    # Which is farthest off is in the tables below, where names have room.
    summary = relational_summary(scores).drop(columns="where")
    summary = summary.rename(columns={"n": "figures", "worst": "farthest below"})
    tables = {"All measures of the relations": summary}
    cardinality = scores["cardinality"]
    overall = cardinality[cardinality["segment"] == ""].merge(
        scores["integrity"][["relation", "missing", "orphans", "repeated"]]
    )
    shown = overall.set_index("relation")[
        ["mean_real", "mean_synthetic", "score", "ceiling", "missing", "orphans"]
    ]
    names = {
        "mean_real": "children, real",
        "mean_synthetic": "synthetic",
        "score": "cardinality",
        "missing": "rows without key",
    }
    tables["Children per parent, and keys"] = shown.rename(columns=names)
    inside = cardinality[cardinality["segment"] != ""]
    listed = {
        "Segments of parents whose children are farthest off": inside.assign(
            where=inside["segment"] + ": " + inside["relation"]
        ),
        "Dependences between tables that are farthest off": _pairs(scores),
    }
    for title, frame in listed.items():
        if len(frame):
            gap = frame["ceiling"] - frame["score"]
            worst = frame.loc[gap.sort_values(ascending=False, kind="stable").index]
            worst = worst.head(_MAX_LINES).set_index("where")
            columns = ["mean_real", "mean_synthetic", "score", "ceiling"]
            tables[title] = worst[[c for c in columns if c in worst]].rename(
                columns={"mean_real": "children, real", "mean_synthetic": "synthetic"}
            )
    return tables


def _pairs(scores):
    # pandas 2 warns of empty frames.
    frames = [f for f in (scores["joins"], scores["through"]) if len(f)]
    if not frames:
        return scores["joins"]
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(where=frame["column_1"] + " and " + frame["column_2"])


def _figures(real, synthetic, metadata, scores):
    sides = link(real, synthetic, metadata)
    cardinality = scores["cardinality"]
    overall = cardinality[cardinality["segment"] == ""].set_index("relation")["score"]
    worst = overall.sort_values(kind="stable").index[:_MAX_PICTURES]
    relations = {relation.name: relation for relation in metadata.relations}
    figures = {}
    for name in worst:
        try:
            display = CardinalityDisplay._of(*sides, relations[name]).plot()
        except ImportError:
            # The page itself says that there are no pictures without matplotlib.
            return {}
        figures[f"{name}: cardinality {overall[name]:.3f}"] = display.figure_
    return figures


def _findings(scores):
    """Warnings in words, at most a few of a kind, the worst of them."""
    found = [
        *_of_keys(scores["integrity"]),
        *_of_cardinality(scores["cardinality"]),
        *_of_dependences(_pairs(scores)),
        *_of_siblings(scores["siblings"]),
        *_of_bridges(scores["bridges"]),
        *_of_nulls(scores["null_keys"]),
    ]
    return sorted(found, key=lambda finding: finding.severity != "serious")


def _of_keys(integrity):
    for line in integrity.itertuples():
        if line.orphans:
            n_keys = line.rows - line.missing
            told = f"{line.relation}: {line.orphans:,} of {n_keys:,} keys lead nowhere."
            yield Finding("orphan_keys", "serious", (), told)
        if line.repeated:
            told = f"{line.relation}: {line.repeated:,} parents repeat a key."
            yield Finding("repeated_keys", "serious", (), told)


def _of_cardinality(cardinality):
    for gap, line in _farthest(cardinality):
        whom = line.segment or "all parents"
        if np.isnan(line.mean_synthetic):
            told = (
                f"{line.relation}: {whom} are absent; the real ones have "
                f"{line.mean_real:.2f} children on average."
            )
        else:
            told = (
                f"{line.relation}: {whom} have {line.mean_synthetic:.2f} children on "
                f"average, the real ones {line.mean_real:.2f} (cardinality "
                f"{line.score:.2f}, ceiling {line.ceiling:.2f})."
            )
        yield Finding("cardinality", _severity(gap), (), told)


def _of_dependences(pairs):
    for gap, line in _farthest(pairs):
        told = (
            f"{line.where} do not depend on each other as the real ones do (trend "
            f"{line.score:.2f}, ceiling {line.ceiling:.2f})."
        )
        yield Finding("dependence_lost", _severity(gap), (), told)


def _of_siblings(siblings):
    for gap, line in _farthest(siblings):
        told = (
            f"{line.relation}: children of one parent are alike in {line.column} by "
            f"{line.synthetic:.2f}, the real ones by {line.real:.2f} (1: equal, 0: "
            "not at all)."
        )
        yield Finding("siblings", _severity(gap), (), told)


def _of_bridges(bridges):
    for gap, line in _farthest(bridges):
        told = (
            f"{line.relation_1} and {line.relation_2}: {line.synthetic:.1%} of the "
            f"pairs are distinct, of the real ones {line.real:.1%}."
        )
        yield Finding("repeated_pairs", _severity(gap), (), told)


def _of_nulls(nulls):
    # One half against the other is one draw of chance: three standard errors instead.
    n = 1 / nulls["n_real"] + 1 / nulls["n_synthetic"].clip(lower=1)
    chance = 3 * np.sqrt(nulls["real"] * (1 - nulls["real"]) * n)
    nulls = nulls.assign(score=1 - nulls["gap"], ceiling=1 - chance)
    for gap, line in _farthest(nulls):
        where = f" where {line.segment}" if line.segment else ""
        if line.n_synthetic:
            told = (
                f"{line.relation}: the key is missing in {line.synthetic:.1%} of the "
                f"rows{where}, in {line.real:.1%} of the real ones."
            )
        else:
            told = (
                f"{line.relation}: there are no rows{where}; of the real ones "
                f"{line.real:.1%} lack the key."
            )
        yield Finding("missing_keys", _severity(gap), (), told)


def _farthest(frame):
    """The lines of a measure that lie well below their ceilings, with the gaps."""
    if not len(frame):
        return []
    gaps = frame["ceiling"] - frame["score"]
    order = gaps[gaps > _NOTICE].sort_values(ascending=False, kind="stable").index
    lines = frame.loc[order[:_MAX_OF_A_KIND]].itertuples()
    return list(zip(gaps[order[:_MAX_OF_A_KIND]], lines, strict=True))


def _severity(gap):
    return "serious" if gap > _SERIOUS else "notice"
