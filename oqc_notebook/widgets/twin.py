"""The static twin of a panel: what is left to read when the live one cannot be drawn."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from oqc_notebook.sdk import Job
from oqc_notebook.static.html import composite_html, job_html
from oqc_notebook.static.text import composite_text, job_text
from oqc_notebook.widgets.throttle import Throttle

if TYPE_CHECKING:
    from oqc_notebook.widgets.panel import Panel

#: The least time between two updates, but for the one at the end of a run (seconds).
INTERVAL_S = 10.0


class Twin:
    """The output below a panel that needs neither a kernel nor scripts.

    Parameters
    ----------
    panel
        Gives the panel whose twin this is.
    """

    def __init__(self, panel: Callable[[], Panel]) -> None:
        self.display_id = uuid.uuid4().hex
        self._panel = panel
        self._shown = False
        self._missed: bool | None = None  # a change before there was an output: was it the end?
        self._throttle = Throttle(INTERVAL_S, self._send)

    def is_shown(self) -> None:
        """Take note that the output is there, so that it can be updated."""
        self._shown = True
        if self._missed is not None:
            self.update(self._missed)

    def update(self, over: bool) -> None:
        """Show what the panel shows: at once when the run is over, else before long."""
        if self._shown:
            self._throttle(urgent=over)
        else:
            self._missed = over

    def bundle(self) -> dict[str, str]:
        """Give the output as it should be now."""
        panel = self._panel()
        view: dict[str, Any] = dict(panel.view)
        if isinstance(panel.runnable, Job):
            view["program"] = panel.runnable.program
            return {"text/html": job_html(view), "text/plain": job_text(view)}
        rows = list(panel.rows)
        return {"text/html": composite_html(view, rows), "text/plain": composite_text(view, rows)}

    def _send(self) -> None:
        from IPython.display import update_display

        update_display(  # type: ignore[no-untyped-call]
            self.bundle(), display_id=self.display_id, raw=True
        )
