"""What every generator promises, and what the orchestrator relies on."""

from abc import ABC, abstractmethod

__all__ = ["ConditionalGenerativeModel", "GenerativeModel"]


class GenerativeModel(ABC):
    """A model that learns a table and samples rows like it.

    Subclasses are scikit-learn estimators as a rule: parameters are stored by
    ``__init__``, fitted attributes end in an underscore.
    """

    @abstractmethod
    def fit(self, X, y=None, **options):
        """Learn the table.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns)
        y : ignored
            Present for scikit-learn's sake.
        **options
            Keywords that the subclass names; an unknown one is a TypeError.

        Returns
        -------
        self
        """

    @abstractmethod
    def sample(self, num_rows=1, **options):
        """Draw rows.

        Parameters
        ----------
        num_rows : int
        **options
            Keywords that the subclass names; an unknown one is a TypeError.

        Returns
        -------
        DataFrame of shape (num_rows, n_columns)
        """

    @abstractmethod
    def save(self, path):
        """Write the fitted model, without the rows it was fitted on.

        Parameters
        ----------
        path : str or path-like
        """

    @abstractmethod
    def load(self, path):
        """Restore what ``save`` wrote.

        Parameters
        ----------
        path : str or path-like

        Returns
        -------
        self
        """


class ConditionalGenerativeModel(GenerativeModel):
    """A generative model whose rows depend on a parent's attributes.

    The orchestrator of a schema calls such a class as
    ``model_cls(metadata, batch_size=500, epochs=300, **kwargs)``.
    """

    @abstractmethod
    def fit(self, X, y=None, *, context=None, **options):
        """Learn the table given its context.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns)
        y : ignored
        context : DataFrame of shape (n_rows, n_context_columns), optional
            The parent's attributes, aligned with the rows by position.
        **options
            Keywords that the subclass names.

        Returns
        -------
        self
        """

    @abstractmethod
    def sample(self, num_rows=1, context=None, **options):
        """Draw rows, one for each row of the context where there is one.

        Parameters
        ----------
        num_rows : int
        context : DataFrame of shape (num_rows, n_context_columns), optional
        **options
            Keywords that the subclass names.

        Returns
        -------
        DataFrame of shape (num_rows, n_columns)
        """
