"""Showing a panel: two outputs of a cell, the live one and its static twin."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.widgets.names import name_of, shell

if TYPE_CHECKING:
    from oqc_notebook.widgets.panel import Panel

#: By the id of a cell: the execution that showed panels there, and those panels.
_shown: dict[str, tuple[str, list[Panel]]] = {}


def show_panel(job: Job | CompositeJob, name: str | None) -> None:
    """Show a panel and its twin in the cell that runs; without a kernel, print a line."""
    ip = shell()
    if getattr(ip, "kernel", None) is None:
        sys.stdout.write(f"{job!r}\n")
        return
    cell = ip.get_parent()
    _show(ip, cell, job, name or name_of(job))


def _show(ip: Any, cell: dict[str, Any], job: Job | CompositeJob, name: str | None) -> None:
    from oqc_notebook.widgets.channel import WidgetChannel
    from oqc_notebook.widgets.panel import Panel
    from oqc_notebook.widgets.twin import Twin

    twin = Twin(lambda: panel)
    channel = WidgetChannel()
    panel = Panel(
        job,
        name,
        channel,
        on_change=twin.update,
        open_below=lambda other, called: _show(ip, cell, other, called),
    )
    _close_earlier(cell, panel)
    live = {
        "application/vnd.jupyter.widget-view+json": channel.widget.get_view_spec(),
        # where it cannot be drawn, the twin below says everything
        "text/html": "",
        "text/plain": f"Live panel of {_described(job, name)}; how it stood last follows.",
    }
    _publish(ip, cell, live, {})
    _publish(ip, cell, twin.bundle(), {"display_id": twin.display_id})
    twin.is_shown()


def _described(job: Job | CompositeJob, name: str | None) -> str:
    kind = "composite job" if isinstance(job, CompositeJob) else "job"
    return f"{kind} {name}" if name else f"a {kind}"


def _publish(
    ip: Any, cell: dict[str, Any], data: dict[str, Any], transient: dict[str, str]
) -> None:
    """Add an output to a cell, also when it is a click that asks for it and not the cell."""
    publisher = ip.display_pub
    # what captures outputs (%%capture) has no parent: it belongs to the cell that runs
    parent = getattr(publisher, "parent_header", None)
    if parent is None or cell.get("header", {}).get("msg_id") == parent.get("msg_id"):
        publisher.publish(data, transient=transient)  # through what captures outputs
        return
    content = {"data": data, "metadata": {}, "transient": transient}
    publisher.session.send(
        publisher.pub_socket, "display_data", content, parent=cell, ident=publisher.topic
    )


def _close_earlier(cell: dict[str, Any], panel: Panel) -> None:
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
