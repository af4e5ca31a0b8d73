"""The attacks of the package anonymeter: singling out and attribute inference."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import pandas as pd

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metrics._columns import check_pair, readers_of

__all__ = ["attack_risks"]

# Columns of a multivariate guess, as anonymeter's authors use.
_N_COLUMNS = 4


def attack_risks(
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame,
    *,
    secrets: Sequence[Hashable] = (),
    n_attacks: int = 500,
    max_rows: int = 20_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Risks of singling out and of attribute inference, by anonymeter [1]_.

    They name the harms of the European Union's Article 29 Working Party. An attacker
    who has the synthetic rows guesses: "there is exactly one person with these
    attributes", or the secret attribute of somebody whose other ones are known. The
    same guesses about held-out people tell what is knowledge about the population.

    Parameters
    ----------
    train, synthetic, holdout : DataFrame
        With the same columns, in any order.
    secrets : sequence of hashable, optional
        Columns to infer, one attack each.
    n_attacks : int, default=500
        Guesses an attack.
    max_rows : int, default=20_000
        At most so many synthetic rows are given to the attacker of attributes.
    seed : int, default=0

    Returns
    -------
    DataFrame
        Indexed by attack, with ``success`` (share of right guesses about training
        rows), ``holdout_success`` (about held-out rows), ``risk`` (what the first has
        beyond the second, over what it could have; 0 is ideal) and ``risk_low``,
        ``risk_high``, its 95 % interval.

    Raises
    ------
    ImportError
        When anonymeter is not installed: ``pip install anonymeter``.

    References
    ----------
    .. [1] M. Giomi, F. Boenisch, C. Wehmeyer, B. Tasnádi, "A unified framework for
       quantifying privacy risk in synthetic data", PoPETs 2023.
       https://arxiv.org/abs/2211.10459
    """
    try:
        from anonymeter.evaluators import InferenceEvaluator, SinglingOutEvaluator
    except ImportError as error:
        raise ImportError(
            "The attacks are those of another package: pip install anonymeter."
        ) from error
    train, synthetic = check_pair(train, synthetic, names=("train", "synthetic"))
    train, holdout = check_pair(train, holdout, names=("train", "holdout"))
    absent = [secret for secret in secrets if secret not in train.columns]
    if absent:
        raise SchemaError(f"secrets: there is no column {absent}.")
    names = {secret: f"c{train.columns.get_loc(secret)}" for secret in secrets}
    numbers = {names[s]: _is_continuous(train[s]) for s in secrets}
    train, synthetic, holdout = _plain(train, synthetic, holdout)
    known = synthetic.head(max_rows)
    found = {}
    for mode in ("univariate", "multivariate"):
        evaluator = SinglingOutEvaluator(
            ori=train,
            syn=synthetic,
            control=holdout,
            n_attacks=n_attacks,
            n_cols=min(_N_COLUMNS, train.shape[1]),
            # It guesses until it has enough guesses: not without end.
            max_attempts=100 * n_attacks,
            seed=seed,
        )
        with _seeded(seed):
            found[f"singling out, {mode}"] = evaluator.evaluate(mode=mode).results()
    for secret, name in names.items():
        evaluator = InferenceEvaluator(
            ori=train,
            syn=known,
            control=holdout,
            aux_cols=[c for c in train.columns if c != name],
            secret=name,
            regression=numbers[name],
            n_attacks=n_attacks,
        )
        with _seeded(seed):
            found[f"inference of {secret}"] = evaluator.evaluate(n_jobs=1).results()
    return pd.DataFrame.from_dict(
        {name: _risk(results) for name, results in found.items()}, orient="index"
    )


def _is_continuous(column: pd.Series) -> bool:
    return readers_of(column.to_frame())[0].is_continuous


def _plain(train: pd.DataFrame, *others: pd.DataFrame) -> list[pd.DataFrame]:
    """Numbers as floats and levels as text, under names that queries can hold."""
    frames = []
    for frame in (train, *others):
        columns = {}
        for k, reader in enumerate(readers_of(train)):
            column = frame[reader.name]
            if reader.is_continuous:
                columns[f"c{k}"] = reader.numbers(column)
            else:
                text = column.astype(object).map(str, na_action="ignore")
                columns[f"c{k}"] = text.where(text.notna(), "missing")
        frames.append(pd.DataFrame(columns).reset_index(drop=True))
    return frames


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """anonymeter draws from numpy's global state: seed it, and put it back."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        with warnings.catch_warnings():
            # It warns where an attack fails to beat guessing, which is good news.
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


def _risk(results) -> dict[str, float]:
    risk = results.risk()
    return {
        "success": float(results.attack_rate.value),
        "holdout_success": float(results.control_rate.value),
        "risk": float(risk.value),
        "risk_low": float(risk.ci[0]),
        "risk_high": float(risk.ci[1]),
    }
