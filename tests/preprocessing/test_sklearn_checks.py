"""scikit-learn's checks, those outside its list too, over the encoders."""

import os
import subprocess
import sys

import pytest
from sklearn.utils import estimator_checks

from sklearn_synthohive.preprocessing import ClusterBasedNormalizer, DataTransformer
from sklearn_synthohive.preprocessing._categorical_encoder import CategoricalEncoder

ESTIMATORS = [ClusterBasedNormalizer(), DataTransformer(), CategoricalEncoder()]
# Importable, but not in the list that parametrize_with_checks goes through.
UNLISTED = [
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
    "check_dataframe_column_names_consistency",
    "check_param_validation",
]


def test_listed():
    """The public estimators go through the list in test_common."""
    done = estimator_checks.check_estimator(CategoricalEncoder(), on_skip=None)
    assert len(done) > 40


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("name", UNLISTED)
def test_unlisted(estimator, name):
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)


@pytest.mark.slow
def test_listed_with_the_array_api():
    """The switch is read when scipy is imported, so in a process of its own."""
    script = (
        "from sklearn.utils.estimator_checks import check_estimator\n"
        "from sklearn_synthohive import ClusterBasedNormalizer, DataTransformer\n"
        "for e in (ClusterBasedNormalizer(), DataTransformer()):\n"
        "    done = check_estimator(e, on_fail='raise')\n"
        "    assert all(check['status'] == 'passed' for check in done)\n"
    )
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
