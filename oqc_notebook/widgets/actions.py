"""What the buttons of a panel do.

A click may be handled in the kernel's main thread, in another thread that has an
event loop of its own, or long after it was made. So an action looks at how the job
stands now, and what takes time is handed to the loop of the job's session.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from oqc_notebook import archive
from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
from oqc_notebook.widgets.facts import Facts, run_shown
from oqc_notebook.widgets.names import name_of

if TYPE_CHECKING:
    from oqc_notebook.widgets.panel import Panel

Runnable = Job | CompositeJob


class Actions:
    """The actions of one panel.

    Parameters
    ----------
    panel
        The panel, which says what was done.
    open_below
        Called to show another job below the panel.
    """

    def __init__(self, panel: Panel, open_below: Callable[[Runnable, str], None]) -> None:
        self._panel = panel
        self._runnable: Runnable = panel.runnable
        self._open_below = open_below
        self._lock = threading.Lock()
        self._under_way: set[str] = set()

    def do(self, action: str, message: Facts) -> None:
        """Do what a button asks for; what goes wrong is said in the panel."""
        try:
            match action:
                case "execute":
                    self._execute(message.get("run"))
                case "cancel":
                    self._cancel()
                case "refresh":
                    self._start("refresh", "Asking the server…", self._refresh)
                case "save":
                    self._save()
                case "saved":
                    self._offer_saved()
                case "open":
                    self._open(str(message.get("path")))
        except Exception as exc:  # printed by nobody: here it is seen
            self._panel.say(_text(exc), bad=True)

    # ---- on the session's loop ----

    def _start(self, action: str, text: str, work: Callable[[], Coroutine[Any, Any, str]]) -> None:
        """Start an action on the session's loop, unless it is under way already."""
        loop = self._runnable._connection().loop
        if not loop.is_running():
            raise RuntimeError(
                "The event loop of this job's session is not running; oqc_notebook.connect() opens "
                "a session that has one of its own."
            )
        with self._lock:
            if action in self._under_way:
                return
            self._under_way.add(action)
        self._panel.set_busy(action)
        self._panel.say(text)
        asyncio.run_coroutine_threadsafe(self._finish(action, work), loop)

    async def _finish(self, action: str, work: Callable[[], Coroutine[Any, Any, str]]) -> None:
        try:
            said, bad = await work(), False
        except Exception as exc:
            said, bad = _text(exc), True
        finally:
            with self._lock:
                self._under_way.discard(action)
            self._panel.set_busy(next(iter(self._under_way), None))
        self._panel.say(said, bad=bad)

    def _execute(self, run: Any) -> None:
        if not all(job._runs_anew for job in self._runnable._members()):
            self._panel.say("It is in flight already: nothing was submitted.")
        elif run != run_shown(self._panel.view):
            # a kernel that was busy handles a click late
            self._panel.say(
                "Another run has begun since that click: nothing was submitted.", bad=True
            )
        else:
            self._start("execute", "Submitting…", self._run_to_its_end)

    async def _run_to_its_end(self) -> str:
        runnable = self._runnable
        await runnable.submit(timeout_s=None)
        if not runnable.ended:
            self._panel.set_busy(None)
            self._panel.say("Submitted.")
        await runnable.wait(timeout_s=None)
        if isinstance(runnable, CompositeJob):
            return f"The run has ended: {_tally(runnable)}."
        return f"Run {len(runnable.history)} has ended: {runnable.state}."

    def _cancel(self) -> None:
        if not any(job.in_flight or job._submission for job in self._runnable._members()):
            self._panel.say("Nothing is in flight: there was nothing to cancel.")
            return
        self._start("cancel", "Asking the server to cancel…", self._cancelled)

    async def _cancelled(self) -> str:
        runnable = self._runnable
        await runnable.cancel()
        if any(job.cancel_requested for job in runnable._members()):
            return "Cancellation is requested; the server has not confirmed it yet."
        if isinstance(runnable, CompositeJob):
            return f"Cancelled what was in flight: {_tally(runnable)}."
        return f"The server says {runnable.state}."

    async def _refresh(self) -> str:
        runnable = self._runnable
        await runnable.refresh()
        if isinstance(runnable, CompositeJob):
            return f"The server says: {_tally(runnable)}."
        return f"The server says {runnable.status}."

    # ---- files ----

    def _save(self) -> None:
        kind = "composite" if isinstance(self._runnable, CompositeJob) else "job"
        path = archive.save(self._runnable, self._panel.name or kind)
        self._panel.say(f"Saved to {path}")

    def _offer_saved(self) -> None:
        files = [
            {
                "path": str(file.path),
                "name": file.name,
                "kind": file.kind,
                "modified": file.modified.isoformat(timespec="seconds"),
            }
            for file in archive.saved()
        ]
        self._panel.offer(files)

    def _open(self, path: str) -> None:
        sdk = self._session()
        loaded = sdk.load(path)
        name = archive.variable_name(path)
        self._open_below(loaded, name)
        self._panel.say(f"Opened below: {name} = {name_of(sdk) or 'sdk'}.load({path!r})")

    def _session(self) -> OqcSdk:
        for job in self._runnable._members():
            if job._client is not None:
                return job._client
        raise RuntimeError(
            "This job belongs to no session that could load another; use sdk.load(path)."
        )


def _text(exc: Exception) -> str:
    return str(exc) or type(exc).__name__


def _tally(composite: CompositeJob) -> str:
    states = [job.state.value for job in composite.jobs]
    return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
