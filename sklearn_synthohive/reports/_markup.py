"""Pieces of a page; whatever comes from the data is escaped here."""

from __future__ import annotations

import html
import math
import numbers

__all__ = ["cards", "figure", "findings_list", "number", "paragraph", "table", "text"]

_WORDS = {
    "good": "✓ good",
    "look": "! have a look",
    "bad": "✗ not good",
    "none": "not measured",
}
_TAGS = {"serious": "✗ serious", "notice": "! notice"}


def text(value) -> str:
    """Any value as escaped text; control characters are replaced."""
    written = "".join(c if c.isprintable() or c == " " else "�" for c in str(value))
    return html.escape(written, quote=True)


def number(value, digits=3) -> str:
    """A figure for a table; empty where there is none."""
    if value is None or (isinstance(value, numbers.Real) and math.isnan(value)):
        return ""
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, numbers.Real):
        if abs(value) >= 1000:
            return f"{value:,.0f}"
        if 0 < value < 10**-digits / 2:
            return f"&lt;{10**-digits:.{digits}f}"
        return f"{value:.{digits}f}"
    return text(value)


def paragraph(content, kind="") -> str:
    """A paragraph of plain text."""
    attribute = f' class="{kind}"' if kind else ""
    return f"<p{attribute}>{text(content)}</p>"


def cards(verdicts) -> str:
    """A card for quality, utility and privacy each."""
    parts = [
        f'<div class="card {word}"><b>{text(name)}</b>'
        f'<span class="word">{_WORDS[word]}</span><br>{text(sentence)}</div>'
        for name, (word, sentence) in verdicts.items()
    ]
    return f'<div class="cards">{"".join(parts)}</div>'


def findings_list(findings) -> str:
    """The warnings as a list."""
    if not findings:
        return paragraph("Nothing was found that calls for a warning.")
    items = [
        f'<li><span class="tag {f.severity}">{_TAGS[f.severity]}</span>'
        f"{text(f.text)}</li>"
        for f in findings
    ]
    return f'<ul class="findings">{"".join(items)}</ul>'


def table(frame, caption="", *, notes=None, groups=None, digits=3) -> str:
    """A frame as a table, its index first.

    Parameters
    ----------
    frame : DataFrame
    caption : str
    notes : sequence of str, optional
        A line of explanation below each row's name.
    groups : sequence, optional
        A heading a row; it is written where it changes.
    digits : int
    """
    heads = "".join(f'<th scope="col">{text(name)}</th>' for name in frame.columns)
    rows, before = [], None
    for k, (name, cells) in enumerate(
        zip(frame.index, frame.itertuples(index=False, name=None), strict=True)
    ):
        if groups is not None and groups[k] != before:
            before = groups[k]
            span = len(frame.columns) + 1
            rows.append(
                f'<tr><th class="name group" colspan="{span}">{text(before)}</th></tr>'
            )
        note = f"<small>{text(notes[k])}</small>" if notes is not None else ""
        written = "".join(f"<td>{number(cell, digits)}</td>" for cell in cells)
        rows.append(
            f'<tr><th scope="row" class="name">{text(name)}{note}</th>{written}</tr>'
        )
    head = f"<caption>{text(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll" tabindex="0"><table>{head}<thead><tr><th></th>{heads}'
        f"</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def figure(uri, caption) -> str:
    """A picture with its caption, which is its alternative text, too."""
    words = text(caption)
    return (
        f'<figure><img src="{uri}" alt="{words}">'
        f"<figcaption>{words}</figcaption></figure>"
    )
