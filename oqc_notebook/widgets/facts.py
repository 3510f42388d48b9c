"""What a panel knows: the facts of a job's view and rows, and what changed in them."""

from __future__ import annotations

from typing import Any, TypeAlias

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.sdk.states import MOMENT
from oqc_notebook.static.tally import Tally, tally_of
from oqc_notebook.static.view import job_view, row_view, tally_view

#: Facts by name, as JSON can hold them.
Facts: TypeAlias = dict[str, Any]

#: Runs that a panel lists, the newest ones; the number of all is told beside them.
LAST_RUNS = 50

#: Longest error message of a child in its row (characters); its own panel has it all.
_LONGEST_ERROR = 120


def view_of(runnable: Job | CompositeJob, name: str | None, tally: Tally | None = None) -> Facts:
    """Give the facts as of one moment, without a composite's rows and a job's program.

    Besides those of the view there are ``can_execute``, ``can_cancel`` and
    ``can_refresh``: which buttons make sense. Those of a composite have ``failures``
    and ``results``, too: other numbers mean that other children failed, or that there
    are other results.

    Parameters
    ----------
    runnable
        The job or composite.
    name
        What it is called.
    tally
        What a composite's children come to together, where that is known already.
    """
    with MOMENT:
        if isinstance(runnable, CompositeJob):
            return _composite_facts(tally_of(runnable) if tally is None else tally, name)
        view = job_view(runnable, name, last_runs=LAST_RUNS)
        view["can_execute"] = not runnable.in_flight or runnable._gone
        view["can_cancel"] = runnable.in_flight and not runnable.cancel_requested
        view["can_refresh"] = runnable.task_id is not None
    del view["program"]  # it can be long, and the panel does not show it
    del view["unfollowed"]  # the panel shows how it stands with the session
    return view


def _composite_facts(tally: Tally, name: str | None) -> Facts:
    return tally_view(tally, name) | {
        "can_execute": len(tally) > 0 and not tally.number("held"),
        "can_cancel": tally.number("cancellable") > 0,
        "can_refresh": tally.number("submitted") > 0,
        "failures": tally.failures,
        "results": tally.results,
    }


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
    if view["kind"] == "job":
        # a run that was refused has no task, but it counts
        return f"{view['task_id'] or ''}/{view['run_count']}"
    return view["started"]


def newest_run(view: Facts) -> Any:
    """Tell the newest run in a view, of whichever child, to compare with what a click was for."""
    return run_shown(view) if view["kind"] == "job" else view["last_begun"]


def changed_in(old: Facts, new: Facts) -> Facts:
    """Give those of the new facts that are not the same as the old ones."""
    return {key: value for key, value in new.items() if key not in old or old[key] != value}
