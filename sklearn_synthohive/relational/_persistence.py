"""A fitted schema as a directory: plain data, and one archive for each model."""

from __future__ import annotations

import tarfile
import tempfile
from functools import partial
from pathlib import Path

from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.metadata import Metadata
from sklearn_synthohive.relational._plan import Plan
from sklearn_synthohive.relational._table_model import TableModel
from sklearn_synthohive.utils.serialization import (
    dump_plain,
    load_directory,
    load_plain,
    save_directory,
)

__all__ = ["read_schema_model", "write_schema_model"]

SCHEMA = "schema.joblib"


def write_schema_model(path, orchestrator, *, overwrite=False) -> None:
    """Write a fitted orchestrator, whole or not at all.

    Parameters
    ----------
    path : path-like
    orchestrator : StagedOrchestrator
    overwrite : bool
    """
    tables = list(orchestrator.tables_.values())
    state = {
        "tables": [t.to_state() for t in tables],
        "plan": orchestrator.plan_.to_state(),
        "seed": orchestrator.seed_,
    }
    members = {SCHEMA: partial(dump_plain, state)}
    models = {}
    for i, table in enumerate(tables):
        if table.model is not None:
            models[table.name] = f"model-{i:03d}.tar"
            members[models[table.name]] = partial(_pack, table.model)
    manifest = {
        "model": "StagedOrchestrator",
        "model_cls": orchestrator.model_cls.__name__,
        "metadata": orchestrator._metadata.to_dict(),
        "models": models,
    }
    save_directory(path, members, manifest, overwrite=overwrite)


def read_schema_model(path, model_cls):
    """Read what :func:`write_schema_model` wrote.

    Parameters
    ----------
    path : path-like
    model_cls : type
        The class whose instances load the models.

    Returns
    -------
    metadata : Metadata
    plan : Plan
    tables : dict of str to TableModel
    seed : int
    """
    manifest, folder = load_directory(path)
    if manifest.get("model") != "StagedOrchestrator":
        raise SerializationError(
            f"{str(path)!r} holds a {manifest.get('model')}, not a schema; load it "
            "with that class."
        )
    if manifest["model_cls"] != model_cls.__name__:
        raise SerializationError(
            f"{str(path)!r} was fitted with model_cls={manifest['model_cls']}, not "
            f"{model_cls.__name__}; give that class as model_cls."
        )
    try:
        state = load_plain(folder / SCHEMA)
        tables = [TableModel.from_state(s) for s in state["tables"]]
        plan = Plan.from_state(state["plan"])
        metadata = Metadata.from_dict(manifest["metadata"])
        for table in tables:
            archive = manifest["models"].get(table.name)
            if archive is not None:
                table.model = _unpack(folder / archive, model_cls, table.name)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SerializationError(
            f"The files in {str(path)!r} do not fit each other ({error}); restore them "
            "from a copy, or fit and save again."
        ) from error
    return metadata, plan, {t.name: t for t in tables}, state["seed"]


def _pack(model, path):
    # Beside the archive: where that has room, this has, too.
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        try:
            model.save(Path(folder) / "model")
        except SerializationError as error:
            if isinstance(error.__cause__, OSError):
                # Told with the path that the user knows.
                raise error.__cause__ from None
            raise
        with tarfile.open(path, "w") as archive:
            archive.add(Path(folder) / "model", "model", filter=_anonymous)


def _anonymous(member):
    # Who saved it, and when, is no part of a model.
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def _unpack(path, model_cls, name):
    model = model_cls(None)
    with tempfile.TemporaryDirectory() as folder:
        try:
            with tarfile.open(path) as archive:
                # "data": no absolute names, no links, nothing outside the folder.
                archive.extractall(folder, filter="data")
        except (tarfile.TarError, OSError) as error:
            raise SerializationError(
                f"The model of table {name!r} in {str(path)!r} cannot be read: {error}."
            ) from error
        return model.load(Path(folder) / "model") or model
