"""The linear law that small tables begin at."""

import numpy as np
import pandas as pd
import pytest
from gan_cases import At, fit, people
from scipy.stats import ks_2samp, norm
from skorch.callbacks import Callback

from sklearn_synthohive import CTGAN, DataTransformer
from sklearn_synthohive.generators import _autoregressive as strategy
from sklearn_synthohive.generators._codec import fit_codec
from sklearn_synthohive.generators._corpus import Corpus
from sklearn_synthohive.generators._linear_law import Cells, LinearLaw
from sklearn_synthohive.neural import learn_columns


def law_of(frame, context=None):
    """The law of a frame, its corpus, and what decodes its rows."""
    codec, table = fit_codec(frame, DataTransformer(random_state=0))
    given = (None, None)
    if context is not None:
        given = fit_codec(context, DataTransformer(random_state=0))
    corpus = Corpus(codec, table, *given)
    counts = [
        np.bincount(table.codes[:, i], minlength=span.n_states)
        for i, span in enumerate(codec.layout.spans)
    ]
    parts = (given[0].layout, given[1]) if context is not None else ()
    columns, _ = learn_columns(codec.layout, table, counts, *parts)
    return LinearLaw.fit(corpus, corpus, columns), corpus


def drawn(frame, n=20_000, context=None):
    """Decoded rows of the law, and their contexts."""
    law, corpus = law_of(frame, context)
    table, given = law.draw(n, np.random.default_rng(1))
    rows = corpus.codec.decode(table)
    return rows, given if context is None else corpus.context_codec.decode(given)


class TestNumbers:
    def test_correlations_and_margins_are_kept(self):
        rng = np.random.default_rng(0)
        mix = np.array([[1, 0.8, -0.5], [0, 0.6, 0.2], [0, 0, 0.8]])
        frame = pd.DataFrame(rng.normal(size=(2_000, 3)) @ mix, columns=list("abc"))
        frame["b"] = frame["b"].round(1)
        frame["c"] = np.exp(frame["c"]).round()
        rows, _ = drawn(frame)
        own, found = frame.corr("spearman"), rows.corr("spearman")
        np.testing.assert_allclose(found, own, atol=0.03)
        for name in frame:
            assert ks_2samp(frame[name], rows[name]).statistic < 0.03

    def test_scores_are_normal_scores_of_the_ranks(self):
        positions = np.array([3.0, 1.0, np.nan, 1.0, 7.0])
        cells = Cells(np.array([0, 0, 4, 0, 0]), None, positions)
        expected = norm.ppf([0.625, 0.25, 0.25, 0.875])
        np.testing.assert_allclose(cells.scores[[0, 1, 3, 4]], expected)
        assert cells.scores[2] == 0
        np.testing.assert_array_equal(cells.classes, [0, 0, 5, 0, 0])

    def test_gaps_keep_their_share_and_what_they_go_with(self):
        rng = np.random.default_rng(0)
        kind = rng.choice(["u", "v"], 1_500)
        value = rng.normal(size=1_500).round(2)
        value[rng.random(1_500) < np.where(kind == "u", 0.1, 0.6)] = np.nan
        rows, _ = drawn(pd.DataFrame({"kind": kind, "value": value}))
        share = rows["value"].isna().groupby(rows["kind"]).mean()
        expected = pd.Series(value).isna().groupby(kind).mean()
        np.testing.assert_allclose(share, expected, atol=0.03)

    def test_noise_is_left_alone(self):
        """Ridge by left-out rows does not take forty rows of noise for a law."""
        noise = np.random.default_rng(0).normal(size=(40, 12))
        rows, _ = drawn(pd.DataFrame(noise).add_prefix("x"))
        off = rows.corr("spearman").to_numpy()[np.triu_indices(12, 1)]
        assert np.abs(off).mean() < 0.5 * np.abs(np.corrcoef(noise.T)).mean()


class TestLevels:
    def test_their_odds_are_those_of_the_rows(self):
        rng = np.random.default_rng(0)
        group = rng.choice(["x", "y", "z"], 900)
        mark = np.where(rng.random(900) < 0.9, group, "x")
        rows, _ = drawn(pd.DataFrame({"group": group, "mark": mark}))
        own = pd.crosstab(group, mark, normalize=True)
        found = pd.crosstab(rows["group"], rows["mark"], normalize=True)
        np.testing.assert_allclose(found, own, atol=0.02)

    def test_rare_levels_keep_their_share(self):
        rng = np.random.default_rng(0)
        name = np.char.add("n", rng.geometric(0.05, 900).astype(str))
        frame = pd.DataFrame({"x": rng.normal(size=900), "name": name})
        rows, _ = drawn(frame)
        own, found = (f["name"].value_counts(normalize=True) for f in (frame, rows))
        assert own.sub(found, fill_value=0).abs().sum() < 0.06

    def test_what_determines_another_column_goes_on_to(self):
        rng = np.random.default_rng(0)
        city = rng.integers(0, 40, 2_000)
        frame = pd.DataFrame({"city": city, "land": city % 6}).astype(str)
        frame["size"] = rng.normal(size=2_000)
        law, corpus = law_of(frame)
        assert any(pairs is not None for pairs in law.columns.pairs)
        rows = corpus.codec.decode(law.draw(5_000, np.random.default_rng(1))[0])
        assert (rows["city"].astype(int) % 6 == rows["land"].astype(int)).all()


def test_the_context_comes_from_the_rows():
    rng = np.random.default_rng(0)
    context = pd.DataFrame({"age": rng.normal(size=1_200).round(2)})
    frame = pd.DataFrame({"x": context["age"] + rng.normal(size=1_200)})
    rows, given = drawn(frame, context=context)
    assert given["age"].corr(rows["x"]) == pytest.approx(0.71, abs=0.05)
    assert given["age"].isin(context["age"]).all()


def test_encoded_rows_have_one_too():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 9, 600)
    frame = pd.DataFrame({"x": x, "y": (x + rng.integers(0, 3, 600)) // 2})
    encoder = DataTransformer(random_state=0).fit(frame)
    law, corpus = law_of(encoder.transform(frame))
    table, _ = law.draw(10_000, np.random.default_rng(0))
    rows = encoder.inverse_transform(corpus.codec.decode(table))
    assert rows["x"].corr(rows["y"]) == pytest.approx(frame.corr().iloc[0, 1], abs=0.05)


def test_modes_of_encoded_rows_stand_in_their_order():
    x = np.random.default_rng(0).normal(size=800)
    frame = pd.DataFrame({"x": x, "y": np.where(x > 0, x + 8, x)})
    encoder = DataTransformer(n_components=2, random_state=0).fit(frame)
    cells = law_of(encoder.transform(frame))[0].learnt[1]
    assert cells.classes.max() == 0
    np.testing.assert_array_equal(np.argsort(cells.positions), np.argsort(x))


class First(Callback):
    """Keeps the weights that training begins with."""

    def on_train_begin(self, net, **kwargs):
        self.weights = [p.detach().clone() for p in net.module_.parameters()]


def first_weights(**parameters):
    first = First()
    model = CTGAN(epochs=1, random_state=0, callbacks=[first], **parameters)
    rows = people()
    fit(model, rows.assign(tax=(0.3 * rows["income"]).round(-2)))
    return first.weights


def same_weights(left, right):
    return all(bool((a == b).all()) for a, b in zip(left, right, strict=True))


class TestStart:
    def test_a_worse_start_is_not_taken(self, monkeypatch):
        linear = first_weights()
        monkeypatch.setattr(strategy, "FEW_ROWS", 0)
        margins = first_weights()
        monkeypatch.undo()
        assert not same_weights(linear, margins)

        def spoil(self, net, prepared):
            for parameter in net.module_.parameters():
                parameter.data.add_(3.0)

        monkeypatch.setattr(strategy.AutoregressiveStrategy, "_start_linear", spoil)
        assert same_weights(first_weights(), margins)

    def test_a_start_that_is_no_number_is_not_taken(self, monkeypatch):
        def spoil(self, net, prepared):
            for parameter in net.module_.parameters():
                parameter.data.fill_(np.nan)

        monkeypatch.setattr(strategy.AutoregressiveStrategy, "_start_linear", spoil)
        spoilt = first_weights()
        monkeypatch.undo()
        monkeypatch.setattr(strategy, "FEW_ROWS", 0)
        assert same_weights(spoilt, first_weights())

    def test_where_it_stays_the_best_it_is_the_best_checkpoint(self, tmp_path):
        def interrupt(net):
            raise KeyboardInterrupt

        model = CTGAN(random_state=0, epochs=9, callbacks=[At(2, interrupt)])
        with pytest.raises(KeyboardInterrupt):
            fit(model, people(), checkpoint_dir=tmp_path)
        saved = CTGAN.from_saved(tmp_path / "best_checkpoint")
        assert len(saved.sample(5)) == 5

    def test_without_held_out_rows_to_decide_there_is_none(self, monkeypatch):
        unstopped = first_weights(early_stopping=False)
        monkeypatch.setattr(strategy, "FEW_ROWS", 0)
        assert same_weights(unstopped, first_weights(early_stopping=False))

    def test_two_hundred_rows_of_numbers_keep_their_correlations(self, monkeypatch):
        """Closer to the truth than without the start; nearly as close as the rows."""
        rng = np.random.default_rng(0)
        mix = np.linalg.cholesky(0.6 * np.ones((8, 8)) + 0.4 * np.eye(8))
        frame = pd.DataFrame(rng.normal(size=(200, 8)) @ mix.T).add_prefix("x")

        def error(rows):
            off = rows.corr("spearman").to_numpy()[np.triu_indices(8, 1)]
            return np.abs(off - 0.582).mean()

        with_start = error(fit(CTGAN(random_state=0), frame).sample(4_000, seed=0))
        monkeypatch.setattr(strategy, "FEW_ROWS", 0)
        without = error(fit(CTGAN(random_state=0), frame).sample(4_000, seed=0))
        assert with_start < 0.1
        assert with_start < 0.6 * without
