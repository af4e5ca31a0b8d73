"""All that a report measures, each beside the same of real rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sklearn_synthohive.metrics import (
    ClosestRecords,
    Detection,
    FidelityScorer,
    attack_risks,
    closest_records,
    coverage,
    detect,
    nmi_matrix,
    precision_recall,
    privacy,
    utility,
)
from sklearn_synthohive.metrics._features import exact_rows
from sklearn_synthohive.reports._display import some_rows

__all__ = ["Measurements", "measure"]

# Distances between all pairs of rows are what costs; so many rows are enough for a
# standard error of about 0.01.
_MAX_NEIGHBOURS = 5_000
# Rows of each side for the detectors: a standard error of some 0.004.
_MAX_DETECTED = 10_000


@dataclass
class Measurements:
    """What :func:`measure` finds.

    Without held-out rows ``c2st_holdout``, ``c2st_real`` and ``records`` are None, and
    one half of the real rows stands in for them where the other half is judged.

    Attributes
    ----------
    real, synthetic : DataFrame
    holdout : DataFrame or None
    target : hashable or None
    sample, drawn, reference : DataFrame
        The real, synthetic and held-out rows that quality is judged on.
    columns, pairs : DataFrame
    nmi : dict of str to DataFrame
        Matrices "real", "synthetic", "holdout" and "floor" (shuffled real columns).
    support : DataFrame
        Alpha-precision and beta-recall, a row a side.
    c2st_train, c2st_holdout, c2st_real : Detection or None
        Against training rows, against held-out rows, of held-out against training rows.
    utility : DataFrame or None
        Scores of models trained on "synthetic" and "real" rows.
    privacy : Series
    records : ClosestRecords or None
    attacks : DataFrame or None
    """

    real: pd.DataFrame
    synthetic: pd.DataFrame
    holdout: pd.DataFrame | None
    target: Any
    sample: pd.DataFrame
    drawn: pd.DataFrame
    reference: pd.DataFrame
    columns: pd.DataFrame
    pairs: pd.DataFrame
    nmi: dict[str, pd.DataFrame]
    support: pd.DataFrame
    c2st_train: Detection
    c2st_holdout: Detection | None
    c2st_real: Detection | None
    utility: pd.DataFrame | None
    privacy: pd.Series
    records: ClosestRecords | None
    attacks: pd.DataFrame | None


def measure(
    real, synthetic, holdout, target, *, task, attacks, max_rows, seed
) -> Measurements:
    """Measure everything once; frames are checked and in one order already."""
    if holdout is None:
        # Halves of the real rows show what real rows reach against real rows.
        order = np.random.default_rng(seed).permutation(len(real))
        half = (len(real) + 1) // 2
        base, unseen = real.iloc[order[:half]], real.iloc[order[half:]]
    else:
        base, unseen = real, holdout
    sample = some_rows(base, max_rows, seed)
    # As many rows on both sides: a score of fewer rows is lower by chance alone.
    n = min(len(synthetic), len(unseen), max_rows)
    drawn, reference = (some_rows(frame, n, seed) for frame in (synthetic, unseen))
    scorer = FidelityScorer(sample)
    nmi = _dependences(sample, drawn, reference, seed)
    judge = {"max_rows": min(max_rows, _MAX_DETECTED), "seed": seed}
    c2st_train = detect(real, synthetic, importances=holdout is None, **judge)
    c2st_holdout = c2st_real = records = None
    if holdout is not None:
        c2st_holdout = detect(holdout, synthetic, importances=True, **judge)
        c2st_real = detect(holdout, real, **judge)
        records = closest_records(
            real, synthetic, holdout, max_rows=min(max_rows, _MAX_NEIGHBOURS), seed=seed
        )
    detector = c2st_holdout or c2st_train
    return Measurements(
        real=real,
        synthetic=synthetic,
        holdout=holdout,
        target=target,
        sample=sample,
        drawn=drawn,
        reference=reference,
        columns=_columns(scorer, sample, drawn, reference, detector.importances),
        pairs=_pairs(scorer, drawn, reference, nmi),
        nmi=nmi,
        support=_support(sample, drawn, reference, max_rows, seed),
        c2st_train=c2st_train,
        c2st_holdout=c2st_holdout,
        c2st_real=c2st_real,
        utility=_utility(base, synthetic, unseen, target, task, max_rows, seed),
        privacy=_privacy(real, synthetic, holdout, records),
        records=records,
        attacks=_attacks(real, synthetic, holdout, target, attacks, seed),
    )


def _dependences(sample, drawn, reference, seed):
    # As many rows each: the estimate is biased by the number of rows.
    n = min(len(sample), len(drawn), len(reference))
    real, drawn, reference = (some_rows(f, n, seed) for f in (sample, drawn, reference))
    rng = np.random.default_rng(seed)
    shuffled = {name: real[name].array.take(rng.permutation(n)) for name in real}
    return {
        "real": nmi_matrix(real),
        "synthetic": nmi_matrix(real, drawn),
        "holdout": nmi_matrix(real, reference),
        "floor": nmi_matrix(real, pd.DataFrame(shuffled)),
    }


def _columns(scorer, sample, drawn, reference, importances):
    table = pd.DataFrame(index=sample.columns)
    table["kind"] = [reader.kind for reader in scorer.readers]
    for suffix, frame in (("", drawn), ("_real", reference)):
        table[f"shape{suffix}"] = scorer.column_shapes(frame)
        table[f"trend{suffix}"] = _by_column(scorer.pair_trends(frame))
        table[f"coverage{suffix}"] = coverage(sample, frame)
        table[f"missing{suffix}"] = frame.isna().mean()
    table["importance"] = importances
    return table


def _by_column(trends):
    """The mean score of the pairs that a column is part of."""
    sides = [
        trends[["score"]].set_index(trends[side]) for side in ("column_1", "column_2")
    ]
    return pd.concat(sides)["score"].groupby(level=0, sort=False).mean()


def _pairs(scorer, drawn, reference, nmi):
    table = scorer.pair_trends(drawn).rename(columns={"score": "trend"})
    table["trend_real"] = scorer.pair_trends(reference)["score"]
    first, second = np.triu_indices(len(nmi["real"]), k=1)
    for side in ("real", "synthetic", "holdout", "floor"):
        table[f"nmi_{side}"] = nmi[side].to_numpy()[first, second]
    return table


def _support(sample, drawn, reference, max_rows, seed):
    options = {"max_rows": min(max_rows, _MAX_NEIGHBOURS), "seed": seed}
    sides = {"synthetic": drawn, "real": reference}
    found = {
        k: precision_recall(sample, frame, **options) for k, frame in sides.items()
    }
    return pd.DataFrame(found).T


def _utility(base, synthetic, unseen, target, task, max_rows, seed):
    if target is None or base.shape[1] == 1:
        return None
    n = min(len(base), len(synthetic), max_rows)
    test = some_rows(unseen, max_rows, seed)
    scores = {
        side: utility(some_rows(rows, n, seed), test, target, task=task, seed=seed)
        for side, rows in (("synthetic", synthetic), ("real", base))
    }
    return pd.DataFrame(scores).T


def _privacy(real, synthetic, holdout, records):
    if holdout is not None:
        return privacy(real, synthetic, holdout, records=records)
    keys = exact_rows(real, real)
    counts = pd.Series(keys).value_counts()
    copies = float(np.isin(exact_rows(real, synthetic), keys).mean())
    repeats = float((counts[counts > 1].sum()) / len(keys))
    excess = max(0.0, copies - repeats)
    return pd.Series(
        {"copies": copies, "holdout_copies": repeats, "excess_copies": excess}
    )


def _attacks(real, synthetic, holdout, target, attacks, seed):
    if not attacks:
        return None
    if holdout is None:
        raise ValueError("attacks=True needs held-out rows: give holdout.")
    secrets = () if target is None else (target,)
    return attack_risks(real, synthetic, holdout, secrets=secrets, seed=seed)
