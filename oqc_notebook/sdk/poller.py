"""The one poller of a session: who is asked about next, and when.

A job is looked at while somebody waits for it or observes it. Each QPU has a line of
jobs (:mod:`.pace`) that says when to look; few requests are in flight at a time,
because each costs more the more of them wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from oqc_notebook.sdk.errors import (
    DisturbanceError,
    OqcError,
    ServerError,
    SessionClosedError,
    SessionUnreachableError,
)
from oqc_notebook.sdk.pace import Line
from oqc_notebook.sdk.service import Service

if TYPE_CHECKING:
    from oqc_notebook.sdk.job import Job
    from oqc_notebook.sdk.outputs import JobOutput

logger = logging.getLogger("oqc_notebook.sdk")

#: Requests in flight for a QPU at a time.
_MAX_LOOKS = 8
#: The longest that one look may take before it counts as lost (seconds). After one that was, the
#: next ones may take longer, since a large result may need that.
_LOOK_S, _LONGEST_LOOK_S = 10.0, 60.0
#: A round of looks goes on without those that take longer (seconds), as long as they are few.
_SLOW_S, _MAX_SLOW = 2.0, 2
#: So many ended jobs are written down at once at most, because that holds up the loop.
_MOST_UNWRITTEN = 250
#: What ends this much later than it had to says that this machine was asleep (seconds).
_ASLEEP_S = 5.0
#: How long the server is left alone after a look without an answer, at first (seconds).
_FIRST_REST_S, _LONGEST_REST_S = 0.1, 10.0


class _Followed:
    """A job that somebody waits for or observes."""

    def __init__(self, over: asyncio.Future[Exception | None], qpu_id: str) -> None:
        #: Done when the run has ended or cannot be followed; then with the reason.
        self.over = over
        self.qpu_id = qpu_id
        self.waiters = 0
        self.is_looked_at = False
        #: How long a look may take; more after one that took too long.
        self.limit_s = _LOOK_S


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
        self._lines: dict[str, Line] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._news: dict[str, asyncio.Event] = {}
        self._rests: dict[str, float] = {}
        #: Looks that their rounds did not wait for.
        self._slow: set[asyncio.Task[Any]] = set()
        #: Jobs whose runs were just seen to end, and what these left, not written down yet. Other
        #: runs of these jobs may begin first.
        self._unwritten: list[tuple[Job, JobOutput]] = []

    # ---- followers ----

    def follow(self, job: Job) -> asyncio.Future[Exception | None]:
        """Start to wait for a job; give the future that says when its run is over.

        The future's result is None, or the error to raise to whoever waits. Each
        call is paired with one of :meth:`unfollow`, which is given the future.
        """
        entry = self._entry(job)
        entry.waiters += 1
        self.changed(job)
        line = self._lines.get(entry.qpu_id)
        if line is not None and job in line.jobs:  # somebody is waiting now, so look soon
            line.add(job, self._loop.time())
            self._news[entry.qpu_id].set()
        return entry.over

    def unfollow(self, job: Job, over: asyncio.Future[Exception | None]) -> None:
        """Stop waiting for a job."""
        entry = self._followed.get(job)
        if entry and entry.over is over:  # others may wait for its next run already
            entry.waiters -= 1
            if not entry.waiters and not job._observers:
                self._forget(job)

    def changed(self, job: Job) -> None:
        """Take note of a job's new state: followed jobs in flight are looked at."""
        if job.ended or job.error is not None:
            # an error of a job in flight is a final answer: waiting longer would not help
            self.give_up(job, None)
        elif job._run is None:
            self.give_up(job, OqcError(f"{job!r} was given other inputs while it was awaited."))
        elif job.in_flight and (job in self._followed or job._observers):
            self._stand_in_line(job)

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
        tasks = [*self._watches.values(), *self._slow]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _entry(self, job: Job) -> _Followed:
        if job not in self._followed:
            qpu_id = job.qpu_id if job._run is None else job._run.qpu_id
            self._followed[job] = _Followed(self._loop.create_future(), qpu_id)
        return self._followed[job]

    def _forget(self, job: Job) -> _Followed | None:
        entry = self._followed.pop(job, None)
        if entry and (line := self._lines.get(entry.qpu_id)):
            line.jobs.pop(job, None)
        return entry

    def _stand_in_line(self, job: Job) -> None:
        entry = self._entry(job)
        line = self._lines.setdefault(entry.qpu_id, Line(self._loop.time()))
        if job not in line.jobs:
            line.add(job, self._loop.time())
            self._news.setdefault(entry.qpu_id, asyncio.Event()).set()
            if entry.qpu_id not in self._watches:
                watch = self._loop.create_task(self._watch(entry.qpu_id, line))
                self._watches[entry.qpu_id] = watch

    # ---- looks ----

    async def look(self, job: Job, *, attempts: int | None = None) -> None:
        """Ask the server about a job once and take over what it says.

        Raises
        ------
        DisturbanceError, SessionUnreachableError
            If there is no usable answer. A final no is stored in ``job.error``.
        """
        run = job._run
        if run is None or job.task_id is None:
            return  # it was given other inputs a moment ago
        before = job._output
        try:
            answer = await self._service.task(run.qpu_id, str(job.task_id), attempts=attempts)
        except ServerError as exc:
            job._look_refused(run, exc)
        else:
            job._take_over(run, answer)
        output = job._output
        if output is not None and output is not before:
            self._unwritten.append((job, output))
            if len(self._unwritten) >= _MOST_UNWRITTEN:
                self._write_down()

    async def attach(self, job: Job) -> None:
        """Look at a job of which only the task's id is known, and complete its inputs."""
        run = job._run
        assert run is not None
        try:
            answer = await self._service.task(run.qpu_id, str(job.task_id))
        except ServerError as exc:
            job._look_refused(run, exc)
        else:
            job._complete(answer)

    async def look_all(self, jobs: Iterable[Job]) -> None:
        """Look at several jobs, a few at a time; raises what the first failed look raised."""
        places = asyncio.Semaphore(_MAX_LOOKS)

        async def look(job: Job) -> None:
            async with places:
                await self.look(job)

        try:
            results = await asyncio.gather(*map(look, jobs), return_exceptions=True)
        finally:
            self._write_down()
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _watch(self, qpu_id: str, line: Line) -> None:
        """Look at the jobs of a line when they are due, until none is left."""
        news = self._news[qpu_id]
        try:
            while line.jobs:
                await self._until_due(line, news)
                ended = await self._in_turn(line)
                while line.jobs and (strays := line.stray(self._loop.time())):
                    found = await self._several(line, strays)
                    ended += found
                    if not line.strayed(len(strays), found):
                        break
                line.looked(ended, self._loop.time())
                self._write_down()
        except Exception as exc:
            logger.exception("The poller failed unexpectedly")
            for job in list(line.jobs):
                self.give_up(job, exc)
        finally:
            del self._watches[qpu_id]

    async def _until_due(self, line: Line, news: asyncio.Event) -> None:
        while (rest := line.due() - self._loop.time()) > 0:
            news.clear()
            try:
                await asyncio.wait_for(news.wait(), rest)
            except TimeoutError:
                if self._loop.time() - line.due() > _ASLEEP_S:
                    line.woke(self._loop.time())
                return

    async def _in_turn(self, line: Line) -> int:
        """Look at the first job, and on, as long as they have ended; give how many had."""
        jobs = iter([job for job in line.jobs if not self._followed[job].is_looked_at])
        looks: set[asyncio.Task[bool | None]] = set()
        ended, width, passed_over = 0, 1, False
        while True:
            while len(looks) < width and (job := next(jobs, None)):
                looks.add(self._loop.create_task(self._has_ended(line, job)))
            if not looks:
                return ended
            done, looks = await asyncio.wait(
                looks, timeout=self._patience(), return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                self._leave(looks)
                return ended
            for look in done:
                if look.result():
                    ended += 1
                    width = min(2 * width, _MAX_LOOKS)
                elif look.result() is None and not passed_over:
                    passed_over = True  # it may be this job's own trouble: the next one tells
                else:
                    width = 0  # what is behind it has most likely not ended either

    async def _several(self, line: Line, jobs: list[Job]) -> int:
        """Look at jobs a few at a time; give how many had ended."""
        waiting = iter(jobs)
        ended = 0

        async def look_on() -> None:
            nonlocal ended
            for job in waiting:
                if await self._has_ended(line, job):  # not "+=", which would read before it awaits
                    ended += 1

        looks = {self._loop.create_task(look_on()) for _ in range(min(len(jobs), _MAX_LOOKS))}
        done, late = await asyncio.wait(looks, timeout=self._patience())
        self._leave(late)
        for look in done:
            look.result()
        return ended

    def _patience(self) -> float | None:
        return _SLOW_S if len(self._slow) < _MAX_SLOW else None

    def _leave(self, looks: set[asyncio.Task[Any]]) -> None:
        """Let looks go on by themselves, so that other jobs need not wait for them."""
        for look in looks:
            self._slow.add(look)
            look.add_done_callback(self._came_late)

    def _came_late(self, look: asyncio.Task[Any]) -> None:
        self._slow.discard(look)
        self._write_down()

    def _write_down(self) -> None:
        """Write down what has ended: only now, so that nobody learnt of the next end later for it.

        It is little work for each job, and a save has that much less to do.
        """
        from oqc_notebook.sdk.snapshot_text import write_down  # which knows jobs

        unwritten, self._unwritten = self._unwritten, []
        for job, output in unwritten:
            try:
                write_down(job, output)
            except Exception:  # somebody may be changing it in another thread, say
                logger.debug("%s is left to the first save", output.task_id, exc_info=True)

    async def _has_ended(self, line: Line, job: Job) -> bool | None:
        """Look at a job of a line; give whether it need not be looked at any more.

        None if there was no answer, and that is not known.
        """
        entry = self._followed.get(job)
        if job not in line.jobs or entry is None:
            return True
        if entry.is_looked_at:
            return False
        began, limit_s, answered = self._loop.time(), entry.limit_s, True
        entry.is_looked_at = True
        try:
            async with asyncio.timeout(limit_s):
                await self.look(job, attempts=1)
        except (DisturbanceError, SessionUnreachableError, TimeoutError) as exc:
            if isinstance(exc, TimeoutError):
                self._service.unanswered()
                entry.limit_s = min(2 * limit_s, _LONGEST_LOOK_S)
            asked_s = exc.retry_after_s if isinstance(exc, DisturbanceError) else None
            answered = asked_s is not None  # then the server is left alone
            rest = self._rests.get(entry.qpu_id, _FIRST_REST_S)
            self._rests[entry.qpu_id] = min(2 * rest, _LONGEST_REST_S)
            line.disturbed(rest if asked_s is None else asked_s, self._loop.time())
            logger.info("A look at %s gave no answer and is repeated: %s", job.task_id, exc)
        except Exception as exc:
            logger.exception("The look at %s failed unexpectedly", job.task_id)
            self.give_up(job, exc)  # and this one alone: the others go on
        else:
            self._rests.pop(entry.qpu_id, None)
        finally:
            entry.is_looked_at = False
        if self._loop.time() - began > limit_s + _ASLEEP_S:
            line.woke(self._loop.time())
        # meanwhile everybody may have left, or left and come back
        present = self._followed.get(job)
        if present is not None and not present.waiters and not job._observers:
            self._forget(job)
        return job not in line.jobs or (None if not answered else False)
