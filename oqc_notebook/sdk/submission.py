"""Reserve ids, record them, submit: never two runs for one intent.

Ids are reserved first; nothing runs under a reserved id. They are recorded: in the
notebook's archive, and in the file that a job was last saved to or loaded from. Then
the tasks are submitted under them. When the answer to a submission is lost, the server
is asked about the id: it says CREATED where the submission did not arrive, and then
the same id, and only it, is submitted again. (That a reserved id answers CREATED, and
that a second submission of a running id answers 409, is not public; it is assumed here.)
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from oqc_notebook.sdk.answers import task_id_from
from oqc_notebook.sdk.configs import task_fields
from oqc_notebook.sdk.errors import DisturbanceError, ServerError, SessionUnreachableError
from oqc_notebook.sdk.poller import Poller
from oqc_notebook.sdk.service import Service
from oqc_notebook.sdk.states import MOMENT, JobState
from oqc_notebook.sdk.transport import MAX_REQUEST_BYTES

if TYPE_CHECKING:
    from oqc_notebook.sdk.home import Home
    from oqc_notebook.sdk.job import Job

logger = logging.getLogger("oqc_notebook.sdk")

#: Tasks of a batch together (bytes of JSON); leaves room for headers below 128 KiB.
_MAX_BATCH_BYTES = 100_000
#: Room for the headers, the id and the wrapping of a task sent alone (bytes).
_MARGIN_BYTES = 4096
#: Refusals that may be the fault of one task of a batch.
_FAULTS_OF_A_TASK = frozenset({400, 409, 413, 422})
#: Hundreds of the HTTP statuses that do not tell whether a submission was accepted: 202, say, or
#: the 524 of a proxy that lost patience.
_NEITHER_YES_NOR_NO = frozenset({2, 5})
#: Seconds to wait before a lost submission is asked about, each time.
_ASK_AFTER_S = (0.2, 0.5, 1.0, 2.0, 4.0)


class Submissions:
    """Submits the jobs of a session, in batches for each QPU.

    Everything here runs on the session's loop.

    Parameters
    ----------
    service
        The service to submit to.
    poller
        Is told of submissions that came to nothing.
    """

    def __init__(self, service: Service, poller: Poller) -> None:
        self._service = service
        self._poller = poller
        self._running: set[asyncio.Task[Exception | None]] = set()
        self._turns = asyncio.Lock()
        #: Files in which ids were recorded, until they are saved by those who use them.
        self._homes: set[Home] = set()

    async def turn(self) -> None:
        """Let the loop do other things between the runs that are started at once.

        Fifty composites of 200 children would hold it up for a tenth of a second.
        """
        await self._turns.acquire()
        asyncio.get_running_loop().call_soon(self._turns.release)

    def start(self, jobs: Iterable[Job]) -> None:
        """Begin a run of each job, and submit them in the background.

        Jobs that are being submitted already are left alone.

        Raises
        ------
        ValueError, TypeError
            If a job cannot be sent. Then none was touched.
        """
        # takes a tenth of a second, which nobody is to wait for when the first run has ended
        import oqc_notebook.sdk.snapshot_text  # noqa: F401

        jobs = [job for job in dict.fromkeys(jobs) if job._submission is None]
        fields = {job: _sendable_fields(i, job, len(jobs)) for i, job in enumerate(jobs)}
        jobs = _to_submit(jobs)
        groups: dict[str, list[Job]] = {}
        for job in jobs:
            job._begin_run(fields[job])
            groups.setdefault(job.qpu_id, []).append(job)
        for job in jobs:  # observers see all of them begin, not some of them
            job._changed()
        for qpu_id, group in groups.items():
            task = asyncio.get_running_loop().create_task(self._submit_group(qpu_id, group))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            for job in group:
                job._submission = task

    async def close(self) -> None:
        """Let submissions that are under way come to their end, within reason."""
        if self._running:
            await asyncio.wait(self._running, timeout=5.0)
        for task in list(self._running):
            task.cancel()

    def record_ends(self) -> None:
        """Record how the runs ended whose ids were recorded in files: nobody saved them since."""
        for home in self._homes:  # in this thread, as there are no others when the process ends
            home.record_ends()

    async def _submit_group(self, qpu_id: str, jobs: list[Job]) -> Exception | None:
        """Submit jobs to one QPU; give what kept them from being submitted, if anything did."""
        try:
            await self._reserve_and_submit(qpu_id, jobs)
        except Exception as exc:
            if not isinstance(exc, SessionUnreachableError):
                logger.exception("A submission failed unexpectedly")
            for job in _still(jobs):
                if not job.ended and not job.in_flight:
                    self._poller.give_up(job, exc)
                    job._not_submitted(exc)
            return exc
        finally:
            for job in _still(jobs):
                job._submission = None
        return None

    async def _reserve_and_submit(self, qpu_id: str, jobs: list[Job]) -> None:
        resumed = [job for job in jobs if job.task_id is not None]
        fresh = [job for job in jobs if job.task_id is None]
        if resumed:
            # recorded by an earlier session, which may or may not have submitted them
            homes = _homes_of(resumed)
            for home in homes:
                home.awaits_ends = True
            self._keep(homes)
            await self._ask_then_submit(qpu_id, resumed)
            fresh = _still(fresh)
        if not fresh:
            return
        try:
            ids = [task_id_from(x) for x in await self._service.reserve(qpu_id, len(fresh))]
        except ServerError as exc:
            _refuse(fresh, exc)
            return
        wanted = set(_still(fresh))
        for job, task_id in zip(fresh, ids, strict=True):
            if job in wanted:
                job._reserved(task_id)
        await self._record(_still(fresh))
        for batch in _batches(_still(fresh)):
            await self._submit_batch(qpu_id, batch)

    async def _record(self, jobs: Sequence[Job]) -> None:
        """Write the reserved ids down: by the recorder, and where the jobs were saved or loaded."""
        client = jobs[0]._client if jobs else None
        if client is not None and client._recorder is not None:
            await client._recorder.reserved(jobs)
        homes = _homes_of(jobs)
        for home in homes:
            await home.record_ids()
        self._keep(homes)

    def _keep(self, homes: set[Home]) -> None:
        self._homes = {home for home in self._homes | homes if home.awaits_ends}

    async def _submit_batch(self, qpu_id: str, jobs: Sequence[Job], tries: int = 0) -> None:
        with MOMENT:  # in which no other thread gives them other inputs
            jobs = _still(jobs)
            tasks = [job._task_fields | {"task_id": str(job.task_id)} for job in jobs]
        if not tasks:
            return
        try:
            taken = await self._service.submit(qpu_id, tasks)
        except ServerError as exc:
            if exc.code // 100 in _NEITHER_YES_NOR_NO:
                await self._find_out(qpu_id, jobs, tries, exc)
            elif exc.code not in _FAULTS_OF_A_TASK:
                _refuse(jobs, exc)
            elif len(jobs) > 1:
                # a batch with one bad task is refused whole; its good tasks are not lost
                half = len(jobs) // 2
                await self._submit_batch(qpu_id, jobs[:half])
                await self._submit_batch(qpu_id, jobs[half:])
            elif exc.code == 409:  # this id was submitted before, so the server knows how it is
                await self._find_out(qpu_id, jobs, tries, exc)
            else:
                _refuse(jobs, exc)
        except DisturbanceError as exc:
            await self._find_out(qpu_id, jobs, tries, exc)
        else:
            jobs = _still(jobs)
            for job in jobs:
                if str(job.task_id) in taken:
                    job._submitted()
            if passed_over := [job for job in jobs if str(job.task_id) not in taken]:
                reason = ServerError("the answer does not name each task.", 200)
                await self._find_out(qpu_id, passed_over, tries, reason)

    async def _find_out(
        self, qpu_id: str, jobs: Sequence[Job], tries: int, why: ServerError | DisturbanceError
    ) -> None:
        """Ask about jobs of which the answer to the submission says neither yes nor no."""
        if tries == len(_ASK_AFTER_S):
            raise _unknown_fate(jobs, why)
        asked_s = why.retry_after_s if isinstance(why, DisturbanceError) else None
        await asyncio.sleep(max(_ASK_AFTER_S[tries], asked_s or 0.0))
        await self._ask_then_submit(qpu_id, jobs, tries + 1)

    async def _ask_then_submit(self, qpu_id: str, jobs: Sequence[Job], tries: int = 0) -> None:
        """Submit those of the jobs whose ids the server calls CREATED; the others ran or run."""
        try:
            await self._poller.look_all(_still(jobs))
        except (DisturbanceError, SessionUnreachableError) as exc:
            raise _unknown_fate(jobs, exc) from None
        lost = [job for job in _still(jobs) if job.state is JobState.CREATED and job.error is None]
        for batch in _batches(lost):
            await self._submit_batch(qpu_id, batch, tries)


def _to_submit(jobs: list[Job]) -> list[Job]:
    """Give the jobs whose run is not recorded already; the others have it then."""
    client = jobs[0]._client if jobs else None
    if client is None or client._recorder is None:
        return jobs
    return client._recorder.served(jobs)


def _sendable_fields(index: int, job: Job, total: int) -> dict[str, Any]:
    """Make the fields of a job's submission, or say what is wrong with it."""
    which = f"child {index} (of {total})" if total > 1 else "the job"
    if not isinstance(job.program, str):
        raise TypeError(f"The program of {which} is {type(job.program).__name__}, not text.")
    if not job.program.strip():
        raise ValueError(f"The program of {which} is empty; give it with reconfigure(program=...).")
    if job.config is not None and not hasattr(job.config, "to_json"):
        raise TypeError(
            f"The configuration of {which} is {type(job.config).__name__}, not a CompilerConfig, "
            "EradoConfig or ExperimentalConfig."
        )
    fields: dict[str, Any] = {"program": job.program, "qpu_id": job.qpu_id}
    if job.tag:
        fields["tag"] = job.tag
    if job.hybrid_marker:
        fields["hybrid_marker"] = job.hybrid_marker
    try:
        fields |= task_fields(job.config)
        size = len(json.dumps(fields).encode())
    except (TypeError, ValueError, AttributeError) as exc:
        raise ValueError(f"The configuration of {which} cannot be sent: {exc}") from exc
    if size + _MARGIN_BYTES > MAX_REQUEST_BYTES:
        raise ValueError(
            f"The program and configuration of {which} are {size} bytes of JSON; a request holds "
            f"at most {MAX_REQUEST_BYTES - _MARGIN_BYTES} (128 KiB with its headers)."
        )
    return fields


def _batches(jobs: Sequence[Job]) -> list[list[Job]]:
    """Cut jobs into batches that fit into a request."""
    batches: list[list[Job]] = []
    room = 0
    for job in jobs:
        size = len(json.dumps(job._task_fields).encode()) + 64  # 64: the task id
        if not batches or size > room:
            batches.append([])
            room = _MAX_BATCH_BYTES
        batches[-1].append(job)
        room -= size
    return batches


def _unknown_fate(jobs: Sequence[Job], why: Exception) -> SessionUnreachableError:
    return SessionUnreachableError(
        f"The server did not say whether it accepted {len(jobs)} task(s): {why} They may have been "
        "accepted. execute() asks about the same ids again and submits only what did not arrive."
    )


def _refuse(jobs: Iterable[Job], exc: ServerError) -> None:
    for job in _still(jobs):
        job._refused(exc)


def _still(jobs: Iterable[Job]) -> list[Job]:
    """Give the jobs that the running submission is still of; those given other inputs are not."""
    running = asyncio.current_task()
    return [job for job in jobs if job._submission is running]


def _homes_of(jobs: Iterable[Job]) -> set[Home]:
    return {job._home for job in jobs if job._home is not None}
