"""The picture of the marginals."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive.reports import plot_marginals

N_ROWS = 200


def _table(seed, dtype=None):
    rng = np.random.default_rng(seed)
    days = pd.to_timedelta(rng.integers(0, 400, N_ROWS), unit="D")
    table = pd.DataFrame(
        {
            "whole": rng.integers(0, 9, N_ROWS),
            "real": rng.normal(size=N_ROWS),
            "gaps": np.where(rng.random(N_ROWS) < 0.25, np.nan, 1.0),
            "constant": 3,
            "empty": np.full(N_ROWS, np.nan),
            "when": pd.Timestamp("2020-01-01") + days,
            "zoned": pd.Timestamp("2020-01-01", tz="Europe/Rome") + days,
            "lasting": days,
            "level": rng.choice(["a", "b", None], N_ROWS),
            "flag": rng.random(N_ROWS) < 0.4,
            "many": rng.integers(0, 150, N_ROWS).astype(str),
        }
    )
    table["month"] = table["when"].dt.to_period("M")
    table["nullable"] = table["whole"].where(table["whole"] > 0).astype("Int64")
    table["category"] = table["level"].astype("category")
    return table if dtype is None else table.convert_dtypes(dtype_backend=dtype)


@pytest.mark.parametrize("backend", [None, "numpy_nullable", "pyarrow"])
def test_every_dtype_has_a_panel(backend, tmp_path):
    real, synthetic = _table(0, backend), _table(1, backend)
    path = tmp_path / "picture.png"
    figure = plot_marginals(real, synthetic, path)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == list(real.columns)
    assert path.read_bytes().startswith(b"\x89PNG")


def _heights(axes):
    """Percent of the rows in the bins of the real and of the synthetic column."""
    return [stairs.get_data()[0] for stairs in axes.patches]


def test_histograms_count_every_known_row():
    real, synthetic = _table(0), _table(1)
    # Far outside of the real range: counted in the outermost bin, not lost.
    synthetic.loc[0, "real"] = 1e9
    columns = ["whole", "real", "gaps", "when", "lasting", "constant"]
    for axes in plot_marginals(real, synthetic, columns=columns).axes:
        for heights in _heights(axes):
            assert heights.sum() == pytest.approx(100)


def test_whole_numbers_fall_in_bins_of_equal_many():
    table = pd.DataFrame({"x": np.arange(1, 101)})
    (axes,) = plot_marginals(table, table).axes
    np.testing.assert_allclose(np.diff(axes.patches[0].get_data().edges), 3)
    np.testing.assert_allclose(_heights(axes)[0][:-1], 3)


def test_bars_show_the_shares_of_the_most_frequent_levels():
    real = pd.DataFrame({"x": list("aaaabbbcc") + list("defghij")})
    synthetic = pd.DataFrame({"x": ["a", "b", "b", "z"]})
    (axes,) = plot_marginals(real, synthetic).axes
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names[:3] == ["a", "b", "c"]
    assert axes.get_xlabel() == "8 of 10 levels"
    heights = [bar.get_height() for bar in axes.patches]
    assert heights[:3] == [25.0, 18.75, 12.5]
    assert heights[8:11] == [25.0, 50.0, 0.0]


def test_missing_shares_are_written():
    real = pd.DataFrame({"x": [1.0, np.nan], "y": [1, 2]})
    synthetic = pd.DataFrame({"x": [1.0, 2.0], "y": [2, 2]})
    first, second = plot_marginals(real, synthetic).axes
    assert first.get_title(loc="right") == "missing 50.0 % / 0.0 %"
    assert second.get_title(loc="right") == ""


def test_absent_columns_are_named():
    real = pd.DataFrame({"x": [1], "y": [2]})
    with pytest.raises(ValueError, match="'y'"):
        plot_marginals(real, real[["x"]])
    with pytest.raises(ValueError, match="columns"):
        plot_marginals(real, real, columns=[])


def test_matplotlib_is_imported_late_and_without_pyplot():
    code = (
        "import sys, pandas as pd\n"
        "from sklearn_synthohive.reports import plot_marginals\n"
        "assert 'matplotlib' not in sys.modules\n"
        "plot_marginals(pd.DataFrame({'x': [1, 2]}), pd.DataFrame({'x': [1, 2]}))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "sys.modules['matplotlib.figure'] = None\n"
        "try:\n"
        "    plot_marginals(pd.DataFrame({'x': [1]}), pd.DataFrame({'x': [1]}))\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "sklearn-synthohive[plots]" in done.stdout
