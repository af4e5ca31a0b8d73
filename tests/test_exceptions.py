"""Every error of ours is also the built-in one that callers would expect."""

import pickle

import pytest

from sklearn_synthohive import exceptions
from sklearn_synthohive.exceptions import (
    ConstraintViolationError,
    SchemaError,
    SchemaValidationError,
    SerializationError,
    SynthoHiveError,
    TrainingError,
)

BUILT_IN = {
    SchemaError: ValueError,
    SchemaValidationError: ValueError,
    ConstraintViolationError: ValueError,
    SerializationError: OSError,
    TrainingError: RuntimeError,
}


@pytest.mark.parametrize(("error", "built_in"), BUILT_IN.items())
def test_each_error_is_ours_and_a_built_in(error, built_in):
    assert issubclass(error, SynthoHiveError)
    assert issubclass(error, built_in)
    assert str(pickle.loads(pickle.dumps(error("what to do")))) == str(
        error("what to do")
    )


def test_all_errors_are_covered():
    assert {SynthoHiveError, *BUILT_IN} == {
        getattr(exceptions, name) for name in exceptions.__all__
    }


def test_a_validation_error_lists_its_problems_and_survives_pickling():
    error = SchemaValidationError(["a is missing", "b is twice there"])
    assert error.problems == ("a is missing", "b is twice there")
    assert str(error).splitlines() == [
        "2 problems in the schema:",
        "- a is missing",
        "- b is twice there",
    ]
    copy = pickle.loads(pickle.dumps(error))
    assert copy.problems == error.problems
    assert str(copy) == str(error)
    assert SchemaValidationError("a is missing").problems == ("a is missing",)
    assert str(SchemaValidationError("x")).startswith("1 problem in")
