"""A second model class: hands out the real rows whose context is nearest."""

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from sklearn_synthohive.generators import ConditionalGenerativeModel
from sklearn_synthohive.utils.serialization import (
    dump_plain,
    load_directory,
    load_plain,
    save_directory,
)

MAX_WIDTH = 8


class Resampler(ConditionalGenerativeModel):
    """Small and quick; no model for anybody but a test: it keeps the real rows."""

    def __init__(self, metadata=None, batch_size=500, epochs=300, neighbours=5):
        self.metadata = metadata
        self.batch_size = batch_size
        self.epochs = epochs
        self.neighbours = neighbours

    def fit(self, X, y=None, *, context=None, seed=None):
        self.rows_ = X.reset_index(drop=True)
        self.context_ = context
        return self

    def sample(self, num_rows=1, context=None, *, seed=None):
        assert (context is None) == (self.context_ is None)
        rng = np.random.default_rng(seed)
        if context is None:
            places = rng.integers(0, len(self.rows_), num_rows)
            return self.rows_.take(places).reset_index(drop=True)
        assert len(context) == num_rows
        assert list(context) == list(self.context_)
        if not num_rows:
            return self.rows_.iloc[:0]
        known = _numbers(self.context_, self.context_)
        wanted = _numbers(context, self.context_)
        k = min(self.neighbours, len(known))
        near = NearestNeighbors(n_neighbors=k).fit(known)
        places = near.kneighbors(wanted, return_distance=False)
        chosen = places[np.arange(num_rows), rng.integers(0, k, num_rows)]
        return self.rows_.take(chosen).reset_index(drop=True)

    def save(self, path):
        frames = {
            name: None if frame is None else frame.to_dict("list")
            for name, frame in {"rows": self.rows_, "context": self.context_}.items()
        }
        members = {"rows.joblib": lambda file: dump_plain(frames, file)}
        save_directory(path, members, {"model": "Resampler"})

    def load(self, path):
        _, folder = load_directory(path)
        frames = load_plain(folder / "rows.joblib")
        self.rows_ = pd.DataFrame(frames["rows"])
        context = frames["context"]
        self.context_ = None if context is None else pd.DataFrame(context)
        return self


def _numbers(frame, reference):
    columns = []
    for name in frame:
        if not pd.api.types.is_numeric_dtype(reference[name].dtype):
            for level in sorted(reference[name].dropna().unique()):
                columns.append((frame[name] == level).to_numpy(float))
        else:
            values = frame[name].to_numpy(float)
            known = reference[name].to_numpy(float)
            spread = np.nanstd(known) or 1.0
            columns.append(np.nan_to_num(values - np.nanmean(known)) / spread)
    table = np.stack(columns, axis=1) if columns else np.zeros((len(frame), 1))
    if table.shape[1] <= MAX_WIDTH:
        return table
    # Neighbours in few dimensions are found quickly.
    onto = np.random.default_rng(0).normal(size=(table.shape[1], MAX_WIDTH))
    return table @ onto
