"""The numbers of rows that a call of ``generate`` asks for."""

from __future__ import annotations

import numbers
from collections.abc import Mapping

from sklearn_synthohive.exceptions import SchemaValidationError

__all__ = ["check_num_rows"]


def check_num_rows(num_rows, plan) -> dict[str, int]:
    """Numbers of rows of the root tables, every problem in one error."""
    roots = plan.roots
    if isinstance(num_rows, numbers.Integral) and not isinstance(num_rows, bool):
        if len(roots) != 1:
            raise SchemaValidationError(
                [f"num_rows must map each of the root tables {roots} to a number."]
            )
        num_rows = {roots[0]: num_rows}
    if not isinstance(num_rows, Mapping):
        raise TypeError(
            f"num_rows must map each of the root tables {roots} to a number, got "
            f"{num_rows!r}."
        )
    drivers = {t.name: t.driver for t in plan.tables}
    problems = [
        f"num_rows lacks the root table {name!r}; the root tables are {roots}."
        for name in roots
        if name not in num_rows
    ]
    for name, number in num_rows.items():
        if name not in drivers:
            problems.append(
                f"num_rows names {name!r}, which is no table; the root tables are "
                f"{roots}."
            )
        elif drivers[name] is not None:
            problems.append(
                f"num_rows names {name!r}, whose rows follow those of "
                f"{drivers[name].parent!r}; leave it out."
            )
        elif (
            isinstance(number, bool)
            or not isinstance(number, numbers.Integral)
            or number < 0
        ):
            problems.append(
                f"num_rows of {name!r} must be a number of rows, got {number!r}."
            )
    if problems:
        raise SchemaValidationError(problems)
    return {name: int(number) for name, number in num_rows.items()}
