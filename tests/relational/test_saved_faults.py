"""Faults while a schema is saved, and in what was saved."""

import errno
import io
import os
import shutil
import signal
import tarfile

import pandas as pd
import pytest
from resampler import Resampler
from small_schemas import shop

from sklearn_synthohive import StagedOrchestrator
from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.utils import serialization

# Every so many events of a save it is killed.
STRIDE = 5


def fit(n_users):
    metadata, tables = shop(n_users=n_users)
    schema = StagedOrchestrator(metadata, Resampler, random_state=0)
    return schema.fit_all(tables, progress_bar=False)


@pytest.fixture(scope="module")
def pair():
    return fit(30), fit(40)


def rows_of(schema):
    made = schema.generate({"users": 10}, seed=3)
    return "".join(table.to_csv() for table in made.values())


def load(path):
    return StagedOrchestrator.from_saved(path, Resampler)


@pytest.fixture(scope="module")
def told(pair):
    return {rows_of(schema): name for schema, name in zip(pair, "ab", strict=True)}


def save_killed(schema, target, step):
    """Save in a child that is killed at its step-th touch of a file; its status."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    left = [step]

    def before(original):
        def wrapped(*args, **kwargs):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*args, **kwargs)

        return wrapped

    for name in ("mkdir", "fsync", "rename", "unlink", "rmdir"):
        setattr(os, name, before(getattr(os, name)))
    serialization.dump_plain = before(serialization.dump_plain)
    tarfile.TarFile.add = before(tarfile.TarFile.add)
    try:
        schema.save(target, overwrite=True)
    except BaseException:
        os._exit(1)
    os._exit(0)


@pytest.mark.parametrize("existing", [True, False])
def test_killed_at_any_step_the_old_or_the_new_schema_is_there(
    pair, told, tmp_path, existing
):
    old, new = pair
    target, found, step = tmp_path / "schema", [], 0
    while True:
        shutil.rmtree(target, ignore_errors=True)
        if existing:
            old.save(target)
        status = save_killed(new, target, step)
        try:
            found.append(told[rows_of(load(target))])
        except SerializationError as error:
            found.append("none" if "no saved model" in str(error) else str(error))
        # The next save puts all in order.
        new.save(target, overwrite=True)
        assert told[rows_of(load(target))] == "b"
        assert [p.name for p in tmp_path.iterdir()] == ["schema"]
        if status == 0:
            break
        assert status == signal.SIGKILL
        step += STRIDE
    first = "a" if existing else "none"
    assert found == sorted(found, key=[first, "b"].index)
    assert {first, "b"} == set(found)
    assert len(found) > 3


@pytest.mark.parametrize("broken", ["mkdir", "fsync", "rename"])
def test_a_full_disk_leaves_the_schema_that_was_there(
    pair, told, tmp_path, monkeypatch, broken
):
    old, new = pair
    old.save(tmp_path / "schema")
    original, failures = getattr(os, broken), []
    for room in range(0, 60, 2):
        calls = []

        def fill_up(*args, calls=calls, room=room, **kwargs):
            calls.append(args)
            if len(calls) == room + 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return original(*args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(os, broken, fill_up)
            try:
                new.save(tmp_path / "schema", overwrite=True)
            except SerializationError as error:
                failures.append(str(error))
        if len(failures) <= room // 2:
            break
        assert told[rows_of(load(tmp_path / "schema"))] == "a"
    assert told[rows_of(load(tmp_path / "schema"))] == "b"
    assert failures
    for message in failures:
        assert "No space left" in message
        assert f"{str(tmp_path / 'schema')!r} cannot be written" in message
    # What could not be moved is removed by the next save.
    new.save(tmp_path / "schema", overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["schema"]


@pytest.fixture
def saved(pair, tmp_path):
    pair[0].save(tmp_path / "schema")
    return tmp_path / "schema"


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "gone"])
def test_damage_to_any_file_is_told_with_its_name(saved, harm):
    names = sorted(p.name for p in saved.iterdir())
    assert len(names) == 4
    for name in names:
        content = (saved / name).read_bytes()
        middle = len(content) // 2
        if harm == "gone":
            (saved / name).unlink()
        else:
            flipped = bytes([content[middle] ^ 1])
            (saved / name).write_bytes(
                {
                    "cut": content[:-7],
                    "flip": content[:middle] + flipped + content[middle + 1 :],
                    "empty": b"",
                }[harm]
            )
        with pytest.raises(SerializationError, match=name):
            load(saved)
        (saved / name).write_bytes(content)
    load(saved)


def replace(saved, name, content):
    """Another file in a saved schema, with the checksums that go with it."""
    manifest, _ = serialization.load_directory(saved)
    members = {p.name: p.read_bytes() for p in saved.iterdir()}
    members.pop("metadata.json")
    members[name] = content
    writers = {n: (lambda path, c=c: path.write_bytes(c)) for n, c in members.items()}
    serialization.save_directory(saved, writers, manifest, overwrite=True)


def archive_of(members):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return content.getvalue()


def link(name, to):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, to
    return member


@pytest.mark.parametrize(
    "content",
    [
        b"no archive",
        archive_of([]),
        archive_of([(tarfile.TarInfo("../outside"), b"x")]),
        archive_of([(tarfile.TarInfo("/tmp/outside of the archive"), b"x")]),
        archive_of([(link("model", "/"), b"")]),
        archive_of([(tarfile.TarInfo("model/metadata.json"), b"{}")]),
    ],
    ids=["noise", "empty", "above", "absolute", "link", "no model"],
)
def test_archives_that_were_tampered_with_are_refused(saved, content, tmp_path):
    replace(saved, "model-000.tar", content)
    schema = StagedOrchestrator(None, Resampler)
    with pytest.raises(SerializationError):
        schema.load(saved)
    assert not hasattr(schema, "plan_")
    assert [p.name for p in tmp_path.iterdir()] == ["schema"]


def test_parts_of_two_schemas_do_not_mix(pair, saved, tmp_path):
    other = tmp_path / "other"
    pair[1].save(other)
    for name in ("schema.joblib", "model-000.tar"):
        content = (saved / name).read_bytes()
        (saved / name).write_bytes((other / name).read_bytes())
        if (saved / name).read_bytes() != content:
            with pytest.raises(SerializationError, match=name):
                load(saved)
        (saved / name).write_bytes(content)


def test_a_failed_load_keeps_what_was_fitted(pair, saved):
    schema = fit(50)
    before = rows_of(schema)
    (saved / "schema.joblib").write_bytes(b"")
    with pytest.raises(SerializationError, match=r"schema\.joblib"):
        schema.load(saved)
    assert rows_of(schema) == before
    assert isinstance(pair[0].generate({"users": 3})["users"], pd.DataFrame)
