"""A composite: many jobs that are run, watched and saved together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from oqc_notebook.sdk.job import Job
from oqc_notebook.sdk.outputs import JobError
from oqc_notebook.sdk.proxy import JobOutputProxy
from oqc_notebook.sdk.running import Runnable
from oqc_notebook.sdk.states import JobState, overall

if TYPE_CHECKING:
    import pandas

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

    def add(self, job: Job | Iterable[Job]) -> None:
        """Add one job or several at the end."""
        self.jobs.extend([job] if isinstance(job, Job) else job)

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

    def _members(self) -> Sequence[Job]:
        return self.jobs
