"""The models of a schema are fitted, with one display for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from joblib import Parallel, delayed, effective_n_jobs
from skorch.callbacks import Callback
from tqdm.auto import tqdm

from sklearn_synthohive.relational._contract import teach
from sklearn_synthohive.relational._learning import Lesson

__all__ = ["Job", "fit_jobs"]


@dataclass
class Job:
    """A model and what it learns."""

    lesson: Lesson
    model: Any
    options: dict

    @property
    def size(self) -> int:
        """Cells, by which the display moves on."""
        context = self.lesson.context
        width = self.lesson.frame.shape[1] + (
            0 if context is None else context.shape[1]
        )
        return len(self.lesson.frame) * width


def fit_jobs(jobs: list[Job], n_jobs: int | None, progress_bar: bool) -> None:
    """Fit all models and put each into its table.

    Parameters
    ----------
    jobs : list of Job
    n_jobs : int or None
        Tables at a time, in processes.
    progress_bar : bool
    """
    total = sum(job.size for job in jobs)
    many = effective_n_jobs(n_jobs) > 1
    # The long ones first, so that processes end together.
    order = sorted(jobs, key=lambda job: -job.size) if many else jobs
    shown = "{desc} |{bar}| {n_fmt} of {total_fmt} cells [{elapsed}<{remaining}]"
    with tqdm(
        total=total,
        disable=not progress_bar,
        unit_scale=True,
        bar_format=shown,
    ) as bar:
        bar.set_description_str(f"{len(jobs)} tables")
        if many:
            fitted = Parallel(n_jobs=n_jobs, return_as="generator")(
                delayed(_teach)(job.model, job.lesson, job.options) for job in order
            )
        else:
            fitted = (_taught(job, bar) for job in order)
        moved = 0
        for done, (job, model) in enumerate(zip(order, fitted, strict=True), 1):
            job.lesson.table.model = model
            moved += job.size
            bar.set_description_str(f"{done} of {len(jobs)} tables")
            bar.update(moved - bar.n)


class _Watch(Callback):
    """Moves the display with every epoch, by its share of those that there may be."""

    def __init__(self, bar, job):
        self.bar = bar
        self.job = job
        self.start = bar.n

    def on_epoch_end(self, net, **kwargs):
        epoch = len(net.history)
        share = min(epoch / max(net.max_epochs, 1), 1.0)
        self.bar.update(self.start + int(share * self.job.size) - self.bar.n)
        self.bar.set_description_str(f"{self.job.lesson.table.name}, epoch {epoch}")


def _taught(job, bar):
    bar.set_description_str(job.lesson.table.name)
    return _teach(job.model, job.lesson, job.options, _Watch(bar, job))


def _teach(model, lesson, options, watch=None):
    teach(model, lesson.frame, lesson.context, watch, **options)
    return model
