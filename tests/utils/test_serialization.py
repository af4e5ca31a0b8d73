"""Saved models: directories that are whole or not there."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.utils.serialization import (
    dump_plain,
    load_directory,
    load_plain,
    save_directory,
)


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
