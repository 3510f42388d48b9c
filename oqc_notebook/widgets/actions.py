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
from oqc_notebook.archive.saved import safe_name
from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
from oqc_notebook.widgets.facts import Facts, newest_run, run_shown, view_of
from oqc_notebook.widgets.names import name_of
from oqc_notebook.widgets.restoring import Restoring
from oqc_notebook.widgets.surroundings import cost_of

if TYPE_CHECKING:
    from oqc_notebook.widgets.panel import Panel

Runnable = Job | CompositeJob


class Actions:
    """The actions of one panel.

    Parameters
    ----------
    panel
        The panel, which says what was done.
    """

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._runnable: Runnable = panel.runnable
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self._restoring = Restoring(panel)

    def do(self, action: str, message: Facts) -> None:
        """Do what a button asks for; what goes wrong is said in the panel."""
        try:
            match action:
                case "execute":
                    self._execute(message.get("run"), message.get("cost"))
                case "rerun":
                    self._rerun(message.get("failures"), message.get("cost"))
                case "cancel":
                    self._cancel(message.get("run"))
                case "refresh":
                    self._start("refresh", "Asking the server…", self._refresh)
                case "save":
                    self._save()
                case "saved":
                    self._offer_saved()
                case "open":
                    self._open(str(message.get("path")))
                case "restore" if isinstance(self._runnable, Job):
                    self._restoring.restore(self._runnable, message.get("run"))
                case "undo" if isinstance(self._runnable, Job):
                    self._restoring.undo(self._runnable)
        except Exception as exc:  # printed by nobody: here it is seen
            self._panel.say(said_of(exc), bad=True)

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
            said, bad = said_of(exc), True
        finally:
            with self._lock:
                self._under_way.discard(action)
            self._panel.set_busy(next(iter(self._under_way), None))
        self._panel.say(said, bad=bad)

    def _execute(self, run: Any, cost: Any) -> None:
        if "execute" in self._under_way:
            return  # a second click on the same thing
        now = view_of(self._runnable, None)
        if run != newest_run(now):
            # a kernel that was busy handles a click late
            self._panel.say(
                "Another run has begun since that click: nothing was submitted.", bad=True
            )
        elif not all(job._runs_anew for job in self._runnable._members()):
            self._panel.say("It is in flight already: nothing was submitted.")
        elif self._is_paid(cost, cost_of(self._runnable._members())):
            self._start("execute", "Submitting…", self._run_to_its_end)

    def _is_paid(self, cost: Any, costs: Facts | None) -> bool:
        """Tell whether what it costs is what was agreed to; if not, say so."""
        if costs is None or cost == costs["amount"]:
            return True
        self._panel.update_surroundings()
        self._panel.say(
            f"A run costs about {costs['amount']} now ({costs['words']}): nothing was "
            "submitted; click again.",
            bad=True,
        )
        return False

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

    def _rerun(self, failures: Any, cost: Any) -> None:
        if "rerun" in self._under_way:
            return  # a second click on the same thing
        failed = self._panel.children_to_run_again(failures)
        if not failed:
            self._panel.say("They have been run again since that click: nothing was submitted.")
        elif self._is_paid(cost, cost_of(failed)):
            self._start("rerun", "Submitting…", lambda: self._run_failed(failures))

    async def _run_failed(self, failures: Any) -> str:
        composite = self._runnable
        # on the session's loop, between this look and the submission nothing changes
        failed = self._panel.children_to_run_again(failures)
        await composite._submit(composite._connection(), None, failed)
        return f"Submitted again: {len(failed)} of {len(composite._members())} children."

    def _cancel(self, run: Any) -> None:
        if not any(job.in_flight or job._submission for job in self._runnable._members()):
            self._panel.say("Nothing is in flight: there was nothing to cancel.")
            return
        if run != run_shown(view_of(self._runnable, None)):
            self._panel.say("Another run has begun since that click: nothing was cancelled.")
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
        name = self._panel.name or kind
        try:
            path = archive.save(self._runnable, name)
        except OSError as exc:
            self._panel.say(f"Not saved. {said_of(exc)}", bad=True)
            return
        taken = f"{safe_name(name)}.json"
        why = "" if path.name == taken else f" ({taken} there holds another job)"
        self._panel.say(f"Saved to {path}{why}")

    def _offer_saved(self) -> None:
        files = [
            {
                "path": str(file.path),
                "name": file.name,
                "kind": file.kind,
                "modified": file.modified.isoformat(timespec="seconds"),
            }
            for file in archive.saved(self._client())
        ]
        self._panel.offer(files)

    def _open(self, path: str) -> None:
        sdk = self._session()
        loaded = sdk.load(path)
        name = archive.variable_name(path)
        self._panel.show_loaded(loaded, name)
        self._panel.say(f"Opened below: {name} = {name_of(sdk) or 'sdk'}.load({path!r})")

    def _session(self) -> OqcSdk:
        if (sdk := self._client()) is not None:
            return sdk
        raise RuntimeError(
            "This job belongs to no session that could load another; use sdk.load(path)."
        )

    def _client(self) -> OqcSdk | None:
        clients = (job._client for job in self._runnable._members())
        return next((sdk for sdk in clients if sdk is not None), None)


def said_of(exc: Exception) -> str:
    """Give what to say of an error."""
    if isinstance(exc, OSError) and exc.strerror and exc.filename:
        return f"{exc.strerror}: {exc.filename}"
    return str(exc) or type(exc).__name__


def _tally(composite: CompositeJob) -> str:
    states = [job.state.value for job in composite.jobs]
    return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
