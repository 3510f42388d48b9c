"""The documents of the snapshot format: the dicts that a file holds, checked.

They say what :mod:`.job_snapshot` says as models. A checked document keeps what a file
leaves out apart from what is null in it, and takes a fraction of the time and memory.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple, Required, TypeAlias, cast

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetPydanticSchema,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import core_schema
from typing_extensions import TypedDict  # as pydantic wants before Python 3.12

from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.job_snapshot import ConfigType
from oqc_notebook.sdk.json_values import NonFinite
from oqc_notebook.sdk.state_times import CERTAIN, checked_times


def _time_schema(source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
    """Read a time as ``isoformat`` writes it, which datetime itself does fastest, or otherwise."""
    iso = core_schema.no_info_after_validator_function(
        datetime.fromisoformat, core_schema.str_schema(strict=True)
    )
    return core_schema.union_schema(
        [iso, handler(source)],
        mode="left_to_right",
        custom_error_type="time",
        custom_error_message="Input should be a valid time",
    )


Time: TypeAlias = Annotated[datetime, GetPydanticSchema(_time_schema)]


def _state_times_schema(source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
    """Leave a text unread if it surely can be read, and read any other."""
    text = core_schema.str_schema(strict=True)
    return core_schema.union_schema(
        [
            core_schema.str_schema(strict=True, pattern=CERTAIN),
            core_schema.no_info_after_validator_function(checked_times, text),
            handler(dict[str, Time]),
        ],
        mode="left_to_right",
        custom_error_type="state_times",
        custom_error_message="Input should be valid times of states",
    )


StateTimes: TypeAlias = Annotated[str | dict[str, datetime], GetPydanticSchema(_state_times_schema)]


class RunDocument(TypedDict, total=False):
    """The inputs of a run; what is left out equals the job's."""

    program: str | None
    qpu_id: str | None
    config_json: str | None
    config_type: ConfigType | None


class OutputBlock(TypedDict, total=False):
    """What the plain fields of an output cannot say."""

    v: Literal[1]
    state_times: StateTimes
    instead: dict[str, Any]
    non_finite: NonFinite


class JobBlock(TypedDict, total=False):
    """What the plain fields of a job cannot say."""

    v: Literal[1]
    label: str | None
    status: str | None
    cancel_requested: bool
    attr_policy: str | None
    run: RunDocument | None
    state_times: StateTimes
    instead: dict[str, Any]
    non_finite: NonFinite


class CompositeBlock(TypedDict, total=False):
    """What the plain fields of a composite cannot say."""

    v: Literal[1]
    attr_policy: str | None


class OutputDocument(RunDocument, total=False):
    """What results and errors share."""

    task_id: uuid.UUID | None
    received: Time | None
    timings: dict[str, Any] | None
    metrics: dict[str, Any] | None
    metadata: dict[str, Any] | None
    oqc_notebook: OutputBlock | None


class ResultDocument(OutputDocument, total=False):
    """The output of a good run."""

    kind: Literal["result"]
    data: dict[str, Any]


class ErrorDocument(OutputDocument, total=False):
    """The output of a failed run."""

    kind: Literal["error"]
    error_code: int | None
    error_message: str | None


AnyOutput: TypeAlias = Annotated[ResultDocument | ErrorDocument, Field(discriminator="kind")]


class JobDocument(TypedDict, total=False):
    """The complete state of a job."""

    schema_version: str
    snapshot_kind: Literal["job"]
    program: Required[str]
    qpu_id: Required[str]
    config_json: str | None
    config_type: ConfigType | None
    tag: str | None
    hybrid_marker: str | None
    timings: dict[str, Any] | None
    metrics: dict[str, Any] | None
    metadata: dict[str, Any] | None
    task_id: uuid.UUID | None
    state: Literal["CREATED", "SUBMITTED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]
    raise_on_error: bool
    fetch_diagnostics: bool
    result: ResultDocument | None
    error: ErrorDocument | None
    history: Annotated[list[AnyOutput], Field(fail_fast=True)]
    oqc_notebook: JobBlock | None


class CompositeDocument(TypedDict, total=False):
    """The complete state of a composite, beside its children."""

    schema_version: str
    snapshot_kind: Literal["composite"]
    oqc_notebook: CompositeBlock | None


_JOB = TypeAdapter(JobDocument)
_COMPOSITE = TypeAdapter(CompositeDocument)


class Inputs(NamedTuple):
    """The inputs of a run, as the format says them, with nothing left out."""

    program: str | None
    qpu_id: str | None
    config_json: str | None
    config_type: ConfigType | None

    def unlike(self, job: Inputs) -> RunDocument:
        """Give those that are not the job's; text and type of a configuration together."""
        document: RunDocument = {}
        if self.program != job.program:
            document["program"] = self.program
        if self.qpu_id != job.qpu_id:
            document["qpu_id"] = self.qpu_id
        if self.config_json != job.config_json or self.config_type != job.config_type:
            document["config_json"] = self.config_json
            document["config_type"] = self.config_type
        return document

    def of(self, run: RunDocument) -> Inputs:
        """Give those of a run of the job that has these; a null says that the run had none."""
        if _INPUTS.isdisjoint(run):
            return self
        own_type = self.config_type if "config_json" not in run else None
        return Inputs(
            run.get("program", self.program),
            run.get("qpu_id", self.qpu_id),
            run.get("config_json", self.config_json),
            run.get("config_type", own_type),
        )


_INPUTS = frozenset(Inputs._fields)


def checked_job(document: Any) -> JobDocument:
    """Check the document of a job.

    Raises
    ------
    SnapshotError
        If it is not as it should be; the message says where.
    """
    twice = _newest_said_twice(document)
    try:
        if twice is None:
            return _JOB.validate_python(document)
        checked = _JOB.validate_python(document | {twice: None})
    except ValidationError as exc:
        raise SnapshotError(places(exc)) from None
    checked[twice] = checked["history"][-1]
    return checked


def _newest_said_twice(document: Any) -> Literal["result", "error"] | None:
    """Tell which of a job's latest outputs also is the newest of its history, word for word."""
    runs = document.get("history") if isinstance(document, dict) else None
    newest = runs[-1] if isinstance(runs, list) and runs else None
    kind = newest.get("kind") if isinstance(newest, dict) else None
    said = document.get(kind) if kind in ("result", "error") else None
    if said is not None and (said is newest or said == newest):
        return cast(Literal["result", "error"], kind)
    return None


def checked_composite(document: Any) -> CompositeDocument:
    """Check the document of a composite, but not its children.

    Raises
    ------
    SnapshotError
        If it is not as it should be; the message says where.
    """
    try:
        return _COMPOSITE.validate_python(document)
    except ValidationError as exc:
        raise SnapshotError(places(exc)) from None


def places(exc: ValidationError) -> str:
    """Say in one line where a document is not as it should be."""
    errors = exc.errors(include_url=False, include_context=False, include_input=False)
    first = [f"{'.'.join(map(str, e['loc'])) or 'document'}: {e['msg']}" for e in errors[:3]]
    more = f" (and {len(errors) - 3} more)" if len(errors) > 3 else ""
    return "; ".join(first) + more
