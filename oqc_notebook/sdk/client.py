"""The entrance to the service: ``OqcSdk``."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, overload

from oqc_notebook.sdk.arguments import broadcast_length
from oqc_notebook.sdk.composite import CompositeJob
from oqc_notebook.sdk.job import Job
from oqc_notebook.sdk.lookups import LookUps
from oqc_notebook.sdk.loops import on_loop

if TYPE_CHECKING:
    from oqc_notebook.sdk.job_snapshot import CompositeJobSnapshot, JobSnapshot

    class Configuration(Protocol):
        """A configuration, also for a type checker that takes compiler-config's for anything.

        To such a one, a list would be a configuration as well, and so make a single job.
        """

        def to_json(self) -> str:
            """Give the text that is sent."""
            ...

    OneOrMore: TypeAlias = Configuration | list[Any] | None


class OqcSdk(LookUps):
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
    recorder
        Is told what becomes of the jobs, and records it.

    Raises
    ------
    ValueError
        If the address is not http or https, or there is more than one way, or half
        of one, to authenticate.
    """

    @property
    def jobs(self) -> list[Job | CompositeJob]:
        """The jobs and composites of this session that somebody still holds, oldest first.

        The children of a composite are found in it.
        """
        return [job for job in self._registry.jobs() if isinstance(job, Job | CompositeJob)]

    @overload
    def create_job(
        self,
        *,
        program: str,
        qpu_id: str | None = None,
        config: Configuration | None = None,
        fetch_diagnostics: bool = False,
        label: str | None = None,
    ) -> Job: ...
    @overload
    def create_job(
        self,
        *,
        program: list[str],
        qpu_id: str | list[str] | None = None,
        config: OneOrMore = None,
        fetch_diagnostics: bool = False,
        label: str | list[str] | None = None,
    ) -> CompositeJob: ...
    @overload
    def create_job(
        self,
        *,
        program: str | list[str],
        qpu_id: list[str],
        config: OneOrMore = None,
        fetch_diagnostics: bool = False,
        label: str | list[str] | None = None,
    ) -> CompositeJob: ...
    @overload
    def create_job(
        self,
        *,
        program: str | list[str],
        qpu_id: str | list[str] | None = None,
        config: list[Any],
        fetch_diagnostics: bool = False,
        label: str | list[str] | None = None,
    ) -> CompositeJob: ...
    @overload
    def create_job(
        self,
        *,
        program: str | list[str],
        qpu_id: str | list[str] | None = None,
        config: OneOrMore = None,
        fetch_diagnostics: bool = False,
        label: list[str],
    ) -> CompositeJob: ...
    def create_job(
        self,
        *,
        program: str | list[str],
        qpu_id: str | list[str] | None = None,
        config: Any = None,
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
        if any(isinstance(x, list) for x in arguments.values()):
            composite = CompositeJob(jobs)
            self._made(composite)
            return composite
        self._made(jobs[0])
        return jobs[0]

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
        try:
            task = uuid.UUID(str(task_id))
        except ValueError:
            raise ValueError(
                f"{task_id!r:.80} is not the id of a task; sdk.list_tasks() lists those of the "
                "account."
            ) from None
        job = Job("", self._qpu_id(qpu_id), task_id=task, _client=self)
        if self._recorder is not None:
            self._recorder.made(job)
        await on_loop(connection.loop, connection.poller.attach, job)
        self._registry.add(job)
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

        made = from_snapshot(snapshot, self)
        self._made(made)
        return made

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
        from oqc_notebook.sdk.files import read_content, stamp_of
        from oqc_notebook.sdk.persistence import load_file

        stamp = stamp_of(path)
        job = load_file(read_content(path), str(path), self)
        job._settle_in(path, stamp)
        self._made(job)
        return job

    def _made(self, job: Job | CompositeJob) -> None:
        self._registry.add(job)
        if self._recorder is not None:
            self._recorder.made(job)
