"""Checks that every generator of tables should pass, whoever wrote it.

They stand beside scikit-learn's own checks, which never call ``sample``. A generator
is any object with ``fit(X)`` and ``sample(num_rows, seed=...)``; what else it offers
(``sample_batches``, ``save`` and ``load``, ``context``, ``n_jobs``) is checked too.
"""

import io
import pickle
import tempfile
from pathlib import Path

import joblib
import pandas as pd
from sklearn.exceptions import NotFittedError

from sklearn_synthohive.utils._check_support import (
    accepts,
    assert_raises,
    assert_same,
    assert_schema,
    assert_untouched,
    count_found,
    differs,
    example_context,
    example_table,
    fingerprint,
    fitted,
    fresh,
    global_states,
    is_ordered,
    parameters,
    pickle_with_sizes,
    sized_like,
)

__all__ = [
    "check_generator",
    "generator_checks",
    "parametrize_with_generator_checks",
]


def check_generator(estimator):
    """Run all checks on a generator.

    Parameters
    ----------
    estimator : object
        An instance, which is not changed: each check fits a copy, on some hundred
        rows. Parameters that keep a fit short help.

    Raises
    ------
    AssertionError
        Or whatever the generator raises, at the first check that fails; a note on
        the exception names the check.

    Examples
    --------
    >>> from sklearn_synthohive.utils.estimator_checks import check_generator
    >>> check_generator(object())
    Traceback (most recent call last):
    ...
    TypeError: object is no generator: it has no fit.
    """
    for check in generator_checks(estimator):
        try:
            check(estimator)
        except Exception as error:
            error.add_note(f"{type(estimator).__name__} fails {check.__name__}")
            raise


def generator_checks(estimator):
    """The checks that apply to a generator.

    Parameters
    ----------
    estimator : object

    Returns
    -------
    list of callable
        Each takes the estimator and raises when it fails.
    """
    for method in ("fit", "sample"):
        if not hasattr(estimator, method):
            name = type(estimator).__name__
            raise TypeError(f"{name} is no generator: it has no {method}.")
    checks = list(_ALWAYS)
    if hasattr(estimator, "sample_batches"):
        checks.append(check_batches)
    if hasattr(estimator, "save") and hasattr(estimator, "load"):
        checks.append(check_save_load)
    if "n_jobs" in parameters(estimator):
        checks.append(check_n_jobs)
    if accepts(estimator.fit, "context") and accepts(estimator.sample, "context"):
        checks += [check_context, check_wrong_context]
    return checks


def parametrize_with_generator_checks(estimators):
    """Pytest decorator that runs a test for each generator and check.

    Parameters
    ----------
    estimators : list of object

    Returns
    -------
    decorator
        Of a test with the arguments ``estimator`` and ``check``.

    Examples
    --------
    ::

        @parametrize_with_generator_checks([CTGAN(epochs=2)])
        def test_generators(estimator, check):
            check(estimator)
    """
    import pytest

    cases = [
        pytest.param(
            estimator, check, id=f"{type(estimator).__name__}-{check.__name__}"
        )
        for estimator in estimators
        for check in generator_checks(estimator)
    ]
    return pytest.mark.parametrize(("estimator", "check"), cases)


def check_columns_and_dtypes(estimator):
    """The sample has the columns, the order, the dtypes and a plain index."""
    table = example_table()
    sample = fitted(estimator, table).sample(50, seed=0)
    assert isinstance(sample, pd.DataFrame), f"sample returned {type(sample)}"
    assert_schema(sample, table)


def check_row_counts(estimator):
    """Any number of rows can be asked for, none and odd ones too."""
    table = example_table()
    model = fitted(estimator, table)
    for n_rows in (0, 1, 7, 333):
        sample = model.sample(n_rows, seed=0)
        assert len(sample) == n_rows, f"asked for {n_rows} rows, got {len(sample)}"
        assert_schema(sample, table)
    assert len(model.sample(seed=0)) == 1, "sample() must draw one row"


def check_sample_seed(estimator):
    """The same seed gives the same rows, another one other rows."""
    model = fitted(estimator)
    first = model.sample(60, seed=5)
    assert_same(first, model.sample(60, seed=5), "same seed, other rows")
    assert differs(first, model.sample(60, seed=6)), "another seed gave the same rows"


def check_fresh_rows(estimator):
    """Without a seed each call gives fresh rows."""
    model = fitted(estimator)
    assert differs(model.sample(60), model.sample(60)), "two calls gave the same rows"


def check_sample_changes_nothing(estimator):
    """sample leaves no trace on the estimator."""
    model = fitted(estimator)
    names = set(vars(model))
    model.sample(5)
    added = sorted(set(vars(model)) ^ names)
    assert not added, f"sample added or removed the attributes {added}"
    # Compared after the first call: caches of pure functions may fill in it.
    before = fingerprint(model)
    model.sample(5)
    model.sample(5, seed=1)
    same = [a == b for a, b in zip(before, fingerprint(model), strict=True)]
    assert any(same), "sample changed the state of the estimator"


def check_global_rng(estimator):
    """Neither fit nor sample touches a global random number generator."""
    table = example_table()
    before = global_states()
    model = fitted(estimator, table)
    assert_untouched(before, "fit")
    before = global_states()
    fitted(estimator, table, seed=None)
    assert_untouched(before, "fit without a seed")
    before = global_states()
    model.sample(20)
    model.sample(20, seed=3)
    assert_untouched(before, "sample")


def check_fit_leaves_input(estimator):
    """fit changes neither the table nor the parameters, and returns itself."""
    table, untouched = example_table(), example_table()
    model = fitted(estimator, table, seed=None)
    assert_same(table, untouched, "fit changed its input")
    if hasattr(model, "get_params"):
        expected = fresh(estimator).get_params(deep=False)
        changed = sorted(
            name
            for name, value in model.get_params(deep=False).items()
            if repr(value) != repr(expected[name])
        )
        assert not changed, f"fit changed the parameters {changed}"


def check_pickle(estimator):
    """A pickled generator samples the same rows."""
    model = fitted(estimator)
    expected = model.sample(60, seed=2)
    restored = pickle.loads(pickle.dumps(model))
    assert_same(expected, restored.sample(60, seed=2), "other rows after pickling")
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    restored = joblib.load(file)
    assert_same(expected, restored.sample(60, seed=2), "other rows after joblib")


def check_observed_values(estimator):
    """Categories are among those seen, numbers and dates within the range seen."""
    table = example_table()
    sample = fitted(estimator, table).sample(500, seed=0)
    for column in table:
        known, drawn = table[column].dropna(), sample[column].dropna()
        if is_ordered(known):
            wrong = drawn[(drawn < known.min()) | (drawn > known.max())]
            told = f"outside the range from {known.min()} to {known.max()}"
        else:
            wrong = drawn[~drawn.isin(known.unique())]
            told = "that the table does not have"
        assert wrong.empty, f"{column!r} has values {told}: {wrong.iloc[:3].tolist()}"


def check_missing_values(estimator):
    """Missing values come back as missing, at a similar rate, and only there."""
    table = example_table()
    real = table.isna().mean()
    drawn = fitted(estimator, table).sample(1000, seed=0).isna().mean()
    for column in table:
        if real[column] == 0:
            assert drawn[column] == 0, (
                f"{column!r} has missing values only in the sample"
            )
            continue
        told = (
            f"{drawn[column]:.2f} of {column!r} missing instead of {real[column]:.2f}"
        )
        assert drawn[column] > 0, told
        assert abs(drawn[column] - real[column]) < 0.2, told


def check_clones_fit_equal(estimator):
    """Two copies fitted with the same seed are the same generator."""
    first, second = fitted(estimator), fitted(estimator)
    assert_same(
        first.sample(60, seed=1), second.sample(60, seed=1), "the same fit differs"
    )


def check_no_training_rows(estimator):
    """Neither the training values nor an array with a place a row are pickled."""
    n_rows = 1733
    table = example_table(n_rows)
    model = fitted(estimator, table)
    blob, sizes = pickle_with_sizes(model)
    kept = sized_like(n_rows, sizes)
    if kept:
        # Weights may have that size by chance: then not for twice the rows.
        more = fitted(estimator, example_table(2 * n_rows))
        grown = sized_like(2 * n_rows, pickle_with_sizes(more)[1])
        kept = {(n, t) for n, t in kept if t in {other for _, other in grown}}
    assert not kept, f"fitted on {n_rows} rows, it keeps {sorted(kept)}"
    values = table["amount"].to_numpy()
    found = count_found(values, blob)
    assert found < 0.2 * n_rows, f"the pickle holds {found} of {n_rows} training values"


def check_unknown_keywords(estimator):
    """A typo in a keyword is a TypeError, not swallowed."""
    model = fresh(estimator)
    assert_raises(TypeError, "fit(..., sed=0)", model.fit, example_table(), sed=0)
    model = fitted(estimator)
    assert_raises(TypeError, "sample(3, sed=0)", model.sample, 3, sed=0)


def check_unfitted(estimator):
    """sample before fit says so."""
    assert_raises(NotFittedError, "sample before fit", fresh(estimator).sample, 3)


def check_bad_row_counts(estimator):
    """Negative and fractional row counts are refused."""
    model = fitted(estimator)
    assert_raises(ValueError, "sample(-1)", model.sample, -1)
    assert_raises((TypeError, ValueError), "sample(2.5)", model.sample, 2.5)


def check_batches(estimator):
    """Batches of any size hold the rows of one call to sample."""
    model = fitted(estimator)
    n_rows = 4500
    whole = model.sample(n_rows, seed=4)
    for size in (997, 4096, 10_000):
        batches = list(model.sample_batches(n_rows, size, seed=4))
        assert max(len(b) for b in batches) <= size, f"a batch exceeds {size} rows"
        joined = pd.concat(batches, ignore_index=True)
        assert_same(whole, joined, f"batches of {size} rows are not the sample")


def check_save_load(estimator):
    """A saved generator samples the same rows after loading."""
    model = fitted(estimator)
    expected = model.sample(60, seed=2)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        assert_same(expected, model.sample(60, seed=2), "save changed the generator")
        restored = fresh(estimator)
        assert restored.load(Path(folder) / "model") is restored, (
            "load must return self"
        )
    assert_same(expected, restored.sample(60, seed=2), "other rows after loading")


def check_n_jobs(estimator):
    """The number of workers changes nothing."""
    samples = []
    for n_jobs in (1, 2):
        model = fresh(estimator).set_params(n_jobs=n_jobs)
        samples.append(fitted(model).sample(5000, seed=2))
    assert_same(*samples, "n_jobs=2 gives other rows")


def check_context(estimator):
    """Rows go with a context of their number, which is left as it was."""
    table, context = example_table(), example_context()
    model = fitted(estimator, table, context=context)
    assert_same(context, example_context(), "fit changed its context")
    few = context.iloc[:40].reset_index(drop=True)
    sample = model.sample(40, context=few, seed=0)
    assert_same(few, example_context().iloc[:40], "sample changed its context")
    assert len(sample) == 40, f"40 rows of context gave {len(sample)} rows"
    assert_schema(sample, table)
    again = model.sample(40, context=few, seed=0)
    assert_same(sample, again, "same seed and context, other rows")


def check_wrong_context(estimator):
    """A context of other rows, a missing one and an unasked one are refused."""
    table, context = example_table(), example_context()
    errors = (TypeError, ValueError)
    model = fresh(estimator)
    assert_raises(
        errors, "fit with a short context", model.fit, table, context=context[:9]
    )
    model = fitted(estimator, table, context=context)
    assert_raises(
        errors, "sample with a short context", model.sample, 10, context=context[:9]
    )
    assert_raises(errors, "sample without its context", model.sample, 10)
    model = fitted(estimator, table)
    assert_raises(
        errors,
        "sample with a context it never saw",
        model.sample,
        9,
        context=context[:9],
    )


_ALWAYS = (
    check_columns_and_dtypes,
    check_row_counts,
    check_sample_seed,
    check_fresh_rows,
    check_sample_changes_nothing,
    check_global_rng,
    check_fit_leaves_input,
    check_pickle,
    check_observed_values,
    check_missing_values,
    check_clones_fit_equal,
    check_no_training_rows,
    check_unknown_keywords,
    check_unfitted,
    check_bad_row_counts,
)
