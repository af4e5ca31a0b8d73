"""The errors that the toolkit raises on purpose.

All of them derive from :class:`SynthoHiveError`; each is also the built-in error
that a caller who does not know this package would catch.
"""

__all__ = [
    "ConstraintViolationError",
    "SchemaError",
    "SchemaValidationError",
    "SerializationError",
    "SynthoHiveError",
    "TrainingError",
]


class SynthoHiveError(Exception):
    """Base class of every error that this package raises on purpose."""


class SchemaError(SynthoHiveError, ValueError):
    """Metadata that contradicts itself, or names something that is not there."""


class SchemaValidationError(SchemaError):
    """Tables that do not fit their metadata.

    Parameters
    ----------
    problems : sequence of str
        One sentence a problem; all of them are found before the error is raised.

    Attributes
    ----------
    problems : tuple of str
        The sentences, in the order in which they were found.
    """

    def __init__(self, problems):
        if isinstance(problems, str):
            problems = [problems]
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} in the schema:"
        super().__init__("\n".join([head, *(f"- {p}" for p in self.problems)]))

    def __reduce__(self):
        return type(self), (self.problems,)


class ConstraintViolationError(SynthoHiveError, ValueError):
    """No generated row satisfies the constraints of its table."""


class SerializationError(SynthoHiveError, OSError):
    """A saved model that cannot be written, or cannot be read back whole."""


class TrainingError(SynthoHiveError, RuntimeError):
    """Training that cannot go on, for instance because a loss is not finite."""
