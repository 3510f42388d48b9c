"""From checked documents of the snapshot format to jobs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from oqc_notebook.sdk.answers import Run, own_config
from oqc_notebook.sdk.composite import CompositeJob
from oqc_notebook.sdk.configs import Config, config_from_text
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.job import Job
from oqc_notebook.sdk.job_snapshot import STAND_INS
from oqc_notebook.sdk.json_values import put_back
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.sdk.proxy import AttrPolicy, JobOutputProxy
from oqc_notebook.sdk.snapshot_documents import (
    CompositeDocument,
    ErrorDocument,
    Inputs,
    JobBlock,
    JobDocument,
    OutputBlock,
    OutputDocument,
    ResultDocument,
)
from oqc_notebook.sdk.states import JobState, state_of

if TYPE_CHECKING:
    from oqc_notebook.sdk.client import OqcSdk


#: The attributes of an output of which a file says nothing.
_OUTPUT: dict[str, Any] = {
    "task_id": None,
    "received": None,
    "timings": None,
    "metrics": None,
    "metadata": None,
    "_sealed": True,
    "_kept": None,
    "_fingerprints": (),
}
_RESULT = _OUTPUT | {"data": None}
_ERROR = _OUTPUT | {"error_code": None, "error_message": None}


class Configs:
    """The configurations in a file; each text is read once."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, str | None], Config] = {}

    def shared(self, inputs: Inputs) -> Config | None:
        """Give the configuration among some inputs, to be looked at only."""
        text, kind = inputs.config_json, inputs.config_type
        if text is None:
            return None
        if (text, kind) not in self._read:
            try:
                self._read[text, kind] = config_from_text(text, kind)
            except SnapshotError as exc:
                raise SnapshotError(f"config_json: {exc}") from None
        return self._read[text, kind]

    def own(self, inputs: Inputs) -> Config | None:
        """Give the configuration among some inputs as a new object."""
        return own_config(self.shared(inputs))


def composite_of(document: CompositeDocument, jobs: list[Job]) -> CompositeJob:
    """Make the composite of a document, with these children."""
    composite = CompositeJob(jobs)
    block = document.get("oqc_notebook") or {}
    composite._outputs.attr_policy = _policy(block.get("attr_policy"))
    return composite


def job_of(document: JobDocument, client: OqcSdk | None, configs: Configs) -> Job:
    """Make the job of a document, which is used up: the job takes over its parts.

    Raises
    ------
    SnapshotError
        If a configuration cannot be read; the message names its place.
    """
    block: JobBlock = document.get("oqc_notebook") or {}
    inputs = Inputs(
        document["program"],
        document["qpu_id"],
        document.get("config_json"),
        document.get("config_type"),
    )
    job = Job(
        program=document["program"],
        qpu_id=document["qpu_id"],
        config=configs.own(inputs),
        tag=document.get("tag"),
        hybrid_marker=document.get("hybrid_marker"),
        fetch_diagnostics=document.get("fetch_diagnostics", False),
        _client=client,
    )
    job.label = block.get("label")
    job.task_id = document.get("task_id")
    job.timings = document.get("timings")
    job.metrics = document.get("metrics")
    job.metadata = document.get("metadata")
    _complete(job, block)
    job._state, job._status = _state_from(document.get("state", "CREATED"), block.get("status"))
    job._raise_on_error = document.get("raise_on_error", False)
    job.cancel_requested = block.get("cancel_requested", False)
    _restore_outputs(job, document, inputs, configs)
    job._history.attr_policy = _policy(block.get("attr_policy"))
    run, state_times = block.get("run"), _all_in_utc(block.get("state_times", {}))
    if job.task_id is not None or job.ended or run is not None or state_times:
        inputs = inputs.of(run or {})
        try:
            config = configs.own(inputs)
        except SnapshotError as exc:
            raise SnapshotError(f"run.{exc}") from None
        job._run = Run(cast(str, inputs.program), cast(str, inputs.qpu_id), config, state_times)
    return job


def _restore_outputs(job: Job, document: JobDocument, inputs: Inputs, configs: Configs) -> None:
    runs = document.get("history", [])
    given: dict[str, OutputDocument | None] = {
        "result": document.get("result"),
        "error": document.get("error"),
    }
    # compared before an output takes over, and completes, the parts of its document
    newest = [name for name, run in given.items() if runs and _alike(run, name, runs[-1], inputs)]
    outputs = _Outputs(job, inputs, configs)
    history: list[JobOutput] = []
    latest: dict[str, JobOutput] = {}
    where = ""
    try:
        for run in runs:
            where = f"history[{len(history)}]"
            history.append(outputs.make(run, run["kind"]))
        for where, given_run in given.items():
            if where in newest:  # one object, as before the save
                latest[where] = history[-1]
            elif given_run is not None:
                latest[where] = outputs.make(given_run, where)
    except SnapshotError as exc:
        raise SnapshotError(f"{where}.{exc}") from None
    # the published SDK leaves the output of an earlier run there while the latest is in flight
    for name in [name for name, output in latest.items() if _is_of_earlier_run(output, job)]:
        earlier = latest.pop(name)
        if earlier not in history:
            history.insert(0, earlier)
    job._history = JobOutputProxy(history)
    job._error = cast(JobError | None, latest.get("error"))
    job._output = latest["result"] if "result" in latest else _error_of_latest_run(job)
    job._recorded = bool(history) and (job._output is history[-1] or job._error is history[-1])


def _alike(
    run: OutputDocument | None, kind: str, newest: ResultDocument | ErrorDocument, inputs: Inputs
) -> bool:
    """Tell whether two documents say the same output, whatever they leave out."""
    if run is None or kind != newest["kind"]:
        return False
    return run == newest or (
        inputs.of(run) == inputs.of(newest) and _own_fields(run) == _own_fields(newest)
    )


def _own_fields(run: OutputDocument) -> dict[str, Any]:
    return {
        name: value
        for name, value in run.items()
        if value is not None and name != "kind" and name not in Inputs._fields
    }


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


class _Outputs:
    """The outputs of one job, made of their documents."""

    def __init__(self, job: Job, inputs: Inputs, configs: Configs) -> None:
        self._inputs = inputs
        self._configs = configs
        shared: dict[str, Any] = {
            "program": inputs.program,
            "qpu_id": inputs.qpu_id,
            "compiler_config": configs.shared(inputs),  # until the output is opened
            "_job": job,
        }
        self._fields = {"result": _RESULT | shared, "error": _ERROR | shared}

    def make(self, run: OutputDocument, kind: str) -> JobOutput:
        """Make one; what its document leaves out equals the job's."""
        fields = self._fields[kind].copy()
        fields |= run
        fields.pop("kind", None)
        if "config_json" in run or "config_type" in run:
            fields["compiler_config"] = self._configs.shared(self._inputs.of(run))
            fields.pop("config_json", None)
            fields.pop("config_type", None)
        received = fields["received"]
        if received is not None and received.tzinfo is not UTC:
            fields["received"] = _in_utc(received)
        if kind == "result" and "data" not in run:
            fields["data"] = {}
        block: Any = fields.pop("oqc_notebook", None) or {}
        times = block.get("state_times", {})
        fields["state_times"] = times if isinstance(times, str) else _all_in_utc(times)
        # past the constructor and the descriptors, which take as long as all the rest
        output: JobOutput = object.__new__(JobResult if kind == "result" else JobError)
        object.__setattr__(output, "__dict__", fields)
        _complete(output, block)
        return output


def _complete(target: Job | JobOutput, block: JobBlock | OutputBlock) -> None:
    """Put in what the plain fields could not say; a plain field that says something wins."""
    if "instead" not in block and "non_finite" not in block:
        return
    fields = {name: value for name, value in vars(target).items() if name in STAND_INS}
    for name, value in block.get("instead", {}).items():
        if name in fields and fields[name] == STAND_INS[name]:
            fields[name] = value
    put_back(fields, block.get("non_finite", []))
    vars(target).update(fields)


def _state_from(plain: str, status: str | None) -> tuple[JobState, str | None]:
    """Give the state and the server's word for it; the plain field wins where they differ."""
    state = JobState(plain)
    if status is None:
        return state, None
    meant = state_of(status)
    if meant is JobState.UNKNOWN and state is JobState.RUNNING:
        return meant, status
    if meant is JobState.UNKNOWN and state in (JobState.COMPLETED, JobState.FAILED):
        return state, status
    return state, status if meant is state else None


def _all_in_utc(times: str | dict[str, datetime]) -> str | dict[str, datetime]:
    if isinstance(times, str):  # it says so, and is read when somebody asks
        return times
    for time in times.values():
        if time.tzinfo is not UTC:
            return {state: _in_utc(time) for state, time in times.items()}
    return times


def _in_utc(time: datetime) -> datetime:
    if time.tzinfo is None or time.tzinfo is UTC:
        return time
    try:
        return time.astimezone(UTC)
    except OverflowError:  # in the year 1 or 9999
        return time


def _policy(name: str | None) -> AttrPolicy:
    return AttrPolicy.__members__.get(name or "", AttrPolicy.RAISE)
