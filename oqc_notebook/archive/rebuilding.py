"""From the archive's files back to jobs and composites, with all their runs."""

from __future__ import annotations

import re
import weakref
from collections.abc import Mapping
from pathlib import Path

from oqc_notebook.archive.formats import CompositeBlock, Entry, JobBlock, JobFile, Member
from oqc_notebook.archive.records import CompositeRecord, JobRecord
from oqc_notebook.archive.sidecar import Sidecar
from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.outputs import JobOutput
from oqc_notebook.sdk.persistence import load_file
from oqc_notebook.sdk.proxy import JobOutputProxy

#: Where the file of a run may be; nothing else is read because a file names it.
_A_RUN = re.compile(r"runs/[^/\\]+/[^/\\]+\.json")


class Rebuilder:
    """Makes jobs of the files of an archive, bound to a session.

    Parameters
    ----------
    sidecar
        The archive.
    newest
        Each job's newest archived run, by the archive's id of the job.
    sdk
        The session; None for jobs that are only looked at.
    """

    def __init__(self, sidecar: Sidecar, newest: Mapping[str, Entry], sdk: OqcSdk | None) -> None:
        self._sidecar = sidecar
        self._newest = newest
        self._sdk = sdk

    def job(self, id_: str) -> tuple[Job, JobRecord] | None:
        """Rebuild a job: as it was in flight, else as its newest run left it.

        None if there is nothing legible of it.
        """
        newest = self._newest.get(id_)
        live = self._read(self._sidecar.live_file(id_))
        if live is not None and (newest is None or not _is_archived(live[0], newest)):
            job, block = live
            return self._with_history(job, block, block.newest)
        if newest is None or (run := self._read(self._sidecar.folder / newest.file)) is None:
            return None
        job, block = run
        block.newest = newest.file
        return self._with_history(job, block, block.previous)

    def composite(
        self, block: CompositeBlock
    ) -> tuple[CompositeJob, CompositeRecord, list[JobRecord]]:
        """Rebuild a composite of those of its children of which there is something legible."""
        found = [rebuilt for child in block.children if (rebuilt := self.job(child.job))]
        composite = CompositeJob([job for job, _ in found])
        record = CompositeRecord(id=block.composite, name=block.name, asked=block.asked)
        record.children = [child for _, child in found]
        record.is_live = self._sidecar.has(self._sidecar.live_file(record.id))
        record.is_changed = True  # another session follows it now
        for place, (job, child) in enumerate(found):
            child.member = Member(composite=record.id, place=place)
            if not job.ended:
                record.unfinished.add(child.id)
                child.composites.append(record)
        return composite, record, record.children

    def _with_history(
        self, job: Job, block: JobBlock, earlier: str | None
    ) -> tuple[Job, JobRecord]:
        outputs = [*self._runs_up_to(earlier, block.job), *job.history]
        for output in outputs:
            output._job = job
        job._history = JobOutputProxy(outputs, job.history.attr_policy)
        record = JobRecord(weakref.ref(job), id=block.job, name=block.name)
        record.runs, record.newest, record.member = block.runs, block.newest, block.member
        record.is_archived = job.ended and job._output is not None
        record.is_live = self._sidecar.has(self._sidecar.live_file(block.job))
        if job.task_id is None and not job.ended:
            record.asked, record.is_asked_before = block.provenance, block.provenance is not None
        else:
            record.provenance = block.provenance
        return job, record

    def _runs_up_to(self, file: str | None, id_: str) -> list[JobOutput]:
        """Give the outputs of a job's run and of those before it, the oldest first."""
        outputs: list[JobOutput] = []
        seen: set[str] = set()
        while file is not None and file not in seen and _A_RUN.fullmatch(file):
            seen.add(file)
            read = self._read(self._sidecar.folder / file)
            if read is None:
                break
            job, block = read
            if block.job != id_:  # files of one job are read once, whatever others name them
                break
            outputs[:0] = job.history
            file = block.previous
        return outputs

    def _read(self, path: Path) -> tuple[Job, JobBlock] | None:
        """Read the file of a job; None if it is not there, or is not as it should be."""
        file = self._sidecar.read(path, JobFile)
        if file is None:
            return None
        try:
            job = load_file(self._sidecar.content(path), path.name, self._sdk)
        except SnapshotError as exc:
            self._sidecar.passed_over(path, str(exc))
            return None
        return (job, file.oqc_archive) if isinstance(job, Job) else None


def _is_archived(live: Job, newest: Entry) -> bool:
    """Whether what a live file says is over: a process was killed before it removed the file."""
    return live.task_id is not None and str(live.task_id) == newest.task_id
