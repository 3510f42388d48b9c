"""How the magics show things: in a notebook, and in a terminal alike."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from oqc_notebook import archive
from oqc_notebook.archive.saved import saved_folder
from oqc_notebook.magics.workspace import AnyJob, Workspace
from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
from oqc_notebook.sdk.frames import bit_order
from oqc_notebook.static import text
from oqc_notebook.static.view import (
    TOP_BITSTRINGS,
    composite_view,
    job_view,
    registers_view,
    row_view,
    run_view,
)

_BAR_CHARACTERS = 30


def say(line: str) -> None:
    """Print."""
    sys.stdout.write(f"{line}\n")


def job(here: Workspace, name: str, found: AnyJob) -> None:
    """Show a job: as a panel, or where nothing can show one, as text."""
    if here.has_kernel:
        from oqc_notebook import widgets

        widgets.show(found, name)
    elif isinstance(found, CompositeJob):
        rows = [row_view(index, child) for index, child in enumerate(found.jobs)]
        say(text.composite_text(composite_view(found, name), rows))
    else:
        say(text.job_text(job_view(found, name)))


def table(rows: list[dict[str, Any]]) -> None:
    """Show rows as a table; in a terminal as aligned text."""
    import pandas as pd
    from IPython.display import display

    frame = pd.DataFrame(rows)
    with pd.option_context("display.max_colwidth", None):
        html = frame.to_html(index=False, border=0, justify="left")
    cells = [list(rows[0]), *([str(cell) for cell in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
    bundle = {"text/plain": "\n".join(lines), "text/html": html}
    display(bundle, raw=True)  # type: ignore[no-untyped-call]


def session_line(sdk: OqcSdk) -> str:
    """Say what a session is connected to."""
    qpu = sdk.default_qpu_id
    if qpu is None:
        return f"Connected to {sdk.url}. No default QPU: choose one of %oqc_qpus with --qpu."
    name = sdk.qpu_name(qpu)
    return f"Connected to {sdk.url}. Default QPU: {name if name == qpu else f'{name} ({qpu})'}."


def status_line(name: str, found: AnyJob) -> str:
    """Say in one line how a job is doing."""
    if isinstance(found, CompositeJob):
        view = composite_view(found, name)
        parts = [f"{view['children']} children", text.tally(view)]
    else:
        view = job_view(found, name)
        parts = [f"{view['shots']} shots", _how_long(view)]
        if view["status"]:
            parts.append(f"the server says {text.visible(view['status'])}")
        if view["cancel_requested"]:
            parts.append("cancellation requested")
        if view["task_id"]:
            parts.append(f"task {view['task_id']}")
        if view["error"]:
            parts.append(text.error_line(view["error"]))
    simulated = " (SIMULATED)" if view["simulated"] else ""
    head = f"{name}: {view['symbol']} {view['state']} on {text.qpus(view)}{simulated}"
    return " ".join(", ".join([head, *filter(None, parts)]).split())


def _how_long(view: dict[str, Any]) -> str:
    """Say how long the latest run took, or has been in its state."""
    if view["in_flight"] and view["state"] in view["times"]:
        since = datetime.fromisoformat(view["times"][view["state"]])
        return f"for {text.duration((datetime.now(UTC) - since).total_seconds())}"
    took = view["runs"][0]["took_s"] if view["runs"] else None
    return "" if took is None else f"took {text.duration(took)}"


def run_rows(found: AnyJob) -> list[dict[str, Any]]:
    """Give a row for each run that has ended, oldest first."""
    return [
        {**_child(found, number, child), **_run_row(run_view(run, output), child._client)}
        for number, child in enumerate(found._members())
        for run, output in enumerate(child.history, start=1)
    ]


def _child(found: AnyJob, number: int, child: Job) -> dict[str, Any]:
    if not isinstance(found, CompositeJob):
        return {}
    return {"child": number, "label": text.visible(child.label or "")}


def _run_row(view: dict[str, Any], sdk: OqcSdk | None) -> dict[str, Any]:
    qpu = view["qpu_id"] or ""
    return {
        "run": view["run"],
        "state": f"{view['symbol']} {view['state']}",
        "received": text.time_of(view["received"]),
        "took": text.duration(view["took_s"]),
        "QPU": text.visible(qpu if sdk is None else sdk.qpu_name(qpu)),
        "shots": view["shots"],
        "task": view["task_id"] or "",
        "error": text.one_line(text.error_line(view["error"])) if view["error"] else "",
    }


def saved_rows(sdk: OqcSdk | None) -> list[dict[str, Any]]:
    """Give what is shown of what is saved in the archive of a session, or next to the notebook."""
    return [
        {
            "name": text.visible(file.name),
            "kind": file.kind,
            "saved": text.time_of(file.modified.isoformat()),
            "file": text.visible(file.path),
        }
        for file in archive.saved(sdk)
    ]


def saved_files(rows: list[dict[str, Any]], sdk: OqcSdk | None) -> None:
    """List what is saved."""
    if not rows:
        folder, place = saved_folder(sdk), archive.notebook_place()
        how = f" ({place.how})" if folder.parent == place.folder else ""
        say(f"Nothing is saved in {folder} yet{how}.")
        return
    table(rows)


def archived_jobs(rows: list[dict[str, Any]]) -> None:
    """List what the notebook's archive holds and this kernel does not."""
    if not rows:
        say("The archive has nothing that is not here already.")
        return
    table(rows)


def archived_rows(items: Iterable[archive.Archived]) -> list[dict[str, Any]]:
    """Give what is shown of jobs in the archive."""
    return [
        {
            "name": text.visible(item.name),
            "kind": item.kind,
            "stands": item.standing,
            "last seen": ", ".join(f"{n} {state}" for state, n in item.states.items()),
            "asked for": text.time_of(None if item.asked is None else item.asked.isoformat()),
        }
        for item in items
    ]


def nothing_in_flight(items: list[archive.Archived]) -> str:
    """Tell that there is nothing to resume, and what else there is."""
    said = ["Nothing was in flight."]
    for item in items:
        name = text.visible(item.name)
        if item.standing == "another kernel's":
            said.append(f"{name} is followed by another kernel of this notebook, which runs.")
        elif item.standing == "another server's":
            said.append(f"{name} was submitted to {text.visible(item.server)}: connect there.")
            if item.is_on_this_machine:
                said.append(
                    f"If that has ended with its kernel, '%oqc_resume {name}' gives {name} back."
                )
        elif item.standing == "gone":
            said.append(f"{name} is no longer known to the server.")
    ended = [text.visible(item.name) for item in items if item.standing == "ended"]
    if ended:
        said.append(f"Ended: {', '.join(ended)}. %oqc_resume NAME gives one back as it is.")
    return "\n".join(said)


def counts_text(called: str, found: Job, args: argparse.Namespace) -> str:
    """Give the counts of a job's newest result as bars; nothing if there are none."""
    result = found.result
    registers = [] if result is None else registers_view(result.data, args.top or TOP_BITSTRINGS)
    parts = []
    for register in registers:
        if args.register in (None, register["name"]):
            parts += [_heading(called, found, register), *_bars(register)]
    return "\n".join(parts)


def _heading(called: str, found: Job, register: dict[str, Any]) -> str:
    name = text.visible(register["name"])
    old = "" if found.completed else f", of an earlier run: the latest is {found.state}"
    return (
        f"{text.visible(called)}: register {name}, "
        f"{register['total']} shots ({bit_order(name)}){old}"
    )


def _bars(register: dict[str, Any]) -> Iterable[str]:
    most = max((count for _, count in register["bars"]), default=0) or 1
    widest = len(str(most))
    for bits, count in register["bars"]:
        bar = "█" * round(_BAR_CHARACTERS * count / most)
        share = text.percent(count, register["total"])
        yield f"  {bits}  {bar:<{_BAR_CHARACTERS}}  {count:>{widest}}  {share:>7}"
    if other := text.other_line(register):
        yield f"  {other}"
