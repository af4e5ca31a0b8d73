"""sklearn_synthohive's CTGAN; options are its parameters, and ``calibrated``."""

import warnings

from sklearn_synthohive import CTGAN, DataTransformer

PACKAGES = ("sklearn-synthohive", "torch", "scikit-learn", "numpy", "pandas")


def run(train, n_rows, seed, watch, *, calibrated=None, **options):
    # A second time, by itself: inside fit it cannot be told apart.
    with watch("encode"):
        DataTransformer(random_state=seed).fit(train).transform(train)
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
    model = CTGAN(random_state=seed, **options)
    with watch("fit"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(train, progress_bar=False)
    with watch("sample"):
        return model.sample(n_rows, seed=seed, calibrated=calibrated)
