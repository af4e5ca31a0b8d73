"""A page of HTML that stands alone: no other file, no script, no network."""

from sklearn_synthohive.reports._markup import text
from sklearn_synthohive.reports._style import CSS

__all__ = ["document"]


def document(title, body) -> str:
    """A whole document.

    Parameters
    ----------
    title : str
    body : str
        Escaped already.

    Returns
    -------
    str
    """
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src '
        "'none'; img-src data:; style-src 'unsafe-inline'\">"
        f"<title>{text(title)}</title><style>"
        "body { margin: 0; background: #fff; } .shr { max-width: 74rem; "
        f"margin: 0 auto; padding: 1.2rem 1rem 3rem; }}{CSS}</style></head>"
        f'<body><main class="shr">{body}</main></body></html>\n'
    )
