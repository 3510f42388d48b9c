"""What the server's answer about a task means for the run that it belongs to."""

from __future__ import annotations

import contextlib
import logging
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

from oqc_notebook.sdk.errors import ServerError, SnapshotError
from oqc_notebook.sdk.json_values import is_too_deep
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.sdk.state_times import times_in
from oqc_notebook.sdk.states import EXPIRED, JobState, state_of

if TYPE_CHECKING:
    from oqc_notebook.sdk.configs import Config
    from oqc_notebook.sdk.job import Job
    from oqc_notebook.sdk.lifecycle import Lifecycle

logger = logging.getLogger("oqc_notebook.sdk")

AnyOutput = TypeVar("AnyOutput", bound=JobOutput)

#: error_code where neither HTTP nor the service gives one; as published.
NO_CODE = -1

#: Statuses of a look that mean: the server no longer knows the task.
GONE = frozenset({404, 410})


@dataclass(frozen=True, eq=False)
class Run:
    """The inputs of one run, as they were when it was submitted.

    A later change of the job, or of its configuration object, does not reach what
    this run leaves in the history.
    """

    program: str
    qpu_id: str
    config: Config | None
    _times: dict[str, datetime] | str = field(default_factory=dict)

    @cached_property
    def state_times(self) -> dict[str, datetime]:
        """When each state was first seen here, in UTC."""
        return times_in(self._times)

    @classmethod
    def of(cls, job: Lifecycle) -> Run:
        """Take the inputs that the job has now."""
        return cls(job.program, job.qpu_id, own_config(job.config))

    def is_like(self, other: Run) -> bool:
        """Tell whether another run asks for the same."""
        if (self.program, self.qpu_id) != (other.program, other.qpu_id):
            return False
        if self.config is None or other.config is None:
            return self.config is other.config
        from oqc_notebook.sdk.config_types import same

        return same(self.config, other.config)

    def reached(self, state: JobState) -> None:
        """Note the time at which a state is first seen."""
        self.state_times.setdefault(state.value, datetime.now(UTC))


def own_config(config: Config | None) -> Config | None:
    """Give a copy of a configuration, which shares nothing with it."""
    if config is None:
        return None
    from oqc_notebook.sdk.config_types import duplicate

    return cast("Config", duplicate(config))


@dataclass(frozen=True)
class Inputs:
    """What the server tells of a task's inputs."""

    program: str
    config: Config | None
    tag: str | None


def inputs_of(answer: dict[str, Any]) -> Inputs:
    """Read a task's inputs; what the server does not tell, or not legibly, is left empty."""
    from oqc_notebook.sdk.configs import config_from_text

    metadata = answer.get("metadata")
    told = (metadata if isinstance(metadata, dict) else {}) | answer
    program, text, tag = told.get("program"), told.get("config"), told.get("tag")
    config = None
    if isinstance(text, str):
        kind = "EradoConfig" if "EradoConfig" in text else None
        with contextlib.suppress(SnapshotError):
            config = config_from_text(text, kind)
    return Inputs(
        program if isinstance(program, str) else "",
        config,
        tag if isinstance(tag, str) and tag else None,
    )


def state_in(answer: dict[str, Any]) -> tuple[JobState, str]:
    """Give the state that the server tells, and its own word for it.

    A word that is new to us ends the run if an error or results come with it: nothing else
    will come then, and the wait would never end.
    """
    word = str(answer["status"] or JobState.UNKNOWN)
    state = state_of(word)
    if state is JobState.UNKNOWN and answer.get("task_error"):
        state = JobState.FAILED
    elif state is JobState.UNKNOWN and answer.get("results"):
        state = JobState.COMPLETED
    return state, word


def output_of(
    run: Run, job: Lifecycle, state: JobState, answer: dict[str, Any]
) -> JobOutput | None:
    """Make the output of a run that has ended; None where results are still missing."""
    word = str(answer.get("status", "")).upper()
    output: JobOutput
    if state is JobState.COMPLETED:
        if answer.get("results") is None:
            return None
        output = JobResult(data=answer["results"])
    elif state is JobState.CANCELLED:
        output = _task_error(answer, "The run was cancelled.")
    elif word == EXPIRED:
        output = _task_error(answer, "The task expired on the server before it was run.")
    else:
        output = _task_error(answer, "The run failed; the server gives no reason.")
    return attribute(output, run, job)


def look_error(run: Run, job: Lifecycle, exc: ServerError) -> JobError:
    """Make the error of a look at the task that the server answered with a final no."""
    text = str(exc)
    if exc.code in GONE:
        text += (
            f" (Task {job.task_id} may have been scrubbed from the server. Results and history "
            "that are already here stay; execute() starts a new run.)"
        )
    elif exc.code in (401, 403):
        text += (
            " The task itself is untouched: save the job, load it into a session with a valid "
            "token, and refresh()."
        )
    return attribute(JobError(exc.code, text), run, job)


def refusal(run: Run, job: Lifecycle, exc: ServerError) -> JobError:
    """Make the error of a submission that the server refused."""
    return attribute(JobError(exc.code, str(exc)), run, job)


def attribute(output: AnyOutput, run: Run, job: Lifecycle) -> AnyOutput:
    """Say in an output, which is complete then, which run it belongs to."""
    output.program, output.qpu_id = run.program, run.qpu_id
    output.compiler_config = own_config(run.config)
    output.task_id = job.task_id
    output.state_times = dict(run.state_times)
    output._job = cast("Job", job)  # every lifecycle is a job's
    output._seal()
    return output


def diagnostics_of(answer: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    """Give the diagnostics in an answer under the names that a job gives them.

    What is nested more deeply than a file can hold is left out, so that the result is not lost
    with it.
    """
    names = {"timings": "timings", "metrics": "execution_metadata", "metadata": "metadata"}
    found = {ours: answer.get(theirs) for ours, theirs in names.items()}
    for name, value in found.items():
        if not isinstance(value, dict):
            found[name] = None
        elif is_too_deep(value):
            logger.warning("The %s of a task are nested too deeply, and are left out.", name)
            found[name] = None
    return found


def task_id_from(text: Any) -> uuid.UUID:
    """Read a task id.

    Raises
    ------
    ServerError
        If the server's id is no UUID.
    """
    try:
        return uuid.UUID(str(text))
    except ValueError:
        raise ServerError(f"The server gave {text!r:.80} as a task id.", 502) from None


def _task_error(answer: dict[str, Any], otherwise: str) -> JobError:
    error = answer.get("task_error")
    if isinstance(error, dict):
        code, message = error.get("error_code"), error.get("error_message")
    else:
        code, message = None, error
    return JobError(
        error_code=code if type(code) is int else NO_CODE,
        error_message=str(message) if message else otherwise,
    )
