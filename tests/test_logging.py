"""Events travel through the standard library, and nothing is configured."""

import logging
import subprocess
import sys

import pytest
import structlog

from sklearn_synthohive.logging import get_logger


def test_an_event_is_a_record_with_its_fields(caplog):
    logger = get_logger("sklearn_synthohive.tests")
    with caplog.at_level(logging.INFO, logger="sklearn_synthohive"):
        logger.info("training_start", rows=3, table="users")
    (record,) = caplog.records
    assert record.name == "sklearn_synthohive.tests"
    assert record.levelno == logging.INFO
    assert record.getMessage() == "event='training_start' rows=3 table='users'"


def test_levels_are_those_of_logging(caplog):
    logger = get_logger("sklearn_synthohive.tests")
    with caplog.at_level(logging.WARNING, logger="sklearn_synthohive"):
        logger.info("quiet")
        logger.warning("loud")
    assert [r.getMessage() for r in caplog.records] == ["event='loud'"]


def test_exceptions_are_part_of_the_event(caplog):
    logger = get_logger("sklearn_synthohive.tests")
    with caplog.at_level(logging.ERROR, logger="sklearn_synthohive"):
        try:
            raise ValueError("reason")
        except ValueError:
            logger.exception("failed")
    assert "ValueError: reason" in caplog.text


@pytest.fixture
def configured():
    events = []

    def capture(logger, method, event):
        events.append((method, event))
        raise structlog.DropEvent

    structlog.configure(processors=[capture])
    yield events
    structlog.reset_defaults()


def test_an_application_that_configured_structlog_gets_the_events(configured):
    get_logger("sklearn_synthohive.tests").info("epoch_end", epoch=1)
    assert configured == [("info", {"event": "epoch_end", "epoch": 1})]


def test_importing_prints_and_configures_nothing():
    code = (
        "import logging, structlog\n"
        "from sklearn_synthohive.logging import get_logger\n"
        "get_logger('sklearn_synthohive.x').warning('event')\n"
        "assert not structlog.is_configured()\n"
        "assert logging.getLogger().handlers == []\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
