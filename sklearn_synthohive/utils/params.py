"""The one import of scikit-learn's private parameter validation.

Estimators declare ``_parameter_constraints`` with these and decorate ``fit`` with
``_fit_context``; should scikit-learn move them, this file is the place to mend.
"""

from sklearn.base import _fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    RealNotInt,
    StrOptions,
)

__all__ = [
    "HasMethods",
    "Interval",
    "Options",
    "RealNotInt",
    "StrOptions",
    "_fit_context",
]
