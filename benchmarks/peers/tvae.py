"""TVAE of the ctgan package (0.12.1); options are its parameters.

It refuses missing numbers, and has no dates: see ``_complete.py``.
"""

from ctgan import TVAE
from ctgan.synthesizers import tvae as module

from peers._complete import complete, restore

PACKAGES = ("ctgan", "rdt", "torch", "scikit-learn", "numpy", "pandas")


def run(train, n_rows, seed, watch, **options):
    frame, discrete = complete(train)

    class TimedTransformer(module.DataTransformer):
        fit = watch.around("encode", module.DataTransformer.fit)
        transform = watch.around("encode", module.DataTransformer.transform)

    module.DataTransformer = TimedTransformer
    model = TVAE(**options)
    model.set_random_state(seed)
    with watch("fit"):
        model.fit(frame, discrete)
    with watch("sample"):
        synthetic = model.sample(n_rows)
    return restore(synthetic, train)
