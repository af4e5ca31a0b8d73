"""What the estimator does before training: seeds, codecs, compact tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import clone

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.generators import _persistence as files
from sklearn_synthohive.generators._codec import fit_codec
from sklearn_synthohive.generators._corpus import Corpus
from sklearn_synthohive.generators._modes_apart import has_modes_apart
from sklearn_synthohive.generators._strategies import STRATEGIES
from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.preprocessing import DataTransformer

__all__ = ["EncodingMixin"]

log = get_logger(__name__)

# Modes of numbers whose values lie in groups apart, by their parents.
APART = 3


class EncodingMixin:
    """How rows reach the networks; reads the parameters of the estimator."""

    def _resumed_seed(self, seed):
        """A resumed run keeps its seed: the split and the moments depend on it."""
        if self.resume_from is None:
            return seed
        stored = files.read_training_state(self.resume_from)["seed"]
        if seed is not None and seed != stored:
            raise ValueError(
                f"The checkpoint was written with seed={stored}, not {seed}: leave the "
                "seed out to resume."
            )
        return stored

    def _encode(self, X, context, table_name, seed) -> Corpus:
        """Compact tables of rows and context."""
        least = self._least_components(X, context, table_name)
        transformer = self._new_transformer(least)
        options = {"rules": self.rules, "table_name": table_name, "seed": seed}
        codec, table = _finite(*fit_codec(X, transformer, **options))
        if codec.kind == "encoded":
            log.info("encoded_matrix", columns=len(codec.layout.spans))
        if context is None:
            return Corpus(codec, table, None, None)
        if len(context) != len(table):
            raise ValueError(
                f"context has {len(context)} rows but X has {len(table)}: give the "
                "parent's attributes once for each row, in the order of the rows."
            )
        # A clone: the user's own transformer keeps its metadata.
        encoder = clone(self._new_transformer()).set_params(metadata=None)
        if isinstance(encoder.categorical_features, str):
            # Parents repeat: any number of theirs would look like a name.
            encoder.set_params(categorical_features="from_dtype")
        given = _finite(*fit_codec(context, encoder, seed=seed))
        return Corpus(codec, table, *given)

    def _least_components(self, X, context, table_name):
        """Modes of a number at least, where they may tell the parents apart."""
        chosen = self.transformer is not None or self.n_components is not None
        if chosen or context is None or not isinstance(X, pd.DataFrame):
            return 1
        keys = ()
        if self.metadata is not None and table_name is not None:
            keys = self.metadata.get_table(table_name).columns_excluded
        return APART if has_modes_apart(X[[c for c in X if c not in keys]]) else 1

    def _new_transformer(self, least_components=1):
        if self.transformer is not None:
            return self.transformer
        usual = max(STRATEGIES[self.generator].n_components, least_components)
        return DataTransformer(
            self.metadata,
            embedding_threshold=self.embedding_threshold,
            min_frequency=self.min_frequency,
            rare_levels=self.rare_levels,
            n_components=self.n_components or usual,
            n_jobs=self.n_jobs,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_fitted")


def _finite(codec, table):
    """Refuse an encoding that no network could learn from, by its column."""
    whole = np.isfinite(table.scalars).all(axis=0)
    if not whole.all():
        layout = codec.layout
        column = layout.spans[layout.continuous[int(np.argmin(whole))]].column
        raise SchemaError(
            f"The encoding of column {column!r} holds NaN or infinity: look for values "
            "in it that the transformer cannot tell apart, and report this."
        )
    return codec, table
