"""The states of a job, and the server's words for them."""

from __future__ import annotations

import threading
from enum import StrEnum

#: Held while a job's state is changed or read as a whole, so that a snapshot
#: taken from any thread, of a job or of a composite, sees one moment.
MOMENT = threading.RLock()


class JobState(StrEnum):
    """Where the latest run of a job stands."""

    CREATED = "CREATED"
    SUBMITTED = "SUBMITTED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


#: States in which the latest run has ended.
ENDED = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})

#: The word of a task that the server gave up; here it ends FAILED.
EXPIRED = "EXPIRED"

_STATE_OF = {
    "CREATED": JobState.CREATED,
    "SUBMITTED": JobState.SUBMITTED,
    "QUEUED": JobState.SUBMITTED,
    "RUNNING": JobState.RUNNING,
    "IN_PROGRESS": JobState.RUNNING,
    "COMPLETED": JobState.COMPLETED,
    "SUCCEEDED": JobState.COMPLETED,
    "DONE": JobState.COMPLETED,
    "FAILED": JobState.FAILED,
    "ERROR": JobState.FAILED,
    EXPIRED: JobState.FAILED,
    "CANCELLED": JobState.CANCELLED,
    "CANCELED": JobState.CANCELLED,
}


def state_of(status: str) -> JobState:
    """Give the state that a server's word means; UNKNOWN for one that is new to us."""
    return _STATE_OF.get(status.upper(), JobState.UNKNOWN)


def overall(states: list[JobState]) -> JobState:
    """Give the state of a composite from those of its children.

    Any RUNNING is RUNNING; any active is SUBMITTED; all CREATED is CREATED; else
    FAILED comes before CANCELLED before COMPLETED.
    """
    present = set(states)
    if not present - {JobState.CREATED}:
        return JobState.CREATED
    if JobState.RUNNING in present:
        return JobState.RUNNING
    if present - ENDED:
        return JobState.SUBMITTED
    for state in (JobState.FAILED, JobState.CANCELLED):
        if state in present:
            return state
    return JobState.COMPLETED
