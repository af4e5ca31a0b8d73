"""Files of plain data: pickles of builtins only, which reading cannot make run.

``joblib.load`` reads them too; arrays are tuples of a marker, the dtype, the shape and
the bytes. Our own reader refuses every global name in a pickle, without which a pickle
can call nothing. (A malicious one can still claim much memory.)
"""

import os
import pickle

import numpy as np

from sklearn_synthohive.exceptions import SerializationError

__all__ = ["dump_plain", "load_plain"]

RESTORE = "restore it from a copy, or fit and save the model again"
_ARRAY = "__ndarray__"
_ARRAY_KINDS = "biufMmUS"
_SCALARS = (str, bytes, int, float, bool, type(None))


def dump_plain(obj, path):
    """Write plain data to a file.

    Parameters
    ----------
    obj : dict, list, tuple, str, bytes, int, float, bool, None or ndarray
        Nested at will; arrays of booleans, numbers, dates, durations or text. numpy's
        scalars are written as Python's.
    path : str or path-like

    Raises
    ------
    TypeError
        When something in it is not plain data; it says where.
    SerializationError
        When the file cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from sklearn_synthohive.utils.serialization import dump_plain, load_plain
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "state.joblib"
    >>> dump_plain({"knots": np.arange(3), "name": "age"}, path)
    >>> load_plain(path)
    {'knots': array([0, 1, 2]), 'name': 'age'}
    """
    plain = _encode(obj, "data")
    try:
        with open(path, "wb") as file:
            pickler = pickle.Pickler(file, protocol=5)
            # Without references to what was written before, the bytes depend on the
            # values alone and not on which of them are one object.
            pickler.fast = True
            pickler.dump(plain)
    except OSError as error:
        raise cannot_write(path, error) from error


def load_plain(path):
    """Read what :func:`dump_plain` wrote; no code is run, whatever the file holds.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    object

    Raises
    ------
    SerializationError
        When the file is missing, truncated, or holds anything else than plain data.
    """
    try:
        with open(path, "rb") as file:
            return _decode(_PlainUnpickler(file).load(), {})
    except FileNotFoundError as error:
        raise SerializationError(
            f"The file {os.fspath(path)!r} is missing; {RESTORE}."
        ) from error
    # Damaged bytes make the pickle machine fail in any way it has.
    except Exception as error:
        raise SerializationError(
            f"The file {os.fspath(path)!r} is damaged, or holds more than plain data "
            f"({error}); {RESTORE}."
        ) from error


class _PlainUnpickler(pickle.Unpickler):
    """An unpickler without names: it can build builtins, and call nothing."""

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"it refers to {module}.{name}")


def _encode(obj, where):
    if isinstance(obj, np.generic) and obj.dtype.kind in "biufUS":
        return obj.item()
    if type(obj) in _SCALARS:
        return obj
    if type(obj) is dict:
        encoded = {}
        for key, value in obj.items():
            if type(key) not in _SCALARS:
                raise TypeError(f"{where} has the key {key!r}, which is no plain data.")
            encoded[key] = _encode(value, f"{where}[{key!r}]")
        return encoded
    if type(obj) in (list, tuple):
        if type(obj) is tuple and obj and type(obj[0]) is str and obj[0] == _ARRAY:
            raise TypeError(f"{where} starts with {_ARRAY!r}, which marks an array.")
        return type(obj)(_encode(v, f"{where}[{i}]") for i, v in enumerate(obj))
    if type(obj) is np.ndarray and obj.dtype.kind in _ARRAY_KINDS:
        return (_ARRAY, obj.dtype.str, obj.shape, obj.tobytes())
    kind = f"{type(obj).__module__}.{type(obj).__qualname__}"
    if isinstance(obj, np.ndarray):
        kind += f" of {obj.dtype}"
    raise TypeError(f"{where} is a {kind}, which is not plain data.")


def _decode(obj, seen):
    if type(obj) in _SCALARS:
        return obj
    # A malicious file may nest one list in itself many times over; each is read once.
    if id(obj) in seen:
        return seen[id(obj)]
    if type(obj) is dict:
        decoded = {key: _decode(value, seen) for key, value in obj.items()}
    elif type(obj) is tuple and obj[:1] == (_ARRAY,):
        _, dtype, shape, data = obj
        if np.dtype(dtype).kind not in _ARRAY_KINDS:
            raise ValueError(f"an array of {dtype}")
        decoded = np.frombuffer(data, dtype=dtype).reshape(shape).copy()
    elif type(obj) in (list, tuple):
        decoded = type(obj)(_decode(value, seen) for value in obj)
    else:
        raise ValueError(f"it holds a {type(obj).__name__}")
    seen[id(obj)] = decoded
    return decoded


def cannot_write(path, error):
    reason = getattr(error, "strerror", None) or error
    return SerializationError(
        f"{os.fspath(path)!r} cannot be written: {reason}. Nothing was changed there; "
        "free space or choose another path."
    )
