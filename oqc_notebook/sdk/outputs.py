"""What a run leaves: a :class:`JobResult` or a :class:`JobError`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from oqc_notebook.sdk.counts import Endianness, OnLengthMismatch, results_to_counts_dataarray
from oqc_notebook.sdk.sealing import Mutable, Sealable
from oqc_notebook.sdk.state_times import times_in
from oqc_notebook.sdk.states import MOMENT

if TYPE_CHECKING:
    import pandas
    import scipp

    from oqc_notebook.sdk.configs import Config
    from oqc_notebook.sdk.job import Job
    from oqc_notebook.sdk.proxy import JobOutputProxy


_DIAGNOSTICS = ("timings", "metrics", "metadata")


class JobOutput(Sealable):
    """What the outputs of good and of failed runs share.

    Parameters
    ----------
    qpu_id, task_id, compiler_config, program
        What was run and where; what is not given is taken from `job`.
    received
        When the output came here: an aware time in UTC, by default now. Files of
        the published SDK hold naive times, which stay naive.
    job
        The job that the run belongs to.

    Attributes
    ----------
    timings, metrics, metadata : dict or None
        Diagnostics, where the job was made with ``fetch_diagnostics=True``.
    state_times : dict of str to datetime
        When each state of the run was first seen here, in UTC; empty where that was
        not noted.
    """

    compiler_config: Mutable[Config | None] = Mutable()
    timings: Mutable[dict[str, Any] | None] = Mutable()
    metrics: Mutable[dict[str, Any] | None] = Mutable()
    metadata: Mutable[dict[str, Any] | None] = Mutable()
    state_times: Mutable[dict[str, datetime]] = Mutable()

    def __init__(
        self,
        qpu_id: str | None = None,
        task_id: uuid.UUID | None = None,
        compiler_config: Config | None = None,
        program: str | None = None,
        received: datetime | None = None,
        job: Job | None = None,
    ) -> None:
        if job is not None:
            qpu_id = job.qpu_id if qpu_id is None else qpu_id
            task_id = job.task_id if task_id is None else task_id
            program = job.program if program is None else program
            compiler_config = job.config if compiler_config is None else compiler_config
        self.qpu_id = qpu_id
        self.task_id = task_id
        self.compiler_config = compiler_config
        self.program = program
        self.received: datetime | None = datetime.now(UTC) if received is None else received
        self.timings = None
        self.metrics = None
        self.metadata = None
        self.state_times = {}
        self._job = job

    def _unshare(self) -> None:
        from oqc_notebook.sdk.answers import own_config  # which imports this

        # outputs that were loaded share equal ones
        vars(self)["compiler_config"] = own_config(vars(self)["compiler_config"])

    @property
    def _state_times(self) -> dict[str, datetime]:
        """The times of the states, for those who neither change them nor hand them on."""
        fields = vars(self)
        if isinstance(fields["state_times"], str):  # of a file, and nobody has asked before
            with MOMENT:
                fields["state_times"] = times_in(fields["state_times"])
        times: dict[str, datetime] = fields["state_times"]
        return times

    def _handed_out(self, name: str) -> None:
        if name == "state_times":
            self._state_times  # noqa: B018  # reads them
        super()._handed_out(name)

    @property
    def job(self) -> Job | None:
        """The job that the run belongs to."""
        return self._job

    @property
    def ok(self) -> bool:
        """Whether this is the output of a good run."""
        return not self.is_error

    @property
    def is_error(self) -> bool:
        """Whether this is the output of a failed run."""
        return isinstance(self, JobError)

    async def resubmit(self) -> Job:
        """Put this run's program, QPU and configuration back into its job and submit it."""
        return await self._own_job().reconfigure(self).submit()

    async def reexecute(self) -> JobOutputProxy[Any]:
        """Put this run's program, QPU and configuration back into its job and execute it."""
        return await self._own_job().reconfigure(self).execute()

    def _own_job(self) -> Job:
        if self._job is None:
            raise RuntimeError("This output belongs to no job that could be run again.")
        return self._job

    def __await__(self) -> Generator[Any, None, Self]:
        """Give the output itself, so that ``await job.history.last`` does no harm."""
        yield from ()
        return self

    def to_dict(self) -> dict[str, Any]:
        """Give the fields as a dict; `compiler_config` is the object itself."""
        return {
            "qpu_id": self.qpu_id,
            "task_id": None if self.task_id is None else str(self.task_id),
            "compiler_config": self.compiler_config,
            "program": self.program,
            "received": None if self.received is None else self.received.isoformat(),
            "timings": self.timings,
            "metrics": self.metrics,
            "metadata": self.metadata,
        }

    def to_json(self) -> str:
        """Give the fields as JSON text, without the configuration (as published)."""
        fields = self.to_dict()
        del fields["compiler_config"]
        return json.dumps(fields)

    @classmethod
    def from_json(cls, json_str: str, job: Job | None = None) -> Self:
        """Read what :meth:`to_json` gave.

        Raises
        ------
        ValueError
            If the text is not JSON of that form.
        """
        fields = json.loads(json_str)
        try:
            task_id, received = fields.pop("task_id", None), fields.pop("received", None)
            fields["task_id"] = None if task_id is None else uuid.UUID(task_id)
            diagnostics = {name: fields.pop(name, None) for name in _DIAGNOSTICS}
            if "compiler_config" in fields:
                raise TypeError("it holds a configuration")
            output = cls(**fields, job=job)
            output.received = None if received is None else datetime.fromisoformat(received)
        except (TypeError, AttributeError, ValueError) as exc:
            raise ValueError(f"This is not the JSON of a {cls.__name__}: {exc}") from None
        vars(output).update(diagnostics)
        return output

    def _identity(self) -> tuple[Any, ...]:
        return (self.qpu_id, self.task_id, self.program)

    def __eq__(self, other: object) -> bool:
        """Compare without the time of receipt."""
        if type(other) is not type(self):
            return NotImplemented
        return self._identity() == other._identity()

    __hash__ = None  # type: ignore[assignment]  # mutable, as published


class JobResult(JobOutput):
    """The output of a good run.

    Falsy, as in the published SDK, where only errors are true.

    Parameters
    ----------
    data
        What the service gave: for binary counts (the default)
        ``{"<classical register>": {"<bitstring>": count}}`` with ``c[0]`` as the
        leftmost character; other results formats give lists or scalars.
    qpu_id, task_id, compiler_config, program, received, job
        As for :class:`JobOutput`.
    """

    data: Mutable[Any] = Mutable()

    def __init__(
        self,
        data: Any = None,
        qpu_id: str | None = None,
        task_id: uuid.UUID | None = None,
        compiler_config: Config | None = None,
        program: str | None = None,
        received: datetime | None = None,
        job: Job | None = None,
    ) -> None:
        super().__init__(qpu_id, task_id, compiler_config, program, received, job)
        self.data = {} if data is None else data

    @classmethod
    def from_job(cls, data: Any, job: Job) -> Self:
        """Make the result of a job's latest run."""
        return cls(data=data, job=job)

    def to_counts_dataarray(
        self,
        creg: str,
        endianness: Endianness = Endianness.BIG,
        on_length_mismatch: OnLengthMismatch = "raise",
    ) -> scipp.DataArray:
        """Give the counts of a classical register as a ``(1, n_bitstrings)`` scipp array.

        Needs the extra ``scipp``. See :func:`.counts.results_to_counts_dataarray`.
        """
        return results_to_counts_dataarray([self], creg, endianness, on_length_mismatch)

    def to_dataframe(self) -> pandas.DataFrame:
        """Give the counts as a tidy table; see :mod:`oqc_notebook.sdk.frames`."""
        from oqc_notebook.sdk.frames import result_frame

        return result_frame(self)

    def to_dict(self) -> dict[str, Any]:
        """Give the fields as a dict; `compiler_config` is the object itself."""
        return super().to_dict() | {"data": self.data}

    def _identity(self) -> tuple[Any, ...]:
        return (*super()._identity(), self._data)

    @property
    def _data(self) -> Any:
        """The data, for those who neither change it nor hand it on."""
        return vars(self)["data"]

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        data = self._data
        keys = list(data) if isinstance(data, Mapping) else type(data).__name__
        received = self.received and self.received.isoformat()
        return (
            f"JobResult(task_id={self.task_id}, qpu_id={self.qpu_id!r}, "
            f"data_keys={keys}, received={received!r})"
        )


class JobError(JobOutput):
    """The output of a failed run; always truthy.

    Parameters
    ----------
    error_code
        An HTTP status or the service's own code; -1 where there is none.
    error_message
        What went wrong, and where it is known, what to do.
    qpu_id, task_id, compiler_config, program, received, job
        As for :class:`JobOutput`.
    """

    def __init__(
        self,
        error_code: int | None = None,
        error_message: str | None = None,
        qpu_id: str | None = None,
        task_id: uuid.UUID | None = None,
        compiler_config: Config | None = None,
        program: str | None = None,
        received: datetime | None = None,
        job: Job | None = None,
    ) -> None:
        super().__init__(qpu_id, task_id, compiler_config, program, received, job)
        self.error_code = error_code
        self.error_message = error_message

    @classmethod
    def from_job(
        cls,
        error_code: int | None = None,
        error_message: str | None = None,
        job: Job | None = None,
    ) -> Self:
        """Make the error of a job's latest run."""
        return cls(error_code=error_code, error_message=error_message, job=job)

    @property
    def short(self) -> str:
        """Code and message in one line."""
        return f"({self.error_code}){self.error_message}"

    def to_dict(self) -> dict[str, Any]:
        """Give the fields as a dict; `compiler_config` is the object itself."""
        return super().to_dict() | {
            "error_code": self.error_code,
            "error_message": self.error_message,
        }

    def _identity(self) -> tuple[Any, ...]:
        return (*super()._identity(), self.error_code, self.error_message)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        received = self.received and self.received.isoformat()
        return (
            f"JobError(code={self.error_code}, message={self.error_message!r}, "
            f"task_id={self.task_id}, qpu_id={self.qpu_id!r}, received={received!r})"
        )
