"""Seeds: drawn once, spawned for the parts, never through a global state."""

import numbers

import numpy as np
from sklearn.utils import check_random_state

__all__ = ["CHUNK_ROWS", "chunk_seeds", "draw_seed"]

# Rows are generated in chunks of this size, each from a seed of its own, so that
# neither the batch size nor the number of workers changes them.
CHUNK_ROWS = 4096


def draw_seed(seed=None, random_state=None):
    """An integer seed from a call's ``seed`` or an estimator's ``random_state``.

    Parameters
    ----------
    seed : int or None
        Takes precedence.
    random_state : int, RandomState instance or None
        None draws a seed from the operating system, not from numpy's global state.

    Returns
    -------
    int
        Below 2**63.

    Examples
    --------
    >>> draw_seed(3), draw_seed(None, 7)
    (3, 7)
    """
    if seed is not None:
        if isinstance(seed, bool) or not isinstance(seed, numbers.Integral) or seed < 0:
            raise ValueError(
                f"seed must be a non-negative integer or None, got {seed!r}."
            )
        return int(seed)
    if isinstance(random_state, numbers.Integral):
        return int(random_state)
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint32)[0])
    return int(check_random_state(random_state).randint(0, 2**31 - 1))


def chunk_seeds(seed, n_chunks):
    """One 63-bit seed per chunk of rows; the first k do not depend on ``n_chunks``.

    Parameters
    ----------
    seed : int
    n_chunks : int

    Returns
    -------
    list of int

    Examples
    --------
    >>> chunk_seeds(0, 3)[:2] == chunk_seeds(0, 2)
    True
    """
    children = np.random.SeedSequence(seed).spawn(n_chunks)
    return [int(c.generate_state(1, np.uint64)[0] >> 1) for c in children]
