"""The one poller of a session: who is asked about next, and when.

A job is looked at while somebody waits for it or observes it. Few requests are in
flight at a time; the pauses between looks at a job grow with its age.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from oqc_notebook.sdk.errors import DisturbanceError, ServerError, SessionClosedError
from oqc_notebook.sdk.service import Service

if TYPE_CHECKING:
    from oqc_notebook.sdk.job import Job

logger = logging.getLogger("oqc_notebook.sdk")

#: Requests in flight at a time.
_MAX_LOOKS = 8
#: Pause before the second look, growth of the pauses, and the longest one (seconds).
_FIRST_PAUSE_S, _GROWTH, _LONGEST_PAUSE_S = 0.05, 1.4, 5.0


class _Followed:
    """A job that somebody waits for or observes."""

    def __init__(self, over: asyncio.Future[Exception | None]) -> None:
        #: Done when the run has ended or cannot be followed; then with the reason.
        self.over = over
        self.waiters = 0
        self.pause_s = _FIRST_PAUSE_S
        self.timer: asyncio.TimerHandle | None = None
        self.looking = False


class Poller:
    """Looks at the jobs of a session that are in flight.

    Everything here runs on the session's loop.

    Parameters
    ----------
    service
        The service to ask.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._followed: dict[Job, _Followed] = {}
        self._ready: deque[Job] = deque()
        self._looks: set[asyncio.Task[None]] = set()

    # ---- followers ----

    def follow(self, job: Job) -> asyncio.Future[Exception | None]:
        """Start to wait for a job; give the future that says when its run is over.

        The future's result is None, or the error to raise to whoever waits. Each
        call is paired with one of :meth:`unfollow`.
        """
        entry = self._entry(job)
        entry.waiters += 1
        # somebody is waiting now, so look soon, however old the job is
        entry.pause_s = _FIRST_PAUSE_S
        if entry.timer:
            entry.timer.cancel()
            entry.timer = None
        self.changed(job)
        return entry.over

    def unfollow(self, job: Job) -> None:
        """Stop waiting for a job."""
        if entry := self._followed.get(job):
            entry.waiters -= 1
            if not entry.waiters and not job._observers:
                self._forget(job)

    def changed(self, job: Job) -> None:
        """Take note of a job's new state: followed jobs in flight are looked at."""
        if job.ended or job.error is not None:
            # an error of a job in flight is a final answer: waiting longer would not help
            self.give_up(job, None)
        elif job.in_flight and (job in self._followed or job._observers):
            entry = self._entry(job)
            if entry.timer is None and not entry.looking:
                self._look_later(job, entry)

    def give_up(self, job: Job, reason: Exception | None) -> None:
        """Tell those who wait for a job that there is nothing more to wait for."""
        if entry := self._forget(job):
            entry.over.set_result(reason)

    async def close(self) -> None:
        """Stop every look, and tell those who still wait that the session is closed."""
        for job in list(self._followed):
            self.give_up(
                job,
                SessionClosedError(
                    f"The session was closed while {job!r} was awaited. The job itself goes on: "
                    "save it, load it into a new session and refresh()."
                ),
            )
        for look in self._looks:
            look.cancel()
        await asyncio.gather(*self._looks, return_exceptions=True)

    def _entry(self, job: Job) -> _Followed:
        if job not in self._followed:
            self._followed[job] = _Followed(self._loop.create_future())
        return self._followed[job]

    def _forget(self, job: Job) -> _Followed | None:
        entry = self._followed.pop(job, None)
        if entry and entry.timer:
            entry.timer.cancel()
        return entry

    # ---- looks ----

    async def look(self, job: Job, *, attempts: int | None = None) -> None:
        """Ask the server about a job once and take over what it says.

        Raises
        ------
        DisturbanceError, SessionUnreachableError
            If there is no usable answer. A final no is stored in ``job.error``.
        """
        run = job._run
        assert run is not None
        try:
            answer = await self._service.task(run.qpu_id, str(job.task_id), attempts=attempts)
        except ServerError as exc:
            job._look_refused(run, exc)
        else:
            job._take_over(run, answer)

    async def look_all(self, jobs: Iterable[Job]) -> None:
        """Look at several jobs, a few at a time; raises what the first failed look raised."""
        places = asyncio.Semaphore(_MAX_LOOKS)

        async def look(job: Job) -> None:
            async with places:
                await self.look(job)

        results = await asyncio.gather(*map(look, jobs), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def _look_later(self, job: Job, entry: _Followed, at_least_s: float = 0.0) -> None:
        entry.timer = self._loop.call_later(max(entry.pause_s, at_least_s), self._due, job)
        entry.pause_s = min(entry.pause_s * _GROWTH, _LONGEST_PAUSE_S)

    def _due(self, job: Job) -> None:
        if entry := self._followed.get(job):
            entry.timer = None
            entry.looking = True
            self._ready.append(job)
            self._start_looks()

    def _start_looks(self) -> None:
        while self._ready and len(self._looks) < _MAX_LOOKS:
            look = self._loop.create_task(self._follow_up(self._ready.popleft()))
            self._looks.add(look)
            look.add_done_callback(self._look_done)

    def _look_done(self, look: asyncio.Task[None]) -> None:
        self._looks.discard(look)
        if not look.cancelled() and (exc := look.exception()):
            logger.error("A look at a job failed unexpectedly", exc_info=exc)
        self._start_looks()

    async def _follow_up(self, job: Job) -> None:
        asked_to_wait_s = 0.0
        try:
            await self.look(job, attempts=1)
        except DisturbanceError as exc:
            logger.info("A look at %s gave no answer and is repeated: %s", job.task_id, exc)
            asked_to_wait_s = exc.retry_after_s or 0.0
        except Exception as exc:
            self.give_up(job, exc)
            raise
        finally:
            if entry := self._followed.get(job):
                entry.looking = False
        if entry := self._followed.get(job):
            if not entry.waiters and not job._observers:
                self._forget(job)
            elif entry.timer is None:
                self._look_later(job, entry, asked_to_wait_s)
