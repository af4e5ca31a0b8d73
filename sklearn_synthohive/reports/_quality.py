"""Scores of a synthetic table beside those of real rows that were held out."""

import pandas as pd

from sklearn_synthohive.metrics import FidelityScorer

__all__ = ["quality_table"]


def quality_table(real, synthetic, held_out):
    """Column shapes and pair trends, beside what real rows reach.

    The shape of a column is 1 - KS (numbers, dates) or 1 - total variation (all else);
    its trend is the mean similarity of its dependence on every other column. Both are
    1 where the tables agree. The held-out rows show the ceiling: real rows differ from
    real rows too, the more the fewer there are.

    Parameters
    ----------
    real : DataFrame
        The rows that the model was fitted on.
    synthetic : DataFrame
        At least as many rows as ``held_out``; as many of the first are judged.
    held_out : DataFrame
        Real rows that the model has not seen.

    Returns
    -------
    DataFrame
        One row a column of the table and a last row ``mean``; columns ``shape``,
        ``shape_real``, ``trend`` and ``trend_real``, where ``_real`` is the ceiling.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.reports import quality_table
    >>> real = pd.DataFrame({"age": [31, 40, 52, 67], "member": [0, 1, 1, 0]})
    >>> float(quality_table(real, real, real).loc["mean", "shape"])
    1.0
    """
    if len(synthetic) < len(held_out):
        raise ValueError(
            f"{len(synthetic)} synthetic rows cannot be compared with {len(held_out)} "
            "held-out ones: sample at least as many."
        )
    scorer = FidelityScorer(real)
    table = pd.DataFrame(index=real.columns)
    # As many rows on both sides: a score of fewer rows is lower by chance alone.
    for suffix, other in (("", synthetic.head(len(held_out))), ("_real", held_out)):
        table[f"shape{suffix}"] = scorer.column_shapes(other)
        table[f"trend{suffix}"] = _by_column(scorer.pair_trends(other))
    table = table[["shape", "shape_real", "trend", "trend_real"]]
    # Each pair counts in the mean of both its columns, so this mean is that of pairs.
    table.loc["mean"] = table.mean()
    return table


def _by_column(trends):
    """The mean score of the pairs that a column is part of."""
    sides = [
        trends[["score"]].set_index(trends[side]) for side in ("column_1", "column_2")
    ]
    return pd.concat(sides)["score"].groupby(level=0).mean()
