"""Seconds of the parts of a run, by the clock and of the processor."""

import os
import time
from collections import defaultdict
from contextlib import contextmanager

__all__ = ["CLOCKS", "Stopwatch"]


def _cpu_seconds():
    return sum(os.times()[:4])


CLOCKS = {"wall": time.perf_counter, "cpu": _cpu_seconds}


class Stopwatch:
    """Adds up the seconds spent in named parts.

    Parameters
    ----------
    clock : {"wall", "cpu"}, default="wall"
        What ``now`` and ``chosen`` go by.

    Attributes
    ----------
    seconds : dict of str to float
        By the clock on the wall.
    cpu_seconds : dict of str to float
        Of the processor, threads and finished child processes included: what is left
        to compare where other work runs on the machine.
    """

    def __init__(self, clock="wall"):
        self.seconds = defaultdict(float)
        self.cpu_seconds = defaultdict(float)
        self.now = CLOCKS[clock]
        self.chosen = self.seconds if clock == "wall" else self.cpu_seconds

    @contextmanager
    def __call__(self, part):
        start, cpu = time.perf_counter(), _cpu_seconds()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - start
            self.cpu_seconds[part] += _cpu_seconds() - cpu

    def around(self, part, function):
        """The function, with its time added to a part."""

        def timed(*args, **kwargs):
            with self(part):
                return function(*args, **kwargs)

        return timed
