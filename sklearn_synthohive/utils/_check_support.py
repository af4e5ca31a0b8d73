"""What the checks for generators share: a table, states, and a look into pickles."""

import copy
import inspect
import io
import pickle
import random
import sys

import joblib
import numpy as np
import pandas as pd
from pandas.api import types
from sklearn.base import clone

N_ROWS = 300


def example_table(n_rows=N_ROWS, seed=0):
    """A table with a column of each common kind, two of them with missing values."""
    rng = np.random.default_rng(seed)
    income = rng.lognormal(8, 0.7, n_rows)
    income[rng.random(n_rows) < 0.3] = np.nan
    note = rng.choice(["good", "fair", "poor"], n_rows, p=[0.6, 0.3, 0.1])
    days = rng.integers(0, 2000, n_rows).astype("timedelta64[D]")
    return pd.DataFrame(
        {
            "amount": rng.normal(1e6, 2e5, n_rows),
            "income": income,
            "visits": rng.poisson(4, n_rows),
            "city": pd.Series(rng.choice(["Oslo", "Rome", "Bonn", "Lyon"], n_rows)),
            "plan": pd.Categorical(
                rng.choice(["basic", "plus", "pro"], n_rows, p=[0.5, 0.3, 0.2]),
                categories=["basic", "plus", "pro"],
                ordered=True,
            ),
            "member": rng.random(n_rows) < 0.4,
            "since": pd.Series(np.datetime64("2019-01-01", "s") + days),
            "note": pd.Series(note).where(rng.random(n_rows) > 0.2),
        }
    )


def example_context(n_rows=N_ROWS, seed=1):
    """Attributes of a parent, aligned with the rows of :func:`example_table`."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "region": pd.Series(rng.choice(["north", "south"], n_rows)),
            "size": rng.gamma(2.0, 10.0, n_rows),
        }
    )


def fresh(estimator):
    """An unfitted copy with the same parameters."""
    if hasattr(estimator, "get_params"):
        return clone(estimator)
    return copy.deepcopy(estimator)


def accepts(method, name):
    """Whether a method names a keyword."""
    return name in inspect.signature(method).parameters


def parameters(estimator):
    """The names of the constructor's parameters."""
    if hasattr(estimator, "get_params"):
        return set(estimator.get_params(deep=False))
    return set(inspect.signature(type(estimator)).parameters)


def fitted(estimator, table=None, *, seed=0, **options):
    """A fresh copy, fitted on the example table with a seed and without a bar."""
    model = fresh(estimator)
    if seed is not None and accepts(model.fit, "seed"):
        options["seed"] = seed
    elif seed is not None and "random_state" in parameters(model):
        model.set_params(random_state=seed)
    if accepts(model.fit, "progress_bar"):
        options["progress_bar"] = False
    result = model.fit(example_table() if table is None else table, **options)
    assert result is model, "fit must return the estimator"
    return model


def assert_same(left, right, told):
    """Two frames are equal to the last bit."""
    try:
        pd.testing.assert_frame_equal(left, right, check_exact=True)
    except AssertionError as error:
        raise AssertionError(f"{told}: {error}") from None


def differs(left, right):
    """Whether two frames of the same shape differ anywhere."""
    return not left.equals(right)


def global_states():
    """The state of each global random number generator of the process."""
    kind, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002
    states = {
        "random": random.getstate(),
        "numpy.random": (kind, keys.tobytes(), position, has_gauss, gauss),
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch"] = torch.get_rng_state().numpy().tobytes()
    return states


def fingerprint(estimator):
    """Digests of an estimator's state; equal states share at least one of them.

    The digest of a pickle depends on which objects are the same one, that of the
    attributes needs each of them to be picklable.
    """
    try:
        attributes = joblib.hash(vars(estimator))
    except Exception:
        attributes = object()
    return attributes, joblib.hash(pickle.dumps(estimator))


class _SizeWatcher(pickle.Pickler):
    """A pickler that notes the lengths and dimensions of all that passes."""

    def __init__(self, file):
        super().__init__(file, protocol=5)
        self.sizes = []

    def persistent_id(self, obj):
        shape = getattr(obj, "shape", None)
        if isinstance(obj, list | tuple | dict | set | str | bytes) and len(obj):
            self.sizes.append((len(obj), type(obj)))
        elif isinstance(shape, tuple):
            self.sizes += [(n, type(obj)) for n in shape if isinstance(n, int)]
        return None


def pickle_with_sizes(estimator):
    """The pickle's bytes, and the size and type of each sequence and array in it."""
    file = io.BytesIO()
    watcher = _SizeWatcher(file)
    watcher.dump(estimator)
    return file.getvalue(), watcher.sizes


def sized_like(n_rows, sizes):
    """Sizes that look like a place a row, with the names of their types.

    A held-out share is no excuse, so a little fewer than all rows count as well.
    """
    found = {(n, t.__name__) for n, t in sizes if 0.7 * n_rows <= n <= n_rows}
    return {(n, t) for n, t in found if t not in ("str", "bytes")}


def count_found(values, blob):
    """How many float64 values stand in the bytes, at either width or as text."""
    most = 0
    for dtype, word in ((np.float64, np.uint64), (np.float32, np.uint32)):
        wanted = values.astype(dtype).view(word)
        found = np.zeros(len(wanted), dtype=bool)
        width = np.dtype(word).itemsize
        for start in range(width):
            whole = (len(blob) - start) // width * width
            words = np.frombuffer(blob[start : start + whole], dtype=word)
            found |= np.isin(wanted, words)
        most = max(most, int(found.sum()))
    some = [repr(float(value)).encode() in blob for value in values[:50]]
    return max(most, int(np.mean(some) * len(values)))


def assert_schema(sample, table):
    """The sample has the columns, the dtypes and the plain index of a sample."""
    assert list(sample.columns) == list(table.columns), (
        f"columns {list(sample.columns)} instead of {list(table.columns)}"
    )
    for column in table:
        got, expected = sample[column].dtype, table[column].dtype
        assert got == expected, f"{column!r} is {got!r} instead of {expected!r}"
    expected = np.arange(len(sample))
    assert np.array_equal(sample.index, expected), "the index is not 0, 1, 2, ..."


def is_ordered(values):
    """Whether a column has a range rather than levels."""
    return (
        types.is_numeric_dtype(values.dtype) and not types.is_bool_dtype(values.dtype)
    ) or types.is_datetime64_any_dtype(values.dtype)


def assert_untouched(before, told):
    """The global generators are in the states they were in."""
    after = global_states()
    for name, state in before.items():
        assert after[name] == state, f"{told} changed the global state of {name}"


def assert_raises(errors, told, call, *args, **kwargs):
    """A call ends in one of the errors."""
    names = getattr(errors, "__name__", None) or " or ".join(e.__name__ for e in errors)
    try:
        call(*args, **kwargs)
    except errors:
        return
    except Exception as error:
        raise AssertionError(
            f"{told} must be a {names}, got {type(error).__name__}: {error}"
        ) from error
    raise AssertionError(f"{told} must be a {names}, and passed")
