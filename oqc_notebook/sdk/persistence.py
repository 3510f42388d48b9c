"""Jobs to snapshots and back, and snapshots to the content of files and back."""

from __future__ import annotations

import copy
import math
import types
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from oqc_notebook.sdk.answers import Run
from oqc_notebook.sdk.composite import CompositeJob
from oqc_notebook.sdk.configs import Config, config_from_text, config_to_text
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.job import Job
from oqc_notebook.sdk.job_snapshot import (
    CURRENT_SCHEMA_VERSION,
    CompositeExtension,
    CompositeJobSnapshot,
    JobErrorSnapshot,
    JobExtension,
    JobResultSnapshot,
    JobSnapshot,
    OutputExtension,
)
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.sdk.proxy import AttrPolicy, JobOutputProxy
from oqc_notebook.sdk.states import MOMENT, JobState, state_of

if TYPE_CHECKING:
    from oqc_notebook.sdk.client import OqcSdk

Snapshot: TypeAlias = JobSnapshot | CompositeJobSnapshot
NonFinite: TypeAlias = list[tuple[list[str | int], Literal["nan", "inf", "-inf"]]]

_DIAGNOSTICS = ("timings", "metrics", "metadata")


# ---- from jobs to snapshots ----


def job_to_snapshot(job: Job) -> JobSnapshot:
    """Give the complete state of a job as a model that shares nothing with it."""
    return _job_snapshot(_moment_of(job))


def composite_to_snapshot(composite: CompositeJob) -> CompositeJobSnapshot:
    """Give the complete state of a composite as a model that shares nothing with it."""
    with MOMENT:
        moments = [_moment_of(job) for job in composite.jobs]
        policy = composite._outputs.attr_policy
    return CompositeJobSnapshot(
        jobs=[_job_snapshot(moment) for moment in moments],
        oqc_notebook=(
            None if policy is AttrPolicy.RAISE else CompositeExtension(attr_policy=policy.name)
        ),
    )


def _moment_of(job: Job) -> types.SimpleNamespace:
    """Take down everything that a job says of itself at this moment."""
    with MOMENT:
        return types.SimpleNamespace(**vars(job), outputs_so_far=job.history.all())


def _job_snapshot(job: types.SimpleNamespace) -> JobSnapshot:
    texts = _ConfigTexts()
    non_finite: NonFinite = []
    plain_state, status = _plain_state(job._state, job._status)
    policy = job._history.attr_policy
    extension = JobExtension(
        status=status,
        cancel_requested=job.cancel_requested,
        attr_policy=None if policy is AttrPolicy.RAISE else policy.name,
        non_finite=non_finite,
    )
    diagnostics = {
        name: _plain(getattr(job, name), [name], non_finite, "job") for name in _DIAGNOSTICS
    }
    extension.non_finite = non_finite
    config_json, config_type = texts.of(job.config)
    result = job._output if isinstance(job._output, JobResult) else None
    snapshots: dict[int, Any] = {}

    def output_snapshot(output: JobOutput, where: str) -> Any:
        # the latest output is also the last of the history: one snapshot serves both
        if id(output) not in snapshots:
            snapshots[id(output)] = _output_snapshot(output, texts, where)
        return snapshots[id(output)]

    return JobSnapshot(
        program=job.program,
        qpu_id=job.qpu_id,
        config_json=config_json,
        config_type=cast(Any, config_type),
        tag=job.tag,
        hybrid_marker=job.hybrid_marker,
        **diagnostics,
        task_id=job.task_id,
        state=cast(Any, plain_state),
        raise_on_error=job._raise_on_error,
        fetch_diagnostics=job._fetch_diagnostics,
        result=None if result is None else output_snapshot(result, "result"),
        error=None if job._error is None else output_snapshot(job._error, "error"),
        history=[
            output_snapshot(output, f"history[{i}]") for i, output in enumerate(job.outputs_so_far)
        ],
        oqc_notebook=None if extension == JobExtension() else extension,
    )


def _output_snapshot(
    output: JobOutput, texts: _ConfigTexts, where: str
) -> JobResultSnapshot | JobErrorSnapshot:
    non_finite: NonFinite = []
    extension = OutputExtension()
    config_json, config_type = texts.of(output.compiler_config)
    fields: dict[str, Any] = {
        "qpu_id": output.qpu_id,
        "task_id": output.task_id,
        "program": output.program,
        "received": output.received,
        "config_json": config_json,
        "config_type": config_type,
        **{name: _plain(getattr(output, name), [name], non_finite, where) for name in _DIAGNOSTICS},
    }
    kind: type[JobResultSnapshot] | type[JobErrorSnapshot]
    if isinstance(output, JobResult):
        kind = JobResultSnapshot
        data = _plain(output.data, ["data"], non_finite, where)
        if isinstance(data, dict):
            fields["data"] = data
        else:
            fields["data"], extension.data = {}, data
    elif isinstance(output, JobError):
        kind = JobErrorSnapshot
        fields["error_code"] = output.error_code
        fields["error_message"] = output.error_message
    else:
        raise SnapshotError(f"{where} is a {type(output).__name__}, neither result nor error.")
    extension.non_finite = non_finite
    if extension != OutputExtension():
        fields["oqc_notebook"] = extension
    return kind(**fields)


class _ConfigTexts:
    """The JSON forms of configurations, each made once for a job."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[str, str]] = {}

    def of(self, config: Config | None) -> tuple[str | None, str | None]:
        if config is None:
            return None, None
        if id(config) not in self._made:
            self._made[id(config)] = config_to_text(config)
        return self._made[id(config)]


def _plain_state(state: JobState, status: str | None) -> tuple[str, str | None]:
    """Give the published word for a state, and the server's where that is lost."""
    if state is JobState.UNKNOWN:
        return JobState.RUNNING.value, status
    lost = status is not None and status.upper() != state.value
    return state.value, status if lost else None


def _plain(value: Any, place: list[str | int], non_finite: NonFinite, where: str) -> Any:
    """Copy a JSON value; NaN and infinities become None and are noted in `non_finite`.

    Raises
    ------
    SnapshotError
        If it is, or holds, something that JSON cannot hold.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        if math.isfinite(value):
            return value
        word = "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
        non_finite.append((list(place), cast(Any, word)))
        return None
    if type(value) is list:
        return [_plain(item, [*place, i], non_finite, where) for i, item in enumerate(value)]
    if type(value) is dict:
        for key in value:
            if type(key) is not str:
                raise SnapshotError(
                    f"{where}: {_spelled(place)} has the key {key!r}; JSON holds only text as keys."
                )
        return {key: _plain(item, [*place, key], non_finite, where) for key, item in value.items()}
    raise SnapshotError(
        f"{where}: {_spelled(place)} is a {type(value).__module__}.{type(value).__qualname__}, "
        "which JSON cannot hold unchanged."
    )


def _spelled(place: list[str | int]) -> str:
    return str(place[0]) + "".join(f"[{step!r}]" for step in place[1:])


# ---- from snapshots to jobs ----


def from_snapshot(snapshot: Snapshot, client: OqcSdk | None) -> Job | CompositeJob:
    """Make the job or composite of a snapshot; it shares nothing with the model.

    Raises
    ------
    SnapshotError
        If the schema version is another one, or a part cannot be read.
    """
    if not isinstance(snapshot, JobSnapshot | CompositeJobSnapshot):
        raise SnapshotError(
            f"A {type(snapshot).__name__!r} is not a snapshot; give a JobSnapshot or a "
            "CompositeJobSnapshot."
        )
    check_version(snapshot.schema_version)
    if isinstance(snapshot, JobSnapshot):
        return _job_of(snapshot, client)
    for child in snapshot.jobs:
        check_version(child.schema_version)
    composite = CompositeJob([_job_of(child, client) for child in snapshot.jobs])
    if snapshot.oqc_notebook:
        composite._outputs.attr_policy = _policy(snapshot.oqc_notebook.attr_policy)
    return composite


def check_version(version: Any) -> None:
    """Refuse a schema version other than the current one, in the published words."""
    if version != CURRENT_SCHEMA_VERSION:
        raise SnapshotError(
            f"Unsupported snapshot schema version: {version!r}. "
            f"This SDK supports version {CURRENT_SCHEMA_VERSION!r}."
        )


def _job_of(snapshot: JobSnapshot, client: OqcSdk | None) -> Job:
    configs = _Configs()
    extension = snapshot.oqc_notebook or JobExtension()
    job = Job(
        program=snapshot.program,
        qpu_id=snapshot.qpu_id,
        config=configs.own(snapshot.config_json, snapshot.config_type),
        task_id=snapshot.task_id,
        tag=snapshot.tag,
        hybrid_marker=snapshot.hybrid_marker,
        fetch_diagnostics=snapshot.fetch_diagnostics,
        _client=client,
    )
    diagnostics = {name: copy.deepcopy(getattr(snapshot, name)) for name in _DIAGNOSTICS}
    vars(job).update(_with_non_finite(diagnostics, extension.non_finite))
    job._state, job._status = _state_from(snapshot.state, extension.status)
    job._raise_on_error = snapshot.raise_on_error
    job.cancel_requested = extension.cancel_requested
    history = [_output_of(item, job, configs) for item in snapshot.history]
    job._history = JobOutputProxy(history, _policy(extension.attr_policy))

    def latest(item: JobResultSnapshot | JobErrorSnapshot | None) -> JobOutput | None:
        # the latest output and the last of the history are one object, as before the save
        if item is None:
            return None
        if history and snapshot.history[-1] == item:
            return history[-1]
        return _output_of(item, job, configs)

    result, error = latest(snapshot.result), latest(snapshot.error)
    job._error = cast(JobError | None, error)
    job._output = error if result is None and job.ended else result
    job._recorded = bool(history) and (job._output is history[-1] or error is history[-1])
    if job._run is None and job.ended:  # refused, so it has no task
        job._run = Run.of(job)
    return job


def _output_of(
    snapshot: JobResultSnapshot | JobErrorSnapshot, job: Job, configs: _Configs
) -> JobOutput:
    extension = snapshot.oqc_notebook or OutputExtension()
    fields = {name: copy.deepcopy(getattr(snapshot, name)) for name in _DIAGNOSTICS}
    output: JobOutput
    if isinstance(snapshot, JobResultSnapshot):
        output = JobResult()
        # a plain field wins; the block only fills in what it could not say
        data = extension.data if not snapshot.data and extension.data is not None else snapshot.data
        fields["data"] = copy.deepcopy(data)
    else:
        output = JobError(snapshot.error_code, snapshot.error_message)
    vars(output).update(_with_non_finite(fields, extension.non_finite))
    output.qpu_id = snapshot.qpu_id
    output.task_id = snapshot.task_id
    output.program = snapshot.program
    output.received = snapshot.received
    output.compiler_config = configs.shared(snapshot.config_json, snapshot.config_type)
    output._job = job
    return output


class _Configs:
    """Configurations read from a snapshot; outputs with the same text share one."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, str | None], Config] = {}

    def own(self, text: str | None, kind: str | None) -> Config | None:
        return None if text is None else config_from_text(text, kind)

    def shared(self, text: str | None, kind: str | None) -> Config | None:
        if text is None:
            return None
        if (text, kind) not in self._read:
            self._read[text, kind] = config_from_text(text, kind)
        return self._read[text, kind]


def _state_from(plain: str, status: str | None) -> tuple[JobState, str | None]:
    """Give the state and the server's word for it; the plain field wins where they differ."""
    state = JobState(plain)
    if status is None:
        return state, None
    meant = state_of(status)
    if meant is JobState.UNKNOWN and state is JobState.RUNNING:
        return meant, status
    return state, status if meant is state else None


def _policy(name: str | None) -> AttrPolicy:
    return AttrPolicy.__members__.get(name or "", AttrPolicy.RAISE)


def _with_non_finite(fields: dict[str, Any], non_finite: NonFinite) -> dict[str, Any]:
    """Put NaN and infinities back where the plain fields have null."""
    for place, word in non_finite:
        node: Any = fields
        try:
            for step in place[:-1]:
                node = node[step]
            if node[place[-1]] is None:
                node[place[-1]] = float(word)
        except (LookupError, TypeError):
            continue  # the plain field was changed by hand, and wins
    return fields


# ---- files ----


def file_content(snapshot: Snapshot) -> bytes:
    """Give the content of a snapshot's file: UTF-8 JSON, the same bytes for the same state.

    Outputs leave out their program, QPU and configuration where they equal the job's.

    Raises
    ------
    SnapshotError
        If a text in it is not valid Unicode.
    """
    try:
        document = snapshot.model_dump(mode="json")
        for job in document.get("jobs", [document]):
            for output in _outputs_in(job):
                _leave_out_what_equals(job, output)
        return to_json(document, indent=2) + b"\n"
    except (PydanticSerializationError, UnicodeError) as exc:
        raise SnapshotError(f"The snapshot holds text that is not valid Unicode: {exc}") from None


def _outputs_in(job: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return (item for item in (job["result"], job["error"], *job["history"]) if item is not None)


def _leave_out_what_equals(job: dict[str, Any], output: dict[str, Any]) -> None:
    for names in (("program",), ("qpu_id",), ("config_json", "config_type")):
        if all(output[name] == job[name] for name in names):
            for name in names:
                del output[name]


def snapshot_from_file(text: str, name: str) -> Snapshot:
    """Read the content of a snapshot file.

    Parameters
    ----------
    text
        The content.
    name
        The file's name, for the messages.

    Raises
    ------
    SnapshotError
        If it is not JSON, not a snapshot, damaged, or of another schema version; the
        message says which file and where in it.
    """
    try:
        document = from_json(text)
    except (ValueError, RecursionError) as exc:
        raise SnapshotError(f"File at {name!r} does not contain valid JSON: {exc}") from None
    if not isinstance(document, dict):
        raise SnapshotError(
            f"File at {name!r} is no snapshot: it holds a JSON {type(document).__name__}, not an "
            "object."
        )
    try:
        check_version(document.get("schema_version", ""))
        for child in document["jobs"] if isinstance(document.get("jobs"), list) else ():
            if isinstance(child, dict):
                check_version(child.get("schema_version", CURRENT_SCHEMA_VERSION))
    except SnapshotError as exc:
        exc.add_note(f"The file is {name!r}.")
        raise
    kind = document.get("snapshot_kind", "")
    if kind not in ("job", "composite"):
        raise SnapshotError(
            f"File at {name!r} is no snapshot: its snapshot_kind is {kind!r}, not 'job' or "
            "'composite'."
        )
    try:
        if kind == "job":
            return JobSnapshot.model_validate(document)
        return CompositeJobSnapshot.model_validate(document)
    except ValidationError as exc:
        raise SnapshotError(f"File at {name!r} is no valid snapshot: {_places(exc)}") from None


def load_file(text: str, name: str, client: OqcSdk | None) -> Job | CompositeJob:
    """Make the job or composite of a snapshot file; every error names the file.

    Raises
    ------
    SnapshotError
        As for :func:`snapshot_from_file`, or if a configuration cannot be read.
    """
    snapshot = snapshot_from_file(text, name)
    try:
        return from_snapshot(snapshot, client)
    except SnapshotError as exc:
        raise SnapshotError(f"File at {name!r} is no valid snapshot: {exc}") from None


def _places(exc: ValidationError) -> str:
    """Say in one line where a document is not as it should be."""
    errors = exc.errors(include_url=False, include_input=False)
    first = [f"{'.'.join(map(str, e['loc'])) or 'document'}: {e['msg']}" for e in errors[:3]]
    more = f" (and {len(errors) - 3} more)" if len(errors) > 3 else ""
    return "; ".join(first) + more
