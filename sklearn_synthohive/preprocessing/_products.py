"""Products and quotients that hold on every row."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["SHAPES", "Product"]

# What a term may enter by, as start and slope of a line.
SHAPES = {
    "x": (0.0, 1.0),
    "1 - x": (1.0, -1.0),
    "1 + x": (1.0, 1.0),
    "1 - x / 100": (1.0, -0.01),
    "1 + x / 100": (1.0, 0.01),
}
# Relative rounding errors: of values without a grid, and of those with one.
EXACT, ERROR = 1e-9, 1e-14


@dataclass(frozen=True)
class Product:
    """``target = factor * product of term**power``, rounded to the target's grid.

    Attributes
    ----------
    target : int
        Of the column.
    terms : tuple of int
    powers : tuple of float
    shapes : tuple of str
        What of each term is meant, of :data:`SHAPES`: itself, or a complement.
    factor : float
    shape : str, default="x"
        What of the target the product is.
    """

    target: int
    terms: tuple[int, ...]
    powers: tuple[float, ...]
    shapes: tuple[str, ...]
    factor: float
    shape: str = "x"

    def result(self, amounts) -> np.ndarray:
        """The target's amounts, NaN where a term is missing or divides by zero.

        Parameters
        ----------
        amounts : mapping of int to ndarray

        Returns
        -------
        ndarray of float64
        """
        start, slope = SHAPES[self.shape]
        out = np.full(len(amounts[self.terms[0]]), self.factor)
        parts = list(zip(self.terms, self.powers, self.shapes, strict=True))
        with np.errstate(all="ignore"):
            for i, power, shape in sorted(parts, key=lambda part: part[1] < 0):
                first, rise = SHAPES[shape]
                part = (first + rise * amounts[i]) ** abs(power)
                out = out * part if power > 0 else out / part
            out = (out - start) / slope
        return np.where(np.isfinite(out), out, np.nan)

    def holds(self, amounts, step: float) -> np.ndarray:
        """Where the target is what it should be; true where nothing is computed.

        Parameters
        ----------
        amounts : mapping of int to ndarray
        step : float
            Of the target's grid; 0 where it has none.
        """
        own, result = amounts[self.target], self.result(amounts)
        return ~(np.abs(own - result) > slack(own, step))

    def placed(self, columns) -> Product:
        """The same product of the columns at these positions.

        Parameters
        ----------
        columns : list of int
        """
        terms = tuple(columns[k] for k in self.terms)
        return replace(self, target=columns[self.target], terms=terms)

    def solved_for(self, term: int) -> Product:
        """The same product with one of its terms as the target.

        Parameters
        ----------
        term : int

        Returns
        -------
        Product
            The root that is not negative, where there are two.
        """
        at = self.terms.index(term)
        root = 1 / self.powers[at]
        rest = [k for k in range(len(self.terms)) if k != at]
        factor = np.sign(self.factor) * abs(self.factor) ** -root
        return Product(
            term,
            (self.target, *(self.terms[k] for k in rest)),
            (root, *(-self.powers[k] * root for k in rest)),
            (self.shape, *(self.shapes[k] for k in rest)),
            float(factor),
            self.shapes[at],
        )

    def text(self, names) -> str:
        """The product, for people.

        Parameters
        ----------
        names : list of str
            Of the columns.

        Returns
        -------
        str
        """
        above, below = [], []
        for i, power, shape in zip(self.terms, self.powers, self.shapes, strict=True):
            part = shape.replace("x", names[i])
            part = part if shape == "x" else f"({part})"
            size = "" if abs(power) == 1 else f"^{abs(power):g}"
            (above if power > 0 else below).append(part + size)
        size = abs(self.factor)
        if size < 1 and np.isclose(1 / size, round(1 / size), rtol=1e-12):
            below.append(f"{1 / size:.12g}")
        elif size != 1 or not above:
            above.insert(0, f"{size:.12g}")
        sign = "-" if self.factor < 0 else ""
        product = " / ".join([" * ".join(above) or "1", *below])
        return f"{names[self.target]} = {sign}{product}"


def slack(own, step):
    """How far results may be off because of rounding.

    Parameters
    ----------
    own : ndarray
        The target's amounts.
    step : float
        Of its grid; 0 where it has none.

    Returns
    -------
    ndarray
    """
    if step:
        return step * (0.5 + 1e-6) + ERROR * np.abs(own)
    return EXACT * np.abs(own)
