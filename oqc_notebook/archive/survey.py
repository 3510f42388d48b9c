"""What an archive holds that nobody in this kernel does, as its files say at one moment."""

from __future__ import annotations

import collections
import contextlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from oqc_notebook.archive import index
from oqc_notebook.archive.formats import (
    CompositeBlock,
    CompositeFile,
    Entry,
    JobFile,
    LiveFile,
)
from oqc_notebook.archive.locking import is_alive
from oqc_notebook.archive.modes import archiving_is_off, mode
from oqc_notebook.archive.rebuilding import Rebuilder
from oqc_notebook.archive.recording import Archive
from oqc_notebook.archive.redaction import redacted
from oqc_notebook.archive.saved import variable_name
from oqc_notebook.archive.sidecar import Sidecar
from oqc_notebook.sdk import CompositeJob, Job, JobState, OqcSdk
from oqc_notebook.sdk.answers import GONE

AnyJob: TypeAlias = Job | CompositeJob

#: How something that is not at hand stands: it can be resumed; another kernel follows it; its
#: service is another one than this session's; the server no longer knows it; it has ended.
Standing: TypeAlias = Literal["in flight", "another kernel's", "another server's", "gone", "ended"]


@dataclass(frozen=True)
class Archived:
    """A job or composite in the archive that nobody in this kernel holds.

    Attributes
    ----------
    name
        The variable that held it, or one made up; what :func:`resume` takes.
    kind
        ``"job"`` or ``"composite"``.
    standing
        How it stands.
    states
        How many of its jobs were last seen in which state.
    asked
        When its latest run was asked for, in UTC.
    server
        The service that it was submitted to, where that is known.
    id
        The archive's id of it.
    """

    name: str
    kind: Literal["job", "composite"]
    standing: Standing
    states: dict[str, int]
    asked: datetime | None
    server: str | None
    id: str
    _block: CompositeBlock | None = field(repr=False, default=None)

    @property
    def is_on_this_machine(self) -> bool:
        """Whether it was submitted to a local QPU, which may have ended with its kernel."""
        return urlsplit(self.server or "").hostname in ("127.0.0.1", "localhost", "::1")


class Survey:
    """What the files say at one moment.

    Parameters
    ----------
    archive
        The archive.
    sdk
        The session that asks.
    """

    def __init__(self, archive: Archive, sdk: OqcSdk) -> None:
        self._archive = archive
        self._sdk = sdk
        self._sidecar: Sidecar = archive.sidecar
        self._alive: dict[str, bool] = {archive.session.id: False}
        self._entries = index.entries(self._sidecar)
        self._newest: dict[str, Entry] = {}
        for entry in self._entries:
            if entry.kind == "job":
                known = self._newest.get(entry.id)
                if known is None or entry.runs >= known.runs:
                    self._newest[entry.id] = entry
        self._archived_composites = {
            (entry.id, entry.asked) for entry in self._entries if entry.kind == "composite"
        }
        self._live_jobs: dict[str, JobFile] = {}
        self._live_composites: list[CompositeBlock] = []
        for path in self._sidecar.files_in(self._sidecar.live):
            self._note(self._sidecar.read(path, LiveFile), path.stem)
        self._drop_incomplete_reservations()
        self._rebuilder = Rebuilder(self._sidecar, self._newest, sdk)

    def _note(self, file: LiveFile | None, id_: str) -> None:
        if file is None:
            return
        if isinstance(file.oqc_archive, CompositeBlock):
            if file.oqc_archive.composite != id_:
                return
            if (id_, file.oqc_archive.asked) in self._archived_composites:
                self._remove(id_)  # a process was killed after it archived the composite
            else:
                self._live_composites.append(file.oqc_archive)
        elif file.oqc_archive.job == id_:
            job = self._sidecar.read(self._sidecar.live_file(id_), JobFile)
            newest = self._newest.get(id_)
            if job is None:
                return
            if job.task_id is not None and newest is not None and newest.task_id == job.task_id:
                self._remove(id_)  # a process was killed after it archived the run
            else:
                self._live_jobs[id_] = job

    def _drop_incomplete_reservations(self) -> None:
        """Remove what a process left that was killed while it recorded reserved ids.

        The file of the composite is written last, and nothing is submitted before. So
        where there is none, nothing was submitted.
        """
        for id_, job in list(self._live_jobs.items()):
            block = job.oqc_archive
            if (
                block.member is not None
                and job.state == JobState.CREATED
                and not self._sidecar.live_file(block.member.composite).exists()
                and block.session != self._archive.session.id
                and not self._is_alive(block.session)
            ):
                del self._live_jobs[id_]
                self._remove(id_)

    def _remove(self, id_: str) -> None:
        """Remove a live file that is superfluous, unless only to look is allowed."""
        if mode() != "replay" and not archiving_is_off():
            with contextlib.suppress(OSError):
                self._sidecar.live_file(id_).unlink(missing_ok=True)

    # ---- listing ----

    def all(self) -> list[Archived]:
        """List everything that nobody here holds, with names that are each used once."""
        found = [*self._unfinished(), *self._ended()]
        taken: collections.Counter[str] = collections.Counter()
        named = []
        for item in found:
            taken[item.name] += 1
            number = taken[item.name]
            name = item.name if number == 1 else f"{item.name}_{number}"
            named.append(Archived(**vars(item) | {"name": name}))
        return named

    def _unfinished(self) -> list[Archived]:
        found = []
        children: set[str] = set()
        for block in self._live_composites:
            ids = [child.job for child in block.children]
            children.update(ids)
            live = {id_: self._live_jobs[id_] for id_ in ids if id_ in self._live_jobs}
            if not self._archive.has(block.composite):
                found.append(self._of_composite(block, live))
        for id_, job in self._live_jobs.items():
            if id_ not in children and job.task_id is not None and not self._archive.has(id_):
                block_of = job.oqc_archive
                asked = block_of.provenance.asked if block_of.provenance else None
                found.append(
                    Archived(
                        name=_name(block_of.name, id_),
                        kind="job",
                        standing=self._standing({id_: job}, block_of.session),
                        states={job.state: 1},
                        asked=asked,
                        server=_server({id_: job}),
                        id=id_,
                    )
                )
        return sorted(found, key=lambda item: item.asked or index.LONG_AGO)

    def _of_composite(self, block: CompositeBlock, live: dict[str, JobFile]) -> Archived:
        states: collections.Counter[str] = collections.Counter()
        for child in block.children:
            if child.job in live:
                states[live[child.job].state] += 1
            elif child.job in self._newest:
                states[self._newest[child.job].state or "UNKNOWN"] += 1
        begun = {id_: job for id_, job in live.items() if job.task_id is not None}
        return Archived(
            name=_name(block.name, block.composite),
            kind="composite",
            standing=self._standing(begun, block.session),
            states=dict(states),
            asked=block.asked,
            server=_server(begun),
            id=block.composite,
            _block=block,
        )

    def _standing(self, begun: dict[str, JobFile], session: str) -> Standing:
        if not begun:
            return "ended"
        if self._is_alive(session):
            return "another kernel's"
        if all(job.error is not None and job.error.error_code in GONE for job in begun.values()):
            return "gone"
        server = _server(begun)
        if server is not None and server != redacted(self._sdk.url):
            return "another server's"
        return "in flight"

    def _is_alive(self, session: str) -> bool:
        if session not in self._alive:
            self._alive[session] = is_alive(self._sidecar.session_lock(session))
        return self._alive[session]

    def _ended(self) -> list[Archived]:
        """List the newest of each name that has ended, without the children of composites."""
        found: dict[str, Archived] = {}
        live = {block.composite for block in self._live_composites} | self._live_jobs.keys()
        for entry in self._entries:
            if entry.member or not entry.name or entry.id in live or self._archive.has(entry.id):
                continue
            block = self._block_of(entry) if entry.kind == "composite" else None
            if entry.kind == "composite" and block is None:
                continue
            found.pop(entry.name, None)
            found[entry.name] = Archived(
                name=_name(entry.name, entry.id),
                kind=entry.kind,
                standing="ended",
                states=self._states_of(entry, block),
                asked=entry.asked,
                server=None,
                id=entry.id,
                _block=block,
            )
        return list(found.values())

    def _block_of(self, entry: Entry) -> CompositeBlock | None:
        file = self._sidecar.read(self._sidecar.folder / entry.file, CompositeFile)
        return None if file is None else file.oqc_archive

    def _states_of(self, entry: Entry, block: CompositeBlock | None) -> dict[str, int]:
        if block is None:
            return {entry.state or "UNKNOWN": 1}
        runs = [self._newest.get(child.job) for child in block.children]
        return dict(collections.Counter(run.state or "UNKNOWN" for run in runs if run))

    # ---- giving back ----

    def chosen(self, name: str | None) -> list[Archived]:
        """Give what is to be resumed."""
        everything = self.all()
        if name is None:
            return [item for item in everything if item.standing == "in flight"]
        found = [item for item in everything if item.name == name]
        if not found:
            known = ", ".join(item.name for item in everything)
            there_is = f" There is: {known}." if known else ""
            raise ValueError(f"The archive has no {name!r} to give back.{there_is}")
        if found[0].standing == "another kernel's":
            raise ValueError(f"{name} is followed by another kernel of this notebook, which runs.")
        if found[0].standing == "another server's" and not found[0].is_on_this_machine:
            raise ValueError(f"{name} was submitted to {found[0].server}: connect there.")
        return found

    def rebuilt(self, item: Archived) -> AnyJob | None:
        """Rebuild a job or composite; None if nothing of it is legible."""
        if item._block is not None:
            composite, record, children = self._rebuilder.composite(item._block)
            if not composite.jobs:
                return None
            for job, child in zip(composite.jobs, children, strict=True):
                self._archive.restored(job, child)
            self._archive.restored_composite(composite, record)
            return composite
        rebuilt = self._rebuilder.job(item.id)
        if rebuilt is None:
            return None
        self._archive.restored(*rebuilt)
        return rebuilt[0]


def _name(name: str | None, id_: str) -> str:
    return variable_name(name) if name else f"job_{id_[:6]}"


def _server(jobs: dict[str, JobFile]) -> str | None:
    for job in jobs.values():
        if job.oqc_archive.provenance is not None:
            return job.oqc_archive.provenance.server
    return None
