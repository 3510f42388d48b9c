"""From jobs to the documents of the snapshot format: dicts that share nothing with them.

A document is what a file holds: an output leaves out its program, QPU and
configuration where they equal its job's. The models are made of documents, and so
are the files, without a model in between.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, NamedTuple

from oqc_notebook.sdk.composite import CompositeJob
from oqc_notebook.sdk.config_types import same
from oqc_notebook.sdk.configs import Config, config_to_text
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.job import Job
from oqc_notebook.sdk.job_snapshot import CURRENT_SCHEMA_VERSION, STAND_INS
from oqc_notebook.sdk.json_values import NonFinite, copied
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.sdk.proxy import AttrPolicy
from oqc_notebook.sdk.states import MOMENT, JobState

Document = dict[str, Any]

_DIAGNOSTICS = ("timings", "metrics", "metadata")


def job_document(job: Job) -> Document:
    """Take down the complete state of a job, as of one moment.

    Raises
    ------
    SnapshotError
        If it holds something that JSON cannot hold unchanged; the message names its place.
    """
    return _job_document(_moment_of(job))


def composite_documents(composite: CompositeJob) -> tuple[Document, Iterator[Document]]:
    """Take down the complete state of a composite, as of one moment.

    Returns
    -------
    tuple
        The document of the composite without ``jobs``, and those of its children, made
        one by one, so that not all of them need be in memory at a time.

    Raises
    ------
    SnapshotError
        While the children are made, as for a job.
    """
    with MOMENT:
        moments = [_moment_of(child) for child in composite.jobs]
        policy = composite._outputs.attr_policy
    document: Document = {
        "schema_version": CURRENT_SCHEMA_VERSION,
        "snapshot_kind": "composite",
    }
    _add_block(document, {"attr_policy": _policy_name(policy)})
    return document, _child_documents(moments)


def _child_documents(moments: list[SimpleNamespace]) -> Iterator[Document]:
    for i, moment in enumerate(moments):
        try:
            yield _job_document(moment)
        except SnapshotError as exc:
            raise SnapshotError(f"jobs[{i}].{exc}") from None


def _moment_of(job: Job) -> SimpleNamespace:
    """Take down everything that a job says of itself at this moment."""
    with MOMENT:
        return SimpleNamespace(**vars(job), outputs_so_far=job.history.all())


class _Inputs(NamedTuple):
    """The inputs of a run, as a document says them."""

    program: str | None
    qpu_id: str | None
    config_json: str | None
    config_type: str | None

    def unlike(self, job: _Inputs) -> Document:
        """Give those that are not the job's; text and type of a configuration together."""
        document: Document = {}
        if self.program != job.program:
            document["program"] = self.program
        if self.qpu_id != job.qpu_id:
            document["qpu_id"] = self.qpu_id
        if self.config_json != job.config_json or self.config_type != job.config_type:
            document["config_json"] = self.config_json
            document["config_type"] = self.config_type
        return document


class _Configs:
    """The JSON forms of configurations; runs in a row mostly have equal ones."""

    def __init__(self) -> None:
        self._latest: Config | None = None
        self._texts: tuple[str, str] | tuple[None, None] = (None, None)

    def texts_of(self, config: Config | None) -> tuple[str, str] | tuple[None, None]:
        if config is None:
            return None, None
        if self._latest is None or not same(config, self._latest):
            self._texts = config_to_text(config)
            self._latest = config
        return self._texts


def _job_document(job: SimpleNamespace) -> Document:
    configs = _Configs()
    inputs = _inputs(job.program, job.qpu_id, job.config, configs)
    if inputs.program is None or inputs.qpu_id is None:
        raise SnapshotError("program and qpu_id are texts, not None.")
    instead: Document = {}
    non_finite: NonFinite = []
    state, status = _plain_state(job._state, job._status)
    document: Document = {
        "schema_version": CURRENT_SCHEMA_VERSION,
        "snapshot_kind": "job",
        **inputs._asdict(),
        "tag": _text(job.tag, "tag"),
        "hybrid_marker": _text(job.hybrid_marker, "hybrid_marker"),
        "task_id": _id(job.task_id),
        "state": state,
        "raise_on_error": bool(job._raise_on_error),
        "fetch_diagnostics": bool(job._fetch_diagnostics),
    }
    _add_diagnostics(document, job, instead, non_finite)
    result = job._output if isinstance(job._output, JobResult) else None
    made: dict[int, Document] = {}
    for field, output in (("result", result), ("error", job._error)):
        document[field] = None
        if output is not None:
            document[field] = made[id(output)] = _output_document(output, inputs, configs, field)
    # the latest output is mostly the last of the history too: it is made once
    document["history"] = [
        made.get(id(output)) or _output_document(output, inputs, configs, f"history[{i}]")
        for i, output in enumerate(job.outputs_so_far)
    ]
    run = job._run and _inputs(job._run.program, job._run.qpu_id, job._run.config, configs)
    _add_block(
        document,
        {
            "label": _text(job.label, "label"),
            "status": status,
            "cancel_requested": job.cancel_requested,
            "attr_policy": _policy_name(job._history.attr_policy),
            "run": run and run.unlike(inputs),
            "state_times": job._run and _times(job._run.state_times),
            "instead": instead,
            "non_finite": non_finite,
        },
    )
    return document


def _output_document(output: JobOutput, job: _Inputs, configs: _Configs, where: str) -> Document:
    try:
        return _document_of_output(output, job, configs)
    except SnapshotError as exc:
        raise SnapshotError(f"{where}.{exc}") from None


def _document_of_output(output: JobOutput, job: _Inputs, configs: _Configs) -> Document:
    instead: Document = {}
    non_finite: NonFinite = []
    inputs = _inputs(output.program, output.qpu_id, output.compiler_config, configs)
    document: Document = inputs.unlike(job)
    document["task_id"] = _id(output.task_id)
    document["received"] = _time(output.received, "received")
    _add_diagnostics(document, output, instead, non_finite)
    if isinstance(output, JobResult):
        document["kind"] = "result"
        data = copied(output.data, ("data",), non_finite)
        document["data"] = _plain("data", data, type(data) is dict, instead)
    elif isinstance(output, JobError):
        document["kind"] = "error"
        code = copied(output.error_code, ("error_code",), non_finite)
        fits = code is None or type(code) is int
        document["error_code"] = _plain("error_code", code, fits, instead)
        message = copied(output.error_message, ("error_message",), non_finite)
        fits = message is None or type(message) is str
        document["error_message"] = _plain("error_message", message, fits, instead)
    else:
        raise SnapshotError(f"kind is {type(output).__name__}, neither result nor error.")
    if output.state_times or instead or non_finite:
        times = _times(output.state_times)
        _add_block(document, {"state_times": times, "instead": instead, "non_finite": non_finite})
    return document


def _inputs(
    program: str | None, qpu_id: str | None, config: Config | None, configs: _Configs
) -> _Inputs:
    return _Inputs(_text(program, "program"), _text(qpu_id, "qpu_id"), *configs.texts_of(config))


def _add_diagnostics(
    document: Document,
    source: SimpleNamespace | JobOutput,
    instead: Document,
    non_finite: NonFinite,
) -> None:
    for name in _DIAGNOSTICS:
        value = getattr(source, name)
        if value is not None:
            value = copied(value, (name,), non_finite)
            value = _plain(name, value, type(value) is dict, instead)
        document[name] = value


def _plain(name: str, value: Any, fits: bool, instead: Document) -> Any:
    """Give what the plain field of that name holds; what does not fit goes into `instead`."""
    if fits:
        return value
    instead[name] = value
    return copy.copy(STAND_INS[name])


def _times(times: dict[str, datetime]) -> dict[str, datetime | None]:
    return {state: _time(time, "state_times") for state, time in times.items()}


def _plain_state(state: JobState, status: str | None) -> tuple[str, str | None]:
    """Give the published word for a state, and the server's where that is lost."""
    if state is JobState.UNKNOWN:
        return JobState.RUNNING.value, status or state.value
    return state.value, None if status == state.value else status


def _policy_name(policy: AttrPolicy) -> str | None:
    return None if policy is AttrPolicy.RAISE else policy.name


def _add_block(document: Document, block: Document) -> None:
    """Add what the plain fields cannot say, if there is anything."""
    said = {name: value for name, value in block.items() if value}
    if said:
        document["oqc_notebook"] = {"v": 1, **said}


def _text(value: Any, name: str) -> str | None:
    if value is None or type(value) is str:
        return value
    if isinstance(value, str):  # of a subclass such as an enum of QPUs
        return str.__str__(value)
    raise SnapshotError(f"{name} is a {type(value).__module__}.{type(value).__name__}, not text.")


def _id(value: Any) -> uuid.UUID | None:
    if value is None or isinstance(value, uuid.UUID):
        return value
    try:
        return uuid.UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise SnapshotError(f"task_id is {value!r:.80}, which is no UUID.") from None


def _time(value: Any, name: str) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise SnapshotError(f"{name} is a {type(value).__name__}, not a time.")
    if value.tzinfo is None or value.tzinfo is UTC:
        return value
    try:
        return value.astimezone(UTC)  # JSON would lose the seconds of an offset such as +00:19:32
    except OverflowError:  # in the year 1 or 9999
        return value
