"""A job: one program on one QPU, that can be run again, with the history of its runs."""

from __future__ import annotations

import logging
import uuid
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from oqc_notebook.sdk.answers import Run, inputs_of, own_config
from oqc_notebook.sdk.errors import JobFailed, StaleResultWarning
from oqc_notebook.sdk.home import Home
from oqc_notebook.sdk.lifecycle import Lifecycle
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.sdk.proxy import JobOutputProxy
from oqc_notebook.sdk.running import Observer
from oqc_notebook.sdk.states import MOMENT, JobState

if TYPE_CHECKING:
    import pandas

    from oqc_notebook.sdk.client import OqcSdk
    from oqc_notebook.sdk.configs import Config
    from oqc_notebook.sdk.connection import Connection
    from oqc_notebook.sdk.job_snapshot import JobSnapshot

logger = logging.getLogger("oqc_notebook.sdk")

_CONFIGURABLE = ("program", "qpu_id", "config", "tag", "hybrid_marker")


class Job(Lifecycle):
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
        super().__init__(task_id, fetch_diagnostics)
        self.program = program
        self.qpu_id = qpu_id
        self.config = config
        self.tag = tag
        self.hybrid_marker = hybrid_marker
        self.label: str | None = None
        self._raise_on_error = False
        self._client = _client
        self._home: Home | None = None
        self._observers: list[Observer] = []
        if task_id is not None:
            self._run = Run.of(self)

    # ---- reading ----

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
        if self.task_id is not None and not self.ended:
            logger.warning(
                "Task %s is left to itself: its job was given other inputs before it had ended.",
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
            self.cancel_requested = False
            self._state = JobState.CREATED
            self._status = None
            self._run = self._submission = None
        self._changed()
        return self

    async def get_wait_time(self) -> dict[str, Any]:
        """Ask when the service expects the latest run to end, in the service's own words.

        What it says is not laid down; ``sdk.get_wait_time()``, of a whole QPU, is.

        Raises
        ------
        RuntimeError
            If nothing was submitted yet.
        ServerError
            If the server says no; 404 where it does not know the task any more.
        SessionError
            If the session is not open, is closed, or cannot reach the server.
        """
        if self.task_id is None or self._run is None:
            raise RuntimeError("Nothing has been submitted yet; call submit() or execute() first.")
        self._connection()
        assert self._client is not None, "without one there is no connection"
        told = await self._client._look_up("task_wait_times", self._run.qpu_id, [str(self.task_id)])
        return told[0] if told else {}

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

    def _complete(self, answer: dict[str, Any]) -> None:
        """Take over the inputs, and then the state, that the server tells of the task."""
        with MOMENT:
            inputs = inputs_of(answer)
            self.program = inputs.program
            self.config = inputs.config
            self.tag = self.tag or inputs.tag
            self._run = Run.of(self)
        self._take_over(self._run, answer)

    # ---- observers ----

    def _add_observer(self, callback: Observer) -> None:
        self._observers.append(callback)
        if self.in_flight:  # what is not, the poller is told of when it changes
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
        callbacks: list[Observer] = list(self._observers)
        if self._client is not None and self._client._recorder is not None:
            callbacks.insert(0, self._client._recorder.changed)
        for callback in callbacks:
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
