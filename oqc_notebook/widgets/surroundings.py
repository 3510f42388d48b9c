"""How it stands around a job: its session, the connection, the queue, and what a run costs."""

from __future__ import annotations

from collections.abc import Sequence

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.sdk.client import OqcSdk
from oqc_notebook.sdk.prices import estimate
from oqc_notebook.static.following import unfollowed_view
from oqc_notebook.widgets.facts import Facts


def surroundings_of(runnable: Job | CompositeJob) -> Facts:
    """Give the facts that change without a change of the job.

    Returns
    -------
    dict
        ``session`` ("open", "closed", "unopened", or "none" for a job without one),
        ``lost`` (ISO time since when the server is not reached, or None),
        ``unfollowed`` (see :func:`.following.unfollowed_view`), ``cost``
        (``amount``, ``words``) of a run or None.
    """
    return {
        **reach_of(session_of(runnable)),
        "unfollowed": unfollowed_view(runnable),
        "cost": cost_of(runnable._members()),
    }


def session_of(runnable: Job | CompositeJob) -> OqcSdk | None:
    """Give the session of a job or composite, where there is one."""
    return next((job._client for job in runnable._members() if job._client is not None), None)


def reach_of(sdk: OqcSdk | None) -> Facts:
    """Tell whether a session is open, and since when it does not reach its server."""
    if sdk is None:
        return {"session": "none", "lost": None}
    lost = sdk.connection_lost
    return {
        "session": "open" if sdk.is_open else "closed" if sdk._was_open else "unopened",
        "lost": None if lost is None else lost.isoformat(timespec="milliseconds"),
    }


def cost_of(jobs: Sequence[Job]) -> Facts | None:
    """Give what running jobs once costs about, where a QPU has a price."""
    found = estimate(jobs)
    return None if found is None else {"amount": str(found), "words": found.words}
