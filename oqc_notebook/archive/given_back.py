"""What an archive gives back in place of a service: runs, answers, and what panels showed."""

from __future__ import annotations

import contextlib
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from oqc_notebook.archive.cells import Execution, has_kernel
from oqc_notebook.archive.equal_cells import EqualCells
from oqc_notebook.archive.errors import NotArchivedError
from oqc_notebook.archive.formats import Provenance
from oqc_notebook.archive.kernel_session import KernelSession
from oqc_notebook.archive.locking import is_alive
from oqc_notebook.archive.modes import is_validated, mode
from oqc_notebook.archive.recorded_answers import (
    CONNECTED,
    LOOKED,
    SAID,
    WAITED,
    Answers,
    Question,
    line_of,
)
from oqc_notebook.archive.recorded_panels import Panels, ShownPanel
from oqc_notebook.archive.records import JobRecord
from oqc_notebook.archive.serving import Serving, complete, take_up
from oqc_notebook.archive.sidecar import Sidecar
from oqc_notebook.archive.where import FOLDER_WITHOUT_NOTEBOOK
from oqc_notebook.archive.writer import Writer
from oqc_notebook.sdk import Job
from oqc_notebook.sdk.running import Runnable

if TYPE_CHECKING:
    from oqc_notebook.archive.book import ArchivedRun
    from oqc_notebook.sdk.connection import Connection

T = TypeVar("T")

#: So many looks of a cell at jobs in flight are replayed: one that looks for hours, and sleeps
#: in between, is not to take hours again.
_MOST_LOOKS = 10
#: The places of jobs that were left in flight, with their status.
_LEFT = TypeAdapter(list[tuple[int, str]])


class GivingBack:
    """The half of :class:`~.recording.Archive` that answers instead of recording.

    Parameters
    ----------
    folder
        The archive's folder.
    notebook
        The notebook's file, if it is known.
    announcement
        What is said, once, when the folder is first written to.
    record_cells
        Whether the cells that are executed are recorded.
    """

    def __init__(
        self, folder: Path, notebook: Path | None, announcement: str, *, record_cells: bool
    ) -> None:
        self.sidecar = Sidecar(folder)
        self.session = KernelSession(self.sidecar, notebook, record_cells=record_cells)
        self._announcement: str | None = announcement
        self._writer = Writer(self.sidecar, self.session)
        self._lock = threading.RLock()
        self._jobs: weakref.WeakKeyDictionary[Job, JobRecord] = weakref.WeakKeyDictionary()
        self._equal_cells = EqualCells(self.sidecar, notebook, self.session.journal)
        self._serving = Serving(self.sidecar, self._equal_cells)
        self._answers = Answers(self.sidecar, self._equal_cells)
        #: The newest wait for, or look at, each; in replay, the jobs that are not to end while it
        #: lasts, with the status in which they were left.
        self._looks: weakref.WeakKeyDictionary[Runnable, Question] = weakref.WeakKeyDictionary()
        self._left: weakref.WeakKeyDictionary[Job, str] = weakref.WeakKeyDictionary()
        #: By the address of a service: what it said of its QPUs.
        self._qpus: dict[str, list[dict[str, Any]]] = {}
        self._panels = Panels(
            self.sidecar, self._equal_cells, self.session.notes, self._writer.wake
        )

    # ---- sessions ----

    def opening(self, url: str) -> Connection | None:
        """Give what serves a session in replay; None in other modes.

        Raises
        ------
        NotArchivedError
            If the archive holds no run.
        """
        if mode() != "replay":
            return None
        # it brings in what speaks HTTP, which it does not use
        from oqc_notebook.archive.replay import ReplayConnection

        qpus = self._qpus[url] if url in self._qpus else self.connected()["qpus"]
        return ReplayConnection(qpus, self._end_of, self._left.get)

    def note_connection(self, url: str, *, simulated: bool, qpus: list[dict[str, Any]]) -> None:
        """Take down what a session found when it was opened."""
        found = {"url": url, "simulated": simulated, "qpus": qpus}
        self._note_answer(line_of(self._question(CONNECTED), found))

    def connected(self) -> dict[str, Any]:
        """Give what a session found when it was opened in the cell that runs, or last.

        Raises
        ------
        NotArchivedError
            If the archive holds no run, or does not tell that.
        """
        if not self._serving.has_runs():
            folder = self.sidecar.folder
            raise NotArchivedError(
                f"There is nothing to replay: {folder.name}, the archive of this notebook, holds "
                f"no runs. Run the notebook live first (%oqc_mode live).{_elsewhere(folder)}"
            )
        found: dict[str, Any] = self._answers.archived(self._question(CONNECTED))
        self._qpus[found["url"]] = found["qpus"]
        return found

    # ---- questions ----

    async def looked_up(
        self, name: str, arguments: Sequence[Any], ask: Callable[[], Awaitable[Any]]
    ) -> Any:
        """Have a question answered by the service, or in replay by the archive."""
        question = self._question(name, arguments)
        if mode() == "replay":
            return self._answers.archived(question)
        if question.execution is None and has_kernel():  # a button asks, not the notebook
            return await ask()
        return await self._answers.ask(question, ask, self._note_answer)

    def _question(self, name: str, arguments: Sequence[Any] = ()) -> Question:
        return self._answers.question(name, arguments, self.session.journal.running())

    def _note_answer(self, line: str) -> None:
        self.session.notes.add_answer(line)
        if self.session.has_news:
            self._writer.wake()

    # ---- what the notebook shows ----

    def panel(self) -> ShownPanel | None:
        """Take note of a panel that the cell that runs shows; None outside of cells."""
        execution = self.session.journal.running()
        return None if execution is None else self._panels.show(execution)

    def _announce(self) -> None:
        """Say where results are archived, in the cell that first asks for some."""
        if self._announcement is None:
            return
        question = self._question(SAID)
        if mode() == "replay":  # what was said then: it depends on the machine
            self._announcement = self._answers.archived(question)
        else:
            self._note_answer(line_of(question, self._announcement))
        sys.stdout.write(f"{self._announcement}\n")
        self._announcement = None

    def as_then(self, about: str, now: Callable[[], Any]) -> Any:
        """Take down what a cell tells of the archive, which grows; in replay, tell that again.

        Parameters
        ----------
        about
            What it tells of.
        now
            Finds out what is to be told now.

        Returns
        -------
        object
            What is to be told; nothing, where a cell that is replayed told nothing.
        """
        question = self._question(SAID, [about])
        if mode() == "replay":
            return self._answers.archived_exactly(question)
        told = now()
        self._note_answer(line_of(question, told))
        return told

    def as_said(self, about: str, said: T) -> T:
        """Take down what a cell says of this machine; in a validation, give what it said then."""
        question = self._question(SAID, [about])
        if mode() != "replay":
            self._note_answer(line_of(question, said))
            return said
        then: T | None = self._answers.archived_exactly(question) if is_validated() else None
        return said if then is None else then

    # ---- jobs that were left in flight ----

    def looking(self, runnable: Runnable) -> None:
        """Note that the cell that runs asks for a look."""
        with self._lock:
            self._looks_at(runnable, LOOKED)

    def _looks_at(self, runnable: Runnable, how: str) -> None:
        """Take note of a wait or look; in replay, find out what it left in flight."""
        question = self._question(how)
        self._looks.pop(runnable, None)
        if question.execution is None and has_kernel():  # a button asks, not the notebook
            return
        self._looks[runnable] = question
        if mode() == "replay":
            members = runnable._members()
            self._end_from_now_on(members)
            left = self._answers.archived_exactly(question)
            with contextlib.suppress(ValidationError):  # nothing, or nothing that we wrote
                for place, status in _LEFT.validate_python(left):
                    self._left.update(dict.fromkeys(members[place : place + 1], status))

    def left(self, runnable: Runnable) -> None:
        """Note which jobs were left in flight; in replay, let them end from now on."""
        members = runnable._members()
        question = self._looks.get(runnable)
        if mode() == "replay":
            self._end_from_now_on(members)
            for job in members:
                job._tell_poller()
        elif question and (question.name == WAITED or question.ordinal < _MOST_LOOKS):
            left = [(place, job.status) for place, job in enumerate(members) if not job.ended]
            if left:
                self._note_answer(line_of(question, left))

    def _end_from_now_on(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self._left.pop(job, None)

    # ---- runs ----

    def _choose(self, jobs: Iterable[Job], *, is_first: bool) -> set[Job]:
        """Choose the archived runs that jobs are given back; tell which jobs.

        Where none of those that are asked for together ran before, they also go on with what a
        kernel that died left in flight.

        Raises
        ------
        NotArchivedError
            In replay, if there is none for a job.
        """
        wanted = [
            (job, record.asked) for job in jobs if (record := self._record(job)).asked is not None
        ]
        if mode() == "replay":
            self._serving.choose_all(wanted)
            return {job for job, _ in wanted}
        chosen = self._serving.choose(wanted)
        ids = {record.id for record in self._jobs.values()}
        for job, run in chosen.items():
            record = self._record(job)
            is_free = run.entry.id not in ids
            if run.job.ended:
                newest: str | None = run.entry.file
            elif is_first and is_free and self._is_left_behind(run, record.asked):
                take_up(job, run)
                newest, record.is_live, record.member = run.block.newest, True, run.block.member
            else:
                continue
            if run.entry.id == record.id or is_free:
                # what follows is archived as the same job's
                record.id, record.runs, record.newest = run.entry.id, run.entry.runs, newest
                ids.add(record.id)
        return {job for job, run in chosen.items() if run.job.ended}

    def _is_left_behind(self, run: ArchivedRun, asked: Provenance | None) -> bool:
        """Whether a run is in flight at the service that is asked now, and no kernel follows it."""
        return (
            run.job.task_id is not None
            and not run.job._gone
            and asked is not None
            and run.provenance.server == asked.server
            and run.block.session != self.session.id
            and not is_alive(self.sidecar.session_lock(run.block.session))
        )

    def served(self, jobs: Sequence[Job]) -> list[Job]:
        """Give jobs the archived runs that were chosen for them; give those left to submit."""
        left = []
        for job in jobs:
            run = self._serving.take(job)
            if run is None:
                left.append(job)
            else:
                self._give(job, run)
        return left

    def _give(self, job: Job, run: ArchivedRun) -> None:
        from oqc_notebook.archive.replay import ReplayConnection

        with self._lock:
            job._begin_run({})
            record = self._record(job)
            # it is archived: what becomes of it is not recorded again
            record.run, record.task_id, record.is_archived = job._run, run.job.task_id, True
            record.provenance, record.asked = run.provenance, None
        if isinstance(job._live_connection(), ReplayConnection):
            self._serving.begin(job, run)
        else:
            complete(job, run)

    def _end_of(self, job: Job) -> ArchivedRun | None:
        with self._lock:
            cell: Execution | None = self._record(job).cell
        return self._serving.end_of(job, None if cell is None else cell.cell.sha256)

    def _record(self, job: Job) -> JobRecord:
        record = self._jobs.get(job)
        if record is None:
            record = self._jobs[job] = JobRecord(weakref.ref(job))
        return record


def _elsewhere(folder: Path) -> str:
    """Say where runs may be that did not know their notebook, such as those of nbconvert."""
    other = folder.with_name(FOLDER_WITHOUT_NOTEBOOK)
    if other == folder or not (other / "archive.json").exists():
        return ""
    notebook = str(folder.with_suffix(".ipynb"))
    return (
        f" If it was run by what does not tell its name, such as nbconvert, its runs are in "
        f"{other.name}: oqc_notebook.archive.adopt({other.name!r}, {notebook!r}) takes them over."
    )
