"""Showing a panel: two outputs of a cell, the live one and its static twin."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.static.text import one_line
from oqc_notebook.widgets.names import in_a_kernel, name_of, shell

if TYPE_CHECKING:
    from oqc_notebook.sdk import OqcSdk
    from oqc_notebook.widgets.channel import Channel
    from oqc_notebook.widgets.facts import Facts
    from oqc_notebook.widgets.live import LivePanel

#: Called after the facts of a panel changed, with whether what it follows is over.
OnChange: TypeAlias = Callable[[bool], None]

#: By the id of a cell: the execution that showed panels there, and those panels.
_shown: dict[str, tuple[str, list[LivePanel]]] = {}


def show_panel(job: Job | CompositeJob, name: str | None) -> None:
    """Show a job's panel in the cell that runs; without a kernel, print a line."""
    if not in_a_kernel():
        sys.stdout.write(f"{job!r}\n")
        return
    from oqc_notebook.widgets.panel import Panel

    called = name or name_of(job)
    kind = "composite job" if isinstance(job, CompositeJob) else "job"
    show_live(
        lambda channel, on_change: Panel(job, called, channel, on_change),
        f"{kind} {called}" if called else f"a {kind}",
    )


def show_session_panel(sdk: OqcSdk) -> None:
    """Show the panel of a session's jobs."""
    from oqc_notebook.widgets.session_panel import SessionPanel

    show_live(
        lambda channel, on_change: SessionPanel(sdk, channel, on_change), "the jobs of a session"
    )


def show_qpu_panel(sdk: OqcSdk, facts: tuple[Facts, list[Facts]]) -> None:
    """Show the panel of a service's QPUs."""
    from oqc_notebook.widgets.qpu_panel import QpuPanel

    show_live(
        lambda channel, on_change: QpuPanel(sdk, facts, channel, on_change),
        "the QPUs of a service",
    )


def show_live(make: Callable[[Channel, OnChange], LivePanel], described: str) -> None:
    """Show a panel and its twin in the cell that runs.

    Parameters
    ----------
    make
        Makes the panel, of its channel and of what it calls after a change.
    described
        What it is, in words, for those who see neither.
    """
    from oqc_notebook.widgets.channel import WidgetChannel
    from oqc_notebook.widgets.twin import Twin

    ip = shell()
    twin = Twin(lambda: panel)
    channel = WidgetChannel()
    panel = make(channel, twin.update)
    _close_earlier(ip.get_parent(), panel)
    live, metadata = channel.bundle()
    # where it cannot be drawn, the twin below says everything
    live["text/html"] = ""
    live["text/plain"] = f"Live panel of {one_line(described)}; how it stood last follows."
    ip.display_pub.publish(live, metadata)
    ip.display_pub.publish(twin.first_bundle(), transient={"display_id": twin.display_id})
    twin.is_shown()


def _close_earlier(cell: dict[str, Any], panel: LivePanel) -> None:
    """Close the panels that an earlier execution of the same cell showed."""
    cell_id = cell.get("metadata", {}).get("cellId")
    if cell_id is None:
        return
    execution = cell["header"]["msg_id"]
    before, panels = _shown.get(cell_id, (execution, []))
    if before != execution:
        for earlier in panels:
            earlier.close()
        panels = []
    _shown[cell_id] = (execution, [*panels, panel])
