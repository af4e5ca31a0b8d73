"""What is wrong with single columns, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_synthohive.metrics._columns import ColumnReader
from sklearn_synthohive.reports._finding import Finding

__all__ = ["column_findings"]

# Values that hold so large a share are looked at as spikes, at most so many.
_SPIKE_SHARE, _MAX_SPIKES = 0.02, 5
# Rows that one would expect of a level before its absence says something.
_EXPECTED_ROWS = 10


def column_findings(
    reader: ColumnReader, real: pd.Series, synthetic: pd.Series
) -> list[Finding]:
    """Warnings about one column.

    Parameters
    ----------
    reader : ColumnReader
        Of the real column.
    real, synthetic : Series

    Returns
    -------
    list of Finding
    """
    found = _missing_rate(reader, real, synthetic)
    if not reader.is_continuous:
        return found + _levels(reader, real, synthetic)
    numbers, drawn = reader.numbers(real), reader.numbers(synthetic)
    if np.isnan(numbers).all() or np.isnan(drawn).all():
        return found
    found += _spikes(reader, real, numbers, drawn)
    if reader.kind == "number":
        found += _grid(reader, numbers, drawn)
    return found + _range(reader, numbers, drawn)


def _missing_rate(reader, real, synthetic):
    shares = real.isna().mean(), synthetic.isna().mean()
    error = np.sqrt(
        shares[0] * (1 - shares[0]) / len(real)
        + shares[1] * (1 - shares[1]) / len(synthetic)
    )
    if abs(shares[0] - shares[1]) <= max(0.02, 4 * error):
        return []
    text = (
        f"{reader.name}: {_percent(shares[1])} of the synthetic values are missing, "
        f"{_percent(shares[0])} of the real ones."
    )
    return [Finding("missing_rate", "notice", (reader.name,), text)]


def _levels(reader, real, synthetic):
    n_levels = len(reader.levels)
    counts, drawn = (
        np.bincount(reader.codes(column), minlength=reader.n_codes)
        for column in (real, synthetic)
    )
    expected = counts[:n_levels] / len(real) * len(synthetic)
    never = np.flatnonzero((drawn[:n_levels] == 0) & (expected >= _EXPECTED_ROWS))
    found = []
    if len(never):
        never = never[np.argsort(-expected[never], kind="stable")]
        names = ", ".join(repr(reader.levels[k]) for k in never[:3])
        more = f" and {len(never) - 3} more" if len(never) > 3 else ""
        share = counts[never].sum() / len(real)
        text = (
            f"{reader.name}: never produced: {names}{more}, "
            f"{_percent(share)} of the real rows."
        )
        severity = "serious" if share >= 0.05 else "notice"
        found.append(Finding("missing_level", severity, (reader.name,), text))
    invented = drawn[n_levels + 1] / len(synthetic)
    if invented > 0:
        text = (
            f"{reader.name}: {_percent(invented)} of the synthetic values are levels "
            "that the real column lacks."
        )
        found.append(Finding("new_level", "notice", (reader.name,), text))
    return found


def _spikes(reader, real, numbers, drawn):
    values, counts = np.unique(numbers[~np.isnan(numbers)], return_counts=True)
    shares = counts / len(numbers)
    order = np.argsort(-shares, kind="stable")[:_MAX_SPIKES]
    low, high = np.quantile(values, [0, 1])
    inner = np.quantile(numbers[~np.isnan(numbers)], [0.01, 0.99])
    width = 0.01 * (inner[1] - inner[0] or high - low or abs(low) or 1.0)
    smeared, lost = [], []
    for k in order[shares[order] >= _SPIKE_SHARE]:
        value, share = values[k], shares[k]
        hit = np.isclose(drawn, value, rtol=1e-9, atol=1e-12).mean()
        error = np.sqrt(share * (1 / len(numbers) + 1 / len(drawn)))
        if share - hit <= max(share / 2, 4 * error):
            continue
        near = (np.abs(drawn - value) <= width).mean() - hit
        near -= (np.abs(numbers - value) <= width).mean() - share
        name = _written(reader, real, numbers, value)
        if near >= 0.3 * (share - hit):
            smeared.append((share, name, hit, near))
        else:
            lost.append((share, name, hit))
    found = [_smeared(reader.name, *spike) for spike in smeared]
    return [*found, _lost(reader.name, lost)] if lost else found


def _smeared(column, share, name, hit, near):
    text = (
        f"{column}: {_percent(share)} of the real values are exactly {name}, but "
        f"{_percent(hit)} of the synthetic ones; {_percent(near)} lie close by "
        "instead: the spike was smeared."
    )
    severity = "serious" if share >= 0.05 else "notice"
    return Finding("smeared_spike", severity, (column,), text)


def _lost(column, spikes):
    (share, name, hit), *others = spikes
    text = (
        f"{column}: {_percent(share)} of the real values are exactly {name}, but "
        f"{_percent(hit)} of the synthetic ones: the spike was lost."
    )
    if others:
        text += f" Lost, too: {', '.join(name for _, name, _ in others)}."
    severity = "serious" if share >= 0.05 else "notice"
    return Finding("lost_spike", severity, (column,), text)


def _written(reader, real, numbers, value):
    """The value as the real column writes it."""
    if reader.kind == "number":
        return f"{value:.10g}"
    return str(real.iloc[int(np.flatnonzero(numbers == value)[0])])


def _grid(reader, numbers, drawn):
    present, new = numbers[~np.isnan(numbers)], drawn[~np.isnan(drawn)]
    for decimals in (0, 1, 2):
        if not np.allclose(present, np.round(present, decimals), rtol=1e-9, atol=1e-9):
            continue
        on_grid = np.isclose(new, np.round(new, decimals), rtol=1e-9, atol=1e-9)
        off = 1 - on_grid.mean()
        if off <= 0.01:
            return []
        kind = "whole numbers" if decimals == 0 else f"of at most {decimals} decimals"
        text = (
            f"{reader.name}: the real values are {kind}, {_percent(off)} of the "
            "synthetic ones are not."
        )
        severity = "serious" if off > 0.2 else "notice"
        return [Finding("grid_lost", severity, (reader.name,), text)]
    return []


def _range(reader, numbers, drawn):
    low, high = np.nanmin(numbers), np.nanmax(numbers)
    slack = 1e-9 * max(abs(low), abs(high))
    outside = ((drawn < low - slack) | (drawn > high + slack)).mean()
    # Of fresh real rows, too, some two in as many lie outside.
    if outside <= max(0.01, 10 / len(numbers)):
        return []
    text = (
        f"{reader.name}: {_percent(outside)} of the synthetic values lie outside of "
        "the real range."
    )
    return [Finding("out_of_range", "notice", (reader.name,), text)]


def _percent(share):
    percent = 100 * share
    return f"{percent:.1f} %" if percent >= 0.1 or percent == 0 else f"{percent:.2g} %"
