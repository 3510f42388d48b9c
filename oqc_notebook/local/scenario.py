"""Scenarios: what is to go wrong, where, when and how often, and how a file says so."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from oqc_notebook.local.errors import quote
from oqc_notebook.local.qpus import QPU_OF

#: The calls of the API, by what they are for; ``any`` is all of them.
Call = Literal[
    "any", "version", "login", "qpus", "reserve", "submit", "poll", "cancel", "tasks", "monitoring"
]

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ScenarioError(ValueError):
    """A scenario that cannot be used; its text names the place."""


class Fault(BaseModel):
    """Something that goes wrong.

    Attributes
    ----------
    after_s
        Seconds that pass before, from the start or from when the fault is added.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    kind: ClassVar[str]

    after_s: Seconds = 0.0

    def document(self) -> dict[str, Any]:
        """Return the fault as a scenario writes it."""
        return {"kind": self.kind} | self.model_dump(exclude_defaults=True)


class CountedFault(Fault):
    """A fault that strikes a number of times.

    Attributes
    ----------
    times
        How often it strikes.
    after
        How many occasions that fit are let pass first.
    """

    times: Annotated[int, Field(ge=1)] | Literal["always"] = 1
    after: int = Field(0, ge=0)


class SpoiltCall(CountedFault):
    """A call that is not answered as it should be.

    Attributes
    ----------
    call
        Which calls.
    """

    call: Call = "any"


class MadeUpAnswer(SpoiltCall):
    """A call whose answer is not the service's.

    Attributes
    ----------
    accepted
        Whether the service gets the call and does it all the same.
    """

    accepted: bool = False


class Refusal(MadeUpAnswer):
    """The answer is an error.

    Attributes
    ----------
    status
        HTTP status, such as 401, 403, 404, 408, 429 or 503.
    text
        What the error says; by default what this status commonly means.
    retry_after
        Seconds for the header Retry-After, which are not made shorter by the speed.
    """

    kind = "refuse"
    status: int = Field(ge=400, le=599)
    text: str | None = None
    retry_after: int | None = Field(None, ge=0)


class HtmlAnswer(MadeUpAnswer):
    """The answer is a web page with status 200, such as a proxy's log-in page."""

    kind = "html"


class DroppedConnection(MadeUpAnswer):
    """The connection is closed instead of an answer; with `accepted`, the answer is lost."""

    kind = "drop"


class SlowAnswer(SpoiltCall):
    """The answer is held back for a while.

    Attributes
    ----------
    seconds
        How long.
    """

    kind = "slow"
    seconds: Seconds


class TruncatedAnswer(SpoiltCall):
    """The connection is closed in the middle of the answer's body.

    Attributes
    ----------
    bytes
        How much of the body is sent.
    """

    kind = "truncate"
    bytes: int = Field(10, ge=0)


class Purge(CountedFault):
    """A task is deleted from the service when it is asked about, which is answered with 404.

    Attributes
    ----------
    task_id
        Which task; without, the one that is asked about first.
    state
        Only a task that is in this state then.
    """

    kind = "purge"
    task_id: str | None = None
    state: Literal["CREATED", "SUBMITTED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"] | None = (
        None
    )


class RejectedConfig(CountedFault):
    """A submission is refused for its configuration.

    Attributes
    ----------
    text
        What the refusal says.
    """

    kind = "reject_config"
    text: str = "this configuration is not accepted any more"


class WorkerCrash(CountedFault):
    """The simulator process of a task is killed, and the task fails."""

    kind = "crash_worker"


def _qpu_id(text: str) -> str:
    if text not in QPU_OF:
        raise ValueError(f"there is no QPU {quote(text)} here; there are {', '.join(QPU_OF)}")
    return text


QpuId = Annotated[str, AfterValidator(_qpu_id)]


class RemovedQpu(Fault):
    """A QPU is there no more, nor are its tasks.

    Attributes
    ----------
    qpu_id
        Which one.
    """

    kind = "remove_qpu"
    qpu_id: QpuId


class FewerQubits(Fault):
    """A QPU has fewer qubits than it had.

    Attributes
    ----------
    qpu_id
        Which one.
    qubits
        How many are left.
    """

    kind = "fewer_qubits"
    qpu_id: QpuId
    qubits: int = Field(ge=1)

    @model_validator(mode="after")
    def _are_fewer(self) -> FewerQubits:
        if self.qubits >= QPU_OF[self.qpu_id].qubits:
            raise ValueError(f"{self.qpu_id} has {QPU_OF[self.qpu_id].qubits} qubits; give fewer")
        return self


AnyFault = TypeVar("AnyFault", bound=Fault)

KINDS: dict[str, type[Fault]] = {
    model.kind: model
    for model in (
        Refusal,
        HtmlAnswer,
        DroppedConnection,
        SlowAnswer,
        TruncatedAnswer,
        Purge,
        RemovedQpu,
        FewerQubits,
        RejectedConfig,
        WorkerCrash,
    )
}


def read_fault(document: Any) -> Fault:
    """Read one fault: an object with ``kind`` and the fields of that kind.

    Raises
    ------
    ScenarioError
        If it is none; the text names the field.
    """
    if not isinstance(document, dict):
        raise ScenarioError(f"{quote(document)} is no fault; a table with a kind is needed")
    kind = document.get("kind")
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise ScenarioError(f"kind is {quote(kind)}; it must be one of {', '.join(KINDS)}")
    try:
        return model.model_validate({k: v for k, v in document.items() if k != "kind"})
    except ValidationError as error:
        raise ScenarioError(_first_of(error)) from error


def read_scenario(path: Path) -> list[Fault]:
    """Read a scenario: a TOML file with a table ``[[fault]]`` for each fault.

    Raises
    ------
    ScenarioError
        If the file cannot be read or is no scenario; the text names the line, or the fault and
        its field.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # no TOML, which names line and column, or no UTF-8
        raise ScenarioError(f"{path}: {error}") from error
    faults = document.pop("fault", [])
    if document or not isinstance(faults, list):
        names = ", ".join(document) or "fault"
        raise ScenarioError(f"{path}: {names}: a scenario has tables [[fault]], and nothing else")
    found = []
    for number, fault in enumerate(faults, start=1):
        try:
            found.append(read_fault(fault))
        except ScenarioError as error:
            kind = fault.get("kind") if isinstance(fault, dict) else None
            which = f"fault {number} ({kind})" if kind in KINDS else f"fault {number}"
            raise ScenarioError(f"{path}: {which}: {error}") from error
    return found


def _first_of(error: ValidationError) -> str:
    first = error.errors()[0]
    if not first["loc"]:
        return first["msg"].removeprefix("Value error, ")
    match first["type"]:
        case "extra_forbidden":
            text = "this kind of fault has no such field"
        case "missing":
            text = "it is missing"
        case "value_error":
            text = first["msg"].removeprefix("Value error, ")
        case _:
            text = f"{first['msg']}, not {quote(first['input'])}"
    return f"{first['loc'][0]}: {text}"
