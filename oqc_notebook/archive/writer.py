"""The thread that writes the archive, so that nothing else waits for the disk."""

from __future__ import annotations

import concurrent.futures
import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from oqc_notebook.archive.documents import content_of, without_runs
from oqc_notebook.archive.durable import write_files
from oqc_notebook.archive.kernel_session import KernelSession
from oqc_notebook.archive.records import CompositeRecord, EndedRun, JobRecord
from oqc_notebook.archive.sidecar import Sidecar, json_of, logger, warn_once
from oqc_notebook.sdk import Job

#: How long changes are gathered before they are written (seconds).
_GATHER_S = 0.05
#: How long after a write that failed the next is tried (seconds).
_REST_S = 1.0
#: Runs or live files that are written at a time; a reservation waits for no more.
_AT_A_TIME = 100

Jobs: TypeAlias = Sequence[tuple[Job, JobRecord]]
Done: TypeAlias = concurrent.futures.Future[None]


class Writer:
    """Writes what is handed to it; the newest state of a job wins.

    Parameters
    ----------
    sidecar
        Where to.
    session
        The session whose files they are.
    """

    def __init__(self, sidecar: Sidecar, session: KernelSession) -> None:
        self._sidecar = sidecar
        self._session = session
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        #: Called where the folder is not there any more, to find where it is now.
        self.find_folder: Callable[[], None] = lambda: None
        # what is still to be written, guarded by `_news`
        self._reservations: list[tuple[Jobs, Done]] = []
        #: Runs to be archived, and those who wait until the runs before them are.
        self._ended: list[EndedRun | CompositeRecord | Done] = []
        self._changed: dict[Job, JobRecord] = {}
        #: Those who wait until all is written; meanwhile nothing is waited for here.
        self._waiting: list[Done] = []
        # of the thread alone
        self._numbers = 0
        #: Files to be created, by their names, and the records whose live files are superfluous
        #: then.
        self._to_create: dict[str, bytes] = {}
        self._superfluous: list[EndedRun | CompositeRecord] = []

    # ---- what is handed over, from any thread ----

    def reserve(self, jobs: Jobs) -> Done:
        """Have jobs written before anything else; the future is done when they are on the disk."""
        done = Done()
        with self._news:
            self._reservations.append((jobs, done))
            self._wake()
        return done

    def change(self, job: Job, record: JobRecord) -> None:
        """Have the live file of a job written."""
        with self._news:
            self._changed[job] = record
            self._wake()

    def archive(self, ended: EndedRun | CompositeRecord) -> None:
        """Have a run archived, or a composite all of whose runs are."""
        with self._news:
            self._ended.append(ended)
            self._wake()

    def archived(self) -> Done:
        """Give a future that is done when the runs that have ended so far are archived."""
        done = Done()
        with self._news:
            self._ended.append(done)
            self._wake()
        return done

    def wake(self) -> None:
        """Look whether there is something to write."""
        with self._news:
            self._wake()

    def flushed(self) -> Done:
        """Give a future that is done when all is written. It counts until :meth:`dismiss`."""
        done = Done()
        with self._news:
            self._waiting.append(done)
            self._wake()
        return done

    def dismiss(self, done: Done) -> None:
        """Say that nobody waits any more for all to be written."""
        with self._news:
            if done in self._waiting:
                self._waiting.remove(done)

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, name="oqc_notebook archive writer", daemon=True
            )
            self._thread.start()
        self._news.notify_all()

    def _has_work(self) -> bool:
        """Whether there is something to write now: runs wait until git has answered."""
        return bool(
            self._reservations
            or self._changed
            or self._to_create
            or (self._ended and self._may_archive())
            or self._session.has_news
        )

    def _may_archive(self) -> bool:
        return bool(self._waiting) or self._session.is_described.is_set()

    def _is_urgent(self) -> bool:
        somebody_waits = any(isinstance(x, concurrent.futures.Future) for x in self._ended)
        return bool(self._reservations or self._waiting or somebody_waits)

    # ---- the thread ----

    def _work(self) -> None:
        while True:
            with self._news:
                if self._waiting and not self._has_work():
                    for waiting in self._waiting:
                        _tell(waiting)
                    self._waiting = []
                self._news.wait_for(lambda: self._has_work() or self._waiting)
                if not self._is_urgent():
                    self._news.wait_for(self._is_urgent, _GATHER_S)
                reservations, self._reservations = self._reservations, []
            if not self._sidecar.folder.is_dir():
                self.find_folder()
            for jobs, done in reservations:
                self._write_reservation(jobs, done)
            if not reservations:
                self._write_the_rest()

    def _write_reservation(self, jobs: Jobs, done: Done) -> None:
        try:
            self._write_live(jobs, {c for _, record in jobs for c in record.composites})
        except Exception as exc:
            _tell(done, exc)
        else:
            _tell(done)

    def _write_the_rest(self) -> None:
        with self._news:
            ended = self._ended[:_AT_A_TIME] if self._may_archive() else []
            del self._ended[: len(ended)]
            changed = list(self._changed.items())[:_AT_A_TIME]
            for job, _ in changed:
                del self._changed[job]
        try:
            self._archive([x for x in ended if not isinstance(x, concurrent.futures.Future)])
            self._write_live(changed)
            if self._session.has_news:  # before it has begun, it writes nothing
                self._session.write_what_is_new()
        except OSError as exc:
            warn_once(
                str(self._sidecar.folder),
                "%s cannot be written to (%s). Work goes on; what is not archived yet is kept in "
                "memory, and tried again.",
                self._sidecar.folder.name,
                exc.strerror or exc,
            )
            with self._news:
                self._changed = dict(changed) | self._changed
                self._news.wait_for(lambda: self._reservations, _REST_S)
        except Exception:  # a fault of ours must not keep later runs from being archived
            logger.exception("The archive failed unexpectedly")
        finally:
            for item in ended:
                if isinstance(item, concurrent.futures.Future):
                    _tell(item)

    # ---- runs ----

    def _archive(self, ended: Sequence[EndedRun | CompositeRecord]) -> None:
        """Write the files of runs, then remove the live files that they make superfluous."""
        for item in ended:
            if isinstance(item, EndedRun):
                self._prepare(item)
            else:
                self._finish(item)
        # what is there was written at an attempt that failed later
        files = {self._sidecar.folder / name: c for name, c in self._to_create.items()}
        missing = {path: content for path, content in files.items() if not path.exists()}
        if missing:
            self._sidecar.require()
        write_files(missing, once=True)
        self._to_create = {}
        for item in self._superfluous:
            self._remove_live(item.record if isinstance(item, EndedRun) else item)
        self._superfluous = []

    def _prepare(self, run: EndedRun) -> None:
        record = run.record
        run.provenance.git = self._session.file.git
        run.provenance.versions = self._session.versions
        name = self._next_file(f"{record.stem}-{str(run.job.task_id or 'refused')[:8]}")
        try:
            block = record.run_block(self._session.id, run.provenance)
            self._to_create[name] = content_of(run.job, block)
        except ValueError as exc:
            warn_once(f"run of {record.id}", "A run of %s cannot be archived: %s", record.stem, exc)
        else:
            record.runs += 1
            record.newest = name
            if record.run is run.run:
                self._superfluous.append(run)
        if record.run is not run.run or record.asked is not None:
            return  # its composites are in another run by now
        for composite in list(record.composites):
            composite.unfinished.discard(record.id)
            if not composite.unfinished:
                self._finish(composite)

    def _finish(self, composite: CompositeRecord) -> None:
        """Archive a composite of which every child's run is archived."""
        name = self._next_file(f"{composite.stem}-composite")
        self._to_create[name] = self._content_of(composite, with_runs=True)
        self._superfluous.append(composite)
        for child in composite.children:
            with contextlib.suppress(ValueError):
                child.composites.remove(composite)

    def _next_file(self, stem: str) -> str:
        self._numbers += 1
        path = self._sidecar.runs / self._session.id / f"{self._numbers:04d}-{stem}.json"
        return self._sidecar.name_of(path)

    # ---- live files ----

    def _write_live(self, jobs: Jobs, composites: Iterable[CompositeRecord] = ()) -> None:
        """Write live files.

        That of a composite is the last of a reservation: without it, the reservation was
        not complete when the process was killed, and so nothing was submitted.
        """
        contents: dict[Path, bytes] = {}
        for job, record in jobs:
            if job.task_id is None and not record.composites:
                self._remove_live(record)  # it was given other inputs before it ended
            elif not record.is_archived:
                try:
                    content = content_of(without_runs(job), record.live_block(self._session.id))
                except ValueError as exc:
                    warn_once(record.id, "The state of %s cannot be kept: %s", record.stem, exc)
                else:
                    contents[self._sidecar.live_file(record.id)] = content
                    record.is_live = True
        composites = [composite for composite in composites if composite.is_changed]
        for composite in composites:
            content = self._content_of(composite, with_runs=False)
            contents[self._sidecar.live_file(composite.id)] = content
        if contents:
            self._sidecar.require()
        write_files(contents)
        for composite in composites:
            composite.is_changed, composite.is_live = False, True

    def _remove_live(self, record: JobRecord | CompositeRecord) -> None:
        if record.is_live:
            record.is_live = False
            with contextlib.suppress(OSError):
                self._sidecar.live_file(record.id).unlink(missing_ok=True)

    def _content_of(self, composite: CompositeRecord, *, with_runs: bool) -> bytes:
        block = composite.block(self._session.id, with_runs=with_runs)
        return json_of({"oqc_archive": block.model_dump(mode="json", exclude_none=True)})


def _tell(done: Done, problem: Exception | None = None) -> None:
    """Tell whoever waits that it is done, unless they gave up."""
    if done.set_running_or_notify_cancel():
        if problem is None:
            done.set_result(None)
        else:
            done.set_exception(problem)
