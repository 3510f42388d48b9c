"""What jobs and composites do alike: submit, wait, execute, refresh, cancel, observe, save."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from oqc_notebook.sdk.errors import SessionClosedError, SessionError, SessionNotOpenError
from oqc_notebook.sdk.home import Home
from oqc_notebook.sdk.loops import on_loop
from oqc_notebook.sdk.waiting import wait_for_all

if TYPE_CHECKING:
    from oqc_notebook.sdk.connection import Connection
    from oqc_notebook.sdk.job import Job
    from oqc_notebook.sdk.job_snapshot import CompositeJobSnapshot, JobSnapshot
    from oqc_notebook.sdk.proxy import JobOutputProxy
    from oqc_notebook.sdk.recording import Recorder

#: Called with the job that changed, on the loop of its session.
Observer = Callable[["Job"], None]


class Runnable:
    """The behaviour of a list of jobs, of which a single job is the shortest.

    Every coroutine here may be awaited from any event loop and thread.
    """

    def __init__(self) -> None:
        # two saves at once must not leave the older state in the file
        self._saving = threading.Lock()
        self._own_home: Home | None = None
        #: Whether the file that this was loaded from holds more than a snapshot.
        self._file_holds_more = False

    # ---- what a kind of job says of itself ----

    def _members(self) -> Sequence[Job]:
        raise NotImplementedError

    @property
    def ended(self) -> bool:
        """Whether the latest run has ended, well or not."""
        raise NotImplementedError

    @property
    def outputs(self) -> JobOutputProxy[Any]:
        """The outputs of the latest run."""
        raise NotImplementedError

    def to_snapshot(self) -> JobSnapshot | CompositeJobSnapshot:
        """Give the complete state as a model."""
        raise NotImplementedError

    # ---- running ----

    async def submit(self, *, timeout_s: float | None = 30.0) -> Self:
        """Submit it; what is in flight already stays as it is.

        What the server refuses is stored in ``error``. What has ended is run anew.

        Parameters
        ----------
        timeout_s
            Seconds to wait for the server to take it; None waits without limit.

        Raises
        ------
        TimeoutError
            If that takes longer. The submission goes on; a later call joins it.
        SessionError
            If the session is not open, is closed, or cannot reach the server.
        ValueError, TypeError
            If the program or the configuration cannot be sent. Nothing was submitted.
        """
        if self._members():
            connection = self._connection()
            self._asked(self._anew())
            await on_loop(connection.loop, self._submit, connection, timeout_s)
        return self

    async def wait(self, timeout_s: float | None = 120.0) -> Self:
        """Wait until the latest run has ended; submit what never was.

        Parameters
        ----------
        timeout_s
            Seconds to wait; None waits without limit.

        Raises
        ------
        TimeoutError
            If it has not ended by then. It stays in flight: nothing is lost, and
            waiting again goes on.
        SessionError
            If the session is not open, is closed, or cannot reach the server.
        """
        if self._members() and not self.ended:
            connection = self._connection()
            self._asked([job for job in self._members() if job._never_submitted])
            await on_loop(connection.loop, self._wait, connection, timeout_s)
        return self

    async def execute(self, *, timeout_s: float | None = 120.0) -> JobOutputProxy[Any]:
        """Run it, wait, and give the outputs of this run.

        A run that is in flight is joined, never submitted a second time; one that
        has ended is run anew. While some children of a composite are in flight, the
        others that have ended belong to the same run, and are not run again. A failed
        run is told by ``error``, not raised.

        Parameters
        ----------
        timeout_s
            Seconds to wait; None waits without limit.

        Returns
        -------
        JobOutputProxy
            The result or error of the job, or of each child that has ended.

        Raises
        ------
        TimeoutError
            If it has not ended by then. It stays in flight: nothing is lost, and
            calling this again goes on waiting for the same run.
        SessionError
            If the session is not open, is closed, or cannot reach the server.
        ValueError, TypeError
            If the program or the configuration cannot be sent. Nothing was submitted.
        """
        if self._members():
            connection = self._connection()
            self._asked(self._anew())
            await on_loop(connection.loop, self._execute, connection, timeout_s)
        return self.outputs

    async def refresh(self) -> Self:
        """Ask the server once about what was submitted, and take over what it says.

        A task that the server no longer knows sets ``error`` (404) and keeps the state.

        Raises
        ------
        RuntimeError
            If nothing was submitted yet.
        SessionError
            If the session is not open, is closed, or cannot reach the server.
        """
        known = [job for job in self._members() if job.task_id is not None]
        if not known:
            raise RuntimeError("Nothing has been submitted yet; call submit() or execute() first.")
        connection = self._connection()
        await self._look(connection, connection.poller.look_all, known)
        return self

    async def cancel(self) -> Self:
        """Cancel what is in flight; what has ended stays as it is.

        The server is asked, then looked at once: the state is CANCELLED when it says
        so. Until then ``cancel_requested`` is true.

        Raises
        ------
        SessionError
            If the session is not open, is closed, or cannot reach the server.
        """
        if active := self._active():
            connection = self._connection()
            await self._look(connection, connection.cancel, active)
        return self

    async def cancel_if_active(self) -> Self:
        """Cancel what is in flight; the same as :meth:`cancel`, which never touches the rest."""
        return await self.cancel()

    def _active(self) -> list[Job]:
        """Give the members that can be cancelled."""
        return [job for job in self._members() if job.in_flight or job._submission is not None]

    def _connection(self) -> Connection:
        clients = {id(job._client): job._client for job in self._members()}
        if len(clients) > 1:
            raise SessionError("The children belong to different sessions; run them apart.")
        (client,) = clients.values()
        if client is None:
            raise SessionNotOpenError(
                "This job has no session: make it with sdk.create_job(), or load it with "
                "sdk.load(path) or oqc_notebook.restore(path, sdk)."
            )
        return client._require_connection()

    def _asked(self, anew: Sequence[Job]) -> None:
        """Tell the recorder who asks, before anything is awaited: in the caller's own context."""
        if recorder := self._recorder():
            recorder.asked(self, anew)

    async def _look(
        self, connection: Connection, look: Callable[[list[Job]], Awaitable[None]], jobs: list[Job]
    ) -> None:
        """Have jobs looked at, and tell the recorder: as :meth:`_asked`, and once it is done."""
        recorder = self._recorder()
        if recorder:
            recorder.looking(self)

        async def look_and_tell() -> None:
            await look(jobs)
            if recorder:
                recorder.left(self)

        await on_loop(connection.loop, look_and_tell)

    def _recorder(self) -> Recorder | None:
        client = self._members()[0]._client
        return None if client is None else client._recorder

    # ---- the same, on the session's loop ----

    async def _submit(
        self, connection: Connection, timeout_s: float | None, anew: Iterable[Job] | None = None
    ) -> None:
        await connection.submissions.turn()
        connection.submissions.start(self._anew() if anew is None else anew)
        submissions = {job._submission for job in self._members() if job._submission is not None}
        if await wait_for_all(submissions, timeout_s):
            raise TimeoutError(
                f"The server has not taken {self!r} within {timeout_s} s. The submission goes "
                "on; submit(), wait() or execute() joins it."
            )
        for submission in submissions:
            if submission.cancelled():
                raise SessionClosedError("The session was closed during the submission.")
            if reason := submission.result():
                raise reason

    def _anew(self) -> list[Job]:
        """Give the members to submit: all, or while a run is under way, those it lacks."""
        if any(job._under_way for job in self._members()):
            return [job for job in self._members() if job._never_submitted]
        return [job for job in self._members() if job._runs_anew]

    async def _wait(self, connection: Connection, timeout_s: float | None) -> None:
        await connection.submissions.turn()
        await self._follow(
            connection, (job for job in self._members() if job._never_submitted), timeout_s
        )

    async def _execute(self, connection: Connection, timeout_s: float | None) -> None:
        await connection.submissions.turn()
        await self._follow(connection, self._anew(), timeout_s)
        for job in self._members():
            if job._raise_on_error:
                job.raise_for_status()

    async def _follow(
        self, connection: Connection, anew: Iterable[Job], timeout_s: float | None
    ) -> None:
        """Submit the jobs of `anew`, then wait until no member is in flight any more."""
        connection.submissions.start(anew)
        followed = dict.fromkeys(job for job in self._members() if not job.ended)
        for job in followed:
            job._forget_look_error()
        overs = {job: connection.poller.follow(job) for job in followed}
        try:
            late = await connection.until_over(overs, timeout_s)
        finally:
            for job, over in overs.items():
                connection.poller.unfollow(job, over)
        recorder = self._recorder()
        if late:
            if recorder:
                recorder.left(self)
            raise TimeoutError(
                f"{len(late)} of {len(self._members())} job(s) had not ended after "
                f"{timeout_s} s. They stay in flight and nothing is lost: "
                f"wait() or execute() goes on waiting, refresh() looks once. {self!r}"
            )
        if recorder:
            await recorder.settled()
        for over in overs.values():
            if reason := over.result():
                raise reason

    # ---- observing and saving ----

    def observe(self, callback: Observer) -> Callable[[], None]:
        """Have `callback(job)` called at each change, until the function given back is called.

        A composite calls it with the child that changed. The calls come on the loop
        of the session; what the callback raises is logged. While a job is observed
        and in flight, its state is kept up to date.
        """
        members = list(self._members())
        for job in members:
            job._add_observer(callback)

        def stop() -> None:
            for job in members:
                job._remove_observer(callback)

        return stop

    def save(self, path: str | Path) -> None:
        """Write the complete state to a JSON file, whole or not at all.

        Load it with ``sdk.load(path)``, in this session or any later one. A file
        that is there is replaced. Before this job is next submitted, the task ids
        reserved for it are recorded in the same file, and when the session is closed
        how these runs ended, unless it was replaced or removed since.

        Parameters
        ----------
        path
            Where to; relative to the working directory. The folder must exist.

        Raises
        ------
        FileNotFoundError
            If the folder does not exist.
        OSError
            If the file cannot be written; the old one is untouched.
        ValueError
            If a result holds something that JSON cannot hold.
        """
        with self._saving:
            self._write(path)

    def _write(self, path: str | Path) -> None:
        """Save this, while nobody else does."""
        from oqc_notebook.sdk.files import stamp_of, write_whole
        from oqc_notebook.sdk.persistence import file_content

        whole = write_whole(path, file_content(self))
        at_home = self._own_home is not None and self._own_home.path == Path(path).absolute()
        if whole or at_home:
            self._settle_in(path, stamp_of(path))  # a pipe, say, is no place to record ids in
            self._file_holds_more = False

    def _settle_in(self, path: str | Path, stamp: object) -> None:
        """Remember the file that this was saved to or loaded from."""
        if self._own_home is None:
            self._own_home = Home(self)
        self._own_home.is_as_of(path, stamp)
        for job in self._members():
            job._home = self._own_home
