"""Giving archived runs back to the jobs that ask for them."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from oqc_notebook.archive.book import ArchivedRun, Book
from oqc_notebook.archive.differences import why_not
from oqc_notebook.archive.equal_cells import EqualCells
from oqc_notebook.archive.errors import NotArchivedError
from oqc_notebook.archive.formats import Provenance
from oqc_notebook.archive.sidecar import Sidecar
from oqc_notebook.sdk import Job, JobState
from oqc_notebook.sdk.answers import Run
from oqc_notebook.sdk.states import MOMENT, state_of


class Serving:
    """Finds archived runs, and has jobs take them over.

    Parameters
    ----------
    sidecar
        The archive.
    equal_cells
        Tells apart the cells that have the same source.
    """

    def __init__(self, sidecar: Sidecar, equal_cells: EqualCells) -> None:
        self._name = sidecar.folder.name
        self._book = Book(sidecar)
        self._equal_cells = equal_cells
        #: Runs that are to be given to a job as soon as it begins one.
        self._chosen: weakref.WeakKeyDictionary[Job, ArchivedRun] = weakref.WeakKeyDictionary()
        #: Runs that jobs have begun and not ended.
        self._begun: weakref.WeakKeyDictionary[Job, ArchivedRun] = weakref.WeakKeyDictionary()
        #: By the execution of a cell: the files of the runs that it was given.
        self._given: dict[int | None, set[str]] = {}

    def has_runs(self) -> bool:
        """Whether there is a run to give back."""
        self._book.refresh()
        return bool(self._book.newest_first())

    # ---- choosing, in the thread of whoever asks ----

    def choose(self, wanted: Sequence[tuple[Job, Provenance]]) -> dict[Job, ArchivedRun]:
        """Choose the runs that jobs are given in place of new ones.

        Those that have ended are; of the others, it is for the caller to say.
        """
        self._book.refresh()
        found = {}
        for job, provenance in wanted:
            run = self._find(provenance)
            if run is not None:
                found[job] = run
                if run.job.ended:
                    self._choose(job, provenance, run)
        return found

    def choose_all(self, wanted: Sequence[tuple[Job, Provenance]]) -> None:
        """Choose the runs that jobs are given back.

        Raises
        ------
        NotArchivedError
            If there is none for a job.
        """
        self._book.refresh()
        for job, provenance in wanted:
            run = self._find(provenance)
            if run is None:
                given = self._given.get(provenance.execution, set())
                raise NotArchivedError(why_not(self._name, self._book, job, provenance, given))
            self._choose(job, provenance, run)

    def _find(self, wanted: Provenance) -> ArchivedRun | None:
        among = self._equal_cells.executions_of(wanted.execution, wanted.cell)
        return self._book.find(wanted, among)

    def _choose(self, job: Job, provenance: Provenance, run: ArchivedRun) -> None:
        self._chosen[job] = run
        self._given.setdefault(provenance.execution, set()).add(run.entry.file)

    # ---- giving, on the session's loop ----

    def take(self, job: Job) -> ArchivedRun | None:
        """Give the run that was chosen for a job, once."""
        return self._chosen.pop(job, None)

    def begin(self, job: Job, run: ArchivedRun) -> None:
        """Have a job that begins a run be where it was when that was submitted."""
        self._begun[job] = run
        assert job._run is not None, "it has begun"
        job._run.state_times.clear()
        _reach(job, run.job, JobState.CREATED)
        if run.job.task_id is None:  # it was refused
            complete(job, run)
            return
        with MOMENT:
            job.task_id = run.job.task_id
        job._changed()
        _reach(job, run.job, JobState.SUBMITTED)

    def end_of(self, job: Job, cell_sha256: str | None) -> ArchivedRun | None:
        """Give the run that a job in flight ends with; None if its end is not archived."""
        begun = self._begun.get(job)
        if begun is not None and begun.job.task_id == job.task_id and begun.job.ended:
            return begun
        self._book.refresh()
        return self._book.find_task(str(job.task_id), cell_sha256)


def take_up(job: Job, run: ArchivedRun) -> None:
    """Have a job that never ran go on with a run which another kernel left in flight.

    It is as if its id had just been reserved: the server is asked about that first.
    """
    with MOMENT:
        job.task_id, job._run = run.job.task_id, Run.of(job)


def _reach(job: Job, archived: Job, state: JobState) -> None:
    """Have a job be in a state, since when it was then."""
    with MOMENT:
        assert job._run is not None, "it has begun"
        job._state = state
        if state.value in archived.state_times:
            job._run.state_times[state.value] = archived.state_times[state.value]
    job._changed()


def stay(job: Job, status: str, run: ArchivedRun | None) -> None:
    """Have a job in flight be where it was when somebody left it; `run` is how it ended."""
    state = state_of(status)
    if job.in_flight and state is not JobState.CREATED:
        with MOMENT:
            job._status = status
        _reach(job, job if run is None else run.job, state)


def complete(job: Job, run: ArchivedRun) -> None:
    """Have a job be as it was when its run had ended.

    The parts of the run become the job's own: it was read for this job alone.
    """
    archived = run.job
    assert archived._output is not None, "it has ended"
    if job.in_flight and JobState.RUNNING.value in archived.state_times:
        _reach(job, archived, JobState.RUNNING)
    with MOMENT:
        assert job._run is not None, "it has begun"
        job._run.state_times.clear()
        job._run.state_times.update(archived.state_times)
        job.task_id = archived.task_id
        job._state, job._status = archived._state, archived._status
        job.cancel_requested = archived.cancel_requested
        job.timings, job.metrics, job.metadata = (
            archived.timings, archived.metrics, archived.metadata,
        )  # fmt: skip
        job._output, job._error = archived._output, archived._error
        archived._output._job = job
        job._record(archived._output)
    job._changed()
