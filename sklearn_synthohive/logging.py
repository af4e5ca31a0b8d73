"""Structured logs: structlog events over the standard library's logging.

Importing this package configures nothing: events go to the logger
``sklearn_synthohive`` as text with their fields, at levels that an application
chooses with :mod:`logging` as for any library.
"""

import logging

import structlog

__all__ = ["get_logger"]

_PROCESSORS = [
    structlog.stdlib.filter_by_level,
    structlog.processors.format_exc_info,
    structlog.processors.KeyValueRenderer(key_order=["event"]),
]

logging.getLogger("sklearn_synthohive").addHandler(logging.NullHandler())


def get_logger(name):
    """A structlog logger whose events travel through ``logging.getLogger(name)``.

    Unless the application has configured structlog itself, events are rendered as
    ``event='training_start' rows=26048 ...``. An application that has called
    ``structlog.configure`` gets them through its own processors.

    Parameters
    ----------
    name : str
        Name of the standard library's logger, usually ``__name__``.

    Returns
    -------
    structlog.typing.FilteringBoundLogger

    Examples
    --------
    >>> from sklearn_synthohive.logging import get_logger
    >>> get_logger("sklearn_synthohive.example").info("training_start", rows=3)
    """
    logger = logging.getLogger(name)
    if structlog.is_configured():
        return structlog.stdlib.get_logger(name)
    return structlog.wrap_logger(
        logger,
        processors=_PROCESSORS,
        wrapper_class=structlog.stdlib.BoundLogger,
    )
