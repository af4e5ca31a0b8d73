"""Draw the picture of README.md: ``python docs/images/make.py`` (about a minute)."""

from pathlib import Path
from tempfile import TemporaryDirectory

from sklearn_synthohive._demo import run_demo
from sklearn_synthohive.reports import plot_marginals

COLUMNS = ["scheduled", "carrier", "seats", "dest", "dep_delay", "air_time"]

if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        demo = run_demo(seed=0, output=folder)
    path = Path(__file__).with_name("flights.png")
    plot_marginals(demo.real, demo.synthetic, path, columns=COLUMNS)
