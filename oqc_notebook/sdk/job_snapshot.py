"""The models of the snapshot format, schema version "1".

Field names and meaning are those of the published SDK, which loads every file
that is saved here, and the other way round. What its fields cannot say goes into
a block named ``oqc_notebook`` that it ignores. A plain field always wins; the
block fills in what a plain field left out.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

CURRENT_SCHEMA_VERSION = "1"

ConfigType: TypeAlias = Literal["CompilerConfig", "ExperimentalConfig", "EradoConfig"]

#: Fields that an output may leave out because they equal those of its job.
SHARED_FIELDS = ("program", "qpu_id", "config_json", "config_type")


class _Model(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="null")


class OutputExtension(_Model):
    """What the plain fields of an output cannot say.

    Attributes
    ----------
    v
        Version of the block.
    data
        A result that is not a JSON object (its plain field is ``{}``).
    non_finite
        Places of NaN and infinities (plain: null), from the name of the field
        inwards, each with ``"nan"``, ``"inf"`` or ``"-inf"``.
    """

    v: Literal[1] = 1
    data: Any = None
    non_finite: list[tuple[list[str | int], Literal["nan", "inf", "-inf"]]] = Field(
        default_factory=list
    )


class JobExtension(_Model):
    """What the plain fields of a job cannot say.

    Attributes
    ----------
    v
        Version of the block.
    status
        The server's word for the state, where no state of the format means it.
    cancel_requested
        Whether a cancellation was asked for that the server has not confirmed.
    attr_policy
        The history's policy for attributes, where it is not the default.
    non_finite
        As for an output, over the job's own diagnostics.
    """

    v: Literal[1] = 1
    status: str | None = None
    cancel_requested: bool = False
    attr_policy: str | None = None
    non_finite: list[tuple[list[str | int], Literal["nan", "inf", "-inf"]]] = Field(
        default_factory=list
    )


class CompositeExtension(_Model):
    """What the plain fields of a composite cannot say.

    Attributes
    ----------
    v
        Version of the block.
    attr_policy
        The outputs' policy for attributes, where it is not the default.
    """

    v: Literal[1] = 1
    attr_policy: str | None = None


class JobOutputSnapshot(_Model):
    """What the snapshots of results and errors share."""

    qpu_id: str | None = None
    task_id: uuid.UUID | None = None
    program: str | None = None
    received: datetime | None = None
    config_json: str | None = None
    config_type: ConfigType | None = None
    timings: dict[str, Any] | None = None
    metrics: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    oqc_notebook: OutputExtension | None = Field(
        default=None, exclude_if=lambda block: block is None
    )


class JobResultSnapshot(JobOutputSnapshot):
    """The snapshot of a good run's output."""

    kind: Literal["result"] = "result"
    data: dict[str, Any] = Field(default_factory=dict)


class JobErrorSnapshot(JobOutputSnapshot):
    """The snapshot of a failed run's output."""

    kind: Literal["error"] = "error"
    error_code: int | None = None
    error_message: str | None = None


OutputItem: TypeAlias = Annotated[JobResultSnapshot | JobErrorSnapshot, Field(discriminator="kind")]


class JobSnapshot(_Model):
    """The complete state of a job: inputs, state, latest output, history.

    The HTTP client and the lock are not part of it; both are made afresh when a
    snapshot is loaded.
    """

    schema_version: str = CURRENT_SCHEMA_VERSION
    snapshot_kind: Literal["job"] = "job"
    program: str
    qpu_id: str
    config_json: str | None = None
    config_type: ConfigType | None = None
    tag: str | None = None
    hybrid_marker: str | None = None
    timings: dict[str, Any] | None = None
    metrics: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    task_id: uuid.UUID | None = None
    state: Literal["CREATED", "SUBMITTED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"] = (
        "CREATED"
    )
    raise_on_error: bool = False
    fetch_diagnostics: bool = False
    result: JobResultSnapshot | None = None
    error: JobErrorSnapshot | None = None
    history: list[OutputItem] = Field(default_factory=list)
    oqc_notebook: JobExtension | None = Field(default=None, exclude_if=lambda block: block is None)

    @model_validator(mode="after")
    def _fill_in_what_outputs_share(self) -> JobSnapshot:
        """Give an output that leaves out its program, QPU or configuration the job's."""
        for output in (self.result, self.error, *self.history):
            if output is not None:
                for name in SHARED_FIELDS:
                    if name not in output.model_fields_set:
                        setattr(output, name, getattr(self, name))
        return self


class CompositeJobSnapshot(_Model):
    """The complete state of a composite: the snapshots of its children, in order."""

    schema_version: str = CURRENT_SCHEMA_VERSION
    snapshot_kind: Literal["composite"] = "composite"
    jobs: list[JobSnapshot] = Field(default_factory=list)
    oqc_notebook: CompositeExtension | None = Field(
        default=None, exclude_if=lambda block: block is None
    )
