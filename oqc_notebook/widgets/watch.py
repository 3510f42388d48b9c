"""Watching a job or composite: what changed, told at most ten times a second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from oqc_notebook.widgets.throttle import Throttle

if TYPE_CHECKING:
    from oqc_notebook.sdk import CompositeJob, Job

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
        self._stop: Callable[[], None] | None = None

    @property
    def is_on(self) -> bool:
        """Whether changes are told."""
        return self._stop is not None

    def start(self) -> None:
        """Watch the job, or the children that there are now and those added later."""
        with self._lock:
            stop_before = self._stop
            self._stop = self._runnable.observe(self._on_change)
            if stop_before is not None:  # only now, so that no change is missed
                stop_before()
            self._active = {job for job in self._runnable._members() if not _settled(job)}

    def stop(self) -> None:
        """Stop watching."""
        self._throttle.drop()
        with self._lock:
            if self._stop is not None:
                self._stop()
            self._stop = None
            self._active.clear()
            self._changed.clear()

    def _on_change(self, job: Job) -> None:
        with self._lock:
            if self._stop is None:
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
            over = not self._active
        if self.is_on:
            self._tell(changed, over)


def _settled(job: Job) -> bool:
    """Tell whether waiting for the job is over: it ended, or cannot be followed further."""
    return job.ended or job.error is not None
