"""What a panel knows: the facts of a job's view and rows, and what changed in them."""

from __future__ import annotations

from typing import Any, TypeAlias

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.sdk.states import MOMENT
from oqc_notebook.static.view import composite_view, job_view, row_view

#: Facts by name, as JSON can hold them.
Facts: TypeAlias = dict[str, Any]

#: Runs that a panel lists, the newest ones; the number of all is told beside them.
LAST_RUNS = 50

#: Longest error message of a child in its row (characters); its own panel has it all.
_LONGEST_ERROR = 300


def view_of(runnable: Job | CompositeJob, name: str | None) -> Facts:
    """Give the facts as of one moment, without a composite's rows and a job's program.

    Besides those of the view there are ``can_execute``, ``can_cancel`` and
    ``can_refresh``: which buttons make sense.
    """
    with MOMENT:
        jobs = runnable._members()
        active = [job for job in jobs if job.in_flight]
        can = {
            "can_execute": bool(jobs) and all(job._gone for job in active),
            "can_cancel": any(not job.cancel_requested for job in active),
            "can_refresh": any(job.task_id is not None for job in jobs),
        }
        if isinstance(runnable, CompositeJob):
            return composite_view(runnable, name) | can
        view = job_view(runnable, name, last_runs=LAST_RUNS)
    del view["program"]  # it can be long, and the panel does not show it
    return view | can


def row_of(index: int, job: Job) -> Facts:
    """Give the facts of a child's row as of one moment."""
    with MOMENT:
        row = row_view(index, job)
    del row["i"]  # its place in the list says it
    if row["error"] is not None and len(row["error"]) > _LONGEST_ERROR:
        row["error"] = row["error"][:_LONGEST_ERROR] + "…"
    return row


def run_shown(view: Facts) -> Any:
    """Tell which run a view shows, to compare with what a late click was meant for."""
    return view["task_id"] if view["kind"] == "job" else view["started"]


def changed_in(old: Facts, new: Facts) -> Facts:
    """Give those of the new facts that are not the same as the old ones."""
    return {key: value for key, value in new.items() if key not in old or old[key] != value}
