"""Seconds to import the package, and of scikit-learn's checks of all estimators.

    python benchmarks/bench_start.py

The import is measured above that of numpy, pandas and scikit-learn, each in a process
of its own, the median of some; it must not bring torch. The checks run in one process.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
import warnings

IMPORT = """
import sys, time
import numpy, pandas, sklearn, sklearn.base, sklearn.utils.validation
start = time.perf_counter()
import sklearn_synthohive
seconds = time.perf_counter() - start
assert "torch" not in sys.modules
print(seconds)
"""


def import_seconds(repeats: int) -> float:
    """Median over some processes."""
    found = []
    for _ in range(repeats):
        done = subprocess.run(
            [sys.executable, "-c", IMPORT], capture_output=True, check=True
        )
        found.append(float(done.stdout))
    return statistics.median(found)


def check_seconds() -> dict[str, tuple[float, float]]:
    """Wall and processor seconds of check_estimator, by estimator."""
    from sklearn.utils.estimator_checks import check_estimator

    from sklearn_synthohive import CTGAN, ClusterBasedNormalizer, DataTransformer

    gan = {"epochs": 1, "batch_size": 50}
    estimators = {
        "ClusterBasedNormalizer": ClusterBasedNormalizer(),
        "DataTransformer": DataTransformer(),
        "CTGAN": CTGAN(**gan),
        "CTGAN, mlp": CTGAN(generator="mlp", pac=1, generator_dim=(16,), **gan),
    }
    found = {}
    for name, estimator in estimators.items():
        wall, cpu = time.perf_counter(), time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check_estimator(estimator)
        found[name] = time.perf_counter() - wall, time.process_time() - cpu
    return found


def main(argv=None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args(argv)
    print(f"import sklearn_synthohive: {import_seconds(args.repeats):.3f} s")
    found = check_seconds()
    for name, (wall, cpu) in found.items():
        print(f"check_estimator({name}): {wall:.1f} s, of the processor {cpu:.1f} s")
    wall, cpu = (sum(column) for column in zip(*found.values(), strict=True))
    print(f"all: {wall:.1f} s, of the processor {cpu:.1f} s")


if __name__ == "__main__":
    main()
