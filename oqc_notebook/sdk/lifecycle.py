"""The life of a run: how submitting, and what the server answers, move a job on."""

from __future__ import annotations

import asyncio
import copy
import logging
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from oqc_notebook.sdk.answers import (
    GONE,
    NO_CODE,
    Run,
    attribute,
    diagnostics_of,
    look_error,
    output_of,
    refusal,
    state_in,
)
from oqc_notebook.sdk.errors import ServerError
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.sdk.proxy import JobOutputProxy
from oqc_notebook.sdk.running import Runnable
from oqc_notebook.sdk.sealing import KeptText
from oqc_notebook.sdk.states import ENDED, MOMENT, JobState

if TYPE_CHECKING:
    from oqc_notebook.sdk.configs import Config

logger = logging.getLogger("oqc_notebook.sdk")


class Lifecycle(Runnable):
    """Where the latest run of a job stands, and all that changes it.

    It is a base of :class:`~oqc_notebook.sdk.job.Job` alone, which adds the inputs and
    what people do with a job. What changes a run is called on the session's loop.

    Parameters
    ----------
    task_id
        Id of the latest run's task, where there is one.
    fetch_diagnostics
        Whether to keep timings, metrics and metadata of each run that ends.
    """

    program: str
    qpu_id: str
    config: Config | None

    def __init__(self, task_id: uuid.UUID | None, fetch_diagnostics: bool) -> None:
        super().__init__()
        self.task_id: uuid.UUID | None = task_id
        self.timings: dict[str, Any] | None = None
        self.metrics: dict[str, Any] | None = None
        self.metadata: dict[str, Any] | None = None
        self.cancel_requested: bool = False
        self._fetch_diagnostics = fetch_diagnostics
        self._state = JobState.CREATED
        self._status: str | None = None
        #: The inputs of the latest run; None before the first one.
        self._run: Run | None = None
        self._task_fields: dict[str, Any] = {}
        #: The submission that is under way; one that is not here has no say any more.
        self._submission: asyncio.Task[Exception | None] | None = None
        self._output: JobOutput | None = None
        self._error: JobError | None = None
        #: Whether the history holds an output of the latest run.
        self._recorded = False
        self._history: JobOutputProxy[Any] = JobOutputProxy()
        #: What was written of it without its outputs, and with them.
        self._kept, self._kept_whole = KeptText(), KeptText()

    def _changed(self) -> None:
        """Tell everybody who wants to know."""
        raise NotImplementedError

    # ---- where it stands ----

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

    @property
    def _failed_run(self) -> bool:
        """Whether the latest run is over without a result, so that another try makes sense."""
        return self._state in (JobState.FAILED, JobState.CANCELLED) or self._gone

    # ---- what moves it on ----

    def _begin_run(self, task_fields: dict[str, Any]) -> None:
        with MOMENT:
            self._task_fields = task_fields
            reserved_for, self._run = self._run, Run.of(self)
            goes_on = self.task_id is not None and self._state is JobState.CREATED
            if goes_on and reserved_for is not None and not self._run.is_like(reserved_for):
                logger.warning(
                    "Task %s is left to itself: its job was given other inputs while it was not "
                    "known whether the task was accepted.",
                    self.task_id,
                )
                goes_on = False
            if not goes_on or self._gone:
                self.task_id = None
                self._recorded = False
                self._output = None
            self._reach(JobState.CREATED)
            self._status = None
            self._error = None
            self.cancel_requested = False
            self.timings = self.metrics = self.metadata = None

    # another thread may give a job other inputs in the middle of these: then it has no run

    def _reserved(self, task_id: uuid.UUID) -> None:
        with MOMENT:
            if self._run is None:
                return
            self.task_id = task_id
        self._changed()

    def _submitted(self) -> None:
        with MOMENT:
            if self._run is not None and self._state is JobState.CREATED:
                self._reach(JobState.SUBMITTED)
                self._status = None  # the server's last word was CREATED, if it was asked
        self._changed()

    def _refused(self, exc: ServerError) -> None:
        with MOMENT:
            if self._run is None:
                return
            # nothing runs under a reserved id that was refused
            self.task_id = None
            self._reach(JobState.FAILED)
            self._status = None
            self._finish(refusal(self._run, self, exc))
        self._changed()

    def _not_submitted(self, reason: Exception) -> None:
        """Note that a submission came to nothing, or that nobody knows whether it did."""
        with MOMENT:
            if self.task_id is None or self._run is None:
                return
            self._error = attribute(JobError(NO_CODE, str(reason)), self._run, self)
        self._changed()

    def _take_over(self, run: Run, answer: dict[str, Any]) -> None:
        """Take over what the server says about the task of `run`."""
        if run is not self._run:
            return  # the answer came too late: another run has begun
        state, status = state_in(answer)
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
            self._record(self._error)  # until the results come: another run may begin first
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
