"""Judge the tables of a schema in one call."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from sklearn_synthohive.metrics import FidelityScorer
from sklearn_synthohive.metrics._linked import link
from sklearn_synthohive.reports._canvas import finish, svg_uri
from sklearn_synthohive.reports._display import some_rows
from sklearn_synthohive.reports._document import document
from sklearn_synthohive.reports._markup import figure, findings_list, paragraph, table
from sklearn_synthohive.reports._markup import text as escaped
from sklearn_synthohive.reports._relational_section import relational_section

__all__ = ["SchemaReport"]

_TABLES = (
    "Mean column shape and pair trend of each table without its keys, on as many "
    "synthetic as real rows. “Real” is one half of the real rows against the other."
)


class SchemaReport:
    """The tables of a schema and what ties them together, real beside synthetic.

    Parameters
    ----------
    real, synthetic : mapping of str to DataFrame
        The tables of the schema.
    metadata : Metadata
    title : str
    min_parents : int, default=100
        Segments of fewer real parents or rows are left out.
    max_rows : int, default=20_000
        Rows of each table that are judged.
    seed : int, default=0

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import Metadata
    >>> from sklearn_synthohive.reports import SchemaReport
    >>> metadata = Metadata().add_table("users", pk="id")
    >>> metadata = metadata.add_table("orders", fk={"user": "users.id"})
    >>> users = pd.DataFrame({"id": [1, 2, 3, 4], "age": [31, 40, 52, 67]})
    >>> real = {"users": users, "orders": pd.DataFrame({"user": [1, 1, 3]})}
    >>> report = SchemaReport(real, real, metadata)
    >>> report.tables["rows, real"].to_dict()
    {'users': 4}
    >>> report.findings
    []
    """

    def __init__(
        self,
        real,
        synthetic,
        metadata,
        *,
        title="Synthetic schema report",
        min_parents=100,
        max_rows=20_000,
        seed=0,
    ):
        self._sides = link(real, synthetic, metadata)
        self.real, self.synthetic = (side.tables for side in self._sides)
        self.metadata = metadata
        self.title = title
        self.min_parents = min_parents
        self.max_rows = max_rows
        self.seed = seed

    @cached_property
    def relations(self):
        """The :class:`Section` on the relations."""
        return relational_section(
            self.real,
            self.synthetic,
            self.metadata,
            min_parents=self.min_parents,
            max_rows=self.max_rows,
            seed=self.seed,
        )

    @cached_property
    def tables(self) -> pd.DataFrame:
        """One row a table that holds more than keys: its shapes and trends."""
        rows = {}
        for name, real in self.real.items():
            keys = set(self.metadata.get_table(name).columns_excluded)
            columns = [c for c in real.columns if c not in keys]
            drawn = self.synthetic[name]
            if columns and len(real) > 1 and len(drawn):
                rows[name] = {
                    "rows, real": len(real),
                    "synthetic": len(drawn),
                    **self._score(real[columns], drawn[columns]),
                }
        return pd.DataFrame.from_dict(rows, orient="index")

    def _score(self, real, drawn):
        real = some_rows(real, self.max_rows, self.seed)
        order = np.random.default_rng(self.seed).permutation(len(real))
        # Halves on both lines: a score of fewer rows is lower by chance alone.
        half, other = np.array_split(order, 2)
        scorer = FidelityScorer(real.iloc[half])
        rows = {
            "": some_rows(drawn, len(other), self.seed),
            ", real": real.iloc[other],
        }
        scores = {}
        for what in ("shape", "trend"):
            for suffix, frame in rows.items():
                if what == "shape":
                    score = scorer.column_shapes(frame).mean()
                elif real.shape[1] > 1:
                    score = scorer.pair_trends(frame)["score"].mean()
                else:
                    score = np.nan
                scores[f"{what}{suffix}"] = float(score)
        return scores

    @property
    def findings(self):
        """Warnings in words, the serious ones first."""
        return self.relations.findings

    def to_html(self, path=None) -> str:
        """One page that stands alone.

        Parameters
        ----------
        path : path-like, optional
            Where to write it, too.

        Returns
        -------
        str
        """
        section = self.relations
        n_rows = (sum(map(len, t.values())) for t in (self.real, self.synthetic))
        sizes = "{:,} real rows and {:,} synthetic rows in {:,} tables.".format(
            *n_rows, len(self.real)
        )
        serious = sum(f.severity == "serious" for f in section.findings)
        pictures = "".join(
            figure(svg_uri(finish(picture)), caption)
            for caption, picture in section.figures.items()
        )
        parts = [
            f"<h1>{escaped(self.title)}</h1>{paragraph(sizes)}",
            f"<h2>Warnings ({len(section.findings)}, of which {serious} serious)</h2>",
            findings_list(section.findings),
            f"<h2>{escaped(section.title)}</h2>{paragraph(section.text)}",
            *(table(frame, caption) for caption, frame in section.tables.items()),
            f'<div class="figures">{pictures}</div>' if pictures else "",
            f"<h2>Tables</h2>{paragraph(_TABLES)}{table(self.tables)}",
        ]
        page = document(self.title, "".join(parts))
        if path is not None:
            Path(path).write_text(page, encoding="utf-8")
        return page
