"""What a session has while it is open."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from oqc_notebook.sdk.errors import ServerError
from oqc_notebook.sdk.poller import Poller
from oqc_notebook.sdk.service import Service
from oqc_notebook.sdk.service_v4 import ServiceV4
from oqc_notebook.sdk.submission import Submissions
from oqc_notebook.sdk.transport import Transport
from oqc_notebook.sdk.waiting import wait_for_all

if TYPE_CHECKING:
    from oqc_notebook.sdk.job import Job

#: Ids in one request to cancel: 36 characters each, far below the limit of a request.
_MAX_CANCELLED_AT_ONCE = 1000


#: The connections of this process that were not closed.
_OPEN: weakref.WeakSet[Connection] = weakref.WeakSet()


def has_session(loop: asyncio.AbstractEventLoop) -> bool:
    """Tell whether a session is open on an event loop."""
    return any(connection.loop is loop for connection in _OPEN)


class Connection:
    """The open half of a session; lives on the loop that it was made on.

    Parameters
    ----------
    transport
        The open transport.
    v4
        Whether the service speaks the v4 dialect.
    """

    def __init__(self, transport: Transport, *, v4: bool = False) -> None:
        self.loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self.transport = transport
        self.service = ServiceV4(transport) if v4 else Service(transport)
        self.poller = Poller(self.service)
        self.submissions = Submissions(self.service, self.poller)
        _OPEN.add(self)

    def in_loop(self, function: Callable[..., object], *args: object) -> None:
        """Call a function on this connection's loop: now if that is here, else soon."""
        if threading.get_ident() == self._thread:
            function(*args)
        elif not self.loop.is_closed():
            self.loop.call_soon_threadsafe(function, *args)

    async def close(self) -> None:
        """End submissions, looks and connections, in this order, and say in files what ended."""
        _OPEN.discard(self)
        await self.submissions.close()
        await self.poller.close()
        await self.transport.close()
        self.submissions.record_ends()

    async def until_over(
        self, overs: Mapping[Job, asyncio.Future[Exception | None]], timeout_s: float | None
    ) -> set[asyncio.Future[Exception | None]]:
        """Wait until runs are over that are followed; give those that are not by then."""
        return await wait_for_all(set(overs.values()), timeout_s)

    async def cancel(self, jobs: Sequence[Job]) -> None:
        """Ask for jobs to be cancelled, then look at each once."""
        for submission in {job._submission for job in jobs if job._submission is not None}:
            await asyncio.wait({submission})
        by_qpu: dict[str, list[Job]] = {}
        for job in jobs:
            if job.in_flight and job._run is not None:
                by_qpu.setdefault(job._run.qpu_id, []).append(job)
        for qpu_id, group in by_qpu.items():
            for start in range(0, len(group), _MAX_CANCELLED_AT_ONCE):
                await self._cancel_some(qpu_id, group[start : start + _MAX_CANCELLED_AT_ONCE])
        await self.poller.look_all([job for job in jobs if job.cancel_requested])

    async def _cancel_some(self, qpu_id: str, jobs: Sequence[Job]) -> None:
        runs = {job: job._run for job in jobs if job.in_flight}
        if not runs:
            return
        refusal = None
        try:
            await self.service.cancel(qpu_id, [str(job.task_id) for job in runs])
        except ServerError as exc:
            refusal = exc
        for job, run in runs.items():
            if run is None or run is not job._run or not job.in_flight:
                continue  # it ended meanwhile, or was given other inputs
            if refusal is None:
                job._cancel_asked()
            else:
                job._look_refused(run, refusal)
