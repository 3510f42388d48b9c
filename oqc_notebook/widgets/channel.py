"""What carries the messages between a panel and the pages that show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import anywidget
import traitlets

from oqc_notebook.widgets.bundle import loader
from oqc_notebook.widgets.facts import Facts
from oqc_notebook.widgets.packing import packed

if TYPE_CHECKING:
    from oqc_notebook.widgets.live import LivePanel, Place


class Channel(Protocol):
    """Carries a panel's messages; what comes from a page goes to ``panel.receive``."""

    def open(self, panel: LivePanel) -> None:
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

    _esm = traitlets.Unicode(loader()).tag(sync=True)
    view: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    rows: traitlets.List[Facts] = traitlets.List().tag(
        sync=True, to_json=lambda rows, widget: packed(rows)
    )


class WidgetChannel:
    """Carries the messages of a panel that has a widget of its own.

    Attributes
    ----------
    widget : PanelWidget
        What the browser draws; there is one once the panel is open.
    """

    widget: PanelWidget

    def open(self, panel: LivePanel) -> None:
        """Make the widget."""
        self.widget = PanelWidget(view=panel.view, rows=panel.rows)
        self.widget.on_msg(lambda _, content, __: panel.receive(content))
        self.widget.comm.on_close(lambda _: panel.stop())

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give what a cell puts out to show the widget, and its metadata, which Colab needs."""
        shown = self.widget._repr_mimebundle_()
        assert shown is not None, "it has a view"
        return shown

    def send(self, message: Facts) -> None:
        """Send a message to every view of the widget."""
        self.widget.send(message)

    def keep(self) -> None:
        """Send the widget's state."""
        self.widget.send_state(["view", "rows"])

    def close(self) -> None:
        """Close the widget, and its layout, which ipywidgets would keep for ever."""
        layout = self.widget.layout
        self.widget.close()
        layout.close()


class ChildChannel:
    """Carries the messages of a panel inside another through those of the other.

    Parameters
    ----------
    send
        Sends a message of the other panel.
    place
        What the panel inside is called: the row that it shows, or a word.
    """

    def __init__(self, send: Callable[[Facts], None], place: Place) -> None:
        self._send = send
        self._place = place

    def open(self, panel: LivePanel) -> None:
        """Have the other panel's pages show this one below the rest."""
        rows = packed(panel.rows)
        self._send({"do": "child", "index": self._place, "view": panel.view, "rows": rows})

    def send(self, message: Facts) -> None:
        """Send a message to this panel's view on every page."""
        self._send({"do": "to_child", "index": self._place, "message": message})

    def keep(self) -> None:
        """Keep nothing: the other panel's facts are what is saved."""

    def close(self) -> None:
        """Have the other panel's pages show this one no longer."""
        self._send({"do": "closed", "index": self._place})
