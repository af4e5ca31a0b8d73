"""A table as one small code per span and one scalar per continuous span."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["CompactTable", "code_dtype"]


@dataclass(frozen=True)
class CompactTable:
    """An encoded matrix as one code per span and one scalar per continuous span.

    Attributes
    ----------
    codes : ndarray of shape (n_rows, n_spans), uint8, int16 or int32
        The state of each span.
    scalars : ndarray of shape (n_rows, n_continuous), float32
        The scalars of the continuous spans, in the order of the spans; zero where
        the state has none.
    """

    codes: np.ndarray
    scalars: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: np.ndarray) -> CompactTable:
        """The given rows, as a new table."""
        return CompactTable(self.codes[rows], self.scalars[rows])


def code_dtype(n_states: int) -> np.dtype:
    """The smallest integer type, of those that torch indexes with, for the codes.

    Parameters
    ----------
    n_states : int

    Returns
    -------
    numpy.dtype
    """
    if n_states <= 2**8:
        return np.dtype(np.uint8)
    return np.dtype(np.int16 if n_states <= 2**15 else np.int32)
