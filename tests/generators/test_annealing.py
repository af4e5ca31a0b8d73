"""When the second part of a likelihood run begins and ends."""

import numpy as np
import pandas as pd
import pytest

from sklearn_synthohive import CTGAN
from sklearn_synthohive.generators._annealing import Annealing


def history(*scores):
    return [{"epoch": k + 1, "score": score} for k, score in enumerate(scores)]


def plan(epochs=100, share=0.5, patience=2, tol=0.01):
    return Annealing("score", patience, tol, epochs, share)


def test_it_waits_while_the_score_rises():
    assert plan().span(history(*range(50))) is None
    assert not plan().is_over(history(*range(50)))


def test_a_plateau_begins_it():
    scores = [1, 2, 3, 4, 4.005, 3.9]
    # The best of six epochs is the fourth: half as many follow.
    assert plan().span(history(*scores)) == (6, 2)
    # What comes later, scored or not, changes nothing.
    assert plan().span([*history(*scores), {"epoch": 7}, {"epoch": 8}]) == (6, 2)


def test_it_ends_after_its_epochs():
    scores = history(1, 2, 3, 4, 4, 4)
    for extra, over in ((0, False), (1, False), (2, True)):
        rows = scores + [{"epoch": 7 + k} for k in range(extra)]
        assert plan().is_over(rows) == over


@pytest.mark.parametrize(
    ("epochs", "begins"), [(30, (20, 10)), (3, (2, 1)), (2, (1, 1)), (1, None)]
)
def test_it_ends_with_the_epochs_of_the_run(epochs, begins):
    for n in range(1, epochs + 1):
        span = plan(epochs).span(history(*range(n)))
        if begins is None or n < begins[0]:
            assert span is None
        else:
            assert span == begins
            break


def test_a_late_plateau_is_cut_to_the_epochs_left():
    scores = [*range(18), 0, 0]
    assert plan(epochs=100).span(history(*scores)) == (20, 9)
    assert plan(epochs=30).span(history(*scores)) == (20, 9)
    assert sum(plan(epochs=28).span(history(*scores))) == 28


def test_the_start_counts_where_it_has_a_score():
    first = Annealing("score", 2, 0.01, 100, start=lambda: 5.0)
    # Nothing is better than the start: one epoch on all rows follows.
    assert first.span(history(4, 3)) == (2, 1)
    assert first.span(history(4, 6)) is None
    assert first.span(history(4, 6, 5, 5)) == (4, 1)


class TestMaxSteps:
    """720 rows to learn from, in batches of 32: an epoch has 22 steps."""

    def epochs(self, **parameters):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"a": rng.integers(0, 3, 800), "b": rng.normal(size=800)})
        options = {"generator_dim": (4, 4), "n_iter_no_change": 99, "random_state": 0}
        model = CTGAN(**options | {"epochs": 12} | parameters)
        return model.fit(frame, progress_bar=False).history_["log_likelihood"]

    @pytest.mark.parametrize(
        ("steps", "epochs"), [(1, 4), (150, 7), (10_000, 12), (None, 12)]
    )
    def test_the_run_has_as_many_and_falls_in_the_last(self, steps, epochs):
        scores = self.epochs(max_steps=steps)
        assert len(scores) == epochs
        assert scores.iloc[0] < 0
        assert np.isnan(scores.iloc[-1])

    def test_epochs_are_a_limit_beside_it(self):
        assert len(self.epochs(max_steps=150, epochs=5)) == 5

    def test_without_early_stopping_all_epochs_are_trained(self):
        assert len(self.epochs(max_steps=1, early_stopping=False)) == 12
