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

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from oqc_notebook.sdk.json_values import NonFinite
from oqc_notebook.sdk.state_times import checked_times

CURRENT_SCHEMA_VERSION = "1"

ConfigType: TypeAlias = Literal["CompilerConfig", "ExperimentalConfig", "EradoConfig"]

#: Files hold them in a text, see :mod:`.state_times`.
StateTimes: TypeAlias = Annotated[dict[str, datetime], BeforeValidator(checked_times)]

#: What stands in a plain field whose value it cannot hold; the block holds the value.
STAND_INS: dict[str, Any] = {
    "data": {},
    "timings": None,
    "metrics": None,
    "metadata": None,
    "error_code": -1,  # as published where there is no code; None would make the error falsy there
    "error_message": None,
}


class _Model(BaseModel):
    # a model that is put into another one is copied: filling it in changes no other's
    model_config = ConfigDict(ser_json_inf_nan="null", revalidate_instances="always")


class RunSnapshot(_Model):
    """The inputs of a run; what is left out equals the job's."""

    program: str | None = None
    qpu_id: str | None = None
    config_json: str | None = None
    config_type: ConfigType | None = None


_SHARED = frozenset(RunSnapshot.model_fields)


class OutputExtension(_Model):
    """What the plain fields of an output cannot say.

    Attributes
    ----------
    v
        Version of the block.
    state_times
        When each state of the run was first seen, in UTC.
    instead
        Values that their plain fields cannot hold, such as a result that is not a
        JSON object, by the name of the field. Plain: see :data:`STAND_INS`.
    non_finite
        Places of NaN and infinities (plain: null), from the name of the field
        inwards, each with ``"nan"``, ``"inf"`` or ``"-inf"``.
    """

    v: Literal[1] = 1
    state_times: StateTimes = Field(default_factory=dict)
    instead: dict[str, Any] = Field(default_factory=dict)
    non_finite: NonFinite = Field(default_factory=list)


class JobExtension(_Model):
    """What the plain fields of a job cannot say.

    Attributes
    ----------
    v
        Version of the block.
    label
        What the job is called among the children of a composite.
    status
        The server's word for the state, where no state of the format means it.
    cancel_requested
        Whether a cancellation was asked for that the server has not confirmed.
    attr_policy
        The history's policy for attributes, where it is not the default.
    run
        What the latest run was submitted with, where the job was changed since.
    state_times
        When each state of the latest run was first seen, in UTC.
    instead, non_finite
        As for an output, over the job's own diagnostics.
    """

    v: Literal[1] = 1
    label: str | None = None
    status: str | None = None
    cancel_requested: bool = False
    attr_policy: str | None = None
    run: RunSnapshot | None = None
    state_times: StateTimes = Field(default_factory=dict)
    instead: dict[str, Any] = Field(default_factory=dict)
    non_finite: NonFinite = Field(default_factory=list)


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


class JobOutputSnapshot(RunSnapshot):
    """What the snapshots of results and errors share."""

    task_id: uuid.UUID | None = None
    received: datetime | None = None
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
    history: list[OutputItem] = Field(default_factory=list, fail_fast=True)
    oqc_notebook: JobExtension | None = Field(default=None, exclude_if=lambda block: block is None)

    @model_validator(mode="after")
    def _fill_in_what_runs_share(self) -> JobSnapshot:
        """Give a run that leaves out its program, QPU or configuration the job's.

        What is there stays: a null says that a run had no configuration of its own.
        """
        own = {name: getattr(self, name) for name in _SHARED}
        latest = self.oqc_notebook and self.oqc_notebook.run
        for run in (self.result, self.error, latest, *self.history):
            if run is None:
                continue
            left_out = _SHARED - run.model_fields_set
            if "config_json" not in left_out:
                left_out -= {"config_type"}  # the two belong together
            if left_out:
                # past the models' own way of setting, which takes as long as all the rest
                vars(run).update(own if left_out == _SHARED else {x: own[x] for x in left_out})
                set_now = run.model_fields_set | left_out
                object.__setattr__(run, "__pydantic_fields_set__", set_now)
        return self


class CompositeJobSnapshot(_Model):
    """The complete state of a composite: the snapshots of its children, in order."""

    schema_version: str = CURRENT_SCHEMA_VERSION
    snapshot_kind: Literal["composite"] = "composite"
    jobs: list[JobSnapshot] = Field(default_factory=list, fail_fast=True)
    oqc_notebook: CompositeExtension | None = Field(
        default=None, exclude_if=lambda block: block is None
    )
