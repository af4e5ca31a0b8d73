"""A further part of a report's page."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

__all__ = ["Section"]


@dataclass(frozen=True)
class Section:
    """A part that is added to a report, such as the relations of a schema.

    Attributes
    ----------
    title : str
    text : str
        One paragraph, plain text.
    tables : dict of str to DataFrame
        Caption and table.
    figures : dict of str to matplotlib Figure
        Caption and picture.
    findings : list of Finding
        They join the report's own, at the top of the page.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.reports import QualityReport, Section
    >>> real = pd.DataFrame({"x": [1, 2, 3, 4, 5, 6]})
    >>> section = Section("Keys", "Every key leads to a row.")
    >>> result = QualityReport(real, real, sections=[section]).compute()
    >>> "Every key leads to a row." in result.to_html()
    True
    """

    title: str
    text: str = ""
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict = field(default_factory=dict)
    findings: list = field(default_factory=list)
