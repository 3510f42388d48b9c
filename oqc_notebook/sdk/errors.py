"""The errors of the SDK, and what each one means.

.. code-block:: text

    OqcError
     ├── JobFailed                   raise_for_status(): the latest run failed
     ├── ServerError                 a final answer of the server that is not a success
     │    └── AuthenticationError    the token is missing, wrong or expired (401, 403)
     ├── DisturbanceError            no usable answer this time; worth another try
     ├── SessionError                (a RuntimeError)
     │    ├── SessionNotOpenError    the session was never opened
     │    ├── SessionClosedError     the session was open and is closed
     │    └── SessionUnreachableError  (a ConnectionError) no answer after several tries
     └── SnapshotError               (a ValueError) a file or model is no valid snapshot

    StaleResultWarning               (a UserWarning) job.result belongs to an earlier run

Errors of a run (a refused program, a task that the server no longer knows) are
not raised: they are stored in ``job.error``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class OqcError(Exception):
    """The root of the errors that the SDK raises by itself."""


@dataclass
class JobFailed(OqcError):  # noqa: N818 - the published name
    """The latest run of a job failed; raised by ``raise_for_status()`` only.

    Parameters
    ----------
    task_id
        Id of the task, or ``"<unsubmitted>"``.
    qpu_id
        Id of the QPU that the job was sent to.
    code
        ``error_code`` of the job's error: an HTTP status or the service's own code.
    details
        ``error_message`` of the job's error.
    """

    task_id: str
    qpu_id: str | None = None
    code: int | None = None
    details: str | None = None

    def __str__(self) -> str:
        parts = [f"task_id={self.task_id}"]
        if self.qpu_id:
            parts.append(f"qpu_id={self.qpu_id}")
        if self.code is not None:
            parts.append(f"code={self.code}")
        if self.details:
            parts.append(self.details)
        return f"JobFailed({', '.join(parts)})"


class ServerError(OqcError):
    """The server answered, and the answer is final and not a success.

    Parameters
    ----------
    message
        What the server said, or what its answer means.
    code
        The HTTP status.
    answer
        The decoded body, where it was JSON.
    """

    def __init__(self, message: str, code: int, answer: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.answer = answer


class AuthenticationError(ServerError):
    """The server does not accept the token (401), or not for this call (403)."""


class DisturbanceError(OqcError):
    """No usable answer this time: a lost connection, a 503, half an answer.

    Parameters
    ----------
    message
        What happened.
    may_have_arrived
        Whether the request may have reached the server and been acted on.
    retry_after_s
        Seconds that the server asked to be left alone for, where it did.
    """

    def __init__(
        self, message: str, *, may_have_arrived: bool, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.may_have_arrived = may_have_arrived
        self.retry_after_s = retry_after_s


class SessionError(OqcError, RuntimeError):
    """The session cannot do what was asked of it."""


class SessionNotOpenError(SessionError):
    """The session was never opened, or the job has no session."""


class SessionClosedError(SessionError):
    """The session was open once and is closed."""


class SessionUnreachableError(SessionError, ConnectionError):
    """The server gave no usable answer after several tries."""


class SnapshotError(OqcError, ValueError):
    """A file or a model is not a valid snapshot; the message says where and why."""


class StaleResultWarning(UserWarning):
    """``job.result`` is the result of an earlier run than the latest."""
