"""Blocks of generated rows between two steps: in memory, or in a folder."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["Block", "Spool"]


@dataclass
class Block:
    """Some consecutive rows of a table.

    Attributes
    ----------
    start : int
        The place of the first row in the table.
    frame : DataFrame
        The attributes.
    base : DataFrame
        What descendants may see of the rows; without columns where there are none.
    keys : dict of relation name to ndarray of int64
        The rows' own parents and those of the driver's row.
    wanted : dict of relation name to ndarray of int64
        Segments of parents that are still to be found.
    counts : dict of relation name to ndarray of int64
        Children that are to be made.
    """

    start: int
    frame: pd.DataFrame
    base: pd.DataFrame
    keys: dict[str, np.ndarray] = field(default_factory=dict)
    wanted: dict[str, np.ndarray] = field(default_factory=dict)
    counts: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self):
        return len(self.frame)

    def take(self, rows):
        """The block with some of its rows."""
        parts = (self.keys, self.wanted, self.counts)
        return Block(
            self.start,
            self.frame.take(rows).reset_index(drop=True),
            self.base.take(rows).reset_index(drop=True),
            *({name: at[rows] for name, at in part.items()} for part in parts),
        )


class Spool:
    """A list of blocks.

    Parameters
    ----------
    folder : Path, optional
        Where they lie, one file each; None keeps them in memory. The files are private
        to one call and gone when it ends.
    """

    def __init__(self, folder: Path | None = None):
        self._folder = folder
        self._blocks: list[Block | Path] = []
        self.n_rows = 0

    def append(self, block: Block) -> None:
        """Add a block."""
        self.n_rows += len(block)
        self._blocks.append(self._store(len(self._blocks), block))

    def put(self, i: int, block: Block) -> None:
        """Replace the i-th block."""
        self._blocks[i] = self._store(i, block)

    def __len__(self):
        return len(self._blocks)

    def __iter__(self) -> Iterator[Block]:
        for stored in self._blocks:
            yield stored if isinstance(stored, Block) else _read(stored)

    def _store(self, i, block):
        if self._folder is None:
            return block
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{i:06d}.block"
        with path.open("wb") as file:
            pickle.dump(block, file, protocol=5)
        return path

    def clear(self) -> None:
        """Forget all blocks."""
        for stored in self._blocks:
            if isinstance(stored, Path):
                stored.unlink(missing_ok=True)
        self._blocks = []


def _read(path):
    with path.open("rb") as file:
        return pickle.load(file)
