"""How many children parents have, as a picture."""

from __future__ import annotations

import numpy as np

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metrics._linked import link
from sklearn_synthohive.reports._canvas import REAL, SYNTHETIC
from sklearn_synthohive.reports._display import Display

__all__ = ["CardinalityDisplay"]

# More distinct numbers of children are drawn in bins.
_MAX_BARS = 24


class CardinalityDisplay(Display):
    """The numbers of children per parent, real and synthetic.

    Parameters
    ----------
    real, synthetic : ndarray of int
        Children of each parent, zeros included.
    name : str, default=""
        Of the relation.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import Metadata
    >>> from sklearn_synthohive.reports import CardinalityDisplay
    >>> metadata = Metadata().add_table("users", pk="id")
    >>> metadata = metadata.add_table("orders", fk={"user": "users.id"})
    >>> users = pd.DataFrame({"id": [1, 2, 3]})
    >>> tables = {"users": users, "orders": pd.DataFrame({"user": [1, 1, 3]})}
    >>> display = CardinalityDisplay.from_frames(tables, tables, metadata)
    >>> display.ax_.get_xlabel()
    'orders per users'
    """

    def __init__(self, real, synthetic, name="", label="children per parent"):
        self.real = np.asarray(real)
        self.synthetic = np.asarray(synthetic)
        self.name = name
        self.label = label

    @classmethod
    def from_frames(cls, real, synthetic, metadata, relation=None, *, ax=None):
        """Count and draw.

        Parameters
        ----------
        real, synthetic : mapping of str to DataFrame
            The tables of the schema.
        metadata : Metadata
        relation : Relation or str, optional
            One of ``metadata.relations``, or the name of one. The first by default.
        ax : matplotlib Axes, optional

        Returns
        -------
        CardinalityDisplay
        """
        sides = link(real, synthetic, metadata)
        known = {r.name: r for r in metadata.relations}
        wanted = getattr(relation, "name", relation) or next(iter(known), None)
        if wanted not in known:
            raise SchemaError(
                f"There is no relation {wanted!r}; the relations are {list(known)}."
            )
        return cls._of(*sides, known[wanted]).plot(ax=ax)

    @classmethod
    def _of(cls, real, synthetic, relation):
        counts = (side.counts(relation) for side in (real, synthetic))
        return cls(*counts, relation.name, f"{relation.child} per {relation.parent}")

    def plot(self, ax=None):
        """Draw the two distributions.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        CardinalityDisplay
        """
        ax = self._axes(ax)
        edges = self._edges()
        for counts, style in (
            (self.real, {"fill": True, "color": REAL, "alpha": 0.45, "label": "real"}),
            (self.synthetic, {"color": SYNTHETIC, "lw": 1.8, "label": "synthetic"}),
        ):
            inside = np.clip(counts, edges[0], edges[-1])
            heights = np.histogram(inside, edges)[0] / max(len(counts), 1)
            ax.stairs(100 * heights, edges, **style)
        ax.set_xlabel(self.label, fontsize=8)
        ax.set_ylabel("parents, %", fontsize=8)
        ax.tick_params(labelsize=7)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(fontsize=8, frameon=False, loc="best")
        return self._finished()

    def _edges(self):
        """Bins that hold a whole number of counts each, over the real counts."""
        top = int(self.real.max(initial=0))
        if len(self.synthetic):
            # What lies far beyond the real counts goes into the last bin.
            top = max(top, min(int(self.synthetic.max()), 2 * top + 1))
        width = -(-(top + 1) // _MAX_BARS)
        return np.arange(-0.5, top + width + 0.5, width)
