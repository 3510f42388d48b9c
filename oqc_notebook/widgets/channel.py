"""What carries the messages between a panel and the pages that show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import anywidget
import traitlets

from oqc_notebook.widgets.bundle import css, esm
from oqc_notebook.widgets.facts import Facts

if TYPE_CHECKING:
    from oqc_notebook.widgets.panel import Panel


class Channel(Protocol):
    """Carries a panel's messages; what comes from a page goes to ``panel.receive``."""

    def open(self, panel: Panel) -> None:
        """Have pages show the panel, from its whole facts on."""

    def send(self, message: Facts) -> None:
        """Send a message to every page that shows the panel."""

    def keep(self) -> None:
        """Send the whole facts once more, for those who save them without drawing."""

    def close(self) -> None:
        """Remove the panel from every page."""


class PanelWidget(anywidget.AnyWidget):
    """The widget behind a panel.

    Its traits hold the whole truth, for pages that open later. They are changed in
    place and not sent; what is sent are numbered changes.
    """

    _esm = traitlets.Unicode(esm()).tag(sync=True)
    _css = traitlets.Unicode(css()).tag(sync=True)
    view: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    rows: traitlets.List[Facts] = traitlets.List().tag(sync=True)


class WidgetChannel:
    """Carries the messages of a panel that has a widget of its own.

    Attributes
    ----------
    widget : PanelWidget
        What the browser draws; there is one once the panel is open.
    """

    widget: PanelWidget

    def open(self, panel: Panel) -> None:
        """Make the widget."""
        self.widget = PanelWidget(view=panel.view, rows=panel.rows)
        self.widget.on_msg(lambda _, content, __: panel.receive(content))
        self.widget.comm.on_close(lambda _: panel.stop())

    def send(self, message: Facts) -> None:
        """Send a message to every view of the widget."""
        self.widget.send(message)

    def keep(self) -> None:
        """Send the widget's state."""
        self.widget.send_state(["view", "rows"])

    def close(self) -> None:
        """Close the widget."""
        self.widget.close()


class ChildChannel:
    """Carries the messages of a child's panel through those of its composite's panel.

    Parameters
    ----------
    send
        Sends a message of the composite's panel.
    index
        The child's place among the children.
    """

    def __init__(self, send: Callable[[Facts], None], index: int) -> None:
        self._send = send
        self._index = index

    def open(self, panel: Panel) -> None:
        """Have the composite's pages show the child below the rows."""
        self._send({"do": "child", "index": self._index, "view": panel.view})

    def send(self, message: Facts) -> None:
        """Send a message to the child's view on every page."""
        self._send({"do": "to_child", "index": self._index, "message": message})

    def keep(self) -> None:
        """Keep nothing: the composite's rows are what is saved."""

    def close(self) -> None:
        """Have the composite's pages show the child no longer."""
        self._send({"do": "child", "index": None})
