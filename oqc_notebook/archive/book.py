"""Which run of the archive answers to which request: the newest one with the same key."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from oqc_notebook.archive import index
from oqc_notebook.archive.equal_cells import Executions
from oqc_notebook.archive.formats import (
    CompositeBlock,
    Entry,
    JobBlock,
    JobFile,
    LiveFile,
    Provenance,
)
from oqc_notebook.archive.sidecar import Sidecar
from oqc_notebook.sdk import Job
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.persistence import load_file


@dataclass(frozen=True)
class ArchivedRun:
    """A run, as it was archived.

    Attributes
    ----------
    entry
        What the index says of it.
    job
        A job with this run alone, bound to no session.
    block
        What the archive adds to its file.
    provenance
        Where it comes from.
    """

    entry: Entry
    job: Job
    block: JobBlock
    provenance: Provenance


class Book:
    """The archived runs of a notebook, by their keys and by their tasks.

    Parameters
    ----------
    sidecar
        The archive.
    """

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar
        self._files: set[str] | None = None
        #: The newest of each key is the last.
        self._by_key: dict[tuple[str | None, str | None, int | None], list[Entry]] = {}
        self._by_task: dict[str, list[Entry]] = {}

    def refresh(self) -> None:
        """Take note of the runs that were archived since."""
        paths = self._sidecar.files_in(self._sidecar.runs, "*/*.json")
        files = {self._sidecar.name_of(path) for path in paths}
        if files == self._files:
            return
        self._files = files
        ended = [entry for entry in index.entries(self._sidecar) if entry.kind == "job"]
        by_key: defaultdict[tuple[str | None, str | None, int | None], list[Entry]]
        by_key = defaultdict(list)
        # what never ended comes first, so that an ended run with the same key is preferred
        for entry in [*self._unfinished(), *ended]:
            if entry.ordinal is not None:
                by_key[entry.key].append(entry)
        self._by_key = dict(by_key)
        by_task: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in ended:
            if entry.task_id is not None:
                by_task[entry.task_id].append(entry)
        self._by_task = dict(by_task)

    def newest_first(self) -> list[Entry]:
        """List the runs that have a key, the newest of each."""
        newest = [entries[-1] for entries in self._by_key.values()]
        return sorted(newest, key=lambda e: (e.asked, e.file), reverse=True)

    def find(self, wanted: Provenance, among: Executions | None) -> ArchivedRun | None:
        """Give the newest run with the key of one that is asked for.

        Where it is known which executions were of the same cell, one of those is preferred.
        """
        cell = None if wanted.cell is None else wanted.cell.sha256
        same = self._by_key.get((wanted.inputs_sha256, cell, wanted.ordinal), [])
        own = [e for e in same if among is not None and (e.session, e.execution) in among]
        return self.read((own or same)[-1]) if same else None

    def find_task(self, task_id: str, cell_sha256: str | None) -> ArchivedRun | None:
        """Give the run of a task that has ended.

        Where several jobs followed it, that of the same cell is preferred, then one that
        was loaded or attached, as what is asked for by its task is.
        """
        found = self._by_task.get(task_id)
        if not found:
            return None
        return self.read(
            max(found, key=lambda e: (e.cell_sha256 == cell_sha256, e.ordinal is None, e.asked))
        )

    def read(self, entry: Entry) -> ArchivedRun | None:
        """Read a run; None if its file is not legible. What is given back is nobody else's."""
        path = self._sidecar.folder / entry.file
        file = self._sidecar.read(path, JobFile)
        if file is None or file.oqc_archive.provenance is None:
            return None
        try:
            job = load_file(self._sidecar.content(path), path.name, None)
        except SnapshotError as exc:
            self._sidecar.passed_over(path, str(exc))
            return None
        assert isinstance(job, Job), "composites have no key"
        return ArchivedRun(entry, job, file.oqc_archive, file.oqc_archive.provenance)

    def _unfinished(self) -> list[Entry]:
        """List the runs that were in flight when their kernel ended, the oldest first."""
        found = []
        for path in self._sidecar.files_in(self._sidecar.live):
            either = self._sidecar.read(path, LiveFile)
            if either is None or isinstance(either.oqc_archive, CompositeBlock):
                continue
            file = self._sidecar.read(path, JobFile)
            if file is not None and file.task_id is not None:
                found.append(index.entry_of_job(self._sidecar.name_of(path), file))
        return sorted(found, key=lambda entry: entry.asked)
