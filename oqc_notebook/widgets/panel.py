"""The live panel of a job or composite: the kernel's half of what the browser draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.sdk.outputs import JobOutput
from oqc_notebook.sdk.registry import Change
from oqc_notebook.static.following import unfollowed_view
from oqc_notebook.static.html import composite_html, job_html
from oqc_notebook.static.text import composite_text, job_text
from oqc_notebook.widgets.actions import Actions
from oqc_notebook.widgets.channel import Channel
from oqc_notebook.widgets.children import Children
from oqc_notebook.widgets.facts import Facts, view_of
from oqc_notebook.widgets.live import LOADED, LivePanel, Place
from oqc_notebook.widgets.questions import answer
from oqc_notebook.widgets.queues import queues_of
from oqc_notebook.widgets.run_details import origin_view
from oqc_notebook.widgets.surroundings import session_of, surroundings_of
from oqc_notebook.widgets.throttle import Throttle
from oqc_notebook.widgets.watch import Watch

#: The least time between two looks at what is around a job (seconds).
_AROUND_S = 1.0


class Panel(LivePanel):
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
    """

    def __init__(
        self,
        runnable: Job | CompositeJob,
        name: str | None,
        channel: Channel,
        on_change: Callable[[bool], None] = lambda over: None,
    ) -> None:
        super().__init__(channel)
        self.runnable = runnable
        self.name = name
        self._on_change = on_change
        self._children = Children(runnable)
        self._watch = Watch(runnable, self._take_changes)
        self._around = Throttle(_AROUND_S, self.update_surroundings)
        self._leave_session: Callable[[], None] = lambda: None
        #: Of which output it was looked up where it comes from, and what was found.
        self._origin: tuple[JobOutput | None, Facts | None] = (None, None)
        self._actions = Actions(self)
        with self._lock:  # a change that is told meanwhile waits
            self._start()
            rows = list(self._children.take(()).values())
            self._open(self._facts() | surroundings_of(runnable) | {"queue": None}, rows)

    # ---- facts ----

    def _facts(self) -> Facts:
        facts = view_of(self.runnable, self.name, self._children.tally)
        if isinstance(self.runnable, CompositeJob):
            facts["rerun_cost"] = self._children.rerun_cost()
        return facts

    def _take_changes(self, jobs: set[Job], over: bool) -> None:
        with self._lock:
            are_others = self._children.are_others
            if are_others:
                self._watch.start()
            rows = self._children.take(jobs)
            children = len(self._children.jobs)
            removed = len(self.rows) > children
            del self.rows[children:]
            view = self._facts()
            if over:
                view |= surroundings_of(self.runnable)
            if not _waits(view):
                view["queue"] = None
            if self._update(view, rows, whole=removed) and over:
                self._keep_for_readers()
            if are_others:
                self._move_inside()
        self._look_at_queue()
        self._on_change(over)

    def _move_inside(self) -> None:
        """Have the child that is open stay open where its place has become another."""
        for place, panel in list(self._inside.items()):
            if isinstance(place, int) and isinstance(panel, Panel):
                places = self._children.places(panel.runnable)
                if place not in places:
                    self._show_row(places[0] if places else None)

    def children_to_run_again(self, seen: int) -> list[Job]:
        """Give the failed children to run again, of those that a page has seen fail."""
        with self._lock:
            return self._children.to_run_again(seen)

    def static_bundle(self) -> dict[str, str]:
        """Give the facts as HTML and text that need no kernel."""
        view: Facts = {**self.view, "unfollowed": unfollowed_view(self.runnable)}
        if isinstance(self.runnable, Job):
            view["program"] = self.runnable.program
            view["origin"] = self._origin_of(self.runnable)
            return {"text/html": job_html(view), "text/plain": job_text(view)}
        rows = list(self.rows)
        return {"text/html": composite_html(view, rows), "text/plain": composite_text(view, rows)}

    def _origin_of(self, job: Job) -> Facts | None:
        """Give where the latest run comes from; found once, as files may have to be read."""
        output = next(iter(job.outputs), None)
        if output is not self._origin[0]:
            self._origin = (output, None if output is None else origin_view(output))
        return self._origin[1]

    # ---- what pages ask for ----

    @property
    def _is_awake(self) -> bool:
        return self._watch.is_on

    def _wake(self) -> None:
        self._start()
        self._take_changes(set(self._children.jobs), self.runnable.ended)
        self.update_surroundings()

    def _start(self) -> None:
        self._watch.start()
        sdk = session_of(self.runnable)
        if sdk is not None:
            self._leave_session = sdk.observe(self._on_session)

    def _greet(self, seq: Any, inside: list[Place]) -> None:
        super()._greet(seq, inside)
        self._look_at_queue()

    def _sleep(self) -> None:
        self._watch.stop()
        self._leave_session()
        self._leave_queue()
        self._around.drop()

    def _look_at_queue(self) -> None:
        """Have the queue told while something waits in it and a page shows the panel."""
        sdk = session_of(self.runnable)
        if sdk is not None and self._was_drawn and _waits(self.view):
            queues_of(sdk).look(self.runnable, self._take_queue)

    def _leave_queue(self) -> None:
        sdk = session_of(self.runnable)
        if sdk is not None:
            queues_of(sdk).leave(self._take_queue)

    def _take_queue(self, queue: Facts | None) -> None:
        with self._lock:
            self._update({"queue": queue if _waits(self.view) else None}, {})

    def _on_session(self, change: Change) -> None:
        if change == "connection":
            self._around()

    def update_surroundings(self) -> None:
        """Take over how it stands around the job."""
        before = self.view["session"], self.view["lost"]
        self._update(surroundings_of(self.runnable), {})
        if self.view["in_flight"] and (self.view["session"], self.view["lost"]) != before:
            self._on_change(False)  # readers of the twin learn that nothing is heard any more

    def _do(self, action: str, message: Facts) -> None:
        self._actions.do(action, message)

    def _answer(self, key: str, question: Facts) -> None:
        try:
            facts = answer(self.runnable, question)
        except Exception as exc:  # printed by nobody: here it is seen
            facts = {"problem": str(exc) or type(exc).__name__}
        self._send_answer(key, facts)

    def _panel_of_row(self, index: int, channel: Channel) -> Panel:
        child = self._children.jobs[index]
        return Panel(child, child.label or f"{self.name or 'child'} {index}", channel)

    def show_loaded(self, loaded: Job | CompositeJob, name: str) -> None:
        """Show a job that was loaded from a file inside this panel, below everything."""
        self._show_inside(LOADED, lambda channel: Panel(loaded, name, channel))


def _waits(view: Facts) -> bool:
    """Tell whether something waits in a queue."""
    return bool(view.get("tallies", {view["state"]: 1}).get("SUBMITTED"))
