"""The live panel of a session: every job and composite that it has."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections import Counter
from collections.abc import Callable
from typing import Any

from oqc_notebook.export.exporting import export_notebook
from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
from oqc_notebook.sdk.registry import Change
from oqc_notebook.sdk.states import MOMENT
from oqc_notebook.static.listings import jobs_html, jobs_text, listed_job
from oqc_notebook.static.tally import STATE_ORDER
from oqc_notebook.widgets.actions import said_of
from oqc_notebook.widgets.channel import Channel
from oqc_notebook.widgets.facts import Facts
from oqc_notebook.widgets.live import LivePanel
from oqc_notebook.widgets.names import name_of, shell, variables
from oqc_notebook.widgets.panel import Panel
from oqc_notebook.widgets.surroundings import reach_of
from oqc_notebook.widgets.throttle import Throttle

#: The least time between two updates (seconds): there may be thousands of jobs.
_INTERVAL_S = 0.5

Runnable = Job | CompositeJob


class SessionPanel(LivePanel):
    """A live panel of the jobs of a session.

    The jobs do not live longer by it: the row of one that nobody holds any more is
    marked as gone, and keeps its place.

    Parameters
    ----------
    sdk
        The session.
    channel
        Carries the panel's messages to the pages that show it.
    on_change
        Called after the facts changed, with whether nothing is in flight any more.
    """

    def __init__(
        self,
        sdk: OqcSdk,
        channel: Channel,
        on_change: Callable[[bool], None] = lambda over: None,
    ) -> None:
        super().__init__(channel)
        self._sdk = sdk
        self._on_change = on_change
        #: By place: the job, what it is called, and what observes it.
        self._jobs: list[weakref.ref[Runnable]] = []
        self._names: list[str] = []
        self._observers: dict[int, weakref.ref[_Observer]] = {}
        self._known: weakref.WeakSet[Runnable] = weakref.WeakSet()
        self._changed: set[int] = set()
        self._throttle = Throttle(_INTERVAL_S, self._flush)
        self._leave_session: Callable[[], None] | None = None
        self._is_exporting = False
        with self._lock:
            self._follow()
            rows = list(self._rows().values())
            self._open(self._facts(rows) | reach_of(self._sdk), rows)

    # ---- facts ----

    def _facts(self, rows: list[Facts]) -> Facts:
        states = Counter(row["state"] for row in rows if not row["gone"])
        return {
            "kind": "session",
            "name": name_of(self._sdk),
            "url": self._sdk.url,
            "tallies": {state: states[state] for state in STATE_ORDER if state in states},
            "in_flight": any(row["in_flight"] for row in rows),
        }

    def _rows(self) -> dict[int, Facts]:
        """Give the rows of what changed, by place."""
        present = self._sdk.jobs
        for job in present:
            if job not in self._known:
                self._known.add(job)
                self._changed.add(len(self._jobs))
                self._jobs.append(weakref.ref(job))
                self._names.append("")
                self._observe(len(self._jobs) - 1, job)
        names = variables()
        listed = {id(job) for job in present}
        changed, self._changed = self._changed, set()
        rows: dict[int, Facts] = {}
        for place, known in enumerate(self._jobs):
            held = known()
            if held is None or id(held) not in listed:
                rows[place] = {**self.rows[place], "gone": True, "in_flight": False}
                continue
            name = names.get(id(held), "")
            if place in changed or name != self._names[place]:
                self._names[place] = name
                rows[place] = _row(held, name)
        return rows

    def _note(self, place: int) -> None:
        """Note that the job at a place changed."""
        self._changed.add(place)
        self._throttle()

    def _flush(self) -> None:
        with self._lock:
            rows = self._rows()
            all_rows = [rows.get(place, row) for place, row in enumerate(self.rows)]
            new = [rows[place] for place in range(len(self.rows), len(self._jobs))]
            view = self._facts(all_rows + new)
            reach_changed = self._update(reach_of(self._sdk), {})
            jobs_changed = self._update(view, rows)
            over = not view["in_flight"]
            if over and (jobs_changed or reach_changed):
                self._keep_for_readers()
        # the twin of jobs that all have ended stays: a session that is closed, as when a kernel
        # ends, would give it another time that no saved notebook has
        if jobs_changed or (reach_changed and not over):
            self._on_change(over)

    def static_bundle(self) -> dict[str, str]:
        """Give the facts as HTML and text that need no kernel."""
        rows = [row for row in self.rows if not row["gone"]]
        return {
            "text/html": jobs_html(self._sdk, rows),
            "text/plain": jobs_text(self._sdk, rows),
        }

    # ---- following ----

    @property
    def _is_awake(self) -> bool:
        return self._leave_session is not None

    def _wake(self) -> None:
        self._follow()
        self._changed.update(range(len(self._jobs)))
        self._flush()

    def _follow(self) -> None:
        self._leave_session = self._sdk.observe(self._on_session)
        for place, known in enumerate(self._jobs):
            if (job := known()) is not None:
                self._observe(place, job)
        if (ip := shell()) is not None:
            # variables get their names without anybody being told, but not between cells
            ip.events.register("post_run_cell", self._on_cell)

    def _sleep(self) -> None:
        self._throttle.drop()
        if self._leave_session is not None:
            self._leave_session()
            self._leave_session = None
        for observing in self._observers.values():
            if (observer := observing()) is not None:
                observer.stop()
        self._observers.clear()
        if (ip := shell()) is not None:
            with contextlib.suppress(ValueError):  # it was not registered
                ip.events.unregister("post_run_cell", self._on_cell)

    def _observe(self, place: int, job: Runnable) -> None:
        self._observers[place] = weakref.ref(_Observer(place, job, self._note))

    def _on_session(self, change: Change) -> None:
        self._throttle()

    def _on_cell(self, *_: Any) -> None:
        self._flush()

    # ---- what pages ask for ----

    def _do(self, action: str, message: Facts) -> None:
        if action == "export" and not self._is_exporting:
            self._is_exporting = True
            self.set_busy("export")
            threading.Thread(target=self._export, name="oqc-export", daemon=True).start()

    def _export(self) -> None:
        try:
            self.say(str(export_notebook()))
        except Exception as exc:  # printed by nobody: here it is seen
            self.say(said_of(exc), bad=True)
        finally:
            self._is_exporting = False
            self.set_busy(None)

    def _answer(self, key: str, question: Facts) -> None:
        self._send_answer(key, {"problem": "The list of jobs has no details."})

    def _panel_of_row(self, index: int, channel: Channel) -> Panel:
        job = self._jobs[index]()
        if job is None:
            self._flush()  # nobody tells when the last one lets a job go
            raise LookupError("Nobody holds this job any more: it is gone.")
        return Panel(job, self.rows[index]["name"] or None, channel)


def _row(job: Runnable, name: str) -> Facts:
    with MOMENT:
        in_flight = any(member.in_flight for member in job._members())
        return {**listed_job(job, name), "in_flight": in_flight, "gone": False}


class _Observer:
    """Observes a job. Nothing but the job holds it, so that it goes with the job."""

    def __init__(self, place: int, job: Runnable, note: Callable[[int], None]) -> None:
        self._place = place
        self._note = note
        self.stop = job.observe(self._on_change)

    def _on_change(self, _: Job) -> None:
        self._note(self._place)
