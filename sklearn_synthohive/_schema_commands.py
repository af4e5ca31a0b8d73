"""The commands on a whole schema: propose it, learn it, draw from it."""

import sys

__all__ = [
    "fit_schema",
    "is_schema",
    "propose_schema",
    "report_schema",
    "sample_schema",
]


def propose_schema(arguments):
    """``synthohive schema``: write the proposed metadata, print the reasons."""
    output = arguments.output
    if output.is_dir():
        raise ValueError(f"{output} is a folder; name a file such as metadata.json.")
    if output.exists() and not arguments.overwrite:
        raise ValueError(f"{output} is there already: give --overwrite.")
    if not output.parent.is_dir():
        raise ValueError(f"There is no folder {output.parent}; make it first.")

    from sklearn_synthohive.io import find_tables
    from sklearn_synthohive.metadata import Metadata

    tables = find_tables(arguments.tables)
    frames = {name: _read(path) for name, path in tables.items()}
    metadata = Metadata.detect(frames)
    findings = metadata.validate_schema(frames)
    for finding in findings:
        print(f"note: {finding}")
    metadata.to_json(output)
    print(
        f"{output}: {len(frames)} tables, {len(metadata.relations)} relations. Read "
        "and correct it, then: synthohive fit FOLDER --metadata ..."
    )


def _read(path):
    from sklearn_synthohive.io import find_tables, read_parts, read_table

    if not path.is_dir():
        return read_table(path)
    return read_parts(list(find_tables(path).values()))


def fit_schema(arguments):
    """``synthohive fit`` on a folder: learn every table that the metadata describe."""
    if arguments.metadata is None:
        raise ValueError(
            f"{arguments.data} is a folder of tables: describe them by --metadata. "
            f"synthohive schema {arguments.data} -o metadata.json proposes a "
            "description."
        )
    if arguments.table:
        raise ValueError("--table is for a single file; leave it out for a folder.")

    from sklearn_synthohive.io import find_tables
    from sklearn_synthohive.metadata import Metadata

    metadata = Metadata.from_json(arguments.metadata)
    metadata.validate_schema()
    found = find_tables(arguments.data)
    _check_found(metadata, found, arguments.metadata, arguments.data)
    extra = [name for name in found if name not in metadata.tables]
    if extra:
        print(f"note: not described and left out: {', '.join(extra)}", file=sys.stderr)

    from sklearn_synthohive.relational import StagedOrchestrator

    model = StagedOrchestrator(
        metadata,
        orphans=arguments.orphans or "missing",
        random_state=arguments.seed,
        n_jobs=arguments.jobs,
    )
    given = {
        name: getattr(arguments, name) for name in ("epochs", "batch_size", "generator")
    }
    model.fit_all(
        {name: found[name] for name in metadata.tables},
        progress_bar=not arguments.quiet,
        checkpoint_dir=arguments.checkpoint_dir,
        **{name: value for name, value in given.items() if value is not None},
    )
    model.save(arguments.output, overwrite=arguments.overwrite)
    n_rows = sum(table.n_rows for table in model.tables_.values())
    print(
        f"{arguments.output}: learned {n_rows:,} rows of {len(model.tables_)} tables "
        f"(seed {model.seed_})"
    )


def _check_found(metadata, found, described, folder):
    absent = [name for name in metadata.tables if name not in found]
    if absent:
        raise ValueError(
            f"{described} describes {absent}, which {folder} does not hold; there are "
            f"{list(found)}."
        )


def report_schema(arguments):
    """``synthohive report`` of two folders: one page on tables and relations."""
    if arguments.metadata is None:
        raise ValueError(
            f"{arguments.real} is a folder of tables: describe them by --metadata. "
            f"synthohive schema {arguments.real} -o metadata.json proposes a "
            "description."
        )
    for option in ("holdout", "target", "task", "history", "attacks", "json"):
        if getattr(arguments, option):
            raise ValueError(f"--{option} is for single tables; leave it out.")
    output = arguments.output
    if output.is_dir() or not output.absolute().parent.is_dir():
        raise ValueError(f"-o {output}: name a file in a folder that exists.")

    from sklearn_synthohive._report_command import read_like
    from sklearn_synthohive.io import find_tables
    from sklearn_synthohive.metadata import Metadata
    from sklearn_synthohive.reports import SchemaReport

    metadata = Metadata.from_json(arguments.metadata)
    paths = []
    for folder in (arguments.real, arguments.synthetic):
        paths.append(find_tables(folder))
        _check_found(metadata, paths[-1], arguments.metadata, folder)
    real = {name: _read(paths[0][name]) for name in metadata.tables}
    synthetic = {
        name: read_like(paths[1][name], real[name], read=_read)
        for name in metadata.tables
    }
    report = SchemaReport(
        real,
        synthetic,
        metadata,
        title=arguments.title,
        max_rows=arguments.max_rows,
        seed=arguments.seed,
    )
    report.to_html(output)
    summary = report.relations.tables["All measures of the relations"]
    if len(summary):
        print(summary[["figures", "score", "ceiling"]].round(3).to_string())
    else:
        print("The metadata describe no relations: see the page on the tables.")
    for finding in report.findings:
        print(f"{finding.severity}: {finding}")
    print(f"{output}: written")


def is_schema(path):
    """Whether a folder holds a model of a schema rather than of one table."""
    return (path / "schema.joblib").is_file()


def sample_schema(arguments):
    """``synthohive sample`` from a schema's model: a folder of tables."""
    for option, given in (
        ("--condition", arguments.condition),
        ("--calibrated", arguments.calibrated),
    ):
        if given:
            raise ValueError(f"{option} is for models of one table; leave it out.")
    if arguments.output.is_file():
        raise ValueError(
            f"{arguments.output} is a file; a schema is written to a folder."
        )

    from sklearn_synthohive.relational import StagedOrchestrator

    model = StagedOrchestrator.from_saved(
        arguments.model, io=arguments.format, on_write_failure="cleanup"
    )
    roots = model.plan_.roots
    wanted = {name: model.tables_[name].n_rows for name in roots}
    for name, count in arguments.rows or ():
        if name is None and len(roots) > 1:
            raise ValueError(
                f"-n {count}: the schema has several root tables; give -n TABLE=ROWS "
                f"for those of {roots} that should not have as many rows as the real "
                "ones."
            )
        wanted[roots[0] if name is None else name] = count
    paths = model.generate(wanted, arguments.output, seed=arguments.seed)
    for path in paths.values():
        print(path)
