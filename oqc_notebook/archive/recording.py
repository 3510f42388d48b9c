"""The archive of a notebook, as the sessions of this process record their runs in it."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import contextlib
import uuid
import weakref
from collections.abc import Sequence
from pathlib import Path

from oqc_notebook.archive import identity
from oqc_notebook.archive.calibrations import Calibrations
from oqc_notebook.archive.cells import Execution, name_of, now
from oqc_notebook.archive.documents import with_one_run
from oqc_notebook.archive.formats import ArchiveFile, Provenance
from oqc_notebook.archive.given_back import GivingBack
from oqc_notebook.archive.modes import archiving_is_off, mode
from oqc_notebook.archive.recorded_answers import WAITED
from oqc_notebook.archive.records import CompositeRecord, EndedRun, JobRecord, inputs_sha256
from oqc_notebook.archive.sidecar import Sidecar, warn_once
from oqc_notebook.archive.where import notebook_place
from oqc_notebook.sdk import CompositeJob, Job, JobState
from oqc_notebook.sdk.frames import is_simulated
from oqc_notebook.sdk.outputs import JobOutput
from oqc_notebook.sdk.running import Runnable

#: States of a run that a QPU has taken.
_AT_THE_QPU = frozenset({JobState.SUBMITTED, JobState.RUNNING})

#: The longest that a submission waits until its ids are recorded (seconds).
_RECORDING_S = 30.0

#: The longest that a wait for a job is prolonged until its run is archived (seconds).
_SETTLING_S = 1.0

#: The longest that the end of a session waits for the disk (seconds).
_CLOSING_S = 5.0


class Archive(GivingBack):
    """Records the runs of a notebook in the folder next to it.

    It is a :class:`~oqc_notebook.sdk.recording.Recorder`. The folder is made when the
    first run is asked for.

    Parameters
    ----------
    folder
        The folder.
    notebook
        The notebook's file, if it is known.
    announcement
        What is said, once, when the folder is first written to.
    record_cells
        Whether the cells that are executed are recorded.

    Attributes
    ----------
    is_named : bool
        Whether the user chose the folder; it does not go with a notebook that is renamed.
    """

    def __init__(
        self, folder: Path, notebook: Path | None, announcement: str, *, record_cells: bool = True
    ) -> None:
        super().__init__(folder, notebook, announcement, record_cells=record_cells)
        self.is_named = False
        self._notebook = notebook
        self._calibrations = Calibrations(self.sidecar, self.session)
        self._id = ""
        self._has_begun = False
        self._is_off = archiving_is_off()
        self._composites: weakref.WeakKeyDictionary[CompositeJob, CompositeRecord] = (
            weakref.WeakKeyDictionary()
        )
        #: How often an execution of a cell asked for a run with the same inputs.
        self._ordinals: collections.Counter[tuple[int | None, str]] = collections.Counter()
        self._by_task: dict[uuid.UUID, Provenance] = {}

    # ---- what the session tells ----

    def made(self, runnable: Runnable) -> None:
        """Note which cell a job or composite is from."""
        execution = self.session.journal.running()
        with self._lock:
            for job in runnable._members():
                record = self._record(job)
                record.cell = execution or record.cell
                if record.run is None:
                    record.run, record.task_id, record.is_archived = (
                        job._run, job.task_id, job.ended,
                    )  # fmt: skip
                    record.is_elsewhere = job.ended
                home = job._home
                if archiving_is_off() and home and self.sidecar.folder in home.path.parents:
                    job._home = None  # its file is left as it is, too

    def asked(self, runnable: Runnable, anew: Sequence[Job]) -> None:
        """Note which cell asks for which runs, and give each its ordinal."""
        execution = self.session.journal.running()
        name = name_of(runnable)
        with self._lock:
            if self._has_begun and not self.sidecar.folder.is_dir():
                self._find_folder()
                self._has_begun = self.sidecar.folder.is_dir()  # else it was removed: begin anew
            if mode() != "replay" and not self._begin():
                return
            self._announce()
            self._looks_at(runnable, WAITED)
        fresh = [job for job in anew if not _goes_on(job)]
        for job in fresh:  # each by itself: the session's loop must not wait for all
            self._ask(job, execution)
        with self._lock:
            is_first = all(job._never_submitted for job in runnable._members())
            given = set() if mode() == "live" else self._choose(fresh, is_first=is_first)
            if mode() == "replay":
                return
            anew = [job for job in anew if job not in given]
            if isinstance(runnable, CompositeJob):
                composite = self._composites.get(runnable) or self._begun_before(runnable)
                self._composites[runnable] = composite
                composite.name = name or composite.name
                self._record_composite(runnable, composite, set(anew), given)
            else:
                for job in runnable._members():
                    record = self._record(job)
                    record.name = name or record.name
        self._writer.wake()

    def _begun_before(self, composite: CompositeJob) -> CompositeRecord:
        """Give a record of a composite: where its children go on, that of the composite before."""
        children = [self._record(job) for job in composite.jobs]
        before = {child.member.composite for child in children if child.member and not child.run}
        free = before - {record.id for record in self._composites.values()}
        return CompositeRecord(id=free.pop(), is_live=True) if len(free) == 1 else CompositeRecord()

    def _record_composite(
        self, composite: CompositeJob, record: CompositeRecord, anew: set[Job], given: set[Job]
    ) -> None:
        """Note that a run of a composite begins, or that one of a loaded composite goes on."""
        is_new_here = not record.children and not composite.ended
        if not anew and not is_new_here:
            return
        children = [self._record(job) for job in composite.jobs]
        record.begin(composite, children, anew, now())
        record.leave_out(self._record(job) for job in given)
        for job, child in zip(composite.jobs, children, strict=True):
            if child.is_elsewhere and job._output is not None:  # else the composite lacks it
                child.is_elsewhere = False
                self._archive(job, child, job._output)
        if all(_goes_on(job) for job in anew):
            # then no ids are reserved, with which it would be recorded
            self._writer.reserve(list(zip(composite.jobs, children, strict=True)))

    async def reserved(self, jobs: Sequence[Job]) -> None:
        """Record reserved ids, and what else belongs to the same composites."""
        with self._lock:
            if not self._begin():
                return
            records = {job: self._record(job) for job in jobs}
            for composite in {c for record in records.values() for c in record.composites}:
                for child in composite.children:
                    job = child.job()
                    if job is not None and not child.is_live:
                        records.setdefault(job, child)
            done = self._writer.reserve(list(records.items()))
        try:
            await asyncio.wait_for(asyncio.wrap_future(done), _RECORDING_S)
        except OSError as exc:  # TimeoutError is one
            warn_once(
                str(self.sidecar.folder),
                "The ids of a submission cannot be recorded in %s (%s); the submission goes on.",
                self.sidecar.folder.name,
                exc or "it took too long",
            )

    def changed(self, job: Job) -> None:
        """Note the new state of a job; the writer does the rest."""
        with self._lock:
            if self._is_off:
                return
            record = self._record(job)
            if job._run is not record.run:
                self._another_run(job, record)
            record.task_id = job.task_id
            output = job._output
            if job._run is None:
                if record.is_live:
                    self._writer.change(job, record)
            elif record.is_archived:
                return
            elif job.ended and output is not None:
                record.is_archived = True
                self._archive(job, record, output)
            elif job.task_id is not None and self._begin():
                self._writer.change(job, record)
        self._ask_for_calibration(job)

    async def settled(self) -> None:
        """Let what has ended be archived, within reason."""
        if self._has_begun:
            await asyncio.wait({asyncio.wrap_future(self._writer.archived())}, timeout=_SETTLING_S)

    async def closing(self) -> None:
        """Let what is still to be written be written, within reason."""
        await self._calibrations.close()
        done = self._writer.flushed()
        await asyncio.wait({asyncio.wrap_future(done)}, timeout=_CLOSING_S)
        self._writer.dismiss(done)

    # ---- what the process and its user ask ----

    def begin(self) -> bool:
        """Make the folder now, where it may be written to; tell whether it can be."""
        with self._lock:
            return mode() != "replay" and self._begin()

    def moved(self, folder: Path, notebook: Path | None) -> None:
        """Go on in another folder: this one was moved there, with all that is in it."""
        with self._lock:
            self.sidecar.is_at(folder)
            self._notebook = self._equal_cells.notebook = notebook
            self.session.is_of(notebook)

    def flush(self, limit_s: float = 30.0) -> bool:
        """Wait until all that was noted is on the disk; tell whether it is."""
        done = self._writer.flushed()
        concurrent.futures.wait([done], limit_s)
        self._writer.dismiss(done)
        return done.done()

    def finish(self) -> None:
        """End the session in good order: the process ends."""
        with self._lock:
            begun, self._has_begun = self._has_begun, False
        if begun:
            self.flush(_CLOSING_S)
            with contextlib.suppress(OSError):  # it was warned of before
                self.session.end()

    def provenance_of(self, thing: Job | JobOutput) -> Provenance | None:
        """Give where a job's latest run, or an output, comes from, if it was recorded here."""
        with self._lock:
            if isinstance(thing, Job):
                record = self._jobs.get(thing)
                if record is not None and record.provenance is not None:
                    return record.provenance
            return None if thing.task_id is None else self._by_task.get(thing.task_id)

    def has(self, id_: str) -> bool:
        """Whether somebody in this process holds the job or composite of that id."""
        with self._lock:
            ids = {record.id for record in self._jobs.values()}
            return id_ in ids | {record.id for record in self._composites.values()}

    def restored(self, job: Job, record: JobRecord) -> None:
        """Take up a job that was rebuilt from the files."""
        with self._lock:
            record.run, record.task_id = job._run, job.task_id
            self._jobs[job] = record

    def restored_composite(self, composite: CompositeJob, record: CompositeRecord) -> None:
        """Take up a composite that was rebuilt from the files."""
        with self._lock:
            self._composites[composite] = record
            if record.is_live and not record.unfinished and self.begin():
                self._writer.archive(record)  # the process was killed before it did that

    def take_over(self, jobs: Sequence[Job]) -> None:
        """Write that this session follows these jobs now.

        Raises
        ------
        OSError
            If that cannot be written.
        """
        with self._lock:
            done = self._writer.reserve([(job, self._record(job)) for job in jobs])
        done.result()

    # ---- runs ----

    def _ask(self, job: Job, execution: Execution | None) -> None:
        """Give the run that is asked for its key."""
        with self._lock:
            record = self._record(job)
        execution = execution or record.cell
        try:
            inputs = inputs_sha256(job)
        except (ValueError, TypeError, AttributeError):
            return  # it cannot be sent, and whoever asked is told so
        asked = self._provenance(job, execution, inputs, None)
        which = (None if execution is None else execution.number, inputs)
        with self._lock:
            is_same = record.asked is not None and record.asked.inputs_sha256 == inputs
            if is_same and (record.asked_in is execution or record.is_asked_before):
                return  # asked for twice before it began: one run
            asked.ordinal = self._ordinals[which]
            self._ordinals[which] += 1
            record.cell = record.asked_in = execution
            record.is_elsewhere = False
            record.asked = asked

    def _provenance(
        self, job: Job, execution: Execution | None, inputs: str, ordinal: int | None
    ) -> Provenance:
        cell = None if execution is None else execution.cell
        if cell is not None and not self.session.record_cells:
            cell = cell.model_copy(update={"source": None})
        return Provenance(
            notebook=None if self._notebook is None else self._notebook.name,
            cell=cell,
            execution=None if execution is None else execution.number,
            inputs_sha256=inputs,
            ordinal=ordinal,
            session=self.session.id,
            asked=now(),
            server=None if job._client is None else self.session.serves(job._client.url),
            simulated=is_simulated(job.qpu_id),
        )

    def _another_run(self, job: Job, record: JobRecord) -> None:
        """Note that a job is in another run than before, or in none."""
        before, record.run = record.run, job._run
        if before is not None and job.task_id is not None and job.task_id == record.task_id:
            return  # a later session goes on with the same task
        if before is not None and not record.is_archived:
            # the server no longer knew it; what it said is in the history
            left = job._history.last if job._history else None
            if left is not None and left.task_id == record.task_id is not None:
                self._archive(job, record, left)
        record.is_archived = record.is_asked_before = False
        if job._run is None:  # what was asked for meanwhile, if anything, has not begun
            record.provenance = None
        else:
            record.provenance, record.asked = record.asked, None

    def _archive(self, job: Job, record: JobRecord, output: JobOutput) -> None:
        if not self._begin():
            return
        provenance = record.provenance
        if provenance is None:  # it was begun elsewhere
            alone = with_one_run(job, output)
            provenance = self._provenance(alone, record.cell, inputs_sha256(alone), None)
            record.provenance = provenance
            record.name = record.name or name_of(job)
        provenance.calibration = self._calibrations.file_of(output.qpu_id or job.qpu_id)
        if output.task_id is not None:
            self._by_task[output.task_id] = provenance
        run = None if job._output is not output else job._run
        self._writer.archive(EndedRun(record, with_one_run(job, output), run, provenance))

    def _ask_for_calibration(self, job: Job) -> None:
        connection = None if job._client is None else job._client._connection
        if job._state in _AT_THE_QPU and connection is not None and self._has_begun:
            connection.in_loop(self._calibrations.submitted_to, job.qpu_id, connection)

    # ---- the folder ----

    def _begin(self) -> bool:
        """Make the folder when it is first needed; tell whether it can be written to."""
        if self._has_begun or self._is_off or mode() == "replay":
            return self._has_begun
        try:
            self._id = identity.begin(self.sidecar, self._notebook)
            self.session.begin(self._writer.wake)
        except OSError as exc:
            self._is_off = True
            warn_once(
                str(self.sidecar.folder),
                "Results are not archived: %s cannot be written to (%s). Work goes on.",
                self.sidecar.folder.name,
                exc.strerror or exc,
            )
            return False
        self._has_begun = True
        self._writer.find_folder = self._find_folder
        self.session.journal.on_news = self._writer.wake
        return True

    def _find_folder(self) -> None:
        """Go on where the folder is now, if it was moved together with its notebook."""
        if self.is_named:
            return
        with contextlib.suppress(OSError):  # there may be no working directory any more
            place = notebook_place()
            there = Sidecar(place.folder)
            file = there.read(there.archive_file, ArchiveFile)
            if file is not None and file.id == self._id:
                self.moved(place.folder, place.path)


def _goes_on(job: Job) -> bool:
    """Whether what is asked for is the run that was reserved already."""
    return job.task_id is not None and job.state is JobState.CREATED and not job._gone
