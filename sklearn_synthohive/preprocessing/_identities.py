"""Sums, differences and multiples that hold on every row: found, and held."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["Identity", "find_identities", "in_order"]

# Rows on which candidates are sought; what survives is checked on all rows.
SAMPLE_ROWS = 1_000
MAX_TERMS = 6
# Fewest complete rows, and values that the result must take in them.
LEAST_ROWS, LEAST_VALUES = 50, 3
# Rows in which it is not its commonest value.
LEAST_UNCOMMON = 20
# Share of a column's spread that rounding errors of doubles may reach.
EXACT = 1e-9
# A rounded result must spread over so many steps of its grid, lest anything fit.
ROUNDED_STEPS = 4.0
# Coefficients are multiples of one of these fractions, the simplest first; constants
# have so many decimals.
DIVISORS = (1, 10, 100, 3, 6, 7, 9, 11, 12, 24, 60, 365, 1e3, 1e4, 1e5, 1e6)
DECIMALS = range(7)


@dataclass(frozen=True)
class Identity:
    """``target = constant + sum of factor * term``, rounded to the target's grid.

    Attributes
    ----------
    target : int
        Of the column.
    terms : tuple of int
    factors : tuple of float
    constant : float
    """

    target: int
    terms: tuple[int, ...]
    factors: tuple[float, ...]
    constant: float

    def result(self, amounts) -> np.ndarray:
        """The target's amounts, NaN where a term is missing.

        Parameters
        ----------
        amounts : mapping of int to ndarray

        Returns
        -------
        ndarray of float64
        """
        parts = zip(self.terms, self.factors, strict=True)
        return self.constant + sum(factor * amounts[i] for i, factor in parts)

    def holds(self, amounts, step: float) -> np.ndarray:
        """Where the target is what it should be; true where anything is missing.

        Parameters
        ----------
        amounts : mapping of int to ndarray
        step : float
            Of the target's grid; 0 where it has none.
        """
        own, result = amounts[self.target], self.result(amounts)
        size = np.abs(own) + sum(np.abs(amounts[i]) for i in self.terms)
        slack = EXACT * (1 + size) if not step else step * (0.5 + 1e-6)
        return ~(np.abs(own - result) > slack)

    def placed(self, columns) -> Identity:
        """The same identity of the columns at these positions.

        Parameters
        ----------
        columns : list of int
        """
        terms = tuple(columns[k] for k in self.terms)
        return replace(self, target=columns[self.target], terms=terms)

    def solved_for(self, term: int) -> Identity:
        """The same identity with one of its terms as the target.

        Parameters
        ----------
        term : int

        Returns
        -------
        Identity
        """
        at = self.terms.index(term)
        factor = self.factors[at]
        terms = (self.target, *self.terms[:at], *self.terms[at + 1 :])
        others = self.factors[:at] + self.factors[at + 1 :]
        factors = (1 / factor, *(-f / factor for f in others))
        return Identity(term, terms, factors, -self.constant / factor)


def find_identities(amounts, steps, barred=()) -> list[Identity]:
    """Identities of numbers, in an order in which they can be computed.

    Columns are taken one after the other and projected on those before them (Gram and
    Schmidt, on evenly spaced rows); a column without a rest is a sum of others. So may
    be one of a pair that correlates up to the rounding of one of them. Coefficients
    are rounded to short decimals or fractions and the identity is checked on every row.

    Parameters
    ----------
    amounts : list of ndarray
        Per column, NaN where missing.
    steps : list of float
        Width of each column's grid; 0 where it has none.
    barred : collection of int
        Columns that must not be targets.

    Returns
    -------
    list of Identity
    """
    found: list[Identity] = []
    for group, rows in _groups(amounts):
        # A column that is always there is not told by one that may be missing.
        out = {*barred, *group[0]} if group[1] else set(barred)
        exact, rounded = _projections(amounts, steps, group, rows)
        pairs = _pairs(amounts, steps, group, rows)
        for target, terms in [*exact, *pairs, *rounded]:
            identity = _fit(amounts, steps, target, terms, rows)
            if identity is not None:
                _keep(found, identity, amounts, steps, out)
    return in_order(found)


def _groups(amounts):
    """Columns that are never missing, then those that are missing together with them.

    With each group come the rows in which all are there.
    """
    gaps = [np.isnan(a) for a in amounts]
    patterns: dict[bytes, list[int]] = {}
    for i, gap in enumerate(gaps):
        key = np.packbits(gap).tobytes() if gap.any() else b""
        patterns.setdefault(key, []).append(i)
    whole = patterns.pop(b"", [])
    n_rows = len(gaps[0]) if gaps else 0
    if n_rows >= LEAST_ROWS:
        yield (whole, []), np.arange(n_rows)
    for members in patterns.values():
        rows = np.flatnonzero(~gaps[members[0]])
        if len(rows) >= LEAST_ROWS:
            yield (whole, members), rows


def _pairs(amounts, steps, group, rows):
    """Columns that seem to be a rounded multiple of another one."""
    whole, members = group
    few = _evenly(rows, SAMPLE_ROWS)
    columns = [i for i in (*whole, *members) if _varies(amounts[i], few)]
    if len(columns) < 2:
        return
    matrix = np.column_stack([amounts[i][few] for i in columns])
    spread = matrix.std(axis=0)
    unlike = 1 - np.corrcoef(matrix, rowvar=False) ** 2
    rest = spread * np.sqrt(np.maximum(unlike, 0))
    np.fill_diagonal(rest, np.inf)
    # Rest of the column on the right, given the one on the left.
    width = np.array([steps[i] for i in columns])
    close = (rest <= 0.5 * width) & (spread > ROUNDED_STEPS * width)
    for left, right in zip(*np.nonzero(close), strict=True):
        if not members or columns[right] in members:
            yield columns[right], [columns[left]]


def _projections(amounts, steps, group, rows):
    """Columns that the ones before them seem to add up to, and rounded ones."""
    whole, members = group
    few = _evenly(rows, SAMPLE_ROWS)
    exact_sums, rounded_sums, basis = [], [], []
    axes = np.zeros((len(few), 0))
    for i in (*whole, *members):
        if not _varies(amounts[i], few):
            continue
        values = amounts[i][few] - amounts[i][few].mean()
        spread = values.std()
        rest = values - axes @ (axes.T @ values)
        rest -= axes @ (axes.T @ rest)
        largest = np.abs(rest).max()
        exact = largest <= 1e-7 * spread
        rounded = spread > ROUNDED_STEPS * steps[i] and largest <= 0.75 * steps[i]
        # The columns without gaps were compared with each other before.
        if (exact or rounded) and basis and (not members or i in members):
            # A term moves an exact sum by more than errors, a rounded one visibly.
            least = 1e-5 * spread if exact else 0.3 * steps[i]
            terms = _terms(amounts, i, basis, few, least)
            if len(terms) <= MAX_TERMS:
                (exact_sums if exact else rounded_sums).append((i, terms))
        # What is there already tells nothing new and spoils the numbers.
        if not exact and len(basis) < len(few) // 3:
            axes = np.column_stack([axes, rest / np.linalg.norm(rest)])
            basis.append(i)
    return exact_sums, rounded_sums


def _evenly(rows, most):
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(int)]


def _varies(values, few):
    return len(np.unique(values[few])) >= LEAST_VALUES


def _terms(amounts, target, basis, rows, least):
    """Columns of the basis that contribute so much to the target."""
    matrix = np.column_stack([amounts[i][rows] for i in basis])
    matrix = matrix - matrix.mean(axis=0)
    values = amounts[target][rows]
    scale = matrix.std(axis=0)
    factors = np.linalg.lstsq(matrix / scale, values - values.mean(), rcond=None)[0]
    return [basis[k] for k in np.flatnonzero(np.abs(factors) > least)]


def _fit(amounts, steps, target, terms, rows):
    """The identity with short coefficients that holds on all rows, or None."""
    _, counts = np.unique(amounts[target][rows], return_counts=True)
    if counts.sum() - counts.max() < LEAST_UNCOMMON:
        return None
    few = _evenly(rows, SAMPLE_ROWS)
    matrix = np.column_stack([amounts[i][few] for i in terms])
    values = amounts[target][few]
    centre, scale = matrix.mean(axis=0), matrix.std(axis=0)
    raw = np.linalg.lstsq(
        (matrix - centre) / scale, values - values.mean(), rcond=None
    )[0]
    raw /= scale
    for factors in _short(raw):
        if not np.all(factors):
            continue
        rest = values - matrix @ factors
        for constant in _constants(rest, steps[target]):
            # No negative zero.
            constant = float(constant) + 0.0
            identity = Identity(target, tuple(terms), tuple(factors.tolist()), constant)
            part = {i: amounts[i][few] for i in (target, *terms)}
            if identity.holds(part, steps[target]).all() and _is_exact(
                identity, amounts, steps
            ):
                return identity
    return None


def _short(raw):
    """Short numbers near raw coefficients: each on its own, then all alike."""
    near, known = raw.copy(), np.zeros(len(raw), dtype=bool)
    for divisor in reversed(DIVISORS):
        short = np.round(raw * divisor) / divisor
        hit = np.abs(short - raw) <= 1e-7 * np.abs(raw)
        near, known = np.where(hit, short, near), known | hit
    if known.all():
        yield near
    for divisor in DIVISORS:
        yield np.round(raw * divisor) / divisor
    if len(raw) == 1:
        # A change of unit may have any factor.
        yield raw


def _constants(rest, step):
    middle = (rest.max() + rest.min()) / 2
    yield 0.0
    for decimals in DECIMALS:
        yield round(middle, decimals)
    yield middle


def _keep(found, identity, amounts, steps, barred):
    """Add an identity, for the target that makes it a sum, if it can be computed."""
    for choice in _targets(identity, amounts, steps):
        taken = {other.target for other in found}
        if choice.target in taken or choice.target in barred:
            continue
        if in_order([*found, choice]) is not None:
            found.append(choice)
            return


def _targets(identity, amounts, steps):
    """The identity, first for a column that is the sum of all others."""
    signs = np.sign(identity.factors)
    if len(signs) > 1:
        # target = a - b is a = target + b.
        plus = np.flatnonzero(signs > 0)
        if len(plus) == 1 and (signs < 0).any():
            other = identity.solved_for(identity.terms[plus[0]])
            if _is_exact(other, amounts, steps):
                yield other
    yield identity
    for term in identity.terms:
        other = identity.solved_for(term)
        if _is_exact(other, amounts, steps):
            yield other


def _is_exact(identity, amounts, steps):
    return identity.holds(amounts, steps[identity.target]).all()


def in_order(found) -> list[Identity] | None:
    """Identities after those that their terms need; None where they form a circle.

    Parameters
    ----------
    found : list of Identity

    Returns
    -------
    list of Identity or None
    """
    waiting, out = list(found), []
    while waiting:
        open_targets = {identity.target for identity in waiting}
        ready = [i for i in waiting if not open_targets & set(i.terms)]
        if not ready:
            return None
        out += ready
        waiting = [i for i in waiting if i not in ready]
    return out
