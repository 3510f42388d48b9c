"""Watching a job or composite: what changed, told at most ten times a second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from oqc_notebook.sdk import CompositeJob
from oqc_notebook.widgets.throttle import Throttle

if TYPE_CHECKING:
    from oqc_notebook.sdk import Job

#: The least time between two updates of a panel (seconds).
INTERVAL_S = 0.1


class Watch:
    """Tells which jobs changed: soon, and at once when there is nothing more to wait for.

    At once means before those who wait for the job go on, so that a notebook that is
    saved right then holds the end and not what was before it.

    Parameters
    ----------
    runnable
        The job or composite.
    tell
        Called with the jobs that changed, and whether the run has come to its end.
    """

    def __init__(
        self, runnable: Job | CompositeJob, tell: Callable[[set[Job], bool], None]
    ) -> None:
        self._runnable = runnable
        self._tell = tell
        self._lock = threading.RLock()
        self._throttle = Throttle(INTERVAL_S, self._flush)
        self._changed: set[Job] = set()
        self._active: set[Job] = set()
        self._stops: dict[Job, Callable[[], None]] = {}

    @property
    def is_on(self) -> bool:
        """Whether changes are told."""
        return bool(self._stops)

    def start(self) -> None:
        """Watch all jobs that there are now; those that are watched already stay so."""
        with self._lock:
            present = self._jobs()
            for job in self._stops.keys() - set(present):
                self._stops.pop(job)()
                self._active.discard(job)
            for job in present:
                if job not in self._stops:
                    if not _settled(job):
                        self._active.add(job)
                    self._stops[job] = job.observe(self._on_change)

    def stop(self) -> None:
        """Stop watching."""
        self._throttle.drop()
        with self._lock:
            for stop in self._stops.values():
                stop()
            self._stops.clear()
            self._active.clear()
            self._changed.clear()

    def _jobs(self) -> list[Job]:
        runnable = self._runnable
        return list(runnable.jobs) if isinstance(runnable, CompositeJob) else [runnable]

    def _on_change(self, job: Job) -> None:
        with self._lock:
            if job not in self._stops:
                return
            self._changed.add(job)
            if _settled(job):
                self._active.discard(job)
            else:
                self._active.add(job)
            over = not self._active
        # outside the lock: the throttle has one of its own, which is taken first
        self._throttle(urgent=over)

    def _flush(self) -> None:
        with self._lock:
            changed, self._changed = self._changed, set()
            watching, over = bool(self._stops), not self._active
        if watching:
            self._tell(changed, over)


def _settled(job: Job) -> bool:
    """Tell whether waiting for the job is over: it ended, or cannot be followed further."""
    return job.ended or job.error is not None
