"""Files of plain data: what goes in comes back, and nothing else does."""

import copyreg
import os
import pickle

import joblib
import numpy as np
import pytest

from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.utils.serialization import dump_plain, load_plain

PLAIN = {
    "text": "Zoë \ud800?".encode("utf-8", "ignore").decode() + "\0",
    "bytes": b"\x00\xff",
    "numbers": [0, -1, 2**70, 1.5, float("inf"), True, False, None],
    "nested": ({"a": ()}, [[]], {}),
    3: {None: 1, 2.5: 2, b"k": 3},
}
ARRAYS = [
    np.arange(6, dtype=np.int16).reshape(2, 3),
    np.array([[True, False]]),
    np.array([1.5, np.nan], dtype=np.float32),
    np.zeros((0, 4), dtype=np.uint8),
    np.array(7, dtype=">i4"),
    np.array(["a", "Zoë"]),
    np.array([b"x", b"yy"]),
    np.array(["2024-02-29", "NaT"], dtype="datetime64[ns]"),
    np.array([1, 2], dtype="timedelta64[s]"),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.arange(10)[::3],
]


def test_plain_data_comes_back(tmp_path):
    dump_plain(PLAIN, tmp_path / "state.joblib")
    assert load_plain(tmp_path / "state.joblib") == PLAIN


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}-{a.shape}")
def test_arrays_come_back_writeable(tmp_path, array):
    dump_plain([array], tmp_path / "state.joblib")
    (read,) = load_plain(tmp_path / "state.joblib")
    assert read.dtype == array.dtype
    assert read.shape == array.shape
    np.testing.assert_array_equal(read, array)
    assert read.flags.writeable
    assert read.flags.owndata or read.base.flags.owndata


def test_the_bytes_depend_on_the_values_alone(tmp_path):
    """Not on whether two equal texts are one object, as after a trip to a worker."""
    once = "".join(["lev", "el"])
    twice = [once, "".join(["lev", "el"])]
    assert twice[0] is not twice[1]
    dump_plain({"a": [once, once]}, tmp_path / "one")
    dump_plain({"a": twice}, tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_numpy_scalars_become_python(tmp_path):
    scalars = [np.int8(3), np.float32(0.5), np.bool_(True), np.str_("a"), np.float64(2)]
    dump_plain(scalars, tmp_path / "state.joblib")
    read = load_plain(tmp_path / "state.joblib")
    assert read == [3, 0.5, True, "a", 2.0]
    assert [type(v) for v in read] == [int, float, bool, str, float]


class Callable:
    def __call__(self):
        return None


@pytest.mark.parametrize(
    ("obj", "where"),
    [
        ({"layers": [1, Callable()]}, r"data\['layers'\]\[1\] is a .*Callable"),
        ([np.array([None, "a"])], r"data\[0\] is a numpy.ndarray of object"),
        ([np.array([(1, 2.0)], dtype="i4,f8")], r"data\[0\] is a numpy.ndarray of"),
        ({("a", "b"): 1}, r"data has the key \('a', 'b'\)"),
        ([{1, 2}], r"data\[0\] is a builtins.set"),
        ([np.datetime64("2024-01-01")], r"data\[0\] is a numpy.datetime64"),
        (("__ndarray__", "O", (1,), b""), "marks an array"),
        (np.ma.array([1, 2], mask=[0, 1]), "MaskedArray"),
    ],
)
def test_what_is_not_plain_is_refused_with_its_place(tmp_path, obj, where):
    with pytest.raises(TypeError, match=where):
        dump_plain(obj, tmp_path / "state.joblib")
    assert not (tmp_path / "state.joblib").exists()


def test_joblib_reads_the_container(tmp_path):
    dump_plain({"knots": np.arange(2, dtype=np.int8)}, tmp_path / "state.joblib")
    read = joblib.load(tmp_path / "state.joblib")
    assert read == {"knots": ("__ndarray__", "|i1", (2,), b"\x00\x01")}


class Malicious:
    """Writes a file when a reader calls what its pickle names."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def _by_extension(path):
    """A pickle that names a function by its number in copyreg's registry."""
    copyreg.add_extension("posix", "mkdir", 240)
    try:
        return pickle.dumps(Malicious(path), protocol=4)
    finally:
        copyreg.remove_extension("posix", "mkdir", 240)


MALICIOUS = {
    "protocol 0": lambda path: pickle.dumps([Malicious(path)], protocol=0),
    "protocol 2": lambda path: pickle.dumps({"a": Malicious(path)}, protocol=2),
    "protocol 5": lambda path: pickle.dumps(Malicious(path), protocol=5),
    "extension": _by_extension,
    "INST": lambda path: b"(S'" + str(path).encode() + b"'\nios\nmkdir\n.",
    "OBJ": lambda path: b"(cos\nmkdir\nS'" + str(path).encode() + b"'\no.",
    "persistent id": lambda path: b"Pmodel\n.",
}


@pytest.mark.parametrize("kind", list(MALICIOUS))
def test_reading_runs_no_code(tmp_path, kind):
    flag = tmp_path / "was-here"
    (tmp_path / "state.joblib").write_bytes(MALICIOUS[kind](flag))
    with pytest.raises(
        SerializationError, match=r"state\.joblib.*more than plain data"
    ):
        load_plain(tmp_path / "state.joblib")
    assert not flag.exists()


def test_the_malicious_pickle_would_run_elsewhere(tmp_path):
    pickle.loads(pickle.dumps(Malicious(tmp_path / "was-here")))
    assert (tmp_path / "was-here").exists()


def test_builtins_that_are_not_plain_are_refused(tmp_path):
    for obj in ({1, 2}, [frozenset()], {"a": bytearray(b"x")}, 1j):
        (tmp_path / "state.joblib").write_bytes(pickle.dumps(obj, protocol=5))
        with pytest.raises(SerializationError, match="more than plain data"):
            load_plain(tmp_path / "state.joblib")


@pytest.mark.parametrize(
    "array",
    [
        ("__ndarray__", "|O", (1,), b"12345678"),
        ("__ndarray__", "<i8", (9,), b"12345678"),
    ],
)
def test_forged_arrays_are_refused(tmp_path, array):
    (tmp_path / "state.joblib").write_bytes(pickle.dumps(array))
    with pytest.raises(SerializationError):
        load_plain(tmp_path / "state.joblib")


def test_a_list_nested_in_itself_many_times_is_read_once(tmp_path):
    obj = []
    for _ in range(200):
        obj = [obj, obj]
    (tmp_path / "state.joblib").write_bytes(pickle.dumps(obj))
    assert len(load_plain(tmp_path / "state.joblib")) == 2


def test_every_truncation_is_an_error(tmp_path):
    file = tmp_path / "state.joblib"
    dump_plain({"a": [1, "b", np.arange(3)]}, file)
    content = file.read_bytes()
    for length in range(len(content)):
        file.write_bytes(content[:length])
        with pytest.raises(SerializationError, match=r"state\.joblib.*fit and save"):
            load_plain(file)


def test_garbled_bytes_give_data_or_a_serialization_error(tmp_path):
    file = tmp_path / "state.joblib"
    dump_plain({"a": [1, "b", np.arange(3)], "c": None}, file)
    content = bytearray(file.read_bytes())
    rng = np.random.default_rng(0)
    failed = 0
    for _ in range(300):
        garbled = content.copy()
        garbled[rng.integers(len(garbled))] = rng.integers(256)
        file.write_bytes(garbled)
        try:
            load_plain(file)
        except SerializationError:
            failed += 1
    assert failed > 50


def test_missing_file_and_unwritable_path(tmp_path):
    with pytest.raises(SerializationError, match="is missing"):
        load_plain(tmp_path / "state.joblib")
    with pytest.raises(SerializationError, match="cannot be written: No such file"):
        dump_plain(1, tmp_path / "no" / "state.joblib")
