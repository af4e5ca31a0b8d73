"""What is wrong with a synthetic table, in words, from its measurements."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from sklearn_synthohive.metrics._columns import readers_of
from sklearn_synthohive.reports._column_findings import column_findings
from sklearn_synthohive.reports._finding import Finding

__all__ = ["find_all"]

# A dependence counts above this mutual information beyond what chance gives, and is
# lost when less than this share of it is left.
_DEPENDENCE, _LEFT = 0.02, 0.2
# More pairs than these are told in one sentence.
_MAX_PAIRS = 3


def find_all(parts) -> list[Finding]:
    """All warnings, the serious ones first.

    Parameters
    ----------
    parts : Measurements

    Returns
    -------
    list of Finding
    """
    found = [
        *_copied(parts),
        *_too_close(parts),
        *_attacked(parts),
        *_given_away(parts),
        *_memorised(parts),
        *_utility_lost(parts),
        *_independent(parts),
    ]
    for reader in readers_of(parts.real):
        name = reader.name
        found += column_findings(reader, parts.real[name], parts.synthetic[name])
    return sorted(found, key=lambda finding: finding.severity != "serious")


def _copied(parts):
    copies, repeats = parts.privacy["copies"], parts.privacy["holdout_copies"]
    variances = copies * (1 - copies) / len(parts.synthetic), 0.0
    if parts.holdout is not None:
        variances = variances[0], repeats * (1 - repeats) / len(parts.holdout)
    excess = copies - repeats
    if excess <= max(0.001, 3 * np.sqrt(sum(variances))):
        return []
    beside = (
        f"{_percent(repeats)} of the held-out rows do"
        if parts.holdout is not None
        else f"{_percent(repeats)} of the real rows repeat another one"
    )
    text = (
        f"{_percent(copies)} of the synthetic rows equal a training row in every cell; "
        f"{beside}. Rows were copied from the training data."
    )
    return [Finding("copied_rows", "serious", (), text)]


def _too_close(parts):
    if parts.records is None:
        return []
    private, found = parts.privacy, []
    share, error = private["closer_to_train"], private["closer_to_train_error"]
    if share > max(0.52, 0.5 + 3 * error):
        severity = "serious" if share > 0.6 else "notice"
        meaning = {
            "serious": "the generator has learned rows by heart",
            "notice": "more than chance, as where a generator fits its rows closely",
        }
        text = (
            f"{_percent(share)} of the synthetic rows are closer to a training row "
            f"than to any of as many held-out rows (50 % is ideal, standard error "
            f"{_percent(error)}): {meaning[severity]}."
        )
        found.append(Finding("closer_to_train", severity, (), text))
    auc, error = private["membership_auc"], private["membership_error"]
    if auc > max(0.52, 0.5 + 3 * error):
        severity = "serious" if auc > 0.6 else "notice"
        how = (
            "can tell"
            if severity == "serious"
            else "can guess a little better than chance"
        )
        text = (
            f"An attacker {how} who was in the training data from the distance to "
            f"the synthetic rows: AUC {auc:.2f} (0.5 is ideal)."
        )
        found.append(Finding("membership", severity, (), text))
    near, held_out = parts.records.synthetic_distances, parts.records.holdout_distances
    limit = private["holdout_dcr_5"]
    crowd, usual = (float((d < limit).mean()) for d in (near, held_out))
    error = np.sqrt(0.05 * 0.95 * (1 / len(near) + 1 / len(held_out)))
    if crowd > max(2 * usual, usual + 4 * error):
        text = (
            f"{_percent(crowd)} of the synthetic rows lie nearer to a training row "
            f"than {limit:.3g}, {_percent(usual)} of the held-out rows do."
        )
        found.append(Finding("too_near", "serious", (), text))
    return found


def _attacked(parts):
    if parts.attacks is None:
        return []
    return [
        Finding(
            "attack_risk",
            "serious" if row["risk"] > 0.2 else "notice",
            (),
            f"{name}: an attacker's guesses are right for {_percent(row['success'])} "
            f"of the training rows and for {_percent(row['holdout_success'])} of the "
            f"held-out ones, a risk of {row['risk']:.2f} (95 % interval from "
            f"{row['risk_low']:.2f} to {row['risk_high']:.2f}).",
        )
        for name, row in parts.attacks.iterrows()
        if row["risk_low"] > 0.05
    ]


def _given_away(parts):
    stricter = parts.c2st_holdout or parts.c2st_train
    limit = 0.6 if parts.c2st_real is None else max(0.6, parts.c2st_real.auc + 0.05)
    if stricter.auc <= limit:
        return []
    importances = stricter.importances
    telling = importances[importances >= max(0.02, 0.25 * importances.iloc[0])][:3]
    beginning = (
        f"A classifier tells synthetic rows from real ones, AUC {stricter.auc:.2f} "
        "(0.5 is ideal)"
    )
    severity = "serious" if stricter.auc > 0.8 else "notice"
    if len(telling) == 0:
        text = f"{beginning}, by several columns together."
    else:
        names = _listed([f"{name} ({loss:.2f})" for name, loss in telling.items()])
        text = f"{beginning}. What gives them away, with the AUC lost without: {names}."
    return [Finding("given_away", severity, tuple(telling.index), text)]


def _memorised(parts):
    found = parts.c2st_train
    if found.auc >= min(0.47, 0.5 - 3 * found.standard_error):
        return []
    text = (
        f"Against the training rows the classifier does worse than guessing, AUC "
        f"{found.auc:.2f}: synthetic rows have twins among the training rows."
    )
    return [Finding("memorised", "serious", (), text)]


def _utility_lost(parts):
    if parts.utility is None:
        return []
    name = "roc_auc" if "roc_auc" in parts.utility else "r2"
    chance = 0.5 if name == "roc_auc" else 0.0
    drawn, real = (parts.utility.loc[side, name] for side in ("synthetic", "real"))
    worth = real - chance
    if not worth > 0.02 or real - drawn <= max(0.02, 0.1 * worth):
        return []
    title = "ROC AUC" if name == "roc_auc" else "R2"
    text = (
        f"What is learned about {parts.target} from synthetic rows is worth less on "
        f"real ones: {title} {drawn:.2f}, from real rows {real:.2f}."
    )
    if drawn - chance < 0.2 * worth:
        text += " Hardly any of its dependence on the other columns is left."
    severity = "serious" if real - drawn > 0.4 * worth else "notice"
    return [Finding("utility_lost", severity, (parts.target,), text)]


def _independent(parts):
    real, drawn = parts.nmi["real"], parts.nmi["synthetic"]
    floor, held_out = parts.nmi["floor"], parts.nmi["holdout"]
    names, dependent, lost = real.columns, 0, []
    excess = (real - floor).to_numpy()
    left, ceiling = (drawn - floor).to_numpy(), (held_out - floor).to_numpy()
    for i, j in combinations(range(len(names)), 2):
        # What the held-out rows do not show either may be chance.
        if excess[i, j] < _DEPENDENCE or ceiling[i, j] < excess[i, j] / 2:
            continue
        dependent += 1
        if left[i, j] <= _LEFT * excess[i, j]:
            lost.append((excess[i, j], names[i], names[j]))
    lost.sort(key=lambda pair: -pair[0])
    strengths = [
        f"{a} and {b} ({real.loc[a, b]:.2f}, now {drawn.loc[a, b]:.2f})"
        for _, a, b in lost[:_MAX_PAIRS]
    ]
    if len(lost) > _MAX_PAIRS:
        text = (
            f"{len(lost)} of {dependent} pairs of columns that depend on each other "
            "came out independent, by their mutual information: "
            f"{_listed(strengths)} first of all."
        )
        columns = tuple(dict.fromkeys(n for pair in lost for n in pair[1:]))
        return [Finding("independent_pair", "serious", columns, text)]
    return [
        Finding(
            "independent_pair",
            "serious" if size >= 0.05 else "notice",
            (a, b),
            f"{a} and {b} depend on each other in the real rows and came out "
            f"independent: mutual information {real.loc[a, b]:.2f}, now "
            f"{drawn.loc[a, b]:.2f}.",
        )
        for size, a, b in lost
    ]


def _listed(texts):
    if len(texts) < 2:
        return "".join(texts)
    return ", ".join(texts[:-1]) + " and " + texts[-1]


def _percent(share):
    percent = 100 * share
    return f"{percent:.1f} %" if percent >= 0.1 or percent == 0 else f"{percent:.2g} %"
