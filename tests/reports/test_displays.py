"""Displays: for frames, for a model, on axes of one's own."""

import numpy as np
import pandas as pd
import pytest
from report_cases import rows
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_synthohive.metrics import closest_records, detect, nmi_matrix
from sklearn_synthohive.reports import (
    ClosestRecordDisplay,
    DetectionDisplay,
    EmbeddingDisplay,
    HistoryDisplay,
    MarginalDisplay,
    PairTrendDisplay,
)
from sklearn_synthohive.reports._canvas import new_figure

REAL, SYNTHETIC, HOLDOUT = rows(300, 0), rows(300, 1), rows(200, 2)


class Bootstrap:
    history_ = pd.DataFrame(
        {"epoch": [1, 2, 3], "critic_loss": [1, 2, 1], "fidelity": [0.5, 0.6, np.nan]}
    )

    def sample(self, num_rows=1, seed=None):
        return SYNTHETIC.sample(num_rows, replace=True, random_state=seed)


DISPLAYS = {
    MarginalDisplay: (),
    PairTrendDisplay: (),
    EmbeddingDisplay: (),
    DetectionDisplay: (),
    ClosestRecordDisplay: (HOLDOUT,),
}


@pytest.mark.parametrize("display", DISPLAYS)
def test_frames_and_estimators_give_the_same_picture(display):
    more = DISPLAYS[display]
    drawn = Bootstrap().sample(300, seed=4)
    shown = display.from_estimator(Bootstrap(), REAL, *more, seed=4)
    # Once: a second drawing may move the axes by a hair.
    same = display.from_frames(REAL, drawn, *more, seed=4)._repr_png_()
    assert same.startswith(b"\x89PNG")
    assert shown._repr_png_() == same
    steps = [("same", FunctionTransformer()), ("rows", Bootstrap())]
    piped = display.from_estimator(Pipeline(steps), REAL, *more, seed=4)
    assert piped._repr_png_() == same


@pytest.mark.parametrize(
    "display", [EmbeddingDisplay, DetectionDisplay, ClosestRecordDisplay]
)
def test_axes_of_ones_own(display):
    ax = new_figure(3, 3).add_subplot()
    shown = display.from_frames(REAL, SYNTHETIC, *DISPLAYS[display], ax=ax)
    assert shown.ax_ is ax
    assert shown.figure_ is ax.figure
    assert shown.plot().ax_ is not ax


def test_the_roc_curve_is_that_of_the_detector():
    shown = DetectionDisplay.from_frames(HOLDOUT, SYNTHETIC, seed=3)
    found = detect(HOLDOUT, SYNTHETIC, seed=3)
    assert shown.detection.auc == found.auc
    line = shown.ax_.lines[-1]
    np.testing.assert_array_equal(line.get_xydata().T, found.roc())
    assert f"{found.auc:.3f}" in line.get_label()
    bars = shown.plot_importances(n_columns=3).ax_.patches
    tallest = max(bar.get_width() for bar in bars)
    assert tallest == pytest.approx(max(shown.detection.importances.iloc[0], 0))
    with pytest.raises(ValueError, match="importances=True"):
        DetectionDisplay(found).plot_importances()


def test_the_curves_are_the_distances():
    records = closest_records(REAL, SYNTHETIC, HOLDOUT, seed=1)
    shown = ClosestRecordDisplay(records).plot()
    held_out, synthetic = shown.ax_.lines
    np.testing.assert_array_equal(
        synthetic.get_xdata(), np.sort(records.synthetic_distances)
    )
    assert len(held_out.get_xdata()) == 200
    assert synthetic.get_ydata()[-1] == 100
    ratios = shown.plot(ratios=True).ax_.lines[1].get_xdata()
    np.testing.assert_array_equal(ratios, np.sort(records.synthetic_ratios))


def test_heat_maps_show_the_matrices():
    shown = PairTrendDisplay.from_frames(REAL, SYNTHETIC)
    pd.testing.assert_frame_equal(shown.real, nmi_matrix(REAL))
    pictures = [axes.images[0].get_array() for axes in shown.axes_]
    np.testing.assert_array_equal(pictures[1], shown.synthetic)
    np.testing.assert_array_equal(pictures[2], shown.synthetic - shown.real)
    names = [label.get_text() for label in shown.axes_[0].get_yticklabels()]
    assert names == list(REAL.columns)
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 40))).rename(
        columns=str
    )
    (ax,) = PairTrendDisplay.from_frames(wide, wide).plot(["real"]).axes_
    assert ax.get_xlabel() == "40 columns"


def test_the_embedding_is_that_of_the_real_rows():
    shown = EmbeddingDisplay.from_frames(REAL, SYNTHETIC)
    np.testing.assert_allclose(shown.real.mean(axis=0), 0, atol=1e-9)
    assert shown.real[:, 0].std() >= shown.real[:, 1].std()
    assert 0.2 < shown.explained <= 1
    many = REAL.assign(name=np.arange(300).astype(str)).assign(
        other=REAL["since"].astype(str)
    )
    assert EmbeddingDisplay.from_frames(many, many).real.shape == (300, 2)
    one = EmbeddingDisplay.from_frames(REAL[["size"]], SYNTHETIC[["size"]])
    assert one.real.shape == (300, 2)


def test_the_history_of_a_fit():
    shown = HistoryDisplay.from_estimator(Pipeline([("rows", Bootstrap())]))
    loss, score = shown.figure_.axes
    np.testing.assert_array_equal(loss.lines[0].get_ydata(), [1, 2, 1])
    np.testing.assert_array_equal(score.lines[0].get_ydata(), [0.5, 0.6, np.nan])
    with pytest.raises(TypeError, match="FunctionTransformer has no history_"):
        HistoryDisplay.from_estimator(FunctionTransformer())
    with pytest.raises(ValueError, match="0 epochs"):
        HistoryDisplay.from_history(Bootstrap.history_[:0])


def test_names_are_no_formulas():
    frame = pd.DataFrame({"$a_{": [1, 2, 3], "b^$": ["x$", "$y{", "x$"]})
    titles = [
        axes.get_title(loc="left")
        for axes in MarginalDisplay.from_frames(frame, frame).figure_.axes
    ]
    assert titles == ["$a_{", "b^$"]
    assert PairTrendDisplay.from_frames(frame, frame)._repr_png_()
