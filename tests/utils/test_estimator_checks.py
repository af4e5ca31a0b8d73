"""Each check passes an honest generator and catches one that breaks its promise."""

import random
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from honest_generator import HonestGenerator

from sklearn_synthohive.utils import estimator_checks as checks
from sklearn_synthohive.utils.estimator_checks import (
    check_generator,
    generator_checks,
    parametrize_with_generator_checks,
)


@parametrize_with_generator_checks([HonestGenerator(), HonestGenerator(n_jobs=2)])
def test_an_honest_generator_passes(estimator, check):
    check(estimator)


class OtherOrder(HonestGenerator):
    def _draw(self, n_rows, seed):
        return super()._draw(n_rows, seed).iloc[:, ::-1]


class OtherDtype(HonestGenerator):
    def _draw(self, n_rows, seed):
        return super()._draw(n_rows, seed).astype({"visits": "float64"})


class LosesOrder(HonestGenerator):
    def _draw(self, n_rows, seed):
        return (
            super()
            ._draw(n_rows, seed)
            .assign(plan=lambda df: df["plan"].cat.as_unordered())
        )


class OtherIndex(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None):
        return super().sample(num_rows, context, seed=seed).iloc[::-1]


class EvenRowsOnly(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None):
        return super().sample(num_rows // 2 * 2, context, seed=seed)


class NoEmptySample(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None):
        return super().sample(max(num_rows, 1), context, seed=seed)


class IgnoresSeed(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None):
        return super().sample(num_rows, context)


class OneSeedForAll(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None):
        return super().sample(num_rows, context, seed=0)


class RepeatsRows(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None):
        seed = self.seed_ if seed is None else seed
        return super().sample(num_rows, context, seed=seed)


class AddsAttribute(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None):
        self.last_rows_ = num_rows
        return super().sample(num_rows, context, seed=seed)


class CountsCalls(HonestGenerator):
    def fit(self, X, y=None, *, context=None, seed=None):
        self.calls_ = 0
        return super().fit(X, context=context, seed=seed)

    def sample(self, num_rows=1, context=None, *, seed=None):
        self.calls_ += 1
        return super().sample(num_rows, context, seed=seed)


class DrawsGlobally(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None):
        np.random.rand()  # noqa: NPY002
        return super().sample(num_rows, context, seed=seed)


class SeedsGlobally(HonestGenerator):
    def fit(self, X, y=None, *, context=None, seed=None):
        random.seed(seed)
        return super().fit(X, context=context, seed=seed)


class ChangesInput(HonestGenerator):
    def fit(self, X, y=None, *, context=None, seed=None):
        X["amount"] = X["amount"].round()
        return super().fit(X, context=context, seed=seed)


class ChangesParameter(HonestGenerator):
    def fit(self, X, y=None, *, context=None, seed=None):
        self.n_jobs = 1
        return super().fit(X, context=context, seed=seed)


class ReturnsNothing(HonestGenerator):
    def fit(self, X, y=None, *, context=None, seed=None):
        super().fit(X, context=context, seed=seed)


class LosesStateInPickle(HonestGenerator):
    def __getstate__(self):
        state = super().__getstate__()
        return {k: self.columns_ if k == "columns_" else v for k, v in state.items()}

    def __setstate__(self, state):
        super().__setstate__(state)
        for learned in self.columns_.values():
            learned["rate"] = 0.0


class InventsLevel(HonestGenerator):
    def _draw(self, n_rows, seed):
        rows = super()._draw(n_rows, seed)
        return rows.assign(city=rows["city"].where(rows.index % 50 != 3, "Atlantis"))


class LeavesRange(HonestGenerator):
    def _draw(self, n_rows, seed):
        return super()._draw(n_rows, seed).assign(amount=lambda df: df["amount"] * 3)


class LeavesDates(HonestGenerator):
    def _draw(self, n_rows, seed):
        rows = super()._draw(n_rows, seed)
        return rows.assign(since=rows["since"] + pd.Timedelta(days=4000))


class FillsMissing(HonestGenerator):
    def _draw(self, n_rows, seed):
        return super()._draw(n_rows, seed).fillna({"note": "good"})


class MissesTooMuch(HonestGenerator):
    def _draw(self, n_rows, seed):
        rows = super()._draw(n_rows, seed)
        return rows.assign(income=rows["income"].where(rows.index % 5 == 0))


class MissesAnywhere(HonestGenerator):
    def _draw(self, n_rows, seed):
        rows = super()._draw(n_rows, seed)
        return rows.assign(amount=rows["amount"].where(rows.index % 50 != 0))


class FitsByChance(HonestGenerator):
    def fit(self, X, y=None, *, context=None, seed=None):
        few = X.sample(len(X) // 2, random_state=draw(None))
        return super().fit(few, seed=seed)


def draw(seed):
    return int(np.random.default_rng(seed).integers(2**31))


class KeepsTheTable(HonestGenerator):
    def fit(self, X, y=None, *, context=None, seed=None):
        self.table_ = X
        return super().fit(X, context=context, seed=seed)


class KeepsCodes(HonestGenerator):
    def fit(self, X, y=None, *, context=None, seed=None):
        self.codes_ = np.zeros((int(0.8 * len(X)), 3), dtype=np.uint8)
        return super().fit(X, context=context, seed=seed)


class HidesValues(HonestGenerator):
    """In bytes, where no array is to be seen."""

    def fit(self, X, y=None, *, context=None, seed=None):
        self.blob_ = b"x" + X["amount"].to_numpy().astype(self.kind).tobytes()
        return super().fit(X, context=context, seed=seed)

    kind = "f8"


class HidesRoundedValues(HidesValues):
    kind = "f4"


class HidesText(HonestGenerator):
    def fit(self, X, y=None, *, context=None, seed=None):
        self.text_ = ";".join(map(repr, X["amount"].tolist()))
        return super().fit(X, context=context, seed=seed)


class SwallowsInFit(HonestGenerator):
    def fit(self, X, y=None, *, context=None, seed=None, **kwargs):
        return super().fit(X, context=context, seed=seed)


class SwallowsInSample(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None, **kwargs):
        return super().sample(num_rows, context, seed=seed)


class SamplesUnfitted(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None):
        if not hasattr(self, "columns_"):
            return pd.DataFrame(index=range(num_rows))
        return super().sample(num_rows, context, seed=seed)


class DiesUnfitted(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None):
        self.columns_.keys()
        return super().sample(num_rows, context, seed=seed)


class TakesNegative(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None):
        return super().sample(max(num_rows, 0), context, seed=seed)


class RoundsFractions(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None):
        return super().sample(int(num_rows), context, seed=seed)


class SeedsEachBatch(HonestGenerator):
    def sample_batches(self, num_rows, batch_size, context=None, *, seed=None):
        yield from super().sample_batches(num_rows, batch_size, context, seed=seed + 1)

    def sample(self, num_rows=1, context=None, *, seed=None):
        return next(super().sample_batches(num_rows, num_rows, context, seed=seed))


class OneBatch(HonestGenerator):
    def sample_batches(self, num_rows, batch_size, context=None, *, seed=None):
        yield from super().sample_batches(num_rows, num_rows, context, seed=seed)


class LosesStateInSave(HonestGenerator):
    def load(self, path):
        super().load(path)
        self.columns_["amount"]["knots"] += 1
        return self


class LoadsNothing(HonestGenerator):
    def load(self, path):
        super().load(path)


class DependsOnWorkers(HonestGenerator):
    def _draw(self, n_rows, seed):
        return super()._draw(n_rows, seed + (self.n_jobs or 1))


class ChangesContext(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None):
        rows = super().sample(num_rows, context, seed=seed)
        if context is not None:
            context["size"] = 0.0
        return rows


class ReturnsContext(HonestGenerator):
    def sample(self, num_rows=1, context=None, *, seed=None):
        rows = super().sample(num_rows, context, seed=seed)
        return rows if context is None else rows.join(context)


class AnyContext(HonestGenerator):
    def _check_call(self, num_rows, context):
        pass


class FitsAnyContext(HonestGenerator):
    def fit(self, X, y=None, *, context=None, seed=None):
        super().fit(X, seed=seed)
        self.has_context_ = context is not None
        return self


CAUGHT = [
    (checks.check_columns_and_dtypes, OtherOrder),
    (checks.check_columns_and_dtypes, OtherDtype),
    (checks.check_columns_and_dtypes, LosesOrder),
    (checks.check_columns_and_dtypes, OtherIndex),
    (checks.check_row_counts, EvenRowsOnly),
    (checks.check_row_counts, NoEmptySample),
    (checks.check_sample_seed, IgnoresSeed),
    (checks.check_sample_seed, OneSeedForAll),
    (checks.check_fresh_rows, RepeatsRows),
    (checks.check_sample_changes_nothing, AddsAttribute),
    (checks.check_sample_changes_nothing, CountsCalls),
    (checks.check_global_rng, DrawsGlobally),
    (checks.check_global_rng, SeedsGlobally),
    (checks.check_fit_leaves_input, ChangesInput),
    (checks.check_fit_leaves_input, ChangesParameter),
    (checks.check_fit_leaves_input, ReturnsNothing),
    (checks.check_pickle, LosesStateInPickle),
    (checks.check_observed_values, InventsLevel),
    (checks.check_observed_values, LeavesRange),
    (checks.check_observed_values, LeavesDates),
    (checks.check_missing_values, FillsMissing),
    (checks.check_missing_values, MissesTooMuch),
    (checks.check_missing_values, MissesAnywhere),
    (checks.check_clones_fit_equal, FitsByChance),
    (checks.check_no_training_rows, KeepsTheTable),
    (checks.check_no_training_rows, KeepsCodes),
    (checks.check_no_training_rows, HidesValues),
    (checks.check_no_training_rows, HidesRoundedValues),
    (checks.check_no_training_rows, HidesText),
    (checks.check_unknown_keywords, SwallowsInFit),
    (checks.check_unknown_keywords, SwallowsInSample),
    (checks.check_unfitted, SamplesUnfitted),
    (checks.check_unfitted, DiesUnfitted),
    (checks.check_bad_row_counts, TakesNegative),
    (checks.check_bad_row_counts, RoundsFractions),
    (checks.check_batches, SeedsEachBatch),
    (checks.check_batches, OneBatch),
    (checks.check_save_load, LosesStateInSave),
    (checks.check_save_load, LoadsNothing),
    (checks.check_n_jobs, DependsOnWorkers),
    (checks.check_context, ChangesContext),
    (checks.check_context, ReturnsContext),
    (checks.check_wrong_context, AnyContext),
    (checks.check_wrong_context, FitsAnyContext),
]


@pytest.mark.parametrize(("check", "broken"), CAUGHT, ids=lambda value: value.__name__)
def test_a_broken_promise_is_caught(check, broken):
    with pytest.raises(AssertionError):
        check(broken())


def test_every_check_has_a_generator_that_it_catches():
    assert set(generator_checks(HonestGenerator())) == {check for check, _ in CAUGHT}


def test_check_generator_names_the_check():
    with pytest.raises(AssertionError) as caught:
        check_generator(OtherOrder())
    assert caught.value.__notes__ == ["OtherOrder fails check_columns_and_dtypes"]


def test_checks_are_only_those_that_apply():
    class Plain:
        def fit(self, X):
            return self

        def sample(self, num_rows=1, *, seed=None):
            return None

    names = {check.__name__ for check in generator_checks(Plain())}
    assert not names & {
        "check_batches",
        "check_save_load",
        "check_n_jobs",
        "check_context",
        "check_wrong_context",
    }


def test_the_checks_import_no_torch_and_no_generators():
    code = (
        "import sys, sklearn_synthohive.utils.estimator_checks\n"
        "assert 'torch' not in sys.modules\n"
        "assert 'sklearn_synthohive.generators' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
