"""One thing that is wrong with a synthetic table, in words."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """A warning of a report.

    Attributes
    ----------
    code : str
        For machines, such as ``"smeared_spike"``.
    severity : {"serious", "notice"}
    columns : tuple
        The columns that it is about; empty when it is about the rows.
    text : str
        For people: what is wrong, and by how much.
    """

    code: str
    severity: str
    columns: tuple
    text: str

    def __str__(self) -> str:
        return self.text
