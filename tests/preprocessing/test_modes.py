"""The mixture on a line, and the modes that the line is cut into."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import preprocessing as plain
from sklearn.mixture import BayesianGaussianMixture

from sklearn_synthohive.preprocessing._mixture import (
    fit_mixture,
    variational_updates,
)
from sklearn_synthohive.preprocessing._modes import (
    MAX_STEPS,
    REACH,
    _cut_line,
    _order_statistics,
    _split_wide,
    fit_modes,
)

OPTIONS = {"n_components": 10, "weight_threshold": 0.005, "max_fit_rows": 2000}


def modes_of(values, *, on_grid=False, seed=0, **options):
    positions, counts = np.unique(np.asarray(values, dtype=float), return_counts=True)
    rng = np.random.RandomState(seed)
    return fit_modes(positions, counts, on_grid=on_grid, rng=rng, **(OPTIONS | options))


def random_shares(rng, n_components, n_points):
    return rng.dirichlet(np.ones(n_components), size=n_points).T


def test_updates_are_those_of_the_plain_version():
    rng = np.random.RandomState(0)
    points, weights = rng.normal(size=30), rng.randint(1, 5, size=30).astype(float)
    shares = random_shares(rng, 4, 30)
    log_weights, means, deviations, _ = variational_updates(
        points, weights, shares, max_iter=7, tol=0
    )
    expected = plain.mixture(points, weights, shares, 7)
    np.testing.assert_allclose(np.exp(log_weights), expected[0], rtol=1e-9)
    np.testing.assert_allclose(means, expected[1], atol=1e-10)
    np.testing.assert_allclose(deviations**2, expected[2], rtol=1e-8)


def test_updates_are_those_of_scikit_learn():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 1))
    shares = random_shares(rng, 5, 300)
    peer = BayesianGaussianMixture(
        n_components=5, weight_concentration_prior=1e-3, max_iter=1
    )
    peer._check_parameters(X)
    peer._initialize(X, shares.T)
    for _ in range(10):
        _, log_resp = peer._e_step(X)
        peer._m_step(X, log_resp)
    _, means, deviations, _ = variational_updates(
        X[:, 0], np.ones(300), shares, max_iter=11, tol=0
    )
    np.testing.assert_allclose(means, peer.means_[:, 0], atol=1e-10)
    np.testing.assert_allclose(deviations**2, peer.covariances_[:, 0, 0], rtol=1e-9)


def test_repeated_points_weigh_as_rows():
    rng = np.random.RandomState(0)
    points, counts = rng.normal(size=20), rng.randint(1, 6, size=20)
    shares = random_shares(rng, 3, 20)
    few = variational_updates(points, counts.astype(float), shares, max_iter=5)
    many = variational_updates(
        np.repeat(points, counts),
        np.ones(counts.sum()),
        np.repeat(shares, counts, axis=1),
        max_iter=5,
    )
    for one, other in zip(few[:3], many[:3], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_two_clusters_are_found():
    rng = np.random.RandomState(0)
    points = np.sort(np.concatenate([rng.normal(-5, 1, 800), rng.normal(5, 0.5, 200)]))
    log_weights, means, deviations = fit_mixture(points, np.ones(1000), 10, rng)
    kept = log_weights > np.log(0.005)
    assert kept.sum() <= 4
    left = kept & (means < 0)
    np.testing.assert_allclose(np.exp(log_weights[left]).sum(), 0.8, atol=0.01)
    assert np.abs(means[kept & ~left] - 5).max() < 1
    assert np.abs(means[left] + 5).max() < 2
    assert deviations[kept].max() < 1.2


def test_tight_clusters_far_apart_keep_their_width():
    rng = np.random.RandomState(0)
    points = np.concatenate([rng.normal(-1, 1e-6, 500), rng.normal(1, 1e-6, 500)])
    log_weights, _, deviations = fit_mixture(np.sort(points), np.ones(1000), 10, rng)
    assert deviations[log_weights > np.log(0.005)].max() < 2e-6


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_the_cut_line_is_the_likeliest_gaussian(seed):
    rng = np.random.RandomState(seed)
    k = rng.randint(1, 6)
    log_weights = np.log(rng.dirichlet(np.ones(k)))
    means, deviations = rng.normal(size=k) * 3, np.exp(rng.normal(size=k))
    positions = np.sort(rng.standard_t(2, size=200) * 5)
    modes = _cut_line(positions, log_weights, means, deviations)
    # Modes that no value belongs to are left out, so compare with those that stay.
    gaussian = np.isin(means, modes.means)
    log_weights, means, deviations = (
        a[gaussian] for a in (log_weights, means, deviations)
    )
    for position, mode in zip(positions, modes.assign(positions), strict=True):
        best, distance = plain.likeliest(position, log_weights, means, deviations)
        if abs(distance - 4 * REACH) < 1e-6:
            continue
        if distance < 4 * REACH:
            assert modes.means[mode] == means[best]
            assert modes.scales[mode] == 4 * deviations[best]
        else:
            assert modes.means[mode] not in means


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60, unique=True),
    st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_modes_hold_values_and_keep_them_within_reach(values, on_grid):
    values = np.unique(np.rint(values) if on_grid else values)
    modes = modes_of(values, on_grid=on_grid)
    own = modes.assign(values)
    assert set(own) == set(range(len(modes.means)))
    assert (modes.scales > 0).all()
    assert (np.diff(modes.means) >= 0).all()
    assert (np.diff(modes.edges) > 0).all()
    assert len(modes.owners) == len(modes.edges) + 1
    assert (modes.owners[1:] != modes.owners[:-1]).all()


@pytest.mark.parametrize(
    "values",
    [
        np.random.RandomState(0).standard_cauchy(5000),
        np.exp(np.random.RandomState(0).normal(size=5000) * 4),
        np.append(np.random.RandomState(0).normal(size=5000), [1e9]),
        np.append(np.random.RandomState(0).normal(size=5000), [-1e12, 1e12]),
        np.concatenate([np.linspace(0, 1, 999), [5e5], np.linspace(1e6, 1e6 + 1, 999)]),
    ],
)
def test_outliers_do_not_blow_up_the_scalar(values):
    modes = modes_of(values)
    own = modes.assign(values)
    scalars = (values - modes.means[own]) / modes.scales[own]
    assert np.abs(scalars).max() <= REACH
    bulk = np.abs(values - np.median(values)) < 3 * np.subtract(
        *np.quantile(values, [0.75, 0.25])
    )
    # The bulk is told apart: its scalars are spread, not squeezed together.
    assert np.std(scalars[bulk]) > 0.01


def test_wide_modes_are_split_so_that_every_step_counts():
    rng = np.random.RandomState(0)
    values = np.unique(rng.randint(0, int(1e8), size=5000)).astype(float)
    modes = modes_of(values, on_grid=True)
    far = np.abs(values - modes.means[modes.assign(values)])
    assert far.max() <= MAX_STEPS
    scalars = (
        (values - modes.means[modes.assign(values)])
        / modes.scales[modes.assign(values)]
    ).astype(np.float32)
    own = modes.assign(values)
    np.testing.assert_array_equal(
        np.rint(modes.means[own] + modes.scales[own] * scalars.astype(float)), values
    )


def test_modes_that_would_be_too_many_stay_whole():
    values = np.linspace(0, 1e12, 500)
    modes = modes_of(values, on_grid=True)
    assert len(modes.means) <= 13
    narrow = modes_of(np.arange(500.0), on_grid=True)
    assert _split_wide(np.arange(500.0), narrow) is narrow


@given(st.lists(st.integers(1, 50), min_size=1, max_size=100), st.integers(1, 200))
@settings(deadline=None)
def test_order_statistics_are_those_of_the_sorted_rows(counts, size):
    counts = np.array(counts)
    positions = np.arange(len(counts), dtype=float)
    points, weights = _order_statistics(positions, counts, size)
    rows = np.repeat(positions, counts)
    if len(rows) > size:
        at = [int((i + 0.5) * (len(rows) / size)) for i in range(size)]
        rows = rows[at]
    np.testing.assert_array_equal(np.repeat(points, weights.astype(int)), rows)


@pytest.mark.parametrize("values", [[3.0], [3.0, 4.0], [0.0, 1e-300], [1.0, 1e18]])
def test_few_values_have_modes(values):
    modes = modes_of(values)
    own = modes.assign(np.array(values))
    scalars = (values - modes.means[own]) / modes.scales[own]
    assert np.isfinite(scalars).all()


def test_same_seed_same_modes():
    values = np.random.RandomState(1).gamma(2, size=3000)
    first, again = modes_of(values, seed=3), modes_of(values, seed=3)
    np.testing.assert_array_equal(first.means, again.means)
    np.testing.assert_array_equal(first.edges, again.edges)
