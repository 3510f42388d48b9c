"""From the models of the snapshot format to jobs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from oqc_notebook.sdk.answers import Run
from oqc_notebook.sdk.composite import CompositeJob
from oqc_notebook.sdk.config_types import duplicate
from oqc_notebook.sdk.configs import Config, config_from_text
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.job import Job
from oqc_notebook.sdk.job_snapshot import (
    STAND_INS,
    CompositeJobSnapshot,
    JobErrorSnapshot,
    JobExtension,
    JobResultSnapshot,
    JobSnapshot,
    OutputExtension,
    RunSnapshot,
)
from oqc_notebook.sdk.json_values import put_back
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.sdk.proxy import AttrPolicy, JobOutputProxy
from oqc_notebook.sdk.states import JobState, state_of

if TYPE_CHECKING:
    from oqc_notebook.sdk.client import OqcSdk


class Configs:
    """The configurations in a file; each text is read once, each run gets its own."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, str | None], Config] = {}

    def of(self, snapshot: JobSnapshot | RunSnapshot, where: str) -> Config | None:
        """Give a new object for the configuration in a job's or run's model."""
        text, kind = snapshot.config_json, snapshot.config_type
        if text is None:
            return None
        if (text, kind) not in self._read:
            try:
                self._read[text, kind] = config_from_text(text, kind)
            except SnapshotError as exc:
                raise SnapshotError(f"{where}config_json: {exc}") from None
        return cast(Config, duplicate(self._read[text, kind]))


def composite_of(snapshot: CompositeJobSnapshot, jobs: list[Job]) -> CompositeJob:
    """Make the composite of a model, with these children instead of the model's."""
    composite = CompositeJob(jobs)
    if snapshot.oqc_notebook:
        composite._outputs.attr_policy = _policy(snapshot.oqc_notebook.attr_policy)
    return composite


def job_of(snapshot: JobSnapshot, client: OqcSdk | None, configs: Configs) -> Job:
    """Make the job of a model, which is used up: the job takes over its parts.

    Raises
    ------
    SnapshotError
        If a configuration cannot be read; the message names its place.
    """
    extension = snapshot.oqc_notebook or JobExtension()
    job = Job(
        program=snapshot.program,
        qpu_id=snapshot.qpu_id,
        config=configs.of(snapshot, ""),
        tag=snapshot.tag,
        hybrid_marker=snapshot.hybrid_marker,
        fetch_diagnostics=snapshot.fetch_diagnostics,
        _client=client,
    )
    job.label = extension.label
    job.task_id = snapshot.task_id
    job.timings, job.metrics, job.metadata = snapshot.timings, snapshot.metrics, snapshot.metadata
    _complete(job, extension)
    job._state, job._status = _state_from(snapshot.state, extension.status)
    job._raise_on_error = snapshot.raise_on_error
    job.cancel_requested = extension.cancel_requested
    _restore_outputs(job, snapshot, configs)
    job._history.attr_policy = _policy(extension.attr_policy)
    if job.task_id is not None or job.ended or extension.run or extension.state_times:
        run = extension.run or snapshot
        job._run = Run(
            cast(str, run.program),
            cast(str, run.qpu_id),
            configs.of(run, "run."),
            _times(extension.state_times),
        )
    return job


def _restore_outputs(job: Job, snapshot: JobSnapshot, configs: Configs) -> None:
    given = (("result", snapshot.result), ("error", snapshot.error))
    newest = snapshot.history[-1] if snapshot.history else None
    # compared before an output takes over, and completes, the parts of its model
    newest_fields = [field for field, item in given if item is not None and item == newest]
    history = [
        _output_of(item, job, configs, f"history[{i}].") for i, item in enumerate(snapshot.history)
    ]
    # what is the last of the history too is one object, as before the save
    latest = {
        field: history[-1]
        if field in newest_fields
        else _output_of(item, job, configs, f"{field}.")
        for field, item in given
        if item is not None
    }
    # the published SDK leaves the output of an earlier run there while the latest is in flight
    for field in [field for field, item in latest.items() if _is_of_earlier_run(item, job)]:
        earlier = latest.pop(field)
        if earlier not in history:
            history.insert(0, earlier)
    job._history = JobOutputProxy(history)
    job._error = cast(JobError | None, latest.get("error"))
    job._output = latest["result"] if "result" in latest else _error_of_latest_run(job)
    job._recorded = bool(history) and (job._output is history[-1] or job._error is history[-1])


def _is_of_earlier_run(output: JobOutput, job: Job) -> bool:
    in_flight = job.task_id is not None and not job.ended
    return in_flight and output.task_id is not None and output.task_id != job.task_id


def _error_of_latest_run(job: Job) -> JobError | None:
    """Give the error that the latest run ended with; ``job.error`` may be that of a later look."""
    last = job._history.last if job._history else None
    if job._state in (JobState.FAILED, JobState.CANCELLED):
        of_the_run = isinstance(last, JobError) and job.task_id and last.task_id == job.task_id
        return last if of_the_run else job._error
    if job._state is JobState.CREATED and job.task_id is None and job._error is last:
        return job._error  # nothing was begun since
    return None


def _output_of(
    snapshot: JobResultSnapshot | JobErrorSnapshot, job: Job, configs: Configs, where: str
) -> JobOutput:
    output: JobOutput
    if isinstance(snapshot, JobResultSnapshot):
        output = JobResult(snapshot.data)
    else:
        output = JobError(snapshot.error_code, snapshot.error_message)
    output.program = snapshot.program
    output.qpu_id = snapshot.qpu_id
    output.compiler_config = configs.of(snapshot, where)
    output.task_id = snapshot.task_id
    output.received = snapshot.received and _time(snapshot.received)
    output.timings = snapshot.timings
    output.metrics = snapshot.metrics
    output.metadata = snapshot.metadata
    output._job = job
    if snapshot.oqc_notebook is not None:
        _complete(output, snapshot.oqc_notebook)
        output.state_times = _times(snapshot.oqc_notebook.state_times)
    return output


def _complete(target: Job | JobOutput, extension: JobExtension | OutputExtension) -> None:
    """Put in what the plain fields could not say; a plain field that says something wins."""
    fields = {name: value for name, value in vars(target).items() if name in STAND_INS}
    for name, value in extension.instead.items():
        if name in fields and fields[name] == STAND_INS[name]:
            fields[name] = value
    put_back(fields, extension.non_finite)
    vars(target).update(fields)


def _state_from(plain: str, status: str | None) -> tuple[JobState, str | None]:
    """Give the state and the server's word for it; the plain field wins where they differ."""
    state = JobState(plain)
    if status is None:
        return state, None
    meant = state_of(status)
    if meant is JobState.UNKNOWN and state is JobState.RUNNING:
        return meant, status
    return state, status if meant is state else None


def _times(times: dict[str, datetime]) -> dict[str, datetime]:
    return {state: _time(time) for state, time in times.items()}


def _time(time: datetime) -> datetime:
    if time.tzinfo is None:
        return time
    try:
        return time.astimezone(UTC)
    except OverflowError:  # in the year 1 or 9999
        return time


def _policy(name: str | None) -> AttrPolicy:
    return AttrPolicy.__members__.get(name or "", AttrPolicy.RAISE)
