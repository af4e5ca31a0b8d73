"""The command ``synthohive report``."""

import pandas as pd
from pandas.api import types

from sklearn_synthohive.io import read_table
from sklearn_synthohive.reports import QualityReport

__all__ = ["read_like", "run_report"]


def run_report(arguments):
    """Read the files, judge, write the page and print the verdicts.

    Parameters
    ----------
    arguments : argparse.Namespace
        Of ``synthohive report``.

    Returns
    -------
    QualityResult
    """
    for path in (arguments.output, arguments.json):
        if path is not None and not path.absolute().parent.is_dir():
            raise ValueError(f"There is no folder {path.absolute().parent}: make it.")
        if path is not None and path.is_dir():
            raise ValueError(f"{path} is a folder: name a file, as in report.html.")
    real = read_table(arguments.real)
    synthetic = read_like(arguments.synthetic, real)
    holdout = history = None
    if arguments.holdout is not None:
        holdout = read_like(arguments.holdout, real)
    if arguments.history is not None:
        history = pd.read_csv(arguments.history)
    report = QualityReport(
        real,
        synthetic,
        holdout,
        arguments.target,
        task=arguments.task,
        history=history,
        attacks=arguments.attacks,
        title=arguments.title,
        max_rows=arguments.max_rows,
        seed=arguments.seed,
    )
    result = report.compute()
    result.to_html(arguments.output)
    if arguments.json is not None:
        result.to_json(arguments.json)
    print(result)
    print(f"{arguments.output}: written")
    return result


def read_like(path, real, read=read_table):
    """Read a file; what is text in the real rows is text here, too.

    A file says nothing of its types: codes such as 00501 are text, and may look like
    numbers where none of them begins with a zero.
    """
    frame = read(path)
    for name in frame.columns.intersection(real.columns):
        if _is_text(real[name]) and not _is_text(frame[name]):
            column = frame[name].astype(object)
            frame[name] = column.where(column.isna(), column.map(str))
    return frame


def _is_text(column):
    return types.is_object_dtype(column.dtype) or types.is_string_dtype(column.dtype)
