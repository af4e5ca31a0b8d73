"""What a report has found: tables, warnings, pictures and a page."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

from sklearn_synthohive.reports._closest_display import ClosestRecordDisplay
from sklearn_synthohive.reports._detection_display import DetectionDisplay
from sklearn_synthohive.reports._embedding_display import EmbeddingDisplay
from sklearn_synthohive.reports._findings import find_all
from sklearn_synthohive.reports._history_display import HistoryDisplay
from sklearn_synthohive.reports._marginal_display import MarginalDisplay
from sklearn_synthohive.reports._page import page
from sklearn_synthohive.reports._summary import privacy_table, summary_table, verdicts
from sklearn_synthohive.reports._trend_display import PairTrendDisplay

__all__ = ["QualityResult"]


class QualityResult:
    """The outcome of :meth:`QualityReport.compute`.

    Attributes
    ----------
    summary : DataFrame
        One row a figure: ``group``, ``synthetic``, ``real`` (the same figure of
        held-out rows), ``ideal``, ``error`` (standard error) and ``meaning``.
    columns : DataFrame
        One row a column: kind, shape, trend, coverage and share of missing values,
        each with ``_real`` beside it, and its importance to the detector.
    pairs : DataFrame
        One row a pair of columns: trend and normalised mutual information.
    privacy : DataFrame
        The rows of the summary that are about privacy.
    findings : list of Finding
        Warnings in words, the serious ones first.
    verdicts : dict of str to (str, str)
        Quality, utility and privacy in a word and a sentence.
    measurements : Measurements
        All of it, detectors and distances included.
    report : QualityReport
        What was asked for.
    """

    def __init__(self, measurements, report):
        self.measurements = measurements
        self.report = report
        self.findings = find_all(measurements)
        for section in report.sections:
            self.findings += section.findings
        self.verdicts = verdicts(measurements, self.findings)

    @cached_property
    def summary(self):
        return summary_table(self.measurements, self.report.cost)

    @property
    def columns(self):
        return self.measurements.columns

    @property
    def pairs(self):
        return self.measurements.pairs

    @cached_property
    def privacy(self):
        return privacy_table(self.measurements)

    def __repr__(self):
        lines = [f"{name}: {text}" for name, (_, text) in self.verdicts.items()]
        return "\n".join([*lines, *(f"- {finding}" for finding in self.findings)])

    def _repr_html_(self):
        return page(self, whole=False)

    def plot_marginals(self, columns=None):
        """Draw each column's real and synthetic distribution.

        Parameters
        ----------
        columns : sequence, optional

        Returns
        -------
        MarginalDisplay
        """
        return self._marginals.plot(columns=columns)

    @property
    def _marginals(self):
        return MarginalDisplay(self.measurements.sample, self.measurements.drawn)

    def plot_pair_trends(self, parts=("real", "synthetic", "difference")):
        """Draw heat maps of the dependences, real, synthetic, and their difference.

        Parameters
        ----------
        parts : sequence of {"real", "synthetic", "difference"}

        Returns
        -------
        PairTrendDisplay
        """
        nmi = self.measurements.nmi
        return PairTrendDisplay(nmi["real"], nmi["synthetic"]).plot(parts)

    def plot_embedding(self, ax=None):
        """Draw real and synthetic rows as points on a plane.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        EmbeddingDisplay
        """
        parts = self.measurements
        return EmbeddingDisplay.from_frames(
            parts.sample, parts.drawn, seed=self.report.seed, ax=ax
        )

    def plot_closest_records(self, ax=None, *, ratios=False):
        """Draw the distances to the closest training record.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        ratios : bool, default=False
            Draw the ratios to the second closest instead.

        Returns
        -------
        ClosestRecordDisplay
        """
        if self.measurements.records is None:
            raise ValueError("There are no held-out rows to compare with.")
        return ClosestRecordDisplay(self.measurements.records).plot(ax, ratios=ratios)

    def plot_roc(self, ax=None):
        """Draw the detector's ROC curve.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        DetectionDisplay
        """
        return self._detection.plot(ax)

    def plot_importances(self, ax=None):
        """Draw which columns give the synthetic rows away.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        DetectionDisplay
        """
        return self._detection.plot_importances(ax)

    @property
    def _detection(self):
        parts = self.measurements
        return DetectionDisplay(parts.c2st_holdout or parts.c2st_train, parts.c2st_real)

    def plot_history(self, ax=None):
        """Draw losses and score of each epoch of the fit.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        HistoryDisplay
        """
        if self.report.history is None:
            raise ValueError(
                "There is no history: give history=model.history_, or use "
                "QualityReport.from_estimator."
            )
        return HistoryDisplay.from_history(self.report.history, ax=ax)

    def to_html(self, path=None):
        """Write the report as one page that needs no other file and no network.

        Parameters
        ----------
        path : path-like, optional
            Where to write it; its folder has to be there.

        Returns
        -------
        str
            The page. Without matplotlib it has no pictures, and says so.
        """
        text = page(self, whole=True)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def to_dict(self):
        """All figures and findings as plain data, for machines.

        Returns
        -------
        dict
        """
        parts, report = self.measurements, self.report
        holdout = 0 if parts.holdout is None else len(parts.holdout)
        return {
            "rows": {
                "real": len(parts.real),
                "synthetic": len(parts.synthetic),
                "holdout": holdout,
                "judged": len(parts.drawn),
            },
            "seed": report.seed,
            "verdicts": {k: list(v) for k, v in self.verdicts.items()},
            "findings": [
                {
                    "code": f.code,
                    "severity": f.severity,
                    "columns": [str(name) for name in f.columns],
                    "text": f.text,
                }
                for f in self.findings
            ],
            **{
                name: json.loads(
                    getattr(self, name).rename(str).to_json(orient="index")
                )
                for name in ("summary", "columns", "privacy")
            },
            "pairs": json.loads(
                self.pairs.astype({"column_1": str, "column_2": str}).to_json(
                    orient="records"
                )
            ),
        }

    def to_json(self, path=None):
        """:meth:`to_dict` as JSON text.

        Parameters
        ----------
        path : path-like, optional
            Where to write it.

        Returns
        -------
        str
        """
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text
