"""Models on disk: plain data that runs nothing, in directories written whole."""

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from pathlib import Path

from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.utils._plain_data import (
    RESTORE,
    cannot_write,
    dump_plain,
    load_plain,
)

__all__ = [
    "FORMAT_VERSION",
    "cannot_write",
    "check_target",
    "dump_plain",
    "load_directory",
    "load_plain",
    "save_directory",
]

FORMAT_VERSION = 1
_FORMAT = "sklearn-synthohive"
_MANIFEST = "metadata.json"
_RESERVED = ("format", "format_version", "files", "sha256")

_logger = get_logger(__name__)


def save_directory(
    path, members, manifest, *, overwrite=False, format_version=FORMAT_VERSION
):
    """Write a model's files and their checksums to a directory, whole or not at all.

    Everything is written to a directory beside the target (``.name.saving-...``),
    flushed to the disk and only then renamed. A model that is replaced is first moved
    aside (``.name.old``) and removed once the new one stands. So at any moment either
    the target is whole, or it is missing and the old one lies aside, where
    :func:`load_directory` finds it and the next save puts it back or removes it.

    Parameters
    ----------
    path : str or path-like
        An empty directory may be there already.
    members : dict of str to callable
        The name of each file, and what writes it given its path.
    manifest : dict
        What ``metadata.json`` says beside the files: JSON's types.
    overwrite : bool, default=False
        Replace a model that is there, as a whole.
    format_version : int
        Version of the layout of the files; older readers refuse it.

    Raises
    ------
    SerializationError
        When the model exists, the target is something else, or it cannot be written.
    """
    target = Path(os.path.realpath(path))
    content = json.loads(json.dumps(manifest))
    _check_names(members, content)
    try:
        _put_back(target)
        _check_target(target, overwrite)
        part = target.parent / f".{target.name}.saving-{os.getpid()}-{_token()}"
        part.mkdir()
        try:
            _write_members(part, members, content, format_version)
            _take_place(part, target)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    except SerializationError:
        raise
    # torch reports a full disk as a RuntimeError.
    except (OSError, RuntimeError) as error:
        raise cannot_write(path, error) from error
    _remove_leftovers(target)


def check_target(path, *, overwrite=False):
    """Refuse a path that :func:`save_directory` would refuse, without writing.

    Parameters
    ----------
    path : str or path-like
    overwrite : bool, default=False

    Raises
    ------
    SerializationError
    """
    try:
        _check_target(Path(os.path.realpath(path)), overwrite)
    except SerializationError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from error


def load_directory(path, *, format_version=FORMAT_VERSION):
    """Verify a directory that :func:`save_directory` wrote.

    Parameters
    ----------
    path : str or path-like
    format_version : int
        The newest version that the caller can read.

    Returns
    -------
    manifest : dict
        As it was given to :func:`save_directory`.
    directory : Path
        Where the verified files are: the model moved aside, when a save that was to
        replace it was killed between its two renames.

    Raises
    ------
    SerializationError
        When a file is missing, cut or altered, or the version is newer. Files that
        are not the model's are left alone.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from sklearn_synthohive.utils.serialization import (
    ...     dump_plain,
    ...     load_directory,
    ...     load_plain,
    ...     save_directory,
    ... )
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model"
    >>> members = {"state.joblib": lambda file: dump_plain([1, 2], file)}
    >>> save_directory(path, members, {"model": "Example"})
    >>> manifest, directory = load_directory(path)
    >>> manifest, load_plain(directory / "state.joblib")
    ({'model': 'Example'}, [1, 2])
    """
    target = Path(os.path.realpath(path))
    try:
        if not target.exists() and _aside(target).is_dir():
            _logger.warning("model_recovered", path=str(target))
            target = _aside(target)
        content = _verified(target, format_version)
    except SerializationError:
        raise
    except OSError as error:
        raise SerializationError(
            f"{os.fspath(path)!r} cannot be read: {error.strerror or error}."
        ) from error
    return {k: v for k, v in content.items() if k not in _RESERVED}, target


def _verified(target, format_version):
    if not target.exists():
        raise SerializationError(
            f"There is no saved model at {str(target)!r}; save one, or check the path."
        )
    if not target.is_dir():
        raise SerializationError(
            f"{str(target)!r} is not a folder, which a saved model is; check the path."
        )
    content = _read_manifest(target)
    if content["format_version"] > format_version:
        raise SerializationError(
            f"{str(target)!r} was saved in format {content['format_version']}, and "
            f"this version reads up to {format_version}; upgrade sklearn-synthohive."
        )
    for name, expected in content["files"].items():
        _verify_file(target / name, expected)
    return content


def _check_names(members, content):
    for name in members:
        if not _is_member_name(name):
            raise ValueError(f"{name!r} cannot be the name of a model's file.")
    taken = [name for name in _RESERVED if name in content]
    if taken:
        raise ValueError(
            f"The manifest must not hold {taken}: they are written for it."
        )


def _is_member_name(name):
    return (
        isinstance(name, str)
        and name not in ("", ".", "..", _MANIFEST)
        and not set(name) & set("/\\:\0")
    )


def _check_target(target, overwrite):
    if not target.parent.is_dir():
        raise SerializationError(
            f"There is no folder {str(target.parent)!r}; make it before saving to it."
        )
    if not target.exists():
        return
    if not target.is_dir():
        raise SerializationError(f"{str(target)!r} is a file; name a folder.")
    if not any(target.iterdir()):
        return
    if not overwrite:
        raise SerializationError(
            f"{str(target)!r} exists already; give overwrite=True or another path."
        )
    if not _is_ours(target / _MANIFEST):
        raise SerializationError(
            f"{str(target)!r} is a folder that holds no saved model, so it is not "
            "replaced; give another path."
        )


def _is_ours(file):
    return file.is_file() and _FORMAT in file.read_text("utf-8", errors="replace")


def _write_members(part, members, content, format_version):
    files = {}
    for name, write in members.items():
        write(part / name)
        _sync(part / name)
        files[name] = {
            "sha256": _file_sha256(part / name),
            "size": (part / name).stat().st_size,
        }
    content = {
        "format": _FORMAT,
        "format_version": format_version,
        **content,
        "files": files,
    }
    content["sha256"] = _content_sha256(content)
    text = json.dumps(content, indent=2) + "\n"
    (part / _MANIFEST).write_text(text, encoding="utf-8")
    _sync(part / _MANIFEST)
    _sync_names(part)


def _take_place(part, target):
    aside = _aside(target)
    if target.exists():
        shutil.copymode(target, part)
        if aside.exists():
            _discard(aside)
        os.rename(target, aside)
    try:
        os.rename(part, target)
    except BaseException:
        if aside.exists() and not target.exists():
            os.rename(aside, target)
        raise
    _sync_names(target.parent)


def _put_back(target):
    """Undo the first of two renames, after a kill between them."""
    aside = _aside(target)
    if aside.is_dir() and not target.exists():
        os.rename(aside, target)


def _remove_leftovers(target):
    """What this save moved aside, and what killed ones left behind."""
    # The model is in place: what cannot be removed now, the next save will.
    with contextlib.suppress(OSError):
        if _aside(target).exists():
            _discard(_aside(target))
        for sibling in target.parent.iterdir():
            if sibling.name.startswith(f".{target.name}.trash-") or (
                sibling.name.startswith(f".{target.name}.saving-")
                and _writer_is_gone(sibling.name)
            ):
                _discard(sibling)


def _discard(directory):
    # Renamed first, so that nobody finds it half removed.
    trash = directory.parent / f"{_stem(directory.name)}.trash-{_token()}"
    os.rename(directory, trash)
    shutil.rmtree(trash, ignore_errors=True)


def _stem(name):
    for end in (".old", ".trash-", ".saving-"):
        head, found, _ = name.rpartition(end)
        if found:
            return head
    return name


def _writer_is_gone(name):
    # On Windows os.kill would end the process that it asks for.
    if os.name != "posix":
        return False
    try:
        os.kill(int(name.rpartition(".saving-")[2].partition("-")[0]), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        return False
    return False


def _aside(target):
    return target.parent / f".{target.name}.old"


def _token():
    return uuid.uuid4().hex[:8]


def _sync(path):
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_names(directory):
    """Flush the names in a directory, where the system can do so at all."""
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _read_manifest(target):
    file = target / _MANIFEST
    if not file.is_file():
        raise SerializationError(
            f"{str(target)!r} has no {_MANIFEST}: it is not a saved model, or not "
            f"all of one; {RESTORE}."
        )
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        told = content.pop("sha256")
        whole = content["format"] == _FORMAT and told == _content_sha256(content)
        whole = whole and isinstance(content["format_version"], int)
        whole = whole and all(
            _is_member_name(name) and set(expected) == {"sha256", "size"}
            for name, expected in content["files"].items()
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise SerializationError(f"{str(file)!r} is cut or altered; {RESTORE}.")
    return content


def _verify_file(file, expected):
    if not file.is_file():
        raise SerializationError(f"The file {str(file)!r} is missing; {RESTORE}.")
    size = file.stat().st_size
    if size != expected["size"]:
        raise SerializationError(
            f"The file {str(file)!r} has {size} bytes instead of {expected['size']}; "
            f"{RESTORE}."
        )
    if _file_sha256(file) != expected["sha256"]:
        raise SerializationError(f"The file {str(file)!r} was altered; {RESTORE}.")


def _file_sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _content_sha256(content):
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
