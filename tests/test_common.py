"""scikit-learn's checks over every public estimator, and ours over the generators."""

import os
import subprocess
import sys
from functools import partial

import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.utils import estimator_checks as sk
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklearn_synthohive
from sklearn_synthohive import CTGAN, ClusterBasedNormalizer, DataTransformer
from sklearn_synthohive.utils.estimator_checks import parametrize_with_generator_checks


def small_gan(**parameters):
    small = {
        "embedding_dim": 8,
        "generator_dim": (16,),
        "discriminator_dim": (16,),
        "batch_size": 40,
        "epochs": 3,
    }
    return CTGAN(**(small | parameters))


TRANSFORMERS = [ClusterBasedNormalizer(), DataTransformer()]
ESTIMATORS = [*TRANSFORMERS, small_gan(), small_gan(generator="mlp")]

# Importable, but on no list that parametrize_with_checks goes through.
UNLISTED = [sk.check_param_validation, sk.check_dataframe_column_names_consistency]
UNLISTED_OF_TRANSFORMERS = [
    sk.check_set_output_transform,
    sk.check_set_output_transform_pandas,
    sk.check_set_output_transform_polars,
    sk.check_global_output_transform_pandas,
    sk.check_global_set_output_transform_polars,
    sk.check_transformer_get_feature_names_out,
    sk.check_transformer_get_feature_names_out_pandas,
    sk.check_get_feature_names_out_error,
    sk.check_transformers_unfitted,
]


def cases(estimators, checks):
    return [
        pytest.param(
            e, partial(c, type(e).__name__), id=f"{type(e).__name__}-{c.__name__}"
        )
        for e in estimators
        for c in checks
    ]


def test_no_public_estimator_is_left_out():
    public = {getattr(sklearn_synthohive, n) for n in sklearn_synthohive.__all__}
    estimators = {
        c for c in public if isinstance(c, type) and issubclass(c, BaseEstimator)
    }
    assert estimators == {type(e) for e in ESTIMATORS}


# Nothing is expected to fail: there is no list to pass.
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn(estimator, check):
    check(estimator)


# The checks of set_output fit frames and transform arrays on purpose.
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names")
@pytest.mark.parametrize(
    ("estimator", "check"),
    cases(ESTIMATORS[:3], UNLISTED) + cases(TRANSFORMERS, UNLISTED_OF_TRANSFORMERS),
)
def test_scikit_learn_unlisted(estimator, check):
    check(clone(estimator))


@pytest.mark.slow
def test_scikit_learn_with_the_array_api():
    """The variable must be set before scipy is imported, so in a process of its own."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *(__file__, "-k", "test_scikit_learn and not with_the and not unlisted"),
            *("-rs", "--no-header"),
        ],
        env=os.environ | {"SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout[-3000:]
    assert "SCIPY_ARRAY_API is not set" not in run.stdout
    assert " passed" in run.stdout


@parametrize_with_generator_checks(
    [small_gan(), small_gan(generator="mlp", embedding_threshold=3)]
)
def test_generators(estimator, check):
    check(estimator)
