"""Sampling from a fitted GAN: rows, batches, conditions, constraints, score."""

from __future__ import annotations

import numbers

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sklearn_synthohive.exceptions import ConstraintViolationError
from sklearn_synthohive.generators._calibrated import CalibratedGenerator
from sklearn_synthohive.generators._codec import surrogate_frame
from sklearn_synthohive.generators._matching import conditioned_blocks, joined
from sklearn_synthohive.generators._requirements import parse_conditions
from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.metrics import fidelity
from sklearn_synthohive.utils.random import draw_seed

__all__ = ["SamplingMixin"]

log = get_logger(__name__)
MAX_SCORED_ROWS = 20_000


class SamplingMixin:
    """What a fitted GAN does after ``fit``; the estimator holds ``_fitted``."""

    def sample(
        self,
        num_rows=1,
        context=None,
        seed=None,
        enforce_constraints=False,
        *,
        conditions=None,
        calibrated=None,
    ):
        """Draw rows.

        Parameters
        ----------
        num_rows : int, default=1
        context : DataFrame of shape (num_rows, n_context_columns), optional
            Required when the model was fitted with a context.
        seed : int, optional
            Repeats the rows; None draws fresh ones at every call.
        enforce_constraints : bool, default=False
            Decode constrained columns without clipping and drop the rows that violate
            a constraint, with a warning in the log; the index keeps the rows' places.
        conditions : mapping or DataFrame, optional
            Column to value, list or set of values, ``pandas.Interval`` or ``slice``,
            or None for missing; or a frame of ``num_rows`` partial rows to complete,
            free where missing. Always met.
        calibrated : bool, optional
            Select the rows from more of them, so that their one- and two-way tables
            come closer to the real ones; needs ``calibrate=True`` in ``fit``. Not by
            default.

        Returns
        -------
        DataFrame of shape (num_rows, n_columns)
            In the schema that ``fit`` saw, without keys.

        Raises
        ------
        ConstraintViolationError
            When no row satisfies the constraints.
        """
        check_is_fitted(self)
        num_rows = _check_rows(num_rows)
        seed = draw_seed(seed)
        context = self._encode_context(context, num_rows)
        fitted, clip = self._sampler(calibrated), not enforce_constraints
        codec = fitted.codec
        requirements = self._requirements(conditions, num_rows)
        if not requirements:
            table = fitted.draw(num_rows, seed, context=context, n_jobs=self.n_jobs)
            frame = codec.decode(table, clip=clip)
        else:
            blocks = conditioned_blocks(
                fitted,
                requirements,
                num_rows,
                seed,
                context=context,
                n_jobs=self.n_jobs,
                clip=clip,
            )
            frame = joined(blocks)
        if enforce_constraints:
            frame, found = self._drop_invalid(frame)
            if found and not len(frame):
                raise _none_valid(found)
        return codec.to_container(frame)

    def sample_batches(
        self,
        num_rows,
        batch_size=10_000,
        context=None,
        seed=None,
        enforce_constraints=False,
        *,
        conditions=None,
        calibrated=None,
    ):
        """Draw rows batch by batch, in constant memory.

        Parameters
        ----------
        num_rows : int
        batch_size : int, default=10_000
            Rows a frame; the last one may have fewer.
        context : DataFrame of shape (num_rows, n_context_columns), optional
        seed : int, optional
            The rows are those of ``sample(num_rows, context, seed)``.
        enforce_constraints : bool, default=False
            As in ``sample``: rows that violate a constraint are dropped.
        conditions : mapping or DataFrame, optional
            As in ``sample``.
        calibrated : bool, optional
            As in ``sample``.

        Returns
        -------
        iterator of DataFrame
        """
        check_is_fitted(self)
        num_rows = _check_rows(num_rows)
        batch_size = _check_rows(batch_size, "batch_size", least=1)
        context = self._encode_context(context, num_rows)
        fitted = self._sampler(calibrated)
        requirements = self._requirements(conditions, num_rows)
        options = {"context": context, "clip": not enforce_constraints}
        frames = self._frames(
            fitted, requirements, num_rows, draw_seed(seed), **options
        )
        # A generator of its own, so that the checks above happen at the call.
        return self._batches(frames, batch_size, enforce_constraints)

    def _requirements(self, conditions, num_rows):
        """Parsed conditions; none when there is nothing to ask."""
        if conditions is None:
            return []
        requirements = parse_conditions(conditions, self._fitted.codec, num_rows)
        return requirements if num_rows else []

    def _frames(self, fitted, requirements, num_rows, seed, *, context, clip):
        """Decoded rows, as they are drawn."""
        if requirements:
            options = {"context": context, "n_jobs": self.n_jobs, "clip": clip}
            yield from conditioned_blocks(
                fitted, requirements, num_rows, seed, **options
            )
            return
        for table in fitted.chunks(num_rows, seed, context=context):
            yield fitted.codec.decode(table, clip=clip)

    def _batches(self, frames, batch_size, enforce_constraints):
        codec = self._fitted.codec
        waiting, start, kept, found = pd.DataFrame(), 0, 0, []
        for frame in frames:
            frame.index = pd.RangeIndex(start, start + len(frame))
            start += len(frame)
            if enforce_constraints:
                frame, found = self._drop_invalid(frame)
            kept += len(frame)
            waiting = pd.concat([waiting, frame]) if len(waiting) else frame
            while len(waiting) >= batch_size:
                yield codec.to_container(waiting.iloc[:batch_size])
                waiting = waiting.iloc[batch_size:]
        if start and not kept:
            raise _none_valid(found)
        if len(waiting):
            yield codec.to_container(waiting)

    def _sampler(self, calibrated):
        """The generator as it is, or with its rows selected by weight."""
        if calibrated is not None and not isinstance(calibrated, (bool, np.bool_)):
            raise TypeError(f"calibrated must be True, False or None: {calibrated!r}.")
        if not calibrated:
            return self._fitted
        if self._fitted.calibration is None:
            raise ValueError(
                "This model has no weights to calibrate by: it was fitted with "
                "calibrate=False, or is a checkpoint of unfinished training. Fit it "
                "with calibrate=True, or sample with calibrated=False."
            )
        return CalibratedGenerator(self._fitted)

    def _encode_context(self, context, num_rows):
        codec = self._fitted.context_codec
        if codec is None:
            if context is not None:
                raise ValueError(
                    "This model was fitted without a context: fit it with context=, or "
                    "sample without one."
                )
            return None
        if context is None:
            raise ValueError(
                "This model was fitted with a context: give sample the parent's "
                "attributes of each row as context=."
            )
        if len(context) != num_rows:
            raise ValueError(
                f"context has {len(context)} rows for {num_rows} rows: give one row of "
                "context for each."
            )
        return codec.encode(context)

    def _drop_invalid(self, frame):
        """Rows that keep the constraints, and which constraints the others break."""
        constraints = self._constraints()
        violated = {
            column: constraint.violations(frame[column])
            for column, constraint in constraints.items()
            if column in frame
        }
        bad = pd.DataFrame(violated, index=frame.index).any(axis=1)
        if not bad.any():
            return frame, []
        counts = {column: int(mask.sum()) for column, mask in violated.items()}
        found = [
            f"{column}: {counts[column]} rows outside {constraints[column].describe()}"
            for column in counts
            if counts[column]
        ]
        if not bad.all():
            log.warning("constraint_violations", dropped=int(bad.sum()), found=found)
        return frame[~bad], found

    def _constraints(self):
        transformer = self._fitted.codec.transformer
        if transformer is None or transformer.table_name_ is None:
            return {}
        return transformer.metadata_.get_table(transformer.table_name_).constraints

    def score(self, X, y=None, *, context=None):
        """Fidelity of a seeded sample to X.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            As in ``fit``; levels that fit never saw count as missed by the sample.
        y : ignored
        context : DataFrame of shape (n_rows, n_context_columns), optional

        Returns
        -------
        float
            Mean of the mean column shape and the mean pair trend, at most 1.
        """
        check_is_fitted(self)
        codec = self._fitted.codec
        real = codec.to_score(X)
        context = self._encode_context(context, len(real))
        n = min(len(real), MAX_SCORED_ROWS)
        if context is not None:
            context = context.take(np.arange(n))
        table = self._fitted.draw(n, self.seed_, context=context, n_jobs=self.n_jobs)
        return fidelity(real, surrogate_frame(codec, table))


def _check_rows(value, name="num_rows", least=0):
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}.")
    return int(value)


def _none_valid(found):
    return ConstraintViolationError(
        "No sampled row satisfies the constraints: " + "; ".join(found)
    )
