"""The static twin of a panel: what is left to read when the live one cannot be drawn."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from oqc_notebook.archive.attaching import latest_archive
from oqc_notebook.widgets.throttle import Throttle

if TYPE_CHECKING:
    from oqc_notebook.widgets.live import LivePanel

#: The least time between two updates, but for the one at the end of a run (seconds).
INTERVAL_S = 10.0


class Twin:
    """The output below a panel that needs neither a kernel nor scripts.

    Parameters
    ----------
    panel
        Gives the panel whose twin this is.
    """

    def __init__(self, panel: Callable[[], LivePanel]) -> None:
        self.display_id = uuid.uuid4().hex
        self._panel = panel
        archive = latest_archive()
        self._kept = None if archive is None else archive.panel()
        self._shown = False
        self._missed: bool | None = None  # a change before there was an output: was it the end?
        self._was_in_flight = False
        self._throttle = Throttle(INTERVAL_S, self._send)

    def first_bundle(self) -> dict[str, str]:
        """Give the output as it is to be shown first: in replay, as it was shown last."""
        bundle = self.bundle()
        return bundle if self._kept is None else self._kept.first(bundle)

    def is_shown(self) -> None:
        """Take note that the output is there, so that it can be updated."""
        self._shown = True
        if self._missed is not None:
            self.update(self._missed)

    def update(self, over: bool) -> None:
        """Show what the panel shows: at once when a run begins or is over, else before long."""
        if self._shown:
            in_flight = self._panel().view.get("in_flight", False)
            began, self._was_in_flight = in_flight and not self._was_in_flight, in_flight
            self._throttle(urgent=over or began)
        else:
            self._missed = over

    def bundle(self) -> dict[str, str]:
        """Give the output as it should be now."""
        return self._panel().static_bundle()

    def _send(self) -> None:
        from IPython.display import update_display

        bundle = self.bundle()
        update_display(  # type: ignore[no-untyped-call]
            bundle, display_id=self.display_id, raw=True
        )
        if self._kept is not None:
            self._kept.keep(bundle)
