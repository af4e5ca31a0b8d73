"""The measurements as tables: a line a figure, beside what real rows reach."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["privacy_table", "summary_table", "verdicts"]

COLUMNS = ["group", "synthetic", "real", "ideal", "error", "meaning"]
_UTILITY = {
    "roc_auc": "ROC AUC of models trained on it, tested on unseen real rows",
    "f1_macro": "mean F1 of the classes, of the same models",
    "r2": "R2 of models trained on it, tested on unseen real rows",
    "rmse": "root mean squared error of the same models",
}
# Key, key of the held-out rows, ideal, key of the error, name, meaning.
_PRIVACY = (
    (
        "closer_to_train",
        None,
        "0.5",
        "closer_to_train_error",
        "closer to train",
        "share of rows closer to a training row than to as many held-out ones",
    ),
    (
        "copies",
        "holdout_copies",
        "as real",
        None,
        "copies",
        "share of rows that equal a training row in every cell",
    ),
    (
        "dcr_5",
        "holdout_dcr_5",
        "as real",
        None,
        "closest record, 5 %",
        "distance to the closest training row, 5 % quantile",
    ),
    (
        "dcr_50",
        "holdout_dcr_50",
        "as real",
        None,
        "closest record, median",
        "distance to the closest training row, median",
    ),
    (
        "nndr_5",
        "holdout_nndr_5",
        "as real",
        None,
        "distance ratio, 5 %",
        "closest over second closest training row, 5 % quantile; near 0 one is meant",
    ),
    (
        "membership_auc",
        None,
        "0.5",
        "membership_error",
        "membership attack",
        "AUC of guessing who was in the training data",
    ),
)


def summary_table(parts, cost=None) -> pd.DataFrame:
    """One row a figure.

    Parameters
    ----------
    parts : Measurements
    cost : Series, optional

    Returns
    -------
    DataFrame
        Columns ``group``, ``synthetic``, ``real`` (the same figure of real rows),
        ``ideal``, ``error`` (standard error of the first) and ``meaning``.
    """
    rows = {**_quality(parts), **_support(parts), **_utility(parts)}
    rows |= _privacy(parts)
    for name, value in ({} if cost is None else cost).items():
        rows[name.replace("_", " ")] = ("cost", value, np.nan, "", np.nan, "")
    return pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)


def privacy_table(parts) -> pd.DataFrame:
    """The rows of :func:`summary_table` that are about privacy.

    Parameters
    ----------
    parts : Measurements

    Returns
    -------
    DataFrame
    """
    rows = _privacy(parts)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)
    return table.drop(columns="group")


def _quality(parts):
    columns, pairs, nmi = parts.columns, parts.pairs, parts.nmi
    error = {
        side: float(np.abs(nmi[side] - nmi["real"]).to_numpy().sum() / 2)
        for side in ("synthetic", "holdout")
    }
    rows = {
        "column shape": (
            "quality",
            columns["shape"].mean(),
            columns["shape_real"].mean(),
            "1",
            np.nan,
            "how well each column's distribution is met",
        )
    }
    if len(pairs):
        rows["pair trend"] = (
            "quality",
            pairs["trend"].mean(),
            pairs["trend_real"].mean(),
            "1",
            np.nan,
            "how well the dependence of each pair of columns is met",
        )
        rows["NMI error"] = (
            "quality",
            error["synthetic"],
            error["holdout"],
            "0",
            np.nan,
            "summed errors of the pairs' normalised mutual information",
        )
    real = parts.c2st_real
    for name, found in (
        ("C2ST, training rows", parts.c2st_train),
        ("C2ST, held-out rows", parts.c2st_holdout),
    ):
        if found is not None:
            rows[name] = (
                "quality",
                found.auc,
                np.nan if real is None else real.auc,
                "0.5",
                found.standard_error,
                "AUC of boosted trees that tell synthetic rows from these",
            )
    return rows


def _support(parts):
    support = parts.support
    rows = {
        "coverage": (
            "quality",
            parts.columns["coverage"].mean(),
            parts.columns["coverage_real"].mean(),
            "1",
            np.nan,
            "share of the real levels and ranges that is reached",
        )
    }
    for key, name, ideal, meaning in (
        (
            "alpha_precision",
            "alpha-precision",
            "1",
            "rows lie where real ones do",
        ),
        (
            "beta_recall",
            "beta-recall",
            "as real",
            "and wherever real ones do; 0.5 for fresh rows",
        ),
    ):
        values = support.loc["synthetic", key], support.loc["real", key]
        rows[name] = ("quality", *values, ideal, np.nan, meaning)
    return rows


def _utility(parts):
    if parts.utility is None:
        return {}
    names = {"roc_auc": "ROC AUC", "f1_macro": "macro F1", "r2": "R2", "rmse": "RMSE"}
    return {
        names[key]: (
            "utility",
            parts.utility.loc["synthetic", key],
            parts.utility.loc["real", key],
            "as real",
            np.nan,
            _UTILITY[key],
        )
        for key in parts.utility
    }


def _privacy(parts):
    private, rows = parts.privacy, {}
    for key, other, ideal, error, name, meaning in _PRIVACY:
        if key in private:
            rows[name] = (
                "privacy",
                private[key],
                private.get(other, np.nan),
                ideal,
                private.get(error, np.nan),
                meaning,
            )
    if parts.attacks is not None:
        for name, row in parts.attacks.iterrows():
            rows[name] = (
                "privacy",
                row["success"],
                row["holdout_success"],
                "as real",
                np.nan,
                "share of an attacker's guesses that are right (anonymeter)",
            )
    return rows


def verdicts(parts, findings) -> dict[str, tuple[str, str]]:
    """A word and a sentence on quality, utility and privacy.

    Parameters
    ----------
    parts : Measurements
    findings : list of Finding

    Returns
    -------
    dict of str to (str, str)
        The word is "good", "look", "bad" or, where nothing was measured, "none".
    """
    return {
        "Quality": _quality_verdict(parts, findings),
        "Utility": _utility_verdict(parts, findings),
        "Privacy": _privacy_verdict(parts, findings),
    }


def _quality_verdict(parts, findings):
    found = parts.c2st_holdout or parts.c2st_train
    beside = (
        "" if parts.c2st_real is None else f" (real rows: {parts.c2st_real.auc:.2f})"
    )
    figure = f"A classifier reaches an AUC of {found.auc:.2f}{beside}; 0.5 is guessing."
    codes = {f.code for f in findings if f.severity == "serious"}
    lost = codes & {
        "smeared_spike",
        "lost_spike",
        "missing_level",
        "independent_pair",
        "grid_lost",
    }
    if found.auc > 0.8 or lost:
        return "bad", f"The rows do not behave like real ones. {figure}"
    if found.auc > 0.6 or found.auc < 0.4:
        return "look", f"The rows can be told from real ones. {figure}"
    return "good", f"The rows are hard to tell from real ones. {figure}"


def _utility_verdict(parts, findings):
    if parts.utility is None:
        return "none", "Not measured: no target column was given."
    key = "roc_auc" if "roc_auc" in parts.utility else "r2"
    name = "ROC AUC" if key == "roc_auc" else "R2"
    drawn, real = (parts.utility.loc[side, key] for side in ("synthetic", "real"))
    if np.isnan([drawn, real]).any():
        why = "a single value of it" if key == "roc_auc" else "too few rows"
        return "none", (
            f"Not measurable: the real rows that models of {parts.target} are tested "
            f"on hold {why}."
        )
    figure = (
        f"Models that predict {parts.target}: {name} {drawn:.3f} learned from "
        f"synthetic rows, {real:.3f} from real ones."
    )
    lost = [f for f in findings if f.code == "utility_lost"]
    if not lost:
        return "good", f"What is learned here holds on real rows. {figure}"
    word = "bad" if lost[0].severity == "serious" else "look"
    return word, f"What is learned here is worth less on real rows. {figure}"


def _privacy_verdict(parts, findings):
    codes = {"copied_rows", "closer_to_train", "membership", "too_near", "memorised"}
    codes.add("attack_risk")
    found = [f for f in findings if f.code in codes]
    if any(f.severity == "serious" for f in found):
        return "bad", "Training rows show through. Do not share these rows."
    if found:
        return "look", "The rows lean towards the training rows: see below."
    if parts.records is None:
        copies = 100 * parts.privacy["copies"]
        return "look", (
            f"Only copies were looked for ({copies:.2g} % of the rows): without "
            "held-out rows nobody can say whether rows are too close."
        )
    share = 100 * parts.privacy["closer_to_train"]
    return "good", (
        f"No sign of copying: {share:.1f} % of the rows are closer to training rows "
        "than to rows that nobody learned from (50 % is ideal)."
    )
