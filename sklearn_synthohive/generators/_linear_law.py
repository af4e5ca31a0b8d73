"""A simple law of a table, to begin from where rows are few.

Each column is linear in the columns before it: the normal score of its values by ridge
regression, its levels by logistic regression. Both are sure of themselves on a
hundred rows, where a network is not. Rows drawn from it, as many as one likes, bring a
network to the same law before it sees the rows themselves; a simpler model's rows as
prior are the catalytic prior of Huang, Stein, Rubin and Kou (2020),
doi:10.1073/pnas.1920913117.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, RidgeCV

from sklearn_synthohive.layout import CompactTable
from sklearn_synthohive.neural import Columns

__all__ = ["LinearLaw"]

PENALTIES = np.logspace(-1, 4, 16)
# Fewest rows that a regression is fitted to, or that make a level known.
LEAST_NUMBERS, LEAST_OF_LEVEL = 6, 3
# Steps of a logistic regression.
STEPS = 100
# Levels that are told apart, and inputs that levels make for one regression.
MOST_LEVELS, MOST_INPUTS = 20, 200


@dataclass(frozen=True, eq=False)
class Cells:
    """A column of a table, as numbers where it has numbers.

    Attributes
    ----------
    codes : ndarray of shape (n,), int
    scalars : ndarray of shape (n,) or None
    positions : ndarray of shape (n,)
        Increasing in the values; NaN for what is no number.
    """

    codes: np.ndarray
    scalars: np.ndarray | None
    positions: np.ndarray

    @classmethod
    def all_of(cls, codec, table: CompactTable) -> list[Cells]:
        """The columns of a table."""
        layout = codec.layout
        cells = []
        for i, span in enumerate(layout.spans):
            codes = table.codes[:, i].astype(np.int64)
            scalars = None
            if span.kind == "continuous":
                scalars = table.scalars[:, layout.continuous.index(i)]
            line = codec.line(i)
            if line is not None:
                positions = line.positions(codes, scalars)
            elif span.kind == "discrete":
                # The names of an encoded matrix keep spikes in their order.
                spikes = [s.kind == "atom" for s in span.states]
                places = np.where(spikes, np.arange(len(spikes)), np.nan)
                positions = places[codes]
            elif scalars is not None:
                # Modes lie about as they are numbered; where spikes lie, no name tells.
                places = np.arange(span.n_states, dtype=float)
                places[~span.has_value] = np.nan
                positions = places[codes] + ndtr(scalars)
            else:
                positions = np.full(len(codes), np.nan)
            cells.append(cls(codes, scalars, positions))
        return cells

    def take(self, rows: np.ndarray) -> Cells:
        """The given rows, each with the score that it has among all."""
        scalars = None if self.scalars is None else self.scalars[rows]
        taken = Cells(self.codes[rows], scalars, self.positions[rows])
        # A cached property lies where an attribute would.
        taken.__dict__["scores"] = self.scores[rows]
        return taken

    @cached_property
    def classes(self) -> np.ndarray:
        """Zero for numbers, one more than the state for all else."""
        return np.where(np.isnan(self.positions), self.codes + 1, 0)

    @cached_property
    def scores(self) -> np.ndarray:
        """Normal scores of the numbers; zero for what is no number."""
        scores = np.zeros(len(self.codes))
        known = ~np.isnan(self.positions)
        if known.any():
            ranks = rankdata(self.positions[known])
            scores[known] = ndtri((ranks - 0.5) / known.sum())
        return scores


class Inputs:
    """What the columns after it see of a column: its score and its frequent classes.

    Parameters
    ----------
    cells : Cells
    most_levels : int
    """

    def __init__(self, cells: Cells, most_levels: int):
        found, counts = np.unique(cells.classes, return_counts=True)
        self.has_numbers = bool(found[0] == 0)
        # One class alone says nothing.
        known = _frequent(counts, most_levels) if len(found) > 1 else []
        self.levels = found[known]

    def of(self, classes: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Inputs of rows, shape (n, n_inputs)."""
        levels = (classes[:, None] == self.levels).astype(float)
        own = scores[:, None] if self.has_numbers else scores[:, None][:, :0]
        return np.concatenate([own, levels], axis=1)


class ColumnLaw:
    """The law of a column, given inputs.

    Parameters
    ----------
    cells : Cells
        Of the rows to learn from.
    inputs : ndarray of shape (n, n_inputs)
    classes : ndarray of int
        Of the rows whose shares count.
    """

    def __init__(self, cells: Cells, inputs: np.ndarray, classes: np.ndarray):
        self.classes, counts = np.unique(classes, return_counts=True)
        self.shares = counts / counts.sum()
        self.classifier = self.regression = None
        self.deviation = 1.0
        if not inputs.shape[1]:
            return
        index = np.searchsorted(self.classes, cells.classes)
        known = _frequent(np.bincount(index, minlength=len(counts)), MOST_LEVELS)
        if len(known) > 1:
            rows = np.isin(index, known)
            model = LogisticRegression(max_iter=STEPS, tol=1e-3)
            with warnings.catch_warnings():
                # About is enough: what follows goes on from there.
                warnings.simplefilter("ignore", ConvergenceWarning)
                self.classifier = model.fit(inputs[rows], index[rows])
        numbers = cells.classes == 0
        scores = cells.scores[numbers]
        if len(scores) >= LEAST_NUMBERS and scores.std():
            regression = RidgeCV(PENALTIES).fit(inputs[numbers], scores)
            # The score is minus the mean square over rows that are left out.
            deviation = float(np.sqrt(max(-regression.best_score_, 0.0)))
            if deviation < scores.std():
                self.regression, self.deviation = regression, deviation

    def draw(self, inputs: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray]:
        """Classes and scores of rows.

        Parameters
        ----------
        inputs : ndarray of shape (n, n_inputs)
        rng : numpy.random.Generator

        Returns
        -------
        classes : ndarray of shape (n,), int
        scores : ndarray of shape (n,)
            Zero for what is no number.
        """
        drawn = _draw(self.shares, rng.random(len(inputs)))
        if self.classifier is not None:
            known = self.classifier.classes_
            rows = np.flatnonzero(np.isin(drawn, known))
            if len(rows):
                reached = self.classifier.predict_proba(inputs[rows]).cumsum(axis=1)
                level = rng.random((len(rows), 1)) * reached[:, -1:]
                drawn[rows] = known[(level > reached[:, :-1]).sum(axis=1)]
        classes = self.classes[drawn]
        scores = np.zeros(len(inputs))
        numbers = np.flatnonzero(classes == 0)
        if len(numbers):
            scores[numbers] = self.deviation * rng.standard_normal(len(numbers))
            if self.regression is not None:
                scores[numbers] += self.regression.predict(inputs[numbers])
        return classes, scores


class SameRow:
    """The law of a column that another one all but determines.

    Parameters
    ----------
    cells, source : Cells
        Of the rows to learn from.
    """

    def __init__(self, cells: Cells, source: Cells):
        self.cells = cells
        self.rows = np.argsort(source.codes, kind="stable")
        self.levels, self.starts, self.counts = np.unique(
            source.codes[self.rows], return_index=True, return_counts=True
        )

    def draw(self, levels: np.ndarray, rng) -> np.ndarray:
        """Rows of the given levels of the source; any rows for levels without."""
        place = np.searchsorted(self.levels, levels)
        place = np.minimum(place, len(self.levels) - 1)
        within = (rng.random(len(levels)) * self.counts[place]).astype(int)
        rows = self.rows[self.starts[place] + within]
        other = rng.integers(0, len(self.rows), len(levels))
        return np.where(self.levels[place] == levels, rows, other)


class Margin:
    """The cells of each class, to draw from.

    Parameters
    ----------
    cells : Cells
    """

    def __init__(self, cells: Cells):
        self.cells = cells
        # Numbers in their order, others in any.
        order = np.lexsort([cells.positions, cells.classes])
        classes = cells.classes[order]
        self.rows = order
        self.found, self.starts, self.counts = np.unique(
            classes, return_index=True, return_counts=True
        )

    def cells_of(self, classes, scores, rng) -> Cells:
        """Cells that stand for classes and scores."""
        place = np.searchsorted(self.found, classes)
        share = np.where(classes == 0, ndtr(scores), rng.random(len(classes)))
        within = (share * self.counts[place]).astype(int)
        within = np.minimum(within, self.counts[place] - 1)
        return self.cells.take(self.rows[self.starts[place] + within])


class LinearLaw:
    """Rows whose columns are linear in those before them.

    Parameters
    ----------
    columns : Columns
        Their order, and what each of them sees.
    learnt : list of Cells
        The rows that the laws were learnt from, context first.
    inputs : list of Inputs
        Of the same columns.
    laws : list of ColumnLaw or SameRow
        In the order.
    margins : list of Margin
        Of the generated columns, as in the table.
    context : CompactTable or None
        Of the rows that the laws were learnt from.
    """

    def __init__(self, columns: Columns, learnt, inputs, laws, margins, context):
        self.columns = columns
        self.context = context
        self.learnt = learnt
        self.inputs = inputs
        self.laws = laws
        self.margins = margins

    @classmethod
    def fit(cls, train, whole, columns: Columns) -> LinearLaw:
        """Learn the laws from some rows, and the margins from all.

        Parameters
        ----------
        train, whole : Corpus
            The margins are those of ``whole``.
        columns : Columns

        Returns
        -------
        LinearLaw
        """
        learnt = Cells.all_of(train.codec, train.table)
        if train.context is not None:
            learnt = Cells.all_of(train.context_codec, train.context) + learnt
        margins = [Margin(c) for c in Cells.all_of(whole.codec, whole.table)]
        n_seen = max(map(len, _seen(columns)))
        levels = int(np.clip(MOST_INPUTS // max(n_seen, 1), 1, MOST_LEVELS))
        inputs = [Inputs(c, levels) for c in learnt]
        values = [
            i.of(c.classes, c.scores) for i, c in zip(inputs, learnt, strict=True)
        ]
        laws: list[ColumnLaw | SameRow] = []
        for c, seen in zip(columns.order, _seen(columns), strict=True):
            pairs = columns.pairs[c]
            if pairs is not None:
                laws.append(SameRow(learnt[c], learnt[pairs.source]))
                continue
            margin = margins[c - columns.n_context]
            own = _beside([values[k] for k in seen], len(train))
            laws.append(ColumnLaw(learnt[c], own, margin.cells.classes))
        return cls(columns, learnt, inputs, laws, margins, train.context)

    def draw(self, n: int, rng) -> tuple[CompactTable, CompactTable | None]:
        """Rows, and their contexts, which are those of learnt rows.

        Parameters
        ----------
        n : int
        rng : numpy.random.Generator

        Returns
        -------
        table : CompactTable
        context : CompactTable or None
        """
        columns, n_context = self.columns, self.columns.n_context
        chosen = rng.integers(0, len(self.learnt[0].codes), n)
        values: list = [None] * len(columns.sizes)
        cells: list = [None] * len(columns.sizes)
        for c in range(n_context):
            cells[c] = self.learnt[c].take(chosen)
            values[c] = self.inputs[c].of(cells[c].classes, cells[c].scores)
        for law, c, seen in zip(self.laws, columns.order, _seen(columns), strict=True):
            if isinstance(law, SameRow):
                source = columns.pairs[c].source  # type: ignore[union-attr]
                rows = law.draw(cells[source].codes, rng)
                cells[c] = law.cells.take(rows)
                classes, scores = cells[c].classes, cells[c].scores
            else:
                inputs = _beside([values[k] for k in seen], n)
                classes, scores = law.draw(inputs, rng)
                cells[c] = self.margins[c - n_context].cells_of(classes, scores, rng)
            values[c] = self.inputs[c].of(classes, scores)
        own = cells[n_context:]
        numbers = [c.scalars for c in own if c.scalars is not None]
        codes = np.stack([c.codes for c in own], axis=1)
        scalars = np.stack(numbers, axis=1) if numbers else np.zeros((n, 0), np.float32)
        context = None if self.context is None else self.context.take(chosen)
        return CompactTable(codes, scalars), context


def _draw(shares, u):
    """Indices with the given shares, by inverting their sum."""
    reached = shares.cumsum()
    found = np.searchsorted(reached, u * reached[-1], side="right")
    return np.minimum(found, len(shares) - 1)


def _frequent(counts, most):
    """Places of the largest counts, of those that are known, in order."""
    known = np.flatnonzero(counts >= LEAST_OF_LEVEL)
    return np.sort(known[np.argsort(-counts[known], kind="stable")][:most])


def _seen(columns):
    """The columns that each generated one sees, in the order."""
    if columns.seen is not None:
        return columns.seen
    given = list(range(columns.n_context))
    return [[*given, *columns.order[:j]] for j in range(len(columns.order))]


def _beside(blocks, n):
    return np.concatenate([np.zeros((n, 0)), *blocks], axis=1)
