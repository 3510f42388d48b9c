"""The session with the service: ``OqcSdk``."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

from oqc_notebook.sdk.arguments import (
    attempts_from_environment,
    broadcast_length,
    checked_url,
    day_of,
    v4_from_environment,
)
from oqc_notebook.sdk.composite import CompositeJob
from oqc_notebook.sdk.credentials import Credential, credential_from
from oqc_notebook.sdk.errors import (
    AuthenticationError,
    SessionClosedError,
    SessionNotOpenError,
    SessionUnreachableError,
)
from oqc_notebook.sdk.job import Job
from oqc_notebook.sdk.loops import on_loop

if TYPE_CHECKING:
    from oqc_notebook.sdk.configs import Config
    from oqc_notebook.sdk.connection import Connection
    from oqc_notebook.sdk.job_snapshot import CompositeJobSnapshot, JobSnapshot

#: The longest that opening a session may take (seconds).
_OPENING_S = 10.0


class OqcSdk:
    """A session with OQC's Quantum Computing as a Service.

    Constructing it and loading jobs need neither a token nor the network. Running
    jobs needs an open session::

        async with OqcSdk(url=..., authentication_token=...) as sdk:
            job = sdk.create_job(program=qasm, qpu_id="qpu:uk:2:d865b5a184")
            await job.execute()

    The session belongs to the event loop that it is opened on; every coroutine of it
    and of its jobs may be awaited from any other loop or thread.

    Parameters
    ----------
    url
        Base address of the service.
    authentication_token
        The token of your account.
    email, password
        Your account, instead of a token.
    credential
        Any object with the :class:`~.credentials.Credential` protocol, instead.
    default_qpu_id
        The QPU of jobs that name none.

    Raises
    ------
    ValueError
        If the address is not http or https, or there is more than one way, or half
        of one, to authenticate.
    """

    def __init__(
        self,
        url: str,
        authentication_token: str | None = None,
        email: str | None = None,
        password: str | None = None,
        credential: Credential | None = None,
        default_qpu_id: str | None = None,
    ) -> None:
        self.url = checked_url(url)
        self._credential = credential_from(authentication_token, email, password, credential)
        self._default_qpu_id = default_qpu_id
        self._attempts = attempts_from_environment()
        self._v4 = v4_from_environment()
        self._connection: Connection | None = None
        self._was_open = False

    # ---- opening and closing ----

    async def open(self) -> Self:
        """Open the session on this event loop, and give it back.

        Raises
        ------
        AuthenticationError
            If the server does not accept the token.
        SessionUnreachableError
            If there is no usable answer within 10 s. No other host is asked.
        """
        if self._connection is not None and not self._connection.loop.is_closed():
            return self
        # HTTP comes in with the first session: loading and looking at jobs needs none
        from oqc_notebook.sdk.connection import Connection
        from oqc_notebook.sdk.transport import Transport

        transport = Transport(self.url, self._credential, attempts=self._attempts)
        connection = Connection(transport, v4=self._v4)
        try:
            async with asyncio.timeout(_OPENING_S):
                await connection.service.version()
                await connection.service.qpus()
        except TimeoutError:
            await connection.close()
            raise SessionUnreachableError(
                f"{self.url} gave no usable answer within {_OPENING_S:.0f} s. Check the address "
                "and the network."
            ) from None
        except AuthenticationError as exc:
            await connection.close()
            raise AuthenticationError(
                f"{self.url} does not accept the credentials: {exc} Check the token; it may have "
                "expired.",
                exc.code,
                exc.answer,
            ) from None
        except BaseException:
            await connection.close()
            raise
        self._connection = connection
        self._was_open = True
        return self

    async def close(self) -> None:
        """Close the session. Jobs in flight go on at the server; a later session finds them."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.loop.is_closed():
            await on_loop(connection.loop, connection.close)

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    @property
    def is_open(self) -> bool:
        """Whether the session is open."""
        return self._connection is not None and not self._connection.loop.is_closed()

    @property
    def requests(self) -> int:
        """How many HTTP requests the open session has sent."""
        return 0 if self._connection is None else self._connection.transport.requests

    def _require_connection(self) -> Connection:
        if self._connection is not None and not self._connection.loop.is_closed():
            return self._connection
        if self._was_open:
            raise SessionClosedError(
                f"The session with {self.url} is closed; open a new one with 'await sdk.open()', "
                "'async with OqcSdk(...)' or oqc_notebook.connect()."
            )
        raise SessionNotOpenError(
            f"The session with {self.url} is not open; open it with 'await sdk.open()', "
            "'async with OqcSdk(...)' or oqc_notebook.connect()."
        )

    def __repr__(self) -> str:
        state = "open" if self.is_open else "closed" if self._was_open else "not open"
        default = f", default_qpu={self._default_qpu_id!r}" if self._default_qpu_id else ""
        return f"OqcSdk(url={self.url!r}, {state}{default})"

    # ---- QPUs ----

    def qpu_name(self, qpu_id: str) -> str:
        """Give what people call a QPU, as far as the open session knows it; else its id."""
        names = {} if self._connection is None else self._connection.service.qpu_names
        return names.get(qpu_id, qpu_id)

    @property
    def default_qpu_id(self) -> str | None:
        """The QPU of jobs that name none."""
        return self._default_qpu_id

    def set_default_qpu(self, qpu_id: str) -> None:
        """Choose the QPU of jobs that name none."""
        self._default_qpu_id = qpu_id

    def _qpu_id(self, qpu_id: str | None) -> str:
        chosen = qpu_id if qpu_id is not None else self._default_qpu_id
        if chosen is None:
            raise ValueError(
                "No QPU is named: give qpu_id=, or choose a default with "
                "sdk.set_default_qpu((await sdk.list_qpus())[0]['id'])."
            )
        return chosen

    async def list_qpus(self) -> list[dict[str, Any]]:
        """List the active QPUs: ``id``, ``name``, ``status`` and what else the server says."""
        connection = self._require_connection()
        return await on_loop(connection.loop, connection.service.qpus)

    async def get_features(self, qpu_id: str | None = None) -> Any:
        """Get what a QPU can do, such as its qubits and its largest number of shots."""
        connection = self._require_connection()
        return await on_loop(connection.loop, connection.service.features, self._qpu_id(qpu_id))

    async def get_system_status(self, qpu_id: str | None = None) -> Any:
        """Get the status document of one QPU's server, or of all."""
        connection = self._require_connection()
        return await on_loop(connection.loop, connection.service.statuses, qpu_id)

    async def get_calibration(
        self, qpu_id: str | None = None, date_filter: dt.date | str | None = None
    ) -> Any:
        """Get the calibration document of a QPU.

        Parameters
        ----------
        qpu_id
            The QPU; the default one if None.
        date_filter
            A day, as a date, a datetime or ``"YYYY-MM-DD"``; None means the latest.

        Raises
        ------
        ValueError
            If the text is not a day.
        TypeError
            If it is something else.
        """
        connection = self._require_connection()
        day = day_of(date_filter)
        return await on_loop(
            connection.loop, connection.service.calibration, self._qpu_id(qpu_id), day
        )

    async def get_next_window(self, qpu_id: str | None = None) -> dt.datetime | None:
        """Get the start of a QPU's next execution window (naive, in UTC, as published)."""
        connection = self._require_connection()
        text = await on_loop(connection.loop, connection.service.next_window, self._qpu_id(qpu_id))
        return None if text is None else dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")

    # ---- jobs ----

    @overload
    def create_job(
        self,
        *,
        program: str,
        qpu_id: str | None = None,
        config: Config | None = None,
        fetch_diagnostics: bool = False,
        label: str | None = None,
    ) -> Job: ...
    @overload
    def create_job(
        self,
        *,
        program: str | list[str],
        qpu_id: str | list[str] | None = None,
        config: Config | list[Any] | None = None,
        fetch_diagnostics: bool = False,
        label: str | list[str] | None = None,
    ) -> Job | CompositeJob: ...
    def create_job(
        self,
        *,
        program: str | list[str],
        qpu_id: str | list[str] | None = None,
        config: Config | list[Any] | None = None,
        fetch_diagnostics: bool = False,
        label: str | list[str] | None = None,
    ) -> Job | CompositeJob:
        """Make a job, or, where an argument is a list, a composite.

        Lists have equal lengths, or length 1, which is taken for every child.

        Parameters
        ----------
        program
            The text of the program, or a list of texts.
        qpu_id
            The QPU, or a list; the default one if None.
        config
            How to run and compile, or a list; None asks for binary counts of 1000 shots.
        fetch_diagnostics
            Whether to keep timings, metrics and metadata of each run that ends.
        label
            What the job, or each child, is called in panels and tables; it is not sent.

        Raises
        ------
        ValueError
            If no QPU is named, a list is empty, lengths do not fit, or there are more
            children than ``OQC_SDK_MAX_BROADCAST_JOBS`` (200).
        TypeError
            If a program is not text.
        """
        chosen = self._qpu_id(None) if qpu_id is None else qpu_id
        arguments = {"program": program, "qpu_id": chosen, "config": config, "label": label}
        lists = {name: x if isinstance(x, list) else [x] for name, x in arguments.items()}
        for text in lists["program"]:
            if not isinstance(text, str):
                raise TypeError(f"A program is text, not {type(text).__name__}.")
        children = broadcast_length({name: len(column) for name, column in lists.items()})
        columns = [x * children if len(x) == 1 else x for x in lists.values()]
        jobs: list[Job] = []
        for text, qpu, settings, called in zip(*columns, strict=True):
            job = Job(text, qpu, settings, fetch_diagnostics=fetch_diagnostics, _client=self)
            job.label = called
            jobs.append(job)
        scalar = not any(isinstance(x, list) for x in arguments.values())
        return jobs[0] if scalar else CompositeJob(jobs)

    async def attach(self, task_id: uuid.UUID | str, qpu_id: str | None = None) -> Job:
        """Make a job of a task of which only the id is known, as the server knows it.

        Its state, result and configuration are the server's. Where the server does not
        tell the program, it is empty, and has to be given before the job is run again:
        ``job.reconfigure(program=...)``. A task that the server does not know gives a
        job whose ``error`` says so (404).

        Parameters
        ----------
        task_id
            Id of the task.
        qpu_id
            The QPU that it was submitted to; the default one if None.

        Raises
        ------
        ValueError
            If the id is no UUID.
        SessionError
            If the session is not open, is closed, or cannot reach the server.
        """
        connection = self._require_connection()
        task = task_id if isinstance(task_id, uuid.UUID) else uuid.UUID(task_id)
        job = Job("", self._qpu_id(qpu_id), task_id=task, _client=self)
        await on_loop(connection.loop, connection.poller.attach, job)
        return job

    def from_snapshot(self, snapshot: JobSnapshot | CompositeJobSnapshot) -> Job | CompositeJob:
        """Make the job or composite of a snapshot, with this session attached.

        Needs neither a token nor the network.

        Raises
        ------
        ValueError
            If the schema version is another one, or a part cannot be read.
        """
        from oqc_notebook.sdk.persistence import from_snapshot

        return from_snapshot(snapshot, self)

    def load(self, path: str | Path) -> Job | CompositeJob:
        """Load a job or composite from a file that ``save()`` wrote, with this session attached.

        Files of the published SDK load too. Needs neither a token nor the network.

        Parameters
        ----------
        path
            The file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is no snapshot, is damaged, or has another schema version; the message
            says where.
        """
        from oqc_notebook.sdk.files import read_text
        from oqc_notebook.sdk.persistence import load_file

        job = load_file(read_text(path), str(path), self)
        job._settle_in(path)
        return job
