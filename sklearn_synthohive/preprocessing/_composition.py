"""One encoder a column: fitted, and put side by side."""

from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.utils.parallel import Parallel, delayed

__all__ = ["fit_encoders", "side_by_side"]


def fit_encoders(encoders, frame, n_jobs):
    """Clones of the encoders, each fitted on its column.

    Parameters
    ----------
    encoders : list of ColumnEncoder
    frame : DataFrame
        As many columns as there are encoders.
    n_jobs : int or None

    Returns
    -------
    list of ColumnEncoder
    """
    return Parallel(n_jobs=n_jobs)(
        delayed(_fit)(encoder, frame.iloc[:, [i]]) for i, encoder in enumerate(encoders)
    )


def side_by_side(encoders, row, n_jobs):
    """A fitted ColumnTransformer of fitted encoders.

    Parameters
    ----------
    encoders : list of ColumnEncoder
    row : DataFrame
        One row is enough to join them.
    n_jobs : int or None

    Returns
    -------
    ColumnTransformer
    """
    joined = ColumnTransformer(
        [(f"column{i}", FrozenEstimator(e), [i]) for i, e in enumerate(encoders)],
        verbose_feature_names_out=False,
        sparse_threshold=0,
        n_jobs=n_jobs,
    )
    # The container is chosen once, by set_output on the whole estimator.
    return joined.set_output(transform="default").fit(row)


def _fit(encoder, frame):
    return clone(encoder).fit(frame)
