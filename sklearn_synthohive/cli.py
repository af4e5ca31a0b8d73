"""The command ``synthohive``: demo, fit, sample, schema and report."""

import argparse
import os
import sys
from pathlib import Path

from sklearn_synthohive import __version__
from sklearn_synthohive.exceptions import SynthoHiveError

__all__ = ["main"]

SAMPLE_ROWS = 100_000


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, optional
        The arguments after the program's name; those of the process by default.

    Returns
    -------
    int
        0, or 2 after an error, which is one line on stderr.

    Examples
    --------
    >>> main(["sample", "no-such-model", "-n", "3", "-o", "rows.csv"])
    2
    """
    arguments = _parser().parse_args(argv)
    # Threads that spin while they wait make training several times slower as soon as
    # another process wants a core; torch reads this when it is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        arguments.run(arguments)
    # A column of a kind that cannot be learned is a TypeError.
    except (SynthoHiveError, ValueError, TypeError, OSError, ImportError) as error:
        text = " ".join(str(error).split())
        print(f"synthohive: error: {text}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("synthohive: interrupted", file=sys.stderr)
        return 130
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="synthohive", description="Synthetic tables from real ones."
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {__version__}"
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_demo(commands)
    _add_fit(commands)
    _add_sample(commands)
    _add_schema(commands)
    _add_report(commands)
    return parser


def _add_demo(commands):
    demo = commands.add_parser(
        "demo",
        help="fit on real flights, print how good the result is, write it",
        description="Learn 20,000 real flights and write as many synthetic ones, a "
        "table of how close they are, and a picture.",
    )
    demo.add_argument("--rows", type=_count, default=20_000, help="real rows to use")
    demo.add_argument("--epochs", type=_count, help="at most so many epochs")
    demo.add_argument("--seed", type=_seed, default=0)
    demo.add_argument("-o", "--output", type=Path, default=Path("demo-output"))
    demo.set_defaults(run=_demo)


def _add_fit(commands):
    fit = commands.add_parser(
        "fit",
        help="learn a table, or a folder of tables, and save the model",
        description="Learn a CSV or Parquet file, or a folder of them that --metadata "
        "describes, and save the model as a folder.",
    )
    fit.add_argument("data", type=Path, help="a .csv or .parquet file, or a folder")
    fit.add_argument("-o", "--output", type=Path, required=True, help="model folder")
    fit.add_argument("--epochs", type=_count, help="at most so many epochs")
    fit.add_argument("--batch-size", type=_count)
    fit.add_argument(
        "--generator",
        choices=["autoregressive", "mlp"],
        help="the network (default: autoregressive)",
    )
    fit.add_argument("--seed", type=_seed)
    fit.add_argument("--metadata", type=Path, help="JSON written by Metadata.to_json")
    fit.add_argument("--table", help="which table of the metadata the data is")
    fit.add_argument("--checkpoint-dir", type=Path)
    fit.add_argument("--jobs", type=_count, help="tables of a folder fitted at a time")
    fit.add_argument(
        "--orphans",
        choices=["missing", "parent"],
        help="of a folder: what keys that lead nowhere become (default: missing)",
    )
    fit.add_argument("--overwrite", action="store_true", help="replace the folder")
    fit.add_argument("--quiet", action="store_true", help="no progress bar")
    fit.set_defaults(run=_fit)


def _add_sample(commands):
    sample = commands.add_parser(
        "sample",
        help="draw rows from a saved model",
        description="Draw rows from a saved model into a CSV or Parquet file, or the "
        "tables of a schema into a folder.",
    )
    sample.add_argument("model", type=Path, help="folder that fit wrote")
    sample.add_argument(
        "-n",
        "--rows",
        type=_rows,
        action="append",
        metavar="[TABLE=]ROWS",
        help="rows; of a schema those of its root tables, as many as there were",
    )
    sample.add_argument("-o", "--output", type=Path, required=True)
    sample.add_argument(
        "--format",
        choices=["parquet", "csv", "csv.gz"],
        help="of the files of a schema (default: parquet)",
    )
    sample.add_argument("--seed", type=_seed, help="repeat the same rows")
    sample.add_argument(
        "--condition",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="fix a column's value; may be given for several columns",
    )
    sample.add_argument(
        "--calibrated",
        action="store_true",
        help="select rows so that their tables are closer to the real ones",
    )
    sample.set_defaults(run=_sample)


def _add_report(commands):
    report = commands.add_parser(
        "report",
        help="judge synthetic rows: quality, utility and privacy on one page",
        description="Compare a file of synthetic rows with the real ones and write one "
        "HTML page: figures beside those of held-out rows, pictures and warnings. Of "
        "two folders of tables, which --metadata describes, their relations.",
    )
    report.add_argument("real", type=Path, help="the rows that were learned")
    report.add_argument("synthetic", type=Path)
    report.add_argument("--metadata", type=Path, help="JSON that describes folders")
    report.add_argument("--holdout", type=Path, help="real rows that were not learned")
    report.add_argument("--target", help="column that somebody would predict")
    report.add_argument("--task", choices=["classification", "regression"])
    report.add_argument("--history", type=Path, help="training_metrics.csv of the fit")
    report.add_argument("--title", default="Synthetic data report")
    report.add_argument(
        "--attacks", action="store_true", help="run anonymeter's attacks, too"
    )
    report.add_argument(
        "--max-rows", type=_count, default=20_000, help="rows of each file to judge"
    )
    report.add_argument("--seed", type=_seed, default=0)
    report.add_argument("-o", "--output", type=Path, required=True, help="report.html")
    report.add_argument("--json", type=Path, help="write all figures as JSON, too")
    report.set_defaults(run=_report)


def _add_schema(commands):
    schema = commands.add_parser(
        "schema",
        help="propose keys and relations of tables, with reasons",
        description="Read tables, propose their keys and relations, print the reasons "
        "and write the proposal as JSON, in which each line can be corrected.",
    )
    schema.add_argument(
        "tables", type=Path, nargs="+", help="folders, .csv or .parquet files"
    )
    schema.add_argument("-o", "--output", type=Path, required=True, help="a JSON file")
    schema.add_argument("--overwrite", action="store_true", help="replace the file")
    schema.set_defaults(run=_schema)


def _rows(text):
    table, equals, number = text.rpartition("=")
    return (table if equals else None), _count(number)


def _count(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return number


def _seed(text):
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, got {text}")
    return number


def _demo(arguments):
    # torch takes seconds to import: what runs is imported once it is known.
    from sklearn_synthohive._demo import run_demo

    run_demo(
        rows=arguments.rows,
        epochs=arguments.epochs,
        seed=arguments.seed,
        output=arguments.output,
    )


def _schema(arguments):
    from sklearn_synthohive._schema_commands import propose_schema

    propose_schema(arguments)


def _fit(arguments):
    if arguments.data.is_dir():
        from sklearn_synthohive._schema_commands import fit_schema

        _check_output(arguments.output, arguments.overwrite)
        fit_schema(arguments)
        return
    for name in ("jobs", "orphans"):
        if getattr(arguments, name) is not None:
            raise ValueError(
                f"--{name} is for a folder of tables; leave it out for a file."
            )
    if arguments.table and arguments.metadata is None:
        raise ValueError("--table names a table of the file given by --metadata.")
    if arguments.metadata is not None and arguments.table is None:
        raise ValueError("--metadata describes several tables: name one by --table.")
    _check_output(arguments.output, arguments.overwrite)

    from sklearn_synthohive.generators import CTGAN
    from sklearn_synthohive.io import read_table
    from sklearn_synthohive.metadata import Metadata

    data = read_table(arguments.data)
    metadata = None
    if arguments.metadata is not None:
        metadata = Metadata.from_json(arguments.metadata)
    given = {
        name: getattr(arguments, name) for name in ("epochs", "batch_size", "generator")
    }
    model = CTGAN(metadata, **{k: v for k, v in given.items() if v is not None})
    model.fit(
        data,
        table_name=arguments.table,
        checkpoint_dir=arguments.checkpoint_dir,
        seed=arguments.seed,
        progress_bar=not arguments.quiet,
    )
    model.save(arguments.output, overwrite=arguments.overwrite)
    print(f"{arguments.output}: learned {len(data):,} rows (seed {model.seed_})")


def _report(arguments):
    if arguments.real.is_dir():
        from sklearn_synthohive._schema_commands import report_schema

        report_schema(arguments)
        return
    from sklearn_synthohive._report_command import run_report

    if arguments.metadata is not None:
        raise ValueError("--metadata describes folders of tables; leave it out.")
    run_report(arguments)


def _check_output(output, overwrite):
    """Refuse before training what saving would refuse after it."""
    from sklearn_synthohive.utils.serialization import check_target

    if output.is_dir() and any(output.iterdir()) and not overwrite:
        raise ValueError(f"{output} is there already: give --overwrite.")
    check_target(output, overwrite=overwrite)


def _sample(arguments):
    from sklearn_synthohive._schema_commands import is_schema, sample_schema

    if is_schema(arguments.model):
        sample_schema(arguments)
        return
    if not arguments.model.exists():
        raise FileNotFoundError(f"There is no model {str(arguments.model)!r}.")
    if arguments.format is not None:
        raise ValueError("--format is for a schema; the name of -o says it of a table.")
    arguments.rows = _rows_of_one_table(arguments.rows)
    from sklearn_synthohive.generators import CTGAN
    from sklearn_synthohive.io import TableWriter

    model = CTGAN.from_saved(arguments.model)
    conditions = _conditions(arguments.condition, model)
    with TableWriter(arguments.output) as writer:
        for frame in _frames(model, arguments, conditions):
            writer.write(frame)
    print(f"{arguments.output}: {arguments.rows:,} rows")


def _rows_of_one_table(rows):
    if not rows or len(rows) > 1 or rows[0][0] is not None:
        raise ValueError("Give the number of rows once, as -n ROWS.")
    return rows[0][1]


def _frames(model, arguments, conditions):
    from sklearn_synthohive.utils.random import chunk_seeds, draw_seed

    n_rows, seed = arguments.rows, arguments.seed
    options = {"calibrated": True} if arguments.calibrated else {}
    if not conditions:
        yield from model.sample_batches(n_rows, SAMPLE_ROWS, seed=seed, **options)
        return
    starts = range(0, n_rows, SAMPLE_ROWS)
    for start, batch_seed in zip(
        starts, chunk_seeds(draw_seed(seed), len(starts)), strict=True
    ):
        size = min(SAMPLE_ROWS, n_rows - start)
        yield model.sample(size, seed=batch_seed, conditions=conditions, **options)


def _conditions(texts, model):
    """``column=value`` texts as values of the columns' own types."""
    conditions = {}
    if not texts:
        return conditions
    example = model.sample(1, seed=0)
    for text in texts:
        # A name may hold "=" itself: the longest column that fits is meant.
        fitting = [c for c in example.columns if text.startswith(f"{c}=")]
        if not fitting:
            raise ValueError(
                f"--condition {text!r}: give COLUMN=VALUE; the columns are "
                f"{[str(c) for c in example.columns]}."
            )
        column = max(fitting, key=lambda c: len(str(c)))
        if column in conditions:
            raise ValueError(f"--condition names the column {str(column)!r} twice.")
        value = text[len(str(column)) + 1 :]
        conditions[column] = _parse_value(value, example[column].dtype, column)
    return conditions


def _parse_value(text, dtype, column):
    from pandas import Timedelta, Timestamp
    from pandas.api import types

    try:
        if types.is_bool_dtype(dtype):
            return {"true": True, "false": False}[text.lower()]
        if types.is_integer_dtype(dtype):
            return int(text)
        if types.is_float_dtype(dtype):
            return float(text)
        if types.is_datetime64_any_dtype(dtype):
            return Timestamp(text)
        if types.is_timedelta64_dtype(dtype):
            return Timedelta(text)
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"--condition: {text!r} is not a value of {column!r}, which is {dtype}."
        ) from error
    return text
