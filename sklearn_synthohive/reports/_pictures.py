"""The pictures of a page, each small, so that a phone can put them below each other."""

from __future__ import annotations

from sklearn_synthohive.reports._canvas import finish, new_figure, svg_uri
from sklearn_synthohive.reports._markup import figure, paragraph

__all__ = ["Pictures"]

# Of the columns, so many are drawn, the worst first.
_MAX_MARGINALS = 24


class Pictures:
    """Draws what a page asks for, or says once what is missing to draw.

    Parameters
    ----------
    result : QualityResult

    Attributes
    ----------
    note : str
        A paragraph where there is no matplotlib, else empty.
    """

    def __init__(self, result):
        self.result = result
        self.note = ""
        try:
            new_figure(1, 1)
        except ImportError as error:
            self.note = paragraph(f"There are no pictures on this page. {error}")

    def marginals(self, names):
        if self.note:
            return ""
        display = self.result._marginals
        shape = self.result.columns["shape"]
        shown = [
            figure(
                svg_uri(display.plot_column(name).figure_),
                f"{name}: shape {shape[name]:.3f}",
            )
            for name in names[:_MAX_MARGINALS]
        ]
        left = len(names) - len(shown)
        more = f"The other {left} columns are not drawn." if left else ""
        return _grid(shown, "small") + (paragraph(more, "soft") if more else "")

    def pairs(self):
        if self.note:
            return ""
        captions = {
            "real": "How strongly columns depend on each other, real rows",
            "synthetic": "The same of the synthetic rows",
            "difference": "Synthetic minus real: orange is too little, purple too much",
        }
        return _grid(
            [
                figure(svg_uri(self.result.plot_pair_trends([part]).figure_), caption)
                for part, caption in captions.items()
            ]
        )

    def detector(self):
        if self.note:
            return ""
        result = self.result
        return _grid(
            [
                figure(
                    svg_uri(result.plot_roc().figure_),
                    "ROC curve of the classifier; dashed: of real rows",
                ),
                figure(
                    svg_uri(result.plot_importances().figure_),
                    "Columns that give the synthetic rows away",
                ),
                figure(
                    svg_uri(result.plot_embedding().figure_),
                    "Rows on the two main axes of the real ones: circles real, crosses "
                    "synthetic",
                ),
            ]
        )

    def closest(self):
        if self.note or self.result.measurements.records is None:
            return ""
        result = self.result
        return _grid(
            [
                figure(
                    svg_uri(result.plot_closest_records().figure_),
                    "Distance to the closest training row: the synthetic line should "
                    "not lie above the dashed one",
                ),
                figure(
                    svg_uri(result.plot_closest_records(ratios=True).figure_),
                    "Closest over second closest: near 0 a row points at one person",
                ),
            ]
        )

    def history(self):
        if self.result.report.history is None or self.note:
            return ""
        drawn = svg_uri(self.result.plot_history().figure_)
        return "<h2>The fit</h2>" + _grid([figure(drawn, "Losses and score by epoch")])

    def of_section(self, section):
        if self.note:
            return ""
        return _grid(
            [figure(svg_uri(finish(f)), name) for name, f in section.figures.items()]
        )


def _grid(figures, kind=""):
    return f'<div class="figures {kind}">{"".join(figures)}</div>' if figures else ""
