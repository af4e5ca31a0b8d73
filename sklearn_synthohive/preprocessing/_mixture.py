"""A variational mixture of Gaussians on a line of weighted points.

The mixture is that of a truncated Dirichlet process (Blei and Jordan 2006, Variational
inference for Dirichlet process mixtures; Bishop 2006, section 10.2), with the priors of
scikit-learn's ``BayesianGaussianMixture``, with which the tests compare it. On a line,
with repeated points counted once, it takes milliseconds.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import digamma
from sklearn.cluster import kmeans_plusplus

__all__ = ["fit_mixture", "variational_updates"]

CONCENTRATION = 1e-3
REGULARISATION = 1e-6
MAX_ITER = 200
TOLERANCE = 1e-4


def fit_mixture(points, weights, n_components, rng):
    """Fit the mixture, starting from centres that k-means++ draws.

    Means and deviations are those of the members, by their shares.

    Parameters
    ----------
    points : ndarray of shape (n_points,)
        Standardised.
    weights : ndarray of shape (n_points,)
        Number of rows at each point.
    n_components : int
        Truncation; fewer where there are fewer points.
    rng : RandomState

    Returns
    -------
    log_weights, means, deviations : ndarray of shape (n_components,)
    """
    n_components = min(n_components, len(points))
    centres, _ = kmeans_plusplus(
        points[:, None], n_components, sample_weight=weights, random_state=rng
    )
    nearest = np.abs(centres - points).argmin(axis=0)
    shares = (nearest == np.arange(n_components)[:, None]).astype(np.float64)
    log_weights, _, _, shares = variational_updates(points, weights, shares)
    # The prior of one row at large would widen a cluster far from the others.
    members = shares * weights
    members /= members.sum(axis=1, keepdims=True) + np.finfo(np.float64).tiny
    means = members @ points
    variances = (members * (points - means[:, None]) ** 2).sum(axis=1)
    return log_weights, means, np.sqrt(variances)


def variational_updates(points, weights, shares, max_iter=MAX_ITER, tol=TOLERANCE):
    """Update Gaussians and memberships in turn.

    Parameters
    ----------
    points, weights : ndarray of shape (n_points,)
    shares : ndarray of shape (n_components, n_points)
        The memberships to start from; each point's sum to one.
    max_iter : int
    tol : float
        Stop when no component gains or loses more than this share of the rows.

    Returns
    -------
    log_weights, means, deviations : ndarray of shape (n_components,)
        Of the posterior.
    shares : ndarray of shape (n_components, n_points)
        The memberships behind it.
    """
    total = weights.sum()
    basis = np.stack([points**2, points, np.ones_like(points)])
    moments = (basis * weights).T
    centre = weights @ points / total
    spread = weights @ (points - centre) ** 2 / max(total - 1, 1)
    last = np.zeros(len(shares))
    for step in range(1, max_iter + 1):
        posterior = _update_gaussians(shares @ moments, centre, spread)
        change = np.abs(posterior.count - last).max() / total
        if change < tol or step == max_iter:
            break
        last = posterior.count
        # Log-density of a member as a quadratic in the point: one matrix product.
        shares = _log_density_coefficients(posterior) @ basis
        shares -= shares.max(axis=0)
        np.exp(shares, out=shares)
        shares /= shares.sum(axis=0)
    stick = posterior.stick_a / (posterior.stick_a + posterior.stick_b)
    rest = np.concatenate([[1.0], np.cumprod(1.0 - stick)[:-1]])
    mixing = stick * rest
    return (
        np.log(mixing / mixing.sum()),
        posterior.mean,
        np.sqrt(posterior.variance),
        shares,
    )


class _Posterior(NamedTuple):
    """Parameters of the variational posterior, one entry a component."""

    count: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    stick_a: np.ndarray
    stick_b: np.ndarray


def _update_gaussians(moments, centre, spread):
    """The posterior given second, first and zeroth moment of the members.

    The prior weighs as one row at the centre (Bishop 2006, eqs. 10.58 to 10.63).
    """
    second, first, count = moments.T
    count = count + 10 * np.finfo(np.float64).eps
    mean = first / count
    scatter = np.maximum(second / count - mean**2, 0.0) + REGULARISATION
    pull = count / (1.0 + count) * (mean - centre) ** 2
    after = np.append(np.cumsum(count[:0:-1])[::-1], 0.0)
    return _Posterior(
        count=count,
        mean=(centre + first) / (1.0 + count),
        variance=(spread + count * scatter + pull) / (1.0 + count),
        stick_a=1.0 + count,
        stick_b=CONCENTRATION + after,
    )


def _log_density_coefficients(posterior):
    """Coefficients of point**2, point and 1, up to a constant of all components.

    Expectations under the posterior (Bishop 2006, eqs. 10.64 to 10.66; Blei and
    Jordan 2006 for the sticks).
    """
    count, mean, variance, stick_a, stick_b = posterior
    both = digamma(stick_a + stick_b)
    rest = np.append(0.0, np.cumsum(digamma(stick_b) - both)[:-1])
    log_mixing = digamma(stick_a) - both + rest
    freedom = 1.0 + count
    log_precision = digamma(freedom / 2) - np.log(freedom / 2) - np.log(variance)
    constant = log_mixing + 0.5 * (log_precision - 1.0 / freedom)
    return np.column_stack(
        [-0.5 / variance, mean / variance, constant - 0.5 * mean**2 / variance]
    )
