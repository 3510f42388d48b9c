"""Whether what is in flight is followed: if not, its state is an old one, and must say so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from oqc_notebook.sdk import CompositeJob, Job


def unfollowed_view(runnable: Job | CompositeJob) -> dict[str, Any] | None:
    """Tell since when nothing is heard of what is in flight, and why.

    Parameters
    ----------
    runnable
        The job or composite.

    Returns
    -------
    dict or None
        ``since`` (ISO time in UTC of the last thing that was heard, or None where it is
        not known) and ``why`` (words). None while the session follows it, and where
        nothing is in flight.
    """
    in_flight = [job for job in runnable._members() if job.in_flight]
    if not in_flight:
        return None
    sdk = next((job._client for job in in_flight if job._client is not None), None)
    if sdk is not None and sdk.is_open:
        lost = sdk.connection_lost
        if lost is None:
            return None
        return {"since": _iso(lost), "why": "the connection to the server is lost"}
    times = [time for job in runnable._members() for time in job.state_times.values()]
    if sdk is None:
        why = "it belongs to no session"
    else:
        why = "its session is closed" if sdk._was_open else "its session is not open"
    return {"since": _iso(max(times)) if times else None, "why": why}


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
