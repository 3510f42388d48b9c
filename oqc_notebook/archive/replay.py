"""What serves a session in replay: the archive, in place of HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from oqc_notebook.archive.errors import NotArchivedError
from oqc_notebook.archive.serving import complete, stay
from oqc_notebook.sdk import Job
from oqc_notebook.sdk.answers import Run, own_config
from oqc_notebook.sdk.connection import Connection
from oqc_notebook.sdk.errors import SessionUnreachableError
from oqc_notebook.sdk.poller import Poller
from oqc_notebook.sdk.service import Service
from oqc_notebook.sdk.states import MOMENT
from oqc_notebook.sdk.submission import Submissions
from oqc_notebook.sdk.transport import Transport
from oqc_notebook.sdk.waiting import wait_for_all

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine

    from oqc_notebook.archive.book import ArchivedRun

    #: Gives the archived end of a job in flight.
    EndOf = Callable[[Job], ArchivedRun | None]
    #: Gives the status that a job in flight had when somebody left it; None if it is to end now.
    LeftAt = Callable[[Job], str | None]


class ReplayConnection(Connection):
    """The open half of a session in replay. What it needs of the network is refused.

    Parameters
    ----------
    qpus
        What the service said of its QPUs when the session was opened.
    end_of
        Gives the archived end of a job in flight.
    left_at
        Gives the status that a job in flight had when somebody had looked, or when the time to
        wait was up; None if it is to end now.
    """

    def __init__(self, qpus: list[dict[str, Any]], end_of: EndOf, left_at: LeftAt) -> None:
        super().__init__(_NoTransport())
        self.service._known(qpus)
        self._left_at = left_at
        self.poller = _ReplayPoller(self.service, end_of, left_at)
        self.submissions = Submissions(self.service, self.poller)

    async def until_over(
        self, overs: Mapping[Job, asyncio.Future[Exception | None]], timeout_s: float | None
    ) -> set[asyncio.Future[Exception | None]]:
        """Give those that were not over by then at once: their time is not waited for again."""
        left = {job for job in overs if self._left_at(job) is not None}
        if timeout_s is None or not left:
            return await super().until_over(overs, timeout_s)
        submissions = {job._submission for job in left if job._submission is not None}
        await wait_for_all(submissions, timeout_s)
        await self.poller.look_all(left)
        others = {job: over for job, over in overs.items() if job not in left}
        late = {overs[job] for job in left if not overs[job].done()}
        return late | await super().until_over(others, timeout_s)

    async def _cancel_some(self, qpu_id: str, jobs: Sequence[Job]) -> None:
        for job in jobs:
            job._cancel_asked()


class _NoTransport(Transport):
    """In place of a transport: it has no connections, and refuses every request."""

    def __init__(self) -> None:
        self.url = ""
        self._attempts = 1
        self.requests = 0
        self.lost_since = None

    async def close(self) -> None:
        pass

    async def _persist(self, send: Callable[[], Coroutine[Any, Any, Any]], attempts: int) -> Any:
        raise SessionUnreachableError(
            "This session was opened in replay, in which no service is reached. For another one, "
            "choose %oqc_mode live or reuse and call connect() again."
        )


class _ReplayPoller(Poller):
    """Finds the end of jobs in the archive, as soon as somebody waits for it.

    Jobs that are only observed are looked at a moment later, as in a live session, so that
    who submits a job still sees it in flight.
    """

    def __init__(self, service: Service, end_of: EndOf, left_at: LeftAt) -> None:
        super().__init__(service)
        self._end_of = end_of
        self._left_at = left_at

    def follow(self, job: Job) -> asyncio.Future[Exception | None]:
        over = super().follow(job)
        if job.in_flight and self._left_at(job) is None:
            try:
                complete(job, self._required(job))
            except NotArchivedError as exc:
                self.give_up(job, exc)
        return over

    def changed(self, job: Job) -> None:
        may_end = self._left_at(job) is None and self._end_of(job) is not None
        if not job.in_flight or may_end:
            super().changed(job)

    async def look(self, job: Job, *, attempts: int | None = None) -> None:
        status = self._left_at(job)
        if status is not None:
            stay(job, status, self._end_of(job))
        elif not job.ended:
            complete(job, self._required(job))

    async def attach(self, job: Job) -> None:
        run = self._required(job)
        with MOMENT:
            job.program, job.config = run.job.program, own_config(run.job.config)
            job.tag = job.tag or run.job.tag
            job._run = Run.of(job)
        complete(job, run)

    def _required(self, job: Job) -> ArchivedRun:
        run = self._end_of(job)
        if run is None:
            raise NotArchivedError(
                f"The end of task {job.task_id} is not in the archive: when its kernel ended, it "
                "was in flight, or it was never followed by this notebook. In live mode "
                "(%oqc_mode live), %oqc_resume or refresh() asks the service about it."
            )
        return run
