"""TabularARGN of the mostlyai-engine package (2.7.3); options are its parameters.

Two of its defaults are switched off, which would count against it here: the protection
of rare values, which replaces them, and training for any order of the columns.
"""

import sys
from pathlib import Path

# The engine imports a package with the name of our own module beside the worker.
HERE = str(Path(__file__).resolve().parents[1])
sys.modules.pop("datasets", None)
sys.path[:] = [path for path in sys.path if path != HERE]
from mostlyai.engine import TabularARGN  # noqa: E402

PACKAGES = ("mostlyai-engine", "torch", "numpy", "pandas")
SETTINGS = {"value_protection": False, "enable_flexible_generation": False}


def run(train, n_rows, seed, watch, **options):
    model = TabularARGN(random_state=seed, device="cpu", **SETTINGS | options)
    with watch("fit"):
        model.fit(train)
    with watch("sample"):
        return model.sample(n_samples=n_rows)
