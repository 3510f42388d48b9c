"""What the archive knows of each job and composite that it is told of."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from oqc_notebook.archive.cells import Execution, now
from oqc_notebook.archive.formats import (
    Child,
    CompositeBlock,
    JobBlock,
    Member,
    Provenance,
)
from oqc_notebook.archive.saved import safe_name
from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.sdk.answers import Run
from oqc_notebook.sdk.configs import config_to_text


def new_id() -> str:
    """Give an id for a job or composite."""
    return secrets.token_hex(6)


def inputs_sha256(job: Job) -> str:
    """Give the hash of what a job would run: program, configuration, QPU.

    Raises
    ------
    ValueError, TypeError, AttributeError
        If the configuration cannot be written down; then it cannot be sent either.
    """
    text = None if job.config is None else config_to_text(job.config)[0]
    parts = json.dumps([job.program, text, job.qpu_id])
    return hashlib.sha256(parts.encode()).hexdigest()


@dataclass(eq=False)
class JobRecord:
    """What the archive knows of a job.

    Attributes
    ----------
    job
        The job, as long as somebody has it.
    id
        The archive's id of it.
    name
        The variable that held it when it was asked for.
    cell
        The execution of a cell that made it, or asked for it last.
    asked
        Where the run comes from that was asked for and has not begun.
    asked_in
        The execution that asked for that one.
    is_asked_before
        Whether an earlier session asked for that one.
    run
        The run that is under way or was last.
    task_id
        Its task.
    provenance
        Where it comes from.
    is_archived
        Whether it has ended and is on its way into the archive.
    is_elsewhere
        Whether it had ended when the job was loaded: it is in a file of the user's alone.
    runs
        How many runs are archived.
    newest
        The file of the newest one.
    is_live
        Whether there is a live file.
    member
        Which composite it is a child of.
    composites
        Those of which it is a child that is in flight.
    """

    job: weakref.ref[Job]
    id: str = field(default_factory=new_id)
    name: str | None = None
    cell: Execution | None = None
    asked: Provenance | None = None
    asked_in: Execution | None = None
    is_asked_before: bool = False
    run: Run | None = None
    task_id: uuid.UUID | None = None
    provenance: Provenance | None = None
    is_archived: bool = False
    is_elsewhere: bool = False
    runs: int = 0
    newest: str | None = None
    is_live: bool = False
    member: Member | None = None
    composites: list[CompositeRecord] = field(default_factory=list)

    @property
    def stem(self) -> str:
        """What its files are called."""
        return safe_name((self.name or "job").replace("[", "-").replace("]", ""))

    def live_block(self, session: str) -> JobBlock:
        """Give the block of its live file."""
        return JobBlock(
            v=1,
            job=self.id,
            name=self.name,
            session=session,
            runs=self.runs,
            newest=self.newest,
            member=self.member if self.composites else None,
            provenance=self.provenance or self.asked,
        )

    def run_block(self, session: str, provenance: Provenance) -> JobBlock:
        """Give the block of the file of its next archived run."""
        return JobBlock(
            v=1,
            job=self.id,
            name=self.name,
            session=session,
            runs=self.runs + 1,
            previous=self.newest,
            member=self.member,
            provenance=provenance,
        )


@dataclass(eq=False)
class CompositeRecord:
    """What the archive knows of a composite.

    Attributes
    ----------
    id
        The archive's id of it.
    name
        The variable that held it when it was asked for.
    asked
        When its latest run was asked for.
    children
        Its children then.
    unfinished
        Those whose run has not been archived, by id.
    is_live
        Whether there is a live file.
    is_changed
        Whether that file is not up to date.
    """

    id: str = field(default_factory=new_id)
    name: str | None = None
    asked: datetime = field(default_factory=now)
    children: list[JobRecord] = field(default_factory=list)
    unfinished: set[str] = field(default_factory=set)
    is_live: bool = False
    is_changed: bool = False

    def begin(
        self, composite: CompositeJob, records: list[JobRecord], anew: set[Job], asked: datetime
    ) -> None:
        """Take down the children of a run that begins, or goes on; `anew` are those it begins."""
        self.asked = asked
        self.children = records
        self.unfinished = set()
        self.is_changed = True
        for place, (job, record) in enumerate(zip(composite.jobs, records, strict=True)):
            record.member = Member(composite=self.id, place=place)
            record.name = f"{self.name or 'composite'}[{place}]"
            if job in anew or not job.ended:
                self.unfinished.add(record.id)
                if self not in record.composites:
                    record.composites.append(self)

    def leave_out(self, records: Iterable[JobRecord]) -> None:
        """Take down that children have no run to wait for: they were given an archived one."""
        for record in records:
            self.unfinished.discard(record.id)
            if self in record.composites:
                record.composites.remove(self)

    def block(self, session: str, *, with_runs: bool) -> CompositeBlock:
        """Give the block of its file."""
        children = [
            Child(job=record.id, run=record.newest if with_runs else None)
            for record in self.children
        ]
        return CompositeBlock(
            v=1,
            composite=self.id,
            name=self.name,
            session=session,
            asked=self.asked,
            children=children,
        )

    @property
    def stem(self) -> str:
        """What its file is called."""
        return safe_name(self.name or "composite")


@dataclass(eq=False)
class EndedRun:
    """A run that has ended and is to be archived.

    Attributes
    ----------
    record
        The job that it is of.
    job
        The job with this run alone.
    run
        The run, to tell whether the job has begun another since.
    provenance
        Where it comes from.
    """

    record: JobRecord
    job: Job
    run: Run | None
    provenance: Provenance
