"""Wall-clock seconds of the parts of a run."""

import time
from collections import defaultdict
from contextlib import contextmanager

__all__ = ["Stopwatch"]


class Stopwatch:
    """Adds up the seconds spent in named parts.

    Attributes
    ----------
    seconds : dict of str to float
    """

    def __init__(self):
        self.seconds = defaultdict(float)

    @contextmanager
    def __call__(self, part):
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - start

    def around(self, part, function):
        """The function, with its time added to a part."""

        def timed(*args, **kwargs):
            with self(part):
                return function(*args, **kwargs)

        return timed
