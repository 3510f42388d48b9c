"""What is known of one task, and how the API tells it."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from oqc_notebook.local.clock import stamp
from oqc_notebook.local.qpus import Qpu


class State(StrEnum):
    """States of a task, in the words of the API."""

    CREATED = "CREATED"
    SUBMITTED = "SUBMITTED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


FINAL = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})

#: The parts of a task that have a call of their own, as ``/tasks/{id}/{part}``, and their keys.
PARTS = {
    "status": "status",
    "results": "results",
    "error": "task_error",
    "timings": "timings",
    "metadata": "metadata",
    "execution_metadata": "execution_metadata",
}


@dataclass(frozen=True)
class Submission:
    """What a task is to run.

    Attributes
    ----------
    program
        OpenQASM text.
    config
        The configuration as it was sent, JSON text or None.
    shots, results_format, warning
        What was read from the configuration (see ``configs.RunConfig``).
    tag
        The caller's label, or None.
    """

    program: str
    config: str | None
    shots: int
    results_format: str
    warning: str | None
    tag: str | None


@dataclass(frozen=True)
class Outcome:
    """How a run ended: with results, or with an error.

    Attributes
    ----------
    results
        The results as JSON text. They can be large and are never looked into here.
    metrics
        What the simulator says of the run.
    error
        ``{"error_code", "error_message"}``, or None after a good run.
    seconds
        Time that the simulation took.
    """

    results: bytes = b"null"
    metrics: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    seconds: float = 0.0


def failure(code: int, text: str) -> Outcome:
    """Return the outcome of a run that failed."""
    return Outcome(error={"error_code": code, "error_message": text})


@dataclass(eq=False)
class Task:
    """One task from its reservation on."""

    qpu: Qpu
    tag: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_at: float = field(default_factory=time.time)
    state: State = State.CREATED
    submission: Submission | None = None
    seed: int = 0
    outcome: Outcome = field(default_factory=Outcome)
    timings: dict[str, str] = field(default_factory=dict)
    #: Set when every task that was submitted to the QPU before this one has ended.
    first_in_line: asyncio.Event = field(default_factory=asyncio.Event)

    def move(self, state: State, timing: str) -> None:
        """Go to a state, noting the time under the name of a timing."""
        self.state = state
        self.note(timing)

    def note(self, timing: str, when: float | None = None) -> None:
        """Note a time in seconds since the epoch; without one, now."""
        self.timings[timing] = stamp(time.time() if when is None else when)

    def all_info(self) -> bytes:
        """Return the JSON text of all that is known."""
        return self._text(list(PARTS.values()), own={"task_id": self.id, "qpu_id": self.qpu.id})

    def part(self, name: str) -> bytes:
        """Return the JSON text of one of ``PARTS``."""
        return self._text([PARTS[name]], own={"task_id": self.id})

    def summary(self) -> dict[str, Any]:
        """Return the line of this task in a list."""
        return {
            "task_id": self.id,
            "qpu_id": self.qpu.id,
            "status": self.state,
            "tag": self.tag,
            "created_at": stamp(self.created_at),
        }

    def _text(self, keys: list[str], own: dict[str, Any]) -> bytes:
        document = own | {key: self._value(key) for key in keys if key != "results"}
        warning = self.submission.warning if self.submission else None
        if warning and self.state == State.COMPLETED:
            document["messages"] = [warning]
        text = json.dumps(document).encode()
        if "results" in keys:
            text = text[:-1] + b', "results": ' + self.outcome.results + b"}"
        return text

    def _value(self, key: str) -> Any:
        if key == "status":
            return self.state
        if key == "task_error":
            return self.outcome.error
        if key == "timings":
            return self.timings
        if key == "execution_metadata":
            return self.outcome.metrics
        return {
            "id": self.id,
            "qpu_id": self.qpu.id,
            "config": self.submission.config if self.submission else None,
            "created_at": stamp(self.created_at),
            "tag": self.tag,
        }
