"""A composite: many jobs that are run, watched and saved together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from oqc_notebook.sdk.job import Job
from oqc_notebook.sdk.loops import on_loop
from oqc_notebook.sdk.outputs import JobError
from oqc_notebook.sdk.proxy import JobOutputProxy
from oqc_notebook.sdk.running import Observer, Runnable
from oqc_notebook.sdk.states import JobState, overall

if TYPE_CHECKING:
    import pandas

    from oqc_notebook.sdk.connection import Connection
    from oqc_notebook.sdk.job_snapshot import CompositeJobSnapshot


class CompositeJob(Runnable):
    """Many jobs that are run, watched and saved together.

    Make it with ``sdk.create_job()`` and lists, or of jobs at hand.

    Parameters
    ----------
    jobs
        The children, in their order.

    Attributes
    ----------
    jobs : list of Job
        The children, in their order.
    """

    def __init__(self, jobs: list[Job] | None = None) -> None:
        super().__init__()
        self.jobs: list[Job] = [] if jobs is None else jobs
        self._outputs: JobOutputProxy[Any] = JobOutputProxy()
        #: Of each that observes this composite: what has it observe more children.
        self._observing: list[Callable[[Iterable[Job]], None]] = []
        self._tell_sessions(self.jobs)

    def add(self, job: Job | Iterable[Job]) -> None:
        """Add one job or several at the end."""
        added = [job] if isinstance(job, Job) else list(job)
        self.jobs.extend(added)
        for take in self._observing:
            take(added)
        if self._observing:
            for new in added:
                new._changed()
        self._tell_sessions(added)

    def __len__(self) -> int:
        return len(self.jobs)

    # ---- reading ----

    @property
    def state(self) -> JobState:
        """Where the children stand together.

        Any RUNNING is RUNNING; any active is SUBMITTED; all CREATED is CREATED; else
        FAILED comes before CANCELLED before COMPLETED.
        """
        return overall([job.state for job in self.jobs])

    @property
    def ended(self) -> bool:
        """Whether the latest run of every child has ended."""
        return bool(self.jobs) and all(job.ended for job in self.jobs)

    @property
    def completed(self) -> bool:
        """Whether the latest run of every child has ended with a result."""
        return bool(self.jobs) and all(job.completed for job in self.jobs)

    @property
    def completed_jobs(self) -> list[Job]:
        """The children whose latest run has ended with a result."""
        return [job for job in self.jobs if job.completed]

    @property
    def failed_jobs(self) -> list[Job]:
        """The children with an error."""
        return [job for job in self.jobs if job.error is not None]

    @property
    def active_jobs(self) -> list[Job]:
        """The children whose latest run has not ended."""
        return [job for job in self.jobs if not job.ended]

    @property
    def terminal_jobs(self) -> list[Job]:
        """The children whose latest run has ended."""
        return [job for job in self.jobs if job.ended]

    @property
    def error(self) -> JobError | None:
        """The error of the first child that has one."""
        return next((job.error for job in self.jobs if job.error is not None), None)

    @property
    def outputs(self) -> JobOutputProxy[Any]:
        """The outputs of each child's latest run, in the children's order.

        Children that have neither a result nor an error yet are left out.
        """
        items = [output for job in self.jobs for output in job.outputs]
        kept = self._outputs
        if len(items) != len(kept) or any(a is not b for a, b in zip(items, kept, strict=True)):
            self._outputs = JobOutputProxy(items, kept.attr_policy)
        return self._outputs

    @property
    def history(self) -> JobOutputProxy[Any]:
        """The histories of the children, one after the other."""
        return JobOutputProxy([output for job in self.jobs for output in job.history])

    def raise_for_status(self) -> None:
        """Raise if a child's latest run failed.

        Raises
        ------
        JobFailed
            For the first child that ended FAILED or has an error.
        """
        for job in self.jobs:
            job.raise_for_status()

    def to_dataframe(self) -> pandas.DataFrame:
        """Give the counts of each child as a tidy table; see :mod:`oqc_notebook.sdk.frames`."""
        from oqc_notebook.sdk.frames import composite_frame

        return composite_frame(self)

    def to_snapshot(self) -> CompositeJobSnapshot:
        """Give the complete state of every child as a model, as of one moment.

        Raises
        ------
        ValueError
            If a result holds something that JSON cannot hold; it says where.
        """
        from oqc_notebook.sdk.persistence import composite_to_snapshot

        return composite_to_snapshot(self)

    def __repr__(self) -> str:
        completed, failed = len(self.completed_jobs), len(self.failed_jobs)
        return (
            f"CompositeJob(jobs={len(self.jobs)}, completed={completed}, failed={failed}, "
            f"active={len(self.jobs) - completed - failed})"
        )

    def observe(self, callback: Observer) -> Callable[[], None]:
        """Have `callback(job)` called with the child at each change of one.

        Children that are added later are observed as well, and adding one is told as
        a change of it. The function given back ends this. The calls come on the loop
        of the session; what the callback raises is logged. While a child is observed
        and in flight, its state is kept up to date.
        """
        observed: list[Job] = []

        def take(jobs: Iterable[Job]) -> None:
            for job in jobs:
                observed.append(job)
                job._add_observer(callback)

        def stop() -> None:
            if take in self._observing:
                self._observing.remove(take)
            for job in observed:
                job._remove_observer(callback)
            observed.clear()

        self._observing.append(take)
        take(list(self.jobs))
        return stop

    async def rerun_failed(self, *, timeout_s: float | None = 120.0) -> JobOutputProxy[Any]:
        """Run again the children whose latest run failed or was cancelled, and only those.

        Then wait until no child is in flight any more, as :meth:`execute` does.

        Parameters
        ----------
        timeout_s
            Seconds to wait; None waits without limit.

        Returns
        -------
        JobOutputProxy
            The outputs of all children, those of the earlier good runs included.

        Raises
        ------
        TimeoutError
            If they have not ended by then. They stay in flight: nothing is lost, and
            ``wait()`` goes on waiting.
        SessionError
            If the session is not open, is closed, or cannot reach the server.
        ValueError, TypeError
            If a program or a configuration cannot be sent. Nothing was submitted.
        """
        if self.jobs:
            connection = self._connection()
            self._asked([job for job in self.jobs if job._failed_run])
            await on_loop(connection.loop, self._rerun_failed, connection, timeout_s)
        return self.outputs

    async def _rerun_failed(self, connection: Connection, timeout_s: float | None) -> None:
        await self._follow(connection, [job for job in self.jobs if job._failed_run], timeout_s)

    def _members(self) -> Sequence[Job]:
        return self.jobs

    def _tell_sessions(self, jobs: Iterable[Job]) -> None:
        """Have the sessions of children know this composite."""
        for client in {job._client for job in jobs}:
            if client is not None:
                client._registry.add(self)
