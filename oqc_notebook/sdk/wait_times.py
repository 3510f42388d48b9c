"""How long a QPU's queue is, and when the QPU runs: what ``sdk.get_wait_time()`` gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Window:
    """A span of time in which a QPU runs what is queued.

    Attributes
    ----------
    start, end : datetime
        When it opens and closes, in UTC; `end` is None where that is not told.
    """

    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class WaitTime:
    """What the service expects of a QPU's queue; what it does not tell is None.

    Attributes
    ----------
    qpu_id : str
        Id of the QPU.
    tasks_in_queue : int or None
        How many tasks wait or run there, of all accounts.
    average_processing_seconds : float or None
        How long a task takes, on average.
    estimated_availability_time : datetime or None
        When the QPU is expected to have time for a task that is submitted now, in UTC.
    timestamp : datetime or None
        When the service said so, by its own clock, in UTC.
    windows : tuple of Window
        The execution windows that are open or to come, the next one first; none for a
        QPU that is always on.
    """

    qpu_id: str
    tasks_in_queue: int | None = None
    average_processing_seconds: float | None = None
    estimated_availability_time: datetime | None = None
    timestamp: datetime | None = None
    windows: tuple[Window, ...] = ()

    @property
    def seconds(self) -> float | None:
        """How long a task that is submitted now is expected to wait, by the service's clock."""
        if self.estimated_availability_time is None or self.timestamp is None:
            return None
        return max(0.0, (self.estimated_availability_time - self.timestamp).total_seconds())

    @property
    def next_window(self) -> Window | None:
        """The execution window that is open, or the next one to open."""
        return self.windows[0] if self.windows else None


def wait_time_of(qpu_id: str, answer: dict[str, Any]) -> WaitTime:
    """Read what the service says of a QPU's queue; what is not legible is left out."""
    timestamp = moment_of(answer.get("timestamp"))
    tasks, average = answer.get("tasks_in_queue"), answer.get("average_processing_seconds")
    told = answer.get("windows")
    windows = [_window_of(each) for each in told] if isinstance(told, list) else []
    now = timestamp or datetime.now(UTC)
    to_come = [each for each in windows if each and (each.end is None or each.end > now)]
    return WaitTime(
        qpu_id,
        tasks if type(tasks) is int else None,
        float(average) if isinstance(average, int | float) else None,
        moment_of(answer.get("estimated_availability_time")),
        timestamp,
        tuple(sorted(to_come, key=lambda each: each.start)),
    )


def moment_of(text: Any) -> datetime | None:
    """Read a time of the service, which is in UTC where it names no zone; None if it is none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _window_of(told: Any) -> Window | None:
    start = moment_of(told.get("start_time")) if isinstance(told, dict) else None
    return None if start is None else Window(start, moment_of(told.get("end_time")))
