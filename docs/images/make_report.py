"""Draw the picture of judging.md from a run of a peer on Adult.

    python docs/images/make_report.py benchmarks/results/runs/adult/copula-seed0

Any folder that bench_fidelity.py has left will do; about a minute.
"""

import sys
from pathlib import Path

from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from datasets import load, read_like  # noqa: E402

from sklearn_synthohive.reports import QualityReport  # noqa: E402

if __name__ == "__main__":
    data = load("adult")
    synthetic = read_like(Path(sys.argv[1]) / "synthetic.csv", data.train)
    report = QualityReport(data.train, synthetic, data.holdout, data.target)
    result = report.compute()
    print(result)
    figure = Figure(figsize=(9.6, 5.4), layout="constrained")
    axes = figure.subplots(2, 3)
    maps = result.plot_pair_trends()
    for ax, part in zip(axes[0], ("real", "synthetic", "difference"), strict=True):
        maps.draw(ax, part)
    result.plot_roc(axes[1, 0])
    result.plot_importances(axes[1, 1])
    result.plot_closest_records(axes[1, 2])
    figure.savefig(Path(__file__).with_name("report.png"), dpi=90)
