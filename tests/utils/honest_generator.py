"""A small generator that keeps every promise: columns drawn on their own."""

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from pandas.api import types
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_synthohive.generators._base import ConditionalGenerativeModel
from sklearn_synthohive.utils.random import CHUNK_ROWS, chunk_seeds, draw_seed
from sklearn_synthohive.utils.serialization import (
    dump_plain,
    load_directory,
    load_plain,
    save_directory,
)


class HonestGenerator(ConditionalGenerativeModel, BaseEstimator):
    """Numbers from 33 quantile knots, categories by their frequency."""

    def __init__(self, *, random_state=None, n_jobs=None):
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X, y=None, *, context=None, seed=None):
        if context is not None and len(context) != len(X):
            raise ValueError(f"{len(X)} rows and {len(context)} rows of context.")
        self.seed_ = draw_seed(seed, self.random_state)
        self.columns_ = {name: self._learn(X[name]) for name in X}
        self.has_context_ = context is not None
        return self

    def _learn(self, values):
        known = values.dropna()
        learned = {"dtype": _write_dtype(values.dtype), "rate": values.isna().mean()}
        if _is_continuous(values.dtype):
            numbers = known.to_numpy()
            if numbers.dtype.kind == "M":
                numbers = numbers.astype(np.int64)
            learned["knots"] = np.quantile(numbers, np.linspace(0, 1, 33))
        else:
            counts = known.astype(object).value_counts(sort=False).sort_index()
            learned["levels"] = counts.index.tolist()
            learned["shares"] = (counts / counts.sum()).to_numpy()
        return learned

    def sample(self, num_rows=1, context=None, *, seed=None):
        batches = list(self.sample_batches(num_rows, num_rows, context, seed=seed))
        return batches[0] if batches else self._draw(0, 0)

    def sample_batches(self, num_rows, batch_size, context=None, *, seed=None):
        check_is_fitted(self, "columns_")
        self._check_call(num_rows, context)
        sizes = [
            min(CHUNK_ROWS, num_rows - start)
            for start in range(0, num_rows, CHUNK_ROWS)
        ]
        seeds = chunk_seeds(draw_seed(seed), len(sizes))
        chunks = Parallel(n_jobs=self.n_jobs, backend="threading")(
            delayed(self._draw)(size, s) for size, s in zip(sizes, seeds, strict=True)
        )
        rows = pd.concat(chunks, ignore_index=True) if chunks else self._draw(0, 0)
        for start in range(0, num_rows, max(batch_size, 1)):
            yield rows.iloc[start : start + batch_size].reset_index(drop=True)

    def _check_call(self, num_rows, context):
        if not isinstance(num_rows, int) or num_rows < 0:
            raise ValueError(f"num_rows must be 0 or more, got {num_rows!r}.")
        if (context is not None) != self.has_context_:
            raise ValueError("context is given to both fit and sample, or to none.")
        if context is not None and len(context) != num_rows:
            raise ValueError(f"{num_rows} rows and {len(context)} rows of context.")

    def _draw(self, n_rows, seed):
        rng = np.random.default_rng(seed)
        return pd.DataFrame(
            {
                c: self._draw_column(told, n_rows, rng)
                for c, told in self.columns_.items()
            }
        )

    def _draw_column(self, learned, n_rows, rng):
        dtype = _read_dtype(learned["dtype"])
        if "knots" in learned:
            grid = np.linspace(0, 1, 33)
            drawn = pd.Series(np.interp(rng.random(n_rows), grid, learned["knots"]))
            if dtype.kind in "iM":
                drawn = drawn.round().astype("int64")
        else:
            levels = np.array(learned["levels"], dtype=object)
            drawn = pd.Series(rng.choice(levels, n_rows, p=learned["shares"]))
        missing = rng.random(n_rows) < learned["rate"]
        drawn = drawn.astype(dtype)
        return drawn.mask(missing) if learned["rate"] else drawn

    def save(self, path, *, overwrite=False):
        check_is_fitted(self, "columns_")
        state = {name: value for name, value in vars(self).items() if name[-1] == "_"}
        save_directory(
            path,
            {"state.joblib": lambda file: dump_plain(state, file)},
            {"model": "HonestGenerator"},
            overwrite=overwrite,
        )

    def load(self, path):
        _, directory = load_directory(path)
        for name, value in load_plain(directory / "state.joblib").items():
            setattr(self, name, value)
        return self


def _is_continuous(dtype):
    return types.is_datetime64_any_dtype(dtype) or (
        types.is_numeric_dtype(dtype) and not types.is_bool_dtype(dtype)
    )


def _write_dtype(dtype):
    if isinstance(dtype, pd.CategoricalDtype):
        return {"levels": dtype.categories.tolist(), "ordered": bool(dtype.ordered)}
    return str(dtype)


def _read_dtype(text):
    if isinstance(text, dict):
        return pd.CategoricalDtype(text["levels"], text["ordered"])
    return pd.api.types.pandas_dtype(text)
