"""Saving and loading a fitted CTGAN."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sklearn_synthohive.generators import _persistence as files
from sklearn_synthohive.generators._options import hyperparameters, resolve_device

__all__ = ["SavingMixin"]


class SavingMixin:
    """Directories of a fitted model; the estimator holds ``_fitted``."""

    def save(self, path, *, overwrite=False):
        """Write the model to a directory, without the rows it was fitted on.

        The parameters in it are those of ``fit``.

        Parameters
        ----------
        path : path-like
            A new directory.
        overwrite : bool, default=False
            Replace a model that is there; a crash leaves the old one or the new one.

        Raises
        ------
        SerializationError
        """
        check_is_fitted(self)
        history = self.history_.to_dict("records")
        files.write_model(
            path, self._fitted, self._manifest, history, overwrite=overwrite
        )

    def load(self, path):
        """Restore a saved model, its parameters included; no code in it is run.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        self

        Raises
        ------
        SerializationError
            When a file is missing, damaged or from a newer version.
        """
        device = resolve_device(self.device)
        fitted, manifest, history = files.read_model(path, device)
        for name, value in hyperparameters(manifest).items():
            setattr(self, name, value)
        self._set_fitted(fitted, manifest, history)
        return self

    def _set_fitted(self, fitted, manifest, history, net=None):
        """All that ``fit`` or ``load`` leaves on the estimator."""
        self._fitted = fitted
        # Parameters may be set anew before save: the file tells of those of fit.
        self._manifest = manifest
        self.net_ = net
        self.seed_ = manifest["seed"]
        self.history_ = pd.DataFrame(history)
        self.layout_ = fitted.codec.layout
        self.transformer_ = fitted.codec.transformer
        self.rules_ = fitted.codec.texts
        context = fitted.context_codec
        self.context_transformer_ = None if context is None else context.transformer
        self.n_features_in_ = manifest["n_features_in"]
        if manifest["feature_names_in"] is not None:
            self.feature_names_in_ = np.array(
                manifest["feature_names_in"], dtype=object
            )
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    @classmethod
    def from_saved(cls, path, *, device="auto"):
        """A fitted CTGAN from a saved directory.

        Parameters
        ----------
        path : path-like
        device : str, default="auto"

        Returns
        -------
        CTGAN
        """
        return cls(device=device).load(path)
