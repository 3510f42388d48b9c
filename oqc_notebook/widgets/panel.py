"""The live panel: the kernel's half of what the browser draws."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.widgets.actions import Actions
from oqc_notebook.widgets.channel import Channel, ChildChannel
from oqc_notebook.widgets.facts import Facts, changed_in, row_of, view_of
from oqc_notebook.widgets.questions import answer
from oqc_notebook.widgets.watch import Watch


class Panel:
    """A live panel of a job or composite.

    Parameters
    ----------
    runnable
        The job or composite.
    name
        What it is called.
    channel
        Carries the panel's messages to the pages that show it.
    on_change
        Called after the facts changed, with whether the run has come to its end.
    open_below
        Called to show another job below this panel.

    Attributes
    ----------
    view : dict
        The facts that the panel shows.
    rows : list of dict
        The facts of a composite's children.
    """

    def __init__(
        self,
        runnable: Job | CompositeJob,
        name: str | None,
        channel: Channel,
        on_change: Callable[[bool], None],
        open_below: Callable[[Job | CompositeJob, str], None],
    ) -> None:
        self.runnable = runnable
        self.name = name
        self._channel = channel
        self._on_change = on_change
        self._open_below = open_below
        self._lock = threading.RLock()
        self._was_drawn = False
        self._children: list[Job] = []
        self._places: dict[Job, list[int]] = {}
        self._open_child: Panel | None = None
        self._child_index = -1
        self._watch = Watch(runnable, self._take_changes)
        self._actions = Actions(self, open_below)
        with self._lock:  # a change that is told meanwhile waits
            self._watch.start()
            self.view = {**view_of(runnable, name), "note": None, "busy": None, "seq": 0}
            self.rows = self._all_rows()
            channel.open(self)

    def close(self) -> None:
        """Stop watching, and remove the panel from every page."""
        self.stop()
        self._channel.close()

    def stop(self) -> None:
        """Stop watching the job; the panel stays as it is."""
        self._watch.stop()
        self._close_child()

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

    def _jobs(self) -> list[Job]:
        runnable = self.runnable
        return list(runnable.jobs) if isinstance(runnable, CompositeJob) else []

    def _all_rows(self) -> list[Facts]:
        self._children = self._jobs()
        self._places = {}
        for index, job in enumerate(self._children):
            self._places.setdefault(job, []).append(index)
        return [row_of(index, job) for index, job in enumerate(self._children)]

    def _take_changes(self, jobs: set[Job], over: bool) -> None:
        with self._lock:
            now = self._jobs()
            if now != self._children:  # children were added, removed or changed places
                self._watch.start()
                rows = dict(enumerate(self._all_rows()))
            else:
                places = (index for job in jobs for index in self._places.get(job, ()))
                rows = {index: row_of(index, now[index]) for index in places}
            removed = len(self.rows) > len(now)
            del self.rows[len(now) :]
            if self._update(view_of(self.runnable, self.name), rows, whole=removed) and over:
                self._keep_for_readers()
        self._on_change(over)

    def _keep_for_readers(self) -> None:
        """Send the whole truth once more where nobody has drawn the panel.

        A program that executes notebooks without drawing them, as nbclient does, saves
        the state that it was sent; it shall hold the end.
        """
        if not self._was_drawn:
            self._channel.keep()

    def _update(self, view: Facts, rows: dict[int, Facts], *, whole: bool = False) -> bool:
        """Take over facts and send what changed; tell whether anything did."""
        with self._lock:
            changed_view = changed_in(self.view, view)
            changed_rows = []
            for index, row in sorted(rows.items()):
                if index == len(self.rows):
                    self.rows.append({})
                if changed_row := changed_in(self.rows[index], row):
                    self.rows[index] = row
                    changed_rows.append([index, changed_row])
            if not (changed_view or changed_rows or whole):
                return False
            self.view.update(changed_view)
            self.view["seq"] += 1
            if whole:
                self._send_whole()
            elif changed_rows:
                self._send({"do": "patch", "view": changed_view, "rows": changed_rows})
            else:
                self._send({"do": "patch", "view": changed_view})
            return True

    # ---- messages ----

    def _send_whole(self) -> None:
        self._send({"do": "whole", "view": self.view, "rows": self.rows})

    def _send(self, message: Facts) -> None:
        # the kernel's time goes along: the browser's clock may be another one
        now = round(time.time() * 1000)
        self._channel.send({"seq": self.view["seq"], "now": now, **message})

    def receive(self, message: Any) -> None:
        """Take a message from a page; this may be in any thread, and late."""
        match message:
            case {"do": "hello", "seq": seq}:
                self._greet(seq)
            case {"do": "gone"}:
                self._rest()
            case {"do": "ask", "key": str(key)}:
                self._answer(key, message)
            case {"do": "child", "index": index}:
                self._show_child(index)
            case {"do": "to_child", "index": index, "message": for_child}:
                if self._open_child is not None and self._child_index == index:
                    self._open_child.receive(for_child)
            case {"do": str(action)}:
                self._actions.do(action, message)

    def _greet(self, seq: Any) -> None:
        """Tell a page that draws the panel what it does not know yet."""
        self._was_drawn = True
        if not self._watch.is_on:
            self._watch.start()
            self._take_changes(set(self._jobs()), self.runnable.ended)
        with self._lock:
            if seq == self.view["seq"]:
                self._send({"do": "here"})
            else:
                self._send_whole()

    def _rest(self) -> None:
        """Rest while no page shows the panel; a page that still does answers the question."""
        self.stop()
        self._send({"do": "who"})

    def _answer(self, key: str, question: Facts) -> None:
        """Answer a question about the job, such as for the details of a run."""
        try:
            facts = answer(self.runnable, question)
        except Exception as exc:  # printed by nobody: here it is seen
            facts = {"problem": str(exc) or type(exc).__name__}
        self._send({"do": "answer", "key": key, "answer": facts})

    # ---- the child that is open below the rows ----

    def _show_child(self, index: Any) -> None:
        """Open a child in place of the one that is open; None closes it."""
        with self._lock:
            self._close_child()
            if index is None or not 0 <= index < len(self._children):
                return
            child = self._children[index]
            called = child.label or f"{self.name or 'child'} {index}"
            channel = ChildChannel(self._send, index)
            self._child_index = index
            self._open_child = Panel(child, called, channel, lambda over: None, self._open_below)

    def _close_child(self) -> None:
        with self._lock:
            child, self._open_child = self._open_child, None
            if child is not None:
                child.close()
