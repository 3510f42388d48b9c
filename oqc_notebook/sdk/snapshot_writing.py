"""From jobs to the documents of the snapshot format: dicts that share nothing with them.

A document is what a file holds: an output leaves out its program, QPU and
configuration where they equal its job's, and diagnostics that there are none of.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, TypeVar

from oqc_notebook.sdk.composite import CompositeJob
from oqc_notebook.sdk.config_types import same
from oqc_notebook.sdk.configs import Config, config_to_text
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.job import Job
from oqc_notebook.sdk.job_snapshot import CURRENT_SCHEMA_VERSION, STAND_INS, ConfigType
from oqc_notebook.sdk.json_values import NonFinite, copied
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.sdk.proxy import AttrPolicy
from oqc_notebook.sdk.sealing import fingerprint_of
from oqc_notebook.sdk.snapshot_documents import Inputs
from oqc_notebook.sdk.state_times import text_of
from oqc_notebook.sdk.states import MOMENT, JobState

Document = dict[str, Any]
Made = TypeVar("Made")

_DIAGNOSTICS = ("timings", "metrics", "metadata")


class Moment(SimpleNamespace):
    """Everything that a job said of itself at one moment, and its history then."""

    @classmethod
    def of(cls, job: Job) -> Moment:
        """Take it down."""
        with MOMENT:
            return cls(**vars(job), outputs_so_far=job.history.all())


def moments_of(composite: CompositeJob) -> tuple[Document, list[Moment]]:
    """Take down a composite and all of its children as of one moment.

    Returns
    -------
    tuple
        The document of the composite without ``jobs``, and the children.
    """
    with MOMENT:
        moments = [Moment.of(child) for child in composite.jobs]
        policy = composite._outputs.attr_policy
    document: Document = {
        "schema_version": CURRENT_SCHEMA_VERSION,
        "snapshot_kind": "composite",
    }
    _add_block(document, {"attr_policy": _policy_name(policy)})
    return document, moments


def each(moments: list[Moment], make: Callable[[Moment], Made]) -> Iterator[Made]:
    """Make something of each child, one by one; an error names the child."""
    for i, moment in enumerate(moments):
        try:
            yield make(moment)
        except SnapshotError as exc:
            raise SnapshotError(f"jobs[{i}].{exc}") from None


class Configs:
    """The JSON forms of configurations; runs in a row mostly have equal ones."""

    def __init__(self) -> None:
        self._latest: Config | None = None
        self._texts: tuple[str, ConfigType] | tuple[None, None] = (None, None)

    def texts_of(self, config: Config | None) -> tuple[str, ConfigType] | tuple[None, None]:
        """Give the JSON form of a configuration, and the snapshot's name for its kind."""
        if config is None:
            return None, None
        if self._latest is None or not same(config, self._latest):
            self._texts = config_to_text(config)
            self._latest = config
        return self._texts


def job_document(job: Moment) -> Document:
    """Make the document of a job.

    Raises
    ------
    SnapshotError
        If it holds something that JSON cannot hold unchanged; the message names its place.
    """
    configs = Configs()
    inputs = inputs_of_job(job, configs)
    document = document_without_outputs(job, inputs, configs)

    def make(output: JobOutput) -> Document:
        return {**inputs_of(output, configs).unlike(inputs), **document_of_output(output)}

    latest, history = outputs_of(job, make)
    return document | latest | {"history": history}


def inputs_of_job(job: Moment, configs: Configs) -> Inputs:
    """Give the inputs that a job has now."""
    inputs = _inputs(job.program, job.qpu_id, job.config, configs)
    if inputs.program is None or inputs.qpu_id is None:
        raise SnapshotError("program and qpu_id are texts, not None.")
    return inputs


def what_it_says(job: Moment, inputs: Inputs, configs: Configs) -> tuple[Any, ...] | None:
    """Give all that the document without outputs is made of; None if some is no plain data."""
    diagnostics = job.timings, job.metrics, job.metadata
    try:
        # which can be changed in place
        fingerprint = None if diagnostics == (None, None, None) else fingerprint_of(diagnostics)
    except ValueError:
        return None
    run = job._run
    return (
        inputs,
        fingerprint,
        run and (_inputs(run.program, run.qpu_id, run.config, configs), dict(run.state_times)),
        job.tag,
        job.hybrid_marker,
        job.label,
        job.task_id,
        job._state,
        job._status,
        job._raise_on_error,
        job._fetch_diagnostics,
        job.cancel_requested,
        job._history.attr_policy,
    )


def document_without_outputs(job: Moment, inputs: Inputs, configs: Configs) -> Document:
    """Make the document of a job without ``result``, ``error`` and ``history``."""
    instead: Document = {}
    non_finite: NonFinite = []
    state, status = _plain_state(job._state, job._status)
    document: Document = {
        "schema_version": CURRENT_SCHEMA_VERSION,
        "snapshot_kind": "job",
        "program": inputs.program,
        "qpu_id": inputs.qpu_id,
        "config_json": inputs.config_json,
        "config_type": inputs.config_type,
        "tag": _text(job.tag, "tag"),
        "hybrid_marker": _text(job.hybrid_marker, "hybrid_marker"),
        "task_id": _id(job.task_id),
        "state": state,
        "raise_on_error": bool(job._raise_on_error),
        "fetch_diagnostics": bool(job._fetch_diagnostics),
        **_diagnostics(vars(job), instead, non_finite),
    }
    run = job._run and _inputs(job._run.program, job._run.qpu_id, job._run.config, configs)
    _add_block(
        document,
        {
            "label": _text(job.label, "label"),
            "status": status,
            "cancel_requested": bool(job.cancel_requested),
            "attr_policy": _policy_name(job._history.attr_policy),
            "run": run and run.unlike(inputs),
            "state_times": job._run and _times(job._run.state_times),
            "instead": instead,
            "non_finite": non_finite,
        },
    )
    return document


def outputs_of(
    job: Moment, make: Callable[[JobOutput], Made]
) -> tuple[dict[str, Made], list[Made]]:
    """Make something of a job's outputs; an error names the output.

    Returns
    -------
    tuple
        What was made of the latest ``result`` and ``error``, where there is one, and of the
        history.
    """
    given: dict[str, JobOutput] = {}
    if isinstance(job._output, JobResult):
        given["result"] = job._output
    if job._error is not None:
        given["error"] = job._error
    latest: dict[str, Made] = {}
    history: list[Made] = []
    try:
        for name, output in given.items():
            latest[name] = make(output)
        # the latest output is mostly the last of the history too: it is made once
        made = {id(output): latest[name] for name, output in given.items()}
        for output in job.outputs_so_far:  # not a comprehension: its length says where an error is
            history.append(made.get(id(output)) or make(output))  # noqa: PERF401
    except SnapshotError as exc:
        missing = [name for name in given if name not in latest] or [f"history[{len(history)}]"]
        raise SnapshotError(f"{missing[0]}.{exc}") from None
    return latest, history


def inputs_of(output: JobOutput, configs: Configs) -> Inputs:
    """Give the inputs of the run that left an output."""
    fields = vars(output)
    return _inputs(output.program, output.qpu_id, fields["compiler_config"], configs)


def document_of_output(output: JobOutput) -> Document:
    """Make the document of an output without the inputs of its run."""
    # past the descriptors: nothing of it is changed or handed on here
    fields = vars(output)
    instead: Document = {}
    non_finite: NonFinite = []
    document: Document = {
        "task_id": _id(fields["task_id"]),
        "received": _time(fields["received"], "received"),
    }
    for name, value in _diagnostics(fields, instead, non_finite).items():
        if value is not None or name in instead:
            document[name] = value
    if isinstance(output, JobResult):
        document["kind"] = "result"
        data = copied(fields["data"], ("data",), non_finite)
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
    times = _times(fields["state_times"])
    _add_block(document, {"state_times": times, "instead": instead, "non_finite": non_finite})
    return document


def _inputs(
    program: str | None, qpu_id: str | None, config: Config | None, configs: Configs
) -> Inputs:
    return Inputs(_text(program, "program"), _text(qpu_id, "qpu_id"), *configs.texts_of(config))


def _diagnostics(fields: Document, instead: Document, non_finite: NonFinite) -> Document:
    """Give the diagnostics of a job or an output, as the plain fields hold them."""
    plain: Document = {}
    for name in _DIAGNOSTICS:
        value = fields[name]
        if value is not None:
            value = copied(value, (name,), non_finite)
            value = _plain(name, value, type(value) is dict, instead)
        plain[name] = value
    return plain


def _plain(name: str, value: Any, fits: bool, instead: Document) -> Any:
    """Give what the plain field of that name holds; what does not fit goes into `instead`."""
    if fits:
        return value
    instead[name] = value
    return copy.copy(STAND_INS[name])


def _times(times: str | dict[str, datetime]) -> str | dict[str, Any]:
    if isinstance(times, str):  # of a file, and nobody has asked for them since
        return times
    if None in times.values():
        raise SnapshotError("state_times has None where a time should be.")
    return text_of({state: _time(time, "state_times") for state, time in times.items()})


def _plain_state(state: JobState, status: str | None) -> tuple[str, str | None]:
    """Give the published word for a state, and the server's where that is lost."""
    if state is JobState.UNKNOWN:
        return JobState.RUNNING.value, status or state.value
    return state.value, None if status == state else status


def _policy_name(policy: AttrPolicy) -> str | None:
    return None if policy is AttrPolicy.RAISE else policy.name


def _add_block(document: Document, block: Document) -> None:
    """Add what the plain fields cannot say, if there is anything."""
    said = {name: value for name, value in block.items() if value or value == ""}
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
