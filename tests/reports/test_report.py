"""What is wrong with a table is called out, by the right figure and in words."""

import json

import numpy as np
import pandas as pd
import pytest
from report_cases import independent, rows

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metrics import (
    column_shapes,
    detect,
    pair_trends,
    privacy,
    utility,
)
from sklearn_synthohive.metrics._columns import ColumnReader
from sklearn_synthohive.reports import QualityReport, Section
from sklearn_synthohive.reports._column_findings import column_findings

TRAIN, HOLDOUT, FRESH = rows(800, 0), rows(400, 1), rows(800, 2)


def report(synthetic, **options):
    options = {"holdout": HOLDOUT, "target": "buys"} | options
    return QualityReport(TRAIN, synthetic, **options).compute()


@pytest.fixture(scope="module")
def good():
    return report(FRESH)


def codes(result, severity=None):
    return {f.code for f in result.findings if severity in (None, f.severity)}


def told(result, code):
    return next(f for f in result.findings if f.code == code)


def test_fresh_rows_are_not_accused(good):
    assert codes(good, "serious") == set()
    assert {word for word, _ in good.verdicts.values()} == {"good"}
    assert "0.5" in good.verdicts["Quality"][1]


def test_figures_are_those_of_the_metrics(good):
    summary = good.summary
    parts = good.measurements
    assert len(parts.drawn) == len(parts.reference) == 400
    assert summary.loc["column shape", "synthetic"] == pytest.approx(
        column_shapes(TRAIN, parts.drawn).mean()
    )
    assert summary.loc["pair trend", "real"] == pytest.approx(
        pair_trends(TRAIN, HOLDOUT)["score"].mean()
    )
    found = detect(HOLDOUT, FRESH)
    line = summary.loc["C2ST, held-out rows"]
    assert (line["synthetic"], line["error"]) == (found.auc, found.standard_error)
    assert line["real"] == detect(HOLDOUT, TRAIN).auc
    scores = utility(FRESH, HOLDOUT, "buys"), utility(TRAIN, HOLDOUT, "buys")
    for name, key in (("ROC AUC", "roc_auc"), ("macro F1", "f1_macro")):
        assert summary.loc[name, "synthetic"] == scores[0][key]
        assert summary.loc[name, "real"] == scores[1][key]
    private = privacy(TRAIN, FRESH, HOLDOUT, max_rows=5000)
    assert (
        good.privacy.loc["closer to train", "synthetic"] == private["closer_to_train"]
    )
    assert good.privacy.loc["membership attack", "error"] == private["membership_error"]
    assert list(good.columns.index) == list(TRAIN.columns)
    assert len(good.pairs) == 21


def test_the_same_seed_gives_the_same_figures(good):
    again = report(FRESH)
    pd.testing.assert_frame_equal(again.summary, good.summary)
    pd.testing.assert_frame_equal(again.pairs, good.pairs)
    assert again.to_dict() == good.to_dict()


def test_a_copy_of_the_training_rows():
    result = report(TRAIN)
    assert {"copied_rows", "closer_to_train", "membership", "memorised"} <= codes(
        result, "serious"
    )
    assert result.privacy.loc["copies", "synthetic"] == 1
    assert result.privacy.loc["membership attack", "synthetic"] > 0.99
    assert result.summary.loc["C2ST, training rows", "synthetic"] < 0.45
    assert "100.0 % of the synthetic rows equal" in str(told(result, "copied_rows"))
    assert result.verdicts["Privacy"] == (
        "bad",
        "Training rows show through. Do not share these rows.",
    )


def test_five_per_cent_of_copies():
    mixed = pd.concat([FRESH[:760], TRAIN[:40]], ignore_index=True)
    result = report(mixed)
    assert {"copied_rows"} <= codes(result, "serious") <= {"copied_rows", "too_near"}
    assert result.privacy.loc["copies", "synthetic"] == pytest.approx(0.05)
    assert "5.0 % of the synthetic rows equal a training row" in str(
        told(result, "copied_rows")
    )
    # Where real rows repeat as often, copies are no news.
    twins = [
        pd.concat([f, f[:600]], ignore_index=True)[["city"]] for f in (TRAIN, FRESH)
    ]
    plain = QualityReport(*twins, HOLDOUT[["city"]]).compute()
    assert plain.privacy.loc["copies", "synthetic"] == 1
    assert "copied_rows" not in codes(plain)


def test_independent_columns():
    result = report(independent(TRAIN))
    finding = told(result, "independent_pair")
    assert finding.severity == "serious"
    assert "came out independent" in finding.text
    assert "size and weight" in finding.text
    assert (
        result.summary.loc["NMI error", "synthetic"]
        > 5 * (result.summary.loc["NMI error", "real"])
    )
    # It is a figure that shapes do not show.
    assert result.columns["shape"].min() > 0.9
    assert result.verdicts["Quality"][0] == "bad"
    assert result.verdicts["Utility"][0] == "bad"


def test_a_shuffled_target():
    rng = np.random.default_rng(0)
    result = report(FRESH.assign(buys=rng.permutation(FRESH["buys"])))
    finding = told(result, "utility_lost")
    assert finding.severity == "serious"
    assert finding.columns == ("buys",)
    assert "Hardly any" in finding.text
    assert result.summary.loc["ROC AUC", "synthetic"] < 0.6
    assert result.summary.loc["ROC AUC", "real"] > 0.85
    pairs = [f.columns for f in result.findings if f.code == "independent_pair"]
    assert all("buys" in columns for columns in pairs)
    assert pairs


def test_a_smeared_spike():
    rng = np.random.default_rng(0)
    noise = np.where(FRESH["spent"] == 0, rng.normal(scale=0.3, size=800), 0)
    result = report(FRESH.assign(spent=FRESH["spent"] + noise))
    finding = told(result, "smeared_spike")
    assert finding.columns == ("spent",)
    assert (
        "of the real values are exactly 0, but 0.0 % of the synthetic" in finding.text
    )
    assert "the spike was smeared" in finding.text
    # The detector's importances name the column, too.
    giveaway = told(result, "given_away")
    assert giveaway.columns == ("spent",)
    assert "spent" in giveaway.text
    assert result.summary.loc["C2ST, held-out rows", "synthetic"] > 0.6
    assert result.columns["importance"].idxmax() == "spent"


@pytest.mark.parametrize(
    ("name", "column", "code", "words"),
    [
        (
            "city",
            FRESH["city"].replace("Oslo", "Rome"),
            "missing_level",
            "city: never produced: 'Oslo'",
        ),
        (
            "city",
            FRESH["city"].replace("Oslo", "Paris"),
            "new_level",
            "levels that the real column lacks",
        ),
        ("weight", FRESH["size"], "missing_rate", "weight: 0.0 % of the synthetic"),
        (
            "children",
            FRESH["children"] + 0.25,
            "grid_lost",
            "the real values are whole numbers, 100.0 %",
        ),
        (
            "since",
            FRESH["since"] + pd.Timedelta("300D"),
            "out_of_range",
            "lie outside of the real range",
        ),
        (
            "spent",
            FRESH["spent"].where(FRESH["spent"] > 0, 60.0),
            "lost_spike",
            "the spike was lost",
        ),
    ],
)
def test_columns_that_went_wrong(name, column, code, words):
    reader = ColumnReader(TRAIN[name])
    assert column_findings(reader, TRAIN[name], FRESH[name]) == []
    found = column_findings(reader, TRAIN[name], column)
    finding = next(f for f in found if f.code == code)
    assert words in finding.text
    assert finding.columns == (name,)


def test_a_regression():
    real, holdout = (frame.drop(columns="buys") for frame in (TRAIN, HOLDOUT))
    result = QualityReport(real, FRESH[real.columns], holdout, "size").compute()
    assert {"R2", "RMSE"} <= set(result.summary.index)
    shuffled = real.assign(size=np.random.default_rng(0).permutation(real["size"]))
    result = QualityReport(real, shuffled, holdout, "size").compute()
    assert "R2" in told(result, "utility_lost").text


def test_utility_that_cannot_be_measured_is_not_good():
    single = HOLDOUT.assign(buys=HOLDOUT["buys"].iloc[0])
    word, sentence = report(FRESH, holdout=single).verdicts["Utility"]
    assert word == "none"
    assert "of buys are tested on hold a single value" in sentence


def test_without_held_out_rows():
    result = report(FRESH, holdout=None)
    assert list(result.privacy.index) == ["copies"]
    assert "C2ST, held-out rows" not in result.summary.index
    assert result.summary.loc["column shape", "real"] > 0.9
    assert result.summary.loc["ROC AUC", "real"] > 0.85
    assert result.verdicts["Privacy"][0] == "look"
    assert "without held-out rows" in result.verdicts["Privacy"][1]
    assert codes(result, "serious") == set()
    assert "There are no held-out rows" in result.to_html()
    with pytest.raises(ValueError, match="no held-out rows"):
        result.plot_closest_records()
    copied = report(TRAIN, holdout=None)
    assert "repeat another one" in told(copied, "copied_rows").text


def test_large_tables_are_judged_on_a_sample_and_say_so():
    result = report(FRESH, max_rows=300, seed=5)
    assert result.to_dict()["rows"]["judged"] == 300
    assert "at most 300 rows of each table, drawn at random with seed 5" in (
        result.to_html()
    )
    # Copies are looked for among all rows.
    mixed = pd.concat([FRESH[:760], TRAIN[-40:]], ignore_index=True)
    assert report(mixed, max_rows=100).privacy.loc["copies", "synthetic"] == 0.05


def test_sections_join_the_page():
    from sklearn_synthohive.reports import Finding

    section = Section(
        "Relations",
        "Counts <by> parent.",
        tables={"Keys & counts": pd.DataFrame({"orphans": [0]}, index=["orders.id"])},
        findings=[Finding("orphans", "serious", ("id",), "7 orphans")],
    )
    result = report(FRESH, sections=[section])
    text = result.to_html()
    for words in ("Counts &lt;by&gt; parent.", "Keys &amp; counts", "orders.id"):
        assert words in text
    assert "7 orphans" in text
    assert "7 orphans" in repr(result)


def test_attacks_join_the_report():
    pytest.importorskip("anonymeter")
    result = report(TRAIN, attacks=True)
    assert "inference of buys" in result.privacy.index
    finding = told(result, "attack_risk")
    assert "singling out" in finding.text
    assert result.verdicts["Privacy"][0] == "bad"


def test_machines_read_it(good, tmp_path):
    text = good.to_json(tmp_path / "report.json")
    read = json.loads((tmp_path / "report.json").read_text())
    assert read == json.loads(text)
    assert read["summary"]["column shape"]["synthetic"] == pytest.approx(
        good.summary.loc["column shape", "synthetic"]
    )
    assert read["pairs"][0]["column_1"] == "size"
    assert read["rows"]["holdout"] == 400


def test_reports_of_an_estimator():
    class Bootstrap:
        history_ = pd.DataFrame({"epoch": [1, 2], "nll_loss": [2.0, 1.0]})

        def sample(self, num_rows=1, seed=None):
            return TRAIN.sample(num_rows, replace=True, random_state=seed)

    asked = QualityReport.from_estimator(
        Bootstrap(), TRAIN, HOLDOUT, "buys", n_rows=500, seed=3
    )
    pd.testing.assert_frame_equal(
        asked.synthetic, TRAIN.sample(500, replace=True, random_state=3)
    )
    assert asked.history is Bootstrap.history_


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"target": "price"}, SchemaError, "no target 'price'"),
        ({"holdout": HOLDOUT[:3]}, ValueError, "holdout frame has 3 rows"),
        ({"holdout": HOLDOUT[["city"]]}, SchemaError, "holdout frame lacks"),
        ({"max_rows": 5}, ValueError, "max_rows must be at least 100"),
        ({"attacks": True, "holdout": None}, ValueError, "attacks=True needs"),
    ],
)
def test_bad_input_is_named(options, error, words):
    with pytest.raises(error, match=words):
        report(FRESH[:50], **options)


def test_small_and_odd_tables():
    tiny = pd.DataFrame(
        {"a": [1, 2, 3, 4, 5, 6], "b": [None] * 6, "c": list("uvuvuv"), "d": 7}
    )
    result = QualityReport(tiny, tiny, tiny, "c").compute()
    assert "<h1>" in result.to_html()
    one = QualityReport(tiny[["a"]], tiny[["a"]]).compute()
    assert "pair trend" not in one.summary.index
    assert "<h1>" in one.to_html()
