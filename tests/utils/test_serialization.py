"""Saved models: plain data only, and directories that are whole or not there."""

import copyreg
import hashlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import joblib
import numpy as np
import pytest

from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.utils.serialization import (
    dump_plain,
    load_directory,
    load_plain,
    save_directory,
)

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


def members(version):
    return {
        "generator.pt": lambda file: file.write_bytes(f"weights {version}".encode()),
        "state.joblib": lambda file: dump_plain({"version": version}, file),
    }


def save(path, version="old", **options):
    save_directory(path, members(version), {"version": version}, **options)


def read_version(path):
    """The one version that manifest and all members agree on."""
    manifest, directory = load_directory(path)
    version = manifest["version"]
    assert load_plain(directory / "state.joblib") == {"version": version}
    assert (directory / "generator.pt").read_bytes() == f"weights {version}".encode()
    return version


def test_directory_round_trip(tmp_path):
    save(tmp_path / "model")
    manifest, directory = load_directory(tmp_path / "model")
    assert manifest == {"version": "old"}
    assert directory == (tmp_path / "model").resolve()
    written = json.loads((directory / "metadata.json").read_text())
    content = (directory / "generator.pt").read_bytes()
    assert written["files"]["generator.pt"] == {
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
    }
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_a_relative_path_and_a_text_will_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save("model")
    save("model/", "new", overwrite=True)
    assert read_version("model") == "new"


def test_an_existing_model_is_kept_unless_told_otherwise(tmp_path):
    save(tmp_path / "model")
    with pytest.raises(
        SerializationError, match=r"exists already; give overwrite=True"
    ):
        save(tmp_path / "model", "new")
    assert read_version(tmp_path / "model") == "old"
    save(tmp_path / "model", "new", overwrite=True)
    assert read_version(tmp_path / "model") == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_an_empty_folder_is_as_good_as_none(tmp_path):
    (tmp_path / "model").mkdir(mode=0o700)
    save(tmp_path / "model")
    assert read_version(tmp_path / "model") == "old"
    assert (tmp_path / "model").stat().st_mode & 0o777 == 0o700
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_other_folders_and_files_are_never_replaced(tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "metadata.json").write_text('{"title": "my thesis"}')
    with pytest.raises(SerializationError, match="holds no saved model"):
        save(notes, overwrite=True)
    assert (notes / "metadata.json").exists()
    with pytest.raises(SerializationError, match="is a file; name a folder"):
        save(notes / "metadata.json", overwrite=True)
    with pytest.raises(SerializationError, match=r"no folder .*missing.*make it"):
        save(tmp_path / "missing" / "model")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["notes"]


@pytest.mark.parametrize("name", ["metadata.json", "../escape", "a/b", "", "..", "c:x"])
def test_names_of_members_stay_in_the_directory(tmp_path, name):
    with pytest.raises(ValueError, match="cannot be the name"):
        save_directory(tmp_path / "model", {name: Path.touch}, {})


def test_the_manifest_cannot_hold_what_is_written_for_it(tmp_path):
    with pytest.raises(ValueError, match=r"\['files'\]"):
        save_directory(tmp_path / "model", {}, {"files": {}})
    with pytest.raises(TypeError):
        save_directory(tmp_path / "model", {}, {"X": object()})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyError("x")]
)
@pytest.mark.parametrize("existing", [True, False])
def test_a_failed_save_leaves_all_as_it_was(tmp_path, error, existing):
    if existing:
        save(tmp_path / "model")
    before = sorted(tmp_path.rglob("*"))

    def fail(file):
        file.write_bytes(b"half")
        raise error

    expected = SerializationError if isinstance(error, OSError) else KeyError
    with pytest.raises(expected) as caught:
        save_directory(
            tmp_path / "model", {**members("new"), "z": fail}, {}, overwrite=True
        )
    if isinstance(error, OSError):
        assert "No space left on device" in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before
    if existing:
        assert read_version(tmp_path / "model") == "old"


@pytest.mark.parametrize("call", ["fsync", "rename"])
@pytest.mark.parametrize("nth", range(5))
def test_a_disk_that_fills_up_at_any_call_leaves_the_old_model(
    tmp_path, monkeypatch, call, nth
):
    save(tmp_path / "model")
    original, calls = getattr(os, call), []

    def fill_up(*args):
        calls.append(args)
        if len(calls) == nth + 1:
            raise OSError(28, "No space left on device")
        return original(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fill_up)
        try:
            save(tmp_path / "model", "new", overwrite=True)
            failed = False
        except SerializationError:
            failed = True
    assert read_version(tmp_path / "model") == ("old" if failed else "new")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_really_full_device(tmp_path):
    with pytest.raises(SerializationError, match="No space left on device"):
        dump_plain(list(range(100_000)), "/dev/full")
    with pytest.raises(SerializationError, match="No space left on device"):
        save_directory(
            tmp_path / "model",
            {"a": lambda file: file.symlink_to("/dev/full") or dump_plain([0], file)},
            {},
        )
    assert list(tmp_path.iterdir()) == []


def test_damage_to_any_member_is_told_with_its_name(tmp_path):
    for name in ("generator.pt", "state.joblib"):
        for harm, told in (
            (Path.unlink, "is missing"),
            (lambda f: f.write_bytes(f.read_bytes()[:-1]), "bytes instead of"),
            (lambda f: f.write_bytes(f.read_bytes()[:-1] + b"X"), "was altered"),
        ):
            save(tmp_path / "model", overwrite=True)
            harm(tmp_path / "model" / name)
            with pytest.raises(SerializationError, match=told) as caught:
                load_directory(tmp_path / "model")
            assert name in str(caught.value)
            assert "fit and save the model again" in str(caught.value)


def test_swapped_members_and_those_of_another_model_are_told(tmp_path):
    same_size = {c: lambda f, c=c: f.write_text(c) for c in "ab"}
    save_directory(tmp_path / "model", same_size, {})
    (tmp_path / "model" / "a").rename(tmp_path / "swap")
    (tmp_path / "model" / "b").rename(tmp_path / "model" / "a")
    (tmp_path / "swap").rename(tmp_path / "model" / "b")
    with pytest.raises(SerializationError, match="a' was altered"):
        load_directory(tmp_path / "model")


@pytest.mark.parametrize(
    "harm",
    [
        lambda text: text[:-9],
        lambda text: text.replace('"version": "old"', '"version": "other"'),
        lambda text: text.replace("state.joblib", "../../etc/passwd"),
        lambda text: "[]",
        lambda text: "{}",
        lambda text: "",
    ],
)
def test_damage_to_the_manifest_is_told(tmp_path, harm):
    save(tmp_path / "model")
    file = tmp_path / "model" / "metadata.json"
    file.write_text(harm(file.read_text()))
    with pytest.raises(SerializationError, match=r"metadata\.json' is cut or altered"):
        load_directory(tmp_path / "model")


def test_what_is_no_saved_model_is_told(tmp_path):
    with pytest.raises(SerializationError, match="no saved model at"):
        load_directory(tmp_path / "model")
    (tmp_path / "model").mkdir()
    with pytest.raises(SerializationError, match=r"has no metadata\.json"):
        load_directory(tmp_path / "model")
    (tmp_path / "file").touch()
    with pytest.raises(SerializationError, match="is not a folder"):
        load_directory(tmp_path / "file")


def test_a_newer_format_asks_for_an_upgrade(tmp_path):
    save(tmp_path / "model", format_version=2)
    with pytest.raises(SerializationError, match=r"format 2.*reads up to 1; upgrade"):
        load_directory(tmp_path / "model")
    assert load_directory(tmp_path / "model", format_version=2)[0] == {"version": "old"}


def test_unknown_files_are_left_alone(tmp_path):
    save(tmp_path / "model")
    (tmp_path / "model" / "README").write_text("mine")
    assert read_version(tmp_path / "model") == "old"


# Killed by SIGKILL before each operation on the file system that Python audits, in a
# child of a process without threads. Prints one line a kill.
_KILLER = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_serialization import read_version, save
from sklearn_synthohive.exceptions import SerializationError

root = Path({root!r})
WATCHED = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree")
for step in range(200):
    folder = root / str(step)
    folder.mkdir()
    model = folder / "model"
    if {existing}:
        save(model)
    child = os.fork()
    if child == 0:
        left = step
        def watch(event, args):
            global left
            if event in WATCHED and str(args[0]).startswith(str(folder)):
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
        sys.addaudithook(watch)
        save(model, "new", overwrite=True)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    try:
        found = read_version(model)
    except SerializationError as error:
        found = "none" if "no saved model" in str(error) else repr(error)
    save(model, "later", overwrite=True)
    left_behind = sorted(p.name for p in folder.iterdir())
    print(step, status, found, read_version(model), left_behind == ["model"])
    if status == 0:
        break
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.parametrize("existing", [True, False])
def test_killed_at_any_step_the_old_or_the_new_model_is_there(tmp_path, existing):
    here = str(Path(__file__).parent)
    # So that a failing run does not leave hundreds of folders for pytest to keep.
    with tempfile.TemporaryDirectory(dir=tmp_path) as root:
        script = _KILLER.format(tests=here, root=root, existing=existing)
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
        )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[1] for line in lines] == ["9"] * (len(lines) - 1) + ["0"]
    assert len(lines) > 8
    found = [line[2] for line in lines]
    first = "old" if existing else "none"
    # First always the old one, from some step on always the new one.
    turn = found.index("new")
    assert found == [first] * turn + ["new"] * (len(found) - turn)
    assert {(line[3], line[4]) for line in lines} == {("later", "True")}


def test_a_model_moved_aside_is_found_and_put_back(tmp_path, caplog):
    save(tmp_path / "model")
    os.rename(tmp_path / "model", tmp_path / ".model.old")
    with caplog.at_level("WARNING", logger="sklearn_synthohive"):
        assert read_version(tmp_path / "model") == "old"
    assert "model_recovered" in caplog.text
    with pytest.raises(SerializationError, match="exists already"):
        save(tmp_path / "model", "new")
    assert read_version(tmp_path / "model") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_what_another_running_process_writes_is_left_alone(tmp_path):
    mine = tmp_path / f".model.saving-{os.getpid()}-abc"
    mine.mkdir()
    save(tmp_path / "model")
    assert mine.exists()
