"""Pictures of real and synthetic distributions; matplotlib is imported lazily."""

import math

import numpy as np
import pandas as pd

from sklearn_synthohive.reports._canvas import REAL, SYNTHETIC, finish, new_figure

__all__ = ["draw_marginal", "plot_marginals"]

N_BINS = 40
N_LEVELS = 8


def plot_marginals(real, synthetic, path=None, *, columns=None):
    """Draw each column's real and synthetic distribution in one panel.

    Numbers and dates are histograms on the bins of the real column (from its 0.5 % to
    its 99.5 % quantile; the rest is counted in the outermost bins), all else shows the
    most frequent real levels.
    The share of missing values stands in the title of the panel where there are any.

    Parameters
    ----------
    real, synthetic : DataFrame
        With the same columns.
    path : str or path-like, optional
        Where to write the picture; the suffix tells the format.
    columns : sequence, optional
        The columns to draw, all of ``real`` as a rule.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        When matplotlib is not installed: ``pip install "sklearn-synthohive[plots]"``.
    ValueError
        When a column is missing in one of the frames, or there is none.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive.reports import plot_marginals
    >>> real = pd.DataFrame({"age": [31, 40, 52], "city": ["Bonn", "Rome", "Rome"]})
    >>> figure = plot_marginals(real, real[::-1])
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['age', 'city']
    """
    columns = list(real.columns) if columns is None else list(columns)
    absent = [c for c in columns if c not in real or c not in synthetic]
    if absent or not columns:
        raise ValueError(
            f"Both frames need the columns that are drawn; absent: {absent}."
        )
    across = min(len(columns), 3 if len(columns) <= 9 else 4)
    down = math.ceil(len(columns) / across)
    figure = new_figure(3.1 * across, 2.5 * down)
    for i, column in enumerate(columns):
        axes = figure.add_subplot(down, across, i + 1)
        draw_marginal(axes, real[column], synthetic[column])
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    finish(figure)
    if path is not None:
        figure.savefig(path, dpi=100)
    return figure


def draw_marginal(axes, real, synthetic):
    """Draw one column: a histogram of numbers and dates, bars of all else.

    Parameters
    ----------
    axes : matplotlib Axes
    real, synthetic : Series
    """
    if _is_ordered(real):
        _draw_histogram(axes, real, synthetic)
    else:
        _draw_levels(axes, real, synthetic)
    _decorate(axes, real, synthetic)


def _is_ordered(series):
    if pd.api.types.is_bool_dtype(series.dtype):
        return False
    return pd.api.types.is_numeric_dtype(series.dtype) or _is_time(series)


def _is_time(series):
    return isinstance(series.dtype, pd.PeriodDtype) or series.dtype.kind in "mM"


def _is_date(series):
    return series.dtype.kind == "M" or isinstance(series.dtype, pd.PeriodDtype)


def _numbers(series):
    """Values on an axis: numbers as they are, dates as matplotlib counts days."""
    series = series.dropna()
    if isinstance(series.dtype, pd.PeriodDtype):
        series = series.dt.to_timestamp()
    if series.dtype.kind == "m":
        return series.dt.total_seconds().to_numpy()
    if series.dtype.kind == "M":
        if getattr(series.dt, "tz", None) is not None:
            series = series.dt.tz_convert("UTC").dt.tz_localize(None)
        seconds = (series - pd.Timestamp("1970-01-01")).dt.total_seconds()
        return (seconds / 86_400).to_numpy()
    return series.to_numpy(dtype=float)


def _draw_histogram(axes, real, synthetic):
    real_values, synthetic_values = _numbers(real), _numbers(synthetic)
    edges = _bin_edges(real_values)
    for values, style in (
        (real_values, {"fill": True, "color": REAL, "alpha": 0.45, "label": "real"}),
        (synthetic_values, {"color": SYNTHETIC, "lw": 1.6, "label": "synthetic"}),
    ):
        inside = np.clip(values, edges[0], edges[-1])
        counts = np.histogram(inside, edges)[0]
        axes.stairs(100 * counts / max(len(values), 1), edges, **style)
    if _is_date(real):
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator(minticks=3, maxticks=5)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _bin_edges(values):
    if len(values) == 0:
        return np.array([0.0, 1.0])
    low, high = np.quantile(values, [0.005, 0.995], method="nearest")
    if high <= low:
        return np.array([low - 0.5, low + 0.5])
    grid = np.unique(np.diff(np.unique(values)))
    step = grid[0]
    # On a grid, bins that hold a whole number of its cells: others beat against it.
    if np.allclose(grid, step * np.rint(grid / step)) and (high - low) / step < 2_000:
        width = step * math.ceil((high - low + step) / step / N_BINS)
        return np.arange(low - step / 2, high + step / 2 + 0.999 * width, width)
    return np.linspace(low, high, N_BINS + 1)


def _draw_levels(axes, real, synthetic):
    shares = real.astype(object).value_counts(normalize=True)
    levels = shares.index[:N_LEVELS]
    synthetic_shares = synthetic.astype(object).value_counts(normalize=True)
    places = np.arange(len(levels))
    for offset, values, colour, label in (
        (-0.2, shares, REAL, "real"),
        (0.2, synthetic_shares, SYNTHETIC, "synthetic"),
    ):
        heights = 100 * values.reindex(levels).fillna(0).to_numpy(dtype=float)
        alpha = 0.45 if label == "real" else 1.0
        axes.bar(places + offset, heights, 0.4, color=colour, alpha=alpha, label=label)
    names = [str(level) for level in levels]
    slanted = sum(map(len, names)) > 26
    axes.set_xticks(
        places,
        [n if len(n) <= 12 else n[:11] + "…" for n in names],
        rotation=40 if slanted else 0,
        ha="right" if slanted else "center",
        rotation_mode="anchor",
    )
    axes.tick_params(axis="x", length=0)
    if len(shares) > N_LEVELS:
        axes.set_xlabel(f"{N_LEVELS} of {len(shares):,} levels", fontsize=8)


def _decorate(axes, real, synthetic):
    axes.set_title(str(real.name), loc="left", fontsize=10, fontweight="bold")
    shares = real.isna().mean(), synthetic.isna().mean()
    if max(shares) > 0:
        text = f"missing {100 * shares[0]:.1f} % / {100 * shares[1]:.1f} %"
        axes.set_title(text, loc="right", fontsize=8, color="0.35")
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.yaxis.set_major_locator(_few_ticks())
    if _is_ordered(real) and not _is_date(real):
        axes.xaxis.set_major_locator(_few_ticks())
    axes.yaxis.set_major_formatter("{x:g} %")


def _few_ticks():
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=4)
