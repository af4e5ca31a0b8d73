"""Figures without pyplot: no global state, no window, text as it is."""

from __future__ import annotations

import base64
import io

__all__ = [
    "REAL",
    "SYNTHETIC",
    "THIRD",
    "finish",
    "new_figure",
    "png_bytes",
    "shorten",
    "svg_uri",
]

# Okabe and Ito's blue, vermilion and green: told apart with any colour vision, and in
# lightness too. Real is filled or dashed and synthetic a line: grey print works.
REAL, SYNTHETIC, THIRD = "#0072B2", "#D55E00", "#009E73"


def new_figure(width, height):
    """A figure of its own, in inches.

    Raises
    ------
    ImportError
        When matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'Pictures need matplotlib: pip install "sklearn-synthohive[plots]".'
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def finish(figure):
    """Take all text for what it says: "$" in a column's name is no formula."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
    return figure


def shorten(name, length=18):
    """A name as text, cut where it is too long for an axis."""
    text = str(name)
    return text if len(text) <= length else text[: length - 1] + "…"


def png_bytes(figure, dpi=100):
    """The figure as PNG."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()


def svg_uri(figure):
    """The figure as an SVG in a data URI; the same bytes each time."""
    import matplotlib as mpl

    stream = io.BytesIO()
    # Text stays text: smaller, and sharp at any size.
    settings = {"svg.fonttype": "none", "svg.hashsalt": "sklearn-synthohive"}
    with mpl.rc_context(settings):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    encoded = base64.b64encode(stream.getvalue()).decode("ascii")
    return f"data:image/svg+xml;base64,{encoded}"
