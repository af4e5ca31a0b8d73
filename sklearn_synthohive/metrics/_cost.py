"""What a generator costs: seconds and memory."""

from __future__ import annotations

import gc
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd

__all__ = ["cost"]

_STATUS = Path("/proc/self/status")
# Seconds between two looks at the memory.
_INTERVAL = 0.01


def cost(
    estimator: Any,
    X: pd.DataFrame,
    n_rows: int | None = None,
    *,
    seed: int = 0,
    fit_params: dict | None = None,
) -> pd.Series:
    """Seconds to fit and to sample, and the peak of memory meanwhile.

    Parameters
    ----------
    estimator : estimator with ``fit(X)`` and ``sample(n_rows, seed=...)``
        It is fitted.
    X : DataFrame
        The rows to learn.
    n_rows : int, optional
        Rows to sample, as many as ``X`` has by default.
    seed : int, default=0
        Of the sample.
    fit_params : dict, optional
        Further arguments of ``fit``.

    Returns
    -------
    Series
        ``fit_seconds``, ``sample_seconds`` (wall clock) and ``peak_memory_mb``, the
        largest resident size of this process meanwhile, in MiB; what it held before,
        libraries included, is part of it. NaN where the system does not tell.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import CTGAN
    >>> from sklearn_synthohive.metrics import cost
    >>> rows = pd.DataFrame({"age": [31, 45, 27, 60] * 50})
    >>> found = cost(CTGAN(epochs=1), rows, fit_params={"progress_bar": False})
    >>> list(found.index)
    ['fit_seconds', 'sample_seconds', 'peak_memory_mb']
    """
    gc.collect()
    with _MemoryWatch() as watch:
        began = time.perf_counter()
        estimator.fit(X, **(fit_params or {}))
        fitted = time.perf_counter()
        watch.look()
        estimator.sample(len(X) if n_rows is None else n_rows, seed=seed)
        sampled = time.perf_counter()
    return pd.Series(
        {
            "fit_seconds": fitted - began,
            "sample_seconds": sampled - fitted,
            "peak_memory_mb": watch.peak,
        }
    )


class _MemoryWatch:
    """Looks at the resident size from a thread while the block runs."""

    def __enter__(self) -> _MemoryWatch:
        self.peak = _resident_mb()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_often, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._over.set()
        self._thread.join()

    def look(self) -> None:
        self.peak = max(self.peak, _resident_mb())

    def _look_often(self) -> None:
        while not self._over.wait(_INTERVAL):
            self.look()


def _resident_mb() -> float:
    if _STATUS.exists():
        for line in _STATUS.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 2**10
    if sys.platform == "win32":
        return float("nan")
    import resource

    # Elsewhere only the peak since the start of the process is told.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
