"""Trained on synthetic, tested on real."""

import numpy as np
import pandas as pd
import pytest
from reference import metrics as plain
from sklearn.ensemble import HistGradientBoostingClassifier

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.metrics import utility


def rows(n, seed, classes="ab"):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    z = rng.normal(size=n)
    score = x + 0.5 * z
    cuts = np.quantile(score, np.arange(1, len(classes)) / len(classes))
    label = np.array(list(classes))[np.searchsorted(cuts, score)]
    return pd.DataFrame(
        {"x": x, "side": np.where(z > 0, "l", "r"), "y": label, "amount": 3 * score}
    )


def test_binary_auc_equals_the_plain_version():
    train, test = rows(300, 0), rows(80, 1)
    columns = ["x", "y"]
    score = utility(train[columns], test[columns], "y")["roc_auc"]
    model = HistGradientBoostingClassifier(random_state=0)
    model.fit(train[["x"]], train["y"] == "b")
    expected = plain.auc(test["y"] == "b", model.predict_proba(test[["x"]])[:, 1])
    assert score == pytest.approx(expected)


def test_good_rows_are_worth_more_than_shuffled_ones():
    train, test = rows(1500, 0), rows(500, 1)
    train, test = train.drop(columns="amount"), test.drop(columns="amount")
    shuffled = train.assign(y=np.random.default_rng(0).permutation(train["y"]))
    good, bad = utility(train, test, "y"), utility(shuffled, test, "y")
    assert (good > 0.85).all()
    assert (bad < 0.65).all()


def test_several_classes_and_one_that_the_synthetic_rows_lack():
    train, test = rows(900, 0, "abc"), rows(300, 1, "abc")
    train, test = train.drop(columns="amount"), test.drop(columns="amount")
    whole = utility(train, test, "y")
    lacking = utility(train[train["y"] != "c"], test, "y")
    assert whole["roc_auc"] > 0.9
    assert lacking["roc_auc"] < whole["roc_auc"] - 0.1
    assert lacking["f1_macro"] < whole["f1_macro"] - 0.2


def test_a_single_class_predicts_nothing():
    train, test = rows(200, 0), rows(100, 1)
    scores = utility(train.assign(y="a"), test, "y")
    assert scores["roc_auc"] == 0.5
    assert scores["f1_macro"] == pytest.approx(1 / 3)


def test_classes_that_are_numbers_agree_across_types():
    train, test = rows(400, 0, "01"), rows(200, 1, "01")
    train["y"], test["y"] = train["y"].astype(float), test["y"].astype(int)
    assert utility(train, test, "y")["roc_auc"] > 0.9


def test_a_rare_class_does_not_break_large_tables():
    train, test = rows(10_100, 0), rows(100, 1)
    train.loc[0, "y"] = "once"
    assert utility(train, test, "y")["roc_auc"] > 0.9


@pytest.mark.parametrize(("classes", "penalty"), [("ab", 0.0), ("abc", 1.0)])
def test_leaves_are_penalised_where_there_are_several_classes(classes, penalty):
    train, test = (
        rows(n, seed, classes)[["x", "y"]] for n, seed in ((300, 0), (80, 1))
    )
    model = HistGradientBoostingClassifier(random_state=0, l2_regularization=penalty)
    shares = model.fit(train[["x"]], train["y"]).predict_proba(test[["x"]])
    each = [plain.auc(test["y"] == c, shares[:, k]) for k, c in enumerate(classes)]
    score = utility(train, test, "y")["roc_auc"]
    assert score == pytest.approx(np.mean(each))


def test_regression():
    train, test = rows(1200, 0).drop(columns="y"), rows(400, 1).drop(columns="y")
    good = utility(train, test, "amount")
    assert good["r2"] > 0.8
    assert good["rmse"] == pytest.approx(
        test["amount"].std(ddof=0) * np.sqrt(1 - good["r2"])
    )
    shuffled = train.assign(
        amount=train["amount"].sample(frac=1, random_state=0).values
    )
    assert utility(shuffled, test, "amount")["r2"] < 0.1


def test_the_task_can_be_told():
    train, test = rows(600, 0, "0123"), rows(300, 1, "0123")
    train, test = train.astype({"y": int}), test.astype({"y": int})
    assert list(utility(train, test, "y").index) == ["r2", "rmse"]
    told = utility(train, test, "y", task="classification")
    assert list(told.index) == ["roc_auc", "f1_macro"]
    with pytest.raises(ValueError, match="task must be"):
        utility(train, test, "y", task="clustering")
    with pytest.raises(SchemaError, match="'side' is a category"):
        utility(train, test, "side", task="regression")


def test_rows_without_a_target_are_left_out():
    train, test = rows(300, 0), rows(100, 1)
    gaps = pd.concat([test, test.assign(y=None)], ignore_index=True)
    assert utility(train, gaps, "y").equals(utility(train, test, "y"))
    with pytest.raises(ValueError, match="target 'y' is missing"):
        utility(train, test.assign(y=None), "y")


def test_errors_name_the_column():
    train = rows(50, 0)
    with pytest.raises(SchemaError, match="No column 'price'"):
        utility(train, train, "price")
    with pytest.raises(SchemaError, match="no column beside 'y'"):
        utility(train[["y"]], train[["y"]], "y")
    with pytest.raises(SchemaError, match=r"train frame lacks the columns \['x'\]"):
        utility(train.drop(columns="x"), train, "y")


@pytest.mark.parametrize("target", ["y", "amount"])
def test_a_column_that_is_missing_in_training_predicts_nothing(target):
    train, test = rows(300, 0)[["x", target]], rows(100, 1)[["x", target]]
    scores = utility(train.assign(z=np.nan), test.assign(z=1.0), target)
    pd.testing.assert_series_equal(scores, utility(train, test, target))
