"""A whole schema: fitted table by table, generated parents before children."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.exceptions import NotFittedError

from sklearn_synthohive.exceptions import SerializationError
from sklearn_synthohive.generators import CTGAN
from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.relational._contract import (
    build_model,
    check_model_class,
)
from sklearn_synthohive.relational._learning import prepare
from sklearn_synthohive.relational._making import Maker
from sklearn_synthohive.relational._num_rows import check_num_rows
from sklearn_synthohive.relational._output import (
    ON_WRITE_FAILURE,
    OutputFolder,
    suffix_of,
)
from sklearn_synthohive.relational._persistence import (
    read_schema_model,
    write_schema_model,
)
from sklearn_synthohive.relational._plan import make_plan
from sklearn_synthohive.relational._progress import Job, fit_jobs
from sklearn_synthohive.relational._sources import read_schema
from sklearn_synthohive.utils.random import chunk_seeds, draw_seed

__all__ = ["StagedOrchestrator"]

log = get_logger(__name__)

ORPHANS = ("missing", "parent")


class StagedOrchestrator:
    """Learns and generates the tables of a schema, keys and what ties them included.

    Every table gets a model of its own, whose rows depend on those of one parent (the
    driver), on its ancestors, and on the siblings before. How many children a parent
    has is drawn given its attributes. Further foreign keys are attached such that the
    joint distribution with their parents' attributes, their parents' loads and the
    rate of missing keys are kept. Keys are minted in the look of the real ones.

    Parameters
    ----------
    metadata : Metadata
        Tables, keys and relations; :meth:`Metadata.detect` proposes them.
    model_cls : type, default=CTGAN
        A :class:`ConditionalGenerativeModel`; called for each table as
        ``model_cls(metadata, batch_size=..., epochs=..., **model_kwargs)``.
    orphans : {"missing", "parent"}, default="missing"
        What a key that leads nowhere is learned as, where the key is missing in other
        rows: "missing" keeps the rows that a join finds, and the number of children of
        each parent; "parent" keeps the share of missing keys, and lets such rows have a
        parent like their likes.
    on_write_failure : {"raise", "cleanup", "retry"}, default="raise"
        When a file cannot be written: "raise" keeps the tables that are whole,
        "cleanup" leaves everything as it was before the call, "retry" tries the file
        three times more before that. Half-written files never stay.
    random_state : int, RandomState instance or None, default=None
        Of everything that is fitted and generated.
    n_jobs : int, optional
        Tables that are fitted at a time, in processes; the result does not depend on
        it.
    io : {"parquet", "csv", "csv.gz"} or object, optional
        What ``generate`` writes, Parquet as a rule; or an object with ``suffix``,
        ``read(path) -> DataFrame`` and ``writer(path)``, a context manager with
        ``write(frame)``.

    Attributes
    ----------
    plan_ : Plan
        The order of the tables and the driver of each.
    tables_ : dict of str to TableModel
    seed_ : int

    Notes
    -----
    Rows whose foreign key leads nowhere are counted and told of in the log, their own
    attributes are learned, and no such key is generated (``orphans``). Where the key is
    never missing in the real table it is never missing in the generated one.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_synthohive import Metadata, StagedOrchestrator
    >>> users = pd.DataFrame({"user_id": range(60), "plan": ["free", "paid"] * 30})
    >>> orders = pd.DataFrame({"user_id": np.repeat(np.arange(1, 60, 2), 3)})
    >>> orders["amount"] = np.arange(90.0)
    >>> metadata = (
    ...     Metadata()
    ...     .add_table("users", pk="user_id")
    ...     .add_table("orders", fk={"user_id": "users.user_id"})
    ... )
    >>> schema = StagedOrchestrator(metadata, random_state=0)
    >>> tables = {"users": users, "orders": orders}
    >>> synthetic = schema.fit_all(tables, epochs=2, progress_bar=False).generate(
    ...     {"users": 20}
    ... )
    >>> synthetic["orders"]["user_id"].isin(synthetic["users"]["user_id"]).all()
    np.True_
    """

    def __init__(
        self,
        metadata,
        model_cls=CTGAN,
        *,
        orphans="missing",
        on_write_failure="raise",
        random_state=None,
        n_jobs=None,
        io=None,
    ):
        self.metadata = metadata
        self.model_cls = model_cls
        self.orphans = orphans
        self.on_write_failure = on_write_failure
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.io = io

    def fit_all(
        self,
        tables,
        epochs=300,
        batch_size=500,
        progress_bar=True,
        checkpoint_interval=10,
        checkpoint_dir=None,
        **model_kwargs,
    ):
        """Learn every table of the schema.

        Parameters
        ----------
        tables : mapping of str to DataFrame or path
            A CSV or Parquet file, or a folder of such parts, for each table.
        epochs : int, default=300
            Of each model, at most.
        batch_size : int, default=500
        progress_bar : bool, default=True
            One display for the whole schema, on stderr. It moves with every epoch of a
            class with ``callbacks``, as CTGAN; with ``n_jobs`` with every table.
        checkpoint_interval : int, default=10
            Epochs.
        checkpoint_dir : path-like, optional
            Holds one folder of checkpoints for each table.
        **model_kwargs
            Further parameters of ``model_cls``.

        Returns
        -------
        self

        Raises
        ------
        SchemaValidationError
            With every problem of schema and data, before anything is fitted.
        TypeError
            For a ``model_cls`` that is no such class, or unknown parameters.
        """
        self._check_parameters()
        seed = draw_seed(None, self.random_state)
        folder = _checkpoint_folder(checkpoint_dir)
        # A wrong parameter shows before the data are read.
        parameters = {"batch_size": batch_size, "epochs": epochs, **model_kwargs}
        build_model(self.model_cls, self.metadata, **parameters)
        reader = getattr(self.io, "read", None)
        schema = read_schema(self.metadata, tables, reader, self.orphans)
        plan = make_plan(self.metadata, schema)
        log.info("schema_training_start", tables=len(plan.tables), seed=seed)
        rare = model_kwargs.get("min_frequency")
        lessons = prepare(self.metadata, schema, plan, seed, rare)
        jobs = []
        seeds = chunk_seeds(seed, len(lessons))
        for lesson, model_seed in zip(lessons, seeds, strict=True):
            if not len(lesson.frame.columns):
                continue
            options = {
                "table_name": lesson.table.name,
                "seed": model_seed,
                "progress_bar": False,
                "checkpoint_interval": checkpoint_interval,
            }
            if folder is not None:
                options["checkpoint_dir"] = folder / lesson.table.name
            model = build_model(self.model_cls, lesson.metadata, **parameters)
            jobs.append(Job(lesson, model, options))
        fit_jobs(jobs, self.n_jobs, progress_bar)
        # All at once: a fit that fails leaves the schema that was there.
        metadata = copy.deepcopy(self.metadata)
        self._set_fitted(metadata, plan, {x.table.name: x.table for x in lessons}, seed)
        log.info("schema_training_complete", tables=len(lessons), seed=seed)
        return self

    def _check_parameters(self):
        check_model_class(self.model_cls)
        if self.orphans not in ORPHANS:
            raise ValueError(
                f"orphans must be one of {list(ORPHANS)}, got {self.orphans!r}."
            )
        if self.on_write_failure not in ON_WRITE_FAILURE:
            raise ValueError(
                f"on_write_failure must be one of {list(ON_WRITE_FAILURE)}, got "
                f"{self.on_write_failure!r}."
            )
        suffix_of(self.io)

    def _set_fitted(self, metadata, plan, tables, seed):
        self._metadata = metadata
        self.plan_, self.tables_, self.seed_ = plan, tables, seed
        self._n_generated = 0

    def generate(self, num_rows, output_path_base=None, *, seed=None):
        """Generate every table of the schema.

        Parameters
        ----------
        num_rows : mapping of str to int
            Rows of each root table; the others follow. With one root table the number
            alone will do.
        output_path_base : path-like, optional
            A folder: each table is written into a folder of its own in it, as
            ``part-00000.parquet`` and so on, block by block. What is held in memory
            does not grow with the tables, but for some twelve bytes for each row of a
            table that further keys refer to. Tables that are there are replaced once
            all are written.
        seed : int, optional
            Repeats the tables. None gives fresh ones at every call, the same in the
            same order for the same ``random_state``.

        Returns
        -------
        dict of str to DataFrame, or to Path
            In the order of the metadata; the tables' folders where they are written.

        Raises
        ------
        SchemaValidationError
            When ``num_rows`` lacks a root table or names another one.
        SerializationError
            When a file cannot be written.
        """
        if not hasattr(self, "plan_"):
            raise NotFittedError(
                "This StagedOrchestrator is not fitted yet; call fit_all, or load."
            )
        self._check_parameters()
        wanted = check_num_rows(num_rows, self.plan_)
        if seed is None:
            entropy = [self.seed_, self._n_generated]
            seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
            self._n_generated += 1
        seed = draw_seed(seed)
        names = list(self._metadata.tables)
        if output_path_base is None:
            frames = self._frames(wanted, seed)
            return {name: frames[name] for name in names}
        base = Path(output_path_base)
        with OutputFolder(base, names, self.on_write_failure, self.io) as output:
            self._write(wanted, seed, output)
        return {name: base / name for name in names}

    def _frames(self, wanted, seed):
        maker = Maker(self.plan_, self.tables_, seed)
        frames = {}
        for name, parts in maker.run(wanted):
            blocks = list(parts)
            frames[name] = (
                pd.concat(blocks, ignore_index=True) if len(blocks) > 1 else blocks[0]
            )
        return frames

    def _write(self, wanted, seed, output):
        maker = Maker(self.plan_, self.tables_, seed, output.work)
        try:
            for name, parts in maker.run(wanted):
                output.write(name, parts)
        except SerializationError:
            raise
        except OSError as error:
            # The blocks that wait on the disk need room, too.
            raise SerializationError(
                f"{str(output.path)!r} cannot be written: {error.strerror or error}. "
                "Free space or choose another path."
            ) from error

    def save(self, path, *, overwrite=False):
        """Write the fitted schema to a directory, without any real row.

        Parameters
        ----------
        path : path-like
            A new directory.
        overwrite : bool, default=False
            Replace a saved schema that is there.

        Raises
        ------
        SerializationError
        """
        if not hasattr(self, "plan_"):
            raise NotFittedError(
                "This StagedOrchestrator is not fitted yet; call fit_all before save."
            )
        write_schema_model(path, self, overwrite=overwrite)

    def load(self, path):
        """Restore a saved schema; no code in it is run.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        self
            With the metadata that were saved.

        Raises
        ------
        SerializationError
            When a file is missing or damaged, or was saved with another ``model_cls``.
        """
        check_model_class(self.model_cls)
        metadata, plan, tables, seed = read_schema_model(path, self.model_cls)
        self.metadata = metadata
        self._set_fitted(copy.deepcopy(metadata), plan, tables, seed)
        return self

    @classmethod
    def from_saved(cls, path, model_cls=CTGAN, **parameters):
        """A fitted orchestrator from a saved directory.

        Parameters
        ----------
        path : path-like
        model_cls : type, default=CTGAN
            The class that was fitted.
        **parameters
            Of the constructor.

        Returns
        -------
        StagedOrchestrator
        """
        return cls(None, model_cls, **parameters).load(path)

    def __repr__(self):
        return f"StagedOrchestrator({self.metadata!r}, {self.model_cls.__name__})"


def _checkpoint_folder(path):
    """The folder of the checkpoints, made before any work."""
    if path is None:
        return None
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SerializationError(
            f"checkpoint_dir={str(path)!r} cannot be written: "
            f"{error.strerror or error}. Choose another path."
        ) from error
    return Path(path)
