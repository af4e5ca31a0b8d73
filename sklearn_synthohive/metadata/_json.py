"""JSON that a person can read and edit: short lists stand on one line."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["to_text"]


def to_text(value: Any, indent: str = "") -> str:
    """JSON with two spaces a level, in which innermost lists are not broken up.

    Parameters
    ----------
    value : dict, list or scalar

    Returns
    -------
    str

    Examples
    --------
    >>> print(to_text({"pk": ["shop", "no"], "fk": [[["a", "b"], ["t.a", "t.b"]]]}))
    {
      "pk": ["shop", "no"],
      "fk": [
        [["a", "b"], ["t.a", "t.b"]]
      ]
    }
    """
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        lines = [
            f"{deeper}{json.dumps(str(key), ensure_ascii=False)}: "
            f"{to_text(part, deeper)}"
            for key, part in value.items()
        ]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and value and not _is_short(value):
        lines = [f"{deeper}{to_text(part, deeper)}" for part in value]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)


def _is_short(value: list[Any]) -> bool:
    """Whether a list goes on one line: scalars, or a key and what it refers to."""
    nested = any(isinstance(part, list) for part in value)
    flat = [p for part in value for p in (part if isinstance(part, list) else [part])]
    if (nested and len(value) != 2) or any(isinstance(p, list | dict) for p in flat):
        return False
    return len(json.dumps(value)) <= 100
