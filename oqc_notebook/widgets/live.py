"""What every live panel has: facts, and the pages that it keeps up to date with them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from oqc_notebook.widgets.channel import Channel, ChildChannel
from oqc_notebook.widgets.facts import Facts, changed_in
from oqc_notebook.widgets.packing import packed, packed_changes

#: What a panel is called that is open inside another: its row, or ``LOADED``.
Place: TypeAlias = int | str

#: The place of a job that was loaded from a file.
LOADED = "loaded"


class LivePanel:
    """A panel's facts, sent to the pages that show it as numbered changes.

    Parameters
    ----------
    channel
        Carries the panel's messages to the pages that show it.

    Attributes
    ----------
    view : dict
        The facts that the panel shows.
    rows : list of dict
        The facts of its rows, where it has some.
    """

    def __init__(self, channel: Channel) -> None:
        self.view: Facts = {}
        self.rows: list[Facts] = []
        self._channel = channel
        self._lock = threading.RLock()
        self._was_drawn = False
        self._sent = 0
        self._inside: dict[Place, LivePanel] = {}

    def _open(self, view: Facts, rows: list[Facts]) -> None:
        """Have pages show the panel, with these facts to begin with."""
        self.view = {**view, "note": None, "busy": None, "seq": 0}
        self.rows = rows
        self._channel.open(self)

    def close(self) -> None:
        """Stop following, and remove the panel from every page."""
        self.stop()
        self._channel.close()

    def stop(self) -> None:
        """Stop following what is shown; the panel stays as it is."""
        self._sleep()
        for place in list(self._inside):
            self._close_inside(place)

    # ---- what a kind of panel says of itself ----

    @property
    def _is_awake(self) -> bool:
        """Whether changes are followed."""
        raise NotImplementedError

    def _wake(self) -> None:
        """Begin to follow changes, and take over what changed meanwhile."""
        raise NotImplementedError

    def _sleep(self) -> None:
        """Stop following changes."""
        raise NotImplementedError

    def _do(self, action: str, message: Facts) -> None:
        """Do what a button asks for."""
        raise NotImplementedError

    def _answer(self, key: str, question: Facts) -> None:
        """Answer a page's question, now or later, with :meth:`_send_answer`."""
        raise NotImplementedError

    def static_bundle(self) -> dict[str, str]:
        """Give the facts as HTML and text that need no kernel."""
        raise NotImplementedError

    def _panel_of_row(self, index: int, channel: Channel) -> LivePanel:
        """Make the panel of what a row shows."""
        raise NotImplementedError

    # ---- facts ----

    def say(self, text: str, *, bad: bool = False) -> None:
        """Say something in the panel's message line."""
        self._update({"note": {"text": text, "bad": bad}}, {})

    def set_busy(self, action: str | None) -> None:
        """Say which action is under way."""
        self._update({"busy": action}, {})

    def offer(self, files: list[Facts]) -> None:
        """Have the panel offer saved jobs to load."""
        self._send({"do": "offer", "files": files})

    def _update(self, view: Facts, rows: dict[int, Facts], *, whole: bool = False) -> bool:
        """Take over facts and send what changed; tell whether anything did."""
        with self._lock:
            changed_view = changed_in(self.view, view)
            changed_rows: list[tuple[int, Facts]] = []
            for index, row in sorted(rows.items()):
                if index == len(self.rows):
                    self.rows.append({})
                if changed_row := changed_in(self.rows[index], row):
                    self.rows[index] = row
                    changed_rows.append((index, changed_row))
            if not (changed_view or changed_rows or whole):
                return False
            self.view.update(changed_view)
            self.view["seq"] += 1
            if whole:
                self._send_whole()
            elif changed_rows:
                tables = packed_changes(changed_rows)
                self._send({"do": "patch", "view": changed_view, "rows": tables})
            else:
                self._send({"do": "patch", "view": changed_view})
            return True

    def _keep_for_readers(self) -> None:
        """Send the whole truth once more where nobody has drawn the panel.

        A program that executes notebooks without drawing them, as nbclient does, saves
        the state that it was sent; it shall hold the end.
        """
        if not self._was_drawn:
            self._channel.keep()

    # ---- messages ----

    def _send_whole(self) -> None:
        self._send({"do": "whole", "view": self.view, "rows": packed(self.rows)})

    def _send_answer(self, key: str, facts: Facts) -> None:
        self._send({"do": "answer", "key": key, "answer": facts})

    def _send(self, message: Facts) -> None:
        # the kernel's time goes along: the browser's clock may be another one
        now = round(time.time() * 1000)
        self._sent += 1
        self._channel.send({"seq": self.view["seq"], "now": now, **message})

    def receive(self, message: Any) -> None:
        """Take a message from a page; this may be in any thread, and late.

        There is an answer to every message: a page takes silence for the kernel's end.
        """
        before = self._sent
        try:
            self._take(message)
        except Exception as exc:  # printed by nobody: here it is seen
            self.say(str(exc) or type(exc).__name__, bad=True)
        if self._sent == before:
            self._send({"do": "here"})

    def _take(self, message: Any) -> None:
        match message:
            case {"do": "hello", "seq": seq}:
                self._greet(seq, message.get("inside", []))
            case {"do": "gone"}:
                self._rest()
            case {"do": "ask", "key": str(key)}:
                self._answer(key, message)
            case {"do": "child", "index": index}:
                self._show_row(index)
            case {"do": "unload"}:
                self._close_inside(LOADED)
            case {"do": "to_child", "index": int() | str() as place, "message": for_it}:
                if place in self._inside:
                    self._inside[place].receive(for_it)
            case {"do": str(action)}:
                self._do(action, message)

    def _greet(self, seq: Any, inside: list[Place]) -> None:
        """Tell a page that draws the panel what it does not know yet."""
        self._was_drawn = True
        if not self._is_awake:
            self._wake()
        with self._lock:
            if seq == self.view["seq"]:
                self._send({"do": "here"})
            else:
                self._send_whole()
            for place, panel in self._inside.items():
                if place not in inside:
                    panel._channel.open(panel)

    def _rest(self) -> None:
        """Rest while no page shows the panel; a page that still does answers the question."""
        self.stop()
        self._send({"do": "who"})

    # ---- panels that are open inside this one ----

    def _show_row(self, index: Any) -> None:
        """Open the panel of a row in place of the one that is open; None closes that."""
        with self._lock:
            for place in [place for place in self._inside if place != LOADED]:
                self._close_inside(place)
            if isinstance(index, int) and 0 <= index < len(self.rows):
                self._show_inside(index, lambda channel: self._panel_of_row(index, channel))

    def _show_inside(self, place: Place, make: Callable[[Channel], LivePanel]) -> None:
        with self._lock:
            self._close_inside(place)
            self._inside[place] = make(ChildChannel(self._send, place))

    def _close_inside(self, place: Place) -> None:
        with self._lock:
            panel = self._inside.pop(place, None)
            if panel is not None:
                panel.close()
