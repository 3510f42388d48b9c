"""A job: one program on one QPU, that can be run again, with the history of its runs."""

from __future__ import annotations

import asyncio
import copy
import logging
import uuid
import warnings
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from oqc_notebook.sdk.answers import (
    GONE,
    NO_CODE,
    Run,
    attribute,
    diagnostics_of,
    inputs_of,
    look_error,
    output_of,
    own_config,
    refusal,
)
from oqc_notebook.sdk.errors import JobFailed, ServerError, StaleResultWarning
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.sdk.proxy import JobOutputProxy
from oqc_notebook.sdk.running import Home, Observer, Runnable
from oqc_notebook.sdk.states import ENDED, MOMENT, JobState, state_of

if TYPE_CHECKING:
    import pandas

    from oqc_notebook.sdk.client import OqcSdk
    from oqc_notebook.sdk.configs import Config
    from oqc_notebook.sdk.connection import Connection
    from oqc_notebook.sdk.job_snapshot import JobSnapshot

logger = logging.getLogger("oqc_notebook.sdk")

_CONFIGURABLE = ("program", "qpu_id", "config", "tag", "hybrid_marker")


class Job(Runnable):
    """One program on one QPU; make it with ``sdk.create_job()``.

    Parameters
    ----------
    program
        The program's text, OpenQASM 2 or 3 or QIR.
    qpu_id
        Id of the QPU.
    config
        How to run and compile it; None asks for binary counts of 1000 shots.
    task_id
        Id of the latest run's task, where there is one.
    tag, hybrid_marker
        Marks that are sent along.
    fetch_diagnostics
        Whether to keep timings, metrics and metadata of each run that ends.

    Attributes
    ----------
    timings, metrics, metadata : dict or None
        Diagnostics of the latest run that ended, if they are fetched.
    label : str or None
        What this job is called among the children of a composite; it is not sent.
    cancel_requested : bool
        Whether a cancellation was asked for that the server has not confirmed.
    """

    def __init__(
        self,
        program: str,
        qpu_id: str,
        config: Config | None = None,
        task_id: uuid.UUID | None = None,
        tag: str | None = None,
        hybrid_marker: str | None = None,
        fetch_diagnostics: bool = False,
        _client: OqcSdk | None = None,
    ) -> None:
        super().__init__()
        self.program = program
        self.qpu_id = qpu_id
        self.config = config
        self.task_id = task_id
        self.tag = tag
        self.hybrid_marker = hybrid_marker
        self.timings: dict[str, Any] | None = None
        self.metrics: dict[str, Any] | None = None
        self.metadata: dict[str, Any] | None = None
        self.label: str | None = None
        self.cancel_requested = False
        self._fetch_diagnostics = fetch_diagnostics
        self._raise_on_error = False
        self._client = _client
        self._home: Home | None = None
        self._observers: list[Observer] = []
        # the latest run
        self._state = JobState.CREATED
        self._status: str | None = None
        self._run: Run | None = None if task_id is None else Run.of(self)
        self._task_fields: dict[str, Any] = {}
        self._submission: asyncio.Task[Exception | None] | None = None
        self._output: JobOutput | None = None
        self._error: JobError | None = None
        self._recorded = False
        self._history: JobOutputProxy[Any] = JobOutputProxy()

    # ---- reading ----

    @property
    def state(self) -> JobState:
        """Where the latest run stands, as far as is known here."""
        return self._state

    @property
    def status(self) -> str:
        """The server's own word for the state."""
        return self._status or self._state.value

    @property
    def state_times(self) -> dict[str, datetime]:
        """When each state of the latest run was first seen here, in UTC."""
        return {} if self._run is None else dict(self._run.state_times)

    @property
    def ended(self) -> bool:
        """Whether the latest run has ended, well or not."""
        return self._state in ENDED

    @property
    def in_flight(self) -> bool:
        """Whether the latest run was submitted and has not ended."""
        return self.task_id is not None and self._state is not JobState.CREATED and not self.ended

    @property
    def completed(self) -> bool:
        """Whether the latest run has ended with a result."""
        return self._state is JobState.COMPLETED and isinstance(self._output, JobResult)

    @property
    def result(self) -> JobResult | None:
        """The newest good result.

        Reading it warns (:class:`StaleResultWarning`) while it belongs to an earlier
        run than the latest.
        """
        if isinstance(self._output, JobResult):
            return self._output
        results = self._history.results()
        if not results:
            return None
        warnings.warn(
            f"This result is of an earlier run (task {results.last.task_id}); the latest is "
            f"{self._state}.",
            StaleResultWarning,
            stacklevel=2,
        )
        return results.last

    @property
    def error(self) -> JobError | None:
        """What went wrong with the latest run or the latest look at it; None if nothing did."""
        return self._error

    @property
    def outputs(self) -> JobOutputProxy[Any]:
        """The result or error of the latest run; empty while there is none."""
        return JobOutputProxy(self._error if self._output is None else self._output)

    @property
    def history(self) -> JobOutputProxy[Any]:
        """The outputs of all runs that have ended, oldest first, each once."""
        return self._history

    def raise_for_status(self) -> None:
        """Raise if the latest run failed.

        Raises
        ------
        JobFailed
            If it ended FAILED, or there is an error.
        """
        if self._state is JobState.FAILED or self._error is not None:
            raise JobFailed(
                task_id="<unsubmitted>" if self.task_id is None else str(self.task_id),
                qpu_id=self.qpu_id,
                code=None if self._error is None else self._error.error_code,
                details=None if self._error is None else self._error.error_message,
            )

    def __repr__(self) -> str:
        parts = [
            f"id={self.task_id or '<unsubmitted>'}",
            f"qpu={self.qpu_id!r}",
            f"state={self._state}",
            f"history_len={len(self._history)}",
        ]
        if self.cancel_requested:
            parts.append("cancel requested")
        if self._error is not None:
            parts.append(f"error={self._error.short}")
        if isinstance(self._output, JobResult) and isinstance(self._output.data, dict):
            parts.append(f"result_keys={list(self._output.data)}")
        return f"Job({', '.join(parts)})"

    # ---- changing ----

    def reconfigure(self, memento: JobOutput | None = None, **kwargs: Any) -> Self:
        """Change what the next run runs; the state goes back to CREATED.

        Parameters
        ----------
        memento
            An earlier output, whose program, QPU and configuration are taken over.
        **kwargs
            ``program``, ``qpu_id``, ``config``, ``tag`` or ``hybrid_marker``, which
            win over the memento's.

        Raises
        ------
        AttributeError
            If a job has no such input. Then nothing was changed.
        """
        for name in kwargs:
            if name not in _CONFIGURABLE:
                raise AttributeError(
                    f"A job has no input {name!r}; there are {', '.join(_CONFIGURABLE)}."
                )
        if self.in_flight:
            logger.warning(
                "Task %s is left to itself: its job was given other inputs while it was in flight.",
                self.task_id,
            )
        with MOMENT:
            if memento is not None:
                self.program = memento.program or self.program
                self.qpu_id = memento.qpu_id or self.qpu_id
                self.config = own_config(memento.compiler_config)
            for name, value in kwargs.items():
                setattr(self, name, value)
            self.task_id = None
            self._state = JobState.CREATED
            self._status = None
            self._run = None
        self._changed()
        return self

    def history_dataframe(self) -> pandas.DataFrame:
        """Give the counts of every run as a tidy table; see :mod:`oqc_notebook.sdk.frames`."""
        from oqc_notebook.sdk.frames import history_frame

        return history_frame(self)

    def to_snapshot(self) -> JobSnapshot:
        """Give the complete state as a model, from any thread, as of one moment.

        Raises
        ------
        ValueError
            If a result holds something that JSON cannot hold; it says where.
        """
        from oqc_notebook.sdk.persistence import job_to_snapshot

        return job_to_snapshot(self)

    # ---- what the session does with it, on the session's loop ----

    def _members(self) -> Sequence[Job]:
        return (self,)

    @property
    def _gone(self) -> bool:
        """Whether the server no longer knew the task of a run that had not ended."""
        return (
            self._error is not None
            and self._error.error_code in GONE
            and self.task_id is not None
            and not self.ended
        )

    @property
    def _never_submitted(self) -> bool:
        return self._state is JobState.CREATED and self._submission is None

    @property
    def _under_way(self) -> bool:
        """Whether a run was begun, perhaps by an earlier session, and has not ended."""
        reserved = self._state is JobState.CREATED and self.task_id is not None
        return self._submission is not None or ((self.in_flight or reserved) and not self._gone)

    @property
    def _runs_anew(self) -> bool:
        """Whether the next ``execute()`` submits, rather than joins what is under way."""
        return self._submission is None and not (self.in_flight and not self._gone)

    def _complete(self, answer: dict[str, Any]) -> None:
        """Take over the inputs, and then the state, that the server tells of the task."""
        with MOMENT:
            inputs = inputs_of(answer)
            self.program = inputs.program
            self.config = inputs.config
            self.tag = self.tag or inputs.tag
            self._run = Run.of(self)
        self._take_over(self._run, answer)

    def _begin_run(self, task_fields: dict[str, Any]) -> None:
        with MOMENT:
            self._task_fields = task_fields
            self._run = Run.of(self)
            if self.task_id is None or self._state is not JobState.CREATED or self._gone:
                self.task_id = None
                self._recorded = False
                self._output = None
            self._reach(JobState.CREATED)
            self._status = None
            self._error = None
            self.cancel_requested = False
            self.timings = self.metrics = self.metadata = None

    def _reserved(self, task_id: uuid.UUID) -> None:
        with MOMENT:
            self.task_id = task_id
        self._changed()

    def _submitted(self) -> None:
        with MOMENT:
            if self._state is JobState.CREATED:
                self._reach(JobState.SUBMITTED)
        self._changed()

    def _refused(self, exc: ServerError) -> None:
        assert self._run is not None
        with MOMENT:
            # nothing runs under a reserved id that was refused
            self.task_id = None
            self._reach(JobState.FAILED)
            self._finish(refusal(self._run, self, exc))
        self._changed()

    def _not_submitted(self, reason: Exception) -> None:
        """Note that a submission came to nothing, or that nobody knows whether it did."""
        if self.task_id is None or self._run is None:
            return
        error = JobError(NO_CODE, str(reason))
        with MOMENT:
            self._error = attribute(error, self._run, self)
        self._changed()

    def _take_over(self, run: Run, answer: dict[str, Any]) -> None:
        """Take over what the server says about the task of `run`."""
        if run is not self._run:
            return  # the answer came too late: another run has begun
        status = str(answer["status"])
        state = state_of(status)
        before = (self._state, self._status, self._error, self._output)
        with MOMENT:
            if self.ended and state is not self._state:
                state, status = self._state, self.status
            elif state is JobState.CREATED and self._state is not JobState.CREATED:
                state, status = self._state, self.status  # accepted, and not yet shown
            self._reach(state)
            self._status = status
            self._error = self._output if isinstance(self._output, JobError) else None
            if self.ended and self._output is None:
                self._end(run, answer)
        if before != (self._state, self._status, self._error, self._output):
            self._changed()

    def _reach(self, state: JobState) -> None:
        self._state = state
        if self._run is not None:
            self._run.reached(state)

    def _end(self, run: Run, answer: dict[str, Any]) -> None:
        self.cancel_requested = False
        output = output_of(run, self, self._state, answer)
        if output is None:
            error = JobError(
                NO_CODE, "The server says COMPLETED but sent no results; refresh() asks again."
            )
            self._error = attribute(error, run, self)
            return
        if self._fetch_diagnostics:
            diagnostics = diagnostics_of(answer)
            vars(self).update(diagnostics)
            vars(output).update(copy.deepcopy(diagnostics))
        self._finish(output)

    def _finish(self, output: JobOutput) -> None:
        self._output = output
        self._error = output if isinstance(output, JobError) else None
        self._record(output)

    def _look_refused(self, run: Run, exc: ServerError) -> None:
        """Store a final no to a look at the task; the state stays as it was."""
        if run is not self._run:
            return
        with MOMENT:
            self._error = look_error(run, self, exc)
            if self._gone:
                self._record(self._error)
        self._changed()

    def _record(self, output: JobOutput) -> None:
        """Put the run's output into the history, once."""
        if self._recorded:
            self._history._items[-1] = output
        else:
            self._history.append(output)
            self._recorded = True

    def _forget_look_error(self) -> None:
        """Let a new wait begin, where the last look was refused."""
        if self.in_flight:
            self._error = None

    def _cancel_asked(self) -> None:
        with MOMENT:
            self.cancel_requested = True
        self._changed()

    # ---- observers ----

    def _add_observer(self, callback: Observer) -> None:
        self._observers.append(callback)
        self._tell_poller()

    def _remove_observer(self, callback: Observer) -> None:
        if callback in self._observers:
            self._observers.remove(callback)

    def _changed(self) -> None:
        connection = self._live_connection()
        if connection is None:
            self._tell_observers()
        else:
            connection.in_loop(self._tell_observers)
            self._tell_poller()

    def _tell_observers(self) -> None:
        for callback in list(self._observers):
            try:
                callback(self)
            except Exception:
                logger.exception("An observer of %r failed", self)

    def _tell_poller(self) -> None:
        connection = self._live_connection()
        if connection is not None:
            connection.in_loop(connection.poller.changed, self)

    def _live_connection(self) -> Connection | None:
        return None if self._client is None else self._client._connection
