"""The rows of a fit: a table, its context, and parts of both."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from sklearn_synthohive.layout import CompactTable

__all__ = ["Corpus", "Part"]


@dataclass(frozen=True)
class Corpus:
    """A table, its context, and the codecs that made them compact."""

    codec: object
    table: CompactTable
    context_codec: object | None
    context: CompactTable | None

    def __len__(self):
        return len(self.table)

    def take(self, rows):
        """The given rows of table and context."""
        context = None if self.context is None else self.context.take(rows)
        return Corpus(self.codec, self.table.take(rows), self.context_codec, context)

    @property
    def checksum(self):
        """Tells whether two runs see the same rows in the same order."""
        total = 0
        for table in (self.table, self.context):
            if table is not None:
                total = zlib.crc32(table.codes.tobytes(), total)
                total = zlib.crc32(table.scalars.tobytes(), total)
        return total


@dataclass(frozen=True)
class Part:
    """Most rows of a corpus, copied from it only while they are looked at.

    Attributes
    ----------
    whole : Corpus
    rows : ndarray of int
    """

    whole: Corpus
    rows: np.ndarray

    def __len__(self):
        return len(self.rows)

    def take(self, rows) -> Corpus:
        """The given rows of these rows, as a corpus of their own."""
        return self.whole.take(self.rows[rows])

    @property
    def table(self):
        """These rows of the table."""
        return self.whole.table.take(self.rows)

    @property
    def context(self):
        """These rows of the context, if there is one."""
        context = self.whole.context
        return None if context is None else context.take(self.rows)
